"""Styles of paper: water and pigment, pencil, ink and line."""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.colour import Plane, hexed, ramp
from dalle_nb.backends.offline.styles.sheet import (
    Sheet,
    contours,
    curve,
    from_image,
    lay,
    mixed,
    outlines,
    relief,
    resized,
    saturate,
    slopes,
    to_image,
    tone,
)

_PAPER = hexed("#f7f2e6")
_RICE_PAPER = hexed("#efe7d3")
_INK = hexed("#1f2427")


def watercolour(sheet: Sheet) -> Plane:
    """Pools of thin colour with dark rims, pigment settled in the grain, white paper around."""
    wet = Sheet(_wobbled(sheet, 0.009, 0.05), sheet.seed)
    smooth = Sheet(_pooled(wet, 9), sheet.seed)
    smooth.rgb += (wet.blurred(0.004) - smooth.rgb) * np.float32(0.4)
    rims = _rims(smooth)
    pigment = smooth.noise("pigment", 0.14, octaves=4) * np.float32(0.34) + smooth.noise(
        "grain", 0.006
    ) * np.float32(0.24)
    saturate(smooth.rgb, 1.12)
    # Pigment lets the paper through: thicker in rims and in the valleys of the grain.
    thickness = np.clip(np.float32(0.84) + rims * np.float32(0.75) + pigment, 0.3, 1.7)[..., None]
    rgb: Plane = np.power(np.clip(smooth.rgb, 0.02, 1), thickness, out=smooth.rgb)
    rgb *= np.array(_PAPER, np.float32)
    lay(rgb, _PAPER, _deckle(smooth, 0.035))
    rgb *= relief(smooth.noise("paper", 0.009, octaves=3), sheet.canvas.pixel, 0.35)[..., None]
    return rgb


def sketch(sheet: Sheet) -> Plane:
    """Graphite: contour lines and hatching that thickens in the dark, on white paper."""
    luma = sheet.luma()
    low, high = (float(value) for value in np.percentile(luma[::8, ::8], (2, 98)))
    # Paler than nature, with firm contours: what is drawn stands out from its hatched surroundings.
    level = np.clip((luma - low) / max(high - low, 0.2), 0, 1) ** np.float32(0.7)
    lines = np.clip(outlines(sheet, 0.0016, 18) + outlines(sheet, 0.0036, 12) * 0.9, 0, 1)
    dark, calm = np.zeros_like(level), sheet.canvas.blur(level, 0.003)
    # Four directions of hatching join in one after another as it gets darker.
    for limit, turn, weight in ((0.86, 0.8, 0.34), (0.62, 0.62, 0.38), (0.42, -0.7, 0.4), (0.24, 0.1, 0.5)):
        reach = ramp(limit, limit - 0.22, calm)
        dark += _hatching(sheet, turn) * reach * np.float32(weight)
    dark = dark * 0.7 + lines * np.float32(1.1) + (1 - level) * np.float32(0.16)
    grain = np.float32(0.8) + sheet.noise("paper", 0.005, octaves=3) * np.float32(1.1)
    cover = np.clip(dark * grain, 0, 0.95) * (1 - _deckle(sheet, 0.05) * np.float32(0.85))
    rgb = sheet.rgb
    rgb[...] = hexed("#f8f5ee")
    lay(rgb, hexed("#33353b"), cover)
    return rgb


def ink_wash(sheet: Sheet) -> Plane:
    """Ink on rice paper: grey washes that bleed, dark strokes, a breath of colour, a red seal."""
    wet = Sheet(_wobbled(sheet, 0.003, 0.03), sheet.seed)
    luma = wet.luma()
    cover, colour = _washed(wet, luma), wet.rgb
    colour -= luma[..., None]
    del luma
    # A breath of colour; only what is red keeps more of it: blossom, lanterns, the sun.
    red = np.clip((colour[..., 0] - np.maximum(colour[..., 1], colour[..., 2])) * np.float32(2.2), 0, 0.55)
    colour *= (np.float32(0.22) + red)[..., None]
    rgb = sheet.rgb
    rgb[...] = _RICE_PAPER
    lay(rgb, _INK, cover)
    rgb += colour
    lay(rgb, _RICE_PAPER, _deckle(wet, 0.03) * np.float32(0.9))
    rgb *= (1 + wet.noise("paper", 0.02, flat=2.5) * np.float32(0.07))[..., None]
    _seal(rgb, wet)
    return rgb


