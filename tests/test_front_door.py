"""The server as the container starts it: what it says with each answer, and that it asks nobody else anything."""

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.speed import running_app
from pages._parts.runtime.front_door import front_door, headers

ROOT = Path(__file__).resolve().parent.parent
# Streamlit with a line in a file for each name that is looked up and each address that is connected to.
WITNESS = """
import runpy, socket, sys

log = open(sys.argv.pop(1), "a", buffering=1)
own = (None, "", "localhost", "127.0.0.1", "0.0.0.0", "::1", "::")


def hear(event, arguments):
    if event == "socket.getaddrinfo" and arguments[0] not in own:
        print("looked up", arguments[0], file=log)
    if event == "socket.connect" and arguments[0].type == socket.SOCK_STREAM and arguments[1][0] not in own:
        print("connected to", arguments[1], file=log)


sys.addaudithook(hear)
socket.getaddrinfo("127.0.0.2", 80)  # it hears
sys.argv[0] = "streamlit"
runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
"""
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it stands what the server asked of other machines."""
    return tmp_path_factory.mktemp("witness") / "asked"


@pytest.fixture(scope="module")
def server(asked: Path) -> Iterator[str]:
    """Host and port of the app, started with the options of the container."""
    command = re.findall(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    *_, options = (json.loads(line)[3:] for line in command)
    witness = asked.with_name("witness.py")
    witness.write_text(WITNESS)
    with running_app(options=options, streamlit=(str(witness), str(asked))) as (address, _):
        yield urlsplit(address).netloc


def ask(server: str, path: str, **said: str) -> http.client.HTTPResponse:
    """An answer, its content read."""
    connection = http.client.HTTPConnection(server, timeout=60)
    connection.request("GET", path, headers=said)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/sweep?model=ideal", 200),
        ("/sweep/", 301),
        ("/favicon.png", 200),
        ("/_stcore/health", 200),
        ("/_stcore/host-config", 200),
        ("/media/nothing.png", 404),
        ("/..%2f..%2fetc/passwd", 400),
    ],
)
def test_every_answer_carries_the_headers(server: str, path: str, status: int) -> None:
    answer = ask(server, path)
    assert answer.status == status
    assert {name: answer.headers.get_all(name) for name in headers()} == {k: [v] for k, v in headers().items()}


def test_a_page_of_another_site_is_refused_and_nobody_is_asked(server: str, asked: Path) -> None:
    own = f"http://{server}"
    assert ask(server, "/_stcore/stream", **HANDSHAKE, Origin=own).status == 101
    assert ask(server, "/_stcore/stream", **HANDSHAKE, Origin="http://elsewhere.example").status == 403
    assert asked.read_text() == "looked up 127.0.0.2\n"  # by the witness itself; nothing at the start either


def test_frames_are_for_nobody_or_for_the_named_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    assert headers()["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    assert headers()["X-Frame-Options"] == "DENY"
    monkeypatch.setenv("SIDE_EMBEDDED_IN", "https://course.example/, http://*.school.example:8080")
    policy = headers()["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors https://course.example http://*.school.example:8080")
    assert "X-Frame-Options" not in headers()


@pytest.mark.parametrize("site", ["course.example", "https://a.example; script-src *", "https://a.example/page", "*"])
def test_what_is_no_site_stops_the_start_with_a_sentence(monkeypatch: pytest.MonkeyPatch, site: str) -> None:
    monkeypatch.setenv("SIDE_EMBEDDED_IN", site)
    with pytest.raises(SystemExit, match=re.escape(f"names '{site}': write each site as https://")):
        front_door()


def test_scripts_need_a_file_of_ours() -> None:
    """Nothing that is written into a page runs, and nothing comes from elsewhere."""
    sources = dict(part.split(" ", 1) for part in headers()["Content-Security-Policy"].split("; "))
    allowed = sources["script-src"].split()
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "data:"} & set(allowed)
    assert all(source in ("'self'", "blob:") or source.startswith("'sha256-") for source in allowed)
    assert not re.search(r"https?:|\*|wss?:", headers()["Content-Security-Policy"])


def test_a_page_has_the_look_of_the_app_in_its_head(server: str) -> None:
    plain = http.client.HTTPConnection(server)
    pages = {}
    for path in ("/", "/models", "/tour", "/?view=demo"):
        plain.request("GET", path, headers={"Accept": "text/html", "Accept-Encoding": "gzip", "If-None-Match": "*"})
        answer = plain.getresponse()
        pages[path] = answer.read().decode()
        assert answer.status == 200 and int(answer.headers["Content-Length"]) == len(pages[path].encode())
        assert answer.headers["Content-Security-Policy"] and not answer.headers["ETag"]
        head = pages[path].partition("</head>")[0]
        assert ".row-of-figures" in head and head.count("<style>") == 2
    kept = [path for path, page in pages.items() if "padding-left: 300px" in page]
    assert kept == ["/", "/models"]  # the stage has no sidebar
    plain.request("GET", "/_stcore/health")
    assert plain.getresponse().read() == b"ok"
    plain.close()
