"""Which arithmetic is taken for the fastest, by a clock that goes as the test says."""

import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DModel

from side_core.dpm import arithmetic as module
from side_core.dpm.arithmetic import EXACT, Arithmetic, candidates, chosen, fastest, found_first

Seconds = Callable[[Arithmetic, int], float]
Found = Callable[[Seconds], Arithmetic]
SHAPE = (3, 16, 16)
FIRST = 3 + 24  # evaluations until a winner is found, if the model is quick
HALF = Arithmetic(torch.bfloat16, torch.channels_last)
PLAIN = Arithmetic(torch.float32, torch.contiguous_format)


@pytest.fixture
def sizes() -> list[int]:
    """Of the batches that were evaluated."""
    return []


@pytest.fixture
def found(pipeline: Path, sizes: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Found:
    """What is found where evaluation number n in an arithmetic takes so long."""
    number = count()
    unet = UNet2DModel.from_pretrained(pipeline / "unet", use_safetensors=True).eval()

    def find(seconds: Seconds) -> Arithmetic:
        def timed(_: object, x: torch.Tensor) -> float:
            sizes.append(len(x))
            last = x.is_contiguous(memory_format=torch.channels_last)
            layout = torch.channels_last if last else torch.contiguous_format
            return seconds(Arithmetic(x.dtype, layout), next(number))

        monkeypatch.setattr(module, "probed", {})
        monkeypatch.setenv("SIDE_CACHE", str(tmp_path))
        monkeypatch.setattr(module, "seconds_of_call", timed)
        return fastest(unet, SHAPE, torch.device("cpu"))

    return find


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        ({HALF: 0.5}, HALF),
        ({PLAIN: 0.5}, PLAIN),
        ({HALF: 0.9, PLAIN: 0.95}, EXACT),  # not clearly
        ({HALF: 2.0, PLAIN: 1.5}, EXACT),
    ],
)
@pytest.mark.parametrize("one", [0.1, 10.0])
def test_another_arithmetic_must_be_clearly_faster(
    one: float, times: dict[Arithmetic, float], wanted: Arithmetic, found: Found
) -> None:
    assert found(lambda arithmetic, _: one * times.get(arithmetic, 1.0)) == wanted


def test_what_was_faster_only_at_first_is_not_taken(found: Found) -> None:
    assert found(lambda arithmetic, number: 0.5 if arithmetic == EXACT and 3 <= number < FIRST else 0.1) == EXACT


@pytest.mark.parametrize("first", range(1, FIRST))
def test_a_moment_in_which_the_machine_is_busy_changes_nothing(first: int, found: Found) -> None:
    busy = range(first, first + 8)  # a third of all
    assert found(lambda _, number: 5.0 if number in busy else 0.1) == EXACT


def test_a_slow_model_is_timed_a_few_times_on_single_images(found: Found, sizes: list[int]) -> None:
    assert found(lambda arithmetic, _: 3.0 if arithmetic == HALF else 5.0) == HALF
    assert sizes == [1] * 7


def test_the_answer_is_kept_for_the_next_process_and_sought_anew_where_it_is_damaged(
    found: Found, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sizes: list[int]
) -> None:
    """Another process, on a machine that is busy otherwise, finds the same."""
    assert found(lambda arithmetic, _: 0.05 if arithmetic == HALF else 0.1) == HALF
    asked = len(sizes)
    assert found(lambda arithmetic, _: 0.05 if arithmetic == PLAIN else 0.1) == HALF and len(sizes) == asked
    (file,) = tmp_path.glob("arithmetic/*/answer.json")
    for damaged in ("", "[]", '{"dtype": "float99", "layout": "channels_last"}', '{"dtype": "nn", "layout": "nn"}'):
        file.write_text(damaged)
        assert found(lambda arithmetic, _: 0.05 if arithmetic == PLAIN else 0.1) == PLAIN
        assert found(lambda arithmetic, _: 0.05 if arithmetic == HALF else 0.1) == PLAIN  # mended
    monkeypatch.setattr(module, "machine", lambda device: "another")
    assert found(lambda arithmetic, _: 0.1) == EXACT


def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(
    found: Found, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "arithmetic").write_text("a file")
    assert found(lambda arithmetic, _: 0.05 if arithmetic == HALF else 0.1) == HALF


@pytest.mark.parametrize("patience", [120, 0], ids=["in turn", "at once"])  # seconds; 0: as where no file can be locked
def test_processes_that_start_at_once_take_the_first_answer(patience: int, tmp_path: Path) -> None:
    """Each would find another arithmetic by itself, and each says what it draws with."""
    code = (
        "import os, sys, time; from pathlib import Path; from side_core.dpm import arithmetic as module\n"
        f"module.PATIENCE = {patience}\n"
        "number = int(sys.argv[1]); answer = module.candidates(module.torch.device('cpu'))[number]\n"
        "print(end='ready', flush=True); sys.stdin.read(1)\n"
        "def find(): time.sleep(0.3 * (number + 1)); return answer\n"
        "print('', module.found_first(Path(sys.argv[2]), find))"
    )
    command = [sys.executable, "-c", code]
    folder, root = tmp_path / "arithmetic" / "kind", Path(__file__).parents[2]
    processes = [
        subprocess.Popen([*command, str(number), str(folder)], cwd=root, stdin=-1, stdout=-1, text=True)
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.read(5) == "ready"
    answers = {process.communicate("!")[0].strip() for process in processes}
    assert len(answers) == 1 and answers <= {str(found) for found in candidates(torch.device("cpu"))}
    assert found_first(folder, lambda: pytest.fail("it is known")) == module.kept(folder)


def test_what_was_recorded_is_gone_on_in_where_the_device_could_choose_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "fastest", lambda *about: PLAIN)
    cpu = torch.device("cpu")
    assert chosen("fast", str(HALF), None, SHAPE, cpu) == HALF
    assert chosen("fast", None, None, SHAPE, cpu) == PLAIN
    assert chosen("fast", "float16 channels-last", None, SHAPE, cpu) == PLAIN  # of a GPU
    assert chosen("exact", str(HALF), None, SHAPE, cpu) == EXACT
