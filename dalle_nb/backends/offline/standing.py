"""Paints what stands in a picture: a sprite in the light of the scene, its shadow, its mirror image.

Knows a scene by its Stage only, and a subject by its Placement.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from dalle_nb.backends.offline import subjects
from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Plane, hexed
from dalle_nb.backends.offline.figures import Placement
from dalle_nb.backends.offline.scenes.stage import Stage

_LAMP = hexed("#ffd07a")
_SNOW = hexed("#f6f9ff")
_TALL = 1.2  # in persons: snow would bury what is smaller


def paint_placement(canvas: Canvas, placement: Placement, stage: Stage) -> None:
    """Paint one thing: its shadow or mirror image, then itself in the light of the scene."""
    picture = placement.sprite.pixels.astype(np.float32) * (1 / 255)
    colour, cover = picture[..., :3], picture[..., 3]
    left = round(placement.x * canvas.whole[0]) - placement.sprite.foot
    ground = round(placement.y * canvas.whole[1])
    if placement.mirror:
        _paint_mirror(canvas, colour, cover, left, ground, placement, stage)
    if placement.shadow:
        _paint_shadow(canvas, cover, left, ground, placement, stage)
    lit = _light_sprite(colour, cover, placement, stage, canvas)
    if stage.snowy and placement.shadow:
        _lay_snow(lit, cover, placement, stage, canvas)
    if stage.lit:
        _light_windows(lit, placement)
    _lay(canvas, lit, cover, left, ground - placement.sprite.baseline)


def _light_sprite(colour: Plane, cover: Plane, placement: Placement, stage: Stage, canvas: Canvas) -> Plane:
    """Return a sprite's colours tinted, shaded from the side of the light, rimmed, and faded by distance."""
    rows, columns = cover.shape
    across = np.linspace(-1, 1, columns, dtype=np.float32)[None]
    down = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    shade = 1 + 0.1 * across * (1 if stage.from_right else -1) - 0.09 * down
    lit = colour * np.asarray(stage.tint, np.float32) * shade[..., None]
    soft = canvas.blur(cover, 0.006)
    edge = np.clip(cover - canvas.shifted(soft, -0.006 if stage.from_right else 0.006, 0.003), 0, 1) * 0.8
    lit += (1 - np.clip(lit, 0, 1)) * np.asarray(stage.rim, np.float32) * edge[..., None]
    haze = np.asarray(stage.haze, np.float32)
    return lit + (haze - lit) * (placement.distance * 0.45)


def _lay_snow(colour: Plane, cover: Plane, placement: Placement, stage: Stage, canvas: Canvas) -> None:
    """Let snow lie on roofs and crowns: on whatever looks up, in place."""
    art = subjects.subject(placement.thing.name, placement.thing.pose)
    if art.category not in ("building", "plant") or art.height < _TALL:
        return
    deep = min(0.02, 0.05 * len(cover) * canvas.pixel)
    cap = canvas.blur(np.clip(cover - canvas.shifted(cover, 0, deep), 0, 1), 0.2 * deep) * cover
    colour += (np.asarray(_SNOW, np.float32) * np.asarray(stage.tint, np.float32) - colour) * (0.94 * cap)[
        ..., None
    ]


def _light_windows(colour: Plane, placement: Placement) -> None:
    """Let lamps shine behind a thing's windows, in place."""
    art = subjects.subject(placement.thing.name, placement.thing.pose)
    lamps = art.lamps(len(placement.sprite.pixels)) if not placement.thing.wears else None
    if lamps is None or lamps.shape != colour.shape[:2]:
        return
    share = (lamps.astype(np.float32) * (1 / 255))[..., None]
    colour += (np.asarray(_LAMP, np.float32) - colour) * share * np.float32(0.85)


