"""A room with a window: seen whole, or, for one who sits on the sill, from near."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, draw_lines, draw_polygons
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import SNOW
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import paint_tree
from dalle_nb.backends.offline.sketch import Sketch

_WALL, _TRIM, _FLOOR = hexed("#e6c79c"), hexed("#fbf4e6"), hexed("#a8703f")
_LAMP, _CURTAIN = hexed("#ffc878"), hexed("#c9605a")
Frame = tuple[float, float, float, float]
"""Left, top, right and bottom of the window's opening."""


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the view, the wall around it, the sill, and, seen whole, the floor with a rug."""
    near = any(thing.seat == "windowsill" for thing in sketch.things)
    dyes = {"wall": hexed(sketch.place_colour)} if sketch.place_colour else {}
    return paint_around(canvas, sketch, light, (0.5, 0.36) if near else (0.6, 0.24), near=near, dyes=dyes)


def paint_around(
    canvas: Canvas,
    sketch: Sketch,
    light: Light,
    window: tuple[float, float],
    *,
    near: bool = False,
    rug: bool = True,
    dyes: Mapping[str, Colour] = MappingProxyType({}),
) -> Stage:
    """Paint a room around a window: its middle in widths and half its width in heights, so that it keeps its shape.

    ``dyes`` are the colours of wall, floor and curtain where they are not the usual ones.
    """
    wall, boards = dyes.get("wall", _WALL), dyes.get("floor", _FLOOR)
    middle, half = window[0], min(window[1], 0.4 * canvas.aspect)
    frame = (
        middle - half / canvas.aspect,
        0.06 if near else 0.1,
        middle + half / canvas.aspect,
        0.72 if near else 0.5,
    )
    inner = light_room(light)
    _paint_view(canvas, sketch, light, frame)
    _paint_wall(canvas, times(wall, inner), frame)
    _paint_window(canvas, inner, frame, near)
    if not near:
        _paint_floor(canvas, light, inner, frame, rug, boards)
    _hang_curtains(canvas, times(dyes.get("curtain", _CURTAIN), inner), inner, frame, near)
    lamp_lit = light.night or light.weather == "rain"
    canvas.glow(0.1, 0.3 if not near else 0.5, 0.28, _LAMP, 0.3 if lamp_lit else 0.0)
    sill = frame[3] + 0.012
    places = (
        Spot(x=0.5, y=0.93, scale=0.74),
        Spot(x=0.79, y=0.92, scale=0.55),
        Spot(x=0.22, y=0.91, scale=0.52),
    )
    return Stage(
        spots=tuple(Spot(x=spot.x, y=sill, scale=spot.scale * 1.05) for spot in places) if near else places,
        back=(Spot(x=0.16, y=0.74, scale=0.46), Spot(x=0.9, y=0.74, scale=0.42)),
        horizon=0.66,
        tint=inner,
        haze=times(wall, inner),
        rim=times(light.horizon, 0.5 if near else 0.25),
        from_right=True,
        shadow=0.4,
        indoors=True,
        painted=frozenset({"windowsill"}),
    )


def light_room(light: Light) -> Colour:
    """Return what surfaces indoors are multiplied by: lamps make dark hours warm."""
    lamp = times(_LAMP, 0.9)
    share = 0.62 if light.night else 0.35 if light.weather == "rain" or light.time == "dusk" else 0.1
    return mix(light.tint, lamp, share)


def _paint_view(canvas: Canvas, sketch: Sketch, light: Light, frame: Frame) -> None:
    """Paint what is outside: a wet street of lit houses when it rains, else garden and hills."""
    left, top, right, bottom = frame
    paint_sky(canvas, sketch, light, bottom, clouds=0.4)
    view = canvas.window(left, top, right, bottom)
    if not view.rgb.size:
        return  # in a narrow picture a window at the side lies beyond its edge
    if light.weather == "rain" or "city" in (sketch.palette or ""):
        _paint_street(view, light, bottom)
    else:
        crest = (bottom - 0.17) - (view.line("garden", 0.4) - 0.5) * 0.09
        view.over(
            light.far(light.leaves[0] if light.leaves else light.grass, 0.45), view.edge(view.y - crest)
        )
        view.over(light.cast(light.grass), ramp(bottom - 0.1, bottom - 0.085, view.y))
        paint_tree(
            view,
            light,
            "outside",
            (left + 0.24 * (right - left), bottom - 0.05),
            0.36 * (bottom - top) / 0.5,
            distance=0.15,
        )
    view.rgb[...] = view.blurred(0.0035)
    if light.weather == "rain":
        let_fall(view, light)
        wet_pane(view, light)
    elif light.weather == "snow":
        let_fall(view, light)
        heap = bottom - 0.03 - 0.025 * (view.line("heap", 0.2) - 0.5)
        view.over(light.cast(SNOW), view.edge(view.y - heap))


def let_fall(view: Canvas, light: Light) -> None:
    """Let rain or snow fall outside."""
    chance = view.chance("falling")
    left, top = float(view.x[0, 0]), float(view.y[0, 0])
    wide, high = float(view.x[0, -1]) - left, float(view.y[-1, 0]) - top
    places = [(left + x * wide, top + y * high, size) for x, y, size in chance.random((230, 3)).tolist()]

    def draw(pen: Pen) -> None:
        for x, y, size in places:
            if light.weather == "snow":
                pen.disc(x, y, 0.0025 + 0.0065 * size**2)
            else:
                long = 0.03 + 0.05 * size
                pen.line([(x, y), (x - 0.2 * long / pen.aspect, y + long)], 0.0018)

    cover = view.shape(draw)
    white = mix(light.horizon, (1.0, 1.0, 1.0), 0.75 if light.weather == "snow" else 0.5)
    view.over(white, cover * (0.95 if light.weather == "snow" else 0.55))


def _paint_street(view: Canvas, light: Light, bottom: float) -> None:
    """Paint houses across a street in the rain, their windows and lamps lit."""
    chance = view.chance("houses")
    u = -0.5
    while u < 0.5:
        wide, tall = 0.1 + 0.08 * chance.random(), 0.24 + 0.2 * chance.random()
        left = 0.5 + u / view.aspect
        house = view.window(left, bottom - tall, left + wide / view.aspect, bottom)
        if house.rgb.size:
            wall = mix(hexed("#5d6f86"), hexed("#8a6a66"), chance.random())
            house.fill(times(light.far(wall, 0.2), 0.8))
            across = (house.u - u) / 0.036
            down = (house.y - (bottom - tall)) / 0.05
            hole = (np.abs(across % 1 - 0.5) < 0.24) & (np.abs(down % 1 - 0.5) < 0.3)
            bright = 1.5 if light.time in ("dusk", "night") else 0.3
            lit = (np.floor(across) * 7 + np.floor(down) * 5 + round(u * 90)) % 3 < bright
            house.over(mix(light.zenith, (0.1, 0.12, 0.18), 0.4), hole * 0.6)
            house.over(_LAMP, (hole & lit) * 0.9)
        u += wide
    road = view.band(bottom - 0.1, bottom)
    wet = mix(light.cast(hexed("#7c858f")), light.horizon, 0.35)
    road.fill(wet, tone=0.75 + 0.5 * road.noise("wet", 0.12, flat=5, octaves=4))
    for x in chance.random(7).tolist():
        lamp = 0.5 + (x - 0.5) * 0.8 / view.aspect
        view.glow(lamp, bottom - 0.13, 0.025, _LAMP, 0.8)
        shine = np.exp(-(((road.x - lamp) * view.aspect / 0.012) ** 2)) * ramp(bottom, bottom - 0.1, road.y)
        road.glaze(_LAMP, shine * 0.7)
    for number, code in enumerate(("#d9402f", "#f0c040", "#3f86c9")):
        _pass_by(view, light, 0.5 + (0.3 * number - 0.37) / view.aspect, bottom - 0.03, hexed(code))


def _pass_by(view: Canvas, light: Light, x: float, foot: float, colour: Colour) -> None:
    """Let someone pass under an umbrella, outside in the rain."""
    half = 0.045 / view.aspect
    dome = [
        (x + half * math.cos(k * math.pi / 12), foot - 0.13 - 0.045 * math.sin(k * math.pi / 12))
        for k in range(13)
    ]
    body = [
        (x - 0.3 * half, foot),
        (x - 0.35 * half, foot - 0.1),
        (x + 0.35 * half, foot - 0.1),
        (x + 0.3 * half, foot),
    ]
    view.over(light.cast(hexed("#3a4452")), view.shape(draw_polygons, [body]))
    view.over(light.cast(hexed("#e0b090")), view.shape(lambda pen: pen.disc(x, foot - 0.115, 0.017)))
    view.over(light.cast(colour), view.shape(draw_polygons, [dome]))


def wet_pane(view: Canvas, light: Light) -> None:
    """Let drops stand and run on the glass."""
    chance = view.chance("drops")
    left, top = float(view.x[0, 0]), float(view.y[0, 0])
    wide, high = float(view.x[0, -1]) - left, float(view.y[-1, 0]) - top
    drops = chance.random((190, 3)).tolist()

    def draw(pen: Pen) -> None:
        for x, y, size in drops:
            at, radius = (left + x * wide, top + y * high), 0.0016 + 0.0085 * size**4
            pen.disc(*at, radius)
            if size > 0.82:  # the heavy ones run down, and leave a trail
                trail = [
                    (at[0] + 0.003 * math.sin(9 * k + x) / pen.aspect, at[1] - 0.045 * k * size)
                    for k in range(6)
                ]
                pen.line(trail, radius * 0.75, 0.65)

    cover = view.shape(draw)
    shade = np.clip(view.shifted(cover, 0, 0.003) - cover, 0, 1)
    gleam = np.clip(cover - view.shifted(cover, 0.002, 0.003), 0, 1)
    view.over(mix(light.horizon, (1.0, 1.0, 1.0), 0.45), cover * 0.5)
    view.darken(1 - shade * 0.45)
    view.over((1.0, 1.0, 1.0), gleam * 0.6)
    fall = view.noise("streaks", 0.012, flat=0.06, octaves=3)
    view.over(light.horizon, ramp(0.58, 0.85, fall) * 0.4)


def _paint_wall(canvas: Canvas, wall: Colour, frame: Frame) -> None:
    """Paint the wall around the opening, brighter beside the window."""
    left, top, right, bottom = frame
    cover = np.ones(canvas.rgb.shape[:2], np.float32)
    cover *= 1 - ramp(left - 1e-3, left + 1e-3, canvas.x) * ramp(right + 1e-3, right - 1e-3, canvas.x) * ramp(
        top - 1e-3, top + 1e-3, canvas.y
    ) * ramp(bottom + 1e-3, bottom - 1e-3, canvas.y)
    near = np.exp(-canvas.distance((left + right) / 2, (top + bottom) / 2, 0.8) / 0.5)
    plaster = canvas.noise("plaster", 0.3, octaves=6) - 0.5
    stripes = 0.5 + 0.5 * np.sin(canvas.u * 150)
    tone = 0.72 + 0.34 * near + 0.05 * plaster + 0.025 * ramp(0.3, 0.7, stripes)
    canvas.over(wall, cover, tone=tone)


def _paint_window(canvas: Canvas, inner: Colour, frame: Frame, near: bool) -> None:
    """Paint the frame, its bars, and the sill in front of it."""
    left, top, right, bottom = frame
    thick = 0.026 if near else 0.018
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]

    def draw(pen: Pen) -> None:
        pen.line(corners, thick)
        pen.line([((left + right) / 2, top), ((left + right) / 2, bottom)], thick * 0.6)
        pen.line([(left, top + (bottom - top) * 0.36), (right, top + (bottom - top) * 0.36)], thick * 0.5)

    cover = canvas.shape(draw)
    canvas.over(times(_TRIM, inner), cover)
    canvas.darken(1 - np.clip(canvas.shifted(cover, 0.004, 0.004) - cover, 0, 1) * 0.25)
    reach = 0.07 / canvas.aspect
    depth = 0.05 if near else 0.022
    sill = canvas.window(left - reach, bottom - 0.012, right + reach, bottom + depth)
    sill.fill(times(_TRIM, inner), tone=1.02 - 0.1 * ramp(bottom, bottom + depth, sill.y))
    lip = canvas.window(left - reach, bottom + depth, right + reach, bottom + depth + 0.022)
    lip.fill(times(_TRIM, times(inner, 0.8)))
    below = canvas.window(left - reach, bottom + depth + 0.022, right + reach, bottom + depth + 0.08)
    below.darken(1 - 0.3 * ramp(bottom + depth + 0.08, bottom + depth + 0.02, below.y))


def _paint_floor(
    canvas: Canvas, light: Light, inner: Colour, frame: Frame, with_rug: bool, boards: Colour
) -> None:
    """Paint boards, a skirting, a rug, and the patch of light that the window throws."""
    top = 0.72
    floor = canvas.band(top, 1)
    depth = (floor.y - top) / (1 - top)
    across = floor.u / (0.8 + 0.7 * depth)
    board = np.floor(across * 9 + 40)
    seam = np.abs(across * 9 + 40 - board - 0.5) * 2
    grain = floor.ground_noise("boards", top - 0.3, 0.05, flat=0.08, steep=0.02) - 0.5
    tone = (0.82 + 0.09 * np.sin(board * 12.99) + 0.3 * grain) * (1 - 0.4 * ramp(0.95, 1.0, seam))
    floor.fill(times(boards, inner), tone=tone)
    canvas.band(top - 0.03, top).fill(times(_TRIM, times(inner, 0.92)))
    rug = floor.distance(0.5, 0.9, flat=3.6) / 0.42
    weave = 0.92 + 0.16 * floor.noise("weave", 0.006, octaves=2)
    rings = ((1.0, "#b4473f"), (0.93, "#f0dcae"), (0.86, "#b4473f"), (0.5, "#d98a5a"))
    for reach, code in rings if with_rug else ():
        floor.over(times(hexed(code), inner), ramp(reach + 0.008, reach - 0.008, rug), tone=weave)
    if light.clear and not light.night:
        slant = floor.x + (floor.y - top) * 0.5 / canvas.aspect
        left, right = frame[0] - 0.02, frame[2] - 0.02
        patch = (
            ramp(left, left + 0.02, slant)
            * ramp(right, right - 0.02, slant)
            * ramp(0.1, 0.2, depth)
            * ramp(0.98, 0.8, depth)
        )
        bars = 1 - ramp(0.016, 0.01, np.abs(slant - (left + right) / 2))
        floor.glaze(light.sun_colour, patch * bars * 0.42)


def _hang_curtains(canvas: Canvas, cloth: Colour, inner: Colour, frame: Frame, near: bool) -> None:
    """Hang a curtain on either side of the window."""
    left, top, right, bottom = frame
    low = bottom + (0.02 if near else 0.2)
    wide = (0.13 if near else 0.08) / canvas.aspect
    for edge, way in ((left, 1), (right, -1)):
        start, end = edge - way * wide * 0.75, edge + way * wide * 0.5
        outline = [(start, top - 0.035), (end, top - 0.035)]
        for k in range(11):
            tied = 0.5 + 0.5 * abs(k / 10 - 0.62) ** 0.8 / 0.62**0.8
            outline.append(
                (start + (end - start) * min(1.0, tied), top - 0.035 + (low - top + 0.035) * k / 10)
            )
        outline.append((start, low))
        part = canvas.window(min(start, end), top - 0.05, max(start, end), low + 0.01)
        if not part.rgb.size:
            continue
        folds = 0.86 + 0.16 * np.sin((part.u + 0.01 * np.sin(part.y * 9)) * 190)
        cover = part.shape(draw_polygons, [outline])
        part.over(cloth, cover, tone=folds)
    rod = canvas.shape(draw_lines, [[(left - wide, top - 0.035), (right + wide, top - 0.035)]], 0.01)
    canvas.over(times(hexed("#6d4a30"), inner), rod)