def _washed(wet: Sheet, luma: Plane) -> Plane:
    """Return how much ink lies where: soft washes of the dark, uneven as paper drinks them, and the strokes."""
    wash = np.minimum(luma, wet.canvas.blur(luma, 0.012) + np.float32(0.05))
    wash *= np.float32(0.7)
    wash += wet.canvas.blur(luma, 0.02) * np.float32(0.3)
    washes = wet.noise("wash", 0.22, octaves=4) * np.float32(0.2)
    washes += wet.noise("fibre", 0.012, flat=3) * np.float32(0.12)
    washes *= 1 - wash
    wash = np.clip((wash - np.float32(0.04)) * np.float32(1.12) + washes, 0, 1)
    del washes
    wash -= outlines(wet, 0.0016, 9) * np.float32(0.5)
    cover: Plane = np.clip(1 - wash, 0, 1) ** np.float32(1.15) * np.float32(0.96)
    return cover


def line_art(sheet: Sheet) -> Plane:
    """Black contours on white, to be coloured in."""
    cover = np.maximum(contours(sheet, 0.002, 0.075), contours(sheet, 0.0045, 0.06) * np.float32(0.8))
    rgb = np.ones_like(sheet.rgb)
    lay(rgb, hexed("#17181b"), cover)
    return rgb


def hand_drawn_anime(sheet: Sheet) -> Plane:
    """Clean colours in two tones over a gouache ground, high summer light, a fine brown line."""
    lines = contours(sheet, 0.0013, 0.11)
    rgb = sheet.rgb
    rgb += (_pooled(sheet, 6) - rgb) * np.float32(0.8)
    saturate(rgb, 1.35)
    curve(rgb, ((0, 0.08), (0.25, 0.3), (0.6, 0.66), (1, 1)))
    tone(rgb, "#3a3f8c", "#fffbe6", 0.14)
    sky = ramp(0.6, 0.0, sheet.canvas.y)[..., None]
    rgb += sky * np.array([-0.03, 0.02, 0.06], np.float32)
    light = np.clip(sheet.blurred(0.03) - np.float32(0.6), 0, 1)
    rgb += light * np.array([0.2, 0.18, 0.12], np.float32)
    rgb *= (1 + sheet.noise("gouache", 0.06, octaves=4) * np.float32(0.13))[..., None]
    lay(rgb, hexed("#4a2d2a"), lines * np.float32(0.85))
    return rgb


def storybook_anime(sheet: Sheet) -> Plane:
    """A page of a picture book: warm, pale gouache in few tones, dabbed leaves, a soft line of the colour's own shade."""
    lines = contours(sheet, 0.0022, 0.09)
    dabbed = Sheet(_wobbled(sheet, 0.0016, 0.02), sheet.seed)
    rgb = _pooled(dabbed, 6)
    rgb += (dabbed.rgb - rgb) * np.float32(0.5)
    saturate(rgb, 1.05)
    curve(rgb, ((0, 0.16), (0.3, 0.42), (0.7, 0.8), (1, 1)))
    rgb *= np.array([1.03, 1.0, 0.88], np.float32)
    shade = rgb * np.array([0.5, 0.42, 0.36], np.float32)
    rgb += (shade - rgb) * (lines * np.float32(0.75))[..., None]
    rgb *= (1 + dabbed.noise("gouache", 0.03, flat=1.6, octaves=4) * np.float32(0.2))[..., None]
    lay(rgb, hexed("#fbf3df"), _deckle(dabbed, 0.028))
    rgb *= relief(dabbed.noise("paper", 0.007, octaves=2), sheet.canvas.pixel, 0.22)[..., None]
    return rgb


def _wobbled(sheet: Sheet, reach: float, cell: float) -> Plane:
    """Return the picture with its edges led astray by a hand, up to ``reach``."""
    small = sheet.smaller(384)
    shift = np.float32(reach * sheet.height * 2)
    across, down = small.noise("wobble/x", cell, octaves=3), small.noise("wobble/y", cell, octaves=3)
    wobbled = np.empty_like(sheet.rgb)
    columns = np.arange(sheet.width, dtype=np.float32)[None]
    step = 128
    # Row by row in bands: the places of a whole large picture would take more memory than itself.
    across, down = (resized(plane, sheet.width, sheet.height) for plane in (across, down))
    for top in range(0, sheet.height, step):
        band = slice(top, top + step)
        rows = np.arange(top, min(top + step, sheet.height), dtype=np.float32)[:, None]
        x = np.clip(columns + across[band] * shift, 0, sheet.width - 1).astype(np.intp)
        y = np.clip(rows + down[band] * shift, 0, sheet.height - 1).astype(np.intp)
        wobbled[band] = sheet.rgb[y, x]
    return wobbled


