"""What is in the air before a scene: rain, snow, fog, petals, leaves, fireflies, sunbeams, steam, flying cars.

Paints over a finished scene; knows neither its name nor what stands in it.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, Point, draw_discs, draw_lines, draw_polygons, turned
from dalle_nb.backends.offline.scenes.trees import paint_branch
from dalle_nb.backends.offline.sketch import Sketch

_BLOSSOM = (hexed("#e0869f"), hexed("#f6b6c6"), hexed("#fde3e8"))
Ring = list[tuple[float, float]]
"""An outline around (0, 0), in its own size."""
_PETAL: Ring = [
    (1, 0),
    (0.6, 0.5),
    (-0.1, 0.62),
    (-0.8, 0.3),
    (-0.6, 0),
    (-0.8, -0.3),
    (-0.1, -0.62),
    (0.6, -0.5),
]
_HULL: Ring = [
    (-1, 0.05),
    (-0.85, -0.22),
    (-0.3, -0.3),
    (0.45, -0.2),
    (1.1, 0.05),
    (0.85, 0.24),
    (-0.8, 0.26),
]
_ROOF: Ring = [(-0.62, -0.24), (-0.35, -0.52), (0.2, -0.54), (0.62, -0.14)]
_SMOKE = (0.93, 0.92, 0.94)
_STRIP: Ring = [(-0.8, 0.1), (0.9, 0.09), (0.9, 0.16), (-0.8, 0.17)]
_MAPLE = (hexed("#a5281c"), hexed("#dc5a24"), hexed("#f4a62c"))
_GOLDEN = (hexed("#c98a1e"), hexed("#eeb428"), hexed("#fbd84a"))


def fly_cars(canvas: Canvas, light: Light) -> None:
    """Let cars fly between the towers: lens-shaped hulls with lamps, on lanes of light."""
    chance = canvas.chance("cars")
    for number in range(9):
        near = (number / 8) ** 2
        x, y = (0.05 + 0.9 * chance.random()), 0.2 + 0.42 * chance.random()
        size, way = 0.014 + 0.042 * near, 1 if chance.random() < 0.5 else -1
        lamp = hexed(("#7df3ff", "#ff5fb4")[number % 2])
        trail = canvas.window(
            x - (size * 9 if way > 0 else 0) / canvas.aspect,
            y - size,
            x + (size * 9 if way < 0 else 0) / canvas.aspect,
            y + size,
        )
        if trail.rgb.size:
            behind = (x - trail.x) * canvas.aspect * way / (size * 9)
            streak = np.exp(-(((trail.y - y) / (size * 0.1)) ** 2)) * ramp(1, 0.05, behind)
            trail.glaze(lamp, streak * 0.85)
        _paint_car(canvas, light, x, y, size, way, lamp)


def _paint_car(canvas: Canvas, light: Light, x: float, y: float, size: float, way: int, lamp: Colour) -> None:
    part = canvas.around(x, y, size * 3)
    hull_cover, roof_cover, strip_cover = (
        part.shape(draw_polygons, [[(x + way * a * size / canvas.aspect, y + b * size) for a, b in ring]])
        for ring in (_HULL, _ROOF, _STRIP)
    )
    part.over(hexed("#20243f") if light.night else light.cast(hexed("#3a4568")), hull_cover)
    part.over(mix(lamp, (1.0, 1.0, 1.0), 0.3), roof_cover * 0.75)
    part.over((1.0, 1.0, 1.0), strip_cover * 0.8)
    canvas.glow(x, y + size * 0.4, size * 0.55, lamp, 0.75)
    canvas.glow(x + way * size / canvas.aspect, y, size * 0.4, hexed("#fff3c8"), 0.9)


def paint_air(
    canvas: Canvas, sketch: Sketch, light: Light, *, indoors: bool = False, leafy: bool = False
) -> None:
    """Paint weather and effects that are nearer than the things, the largest last."""
    wanted = set(sketch.effects)
    if not indoors:
        _let_weather(canvas, light, wanted)
    if "sunlight" in wanted:
        slant_sunbeams(canvas, light)
    if "fireflies" in wanted:
        light_fireflies(canvas)
    if {"maple-leaves", "yellow-leaves"} & wanted:
        _let_fall(canvas, light, "leaves", _foliage(wanted), 60, 0.013, _leaf())
    elif leafy and sketch.season == "autumn":
        _let_fall(canvas, light, "leaves", light.leaves or _MAPLE, 36, 0.012, _leaf())
    if {"blossom", "petals"} & wanted:
        _let_fall(canvas, light, "petals", _BLOSSOM, 110, 0.0055, _PETAL)


def _let_weather(canvas: Canvas, light: Light, wanted: Collection[str]) -> None:
    """Let all come down or blow by that stays out of a house."""
    for name, paint in (
        ("fog", drift_fog), ("rain", pour_rain), ("snow", let_snow), ("hail", drop_hail), ("sandstorm", drive_sand),
        ("icicles", hang_icicles), ("wind", blow_wind),
    ):  # fmt: skip
        if name == light.weather or name in wanted:
            paint(canvas, light)


def hang_branch(
    canvas: Canvas, sketch: Sketch, light: Light, *, indoors: bool = False, leafy: bool = False
) -> None:
    """Let a branch in blossom or in autumn's leaves frame the picture, behind whoever stands there."""
    if {"maple-leaves", "yellow-leaves"}.intersection(sketch.effects):
        paint_branch(canvas, light, _foliage(sketch.effects), size=0.023, leaf=_leaf())
    elif leafy and sketch.season == "autumn":
        paint_branch(canvas, light, light.leaves or _MAPLE, size=0.02, leaf=_leaf())
    if (leafy and sketch.season == "spring") or ("blossom" in sketch.effects and not indoors):
        paint_branch(canvas, light, _BLOSSOM, size=0.014)


