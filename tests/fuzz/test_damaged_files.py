"""A thousand files with random damage: each opens, or is refused in one sentence, soon and in little memory."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("worker.py")
ALONE = {"PYTHONPATH": str(WORKER.parent.parent.parent), "OMP_NUM_THREADS": "1"}
CASES = {"pictures": 400, "arrays": 250, "metadata": 100, "model": 200, "calibration": 50}
FEW = {"pictures": 14, "arrays": 12, "metadata": 4, "model": 7, "calibration": 3}

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited as Linux does")


def damage(kind: str, seed: int, count: int, folder: Path, pipeline: Path) -> Counter[str]:
    """Run `count` cases in a process of their own and show how they went."""
    command = [sys.executable, str(WORKER), kind, str(folder), str(seed), str(count)]
    done = subprocess.run(
        [*command, str(pipeline)] if kind == "model" else command,
        env={**os.environ, "SIDE_CACHE": str(folder / "cache"), "SIDE_CACHE_GB": "0.05", **ALONE},
        capture_output=True,
        text=True,
        timeout=60 + 10 * count,
        check=False,
    )
    cases = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    outcomes = Counter(case["outcome"] for case in cases)
    print(f"{kind}: {len(cases)} cases, {dict(outcomes)}")
    for case in cases:
        if case["outcome"] == "failed":
            print(f"  {case['what']}: {case['text']}")
    assert len(cases) == count, f"the process died after {len(cases)} cases:\n{done.stderr[-3000:]}"
    assert not outcomes["failed"], "see above"
    assert done.stderr == ""
    return outcomes


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_a_thousand_damaged_files(kind: str, tmp_path: Path, pipeline: Path) -> None:
    assert damage(kind, 1000, CASES[kind], tmp_path, pipeline)["refused"] > CASES[kind] / 10


@pytest.mark.parametrize("kind", FEW)
def test_forty_damaged_files(kind: str, tmp_path: Path, pipeline: Path) -> None:
    damage(kind, 0, FEW[kind], tmp_path, pipeline)
