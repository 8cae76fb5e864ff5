"""Uploads to a public app are bounded where they arrive, not in the browser alone."""

from collections import Counter

from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config
from streamlit.runtime import get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from side_core.files.public import limit_of

_UPLOADS = "/_stcore/upload_file/"  # then session and file
FILES = 2  # of the largest size that a session holds: the one on the screen, and the one that takes its place
SESSIONS = 32  # so many sessions may hold as much at once
_TYPED = 1  # MB of all that is typed and chosen on a page


def upload_limits() -> list[Middleware]:
    """What bounds uploads to a public app, for `st.App`; nothing on one's own machine.

    Streamlit itself then refuses a file that is too large, also one that comes in pieces without a length, and a
    message of the page that is: it carries what was typed.
    """
    most = limit_of("upload_mib")
    if most is None:
        return []
    for option, mib in (("server.maxUploadSize", int(most)), ("server.maxWidgetStateSize", _TYPED)):
        config.set_option(option, min(mib, config.get_option(option)))
    return [Middleware(UploadGuard, most=int(most * 2**20))]


class UploadGuard:
    """Lets a session hold so much: its oldest files go when new ones come.

    Args:
        app: what takes the uploads.
        most: bytes of a file.
    """

    def __init__(self, app: ASGIApp, most: int):
        self.app = app
        self.most = most
        self.arriving: Counter[str] = Counter()  # bytes that sessions are sending, at most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before its body is read."""
        session = _session_of(scope)
        if session is None or not get_instance().is_active_session(session):  # which Streamlit refuses
            await self.app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"")
        coming = int(length) if length.isdigit() else self.most
        if coming > self.most or not self.make_room(session, coming):
            refusal = PlainTextResponse("File too large", 413, {"connection": "close"})
            await refusal(scope, receive, send)
            return
        self.arriving[session] += coming
        try:
            await self.app(scope, receive, send)
        finally:
            self.arriving[session] -= coming
            self.arriving += Counter()  # forgets who sends nothing

    def make_room(self, session: str, coming: int) -> bool:
        """Whether so many bytes fit into what a session, and all together, may hold; its oldest files make room."""
        manager = get_instance().uploaded_file_mgr
        assert isinstance(manager, MemoryUploadedFileManager)  # of st.App
        held = {
            name: {key: len(file.data) for key, file in files.items()}
            for name, files in list(manager.file_storage.items())
        }
        own = held.setdefault(session, {})
        while sum(own.values()) + self.arriving[session] + coming > FILES * self.most and own:
            oldest = next(iter(own))
            manager.remove_file(session, oldest)
            del own[oldest]
        if sum(own.values()) + self.arriving[session] + coming > FILES * self.most:
            return False
        everything = sum(sum(files.values()) for files in held.values()) + self.arriving.total()
        return everything + coming <= SESSIONS * FILES * self.most


def _session_of(scope: Scope) -> str | None:
    """The session that uploads a file; None of another request."""
    if scope["type"] != "http" or scope["method"] != "PUT" or _UPLOADS not in scope["path"]:
        return None
    return str(scope["path"].partition(_UPLOADS)[2].partition("/")[0])
