"""Still and flowing waters inland: lake, river, lotus pond, swamp, hot spring."""

from __future__ import annotations

import math

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, Plane, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, draw_discs, draw_lines
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import (
    SNOW,
    paint_bank,
    paint_hills,
    paint_meadow,
    paint_rocks,
    paint_water,
    paint_woods,
    rise_steam,
    season_stage,
)
from dalle_nb.backends.offline.scenes.mountain import raise_peaks
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import paint_grove, paint_row, paint_tree
from dalle_nb.backends.offline.sketch import Sketch, Thing

_WET = ("lake", "river", "pond", "water", "swamp", "hot-spring", "stream")
_PADS = (
    (-0.3, 0.55),
    (0.12, 0.5),
    (0.34, 0.58),
    (-0.1, 0.63),
    (-0.42, 0.72),
    (0.26, 0.7),
    (0.02, 0.75),
    (0.45, 0.8),
    (-0.26, 0.82),
    (0.16, 0.85),
)


def is_frozen(sketch: Sketch, light: Light) -> bool:
    """Return whether the water is ice: in winter, or where that was asked for."""
    return "frozen" in sketch.effects or light.snowy


def paint_lake(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a lake between wooded shores, mountains mirrored in it, reeds and a near bank."""
    shore = 0.5
    paint_sky(canvas, sketch, light, shore, clouds=0.45)
    raise_peaks(canvas, light, "far-peaks", base=0.37, rise=0.15, cell=0.6, distance=0.5)
    paint_hills(canvas, light, shore, rise=0.8)
    paint_woods(canvas, light, "far-shore", foot=shore + 0.004, height=0.085, count=64, distance=0.22)
    ice = is_frozen(sketch, light)
    if ice:
        _freeze(canvas, light, shore)
    else:
        deep = light.dyed(hexed("#2f7fa8"), *_WET)
        paint_water(canvas, light, shore, colour=deep, clear=0.4 if light.dyes else 0.62, calm=0.8)
    for name, u, foot, tall in (
        ("spit-1", -0.5, 0.565, 0.22),
        ("spit-2", -0.36, 0.545, 0.15),
        ("spit-3", 0.5, 0.56, 0.2),
    ):
        paint_tree(canvas, light, name, (0.5 + u / canvas.aspect, foot), tall, distance=0.12)
    paint_bank(canvas, light, 0.91)
    grow_reeds(canvas, light, "reeds", ((-0.47, 0.93), (-0.4, 0.92), (0.42, 0.92), (0.49, 0.93)), 0.17)
    return season_stage(
        light, shore,
        (Spot(x=0.5, y=0.965, scale=0.5), Spot(x=0.76, y=0.96, scale=0.44), Spot(x=0.27, y=0.96, scale=0.42)),
        (Spot(x=0.78, y=0.53, scale=0.14), Spot(x=0.3, y=0.53, scale=0.13)),
        water=() if ice else (Spot(x=0.56, y=0.77, scale=0.32), Spot(x=0.32, y=0.69, scale=0.2), Spot(x=0.74, y=0.64, scale=0.14)),
        ground=0.9, leafy=True, props=() if ice else (Thing(name="boat", size="small"),),
    )  # fmt: skip


def _freeze(canvas: Canvas, light: Light, shore: float) -> None:
    """Cover a water with ice: a dim mirror, drifts of snow, white cracks that fork."""
    paint_water(canvas, light, shore, colour=hexed("#bfe0ee"), clear=0.3, calm=1.2)
    part = canvas.band(shore, 1)
    drift = part.ground_noise("drift", shore, 0.5, flat=2.4, steep=0.06)
    part.over(light.cast(SNOW), ramp(0.56, 0.66, drift) * 0.85)
    chance = canvas.chance("cracks")
    cracks = []
    for _ in range(16):
        x, y, turn = (
            canvas.spread(chance.random()),
            shore + 0.05 + 0.45 * chance.random() ** 0.8,
            chance.random() * 6.3,
        )
        path = [(x, y)]
        for _ in range(7):
            turn += chance.normal() * 0.6
            x, y = (
                x + math.cos(turn) * 0.12 * (y - shore) / canvas.aspect,
                y + math.sin(turn) * 0.035 * (y - shore),
            )
            path.append((x, y))
        cracks.append(path)
    cover = part.shape(draw_lines, cracks, 0.0035)
    part.over(light.cast((1.0, 1.0, 1.0)), cover * 0.8)
    part.over(light.cast(hexed("#6fa4c4")), np.clip(part.shifted(cover, 0.002, 0.003) - cover, 0, 1) * 0.5)


def grow_reeds(
    canvas: Canvas, light: Light, name: str, clumps: tuple[tuple[float, float], ...], height: float
) -> None:
    """Grow clumps of reeds with brown heads at (u, foot)."""
    chance = canvas.chance(name)
    reeds = [
        (0.5 + (u + 0.05 * a) / canvas.aspect, foot + 0.01 * b, height * (0.7 + 0.5 * size), a)
        for u, foot in clumps for a, b, size in zip(chance.normal(size=9).tolist(), chance.random(9).tolist(), chance.random(9).tolist(), strict=True)
    ]  # fmt: skip
    green = hexed("#a98f4c") if light.season in ("autumn", "winter") else hexed("#4f8a3a")

    def stalks(pen: Pen) -> None:
        for x, y, tall, lean in reeds:
            tip = (x + 0.05 * lean * tall * 3 / pen.aspect, y - tall)
            pen.polygon([(x - 0.004 / pen.aspect, y), (x + 0.004 / pen.aspect, y), tip])
            pen.polygon(
                [
                    (x, y),
                    (x + 0.006 / pen.aspect, y),
                    (x + 0.1 * (lean + 0.6) * tall * 3 / pen.aspect, y - 0.72 * tall),
                ]
            )

    def heads(pen: Pen) -> None:
        for x, y, tall, lean in reeds[::2]:
            tip = (x + 0.05 * lean * tall * 3 / pen.aspect, y - tall)
            pen.line([tip, (tip[0] * 0.8 + x * 0.2, tip[1] + 0.2 * tall)], 0.013)

    canvas.over(light.cast(green), canvas.shape(stalks))
    canvas.over(light.cast(hexed("#6b4226")), canvas.shape(heads))


def paint_river(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a river that winds from the hills to the front, trees, grass and stones on its banks."""
    horizon = 0.44
    paint_sky(canvas, sketch, light, horizon, clouds=0.45)
    raise_peaks(canvas, light, "far-peaks", base=0.35, rise=0.13, cell=0.55, distance=0.55)
    paint_hills(canvas, light, horizon)
    paint_woods(canvas, light, "wood", foot=horizon + 0.02, height=0.07, count=60, gap=0.07)
    carve_river(canvas, sketch, light, horizon + 0.012)
    trees = (
        ("r1", -0.3, 0.53, 0.19),
        ("r2", 0.36, 0.55, 0.24),
        ("r3", -0.52, 0.6, 0.32),
        ("r4", 0.58, 0.68, 0.44),
    )
    paint_row(canvas, light, trees, tall=0.3, far=0.12)
    rocks = [
        (-0.27, 0.87, 0.09),
        (-0.33, 0.91, 0.06),
        (0.4, 0.84, 0.08),
        (0.24, 0.66, 0.04),
        (-0.16, 0.7, 0.05),
        (0.06, 0.6, 0.03),
    ]
    paint_rocks(canvas, light, "stones", rocks, hexed("#8d929a"))
    grow_reeds(canvas, light, "reeds", ((-0.22, 0.82), (0.36, 0.77)), 0.1)
    return season_stage(
        light, horizon,
        (Spot(x=0.22, y=0.94, scale=0.5), Spot(x=0.83, y=0.93, scale=0.48), Spot(x=0.16, y=0.8, scale=0.34)),
        (Spot(x=0.8, y=0.62, scale=0.22), Spot(x=0.24, y=0.6, scale=0.2)),
        water=() if is_frozen(sketch, light) else (Spot(x=0.53, y=0.82, scale=0.28), Spot(x=0.5, y=0.64, scale=0.12), Spot(x=0.56, y=0.93, scale=0.34)),
        ground=0.7, leafy=True,
    )  # fmt: skip


def carve_river(canvas: Canvas, sketch: Sketch, light: Light, top: float, wide: float = 0.52) -> None:
    """Cover the ground below ``top`` with grass, and carve a winding river that mirrors the sky into it."""
    part = canvas.band(top, 1)
    depth = part.y - top
    middle = 0.16 * np.sin(depth * 10.5 + 0.4) * (0.25 + 0.9 * depth) + 0.02
    edge = (part.noise("bank", 0.07, octaves=4) - 0.5) * (0.01 + 0.07 * depth)
    off = (np.abs(part.u - middle) + edge) / (0.02 + wide * depth)
    if is_frozen(sketch, light):
        _freeze(canvas, light, top)
    else:
        blue = light.dyed(hexed("#2f86b0"), *_WET)
        paint_water(canvas, light, top, colour=blue, clear=0.3, calm=0.6)
        flow = part.ground_noise("flow", top, 0.1, flat=0.5, steep=0.05)
        part.over(light.cast((1.0, 1.0, 1.0)), ramp(0.66, 0.85, flow) * 0.4)
    water = part.rgb.copy()
    paint_meadow(canvas, light, top)
    part.over(
        light.cast(hexed("#b8a888")),
        ramp(1.22, 1.06, off),
        tone=0.8 + 0.4 * part.noise("gravel", 0.012, octaves=2),
    )
    part.rgb[...] += (water - part.rgb) * ramp(1.04, 0.99, off)[..., None]
    part.darken(1 - 0.3 * np.exp(-(((off - 0.99) / 0.035) ** 2)))


def paint_pond(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a pond full of lily pads and lotus flowers, willows behind it, reeds at its sides."""
    shore = 0.38
    paint_sky(canvas, sketch, light, shore, clouds=0.4)
    paint_woods(canvas, light, "behind", foot=shore + 0.01, height=0.17, count=40, distance=0.25)
    ice = is_frozen(sketch, light)
    if ice:
        _freeze(canvas, light, shore)
    else:
        paint_water(canvas, light, shore, colour=light.dyed(hexed("#2f7a78"), *_WET), clear=0.55, calm=0.9)
    if not light.snowy:
        _float_pads(canvas, light)
    for name, u, foot, tall in (("w1", -0.46, 0.43, 0.36), ("w2", 0.48, 0.42, 0.32)):
        paint_tree(canvas, light, name, (0.5 + u / canvas.aspect, foot), tall)
    paint_bank(canvas, light, 0.935)
    grow_reeds(canvas, light, "reeds", ((-0.48, 0.95), (-0.42, 0.94), (0.47, 0.95)), 0.2)
    return season_stage(
        light, shore,
        (Spot(x=0.5, y=0.97, scale=0.44), Spot(x=0.77, y=0.97, scale=0.4), Spot(x=0.25, y=0.97, scale=0.4)),
        (Spot(x=0.74, y=0.43, scale=0.2), Spot(x=0.3, y=0.43, scale=0.2)),
        water=() if ice else (Spot(x=0.56, y=0.78, scale=0.36), Spot(x=0.34, y=0.68, scale=0.26), Spot(x=0.72, y=0.64, scale=0.2)),
        ground=0.92, leafy=True, painted=frozenset({"lotus", "water-lily", "lily-pad"}),
    )  # fmt: skip


def _float_pads(canvas: Canvas, light: Light) -> None:
    """Float round notched pads on the water, lotus flowers between them."""
    pads = [(0.5 + u / canvas.aspect, y, 0.028 + 0.16 * (y - 0.42)) for u, y in _PADS]
    more = canvas.chance("pads").random((60, 2)).tolist()
    pads += [
        (canvas.spread(a), 0.43 + 0.46 * b, 0.016 + 0.1 * (0.46 * b))
        for a, b in more
        if abs(a - 0.5) > 0.1 or b < 0.4
    ]
    pads = sorted((pad for pad in pads if -0.1 < pad[0] < 1.1), key=lambda pad: pad[1])

    def leaves(pen: Pen, grow: float = 1.0, lift: float = 0.0) -> None:
        for number, (x, y, size) in enumerate(pads):
            start = number * 1.3 % 6.28
            ring = [
                (
                    x + math.cos(start + k * 0.26) * size * grow / pen.aspect,
                    y - lift + math.sin(start + k * 0.26) * size * 0.36 * grow,
                )
                for k in range(1, 24)
            ]
            pen.polygon([(x, y - lift), *ring])

    green = light.cast(hexed("#2f7a40"))
    canvas.over(times(green, 0.45), canvas.shape(leaves, 1.04, -0.008) * 0.5)
    canvas.over(green, canvas.shape(leaves))
    canvas.over(mix(green, light.cast(hexed("#8fd06a")), 0.55), canvas.shape(leaves, 0.86, 0.004))
    flowers = [pad for number, pad in enumerate(pads) if number % 3 == 0 and pad[2] > 0.02]
    pink = light.dyed(hexed("#f58fb4"), "lotus-pond", "lotus", "blossom")
    for colour, size, spread in (
        (times(pink, 0.9), 1.0, 5),
        (mix(pink, (1.0, 1.0, 1.0), 0.4), 0.82, 3),
        (mix(pink, (1.0, 1.0, 1.0), 0.7), 0.6, 1),
    ):
        canvas.over(light.cast(colour), canvas.shape(_draw_lotus, flowers, size, spread))
    canvas.over(
        light.cast(hexed("#f6cf4a")),
        canvas.shape(draw_discs, [(x, y - 0.3 * s, 0.1 * s) for x, y, s in flowers]),
    )


def _draw_lotus(pen: Pen, flowers: list[tuple[float, float, float]], size: float, spread: int) -> None:
    """Draw pointed petals that open like a fan."""
    for x, y, wide in flowers:
        long = wide * 1.05 * size
        foot = y - 0.12 * wide
        for k in range(-spread, spread + 1):
            angle = k / 5 * 1.45
            tip = (x + math.sin(angle) * long / pen.aspect, foot - math.cos(angle) * long * 0.95)
            c, s = math.cos(angle) * 0.2 * long, math.sin(angle) * 0.2 * long
            mid_x, mid_y = (
                x + math.sin(angle) * 0.55 * long / pen.aspect,
                foot - math.cos(angle) * 0.52 * long,
            )
            pen.polygon(
                [(x, foot), (mid_x - c / pen.aspect, mid_y - s), tip, (mid_x + c / pen.aspect, mid_y + s)]
            )


def paint_swamp(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a swamp: murky water, bare trees on spread roots hung with moss, tussocks and vapour."""
    shore = 0.44
    murky = mix(light.haze, light.cast(hexed("#8a9a62")), 0.45)
    paint_sky(canvas, sketch, light, shore, clouds=0.7)
    canvas.over(murky, 0.45)
    paint_woods(canvas, light, "behind", foot=shore + 0.01, height=0.2, count=44, distance=0.45)
    for name, u, tall in (("s1", -0.2, 0.36), ("s2", 0.14, 0.3), ("s3", 0.34, 0.4), ("s4", -0.4, 0.42)):
        _stand_dead_tree(canvas, light, name, 0.5 + u / canvas.aspect, 0.5, tall, 0.3)
    paint_water(canvas, light, shore + 0.04, colour=light.dyed(hexed("#4f5a2c"), *_WET), clear=0.45, calm=1.0)
    part = canvas.band(shore + 0.06, 1)
    scum = part.ground_noise("scum", shore, 0.4, flat=2.2, steep=0.06)
    part.over(
        light.cast(hexed("#7f9a3c")),
        ramp(0.6, 0.63, scum) * 0.8,
        tone=0.7 + 0.6 * part.noise("duckweed", 0.01, octaves=2),
    )
    for name, u, foot, tall in (("n1", -0.44, 0.74, 0.66), ("n2", 0.46, 0.7, 0.6)):
        _stand_dead_tree(canvas, light, name, 0.5 + u / canvas.aspect, foot, tall, 0.0)
    paint_bank(canvas, light, 0.92, colour=hexed("#5a6a34"))
    grow_reeds(canvas, light, "reeds", ((-0.42, 0.94), (0.3, 0.75), (0.44, 0.95), (-0.2, 0.7)), 0.17)
    rise_steam(canvas, 0.5, 0.6, 0.8, 0.2, 0.35)
    return season_stage(
        light, shore,
        (Spot(x=0.5, y=0.96, scale=0.46), Spot(x=0.76, y=0.96, scale=0.42), Spot(x=0.26, y=0.96, scale=0.42)),
        (Spot(x=0.7, y=0.52, scale=0.2), Spot(x=0.34, y=0.52, scale=0.18)),
        water=(Spot(x=0.55, y=0.77, scale=0.34), Spot(x=0.36, y=0.68, scale=0.22)), ground=0.92,
    )  # fmt: skip


def _stand_dead_tree(
    canvas: Canvas, light: Light, name: str, x: float, foot: float, tall: float, distance: float
) -> None:
    """Stand a bare tree with hanging moss."""
    paint_tree(canvas, light, name, (x, foot), tall, leaves=(), distance=distance, lean=0.06)
    chance = canvas.chance(f"{name}-moss").random((16, 3)).tolist()

    def moss(pen: Pen) -> None:
        for a, b, long in chance:
            at_x, at_y = x + (a - 0.5) * 0.62 * tall / pen.aspect, foot - tall * (0.6 + 0.3 * b)
            wide = 0.016 * tall
            pen.polygon(
                [
                    (at_x - wide / pen.aspect, at_y),
                    (at_x + wide / pen.aspect, at_y),
                    (at_x, at_y + (0.12 + 0.22 * long) * tall),
                ]
            )

    canvas.over(light.far(hexed("#7d8a58"), distance), canvas.shape(moss) * 0.85)


def paint_hot_spring(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a hot spring: a turquoise pool in a ring of rocks, steam, and woods behind."""
    horizon = 0.4
    paint_sky(canvas, sketch, light, horizon, clouds=0.45)
    paint_hills(canvas, light, horizon, rise=1.4)
    paint_meadow(canvas, light, horizon)
    paint_woods(canvas, light, "wood", foot=horizon + 0.02, height=0.14, count=44)
    for name, left, right in (("firs-left", 0.0, 0.2), ("firs-right", 0.82, 1.0)):
        paint_grove(canvas, light, name, left, right, 0.53, 0.34, 3, hexed("#2b5643"))
    _fill_pool(canvas, light)
    ring = _pool_ring()
    rocks = [rock for rock in ring if rock[1] < 0.72]
    paint_rocks(canvas, light, "ring", rocks, hexed("#7d7f86"))
    rise_steam(canvas, 0.5, 0.74, 0.42, 0.42, 0.75)
    paint_rocks(canvas, light, "front", [rock for rock in ring if rock[1] >= 0.72], hexed("#85878d"))
    return season_stage(
        light, horizon,
        (Spot(x=0.5, y=0.985, scale=0.5), Spot(x=0.84, y=0.97, scale=0.46), Spot(x=0.16, y=0.97, scale=0.46)),
        (Spot(x=0.5, y=0.5, scale=0.24), Spot(x=0.76, y=0.5, scale=0.22)),
        water=(Spot(x=0.5, y=0.76, scale=0.34), Spot(x=0.68, y=0.7, scale=0.28), Spot(x=0.32, y=0.7, scale=0.28)), leafy=True,
    )  # fmt: skip


def _pool_ring() -> list[tuple[float, float, float]]:
    """Return the rocks round the pool, the far ones first."""
    ring = []
    for k in range(22):
        angle = k / 22 * 2 * math.pi
        u, y = 0.43 * math.cos(angle), 0.72 + 0.17 * math.sin(angle)
        ring.append((u, y + 0.02, (0.075 + 0.06 * (y - 0.55) / 0.34) * (0.85 + 0.3 * (k * 0.618 % 1))))
    return sorted(ring, key=lambda rock: rock[1])


def _fill_pool(canvas: Canvas, light: Light) -> None:
    part = canvas.band(0.52, 0.94)
    off: Plane = np.hypot(part.u / 0.43, (part.y - 0.72) / 0.17)
    blue: Colour = light.dyed(hexed("#3fbfc4"), *_WET)
    ripple = part.ground_noise("ripple", 0.4, 0.13, flat=2.4, steep=0.06)
    part.over(light.cast(mix(blue, (1.0, 1.0, 1.0), 0.35)), ramp(1.05, 1.0, off))
    part.over(light.cast(blue), ramp(1.0, 0.75, off), tone=0.8 + 0.4 * ripple)
    part.over(light.horizon, ramp(1.0, 0.9, off) * ramp(0.6, 0.8, ripple) * 0.5)
