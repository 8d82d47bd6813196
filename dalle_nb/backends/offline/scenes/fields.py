"""Fields and gardens: what is grown in rows or sown broadcast, from wheat to tulips.

One painter paints them all; a Crop says how one looks. What a plant is drawn like stands in plants.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, Plane, blend, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen
from dalle_nb.backends.offline.scenes import plants
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import SNOW, paint_hills, paint_meadow, paint_woods
from dalle_nb.backends.offline.scenes.meadow import open_stage
from dalle_nb.backends.offline.scenes.plants import Layer, Place
from dalle_nb.backends.offline.scenes.stage import Stage
from dalle_nb.backends.offline.scenes.trees import paint_tree
from dalle_nb.backends.offline.sketch import Sketch

_HORIZON = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """How a field looks."""

    name: str
    soil: str
    body: tuple[str, ...]
    """Colours of the crop; with ``striped`` each row has one of them."""
    plant: Callable[[Light, Colour | None], tuple[Layer, ...]] | None = None
    """What is drawn of a plant, layer by layer, in the colour that was asked for."""
    rows: float = 0.0
    """Rows to a height of the picture; 0 for what is sown broadcast."""
    furrow: float = 0.5
    """Share of a row that is bare soil."""
    striped: bool = False
    size: float = 0.2
    """Height of the nearest plants."""
    count: int = 220
    step: float = 0.13
    """Distance between the plants of a row, in distances from the horizon."""
    bands: int = 8
    """How many rows from far to near are drawn one before the other: many where heads are large."""
    top: float = 0.56
    """Height above which plants are too small to be drawn."""


def paint_field(canvas: Canvas, sketch: Sketch, light: Light, crop: Crop) -> Stage:
    """Paint hills, a wood, the field to the horizon, and its nearest plants one by one."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.5)
    paint_hills(canvas, light, _HORIZON)
    paint_woods(canvas, light, "hedge", foot=_HORIZON + 0.012, height=0.05, count=60, distance=0.35)
    dyed = [hexed(code) for name, code in light.dyes if name in (crop.name, "flowers", "fields")]
    body = tuple(dyed) or tuple(hexed(code) for code in crop.body)
    _till(canvas, light, crop, body)
    if not light.snowy and crop.plant is not None:
        layers = crop.plant(light, dyed[0] if dyed else None)
        places = _in_rows(canvas, crop) if crop.rows else _broadcast(canvas, crop)
        sow(canvas, light, places, layers, bands=crop.bands)
    return replace(open_stage(light), horizon=_HORIZON, props=(), ground=0.56)


def _till(canvas: Canvas, light: Light, crop: Crop, body: tuple[Colour, ...]) -> None:
    """Lay the field as the eye sees it from far: rows that run to one point, or a sea of ears."""
    field = canvas.band(_HORIZON, 1)
    depth = field.y - (_HORIZON - 0.03)
    soil = SNOW if light.snowy else hexed(crop.soil)
    if light.snowy:
        body = tuple(mix(one, SNOW, 0.9) for one in body)
    patches = field.ground_noise("patches", _HORIZON, 0.4, flat=1.4, steep=0.06) - 0.5
    fine = field.ground_noise("heads", _HORIZON, 0.035, flat=0.7, steep=0.05) - 0.5
    tone = 1 + 0.22 * patches + 0.9 * fine + 0.25 * (field.noise("tips", 0.012, octaves=2) - 0.5)
    if light.snowy:
        tone = 1 + 0.25 * (tone - 1)
    across = field.u / depth
    if not crop.rows:
        share = np.clip(0.5 + 1.6 * patches, 0, 1)
        field.fill(blend(light.cast(body[0]), light.cast(body[-1]), share), tone=tone)
    else:
        row = across * crop.rows
        number = np.floor(row).astype(int) % len(body)
        colours = np.asarray([light.cast(one) for one in body], np.float32)[number]
        ridge = np.abs((row % 1) * 2 - 1)
        bare = ramp(crop.furrow - 0.08, crop.furrow + 0.08, ridge + fine * 0.35) * ramp(0.0, 0.06, depth)
        lit = (
            0.72
            + 0.42 * ramp(crop.furrow, 0.0, ridge)
            + 0.16 * np.sign((row % 1) - 0.5) * (ridge < crop.furrow)
        )
        picture = blend(
            colours * (lit * tone)[..., None],
            np.asarray(light.cast(soil), np.float32) * (0.9 + fine)[..., None],
            bare,
        )
        field.fill(picture)
    field.over(light.haze, ramp(_HORIZON + 0.16, _HORIZON, field.y) * 0.4)


