"""Links that reopen a page with every setting, and settings that are taken over from another page."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlencode, urlsplit

from pages._parts.inputs.view import DEMO, EVERYTHING
from pages._parts.links import arrival, link_values
from pages._parts.links.link_values import Values
from pages._parts.links.request import words
from side_core.methods import METHODS, method_of
from side_core.settings import ExtractSettings, ScoreSettings, Settings, SurrogateSettings

_MODEL = str(ExtractSettings.model_fields["model"].default)
_EXTRACT, PROMPTS, SURROGATE, MODELS = "extract", "prompts", "surrogate", "models"
HERE = "opening"  # in the session: the page as it is now
PATHS = {_EXTRACT: "/", **{name: f"/{name}" for name in (PROMPTS, SURROGATE, MODELS, *METHODS)}}


@dataclass(frozen=True)
class Opening:
    """A page and what its widgets hold.

    Attributes:
        page: its name, one of `PATHS`.
        values: by the widgets' keys; None stands for a default.
    """

    page: str
    values: Values

    @property
    def link(self) -> str:
        """Its path and query."""
        pairs = [(key, word) for key, value in self.values.items() for word in words(value)]
        return f"{PATHS[self.page]}?{urlencode(pairs)}"

    def go(self) -> NoReturn:
        """Go there, from any page, also that one, in a callback or in the page; nothing after it runs."""
        arrival.go(f"{self.page}.py", self.values)


def opening_of(settings: Settings, model: str = _MODEL, fields: Collection[str] | None = None) -> Opening:
    """The page that settings belong to, with its widgets.

    Args:
        settings: of one of the pages.
        model: what a surrogate is made of, which its settings do not say.
        fields: of a surrogate's settings, those that have been asked for yet; left out: all.
    """
    if (method := method_of(settings)) is not None:
        return Opening(method.name, link_values.method_values(method, settings))
    if isinstance(settings, ExtractSettings):
        return Opening(_EXTRACT, link_values.extract_values(settings))
    if isinstance(settings, ScoreSettings):
        return Opening(_EXTRACT, link_values.score_values(settings))
    assert isinstance(settings, SurrogateSettings)  # the others have no page
    return Opening(SURROGATE, link_values.surrogate_values(settings, model, fields))


def link_of(
    settings: Settings,
    *,
    view: str = EVERYTHING,
    projector: bool = False,
    model: str = _MODEL,
    fields: Collection[str] | None = None,
) -> str:
    """The link that opens a page with every one of these settings, also those that are defaults.

    What its widgets cannot have, such as more pictures than a page draws, the page says when it is opened.

    Args:
        settings: of one of the pages.
        view: `everything`, or `demo`.
        projector: whether text and pictures are larger.
        model: see `opening_of`.
        fields: see `opening_of`.

    Returns:
        Path and query, for example `/sweep?model=ideal&...`.
    """
    return seen_as(opening_of(settings, model, fields).link, view, projector)


def seen_as(link: str, view: str, projector: bool) -> str:
    """A link with how much of the page is seen, and how large."""
    seen = ({"view": view} if view == DEMO else {}) | ({"size": "true"} if projector else {})
    return f"{link}&{urlencode(seen)}" if seen else link


def absolute(link: str, here: str) -> str:
    """A link with the address of the app.

    Args:
        link: path and query.
        here: the address of the page that is shown, as `st.context.url` says.
    """
    parts = urlsplit(here)
    folder = parts.path.rstrip("/")
    last = folder.rpartition("/")[2]
    if f"/{last}" in PATHS.values() or last == "history":
        folder = folder.rpartition("/")[0]
    return f"{parts.scheme}://{parts.netloc}{folder}{link}" if parts.netloc else link


def take_over(settings: Settings, model: str = _MODEL) -> NoReturn:
    """Go to the page that settings belong to, with these settings in its widgets.

    From any page, also that one, in a callback or in the page; nothing after it runs. What the widgets cannot have,
    the page says.

    Args:
        settings: of one of the pages.
        model: see `opening_of`.
    """
    opening_of(settings, model).go()
