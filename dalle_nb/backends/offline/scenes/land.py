"""What the ground of several scenes is made of: ridges of hills, water that mirrors, meadows.

Paints onto a Canvas in a Light; none of it knows which scene it belongs to.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, Plane, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen
from dalle_nb.backends.offline.scenes.stage import Spot, Stage

SNOW = hexed("#f4f8ff")


def paint_ridge(
    canvas: Canvas,
    light: Light,
    name: str,
    *,
    base: float,
    rise: float,
    cell: float,
    colour: Colour,
    distance: float = 0,
    mist: float = 0,
    rough: float = 0.25,
) -> Plane:
    """Paint a range of hills whose crest lies about ``base``, ``rise`` high, down to the lower edge.

    ``distance`` fades it into the air, ``mist`` lets its foot dissolve, ``rough`` is how much its surface
    varies. Returns the crest (1, w) in heights.
    """
    crest = base - rise * (canvas.line(name, cell) - 0.5) * 2
    part = canvas.band(float(crest.min()), 1)
    below = part.y - crest
    cover = part.edge(below)
    if mist:
        cover = cover * np.clip(1 - below / mist, 0, 1) ** 0.8
    tone = part.noise(f"{name}-face", cell * 0.35, flat=1.4, octaves=5) - 0.5
    part.over(light.far(colour, distance), cover, tone=1 + rough * tone)
    return crest


def paint_water(
    canvas: Canvas, light: Light, shore: float, *, colour: Colour, clear: float = 0.6, calm: float = 0.5
) -> None:
    """Turn everything below ``shore`` into water that reflects what stands above it.

    ``clear`` is the share of the mirror image, ``calm`` (0 to 1) how little the waves move it.
    """
    water = canvas.band(shore, 1)
    rows = water.rgb.shape[0]
    if not rows or water.corner[1] == 0:
        return
    ripple = water.ground_noise("ripple", shore, 0.16, flat=3.2, steep=0.04) - 0.5
    sway = ripple * (0.02 + 0.1 * (water.y - shore)) * (1.3 - calm)
    water.fill(mirror_above(canvas, water, sway))
    deep = mix(light.cast(colour), light.horizon, 0.15)
    near = ramp(shore, shore + 0.5, water.y)
    water.over(deep, (1 - clear) + near * (0.25 * clear) + ripple * 0.25)
    glints = ramp(0.62, 0.95, ripple + 0.5) * (0.3 * (1.1 - calm))
    water.over(light.horizon, glints)


def mirror_above(canvas: Canvas, water: Canvas, sway: Plane) -> Plane:
    """Return (h, w, 3) what a water surface reflects, each pixel moved by ``sway`` heights."""
    rows, columns = water.rgb.shape[:2]
    top = water.corner[1] - canvas.corner[1]
    moved = (sway * (1 / canvas.pixel)).astype(np.int32)
    row = top - 1 - np.abs(np.arange(rows)[:, None] + moved)
    column = np.clip(np.arange(columns)[None] + moved // 2, 0, columns - 1)
    mirrored: Plane = canvas.rgb[np.clip(row, 0, top - 1), column]
    return mirrored


def paint_meadow(
    canvas: Canvas, light: Light, top: float, *, colour: Colour | None = None, depth: float = 0.14
) -> None:
    """Cover the ground below ``top`` with grass (or snow) that lies in perspective."""
    ground = canvas.band(top, 1)
    patches = ground.ground_noise("patches", top, 0.5, flat=1.2, steep=depth) - 0.5
    blades = ground.ground_noise("blades", top, 0.03, flat=0.8, steep=depth) - 0.5
    blades += ground.noise("tips", 0.012, flat=0.3, octaves=3) * (ground.y - top) - 0.2
    rough = 0.1 if light.snowy else 0.34
    base = light.cast(colour or light.grass)
    stops = [(top, mix(base, light.haze, 0.35)), (top + 0.2, base), (1.0, times(base, 0.78))]
    shade = 1 + patches * rough + blades * (rough * 0.8)
    ground.fill(ground.gradient(stops) * shade[..., None])


def paint_stream(canvas: Canvas, light: Light, top: float) -> None:
    """Let a stream run from the middle of ``top`` to the front: banks, ripples, and the light of the sky on it."""
    part = canvas.band(top, 1)
    depth = part.y - top
    middle = 0.08 - 0.3 * depth + 0.12 * np.sin(depth * 12) * (0.3 + depth)
    edge = (part.noise("bank", 0.06, octaves=4) - 0.5) * (0.02 + 0.08 * depth)
    off = (np.abs(part.u - middle) + edge) / (0.025 + 0.62 * depth)
    ripple = part.ground_noise("stream", top, 0.12, flat=3, steep=0.05)
    part.over(light.cast(hexed("#8a7f6a")), ramp(1.1, 1.03, off) * 0.8)
    water = mix(light.cast(hexed("#3f93b5")), light.horizon, 0.3)
    part.over(water, ramp(1.0, 0.96, off), tone=0.8 + 0.4 * ripple)
    part.over(light.horizon, ramp(1.0, 0.9, off) * ramp(0.55, 0.85, ripple) * 0.55)


def paint_hills(canvas: Canvas, light: Light, horizon: float, *, rise: float = 1.0) -> None:
    """Paint two ranges of hills that stand on a horizon, the far one blue with air."""
    grass = SNOW if light.snowy else light.grass
    wood = mix(light.leaves[0], hexed("#3c6a44"), 0.3) if light.leaves else hexed("#5c7480")
    far = hexed("#5d7f9c")
    paint_ridge(
        canvas, light, "far", base=horizon - 0.06, rise=0.12 * rise, cell=0.75, colour=far, distance=0.6
    )
    near = mix(wood, grass, 0.4)
    paint_ridge(
        canvas, light, "wooded", base=horizon - 0.02, rise=0.06 * rise, cell=0.55, colour=near, distance=0.36
    )


def shades(light: Light, number: int = 0) -> tuple[Colour, ...]:
    """Return the colours of one of several crowns, dark to light: in autumn every tree has its own."""
    if not light.leaves:
        return (hexed("#8797a6"), hexed("#c3d0dc"), SNOW)
    if light.season != "autumn" or any(name == "trees" for name, _ in light.dyes):
        return tuple(times(leaf, (1.0, 0.86, 1.12)[number % 3]) for leaf in light.leaves)
    red, orange, golden = light.leaves[:3]
    return (
        (times(red, 0.9), mix(red, orange, 0.6), orange),
        (times(orange, 0.8), orange, golden),
        (mix(orange, golden, 0.4), golden, mix(golden, (1.0, 1.0, 0.8), 0.4)),
    )[number % 3]


def paint_woods(
    canvas: Canvas, light: Light, name: str, *, foot: float, height: float, count: int, distance: float = 0.25,
    gap: float = 0.0,
) -> None:  # fmt: skip
    """Paint the edge of a wood: round crowns side by side, in the season's colours; ``gap`` stays open."""
    part = canvas.band(foot - height * 1.5, foot + 0.02)
    chance = canvas.chance(name)
    trees = [
        (canvas.spread((k + x) / count), size, hue)
        for k, (x, size, hue) in enumerate(chance.random((count, 3)).tolist())
    ]
    trees = [tree for tree in trees if -0.1 < tree[0] < 1.1 and abs(tree[0] - 0.5) * canvas.aspect >= gap]
    fine = part.noise(f"{name}-leaf", height * 0.09, octaves=2)
    for group in range(3):
        own = [tree for number, tree in enumerate(trees) if number % 3 == group]
        for layer, colour in enumerate(shades(light, group)):
            cover = part.shape(_draw_crowns, own, foot, height, layer)
            part.over(
                light.far(colour, distance),
                cover * (1 if layer == 0 else (0.35 + 0.65 * ramp(0.3, 0.5, fine))),
            )


