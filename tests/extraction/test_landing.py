"""The way of drawn pictures over the map of their training images."""

import csv
from pathlib import Path

import numpy as np

from side_core.commands.main import main
from side_core.extraction.landing import landings_of, map_fingerprint
from side_core.extraction.subject import open_subject, references_of
from side_core.files.assets import MAPS
from side_core.progress import finish
from side_core.sampling.missing import SampleSet, draw_missing
from side_core.sampling.picture import FRAMES
from side_core.sampling.store import MemoryStore
from side_core.settings import ExtractSettings
from side_core.similarity.plane import make_plane, plane_of


def test_the_perfect_memoriser_lands_on_what_it_copies() -> None:
    """From noise, where no face stands out, to the very place of the face that each picture is a copy of."""
    settings = ExtractSettings(model="ideal", count=6, steps=25)
    subject = open_subject(settings)
    references = finish(references_of(settings, subject))
    plane = plane_of(references.training.vectors, map_fingerprint(references), MAPS / "pixel-faces")
    drawn = finish(draw_missing(SampleSet(subject.denoiser, settings.plain_sampling), MemoryStore(), FRAMES))
    landings = landings_of(drawn, references, plane)
    assert [landing.name for landing in landings] == list(map(str, settings.seeds))
    originals = subject.data.images.reshape(1000, -1).astype(int)
    for landing, picture in zip(landings, drawn.values(), strict=True):
        copy = int(np.abs(originals - picture.image.reshape(-1).astype(int)).sum(axis=1).argmin())
        assert np.abs(landing.path[-1] - plane.places[copy]).max() < 0.01
        assert len(landing.timesteps) == len(landing.path) and landing.timesteps[-1] == 0
    starts = np.stack([landing.path[0] for landing in landings])
    ends = np.stack([landing.path[-1] for landing in landings])
    assert starts.std(axis=0).sum() < ends.std(axis=0).sum()  # noise is everywhere the same


def test_nothing_drawn_is_no_way() -> None:
    settings = ExtractSettings(model="ideal", count=1, data="pixel-faces[0:20]")
    subject = open_subject(settings)
    references = finish(references_of(settings, subject))
    assert landings_of({}, references, make_plane(references.training.vectors)) == []


def test_the_command_writes_map_ways_and_picture(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("SIDE_CACHE", str(tmp_path / "cache"))
    words = ["map", "--model", "ideal", "--data", "pixel-faces[0:40]", "--count", "3", "--steps", "6"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"map.json", "landings.csv", "map.png"}
    with (tmp_path / "out" / "landings.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["seed"] for row in rows} == {"0", "1", "2"} and {row["kind"] for row in rows} == {"plain"}
    assert all(0 <= float(row[axis]) <= 1 for row in rows for axis in "xy")
    assert main([*words, "--bare", "--out", str(tmp_path / "bare")]) == 0
    assert {file.name for file in (tmp_path / "bare").iterdir()} == {"map.json"}
    assert main(["map", "--model", "nothing there", "--out", str(tmp_path / "no")]) == 2
