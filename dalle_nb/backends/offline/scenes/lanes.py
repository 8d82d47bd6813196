"""Lanes between two walls, seen down their middle: alleys, corridors, aisles, carriages.

What is on the walls is told as panels, in the lane's own measure: along it, and above the eye. What the panels are
is `sets/facts.toml`'s to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, Plane, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.scenes.land import SNOW

_STAND = 0.42
"""How high the eye is above the floor."""
_HOUSE = 1.7
"""How long a house is along the lane; those on the right begin a little nearer."""
_BLOCKS = {"bricks": (0.12, 0.04), "stones": (0.42, 0.16), "tiles": (0.12, 0.12), "boards": (0.16, 9.0)}


def paint_lane(
    canvas: Canvas, light: Light, lane: Mapping[str, Any], dye: Callable[[str], Colour], *, closed: bool
) -> None:
    """Paint both walls with their panels; a ``closed`` lane has a ceiling and an end."""
    half, eye, roof, far = lane["half"], lane.get("eye", 0.54), lane.get("roof", 0.9), lane.get("far", 10.0)
    depth = half / (np.abs(canvas.u) + 1e-4)
    high = (eye - canvas.y) * depth
    ragged = lane.get("ragged", 0.0)
    house = np.minimum(depth / _HOUSE + 0.35 * (canvas.u > 0), 60)
    number = np.floor(house)
    top = roof + ragged * np.sin(number * 2.4 + 3 * (canvas.u > 0))
    wall = (depth < far) & (high < top) & (high > -_STAND)
    if closed:
        _close(canvas, lane, dye, half, eye)
    near = np.clip(1.5 - depth / (0.55 * far), 0, 1)
    colours = np.asarray([dye(code) for code in lane.get("walls", ("wall",))], np.float32)
    colour = colours[(number * 3 + 2 * (canvas.u > 0)).astype(int) % len(colours)]
    tone = np.where(canvas.u > 0, 0.86, 1.0) * (1 + 0.1 * bool(ragged) * np.sin(number * 5.1))
    canvas.over(colour, wall, tone=tone * _blocks(lane.get("pattern", ""), depth, high, near))
    if ragged and light.snowy:
        canvas.over(light.cast(SNOW), wall * ramp(-0.05, -0.02, high - top))
    elif ragged:
        canvas.over(dye("ridge"), wall * ramp(-0.08, -0.06, high - top))
    for period, start, width, low, upper, code, *side in lane.get("panels", ()):
        along = (depth + start + 0.35 * _HOUSE * (canvas.u > 0)) % period
        panel = wall & (along < width) & (high > low) & (high < upper)
        if side:
            panel = panel & (canvas.u > 0 if side[0] == "right" else canvas.u < 0)
        canvas.over(dye(code), panel * ramp(0.0, 0.25, near))
    shade = ramp(-_STAND + 0.16, -_STAND, high) * wall
    canvas.darken(1 - 0.3 * shade)
    air = light.haze if not closed else times(dye("end"), 1.0)
    canvas.over(air, wall * ramp(0.25 * far, 1.1 * far, depth) * 0.7)


def _blocks(kind: str, depth: Plane, high: Plane, near: Plane) -> Plane | float:
    """Return the tone of a wall built of blocks."""
    if kind not in _BLOCKS:
        return 1.0
    wide, tall = _BLOCKS[kind]
    row = np.floor(high / tall + 50)
    along = depth / wide + 0.5 * (row % 2) * (kind != "tiles")
    block = np.sin(np.floor(along) * 12.9 + row * 78.2)
    joints = np.maximum(np.abs(along % 1 * 2 - 1), np.abs((high / tall + 50) % 1 * 2 - 1) - 0.04)
    tone: Plane = 1 + near * (0.09 * block - 0.32 * ramp(0.84, 0.93, joints))
    return tone


def _close(
    canvas: Canvas, lane: Mapping[str, Any], dye: Callable[[str], Colour], half: float, eye: float
) -> None:
    """Paint the ceiling with its lamps, and the wall at the end."""
    roof, far = lane.get("roof", 0.9), lane.get("far", 10.0)
    above = canvas.band(0, eye)
    depth = roof / (eye - above.y + 1e-4)
    above.over(dye("ceiling"), (np.abs(above.u) * depth < half) * 1.0, tone=1.02 - 0.2 * ramp(0, far, depth))
    lamps: Sequence[Any] = lane.get("lamps", ())
    if lamps:
        period, width, reach = lamps
        lit = ((depth % period) < width) & (np.abs(above.u) * depth < reach)
        above.over(dye("lamp"), lit * 1.0)
    end = canvas.window(
        0.5 - half / far / canvas.aspect,
        eye - roof / far,
        0.5 + half / far / canvas.aspect,
        eye + _STAND / far,
    )
    end.fill(dye("end"))
