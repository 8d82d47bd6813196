"""Places out of doors that are made of other ones: a park, an island, a waterfall, a rooftop over the city."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, draw_discs, draw_lines
from dalle_nb.backends.offline.scenes import city, meadow, sea
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import SNOW, paint_meadow, paint_water
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import paint_palm, paint_tree
from dalle_nb.backends.offline.sketch import Sketch, Thing

_LAMP = hexed("#ffdc9a")


def paint_park(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a lawn with old trees, a path that winds through it, a bench and lamps along it."""
    stage = meadow.paint(canvas, sketch, light)
    for name, x, foot, tall in (
        ("park-1", 0.9, 0.72, 0.4),
        ("park-2", 0.66, 0.66, 0.2),
        ("park-3", 0.36, 0.66, 0.18),
    ):
        paint_tree(
            canvas, light, name, (0.5 + (x - 0.5) * 1.0, foot), tall, distance=0.25 if tall < 0.3 else 0.0
        )
    part = canvas.band(0.66, 1)
    depth = part.y - 0.64
    off = np.abs(part.u - 0.1 + 0.5 * depth - 0.12 * np.sin(depth * 13)) / (0.015 + 0.42 * depth)
    part.over(
        light.cast(times(SNOW, 0.85) if light.snowy else hexed("#d9c3a0")),
        ramp(1.05, 0.95, off),
        tone=0.94 + 0.1 * part.noise("gravel", 0.01, octaves=2),
    )
    part.over(times(light.cast(hexed("#8a8a6a")), 0.8), ramp(1.12, 1.04, off) * ramp(0.95, 1.04, off) * 0.7)
    for x, foot in ((0.5 + 0.33 / canvas.aspect, 0.8), (0.5 - 0.08 / canvas.aspect, 0.69)):
        _stand_lamp(canvas, light, x, foot, (foot - 0.58) * 1.5)
    benched = any("bench" in (thing.name, thing.seat) for thing in sketch.things)
    if not benched:
        for x, foot, wide in (
            (0.5 - 0.36 / canvas.aspect, 0.79, 0.2),
            (0.5 + 0.27 / canvas.aspect, 0.705, 0.1),
        ):
            _set_bench(canvas, light, x, foot, wide)
    return replace(stage, props=())


def _stand_lamp(canvas: Canvas, light: Light, x: float, foot: float, tall: float) -> None:
    def draw(pen: Pen) -> None:
        pen.line([(x, foot), (x, foot - tall)], 0.03 * tall)
        pen.disc(x, foot, 0.05 * tall, flat=2)

    canvas.over(light.cast(hexed("#37413f")), canvas.shape(draw))
    canvas.over(
        light.cast(hexed("#fff3d4")), canvas.shape(lambda pen: pen.disc(x, foot - tall, 0.075 * tall))
    )
    if light.time in ("dusk", "night"):
        canvas.glow(x, foot - tall, 0.3 * tall, _LAMP, 0.9)


def _set_bench(canvas: Canvas, light: Light, x: float, foot: float, wide: float) -> None:
    """Set a bench: a back and a seat of boards on two legs."""
    half, tall = wide / 2 / canvas.aspect, wide * 0.46
    boards = [[(x - half, foot - tall * k), (x + half, foot - tall * k)] for k in (1.0, 0.78, 0.44)]
    legs = [[(x + side * half * 0.8, foot - tall), (x + side * half * 0.8, foot)] for side in (-1, 1)]
    canvas.over(light.cast(hexed("#3c4246")), canvas.shape(draw_lines, legs, wide * 0.045))
    canvas.over(light.cast(hexed("#a86a3c")), canvas.shape(draw_lines, boards, wide * 0.085))


