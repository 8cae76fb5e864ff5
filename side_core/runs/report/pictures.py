"""The pictures of the report: generated, without the surrogate, nearest training image; nearest to a copy first."""

import base64

import numpy as np

from side_core.files.images import png, thumbnail
from side_core.runs.report.text import said
from side_core.runs.result import Result
from side_core.similarity.scores import SCORES, in_words

MOST_PAIRS = 24
_SIDE = 256  # pixels that a picture has at most, so that the file stays small enough to send
_SMALL = 128  # pixels; smaller ones are enlarged without blur


def pictures_html(result: Result, threshold: float) -> str:
    """The pairs nearest to a copy, 24 at most, each with its score and what that means.

    Args:
        result: of the run.
        threshold: from which score on a picture counts.
    """
    places = result.order()[:MOST_PAIRS]
    cards = "\n".join(f"<li>{_card(result, int(place), threshold)}</li>" for place in places)
    width, columns = ("17rem", 3) if result.plain else ("12.5rem", 4)
    return f'<ol class="pairs" style="--card: {width}; --columns: {columns}">\n{cards}\n</ol>'


def _card(result: Result, place: int, threshold: float) -> str:
    """One picture beside what it is compared with."""
    kind, name, noun = SCORES[result.score], result.names[place], _noun_of(result)
    value, nearest = float(result.scores[result.score][place]), result.nearest[place]
    title, training = f"{noun} {name}", result.training_ids[nearest]
    score = f"{kind.symbol} {value:.2f}"
    cells = [_cell(result.images[place], f"Generated, {title}, {score}", title)]
    if result.plain:
        cells.append(_plain_cell(result, place))
    cells.append(_cell(result.training[nearest], f"Nearest training image {training} of {title}, {score}", training))
    beats = bool(kind.beats(np.array(value), threshold))
    mark = ' · <span class="beats">✓ counts</span>' if beats else ""
    words = said(in_words(result.score, value, result.settings["encoder"]))
    return (
        f'<figure><div class="row">{"".join(cells)}</div>'
        f"<figcaption><b>{said(score)}</b>{mark}<br>{words}</figcaption></figure>"
    )


def _plain_cell(result: Result, place: int) -> str:
    """The same seed without the surrogate; an empty cell where it was not drawn."""
    name, values = result.names[place], result.scores.get(f"plain/{result.score}")
    image = result.plain.get(name)
    if image is None:
        return "<div></div>"
    symbol = SCORES[result.score].symbol
    known = values is not None and bool(np.isfinite(values[place]))
    score = f"{symbol} {values[place]:.2f}" if known and values is not None else "no score"
    return _cell(
        image,
        f"Without the surrogate, {_noun_of(result)} {name}, {score}",
        f"plain {values[place]:.2f}" if known and values is not None else "plain",
    )


def _cell(image: np.ndarray, alt: str, label: str) -> str:
    """One picture inside the page, at its own size unless that is large."""
    small = thumbnail(image, _SIDE)
    data = base64.b64encode(png(np.ascontiguousarray(small))).decode()
    pixels = ' class="pixels"' if max(image.shape[:2]) < _SMALL else ""
    height, width = small.shape[:2]
    return (
        f'<div><img{pixels} src="data:image/png;base64,{data}" width="{width}" height="{height}" '
        f'alt="{said(alt, 300)}"><span>{said(label, 48)}</span></div>'
    )


def _noun_of(result: Result) -> str:
    """What a picture's name is."""
    return "seed" if result.kind == "extract" else "picture"
