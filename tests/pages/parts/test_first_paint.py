"""What the browser is given before a script has run."""

import re
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pages._parts.runtime.first_paint import first_paint

STATIC = Path(streamlit.__file__).parent / "static"


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Streamlit's own page behind the middleware, at any address."""
    page = (STATIC / "index.html").read_text("utf-8")
    routes = [
        Route("/plain", lambda request: PlainTextResponse("</head>")),
        Route("/{page:path}", lambda request: HTMLResponse(page, headers={"etag": "1"})),
    ]
    return TestClient(Starlette(routes=routes, middleware=first_paint()))


def head_of(client: TestClient, address: str) -> str:
    """The head of a page, as a browser asks for it."""
    answer = client.get(address, headers={"accept": "text/html"})
    assert int(answer.headers["content-length"]) == len(answer.content) and "etag" not in answer.headers
    return answer.text.partition("</head>")[0]


def test_the_look_and_the_code_of_widgets_are_in_the_head(client: TestClient) -> None:
    head = head_of(client, "/")
    assert ".row-of-figures" in head and "stSidebar" in head
    code = re.findall(r'rel="modulepreload" crossorigin href="./(static/js/[^"]+)"', head)
    for widget in ("Html", "ButtonGroup", "Selectbox", "Slider"):
        assert any(Path(name).name.startswith(f"{widget}.") for name in code)
    assert all((STATIC / name).is_file() for name in code)


@pytest.mark.parametrize("address", ["/tour", "/?view=demo", "/prompts?view=demo"])
def test_the_stage_is_set_before_a_script_has_run(client: TestClient, address: str) -> None:
    assert "body:not(:has(.seen-as)) {" in head_of(client, address)
    assert "body:not(:has(.seen-as)) {" not in head_of(client, "/prompts")


def test_what_is_no_page_passes_as_it_is(client: TestClient) -> None:
    assert client.get("/plain", headers={"accept": "text/html"}).text == "</head>"
    assert "row-of-figures" not in client.get("/", headers={"accept": "application/json"}).text
