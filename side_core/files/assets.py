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

CLIPS = {"pixel-faces-clip": ASSETS / "models" / "pixel-faces-clip"}  # encoder weights that need no path
BASELINES = {  # by model: what its surrogate is compared with, the same but for what the name says
    "pixel-faces": tuple(
        f"pixel-faces-{kind}" for kind in ("time-independent", "random", "cells", "k-means", "attribute")
    )
}
SURROGATES = {
    name: ASSETS / "surrogates" / name for name in ("pixel-faces", "pixel-faces-twin", *BASELINES["pixel-faces"])
}
