"""The map of training images as a picture, with what was drawn where it lands."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from side_core.charts.palette import CONTROL, PLAIN, TRAINING
from side_core.charts.static import paper
from side_core.extraction.landing import Landing
from side_core.similarity.plane import Plane

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE = 900, 600
LOOKS = {"steered": (TRAINING, "^"), "plain": (CONTROL, "o")}


def map_chart(plane: Plane, ways: Mapping[str, Sequence[Landing]]) -> "Figure":
    """Training images as dots, drawn pictures with their way from noise.

    Args:
        plane: the map.
        ways: of steered and of plain pictures.
    """
    figure, (plot,) = paper(*_SIZE)
    plot.scatter(plane.places[:, 0], plane.places[:, 1], s=6, color=PLAIN, label="training images", alpha=0.5)
    for name, landings in ways.items():
        color, marker = LOOKS[name]
        for landing in landings:
            plot.plot(landing.path[:, 0], landing.path[:, 1], color=color, linewidth=0.6, alpha=0.35)
        ends = [landing.path[-1].tolist() for landing in landings]
        x, y = zip(*ends, strict=True)
        plot.scatter(x, y, s=36, color=color, marker=marker, edgecolors="white", linewidths=0.6, label=name)
    plot.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[])
    plot.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return figure
