"""A run as one zip: whole, deterministic, safe to unpack, and enough to make it again."""

import csv
import io
import json
import tracemalloc
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np
import pytest
from PIL import Image

from side_core.runs.exchange.export import export_zip
from side_core.runs.exchange.places import without_places
from side_core.runs.exchange.reopen import read_exported
from side_core.runs.exchange.tagged_png import text_of_png
from side_core.runs.result import Result
from side_core.settings import ExtractSettings

KINDS = ("plain", "steered", "no control", "scored")


def opened(result: Result) -> zipfile.ZipFile:
    """The zip of a result."""
    return zipfile.ZipFile(io.BytesIO(export_zip(result)))


def pixels(content: bytes) -> np.ndarray:
    """A picture file's pixels."""
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.mark.parametrize("kind", KINDS)
def test_equal_results_give_equal_bytes(results: Mapping[str, Result], kind: str) -> None:
    assert export_zip(results[kind]) == export_zip(replace(results[kind]))


def test_a_steered_run_is_all_there(results: Mapping[str, Result]) -> None:
    result, archive = without_places(results["steered"]), opened(results["steered"])
    assert archive.testzip() is None
    names = archive.namelist()
    assert names[:3] == ["run.json", "README.txt", "report.html"]
    assert {"files.csv", "samples.csv", "neighbors.csv", "training.csv"} <= set(names)
    for folder in ("pictures", "plain"):
        assert [name for name in names if name.startswith(folder)] == [f"{folder}/{seed}.png" for seed in range(6)]
    assert json.loads(archive.read("run.json")) == result.summary
    for place, name in enumerate(result.names):
        assert np.array_equal(pixels(archive.read(f"pictures/{name}.png")), result.images[place])
        assert np.array_equal(pixels(archive.read(f"plain/{name}.png")), result.plain[name])
    for name, image in zip(result.training_ids, result.training, strict=True):
        assert np.array_equal(pixels(archive.read(f"nearest/{name}.png")), image)
    assert archive.read("samples.csv").decode() == result.tables["samples.csv"]


def test_each_picture_carries_its_run_seed_and_scores(results: Mapping[str, Result]) -> None:
    result, archive = without_places(results["steered"]), opened(results["steered"])
    for place, name in enumerate(result.names):
        about = json.loads(text_of_png(archive.read(f"pictures/{name}.png")))
        assert about["settings"] == result.settings and about["digest"] == result.summary["digest"]
        assert about["seed"] == int(name)
        assert about["scores"]["ratio"] == pytest.approx(result.scores["ratio"][place])
        assert about["scores"]["control/nl2"] == pytest.approx(result.scores["control/nl2"][place])
        assert about["fingerprints"]["surrogate"] == result.summary["surrogate"]["fingerprint"]
        assert about["nearest"] == result.training_ids[result.nearest[place]]


def test_a_plain_picture_opens_as_the_run_without_the_surrogate(results: Mapping[str, Result]) -> None:
    archive = opened(results["steered"])
    steered = read_exported("0.png", archive.read("pictures/0.png"))
    plain = read_exported("0.png", archive.read("plain/0.png"))
    assert isinstance(steered.settings, ExtractSettings) and isinstance(plain.settings, ExtractSettings)
    assert steered.settings.surrogate and plain.settings.surrogate is None and not plain.notes
    assert plain.settings.sampling == steered.settings.plain_sampling
    assert "surrogate" in steered.fingerprints and "surrogate" not in plain.fingerprints
    scores = json.loads(text_of_png(archive.read("plain/0.png")))["scores"]
    assert scores["ratio"] == pytest.approx(results["steered"].scores["plain/ratio"][0])


def test_odd_names_become_safe_files_and_are_found_again(
    results: Mapping[str, Result], odd_names: tuple[str, ...]
) -> None:
    archive = opened(results["scored"])
    names = archive.namelist()
    assert len(set(map(str.casefold, names))) == len(names)
    for name in names:
        assert not name.startswith("/") and ".." not in PurePosixPath(name).parts and len(name.split("/")) <= 2
        assert name.isprintable() and not set(name) & set("<>:\\|\n")
    rows = list(csv.DictReader(io.StringIO(archive.read("files.csv").decode())))
    assert len(rows) == len(odd_names)
    for place, (row, name) in enumerate(zip(rows, odd_names, strict=True)):
        plain = name.encode("utf-8", "backslashreplace").decode()
        assert row["name"] == (f"'{plain}" if plain.startswith(("=", "+", "-", "@")) else plain)  # no formula
        assert np.array_equal(pixels(archive.read(row["picture"])), results["scored"].images[place])
        assert np.array_equal(pixels(archive.read(row["nearest"])), results["scored"].images[place])  # exact copies
        assert json.loads(text_of_png(archive.read(row["picture"])))["name"] == name


@pytest.mark.parametrize("kind", KINDS)
def test_the_readme_says_what_is_there_and_the_command(results: Mapping[str, Result], kind: str) -> None:
    archive = opened(results[kind])
    text = archive.read("README.txt").decode()
    for name in {PurePosixPath(name).parts[0] for name in archive.namelist()} - {"README.txt"}:
        assert name in text
    assert ("plain/" in text) == (kind == "steered")
    assert "python -m side_core " + ("score --" if kind == "scored" else "extract --") in text
    assert results[kind].summary["data"]["fingerprint"] in text


def test_thousands_of_pictures_need_little_memory_beside_the_zip(results: Mapping[str, Result]) -> None:
    result, count = results["plain"], 3000
    many = replace(
        result,
        names=tuple(map(str, range(count))),
        images=np.tile(result.images, (count // 4, 1, 1, 1)),
        nearest=np.tile(result.nearest, count // 4),
        scores={name: np.tile(values, count // 4) for name, values in result.scores.items()},
    )
    tracemalloc.start()
    content = export_zip(many)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * len(content) + 8 * 2**20
    assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) > count
