"""What the ground of several scenes is made of: ridges of hills, water that mirrors, meadows.

Paints onto a Canvas in a Light; none of it knows which scene it belongs to.
"""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, Plane, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light

SNOW = hexed("#f4f8ff")


def paint_ridge(
    canvas: Canvas,
    light: Light,
    name: str,
    *,
    base: float,
    rise: float,
    cell: float,
    colour: Colour,
    distance: float = 0,
    mist: float = 0,
    rough: float = 0.25,
) -> Plane:
    """Paint a range of hills whose crest lies about ``base``, ``rise`` high, down to the lower edge.

    ``distance`` fades it into the air, ``mist`` lets its foot dissolve, ``rough`` is how much its surface
    varies. Returns the crest (1, w) in heights.
    """
    crest = base - rise * (canvas.line(name, cell) - 0.5) * 2
    part = canvas.band(float(crest.min()), 1)
    below = part.y - crest
    cover = part.edge(below)
    if mist:
        cover = cover * np.clip(1 - below / mist, 0, 1) ** 0.8
    tone = part.noise(f"{name}-face", cell * 0.35, flat=1.4, octaves=5) - 0.5
    part.over(light.far(colour, distance), cover, tone=1 + rough * tone)
    return crest


def paint_water(
    canvas: Canvas, light: Light, shore: float, *, colour: Colour, clear: float = 0.6, calm: float = 0.5
) -> None:
    """Turn everything below ``shore`` into water that reflects what stands above it.

    ``clear`` is the share of the mirror image, ``calm`` (0 to 1) how little the waves move it.
    """
    water = canvas.band(shore, 1)
    rows = water.rgb.shape[0]
    if not rows or water.corner[1] == 0:
        return
    ripple = water.ground_noise("ripple", shore, 0.16, flat=3.2, steep=0.04) - 0.5
    sway = ripple * (0.02 + 0.1 * (water.y - shore)) * (1.3 - calm)
    water.fill(mirror_above(canvas, water, sway))
    deep = mix(light.cast(colour), light.horizon, 0.15)
    near = ramp(shore, shore + 0.5, water.y)
    water.over(deep, (1 - clear) + near * (0.25 * clear) + ripple * 0.25)
    glints = ramp(0.62, 0.95, ripple + 0.5) * (0.3 * (1.1 - calm))
    water.over(light.horizon, glints)


def mirror_above(canvas: Canvas, water: Canvas, sway: Plane) -> Plane:
    """Return (h, w, 3) what a water surface reflects, each pixel moved by ``sway`` heights."""
    rows, columns = water.rgb.shape[:2]
    top = water.corner[1] - canvas.corner[1]
    moved = (sway * (1 / canvas.pixel)).astype(np.int32)
    row = top - 1 - np.abs(np.arange(rows)[:, None] + moved)
    column = np.clip(np.arange(columns)[None] + moved // 2, 0, columns - 1)
    mirrored: Plane = canvas.rgb[np.clip(row, 0, top - 1), column]
    return mirrored


def paint_meadow(
    canvas: Canvas, light: Light, top: float, *, colour: Colour | None = None, depth: float = 0.14
) -> None:
    """Cover the ground below ``top`` with grass (or snow) that lies in perspective."""
    ground = canvas.band(top, 1)
    patches = ground.ground_noise("patches", top, 0.5, flat=1.2, steep=depth) - 0.5
    blades = ground.ground_noise("blades", top, 0.03, flat=0.8, steep=depth) - 0.5
    blades += ground.noise("tips", 0.012, flat=0.3, octaves=3) * (ground.y - top) - 0.2
    rough = 0.1 if light.snowy else 0.34
    base = light.cast(colour or light.grass)
    stops = [(top, mix(base, light.haze, 0.35)), (top + 0.2, base), (1.0, times(base, 0.78))]
    shade = 1 + patches * rough + blades * (rough * 0.8)
    ground.fill(ground.gradient(stops) * shade[..., None])


def paint_stream(canvas: Canvas, light: Light, top: float) -> None:
    """Let a stream run from the middle of ``top`` to the front: banks, ripples, and the light of the sky on it."""
    part = canvas.band(top, 1)
    depth = part.y - top
    middle = 0.08 - 0.3 * depth + 0.12 * np.sin(depth * 12) * (0.3 + depth)
    edge = (part.noise("bank", 0.06, octaves=4) - 0.5) * (0.02 + 0.08 * depth)
    off = (np.abs(part.u - middle) + edge) / (0.025 + 0.62 * depth)
    ripple = part.ground_noise("stream", top, 0.12, flat=3, steep=0.05)
    part.over(light.cast(hexed("#8a7f6a")), ramp(1.1, 1.03, off) * 0.8)
    water = mix(light.cast(hexed("#3f93b5")), light.horizon, 0.3)
    part.over(water, ramp(1.0, 0.96, off), tone=0.8 + 0.4 * ripple)
    part.over(light.horizon, ramp(1.0, 0.9, off) * ramp(0.55, 0.85, ripple) * 0.55)
