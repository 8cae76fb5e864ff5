"""The command line: search by a text, and the training of the model it searches by."""

import json
from pathlib import Path

import pytest

from side_core.commands.main import main
from side_core.commands.train import clip
from tests.similarity.small_clip import save_small_clip

MICRO = "--steps 2 --batch-size 8 --width 32 --layers 1 --text-width 32 --text-layers 1 --features 16 --context 36"
SEARCH = ["search", "red hat and glasses", "--data", "captioned-faces[0:50]", "--top", "5", "--device", "cpu"]


def said(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int = 0) -> tuple[str, str]:
    """What a command prints: stdout and stderr."""
    assert main(arguments) == code
    return capsys.readouterr()


def test_search_prints_ids_captions_and_cosines(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, SEARCH)[0].splitlines()
    hits = json.loads(said(capsys, [*SEARCH, "--json"])[0])["hits"]
    assert len(lines) == 5 and lines == [f"{hit['cosine']:+.3f}  {hit['id']}  {hit['caption']}" for hit in hits]
    cosines = [hit["cosine"] for hit in hits]
    assert cosines == sorted(cosines, reverse=True)
    assert all(word in hit["caption"] for hit in hits[:2] for word in ("hat", "glasses"))


def test_search_by_a_model_of_ones_own_among_pictures_without_captions(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    weights = f"local-dir:{save_small_clip(tmp_path)}"
    out, err = said(capsys, ["search", "zebra", "--data", "pixel-faces[0:9]", "--weights", weights, "--device", "cpu"])
    assert len(out.splitlines()) == 8 and "does not know zebra as whole words." in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["search", " "], "The search is empty: type what to look for"),
        (["search", "hat", "--top", "0"], "top cannot be '0': choose 1 or more."),
        (["search", "hat", "--weights", "ViT-B-32"], "cannot be 'ViT-B-32': name them as pixel-faces-clip"),
        (["search", "hat", "--data", "no/such"], "There is no data source 'no/such'"),
        (["train", "clip", "--out", "x", "--patch", "1"], "patch cannot be '1': choose 2 or more."),
    ],
)
def test_wrong_values_get_one_sentence(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, arguments, 2)
    assert not out and expected in err and len(err.strip().splitlines()) == 1


def test_train_clip_writes_a_model_with_its_figures_and_goes_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip, "TRAINING_ROWS", "pixel-faces[10000:10040]")
    monkeypatch.setattr(clip, "HELD_OUT_ROWS", "pixel-faces[28000:28100]")
    train = ["train", "clip", "--out", str(tmp_path / "clip"), "--device", "cpu", *MICRO.split()]
    out, err = said(capsys, [*train, "--stop-at", "1"])
    assert "The model is in" in out and "step 1" in err
    said(capsys, [*train, "--resume"])
    card = json.loads((tmp_path / "clip" / "card.json").read_text())
    assert card["steps"] == 2 and card["held_out"]["retrieval"]["full description"]["picture_top_1"]["count"] == 100
    assert card["held_out"]["source"] == "pixel-faces[28000:28100]"
