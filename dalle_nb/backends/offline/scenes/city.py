"""A skyline over water, by day or, with lit windows and neon, by night."""

from __future__ import annotations

import numpy as np
from PIL import Image

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, Plane, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import draw_lines, draw_polygons
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import SNOW, mirror_above
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch

_SHORE = 0.76
_AFLOAT = frozenset({"boat", "ship", "duck", "fish", "whale", "dolphin", "turtle", "bird", "plane", "helicopter", "ufo",
    "hot-air-balloon", "kite", "rocket", "butterfly", "bridge", "lighthouse"})  # fmt: skip
"""What needs no ground to stand on."""
_NEON = tuple(hexed(code) for code in ("#ff2fa0", "#19e6ff", "#ffe14a", "#8a5cff", "#3dff9e"))
_WINDOWS = tuple(hexed(code) for code in ("#ffd98a", "#9fe8ff", "#ffb0d8", "#ffe9c0"))


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint four rows of towers, their lights, and the water that mirrors them."""
    neon = "neon" in sketch.effects or "cyberpunk" in sketch.styles
    _paint_city_sky(canvas, sketch, light, neon)
    lamps = Canvas.sheet(np.zeros_like(canvas.rgb))
    for row in range(4):
        _build_row(canvas, lamps, light, row, neon)
        _drift_haze(canvas, light, row, neon)
    _flood(canvas, lamps, light)
    if light.night:
        _let_shine(canvas, lamps)
    ashore = any(thing.name not in _AFLOAT for thing in sketch.things)
    if ashore:
        _build_quay(canvas, light, neon)
    return Stage(
        spots=(
            Spot(x=0.4, y=0.95, scale=0.62),
            Spot(x=0.72, y=0.94, scale=0.5),
            Spot(x=0.16, y=0.93, scale=0.45),
        ),
        back=(Spot(x=0.7, y=0.84, scale=0.26), Spot(x=0.22, y=0.83, scale=0.22)),
        sky=(Spot(x=0.3, y=0.2, scale=0.2), Spot(x=0.72, y=0.3, scale=0.16)),
        horizon=_SHORE,
        tint=(0.82, 0.74, 1.0) if neon and light.night else light.tint,
        haze=light.haze,
        rim=hexed("#ff4fb0") if neon else times(light.sun_colour, 0.3),
        from_right=True,
        shadow=light.shadow,
        mirror=0.12 if ashore else 0.3,
        floats=not ashore,
    )


def _build_quay(canvas: Canvas, light: Light, neon: bool) -> None:
    """Build a quay of stone along the lower edge, for who stands before the city: a rail, posts, wet slabs."""
    top, rail = 0.87, 0.815
    quay = canvas.band(top, 1)
    slabs = 0.86 + 0.28 * quay.ground_noise("slabs", top - 0.3, 0.05, flat=1.5, steep=0.02)
    stone = light.cast(SNOW if light.snowy else hexed("#a8a4a0"))
    quay.fill(mix(stone, hexed("#7a2f86"), 0.35) if neon and light.night else stone, tone=slabs)
    canvas.band(top, top + 0.012).darken(1.16)
    iron = times(light.cast(hexed("#3a4250")), 0.8)
    posts = [[(canvas.spread(k / 40), rail), (canvas.spread(k / 40), top + 0.004)] for k in range(41)]
    rails = [[(-0.1, y), (1.1, y)] for y in (rail, rail + 0.026)]
    canvas.over(iron, canvas.shape(draw_lines, [*posts, *rails], 0.0055))


def _paint_city_sky(canvas: Canvas, sketch: Sketch, light: Light, neon: bool) -> None:
    paint_sky(canvas, sketch, light, _SHORE, clouds=0.4)
    if not (neon and light.night) or light.ink:
        return
    glow = canvas.gradient(
        [(0, hexed("#0a0720")), (0.36, hexed("#2b1058")), (0.6, hexed("#8d1f7c")), (_SHORE, hexed("#ff6a8f"))]
    )
    canvas.over(glow, 0.8)
    clouds = canvas.noise("smog", 0.5, flat=4, octaves=5)
    canvas.over(hexed("#e85a9c"), ramp(0.5, 0.95, clouds) * ramp(0.02, 0.5, canvas.y) * 0.5)
    x, y, radius = 0.62, 0.47, 0.17
    part = canvas.around(x, y, radius * 1.1)
    stripes = ramp(0.3, 0.36, (part.y * 34) % 1) + ramp(y + 0.02, y - 0.03, part.y)
    disc = part.edge(radius - part.distance(x, y)) * np.clip(stripes, 0.12, 1)
    part.over(
        part.gradient([(y - radius, hexed("#ffe7a0")), (y + radius, hexed("#ff5c9a"))]),
        disc * 0.9,
    )
    canvas.glow(x, y, 0.2, hexed("#ff7ab0"), 0.35)


def _build_row(canvas: Canvas, lamps: Canvas, light: Light, row: int, neon: bool) -> None:
    """Build one row of towers, the far rows first: small, pale, close together."""
    near = (row + 1) / 4
    wide = 0.03 + 0.03 * row
    chance = canvas.chance(f"towers-{row}")
    wall = (
        mix(hexed("#4b2a78"), hexed("#0c0a1e"), near)
        if neon and light.night
        else light.far(mix(hexed("#9db4c8"), hexed("#55697f"), near), 0.75 * (1 - near))
    )
    u = -1.65
    while u < 1.65:
        width = wide * (0.7 + 0.9 * chance.random())
        # The middle of the town is the tallest: a skyline wants a summit.
        height = (0.12 + 0.42 * chance.random() ** (1 + 0.35 * row) * (1.1 - 0.1 * row)) * (
            0.72 + 0.5 * np.exp(-((u / 0.42) ** 2))
        )
        plan = chance.random(4)
        left = 0.5 + u / canvas.aspect
        tower = (left, _SHORE - height, left + width / canvas.aspect, _SHORE)
        u += width * (1.02 + 0.5 * chance.random() * (row > 1))
        if tower[2] > 0 and tower[0] < 1:
            _build_tower(
                canvas,
                lamps,
                light,
                tower,
                times(wall, 0.85 + 0.3 * plan[0]),
                plan,
                near,
                f"{row}/{u:.3f}",
                neon,
            )


def _build_tower(
    canvas: Canvas,
    lamps: Canvas,
    light: Light,
    tower: tuple[float, float, float, float],
    wall: Colour,
    plan: np.ndarray,
    near: float,
    name: str,
    neon: bool,
) -> None:
    """Build one tower: a wall shaded from the light's side, a roof, windows, perhaps a sign."""
    left, _, right, _ = tower
    part = canvas.window(*tower)
    if not part.rgb.size:
        return
    across = (part.x - left) / (right - left)
    side = across if light.sun[0] > 0.5 else 1 - across
    part.fill(wall, tone=0.82 + 0.32 * side)
    _crown(canvas, tower, wall, plan)
    lit = 0.3 if light.night else (0.12 if light.time != "day" else 0.0)
    _light_windows(part, lamps.window(*tower), tower, lit, near, name, light)
    if light.night and near > 0.3 and ((neon and plan[3] < 0.62) or plan[3] < 0.12):
        _hang_sign(canvas, lamps, tower, name)


