"""A server's first visitors come while it still imports: in a new process, several threads open models at once."""

import subprocess
import sys

PROGRAM = """
from concurrent.futures import ThreadPoolExecutor
from side_core.dpm.folder import open_denoiser
with ThreadPoolExecutor(3) as threads:
    opened = list(threads.map(open_denoiser, ("pixel-faces", "ideal", "pixel-faces-text")))
print(len({denoiser.fingerprint for denoiser in opened}))
"""


def test_threads_may_be_the_first_to_import() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, check=False)
    assert (done.stdout.strip(), done.returncode) == ("3", 0), done.stderr[-2000:]
