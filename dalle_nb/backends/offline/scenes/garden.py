"""An old Chinese garden by a lake: mountains in mist, pavilions, a moon bridge, rocks."""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import hexed, mix, ramp
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, Point, draw_discs, draw_lines, draw_polygons
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import paint_ridge, paint_water
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch

_SHORE = 0.68
_ROOF, _WOOD, _STONE = hexed("#34424a"), hexed("#7a3b2e"), hexed("#8d9290")


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the garden; in ink when the Light is."""
    paint_sky(canvas, sketch, light, _SHORE, clouds=0.35)
    for step in range(4):
        paint_ridge(
            canvas,
            light,
            f"mountain-{step}",
            base=0.36 + 0.085 * step,
            rise=0.17 - 0.035 * step,
            cell=0.5 - 0.06 * step,
            colour=mix(hexed("#3d5f6e"), hexed("#3c5f48"), step / 3),
            distance=0.66 - 0.15 * step,
            mist=0.26 + 0.03 * step,
            rough=0.5,
        )
    _paint_bank(canvas, light)
    _paint_pavilion(canvas, light, (0.25, _SHORE - 0.012), 0.3, storeys=2)
    _paint_pavilion(canvas, light, (0.5, _SHORE - 0.012), 0.13, storeys=1)
    _paint_bridge(canvas, light)
    paint_water(
        canvas,
        light,
        _SHORE,
        colour=hexed("#7fa8a0") if not light.ink else hexed("#d9d6c8"),
        clear=0.55,
        calm=0.8,
    )
    _paint_rocks(canvas, light)
    return Stage(
        spots=(
            Spot(x=0.42, y=0.95, scale=0.5),
            Spot(x=0.16, y=0.93, scale=0.45),
            Spot(x=0.7, y=0.96, scale=0.45),
        ),
        back=(Spot(x=0.62, y=0.76, scale=0.2), Spot(x=0.85, y=0.8, scale=0.22)),
        water=(Spot(x=0.47, y=0.84, scale=0.26), Spot(x=0.68, y=0.78, scale=0.17)),
        sky=(Spot(x=0.42, y=0.17, scale=0.13), Spot(x=0.55, y=0.24, scale=0.1)),
        horizon=_SHORE,
        tint=light.tint,
        haze=light.haze,
        shadow=light.shadow * 0.6,
        painted=frozenset({"pavilion", "bridge"}),
    )


def _paint_bank(canvas: Canvas, light: Light) -> None:
    """Paint the far shore with its shrubs."""
    part = canvas.band(_SHORE - 0.12, _SHORE)
    crest = (_SHORE - 0.012) - (part.line("bank", 0.3) - 0.35) * 0.05
    tone = part.noise("shrubs", 0.05, octaves=4)
    colour = np.asarray(
        light.cast(mix(light.leaves[0] if light.leaves else light.grass, hexed("#3c5040"), 0.4)), np.float32
    )
    part.over(
        colour * (0.55 + 0.8 * tone)[..., None],
        part.edge(part.y - crest + (tone - 0.5) * 0.03),
    )


def _paint_pavilion(canvas: Canvas, light: Light, foot: Point, height: float, storeys: int) -> None:
    """Paint a pavilion: a base, red posts, and for every storey a roof with upturned eaves."""
    x, y = foot
    storey = height / (storeys + 0.45)
    part = canvas.window(x - height / canvas.aspect, y - height * 1.1, x + height / canvas.aspect, y + 0.01)
    posts = part.shape(_draw_posts, x, y, storey, storeys)
    part.over(light.cast(_WOOD), posts)
    base = part.shape(draw_polygons, [_box(canvas.aspect, x, y, storey * 0.86, storey * 0.1)])
    part.over(light.cast(_STONE), base)
    for level in range(storeys):
        eaves = y - storey * (0.74 + level * 0.98)
        wide = storey * (1.0 - 0.2 * level)
        tall = storey * (0.62 if level == storeys - 1 else 0.34)
        roof = part.shape(draw_polygons, [_roof(canvas.aspect, x, eaves, wide, tall)])
        ribs = 0.82 + 0.3 * (np.sin((part.u - ((x - 0.5) * canvas.aspect)) / storey * 60) > 0)
        part.over(light.cast(_ROOF), roof, tone=ribs)
    top = y - storey * (0.74 + (storeys - 1) * 0.98) - storey * 0.62
    spire, ball = [(x, top + 0.01), (x, top - storey * 0.16)], (x, top - storey * 0.05, storey * 0.06)
    part.over(light.cast(_ROOF), part.shape(draw_lines, [spire], storey * 0.04))
    part.over(light.cast(_ROOF), part.shape(draw_discs, [ball]))


def _draw_posts(pen: Pen, x: float, y: float, storey: float, storeys: int) -> None:
    for level in range(storeys):
        bottom, wide = y - storey * 0.98 * level, storey * (0.66 - 0.14 * level)
        for k in (-1.0, -0.42, 0.42, 1.0):
            at = x + k * wide / pen.aspect
            pen.line([(at, bottom), (at, bottom - storey * 0.8)], storey * 0.05)
        for rail in (0.08, 0.24, 0.7):
            pen.line(
                [
                    (x - wide / pen.aspect, bottom - storey * rail),
                    (x + wide / pen.aspect, bottom - storey * rail),
                ],
                storey * 0.028,
            )
        for k in range(-4, 5):
            at = x + k * wide / 4 / pen.aspect
            pen.line([(at, bottom - storey * 0.08), (at, bottom - storey * 0.24)], storey * 0.016)


def _box(aspect: float, x: float, y: float, wide: float, tall: float) -> list[Point]:
    return [
        (x - wide / aspect, y),
        (x + wide / aspect, y),
        (x + wide / aspect, y - tall),
        (x - wide / aspect, y - tall),
    ]


def _roof(aspect: float, x: float, eaves: float, wide: float, tall: float) -> list[Point]:
    """Return the outline of a roof that sweeps down from its ridge and turns up at its corners."""
    right = []
    for k in range(13):
        part = k / 12
        across = 0.07 + 0.93 * part
        drop = 1 - (1 - part) ** 2.1 - 0.2 * part**7
        right.append((x + across * wide / aspect, eaves - tall * (1 - drop)))
    under = [(x + wide * 0.9 / aspect, eaves + tall * 0.05), (x + wide * 0.4 / aspect, eaves + tall * 0.09)]
    half = right + under
    return half + [(2 * x - a, b) for a, b in reversed(half)]


def _paint_bridge(canvas: Canvas, light: Light) -> None:
    """Paint a moon bridge: its mirror image will close the circle."""
    part = canvas.window(0.5, _SHORE - 0.16, 1.0, _SHORE)
    x, half = 0.745, 0.18
    arc = [
        (x + half * 1.25 * k / 12 / canvas.aspect, _SHORE - 0.118 * (1 - (k / 12) ** 2) ** 0.8 - 0.004)
        for k in range(-12, 13)
    ]
    hole = [
        (x + 0.098 * np.cos(a) / canvas.aspect, _SHORE - 0.092 * np.sin(a)) for a in np.linspace(0, np.pi, 25)
    ]

    def draw(pen: Pen) -> None:
        pen.polygon([*arc, (arc[-1][0], _SHORE + 0.02), (arc[0][0], _SHORE + 0.02)])
        pen.polygon([*hole, (hole[-1][0], _SHORE + 0.02), (hole[0][0], _SHORE + 0.02)], 0)

    def draw_rail(pen: Pen) -> None:
        pen.line([(a, b - 0.026) for a, b in arc], 0.0045)
        for a, b in arc[1:-1:2]:
            pen.line([(a, b), (a, b - 0.033)], 0.005)

    stone_colour = mix(_STONE, _ROOF, 0.75) if light.ink else _STONE
    stone = 0.8 + 0.4 * part.noise("stone", 0.03, octaves=3)
    part.over(light.cast(stone_colour), part.shape(draw), tone=stone)
    part.over(light.cast(_ROOF if light.ink else mix(_STONE, (1.0, 1.0, 1.0), 0.35)), part.shape(draw_rail))


def _paint_rocks(canvas: Canvas, light: Light) -> None:
    """Paint a near bank of rocks and reeds at the lower left."""
    part = canvas.band(0.8, 1)
    slope = 0.9 + (part.x - 0.25) * 0.13
    crest = slope - (part.line("rocks", 0.22, octaves=6) - 0.5) * 0.09
    tone = part.noise("rock-face", 0.09, octaves=6)
    shade = np.clip(0.35 + 0.9 * tone - 1.4 * (part.y - crest), 0.1, 1.2)
    part.over(light.cast(hexed("#6f7f68")), part.edge(part.y - crest) * ramp(1.02, 0.9, part.x), tone=shade)
