"""Where the land rises: a summit, a valley, hills, a cliff over the sea."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, Plane, hexed, mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.scenes.beach import paint_open_sea, raise_waves
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import (
    SNOW,
    paint_ridge,
    paint_rocks,
    season_stage,
    shades,
)
from dalle_nb.backends.offline.scenes.mountain import raise_peaks
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.trees import paint_tree
from dalle_nb.backends.offline.scenes.waters import carve_river
from dalle_nb.backends.offline.sketch import Sketch

_ROCK = hexed("#7b7d84")


def paint_peak(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the top of a high mountain: a ledge of rock and snow, peaks all round, clouds below."""
    paint_sky(canvas, sketch, light, 0.7, clouds=0.35)
    white = replace(light, season="winter")
    raise_peaks(canvas, white, "far-peaks", base=0.5, rise=0.2, cell=0.4, distance=0.5)
    raise_peaks(canvas, white, "peaks", base=0.6, rise=0.4, cell=0.62, distance=0.2)
    _lay_cloud_sea(canvas, light, 0.62)
    part = canvas.band(0.6, 1)
    crest = 0.86 - 0.16 * np.exp(-((part.u / 0.42) ** 4)) - (part.line("ledge", 0.16, gain=0.6) - 0.5) * 0.07
    below = part.y - crest
    grain = part.noise("ledge-face", 0.3, flat=2, octaves=5)
    part.over(
        light.cast(SNOW), part.edge(below), tone=1.04 + 0.2 * (grain - 0.5) - 0.3 * np.clip(below, 0, 0.4)
    )
    rocks = [
        (-0.36, 0.86, 0.16),
        (-0.46, 0.95, 0.26),
        (0.38, 0.87, 0.15),
        (0.47, 0.96, 0.27),
        (0.29, 0.85, 0.07),
        (-0.25, 0.83, 0.07),
    ]
    paint_rocks(canvas, white, "crags", rocks, light.dyed(_ROCK, "rocks", "peak", "mountain"))
    return season_stage(
        light, 0.6, (Spot(x=0.5, y=0.8, scale=0.42), Spot(x=0.72, y=0.85, scale=0.38), Spot(x=0.28, y=0.85, scale=0.38)),
        (Spot(x=0.64, y=0.74, scale=0.2), Spot(x=0.38, y=0.74, scale=0.2)), snowy=True,
    )  # fmt: skip


def _lay_cloud_sea(canvas: Canvas, light: Light, top: float) -> None:
    part = canvas.band(top - 0.08, 1)
    body = part.ground_noise("cloud-sea", top - 0.1, 0.5, flat=2, steep=0.14)
    edge = ramp(top - 0.05, top + 0.06, part.y + 0.1 * (body - 0.5))
    part.over(light.cloud_shade, edge * 0.96)
    part.over(light.cloud, edge * ramp(0.25, 0.7, body))


