"""A surrogate on disk: what is saved is what is loaded, and damaged files get a sentence each."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from side_core.data.picture import LARGEST_PIXELS
from side_core.dpm.ideal import IdealDenoiser
from side_core.settings import GuidanceSettings
from side_core.surrogate import folder as module
from side_core.surrogate.folder import DIGEST, MOST_CLUSTERS, load_surrogate, save_surrogate
from side_core.surrogate.sheet import PICTURES, cluster_pictures, pictures_of, sheet_of
from side_core.surrogate.steering import make_steering
from side_core.surrogate.surrogate import Surrogate

WEIGHTS, CARD, SHEET = "surrogate.safetensors", "card.json", "clusters.webp"


@pytest.fixture(scope="module")
def many(build: Callable[..., Surrogate]) -> Surrogate:
    """A hardly trained surrogate of six clusters, some of which were dropped."""
    found = build(clusters=6, cohesion=0.985, train_steps=2)
    assert 2 < len(found.kept) < 6
    return found


@pytest.fixture
def folder(many: Surrogate, tmp_path: Path) -> Path:
    """That one on disk."""
    save_surrogate(many, tmp_path / "surrogate")
    return tmp_path / "surrogate"


def edit(*path: str, to: object) -> Callable[[Path], None]:
    """Change an entry of the card, or take it out where `to` is `...`."""

    def change(folder: Path) -> None:
        card = json.loads((folder / CARD).read_text())
        part = card
        for name in path[:-1]:
            part = part[name]
        if to is ...:
            del part[path[-1]]
        else:
            part[path[-1]] = to
        (folder / CARD).write_text(json.dumps(card))

    return change


def edit_weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    """Change the classifier's tensors."""

    def edited(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        change(tensors)
        save_file(tensors, folder / WEIGHTS)

    return edited


def fill(value: float) -> Callable[[Path], None]:
    """Put a value into the classifier's last layer."""
    return edit_weights(lambda tensors: tensors["head.bias"].__setitem__(0, value))


def cut(file: str) -> Callable[[Path], object]:
    """Cut a file off in the middle."""

    def half(folder: Path) -> None:
        content = (folder / file).read_bytes()
        (folder / file).write_bytes(content[: len(content) // 2])

    return half


def write(file: str, content: bytes) -> Callable[[Path], object]:
    """Put other bytes into a file."""
    return lambda folder: (folder / file).write_bytes(content)


def fewer_labels(folder: Path) -> None:
    """Drop a label from the card, but not from the weights."""
    card = json.loads((folder / CARD).read_text())
    card["clusters"]["kept"].pop()
    card["network"]["labels"] -= 1
    (folder / CARD).write_text(json.dumps(card))


AGAIN = "train the surrogate again"
DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no card": (lambda folder: (folder / CARD).unlink(), r"card\.json' cannot be read as JSON \(there is no such file"),
    "card is no json": (write(CARD, b"{"), r"card\.json' cannot be read as JSON \(Expecting"),
    "card is a list": (write(CARD, b"[]"), r"card\.json' holds no JSON object"),
    "card of a model": (write(CARD, b"{}"), r"is no surrogate: name a folder made by train surrogate"),
    "no network": (edit("network", to=...), rf"card\.json' is damaged \('network'\): {AGAIN}"),
    "network is a list": (edit("network", to=[1]), rf"card\.json' is damaged \(.*\): {AGAIN}"),
    "no clusters": (edit("clusters", to=...), rf"card\.json' is damaged \('clusters'\): {AGAIN}"),
    "no kept": (edit("clusters", "kept", to=...), rf"card\.json' is damaged \('kept'\): {AGAIN}"),
    "kept nothing": (edit("clusters", "kept", to=[]), rf"card\.json' is damaged \(numbers\): {AGAIN}"),
    "kept unlike lists": (edit("clusters", "kept", to=[[1], [2, 3]]), rf"is damaged \(numbers\): {AGAIN}"),
    "kept in words": (edit("clusters", "kept", to=["a"]), rf"is damaged \(numbers\): {AGAIN}"),
    "kept unsorted": (edit("clusters", "kept", to=[3, 1]), rf"is damaged \(kept clusters\): {AGAIN}"),
    "kept beyond": (edit("clusters", "kept", to=[1, 6]), rf"is damaged \(kept clusters\): {AGAIN}"),
    "cohesion in words": (edit("clusters", "cohesion", to="high"), rf"is damaged \(numbers\): {AGAIN}"),
    "no tau": (edit("clusters", "tau", to=None), rf"is damaged \(numbers\): {AGAIN}"),
    "no model": (edit("model", to=...), rf"is damaged \('model'\): {AGAIN}"),
    "no model's name": (edit("model", "name", to=...), rf"is damaged \('name'\): {AGAIN}"),
    "no guidance": (edit("guidance", to=...), rf"is damaged \('guidance'\): {AGAIN}"),
    "guidance is a number": (edit("guidance", to=5), rf"is damaged \(.*\): {AGAIN}"),
    "guidance in words": (
        edit("guidance", "guidance_scale", to="strong"),
        rf"is damaged \(guidance-scale cannot be 'strong': give a number\): {AGAIN}",
    ),
    "label of nothing": (edit("guidance", "label", to="some"), rf"is damaged \(label\): {AGAIN}"),
    "label that was dropped": (edit("guidance", "label", to=99), rf"is damaged \(label\): {AGAIN}"),
    "shape of two": (edit("network", "shape", to=[3, 8]), rf"is damaged \(shape\): {AGAIN}"),
    "giant shape": (edit("network", "shape", to=[3, 10**9, 8]), r"^side is 1000000000 in '.*card\.json': "),
    "giant width": (edit("network", "width", to=10**9), r"^width is 1000000000 in '.*card\.json': "),
    "odd width": (edit("network", "width", to=9), rf"is damaged \(width or timed\): {AGAIN}"),
    "depth in words": (edit("network", "blocks", to="one"), r"^blocks is 'one' in '.*card\.json': "),
    "timed in words": (edit("network", "timed", to="yes"), rf"is damaged \(width or timed\): {AGAIN}"),
    "other width": (edit("network", "width", to=16), rf"weights in '.*{WEIGHTS}' do not fit its card \(\d+ labels\)"),
    "other depth": (edit("network", "blocks", to=2), rf"weights in '.*{WEIGHTS}' do not fit its card"),
    "other labels": (edit("network", "labels", to=2), rf"weights in '.*{WEIGHTS}' do not fit its card"),
    "fewer kept": (edit("clusters", "kept", to=[1, 2]), rf"weights in '.*{WEIGHTS}' do not fit its card \(2 labels\)"),
    "fewer labels": (fewer_labels, rf"weights in '.*{WEIGHTS}' do not fit its card \(\d labels\): {AGAIN}"),
    "no weights": (lambda folder: (folder / WEIGHTS).unlink(), rf"{WEIGHTS}' is damaged \(.*No such file.*\): {AGAIN}"),
    "weights cut off": (cut(WEIGHTS), rf"{WEIGHTS}' is damaged \(.*\): {AGAIN}"),
    "weights are empty": (write(WEIGHTS, b""), rf"{WEIGHTS}' is damaged \(.*\): {AGAIN}"),
    "weights are a giant header": (write(WEIGHTS, (2**60).to_bytes(8, "little")), rf"{WEIGHTS}' is damaged \(.*\): "),
    "a missing key": (edit_weights(lambda tensors: tensors.pop("head.bias")), rf"'.*{WEIGHTS}' do not fit its card"),
    "float32 weights": (
        edit_weights(lambda tensors: tensors.update({"head.bias": tensors["head.bias"].float()})),
        rf"'.*{WEIGHTS}' do not fit its card",
    ),
    "NaN": (fill(float("nan")), rf"weights in '.*{WEIGHTS}' hold NaN or infinity: {AGAIN}"),
    "infinity": (fill(float("inf")), rf"weights in '.*{WEIGHTS}' hold NaN or infinity: {AGAIN}"),
    "no pictures": (lambda folder: (folder / SHEET).unlink(), rf"{SHEET}' cannot be read \(no such file\): {AGAIN}"),
    "pictures cut off": (cut(SHEET), rf"{SHEET}' cannot be read \(.*\): {AGAIN}"),
    "pictures of others": (
        lambda folder: Image.new("RGB", (30, 31)).save(folder / SHEET),
        rf"{SHEET}' has no place for each of \d+ clusters: {AGAIN}",
    ),
}


def test_weights_of_another_training_are_noticed(folder: Path, many: Surrogate) -> None:
    """As a kill between the two files would leave them: right shape, wrong numbers."""
    others = {name: value + value.new_tensor(0.01) for name, value in many.weights.items()}
    save_file(others, folder / WEIGHTS)
    with pytest.raises(ValueError, match=r"are not those its card tells of: train the surrogate again\.$"):
        load_surrogate(str(folder))


def test_loaded_is_what_was_saved(many: Surrogate, folder: Path, model: IdealDenoiser) -> None:
    loaded = load_surrogate(str(folder))
    assert loaded.fingerprint == many.fingerprint
    assert {key: value for key, value in loaded.card.items() if key != DIGEST} == many.card
    assert np.array_equal(loaded.kept, many.kept)
    assert np.abs(loaded.pictures.astype(int) - many.pictures).mean() < 12  # levels of 255: a WebP with losses
    assert loaded.guidance == many.guidance and loaded.label == many.label
    x = torch.randn(5, *model.shape, generator=torch.Generator().manual_seed(0))
    ours, theirs = (make_steering(item, model, GuidanceSettings()).guide(range(5)) for item in (many, loaded))
    for t in (0, 70, 199):
        assert torch.equal(ours(x, t), theirs(x, t))
        assert ours(x, t).any()


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_files_get_a_sentence(folder: Path, damage: str) -> None:
    break_it, sentence = DAMAGES[damage]
    break_it(folder)
    with pytest.raises(ValueError, match=sentence) as error:
        load_surrogate(str(folder))
    assert re.fullmatch(r".+[^.]\.", str(error.value))  # one line that ends once


def test_names_that_lead_nowhere_get_a_sentence(tmp_path: Path) -> None:
    for name in (str(tmp_path / "none"), "x" * 5000, "a\0b", "~nobody-at-all/x"):
        with pytest.raises(ValueError, match=r"^There is no surrogate '.*give a folder made by train surrogate"):
            load_surrogate(name)
    with pytest.raises(ValueError, match=r"card\.json' cannot be read"):
        load_surrogate(str(tmp_path))


def test_a_public_app_reads_no_other_folders(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDE_PUBLIC", "1")
    with pytest.raises(ValueError, match=rf"^'{folder}' cannot be read here: this app is public"):
        load_surrogate(str(folder))
    monkeypatch.setenv("SIDE_ROOTS", str(tmp_path))
    load_surrogate(str(folder))
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    (folder / SHEET).rename(elsewhere)
    (folder / SHEET).symlink_to(elsewhere)
    with pytest.raises(ValueError, match=rf"^'{folder / SHEET}' cannot be read here"):
        load_surrogate(str(folder))


def test_a_folder_that_cannot_be_written_gets_a_sentence(many: Surrogate, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")  # stops root as well
    with pytest.raises(ValueError, match=r"^Folder '.*file/out' cannot be written \(Not a directory\): choose another"):
        save_surrogate(many, tmp_path / "file" / "out")


def test_the_card_is_written_last(many: Surrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a card is whole."""

    def full(*arguments: object) -> None:
        raise ValueError("no space")

    monkeypatch.setattr(module, "webp", full)
    with pytest.raises(ValueError, match="no space"):
        save_surrogate(many, tmp_path)
    assert not (tmp_path / CARD).exists()


def test_the_fingerprint_follows_what_steers_and_nothing_else(many: Surrogate) -> None:
    def changed(**changes: object) -> str:
        return replace(many, **changes).fingerprint

    assert changed() == many.fingerprint
    assert changed(card={**many.card, "training": {}}, pictures=many.pictures[::-1]) == many.fingerprint
    weights = {name: value.clone() for name, value in many.weights.items()}
    weights["head.bias"][0] += 1
    others = [
        changed(weights=weights),
        changed(kept=many.kept + 1),
        changed(card={**many.card, "network": {**many.card["network"], "timed": False}}),
    ]
    assert len({many.fingerprint, *others}) == 4


def test_labels_are_positions_of_kept_clusters(many: Surrogate) -> None:
    assert [many.position(int(number)) for number in many.kept] == list(range(len(many.kept)))


def test_a_dropped_label_is_told_its_cohesion_and_tau(many: Surrogate) -> None:
    dropped = int(np.setdiff1d(np.arange(6), many.kept)[0])
    cohesion, first = many.cohesion[dropped], many.kept[0]
    with pytest.raises(
        ValueError,
        match=rf"^Label {dropped} was dropped \(cohesion {cohesion:.2f}, less than tau 0\.985\): choose a kept one "
        rf"such as {first}, .*, or uniform, or balanced\.$",
    ):
        many.position(dropped)


def test_a_label_that_does_not_exist_is_told_which_do(many: Surrogate) -> None:
    with pytest.raises(
        ValueError, match=r"^Label 6 does not exist: the surrogate has clusters 0 to 5; choose one such"
    ):
        many.position(6)


def test_the_card_s_label_holds_also_where_it_is_0(built: Surrogate) -> None:
    for label in (0, 1, "uniform", "balanced"):
        assert replace(built, card={**built.card, "guidance": {"label": label}}).label == label
    assert replace(built, card={**built.card, "guidance": {}}).label == "balanced"


def test_pictures_are_each_cluster_s_first_and_white_where_there_are_fewer() -> None:
    images = np.random.default_rng(0).integers(0, 255, (9, 8, 6, 3), dtype=np.uint8)
    shown = cluster_pictures(images, iter([np.array([4, 2]), np.arange(9)]))
    assert shown.shape == (2, PICTURES, 8, 6, 3)
    assert np.array_equal(shown[0, :2], images[[4, 2]]) and (shown[0, 2:] == 255).all()
    assert np.array_equal(shown[1], images[:PICTURES])


def test_a_sheet_of_pictures_is_taken_apart_as_it_was_put_together(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, PICTURES, 6, 10, 3), dtype=np.uint8)
    Image.fromarray(sheet_of(pictures)).save(tmp_path / SHEET, format="PNG")
    assert np.array_equal(pictures_of(tmp_path / SHEET, 5), pictures)


def test_large_images_are_shown_small_enough_for_the_most_clusters() -> None:
    shown = cluster_pictures(np.zeros((1, 512, 512, 3), np.uint8), iter([np.array([0])]))
    assert shown[0].size // 3 * MOST_CLUSTERS <= LARGEST_PIXELS


def test_a_user_gets_a_network_of_their_own(built: Surrogate) -> None:
    first = built.fresh_network()
    first.head.bias.data.fill_(9)
    assert not built.fresh_network().training
    assert not torch.equal(built.fresh_network().head.bias, first.head.bias)
