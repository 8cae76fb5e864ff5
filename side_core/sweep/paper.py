"""Lines, areas and text on paper: a picture of a chart that needs no browser."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, INK = "#ffffff", "#1d1a2b"
FINE = 2  # drawn so many times as large, then made smaller: smooth lines


class Paper:
    """A picture that is drawn in pixels of its final size."""

    def __init__(self, width: int, height: int):
        self.image = Image.new("RGB", (FINE * width, FINE * height), PAPER)
        self.size = (width, height)
        self.pen = ImageDraw.Draw(self.image, "RGBA")

    def text(self, x: float, y: float, text: str, anchor: str = "mm", size: int = 15, color: str = INK) -> None:
        """Write."""
        font = ImageFont.load_default(size=FINE * size)
        self.pen.text((FINE * x, FINE * y), text, color, font, anchor=anchor)

    def line(self, points: Sequence[tuple[float, float]], color: str, width: float = 2, dash: int = 0) -> None:
        """A line through points, in dashes of `dash` pixels where it is not 0."""
        for (x0, y0), (x1, y1) in pairwise(points):
            length = math.hypot(x1 - x0, y1 - y0)
            pieces = 1 if not dash or not length else max(1, round(length / dash))
            for piece in range(0, pieces, 2):
                a, b = piece / pieces, min(1, (piece + 1) / pieces)
                ends = [(FINE * (x0 + part * (x1 - x0)), FINE * (y0 + part * (y1 - y0))) for part in (a, b)]
                self.pen.line(ends, color, round(FINE * width))

    def area(self, points: Sequence[tuple[float, float]], color: str, opacity: int = 255) -> None:
        """A filled shape."""
        red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
        self.pen.polygon([(FINE * x, FINE * y) for x, y in points], (red, green, blue, opacity))

    def mark(self, x: float, y: float, kind: str, color: str, r: float = 5) -> None:
        """A marker."""
        if kind == "circle":
            self.pen.ellipse((FINE * (x - r), FINE * (y - r), FINE * (x + r), FINE * (y + r)), color)
        elif kind == "cross":
            for sign in (-1, 1):
                self.line([(x - r, y - sign * r), (x + r, y + sign * r)], color)
        else:
            shapes = {
                "square": [(-r, -r), (r, -r), (r, r), (-r, r)],
                "diamond": [(0, -1.3 * r), (1.3 * r, 0), (0, 1.3 * r), (-1.3 * r, 0)],
                "triangle": [(0, -1.2 * r), (1.2 * r, r), (-1.2 * r, r)],
            }
            self.area([(x + dx, y + dy) for dx, dy in shapes[kind]], color)

    def pixels(self) -> np.ndarray:
        """(H, W, 3) uint8 at the final size."""
        return np.asarray(self.image.resize(self.size, Image.Resampling.LANCZOS))
