"""Exact nearest neighbours against faiss' exhaustive index: time and memory."""

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from side_core.similarity.neighbours import nearest

QUERIES, ROWS, DIMENSIONS, K = 10_000, 50_000, 768, 50
ROUNDS = 3
SAME = 0.9999  # share of neighbours that both have to agree on: rounding swaps near ties
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
    peak = subprocess.run(
        [sys.executable, "-m", "side_core.bench_topk"], cwd=ROOT, capture_output=True, text=True, check=True
    )
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


if __name__ == "__main__":
    nearest(*random_vectors(), K)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
