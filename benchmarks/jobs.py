"""Measure what collecting a job takes, in seconds and memory, for few results and many, small ones and large.

`make bench-jobs` prints the table. A real server on loopback, in a process of its own, draws the job; each row is a
fresh process that sends it, waits and collects it: each picture proved, synced and recorded. Beside the large ones
stands the SDK's own way, which takes the whole file into memory (`client.files.content(…).text`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FEW, MANY, LARGE = 60, 2_000, 100
"""Results; the large ones are pictures of 2 MB."""
MOST_MB, FLAT = 200, 1.3
"""Peak memory in all, and of many results as against few."""

START = """
import json, resource, sys, time
scale = 1 if sys.platform == "darwin" else 1024
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 2**20
"""
OURS = """
from dalle_nb import ImageGenerator
from dalle_nb._items import Item
from dalle_nb._jobs import submit
workshop = ImageGenerator(model="gpt-image-2", server="openai")
start = time.perf_counter()
job = submit(workshop, [Item(prompt=f"fox number {n}", options={"quality": "low"}) for n in range(int(sys.argv[1]))],
             yes=True)
sent = time.perf_counter() - start
while not job.refresh().ended:
    pass
start = time.perf_counter()
job.collect()
done = sum(run.status == "done" for run in job.runs)
took = time.perf_counter() - start
print(json.dumps([job.parts[0].output, done, sent, took, peak()]))
"""
SDK = """
import base64, openai
client = openai.OpenAI()
start = time.perf_counter()
lines = client.files.content(sys.argv[1]).text.splitlines()
found = [base64.b64decode(json.loads(line)["response"]["body"]["data"][0]["b64_json"]) for line in lines]
print(json.dumps([len(found), time.perf_counter() - start, peak()]))
"""


def main() -> int:
    """Print the table, and return 1 where a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        with serving() as url:
            few, many = (measure(OURS, str(count), url=url, folder=folder) for count in (FEW, MANY))
        with serving("--noise", "5") as url:
            large = measure(OURS, str(LARGE), url=url, folder=folder)
            sdk = measure(SDK, large[0], url=url, folder=folder)
    print(f"{'results':>24} {'kept':>6} {'send s':>8} {'collect s':>10} {'ms each':>8} {'peak MB':>8}")
    for name, count, row in (
        (f"{FEW} small", FEW, few),
        (f"{MANY} small", MANY, many),
        (f"{LARGE} of 2 MB", LARGE, large),
    ):
        _, done, sent, took, peak = row
        print(f"{name:>24} {done:>6} {sent:>8.2f} {took:>10.2f} {1000 * took / count:>8.1f} {peak:>8.0f}")
    print(
        f"{'the same, whole file':>24} {sdk[0]:>6} {'':>8} {sdk[1]:>10.2f} {1000 * sdk[1] / LARGE:>8.1f} {sdk[2]:>8.0f}"
    )
    good = (
        (many[1], large[1]) == (MANY, LARGE) and max(many[4], large[4]) < MOST_MB and many[4] < FLAT * few[4]
    )
    print(f"all kept, under {MOST_MB} MB, {many[4] / few[4]:.2f} times the memory for {MANY // FEW} times the results:"
          f" {'yes' if good else 'NO'}")  # fmt: skip
    return 0 if good else 1


def measure(program: str, argument: str, *, url: str, folder: str) -> list[Any]:
    """Return what a fresh process of these lines measures."""
    home = tempfile.mkdtemp(dir=folder)
    environ = {**os.environ, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-bench-0000", "DALLE_NB_HOME": home}
    command = [sys.executable, "-c", START + program, str(argument)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    found: list[Any] = json.loads(done.stdout)
    return found


@contextmanager
def serving(*words: str) -> Iterator[str]:
    """Serve the Images and Batch API while the block runs."""
    command = [sys.executable, "-m", "tests.openai_server", *words]
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().strip().partition("=")[2]
        finally:
            server.kill()


if __name__ == "__main__":
    sys.exit(main())
