"""What stands before the app: each answer tells the browser to ask nobody else, and other sites not to frame it."""

import base64
import hashlib
import os
import re
import sys
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import file_util, net_util

_SITE = re.compile(r"https?://[\w*.-]+(:\d+)?", re.ASCII)
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def front_door() -> list[Middleware]:
    """The middleware of the app. From now on Streamlit does not ask a server elsewhere which address this one has."""
    net_util.get_external_ip = lambda: None  # it would, before it refuses an Origin and to print addresses at the start
    try:
        return [Middleware(Headers, headers=headers())]
    except ValueError as error:
        sys.exit(str(error))


class Headers:
    """Sets the same headers in every answer over HTTP, pages and files alike; websockets pass as they are."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self.app = app
        self.headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, say if scope["type"] == "http" else send)


def headers() -> dict[str, str]:
    """What an answer says besides its content.

    Raises:
        ValueError: `SIDE_EMBEDDED_IN` names what is no site.
    """
    always = {
        "Content-Security-Policy": _policy(),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    return always if _embedded_in() else always | {"X-Frame-Options": "DENY"}  # which knows all sites or none


def _policy() -> str:
    """The Content-Security-Policy (CSP, level 3): the least that Streamlit and Plotly work with."""
    directives = {
        "default-src": ["'self'"],  # connections, too, the websocket among them
        "script-src": ["'self'", "blob:", *_inline_scripts()],  # blob: the button that copies a link
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],  # blob: a chart saved as PNG
        "font-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": list(_embedded_in()) or ["'none'"],
    }
    return "; ".join(" ".join((name, *sources)) for name, sources in directives.items())


def _inline_scripts() -> list[str]:
    """The scripts that stand in Streamlit's own page, each as what a policy calls it: its digest."""
    page = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def _embedded_in() -> tuple[str, ...]:
    """The sites whose pages may show the app in a frame: `SIDE_EMBEDDED_IN`, separated by commas; none by default.

    Raises:
        ValueError: one of them is no site.
    """
    named = (site.strip().rstrip("/") for site in os.environ.get("SIDE_EMBEDDED_IN", "").split(","))
    sites = tuple(site for site in named if site)
    for site in sites:
        if not _SITE.fullmatch(site):
            raise ValueError(f"SIDE_EMBEDDED_IN names '{site}': write each site as https://course.example.")
    return sites
