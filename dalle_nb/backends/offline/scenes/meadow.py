"""Open country: a meadow with flowers and a tree, and farmland with its fields."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import SNOW, paint_meadow, paint_ridge, paint_stream
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import paint_grove, paint_pines, paint_tree
from dalle_nb.backends.offline.sketch import Sketch, Thing

_HORIZON = 0.58
_FLOWERS = {
    "spring": ("#f7a8c4", "#fff3f6", "#ffd84f", "#c79bf0"),
    "summer": ("#ff6b5e", "#fff8e8", "#ffd23f", "#6fa8ff"),
    "autumn": ("#e2772e", "#c93f2a", "#f0c04a", "#8a4a2a"),
    "winter": (),
}
_WINTER_WOODS = (
    ("w1", 0.62, 1.0, 0.665, 0.17, 6),
    ("w2", 0.0, 0.26, 0.7, 0.26, 4),
    ("w3", -0.02, 0.12, 0.86, 0.52, 2),
)
_BLOSSOM = (hexed("#d9839c"), hexed("#f4b3c4"), hexed("#fde4ea"))


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint hills, a tree at one side, and a meadow full of the season's flowers."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.55)
    _paint_hills(canvas, light)
    tree = not {"tree", "cherry-tree", "pine", "palm"}.intersection(thing.name for thing in sketch.things)
    if tree and light.snowy:
        for name, left, right, foot, height, count in _WINTER_WOODS:
            paint_grove(canvas, light, name, left, right, foot, height, count, hexed("#2b5446"))
    elif tree:
        blossom = _BLOSSOM if "blossom" in sketch.effects else None
        paint_tree(canvas, light, "tree", (0.14, 0.76), 0.46, leaves=blossom, lean=0.08)
    _sow_flowers(canvas, light)
    if "stream" in sketch.effects:
        paint_stream(canvas, light, _HORIZON + 0.1)
    return open_stage(light)


def paint_farmland(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint fields in strips that run to the hills."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.5)
    _paint_hills(canvas, light)
    field = canvas.band(_HORIZON + 0.03, 1)
    depth = field.y - (_HORIZON - 0.05)
    across = (field.u - 0.06) / depth
    strip = np.floor(across * 1.1 + 40).astype(int) % 4
    crops = [light.grass, hexed("#e0bd55"), mix(light.grass, hexed("#4f8a3c"), 0.6), hexed("#9a7044")]
    colours = np.asarray([light.cast(SNOW if light.snowy else crop) for crop in crops], np.float32)[strip]
    furrow = (
        0.84
        + 0.2 * np.sin(across * 42) * ramp(0.05, 0.2, depth)
        + 0.22 * (field.noise("crop", 0.02, octaves=3) - 0.5)
    )
    field.fill(colours * furrow[..., None])
    field.over(light.haze, ramp(_HORIZON + 0.2, _HORIZON, field.y) * 0.45)
    if "stream" in sketch.effects:
        paint_stream(canvas, light, _HORIZON + 0.05)
    return open_stage(light)


def open_stage(light: Light) -> Stage:
    """Return the stage of open country."""
    return Stage(
        spots=(
            Spot(x=0.5, y=0.91, scale=0.72), Spot(x=0.79, y=0.87, scale=0.55), Spot(x=0.27, y=0.86, scale=0.5),
            Spot(x=0.64, y=0.8, scale=0.36),
        ),
        back=(Spot(x=0.76, y=0.69, scale=0.26), Spot(x=0.42, y=0.67, scale=0.2), Spot(x=0.92, y=0.72, scale=0.26)),
        horizon=_HORIZON,
        tint=light.tint,
        haze=light.haze,
        rim=times(light.sun_colour, 0.35 if light.clear else 0.1),
        from_right=light.sun[0] > 0.5,
        shadow=light.shadow,
        props=(Thing(name="snowman", place="right"),) if light.snowy else (),
    )  # fmt: skip


def _paint_hills(canvas: Canvas, light: Light) -> None:
    """Paint three ranges of hills, woods on the middle one, and the meadow before them."""
    grass = SNOW if light.snowy else light.grass
    wood = (
        hexed("#2f5a44") if light.snowy or not light.leaves else mix(light.leaves[0], hexed("#3c6a44"), 0.35)
    )
    paint_ridge(
        canvas,
        light,
        "far",
        base=0.5,
        rise=0.13,
        cell=0.75,
        colour=hexed("#5d7f9c"),
        distance=0.6,
        rough=0.15,
    )
    paint_ridge(
        canvas, light, "wood", base=0.555, rise=0.07, cell=0.6, colour=mix(wood, grass, 0.35), distance=0.38
    )
    paint_pines(
        canvas,
        light,
        "edge",
        foot=lambda x: 0.588 + 0.012 * np.sin(x * 9),
        height=0.055,
        count=70,
        colour=wood,
        distance=0.25,
    )
    paint_meadow(canvas, light, _HORIZON + 0.005)
    paint_ridge(
        canvas,
        light,
        "near",
        base=0.665,
        rise=0.06,
        cell=0.9,
        colour=times(grass, 0.98),
        distance=0.08,
        mist=0.22,
        rough=0.12,
    )


def _sow_flowers(canvas: Canvas, light: Light) -> None:
    """Sow tufts of grass and flowers, larger the nearer."""
    chance = canvas.chance("flowers")
    blade = times(light.cast(light.grass), 0.72 if not light.snowy else 0.9)
    tufts = [(canvas.spread(across), *rest) for across, *rest in chance.random((420, 4)).tolist()]
    canvas.over(blade, canvas.shape(_draw_tufts, sorted(tufts, key=lambda tuft: tuft[1])) * 0.7)
    for code in _FLOWERS.get(light.season, ()):
        heads = [(canvas.spread(across), *rest) for across, *rest in chance.random((75, 3)).tolist()]
        canvas.over(light.cast(hexed(code)), canvas.shape(_draw_flowers, heads))


def _draw_tufts(pen: Pen, tufts: Sequence[tuple[float, ...]]) -> None:
    for x, depth, turn, size in tufts:
        y, tall = _HORIZON + 0.1 + 0.36 * depth**0.8, 0.035 * (0.2 + depth) * (0.5 + size)
        for lean in (-0.5, 0.0, 0.5):
            tip = (x + (lean + turn - 0.5) * tall * 0.6 / pen.aspect, y - tall)
            pen.polygon([(x - 0.0016 / pen.aspect, y), (x + 0.0016 / pen.aspect, y), tip])


def _draw_flowers(pen: Pen, heads: Sequence[tuple[float, ...]]) -> None:
    for x, depth, size in heads:
        y, radius = _HORIZON + 0.09 + 0.33 * depth, 0.008 * (0.12 + depth) * (0.6 + 0.6 * size)
        for k in range(5):
            right, down = math.cos(k * 1.2566 + size * 6), math.sin(k * 1.2566 + size * 6)
            pen.disc(x + radius * 0.8 * right / pen.aspect, y + radius * 0.6 * down, radius * 0.55)
