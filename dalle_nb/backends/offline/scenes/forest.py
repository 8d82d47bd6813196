"""Inside a forest: trunks that fade into light, a canopy, a path, and beams of sun."""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import SNOW, paint_meadow, paint_stream, paint_woods, shades
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import dab_crowns
from dalle_nb.backends.offline.sketch import Sketch

_HORIZON = 0.66


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the forest from the far light to the near shade."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0)
    glade = times(mix(light.horizon, light.sun_colour, 0.5), 0.95 if not light.night else 0.8)
    canvas.over(glade, np.exp(-((canvas.distance(0.56, 0.5) / 0.34) ** 2)) * 0.8)
    leaves = light.leaves or (hexed("#6d7f8c"), hexed("#b9c8d4"), SNOW)
    floor = (
        SNOW
        if light.snowy
        else mix(light.grass, leaves[0] if light.season == "autumn" else hexed("#6a7a3a"), 0.4)
    )
    paint_meadow(canvas, light, _HORIZON, colour=floor, depth=0.1)
    paint_woods(canvas, light, "behind", foot=_HORIZON + 0.012, height=0.16, count=46, distance=0.62)
    if "stream" in sketch.effects:
        paint_stream(canvas, light, _HORIZON + 0.01)
    else:
        _paint_path(canvas, light)
    # Where a moon is asked for, the leaves make way for it.
    gap = (light.moon, 0.21, 0.17 if "full-moon" in sketch.effects else 0.0)
    for layer in range(4):
        _raise_trunks(canvas, light, layer)
        dab_crowns(canvas, light, layer, leaves if light.season != "autumn" else shades(light, layer), gap)
    beams = 0.5 + 0.5 * np.sin((canvas.x * 1.1 + canvas.y * 0.75) * 19) * np.sin(
        (canvas.x + canvas.y * 0.68) * 7 + 1
    )
    fall = ramp(0.95, 0.2, canvas.y) * np.exp(-(((canvas.x + canvas.y * 0.6 - 0.95) / 0.38) ** 2))
    canvas.glaze(light.sun_colour, beams * fall * (0.42 if light.clear else 0.12))
    return Stage(
        spots=(
            Spot(x=0.5, y=0.92, scale=0.7),
            Spot(x=0.74, y=0.88, scale=0.52),
            Spot(x=0.26, y=0.88, scale=0.5),
        ),
        back=(Spot(x=0.77, y=0.76, scale=0.3), Spot(x=0.24, y=0.75, scale=0.28)),
        sky=(Spot(x=0.6, y=0.36, scale=0.18), Spot(x=0.36, y=0.28, scale=0.15)),
        horizon=_HORIZON,
        tint=times(light.tint, (0.97, 1.0, 0.93)),
        haze=glade,
        rim=times(light.sun_colour, 0.45 if light.clear else 0.1),
        from_right=True,
        shadow=light.shadow,
    )


def _paint_path(canvas: Canvas, light: Light) -> None:
    """Let a path wind from the front into the glade."""
    part = canvas.band(_HORIZON + 0.01, 1)
    depth = part.y - _HORIZON
    middle = 0.56 - 0.22 * depth + 0.1 * np.sin(depth * 13) * depth
    wide = 0.03 + 0.42 * depth
    off = np.abs(part.x - middle) * part.aspect + (part.noise("verge", 0.06, octaves=4) - 0.5) * (
        0.04 + 0.1 * depth
    )
    earth = light.cast(times(SNOW, 0.86) if light.snowy else hexed("#b79a6a"))
    part.over(earth, ramp(1.0, 0.7, off / wide) * 0.75)


def _raise_trunks(canvas: Canvas, light: Light, layer: int) -> None:
    """Raise one row of trunks: many and pale far off, few and dark in front."""
    near = layer / 3
    chance = canvas.chance(f"trunks-{layer}")
    foot = _HORIZON + 0.03 + 0.2 * near**1.6
    trunks = chance.random((34 - 9 * layer, 3)).tolist()

    def draw(pen: Pen) -> None:
        for along, size, lean in trunks:
            u = (along - 0.5) * 3.2
            if layer == 3 and abs(u) < 0.36:  # the front keeps a stage open in the middle
                continue
            x, wide = 0.5 + u / canvas.aspect, (0.008 + 0.034 * near) * (0.6 + 0.7 * size)
            y, tilt = foot + 0.04 * near * size, (lean - 0.5) * 0.08
            at = [
                (k, wide * (0.62 + 0.38 * (1 - k)) + wide * 0.9 * max(0.0, 0.08 - k) / 0.08)
                for k in (0, 0.02, 0.06, 0.2, 0.6, 1)
            ]
            left = [(x + (tilt * k - w / 2) / canvas.aspect, y - (y + 0.02) * k) for k, w in at]
            right = [(x + (tilt * k + w / 2) / canvas.aspect, y - (y + 0.02) * k) for k, w in at]
            pen.polygon(left + right[::-1])

    cover = canvas.shape(draw)
    bark = canvas.noise(f"bark-{layer}", 0.03 + 0.02 * near, flat=0.25, octaves=4) - 0.5
    step = 0.002 + 0.006 * near
    lit = np.clip(cover - canvas.shifted(cover, -step, 0), 0, 1)
    wood = light.far(hexed("#54402f"), 0.72 * (1 - near) ** 1.2)
    canvas.over(wood, cover, tone=1 + 0.7 * near * bark)
    canvas.over(light.cast(hexed("#d9b98a")), lit * (0.18 + 0.3 * near))
    if light.snowy:
        canvas.over(light.cast(SNOW), np.clip(cover - canvas.shifted(cover, step, 0), 0, 1) * 0.7)
