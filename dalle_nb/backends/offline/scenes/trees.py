"""Trees of several scenes, grown from chance: broad-leaved, fir, palm, and a branch that frames a picture.

Paints onto a Canvas in a Light; knows no scene.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, ramp
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, Point, draw_discs, draw_polygons, turned
from dalle_nb.backends.offline.scenes.land import SNOW


def grow_tree(
    pen: Pen,
    foot: Point,
    height: float,
    chance: np.random.Generator,
    tips: list[Point],
    *,
    lean: float = 0.0,
    bend: float = 0.5,
    twigs: int = 5,
) -> None:
    """Draw the wood of a bare tree by recursion, and add to ``tips`` where its twigs are."""

    def branch(x: float, y: float, angle: float, length: float, width: float, left: int) -> None:
        steps = 5
        points = [(x, y)]
        for _ in range(steps):
            angle += chance.normal() * (0.05 if left == twigs else 0.12)
            x += math.sin(angle) * length / steps / pen.aspect
            y -= math.cos(angle) * length / steps
            points.append((x, y))
            if left < 3:
                tips.append((x, y))
        pen.line(points, width)
        if left == 0:
            return
        for side in (-1, 1):
            turn = angle + side * bend * (0.5 + chance.random() * 0.7)
            branch(x, y, turn, length * (0.62 + 0.22 * chance.random()), width * 0.66, left - 1)

    branch(foot[0], foot[1], lean, height * 0.34, height * 0.05, twigs)
    # Roots spread into the ground: no trunk ends like a post.
    x, y = foot
    half, reach = height * 0.025 / pen.aspect, height * 0.06 / pen.aspect
    pen.polygon([
        (x - half, y - 0.09 * height), (x - 1.2 * half, y - 0.03 * height), (x - reach, y + 0.012 * height),
        (x - 0.4 * reach, y + 0.004 * height), (x, y + 0.02 * height), (x + 0.5 * reach, y + 0.004 * height),
        (x + reach, y + 0.014 * height), (x + 1.2 * half, y - 0.03 * height), (x + half, y - 0.09 * height),
    ])  # fmt: skip


def paint_row(
    canvas: Canvas, light: Light, trees: Sequence[tuple[str, float, float, float]], *, tall: float, far: float
) -> None:
    """Paint trees told as (name, u from the middle in heights, foot, height); those under ``tall`` stand ``far`` off."""
    for name, u, foot, height in trees:
        place = (0.5 + u / canvas.aspect, foot)
        paint_tree(canvas, light, name, place, height, distance=far if height < tall else 0.0)


def paint_tree(
    canvas: Canvas,
    light: Light,
    name: str,
    foot: Point,
    height: float,
    *,
    leaves: tuple[Colour, ...] | None = None,
    distance: float = 0,
    lean: float = 0.0,
    accent: bool = False,
) -> None:
    """Paint a broad-leaved tree: wood by recursion, foliage in clusters, lit from the sun's side; ``accent`` keeps their colour in ink."""
    chance = canvas.chance(name)
    part = canvas.window(
        foot[0] - height / canvas.aspect,
        foot[1] - height * 1.25,
        foot[0] + height / canvas.aspect,
        foot[1] + 0.02 + 0.03 * height,
    )
    part.darken(1 - 0.42 * np.exp(-((part.distance(*foot, flat=4) / (0.22 * height)) ** 2)))
    tips: list[Point] = []
    wood = part.shape(grow_tree, foot, height, chance, tips, lean=lean)
    part.over(light.far(hexed("#5a4033"), distance), wood)
    foliage = light.leaves if leaves is None else leaves
    if foliage:
        paint_foliage(part, light, tips, height * 0.045, foliage, chance, distance, accent)
    elif light.snowy:
        part.over(light.far(SNOW, distance), np.clip(wood - part.shifted(wood, 0, height * 0.006), 0, 1))


def paint_foliage(
    canvas: Canvas,
    light: Light,
    tips: list[Point],
    size: float,
    leaves: tuple[Colour, ...],
    chance: np.random.Generator,
    distance: float = 0,
    accent: bool = False,
) -> None:
    """Dab leaves or blossom around twig ends: dark below, light above, each shade in its own cover."""
    side = -1 if light.sun[0] < 0.5 else 1
    for layer, colour in enumerate(leaves):
        lift = layer * size * 0.45
        dabs = np.repeat(np.asarray(tips), 7 - 2 * layer, axis=0)
        scatter = chance.normal(size=dabs.shape) * size * (1.0 - 0.15 * layer)
        radii = size * (0.16 + 0.3 * chance.random(len(dabs)) ** 2)
        dabs += (scatter + np.array((side * lift, -lift))) / (canvas.aspect, 1)
        discs = np.column_stack((dabs, radii)).tolist()
        crowns = canvas.shape(draw_discs, discs)
        # Noise as fine as leaves eats into the discs: a crown is no heap of bubbles.
        leafy = canvas.noise(f"leaves-{layer}", size * 0.5, octaves=3)
        cover = crowns * ramp(0.2 + 0.1 * layer, 0.36 + 0.1 * layer, leafy)
        canvas.over(colour if accent else light.far(colour, distance), cover * 0.95)


