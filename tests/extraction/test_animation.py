"""The GIF of the path: all frames, the last of them the picture."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from side_core.dpm.ideal import IdealDenoiser
from side_core.extraction.animation import FRAME_MILLISECONDS, FRAMES, HOLD, IMAGES, PathRecorder, animate, is_path_of
from side_core.sampling.drawing import draw
from side_core.settings import SamplingSettings


def frames_of(gif: bytes) -> list[np.ndarray]:
    """All frames; equal ones in a row are one that stays longer."""
    image = Image.open(io.BytesIO(gif))
    frames = []
    for number in range(image.n_frames):
        image.seek(number)
        frames += [np.asarray(image.convert("RGB"))] * (image.info["duration"] // FRAME_MILLISECONDS)
    return frames


def test_a_frame_for_each_kept_step_and_the_picture_at_the_end(ideal: IdealDenoiser) -> None:
    settings = SamplingSettings(count=20, steps=40, batch_size=18)
    recorder = PathRecorder(ideal, settings)
    finished = []
    for drawing in draw(ideal, settings):
        recorder.see(drawing)
        if drawing.images is not None:
            finished.append(drawing.images)
    assert recorder.gif.startswith(b"GIF89a")
    frames = frames_of(recorder.gif)
    assert len(frames) == FRAMES - 1 + HOLD
    size = 16 * 8  # enlarged eight times
    assert frames[-1].shape == (IMAGES // 4 * size, 4 * size, 3)
    last = frames[-1].reshape(4, size, 4, size, 3).swapaxes(1, 2).reshape(16, size, size, 3)[:, 4::8, 4::8]
    assert np.abs(last.astype(int) - finished[0][:16]).mean() < 8  # a GIF has 256 colours


def test_a_few_images_need_no_blank_cells() -> None:
    frame = frames_of(animate([np.full((2, 64, 64, 3), 100, np.uint8)]))[0]
    assert frame.shape == (128, 256, 3) and (frame == 100).all()
    frame = frames_of(animate([np.full((5, 128, 128, 3), 100, np.uint8)]))[0]
    assert frame.shape == (256, 512, 3) and (frame[128:, 128:] == 255).all()


def test_of_other_images_there_is_none(ideal: IdealDenoiser, tmp_path: Path) -> None:
    settings = SamplingSettings(count=20, steps=4, batch_size=8)
    recorder = PathRecorder(ideal, settings)
    for drawing in draw(ideal, settings, seeds=range(5, 20)):
        assert not recorder.see(drawing)
    assert not recorder.gif
    assert any(recorder.see(drawing) for drawing in draw(ideal, settings, seeds=range(12)))
    (tmp_path / "path.gif").write_bytes(recorder.gif)
    assert is_path_of(tmp_path / "path.gif", range(8))
    for other in (range(9), range(1, 8)):
        assert not is_path_of(tmp_path / "path.gif", other)
    assert not is_path_of(tmp_path / "none.gif", range(8))