def _foliage(wanted: Collection[str]) -> tuple[Colour, ...]:
    return _GOLDEN if "yellow-leaves" in wanted else _MAPLE


def drift_fog(canvas: Canvas, light: Light) -> None:
    """Let banks of fog lie over everything, thickest at the horizon."""
    banks = canvas.noise("fog", 0.7, flat=4, octaves=4)
    canvas.over(
        light.haze,
        np.clip(0.2 + 0.5 * (banks - 0.5) + 0.24 * np.exp(-(((canvas.y - 0.6) / 0.2) ** 2)), 0, 0.62),
    )


def pour_rain(canvas: Canvas, light: Light) -> None:
    """Draw rain in two depths, slanting with the wind."""
    chance = canvas.chance("rain")
    for count, length, width, strength in ((800, 0.04, 0.0013, 0.38), (240, 0.09, 0.0021, 0.42)):
        places = [(canvas.spread(across), y * 1.1 - 0.1) for across, y in chance.random((count, 2)).tolist()]
        cover = canvas.shape(_draw_drops, places, length, width)
        canvas.over(mix(light.horizon, (1.0, 1.0, 1.0), 0.4), cover * strength)


def _draw_drops(pen: Pen, places: list[Point], length: float, width: float) -> None:
    for x, y in places:
        pen.line([(x, y), (x - length * 0.16 / pen.aspect, y + length)], width)


def let_snow(canvas: Canvas, light: Light) -> None:
    """Let snow fall in three depths; the nearest flakes are out of focus."""
    chance = canvas.chance("snow")
    white = mix(light.cloud, (1.0, 1.0, 1.0), 0.7)
    for count, radius, soft, strength in (
        (800, 0.0022, 0.0, 0.75),
        (260, 0.0046, 0.002, 0.8),
        (60, 0.011, 0.006, 0.6),
    ):
        flakes = chance.random((count, 3)).tolist()
        discs = [(canvas.spread(across), y, radius * (0.5 + 0.7 * size)) for across, y, size in flakes]
        canvas.over(white, canvas.blur(canvas.shape(draw_discs, discs), soft) * strength)


