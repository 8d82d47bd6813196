"""A picture of nothing: veils of colour folded into each other, in a palette that chance picks."""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch

_PALETTES = {
    "sea": ("#0b1d3a", "#12507b", "#2aa9b8", "#f2e8cf", "#f2a65a"),
    "ember": ("#1b0b1e", "#5f0f40", "#c8553d", "#f2b880", "#fff3d6"),
    "moss": ("#10231c", "#2d5a3d", "#8aa653", "#e9dfa7", "#d97b4f"),
    "iris": ("#161032", "#4b2a8c", "#c05fb4", "#f7b7c5", "#ffe9b8"),
    "dawn": ("#274060", "#7a86b8", "#e7a6a1", "#ffd9a0", "#fff6e6"),
    "ink": ("#16191c", "#4a5358", "#9aa3a3", "#e6e1d3", "#c8473a"),
}


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint noise that is bent by noise, coloured by how far it was bent."""
    names = sorted(_PALETTES)
    palette = _PALETTES.get(
        sketch.palette or "", _PALETTES[names[int(canvas.chance("palette").integers(len(names)))]]
    )
    if light.ink:
        palette = _PALETTES["ink"]
    bend = canvas.noise("bend", 0.9, octaves=3)
    turn = canvas.noise("turn", 0.6, octaves=4)
    fold = 0.5 + 0.5 * np.sin((bend * 5.2 + turn * 2.4 + canvas.u * 0.8 - canvas.y * 0.9) * 2.4)
    vein = 0.5 + 0.5 * np.sin((turn * 7 + fold * 1.6 + canvas.y) * 3.1)
    at = np.clip(0.72 * fold + 0.28 * vein, 0, 1)
    colours: list[Colour] = [hexed(code) for code in palette]
    stops = np.linspace(0, 1, len(colours))
    for channel in range(3):
        canvas.rgb[..., channel] = np.interp(at, stops, [colour[channel] for colour in colours])
    ridge = np.exp(-(((fold - 0.5) / 0.05) ** 2)) * ramp(0.3, 0.8, vein)
    canvas.glaze(colours[-1], ridge * 0.4)
    grain = canvas.noise("brush", 0.02, flat=6, octaves=3) - 0.5
    canvas.darken(1 + grain * 0.12)
    canvas.darken(times((1.0, 1.0, 1.0), 0.75) if light.night else 1.0)
    places = (
        Spot(x=0.5, y=0.86, scale=0.8),
        Spot(x=0.78, y=0.84, scale=0.55),
        Spot(x=0.22, y=0.84, scale=0.55),
    )
    return Stage(spots=places, tint=light.tint, haze=colours[2], shadow=0.3, indoors=True)
