"""Styles of the brush: the picture painted again, stroke by stroke, along its own forms.

Coarse strokes first, finer ones where they still differ from the picture (after Hertzmann 1998). Where each
stroke lies is computed all at once; Pillow draws them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from dalle_nb.backends.offline.colour import Plane
from dalle_nb.backends.offline.styles.sheet import (
    Sheet,
    contrast,
    from_image,
    relief,
    resized,
    saturate,
    slopes,
    to_image,
    tone,
)

_PAINT_HEIGHT = 960  # strokes are laid on a sheet of at most so many rows: more would not be seen
_STREAKED = 7  # pixels: the hairs of a thinner stroke would not be seen
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brush:
    """How a painter lays strokes; lengths in heights of the picture."""

    widths: tuple[float, ...]
    """Of each layer, coarse first."""
    length: float = 5.0
    """In widths."""
    spacing: float = 0.75
    """Between strokes, in widths."""
    jitter: float = 0.04
    """How much a stroke's colour strays."""
    bristles: float = 0.05
    """Difference of the streaks within a stroke."""
    body: float = 0.55
    """How thick the paint stands, for the light on it."""
    detail: float = 0.06
    """A finer layer paints where the coarser one is off by more than this."""
    swirl: float = 0.0
    """Strokes follow the forms at 0, a whirling field at 1."""
    level: float = 0.0
    """Strokes lie flat at 1."""
    bend: float = 0.0
    """How much a stroke curves."""
    touch: float = 0.5
    """How much of the finest lines is set over the strokes at the end."""
    strokes: int = 6000
    """Most strokes of a layer above the first: those are set where the picture is off most."""


def paint(sheet: Sheet, brush: Brush) -> Plane:
    """Return the picture painted again with a brush."""
    work = sheet.smaller(_PAINT_HEIGHT)
    image = to_image(work.blurred(brush.widths[0]))
    flow = _flow(work, brush)
    for layer, width in enumerate(brush.widths):
        target = work.blurred(width * 0.35)
        strokes = _spots(work, brush, layer, target, from_image(image) if layer else None)
        _draw(image, work, brush, width, strokes, flow, target)
        del target
    painted = from_image(image)
    _touch_up(painted, work, brush)
    # The paint's own streaks are its relief: what is lighter than its surroundings stands out.
    bumps = Sheet(painted, sheet.seed).luma()
    bumps -= work.canvas.blur(bumps, 0.006)
    painted *= relief(np.clip(bumps, -0.1, 0.1), work.canvas.pixel, brush.body)[..., None]
    return resized(painted, sheet.width, sheet.height)


def _touch_up(painted: Plane, sheet: Sheet, brush: Brush) -> None:
    """Set the finest lines, such as those of a face, over the strokes, in place."""
    for channel in range(3):
        plane = sheet.rgb[..., channel]
        painted[..., channel] += (plane - sheet.canvas.blur(plane, 0.0035)) * np.float32(brush.touch)


def _flow(sheet: Sheet, brush: Brush) -> tuple[Plane, Plane]:
    """Return the direction of strokes at every pixel: along edges, or whirling, as a unit vector."""
    small = sheet.smaller(360)
    right, down = slopes(small.canvas.blur(small.luma(), 0.006))
    # The structure tensor, averaged: direction without a sign, so that both sides of an edge agree.
    xx, yy, xy = (small.canvas.blur(plane, 0.03) for plane in (right * right, down * down, right * down))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.float32(np.pi / 2)
    field = small.noise("flow", 0.55, octaves=2) * np.float32(2 * np.pi * 1.6)
    # Slopes are per pixel: brought to those of 360 rows, so that a small picture flows as a large one does.
    weak = np.exp(-np.clip(xx + yy, 0, 1) * np.float32(4e4 * (small.height / 360) ** 2))
    free = np.clip(weak * 0.8 + brush.swirl, 0, 1)
    cos = np.cos(2 * angle) * (1 - free) + np.cos(2 * field) * free * (1 - brush.level) + brush.level * 1.4
    sin = np.sin(2 * angle) * (1 - free) + np.sin(2 * field) * free * (1 - brush.level)
    angle = (0.5 * np.arctan2(sin, cos)).astype(np.float32)
    return np.cos(angle), np.sin(angle)


