"""What is searched by a text."""

from pydantic import Field

from side_core.settings.base import Settings


class SearchSettings(Settings):
    """A search for pictures that fit a text."""

    data: str = Field(
        "captioned-faces",
        title="Pictures",
        description="A folder, a .npy or .npz file, or a built-in set; [first:stop] takes some rows.",
    )
    weights: str = Field(
        "pixel-faces-clip",
        title="CLIP model",
        description="pixel-faces-clip (built in), local-dir:FOLDER or hf-hub:ORG/NAME (open_clip).",
    )
    top: int = Field(8, ge=1, le=1000, title="Pictures to show, best first")
