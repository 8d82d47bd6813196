"""Styles of camera and light: grading, grain, focus, letterbox; and the moods of a palette."""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Plane, hexed, ramp
from dalle_nb.backends.offline.styles.sheet import Sheet, curve, lay, mixed, resized, saturate, tone

_S_CURVE = ((0, 0), (0.25, 0.2), (0.5, 0.5), (0.75, 0.81), (1, 1))


def photo(sheet: Sheet) -> Plane:
    """A good lens: true colour, the middle sharp, a little grain."""
    rgb = sheet.rgb
    lay(rgb, sheet.blurred(0.006), (1 - sheet.focus(0.4)) * np.float32(0.9))
    curve(rgb, _S_CURVE)
    rgb *= np.array([1.02, 1.0, 0.965], np.float32)
    _bloom(sheet, 0.03, 0.16)
    rgb *= sheet.vignette(0.34)[..., None]
    _grain(sheet, 0.045)
    return rgb


def portrait(sheet: Sheet) -> Plane:
    """The middle sharp and warm before a background that has dissolved."""
    rgb = sheet.rgb
    lay(rgb, sheet.blurred(0.028), 1 - sheet.focus(0.27))
    rgb *= np.array([1.06, 1.0, 0.93], np.float32)
    curve(rgb, ((0, 0.03), (0.3, 0.31), (0.7, 0.76), (1, 0.99)))
    rgb *= sheet.vignette(0.6, 0.2)[..., None]
    _grain(sheet, 0.025)
    return rgb


def landscape(sheet: Sheet) -> Plane:
    """Clear air: crisp detail near and far, deep sky, fresh green."""
    rgb = sheet.rgb
    rgb += (rgb - sheet.blurred(0.03)) * np.float32(0.45)
    rgb += (rgb - sheet.blurred(0.002)) * np.float32(0.4)
    saturate(rgb, 1.3)
    sky = ramp(0.55, 0.0, sheet.canvas.y)
    rgb *= (1 - sky * np.float32(0.2))[..., None]
    rgb *= sheet.vignette(0.22)[..., None]
    return rgb


def macro(sheet: Sheet) -> Plane:
    """Very near: the middle fills the picture, all else is a blur; who is not in the middle stays in it."""
    rows, columns = round(sheet.height / 1.12), round(sheet.width / 1.12)
    top, left = round((sheet.height - rows) * 0.6), (sheet.width - columns) // 2
    near = resized(sheet.rgb[top : top + rows, left : left + columns].copy(), sheet.width, sheet.height)
    close = Sheet(near, sheet.seed)
    lay(near, close.blurred(0.022), 1 - close.focus(0.36))
    saturate(near, 1.2)
    curve(near, ((0, 0.02), (0.5, 0.55), (1, 1)))
    near *= close.vignette(0.35)[..., None]
    return near


def black_and_white(sheet: Sheet) -> Plane:
    """Silver: full tones from black to white, with grain."""
    grey = mixed(sheet.rgb, (0.42, 0.42, 0.16))
    low, high = (float(value) for value in np.percentile(grey[::8, ::8], (1, 99)))
    grey = (grey - low) / max(high - low, 0.3)
    sheet.rgb[...] = np.clip(grey, 0, 1)[..., None]
    curve(sheet.rgb, ((0, 0.02), (0.25, 0.17), (0.5, 0.5), (0.75, 0.84), (1, 0.985)))
    sheet.rgb *= sheet.vignette(0.5)[..., None]
    _grain(sheet, 0.09)
    return sheet.rgb


def vintage(sheet: Sheet) -> Plane:
    """A print of fifty years: faded, yellowed, scratched, in a white frame."""
    rgb = sheet.rgb
    saturate(rgb, 0.55)
    tone(rgb, "#3a2416", "#f6e2b2", 0.5)
    curve(rgb, ((0, 0.13), (0.5, 0.53), (1, 0.93)))
    leak = np.exp(-(((sheet.canvas.x - 0.98) / 0.2) ** 2 + ((sheet.canvas.y - 0.2) / 0.5) ** 2))
    rgb += leak[..., None] * np.array([0.3, 0.12, 0.02], np.float32)
    rgb *= sheet.vignette(0.5)[..., None]
    _grain(sheet, 0.08)
    _wear(sheet)
    side = np.minimum(sheet.canvas.x, 1 - sheet.canvas.x) * np.float32(sheet.aspect)
    frame = np.minimum(side, np.minimum(sheet.canvas.y, 1 - sheet.canvas.y))
    lay(rgb, hexed("#f1e8d2"), ramp(0.031, 0.028, frame))
    return rgb


