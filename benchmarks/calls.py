"""Measure what a call costs above what the server takes: time, and memory, beside the bare SDK in the same run.

`make bench` prints the table. A real server on loopback, in a process of its own, answers with a PNG of 2 MB (8 MB
for memory); a raw socket's time for the same bytes is taken off both. Ours is verified, saved, synced and recorded.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from table import Row, show

ROUNDS = 3
CALLS = 15
COMMON = """
import json, resource, sys, time
from statistics import median
scale = 1 if sys.platform == "darwin" else 1024
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
def timed(act, calls={calls}):
    waits = []
    for call in range(calls + 2):
        start = time.perf_counter()
        act(f"cat number {{call}}")
        waits.append(time.perf_counter() - start)
        busy = time.process_time() if call == 1 else busy if call else 0
    return 1000 * median(waits[2:]), 1000 * (time.process_time() - busy) / calls
"""
RAW = """
import http.client, os
from urllib.parse import urlsplit
place = urlsplit(os.environ["OPENAI_BASE_URL"])
wire = http.client.HTTPConnection(place.hostname, place.port)
order = {{"model": "gpt-image-2", "n": 1, "quality": "low", "size": "{size}"}}
headers = {{"authorization": "Bearer sk-bench", "content-type": "application/json"}}
def act(prompt):
    wire.request("POST", "/v1/images/generations", json.dumps(order | {{"prompt": prompt}}), headers)
    wire.getresponse().read()
print(json.dumps([*timed(act), 0]))
"""
SDK = """
import base64, openai
client = openai.OpenAI(max_retries=0)
def act(prompt):
    answer = client.images.generate(model="gpt-image-2", prompt=prompt, n=1, quality="low", size="{size}")
    return base64.b64decode(answer.data[0].b64_json)
client.models.list()
bare = peak()
print(json.dumps([*timed(act), peak() - bare]))
"""
OURS = """
import dalle_nb as dn
workshop = dn.ImageGenerator(model="gpt-image-2", server="openai")
def act(prompt):
    workshop.generate(prompt, quality="low", size="{size}")
workshop.backend.check(), workshop.store
import dalle_nb.backends.openai, numpy, PIL.PngImagePlugin
bare = peak()
print(json.dumps([*timed(act), peak() - bare]))
"""


@contextmanager
def serving(noise: int) -> Iterator[None]:
    """Serve the Images API in a process of its own, and let what is started here find it."""
    command = [sys.executable, "-m", "tests.openai_server", "--noise", str(noise)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    ) as server:
        assert server.stdout is not None
        os.environ["OPENAI_BASE_URL"] = server.stdout.readline().strip().partition("=")[2]
        os.environ["OPENAI_API_KEY"] = "sk-bench"
        try:
            yield
        finally:
            server.kill()


def measure_time() -> Iterator[Row]:
    """Compare one call of ours with one of the bare SDK, turn about, both above the raw bytes; the best round counts."""
    figures: dict[str, list[list[float]]] = {"raw": [], "sdk": [], "ours": []}
    with serving(noise=5):
        for _ in range(ROUNDS):
            for name, program in (("raw", RAW), ("sdk", SDK), ("ours", OURS)):
                figures[name].append(_python(program, size="1024x1024"))
    raw, sdk, ours = (min(wall for wall, _, _ in figures[name]) for name in ("raw", "sdk", "ours"))
    busy = {name: min(cpu for _, cpu, _ in figures[name]) for name in ("sdk", "ours")}
    yield Row(
        what="a call of 2 MB, kept / bare SDK, in memory",
        value=f"{(ours - raw) / (sdk - raw):.2f}  ({ours - raw:.1f} of {sdk - raw:.1f} ms)",
        goal="< 25 ms",
        good=ours - raw < 25,
    )
    ratio = busy["ours"] / busy["sdk"]
    value = f"{ratio:.2f}  ({busy['ours']:.1f} of {busy['sdk']:.1f} ms)"
    yield Row(what="its processor time / the bare SDK's", value=value, goal="< 1.8", good=ratio < 1.8)


def measure_memory() -> Iterator[Row]:
    """Take the peak of an answer of 8 MB over what stood there before, in multiples of its bytes."""
    with serving(noise=8):
        rows = {
            name: _python(program, size="1920x1472")[2] for name, program in (("ours", OURS), ("sdk", SDK))
        }
    size = 1920 * 1472 * 3
    value = f"{rows['ours'] / size:.1f}x  (bare SDK {rows['sdk'] / size:.1f}x, {size / 1e6:.1f} MB)"
    yield Row(
        what="peak memory of an answer / its picture", value=value, goal="< 6x", good=rows["ours"] < 6 * size
    )


def _python(program: str, *, size: str) -> Any:
    code = COMMON.format(calls=CALLS) + program.format(size=size)
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"DALLE_NB_HOME": home}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    """Print the table; return 1 where a goal is missed."""
    return 1 if show(chain(measure_time(), measure_memory())) else 0


if __name__ == "__main__":
    sys.exit(main())
