"""Clusters as they are shown: what is in each, how cohesive they are, which are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from pages._parts.show.charts import CONTROL, TRAINING, dressed
from pages._parts.show.figures import figure, show_row
from side_core.surrogate.building import Material
from side_core.surrogate.sheet import PICTURES
from side_core.surrogate.surrogate import Surrogate
from side_core.wording import counted

_PER_PAGE = 24
_PAPER = 250  # mean brightness of a place that holds no picture, with the traces that JPEG leaves there
_BARS = 100  # as fine as the slider of tau
_SHARE = f"calc({100 / PICTURES:.2f}% - 0.375rem)"  # of a row with all its pictures, so that fewer are no larger
_STYLE = """<style>
.clusters { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 0.75rem; }
.clusters > div { min-width: 0; }
.clusters .pictures { display: flex; gap: 2px; }
.clusters .pictures figure { margin: 0; flex: 0 0 calc(33.3% - 2px); }
.clusters img { width: 100%; image-rendering: pixelated; border-radius: 2px; display: block; }
.clusters .dropped .pictures { opacity: 0.35; filter: grayscale(0.8); }
.clusters p { font-size: 0.8rem; margin: 0.15rem 0 0 0; }
</style>"""


@dataclass(frozen=True)
class Card:
    """One cluster as it is shown."""

    number: int
    kept: bool
    cohesion: float
    images: int | None
    pictures: Callable[[], Sequence[np.ndarray]]


def show_clusters(material: Material, tau: float) -> None:
    """How many are kept, how cohesive all are, and what is in each."""
    clusters = material.clusters
    sizes = np.bincount(clusters.members[clusters.members >= 0], minlength=len(clusters.cohesion))
    own, total = int(sizes[clusters.kept].sum()), len(clusters.members)
    of = f"{counted(len(sizes), 'cluster')} {'is' if len(sizes) == 1 else 'are'}"
    line = f"**{len(clusters.kept):,} of {of} kept**, with {own:,} of {counted(total, 'image')}."
    if own < total:
        others = (
            "one joins the kept cluster it is"
            if total - own == 1
            else f"{total - own:,} join the kept cluster they are"
        )
        line += f" The other {others} nearest to."
    st.markdown(line)
    show_cohesion(clusters.cohesion, tau)
    order = np.lexsort((-clusters.cohesion, ~np.isin(np.arange(len(sizes)), clusters.kept)))
    images = material.synthetic.images

    def pictures_of(number: int) -> Callable[[], Sequence[np.ndarray]]:
        return lambda: [images[row] for row in clusters.nearest_members(number, PICTURES)]

    kept = set(clusters.kept.tolist())
    _show_cards(
        [
            Card(n, n in kept, float(clusters.cohesion[n]), int(sizes[n]), pictures_of(n))
            for n in order.tolist()
            if sizes[n]
        ],
        key="cluster_page",
    )


def show_kept_clusters(surrogate: Surrogate, key: str) -> None:
    """The clusters that a finished surrogate knows, by the pictures it keeps of them."""
    cohesion = surrogate.cohesion
    order = np.argsort(-cohesion[surrogate.kept], kind="stable").tolist()

    def pictures_at(place: int) -> Callable[[], Sequence[np.ndarray]]:
        return lambda: known_pictures(surrogate, place)

    numbers = [int(surrogate.kept[place]) for place in order]
    _show_cards(
        [Card(n, True, float(cohesion[n]), None, pictures_at(i)) for n, i in zip(numbers, order, strict=True)], key
    )


def known_pictures(surrogate: Surrogate, place: int) -> list[np.ndarray]:
    """The pictures that a surrogate keeps of the cluster at a place among the kept ones."""
    return [image for image in surrogate.pictures[place] if image.mean() < _PAPER]


def show_cluster(surrogate: Surrogate, number: int, most: str = _SHARE) -> None:
    """One cluster of a finished surrogate by its pictures, each at most so wide (a CSS length)."""
    pictures = known_pictures(surrogate, surrogate.position(number))
    alt = f"Cluster {number}, image {{}} from its centre"
    show_row([figure(image, alt.format(place)) for place, image in enumerate(pictures, 1)], most=most)


def _show_cards(cards: Sequence[Card], key: str) -> None:
    """Clusters by their pictures, some on a page."""
    pages = -(-len(cards) // _PER_PAGE)
    page = st.pagination(pages, key=key) if pages > 1 else 1
    shown = cards[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    st.html(f'{_STYLE}<div class="clusters">{"".join(map(_html_of, shown))}</div>')


def _html_of(card: Card) -> str:
    """One cluster as HTML; a dropped one is pale, and says so."""
    state = "kept" if card.kept else "dropped"
    pictures = "".join(
        figure(image, f"Cluster {card.number}, {state}, image {place + 1} from its centre")
        for place, image in enumerate(card.pictures())
    )
    count = "" if card.images is None else f"{counted(card.images, 'image')} · "
    text = f"<b>{card.number}</b> · {count}cohesion {card.cohesion:.2f}{'' if card.kept else ' · dropped'}"
    return f'<div class="{escape(state)}"><div class="pictures">{pictures}</div><p>{text}</p></div>'


def show_cohesion(cohesion: np.ndarray, tau: float) -> None:
    """A histogram of all clusters' cohesion, with tau."""
    cohesion = cohesion[cohesion >= 0]  # an empty one has none
    edges = np.linspace(0, 1, _BARS + 1)
    figure = go.Figure()
    for name, values, color, pattern in (
        ("kept", cohesion[cohesion >= tau], TRAINING, ""),
        ("dropped", cohesion[cohesion < tau], CONTROL, "/"),
    ):
        counts, _ = np.histogram(values, edges)
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            name=name,
            marker={"color": color, "pattern": {"shape": pattern}},
            width=1 / _BARS,
            hovertemplate="cohesion %{x:.2f}: %{y} clusters<extra>" + name + "</extra>",
        )
    figure.add_vline(x=tau, line_dash="dash", line_width=2, line_color="#888")
    figure.add_annotation(x=tau, y=1.0, yref="paper", text=f"τ = {tau:g}", showarrow=False, yanchor="bottom")
    dressed(figure, "cohesion: mean cosine of a cluster's images to its centre", "clusters", barmode="stack")
    figure.update_layout(height=220, xaxis_range=[0, 1])
    kept = f"{(cohesion >= tau).sum():,} at {tau:g} or above"
    st.plotly_chart(figure, alt=f"Histogram of the cohesion of {counted(len(cohesion), 'cluster')}, {kept}")
