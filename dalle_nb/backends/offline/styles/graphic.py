"""Styles of print and screen: few colours, clean shapes, dots, pixels, facets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from dalle_nb.backends.offline.colour import Plane, hexed, ramp
from dalle_nb.backends.offline.styles.sheet import (
    Sheet,
    contours,
    contrast,
    curve,
    from_image,
    lay,
    outlines,
    resized,
    saturate,
    slopes,
    to_image,
)

_SHAPE_HEIGHT = 400  # shapes are found on a sheet of so many rows, then drawn as fine as asked


def pop_art(sheet: Sheet) -> Plane:
    """Few loud colours, dots of ink in the half-tones, thick black lines."""
    lines = contours(sheet, 0.0032, 0.06)
    luma = sheet.canvas.blur(sheet.luma(), 0.004)
    saturate(sheet.rgb, 1.9)
    contrast(sheet.rgb, 1.25)
    flat = _flattened(sheet, 9, 0.006)
    saturate(flat, 1.5)
    step = np.float32(2 * np.pi / 0.0165)
    dots = np.cos((sheet.canvas.u + sheet.canvas.y) * step * np.float32(0.7071))
    dots = (dots + np.cos((sheet.canvas.u - sheet.canvas.y) * step * np.float32(0.7071))) * np.float32(
        0.25
    ) + 0.5
    shade = ramp(0.0, 0.08, dots - np.clip(luma * np.float32(1.5) - np.float32(0.12), 0, 1))
    lay(flat, flat * np.array([0.62, 0.4, 0.62], np.float32), shade * np.float32(0.9))
    light = ramp(0.0, 0.08, dots - np.clip((1 - luma) * np.float32(2.6), 0.25, 1))
    lay(flat, hexed("#fffbe8"), light * np.float32(0.85))
    lay(flat, hexed("#141016"), lines)
    return flat


def minimal(sheet: Sheet) -> Plane:
    """Large quiet shapes in a few pale tones, and much empty paper around them."""
    saturate(sheet.rgb, 0.95)
    curve(sheet.rgb, ((0, 0.24), (0.5, 0.64), (1, 0.98)))
    flat = _flattened(sheet, 13, 0.009)
    paper = np.array(hexed("#f6f2ea"), np.float32)
    picture = np.empty_like(flat)
    picture[...] = paper
    # The picture itself is set smaller on the sheet, as a print in its mount.
    rows, columns = round(sheet.height * 0.8), round(sheet.width - sheet.height * 0.2)
    if columns < sheet.width // 2:
        columns = round(sheet.width * 0.8)
    top, left = (sheet.height - rows) // 2, (sheet.width - columns) // 2
    picture[top : top + rows, left : left + columns] = resized(flat, columns, rows)
    return picture


def flat(sheet: Sheet) -> Plane:
    """Twenty even colours without a line."""
    saturate(sheet.rgb, 1.2)
    curve(sheet.rgb, ((0, 0.09), (0.5, 0.56), (1, 1)))
    return _flattened(sheet, 20, 0.005)


def vector(sheet: Sheet) -> Plane:
    """Clean shapes with smooth fills and an even outline."""
    lines = contours(sheet, 0.0017, 0.1)
    saturate(sheet.rgb, 1.3)
    shapes = _flattened(sheet, 18, 0.005)
    shapes += (sheet.blurred(0.02) - shapes) * np.float32(0.22)
    lay(shapes, hexed("#1d2b45"), lines * np.float32(0.92))
    return shapes


def pixel(sheet: Sheet) -> Plane:
    """A hundred rows of pixels in forty colours."""
    rows = 112
    saturate(sheet.rgb, 1.22)
    contrast(sheet.rgb, 1.06)
    small = resized(sheet.rgb, max(2, round(rows * sheet.aspect)), rows, Image.Resampling.BOX)
    image = to_image(small)
    few = image.quantize(40, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    owner, source = np.asarray(few), from_image(image)
    for index in range(int(owner.max()) + 1):
        own = owner == index
        if own.any():
            source[own] = source[own].mean(0, dtype=np.float64)
    return resized(source, sheet.width, sheet.height, Image.Resampling.NEAREST)


def cartoon(sheet: Sheet) -> Plane:
    """Bright colours in two or three shades each, and a bold dark outline."""
    lines = contours(sheet, 0.0027, 0.11)
    saturate(sheet.rgb, 1.35)
    curve(sheet.rgb, ((0, 0.05), (0.5, 0.56), (1, 1)))
    shapes = _flattened(sheet, 18, 0.004)
    shapes += (sheet.rgb - shapes) * np.float32(0.2)
    lay(shapes, hexed("#2a1a22"), lines)
    return shapes


def picasso(sheet: Sheet) -> Plane:
    """Facets that each see the picture from another side, in ochre and blue, with black seams."""
    owner, seam = _facets(sheet, 46)
    chance = sheet.chance("facets")
    reach = sheet.height * 0.055
    shift = ((chance.random((2, 46)) - 0.5) * 2 * reach).astype(np.float32)
    turn = (chance.random(46) - 0.5).astype(np.float32) * np.float32(0.175)
    down = np.arange(sheet.height, dtype=np.float32)[:, None] - np.float32(sheet.height / 2)
    across = np.arange(sheet.width, dtype=np.float32)[None] - np.float32(sheet.width / 2)
    columns = across + np.float32(sheet.width / 2) - down * turn[owner] + shift[0][owner]
    rows = down + np.float32(sheet.height / 2) + across * turn[owner] + shift[1][owner]
    seen: Plane = sheet.rgb[
        np.clip(rows, 0, sheet.height - 1).astype(np.int32),
        np.clip(columns, 0, sheet.width - 1).astype(np.int32),
    ]
    cubist = Sheet(seen, sheet.seed)
    saturate(seen, 0.8)
    tints = np.array(
        [hexed(code) for code in ("#c9964e", "#3d5a80", "#e4cfa0", "#7d4a34", "#6d8a94")], np.float32
    )
    lay(seen, tints[owner % 5], 0.3)
    lean = across * np.cos(turn * 25)[owner] + down * np.sin(turn * 25)[owner]
    seen *= (1 + np.clip(np.sin(lean / np.float32(reach * 1.6)), -1, 1) * np.float32(0.13))[..., None]
    contrast(seen, 1.15)
    seen *= (1 + cubist.noise("paint", 0.012, flat=0.4, octaves=3) * np.float32(0.18))[..., None]
    lay(
        seen,
        hexed("#1c1714"),
        np.maximum(seam, ramp(0.35, 0.65, outlines(cubist, 0.002, 14)) * np.float32(0.7)),
    )
    return seen


def three_d(sheet: Sheet) -> Plane:
    """Soft plastic: rounded edges, light from above, a shine, distance out of focus."""
    luma = sheet.luma()
    height = sheet.canvas.blur(luma, 0.006) * np.float32(0.6) + sheet.canvas.blur(luma, 0.02) * np.float32(
        0.4
    )
    right, down = slopes(height)
    scale = np.float32(1 / sheet.canvas.pixel / 1024)
    lit = np.clip((-right * np.float32(0.6) - down) * scale * np.float32(44), -1, 1)
    rgb = sheet.rgb
    smooth = _flattened(sheet, 22, 0.006)
    rgb += (smooth - rgb) * np.float32(0.6)
    saturate(rgb, 1.35)
    curve(rgb, ((0, 0.08), (0.5, 0.58), (1, 0.98)))
    rgb *= (1 + lit * np.float32(0.34))[..., None]
    shine = ramp(0.45, 0.95, sheet.canvas.blur(np.clip(lit, 0, 1), 0.0035))
    rgb += shine[..., None] * np.float32(0.5)
    # Corners keep the light out: a cheap stand-in for ambient occlusion.
    hollow = np.clip(sheet.canvas.blur(luma, 0.03) - luma, 0, 0.4)
    rgb *= (1 - hollow * np.float32(0.7))[..., None]
    blurred = Sheet(rgb, sheet.seed).blurred(0.012)
    lay(rgb, blurred, 1 - sheet.focus(0.36))
    return rgb


def _flattened(sheet: Sheet, colours: int, smooth: float) -> Plane:
    """Return the picture in a few even colours with clean, rounded borders."""
    small = sheet.smaller(_SHAPE_HEIGHT)
    image = to_image(small.blurred(smooth)).filter(ImageFilter.MedianFilter(3))
    # Coverage, not frequency: a small red sun counts as much as a large grey sky.
    few = image.quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    # A narrow rim of a third colour between two shapes is an artefact of the blur: the neighbours take it.
    owner = np.asarray(Image.fromarray(np.asarray(few)).filter(ImageFilter.ModeFilter(7)))
    source = from_image(image)
    best = np.zeros((sheet.height, sheet.width), np.uint8)
    flat = np.zeros_like(sheet.rgb)
    # Each colour's own area is made large softly; where it is strongest it wins, so borders come out round.
    for index in range(int(owner.max()) + 1):
        own = owner == index
        if not own.any():
            continue
        spread = Image.fromarray(own.astype(np.uint8) * np.uint8(255)).filter(ImageFilter.GaussianBlur(1.4))
        area = np.asarray(spread.resize((sheet.width, sheet.height), Image.Resampling.BICUBIC))
        wins = area > best
        np.maximum(best, area, out=best)
        flat[wins] = source[own].mean(0, dtype=np.float64).astype(np.float32)
    return _smoothed_borders(flat, sheet)


def _smoothed_borders(flat: Plane, sheet: Sheet) -> Plane:
    """Return shapes with borders a pixel soft."""
    return from_image(to_image(flat).filter(ImageFilter.BoxBlur(max(0.5, sheet.height / 2200))))


def _facets(sheet: Sheet, count: int) -> tuple[npt.NDArray[np.uint8], Plane]:
    """Return which facet every pixel is in, and the seams between facets."""
    small = sheet.smaller(360)
    sites = sheet.chance("sites").random((count, 2)) * (small.width, small.height)
    rows, columns = np.indices((small.height, small.width), np.float32)
    nearest = np.full(rows.shape, np.inf, np.float32)
    owner = np.zeros(rows.shape, np.uint8)
    for index, (x, y) in enumerate(sites):
        # Taxicab in part: straight, slanting borders instead of round cells.
        off_x, off_y = np.abs(columns - np.float32(x)), np.abs(rows - np.float32(y))
        distance = off_x + off_y * np.float32(0.9) + np.maximum(off_x, off_y)
        wins = distance < nearest
        nearest[wins], owner[wins] = distance[wins], index
    large = np.asarray(Image.fromarray(owner).resize((sheet.width, sheet.height), Image.Resampling.NEAREST))
    edge = np.zeros(owner.shape, np.float32)
    edge[:, 1:] = owner[:, 1:] != owner[:, :-1]
    edge[1:] = np.maximum(edge[1:], owner[1:] != owner[:-1])
    seam = ramp(0.18, 0.45, resized(small.canvas.blur(edge, 0.004), sheet.width, sheet.height))
    return large, seam
