"""Where all is snow and ice: the polar sea, a slope to ski on."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import draw_lines, draw_polygons
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import (
    SNOW,
    paint_water,
    season_stage,
)
from dalle_nb.backends.offline.scenes.mountain import raise_peaks
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import paint_grove
from dalle_nb.backends.offline.sketch import Sketch


def paint_polar(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the polar sea: icebergs, floes, and the edge of the ice that animals stand on."""
    horizon = 0.46
    paint_sky(canvas, sketch, light, horizon, clouds=0.4)
    raise_peaks(
        canvas, replace(light, season="winter"), "ice-range", base=0.44, rise=0.09, cell=0.4, distance=0.45
    )
    ice = light.dyed(hexed("#cfeaf8"), "polar", "iceberg", "ice")
    for name, u, foot, wide, tall in (
        ("b1", -0.3, 0.52, 0.17, 0.2),
        ("b2", 0.34, 0.54, 0.22, 0.27),
        ("b3", 0.05, 0.49, 0.09, 0.08),
    ):
        _float_berg(canvas, light, name, u, foot, wide, tall, ice)
    paint_water(canvas, light, 0.49, colour=hexed("#1f6f98"), clear=0.5, calm=0.7)
    for name, u, foot, wide, tall in (("b1", -0.3, 0.53, 0.17, 0.2), ("b2", 0.34, 0.555, 0.22, 0.27)):
        _float_berg(canvas, light, name, u, foot, wide, tall, ice)
    part = canvas.band(0.5, 1)
    floes = part.ground_noise("floes", 0.44, 0.42, flat=2.2, steep=0.05, octaves=3)
    cover = ramp(0.585, 0.595, floes)
    part.over(light.cast(times(ice, 0.75)), np.clip(part.shifted(cover, 0, 0.008) - cover, 0, 1))
    part.over(light.cast(SNOW), cover)
    edge = canvas.band(0.7, 1)
    crest = 0.78 - (edge.line("shelf", 0.4, octaves=5) - 0.5) * 0.06
    below = edge.y - crest
    drift = edge.ground_noise("drift", 0.5, 0.4, flat=2)
    edge.over(light.cast(mix(ice, hexed("#5fb4dc"), 0.5)), edge.edge(below + 0.0))
    edge.over(light.cast(SNOW), edge.edge(below - 0.022), tone=0.86 + 0.2 * drift)
    return season_stage(
        light, horizon, (Spot(x=0.5, y=0.93, scale=0.62), Spot(x=0.76, y=0.92, scale=0.5), Spot(x=0.25, y=0.92, scale=0.5)),
        (Spot(x=0.7, y=0.84, scale=0.3), Spot(x=0.34, y=0.84, scale=0.28)), snowy=True,
        water=(Spot(x=0.56, y=0.68, scale=0.24), Spot(x=0.4, y=0.62, scale=0.14)),
    )  # fmt: skip


def _float_berg(
    canvas: Canvas, light: Light, name: str, u: float, foot: float, wide: float, tall: float, ice: Colour
) -> None:
    x = 0.5 + u / canvas.aspect
    part = canvas.window(
        x - wide * 1.2 / canvas.aspect, foot - tall * 1.2, x + wide * 1.2 / canvas.aspect, foot + 0.01
    )
    if not part.rgb.size:
        return
    bumps = canvas.chance(name).random(7).tolist()
    tops = [
        (
            x + wide * (k / 3 - 1) / canvas.aspect,
            foot - tall * (0.3 + 0.7 * bump) * math.sin(math.pi * (0.14 + 0.72 * k / 6)),
        )
        for k, bump in enumerate(bumps)
    ]
    cover = part.shape(
        draw_polygons,
        [[*tops, (x + 0.92 * wide / canvas.aspect, foot), (x - 0.92 * wide / canvas.aspect, foot)]],
    )
    facets = part.noise(f"{name}-facets", wide * 0.7, flat=0.6, octaves=3)
    part.over(light.cast(times(ice, (0.62, 0.8, 0.9))), cover)
    part.over(
        light.cast(mix(ice, (1.0, 1.0, 1.0), 0.7)),
        cover * ramp(0.42, 0.5, facets + 0.25 * (foot - part.y) / tall),
    )
    part.over(light.cast(SNOW), np.clip(cover - part.shifted(cover, 0, tall * 0.08), 0, 1))


def paint_snowfield(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a ski slope: a white mountainside with tracks, firs in snow, peaks behind."""
    white = replace(light, season="winter", leaves=())
    paint_sky(canvas, sketch, white, 0.6, clouds=0.35)
    raise_peaks(canvas, white, "peaks", base=0.5, rise=0.32, cell=0.7, distance=0.25)
    for number, (base, fall) in enumerate(((0.58, 0.1), (0.68, 0.16))):
        part = canvas.band(base - 0.2, 1)
        crest = base + fall * part.u - (part.line(f"piste{number}", 0.6, octaves=3) - 0.5) * 0.05
        below = part.y - crest
        tone = 0.9 + 0.14 * part.noise(f"snow{number}", 0.4, flat=2, octaves=5) - 0.1 * np.clip(below, 0, 0.5)
        part.over(white.far(SNOW, 0.2 - 0.2 * number), part.edge(below), tone=tone)
        if number == 0:
            paint_grove(canvas, white, "g1", 0.02, 0.3, 0.58, 0.16, 5, hexed("#2b5446"))
            paint_grove(canvas, white, "g2", 0.74, 0.98, 0.68, 0.2, 5, hexed("#2b5446"))
    tracks = [
        [
            (
                0.5 + (start + 0.09 * math.sin(k * 0.5 + start * 8) + 0.25 * start * k / 20) / canvas.aspect,
                0.7 + 0.016 * k,
            )
            for k in range(21)
        ]
        for start in (-0.1, -0.07, 0.16, 0.19)
    ]
    canvas.over(
        white.cast(hexed("#a9c0dc")),
        canvas.shape(draw_lines, tracks, 0.005) * 0.7,
    )
    for name, left, right, foot, tall in (("n1", -0.02, 0.12, 0.9, 0.5), ("n2", 0.93, 1.05, 0.94, 0.44)):
        paint_grove(canvas, white, name, left, right, foot, tall, 1, hexed("#24483c"))
    return season_stage(
        white, 0.55, (Spot(x=0.5, y=0.88, scale=0.56), Spot(x=0.74, y=0.92, scale=0.5), Spot(x=0.27, y=0.84, scale=0.42)),
        (Spot(x=0.64, y=0.71, scale=0.2), Spot(x=0.36, y=0.66, scale=0.18)), snowy=True,
    )  # fmt: skip