def paint_valley(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a green valley: slopes on both sides that cross one behind the other, a stream between them."""
    horizon = 0.46
    paint_sky(canvas, sketch, light, horizon, clouds=0.45)
    raise_peaks(canvas, light, "far-peaks", base=0.36, rise=0.16, cell=0.5, distance=0.5)
    paint_ridge(
        canvas,
        light,
        "end",
        base=0.45,
        rise=0.03,
        cell=0.4,
        colour=SNOW if light.snowy else light.grass,
        distance=0.4,
    )
    carve_river(canvas, sketch, light, horizon, wide=0.3)
    for number, (side, reach, foot, rise) in enumerate(
        ((1, 0.02, 0.49, 0.26), (-1, 0.05, 0.53, 0.3), (1, 0.2, 0.62, 0.4), (-1, 0.27, 0.68, 0.46))
    ):
        _slope(canvas, light, f"slope{number}", side, reach, foot, rise, 0.42 - 0.13 * number)
    for name, u, foot, tall in (
        ("v1", -0.47, 0.66, 0.22),
        ("v2", 0.45, 0.66, 0.24),
        ("v3", 0.36, 0.62, 0.14),
    ):
        paint_tree(canvas, light, name, (0.5 + u / canvas.aspect, foot), tall)
    return season_stage(
        light, horizon, (Spot(x=0.24, y=0.93, scale=0.5), Spot(x=0.8, y=0.93, scale=0.5), Spot(x=0.36, y=0.84, scale=0.36)),
        (Spot(x=0.72, y=0.68, scale=0.2), Spot(x=0.26, y=0.7, scale=0.2)), ground=0.72, leafy=True,
        water=(Spot(x=0.5, y=0.86, scale=0.2),), sky=(Spot(x=0.5, y=0.2, scale=0.2), Spot(x=0.3, y=0.32, scale=0.15), Spot(x=0.7, y=0.3, scale=0.13)),
    )  # fmt: skip


def _slope(
    canvas: Canvas,
    light: Light,
    name: str,
    side: int,
    reach: float,
    foot: float,
    rise: float,
    distance: float,
) -> None:
    """Let a hillside come down from one edge to near the middle, woods on its upper part."""
    part = canvas.band(foot - rise, foot + 0.06)
    out = np.clip((part.u * side - reach + 0.03) / (0.62 - reach), 0, 1.3)
    crest = (
        foot
        + 0.02
        - rise * out**0.8
        - (part.line(name, 0.3, octaves=4) - 0.5) * 0.06 * np.clip(out * 4, 0, 1)
    )
    below = part.y - crest
    cover = part.edge(np.minimum(below, foot + 0.02 - part.y + 0.03 * out)) * (out > 0)
    grass = SNOW if light.snowy else light.grass
    tone = 0.82 + 0.36 * part.noise(f"{name}-face", 0.2, octaves=5) - 0.25 * ramp(0, rise, below)
    part.over(light.far(grass, distance), cover, tone=tone)
    leafy = part.noise(f"{name}-wood", 0.11, flat=1.6, octaves=5)
    fine = part.noise(f"{name}-leaf", 0.018, octaves=2)
    dark, middle, _ = shades(light, len(name))
    wood = cover * ramp(0.5, 0.56, leafy + 0.2 * out - 0.16)
    part.over(light.far(dark, distance), wood)
    part.over(light.far(middle, distance), wood * ramp(0.42, 0.6, fine))


def paint_rolling(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint rolling hills: round green backs one before the other, lone trees, a lane over them."""
    horizon = 0.46
    paint_sky(canvas, sketch, light, horizon, clouds=0.6)
    grass = SNOW if light.snowy else light.grass
    for number in range(5):
        near = number / 4
        base = 0.47 + 0.095 * number
        part = canvas.band(base - 0.22, 1)
        wave = np.cos(
            part.u * (7 - 3.6 * near) + 2.1 * number + 6.3 * canvas.chance(f"roll{number}").random()
        )
        crest = base - (0.055 + 0.035 * near) * wave
        below = part.y - crest
        mown = 0.05 * np.sin(below * (220 - 130 * near) + part.noise("mown", 0.4, octaves=2) * 6)
        tone = (
            1.08
            + mown
            - 0.5 * np.clip(below, 0, 0.3)
            + 0.16 * (part.noise(f"roll-face{number}", 0.05, octaves=4) - 0.5)
        )
        tone = tone + 0.14 * np.sin(part.u * (7 - 3.6 * near) + 2.1 * number)
        hue = mix(
            grass, mix(grass, hexed("#c8cf5a" if number % 2 else "#3f8a4a"), 0.22), 0 if light.snowy else 1
        )
        part.over(light.far(hue, 0.48 * (1 - near)), part.edge(below), tone=tone)
        if number in (1, 2, 3):
            _top_with_trees(canvas, light, number, crest[0], part)
    return season_stage(
        light, horizon, (Spot(x=0.5, y=0.93, scale=0.62), Spot(x=0.78, y=0.92, scale=0.5), Spot(x=0.25, y=0.92, scale=0.5)),
        (Spot(x=0.72, y=0.7, scale=0.22), Spot(x=0.3, y=0.66, scale=0.18)), ground=0.86, leafy=True,
    )  # fmt: skip


def _top_with_trees(canvas: Canvas, light: Light, number: int, crest: Plane, part: Canvas) -> None:
    for k, share in enumerate(canvas.chance(f"lone{number}").random(5).tolist()):
        x = canvas.spread(0.34 + 0.32 * (k + share) / 5)
        column = int(x * part.rgb.shape[1])
        if 0 <= column < len(crest):
            foot = float(crest[column]) + 0.012
            paint_tree(
                canvas,
                light,
                f"lone{number}{k}",
                (x, foot),
                0.05 + 0.035 * number,
                distance=0.42 - 0.12 * number,
            )


def paint_cliff(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint a steep cliff over the sea, grass on its top, surf at its foot."""
    horizon = 0.67
    paint_sky(canvas, sketch, light, horizon, clouds=0.6)
    paint_open_sea(canvas, light, horizon, rough=0.75)
    if light.storm:
        raise_waves(canvas, light, horizon)
    rock = light.dyed(hexed("#80766c"), "cliff", "rocks")
    _cut_cliff(canvas, light, "far-cliff", 0.08, 0.63, 0.75, times(rock, 1.05), 0.4)
    _cut_cliff(canvas, light, "cliff", 0.24, 0.6, 0.93, rock, 0.0)
    part = canvas.band(0.78, 1)
    spray = part.noise("spray", 0.06, octaves=4)
    part.over(
        light.cast((1.0, 1.0, 1.0)),
        np.exp(-np.abs(part.y - 0.925 - 0.04 * (spray - 0.5)) / 0.02)
        * ramp(0.42, 0.3, part.u + 0.12 * (spray - 0.5))
        * 0.9,
    )
    rocks = [(0.3, 0.9, 0.1), (0.38, 0.94, 0.12), (0.22, 0.95, 0.14), (0.46, 0.84, 0.05)]
    paint_rocks(canvas, light, "stacks", rocks, times(rock, 0.9))
    return season_stage(
        light, horizon, (Spot(x=0.38, y=0.61, scale=0.32), Spot(x=0.16, y=0.61, scale=0.3), Spot(x=0.56, y=0.62, scale=0.28)),
        (Spot(x=0.24, y=0.605, scale=0.22), Spot(x=0.1, y=0.605, scale=0.22)), leafy=False,
        water=(Spot(x=0.84, y=0.76, scale=0.2), Spot(x=0.8, y=0.66, scale=0.1)),
        sky=(Spot(x=0.75, y=0.22, scale=0.16), Spot(x=0.85, y=0.36, scale=0.12)),
    )  # fmt: skip


def _cut_cliff(
    canvas: Canvas,
    light: Light,
    name: str,
    reach: float,
    top: float,
    foot: float,
    rock: Colour,
    distance: float,
) -> None:
    """Cut a headland that comes in from the left: strata and cracks on its face, grass on its back."""
    part = canvas.band(top - 0.08, foot + 0.05)
    right = (
        reach
        - 0.05
        + (part.noise(f"{name}-edge", 0.13, flat=0.8, octaves=5) - 0.5) * 0.13
        + 0.16 * ((part.y - top) / (foot - top)) ** 2
    )
    back = top + 0.03 * ramp(-0.3, reach, part.u + 0 * part.y) + (part.line(f"{name}-back", 0.2) - 0.5) * 0.02
    inside = np.minimum(np.minimum((right - part.u), part.y - back), foot + 0.03 - part.y)
    cover = part.edge(inside)
    strata = part.noise(f"{name}-strata", 0.14, flat=3.2, octaves=6)
    cracks = part.noise(f"{name}-cracks", 0.08, flat=0.3, octaves=5)
    tone = 0.35 + 0.75 * strata + 0.6 * (cracks - 0.3) + 0.35 * ramp(0.16, 0.0, right - part.u)
    part.over(light.far(rock, distance), cover, tone=np.clip(tone, 0.25, 1.4))
    hang = 0.03 + 0.05 * (part.line(f"{name}-turf", 0.04) - 0.3)
    turf = cover * part.edge(back + hang - part.y)
    part.over(
        light.far(SNOW if light.snowy else light.grass, distance),
        turf,
        tone=0.75 + 0.5 * part.noise("turf", 0.02, octaves=3),
    )
