"""Places out of tales and travel posters: karst peaks, an enchanted forest, cracked earth, a zen garden, a country road."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen
from dalle_nb.backends.offline.scenes import forest, meadow
from dalle_nb.backends.offline.scenes.heaven import hang_moon, paint_sky
from dalle_nb.backends.offline.scenes.land import (
    SNOW,
    paint_bank,
    paint_hills,
    paint_meadow,
    paint_rocks,
    paint_water,
    paint_woods,
    season_stage,
)
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import paint_row, paint_tree
from dalle_nb.backends.offline.sketch import Sketch

_SPOTS = (Spot(x=0.5, y=0.94, scale=0.5), Spot(x=0.76, y=0.93, scale=0.46), Spot(x=0.25, y=0.93, scale=0.45))


def paint_karst(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the hills of Guilin: steep green humps in rows of mist, mirrored in a river."""
    shore = 0.6
    paint_sky(canvas, sketch, light, shore, clouds=0.35)
    for row, (count, rise, fade) in enumerate(((9, 0.22, 0.62), (7, 0.3, 0.4), (5, 0.36, 0.16))):
        _raise_humps(canvas, light, f"humps{row}", shore, count, rise, fade)
        mist = canvas.band(shore - 0.1, shore)
        mist.over(light.haze, ramp(shore - 0.1, shore, mist.y) * (0.5 - 0.15 * row))
    paint_woods(canvas, light, "shore", foot=shore + 0.004, height=0.04, count=80, distance=0.2)
    paint_water(
        canvas,
        light,
        shore,
        colour=light.dyed(hexed("#3f8f86"), "karst", "river", "water"),
        clear=0.66,
        calm=0.9,
    )
    paint_bank(canvas, light, 0.92)
    return season_stage(
        light, shore, (Spot(x=0.5, y=0.965, scale=0.44), Spot(x=0.76, y=0.96, scale=0.4), Spot(x=0.26, y=0.96, scale=0.4)),
        (Spot(x=0.74, y=0.62, scale=0.12), Spot(x=0.3, y=0.62, scale=0.12)), ground=0.92, leafy=True,
        water=(Spot(x=0.54, y=0.8, scale=0.26), Spot(x=0.34, y=0.72, scale=0.16)),
    )  # fmt: skip


def _raise_humps(
    canvas: Canvas, light: Light, name: str, foot: float, count: int, rise: float, fade: float
) -> None:
    """Raise a row of steep hills with round heads, bare rock on their flanks and green on top."""
    part = canvas.band(foot - rise * 1.35, foot + 0.01)
    crest = np.full_like(part.x, foot + 0.02)
    for number, (a, b, c) in enumerate(canvas.chance(name).random((count * 2, 3)).tolist()):
        u = ((number + 0.2 + 0.6 * a) / (count * 2) - 0.5) * 3.2
        tall, wide = rise * (0.45 + 0.75 * b), (0.07 + 0.05 * c) * (0.8 + rise)
        across = np.abs(part.u - u) / wide
        crest = np.minimum(crest, foot + 0.02 - (tall + 0.02) * np.clip(1 - across**2.6, 0, None) ** 0.5)
    crest = crest + 0.012 * (part.line(f"{name}-rough", 0.05, octaves=3) - 0.5)
    cover = part.edge(part.y - crest)
    face = part.noise(f"{name}-face", 0.12, flat=0.5, octaves=5)
    green = (
        SNOW if light.snowy else mix(light.leaves[1] if light.leaves else light.grass, hexed("#4f7f6a"), 0.4)
    )
    part.over(light.far(green, fade), cover, tone=0.6 + 0.75 * face)
    part.over(light.far(hexed("#a9a79c"), fade), cover * ramp(0.62, 0.75, face) * 0.8)


