"""A full class at once: what `make bench-serve` measures for a minute, for a few seconds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lab import ROOT
from serving import serving

from dalle_nb import ImageGenerator


def benchmark() -> Any:
    """Return benchmarks/serve.py as a module."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import serve

        return serve
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


def test_64_clients_each_get_their_own_pictures(tmp_path: Path) -> None:
    """Nobody's call is lost, nobody gets another's picture, and every picture is in the history."""
    bench = benchmark()
    with serving(tmp_path) as server:
        served = bench.Served(server.process, server.root.removeprefix("http://"))
        tally = bench.soak(served, seconds=3, clients=64)
    assert ([], []) == (tally.lost, tally.mixed)
    assert 64 <= len(tally.waits) == ImageGenerator(home=tmp_path / "pictures").store.count()
    assert tally.memory[-1] < 1_000  # megabytes: with a hundred for the painter, far from one picture each
