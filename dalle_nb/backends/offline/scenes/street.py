"""A street between houses, and a station platform: both are long halls seen down their middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Plane, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, Point, draw_lines, draw_polygons
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import SNOW, mirror_above
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch

_HORIZON = 0.56
_WALLS = tuple(hexed(code) for code in ("#e2b48a", "#c9776a", "#ead9b4", "#8fb0bf", "#d9a0a0", "#b9c48f"))
_LAMP = hexed("#ffc878")
_NEON = tuple(hexed(code) for code in ("#ff2fa0", "#19e6ff", "#ffe14a", "#9a6cff", "#3dff9e", "#ff6a3a"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hall:
    """What every pixel of a hall shows: how far off its wall is, and how high up on the wall it lies."""

    depth: Plane
    """Distance of the wall, 1 where it leaves the picture's edge."""
    height: Plane
    """Above the eye, in the same measure; negative is below."""
    side: Plane
    """-1 left, 1 right."""


def _look_down(canvas: Canvas, half: float = 0.8) -> _Hall:
    off = np.abs(canvas.u) + 1e-4
    depth = half / off
    return _Hall(depth=depth, height=(_HORIZON - canvas.y) * depth, side=np.sign(canvas.u))


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint houses on both sides, pavement, road and lamps; wet when it rains."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.45)
    canvas.over(light.haze, np.exp(-((canvas.distance(0.5, _HORIZON) / 0.12) ** 2)) * 0.7)
    hall = _look_down(canvas)
    lit = light.night or light.weather == "rain" or light.time == "dusk" or "neon" in sketch.effects
    _paint_houses(canvas, light, hall, lit)
    _paint_road(canvas, light)
    if "neon" in sketch.effects or "cyberpunk" in sketch.styles:
        hang_signs(canvas)
    wet = light.weather == "rain"
    _stand_lamps(canvas, light, lit)
    if wet:
        _wet_road(canvas, light)
    return Stage(
        spots=(
            Spot(x=0.46, y=0.93, scale=0.62),
            Spot(x=0.7, y=0.9, scale=0.5),
            Spot(x=0.26, y=0.9, scale=0.5),
        ),
        back=(Spot(x=0.58, y=0.68, scale=0.2), Spot(x=0.42, y=0.66, scale=0.17)),
        horizon=_HORIZON,
        tint=light.tint if not lit else mix(light.tint, _LAMP, 0.25),
        haze=light.haze,
        rim=times(_LAMP, 0.6) if lit else times(light.sun_colour, 0.3),
        from_right=True,
        shadow=light.shadow,
        mirror=0.3 if wet else 0.0,
    )


def _paint_houses(canvas: Canvas, light: Light, hall: _Hall, lit: bool) -> None:
    """Paint the rows of houses: each its colour, height, floors of windows and a shop below."""
    chance = canvas.chance("houses")
    plans = chance.random((2, 64, 3), dtype=np.float32)
    along = np.minimum(hall.depth, 30) * 1.15
    house = np.minimum(along.astype(int), 63)
    row = (hall.side > 0).astype(int)
    plan = plans[row, house]
    roof = 0.42 + 0.3 * plan[..., 0]
    wall = (hall.height < roof) & (hall.height > -0.4) & (hall.depth < 26)
    colours = np.asarray([light.cast(colour) for colour in _WALLS], np.float32)[
        (plan[..., 1] * len(_WALLS)).astype(int)
    ]
    colours = colours * np.where(hall.side > 0, 0.8, 1.0)[..., None]
    part = along - np.floor(along)
    face = colours * (1 - 0.3 * ramp(0.95, 1.0, np.abs(part * 2 - 1)))[..., None]
    far = ramp(1.5, 12, hall.depth)[..., None]
    haze = np.asarray(light.haze, np.float32)
    canvas.over(face + (haze - face) * far * 0.85, wall.astype(np.float32))
    across, up = part * 3, (hall.height + 0.1) * 6.6
    window = (
        (np.abs(across % 1 - 0.5) < 0.25)
        & (np.abs(up % 1 - 0.5) < 0.3)
        & (up > 0)
        & (hall.height < roof - 0.05)
    )
    glow = ((np.floor(across) * 3 + np.floor(up) * 5 + house * 7 + row) % 3 < 1.2) & lit
    fade = np.clip(1.2 - hall.depth / 9, 0, 1)
    canvas.over(times(light.cast(hexed("#4a5b70")), 0.9), (wall & window) * fade * 0.85)
    canvas.over(_LAMP, (wall & window & glow) * fade * 0.9)
    shop = (hall.height < -0.16) & (hall.height > -0.36) & (np.abs(part - 0.5) < 0.4)
    canvas.over(_LAMP if lit else light.cast(hexed("#5b6f80")), (wall & shop) * fade * 0.8)
    awning = (hall.height < -0.1) & (hall.height > -0.17) & (np.abs(part - 0.5) < 0.45)
    stripes = np.where(
        (across * 4 % 1 < 0.5)[..., None],
        np.asarray(light.cast((0.96, 0.94, 0.9)), np.float32),
        colours * 0.6,
    )
    canvas.over(stripes, (wall & awning) * fade)


