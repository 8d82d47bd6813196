"""The surface of the Moon under a black sky; and open space, whose stars it borrows."""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Plane, hexed, mix, ramp
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.scenes.heaven import hang_ball, hang_earth, hang_ringed, scatter_stars
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


def _space_stage(x: float = 0.36) -> Stage:
    return Stage(
        spots=(Spot(x=x, y=0.8, scale=0.6), Spot(x=0.72, y=0.4, scale=0.36), Spot(x=0.2, y=0.35, scale=0.3)),
        sky=(Spot(x=x, y=0.6, scale=0.5), Spot(x=0.74, y=0.22, scale=0.34), Spot(x=0.2, y=0.3, scale=0.28)),
        horizon=1.0, tint=(0.95, 0.97, 1.04), rim=hexed("#6f8cff"), from_right=True, floats=True,
    )  # fmt: skip


def paint_galaxy(canvas: Canvas, _sketch: Sketch, light: Light) -> Stage:
    """Paint a spiral galaxy seen at a slant: a bright heart, two arms of stars and gas."""
    canvas.fill(canvas.gradient([(0, hexed("#03040d")), (0.5, hexed("#090a22")), (1, hexed("#0c0e2a"))]))
    across, down = (
        canvas.u * 0.9 + (canvas.y - 0.46) * 0.42,
        ((canvas.y - 0.46) * 0.9 - canvas.u * 0.42) * 1.9,
    )
    far, turn = np.hypot(across, down), np.arctan2(down, across)
    dust = canvas.noise("dust", 0.14, octaves=6)
    arms = np.cos(2 * turn - 7.5 * np.log(far + 0.035) + 2.2 * (dust - 0.5)) * 0.5 + 0.5
    fall = np.exp(-far / 0.24)
    own = light.dyed(hexed("#7f8cff"), "galaxy")
    canvas.glaze(own, np.clip(arms**1.6 * fall * (0.5 + dust) * 1.5, 0, 0.9))
    canvas.glaze(hexed("#ff8ad0"), np.clip(arms**3 * fall * ramp(0.5, 0.75, dust) * 1.3, 0, 0.8))
    canvas.glaze(hexed("#ffe6bf"), np.clip(np.exp(-far / 0.06) * 1.3, 0, 1))
    grains = ramp(0.66, 0.9, canvas.noise("grains", 0.006, octaves=2)) * arms * fall
    canvas.glaze((1.0, 1.0, 1.0), np.clip(grains * 2.2, 0, 1))
    scatter_stars(canvas, 1.0, 900)
    return _space_stage()


def paint_solar_system(canvas: Canvas, _sketch: Sketch, _light: Light) -> Stage:
    """Paint the sun at the edge and the planets on their orbits, each in its own colour and size."""
    canvas.fill(canvas.gradient([(0, hexed("#03040d")), (1, hexed("#0d1030"))]))
    scatter_stars(canvas, 1.0, 700)
    sun = 0.5 - 0.58 / canvas.aspect
    reach = (
        (0.23, "#b9aea4", 0.012), (0.3, "#e6c48a", 0.02), (0.38, "#4f93e0", 0.022), (0.46, "#d0623a", 0.017),
        (0.6, "#d8a878", 0.056), (0.77, "#e6cf98", 0.045), (0.91, "#9fdfe4", 0.032), (1.03, "#4a6fe0", 0.031),
    )  # fmt: skip
    far = canvas.distance(sun, 0.5, flat=1.5)
    for radius, _, _ in reach:
        canvas.glaze((0.6, 0.7, 1.0), np.exp(-(((far - radius) / 0.0016) ** 2)) * 0.4)
    canvas.glow(sun, 0.5, 0.2, hexed("#ff9a2e"), 0.9)
    disc = canvas.around(sun, 0.5, 0.2)
    disc.over(hexed("#ffd34a"), disc.edge(0.17 - disc.distance(sun, 0.5)))
    for number, (radius, code, size) in enumerate(reach):
        angle = (-0.5, 0.4, -0.15, 0.55, -0.42, 0.3, -0.52, 0.1)[number]
        x, y = sun + radius * np.cos(angle) / canvas.aspect, 0.5 + radius * np.sin(angle) / 1.5
        hang = hang_ringed if number == 5 else hang_ball
        hang(canvas, float(x), float(y), size, hexed(code))
    return _space_stage(0.5)


def paint_black_hole(canvas: Canvas, _sketch: Sketch, light: Light) -> Stage:
    """Paint a black hole: a black disc, the ring of light bent round it, the glowing disc of gas."""
    paint_deep_space(canvas, bottom=1.0)
    canvas.darken(0.55)
    x, y, radius = 0.5, 0.44, 0.16
    fire = light.dyed(hexed("#ff9a3c"), "black-hole")
    far = canvas.distance(x, y) / radius
    ring = np.exp(-(((far - 1.12) / 0.09) ** 2)) + 0.6 * np.exp(-np.clip(far - 1, 0, 9) * 2.6)
    canvas.glaze(fire, np.clip(ring, 0, 1) * 0.9)
    canvas.over((0.0, 0.0, 0.01), canvas.edge((1.02 - far) * radius))
    canvas.glaze((1.0, 0.95, 0.85), np.exp(-(((far - 1.08) / 0.035) ** 2)) * 0.9)
    down, across = (canvas.y - y - 0.12 * canvas.u) / radius, canvas.u / radius
    disc = np.hypot(across, down * 7)
    swirl = 0.6 + 0.6 * canvas.noise("swirl", 0.12, flat=7, octaves=5)
    band = ramp(1.0, 1.3, disc) * ramp(3.1, 1.6, disc) * ((down > -0.02) | (np.abs(across) > 1)) * swirl
    canvas.over(mix(fire, (1.0, 0.95, 0.8), 0.4), np.clip(band, 0, 1) * 0.95)
    return _space_stage(0.26)


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
