"""Floors that lie in perspective, and walls seen straight on: what rooms and squares are made of."""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, Plane, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.scenes.land import paint_meadow


def lay_floor(canvas: Canvas, light: Light, kind: str, colour: Colour, top: float, eye: float) -> None:
    """Cover everything below ``top`` with a floor whose lines meet at the height ``eye``; grass keeps its own colour."""
    floor = canvas.band(top, 1)
    if kind == "grass":
        paint_meadow(canvas, light, top)
        return
    depth = 0.5 / (floor.y - min(eye, top - 0.02))
    across = floor.u * depth
    near = np.clip(1.6 - depth / 4, 0, 1)  # far joints melt into the floor
    speck = floor.ground_noise("floor", top - 0.1, 0.03) - 0.5
    worn = floor.noise("worn", 0.25, flat=3, octaves=4) - 0.5
    tone = 0.96 + 0.1 * worn + 0.1 * speck
    if kind in _JOINTED:
        tone = tone * _JOINTED[kind](across, depth, near)
    shade = 1.05 - 0.16 * ramp(top, 1.0, floor.y)
    floor.fill(colour, tone=tone * shade)
    if kind == "checks":
        dark = (np.floor(across * 4) + np.floor(depth * 4)) % 2
        floor.over(times(colour, 0.55), dark * (0.35 + 0.65 * near), tone=tone)


def _planks(across: Plane, depth: Plane, near: Plane) -> Plane:
    board = np.floor(across * 7 + 60)
    seam = np.abs(across * 7 + 60 - board - 0.5) * 2
    tone: Plane = (1 + 0.08 * np.sin(board * 12.99)) * (1 - 0.35 * near * ramp(0.93, 1.0, seam)) + 0 * depth
    return tone


def _tiles(across: Plane, depth: Plane, near: Plane, count: float = 5, groove: float = 0.24) -> Plane:
    joints = np.maximum(np.abs((across * count) % 1 * 2 - 1), np.abs((depth * count) % 1 * 2 - 1))
    tone: Plane = 1 - groove * near * ramp(0.9, 0.97, joints)
    return tone


def _slabs(across: Plane, depth: Plane, near: Plane) -> Plane:
    row = np.floor(depth * 3.2)
    shifted = across + 0.21 * (row % 2)
    slab = np.sin(np.floor(shifted * 2.4) * 7.1 + row * 3.3)
    joints = np.maximum(np.abs((shifted * 2.4) % 1 * 2 - 1), np.abs((depth * 3.2) % 1 * 2 - 1))
    tone: Plane = (1 + 0.05 * slab) * (1 - 0.26 * near * ramp(0.93, 0.98, joints))
    return tone


def _cobbles(across: Plane, depth: Plane, near: Plane) -> Plane:
    """Rows of rounded stones, each a little lighter or darker than the next."""
    row = np.floor(depth * 9)
    along = across * 11 + 0.5 * (row % 2)
    stone = np.sin(np.floor(along) * 12.9 + row * 78.2) * 0.5
    off = np.hypot(along % 1 - 0.5, depth * 9 % 1 - 0.5)
    tone: Plane = 1 + near * (0.18 * stone + 0.12 - 0.55 * ramp(0.36, 0.62, off))
    return tone


_JOINTED = {"planks": _planks, "tiles": _tiles, "slabs": _slabs, "cobbles": _cobbles}


def paper_wall(canvas: Canvas, colour: Colour, pattern: str) -> None:
    """Cover the sheet with a wall: plain, or of tiles, bricks, boards or stone."""
    plaster = canvas.noise("plaster", 0.3, octaves=6) - 0.5
    light = 1.06 - 0.2 * canvas.distance(0.5, 0.3, 0.8) ** 1.3
    canvas.fill(colour, tone=light + 0.06 * plaster)
    if pattern in _BONDS:
        wide, high, groove, joint = _BONDS[pattern]
        row = np.floor(canvas.y / high)
        along = canvas.u / wide + 0.5 * (row % 2) * (pattern != "tiles")
        block = np.sin(np.floor(along) * 12.9 + row * 78.2)
        joints = np.maximum(
            ramp(1 - groove / wide, 1 - 0.6 * groove / wide, np.abs(along % 1 * 2 - 1)),
            ramp(1 - groove / high, 1 - 0.6 * groove / high, np.abs(canvas.y / high % 1 * 2 - 1)),
        )
        canvas.darken(1 + (0.1 if pattern in ("bricks", "stones") else 0.015) * block)
        canvas.over(mix(times(colour, joint), times((0.8, 0.78, 0.74), sum(colour) / 3), 0.3), joints * 0.7)
    elif pattern == "boards":
        seam = np.abs((canvas.u / 0.085) % 1 * 2 - 1)
        canvas.darken(
            (1 + 0.05 * np.sin(np.floor(canvas.u / 0.085) * 12.9)) * (1 - 0.3 * ramp(0.94, 1.0, seam))
        )


_BONDS = {
    "tiles": (0.075, 0.075, 0.006, 0.84),
    "bricks": (0.12, 0.045, 0.008, 0.6),
    "stones": (0.2, 0.1, 0.01, 0.62),
}
"""How wide and high a block is, how wide the joint, in heights, and how dark."""