def dab_crowns(
    canvas: Canvas,
    light: Light,
    layer: int,
    leaves: Sequence[Colour],
    gap: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> None:
    """Dab leaves in hanging clusters, thick above and thinner below; a round ``gap`` (x, y, radius) stays open."""
    near = layer / 3
    chance = canvas.chance(f"crowns-{layer}")
    part = canvas.band(0, 0.56)
    count = 260 if not light.snowy else 80
    for number, colour in enumerate(leaves):
        dabs = []
        for along, high, size in chance.random((count, 3)).tolist():
            u = (along - 0.5) * 3.2
            y = high**1.3 * (0.36 + 0.16 * min(1.0, abs(u) * 1.5) * near)
            radius = (0.018 + 0.013 * near) * (1 - 0.2 * number) * (0.6 + 0.8 * size)
            if gap[2] and math.hypot(u - (gap[0] - 0.5) * canvas.aspect, y - gap[1]) < gap[2]:
                continue
            dabs.append((0.5 + u / canvas.aspect, y - 0.012 * number, radius))
        cover = part.shape(draw_discs, dabs)
        leafy = part.noise(f"leafy-{layer}-{number}", 0.014 + 0.008 * near, octaves=2)
        part.over(light.far(colour, 0.5 * (1 - near)), cover * ramp(0.36, 0.48, leafy))


def draw_palm(pen: Pen, foot: Point, height: float, lean: float) -> Point:
    """Draw the bent trunk of a palm and return its crown."""
    points = [
        (foot[0] + lean * height * (k / 9) ** 1.8 / pen.aspect, foot[1] - height * k / 9) for k in range(10)
    ]
    for k in range(9):
        pen.line(points[k : k + 2], height * (0.062 - 0.0036 * k))
    return points[-1]


def draw_frond(pen: Pen, crown: Point, length: float, angle: float) -> None:
    """Draw one feathered leaf of a palm, arching down by its own weight."""
    x, y = crown
    spine = []
    for k in range(13):
        part = k / 12
        spine.append((x, y))
        angle += (0.17 if math.cos(angle) > 0 else -0.17) * (0.3 + part)
        x += math.cos(angle) * length / 12 / pen.aspect
        y += math.sin(angle) * length / 12
    pen.line(spine, length * 0.02)
    for k, (at_x, at_y) in enumerate(spine[1:], 1):
        leaf = length * 0.34 * math.sin(math.pi * min(0.97, 0.12 + k / 13))
        for turn in (-0.35, 0.35):
            tip = (at_x + leaf * (math.cos(angle) * 0.35 + turn * 0.5) / pen.aspect, at_y + leaf * 0.92)
            pen.polygon([spine[k - 1], (at_x, at_y), tip])


def paint_palm(canvas: Canvas, light: Light, name: str, foot: Point, height: float, lean: float) -> None:
    """Paint a palm with a crown of fronds, the lit ones last."""
    chance = canvas.chance(name)
    crowns: list[Point] = []
    trunk = canvas.shape(lambda pen: crowns.append(draw_palm(pen, foot, height, lean)))
    rings = 0.86 + 0.28 * ((canvas.y * (1 / (height * 0.035))) % 1)
    canvas.over(light.cast(hexed("#9a7148")), trunk, tone=rings)
    for code, shift, count in (("#1f6a3e", 0.0, 9), ("#3d9a4c", 0.02, 7), ("#7cc25a", 0.03, 4)):
        turns = [-math.pi * (0.02 + 0.96 * (k + chance.random() * 0.6) / count) for k in range(count)]
        crown = (crowns[0][0], crowns[0][1] - shift * height)
        canvas.over(
            light.cast(hexed(code)), canvas.shape(draw_fronds, crown, height * (0.5 - shift * 2), turns)
        )


def draw_fronds(pen: Pen, crown: Point, length: float, turns: list[float]) -> None:
    """Draw the leaves of a palm, each in its own direction."""
    for turn in turns:
        draw_frond(pen, crown, length, turn)


def paint_branch(
    canvas: Canvas,
    light: Light,
    colours: tuple[Colour, ...],
    *,
    size: float = 0.02,
    leaf: Sequence[Point] = (),
) -> None:
    """Let a branch reach into the picture from its upper right corner: in blossom, or with leaves of an outline."""
    chance = canvas.chance("branch")
    tips: list[Point] = []
    part, reach = canvas.band(0, 0.75), min(1.0, canvas.aspect)
    for foot, height, lean in (((1.04, 0.17), 0.62 * reach, -1.35), ((1.03, -0.03), 0.42 * reach, -1.9)):
        cover = part.shape(grow_tree, foot, height, chance, tips, lean=lean, bend=0.34)
        part.over(light.cast(hexed("#43322c")), cover * 0.95)
    if not leaf:
        paint_foliage(part, light, tips[::2], size, colours, chance, accent=light.ink)
        return
    for colour in colours:
        hung = [
            turned(leaf, (x, y), size * (0.6 + 0.8 * much), 1.57 + turn * 1.2, canvas.aspect)
            for (x, y), turn, much in zip(
                np.asarray(tips[::3]) + chance.normal(size=(len(tips[::3]), 2)) * 1.6 * size,
                chance.normal(size=len(tips)).tolist(), chance.random(len(tips)).tolist(), strict=False,
            )
        ]  # fmt: skip
        part.over(colour if light.ink else light.cast(colour), part.shape(draw_polygons, hung))


def draw_pine(pen: Pen, x: float, y: float, height: float, chance: np.random.Generator) -> None:
    """Draw a fir as a stack of ragged skirts."""
    tiers = 7
    pen.line([(x, y), (x, y - height * 0.4)], height * 0.045)
    for tier in range(tiers):
        part = tier / tiers
        bottom, top = y - height * (0.1 + 0.84 * part), y - height * min(1.0, 0.36 + 0.84 * part)
        wide = height * 0.24 * (1 - part) ** 0.85 + height * 0.02
        left = [
            (
                x - wide * k / pen.aspect * (0.9 + 0.2 * chance.random()),
                bottom - height * 0.03 * (k % 0.5 > 0.2) + wide * 0.12 * k,
            )
            for k in (1, 0.75, 0.5, 0.25)
        ]
        right = [(2 * x - a, b) for a, b in reversed(left)]
        pen.polygon([(x, top), *left, *right])


def paint_pines(
    canvas: Canvas,
    light: Light,
    name: str,
    *,
    foot: Callable[[float], float],
    height: float,
    count: int,
    colour: Colour,
    distance: float = 0,
) -> None:
    """Paint a row of firs along the line ``foot(x)``."""
    chance = canvas.chance(name)
    trees = [(chance.random(), chance.random()) for _ in range(count)]
    trees.sort(key=lambda tree: tree[1])

    def draw(pen: Pen) -> None:
        for along, size in trees:
            x = canvas.spread(along)
            if -0.1 <= x <= 1.1:
                draw_pine(pen, x, foot(x), height * (0.6 + 0.6 * size), chance)

    cover = canvas.shape(draw)
    tone = canvas.noise(f"{name}-needles", 0.03, octaves=3) - 0.5
    canvas.over(light.far(colour, distance), cover, tone=1 + 0.5 * tone)
    if light.snowy:
        crown = np.clip(cover - canvas.shifted(cover, 0, height * 0.035), 0, 1)
        canvas.over(light.far(SNOW, distance), np.maximum(crown * 0.9, cover * ramp(0.05, 0.35, tone) * 0.8))


def paint_grove(
    canvas: Canvas,
    light: Light,
    name: str,
    left: float,
    right: float,
    foot: float,
    height: float,
    count: int,
    colour: Colour,
) -> None:
    """Paint a few tall firs between two x, each its own shade."""
    for number, (along, size) in enumerate(canvas.chance(name).random((count, 2)).tolist()):
        x, tall = left + (right - left) * (number + 0.3 + 0.4 * along) / count, height * (0.7 + 0.45 * size)
        part = canvas.window(
            x - tall * 0.4 / canvas.aspect, foot - tall * 1.1, x + tall * 0.4 / canvas.aspect, foot + 0.03
        )
        if not part.rgb.size:
            continue
        part.darken(1 - 0.5 * np.exp(-((part.distance(x, foot, flat=5) / (0.26 * tall)) ** 2)))
        chance = canvas.chance(f"{name}/{number}")
        cover = part.shape(draw_pine, x, foot, tall, chance)
        tone = part.noise(f"{name}-needles", 0.05, octaves=5) - 0.5
        part.over(light.cast(colour), cover, tone=1 + 0.8 * tone)
        if light.snowy:
            crown = part.blur(np.clip(cover - part.shifted(cover, 0, tall * 0.03), 0, 1), tall * 0.012)
            part.over(light.cast(SNOW), np.maximum(crown, cover * ramp(0.0, 0.3, tone) * 0.75))