def _broadcast(canvas: Canvas, crop: Crop) -> list[Place]:
    places = []
    for x, depth, turn, size in canvas.chance("sown").random((crop.count * 3, 4)).tolist():
        share = depth**0.75
        y = crop.top + (1.1 - crop.top) * share
        places.append((canvas.spread(x), y, crop.size * (0.1 + 0.9 * share) * (0.8 + 0.4 * size), turn))
    return sorted(places, key=lambda place: place[1])


def _in_rows(canvas: Canvas, crop: Crop) -> list[Place]:
    """Return the places of plants on the ridges of the rows."""
    chance, places = canvas.chance("planted"), []
    y, foot = crop.top, _HORIZON - 0.03
    while y < 1.12:
        depth = y - foot
        for row in range(-40, 40):
            u = row / crop.rows * depth + 0.0
            x = 0.5 + (u + 0.5 / crop.rows * depth) / canvas.aspect
            jitter, turn, size = chance.random(3).tolist()
            if -0.1 < x < 1.1:
                tall = crop.size * depth / (1 - foot) * (0.85 + 0.3 * size)
                places.append(
                    (
                        x + (jitter - 0.5) * 0.05 * depth / canvas.aspect,
                        y + 0.02 * depth * jitter,
                        tall,
                        turn + 2 * (row % 8),
                    )
                )
        y += crop.step * depth
    return places