def cinematic(sheet: Sheet) -> Plane:
    """Teal shadows, amber light, a glow, grain, and black bars above and below."""
    rgb = sheet.rgb
    curve(rgb, ((0, 0), (0.2, 0.15), (0.5, 0.5), (0.8, 0.86), (1, 1)))
    luma = sheet.luma()[..., None]
    rgb += (1 - luma) * np.array([-0.035, 0.012, 0.045], np.float32)
    rgb += luma * np.array([0.05, 0.012, -0.04], np.float32)
    _bloom(sheet, 0.035, 0.3)
    rgb *= sheet.vignette(0.5)[..., None]
    _grain(sheet, 0.05)
    bars = max(0.05, (1 - sheet.aspect / 2.0) * 0.15)
    rgb *= ramp(bars, bars + 0.0015, np.minimum(sheet.canvas.y, 1 - sheet.canvas.y))[..., None]
    return rgb


def cyberpunk(sheet: Sheet) -> Plane:
    """Magenta and cyan, light that bleeds, colours out of register, scan lines."""
    rgb = sheet.rgb
    curve(rgb, ((0, 0.01), (0.15, 0.17), (0.3, 0.34), (0.6, 0.68), (1, 1)))
    tone(rgb, "#2a0a5c", "#8ff2ff", 0.42)
    warm = np.clip(rgb[..., 0] - rgb[..., 1], 0, 1)
    rgb += warm[..., None] * np.array([0.28, -0.1, 0.3], np.float32)
    rgb += ramp(0.3, 1.0, sheet.canvas.y)[..., None] * np.array([0.06, -0.015, 0.07], np.float32)
    _bloom(sheet, 0.03, 0.55)
    shift = max(1, round(sheet.height * 0.0022))
    rgb[..., 0] = np.roll(rgb[..., 0], shift, 1)
    rgb[..., 2] = np.roll(rgb[..., 2], -shift, 1)
    lines = np.sin(sheet.canvas.y * np.float32(2 * np.pi * 190)) * np.float32(0.045)
    rgb *= 1 - np.float32(0.045) + lines[..., None]
    rgb *= sheet.vignette(0.55)[..., None]
    return rgb


def surreal(sheet: Sheet) -> Plane:
    """The world melts: forms run down and bend, in colours of a dream."""
    small = sheet.smaller(480)
    drip = resized(small.noise("drip", 0.16, flat=0.25, octaves=3), sheet.width, sheet.height)
    bend = resized(small.noise("bend", 0.6, octaves=2), sheet.width, sheet.height)
    canvas = sheet.canvas
    down = canvas.y - np.clip(drip + np.float32(0.12), 0, 1) * np.float32(0.26) * ramp(0.05, 0.8, canvas.y)
    across = canvas.x + bend * np.float32(0.16) + np.sin(canvas.y * np.float32(11)) * np.float32(0.012)
    rows = np.clip(down * sheet.height, 0, sheet.height - 1).astype(np.int32)
    columns = np.clip(across * sheet.width, 0, sheet.width - 1).astype(np.int32)
    rgb: Plane = sheet.rgb[rows, columns]
    dream = Sheet(rgb, sheet.seed)
    tone(rgb, "#1b4a5c", "#ffdf9c", 0.32)
    saturate(rgb, 1.4)
    curve(rgb, _S_CURVE)
    _bloom(dream, 0.04, 0.25)
    rgb *= dream.vignette(0.4)[..., None]
    return rgb


def digital(sheet: Sheet) -> Plane:
    """Painted on a screen: smooth, luminous, with a glow on every light."""
    rgb = sheet.rgb
    rgb += (sheet.blurred(0.004) - rgb) * np.float32(0.35)
    saturate(rgb, 1.28)
    curve(rgb, ((0, 0.01), (0.25, 0.22), (0.7, 0.77), (1, 1)))
    rgb += (rgb - sheet.blurred(0.05)) * np.float32(0.22)
    _bloom(sheet, 0.045, 0.42)
    tone(rgb, "#2a1a5e", "#fff2d8", 0.1)
    rgb *= sheet.vignette(0.25)[..., None]
    return rgb


def luminous_anime(sheet: Sheet) -> Plane:
    """No line at all: light. A sky of deep blue, rose in the lights, flares across the lens, dust that glitters."""
    rgb, canvas = sheet.rgb, sheet.canvas
    rgb += (rgb - sheet.blurred(0.004)) * np.float32(0.5)
    saturate(rgb, 1.4)
    curve(rgb, ((0, 0.02), (0.25, 0.2), (0.6, 0.66), (1, 1)))
    tone(rgb, "#10226e", "#ffe6d0", 0.24)
    sky = ramp(0.7, 0.0, canvas.y)[..., None]
    rgb += sky * np.array([-0.07, 0.0, 0.1], np.float32) + (1 - sky) * np.array([0.03, 0.0, 0.03], np.float32)
    across = canvas.u * np.float32(0.8) + canvas.y
    for place, width, colour in ((0.16, 0.05, "#ffd9ec"), (0.3, 0.02, "#c8e6ff"), (0.44, 0.09, "#fff0c8")):
        beam = np.exp(-(((across - np.float32(place)) / np.float32(width)) ** 2)) * ramp(1.0, 0.1, canvas.y)
        lay(rgb, hexed(colour), beam * np.float32(0.2))
    chance = sheet.chance("glitter")
    for x, y, size in chance.random((46, 3)).tolist():
        Canvas.sheet(rgb).glow(canvas.spread(x), y, 0.002 + 0.007 * size**4, hexed("#fff4d6"), 0.8)
    _bloom(sheet, 0.05, 0.55)
    return rgb


