"""A desert of dunes, each with a lit and a shaded flank."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import blend, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import paint_palm
from dalle_nb.backends.offline.sketch import Sketch

_HORIZON = 0.55


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint four rows of dunes to the horizon."""
    paint_sky(canvas, sketch, light, _HORIZON, clouds=0.15)
    for step in range(4):
        _raise_dune(canvas, light, step)
    return Stage(
        spots=(
            Spot(x=0.5, y=0.92, scale=0.68),
            Spot(x=0.78, y=0.88, scale=0.5),
            Spot(x=0.24, y=0.87, scale=0.46),
        ),
        back=(Spot(x=0.72, y=0.7, scale=0.22), Spot(x=0.3, y=0.68, scale=0.2)),
        horizon=_HORIZON,
        tint=mix(light.tint, hexed("#ffe9c8"), 0.25),
        haze=light.haze,
        rim=times(light.sun_colour, 0.4 if light.clear else 0.1),
        from_right=light.sun[0] > 0.5,
        shadow=light.shadow,
    )


def paint_oasis(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a pool with green banks and palms among the dunes."""
    stage = paint(canvas, sketch, light)
    part = canvas.band(0.6, 0.95)
    off = np.hypot(part.u / 0.38, (part.y - 0.75) / 0.085) + 0.16 * (part.noise("bank", 0.1, octaves=4) - 0.5)
    tufts = 0.6 + 0.7 * part.noise("tufts", 0.02, flat=0.5, octaves=3)
    part.over(light.cast(hexed("#7fa845")), ramp(1.36, 1.2, off), tone=tufts)
    part.over(light.cast(hexed("#cfae72")), ramp(1.1, 1.05, off))
    ripple = part.ground_noise("ripple", 0.5, 0.12, flat=2.6, steep=0.05)
    blue = light.dyed(hexed("#2f9fc0"), "oasis", "water", "lake")
    part.over(mix(light.cast(blue), light.horizon, 0.15), ramp(1.02, 0.98, off), tone=0.85 + 0.3 * ripple)
    for name, u, foot, tall, lean in (
        ("o1", -0.34, 0.71, 0.42, -0.1), ("o2", -0.26, 0.69, 0.34, 0.12), ("o3", 0.3, 0.69, 0.38, 0.14),
        ("o4", 0.4, 0.74, 0.46, -0.08), ("o5", 0.22, 0.675, 0.26, -0.1),
    ):  # fmt: skip
        paint_palm(canvas, light, name, (0.5 + u / canvas.aspect, foot), tall, lean)
    return replace(
        stage, water=(Spot(x=0.5, y=0.76, scale=0.24), Spot(x=0.62, y=0.73, scale=0.2)), painted=frozenset({"palm"}),
        back=(Spot(x=0.5, y=0.67, scale=0.2), Spot(x=0.66, y=0.67, scale=0.2)),
        spots=(Spot(x=0.5, y=0.93, scale=0.56), Spot(x=0.76, y=0.92, scale=0.5), Spot(x=0.25, y=0.92, scale=0.48)),
    )  # fmt: skip


def _raise_dune(canvas: Canvas, light: Light, step: int) -> None:
    """Raise one row: a crest, a winding edge below it that parts light from shade, and ripples of sand."""
    near = step / 3
    base, rise, cell = 0.57 + 0.1 * step, 0.07 + 0.05 * near, 0.7 + 0.25 * near
    part = canvas.band(base - rise * 1.6, 1)
    line = part.line(f"dune-{step}", cell, octaves=2)
    crest = base - rise * (1 - np.abs(line - 0.5) * 3.2)
    below = part.y - crest
    winding = part.line(f"edge-{step}", 0.5, octaves=3) - 0.5
    flank = np.sign(line - 0.5) * (1 if light.sun[0] > 0.5 else -1)
    reach = np.clip(np.abs(line - 0.5) * 1.5 + winding * 0.25, 0, 1) * (rise * 2.4)
    shade = np.where(flank > 0, ramp(0.012, -0.012, below - reach), 0) * 0.75
    sand = (
        hexed("#f4f6fb")
        if light.snowy
        else light.dyed(mix(hexed("#f0c98c"), hexed("#e2a45e"), near), "desert", "sand")
    )
    lit = light.far(sand, 0.45 * (1 - near))
    dark = light.far(times(sand, (0.62, 0.52, 0.55)), 0.4 * (1 - near))
    ripples = np.sin(
        below * 110 / (0.4 + near) + part.line(f"wind-{step}", 0.2) * 9 + part.noise("wind", 0.1) * 5
    ) * (0.035 * near)
    tone = (
        1.04
        + ripples
        + 0.12 * (part.noise(f"sand-{step}", 0.3, flat=3, octaves=4) - 0.5)
        - 0.14 * ramp(0, 0.4, below)
    )
    part.over(blend(lit, dark, shade), part.edge(below), tone=tone)
