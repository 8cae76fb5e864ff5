"""Strips: what is written is read, what is shipped is of the model and surrogate that are shipped, no score is bare."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from side_core.commands.main import main
from side_core.data.source import open_training_set
from side_core.files.assets import BUILT_INS
from side_core.files.assets import STRIPS as SHIPPED
from side_core.sampling.strips import StripStore, read_strips
from side_core.settings import ExtractSettings
from side_core.stats.rate import rate
from side_core.surrogate.folder import load_surrogate


def test_the_command_draws_what_extract_draws(make_surrogate: Callable[..., Path], tmp_path: Path) -> None:
    name, out = str(make_surrogate()), tmp_path / "strips"
    small = ["--model", "ideal", "--count", "3", "--seed", "5", "--steps", "3", "--surrogate", name]
    assert main(["strips", *small, "--scales", "20", "0", "--out", str(out)]) == 0
    found = read_strips(out)
    assert found.seeds == (5, 6, 7) and [strip.scale for strip in found.strips] == [0, 20]
    plain = small[:-2]
    assert main(["extract", *plain, "--no-history", "--out", str(tmp_path / "run")]) == 0
    said = json.loads((tmp_path / "run" / "run.json").read_text())
    assert said["scores"]["ratio"]["training"]["beat"] == found.strips[0].training.beat
    rows = (tmp_path / "run" / "samples.csv").read_text().splitlines()[1:]
    assert [row.split(",")[2] for row in rows] == list(found.strips[0].ids)
    store, key = StripStore([out]), found.strips[1].key
    pictures = store.found(key, [6, 9])
    assert store.seeds(key) == {5, 6, 7} and list(pictures) == [6] and not store.found("other", [6])
    assert np.array_equal(pictures[6].path[-1], found.strips[1].drawn[1]) and len(pictures[6].path_timesteps) == 3
    assert store.may_have("ideal", name, 20.0) and store.may_have("ideal", None, None)
    assert not store.may_have("ideal", name, 15.0) and not store.may_have("pixel-faces", name, 20.0)
    assert main(["strips", *plain, "--out", str(tmp_path / "plain")]) == 0  # nothing steers: one strip
    (strip,) = read_strips(tmp_path / "plain").strips
    assert np.array_equal(strip.drawn, found.strips[0].drawn)


STRIPS = SHIPPED["extract"]


def test_what_is_shipped_is_of_what_is_shipped() -> None:
    found, built_in = read_strips(STRIPS), BUILT_INS["pixel-faces"]
    defaults = ExtractSettings(
        mode="exact", surrogate="pixel-faces", guidance_scale=0, guidance_shape="constant", compare_plain=False
    )
    assert ExtractSettings.read(found.settings) == defaults and found.seeds == tuple(range(16))
    assert [strip.scale for strip in found.strips] == list(range(0, 51, 5))
    card = load_surrogate("pixel-faces").card
    assert found.fingerprints["model"] == card["model"]["fingerprint"]
    assert found.fingerprints["surrogate"] == load_surrogate("pixel-faces").fingerprint
    data = open_training_set(built_in.data)
    assert found.fingerprints["data"] == data.fingerprint
    assert found.fingerprints["control"] == open_training_set(built_in.control).fingerprint
    ids = list(map(str, data.ids))
    for strip in found.strips:
        assert strip.drawn.shape == strip.nearest.shape == (16, 16, 16, 3)
        assert np.array_equal(strip.nearest, [data.images[ids.index(name)] for name in strip.ids])
        beat = sum(score < found.threshold for score in strip.scores)
        assert (strip.training, strip.control) == (rate(beat, 16), rate(strip.control.beat, 16))


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_a_damaged_folder_gets_a_sentence(damage: str, tmp_path: Path) -> None:
    if damage != "missing":
        for file in STRIPS.iterdir():
            content = file.read_bytes()
            (tmp_path / file.name).write_bytes(content[: len(content) // 2] if damage == "cut" else content)
    if damage == "other":
        (tmp_path / "strips.json").write_text('{"seeds": [1], "strips": [{}]}')
    with pytest.raises(ValueError, match=r"holds no strips .*: make them anew\.$"):
        read_strips(tmp_path)