def vivid(sheet: Sheet) -> Plane:
    """More of everything: colour, contrast, light."""
    saturate(sheet.rgb, 1.5)
    curve(sheet.rgb, ((0, 0), (0.25, 0.2), (0.5, 0.52), (0.75, 0.84), (1, 1)))
    _bloom(sheet, 0.03, 0.2)
    return sheet.rgb


def natural(sheet: Sheet) -> Plane:
    """Less of everything: an overcast, even light."""
    saturate(sheet.rgb, 0.74)
    curve(sheet.rgb, ((0, 0.05), (0.5, 0.5), (1, 0.95)))
    return sheet.rgb


def warm(sheet: Sheet) -> Plane:
    """Candlelight."""
    tone(sheet.rgb, "#4a1f10", "#ffeccb", 0.1)
    sheet.rgb *= np.array([1.03, 1.0, 0.94], np.float32)
    return sheet.rgb


def cool(sheet: Sheet) -> Plane:
    """Blue air."""
    tone(sheet.rgb, "#0c2348", "#dff2ff", 0.18)
    sheet.rgb *= np.array([0.93, 1.0, 1.06], np.float32)
    return sheet.rgb


def pastel(sheet: Sheet) -> Plane:
    """Chalk."""
    saturate(sheet.rgb, 0.85)
    curve(sheet.rgb, ((0, 0.34), (0.5, 0.7), (1, 0.99)))
    return sheet.rgb


def bright(sheet: Sheet) -> Plane:
    """Sunny colours."""
    saturate(sheet.rgb, 1.25)
    curve(sheet.rgb, ((0, 0.02), (0.5, 0.56), (1, 1)))
    return sheet.rgb


def muted(sheet: Sheet) -> Plane:
    """Colours with grey in them."""
    saturate(sheet.rgb, 0.55)
    curve(sheet.rgb, ((0, 0.08), (1, 0.93)))
    return sheet.rgb


def high_contrast(sheet: Sheet) -> Plane:
    """Deep shadow beside full light."""
    curve(sheet.rgb, ((0, 0), (0.2, 0.15), (0.45, 0.46), (0.7, 0.84), (1, 1)))
    sheet.rgb *= sheet.vignette(0.2)[..., None]
    return sheet.rgb


def moody(sheet: Sheet) -> Plane:
    """Dim, and a little green."""
    saturate(sheet.rgb, 0.75)
    curve(sheet.rgb, ((0, 0), (0.5, 0.36), (1, 0.85)))
    tone(sheet.rgb, "#0a1a1c", "#cfe0cf", 0.15)
    sheet.rgb *= sheet.vignette(0.6)[..., None]
    return sheet.rgb


def soft(sheet: Sheet) -> Plane:
    """A veil before the lens."""
    sheet.rgb += (sheet.blurred(0.012) - sheet.rgb) * np.float32(0.35)
    curve(sheet.rgb, ((0, 0.07), (0.5, 0.55), (1, 1)))
    _bloom(sheet, 0.04, 0.22)
    return sheet.rgb


def _bloom(sheet: Sheet, radius: float, strength: float) -> None:
    """Let the lights spread, in place."""
    for channel in range(3):
        plane = sheet.rgb[..., channel]
        plane += sheet.canvas.blur(np.clip(plane - np.float32(0.62), 0, 1), radius) * np.float32(
            strength * 1.6
        )


def _grain(sheet: Sheet, strength: float) -> None:
    """Add film grain, in place: strongest in the middle tones."""
    grain = sheet.noise("grain", 0.0042, octaves=2, finest=1) * np.float32(strength * 1.6)
    luma = sheet.luma()
    sheet.rgb += (grain * (np.float32(0.35) + luma * (1 - luma) * np.float32(2.6)))[..., None]


def _wear(sheet: Sheet) -> None:
    """Add dust and scratches, in place."""
    chance = sheet.chance("wear")
    for _ in range(16):
        x, top, length = chance.random(), chance.random(), 0.1 + 0.5 * chance.random()
        part = sheet.canvas.window(x - 0.006, top, x + 0.006, top + length)
        if not part.rgb.size:
            continue
        wave = np.float32(x) + np.sin(part.y * np.float32(9 + 20 * chance.random())) * np.float32(0.002)
        line = np.exp(-(((part.x - wave) / np.float32(0.0007)) ** 2)) * np.float32(0.16 * chance.random())
        left, up = part.corner
        rows, columns = part.rgb.shape[:2]
        sheet.rgb[up : up + rows, left : left + columns] += line[..., None]
    specks = sheet.noise("dust", 0.006, octaves=1, finest=1)
    sheet.rgb += (specks > 0.74)[..., None] * np.float32(0.2)