def _draw_crowns(
    pen: Pen, trees: list[tuple[float, float, float]], foot: float, height: float, layer: int
) -> None:
    for x, size, hue in trees:
        tall = height * (0.65 + 0.5 * size)
        if layer == 0:
            pen.line([(x, foot), (x, foot - tall * 0.5)], tall * 0.09)
            pen.disc(x, foot - 0.1 * tall, 0.5 * tall, flat=2.4)
        for k in range(7):
            across, up = (
                math.cos(k * 2.4 + hue * 6) * 0.27 * (k > 0),
                math.sin(k * 2.4 + hue * 6) * 0.26 * (k > 0),
            )
            radius = tall * (0.3, 0.2, 0.12)[layer] * (1 if k else 1.15)
            pen.disc(
                x + (across * tall - 0.05 * layer * tall) / pen.aspect,
                foot - tall * (0.58 + up + 0.05 * layer),
                radius,
            )


def paint_bank(
    canvas: Canvas, light: Light, height: float, *, colour: Colour | None = None, wavy: float = 0.05
) -> None:
    """Paint the near bank of a water: grass (or snow) below a wavy line, with a dark edge."""
    part = canvas.band(height - 0.1, 1)
    ground = SNOW if light.snowy else colour or light.grass
    crest = height - (part.line("bank", 0.5, octaves=5) - 0.5) * wavy - np.abs(part.x - 0.5) * 0.05
    before = part.rgb.copy()
    paint_meadow(part, light, height - 0.1, colour=ground, depth=0.25)
    part.rgb[...] = before + (part.rgb - before) * part.edge(part.y - crest)[..., None]
    part.over(times(light.cast(ground), 0.5), np.exp(-np.abs(part.y - crest) / 0.006) * 0.5)


