"""A beach: clear sea, a line of surf, sand, and a palm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Point, draw_discs, draw_polygons
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import SNOW, paint_ridge, paint_rocks, season_stage
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import paint_palm
from dalle_nb.backends.offline.sketch import Sketch, Thing

_HORIZON, _SHORE = 0.47, 0.68
_SAND = hexed("#f2d79c")
_HOLLOW = (
    (0.14, 0.29), (0.03, 0.3), (-0.06, 0.38), (-0.1, 0.5), (-0.06, 0.64), (0.08, 0.76), (-0.14, 0.7), (-0.24, 0.52),
    (-0.2, 0.36), (-0.06, 0.26),
)  # fmt: skip


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the beach, with the palm at the left edge."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.62)
    paint_ridge(
        canvas,
        light,
        "island",
        base=_HORIZON + 0.022,
        rise=0.05,
        cell=0.6,
        colour=hexed("#4c8a78"),
        distance=0.55,
    )
    paint_open_sea(canvas, light, _HORIZON)
    _paint_sand(canvas, light)
    palm = not light.snowy and not any(thing.name == "palm" for thing in sketch.things)
    if palm:
        canvas.over(
            times(light.cast(hexed("#8a6a3f")), 0.8),
            np.exp(-((canvas.distance(0.12, 0.835, 5) / 0.09) ** 2)) * 0.6,
        )
        paint_palm(canvas, light, "palm", (0.09, 0.83), 0.62, 0.16)
    return Stage(
        spots=(
            Spot(x=0.5, y=0.92, scale=0.74),
            Spot(x=0.78, y=0.88, scale=0.55),
            Spot(x=0.26, y=0.86, scale=0.5),
        ),
        back=(
            Spot(x=0.86, y=0.76, scale=0.42),
            Spot(x=0.6, y=0.55, scale=0.16),
            Spot(x=0.3, y=0.75, scale=0.3),
        ),
        water=(
            Spot(x=0.7, y=0.555, scale=0.2),
            Spot(x=0.4, y=0.52, scale=0.1),
            Spot(x=0.88, y=0.51, scale=0.08),
        ),
        horizon=_HORIZON,
        tint=light.tint,
        haze=light.haze,
        rim=times(light.sun_colour, 0.35 if light.clear else 0.1),
        from_right=light.sun[0] > 0.5,
        shadow=light.shadow,
        props=(Thing(name="beach-umbrella", place="right"), Thing(name="boat", place="left", size="small")),
        painted=frozenset({"palm"} if palm else ()),
    )


def paint_open_sea(canvas: Canvas, light: Light, horizon: float, *, rough: float = 0.4) -> None:
    """Paint sea from the horizon to the lower edge: deep far off, clear near, with the sun's path on it."""
    sea = canvas.band(horizon, 1)
    waves = sea.ground_noise("waves", horizon, 0.34, flat=2.6, steep=0.035) - 0.5
    small = sea.ground_noise("wavelets", horizon, 0.09, flat=2.2, steep=0.035) - 0.5
    blue = light.dyed(hexed("#0e6fae"), "sea", "water")
    own = blue == hexed("#0e6fae")
    deep, clear = light.cast(blue), light.cast(hexed("#35c4c6") if own else mix(blue, (1.0, 1.0, 1.0), 0.25))
    if light.storm and own:
        deep, clear = light.cast(hexed("#1c4a5c")), light.cast(hexed("#3d7f86"))
    stops = [
        (horizon, mix(deep, light.horizon, 0.25)),
        (horizon + 0.06, deep),
        (horizon + 0.3, mix(deep, clear, 0.8)),
        (1.0, clear),
    ]
    body = waves * 0.6 + small * 0.5
    sea.fill(sea.gradient(stops) * (1 + body * 0.45)[..., None])
    sea.over(mix(light.middle, light.horizon, 0.6), ramp(0.05, 0.5, body) * 0.5)
    sea.over(light.cast((1.0, 1.0, 1.0)), ramp(0.3, 0.55, body) * rough)
    if light.clear and not light.ink:
        path = np.exp(-(((sea.x - light.sun[0]) * canvas.aspect / (0.07 + 0.5 * (sea.y - horizon))) ** 2))
        low = light.time in ("dawn", "dusk")
        sea.glaze(light.sun_colour, path * ramp(-0.05, 0.3, body) * 0.85)
        if low:  # a road of fire
            sea.over(hexed("#ffb45a"), path * ramp(-0.12, 0.22, body) * 0.75)


