"""Charts without a browser: matplotlib figures as pixels or as SVG."""

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FRAME = "#1d1a2b", "#e6e4ee"
_DPI = 100


def paper(width: int, height: int, rows: int = 1) -> "tuple[Figure, list[Axes]]":
    """An empty figure of so many pixels, with axes below each other."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with rc_context(
        {
            "font.size": 11,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
        }
    ):
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
        figure = Figure((width / _DPI, height / _DPI), _DPI, layout=layout)
        plots = list(figure.subplots(rows, squeeze=False)[:, 0])
    for plot in plots:
        plot.spines[["top", "right"]].set_visible(False)
    return figure, plots


def pixels(figure: "Figure") -> np.ndarray:
    """(H, W, 3) uint8."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def svg(figure: "Figure") -> str:
    """An `<svg>` element whose words are words, the same each time; nothing in it is cut off by reference."""
    from matplotlib import rc_context

    for artist in figure.findobj():
        artist.set_clip_on(False)
    file = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "side"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