def sow(
    canvas: Canvas, light: Light, places: list[Place], layers: tuple[Layer, ...], *, bands: int = 6
) -> None:
    """Draw plants from the far ones to the near ones, each band before the one behind it."""
    for number in range(bands):
        own = places[number * len(places) // bands : (number + 1) * len(places) // bands]
        if not own:
            continue
        tall = max(size for _, _, size, _ in own) * 1.15
        part = canvas.band(
            min(y for _, y, _, _ in own) - tall, max(y for _, y, _, _ in own) + 0.02 + 0.2 * tall
        )
        for colour, draw in layers:
            if part.rgb.size:
                part.over(light.far(colour, 0.22 * (1 - number / (bands - 1))), part.shape(draw, own))


def paint_orchard(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint rows of round fruit trees on grass, apples in their crowns and below them."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.5)
    paint_hills(canvas, light, _HORIZON)
    paint_meadow(canvas, light, _HORIZON)
    blossom = "blossom" in sketch.effects or light.season == "spring"
    pink = (hexed("#d9839c"), hexed("#f4b3c4"), hexed("#fde4ea"))
    fruit = light.cast(light.dyed(hexed("#d8281f"), "orchard"))
    for y, tall in ((0.555, 0.1), (0.6, 0.16), (0.67, 0.26), (0.79, 0.42)):
        step = (y - _HORIZON + 0.04) * 2.1
        for row in (-3, -2, -1, 1, 2, 3):
            x = 0.5 + (row - math.copysign(0.42, row)) * step / canvas.aspect
            if -0.15 < x < 1.15:
                _plant_fruit_tree(
                    canvas, light, f"fruit{y}{row}", x, y, tall, pink if blossom else None, fruit
                )
    stage = open_stage(light)
    return replace(stage, horizon=_HORIZON, props=(), ground=0.6, leafy=True)


def _plant_fruit_tree(
    canvas: Canvas, light: Light, name: str, x: float, y: float, tall: float, leaves: tuple[Colour, ...] | None,
    fruit: Colour,
) -> None:  # fmt: skip
    paint_tree(canvas, light, name, (x, y), tall, leaves=leaves, distance=0.3 if tall < 0.2 else 0.05)
    if leaves or light.snowy:
        return
    part = canvas.window(x - tall / canvas.aspect, y - 1.3 * tall, x + tall / canvas.aspect, y + 0.08 * tall)
    spots = canvas.chance(f"{name}-fruit").normal(size=(26, 2)).tolist()

    def draw(pen: Pen) -> None:
        for a, b in spots[:20]:
            pen.disc(x + 0.21 * a * tall / pen.aspect, y - tall * (0.68 + 0.14 * b), tall * 0.03)
        for a, b in spots[20:]:
            pen.disc(x + 0.25 * a * tall / pen.aspect, y + tall * 0.03 * b, tall * 0.026)

    part.over(fruit, part.shape(draw))


def paint_garden(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a garden: a hedge, a white picket fence, a lawn with a stone path between beds of flowers."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.5)
    paint_woods(canvas, light, "trees", foot=0.53, height=0.2, count=34, distance=0.15)
    paint_meadow(canvas, light, 0.53)
    _set_fence(canvas, light)
    part = canvas.band(0.6, 1)
    depth = part.y - 0.55
    off = np.abs(part.u - 0.03 - 0.12 * np.sin(depth * 9) * depth) / (0.02 + 0.26 * depth)
    stones = np.maximum(np.abs((np.log(depth) * 7) % 1 * 2 - 1), off)
    path = light.cast(times(SNOW, 0.86) if light.snowy else hexed("#c9bda8"))
    part.over(
        path,
        ramp(1.0, 0.92, off) * ramp(0.97, 0.88, stones),
        tone=0.86 + 0.3 * part.noise("slabs", 0.03, octaves=3),
    )
    beds = part.edge(np.minimum(np.abs(part.u) - 0.24 - 0.22 * depth, depth - 0.07))
    soil = SNOW if light.snowy else hexed("#6b4c34")
    part.over(light.cast(soil), beds, tone=0.8 + 0.4 * part.noise("soil", 0.02, octaves=3))
    if not light.snowy:
        places = []
        for x, share, turn, size in canvas.chance("beds").random((420, 4)).tolist():
            y, at = 0.635 + 0.47 * share**0.8, canvas.spread(x)
            if abs(at - 0.5) * canvas.aspect > 0.27 + 0.22 * (y - 0.55):
                places.append((at, y, 0.3 * (y - 0.45) * (0.8 + 0.4 * size), turn))
        dyed = next((hexed(code) for name, code in light.dyes if name in ("flower-garden", "flowers")), None)
        sow(
            canvas,
            light,
            sorted(places, key=lambda place: place[1]),
            plants.wildflowers(light, dyed),
            bands=10,
        )
    return replace(open_stage(light), horizon=_HORIZON, props=(), ground=0.64, leafy=True)


def _set_fence(canvas: Canvas, light: Light) -> None:
    """Set a fence of white pickets along the far end of the lawn."""

    def draw(pen: Pen) -> None:
        for k in range(-60, 61):
            x, half = 0.5 + 0.034 * k / pen.aspect, 0.0095 / pen.aspect
            pen.polygon(
                [(x - half, 0.605), (x - half, 0.525), (x, 0.508), (x + half, 0.525), (x + half, 0.605)]
            )
        for y in (0.54, 0.585):
            pen.line([(-0.1, y), (1.1, y)], 0.009)

    cover = canvas.shape(draw)
    canvas.over(
        times(light.cast(light.grass), 0.5), np.clip(canvas.shifted(cover, 0.006, 0.006) - cover, 0, 1) * 0.5
    )
    canvas.over(light.cast(hexed("#fbf8f0")), cover)


CROPS = (
    Crop(name="wheat-field", soil="#b98f3c", body=("#e3b341", "#f4d06a"), plant=plants.wheat, size=0.24, count=420),
    Crop(name="rice-field", soil="#8fae3a", body=("#a9bf45", "#dcc857"), plant=plants.rice, rows=9, furrow=0.75, size=0.17),
    Crop(name="cornfield", soil="#7a5a36", body=("#4f8a2f", "#5f9c38"), plant=plants.corn, rows=3.2, furrow=0.62, step=0.2, size=0.44, bands=14),
    Crop(name="lavender-field", soil="#8d9a58", body=("#7d55c0", "#8a62cc"), plant=plants.lavender, rows=3.2, furrow=0.66, size=0.19),
    Crop(name="tulip-field", soil="#5f8f3a", body=("#dd2f3c", "#f6c22f", "#ee6fa6", "#fbf3ea"), plant=plants.tulips, rows=4.4, furrow=0.8, striped=True, size=0.2),
    Crop(name="sunflower-field", soil="#5c7f2c", body=("#7fa23a", "#eab92a"), plant=plants.sunflowers, rows=3.4, furrow=0.9, step=0.22, size=0.36, bands=20, top=0.57),
    Crop(name="rapeseed-field", soil="#7fa23a", body=("#f2cf1d", "#ffe14a"), plant=plants.rapeseed, size=0.2, count=300),
    Crop(name="flower-field", soil="#5f8f3a", body=("#6fa245", "#8ab552"), plant=plants.wildflowers, size=0.15, count=330),
    Crop(name="poppy-field", soil="#5f8f3a", body=("#6fa245", "#c9402f"), plant=plants.poppies, size=0.16, count=260),
    Crop(name="rose-garden", soil="#4d7a34", body=("#3f7a3a", "#4f8f44"), plant=plants.roses, rows=2.0, furrow=0.7, step=0.2, size=0.26, bands=16),
    Crop(name="vegetable-garden", soil="#6b4a30", body=("#5f9c3c", "#78b24a"), plant=plants.vegetables, rows=1.9, furrow=0.6, step=0.17, size=0.17, bands=12),
    Crop(name="pumpkin-patch", soil="#6b5030", body=("#5a8a36", "#4d7d32"), plant=plants.pumpkins, rows=1.5, furrow=0.66, step=0.34, size=0.17, bands=16),
    Crop(name="cotton-field", soil="#7a5a3c", body=("#6d8a45", "#e9e6da"), plant=plants.cotton, rows=3, furrow=0.75, size=0.16),
    Crop(name="vineyard", soil="#8f6f45", body=("#4f8a36", "#5c983e"), plant=plants.vines, rows=1.5, furrow=0.55, step=0.18, size=0.34, bands=14),
)  # fmt: skip
PAINTERS = {crop.name: partial(paint_field, crop=crop) for crop in CROPS}
"""By name, what paints a field."""


def paint_terraces(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint rice terraces: steps of water and green that wind round hillsides like the lines of a map."""
    _paint_steps(canvas, sketch, light, "terraces")
    return replace(open_stage(light), horizon=0.36, props=(), ground=0.84)


def paint_tea(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint tea: round-topped hedges in close rows that follow the hills."""
    _paint_steps(canvas, sketch, light, "tea-field")
    return replace(open_stage(light), horizon=0.36, props=(), ground=0.84)


def _paint_steps(canvas: Canvas, sketch: Sketch, light: Light, name: str) -> None:
    horizon = 0.36
    paint_sky(canvas, sketch, light, horizon, clouds=0.5)
    paint_hills(canvas, light, horizon, rise=1.3)
    for step in range(4):
        near = step / 3
        part = canvas.band(horizon - 0.1, 1)
        u = part.u * (1 - 0.45 * near)
        side = -1 if step % 2 else 1
        hump = 0.13 * np.exp(-(((u - side * 0.34) / 0.3) ** 2)) + 0.05 * (
            part.line(f"hump{step}", 0.8, octaves=2) - 0.5
        )
        crest = horizon + 0.03 + 0.14 * step - hump
        below = part.y - crest
        wind = part.noise(f"wind{step}", 0.5, flat=2, octaves=2) - 0.5
        height = below * (13 - 4.5 * near) * (1 + 0.5 * np.abs(u)) + 0.9 * wind + 0.5 * np.sin(u * 5 + step)
        face = (
            _paint_tea_rows(part, light, height, near)
            if name == "tea-field"
            else _paint_pools(part, light, height)
        )
        fog = np.asarray(light.haze, np.float32)
        part.over(face + (fog - face) * np.float32(0.38 * (1 - near)), part.edge(below))


def _paint_pools(part: Canvas, light: Light, height: Plane) -> Plane:
    """Return terraces (h, w, 3): a lit lip of grass, then water that holds the sky, or young rice."""
    share = height * 1.4 % 1
    level = np.floor(height * 1.4).astype(int)
    grass = light.cast(SNOW if light.snowy else light.dyed(light.grass, "terraces"))
    sky = mix(light.horizon, light.middle, 0.45)
    ripe = "#e8eef6" if light.snowy else "#e6b93a" if light.season == "autumn" else "#c8d44a"
    rice = mix(grass, light.cast(hexed(ripe)), 0.55)
    flooded = ((level % 3) != 1)[..., None] * 1.0
    wet = np.asarray(sky, np.float32) * (0.88 + 0.2 * (1 - share))[..., None]
    dry = np.asarray(rice, np.float32) * (0.8 + 0.5 * part.noise("rice", 0.012, octaves=2))[..., None]
    face = wet * flooded + dry * (1 - flooded)
    lip = np.asarray(grass, np.float32) * (0.55 + 0.6 * ramp(0.62, 0.8, share))[..., None]
    over = ramp(0.6, 0.65, share)[..., None]
    steps: Plane = (face + (lip - face) * over).astype(np.float32)
    return steps


def _paint_tea_rows(part: Canvas, light: Light, height: Plane, near: float) -> Plane:
    """Return hedges (h, w, 3): bright round tops, dark between."""
    share = height * (2.0 - 0.6 * near) % 1
    green = SNOW if light.snowy else light.dyed(hexed("#5fa83a"), "tea-field")
    top = np.sin(share * math.pi)
    leaf = part.noise("tea", 0.016, octaves=3) - 0.5
    tone = 0.28 + 0.82 * top**0.7 + 0.5 * leaf * top + 0.12 * (share < 0.5)
    hedges: Plane = (np.asarray(light.cast(green), np.float32) * tone[..., None]).astype(np.float32)
    return hedges