def raise_waves(canvas: Canvas, light: Light, horizon: float) -> None:
    """Raise storm waves: rows of steep crests with white heads and streaks of foam down their backs."""
    for step in range(5):
        near = step / 4
        base = horizon + 0.035 + (0.95 - horizon) * (0.12 + 0.8 * near**1.1) - 0.03
        high, cell = 0.02 + 0.085 * near, 0.2 + 0.5 * near
        part = canvas.band(base - 1.5 * high, 1)
        line = part.line(f"storm-{step}", cell, octaves=2)
        peak = 1 - np.abs(line - 0.5) * 3.2
        crest = base - high * peak - 0.008 * (part.line(f"chop-{step}", 0.05) - 0.5)
        below = part.y - crest
        deep = light.cast(mix(hexed("#2a5d6e"), hexed("#123a4c"), near))
        streak = part.noise(f"streak-{step}", 0.1, flat=2.2, octaves=5)
        tone = 1.25 - 1.4 * np.clip(below / (high * 3), 0, 0.5) + 0.5 * (streak - 0.5)
        cover = part.edge(below)
        part.over(deep, cover, tone=tone)
        head = ramp(0.55 * high, 0.0, below) * np.clip(peak * 1.3, 0.1, 1)
        lace = ramp(0.56, 0.7, streak) * ramp(2.2 * high, 0.3 * high, below) * 0.6
        part.over(light.cast((1.0, 1.0, 1.0)), cover * np.clip(head * ramp(0.3, 0.5, streak) + lace, 0, 0.95))


def _heap_froth(
    canvas: Canvas, crest: Sequence[Point], foot: Sequence[Point]
) -> list[tuple[float, float, float]]:
    """Return the discs of foam along a crest, and fewer along the foot of a wave, told in (u, y)."""
    froth = []
    for number, (a, b, c) in enumerate(canvas.chance("froth").random((420, 3)).tolist()):
        path, reach = (crest, 0.035) if number % 4 else (foot, 0.022)
        along = a * (len(path) - 1.001)
        (u0, y0), (u1, y1) = path[int(along)], path[int(along) + 1]
        u, y = u0 + (u1 - u0) * (along % 1), y0 + (y1 - y0) * (along % 1)
        x = 0.5 + (u + (b - 0.5) * reach) / canvas.aspect
        froth.append((x, y + (c - 0.5) * reach, 0.005 + 0.014 * b * c))
    return froth


def raise_great_wave(canvas: Canvas, light: Light) -> None:
    """Raise one giant wave that curls over, foam along its lip, streaks up its hollow face."""
    sea = light.cast(light.dyed(hexed("#1f7fa8"), "sea", "water"))

    def at(u: float, y: float) -> Point:
        return 0.5 + u / canvas.aspect, y

    back = [
        (-1.7, 1.02),
        (-1.5, 0.8),
        (-0.9, 0.66),
        (-0.62, 0.5),
        (-0.46, 0.32),
        (-0.3, 0.2),
        (-0.12, 0.14),
        (0.06, 0.15),
    ]
    lip = [(0.2, 0.21), (0.28, 0.3), (0.29, 0.38), (0.23, 0.33), (0.14, 0.29), (0.03, 0.3)]
    face = [
        (-0.06, 0.38),
        (-0.1, 0.5),
        (-0.06, 0.64),
        (0.08, 0.76),
        (0.32, 0.84),
        (0.8, 0.88),
        (1.7, 0.9),
        (1.7, 1.02),
    ]
    cover = canvas.shape(draw_polygons, [[at(*point) for point in (*back, *lip, *face)]])
    streaks = canvas.noise("wave-streaks", 0.1, flat=0.35, octaves=5)
    canvas.over(sea, cover, tone=0.55 + 0.5 * streaks + 0.5 * ramp(0.95, 0.2, canvas.y))
    inner = canvas.shape(draw_polygons, [[at(*point) for point in _HOLLOW]])
    canvas.over(
        mix(sea, light.cast(hexed("#9fe8e0")), 0.55),
        canvas.blur(inner, 0.012) * cover * (0.35 + 0.5 * ramp(0.4, 0.7, streaks)),
    )
    froth = _heap_froth(canvas, (*back[4:], *lip), face[:6])
    foam = canvas.shape(draw_discs, froth)
    canvas.over(light.cast(hexed("#bcdbe8")), np.clip(canvas.shifted(foam, 0.003, 0.006) - foam, 0, 1) * 0.8)
    canvas.over(light.cast((1.0, 1.0, 1.0)), foam)