def paint_huangshan(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint granite peaks that stand out of a sea of cloud, crooked pines on their ledges."""
    paint_sky(canvas, sketch, light, 0.72, clouds=0.25)
    for row, (rise, base, fade) in enumerate(((0.3, 0.52, 0.55), (0.42, 0.64, 0.3), (0.52, 0.8, 0.06))):
        _raise_pillars(canvas, light, row, rise, base, fade)
        part = canvas.band(base - 0.16, 1)
        cloud = part.ground_noise(f"cloud{row}", base - 0.3, 0.5, flat=1.8, steep=0.14)
        edge = ramp(base - 0.12, base + 0.02, part.y + 0.16 * (cloud - 0.5))
        part.over(mix(light.cloud_shade, light.haze, 0.4), edge * 0.95)
        part.over(light.cloud, edge * ramp(0.3, 0.7, cloud))
    rock = light.dyed(hexed("#86807a"), "huangshan", "rocks")
    paint_rocks(
        canvas,
        light,
        "ledge",
        [(-0.1, 0.99, 0.44), (0.16, 1.0, 0.5), (-0.34, 1.02, 0.36), (0.4, 1.03, 0.36)],
        rock,
    )
    _stand_pine(canvas, light, 0.5 - 0.33 / canvas.aspect, 0.84, 0.4, 1)
    return season_stage(
        light, 0.6, (Spot(x=0.53, y=0.86, scale=0.36), Spot(x=0.68, y=0.87, scale=0.34), Spot(x=0.4, y=0.86, scale=0.34)),
        (Spot(x=0.62, y=0.8, scale=0.2), Spot(x=0.44, y=0.8, scale=0.2)), painted=frozenset({"pine"}),
    )  # fmt: skip


def _raise_pillars(canvas: Canvas, light: Light, row: int, rise: float, base: float, fade: float) -> None:
    part = canvas.band(max(0.02, base - rise * 1.05), base + 0.1)
    crest = np.full_like(part.x, base + 0.1)
    for number, (a, b, c) in enumerate(canvas.chance(f"pillars{row}").random((14, 3)).tolist()):
        u = ((number + a) / 14 - 0.5) * 3.2
        if row == 2 and abs(u) < 0.3:
            continue  # the middle of the front is for who stands there
        across = np.abs(part.u - u + 0.03 * (part.line(f"jag{row}", 0.05) - 0.5)) / (0.06 + 0.06 * c)
        crest = np.minimum(
            crest, base + 0.1 - rise * (0.5 + 0.6 * b) * np.clip(1.08 - 0.86 * across, 0, 1) ** 0.5
        )
    cover = part.edge(part.y - crest)
    cracks = part.noise(f"cracks{row}", 0.07, flat=0.3, octaves=6)
    part.over(light.far(hexed("#8f857c"), fade), cover, tone=0.45 + 0.95 * cracks)
    green = SNOW if light.snowy else hexed("#3f6a48")
    top = ramp(0.07, 0.0, part.y - crest) + 0.5 * ramp(0.6, 0.75, part.noise(f"moss{row}", 0.06, octaves=4))
    part.over(
        light.far(green, fade),
        cover * np.clip(top, 0, 1) * ramp(0.35, 0.55, part.noise(f"tuft{row}", 0.02, octaves=3)),
    )


def _stand_pine(canvas: Canvas, light: Light, x: float, foot: float, tall: float, side: int) -> None:
    """Stand a pine as it grows on such rocks: a crooked trunk, flat storeys of needles held out to one side."""

    def wood(pen: Pen) -> None:
        path = [
            (x, foot),
            (x + 0.05 * side * tall / pen.aspect, foot - 0.4 * tall),
            (x - 0.02 * tall / pen.aspect, foot - 0.7 * tall),
            (x + 0.06 * side * tall / pen.aspect, foot - tall),
        ]
        pen.line(path, 0.05 * tall)
        for up, long in ((0.45, 0.5), (0.62, 0.42), (0.8, 0.3)):
            pen.line(
                [
                    (x + 0.03 * side * tall / pen.aspect, foot - up * tall),
                    (x + side * long * tall / pen.aspect, foot - (up + 0.06) * tall),
                ],
                0.025 * tall,
            )

    def needles(pen: Pen, lift: float, size: float) -> None:
        for up, long in ((0.5, 0.5), (0.67, 0.42), (0.85, 0.32), (1.0, 0.22)):
            for k in range(9):
                at = side * (0.95 * long * k / 8 - 0.28 * long)
                pen.disc(
                    x + at * tall / pen.aspect,
                    foot - (up + 0.03 + lift + 0.018 * math.sin(k * 2.1)) * tall,
                    0.068 * size * tall,
                    flat=1.9,
                )

    canvas.over(light.cast(hexed("#5a4033")), canvas.shape(wood))
    for lift, size, colour in ((0.0, 1.15, "#1f4a38"), (0.015, 0.85, "#2f6a4a"), (0.03, 0.5, "#5f9a62")):
        canvas.over(
            light.cast(SNOW if light.snowy and size < 0.6 else hexed(colour)),
            canvas.shape(needles, lift, size),
        )


def paint_enchanted(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint an enchanted forest: violet dusk between the trunks, glowing mushrooms, motes of light."""
    glow = light.dyed(hexed("#7fe8ff"), "magic-forest", "forest")
    wild = replace(
        light, leaves=(hexed("#2b4a78"), hexed("#3f7a8c"), hexed("#7f5fc0")), grass=hexed("#2f6a66"), season="summer",
        horizon=mix(light.horizon, hexed("#9fd8ff"), 0.6), middle=hexed("#4f5fb0"), zenith=hexed("#2a2a6a"),
        key=times(light.key, (0.8, 0.85, 1.05)), sun_colour=glow,
    )  # fmt: skip
    stage = forest.paint(canvas, sketch, wild)
    chance = canvas.chance("fungi").random((54, 3)).tolist()
    for number, (a, b, c) in enumerate(sorted(chance, key=lambda one: one[1])):
        u = (a - 0.5) * 1.9
        y = 0.7 + 0.28 * b
        if abs(u) > 0.12 + 0.3 * b:
            tall = (0.04 + 0.12 * b) * (0.6 + 0.7 * c)
            _grow_mushroom(
                canvas,
                0.5 + u / canvas.aspect,
                y,
                tall,
                mix(glow, hexed(("#ff7fd8", "#9f7fff", "#7fffb0")[number % 3]), 0.65),
            )
    for a, b, c in canvas.chance("motes").random((70, 3)).tolist():
        canvas.glow(canvas.spread(a), 0.1 + 0.82 * b, 0.003 + 0.008 * c, mix(glow, (1.0, 1.0, 0.8), 0.5), 0.9)
    return replace(stage, tint=mix(stage.tint, times(glow, 0.95), 0.25), rim=times(glow, 0.6), lit=True)


def _grow_mushroom(canvas: Canvas, x: float, foot: float, tall: float, colour: Colour) -> None:
    """Grow a mushroom that shines: a pale stalk, a round cap with dots."""

    def cap(pen: Pen, size: float) -> None:
        ring = [
            (
                x + math.cos(k * 0.2618) * 0.5 * tall * size / pen.aspect,
                foot - 0.6 * tall - math.sin(k * 0.2618) * 0.5 * tall * size,
            )
            for k in range(13)
        ]
        pen.polygon(ring)

    def stalk(pen: Pen) -> None:
        pen.polygon(
            [
                (x - 0.12 * tall / pen.aspect, foot),
                (x - 0.08 * tall / pen.aspect, foot - 0.62 * tall),
                (x + 0.08 * tall / pen.aspect, foot - 0.62 * tall),
                (x + 0.12 * tall / pen.aspect, foot),
            ]
        )

    def dots(pen: Pen) -> None:
        for a, b in ((-0.26, 0.72), (0.02, 0.9), (0.26, 0.74), (-0.1, 0.68)):
            pen.disc(x + a * tall / pen.aspect, foot - b * tall, 0.06 * tall)

    canvas.glow(x, foot - 0.5 * tall, 0.7 * tall, colour, 0.6)
    canvas.over(mix(colour, (0.95, 0.95, 1.0), 0.7), canvas.shape(stalk))
    canvas.over(times(colour, 0.85), canvas.shape(cap, 1.0))
    canvas.over(mix(colour, (1.0, 1.0, 1.0), 0.25), canvas.shape(cap, 0.8))
    canvas.over((1.0, 1.0, 1.0), canvas.shape(dots) * 0.9)


def paint_spooky(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a haunted wood: bare twisted trees against a huge moon, mist on the ground, eyes in the dark."""
    horizon = 0.64
    paint_sky(canvas, sketch, replace(light, sun=(light.sun[0], -9.0)), horizon, clouds=0.3)
    if light.time in ("dusk", "night"):
        hang_moon(canvas, 0.6, 0.3, 0.19, light)
    gloom = mix(light.haze, hexed("#3f5f5a"), 0.5)
    dark = replace(light, leaves=(), season="autumn" if not light.snowy else "winter")
    ground = SNOW if light.snowy else light.dyed(hexed("#4a5142"), "spooky-forest", "forest")
    for number, (foot, tall, fade) in enumerate(((0.65, 0.42, 0.55), (0.69, 0.58, 0.3), (0.78, 0.85, 0.05))):
        if number == 1:
            paint_meadow(canvas, light, horizon, colour=ground)
        for k, share in enumerate(canvas.chance(f"haunted{number}").random(12).tolist()):
            u = ((k + share) / 12 - 0.5) * 3.2
            if abs(u) > (0.0, 0.2, 0.36)[number]:
                paint_tree(
                    canvas,
                    dark,
                    f"twisted{number}{k}",
                    (0.5 + u / canvas.aspect, foot),
                    tall,
                    leaves=(),
                    distance=fade,
                    lean=0.16 * (share - 0.5),
                )
        mist = canvas.band(foot - 0.16, min(1.0, foot + 0.1))
        banks = mist.noise(f"mist{number}", 0.5, flat=4, octaves=4)
        mist.over(gloom, np.exp(-(((mist.y - foot) / 0.05) ** 2)) * (0.25 + 0.6 * banks))
    for u, y, size in ((-0.31, 0.56, 0.009), (0.36, 0.5, 0.011), (0.24, 0.61, 0.007), (-0.42, 0.66, 0.012)):
        for side in (-1, 1):
            canvas.glow(0.5 + (u + 1.6 * side * size) / canvas.aspect, y, size, hexed("#ffe14a"), 0.95)
    return season_stage(
        light, horizon, _SPOTS, (Spot(x=0.72, y=0.72, scale=0.26), Spot(x=0.34, y=0.72, scale=0.24)), lit=True
    )


def paint_wasteland(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint dry land: cracked earth to the horizon, a dead tree, bare hills."""
    horizon = 0.56
    paint_sky(canvas, sketch, light, horizon, clouds=0.3)
    earth = SNOW if light.snowy else light.dyed(hexed("#c0976a"), "wasteland", "ground")
    bare = replace(light, grass=times(earth, 0.85), leaves=())
    if not light.snowy:
        bare = replace(bare, season="summer")
    paint_hills(canvas, bare, horizon, rise=0.8)
    part = canvas.band(horizon, 1)
    patches = part.ground_noise("patches", horizon, 0.5, flat=1.4, steep=0.1) - 0.5
    part.fill(light.cast(earth), tone=1 + 0.3 * patches)
    _crack(canvas, light, horizon, earth)
    part.over(light.haze, ramp(horizon + 0.14, horizon, part.y) * 0.5)
    for name, u, foot, tall in (("dead", -0.36, 0.75, 0.4), ("dead2", 0.34, 0.62, 0.14)):
        paint_tree(canvas, light, name, (0.5 + u / canvas.aspect, foot), tall, leaves=(), lean=0.1)
    paint_rocks(
        canvas,
        light,
        "stones",
        [(0.4, 0.78, 0.09), (0.46, 0.82, 0.05), (-0.48, 0.9, 0.08)],
        times(earth, 0.8),
    )
    return season_stage(
        light, horizon, _SPOTS, (Spot(x=0.74, y=0.68, scale=0.22), Spot(x=0.4, y=0.67, scale=0.2))
    )


def _crack(canvas: Canvas, light: Light, horizon: float, earth: Colour) -> None:
    """Crack the ground into plates that lie in perspective."""
    chance = canvas.chance("plates")
    wide, deep = 40, 16
    knots = {}
    for row in range(deep + 1):
        depth = 0.02 + 0.52 * (row / deep) ** 1.7
        for column in range(-wide, wide + 1):
            a, b = (chance.random(2) - 0.5).tolist()
            y = horizon + depth * (1 + 0.13 * b)
            knots[row, column] = (
                0.5 + (column + 0.5 * (row % 2) + 0.55 * a) * 0.2 * depth / canvas.aspect,
                y,
            )
    lines = [
        (row / deep, [knot, knots[other]])
        for (row, column), knot in knots.items()
        for other in ((row, column + 1), (row + 1, column + (row % 2) * (column % 2)))
        if other in knots and chance.random() < 0.86
    ]

    def draw(pen: Pen, share: float) -> None:
        for near, line in lines:
            pen.line(line, (0.0012 + 0.009 * near) * share)

    canvas.over(
        light.cast(times(earth, 1.15)),
        np.clip(canvas.shifted(canvas.shape(draw, 1.0), 0.003, 0.004), 0, 1) * 0.5,
    )
    canvas.over(light.cast(times(earth, 0.36)), canvas.shape(draw, 1.0) * 0.9)


def paint_zen(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a zen garden: white sand raked in lines and rings round rocks, moss, a wall, a maple."""
    top = 0.5
    paint_sky(canvas, sketch, light, top, clouds=0.4)
    paint_woods(canvas, light, "behind", foot=0.46, height=0.2, count=32, distance=0.15)
    wall = canvas.band(0.4, 0.54)
    wall.fill(light.cast(hexed("#e8dcc0")), tone=0.95 + 0.1 * wall.noise("plaster", 0.1, octaves=4))
    wall.over(
        light.cast(SNOW if light.snowy else hexed("#4b4f57")),
        wall.edge(0.425 - wall.y) * 1.0,
        tone=0.9 + 0.25 * (np.sin(wall.u * 190) > 0.2),
    )
    wall.over(light.cast(hexed("#7a5a40")), wall.edge(wall.y - 0.525))
    part = canvas.band(0.54, 1)
    depth = part.y - 0.44
    across, away = part.u / depth, 0.3 / depth
    rake = np.sin(away * 95 + 0 * across)
    rocks = [
        (-0.24, 0.68, 0.13),
        (-0.13, 0.69, 0.07),
        (0.3, 0.64, 0.1),
        (0.4, 0.83, 0.15),
        (0.28, 0.84, 0.07),
    ]
    for u, y, wide in (rocks[0], rocks[2], rocks[3]):
        far = np.hypot(part.u - u, (part.y - y) * 3.0) / wide
        rake = np.where(far < 1.9, np.sin(far * 17), rake)
    sand = light.cast(SNOW if light.snowy else light.dyed(hexed("#eee8da"), "zen-garden", "sand"))
    part.fill(sand, tone=0.93 + 0.075 * rake + 0.05 * (part.noise("grain", 0.005, octaves=2) - 0.5))
    for u, y, wide in (rocks[0], rocks[2], rocks[3]):
        far = np.hypot(part.u - u, (part.y - y) * 3.2) / wide
        part.over(
            light.cast(hexed("#6f9a4a")),
            ramp(0.95, 0.8, far),
            tone=0.7 + 0.6 * part.noise("moss", 0.012, octaves=3),
        )
    paint_rocks(canvas, light, "stones", rocks, hexed("#6f7074"))
    maple = (hexed("#a5281c"), hexed("#d24a2a"), hexed("#ee7a3a")) if not light.snowy else None
    paint_tree(canvas, light, "maple", (0.5 - 0.42 / canvas.aspect, 0.57), 0.38, leaves=maple)
    return season_stage(
        light, top, _SPOTS, (Spot(x=0.7, y=0.6, scale=0.22), Spot(x=0.5, y=0.6, scale=0.2)), leafy=True
    )


def paint_country_road(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a road of earth that winds through fields and meadows, trees along it, a fence beside it."""
    stage = meadow.paint_farmland(canvas, sketch, light)
    top = 0.6
    paint_meadow(canvas, light, 0.72)
    part = canvas.band(top, 1)
    depth = part.y - top + 0.012
    middle = 0.14 * np.sin(depth * 11) * (0.4 + depth)
    off = np.abs(part.u - middle) / (0.01 + 0.5 * depth)
    off += 0.12 * (part.noise("verge", 0.05, octaves=4) - 0.5)
    earth = times(SNOW, 0.9) if light.snowy else light.dyed(hexed("#c9a26a"), "country-road")
    part.over(
        light.cast(earth), ramp(1.03, 0.95, off), tone=0.85 + 0.3 * part.noise("earth", 0.03, octaves=4)
    )
    part.over(
        light.cast(times(earth, 0.72)), ramp(1.0, 0.95, off) * np.exp(-(((off - 0.5) / 0.11) ** 2)) * 0.6
    )
    grass = SNOW if light.snowy else light.grass
    part.over(
        light.cast(grass),
        np.exp(-((off / 0.13) ** 2)) * 0.7 * ramp(0.35, 0.6, part.noise("strip", 0.02, octaves=3)),
    )
    trees = (
        ("t1", -0.2, 0.655, 0.13),
        ("t2", 0.2, 0.66, 0.15),
        ("t3", -0.36, 0.73, 0.3),
        ("t4", 0.42, 0.75, 0.34),
    )
    paint_row(canvas, light, trees, tall=0.2, far=0.2)
    return replace(stage, ground=0.66, leafy=True, props=())
