"""Rooms with a use: a library, a kitchen, a café, a classroom, and a great hall.

The first four are the room of `room.py`, furnished; what stands in them comes with the sketch.
"""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, draw_lines
from dalle_nb.backends.offline.scenes.room import paint_around
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch

_FLOOR = 0.72
_WOOD, _PALE, _DARK = hexed("#7a4b2b"), hexed("#f4ead8"), hexed("#3a2a22")
_SPINES = tuple(
    hexed(code) for code in ("#a8433f", "#34568a", "#5f8a4f", "#e0b04a", "#7d5a9a", "#d9c7a0", "#4f8f94")
)
_LAMP = hexed("#ffd694")


def paint_library(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint shelves full of books from floor to ceiling on both sides of a narrow window."""
    stage = paint_around(canvas, sketch, light, (0.5, 0.12))
    for name, left, right in (
        ("left", -0.02, 0.5 - 0.2 / canvas.aspect), ("right", 0.5 + 0.2 / canvas.aspect, 1.02)
    ):  # fmt: skip
        _fill_shelves(canvas, stage.tint, name, left, right)
    for u in (-0.2, 0.2):
        canvas.glow(0.5 + u / canvas.aspect, 0.2, 0.1, _LAMP, 0.5)
    return stage


def _fill_shelves(canvas: Canvas, tint: Colour, name: str, left: float, right: float) -> None:
    _board(canvas, times(_DARK, tint), left, 0.0, right, _FLOOR)
    chance = canvas.chance(f"books-{name}")
    step, rows = 0.018 / canvas.aspect, 5
    for row in range(rows):
        foot = 0.05 + (row + 1) * (_FLOOR - 0.07) / rows
        for number in range(-90, 90):
            x = 0.5 + number * step
            hue, tall, wide = chance.random(3)
            if left + 0.01 < x < right - 0.02 and wide > 0.06:
                colour = times(_SPINES[int(hue * len(_SPINES))], tint)
                top = foot - 0.07 - 0.035 * tall
                _board(canvas, colour, x, top, x + step * (0.7 + 0.25 * wide), foot)
                _board(canvas, times(colour, 1.3), x, top + 0.02, x + step * 0.7, top + 0.026)
        _board(canvas, times(_WOOD, times(tint, 1.15)), left, foot, right, foot + 0.014)
    for edge in (left, right - 0.018 / canvas.aspect):
        _board(canvas, times(_WOOD, tint), edge, 0.0, edge + 0.018 / canvas.aspect, _FLOOR)


def paint_kitchen(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint cupboards, tiles, a worktop with stove and tap, and pans that hang in a row."""
    stage = paint_around(canvas, sketch, light, (0.5, 0.17), rug=False)
    tint, wide = stage.tint, canvas.aspect
    doors = hexed(sketch.place_colour or "#d4e1d8")
    for left, right in ((-0.02, 0.5 - 0.25 / wide), (0.5 + 0.25 / wide, 1.02)):
        tiles = canvas.window(left, 0.3, right, 0.53)
        joints = np.maximum(np.abs((tiles.u * 26) % 1 * 2 - 1), np.abs((tiles.y * 26) % 1 * 2 - 1))
        tiles.fill(times(hexed("#e9f2ef"), tint), tone=1 - 0.16 * ramp(0.9, 0.98, joints))
        _hang_doors(canvas, tint, doors, (left, 0.02, right, 0.29))
    _hang_doors(canvas, tint, doors, (-0.02, 0.55, 1.02, _FLOOR + 0.02))
    _board(canvas, times(hexed("#d9b98c"), tint), -0.02, 0.53, 1.02, 0.556)
    _set_stove(canvas, tint, 0.5 + 0.38 / wide)
    rail = 0.5 - 0.37 / wide
    canvas.over(times(_DARK, tint), canvas.shape(_draw_pans, rail, 0.335))
    tap = [[(0.5, 0.535), (0.5, 0.46), (0.5 + 0.03 / wide, 0.45), (0.5 + 0.04 / wide, 0.475)]]
    canvas.over(times(hexed("#aab4ba"), tint), canvas.shape(draw_lines, tap, 0.012))
    return stage


def _hang_doors(canvas: Canvas, tint: Colour, colour: Colour, box: tuple[float, float, float, float]) -> None:
    """Hang a row of cupboard doors, each with its panel and knob."""
    left, top, right, bottom = box
    step = 0.16 / canvas.aspect
    _board(canvas, times(times(colour, 0.95), times(tint, 0.9)), left, top, right, bottom)
    for number in range(-12, 12):
        x = 0.5 + number * step
        if x + step < left or x > right:
            continue
        inner = (max(left, x + 0.1 * step), top + 0.02, min(right, x + 0.9 * step), bottom - 0.02)
        if inner[2] - inner[0] > 0.02:
            _board(canvas, times(mix(colour, (1.0, 1.0, 1.0), 0.25), tint), *inner)
            canvas.over(times(_WOOD, tint), canvas.shape(_draw_knob, x + 0.8 * step, (top + bottom) / 2))


def _set_stove(canvas: Canvas, tint: Colour, x: float) -> None:
    """Set a stove into the worktop, a pot on it, its oven door below."""
    half = 0.11 / canvas.aspect
    _board(canvas, times(hexed("#5a6068"), tint), x - half, 0.54, x + half, _FLOOR + 0.02)
    _board(canvas, times(hexed("#23272e"), tint), x - 0.75 * half, 0.6, x + 0.75 * half, _FLOOR - 0.02)
    _board(canvas, times(hexed("#c9ced4"), tint), x - 0.75 * half, 0.58, x + 0.75 * half, 0.588)
    _board(canvas, times(hexed("#c9503f"), tint), x - 0.5 * half, 0.46, x + 0.5 * half, 0.535)
    _board(canvas, times(hexed("#8e3a30"), tint), x - 0.6 * half, 0.45, x + 0.6 * half, 0.465)


def _draw_pans(pen: Pen, x: float, y: float) -> None:
    pen.line([(x - 0.14 / pen.aspect, y), (x + 0.14 / pen.aspect, y)], 0.008)
    for number, radius in enumerate((0.036, 0.03, 0.024)):
        at = x + (number - 1) * 0.09 / pen.aspect
        pen.line([(at, y), (at, y + 0.07)], 0.009)
        pen.disc(at, y + 0.07 + radius, radius)


def _draw_knob(pen: Pen, x: float, y: float) -> None:
    pen.disc(x, y, 0.006)


def paint_cafe(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a counter with a coffee machine, a menu board, shelves of cups, and lamps that hang over it all."""
    stage = paint_around(canvas, sketch, light, (0.72, 0.17), rug=False)
    tint, wide = stage.tint, canvas.aspect
    left, right = 0.5 - 0.46 / wide, 0.5 - 0.08 / wide
    _board(canvas, times(_WOOD, tint), left - 0.01, 0.09, right + 0.01, 0.31)
    _board(canvas, times(hexed("#2c3431"), tint), left, 0.1, right, 0.3)
    chalk = [
        [(left + 0.03 / wide, y), (left + (0.12 + 0.16 * (k % 3) / 2) / wide, y)]
        for k, y in enumerate((0.15, 0.19, 0.23, 0.265))
    ]
    prices = [[(right - 0.07 / wide, y), (right - 0.03 / wide, y)] for y in (0.15, 0.19, 0.23, 0.265)]
    canvas.over(times(_PALE, tint), canvas.shape(draw_lines, [*chalk, *prices], 0.008))
    _board(canvas, times(_WOOD, tint), left, 0.4, right, 0.415)
    for number in range(6):
        x = left + (0.035 + 0.062 * number) / wide
        _board(canvas, times(_PALE, tint), x, 0.365, x + 0.036 / wide, 0.4)
    _board(canvas, times(hexed("#5f8a7c"), tint), -0.02, 0.545, right + 0.04 / wide, _FLOOR + 0.04)
    for number in range(-14, 8):
        x = 0.5 + number * 0.05 / wide
        if x < right + 0.03 / wide:
            _board(canvas, times(hexed("#4c7266"), tint), x, 0.56, x + 0.006 / wide, _FLOOR + 0.04)
    _board(canvas, times(hexed("#c99a66"), tint), -0.02, 0.52, right + 0.06 / wide, 0.548)
    _board(canvas, times(hexed("#b4bac0"), tint), left + 0.05 / wide, 0.43, left + 0.2 / wide, 0.52)
    _board(canvas, times(hexed("#3f444c"), tint), left + 0.07 / wide, 0.46, left + 0.18 / wide, 0.505)
    for u in (-0.32, -0.06, 0.2):
        _hang_lamp(canvas, tint, 0.5 + u / wide, 0.15)
    return stage


def _hang_lamp(canvas: Canvas, tint: Colour, x: float, y: float) -> None:
    reach = 0.045 / canvas.aspect

    def draw(pen: Pen) -> None:
        pen.line([(x, 0), (x, y - 0.03)], 0.005)
        pen.polygon(
            [
                (x - 0.3 * reach, y - 0.035),
                (x + 0.3 * reach, y - 0.035),
                (x + reach, y + 0.01),
                (x - reach, y + 0.01),
            ]
        )

    canvas.over(times(_DARK, tint), canvas.shape(draw))
    canvas.glow(x, y + 0.02, 0.09, _LAMP, 0.7)
    canvas.glow(x, y + 0.012, 0.02, hexed("#fff6dc"), 1.0)


def paint_classroom(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a blackboard with chalk on it, a clock over it, and desks in front."""
    stage = paint_around(canvas, sketch, light, (0.5 + 0.42 / canvas.aspect, 0.12), rug=False)
    tint, wide = stage.tint, canvas.aspect
    left, right = 0.5 - 0.44 / wide, 0.5 + 0.2 / wide
    _board(canvas, times(hexed("#b07a48"), tint), left - 0.015 / wide, 0.14, right + 0.015 / wide, 0.53)
    _board(canvas, times(hexed("#2f5f4a"), tint), left, 0.155, right, 0.51)
    canvas.over(times(_PALE, tint), canvas.shape(_draw_lesson, left) * 0.85)
    canvas.over(times(_PALE, tint), canvas.shape(_draw_clock, (left + right) / 2, 0.075, 0.045))
    hands = [
        [(x, 0.075), ((left + right) / 2, 0.075), ((left + right) / 2, 0.047)]
        for x in ((left + right) / 2 + 0.02 / wide,)
    ]
    canvas.over(_DARK, canvas.shape(draw_lines, hands, 0.006))
    for u in (-0.42, 0.36):
        _set_desk(canvas, tint, 0.5 + u / wide, 0.74)
    return stage


def _draw_lesson(pen: Pen, left: float) -> None:
    """Draw a sum, a triangle, and lines of writing."""

    def at(u: float, y: float) -> tuple[float, float]:
        return left + u / pen.aspect, y

    for row in range(4):
        pen.line([at(0.05, 0.21 + 0.06 * row), at(0.2 + 0.05 * (row % 2), 0.21 + 0.06 * row)], 0.007)
    pen.line([at(0.36, 0.4), at(0.46, 0.24), at(0.56, 0.4), at(0.36, 0.4)], 0.007)
    for u in (0.05, 0.11, 0.17):
        pen.line([at(u, 0.45), at(u + 0.03, 0.45)], 0.009)


def _draw_clock(pen: Pen, x: float, y: float, radius: float) -> None:
    pen.disc(x, y, radius)


def _set_desk(canvas: Canvas, tint: Colour, x: float, top: float) -> None:
    half = 0.13 / canvas.aspect
    for side in (-0.85, 0.75):
        _board(
            canvas, times(hexed("#6a7078"), tint), x + side * half, top, x + (side + 0.1) * half, top + 0.18
        )
    _board(canvas, times(hexed("#d9a864"), tint), x - half, top, x + half, top + 0.028)
    _board(canvas, times(hexed("#b5803f"), tint), x - half, top + 0.028, x + half, top + 0.06)
    _board(canvas, times(hexed("#c9503f"), tint), x - 0.5 * half, top - 0.022, x - 0.02, top)
    _board(canvas, times(hexed("#f4ead8"), tint), x - 0.46 * half, top - 0.014, x - 0.02, top - 0.006)


def paint_hall(canvas: Canvas, _sketch: Sketch, light: Light) -> Stage:
    """Paint columns, tall arched windows, a chandelier, a polished floor, and a red carpet to a golden wall."""
    tint = mix(light.tint, _LAMP, 0.3)
    canvas.fill(
        canvas.gradient(
            [
                (0, times(hexed("#a8834e"), tint)),
                (0.5, times(hexed("#e9cf98"), tint)),
                (1, times(hexed("#c9a468"), tint)),
            ]
        )
    )
    for u in (-0.9, -0.56, -0.19, 0.19, 0.56, 0.9):
        _open_arch(canvas, light, 0.5 + u / canvas.aspect)
    for u in (-1.08, -0.72, -0.375, 0.375, 0.72, 1.08):
        _raise_column(canvas, tint, 0.5 + u / canvas.aspect)
    floor = canvas.band(0.68, 1)
    depth = 0.42 / (floor.y - 0.5)
    across = floor.u * depth
    checks = (np.floor(across * 5) + np.floor(depth * 7)) % 2
    pale, dark = (
        np.asarray(times(hexed("#efe2c8"), tint), np.float32),
        np.asarray(times(hexed("#b0885a"), tint), np.float32),
    )
    floor.fill(dark + (pale - dark) * checks[..., None])
    carpet = ramp(0.32, 0.31, np.abs(across))
    floor.over(times(hexed("#a8262c"), tint), carpet)
    floor.over(times(hexed("#e8c060"), tint), carpet * ramp(0.26, 0.27, np.abs(across)))
    canvas.band(0.665, 0.685).fill(times(hexed("#8a6236"), tint))
    _hang_chandelier(canvas)
    return Stage(
        spots=(Spot(x=0.5, y=0.92, scale=0.7), Spot(x=0.78, y=0.9, scale=0.55), Spot(x=0.23, y=0.9, scale=0.52)),
        back=(Spot(x=0.76, y=0.75, scale=0.36), Spot(x=0.24, y=0.75, scale=0.34)),
        horizon=0.6, tint=tint, haze=times(hexed("#e9cf98"), tint), rim=times(_LAMP, 0.4), shadow=0.35,
        mirror=0.16, indoors=True,
    )  # fmt: skip


def _open_arch(canvas: Canvas, light: Light, x: float) -> None:
    """Open a tall arched window onto the sky."""
    half = 0.095
    part = canvas.window(x - half / canvas.aspect, 0.14, x + half / canvas.aspect, 0.6)
    if not part.rgb.size:
        return
    round_top = part.distance(x, 0.14 + half) - half
    cover = np.where(part.y < 0.14 + half, part.edge(-round_top), 1.0).astype(np.float32)
    part.over(part.gradient([(0.14, light.zenith), (0.6, light.horizon)]), cover)
    bars = np.maximum(
        ramp(0.004, 0.002, np.abs(part.u - (x - 0.5) * canvas.aspect)),
        ramp(0.004, 0.002, np.abs((part.y * 9) % 1 - 0.5) / 9),
    )
    part.over(hexed("#f6ead0"), cover * bars)


def _raise_column(canvas: Canvas, tint: Colour, x: float) -> None:
    for half, top, bottom in ((0.034, 0.0, 0.68), (0.052, 0.0, 0.04), (0.052, 0.64, 0.69)):
        part = canvas.window(x - half / canvas.aspect, top, x + half / canvas.aspect, bottom)
        if part.rgb.size:
            turn = (part.x - x) * canvas.aspect / half
            flutes = 0.06 * np.sin(turn * 14) if half < 0.05 else 0.0
            part.fill(
                times(hexed("#f7efdf"), tint), tone=1.02 - 0.3 * turn**2 - 0.1 * turn + flutes + 0 * part.y
            )


def _hang_chandelier(canvas: Canvas) -> None:
    def draw(pen: Pen) -> None:
        pen.line([(0.5, 0), (0.5, 0.17)], 0.006)
        for reach, y in ((0.13, 0.17), (0.08, 0.13)):
            pen.line(
                [(0.5 - reach / pen.aspect, y - 0.02), (0.5, y), (0.5 + reach / pen.aspect, y - 0.02)], 0.009
            )

    canvas.over(hexed("#b5852f"), canvas.shape(draw))
    for reach, y in ((0.13, 0.14), (0.065, 0.15), (0.0, 0.16)):
        for side in (-1, 1):
            canvas.glow(0.5 + side * reach / canvas.aspect, y, 0.03, hexed("#fff0c0"), 0.9)
    canvas.glow(0.5, 0.15, 0.2, _LAMP, 0.5)


def _board(canvas: Canvas, colour: Colour, left: float, top: float, right: float, bottom: float) -> None:
    """Paint a plain rectangle that is a little darker at its foot."""
    part = canvas.window(left, top, right, bottom)
    if part.rgb.size:
        part.fill(colour, tone=1.04 - 0.12 * (part.y - top) / (bottom - top) + 0 * part.x)
