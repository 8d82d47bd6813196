"""Far countries and farther worlds: the savanna, the red planet, a strange planet."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, draw_discs, draw_lines
from dalle_nb.backends.offline.scenes.heaven import hang_ball, hang_ringed, paint_sky, scatter_stars
from dalle_nb.backends.offline.scenes.land import paint_meadow, paint_ridge, paint_rocks, season_stage
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch

_SPOTS = (Spot(x=0.5, y=0.92, scale=0.7), Spot(x=0.79, y=0.88, scale=0.54), Spot(x=0.24, y=0.88, scale=0.52))
_ROCKS = [
    (-0.42, 0.78, 0.12), (-0.3, 0.72, 0.06), (0.44, 0.76, 0.1), (0.27, 0.69, 0.05), (0.5, 0.9, 0.13),
    (-0.5, 0.94, 0.14), (0.08, 0.67, 0.03),
]  # fmt: skip
_BACK = (Spot(x=0.74, y=0.7, scale=0.24), Spot(x=0.36, y=0.69, scale=0.2))


def paint_savanna(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the African plain: golden grass, flat-topped acacias, a lone far mountain."""
    horizon = 0.58
    paint_sky(canvas, sketch, light, horizon, clouds=0.3)
    canvas.band(0, horizon).over(
        light.cast(hexed("#ffd79a")), ramp(0.15, horizon, canvas.band(0, horizon).y) * 0.4
    )
    paint_ridge(
        canvas, light, "far", base=horizon - 0.01, rise=0.05, cell=0.6, colour=hexed("#8a86a0"), distance=0.5
    )
    gold = light.dyed(hexed("#d9b04e"), "savanna", "grass", "fields")
    paint_meadow(canvas, light, horizon, colour=gold)
    for name, u, foot, tall, fade in (
        ("a1", 0.2, 0.6, 0.12, 0.4),
        ("a2", -0.14, 0.605, 0.1, 0.4),
        ("a3", 0.37, 0.66, 0.3, 0.12),
        ("a4", -0.36, 0.72, 0.46, 0.0),
    ):
        _stand_acacia(canvas, light, name, 0.5 + u / canvas.aspect, foot, tall, fade)
    blades = canvas.chance("blades").random((700, 4)).tolist()

    def grass(pen: Pen, share: float) -> None:
        for a, b, c, d in blades:
            y = horizon + 0.05 + 0.48 * b**0.8
            x, tall = canvas.spread(a), (0.012 + 0.08 * (y - horizon)) * (0.6 + c) * share
            pen.polygon(
                [
                    (x - 0.002 / pen.aspect, y),
                    (x + 0.002 / pen.aspect, y),
                    (x + (d - 0.5) * tall / pen.aspect, y - tall),
                ]
            )

    canvas.over(light.cast(times(gold, 0.7)), canvas.shape(grass, 1.0) * 0.8)
    canvas.over(light.cast(mix(gold, (1.0, 1.0, 0.8), 0.35)), canvas.shape(grass, 0.6) * 0.8)
    return season_stage(light, horizon, _SPOTS, _BACK)


def _stand_acacia(
    canvas: Canvas, light: Light, name: str, x: float, foot: float, tall: float, fade: float
) -> None:
    """Stand an acacia: branches that fan out under a flat roof of leaves."""
    part = canvas.window(
        x - tall / canvas.aspect, foot - 1.1 * tall, x + tall / canvas.aspect, foot + 0.05 * tall
    )
    if not part.rgb.size:
        return
    part.darken(1 - 0.4 * np.exp(-((part.distance(x, foot, flat=5) / (0.34 * tall)) ** 2)))
    puffs = canvas.chance(name).random((60, 3)).tolist()

    def wood(pen: Pen) -> None:
        for k in (-3, -2, -1, 1, 2, 3):
            path = [
                (x, foot),
                (x + 0.02 * k * tall / pen.aspect, foot - 0.42 * tall),
                (x + 0.1 * k * tall / pen.aspect, foot - 0.66 * tall),
                (x + 0.2 * k * tall / pen.aspect, foot - 0.8 * tall),
            ]
            pen.line(path[:2], 0.035 * tall)
            pen.line(path[1:], 0.02 * tall)

    def roof(pen: Pen, lift: float, size: float) -> None:
        for a, b, c in puffs:
            across = (a - 0.5) * 1.6 * tall
            pen.disc(
                x + across / pen.aspect,
                foot - (0.82 + lift + 0.1 * b * (1 - abs(a - 0.5) * 1.7)) * tall,
                (0.05 + 0.06 * c) * size * tall,
                flat=1.8,
            )

    green = shades_of(light)
    part.over(light.far(hexed("#54402f"), fade), part.shape(wood))
    for lift, size, colour in ((0.0, 1.2, green[0]), (0.03, 0.85, green[1]), (0.055, 0.5, green[2])):
        part.over(light.far(colour, fade), part.shape(roof, lift, size))


def shades_of(light: Light) -> tuple[Colour, Colour, Colour]:
    """Return the dusty greens of trees in dry country."""
    leaf = light.dyed(hexed("#6f8a3a"), "trees")
    return times(leaf, 0.62), leaf, mix(leaf, hexed("#d8d88a"), 0.4)


