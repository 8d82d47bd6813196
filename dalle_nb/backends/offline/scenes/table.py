"""A still life's place: a wooden table before a window out of focus."""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen
from dalle_nb.backends.offline.scenes import interior
from dalle_nb.backends.offline.scenes.room import let_fall, wet_pane
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch

_EDGE = 0.6
_WALL = hexed("#b07a4a")


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the table, the window behind it, and the light that falls through."""
    _paint_view(canvas, light)
    if light.weather in ("rain", "snow"):
        pane = canvas.band(0, _EDGE)
        let_fall(pane, light)
        if light.weather == "rain":
            wet_pane(pane, light)
    _paint_frame(canvas, light)
    return _set_table(canvas, sketch, light)


def paint_kitchen(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the table before a kitchen, which is seen over it."""
    interior.paint_kitchen(canvas, sketch, light)
    view = canvas.band(0, _EDGE + 0.02)
    for channel in range(3):
        view.rgb[..., channel] = view.blur(view.rgb[..., channel], 0.002)
    return _set_table(canvas, sketch, light)


def _set_table(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    _paint_wood(canvas, sketch, light)
    warm = mix(light.tint, hexed("#ffefd8"), 0.4)
    return Stage(
        spots=(
            Spot(x=0.36, y=0.9, scale=1.3, widest=0.5),
            Spot(x=0.73, y=0.95, scale=1.0, widest=0.42),
            Spot(x=0.55, y=0.76, scale=0.85),
        ),
        back=(Spot(x=0.82, y=0.72, scale=0.55), Spot(x=0.14, y=0.72, scale=0.5)),
        horizon=_EDGE,
        tint=warm,
        haze=light.cast(_WALL),
        rim=times(light.sun_colour, 0.4 if light.clear else 0.15),
        from_right=False,
        shadow=0.55,
        mirror=0.1,
        indoors=True,
    )


def _paint_view(canvas: Canvas, light: Light) -> None:
    """Paint what lies outside: greenery and light, all out of focus."""
    view = canvas.band(0, _EDGE + 0.02)
    bright = mix(light.horizon, light.sun_colour, 0.5)
    view.fill(view.gradient([(0, mix(light.middle, bright, 0.6)), (_EDGE, bright)]))
    leaves = light.leaves or (light.cloud_shade, light.middle, light.cloud)
    blur = view.noise("garden", 0.4, octaves=3)
    view.over(light.cast(leaves[1]), ramp(0.36, 0.8, blur) * 0.85)
    view.over(light.cast(leaves[2]), ramp(0.5, 0.95, view.noise("garden-2", 0.22, octaves=2)) * 0.6)
    view.over(
        light.cast(times(leaves[0], 0.8)),
        ramp(0.1, 0.9, view.y / _EDGE) * ramp(0.3, 0.7, view.noise("hedge", 0.3, octaves=3)) * 0.6,
    )
    lamps = light.sun_colour if not light.night else hexed("#ffb760")
    chance = canvas.chance("bokeh")
    for _ in range(46):
        across, y, size, strength = chance.random(4)
        x, radius = 0.62 * across, 0.016 + 0.04 * size
        spot = view.around(x, y * _EDGE, radius * 1.2)
        if spot.rgb.size:
            far = spot.distance(x, y * _EDGE) / radius
            spot.glaze(
                mix(lamps, leaves[2], 0.15),
                ramp(1.04, 0.94, far) * (0.7 + 0.5 * far**3) * (0.12 + 0.26 * strength),
            )


def _paint_frame(canvas: Canvas, light: Light) -> None:
    """Paint wall and window frame, softened by distance."""
    part = canvas.band(0, _EDGE + 0.02)

    def draw(pen: Pen) -> None:
        pen.polygon([(0.64, -0.1), (1.1, -0.1), (1.1, 0.8), (0.64, 0.8)])
        for x in (0.0, 0.32, 0.64):
            pen.line([(x, -0.1), (x, 0.8)], 0.022)
        pen.line([(-0.1, 0.25), (0.64, 0.25)], 0.017)

    cover = part.blur(part.shape(draw), 0.008)
    shine = 1.12 - 0.5 * np.clip(part.x - 0.6, 0, 1) + 0.08 * part.noise("plaster", 0.4, octaves=4)
    part.over(light.cast(_WALL), cover, tone=shine)
    lit = np.exp(-(((part.x - 0.645) / 0.05) ** 2)) * ramp(0.6, 0.1, part.y) * cover
    part.glaze(light.sun_colour, lit * 0.35)


def _paint_wood(canvas: Canvas, sketch: Sketch, light: Light) -> None:
    """Paint the table top: planks towards the window, grain, varnish, and a bar of sunlight."""
    top = canvas.band(_EDGE, 1)
    depth = (top.y - _EDGE) / (1 - _EDGE)
    across = top.u / (0.75 + 0.75 * depth)
    plank = np.floor(across * 6.5 + 40)
    tone = np.sin(plank * 12.9898) * 0.5
    grain = top.ground_noise("grain", _EDGE - 0.3, 0.035, flat=0.06, steep=0.02) - 0.5
    figure = top.ground_noise("figure", _EDGE - 0.3, 0.12, flat=0.12, steep=0.02) - 0.5
    body = 0.5 + 0.55 * grain + 0.5 * figure + 0.28 * tone
    tones = [hexed(c) for c in ("#6b3b1e", "#c98f55")]
    if sketch.ground and sketch.ground.startswith("#"):
        tones = [times(hexed(sketch.ground), share) for share in (0.78, 1.02)]
    dark, pale = (np.asarray(light.cast(tone), np.float32) for tone in tones)
    seam = np.abs(across * 6.5 + 40 - plank - 0.5) * 2
    top.fill(
        (dark + (pale - dark) * np.clip(body, 0, 1.2)[..., None])
        * (1 - 0.55 * ramp(0.965, 1.0, seam))[..., None]
    )
    sheen = np.asarray(mix(light.horizon, light.sun_colour, 0.5), np.float32)
    top.over(sheen, ramp(0.5, 0.0, depth) * ramp(0.85, 0.3, top.x) * 0.34 * (0.8 + 0.6 * grain))
    if light.clear:
        bar = across - 0.1 + depth * 0.25
        warm = ramp(-0.36, -0.28, bar) * ramp(0.02, -0.06, bar) + 0.8 * ramp(0.06, 0.13, bar) * ramp(
            0.34, 0.26, bar
        )
        top.glaze(light.sun_colour, top.blur(warm, 0.01) * 0.3)
    top.darken(1.08 - 0.42 * np.clip(depth * 0.6 + np.abs(top.x - 0.45) * 0.9 - 0.25, 0, 1))
