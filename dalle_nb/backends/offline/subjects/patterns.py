"""What a thing is covered with when it is of more than one colour: stripes, dots, checks, patches, the rainbow.

A pattern is written as its name and its colours: ``stripes#d0342c#f3f1ec``. Knows no subject.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

RAINBOW = "rainbow"
"""A pattern whose colours are its own."""
_RAINBOW = ("#e23e3a", "#f48e30", "#fad042", "#58b256", "#4088d6", "#8c5cbe")


def is_pattern(colour: str) -> bool:
    """Whether a colour is a pattern, with as many colours as it needs."""
    name, *codes = colour.split("#")
    return colour == RAINBOW or (name in _LAYOUTS and len(codes) > 1)


def cover(colour: str, height: int, width: int) -> NDArray[np.float64]:
    """Return a pattern over a sprite's box, (height, width, 3) in 0 to 1; the same at any size."""
    name, *codes = colour.split("#")
    palette = _RAINBOW if name == RAINBOW else tuple(f"#{code}" for code in codes)
    shades = np.array([[int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)] for code in palette])
    across = (np.arange(width) + 0.5)[None] / max(width, height)
    down = (np.arange(height) + 0.5)[:, None] / max(width, height)
    number = _LAYOUTS[name](across, down, width >= height, len(palette))
    return np.asarray(shades[np.broadcast_to(number, (height, width)) % len(palette)], np.float64)


def _stripes(
    across: NDArray[np.float64], down: NDArray[np.float64], wide: bool, many: int
) -> NDArray[np.int64]:
    along = across if wide else down  # bands round a tower, gores of a balloon
    return np.asarray(np.floor(along * (12 if many > 2 else 9)), np.int64)


def _dots(
    across: NDArray[np.float64], down: NDArray[np.float64], _wide: bool, _many: int
) -> NDArray[np.int64]:
    row = np.floor(down * 9)
    x, y = (across * 9 + 0.5 * (row % 2)) % 1 - 0.5, (down * 9) % 1 - 0.5
    return np.asarray(x * x + y * y < 0.075, np.int64)


def _checks(
    across: NDArray[np.float64], down: NDArray[np.float64], _wide: bool, _many: int
) -> NDArray[np.int64]:
    return np.asarray(np.floor(across * 10) + np.floor(down * 10), np.int64)


def _patches(
    across: NDArray[np.float64], down: NDArray[np.float64], _wide: bool, _many: int
) -> NDArray[np.int64]:
    wave = sum(
        math.cos(k)
        * np.sin(across * (9 + 4 * k) + 3 * k + 2 * np.cos(down * 7 + k))
        * np.cos(down * (8 + 3 * k) + k)
        for k in (0.3, 1.1, 2.6)
    )
    return np.asarray(wave > 0.28, np.int64)


_LAYOUTS: dict[
    str, Callable[[NDArray[np.float64], NDArray[np.float64], bool, int], NDArray[np.int64]]
] = {
    RAINBOW: _stripes,
    "stripes": _stripes,
    "dots": _dots,
    "checks": _checks,
    "patches": _patches,
}  # fmt: skip