def hang_signs(canvas: Canvas, off: float = 0.66, size: float = 1.0) -> None:
    """Hang neon signs ``off`` the middle of a lane, on both sides: frames with strokes that no one can read."""
    chance = canvas.chance("signs")
    for number in range(7):
        depth = 0.95 * 1.4**number
        for side in (-1, 1):
            hue, high, tall = chance.random(3)
            colour = _NEON[int(hue * len(_NEON))]
            x, y = 0.5 + side * off / depth / canvas.aspect, _HORIZON - (0.1 + 0.3 * high) / depth
            half, rise = size * 0.055 / depth / canvas.aspect, size * (0.09 + 0.09 * tall) / depth
            area = canvas.window(x - half, y - rise, x + half, y + rise)
            area.darken(0.35)
            frame = [
                (x - half, y - rise),
                (x + half, y - rise),
                (x + half, y + rise),
                (x - half, y + rise),
                (x - half, y - rise),
            ]
            strokes = [
                [(x - 0.5 * half, y + k * rise), (x + (0.5 - abs(k)) * half, y + (k + 0.1) * rise)]
                for k in (-0.6, -0.2, 0.2, 0.6)
            ]
            tube = canvas.shape(draw_lines, [frame, *strokes], 0.009 / depth)
            canvas.glow(x, y, 0.09 / depth, colour, 0.8)
            canvas.over(mix(colour, (1.0, 1.0, 1.0), 0.35), tube)


def _paint_road(canvas: Canvas, light: Light) -> None:
    """Paint the pavements, the kerb, the road and its dashes."""
    ground = canvas.band(_HORIZON + 0.005, 1)
    depth = 0.4 / (ground.y - _HORIZON)
    lateral = np.abs(ground.u) * depth
    cover = ramp(0.81, 0.8, lateral)
    stone = light.cast(SNOW if light.snowy else hexed("#b9b2a8"))
    slabs = 1 - 0.18 * ramp(0.9, 1.0, np.abs((depth * 3) % 1 * 2 - 1)) * np.clip(1.5 - depth / 3, 0, 1)
    ground.over(stone, cover, tone=slabs * np.ones_like(lateral))
    asphalt = light.cast(times(SNOW, 0.84) if light.snowy else hexed("#6a6c74"))
    grain = (
        0.9
        + 0.2 * ground.ground_noise("asphalt", _HORIZON, 0.02)
        + 0.16 * (ground.noise("patches", 0.2, flat=4) - 0.5)
    )
    ground.over(asphalt, ramp(0.505, 0.5, lateral), tone=grain)
    ground.over(times(stone, 0.75), ramp(0.52, 0.515, lateral) * ramp(0.498, 0.503, lateral))
    dash = ramp(0.012, 0.009, lateral) * (((depth * 1.6) % 1) < 0.55)
    ground.over(light.cast((0.95, 0.94, 0.9)), dash * 0.8)
    ground.over(light.haze, ramp(_HORIZON + 0.1, _HORIZON, ground.y) * cover * 0.8)


def _stand_lamps(canvas: Canvas, light: Light, lit: bool) -> None:
    """Stand street lamps along both kerbs."""
    for number in range(5):
        depth = 0.85 * 1.75**number
        for side in (-1, 1):
            x = 0.5 + side * 0.56 / depth / canvas.aspect
            foot, top = _HORIZON + 0.4 / depth, _HORIZON - 0.36 / depth
            if not -0.05 < x < 1.05:
                continue
            head = (x - side * 0.06 / depth / canvas.aspect, top)
            area = canvas.window(x - 0.2 / depth, top - 0.05, x + 0.2 / depth, foot)
            post = area.shape(_draw_lamp, x, foot, head, depth)
            area.over(light.far(hexed("#39404a"), min(0.7, depth / 14)), post)
            if lit:
                canvas.glow(*head, 0.06 / depth**0.7, _LAMP, 0.9)
                canvas.glow(*head, 0.016 / depth**0.7, hexed("#fff4d8"), 1.0)


