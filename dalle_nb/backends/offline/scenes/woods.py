"""Woods of one kind: bamboo, birch, pines, jungle, cherry blossom."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import (
    SNOW,
    paint_hills,
    paint_meadow,
    paint_stream,
    paint_woods,
    season_stage,
)
from dalle_nb.backends.offline.scenes.seasons import strew
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import (
    dab_crowns,
    draw_fronds,
    paint_grove,
    paint_pines,
    paint_tree,
)
from dalle_nb.backends.offline.sketch import Sketch

_HORIZON = 0.62
_BLOSSOM = (hexed("#e0789a"), hexed("#f6b0c6"), hexed("#fdE6ec"))
_SPOTS = (Spot(x=0.5, y=0.93, scale=0.66), Spot(x=0.75, y=0.9, scale=0.52), Spot(x=0.25, y=0.9, scale=0.5))
_BACK = (Spot(x=0.72, y=0.75, scale=0.28), Spot(x=0.3, y=0.74, scale=0.26))


def _glade(canvas: Canvas, sketch: Sketch, light: Light, floor: Colour) -> None:
    """Paint the light between the trees, the floor, and a path or a stream on it."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.15)
    glow = mix(light.horizon, light.sun_colour, 0.4)
    if not light.ink:
        canvas.over(
            glow, np.exp(-((canvas.distance(0.53, 0.48) / 0.36) ** 2)) * (0.7 if not light.night else 0.3)
        )
    paint_meadow(canvas, light, _HORIZON, colour=SNOW if light.snowy else floor, depth=0.1)
    paint_woods(canvas, light, "behind", foot=_HORIZON + 0.012, height=0.13, count=50, distance=0.66)
    if "stream" in sketch.effects:
        paint_stream(canvas, light, _HORIZON + 0.01)
        return
    part = canvas.band(_HORIZON + 0.01, 1)
    depth = part.y - _HORIZON
    off = np.abs(part.u - 0.04 + 0.15 * np.sin(depth * 9) * depth) / (0.03 + 0.45 * depth)
    off += (part.noise("verge", 0.06, octaves=4) - 0.5) * 0.35
    part.over(light.cast(times(SNOW, 0.9) if light.snowy else hexed("#cdb283")), ramp(1.05, 0.8, off) * 0.8)


