"""Drawing on a page: what is finished is kept, what is kept is not drawn again."""

from collections.abc import Iterator
from typing import Any

import pytest

from pages._parts import live
from pages._parts.pictures import PictureStore
from side_core.extraction.run import Subject, open_subject
from side_core.settings import ExtractSettings

SETTINGS = ExtractSettings(model="ideal", count=20, steps=4)


@pytest.fixture(scope="module")
def subject() -> Subject:
    return open_subject(SETTINGS)


def test_only_missing_pictures_are_drawn(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[int]] = []
    real = live.draw

    def counted(denoiser: Any, settings: Any, seeds: Any) -> Iterator[Any]:
        asked.append(list(seeds))
        return real(denoiser, settings, seeds)

    monkeypatch.setattr(live, "draw", counted)
    store = PictureStore()
    live.draw_missing(SETTINGS.model_copy(update={"count": 3}), subject, store)
    live.draw_missing(SETTINGS.model_copy(update={"count": 5, "seed": 1}), subject, store)
    live.draw_missing(SETTINGS.model_copy(update={"threshold": 0.5, "score": "nl2", "count": 3}), subject, store)
    assert asked == [[0, 1, 2], [3, 4, 5]]


def test_interrupted_drawing_keeps_the_finished_batches(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    real = live.draw

    def interrupted(*arguments: Any) -> Iterator[Any]:
        for drawing in real(*arguments):
            if drawing.done == 6:  # in the middle of the second batch of four steps
                raise KeyboardInterrupt
            yield drawing

    monkeypatch.setattr(live, "draw", interrupted)
    store = PictureStore()
    with pytest.raises(KeyboardInterrupt):
        live.draw_missing(SETTINGS, subject, store)
    assert len(store.pictures) == live.BATCH


def test_path_ends_with_the_picture_itself(subject: Subject) -> None:
    pictures = live.draw_missing(SETTINGS.model_copy(update={"count": 2, "steps": 30}), subject, PictureStore())
    for picture in pictures.values():
        assert len(picture.path) == len(picture.path_timesteps) == live.FRAMES
        assert (picture.path[-1] == picture.image).all()