def _crown(canvas: Canvas, tower: tuple[float, float, float, float], wall: Colour, plan: np.ndarray) -> None:
    """Give a roof a mast, steps, a slope, or nothing."""
    left, top, right, _ = tower
    middle, wide = (left + right) / 2, (right - left) * canvas.aspect
    if plan[1] < 0.35:
        mast = canvas.window(
            middle - 0.0016 / canvas.aspect,
            top - 0.07 * (0.5 + plan[2]),
            middle + 0.0016 / canvas.aspect,
            top,
        )
        mast.fill(wall)
    if plan[1] < 0.6:
        canvas.window(left + 0.2 * (right - left), top - wide * 0.16, right - 0.2 * (right - left), top).fill(
            times(wall, 0.94)
        )
    elif plan[1] < 0.8:
        roof = canvas.window(left, top - wide * 0.5, right, top)
        slope = [(left, top), (right, top), (right if plan[2] > 0.5 else left, top - wide * 0.45)]
        roof.over(times(wall, 0.94), roof.shape(draw_polygons, [slope]))


def _light_windows(
    part: Canvas,
    lamp: Canvas,
    tower: tuple[float, float, float, float],
    lit: float,
    near: float,
    name: str,
    light: Light,
) -> None:
    """Cut windows into a wall and light some of them."""
    pitch = 0.0062 + 0.0062 * near
    across = (part.u - ((tower[0] - 0.5) * part.aspect)) / pitch
    down = (part.y - tower[1]) / (pitch * 1.5) - 0.3
    chance = part.chance(f"windows/{name}")
    rows, columns = max(1, int(down[-1, 0]) + 2), max(1, int(across[0, -1]) + 2)
    table = chance.random((90, 40), dtype=np.float32)
    on = table[
        np.clip(np.floor(down).astype(int), 0, 89) % max(1, min(rows, 90)),
        np.clip(np.floor(across).astype(int), 0, 39) % max(1, min(columns, 40)),
    ]
    hole = (np.abs(across % 1 - 0.5) < 0.29) & (np.abs(down % 1 - 0.5) < 0.31) & (down > 0)
    soft = min(1.0, pitch / part.pixel / 5)  # windows of a pixel or two melt into the wall
    colour = _WINDOWS[int(chance.integers(len(_WINDOWS)))]
    if lit == 0:
        part.over(
            mix(light.middle, light.horizon, 0.5),
            hole * (0.25 + 0.4 * on) * (0.5 + 0.3 * near) * soft,
        )
        return
    bright = hole * (on < lit) * (0.35 + 0.65 * (on / lit)) * (0.4 + 0.6 * near)
    part.over(times(colour, 0.12), hole * 0.3)
    part.over(colour, bright * (soft * 0.6 + 0.4))
    lamp.glaze(colour, bright * 0.45)


