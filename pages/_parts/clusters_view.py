"""The second step to a surrogate: images in groups of like features, regrouped at once; which are kept."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from pages._parts import controls
from pages._parts.charts import CONTROL, TRAINING, dressed
from pages._parts.figures import figure, show_row
from pages._parts.session import Kept
from pages._parts.work import run_with_progress
from side_core.data.training_set import TrainingSet
from side_core.dpm.denoiser import Denoiser, HasBottleneck
from side_core.settings import SurrogateSettings
from side_core.similarity.embeddings import Embedding, embed
from side_core.similarity.encoder import Encoder, open_encoder
from side_core.surrogate.building import Material
from side_core.surrogate.clusters import Clustering, Clusters, cluster, relabel, too_many
from side_core.surrogate.surrogate import PICTURES, Surrogate

MOST_CLUSTERS = 1000  # that a page regroups at once
PER_PAGE = 24
BARS = 40
EVERY = -1.0  # tau that drops nothing
STYLE = """<style>
.clusters { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 0.75rem; }
.clusters > div { min-width: 0; }
.clusters .pictures { display: flex; gap: 2px; }
.clusters .pictures figure { margin: 0; flex: 0 1 25%; }
.clusters img { width: 100%; image-rendering: pixelated; border-radius: 2px; display: block; }
.clusters .dropped .pictures { opacity: 0.35; filter: grayscale(0.8); }
.clusters p { font-size: 0.8rem; margin: 0.15rem 0 0 0; }
</style>"""

ENCODERS: Kept[Encoder] = Kept(4)
GROUPED: Kept[Clusters] = Kept(16)  # before any is dropped, so that tau groups nothing anew


@dataclass(frozen=True)
class Card:
    """One cluster as it is shown."""

    number: int
    kept: bool
    cohesion: float
    images: int | None
    pictures: Callable[[], Sequence[np.ndarray]]


def cluster_inputs(denoiser: Denoiser) -> dict[str, Any]:
    """Features, K and tau."""
    left, middle, right = st.columns(3)
    names = ["dpm", "pixel", "clip", "sscd"] if isinstance(denoiser, HasBottleneck) else ["pixel", "clip", "sscd"]
    with left:
        chosen = {
            "encoder": controls.choice("encoder", key="features", options=names, default=names[0], of=SurrogateSettings)
        }
        if chosen["encoder"] in ("clip", "sscd"):
            what = "local-dir:FOLDER or hf-hub:ORG/NAME" if chosen["encoder"] == "clip" else "a .pt file"
            weights = controls.text("encoder_weights", what, key="features_weights", of=SurrogateSettings)
            chosen["encoder_weights"] = weights or None
    with middle:
        chosen["clusters"] = controls.slider("clusters", high=MOST_CLUSTERS, of=SurrogateSettings)
    with right:
        chosen["cohesion"] = controls.slider("cohesion", low=0.0, high=1.0, step=0.01, of=SurrogateSettings)
    return chosen


def group(denoiser: Denoiser, synthetic: TrainingSet, settings: SurrogateSettings) -> Material:
    """The images in groups; shows progress. What was grouped before is kept, and tau groups nothing anew.

    Raises:
        ValueError: the encoder cannot be opened, K is too large, or no cluster is cohesive enough.
    """
    if settings.clusters > len(synthetic):
        raise ValueError(too_many(settings.clusters, len(synthetic)))
    own = (settings.encoder, settings.encoder_weights, denoiser.fingerprint, str(denoiser.arithmetic))
    encoder = ENCODERS.get_or_make(own, lambda: open_encoder(settings.encoder, settings.encoder_weights, denoiser))
    key = (synthetic.fingerprint, encoder.fingerprint, settings.clusters, settings.seed)
    whole = GROUPED.get_or_make(key, lambda: run_with_progress(grouping(synthetic, encoder, settings), doing))
    return Material(synthetic, encoder, relabel(whole, settings.cohesion))


def grouping(
    synthetic: TrainingSet, encoder: Encoder, settings: SurrogateSettings
) -> Generator[Embedding | Clustering, None, Clusters]:
    """Encode and group, dropping nothing."""
    vectors = yield from embed(synthetic, encoder)
    return (yield from cluster(vectors[:], settings.model_copy(update={"cohesion": EVERY})))


def doing(event: object) -> str:
    """What an event belongs to, in a word."""
    return "Encoding images" if isinstance(event, Embedding) else "Rounds of k-means"


def show_clusters(material: Material, tau: float) -> None:
    """How many are kept, how cohesive all are, and what is in each."""
    clusters = material.clusters
    sizes = np.bincount(clusters.members, minlength=len(clusters.cohesion))
    own = int(sizes[clusters.kept].sum())
    line = f"**{len(clusters.kept):,} of {len(sizes):,} clusters are kept**, with {own:,} of {sizes.sum():,} images."
    if own < sizes.sum():
        line += f" The other {sizes.sum() - own:,} join the kept cluster they are nearest to."
    st.markdown(line)
    show_cohesion(clusters.cohesion, tau)
    order = np.lexsort((-clusters.cohesion, ~np.isin(np.arange(len(sizes)), clusters.kept)))
    images = material.synthetic.images

    def pictures_of(number: int) -> Callable[[], Sequence[np.ndarray]]:
        return lambda: [images[row] for row in clusters.nearest_members(number, PICTURES)]

    kept = set(clusters.kept.tolist())
    show_cards(
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
    show_cards(
        [Card(n, True, float(cohesion[n]), None, pictures_at(i)) for n, i in zip(numbers, order, strict=True)], key
    )


def known_pictures(surrogate: Surrogate, place: int) -> list[np.ndarray]:
    """The pictures that a surrogate keeps of the cluster at a place among the kept ones."""
    return [image for image in surrogate.pictures[place] if image.min() < 255]  # the rest is paper


def show_cluster(surrogate: Surrogate, number: int, most: str = "100%") -> None:
    """One cluster of a finished surrogate by its pictures, each at most so wide (a CSS length)."""
    pictures = known_pictures(surrogate, surrogate.position(number))
    alt = f"Cluster {number}, image {{}} from its centre"
    show_row([figure(image, alt.format(place)) for place, image in enumerate(pictures, 1)], most=most)


def show_cards(cards: Sequence[Card], key: str) -> None:
    """Clusters by their pictures, some on a page."""
    pages = -(-len(cards) // PER_PAGE)
    page = st.pagination(pages, key=key) if pages > 1 else 1
    shown = cards[(page - 1) * PER_PAGE : page * PER_PAGE]
    st.html(f'{STYLE}<div class="clusters">{"".join(map(html_of, shown))}</div>')


def html_of(card: Card) -> str:
    """One cluster as HTML; a dropped one is pale, and says so."""
    state = "kept" if card.kept else "dropped"
    pictures = "".join(
        figure(image, f"Cluster {card.number}, {state}, image {place + 1} from its centre")
        for place, image in enumerate(card.pictures())
    )
    count = "" if card.images is None else f"{card.images:,} image{'s' if card.images != 1 else ''} · "
    text = f"<b>{card.number}</b> · {count}cohesion {card.cohesion:.2f}{'' if card.kept else ' · dropped'}"
    return f'<div class="{escape(state)}"><div class="pictures">{pictures}</div><p>{text}</p></div>'


def show_cohesion(cohesion: np.ndarray, tau: float) -> None:
    """A histogram of all clusters' cohesion, with tau."""
    cohesion = cohesion[cohesion >= 0]  # an empty one has none
    edges = np.linspace(0, 1, BARS + 1)
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
            width=1 / BARS,
            hovertemplate="cohesion %{x:.2f}: %{y} clusters<extra>" + name + "</extra>",
        )
    figure.add_vline(x=tau, line_dash="dash", line_width=2, line_color="#888")
    figure.add_annotation(x=tau, y=1.0, yref="paper", text=f"τ = {tau:g}", showarrow=False, yanchor="bottom")
    dressed(figure, "cohesion: mean cosine of a cluster's images to its centre", "clusters", barmode="stack")
    figure.update_layout(height=220, xaxis_range=[0, 1])
    st.plotly_chart(
        figure,
        alt=f"Histogram of the cohesion of {len(cohesion):,} clusters, {(cohesion >= tau).sum():,} reach {tau:g}",
    )
