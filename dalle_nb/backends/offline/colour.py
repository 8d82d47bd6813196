"""Colours and planes of pixels, and how they are mixed: what everything that paints is told in.

Knows no picture.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Plane: TypeAlias = npt.NDArray[np.floating[Any]]
"""One channel (h, w), or a whole picture (h, w, 3); float32 wherever it is as large as the sheet."""
Colour: TypeAlias = tuple[float, float, float]
"""Red, green, blue from 0 to 1."""


def hexed(code: str) -> Colour:
    """Return the Colour that ``#rrggbb`` names."""
    red, green, blue = (int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return the colour that is ``share`` of the way from the first to the second."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def times(colour: Colour, factor: Colour | float) -> Colour:
    """Return a colour multiplied by a number or, channel by channel, by another colour."""
    by = (factor,) * 3 if isinstance(factor, (int, float)) else factor
    red, green, blue = (a * b for a, b in zip(colour, by, strict=True))
    return red, green, blue


def blend(first: Colour | Plane, second: Colour | Plane, share: Plane) -> Plane:
    """Return a picture (h, w, 3) that goes from one colour (or picture) to another as ``share`` (h, w) says."""
    start, end = np.asarray(first, np.float32), np.asarray(second, np.float32)
    blended: Plane = start + (end - start) * share[..., None]
    return blended


def ramp(low: float, high: float, value: Plane) -> Plane:
    """Return 0 below ``low``, 1 above ``high`` and a smooth step between (``low`` may be the larger)."""
    part = np.clip((value - low) * (1 / (high - low)), 0, 1)
    smooth: Plane = part * part * (3 - 2 * part)
    return smooth