def paint_mars(canvas: Canvas, _sketch: Sketch, light: Light) -> Stage:
    """Paint the surface of Mars: rust-red dust, rocks and craters under a butterscotch sky."""
    return _paint_planet(canvas, light, light.dyed(hexed("#c4562c"), "mars"), strange=False)


def paint_planet(canvas: Canvas, _sketch: Sketch, light: Light) -> Stage:
    """Paint a strange planet: violet ground, glowing plants, a ringed world and a moon in the sky."""
    return _paint_planet(canvas, light, light.dyed(hexed("#7d5fb8"), "planet"), strange=True)


def _paint_planet(canvas: Canvas, light: Light, colour: Colour, *, strange: bool) -> Stage:
    horizon = 0.58
    dusk = times(
        mix(colour, hexed("#f2c79a" if not strange else "#5fd0c8"), 0.5), 1.0 if not light.night else 0.35
    )
    high = times(dusk, 0.5) if not strange else hexed("#1c1440")
    canvas.fill(
        canvas.gradient(
            [
                (0, high),
                (horizon * 0.6, mix(high, dusk, 0.6)),
                (horizon, mix(dusk, (1.0, 0.95, 0.9), 0.3 if not light.night else 0.0)),
            ]
        )
    )
    if light.night or strange:
        scatter_stars(canvas, horizon * 0.8, 500)
    if strange:
        hang_ringed(canvas, 0.74, 0.22, 0.13, hexed("#e8a070"))
        hang_ball(canvas, 0.2, 0.16, 0.045, hexed("#9fd0d8"))
    else:
        hang_ball(canvas, 0.76, 0.16, 0.03, hexed("#f0dcc4"))
        hang_ball(canvas, 0.62, 0.1, 0.014, hexed("#e0c8b0"))
    local = replace(light, horizon=dusk, middle=dusk, leaves=(), season="summer")
    for number, (base, rise) in enumerate(((0.54, 0.1), (0.6, 0.06))):
        paint_ridge(
            canvas,
            local,
            f"range{number}",
            base=base,
            rise=rise,
            cell=0.5,
            colour=times(colour, 0.85),
            distance=0.45 - 0.2 * number,
            rough=0.6,
        )
    _paint_ground(canvas, local, horizon + 0.04, colour)
    paint_rocks(canvas, local, "rocks", _ROCKS, times(colour, 0.8))
    if strange:
        _grow_glowing(canvas)
    tint = mix(light.tint, mix(colour, (1.0, 1.0, 1.0), 0.6), 0.35)
    return season_stage(light, horizon, _SPOTS, _BACK, tint=tint, haze=dusk)


def _paint_ground(canvas: Canvas, light: Light, top: float, colour: Colour) -> None:
    """Cover the ground with dust in ripples, and press a few craters into it."""
    part = canvas.band(top, 1)
    dust = part.ground_noise("dust", top - 0.04, 0.3, flat=1.6)
    grit = part.ground_noise("grit", top - 0.04, 0.03, flat=1.0) - 0.5
    tone = 0.82 + 0.4 * (dust - 0.3) + 0.35 * grit
    for number, (a, b, c) in enumerate(canvas.chance("craters").random((9, 3)).tolist()):
        y = top + 0.05 + 0.3 * b
        far = part.distance(canvas.spread(0.5 + (a - 0.5) * 0.5), y, flat=3) / (
            (0.02 + 0.09 * c) * (0.4 + 2 * (y - top))
        )
        tone = (
            tone
            - 0.36 * np.exp(-((far / 0.8) ** 4))
            + 0.3 * np.exp(-(((far - 1.05) / 0.16) ** 2)) * (0.8 + 0.02 * number)
        )
    part.over(light.cast(colour), 1.0, tone=np.clip(tone, 0.3, 1.4))
    part.over(light.haze, ramp(top + 0.12, top, part.y) * 0.45)


def _grow_glowing(canvas: Canvas) -> None:
    """Grow curled stalks that end in glowing bulbs."""
    for number, (u, foot, tall) in enumerate(
        (
            (-0.44, 0.84, 0.3),
            (-0.36, 0.86, 0.2),
            (0.38, 0.82, 0.24),
            (0.46, 0.85, 0.34),
            (-0.24, 0.7, 0.1),
            (0.2, 0.68, 0.09),
        )
    ):
        x, side = 0.5 + u / canvas.aspect, 1 if u < 0 else -1
        path = [
            (
                x + side * 0.25 * tall * (1 - math.cos(k * 0.3)) / canvas.aspect,
                foot - tall * math.sin(min(k * 0.2, 2.0)),
            )
            for k in range(11)
        ]
        glow = hexed(("#5ff0d0", "#ff8fe0", "#b6ff6a")[number % 3])
        tip_x, tip_y = path[-1]
        canvas.over(hexed("#2f6a78"), canvas.shape(draw_lines, [path], 0.05 * tall))
        canvas.glow(tip_x, tip_y, 0.22 * tall, glow, 0.7)
        canvas.over(glow, canvas.shape(draw_discs, [(tip_x, tip_y, 0.09 * tall)]))
        spark = (tip_x - 0.02 * tall, tip_y - 0.02 * tall, 0.035 * tall)
        canvas.over((1.0, 1.0, 1.0), canvas.shape(draw_discs, [spark]) * 0.7)