def _spots(
    sheet: Sheet, brush: Brush, layer: int, target: Plane, painted: Plane | None
) -> tuple[npt.NDArray[np.int64], _Floats]:
    """Return the pixels (n, 2) as (column, row) where strokes of a layer are set, in the order of painting.

    And the luck (n, 7) of each, 0 to 1, which belongs to its place: one stroke more or less changes no other.
    """
    step = max(2.0, brush.widths[layer] * brush.spacing / sheet.canvas.pixel)
    columns, rows = np.meshgrid(
        np.arange(step / 2, sheet.width, step), np.arange(step / 2, sheet.height, step)
    )
    chance = sheet.chance(f"strokes/{layer}")
    spots = np.stack([columns.ravel(), rows.ravel()], 1)
    spots += (chance.random(spots.shape) - 0.5) * step * 1.1
    at: npt.NDArray[np.int64] = np.clip(spots, 0, (sheet.width - 1, sheet.height - 1)).astype(np.int64)
    at = at[np.argsort(chance.random(len(at)), kind="stable")]
    luck = sheet.chance(f"paint/{layer}").random((len(at), 7))
    if painted is None:
        return at, luck
    off = np.abs(target[at[:, 1], at[:, 0]] - painted[at[:, 1], at[:, 0]]).sum(1)
    worst = np.argsort(-off, kind="stable")[: brush.strokes]
    worst = np.sort(worst[off[worst] > brush.detail * 3])
    return np.ascontiguousarray(at[worst]), luck[worst]


def _draw(
    image: Image.Image,
    sheet: Sheet,
    brush: Brush,
    width: float,
    strokes: tuple[npt.NDArray[np.int64], _Floats],
    flow: tuple[Plane, Plane],
    target: Plane,
) -> None:
    at, luck = strokes
    pixels = width / sheet.canvas.pixel
    paths = _paths(at, flow, sheet, pixels * brush.length, brush.bend, luck[:, 0])
    colours = target[at[:, 1], at[:, 0]].astype(np.float64)
    colours += (luck[:, 1:2] - 0.5) * 2 * brush.jitter
    colours += (luck[:, 2:5] - 0.5) * brush.jitter
    _lines(image, paths, colours, pixels)
    if pixels < _STREAKED:
        return
    across = paths[:, -1] - paths[:, 0]
    across = across[:, ::-1] * (-1, 1) / np.maximum(np.hypot(across[:, 0], across[:, 1]), 1e-6)[:, None]
    # Each stroke carries two hairs of another shade, laid over all strokes: neighbours seem to interlock.
    for side, hair in ((-0.3, luck[:, 5:6]), (0.25, luck[:, 6:7])):
        shade = (hair - 0.5) * 2 * brush.bristles
        _lines(image, paths + across[:, None] * side * pixels, colours + shade, pixels * 0.22)


def _lines(image: Image.Image, paths: _Floats, colours: _Floats, width: float) -> None:
    pen, wide = ImageDraw.Draw(image), max(1, round(width))
    inks = (np.clip(colours, 0, 1) * 255).astype(np.int64).tolist()
    for path, ink in zip(paths.reshape(len(paths), 8).tolist(), inks, strict=True):
        pen.line(path, fill=tuple(ink), width=wide)


def _paths(
    at: npt.NDArray[np.int64],
    flow: tuple[Plane, Plane],
    sheet: Sheet,
    length: float,
    bend: float,
    luck: _Floats,
) -> _Floats:
    """Return the strokes (n, 4 points, 2), each following the flow from its middle to both ends."""
    rows, columns = flow[0].shape
    scale = np.array([columns / sheet.width, rows / sheet.height])
    reach = length * (0.6 + 0.8 * luck)[:, None]
    middle = at.astype(np.float64)
    points = []
    for sign in (-1, 1):
        here = middle
        ahead = _along(here, flow, scale) * sign
        for _ in range(2):
            turned = _along(here, flow, scale)
            turned *= np.sign((turned * ahead).sum(1, keepdims=True) + 1e-9)
            ahead = turned + bend * ahead[:, ::-1] * (-1, 1)
            here = here + ahead * reach / 4
            points.append(here)
    return np.stack([points[1], points[0], points[2], points[3]], 1)


