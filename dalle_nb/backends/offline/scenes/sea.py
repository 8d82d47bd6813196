"""The open sea, and the world below it."""

from __future__ import annotations

import math

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, draw_polygons, turned
from dalle_nb.backends.offline.scenes.beach import paint_open_sea, raise_great_wave, raise_waves
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import paint_ridge
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch, Thing

_HORIZON = 0.52
_FISH = [(-1, 0), (-0.3, -0.42), (0.45, -0.1), (1, -0.4), (0.85, 0), (1, 0.4), (0.45, 0.1), (-0.3, 0.42)]


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint sea to the horizon, with an island far off."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.6)
    paint_ridge(
        canvas,
        light,
        "isle",
        base=_HORIZON + 0.045,
        rise=0.085,
        cell=0.5,
        colour=hexed("#4f7388"),
        distance=0.6,
    )
    paint_open_sea(canvas, light, _HORIZON, rough=0.75)
    if light.storm:
        raise_waves(canvas, light, _HORIZON)
    if "great-wave" in sketch.effects:
        raise_great_wave(canvas, light)
    great = "great-wave" in sketch.effects
    return Stage(
        spots=(
            Spot(x=0.76, y=0.8, scale=0.26) if great else Spot(x=0.46, y=0.84, scale=0.55),
            Spot(x=0.76, y=0.76, scale=0.36),
            Spot(x=0.22, y=0.72, scale=0.3),
        ),
        back=(Spot(x=0.78, y=0.585, scale=0.2), Spot(x=0.28, y=0.57, scale=0.14)),
        horizon=_HORIZON,
        tint=light.tint,
        haze=light.haze,
        rim=times(light.sun_colour, 0.35 if light.clear else 0.1),
        from_right=light.sun[0] > 0.5,
        props=(Thing(name="boat"),),
        mirror=0.35,
        floats=True,
    )


def paint_underwater(canvas: Canvas, _sketch: Sketch, light: Light) -> Stage:
    """Paint blue depth, beams from the surface, sand with weed and coral, and bubbles."""
    top, deep = light.cast(hexed("#7fe3e6")), light.cast(hexed("#0b3f78"))
    canvas.fill(canvas.gradient([(0, top), (0.35, light.cast(hexed("#2a9cc6"))), (0.85, deep), (1, deep)]))
    surface = canvas.band(0, 0.2)
    ripple = surface.ground_noise("surface", 0.3, 0.14, flat=1.4, steep=0.06)
    surface.glaze(light.sun_colour, ramp(0.5, 0.9, ripple) * ramp(0.2, 0.0, surface.y) * 0.8)
    fan = (canvas.u - 0.1) / (canvas.y + 0.35)
    beams = 0.5 + 0.5 * np.sin(fan * 26) * np.sin(fan * 11 + 2)
    canvas.glaze(mix(light.sun_colour, hexed("#bff6ff"), 0.5), beams * ramp(0.95, 0.0, canvas.y) * 0.34)
    paint_ridge(canvas, light, "reef-far", base=0.74, rise=0.1, cell=0.4, colour=hexed("#1f6f94"), distance=0)
    _let_shoals_pass(canvas, light)
    _raise_rocks(canvas, light)
    _paint_bed(canvas, light)
    _grow_reef(canvas, light)
    _let_bubbles_rise(canvas)
    return Stage(
        spots=(
            Spot(x=0.48, y=0.66, scale=0.7),
            Spot(x=0.75, y=0.5, scale=0.45),
            Spot(x=0.24, y=0.45, scale=0.4),
        ),
        back=(Spot(x=0.7, y=0.88, scale=0.4), Spot(x=0.3, y=0.9, scale=0.4)),
        sky=(
            Spot(x=0.5, y=0.5, scale=0.6),
            Spot(x=0.76, y=0.34, scale=0.4),
            Spot(x=0.22, y=0.34, scale=0.34),
        ),
        horizon=0.5,  # what swims near keeps its colours: an orange fish is orange
        tint=mix(light.tint, hexed("#a8e4ff"), 0.25),
        haze=hexed("#2a8fbc"),
        rim=hexed("#9fefff"),
        floats=True,
        indoors=True,
    )


