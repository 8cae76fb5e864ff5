"""Exact nearest neighbours, against faiss' exhaustive index and of large pictures: time and memory."""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from side_core.similarity.neighbours import nearest
from side_core.similarity.vectors import PixelVectors

QUERIES, ROWS, DIMENSIONS, K = 10_000, 50_000, 768, 50
ROUNDS = 3
SAME = 0.9999  # share of neighbours that both have to agree on: rounding swaps near ties
SIDE, SAMPLES, TRAINING, CONTROL = 512, 1_000, 2_000, 2_000  # pictures
COPIES = 100  # of the samples are training pictures, but for a level of one number
COARSE = 8  # colours a side that a smooth picture is made of
ROOT = Path(__file__).resolve().parent.parent


def topk_figures() -> dict[str, float]:
    """The 50 nearest of 10,000 queries among 50,000 rows of 768 float32 numbers, against faiss' `IndexFlatL2`.

    `topk_vs_faiss_ratio` is our median time over theirs (building the index and searching it), measured in turns with
    as many threads; `topk_peak_mib` is the peak memory of a process that does our search alone, its data included.

    Raises:
        ValueError: faiss is not installed, or both find other neighbours.
    """
    try:
        import faiss
    except ImportError:
        raise ValueError(
            "faiss is not installed, with which top-k is compared: install requirements-dev.txt."
        ) from None
    faiss.omp_set_num_threads(torch.get_num_threads())
    queries, rows = random_vectors()
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    nearest(queries[:ROUNDS], rows, K)  # warms up
    for _ in range(ROUNDS):
        start = time.perf_counter()
        ours = nearest(queries, rows, K).rows
        middle = time.perf_counter()
        index = faiss.IndexFlatL2(DIMENSIONS)
        index.add(rows)
        _, theirs = index.search(queries, K)
        seconds["ours"].append(middle - start)
        seconds["theirs"].append(time.perf_counter() - middle)
        if (agreed := float((np.sort(ours, axis=1) == np.sort(theirs, axis=1)).mean())) < SAME:
            raise ValueError(f"Only {100 * agreed:.2f} % of the neighbours are those of faiss: do not trust top-k.")
    peak = subprocess.run([sys.executable, "-m", "bench.topk"], cwd=ROOT, capture_output=True, text=True, check=True)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "topk_seconds": median["ours"],
        "topk_vs_faiss_ratio": median["ours"] / median["theirs"],
        "topk_peak_mib": float(peak.stdout),
    }


def random_vectors() -> tuple[np.ndarray, np.ndarray]:
    """Queries and rows, the same each time."""
    random = np.random.default_rng(0)
    queries = random.standard_normal((QUERIES, DIMENSIONS), dtype=np.float32)
    return queries, random.standard_normal((ROWS, DIMENSIONS), dtype=np.float32)


def wide_figures() -> dict[str, float]:
    """The 50 nearest of 1,000 pictures of 512 px among 2,000 training pictures, and among a control of as many.

    `match_512px_seconds` is the wall-clock time of both searches, `match_512px_peak_mib` the peak memory of a process
    that does them alone, with what it has mapped of the files. They take 4 GB of disk.

    Raises:
        ValueError: the copies among the samples were not found.
    """
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name))
        command = [sys.executable, "-m", "bench.topk", name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, peak, copies = map(float, done.stdout.split())
    if copies != COPIES:
        raise ValueError(f"{copies:.0f} of {COPIES} copies were found: do not trust the search of large pictures.")
    return {"match_512px_seconds": seconds, "match_512px_peak_mib": peak}


def write_files(folder: Path) -> None:
    """Smooth random pictures, the same each time: `training.npy`, `control.npy`, and `samples.npy` with the copies."""
    random = np.random.default_rng(0)
    for name, count in (("training", TRAINING), ("control", CONTROL), ("samples", SAMPLES)):
        images = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.uint8, (count, SIDE, SIDE, 3))
        for image in images:
            colours = Image.fromarray(random.integers(0, 256, (COARSE, COARSE, 3), dtype=np.uint8))
            image[:] = np.asarray(colours.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        if name == "samples":
            images[:COPIES] = np.load(folder / "training.npy", mmap_mode="r")[:COPIES]
            images[:COPIES, 0, 0, 0] ^= 1
        images.flush()


def search_files(folder: Path) -> tuple[float, int]:
    """Seconds of both searches, and how many copies were found where they are, a level of one number away."""
    samples, training, control = (
        PixelVectors(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in ("samples", "training", "control")
    )
    start = time.perf_counter()
    found = nearest(samples, training, K)
    nearest(samples, control, K)
    seconds = time.perf_counter() - start
    one_level = np.float32(1 / 255 / np.sqrt(samples.shape[1]))
    there = (found.rows[:COPIES, 0] == np.arange(COPIES)) & np.isclose(found.distances[:COPIES, 0], one_level, 1e-5, 0)
    return seconds, int(there.sum())


def peak_mib() -> float:
    """Largest memory of this process so far; that of the process which started it does not count."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    if len(sys.argv) > 1:
        spent, copies_found = search_files(Path(sys.argv[1]))
        print(spent, peak_mib(), copies_found)
    else:
        nearest(*random_vectors(), K)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
