"""The comparison of two sets: stopped and gone on with, its rows, and mistakes."""

from typing import Any

import pytest

from side_core.job import run_job
from side_core.membership.job import open_job
from side_core.membership.report import Membership
from side_core.progress import finish
from side_core.sampling.store import Store, in_memory
from side_core.settings.membership import MembershipSettings


def compared(store: Store | None = None, **settings: Any) -> Membership:
    job = finish(open_job(MembershipSettings.read({"model": "ideal", "images": 20, "scores": ("loss",)} | settings)))
    return finish(run_job(job, store or in_memory()))  # type: ignore[no-any-return]


def test_the_perfect_memoriser_is_told_and_the_twin_is_not() -> None:
    own = compared()
    assert own.best is not None and own.best.found.auc.value == 1
    assert 0 < own.summary()["blind"]["p"] <= 1
    assert own.headline.startswith("Loss: AUC 1.00")
    twin = compared(model="pixel-faces-twin", members="pixel-faces[0:1000]", images=40)
    assert twin.best is not None and twin.best.found.auc.low < 0.5 < twin.best.found.auc.high


def test_the_shipped_twin_is_the_reference() -> None:
    report = compared(model="pixel-faces")
    assert [(row["score"], row["reference"]) for row in report.rows] == [
        ("loss", False),
        ("loss", True),
        ("blind", False),
    ]
    for row in report.rows:
        assert 0 <= row["auc_low"] <= row["auc"] <= row["auc_high"] <= 1 and row["members"] == 20
    assert report.table().count("\n") == 4 and set(report.pictures()) == {"membership.png"}


def test_it_stops_and_goes_on() -> None:
    settings = MembershipSettings.read({"model": "ideal", "images": 20, "scores": "loss,pia"})
    assert settings.scores == ("loss", "pia")
    job, store = finish(open_job(settings)), in_memory()
    parts = run_job(job, store)
    first = next(part for part in parts if isinstance(part, Membership))
    parts.close()
    assert first.done == 1 < job.total == 4 and job.found(store).done == 1
    assert finish(run_job(job, store)).summary() == finish(run_job(job, in_memory())).summary()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"non_members": "pixel-faces[990:1100]"}, "10 pictures of .* are also in"),
        ({"members": "pixel-faces[0:5]"}, "5 pictures of .* are too few: give 20 or more"),
        ({"scores": ("clid",)}, "Score 'clid' compares texts, but 'ideal' reads none"),
        ({"scores": ("lira",)}, "'lira' is no score: choose of loss, pia, secmi, pfami and clid"),
        ({"reference": "pixel-faces-text"}, "name a model that was trained alike"),
    ],
)
def test_a_mistake_gets_its_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        compared(**settings)
