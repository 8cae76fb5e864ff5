"""Theory as a method: the entry of the registry."""

from side_core.method import Method
from side_core.settings.theory import TheorySettings

THEORY = Method(
    name="theory",
    title="Theory",
    icon="function",
    about="how far a model is from its training set, and how much noise a picture can stand, with control and interval",
    settings=TheorySettings,
    counted="measurements",
    module="side_core.theory.job",
    example={"model": "ideal", "images": 8, "noise_levels": "0.1,0.5"},
    pictures={"theory.png": "The curves with their intervals and the control"},
)
