"""The surface of the Moon under a black sky; and open space, whose stars it borrows."""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Plane, hexed, ramp
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.scenes.heaven import hang_earth, scatter_stars
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch

_HORIZON = 0.68


def paint(canvas: Canvas, sketch: Sketch, _light: Light) -> Stage:
    """Paint grey dust and craters, stars, and the Earth when it is asked for."""
    paint_deep_space(canvas, bottom=0.75)
    if "earth" in sketch.effects:
        hang_earth(canvas, 0.69, 0.31, 0.2)
    _paint_dust(canvas)
    return Stage(
        spots=(
            Spot(x=0.34, y=0.89, scale=0.92),
            Spot(x=0.72, y=0.87, scale=0.62),
            Spot(x=0.53, y=0.8, scale=0.4),
        ),
        back=(Spot(x=0.78, y=0.79, scale=0.26), Spot(x=0.12, y=0.77, scale=0.22)),
        sky=(
            Spot(x=0.15 if "earth" in sketch.effects else 0.76, y=0.3, scale=0.42),
            Spot(x=0.5, y=0.16, scale=0.24),
        ),
        horizon=_HORIZON,
        tint=(0.95, 0.97, 1.04),
        haze=hexed("#2a2f3e"),
        rim=hexed("#5f9cff"),
        from_right=True,
        shadow=0.6,
    )


def paint_space(canvas: Canvas, sketch: Sketch, _light: Light) -> Stage:
    """Paint open space: stars, gas, and a planet (the Earth, when it is asked for)."""
    paint_deep_space(canvas, bottom=1.0)
    if "earth" in sketch.effects:
        hang_earth(canvas, 0.74, 0.7, 0.34)
    else:
        _hang_giant(canvas, 0.76, 0.7, 0.26)
    return Stage(
        spots=(
            Spot(x=0.36, y=0.74, scale=0.75),
            Spot(x=0.72, y=0.4, scale=0.4),
            Spot(x=0.2, y=0.35, scale=0.3),
        ),
        sky=(Spot(x=0.36, y=0.42, scale=0.7), Spot(x=0.7, y=0.22, scale=0.4), Spot(x=0.17, y=0.7, scale=0.3)),
        horizon=1.0,
        tint=(0.95, 0.97, 1.04),
        rim=hexed("#6f8cff"),
        from_right=True,
        floats=True,
    )


def paint_deep_space(canvas: Canvas, bottom: float) -> None:
    """Cover the sheet with black sky, veils of gas along a galaxy's band, and stars."""
    canvas.fill(canvas.gradient([(0, hexed("#03040d")), (0.5, hexed("#0a1030")), (1, hexed("#141b45"))]))
    band = np.exp(-(((canvas.y - 0.62 + canvas.u * 0.62) / 0.3) ** 2))
    gas = canvas.noise("gas", 0.5, octaves=6)
    canvas.glaze(hexed("#6a3fb0"), band * ramp(0.38, 0.95, gas) * 0.62)
    canvas.glaze(hexed("#1f7f9c"), ramp(0.5, 1.0, canvas.noise("gas-2", 0.6, octaves=5)) * 0.42)
    canvas.glaze(hexed("#ff9ac0"), band * ramp(0.62, 1.0, gas) * 0.34)
    scatter_stars(canvas, bottom, 1500)


def _hang_giant(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """Hang a striped planet with a ring."""
    part = canvas.around(x, y, radius * 2.3)
    across = (part.u - ((x - 0.5) * canvas.aspect)) / radius
    down = (part.y - y) / radius
    turned, tilted = across * 0.94 + down * 0.34, down * 0.94 - across * 0.34
    far = np.hypot(across, down)
    lit = np.clip(0.6 * np.sqrt(np.clip(1 - far * far, 0, 1)) - 0.55 * across - 0.5 * down, 0.01, 1)
    stripes = ramp(
        0.2, 0.8, 0.5 + 0.3 * np.sin(tilted * 13) + 0.5 * (part.noise("stripes", radius, flat=5) - 0.5)
    )
    dark, pale = np.asarray(hexed("#b8703f"), np.float32), np.asarray(hexed("#f3d9a4"), np.float32)
    part.over(
        (dark + (pale - dark) * stripes[..., None]) * lit[..., None] * 1.2,
        part.edge((1 - far) * radius),
    )
    ring = np.hypot(turned, tilted * 4.2)
    seen = ramp(1.28, 1.32, ring) * ramp(2.02, 1.96, ring) * ((far > 1) | (tilted > 0))
    part.over(hexed("#e6cfa6"), seen * (0.3 + 0.4 * ramp(0.2, 0.9, 0.5 + 0.5 * np.sin(ring * 34))))


def _paint_dust(canvas: Canvas) -> None:
    """Paint the ground: a height field with craters, lit low from the right."""
    ground = canvas.band(_HORIZON - 0.06, 1)
    crest = _HORIZON - (ground.line("crest", 0.9) - 0.5) * 0.07
    height = ground.ground_noise("dust", _HORIZON - 0.06, 0.3, flat=1.2) * 0.024
    height += ground.ground_noise("grit", _HORIZON - 0.06, 0.028, flat=0.9) * 0.004
    _press_craters(ground, height)
    step = 0.001
    slope = (ground.shifted(height, -step, 0) - height) * (1 / max(step, canvas.pixel))
    fall = (ground.shifted(height, 0, -step) - height) * (1 / max(step, canvas.pixel))
    shade = np.clip(0.42 - slope * 0.62 + fall * 0.3, 0.05, 1.0)
    far = ramp(_HORIZON + 0.2, _HORIZON - 0.05, ground.y)
    colour = np.asarray(hexed("#c6c9d6"), np.float32) * (shade * (1 - far * 0.15))[..., None]
    ground.over(colour, ground.edge(ground.y - crest))


def _press_craters(ground: Canvas, height: Plane) -> None:
    """Press craters, smaller the farther off, into a height field (h, w) of the ground's window."""
    chance = ground.chance("craters")
    for _ in range(46):
        depth, across, size = chance.random(3)
        y = _HORIZON + 0.03 + 0.29 * depth
        radius = (0.012 + 0.075 * size**3) * (0.35 + 1.1 * depth)
        x = 0.5 + (across - 0.5) * 2.4 / ground.aspect
        part = ground.window(
            x - radius * 1.6 / ground.aspect, y - radius, x + radius * 1.6 / ground.aspect, y + radius
        )
        rows, columns = part.rgb.shape[:2]
        if not rows or not columns:
            continue
        top, left = part.corner[1] - ground.corner[1], part.corner[0] - ground.corner[0]
        far = part.distance(x, y, flat=2.6) / radius
        bowl = -0.5 * np.exp(-((far / 0.8) ** 4)) + 0.3 * np.exp(-(((far - 1.05) / 0.2) ** 2))
        height[top : top + rows, left : left + columns] += bowl * (radius * 0.6)