def _hang_sign(canvas: Canvas, lamps: Canvas, tower: tuple[float, float, float, float], name: str) -> None:
    """Hang a neon sign: a column of glyph-like strokes, or a line along the roof."""
    left, top, right, bottom = tower
    chance = canvas.chance(f"sign/{name}")
    colour = _NEON[int(chance.integers(len(_NEON)))]
    if chance.random() < 0.35:
        strokes = [[(left, top + 0.012), (right, top + 0.012)], [(left, top + 0.02), (right, top + 0.02)]]
    else:
        x, y, size = left + (right - left) * (0.3 + 0.4 * chance.random()), top + (bottom - top) * 0.18, 0.011
        strokes = []
        for glyph in range(3 + int(chance.integers(4))):
            corners = [
                (x + size * a / canvas.aspect, y + size * (2.6 * glyph + b))
                for a in (-0.8, 0, 0.8)
                for b in (-0.9, 0, 0.9)
            ]
            picks = chance.permutation(9)[:6]
            strokes += [[corners[picks[k]], corners[picks[k + 1]]] for k in (0, 2, 4)]
            strokes.append([corners[0], corners[6]])
    area = canvas.window(left - 0.02, top - 0.02, right + 0.02, bottom)
    cover = area.shape(draw_lines, strokes, 0.0036)
    area.over(mix(colour, (1.0, 1.0, 1.0), 0.5), cover)
    lamps.window(left - 0.02, top - 0.02, right + 0.02, bottom).glaze(colour, np.clip(cover * 1.3, 0, 1))


def _drift_haze(canvas: Canvas, light: Light, row: int, neon: bool) -> None:
    """Let haze lie between one row and the next."""
    colour = hexed("#ff4f9a") if neon and light.night else light.horizon
    strength = 0.4 * (1 - row / 4)
    canvas.over(colour, np.exp(-(((canvas.y - _SHORE) / 0.2) ** 2)) * strength)


def _flood(canvas: Canvas, lamps: Canvas, light: Light) -> None:
    """Fill the front with water that carries the city's mirror image, drawn long by the waves."""
    water, below = canvas.band(_SHORE, 1), lamps.band(_SHORE, 1)
    ripple = water.ground_noise("ripple", _SHORE, 0.14, flat=3.5, steep=0.05) - 0.5
    sway = ripple * (0.012 + 0.06 * (water.y - _SHORE))
    water.fill(_drawn_long(water, mirror_above(canvas, water, sway)))
    deep = (
        mix(times(light.zenith, 0.7), hexed("#0a0618"), 0.6) if light.night else light.cast(hexed("#3d6f8e"))
    )
    water.over(deep, 0.4 + ripple * 0.3)
    below.fill(_drawn_long(below, mirror_above(lamps, below, sway)) * 1.2)
    water.rgb += below.rgb * (0.62 + 0.8 * ripple)[..., None]
    canvas.band(_SHORE - 0.004, _SHORE + 0.002).darken(0.45)


def _drawn_long(water: Canvas, image: Plane) -> Plane:
    """Return a mirror image (h, w, 3) smeared downwards, as restless water shows lamps."""
    rows, columns = image.shape[:2]
    short = max(2, round(rows * water.pixel / 0.03))
    smeared = np.empty_like(image)
    for channel in range(3):
        plane = Image.fromarray(np.ascontiguousarray(image[..., channel]))
        squeezed = plane.resize((columns, short), Image.Resampling.BOX)
        smeared[..., channel] = np.asarray(squeezed.resize((columns, rows), Image.Resampling.BICUBIC))
    return image * 0.16 + smeared * 0.84


def _let_shine(canvas: Canvas, lamps: Canvas) -> None:
    """Let lamps bleed light into the air around them."""
    for radius, strength in ((0.008, 1.1), (0.04, 1.2)):
        halo = lamps.blurred(radius)
        canvas.rgb += (1 - np.clip(canvas.rgb, 0, 1)) * np.clip(halo * strength, 0, 1)