def paint_island(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a green island with palms in the middle of the sea."""
    stage = sea.paint(canvas, sketch, light)
    sand = light.cast(SNOW if light.snowy else hexed("#f4dca4"))
    part = canvas.band(0.5, 1)
    shore = (part.line("isle", 0.3) - 0.5) * 0.02
    off = np.hypot(part.u / 0.5, (part.y - 0.74 + shore) / 0.13)
    part.over((1.0, 1.0, 1.0), ramp(1.13, 1.0, off) * 0.75)
    part.over(times(sand, 0.8), ramp(1.02, 0.99, off))
    part.over(sand, ramp(0.95, 0.85, off), tone=0.92 + 0.16 * part.noise("sand", 0.02, octaves=4))
    hill = canvas.band(0.44, 0.74)
    crest = 0.7 - 0.13 * np.exp(-((hill.u / 0.22) ** 4)) - 0.03 * (hill.line("bush", 0.05) - 0.5)
    green = light.leaves[1] if light.leaves else hexed("#5f9a56")
    leafy = hill.noise("leaves", 0.05, octaves=4)
    rim = ramp(0.69, 0.66, hill.y) * ramp(0.3, 0.27, np.abs(hill.u))
    hill.over(light.cast(green), hill.edge(hill.y - crest) * rim, tone=0.6 + 0.8 * leafy)
    for name, u, tall, lean in (
        ("palm-1", -0.22, 0.4, -0.12),
        ("palm-2", 0.05, 0.46, 0.05),
        ("palm-3", 0.24, 0.36, 0.16),
    ):
        paint_palm(canvas, light, name, (0.5 + u / canvas.aspect, 0.7), tall, lean)
    spots = tuple(
        Spot(x=0.5 + u / canvas.aspect, y=y, scale=scale)
        for u, y, scale in ((-0.02, 0.79, 0.42), (0.26, 0.77, 0.34), (-0.28, 0.77, 0.34))
    )
    water = (
        Spot(x=0.5 + 0.4 / canvas.aspect, y=0.93, scale=0.28),
        Spot(x=0.5 - 0.42 / canvas.aspect, y=0.64, scale=0.14),
    )
    return replace(
        stage, spots=spots, back=spots[1:], water=water, floats=False, mirror=0.0, shadow=light.shadow, props=(),
        painted=frozenset({"palm"}),
    )  # fmt: skip


def paint_waterfall(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a fall between two cliffs overgrown with green, the pool below, and a bank to stand on."""
    paint_sky(canvas, sketch, light, 0.3, clouds=0.4)
    rock = hexed("#6f7378")
    ledge = canvas.band(0.1, 0.76)
    off = np.abs(ledge.u) + 0.035 * (ledge.noise("gorge", 0.2, octaves=4) - 0.5)
    top = 0.2 - 0.1 * ramp(0.1, 0.5, np.abs(ledge.u)) + 0.05 * (ledge.line("cliff", 0.12) - 0.5)
    strata = ledge.noise("strata", 0.16, flat=0.45, octaves=6)
    face = ledge.edge(ledge.y - top)
    ledge.over(light.cast(rock), face, tone=0.45 + 0.95 * strata)
    moss = ramp(0.52, 0.7, ledge.noise("moss", 0.12, octaves=5) + ramp(0.1, 0.45, np.abs(ledge.u)) * 0.15)
    green = SNOW if light.snowy else light.leaves[1] if light.leaves else light.grass
    ledge.over(light.cast(green), face * moss, tone=0.6 + 0.8 * ledge.noise("fern", 0.03, octaves=3))
    fall = ramp(0.155, 0.12, off) * face
    streaks = ledge.noise("streaks", 0.035, flat=0.05, octaves=4)
    ledge.over(light.cast(hexed("#bfe0ee")), fall)
    ledge.over(light.cast((1.0, 1.0, 1.0)), fall * ramp(0.3, 0.75, streaks))
    for name, u, tall in (("t1", -0.44, 0.3), ("t2", 0.42, 0.34), ("t3", -0.3, 0.2), ("t4", 0.3, 0.2)):
        paint_tree(canvas, light, name, (0.5 + u / canvas.aspect, 0.2), tall, distance=0.1)
    paint_water(canvas, light, 0.7, colour=hexed("#3f98a8"), clear=0.5, calm=0.7)
    pool = canvas.band(0.62, 0.86)
    spray = np.exp(-((pool.u / 0.2) ** 2) - ((pool.y - 0.715) / 0.035) ** 2)
    pool.over((1.0, 1.0, 1.0), np.clip(spray * (0.7 + 0.6 * pool.noise("spray", 0.04, octaves=4)), 0, 0.95))
    _paint_bank(canvas, light)
    return Stage(
        spots=(Spot(x=0.5, y=0.95, scale=0.5), Spot(x=0.77, y=0.93, scale=0.46), Spot(x=0.24, y=0.93, scale=0.44)),
        back=(Spot(x=0.8, y=0.72, scale=0.2), Spot(x=0.2, y=0.72, scale=0.2)),
        water=(Spot(x=0.62, y=0.82, scale=0.18), Spot(x=0.36, y=0.8, scale=0.14)),
        sky=(Spot(x=0.3, y=0.16, scale=0.16), Spot(x=0.7, y=0.22, scale=0.14)),
        horizon=0.66, tint=light.tint, haze=light.haze, rim=times(light.sun_colour, 0.3), shadow=light.shadow,
    )  # fmt: skip


def _paint_bank(canvas: Canvas, light: Light) -> None:
    part = canvas.band(0.8, 1)
    crest = 0.89 - (part.line("bank", 0.4) - 0.5) * 0.05 - 0.05 * ramp(0.2, 0.5, np.abs(part.u))
    before = part.rgb.copy()
    paint_meadow(part, light, 0.8, colour=SNOW if light.snowy else light.grass, depth=0.25)
    part.rgb[...] = before + (part.rgb - before) * part.edge(part.y - crest)[..., None]


def paint_rooftop(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the city from above, and the flat roof we stand on: parapet, tiles, a water tank, pots, a string of lamps."""
    stage = city.paint(canvas, replace(sketch, things=()), light)
    top = 0.7
    floor = canvas.band(top, 1)
    depth = 0.3 / (floor.y - top + 0.12)
    across = floor.u * depth
    joints = np.maximum(np.abs((across * 5) % 1 * 2 - 1), np.abs((depth * 5) % 1 * 2 - 1))
    stone = light.cast(SNOW if light.snowy else hexed("#b9a591"))
    floor.fill(
        stone,
        tone=(0.94 - 0.16 * ramp(0.92, 1.0, joints)) * (0.9 + 0.2 * floor.noise("worn", 0.2, octaves=4)),
    )
    _raise_block(canvas, light.cast(hexed("#a8826a")), -0.1, 0.64, 1.1, 0.725)
    _raise_block(canvas, light.cast(SNOW if light.snowy else hexed("#d9c8b4")), -0.1, 0.625, 1.1, 0.645)
    tank = 0.5 - 0.36 / canvas.aspect
    _raise_tank(canvas, light, tank)
    for u in (0.3, 0.37, 0.44):
        x = 0.5 + u / canvas.aspect
        _raise_block(
            canvas,
            light.cast(hexed("#b9663f")),
            x - 0.022 / canvas.aspect,
            0.73,
            x + 0.022 / canvas.aspect,
            0.775,
        )
        leaves = canvas.shape(draw_discs, [(x, 0.71, 0.038)])
        canvas.over(
            light.cast(hexed("#5f9a50")), leaves, tone=0.7 + 0.6 * canvas.noise("pots", 0.02, octaves=3)
        )
    _string_lamps(canvas, light)
    return replace(
        stage,
        spots=(Spot(x=0.5, y=0.94, scale=0.66), Spot(x=0.76, y=0.92, scale=0.52), Spot(x=0.26, y=0.92, scale=0.5)),
        back=(Spot(x=0.7, y=0.79, scale=0.32), Spot(x=0.34, y=0.79, scale=0.3)),
        mirror=0.0, floats=False, horizon=0.62, shadow=light.shadow, props=(Thing(name="cat"),),
    )  # fmt: skip


def _raise_block(
    canvas: Canvas, colour: Colour, left: float, top: float, right: float, bottom: float
) -> None:
    part = canvas.window(left, top, right, bottom)
    if part.rgb.size:
        part.fill(colour, tone=1.03 - 0.2 * (part.y - top) / (bottom - top) + 0 * part.x)


def _raise_tank(canvas: Canvas, light: Light, x: float) -> None:
    """Raise the round water tank that stands on such roofs."""
    half = 0.085 / canvas.aspect
    legs = [[(x + side * half * 0.8, 0.5), (x + side * half * 0.9, 0.75)] for side in (-1, -0.3, 0.3, 1)]
    canvas.over(light.cast(hexed("#4a3f3a")), canvas.shape(draw_lines, legs, 0.012))
    _raise_block(canvas, light.cast(hexed("#9a6f4c")), x - half, 0.34, x + half, 0.52)
    staves = [[(x + k * half, 0.34), (x + k * half, 0.52)] for k in (-0.6, -0.2, 0.2, 0.6)]
    canvas.over(light.cast(hexed("#6f4d34")), canvas.shape(draw_lines, staves, 0.004))
    roof = canvas.shape(
        lambda pen: pen.polygon([(x - 1.15 * half, 0.345), (x, 0.26), (x + 1.15 * half, 0.345)])
    )
    canvas.over(light.cast(hexed("#5f6a70")), roof)


def _string_lamps(canvas: Canvas, light: Light) -> None:
    """String lamps across the roof."""
    places = [(canvas.spread(k / 24), 0.42 + 0.05 * np.sin(k * np.pi / 3) ** 2) for k in range(25)]
    canvas.over(light.cast(hexed("#3a3430")), canvas.shape(draw_lines, [places], 0.004))
    for x, y in places:
        canvas.glow(x, y + 0.012, 0.012, hexed("#fff0c4"), 0.9)
        if light.time in ("dusk", "night"):
            canvas.glow(x, y + 0.012, 0.05, _LAMP, 0.7)
