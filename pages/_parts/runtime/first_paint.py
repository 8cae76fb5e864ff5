"""The page as the browser first paints it: Streamlit's own, with the look of the app in its head.

A style that comes with a script's first elements moves what is there already, and room that is kept for the sidebar
can be kept only before it is there.
"""

import re
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CSS = Path(__file__).parents[1] / "show" / "browser" / "page.css"
_SIDEBAR = """
@media (min-width: 768px) { /* where it begins open, as it does on all pages but the stage */
  [data-testid="stAppViewContainer"]:not(:has(> [data-testid="stSidebar"])) {
    padding-left: 300px; box-sizing: border-box; }
}
"""
_CONDITIONS = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")


def first_paint() -> list[Middleware]:
    """The middleware of the app."""
    return [Middleware(Dressed, css=re.sub(r"\s+", " ", _CSS.read_text("utf-8")))]


class Dressed:
    """Puts a style into the head of each page; what else is asked for passes as it is."""

    def __init__(self, app: ASGIApp, css: str) -> None:
        self.app = app
        self.css = css

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self.app(scope, receive, send)
            return
        on_stage = scope["path"].rstrip("/").endswith("/tour") or b"view=demo" in scope["query_string"]
        style = f"<style>{self.css}{'' if on_stage else _SIDEBAR}</style></head>".encode()
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
                body = b"".join(parts).replace(b"</head>", style, 1)
                headers = MutableHeaders(raw=start["headers"])
                headers["content-length"] = str(len(body))
                for name in ("etag", "last-modified"):
                    if name in headers:
                        del headers[name]
                await send(start)
                message = {"type": "http.response.body", "body": body}
            await send(message)

        await self.app(whole, receive, dress)
