"""Measure the offline painter over the prompts of its sheet: seconds, peak memory, and what it weighs in the wheel.

`make bench-painter` prints the table; `--every 4` paints every fourth of them. Each picture is painted in a process of
its own, so that its peak is its own; memory counts from an interpreter with numpy and Pillow loaded.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
ART = ROOT / "dalle_nb" / "backends" / "offline"
PAINT = """
import json, resource, sys, time
import numpy, PIL.Image, PIL.ImageDraw, PIL.ImageFilter
unit = 1 if sys.platform == "darwin" else 1024
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
bare = peak()
from dalle_nb.backends.offline.painter import paint
from dalle_nb.backends.offline.reader import read
paint(read("a cat", seed=1), 64, 64)  # what is read once is read
start, burnt = time.perf_counter(), time.process_time()
paint(read(sys.argv[1], seed=1), int(sys.argv[2]), int(sys.argv[3]))
print(json.dumps([time.perf_counter() - start, time.process_time() - burnt, peak() - bare]))
"""
GOALS = {(1024, 1024): (1.0, 120), (3840, 2160): (15.0, 600)}
"""By size: seconds and megabytes; the median has to keep them at the smaller, the worst at the larger."""


def main() -> None:
    """Print one line for each size, and one for what the painter weighs."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from painter_sheet import PROMPTS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="paint every n-th prompt of the sheet")
    parser.add_argument("--every-large", type=int, default=8, help="the same at 3840x2160")
    wanted = parser.parse_args()
    for size, every in zip(GOALS, (wanted.every, wanted.every_large), strict=True):
        report(size, {prompt: measure(prompt, size) for prompt in PROMPTS[::every]})
    print(f"art and words in a wheel: {weigh() / 1e6:.2f} MB (goal 2)")


def measure(prompt: str, size: tuple[int, int]) -> tuple[float, float, float]:
    """Return the seconds on the clock, the seconds of the processor, and the megabytes that one picture takes."""
    arguments = [sys.executable, "-c", PAINT, prompt, *map(str, size)]
    told = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    seconds, burnt, memory = json.loads(told)
    return seconds, burnt, memory / 1e6


def report(size: tuple[int, int], measured: dict[str, tuple[float, float, float]]) -> None:
    """Print medians, worst cases and whose they are."""
    seconds, memory = GOALS[size]
    print(f"{size[0]}x{size[1]}, {len(measured)} pictures (goal {seconds:g} s, {memory} MB):")
    for at, (what, unit) in enumerate((("clock", "s"), ("processor", "s"), ("peak memory", "MB"))):
        worst = max(measured, key=lambda prompt: measured[prompt][at])
        middle = median(values[at] for values in measured.values())
        print(
            f"  {what:12} median {middle:7.2f} {unit}   largest {measured[worst][at]:7.2f} {unit}   {worst[:60]}"
        )


def weigh() -> int:
    """Return the bytes that the painter's code, art and words take, packed as in a wheel."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as wheel:
            for path in sorted(ART.rglob("*")):
                if path.suffix in (".py", ".toml", ".svg"):
                    wheel.write(path, path.relative_to(ROOT))
        return file.tell()


if __name__ == "__main__":
    main()