def paint_rocks(
    canvas: Canvas, light: Light, name: str, rocks: list[tuple[float, float, float]], colour: Colour
) -> None:
    """Set rocks at (u from the middle in heights, foot, width): faceted, lit from above, dark at the foot."""
    side = -1 if light.sun[0] < 0.5 else 1
    for number, (u, foot, wide) in enumerate(rocks):
        x = 0.5 + u / canvas.aspect
        part = canvas.window(
            x - wide / canvas.aspect, foot - wide * 0.95, x + wide / canvas.aspect, foot + wide * 0.2
        )
        if not part.rgb.size:
            continue
        bumps = canvas.chance(f"{name}/{number}").random(9).tolist()
        cover = part.shape(_draw_rock, x, foot, wide, bumps)
        part.darken(1 - 0.4 * np.exp(-((part.distance(x, foot, flat=5) / (0.62 * wide)) ** 4)))
        grain = part.noise(f"{name}-grain", wide * 0.5, octaves=5) - 0.5
        across = (part.u - u) / wide * side
        tone = 0.86 + 0.5 * across - 0.55 * (part.y - foot + 0.4 * wide) / wide + 0.75 * grain
        part.over(light.cast(colour), cover, tone=np.clip(tone, 0.3, 1.35))
        if light.snowy:
            part.over(light.cast(SNOW), np.clip(cover - part.shifted(cover, 0, wide * 0.14), 0, 1))


def _draw_rock(pen: Pen, x: float, foot: float, wide: float, bumps: list[float]) -> None:
    ring = []
    for k, bump in enumerate(bumps):
        angle = math.pi * k / (len(bumps) - 1)
        reach = wide * (0.46 + 0.16 * bump)
        ring.append((x - math.cos(angle) * reach / pen.aspect, foot - math.sin(angle) * reach * 1.15))
    pen.polygon(
        [
            *ring,
            (x + 0.2 * wide / pen.aspect, foot + 0.05 * wide),
            (x - 0.2 * wide / pen.aspect, foot + 0.05 * wide),
        ]
    )


def rise_steam(canvas: Canvas, x: float, y: float, wide: float, high: float, strength: float = 0.7) -> None:
    """Let white steam rise from a water, wider and thinner the higher."""
    part = canvas.band(y - high, y + 0.06)
    up = (y - part.y) / high
    body = part.noise("steam", 0.16, flat=0.8, octaves=5)
    across = np.abs(part.u - (x - 0.5) * canvas.aspect) / (wide * (0.8 + 0.5 * np.clip(up, 0, 1)))
    veil = ramp(0.36, 0.78, body) * ramp(1.0, 0.4, across) * ramp(1.0, 0.15, up) * ramp(-0.3, 0.05, up)
    part.over((1.0, 1.0, 1.0), veil * strength)


def season_stage(
    light: Light, horizon: float, spots: tuple[Spot, ...], back: tuple[Spot, ...], **more: Any
) -> Stage:
    """Return the stage of an open place, lit by its light; ``more`` is what else is known of it."""
    return Stage(**{
        "spots": spots, "back": back, "horizon": horizon, "tint": light.tint, "haze": light.haze,
        "rim": times(light.sun_colour, 0.35 if light.clear else 0.1), "from_right": light.sun[0] > 0.5,
        "shadow": light.shadow, **more,
    })  # fmt: skip