def drop_hail(canvas: Canvas, light: Light) -> None:
    """Let hailstones fall: hard white balls, each with its streak."""
    stones = [
        (canvas.spread(x), y, 0.004 + 0.008 * size**2)
        for x, y, size in canvas.chance("hail").random((330, 3)).tolist()
    ]
    tails = [[(x, y), (x + 1.2 * r / canvas.aspect, y - 7 * r)] for x, y, r in stones]
    canvas.over((0.9, 0.95, 1.0), canvas.shape(draw_lines, tails, 0.003) * 0.45)
    canvas.over(light.cast((0.72, 0.8, 0.88)), canvas.shape(draw_discs, stones))
    lit = [(x - 0.2 * r / canvas.aspect, y - 0.2 * r, 0.75 * r) for x, y, r in stones]
    canvas.over((1.0, 1.0, 1.0), canvas.shape(draw_discs, lit))


def drive_sand(canvas: Canvas, light: Light) -> None:
    """Drive brown sand over everything, thick below, in streaks along the wind."""
    sand = light.cast(light.dyed(hexed("#c8954f"), "desert", "sand"))
    banks = canvas.noise("sand-banks", 0.4, flat=3, octaves=5)
    streaks = canvas.noise("sand-streaks", 0.3, flat=16, octaves=4)
    canvas.over(sand, np.clip(0.38 + 0.5 * (banks - 0.5) + 0.35 * (canvas.y - 0.4), 0.1, 0.85))
    canvas.over(mix(sand, (1.0, 0.95, 0.8), 0.4), ramp(0.56, 0.75, streaks) * 0.45)


def hang_icicles(canvas: Canvas, light: Light) -> None:
    """Hang icicles from the upper edge, as from the eaves one looks out from under."""
    spikes = [(canvas.spread((k + 0.7 * a) / 90), 0.05 + 0.2 * b**2.2, 0.008 + 0.009 * c)
              for k, (a, b, c) in enumerate(canvas.chance("icicles").random((90, 3)).tolist())]  # fmt: skip

    def draw(pen: Pen, share: float) -> None:
        for x, long, half in spikes:
            w = half * share / pen.aspect
            pen.polygon(
                [
                    (x - w, -0.01),
                    (x - 0.7 * w, 0.35 * long),
                    (x, long * (0.7 + 0.3 * share)),
                    (x + 0.7 * w, 0.35 * long),
                    (x + w, -0.01),
                ]
            )

    canvas.over(light.cast(hexed("#9fd0ee")), canvas.shape(draw, 1.0) * 0.85)
    canvas.over((1.0, 1.0, 1.0), canvas.shape(draw, 0.4) * 0.85)


def blow_wind(canvas: Canvas, light: Light) -> None:
    """Let gusts of wind be seen: long curled lines, and leaves carried along."""
    lines = []
    for number, (a, b, c) in enumerate(canvas.chance("gusts").random((11, 3)).tolist()):
        x, y, long = canvas.spread(0.2 + 0.5 * a), 0.08 + 0.8 * ((number + b) / 11), 0.28 + 0.2 * c
        path = [(x + long * k / 12 / canvas.aspect, y + 0.012 * math.sin(k * 0.5 + 6 * c)) for k in range(13)]
        if number % 2:
            size, (at_x, at_y) = 0.022 + 0.016 * b, path[-1]
            path += [
                (
                    at_x + size * (1 - k / 18) * math.sin(k * 0.4) / canvas.aspect,
                    at_y - size * (1 - (1 - k / 18) * math.cos(k * 0.4)) + 0.0 * k,
                )
                for k in range(1, 14)
            ]
        lines.append(path)
    cover = canvas.shape(draw_lines, lines, 0.0045)
    canvas.over((1.0, 1.0, 1.0), canvas.blur(cover, 0.0015) * 0.6)
    _let_fall(canvas, light, "blown", light.leaves or _MAPLE, 40, 0.009, _PETAL)


def slant_sunbeams(canvas: Canvas, light: Light) -> None:
    """Let beams of sun fall from the upper corner on the light's side."""
    side = canvas.x if light.sun[0] < 0.5 else 1 - canvas.x
    across = side * 1.15 + canvas.y * 0.62
    beams = 0.5 + 0.5 * np.sin(across * 17 + 0.8) * np.sin(across * 7.3)
    colour = light.sun_colour if not light.night else hexed("#bcd0ff")
    canvas.glaze(colour, beams * ramp(1.25, 0.15, across) * 0.34)