def _let_shoals_pass(canvas: Canvas, light: Light) -> None:
    """Let shoals of small fish pass far off, every one turned a little its own way."""
    chance = canvas.chance("shoals")
    for x, y, count, size, colour in (
        (0.72, 0.3, 34, 0.012, hexed("#1b6f9c")), (0.26, 0.5, 26, 0.017, hexed("#14598a"))
    ):  # fmt: skip
        way = 1 if chance.random() < 0.5 else -1
        places = chance.normal(size=(count, 3)).tolist()
        fish = [
            turned(
                [(way * a, b) for a, b in _FISH],
                (x + 0.075 * a / canvas.aspect + 0.05 * b * way, y + 0.035 * b),
                size * (1 + 0.2 * c), 0.18 * c, canvas.aspect,
            )
            for a, b, c in places
        ]  # fmt: skip
        canvas.over(light.cast(colour), canvas.shape(draw_polygons, fish) * 0.7)


def _raise_rocks(canvas: Canvas, light: Light) -> None:
    """Raise a reef from the bed at both sides, its crest in the light."""
    for side, code in ((-1, "#2b5f7d"), (1, "#275a76")):
        part = canvas.band(0.45, 0.95)
        off = 0.5 + side * part.u
        crest = (
            0.94
            - 0.4 * np.exp(-((off / 0.22) ** 2))
            - (part.line(f"rock{side}", 0.14, gain=0.6) - 0.5) * 0.09
        )
        below = part.y - crest
        tone = 0.75 + 0.5 * part.noise(f"rock-face{side}", 0.07, octaves=5) + 0.5 * ramp(0.05, 0.0, below)
        part.over(light.cast(hexed(code)), part.edge(below), tone=tone)


def _paint_bed(canvas: Canvas, light: Light) -> None:
    bed = canvas.band(0.78, 1)
    crest = 0.85 - (bed.line("bed", 0.7) - 0.5) * 0.05
    caustics = 1 - np.abs(bed.ground_noise("caustics", 0.7, 0.13, flat=1.3) - 0.5) * 5
    sand = np.asarray(times(light.cast(hexed("#d9cf9f")), (0.62, 0.86, 0.95)), np.float32)
    face = sand * (0.72 + 0.3 * np.clip(caustics, 0, 1))[..., None]
    bed.over(face, bed.edge(bed.y - crest))


def _grow_reef(canvas: Canvas, light: Light) -> None:
    """Grow ribbons of weed and branching coral on both sides."""
    chance = canvas.chance("reef")
    for code, count, low, high in (("#1c7a5a", 26, 0.1, 0.3), ("#58b85c", 16, 0.08, 0.22)):
        cover = canvas.shape(_draw_weed, chance.random((count, 3)).tolist(), low, high)
        canvas.over(times(light.cast(hexed(code)), (0.75, 0.95, 0.95)), cover)
    for code, x, y in (("#ff7f6e", 0.13, 0.95), ("#f7a0c8", 0.88, 0.96), ("#ffb44f", 0.78, 0.93)):
        cover = canvas.shape(_draw_coral, x, y, chance.normal(size=(26, 2)).tolist())
        canvas.over(times(light.cast(hexed(code)), (0.85, 0.92, 0.98)), cover)


def _draw_weed(pen: Pen, weeds: list[list[float]], low: float, high: float) -> None:
    for along, size, phase in weeds:
        u = (0.2 + 1.2 * abs(along - 0.5) * 2) * (1 if along > 0.5 else -1)
        tall = low + (high - low) * size
        sway = [0.02 * math.sin(k * 0.9 + phase * 6) * k / 8 for k in range(9)]
        spine = [(0.5 + (u + sway[k]) / pen.aspect, 0.9 + 0.06 * phase - tall * k / 8) for k in range(9)]
        for k in range(8):
            pen.line(spine[k : k + 2], 0.011 * (1 - k / 8.5))


def _draw_coral(pen: Pen, x: float, y: float, twigs: list[list[float]]) -> None:
    for bend, tall in twigs:
        side = 0.05 * bend / pen.aspect
        tip = (x + side, y - 0.05 - 0.035 * abs(tall))
        pen.line([(x + 0.24 * side, y), (x + 0.6 * side, y - 0.04), tip], 0.009)
        pen.disc(*tip, 0.0075)


def _let_bubbles_rise(canvas: Canvas) -> None:
    for x, y, size in canvas.chance("bubbles").random((40, 3)).tolist():
        radius = 0.003 + 0.011 * size**3
        part = canvas.around(x, y, radius * 1.4)
        if part.rgb.size:
            far = part.distance(x, y) / radius
            part.glaze(
                (0.9, 1.0, 1.0),
                (np.exp(-(((far - 0.9) / 0.14) ** 2)) + 0.15 * (far < 0.9)) * 0.75,
            )