def _draw_lamp(pen: Pen, x: float, foot: float, head: Point, depth: float) -> None:
    pen.line([(x, foot), (x, head[1]), head], 0.011 / depth)
    pen.disc(head[0], head[1] + 0.006 / depth, 0.018 / depth, flat=1.6)


def _wet_road(canvas: Canvas, light: Light) -> None:
    """Let the wet ground mirror the street."""
    top = _HORIZON + 0.05
    water = canvas.band(top, 1)
    ripple = water.ground_noise("puddles", _HORIZON, 0.12, flat=2) - 0.5
    image = mirror_above(canvas, water, ripple * 0.05)
    water.over(image, ramp(-0.15, 0.25, ripple) * 0.55 * np.ones_like(ripple))
    water.over(light.horizon, 0.06)


def paint_station(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a platform under its roof at the left, tracks at the right, and a train standing there."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.45)
    lit = light.night or light.weather != "clear" or light.time == "dusk"
    ridge = canvas.band(_HORIZON - 0.12, _HORIZON + 0.01)
    town = (_HORIZON - 0.02) - np.floor(ridge.line("town", 0.2, octaves=4) * 9) * 0.009
    ridge.over(light.far(hexed("#55647a"), 0.55), ridge.edge(ridge.y - town))
    _lay_tracks(canvas, light)
    train = next((thing for thing in sketch.things if thing.name == "train"), None)
    coming = (1.6 if train else 2.1, (train and train.colour) or "#3f7fb5", lit)
    _paint_platform(canvas, light)
    _raise_roof(canvas, light, lit)
    _park_train(canvas, light, *coming)
    if light.weather == "rain":
        _wet_road(canvas, light)
        _park_train(canvas, light, *coming)  # it stands on the wet rails, not under them
    return Stage(
        spots=(
            Spot(x=0.34, y=0.92, scale=0.62),
            Spot(x=0.2, y=0.84, scale=0.42),
            Spot(x=0.5, y=0.95, scale=0.5),
        ),
        back=(Spot(x=0.76, y=0.76, scale=0.34), Spot(x=0.6, y=0.64, scale=0.18)),
        horizon=_HORIZON,
        tint=mix(light.tint, _LAMP, 0.2 if lit else 0.0),
        haze=light.haze,
        rim=times(_LAMP, 0.4 if lit else 0.15),
        from_right=False,
        shadow=0.35,
        mirror=0.28 if light.weather == "rain" else 0.05,
        painted=frozenset({"train"}),
    )


def _lay_tracks(canvas: Canvas, light: Light) -> None:
    """Lay ballast, sleepers and two rails that meet at the horizon."""
    bed = canvas.band(_HORIZON, 1)
    depth = 0.44 / (bed.y - _HORIZON + 1e-3)
    lateral = (bed.u) * depth
    gravel = 0.7 + 0.6 * bed.ground_noise("gravel", _HORIZON, 0.02)
    bed.fill(light.cast(SNOW if light.snowy else hexed("#8a8078")), tone=gravel)
    fade = np.clip(1.4 - depth / 7, 0, 1)
    sleeper = ((depth * 5) % 1 < 0.42) * ramp(0.36, 0.35, np.abs(lateral - 0.52))
    bed.over(light.cast(hexed("#5a4636")), sleeper * fade * 0.85)
    for rail in (0.34, 0.7):
        bed.over(
            mix(light.cast(hexed("#7d838c")), light.horizon, 0.4), ramp(0.022, 0.014, np.abs(lateral - rail))
        )
    bed.over(light.haze, ramp(_HORIZON + 0.09, _HORIZON, bed.y) * 0.7)


def _park_train(canvas: Canvas, light: Light, near: float, code: str, lit: bool) -> None:
    """Let a train stand at the platform, its front at the depth ``near``, its cars running to the horizon."""
    coat, left, right, top, bottom = light.cast(hexed(code)), 0.22, 0.8, 0.34, -0.36
    side = canvas.window(0.5, 0, 0.5 + left / near / canvas.aspect, 1)
    depth = left / (side.u + 1e-4)
    up = (_HORIZON - side.y) * depth
    wall = (ramp(top + 0.01, top - 0.01, up) * ramp(bottom - 0.01, bottom + 0.01, up)) * (depth < 14)
    tone = (0.72 + 0.25 * ramp(bottom, top, up)) * (
        1 - 0.5 * ramp(0.96, 1.0, np.abs((depth * 0.55) % 1 * 2 - 1))
    )
    side.over(coat, wall, tone=tone)
    side.over(light.cast(hexed("#f3efe4")), wall * ramp(0.035, 0.02, np.abs(up + 0.1)))
    pane = ramp(0.1, 0.08, np.abs(up - 0.12)) * (np.abs((depth * 2.2) % 1 - 0.5) < 0.36)
    side.over(_LAMP if lit else light.cast(hexed("#2e4256")), wall * pane * 0.9)
    side.over(light.haze, wall * ramp(2.5, 12, depth) * 0.8)

    def at(lateral: float, height: float) -> Point:
        return 0.5 + lateral / near / canvas.aspect, _HORIZON - height / near

    def box(x0: float, y0: float, x1: float, y1: float, cut: float = 0.0) -> list[Point]:
        corners = [(x0, y1), (x0, y0 - cut), (x0 + cut, y0), (x1 - cut, y0), (x1, y0 - cut), (x1, y1)]
        return [at(x, y) for x, y in corners]

    dark, pale = light.cast(hexed("#26323f")), light.cast(hexed("#f3efe4"))
    for colour, outline in (
        (coat, box(left, top, right, bottom, 0.07)),
        (dark, box(left, bottom + 0.07, right, bottom)),
        (mix(dark, light.horizon, 0.25), box(left + 0.06, top - 0.08, right - 0.06, 0.02, 0.03)),
        (pale, box(left, -0.08, right, -0.12)),
    ):
        canvas.over(colour, canvas.shape(draw_polygons, [outline]))
    for lateral in (left + 0.1, right - 0.1):
        canvas.glow(*at(lateral, -0.19), 0.035 / near, hexed("#fff6d8"), 1.0)
        if lit:
            canvas.glow(*at(lateral, -0.19), 0.11 / near, hexed("#ffe9b0"), 0.7)


def _paint_platform(canvas: Canvas, light: Light) -> None:
    """Paint the platform: slabs, its edge, and the yellow line that tells where to wait."""
    floor = canvas.band(_HORIZON + 0.002, 1)
    depth = 0.4 / (floor.y - _HORIZON)
    lateral = floor.u * depth
    slabs = 1 - 0.14 * np.maximum(
        ramp(0.92, 1.0, np.abs((depth * 2.4) % 1 * 2 - 1)), ramp(0.95, 1.0, np.abs((lateral * 4) % 1 * 2 - 1))
    ) * np.clip(1.4 - depth / 5, 0, 1)
    tone = slabs * (0.9 + 0.2 * floor.ground_noise("slabs", _HORIZON, 0.1))
    floor.over(light.cast(hexed("#b4b0aa")), ramp(0.09, 0.085, lateral), tone=tone)
    floor.over(light.cast(hexed("#6d6a68")), ramp(0.082, 0.088, lateral) * ramp(0.145, 0.14, lateral))
    studs = 0.85 + 0.15 * np.sin(lateral * 220) * np.sin(depth * 60)
    floor.over(
        light.cast(hexed("#f0bf3a")), ramp(-0.1, -0.095, lateral) * ramp(-0.01, -0.015, lateral), tone=studs
    )


def _raise_roof(canvas: Canvas, light: Light, lit: bool) -> None:
    """Raise the platform's roof on its posts, with a row of lamps under it."""
    roof = canvas.band(0, _HORIZON)
    depth = 0.44 / (_HORIZON - roof.y)
    lateral = roof.u * depth
    beams = 0.72 + 0.28 * ((depth * 2) % 1 > 0.14)
    wood = np.asarray(light.cast(hexed("#6e5a4c")), np.float32) * (beams * np.ones_like(lateral))[..., None]
    roof.over(wood, ramp(0.02, 0.012, lateral))
    roof.over(light.cast(hexed("#40505a")), ramp(0.008, 0.014, lateral) * ramp(0.05, 0.044, lateral))
    for number in range(6):
        far = 0.72 * 1.5**number
        x, foot, top = 0.5 - 0.4 / far / canvas.aspect, _HORIZON + 0.4 / far, _HORIZON - 0.44 / far
        post = canvas.window(x - 0.012 / far / canvas.aspect, top, x + 0.012 / far / canvas.aspect, foot)
        post.fill(light.far(hexed("#3f5a52"), min(0.6, far / 12)))
        if lit:
            canvas.glow(0.5 - 0.18 / far / canvas.aspect, top + 0.03 / far, 0.07 / far**0.8, _LAMP, 0.85)