def paint_bamboo(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a bamboo forest: smooth green stems with nodes, tall as the picture, and narrow leaves."""
    green = light.dyed(hexed("#6fa83c"), "bamboo-forest", "trees")
    _glade(canvas, sketch, light, mix(green, hexed("#7a8a3c"), 0.5))
    for layer in range(4):
        near = layer / 3
        colour = mix(mix(green, hexed("#b9d27a"), 0.3), times(green, 0.82), near)
        _raise_stems(canvas, light, layer, colour)
        _hang_bamboo_leaves(canvas, light, layer, times(colour, 0.85 if layer % 2 else 1.05))
    return season_stage(light, _HORIZON, _SPOTS, _BACK, ground=0.72, painted=frozenset({"bamboo"}))


def _rooted(
    canvas: Canvas, rows: list[list[float]], layer: int, gap: float, wide: float, foot: float, spare: float
) -> list[tuple[float, float, float, float]]:
    """Return where stems of a layer stand, how thick and how leaning each is; ``gap`` stays free in the middle."""
    near, stems = layer / 3, []
    for along, size, lean in rows:
        u = (along - 0.5) * 3.2
        if abs(u) > gap:
            x, y = 0.5 + u / canvas.aspect, foot + 0.05 * near * size
            stems.append((x, y, wide * (spare + 0.5 * size), lean - 0.5))
    return stems


def _raise_stems(canvas: Canvas, light: Light, layer: int, colour: Colour) -> None:
    near = layer / 3
    wide, foot = 0.009 + 0.03 * near, _HORIZON + 0.02 + 0.27 * near**1.5
    rows = canvas.chance(f"stems-{layer}").random((54 - 13 * layer, 3)).tolist()
    stems = _rooted(canvas, rows, layer, (0.0, 0.1, 0.24, 0.34)[layer], wide, foot, 0.75)

    def at(x: float, y: float, lean: float, up: float) -> tuple[float, float]:
        return x + 0.12 * lean * up / canvas.aspect, y - up

    def poles(pen: Pen, share: float, aside: float) -> None:
        for x, y, thick, lean in stems:
            half, middle = thick * share / 2 / pen.aspect, x + aside * thick / pen.aspect
            (a, b), (c, d) = at(middle, y, lean, 0.0), at(middle, y, lean, y + 0.02)
            pen.polygon([(a - half, b), (a + half, b), (c + half * 0.75, d), (c - half * 0.75, d)])

    def nodes(pen: Pen, width: float, drop: float) -> None:
        for x, y, thick, lean in stems:
            up = thick * 2.2
            while up < y:
                a, b = at(x, y, lean, up)
                half = thick * 0.62 / pen.aspect
                pen.line([(a - half, b + drop * thick), (a + half, b + drop * thick)], thick * width)
                up += thick * 4.6

    fade = 0.62 * (1 - near) ** 1.2
    canvas.over(light.far(times(colour, 0.68), fade), canvas.shape(poles, 1.0, 0.0))
    canvas.over(light.far(colour, fade), canvas.shape(poles, 0.66, -0.12))
    canvas.over(light.far(mix(colour, (1.0, 1.0, 0.8), 0.5), fade), canvas.shape(poles, 0.17, -0.24) * 0.8)
    canvas.over(light.far(times(colour, 0.42), fade), canvas.shape(nodes, 0.16, 0.0))
    canvas.over(light.far(mix(colour, (1.0, 1.0, 0.85), 0.6), fade), canvas.shape(nodes, 0.09, 0.16))
    if light.snowy:
        cover = canvas.shape(poles, 1.0, 0.0)
        canvas.over(light.cast(SNOW), np.clip(cover - canvas.shifted(cover, 0.3 * wide, 0), 0, 1) * 0.8)


def _hang_bamboo_leaves(canvas: Canvas, light: Light, layer: int, colour: Colour) -> None:
    """Hang sprays of narrow pointed leaves, many above and few below."""
    near = layer / 3
    long = 0.03 + 0.045 * near
    sprays = []
    for along, high, turn in canvas.chance(f"sprays-{layer}").random((120 - 15 * layer, 3)).tolist():
        u = (along - 0.5) * 3.2
        y = high**1.5 * (0.44 + 0.25 * min(1.0, abs(u) * 1.6) * near)
        sprays.append((0.5 + u / canvas.aspect, y, turn))

    def leaves(pen: Pen, size: float) -> None:
        for x, y, turn in sprays:
            for k in range(5):
                angle = 0.5 + 0.42 * k + 0.5 * (turn - 0.5)
                c, s = math.cos(angle) * long * size, math.sin(angle) * long * size
                w = 0.13
                pen.polygon([
                    (x, y), (x + (0.4 * c - w * s) / pen.aspect, y + 0.4 * s + w * c), (x + c / pen.aspect, y + s),
                    (x + (0.4 * c + w * s) / pen.aspect, y + 0.4 * s - w * c),
                ])  # fmt: skip

    fade = 0.5 * (1 - near)
    canvas.over(light.far(times(colour, 0.8), fade), canvas.shape(leaves, 1.0) * 0.95)
    canvas.over(
        light.far(SNOW if light.snowy else mix(colour, (1.0, 1.0, 0.6), 0.25), fade),
        canvas.shape(leaves, 0.62),
    )


def paint_birches(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a birch forest: white trunks with black marks under light leaves, golden in autumn."""
    leaves = light.leaves or (hexed("#9db0c2"), hexed("#d3dee8"), SNOW)
    if light.season == "autumn":
        leaves = (hexed("#c98a1e"), hexed("#eeb428"), hexed("#fbd84a"))
    _glade(canvas, sketch, light, light.grass)
    for layer in range(4):
        _raise_birches(canvas, light, layer)
        dab_crowns(canvas, light, layer, leaves)
    return season_stage(light, _HORIZON, _SPOTS, _BACK, ground=0.7, leafy=True)


def _raise_birches(canvas: Canvas, light: Light, layer: int) -> None:
    near = layer / 3
    wide, foot = 0.008 + 0.036 * near, _HORIZON + 0.02 + 0.25 * near**1.5
    chance = canvas.chance(f"birch-{layer}")
    rows = chance.random((40 - 10 * layer, 3)).tolist()
    trunks = _rooted(canvas, rows, layer, (0.0, 0.08, 0.22, 0.36)[layer], wide, foot, 0.7)
    marks = chance.random((26, 3)).tolist()

    def poles(pen: Pen, share: float) -> None:
        for x, y, thick, lean in trunks:
            half, top = thick * share / 2 / pen.aspect, x + 0.1 * lean * y / pen.aspect
            pen.polygon(
                [
                    (x - half * 1.25, y),
                    (x + half * 1.25, y),
                    (top + half * 0.6, -0.02),
                    (top - half * 0.6, -0.02),
                ]
            )

    def bands(pen: Pen) -> None:
        for number, (x, y, thick, lean) in enumerate(trunks):
            for up, long, side in marks:
                high = (up + number * 0.37) % 1 * y
                at = x + (0.1 * lean * high + (side - 0.5) * 0.5 * thick) / pen.aspect
                pen.line(
                    [
                        (at - 0.3 * long * thick / pen.aspect, y - high),
                        (at + 0.3 * long * thick / pen.aspect, y - high),
                    ],
                    thick * 0.13,
                )

    fade = 0.55 * (1 - near) ** 1.2
    canvas.over(light.far(hexed("#b7b9b8"), fade), canvas.shape(poles, 1.0))
    canvas.over(light.far(hexed("#fbfaf4"), fade), canvas.shape(poles, 0.7))
    canvas.over(light.far(hexed("#2f2d2c"), fade), canvas.shape(bands) * canvas.shape(poles, 1.0))


def _level(height: float, _x: float) -> float:
    return height


def paint_pinewood(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a wood of firs that frames a clearing, row behind row."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.4)
    paint_hills(canvas, light, _HORIZON - 0.06, rise=1.6)
    green = light.dyed(hexed("#2b5a44"), "pine-forest", "trees", "forest")
    for number, (foot, tall, fade) in enumerate(((0.6, 0.2, 0.5), (0.625, 0.27, 0.34), (0.65, 0.33, 0.2))):
        paint_pines(
            canvas,
            light,
            f"row{number}",
            foot=partial(_level, foot),
            height=tall,
            count=70 - 14 * number,
            colour=green,
            distance=fade,
        )
    paint_meadow(canvas, light, 0.64, colour=SNOW if light.snowy else mix(light.grass, hexed("#5f6a3a"), 0.4))
    part = canvas.band(0.65, 1)
    depth = part.y - 0.63
    off = (
        np.abs(part.u + 0.05 - 0.2 * np.sin(depth * 8) * depth) / (0.02 + 0.4 * depth)
        + (part.noise("verge", 0.06, octaves=4) - 0.5) * 0.3
    )
    part.over(light.cast(times(SNOW, 0.88) if light.snowy else hexed("#a88a5c")), ramp(1.05, 0.8, off) * 0.75)
    if "stream" in sketch.effects:
        paint_stream(canvas, light, 0.65)
    for name, left, right, foot, tall, count in (
        ("f1", 0.0, 0.24, 0.74, 0.5, 3), ("f2", 0.78, 1.0, 0.73, 0.48, 3), ("f3", -0.04, 0.1, 0.9, 0.82, 1), ("f4", 0.92, 1.05, 0.88, 0.78, 1),
    ):  # fmt: skip
        paint_grove(canvas, light, name, left, right, foot, tall, count, times(green, 0.85))
    return season_stage(light, _HORIZON, _SPOTS, _BACK, ground=0.7)


def paint_jungle(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a jungle: palms and vines in green haze, broad leaves close to the eye."""
    green = light.dyed(hexed("#3f8f3c"), "jungle", "trees", "forest")
    _glade(canvas, sketch, light, mix(green, hexed("#4f7a2c"), 0.5))
    canvas.over(
        mix(light.haze, light.cast(hexed("#a8d08a")), 0.6),
        ramp(0.7, 0.2, np.abs(canvas.y - 0.45) + 0 * canvas.x) * 0.5,
    )
    wild = replace(
        light, leaves=(times(green, 0.6), green, mix(green, hexed("#b6d85a"), 0.4)), season="summer"
    )
    for number, (foot, height, gap, fade) in enumerate(
        ((0.64, 0.3, 0.0, 0.52), (0.66, 0.24, 0.16, 0.36), (0.7, 0.22, 0.3, 0.2))
    ):
        paint_woods(
            canvas, wild, f"thicket{number}", foot=foot, height=height, count=34, distance=fade, gap=gap
        )
    for layer in range(3):
        near = layer / 2
        fade = 0.5 * (1 - near)
        _hang_jungle_roof(canvas, light, layer, times(green, 1 - 0.3 * near), fade)
        _raise_palms(canvas, light, layer, times(green, 0.95 - 0.2 * near), fade)
    _hang_vines(canvas, light)
    _frame_with_leaves(canvas, light, green)
    return season_stage(light, _HORIZON, _SPOTS, _BACK, ground=0.74)


def _hang_jungle_roof(canvas: Canvas, light: Light, layer: int, colour: Colour, fade: float) -> None:
    part = canvas.band(0, 0.5)
    body = part.noise(f"roof-{layer}", 0.16, octaves=4) * 0.6 + (1 - part.y / (0.34 - 0.05 * layer)) * 0.6
    body += 0.3 * ramp(0.2, 0.6, np.abs(part.u))
    leaf = part.noise(f"roof-leaf-{layer}", 0.035, flat=1.4, octaves=3)
    part.over(light.far(colour, fade), ramp(0.52, 0.58, body + 0.25 * (leaf - 0.5)), tone=0.55 + 0.8 * leaf)


def _raise_palms(canvas: Canvas, light: Light, layer: int, colour: Colour, fade: float) -> None:
    """Raise thin trunks with crowns of fronds, and tree ferns at their feet."""
    near = layer / 2
    chance = canvas.chance(f"jungle-{layer}")
    foot = _HORIZON + 0.03 + 0.15 * near
    palms = []
    for along, size, lean in chance.random((16 - 4 * layer, 3)).tolist():
        u = (along - 0.5) * 3.2
        if abs(u) > (0.06, 0.22, 0.36)[layer]:
            palms.append(
                (0.5 + u / canvas.aspect, foot, (0.3 + 0.22 * near) * (0.7 + 0.6 * size), lean - 0.5)
            )

    def trunks(pen: Pen) -> None:
        for x, y, tall, lean in palms:
            pen.line(
                [
                    (x, y),
                    (x + 0.1 * lean * tall / pen.aspect, y - 0.5 * tall),
                    (x + 0.3 * lean * tall / pen.aspect, y - tall),
                ],
                0.045 * tall,
            )

    def crowns(pen: Pen, share: float) -> None:
        for x, y, tall, lean in palms:
            turns = [-math.pi * (0.04 + 0.92 * k / 6) for k in range(7)]
            draw_fronds(pen, (x + 0.3 * lean * tall / pen.aspect, y - tall), 0.5 * tall * share, turns)
            draw_fronds(
                pen, (x + 0.12 / pen.aspect * (1 if lean > 0 else -1), y), 0.26 * tall * share, turns[::2]
            )

    canvas.over(light.far(hexed("#6a4f34"), fade), canvas.shape(trunks))
    canvas.over(light.far(times(colour, 0.72), fade), canvas.shape(crowns, 1.0))
    canvas.over(light.far(mix(colour, hexed("#b6d85a"), 0.3), fade), canvas.shape(crowns, 0.74))


def _hang_vines(canvas: Canvas, light: Light) -> None:
    chance = canvas.chance("vines").random((12, 3)).tolist()

    def vines(pen: Pen) -> None:
        for a, b, c in chance:
            x, long, wide = canvas.spread(a), 0.14 + 0.22 * c, 0.14 + 0.2 * b
            path = [
                (x + wide * k / 10 / pen.aspect, 0.08 + long * 4 * (k / 10) * (1 - k / 10)) for k in range(11)
            ]
            pen.line(path, 0.006)
            for px, py in path[1:-1]:
                pen.polygon(
                    [
                        (px, py),
                        (px + 0.014 / pen.aspect, py + 0.016),
                        (px, py + 0.034),
                        (px - 0.014 / pen.aspect, py + 0.016),
                    ]
                )

    canvas.over(light.cast(hexed("#2f6a2c")), canvas.shape(vines))


def _frame_with_leaves(canvas: Canvas, light: Light, green: Colour) -> None:
    """Frame the picture with broad leaves that reach in from the lower corners."""

    def leaf(pen: Pen, x: float, y: float, long: float, angle: float, share: float) -> None:
        c, s = math.cos(angle), math.sin(angle)
        ring = []
        for k in range(-8, 9):
            along, half = (
                1 - abs(k) / 8,
                0.24 * math.sin(math.pi * (1 - abs(k) / 8) ** 0.8) * (1 if k > 0 else -1) * share,
            )
            ring.append((x + (along * c - half * s) * long / pen.aspect, y + (along * s + half * c) * long))
        pen.polygon(ring)

    for side in (-1, 1):
        for number, (high, long, turn) in enumerate(
            ((1.0, 0.36, -1.25), (0.94, 0.34, -0.75), (1.02, 0.36, -0.35), (0.86, 0.26, -1.1))
        ):
            x = 0.5 + side * (0.53 / canvas.aspect * canvas.aspect - 0.01)
            angle = turn if side < 0 else math.pi - turn
            tone = times(green, (0.62, 0.85, 0.72, 0.95)[number])
            for share, colour in (
                (1.0, tone),
                (0.66, mix(tone, hexed("#9fd05a"), 0.3)),
                (0.07, mix(tone, (1.0, 1.0, 0.7), 0.5)),
            ):
                canvas.over(light.cast(colour), canvas.shape(leaf, x, high, long, angle, share))


def paint_cherries(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint an avenue of cherry trees in full blossom, petals on the grass and on the path."""
    horizon = 0.54
    paint_sky(canvas, sketch, light, horizon, clouds=0.5)
    paint_hills(canvas, light, horizon)
    paint_meadow(canvas, light, horizon)
    part = canvas.band(horizon + 0.01, 1)
    depth = part.y - horizon
    off = np.abs(part.u) / (0.012 + 0.55 * depth)
    part.over(
        light.cast(hexed("#d8c4a4")),
        ramp(1.03, 0.97, off),
        tone=0.92 + 0.16 * part.noise("gravel", 0.012, octaves=2),
    )
    own = light.dyed(_BLOSSOM[1], "cherry-grove", "blossom")
    leaves = _BLOSSOM if own == _BLOSSOM[1] else (times(own, 0.75), own, mix(own, (1.0, 1.0, 1.0), 0.5))
    for number, (foot, tall) in enumerate(((0.56, 0.13), (0.585, 0.2), (0.63, 0.32), (0.72, 0.5))):
        for side in (-1, 1):
            x = 0.5 + side * (0.05 + 0.68 * (foot - horizon) + 0.08) / canvas.aspect
            paint_tree(
                canvas,
                light,
                f"cherry{number}{side}",
                (x, foot),
                tall,
                leaves=leaves,
                accent=light.ink,
                distance=0.3 - 0.09 * number,
            )
    strew(canvas, light, "petals", horizon + 0.06, leaves[1:], 420)
    return season_stage(light, horizon, _SPOTS, _BACK, painted=frozenset({"cherry-tree"}))
