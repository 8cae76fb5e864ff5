"""The return curve on the perfect memoriser, whose answer is known."""

import numpy as np
import pytest

from side_core.job import run_job
from side_core.progress import finish
from side_core.sampling.store import in_memory
from side_core.settings.theory import TheorySettings
from side_core.theory.job import open_job
from side_core.theory.returning import share_interval


def test_the_perfect_memoriser_brings_back_its_own_rows_and_no_others() -> None:
    asked = TheorySettings(experiment="return", model="ideal", images=8, draws=2, steps=5)
    report = finish(run_job(finish(open_job(asked)), in_memory()))
    shares = {(row["timestep"], row["data"]): row for row in report.rows}
    assert shares[400, "training"]["share"] == 1 and not any(
        row["share"] for (_, side), row in shares.items() if side == "control"
    )
    assert shares[900, "training"]["share"] < 0.5  # from almost nothing but noise another row comes
    assert all(0 <= row["low"] <= row["share"] <= row["high"] <= 1 for row in shares.values())
    assert shares[400, "control"]["high"] == pytest.approx(0.32, abs=0.01)  # Wilson's of 0 of 8
    assert report.headline.startswith("noised to timestep") and "control 0 % (0 to 32 %)" in report.headline
    assert report.summary()["return"] == report.rows


def test_an_interval_of_a_share_is_possible_and_over_images() -> None:
    none, some = share_interval(np.zeros(16), 4), share_interval(np.array([1.0, 0.0] * 32), 4)
    assert none.low == none.value == 0 < none.high < 0.25
    assert 0.37 < some.low < 0.45 and 0.55 < some.high < 0.63  # 64 images, whatever the draws
