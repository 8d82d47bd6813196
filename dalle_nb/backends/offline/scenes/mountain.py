"""High mountains: lit peaks of rock and snow, firs, and a lake that mirrors them."""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Plane, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import SNOW, paint_meadow, paint_ridge, paint_water
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import paint_grove, paint_pines
from dalle_nb.backends.offline.sketch import Sketch, Thing

_SHORE = 0.66
_SNOWLINE = {"spring": 0.2, "summer": 0.62, "autumn": 0.45}  # shares of a range's rise


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint two ranges, the wood at their foot, the lake, and a near shore."""
    paint_sky(canvas, sketch, light, _SHORE, clouds=0.42)
    raise_peaks(canvas, light, "far-peaks", base=0.46, rise=0.2, cell=0.5, distance=0.5)
    raise_peaks(canvas, light, "peaks", base=0.54, rise=0.42, cell=0.85, distance=0.14)
    ground = SNOW if light.snowy else times(light.grass, 0.9)
    paint_ridge(
        canvas,
        light,
        "foothill",
        base=0.63,
        rise=0.05,
        cell=0.5,
        colour=mix(ground, light.leaves[1] if light.leaves else hexed("#8fa3b0"), 0.6),
        distance=0.2,
    )
    fir = hexed("#2b5643")
    paint_pines(
        canvas, light, "wood", foot=lambda _: 0.655, height=0.085, count=110, colour=fir, distance=0.22
    )
    paint_water(canvas, light, _SHORE, colour=hexed("#2f6f8a"), clear=0.72, calm=0.85)
    _paint_shore(canvas, light, ground)
    _frame_with_firs(canvas, light)
    return Stage(
        spots=(
            Spot(x=0.5, y=0.94, scale=0.55),
            Spot(x=0.76, y=0.94, scale=0.48),
            Spot(x=0.28, y=0.94, scale=0.45),
        ),
        back=(Spot(x=0.72, y=0.69, scale=0.17), Spot(x=0.36, y=0.685, scale=0.15)),
        water=(Spot(x=0.56, y=0.79, scale=0.34), Spot(x=0.38, y=0.73, scale=0.18)),
        horizon=_SHORE,
        tint=light.tint,
        haze=light.haze,
        rim=times(light.sun_colour, 0.3 if light.clear else 0.1),
        from_right=light.sun[0] > 0.5,
        shadow=light.shadow,
        props=(Thing(name="mountain-cabin", place="back"),),
    )


def raise_peaks(
    canvas: Canvas, light: Light, name: str, *, base: float, rise: float, cell: float, distance: float
) -> None:
    """Raise a range with sharp crests; its facets are lit from the sun's side, and snow lies on the heights."""
    fold = 1 - np.abs(canvas.line(name, cell, octaves=3) - 0.5) * 3.4
    ragged = canvas.line(f"{name}-teeth", cell * 0.3, octaves=5) - 0.5
    crest = base - rise * (fold * 0.95 + ragged * 0.3)
    part = canvas.band(float(crest.min()), base + 0.22)
    cover = part.edge(part.y - crest)
    facets = _fold_facets(part, name, crest, light)
    snowline = _SNOWLINE.get(light.season, 0.5) * rise
    high = base + 0.1 - part.y + (facets - 0.5) * 0.16
    snow = cover * (ramp(-0.12, 0.06, high) if light.snowy else ramp(snowline, snowline + 0.09, high))
    rock = light.dyed(hexed("#747f97"), "mountain")
    part.over(light.far(rock, distance), cover, tone=0.5 + 0.75 * facets)
    part.over(mix(light.far(hexed("#8fa6cc"), distance), light.zenith, 0.18), snow)
    part.over(light.far(SNOW, distance * 0.8), snow * ramp(0.32, 0.62, facets))
    part.over(light.haze, ramp(base + 0.02, base + 0.14, part.y) * cover * 0.55)


def _fold_facets(canvas: Canvas, name: str, crest: Plane, light: Light) -> Plane:
    """Return how a mountain's folds catch the light, 0 to 1: ribs that run down from the crest."""
    height = canvas.noise(f"{name}-ribs", 0.3, flat=1.25, octaves=7, gain=0.56)
    spurs = 1 - np.abs(height - 0.5) * 2
    across = canvas.shifted(spurs, -0.006, -0.007) - canvas.shifted(spurs, 0.006, 0.007)
    slope = np.gradient(canvas.blur(crest, 0.02)[0]).astype(np.float32)[None] * (0.3 / canvas.pixel / 100)
    side = 1.0 if light.sun[0] > 0.5 else -1.0
    facets: Plane = np.clip(0.5 - (across * 1.5 + np.clip(-slope, -0.5, 0.5)) * side, 0, 1)
    return facets


def _paint_shore(canvas: Canvas, light: Light, ground: tuple[float, float, float]) -> None:
    """Paint the near bank that things stand on."""
    part = canvas.band(0.78, 1)
    crest = 0.865 - (part.line("shore", 0.5, octaves=5) - 0.5) * 0.06 - np.abs(part.x - 0.5) * 0.05
    before = part.rgb.copy()
    paint_meadow(part, light, 0.78, colour=ground, depth=0.25)
    edge = part.edge(part.y - crest)[..., None]
    part.rgb[...] = before + (part.rgb - before) * edge
    part.over(times(light.cast(ground), 0.55), np.exp(-np.abs(part.y - crest) / 0.006) * 0.5)


def _frame_with_firs(canvas: Canvas, light: Light) -> None:
    """Stand tall firs at both edges, so that the view has a frame."""
    for name, left, right, count in (("firs-left", 0.0, 0.13, 3), ("firs-right", 0.9, 1.0, 2)):
        paint_grove(canvas, light, name, left, right, 0.93, 0.42, count, hexed("#234a3a"))
