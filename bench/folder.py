"""Scoring against a large folder of pictures, as the command line does it: wall-clock time and peak memory."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

TRAINING, SAMPLES, SIDE = 200_000, 1_000, 32
COPIES = 100  # of the samples are training images
CLASSES = 100


def folder_figures() -> dict[str, float]:
    """1,000 samples against 200,000 PNG files of 32 x 32 pixels and a control of 1,000: first time, and once cached.

    `score_200k_seconds` and `score_200k_cached_seconds` are wall-clock times of the whole command,
    `score_200k_peak_mib` the larger peak of its memory, mapped files included.

    Raises:
        ValueError: the command failed, or did not find the copies among the samples.
    """
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        write_pictures(home)
        first, cached = (score_seconds(home, home / f"out-{run}") for run in (1, 2))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"score_200k_seconds": first, "score_200k_cached_seconds": cached, "score_200k_peak_mib": peak}


def write_pictures(home: Path) -> None:
    """Smooth random pictures as PNG files: `train` in sub-folders, `control`, and `samples`, some of them copies."""
    random = np.random.default_rng(0)
    for part, count in (("train", TRAINING), ("control", SAMPLES), ("samples", SAMPLES)):
        for number in range(count):
            folder = home / part / f"class-{number % CLASSES:03}" if part == "train" else home / part
            if number < CLASSES:
                folder.mkdir(parents=True, exist_ok=True)
            coarse = Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
            coarse.resize((SIDE, SIDE), Image.Resampling.BILINEAR).save(folder / f"{number:06}.png", compress_level=1)
    for number in range(COPIES):
        source = home / "train" / f"class-{number % CLASSES:03}" / f"{number:06}.png"
        (home / "samples" / f"{number:06}.png").write_bytes(source.read_bytes())


def score_seconds(home: Path, out: Path) -> float:
    """Wall-clock seconds of one `score` command with its own cache."""
    parts = ("samples", "control")
    sources = [argument for part in parts for argument in (f"--{part}", str(home / part))]
    command = [sys.executable, "-m", "side_core", "score", "--data", str(home / "train"), *sources, "--out", str(out)]
    start = time.perf_counter()
    done = subprocess.run(
        command, env=os.environ | {"SIDE_CACHE": str(home / "cache")}, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode or f"{COPIES} of {SAMPLES:,}" not in done.stdout:
        raise ValueError(f"Scoring a large folder went wrong: {(done.stderr or done.stdout)[-300:]}")
    return seconds
