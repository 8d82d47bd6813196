"""Puts things into a scene: which spot each gets, how large it is, and how the scene's light falls on it.

Knows a scene by its Stage only, and a subject by its Sprite.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from dalle_nb.backends.offline import subjects
from dalle_nb.backends.offline.canvas import Canvas, Plane, Point
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch, Thing
from dalle_nb.backends.offline.subjects import Sprite

_MOST = 12  # copies of one thing
_SIZES = {"small": 0.62, "large": 1.35, None: 1.0}
_SIDES = {"left": 0.25, "right": 0.75, "centre": 0.5}
_LARGE = frozenset({"building", "plant"})
_SWIMMERS = frozenset({"animal", "vehicle"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One sprite and where it stands."""

    thing: Thing
    sprite: Sprite
    x: float
    """Unit coordinate of its foot."""
    y: float
    shadow: bool = True
    mirror: float = 0.0
    """How strong its mirror image is, 0 to 1: in water, or on a wet ground."""
    distance: float = 0
    """0 near to 1 far."""
    order: float = 0
    """Things are painted in this order: by where their ground is, a seat before who sits on it."""

    def anchor(self, name: str, canvas: Canvas) -> Point | None:
        """Return where a part of it, such as the rim of a cup, is in the picture."""
        if name not in self.sprite.anchors:
            return None
        column, row = self.sprite.anchors[name]
        wide, high = canvas.whole
        return self.x + (column - self.sprite.foot) / wide, self.y + (row - self.sprite.baseline) / high


def arrange(canvas: Canvas, sketch: Sketch, stage: Stage) -> list[Placement]:
    """Return what stands where, the farthest first."""
    asked = sketch.things or stage.props
    known = [thing for thing in asked if thing.name in subjects.names() and thing.name not in stage.painted]
    free = {
        "ground": list(stage.spots),
        "back": list(stage.back),
        "sky": list(stage.sky),
        "water": list(stage.water),
    }
    placements: list[Placement] = []
    total = sum(min(thing.count, _MOST) for thing in known)
    for rank, thing in enumerate(known):
        spot, where = _choose_spot(thing, rank, free, stage)
        for copy in range(min(thing.count, _MOST)):
            one = _spread(spot, copy, min(thing.count, _MOST), total)
            placements += _place(canvas, thing, one, stage, where)
    return sorted(placements, key=lambda placement: placement.order)


def _choose_spot(thing: Thing, rank: int, free: dict[str, list[Spot]], stage: Stage) -> tuple[Spot, str]:
    """Return the best free spot for a thing and the layer it is in; what it asks for comes first."""
    art = subjects.subject(thing.name, thing.pose)
    where = "ground"
    adrift = stage.floats and not stage.mirror  # all is air or water here: no sky of its own
    if not adrift and (thing.place == "sky" or art.pose in ("fly", "launch")):
        where = "sky"
    elif free["water"] and art.scene in ("sea", "underwater") and art.category in _SWIMMERS:
        where = "water"
    elif thing.place == "back" or (rank > 0 and art.category in _LARGE):
        where = "back"
    spots = free[where] or list(stage.spots[-1:])
    spot = spots.pop(0)
    if thing.place == "front":
        spot = replace(spot, y=min(0.97, spot.y + 0.04), scale=spot.scale * 1.15)
    elif thing.place in _SIDES:
        spot = replace(spot, x=_SIDES[thing.place])
    elif rank == 0 and where == "ground" and art.category in _LARGE:
        spot = replace(spot, x=0.5)
    return spot, where


def _spread(spot: Spot, copy: int, count: int, total: int) -> Spot:
    """Return the spot of one of several alike: beside each other, every other one a little farther off."""
    if total == 1:
        return replace(spot, least=0.17)
    shrink = 1 / (1 + 0.16 * (min(total, 8) - 1))
    shared = replace(spot, least=0.07, widest=min(spot.widest, 0.56))
    if count == 1:
        return replace(shared, scale=spot.scale * max(shrink, 0.7))
    # Alone they take the whole width; beside others they keep to their own side.
    middle, span = (0.5 * (spot.x + 0.5), 0.3) if total == count else (spot.x - 0.12, 0.18)
    x = middle + ((copy + 0.5) / count - 0.5) * min(2.9 * span, span * count)
    back = copy % 2
    return replace(shared, x=x, y=spot.y - 0.06 * back, scale=spot.scale * shrink * (1 - 0.16 * back))


def _place(canvas: Canvas, thing: Thing, spot: Spot, stage: Stage, where: str) -> list[Placement]:
    """Return a thing on its spot, preceded by the seat it sits on."""
    aloft = where == "sky"
    distance = 0.1 if aloft else float(np.clip((stage.horizon + 0.25 - spot.y) / 0.5, 0, 0.6))
    sprite = _size_sprite(canvas, thing, spot)
    here = Placement(
        thing=thing,
        sprite=sprite,
        x=spot.x,
        y=spot.y + (len(sprite.pixels) / 2 / canvas.whole[1] if aloft else 0),
        shadow=not (aloft or stage.floats or where == "water"),
        mirror=0.0 if aloft else max(stage.mirror, 0.3 if where == "water" else 0.0),
        distance=distance,
        order=spot.y,
    )
    if thing.seat is None or thing.seat in stage.painted or thing.seat not in subjects.names():
        return [here]
    seat = Thing(name=thing.seat)
    below = replace(
        here, thing=seat, sprite=_size_sprite(canvas, seat, replace(spot, scale=spot.scale * 1.1))
    )
    x, y = below.anchor("seat", canvas) or (spot.x, spot.y)
    return [below, replace(here, x=x, y=y, shadow=False, mirror=0.0)]


def _size_sprite(canvas: Canvas, thing: Thing, spot: Spot) -> Sprite:
    """Draw a thing as large as it looks on a spot: nature's sizes, drawn nearer to each other as in a picture book."""
    art = subjects.subject(thing.name, thing.pose)
    share = spot.scale * art.height**0.35 * _SIZES.get(thing.size, 1.0) * min(1.0, 0.4 + 0.6 * canvas.aspect)
    share = max(spot.least, min(share, 0.94 * spot.y if spot.y > 0.5 else 0.9))
    pixels = round(share * canvas.whole[1])
    sprite = art.sprite(pixels, colour=thing.colour, wears=thing.wears, holds=thing.holds)
    widest = spot.widest * canvas.whole[0]
    if sprite.pixels.shape[1] > widest:
        pixels = round(pixels * widest / sprite.pixels.shape[1])
        sprite = art.sprite(pixels, colour=thing.colour, wears=thing.wears, holds=thing.holds)
    return sprite


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
        far = part.distance(middle, ground / high, flat=4.2) / half
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
    rows = cover[:base].shape[0]
    fade = np.linspace(1, 0, rows, dtype=np.float32)[:, None] * (1.4 * placement.mirror)
    _lay(
        canvas,
        colour[:base][::-1] * np.asarray(stage.tint, np.float32),
        np.clip(cover[:base][::-1] * fade, 0, 1),
        left,
        ground,
    )


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
