"""Uploads to a public app, against the real server: what is too large is refused, and little is held of the rest."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from bench.speed import running_app
from pages._parts.runtime import uploads
from pages._parts.runtime.uploads import FILES, SESSIONS, UploadGuard, upload_limits

MIB = 2**20
MOST = 8 * MIB  # of a file
BEGIN = b'--b\r\nContent-Disposition: form-data; name="f"; filename="run.json"\r\n\r\n'
END = b"\r\n--b--\r\n"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A public app."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIDE_PUBLIC", "1")
        with running_app() as (address, _):
            yield address


def connected(address: str) -> ClientConnection:
    return connect(f"{address.replace('http', 'ws')}/_stcore/stream", subprotocols=["streamlit"])  # type: ignore[list-item]


@pytest.fixture
def put(address: str) -> Iterator[Callable[..., int]]:
    """Upload a file of so many bytes, with or without a length, in a session of its own; the status."""
    token = requests.get(f"{address}/_stcore/health", timeout=30).cookies["_streamlit_xsrf"]
    with connected(address) as socket:
        opening, message = BackMsg(), ForwardMsg()
        opening.rerun_script.query_string = "model=ideal&count=1&steps=1"
        socket.send(opening.SerializeToString())
        while not message.HasField("new_session"):
            message.ParseFromString(socket.recv(timeout=60))  # type: ignore[arg-type]
        place = f"{address}/_stcore/upload_file/{message.new_session.initialize.session_id}"

        def pieces(size: int) -> Iterator[bytes]:
            yield BEGIN
            yield from (bytes(min(MIB, size - start)) for start in range(0, size, MIB))
            yield END

        def upload(name: str, size: int, pieced: bool = False) -> int:
            head = {"X-Xsrftoken": token, "Content-Type": "multipart/form-data; boundary=b"}
            cookies = {"_streamlit_xsrf": token}
            body: Any = pieces(size) if pieced else BEGIN + bytes(size) + END
            return requests.put(f"{place}/{name}", body, headers=head, cookies=cookies, timeout=60).status_code

        yield upload


def wait_until_held(address: str, wanted: int) -> None:
    """Until the server says that it has so many bytes of uploads in its memory; it counts every five seconds."""
    found, end = None, time.monotonic() + 60
    while found != wanted:
        assert time.monotonic() < end, found
        text = requests.get(f"{address}/_stcore/metrics", timeout=30).text
        said = re.search(r"UploadedFileManager.*\} (\d+)", text)
        found = int(said[1]) if said else 0
        time.sleep(0.2)


def test_what_is_too_large_is_refused_and_a_session_holds_two_files(address: str, put: Callable[..., int]) -> None:
    for size in (9 * MIB + 1, 20 * MIB, 199 * MIB):
        assert put("large", size) == put("large", size, pieced=True) == 413
    assert put("small", 1000) == 204
    wait_until_held(address, 1000)
    for number in range(9):
        assert put(str(number), 7 * MIB, pieced=number % 2 == 1) == 204
    wait_until_held(address, 14 * MIB)


def test_a_message_of_the_page_is_small(address: str) -> None:
    with connected(address) as socket:
        message = BackMsg()
        message.rerun_script.query_string = "a" * 2 * MIB
        socket.send(message.SerializeToString())
        with pytest.raises(ConnectionClosedError, match="message too big"):
            while True:
                socket.recv(timeout=60)


# the guard alone


class Sessions:
    """A runtime, and an app that keeps what it is sent once it may."""

    def __init__(self) -> None:
        self.uploaded_file_mgr = MemoryUploadedFileManager("/")
        self.may = asyncio.Event()
        self.guard = UploadGuard(self.app, MOST)

    def is_active_session(self, session: str) -> bool:
        return session != "gone"

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        await self.may.wait()
        session, name = scope["path"].split("/")[-2:]
        self.uploaded_file_mgr.add_file(session, UploadedFileRec(name, name, "", bytes(scope["size"])))
        await send({"type": "http.response.start", "status": 204, "headers": []})

    def put(self, session: str, name: str, size: int, told: bool = True) -> "asyncio.Task[int]":
        """An upload under way."""
        headers = [(b"content-length", str(size).encode())] if told else []
        path = f"/base/_stcore/upload_file/{session}/{name}"
        status: list[int] = []

        async def send(message: dict[str, Any]) -> None:
            status.append(message.get("status", 0))

        async def upload() -> int:
            scope = {"type": "http", "method": "PUT", "path": path, "headers": headers, "size": size}
            await self.guard(scope, None, send)  # type: ignore[arg-type]
            return status[0]

        return asyncio.create_task(upload())

    def names(self, session: str) -> list[str]:
        return list(self.uploaded_file_mgr.file_storage.get(session, {}))


def play(monkeypatch: pytest.MonkeyPatch, scene: Callable[[Sessions], Any]) -> None:
    async def run() -> None:
        sessions = Sessions()
        monkeypatch.setattr(uploads, "get_instance", lambda: sessions)
        await asyncio.wait_for(scene(sessions), 30)

    asyncio.run(run())


def test_the_oldest_files_of_a_session_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(sessions: Sessions) -> None:
        sessions.may.set()
        for name in "abc":
            assert await sessions.put("one", name, MOST) == 204
        assert await sessions.put("other", "a", MOST, told=False) == 204
        assert (sessions.names("one"), sessions.names("other")) == (["b", "c"], ["a"])
        assert await sessions.put("one", "d", MOST + 1) == 413
        assert not sessions.guard.arriving

    play(monkeypatch, scene)


def test_uploads_under_way_count(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(sessions: Sessions) -> None:
        first, second = sessions.put("one", "a", MOST), sessions.put("one", "b", MOST, told=False)
        await asyncio.sleep(0)
        assert await sessions.put("one", "c", 10) == 413
        sessions.may.set()
        assert [await first, await second] == [204, 204]

    play(monkeypatch, scene)


def test_all_sessions_together_hold_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(sessions: Sessions) -> None:
        under_way = [sessions.put(str(number // FILES), str(number), MOST) for number in range(FILES * SESSIONS)]
        await asyncio.sleep(0)
        assert await sessions.put("one more", "a", 10) == 413
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        sessions.may.set()
        assert await sessions.put("one more", "a", 10) == 204

    play(monkeypatch, scene)


def test_on_ones_own_machine_nothing_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIDE_PUBLIC", raising=False)
    monkeypatch.setattr(config, "set_option", SimpleNamespace())
    assert upload_limits() == []
