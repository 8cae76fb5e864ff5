"""A run as one page that stands alone: no network, no script; to attach to a paper, to print, to hand out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from side_core.dpm.formats.config import first_line
from side_core.runs.exchange.command import command_of
from side_core.runs.exchange.places import without_places
from side_core.runs.report.chart import histogram_svg
from side_core.runs.report.method import again_html, limits_html, method_html, steers
from side_core.runs.report.numbers import bands_html, effect_html, effect_in, scores_html, tiles_html
from side_core.runs.report.pictures import MOST_PAIRS, pictures_html
from side_core.runs.report.text import percent, said
from side_core.runs.result import Result
from side_core.settings import ExtractSettings, ScoreSettings
from side_core.similarity.scores import SCORES
from side_core.wording import counted, rounded

__all__ = ["command_of", "report_html"]

STYLE = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
_QUESTION = "What has this model memorised?"
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"  # a browser fetches nothing, runs nothing


def report_html(result: Result) -> str:
    """The report as HTML. All text of others is escaped, pictures are inside; equal results give equal text.

    No path of this machine is in it: see `side_core.runs.exchange.places`.

    Raises:
        ValueError: another version wrote the settings, or run.json is damaged.
    """
    with telling_damage():
        return page_html(without_places(result))


@contextmanager
def telling_damage() -> Iterator[None]:
    """What a damaged run.json raises, as one sentence."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError, ArithmeticError) as error:
        reason = f"{type(error).__name__} {first_line(error)}"
        raise ValueError(f"The run cannot be exported: its run.json is damaged ({reason}); draw it again.") from None


def page_html(result: Result) -> str:
    """The report of a result that has no places in it any more."""
    kind: type[ExtractSettings | ScoreSettings] = ScoreSettings if result.kind == "score" else ExtractSettings
    settings = kind.read(result.settings)
    threshold = float(result.summary["scores"][result.score]["threshold"])
    about = _about_html(result)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{_QUESTION} {said(_title_of(result), 80)}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<p class="kicker">SIDE Explorer · report of a run</p>
<h1>{_QUESTION}</h1>
<p class="about">{about}</p>
</header>
<main>
<section aria-label="Answer">
{_answer_html(result, threshold)}
{tiles_html(result)}
{effect_html(result)}
{_notes_html(result)}
</section>
<section aria-labelledby="pictures">
<h2 id="pictures">Pictures, nearest to a copy first</h2>
<p>{_legend(result)}</p>
{pictures_html(result, threshold)}
</section>
<section aria-labelledby="numbers">
<h2 id="numbers" class="new">Numbers</h2>
<figure class="chart">{histogram_svg(result, threshold)}<figcaption>{_chart_legend(result)}</figcaption></figure>
{scores_html(result)}
{bands_html(result)}
</section>
<section aria-labelledby="method">
<h2 id="method" class="new">Method</h2>
{method_html(settings, result)}
</section>
<section aria-labelledby="limits">
<h2 id="limits">What these scores do not prove</h2>
{limits_html(result)}
</section>
<section aria-labelledby="again">
<h2 id="again">Do it again</h2>
{again_html(settings, result)}
</section>
</main>
<footer>Made by SIDE Explorer {said(result.summary.get("versions", {}).get("side_core", ""))}. The training images shown
belong to others: mind their licence before you pass this page on.</footer>
</body>
</html>
"""


def _title_of(result: Result) -> str:
    """What was examined: the model, or where the pictures came from."""
    if result.kind == "extract":
        return str(result.summary["model"]["name"])
    return str(result.summary["samples"]["source"])


def _about_html(result: Result) -> str:
    """What was examined, how many pictures, what steered."""
    parts = [f"<strong>{said(_title_of(result), 80)}</strong>"]
    count = counted(len(result.names), "picture")
    if result.kind == "extract":
        seeds = (
            f"seed {result.names[0]}" if len(result.names) == 1 else f"seeds {result.names[0]} to {result.names[-1]}"
        )
        parts.append(f"{count}, {said(seeds)}")
        if about := result.summary.get("surrogate"):
            parts.append(f"steered by <strong>{said(about['name'], 80)}</strong>")
    else:
        parts.append(f"{count} that others generated")
    parts.append(f"compared by {said(result.summary['encoder']['name'])}")
    return " · ".join(parts)


def _answer_html(result: Result, threshold: float) -> str:
    """The answer in one sentence, never without its control."""
    found, kind = result.summary["scores"][result.score], SCORES[result.score]
    rule = f"{said(kind.symbol)} {said(kind.sign)} {rounded(threshold)}"
    if "training" not in found:
        values = result.scores[result.score]
        return (
            f'<p class="answer">The picture nearest to a copy scores {said(kind.symbol)} {kind.best(values):.2f}; the '
            f'median is {found["median"]:.2f}.</p><p class="note" role="note">{said(found["withheld"])}</p>'
        )
    training, control = found["training"], found["control"]
    words = "steered pictures" if steers(result.summary) else "pictures"
    plain = effect_in(result)
    twin = f"without the surrogate {plain['training']['beat']:,} do, and " if plain else ""
    return (
        f'<p class="answer"><strong>{training["beat"]:,} of {training["count"]:,} {words}</strong> '
        f"({percent(training['share'])}) come nearer to a training image than the "
        f"threshold {rule}; {twin}against images the model never saw {control['beat']:,} do.</p>"
    )


def _notes_html(result: Result) -> str:
    """What a reader should know about what was read, compared and left out."""
    notes = [note for kind in ("warnings", "notes") for note in result.summary.get(kind, [])]
    if not result.summary.get("complete", True):
        notes.insert(0, "The run was stopped before all of its pictures were drawn.")
    return "".join(f'<p class="note" role="note">{said(note)}</p>' for note in notes)


def _legend(result: Result) -> str:
    """What stands where in a card."""
    shown = min(MOST_PAIRS, len(result.names))
    which = f"The {shown} of {len(result.names):,} nearest. " if shown < len(result.names) else ""
    left = "a picture the model drew" if result.kind == "extract" else "a picture somebody generated"
    if result.plain:
        left = "a picture drawn while the surrogate steered; in the middle, the same seed without it"
    kind = SCORES[result.score]
    return (
        f"{which}On each card: left, {left}; right, the training image it is nearest to. "
        f"{said(kind.symbol)}: {said(kind.description)}"
    )


def _chart_legend(result: Result) -> str:
    """What the bars mean."""
    if f"control/{result.score}" not in result.scores:
        return "How many pictures have which score against the training images."
    searched, fair = (result.summary["data"].get(key) for key in ("searched", "compared_with_control"))
    uneven = ""
    if searched != fair:
        uneven = f" There are more training images ({searched:,}) than control images, which alone brings some nearer."
    return (
        "How many pictures have which score: upwards against the training images, downwards the same pictures against "
        f"the control.{uneven}"
    )
