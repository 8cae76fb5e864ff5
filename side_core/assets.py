"""Where the shipped data and models are, and which of them belong together."""

from dataclasses import dataclass
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"
PIXEL_FACES = ASSETS / "data" / "pixel-faces.npz"


@dataclass(frozen=True)
class BuiltIn:
    """A shipped model with the images it was trained on and images it never saw."""

    name: str
    title: str
    folder: Path
    data: str
    control: str


BUILT_INS = {
    model.name: model
    for model in (
        BuiltIn(
            "pixel-faces",
            "Pixel faces",
            ASSETS / "models" / "pixel-faces",
            "pixel-faces[0:1000]",
            "pixel-faces[2000:3000]",
        ),
        BuiltIn(
            "pixel-faces-twin",
            "Pixel faces, twin (other training faces)",
            ASSETS / "models" / "pixel-faces-twin",
            "pixel-faces[1000:2000]",
            "pixel-faces[2000:3000]",
        ),
        BuiltIn(
            "ideal",
            "Ideal denoiser (the perfect memoriser)",
            ASSETS / "models" / "ideal",
            "pixel-faces[0:1000]",
            "pixel-faces[2000:3000]",
        ),
    )
}
