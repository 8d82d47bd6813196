"""What season and weather leave on any open ground: fallen leaves, petals, puddles.

Paints over a finished scene and under its things; knows no scene by name.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, mix, ramp
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, Point
from dalle_nb.backends.offline.scenes.land import mirror_above
from dalle_nb.backends.offline.sketch import Sketch

_BROADLEAVED = frozenset({
    "tree", "oak", "birch", "willow", "maple", "maple-tree", "oak-tree", "apple-tree", "poplar", "bush",
})  # fmt: skip
_PETALS = (hexed("#f4b3c4"), hexed("#fde4ea"))
_FALLEN = (hexed("#a5381f"), hexed("#dc6a24"), hexed("#f0b23e"))


def in_season(sketch: Sketch, light: Light) -> Sketch:
    """Return a Sketch whose trees have autumn's colours, where nobody gave them others."""
    if light.season != "autumn":
        return sketch
    hues = ("#dd7a2a", "#c8482a", "#e8b23a")
    things = tuple(
        replace(thing, colour=hues[number % 3])
        if thing.name in _BROADLEAVED and thing.colour is None
        else thing
        for number, thing in enumerate(sketch.things)
    )
    return replace(sketch, things=things)


def dress_ground(
    canvas: Canvas, light: Light, ground: float, *, leafy: bool, wet: bool, petals: bool, pools: bool = False
) -> None:
    """Lay on the ground below a height what the season drops and the rain leaves."""
    if ((wet and light.weather == "rain") or pools) and not light.ink:
        lay_puddles(canvas, light, ground)
    if leafy and light.season == "autumn":
        strew(canvas, light, "fallen", ground, light.leaves or _FALLEN, 330)
    if petals and leafy:
        strew(canvas, light, "petals", ground, _PETALS, 260)


def lay_footprints(canvas: Canvas, ground: float) -> None:
    """Press a winding trail of footprints into the ground, left and right in turn."""
    part = canvas.band(ground, 1)
    prints, y, number = [], ground + 0.03, 0
    while y < 1.02:
        depth = y - ground + 0.06
        u = (
            0.1
            - 0.35 * (y - ground)
            + 0.08 * math.sin(14 * (y - ground))
            + (0.14 if number % 2 else -0.14) * depth
        )
        prints.append((0.5 + u / canvas.aspect, y, 0.13 * depth))
        y, number = y + 0.13 * depth, number + 1

    def draw(pen: Pen, drop: float) -> None:
        for x, foot, size in prints:
            pen.disc(x, foot + drop, size * 0.62, flat=1.5)
            pen.disc(x, foot - 0.75 * size + drop, size * 0.4, flat=1.5)

    cover = part.shape(draw, 0.0)
    part.over((1.0, 1.0, 1.0), np.clip(part.shape(draw, 0.003) - cover, 0, 1) * 0.6)
    part.darken(1 - 0.5 * cover)


def lay_fog(canvas: Canvas, light: Light, horizon: float) -> None:
    """Let fog swallow what is far, so that only what stands near is plain."""
    banks = canvas.noise("far-fog", 0.8, flat=4, octaves=4) - 0.5
    near = ramp(min(0.98, horizon + 0.4), horizon + 0.02, canvas.y)
    canvas.over(light.haze, np.clip(0.1 + 0.46 * near + 0.35 * banks, 0, 0.9))


def lay_path(canvas: Canvas, light: Light, top: float) -> None:
    """Lay a path that winds over the ground from its far end to the front."""
    part = canvas.band(top, 1)
    depth = part.y - top + 0.01
    middle = 0.06 - 0.5 * depth + 0.12 * np.sin(depth * 13)
    off = np.abs(part.u - middle) / (0.012 + 0.4 * depth)
    off += 0.16 * (part.noise("verge", 0.05, octaves=4) - 0.5)
    earth = hexed("#e4e9f2") if light.snowy else hexed("#d6bd92")
    part.over(light.cast(hexed("#8a8a6a")), ramp(1.2, 1.04, off) * 0.45)
    part.over(
        light.cast(earth), ramp(1.05, 0.95, off), tone=0.9 + 0.2 * part.noise("gravel", 0.012, octaves=2)
    )


def strew(
    canvas: Canvas, light: Light, name: str, ground: float, colours: tuple[Colour, ...], count: int
) -> None:
    """Strew leaves over the ground, smaller and flatter the farther off."""
    part = canvas.band(ground, 1)
    for number, colour in enumerate(colours):
        places = [
            (canvas.spread(x), depth, turn, size)
            for x, depth, turn, size in canvas.chance(f"{name}/{number}").random((count, 4)).tolist()
        ]
        part.over(light.cast(colour), part.shape(_draw_leaves, places, ground))


def _draw_leaves(pen: Pen, places: list[tuple[float, float, float, float]], ground: float) -> None:
    for x, depth, turn, size in places:
        y = ground + 0.01 + (1.02 - ground) * depth**1.4
        long = (0.004 + 0.014 * (y - ground) / (1.02 - ground)) * (0.6 + 0.7 * size)
        c, s = math.cos(turn * 6.283), math.sin(turn * 6.283)
        ring: list[Point] = [
            (x + (a * c - b * s) * long / pen.aspect, y + (a * s + b * c) * long * 0.55)
            for a, b in ((-1.1, 0), (-0.3, 0.5), (0.5, 0.42), (1.1, 0), (0.5, -0.42), (-0.3, -0.5))
        ]
        pen.polygon(ring)


def lay_puddles(canvas: Canvas, light: Light, ground: float) -> None:
    """Lay puddles that mirror what stands above them, and the rings that drops make."""
    part = canvas.band(ground + 0.01, 1)
    if not part.rgb.size or part.corner[1] == 0:
        return
    pool = part.ground_noise("puddles", ground - 0.12, 0.55, flat=2.6, steep=0.1, octaves=3)
    cover = ramp(0.6, 0.63, pool)
    part.darken(np.float32(0.93) - 0.12 * ramp(0.5, 0.6, pool))
    sky = mix(light.horizon, light.middle, 0.4)
    image = mirror_above(canvas, part, 0.012 * (pool - 0.5))
    image += (np.asarray(sky, np.float32) - image) * np.float32(0.45)
    part.over(image, cover * 0.85)
    part.over(sky, np.exp(-(((pool - 0.61) / 0.01) ** 2)) * 0.35)
    rings = [
        (canvas.spread(x), depth, size) for x, depth, size in canvas.chance("rings").random((150, 3)).tolist()
    ]
    part.over((1.0, 1.0, 1.0), part.shape(_draw_splashes, rings, ground) * 0.55)


def _draw_splashes(pen: Pen, rings: list[tuple[float, float, float]], ground: float) -> None:
    """Draw the crown of drops that each of the rain's drops throws up, and its ring."""
    for x, depth, size in rings:
        y = ground + 0.02 + (1 - ground) * depth**1.3
        wide = (0.006 + 0.022 * depth) * (0.6 + 0.6 * size)
        ring = [
            (x + wide * math.cos(k * 0.5236) / pen.aspect, y + wide * 0.32 * math.sin(k * 0.5236))
            for k in range(13)
        ]
        pen.line(ring, 0.0016)
        for lean in (-0.45, 0.0, 0.45):
            pen.line(
                [(x + lean * wide * 0.4 / pen.aspect, y), (x + lean * wide / pen.aspect, y - wide * 0.7)],
                0.0016,
            )