def paint_coast(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a cool coast: a headland, rocks in the surf, grey sand and dune grass, no palm."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.7)
    cape = SNOW if light.snowy else mix(light.grass, hexed("#6f7a74"), 0.5)
    paint_ridge(canvas, light, "cape", base=_HORIZON + 0.03, rise=0.11, cell=0.7, colour=cape, distance=0.4)
    paint_open_sea(canvas, light, _HORIZON, rough=0.6)
    _paint_sand(canvas, light, hexed("#d9cdb4"))
    rocks = [
        (-0.3, 0.6, 0.13), (-0.42, 0.64, 0.2), (-0.22, 0.63, 0.07), (0.4, 0.58, 0.1), (0.3, 0.6, 0.05),
        (-0.5, 0.82, 0.2), (-0.36, 0.84, 0.1), (0.48, 0.86, 0.15),
    ]  # fmt: skip
    foam = canvas.band(0.5, 0.7)
    for u, y, wide in rocks[:5]:
        spray = foam.noise("spray", 0.03, octaves=3)
        near = foam.distance(0.5 + u / canvas.aspect, y, flat=4) / (wide * 0.75)
        foam.over((1.0, 1.0, 1.0), ramp(1.2, 0.8, near + 0.5 * (spray - 0.5)) * 0.85)
    paint_rocks(canvas, light, "rocks", rocks, light.dyed(hexed("#6f7076"), "rocks"))
    return season_stage(
        light, _HORIZON,
        (Spot(x=0.5, y=0.92, scale=0.7), Spot(x=0.76, y=0.9, scale=0.54), Spot(x=0.3, y=0.92, scale=0.5)),
        (Spot(x=0.8, y=0.76, scale=0.34), Spot(x=0.6, y=0.55, scale=0.14)),
        water=(Spot(x=0.66, y=0.56, scale=0.2), Spot(x=0.5, y=0.52, scale=0.1)),
    )  # fmt: skip


def _paint_sand(canvas: Canvas, light: Light, own: Colour = _SAND) -> None:
    """Paint wet and dry sand, and the lace of the last wave."""
    shore = _SHORE + (canvas.line("shore", 0.8, octaves=4) - 0.5) * 0.07
    beach = canvas.band(_SHORE - 0.09, 1)
    below = beach.y - shore
    foam = beach.ground_noise("foam", _HORIZON, 0.09, flat=1.3) - 0.5
    sand = light.cast(SNOW if light.snowy else light.dyed(own, "beach", "sand", "coast"))
    grain = (
        beach.ground_noise("dunes", _HORIZON, 0.3, flat=1.4) * 0.16
        + beach.noise("grain", 0.006, octaves=2) * 0.08
    )
    dry = np.asarray(sand, np.float32) * (0.9 + grain - 0.06)[..., None]
    lace = below + foam * 0.03
    beach.over(light.cast((1.0, 1.0, 1.0)), ramp(-0.07, -0.012, lace) * 0.75)
    beach.over(light.cast((1.0, 1.0, 1.0)), beach.edge(lace + 0.014))
    beach.over(times(sand, (0.7, 0.66, 0.62)), beach.edge(lace))
    beach.over(dry, ramp(0.012, 0.075, below + foam * 0.02))