def _along(at: _Floats, flow: tuple[Plane, Plane], scale: _Floats) -> _Floats:
    rows, columns = flow[0].shape
    cells = np.clip((at * scale).astype(np.int64), 0, (columns - 1, rows - 1))
    return np.stack([flow[0][cells[:, 1], cells[:, 0]], flow[1][cells[:, 1], cells[:, 0]]], 1).astype(
        np.float64
    )


OIL = Brush(touch=0.65, widths=(0.036, 0.018, 0.009, 0.005), length=3.4, bristles=0.06, body=1.6, detail=0.03)
ACRYLIC = Brush(
    widths=(0.07, 0.036, 0.014), length=1.8, jitter=0.06, bristles=0.025, body=0.7, detail=0.05, touch=0.6
)
IMPRESSIONIST = Brush(
    widths=(0.026, 0.016, 0.009), length=1.7, jitter=0.1, bristles=0.06, body=1.2, detail=0.04
)
VAN_GOGH = Brush(
    widths=(0.022, 0.014, 0.008),
    length=5,
    jitter=0.08,
    bristles=0.13,
    body=2.0,
    detail=0.05,
    swirl=0.5,
    bend=0.1,
)
MONET = Brush(
    widths=(0.024, 0.013, 0.008), length=1.9, jitter=0.08, bristles=0.05, body=0.8, detail=0.04, level=0.7
)
CONCEPT = Brush(
    widths=(0.07, 0.034, 0.016, 0.008), length=4, jitter=0.03, bristles=0.04, body=0.3, detail=0.05
)


def oil(sheet: Sheet) -> Plane:
    """Thick paint along the forms, every hair of the brush in relief."""
    saturate(sheet.rgb, 1.12)
    painted = paint(sheet, OIL)
    return _canvas_weave(Sheet(painted, sheet.seed), 0.05)


def acrylic(sheet: Sheet) -> Plane:
    """Broad flat patches of bright, opaque paint."""
    saturate(sheet.rgb, 1.3)
    contrast(sheet.rgb, 1.08)
    return paint(sheet, ACRYLIC)


def impressionist(sheet: Sheet) -> Plane:
    """Short broken dabs of purer colour."""
    saturate(sheet.rgb, 1.3)
    sheet.rgb += np.float32(0.03)
    return paint(sheet, IMPRESSIONIST)


def van_gogh(sheet: Sheet) -> Plane:
    """Long whirling strokes of blue and yellow."""
    saturate(sheet.rgb, 1.3)
    luma = sheet.luma()[..., None]
    sheet.rgb += (luma - np.float32(0.5)) * np.array([0.12, 0.1, -0.08], np.float32)
    contrast(sheet.rgb, 1.1)
    return paint(sheet, VAN_GOGH)


def monet(sheet: Sheet) -> Plane:
    """Small lying touches of light in lilac and green, no black anywhere."""
    saturate(sheet.rgb, 1.1)
    sheet.rgb *= np.float32(0.78)
    sheet.rgb += np.array([0.19, 0.19, 0.23], np.float32)
    return paint(sheet, MONET)


def concept(sheet: Sheet) -> Plane:
    """A quick, broad study: only the middle is worked out, in dusty colours under a shaft of light."""
    painted = Sheet(paint(sheet, CONCEPT), sheet.seed)
    sharp = sheet.focus(0.17)[..., None] * np.float32(0.7)
    painted.rgb += (sheet.rgb - painted.rgb) * sharp
    tone(painted.rgb, "#1c2b33", "#f0dcb8", 0.38)
    contrast(painted.rgb, 1.18)
    across = sheet.canvas.u + sheet.canvas.y * np.float32(0.55) - np.float32(0.3)
    painted.rgb *= (np.float32(0.84) + np.exp(-((across / np.float32(0.22)) ** 2)) * np.float32(0.34))[
        ..., None
    ]
    painted.rgb *= painted.vignette(0.55)[..., None]
    return painted.rgb


def _canvas_weave(sheet: Sheet, strength: float) -> Plane:
    """Return the picture on woven canvas."""
    threads = np.float32(2 * np.pi * 260)
    weave = np.sin(sheet.canvas.u * threads) * np.sin(sheet.canvas.y * threads)
    if sheet.height >= 700:  # finer than that the threads fall between the pixels
        sheet.rgb *= (1 + np.float32(strength) * weave)[..., None]
    return sheet.rgb