def light_fireflies(canvas: Canvas) -> None:
    """Scatter fireflies over the lower part."""
    chance = canvas.chance("fireflies")
    for x, depth, size in chance.random((46, 3)).tolist():
        y = 0.42 + 0.54 * depth
        canvas.glow(x, y, 0.005 + 0.012 * size, hexed("#e8ff7a"), 0.9)
        canvas.glow(x, y, 0.0025, hexed("#ffffe0"), 1.0)


def raise_steam(canvas: Canvas, x: float, y: float, width: float) -> None:
    """Let steam curl up from a point: three ribbons that widen, sway and dissolve."""
    height = width * 2.6
    part = canvas.window(x - width * 1.6 / canvas.aspect, y - height, x + width * 1.6 / canvas.aspect, y)
    if not part.rgb.size:
        return
    up = np.clip((y - part.y) / height, 0, 1)
    across = (part.u - ((x - 0.5) * canvas.aspect)) / width
    veil = np.zeros(part.rgb.shape[:2], np.float32)
    for start, phase in ((-0.22, 0.4), (0.02, 2.3), (0.24, 4.4)):
        middle = start * (1 + up) + 0.2 * np.sin(up * 7.5 + phase) * (0.25 + up)
        veil += np.exp(-(((across - middle) / (0.06 + 0.15 * up)) ** 2))
    cloud = part.noise("steam", width * 0.8, flat=0.5, octaves=4)
    veil *= ramp(0, 0.16, up) * ramp(1, 0.35, up) * (0.35 + 0.8 * cloud)
    part.glaze((1.0, 0.99, 0.97), part.blur(np.clip(veil, 0, 1), 0.004) * 0.55)


def raise_smoke(canvas: Canvas, tint: Colour, x: float, y: float, width: float) -> None:
    """Let smoke roll out of a chimney: clouds that grow, drift and thin on their way up."""
    part = canvas.window(x - width * 1.5 / canvas.aspect, y - width * 4.2, x + width * 3.6 / canvas.aspect, y)
    if not part.rgb.size:
        return
    across, up = (part.u - (x - 0.5) * canvas.aspect) / width, (y - part.y) / width
    curls = part.noise("smoke", width * 0.7, octaves=4) - 0.5
    cover = np.zeros(part.rgb.shape[:2], np.float32)
    for step in range(7):
        rise = step / 6
        middle = 0.9 * rise + 1.2 * rise**2 + 0.16 * math.sin(step * 2.1)
        radius = 0.3 + 0.62 * rise
        far = np.hypot(across - middle, up - 0.2 - 3.0 * rise) / radius + 0.9 * curls
        cover = np.maximum(cover, ramp(1.08, 0.62, far) * (0.92 - 0.55 * rise))
    part.over(times(_SMOKE, tint), part.blur(cover * ramp(0, 0.12, up), 0.002))


def _let_fall(
    canvas: Canvas,
    light: Light,
    name: str,
    colours: tuple[Colour, ...],
    count: int,
    size: float,
    ring: Ring,
) -> None:
    """Scatter falling petals or leaves, each turned its own way; a few are near and large."""
    chance = canvas.chance(name)
    for colour in colours:
        outlines = [
            turned(
                ring, (canvas.spread(across), y), size * (0.55 + 1.1 * much**4), turn * 6.283, canvas.aspect
            )
            for across, y, turn, much in chance.random((count // len(colours), 4)).tolist()
        ]
        canvas.over(colour if light.ink else light.cast(colour), canvas.shape(draw_polygons, outlines) * 0.95)


def _leaf() -> Ring:
    """Return a maple leaf of radius 1: five points and a stalk."""
    ring = []
    for k in range(10):
        angle, reach = (k - 2.5) / 10 * 2 * math.pi * 0.86, (1.0, 0.42)[k % 2]
        ring.append((reach * math.cos(angle), reach * math.sin(angle)))
    return [*ring, (-0.3, 0.06), (-0.85, 0.02), (-0.85, -0.03), (-0.3, -0.06)]
