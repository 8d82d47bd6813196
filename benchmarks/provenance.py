"""Measure what it costs to tell a copy where it comes from, beside encoding the picture anew with the same text.

One picture of 1024x1024, about 2 MB as PNG; both sides start from its bytes and end with bytes. Pillow does the
encoding, at its own defaults, and for JPEG with the quality that the file has.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dalle_nb._exporting import stripped, with_provenance
from dalle_nb._images import MEDIA_TYPES
from dalle_nb._provenance import find_texts, originals
from dalle_nb._records import PictureRecord, Request, RunRecord, Status

GOAL = 100
PROMPT = "一只穿着宇航服的猫咪,站在月球表面,背景是地球,科幻电影风格. " * 5


def encode(image: Image.Image, form: str, **how: Any) -> bytes:
    """Return the picture in a format."""
    file = io.BytesIO()
    image.save(file, form, **how)
    return file.getvalue()


def encode_with(text: str, form: str, data: bytes) -> bytes:
    """Return the picture decoded and encoded anew, the text with it."""
    image = Image.open(io.BytesIO(data))
    if form == "png":
        info = PngInfo()
        info.add_itxt("dalle_nb", text)
        return encode(image, form, pnginfo=info)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-be")
    return encode(image, form, exif=exif, **({"quality": "keep"} if form == "jpeg" else {}))


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    """Return how long the work takes, the median of some rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return median(times)


def main() -> int:
    """Print the table; return 1 where writing misses its goal."""
    noise = np.random.default_rng(7).integers(0, 64, (1024, 1024, 3), dtype=np.uint8)
    image = Image.fromarray(
        np.asarray(Image.linear_gradient("L").resize((1024, 1024)))[..., None] // 2 + noise
    )
    missed = 0
    for form in ("png", "jpeg", "webp"):
        data = encode(image, form)
        picture = PictureRecord(
            sha256=sha256(data).hexdigest(), media_type=MEDIA_TYPES[form], width=1024, height=1024,
            size=len(data), index=1,
        )  # fmt: skip
        run = RunRecord(
            id=1, uid="0" * 32, created=datetime.now(UTC), request=Request(prompt=PROMPT), backend="openai",
            model="a-model", sent=({"prompt": PROMPT, "size": "1024x1024"},), status=Status.DONE,
        )  # fmt: skip
        told, _ = with_provenance(data, run, picture)
        text = find_texts(told).ours or ""
        anew = milliseconds(lambda: encode_with(text, form, data), 7)  # noqa: B023 - called before the next
        works: dict[str, Callable[[], object]] = {
            "write": lambda: with_provenance(data, run, picture),  # noqa: B023 - as above
            "read": lambda: find_texts(told),  # noqa: B023 - as above
            "strip": lambda: stripped(told),  # noqa: B023 - as above
            "take back": lambda: list(originals(told)),  # noqa: B023 - as above
        }
        print(f"{form:5}{len(data) / 1e6:.2f} MB   encoded anew {anew:7.1f} ms", end="")
        for name, work in works.items():
            took = milliseconds(work, 101)
            missed += name == "write" and anew < GOAL * took
            print(f"   {name} {took:.3f} ms ({anew / took:,.0f}x)", end="")
        print()
    print(f"goal of write: {GOAL}x{', MISSED' if missed else ''}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
