"""The page as the browser first paints it: Streamlit's own, with the look of the app in its head.

A style that comes with a script's first elements moves what is there already, and room that is kept for the sidebar
can be kept only before it is there. The code of the widgets that every page has is asked for at once: Streamlit asks
for each when a script has sent the first of its kind, and what stands in its place till then is of another height.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BROWSER = Path(__file__).parents[1] / "show" / "browser"
_CODE = Path(streamlit.__file__).parent / "static" / "static" / "js"
_WIDGETS = ("Html", "BidiComponent", "ButtonGroup", "Selectbox", "Slider", "Checkbox", "Button", "TextInput")
_IMPORTED = re.compile(r"""(?:from|import)[`"']\./([\w.-]+\.js)[`"']""")
_SIDEBAR = """
@media (min-width: 768px) { /* where it begins open, as it does on all pages but the stage */
  [data-testid="stAppViewContainer"]:not(:has(> [data-testid="stSidebar"])) {
    padding-left: 300px; box-sizing: border-box; }
}
"""
_CONDITIONS = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")


def first_paint() -> list[Middleware]:
    """The middleware of the app."""
    page, stage = (re.sub(r"\s+", " ", (_BROWSER / f"{name}.css").read_text("utf-8")) for name in ("page", "stage"))
    everywhere = f"{''.join(map(_preload, _code_of(_WIDGETS)))}<style>{page}</style>"
    # Until the script says how it is to be seen: a person may leave the stage without a new page.
    staged = f"<style>body:not(:has(.seen-as)) {{ {stage} }}</style>"
    return [Middleware(Dressed, plain=f"{everywhere}<style>{_SIDEBAR}</style>", staged=f"{everywhere}{staged}")]


def _code_of(widgets: Iterable[str]) -> list[str]:
    """The files that hold the code of some widgets of Streamlit; fewer where another version names them otherwise."""
    found: dict[str, None] = {}
    asked = [path.name for widget in widgets for path in _CODE.glob(f"{widget}.*.js")]
    while asked:
        name = asked.pop()
        if name not in found and (_CODE / name).is_file():
            found[name] = None
            asked += _IMPORTED.findall((_CODE / name).read_text("utf-8"))
    return list(found)


def _preload(name: str) -> str:
    """A line of the head that asks for some code."""
    return f'<link rel="modulepreload" crossorigin href="./static/js/{name}">'


class Dressed:
    """Puts something into the head of each page; what else is asked for passes as it is.

    Args:
        app: what is asked.
        plain: for the head.
        staged: for that of what a class is shown.
    """

    def __init__(self, app: ASGIApp, plain: str, staged: str) -> None:
        self.app = app
        self.plain, self.staged = plain, staged

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self.app(scope, receive, send)
            return
        on_stage = scope["path"].rstrip("/").endswith("/tour") or b"view=demo" in scope["query_string"]
        head = f"{self.staged if on_stage else self.plain}</head>".encode()
        whole = {**scope, "headers": [item for item in scope["headers"] if item[0] not in _CONDITIONS]}
        start: Message | None = None
        parts: list[bytes] = []

        async def dress(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                if "text/html" in Headers(raw=message["headers"]).get("content-type", ""):
                    start = message
                    return
            elif start is not None:
                parts.append(message.get("body", b""))
                if message.get("more_body"):
                    return
                body = b"".join(parts).replace(b"</head>", head, 1)
                headers = MutableHeaders(raw=start["headers"])
                headers["content-length"] = str(len(body))
                for name in ("etag", "last-modified"):
                    if name in headers:
                        del headers[name]
                await send(start)
                message = {"type": "http.response.body", "body": body}
            await send(message)

        await self.app(whole, receive, dress)
