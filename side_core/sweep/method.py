"""Sweep as a method: the entry of the registry."""

from side_core.method import Method
from side_core.settings import SweepSettings

SWEEP = Method(
    name="sweep",
    title="Sweep",
    icon="grid_on",
    about="draw and score again and again while one or two settings vary: table, chart, pictures",
    settings=SweepSettings,
    counted="cells",
    module="side_core.sweep.job",
    example={"model": "ideal", "mode": "exact", "count": 16, "x": "steps=2,3"},
    pictures={
        "sweep.png": "The figure by what varies, with its intervals and the control",
        "grid.png": "The same seeds in every cell",
    },
    unused=frozenset({"compare_plain"}),  # the metric says whether plain pictures are drawn
    patience=frozenset({"minutes"}),
)
