"""Where the shipped data and models are, and which of them belong together."""

from dataclasses import dataclass
from pathlib import Path


def _app_folder() -> Path:
    """The app with its pages and assets: the source tree, or what a wheel puts beside side_core."""
    beside = Path(__file__).resolve().parents[2]
    return beside if (beside / "pages" / "_navigation.py").is_file() else beside / "side_explorer"


ROOT = _app_folder()
INSTALLED = not (ROOT / "side_core").is_dir()  # from a wheel: nothing may be kept there
ASSETS = ROOT / "assets"
STRIPS = {"extract": ASSETS / "strips" / "pixel-faces", "prompts": ASSETS / "strips" / "pixel-faces-text"}  # by page
MAPS = ASSETS / "maps"  # of the training images of a built-in model, by its name
OPEN_ASSETS = tuple(ASSETS / part for part in ("data", "models", "surrogates"))  # what a public app may read
PIXEL_FACES = ASSETS / "data" / "pixel-faces.npz"


@dataclass(frozen=True)
class BuiltIn:
    """A shipped model with the images it was trained on, images it never saw, and a model trained alike on others."""

    name: str
    description: str
    folder: Path
    data: str
    control: str
    twin: str | None = None


BUILT_INS = {
    model.name: model
    for model in (
        BuiltIn(
            "pixel-faces",
            "Trained on 1,000 pixel faces until it remembered some of them.",
            ASSETS / "models" / "pixel-faces",
            "pixel-faces[0:1000]",
            "pixel-faces[2000:3000]",
            twin="pixel-faces-twin",
        ),
        BuiltIn(
            "pixel-faces-twin",
            "The same, trained on 1,000 other faces.",
            ASSETS / "models" / "pixel-faces-twin",
            "pixel-faces[1000:2000]",
            "pixel-faces[2000:3000]",
            twin="pixel-faces",
        ),
        BuiltIn(
            "ideal",
            "The perfect memoriser, in closed form: it can draw nothing but the 1,000 training faces.",
            ASSETS / "models" / "ideal",
            "pixel-faces[0:1000]",
            "pixel-faces[2000:3000]",
        ),
        BuiltIn(
            "pixel-faces-text",
            "A tiny Stable Diffusion: draws faces from captions, some of which it has learnt by heart.",
            ASSETS / "models" / "pixel-faces-text",
            "captioned-faces",
            "captioned-control",
        ),
    )
}

# A family trained alike on ever more faces, each beside a twin on as many others; by `train growth`. One of them is
# also there as it was on the way.
GROWTH_SIZES, GROWTH_WATCHED, GROWTH_STEPS = (10, 100, 300, 1000, 3000, 10_000), 100, (250, 500, 1000, 2000, 3000)


def _grown(size: int, kind: str = "", twin: str | None = None) -> BuiltIn:
    """A model of the family.

    Args:
        size: how many faces it was trained on.
        kind: what its name ends with.
        twin: the name of the other one.
    """
    name, first = f"growth-{size}{kind}", 10_000 if kind == "-twin" else 0
    return BuiltIn(
        name,
        f"One of a family trained alike on 10 to 10,000 faces; this one on {size:,}.",
        ASSETS / "models" / "growth" / name,
        f"pixel-faces[{first}:{first + size}]",
        f"pixel-faces[20000:{20_000 + size}]",
        twin,
    )


GROWN = {
    model.name: model
    for model in (
        *(_grown(size, twin=f"growth-{size}-twin") for size in GROWTH_SIZES),
        *(_grown(size, "-twin", f"growth-{size}") for size in GROWTH_SIZES),
        *(_grown(GROWTH_WATCHED, f"-at-{step}") for step in GROWTH_STEPS),
    )
}
SHIPPED = BUILT_INS | GROWN  # what opens by its name; lists offer the built-in ones
GROWTH_FIGURES = ASSETS / "models" / "growth" / "figures"  # what was measured of them

CLIPS = {"pixel-faces-clip": ASSETS / "models" / "pixel-faces-clip"}  # encoder weights that need no path
BASELINES = {  # by model: what its surrogate is compared with, the same but for what the name says
    "pixel-faces": tuple(
        f"pixel-faces-{kind}" for kind in ("time-independent", "random", "cells", "k-means", "attribute")
    )
}
SURROGATES = {
    name: ASSETS / "surrogates" / name for name in ("pixel-faces", "pixel-faces-twin", *BASELINES["pixel-faces"])
}
MITIGATIONS_TABLE = ASSETS / "mitigation" / "pixel-faces-text" / "table.json"  # what helps against its copies
