"""Random lattices and tiles: what the noise of a Canvas is made of.

Works in cells and texels; where they lie in a picture is the Canvas's to say.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from dalle_nb.backends.offline.colour import Plane

TILE, CELL = 512, 16
"""Texels of a tile of noise, and of its largest feature."""


def lattice(chance: np.random.Generator, rows: int, columns: int, seen: slice = slice(None)) -> Plane:
    """Return random values whose neighbours balance each other, so that no picture is all cloud or all sea.

    ``seen`` are the columns that are wanted of it.
    """
    values = chance.random((rows, columns), dtype=np.float32)[:, seen] - np.float32(0.5)
    around = np.roll(values, 1, 0)
    for move, axis in ((-1, 0), (1, 1), (-1, 1)):
        around += np.roll(values, move, axis)
    around *= np.float32(0.15)
    values -= around
    return values


def between_rows(texture: Plane, at: npt.NDArray[np.float64]) -> Plane:
    """Return the rows (len(at), width) of a tile at fractional row numbers, going round its edge."""
    above = np.floor(at).astype(np.int64)
    part = (at - above).astype(np.float32)[:, None]
    first, second = texture[above & (TILE - 1)], texture[(above + 1) & (TILE - 1)]
    mixed: Plane = first + (second - first) * part
    return mixed


def resized(values: Plane, columns: int, rows: int, box: tuple[float, float, float, float]) -> Plane:
    """Return values seen through a smooth lens: a box of them (left, top, right, bottom) made so large."""
    image = Image.fromarray(values).resize((columns, rows), Image.Resampling.BICUBIC, box=box)
    return np.asarray(image, np.float32)


def tile(chance: Callable[[int], np.random.Generator], octaves: int) -> Plane:
    """Return a square of noise, -0.5 to 0.5, whose opposite edges meet; ``chance`` gives each octave its own."""
    total = np.zeros((TILE, TILE), np.float32)
    for octave in range(octaves):
        cells = (TILE // CELL) << octave
        values = np.pad(lattice(chance(octave), cells, cells), 4, mode="wrap")
        total += (0.55**octave) * resized(values, TILE, TILE, (4, 4, 4 + cells, 4 + cells))
    return total * (1.6 / sum(0.55**octave for octave in range(octaves)))
