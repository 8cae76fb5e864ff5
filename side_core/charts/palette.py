"""One colour and one look for each thing that charts show, wherever they are drawn, on light and on dark."""

from dataclasses import dataclass, replace

TRAINING = "#7c5cff"  # against the training images
CONTROL = "#c46d12"  # against images that the model never saw
PLAIN = "#8a8799"  # the same seeds, unsteered
LIGHTEST, DARKEST = "#ece9f7", "#3b1fa0"  # of a field: a small figure, a large one


@dataclass(frozen=True)
class Look:
    """How a curve is told from the others: by its colour, its dashes and its marker.

    Attributes:
        color: hexadecimal.
        dashes: lengths on and off, in widths of the line; empty for a whole line.
        symbol: of a marker, as plotly calls it.
        marker: the same, as matplotlib calls it.
    """

    color: str
    dashes: tuple[float, ...]
    symbol: str
    marker: str

    @property
    def dash(self) -> str:
        """The dashes as plotly has them."""
        return ",".join(f"{2 * length:g}px" for length in self.dashes) or "solid"


_LOOKS = (
    Look(TRAINING, (), "circle", "o"),
    Look("#1b9e77", (6, 2), "square", "s"),
    Look("#d14a8b", (4, 1.5, 1, 1.5), "diamond", "D"),
    Look("#3b8fd4", (7, 1.5, 1, 1.5), "x", "X"),
    Look(PLAIN, (3, 1.5), "triangle-up", "^"),
    Look("#b08d00", (1, 1.5), "star", "*"),
    Look("#a6553a", (2, 1), "cross", "P"),
)


def look_of(place: int) -> Look:
    """The look of a chart's curve by its place among them: beyond the seventh, a colour comes with another line."""
    again, first = divmod(place, len(_LOOKS))
    other = _LOOKS[(first + 3 * again) % len(_LOOKS)]
    return replace(other, color=_LOOKS[first].color)
