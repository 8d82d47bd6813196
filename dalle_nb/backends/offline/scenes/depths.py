"""Where the land opens: a canyon, a volcano, a cave."""

from __future__ import annotations

import math

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, Plane, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, Point, draw_discs, draw_polygons
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import (
    SNOW,
    paint_meadow,
    paint_woods,
    season_stage,
)
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch


def paint_canyon(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a canyon: banded red walls in steps on both sides, mesas far off, a river below."""
    horizon = 0.46
    paint_sky(canvas, sketch, light, horizon, clouds=0.3)
    red = light.dyed(hexed("#c8683a"), "canyon", "rocks", "desert")
    for number, (reach, foot, top, fade) in enumerate(
        ((0.03, 0.5, 0.3, 0.55), (0.1, 0.58, 0.24, 0.36), (0.21, 0.7, 0.14, 0.18), (0.34, 0.9, 0.04, 0.0))
    ):
        if number == 0:
            part = canvas.band(horizon, 1)
            part.fill(
                light.cast(SNOW if light.snowy else mix(red, hexed("#e8c490"), 0.5)),
                tone=0.85 + 0.3 * part.ground_noise("floor", horizon, 0.3, flat=2),
            )
            _run_river(canvas, light, horizon)
        for side in (-1, 1):
            _wall(canvas, light, f"wall{number}{side}", side, reach, foot, top, red, fade)
    return season_stage(
        light, horizon, (Spot(x=0.6, y=0.94, scale=0.5), Spot(x=0.36, y=0.92, scale=0.44), Spot(x=0.48, y=0.86, scale=0.34)),
        (Spot(x=0.58, y=0.68, scale=0.2), Spot(x=0.42, y=0.68, scale=0.2)), ground=0.8, water=(Spot(x=0.5, y=0.78, scale=0.2),),
        sky=(Spot(x=0.5, y=0.2, scale=0.3), Spot(x=0.4, y=0.32, scale=0.15), Spot(x=0.6, y=0.34, scale=0.13)),
    )  # fmt: skip


def _run_river(canvas: Canvas, light: Light, horizon: float) -> None:
    part = canvas.band(horizon, 1)
    depth = part.y - horizon
    off = np.abs(part.u - 0.1 * np.sin(depth * 12) * (0.3 + depth)) / (0.012 + 0.2 * depth)
    ripple = part.ground_noise("ripple", horizon, 0.1, flat=2.5, steep=0.05)
    part.over(
        light.cast(light.dyed(hexed("#3f93a8"), "river", "water", "lake")),
        ramp(1.04, 0.98, off) * ramp(0.98, 0.9, part.y),
        tone=0.8 + 0.5 * ripple,
    )


def _wall(
    canvas: Canvas,
    light: Light,
    name: str,
    side: int,
    reach: float,
    foot: float,
    top: float,
    red: Colour,
    fade: float,
) -> None:
    part = canvas.band(max(0.0, top - 0.08), foot + 0.04)
    out = part.u * side - reach
    rough = (part.noise(f"{name}-edge", 0.11, flat=0.7, octaves=5) - 0.5) * 0.09
    share = np.clip((foot - part.y) / (foot - top), 0, 1.2)
    step = 0.06 * np.floor(share * 4) / 4 + 0.05 * share
    back = (
        top + 0.12 * ramp(0.5, 0.0, out) * (0.4 + 0.6 * fade) + (part.line(f"{name}-rim", 0.12) - 0.5) * 0.04
    )
    inside = np.minimum(np.minimum(out - step + rough, part.y - back), foot + 0.02 - part.y + rough * 0.3)
    cover = part.edge(inside)
    wave = part.noise(f"{name}-bend", 0.5, octaves=2) - 0.5
    bands = np.sin((part.y + 0.05 * wave) * 95) * 0.5 + np.sin((part.y + 0.06 * wave) * 41 + 1) * 0.5
    cracks = part.noise(f"{name}-crack", 0.07, flat=0.28, octaves=5)
    tone = 0.52 + 0.75 * cracks + 0.16 * bands + (0.14 if (side > 0) != (light.sun[0] > 0.5) else -0.1)
    colour = light.far(red, fade)
    part.over(colour, cover, tone=np.clip(tone, 0.3, 1.35))
    part.over(light.far(mix(red, hexed("#f6d9a8"), 0.6), fade), cover * ramp(0.35, 0.8, bands) * 0.5)
    if light.snowy:
        part.over(light.far(SNOW, fade), cover * ramp(0.04, 0.0, part.y - back))


def paint_volcano(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a volcano that erupts: a dark cone, a fountain of fire, streams of lava, a cloud of ash."""
    horizon = 0.68
    paint_sky(canvas, sketch, light, horizon, clouds=0.3)
    top, wide = 0.34, 0.075
    _rise_ash(canvas, light, top)
    fire = canvas.chance("fire")
    canvas.glow(0.5, top - 0.03, 0.17, hexed("#ff6a1a"), 0.95)
    part = canvas.band(top - 0.02, horizon + 0.12)
    height = (part.y - top) / (horizon - top)
    half = wide + 0.42 * np.clip(height, 0, 2) ** 1.45 + (part.noise("cone", 0.1, octaves=5) - 0.5) * 0.05
    cover = part.edge(
        np.minimum(half - np.abs(part.u), part.y - top - 0.012 * (part.line("rim", 0.04) - 0.5))
    )
    ribs = part.noise("ribs", 0.12, flat=0.45, octaves=6)
    slope = 0.5 - 0.9 * part.u * (1 if light.sun[0] < 0.5 else -1)
    part.over(light.cast(hexed("#5b4b4c")), cover, tone=np.clip(0.25 + 0.8 * ribs + 0.4 * slope, 0.2, 1.3))
    if light.snowy:
        part.over(light.cast(SNOW), cover * ramp(0.3, 0.12, height + 0.3 * (ribs - 0.5)))
    _pour_lava(part, cover, height)
    paint_meadow(
        canvas,
        light,
        horizon + 0.02,
        colour=mix(SNOW if light.snowy else light.grass, hexed("#4a4438"), 0.45),
    )
    paint_woods(canvas, light, "wood", foot=horizon + 0.04, height=0.06, count=70, distance=0.2)
    sparks = fire.random((150, 3)).tolist()

    def fountain(pen: Pen, share: float) -> None:
        for a, b, c in sparks:
            angle, far = (a - 0.5) * 1.5, (0.05 + 0.3 * b) * share
            pen.disc(
                0.5 + math.sin(angle) * far * 0.9 / pen.aspect,
                top - math.cos(angle) * far + 0.9 * far * far,
                0.003 + 0.005 * c * share,
            )

    body = canvas.shape(fountain, 1.0)
    canvas.glaze(hexed("#ff7a1a"), np.clip(canvas.blur(body, 0.012) * 2.2, 0, 1))
    canvas.over(hexed("#ffb02e"), body)
    canvas.over(hexed("#fff0a0"), canvas.shape(fountain, 0.5))
    return season_stage(
        light, horizon, (Spot(x=0.5, y=0.94, scale=0.5), Spot(x=0.78, y=0.92, scale=0.46), Spot(x=0.24, y=0.92, scale=0.46)),
        (Spot(x=0.82, y=0.77, scale=0.2), Spot(x=0.18, y=0.77, scale=0.2)), ground=0.78,
    )  # fmt: skip


def _rise_ash(canvas: Canvas, light: Light, top: float) -> None:
    """Let a column of ash rise and spread, lit red from below."""
    puffs: list[tuple[float, float, float]] = []
    for a, b, c in canvas.chance("ash").random((90, 3)).tolist():
        up = a**0.8
        spread = 0.05 + 0.3 * up**1.6
        puffs.append(
            (
                0.5 + (b - 0.42) * 2 * spread / canvas.aspect,
                top - 0.03 - 0.4 * up,
                0.03 + 0.06 * up + 0.02 * c,
            )
        )
    part = canvas.band(0, top + 0.03)
    cover = part.blur(part.shape(draw_discs, puffs), 0.004)
    inside = part.blur(cover, 0.035)
    lit = ramp(-0.1, 0.4, inside - part.shifted(inside, 0.02, 0.025))
    billow = part.noise("billow", 0.12, octaves=5) - 0.5
    part.over(light.cast(hexed("#3f3a40")), cover * 0.96)
    part.over(light.cast(hexed("#8a8086")), cover * np.clip(0.15 + 0.6 * lit + 0.7 * billow, 0, 1))
    part.over(hexed("#ff6a20"), cover * ramp(0.24, 0.0, part.distance(0.5, top)) * 0.7)


def _pour_lava(part: Canvas, cover: Plane, height: Plane) -> None:
    """Let lava run down the cone in a few winding streams."""
    for start, lean, wide, reach in (
        (0.0, 0.05, 0.022, 1.0),
        (-0.04, -0.34, 0.016, 0.82),
        (0.045, 0.36, 0.017, 0.9),
    ):
        middle = start + lean * np.clip(height, 0, 1.2) + 0.02 * np.sin(height * 13 + start * 60)
        off = np.abs(part.u - middle) / (wide * (0.8 + 0.5 * np.clip(height, 0, 1)))
        body = cover * ramp(reach + 0.08, reach - 0.1, height)
        part.glaze(hexed("#ff5a14"), body * np.exp(-((off / 2.6) ** 2)) * 0.6)
        part.over(hexed("#f2521b"), body * ramp(1.1, 0.85, off))
        part.over(hexed("#ffd24a"), body * ramp(0.6, 0.2, off))


def paint_cave(canvas: Canvas, _sketch: Sketch, light: Light) -> Stage:
    """Paint the inside of a cave: rock all round, stalactites, a floor, glowing crystals, daylight far in."""
    glow = light.dyed(hexed("#5fd8ff"), "cave", "crystals")
    rock = hexed("#4a4350")
    face = canvas.noise("rock", 0.34, flat=1.1, octaves=7, gain=0.56)
    depth = np.hypot(canvas.u / 0.62, (canvas.y - 0.5) / 0.5)
    canvas.fill(rock, tone=(0.22 + 0.95 * face) * (0.35 + 0.75 * np.clip(depth, 0, 1.1)))
    off = np.hypot(canvas.u / 0.3, (canvas.y - 0.46) / 0.25) + 0.4 * (
        canvas.noise("mouth", 0.3, octaves=4) - 0.5
    )
    canvas.over(times(mix(glow, rock, 0.55), 0.5), ramp(1.35, 0.6, off) * 0.8)
    canvas.over(light.horizon if not light.night else light.middle, ramp(0.62, 0.54, off))
    canvas.glow(0.5, 0.45, 0.2, mix(glow, light.horizon, 0.5), 0.4)
    floor = canvas.band(0.66, 1)
    crest = 0.74 + (floor.line("floor", 0.4) - 0.5) * 0.05 + 0.0 * floor.y
    tone = 0.4 + 0.7 * floor.ground_noise("slabs", 0.6, 0.3, flat=1.6) + 0.3 * np.exp(-((floor.u / 0.3) ** 2))
    floor.over(times(mix(rock, glow, 0.16), 0.95), floor.edge(floor.y - crest), tone=tone)
    _hang_stones(canvas, rock)
    crystals = (
        (-0.4, 0.84, 0.2),
        (-0.31, 0.88, 0.14),
        (0.42, 0.82, 0.21),
        (0.33, 0.87, 0.13),
        (-0.2, 0.74, 0.07),
        (0.22, 0.735, 0.08),
        (-0.47, 0.95, 0.15),
        (0.48, 0.96, 0.17),
    )
    for number, (u, foot, tall) in enumerate(crystals):
        _grow_crystal(
            canvas,
            number,
            0.5 + u / canvas.aspect,
            foot,
            tall,
            mix(glow, hexed("#b070ff"), 0.75 * (number % 2)),
        )
    return Stage(
        spots=(Spot(x=0.5, y=0.93, scale=0.56), Spot(x=0.68, y=0.9, scale=0.46), Spot(x=0.33, y=0.9, scale=0.46)),
        back=(Spot(x=0.6, y=0.78, scale=0.26), Spot(x=0.42, y=0.78, scale=0.26)),
        sky=(Spot(x=0.5, y=0.34, scale=0.3), Spot(x=0.66, y=0.26, scale=0.18), Spot(x=0.33, y=0.28, scale=0.18)),
        horizon=0.74, tint=mix((0.86, 0.86, 0.9), glow, 0.18), haze=times(glow, 0.35), rim=times(glow, 0.7), shadow=0.5, indoors=True, lit=True,
    )  # fmt: skip


def _hang_stones(canvas: Canvas, rock: Colour) -> None:
    """Hang stalactites from the roof and raise stalagmites from the floor."""
    for layer, tone in enumerate((0.55, 0.85, 0.4)):
        chance = canvas.chance(f"stones-{layer}").random((26, 3)).tolist()

        def cones(pen: Pen, layer: int = layer, chance: list[list[float]] = chance) -> None:
            for a, b, c in chance:
                u = (a - 0.5) * 3.2
                x, wide = 0.5 + u / pen.aspect, (0.016 + 0.02 * c) * (1 + 0.4 * layer) / pen.aspect
                roof = 0.14 - 0.05 * layer - 0.05 * min(1.0, abs(u)) + 0.05
                long = (0.08 + 0.24 * b * b) * (0.55 + 0.9 * min(1.0, abs(u) * 1.6))
                pen.polygon(
                    [
                        (x - wide * 2, -0.01),
                        (x - wide, roof),
                        (x, roof + long),
                        (x + wide, roof),
                        (x + wide * 2, -0.01),
                    ]
                )
                if abs(u) > 0.3:
                    pen.polygon(
                        [
                            (x - wide * 1.3, 0.83 + 0.1 * layer),
                            (x, 0.83 + 0.1 * layer - long * 0.7),
                            (x + wide * 1.3, 0.83 + 0.1 * layer),
                        ]
                    )

        cover = canvas.shape(cones)
        face = canvas.noise(f"stone-face-{layer}", 0.05, flat=0.3, octaves=4)
        canvas.over(rock, cover, tone=tone * (0.6 + 0.8 * face))
        canvas.over(times(rock, 1.9), np.clip(cover - canvas.shifted(cover, 0.004, 0), 0, 1) * 0.5)


def _grow_crystal(canvas: Canvas, number: int, x: float, foot: float, tall: float, colour: Colour) -> None:
    """Grow a cluster of pointed crystals that shine."""
    canvas.glow(x, foot - 0.5 * tall, tall * 0.75, colour, 0.55)
    for k, (lean, share) in enumerate(((-0.5, 0.7), (0.5, 0.75), (-0.2, 0.9), (0.22, 1.0), (0.0, 0.6))):
        angle, long = lean * 1.1 + 0.1 * ((number % 3) - 1), tall * share
        c, s, half = math.cos(angle), math.sin(angle), 0.12 * tall

        def at(across: float, up: float, c: float = c, s: float = s, long: float = long) -> Point:
            return x + (across * c + up * long * s) / canvas.aspect, foot + across * s - up * long * c

        for colour_k, ring in (
            (times(colour, 0.62), [at(-half, 0), at(-half, 0.74), at(0, 1), at(half, 0.74), at(half, 0)]),
            (
                mix(colour, (1.0, 1.0, 1.0), 0.25),
                [at(-half, 0), at(-half, 0.74), at(0, 1), at(-half * 0.1, 0.7), at(-half * 0.1, 0)],
            ),
            (mix(colour, (1.0, 1.0, 1.0), 0.7), [at(-half, 0.74), at(0, 1), at(-half * 0.1, 0.7)]),
        ):
            canvas.over(times(colour_k, 0.82 + 0.045 * k), canvas.shape(draw_polygons, [ring]) * 0.95)