def _pooled(sheet: Sheet, tones: int) -> Plane:
    """Return the picture in pools of even colour: brightness in a few steps with soft borders."""
    small = sheet.smaller(640)
    smooth = from_image(to_image(small.blurred(0.006)))
    luma = mixed(smooth, (0.299, 0.587, 0.114))
    steps = luma * np.float32(tones)
    whole = np.floor(steps)
    part = ramp(0.35, 0.65, steps - whole)
    stepped = (whole + part) / np.float32(tones)
    smooth *= ((stepped + np.float32(0.04)) / (luma + np.float32(0.04)))[..., None]
    return resized(smooth, sheet.width, sheet.height)


def _rims(sheet: Sheet) -> Plane:
    """Return where pools end: pigment gathers there."""
    luma = sheet.luma()
    right, down = slopes(sheet.canvas.blur(luma, 0.0016))
    steep = np.hypot(right, down) * np.float32(1 / sheet.canvas.pixel / 1024)
    return np.clip(sheet.canvas.blur(steep, 0.0016) * 14, 0, 1)


def _deckle(sheet: Sheet, width: float) -> Plane:
    """Return how bare the paper is: an uneven border that the paint does not reach."""
    canvas = sheet.canvas
    side = np.minimum(canvas.x, 1 - canvas.x) * np.float32(sheet.aspect)
    inside = np.minimum(side, np.minimum(canvas.y, 1 - canvas.y))
    ragged = inside + sheet.noise("deckle", 0.09, octaves=5) * np.float32(width * 1.1)
    bare: Plane = ramp(width, width * 0.72, ragged)
    return bare


def _hatching(sheet: Sheet, turn: float) -> Plane:
    """Return pencil strokes in one direction, 0 to 1."""
    canvas = sheet.canvas
    wander = sheet.noise("hand", 0.25, octaves=2) * np.float32(0.035)
    phase = (canvas.u * np.float32(np.cos(turn)) + canvas.y * np.float32(np.sin(turn)) + wander) * np.float32(
        2 * np.pi * 95
    )
    pressure = np.float32(0.75) + sheet.noise(f"pressure/{turn}", 0.06, octaves=2)
    strokes: Plane = np.clip((np.sin(phase) + np.float32(0.35)) * pressure, 0, 1)
    return strokes


def _seal(rgb: Plane, sheet: Sheet) -> None:
    """Press a small red seal into the lower left corner, in place."""
    size = 0.052
    left, top = 0.06 / sheet.aspect, 0.865
    part = sheet.canvas.window(left, top, left + size / sheet.aspect, top + size * 1.2)
    if not part.rgb.size:
        return
    x = (part.x - np.float32(left)) * np.float32(sheet.aspect / size)
    y = (part.y - np.float32(top)) / np.float32(size)
    # 画 cut into the stone, in strokes of a unit square.
    cut = np.zeros(part.rgb.shape[:2], bool)
    for x0, y0, x1, y1 in (
        (0.22, 0.2, 0.78, 0.27),
        (0.3, 0.4, 0.7, 0.46),
        (0.3, 0.4, 0.37, 0.8),
        (0.63, 0.4, 0.7, 0.8),
        (0.3, 0.58, 0.7, 0.64),
        (0.3, 0.76, 0.7, 0.82),
        (0.465, 0.27, 0.535, 0.8),
        (0.14, 0.45, 0.21, 1.0),
        (0.79, 0.45, 0.86, 1.0),
        (0.14, 0.94, 0.86, 1.0),
    ):
        cut |= (x > x0) & (x < x1) & (y > y0) & (y < y1)
    worn = part.noise("style/seal", 0.02, octaves=3) > 0.33
    rows, columns = part.corner[1], part.corner[0]
    target = rgb[rows : rows + part.rgb.shape[0], columns : columns + part.rgb.shape[1]]
    lay(target, hexed("#b2332c"), (~cut & worn) * np.float32(0.9))