def _paint_shadow(
    canvas: Canvas, cover: Plane, left: int, ground: int, placement: Placement, stage: Stage
) -> None:
    """Paint the dark where a thing touches the ground, and the shadow it casts away from the light."""
    rows = len(cover)
    wide, high = canvas.whole
    base = placement.sprite.baseline
    foot = cover[max(0, base - max(2, rows // 14)) : base].max(0, initial=0)
    touching = np.flatnonzero(foot > 0.5)
    if not touching.size:
        return
    middle = (left + (touching[0] + touching[-1]) / 2) / wide
    half = max(0.012, (touching[-1] - touching[0]) / 2 / high * 1.12)
    part = canvas.window(
        middle - half * 2.2 / canvas.aspect,
        ground / high - half,
        middle + half * 2.2 / canvas.aspect,
        ground / high + half,
    )
    if part.rgb.size:
        # Under a house as under a cup the dark is a narrow one: a deep shadow would lift it off the ground.
        far = part.distance(middle, ground / high, flat=max(4.2, half / 0.024)) / half
        part.darken(1 - np.exp(-(far**3)) * min(0.85, stage.shadow * 1.25))
    _cast_shadow(canvas, cover[:base], left, ground, stage)


def _cast_shadow(canvas: Canvas, cover: Plane, left: int, ground: int, stage: Stage) -> None:
    """Paint the outline of a thing lying on the ground before it, leaning away from the light."""
    rows, columns = cover.shape
    deep = max(2, rows // 4)
    lean = (-0.9 if stage.from_right else 0.9) * deep
    pad = round(abs(lean)) + 2
    flat = Image.fromarray(np.pad(cover[::-1], ((0, 0), (pad, pad)))).resize(
        (columns + 2 * pad, deep), Image.Resampling.BOX
    )
    slope = lean / deep
    leaning = flat.transform(
        flat.size, Image.Transform.AFFINE, (1, -slope, 0, 0, 1, 0), Image.Resampling.BILINEAR
    )
    shadow = canvas.blur(np.asarray(leaning, np.float32), 0.008)
    fade = np.linspace(1, 0.15, deep, dtype=np.float32)[:, None]
    strength = stage.shadow * 0.62
    _shade(canvas, np.clip(shadow, 0, 1) * fade * strength, left - pad, ground - 1)


def _paint_mirror(
    canvas: Canvas, colour: Plane, cover: Plane, left: int, ground: int, placement: Placement, stage: Stage
) -> None:
    """Paint a thing's mirror image on a wet or polished ground."""
    base = placement.sprite.baseline
    image, seen = colour[:base][::-1], cover[:base][::-1]
    rows, columns = seen.shape
    depth = np.arange(rows, dtype=np.float32) * canvas.pixel
    # Waves move what water mirrors, the more the farther from the foot; its edge is never sharp.
    sway = np.sin(depth * 260) * np.sin(depth * 70 + 1) * np.minimum(depth * 0.12, 0.009) / canvas.pixel
    across = np.clip(np.arange(columns)[None] + np.round(sway).astype(int)[:, None], 0, columns - 1)
    row = np.arange(rows)[:, None]
    fade = np.linspace(1, 0, rows, dtype=np.float32)[:, None] * (1.4 * placement.mirror)
    soft = canvas.blur(seen[row, across], 0.004)
    tinted = image[row, across] * np.asarray(stage.tint, np.float32)
    _lay(canvas, tinted, np.clip(soft * fade, 0, 1), left, ground)


def _cut(canvas: Canvas, plane: Plane, left: int, top: int) -> tuple[tuple[slice, slice], Plane] | None:
    """Return which part of the sheet a plane at (left, top) covers, and the part of the plane that shows."""
    high, wide = canvas.rgb.shape[:2]
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + plane.shape[1], wide), min(top + plane.shape[0], high)
    if x0 >= x1 or y0 >= y1:
        return None
    return (slice(y0, y1), slice(x0, x1)), plane[y0 - top : y1 - top, x0 - left : x1 - left]


def _lay(canvas: Canvas, colour: Plane, cover: Plane, left: int, top: int) -> None:
    shown, faces = _cut(canvas, cover, left, top), _cut(canvas, colour, left, top)
    if shown is None or faces is None:
        return
    sheet = canvas.rgb[shown[0]]
    sheet += (faces[1] - sheet) * shown[1][..., None]


def _shade(canvas: Canvas, dark: Plane, left: int, top: int) -> None:
    shown = _cut(canvas, dark, left, top)
    if shown is not None:
        canvas.rgb[shown[0]] *= 1 - shown[1][..., None]
