"""Through every page with every shared setting at its bounds: no error anywhere."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from side_core.data.captioned import held_out_captions
from tests.pages import app

PAGES = Path(__file__).parents[2] / "pages"
WALK = ("extract.py", "sweep.py", "prompts.py", "surrogate.py", "models.py", "history.py", "tour.py", "extract.py")
QUICK = {"count": "2", "steps": "2"}
BOUND_EACH_OTHER = ("first_timestep", "last_timestep")  # between them there must be room for the steps


def opened(**link: str) -> AppTest:
    """The page as a link opens it, with few quick pictures."""
    return app.opened(**QUICK | link)


def walk(app: AppTest, held_out: Path) -> None:
    """Open every page; none shows an exception or an error."""
    held_out.write_text("\n".join(held_out_captions()[:8]))  # for all of them, Prompts would take half a minute
    for page in WALK:
        if page == "prompts.py":
            app.query_params["held_out"] = str(held_out)
        app.switch_page(page).run()
        wrong = [error.message for error in app.exception] + [error.value for error in app.error]
        assert not wrong, page


@pytest.mark.parametrize(("end", "but"), [("min", ""), ("max", "count"), ("max", "steps")])
def test_every_shared_setting_at_its_bound_is_taken_through_every_page(end: str, but: str, tmp_path: Path) -> None:
    """All but one where both together take long."""
    app = opened(surrogate="none")
    for kind in ("slider", "number_input"):
        for widget in getattr(app, kind):
            if widget.key and widget.key not in (but, *BOUND_EACH_OTHER):
                widget.set_value(getattr(widget, end))
    app.run()
    walk(app, tmp_path / "held-out.txt")
