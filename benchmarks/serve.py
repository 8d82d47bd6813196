"""Measure the server: what a call costs above painting in process, and whether it bears a full class for a minute.

`make bench-serve` prints the table. The server is `dalle-nb serve`, in a process of its own. Every picture of the
painter has its prompt in the file: an answer that belongs to another call would show.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import median, quantiles
from threading import Event
from typing import Any
from urllib.parse import urlsplit

from table import Row, show

PAIRS = 20
CLIENTS = 64
SECONDS = 60.0
HEADERS = {"authorization": "Bearer any", "content-type": "application/json"}


@dataclass(slots=True)
class Served:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    address: str
    """`127.0.0.1:port`."""

    @property
    def memory(self) -> float:
        """Megabytes that it holds; 0 where the system does not tell."""
        status = Path(f"/proc/{self.process.pid}/status")
        found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.exists() else None
        return int(found[1]) / 1024 if found else 0.0


@dataclass(slots=True)
class Tally:
    """What came of all calls of a soak."""

    waits: list[float] = field(default_factory=list)
    """Seconds of each call that was answered with its own picture."""
    lost: list[str] = field(default_factory=list)
    """What came in place of a picture."""
    mixed: list[str] = field(default_factory=list)
    """Prompts answered with another's picture."""
    memory: list[float] = field(default_factory=list)
    """The server's megabytes, four times a second."""

    @property
    def growth(self) -> float:
        """Megabytes that the last quarter of the time has more than the second."""
        quarter = max(len(self.memory) // 4, 1)
        return median(self.memory[-quarter:]) - median(self.memory[quarter : 2 * quarter] or self.memory)


@contextmanager
def serving(home: str) -> Iterator[Served]:
    """Serve the painter, and keep what is drawn in that folder."""
    command = [sys.executable, "-m", "dalle_nb", "serve", "--backend", "offline", "--port", "0"]
    environment = os.environ | {"DALLE_NB_HOME": home}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        address = urlsplit(re.findall(r"http://[\w.:]+", process.stdout.readline())[0]).netloc
        try:
            yield Served(process, address)
        finally:
            process.terminate()


def ask(wire: http.client.HTTPConnection, **order: Any) -> bytes:
    """Return the picture that the server gives for an order. ValueError holds what it says instead."""
    wire.request("POST", "/v1/images/generations", json.dumps(order).encode(), HEADERS)
    answer = wire.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise ValueError(body.decode()[:200])
    return base64.b64decode(json.loads(body)["data"][0]["b64_json"])


def soak(served: Served, seconds: float, clients: int = CLIENTS) -> Tally:
    """Let so many clients ask for small pictures, one after the other, for so long."""
    tally, over = Tally(), Event()
    with ThreadPoolExecutor(clients) as pool:
        for client in range(clients):
            pool.submit(_keep_asking, served.address, client, tally, over)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            tally.memory.append(served.memory)
            time.sleep(0.25)
        over.set()
    return tally


def _keep_asking(address: str, client: int, tally: Tally, over: Event) -> None:
    wire, number = http.client.HTTPConnection(address, timeout=120), 0
    while not over.is_set():
        number += 1
        prompt, start = f"a cat with number {client} and {number}", time.monotonic()
        try:
            picture = ask(wire, model="dall-e-2", prompt=prompt, size="256x256", response_format="b64_json")
        except (OSError, ValueError, http.client.HTTPException) as error:
            tally.lost.append(f"{prompt}: {error!r}")
            wire.close()
            continue
        if prompt_of(picture) == prompt:
            tally.waits.append(time.monotonic() - start)
        else:
            tally.mixed.append(prompt)
    wire.close()


def prompt_of(picture: bytes) -> str:
    """Return the prompt that the painter wrote into a picture."""
    from PIL import Image

    note = Image.open(io.BytesIO(picture)).info["dalle_nb_recipe"]
    return str(json.loads(note)["dalle_nb_recipe"]["prompt"])


def measure_overhead() -> Iterator[Row]:
    """Draw one prompt here and through the server, turn about; the best of each counts, as it was disturbed least."""
    import dalle_nb as dn

    order = {"prompt": "a cat on a windowsill", "size": "1024x1024"}
    with (
        tempfile.TemporaryDirectory() as here,
        tempfile.TemporaryDirectory() as there,
        serving(there) as served,
    ):
        workshop = dn.ImageGenerator(backend="offline", home=here)
        wire = http.client.HTTPConnection(served.address)
        alone: list[float] = []
        through: list[float] = []
        for _ in range(PAIRS):
            start = time.perf_counter()
            workshop.generate(**order)
            between = time.perf_counter()
            ask(wire, **order, response_format="b64_json")
            alone.append(1000 * (between - start))
            through.append(1000 * (time.perf_counter() - between))
        wire.close()
    extra = min(through) - min(alone)
    value = f"{extra:.1f} ms  (painting and keeping: {min(alone):.0f} ms)"
    yield Row(what="a call of 1024x1024 / in process", value=value, goal="< 30 ms", good=extra < 30)


def measure_class(seconds: float) -> Iterator[Row]:
    """Have a class draw at once, and count."""
    with tempfile.TemporaryDirectory() as home, serving(home) as served:
        tally = soak(served, seconds)
    done = len(tally.waits)
    slow = quantiles(tally.waits, n=20)[-1]
    value = (
        f"{done} pictures  ({done / seconds:.0f}/s, median {median(tally.waits):.1f} s, 95% in {slow:.1f} s)"
    )
    yield Row(what=f"{CLIENTS} clients for {seconds:.0f} s", value=value, goal="all", good=done > 0)
    bad = (len(tally.lost), len(tally.mixed))
    yield Row(what="lost, mixed up", value=f"{bad[0]}, {bad[1]}", goal="0, 0", good=bad == (0, 0))
    value = f"{tally.growth:+.1f} MB  (of {tally.memory[-1]:.0f} MB)"
    yield Row(
        what="memory, last quarter above the second", value=value, goal="< 20 MB", good=tally.growth < 20
    )


def main() -> int:
    """Print the table; return 1 where a goal is missed."""
    return 1 if show(chain(measure_overhead(), measure_class(SECONDS))) else 0


if __name__ == "__main__":
    sys.exit(main())
