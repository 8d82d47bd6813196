"""Makes things stand on their spots: how large each is drawn, what sits, rides or shelters where.

Knows a scene by its Stage only, and a subject by its Sprite; where there is room is `placing.py`'s to find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dalle_nb.backends.offline import subjects
from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.pen import Point
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Thing
from dalle_nb.backends.offline.subjects import Sprite, Subject

_PROBE = 64
_SIZES = {"small": 0.62, "large": 1.35, None: 1.0}


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

    def top(self, canvas: Canvas) -> Point:
        """Return where in the picture something may stand on it."""
        deck = self.anchor("deck", canvas) or self.anchor("seat", canvas)
        if deck is not None:
            return deck
        column = self.sprite.pixels[:, self.sprite.foot, 3]
        return self.x, self.y + (int(np.argmax(column > 128)) - self.sprite.baseline) / canvas.whole[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Things that keep together, and the spot and layer they are to have."""

    things: tuple[Thing, ...]
    """The one that stands on the ground first, then who is on it or under it; each counts once."""
    spot: Spot
    layer: str
    """``ground``, ``back``, ``sky`` or ``water``."""


def stand(canvas: Canvas, party: Party, stage: Stage, shrink: float) -> list[Placement]:
    """Return a party on its spot."""
    ground, *others = party.things
    spot = replace(party.spot, scale=party.spot.scale * shrink, least=party.spot.least * shrink)
    if others and others[0].under:
        return _shelter(canvas, ground, others, spot, stage, party.layer)
    if not others:
        return [_place(canvas, ground, spot, stage, party.layer)]
    if party.layer == "sky":
        spot = replace(spot, scale=1.8 * spot.scale)  # who flies on it is to be seen
    seated = others[0].seat == ground.name
    # A seat is as large as who sits on it; what carries others leaves room above, a low rock the most.
    rider = subjects.subject(others[0].name, others[0].pose).height
    least = min(1.0, subjects.subject(ground.name).height / rider)
    low = 1.1 if seated else (1 - 0.26 * least) * least**0.3
    first = _place(canvas, ground, replace(spot, scale=spot.scale * low), stage, party.layer)
    if subjects.subject(ground.name).heaps:
        return [first, *_heap(canvas, others, first)]
    members = [first]
    for number, other in enumerate(others):
        aside = (number + 0.5) / len(others) - 0.5
        members.append(
            _seat(canvas, other, first, spot, aside) if seated else _set_on_top(canvas, other, first, aside)
        )
    return members


def _place(canvas: Canvas, thing: Thing, spot: Spot, stage: Stage, layer: str) -> Placement:
    """Return a thing on a spot; what is on water is in it up to its waterline."""
    aloft = layer == "sky"
    sprite = _size_sprite(canvas, thing, spot)
    if layer == "water" or (stage.floats and stage.mirror and not aloft):
        sprite = sprite.afloat()
    if spot.turned:
        sprite = sprite.turned()
    return Placement(
        thing=thing,
        sprite=sprite,
        x=spot.x,
        y=spot.y + (len(sprite.pixels) / 2 / canvas.whole[1] if aloft else 0),
        shadow=not (aloft or stage.floats or layer == "water"),
        mirror=0.0
        if aloft or subjects.subject(thing.name).flat
        else max(stage.mirror, 0.3 if layer == "water" else 0.0),
        distance=0.1 if aloft else float(np.clip((stage.horizon + 0.25 - spot.y) / 0.5, 0, 0.6)),
        order=spot.y,
    )


def _seat(canvas: Canvas, thing: Thing, seat: Placement, spot: Spot, aside: float) -> Placement:
    """Return one who sits on a seat, ``aside`` (-0.5 to 0.5) of its middle."""
    x, y = seat.anchor("seat", canvas) or (seat.x, seat.y)
    wide = seat.sprite.pixels.shape[1] / canvas.whole[0]
    room = 0.46 * wide if aside else spot.widest
    if thing.pose is None and "sit" in subjects.subject(thing.name).poses:
        thing = replace(thing, pose="sit")
    spot = replace(spot, widest=room)
    sprite = _size_sprite(canvas, thing, spot)
    tall = sprite.baseline / canvas.whole[1]
    if tall > y - 0.02:  # an eagle on a branch keeps its head in the picture
        sprite = _size_sprite(canvas, thing, replace(spot, scale=spot.scale * (y - 0.02) / tall, least=0.0))
    if "claws" in sprite.anchors:  # what perches lets its tail hang
        y += (sprite.baseline - sprite.anchors["claws"][1]) / canvas.whole[1]
    return replace(seat, thing=thing, sprite=sprite, x=x + aside * wide * 0.74, y=y, shadow=False, mirror=0.0)


def _set_on_top(canvas: Canvas, thing: Thing, base: Placement, aside: float) -> Placement:
    """Return one who stands on top of another thing, sized by it; people ride, sitting on its back."""
    below = subjects.subject(base.thing.name)
    rides = subjects.subject(thing.name).category == "person" and below.category in ("animal", "vehicle")
    if rides and thing.pose is None:
        # Astride what has a saddle, the near leg before it; in a boat or on a roof they sit.
        astraddle = "seat" in below.anchors and "ride" in subjects.subject(thing.name).poses
        thing = replace(thing, pose="ride" if astraddle else "sit")
    own = subjects.subject(thing.name, thing.pose)
    share = float(np.clip((own.height / below.height) ** 0.45, 0.26, 1.9)) * 0.75
    share *= 1.25 if own.category in ("animal", "person") and below.category == "thing" else 1.0
    pixels = round(share * base.sprite.baseline * _SIZES.get(thing.size, 1.0))
    pixels = round(1.3 * pixels) if own.pose == "ride" else pixels
    sprite = _draw(own, thing, max(pixels, round(0.06 * canvas.whole[1])))
    x, y = base.top(canvas)
    x += aside * 0.5 * base.sprite.pixels.shape[1] / canvas.whole[0]
    # One who has no sitting pose, such as in a spacesuit, sits astride: legs before the animal's side.
    if "saddle" in sprite.anchors:
        # They look where their mount goes: its saddle is nearer to its tail.
        forwards = base.sprite.anchors["seat"][0] < 0.46 * base.sprite.pixels.shape[1]
        sprite = sprite.turned() if forwards else sprite
        y += (sprite.baseline - sprite.anchors["saddle"][1]) / canvas.whole[1]
        x -= (sprite.anchors["saddle"][0] - sprite.foot) / canvas.whole[0]
        return replace(base, thing=thing, sprite=sprite, x=x, y=y, shadow=False, mirror=0.0)
    astride = 0.28 if own.pose != "sit" or own.dressed(thing.wears) else 0.14
    y += astride * len(sprite.pixels) / canvas.whole[1] if rides else 0.006
    return replace(base, thing=thing, sprite=sprite, x=x, y=y, shadow=False, mirror=0.0)


def _heap(canvas: Canvas, things: Sequence[Thing], vessel: Placement) -> list[Placement]:
    """Return what fills a bowl or lies on a plate: a shorter row behind, and a row before it."""
    wide, high = vessel.sprite.pixels.shape[1], canvas.whole[1]
    x, y = vessel.top(canvas)
    behind = len(things) // 2 if len(things) > 4 else 0
    share = 0.36 if len(things) > 1 else 0.66  # one pizza fills its plate
    heap = []
    for row, members in enumerate((things[:behind], things[behind:])):
        for number, thing in enumerate(members):
            art = subjects.subject(thing.name, thing.pose)
            shape = _draw(art, thing, _PROBE).pixels.shape
            sprite = _draw(art, thing, max(8, round(share * wide * shape[0] / max(shape[:2]))))
            aside = ((number + 0.5) / len(members) - 0.5) * 0.74 * (1 if row else 0.8)
            heap.append(
                replace(
                    vessel,
                    thing=thing,
                    sprite=sprite,
                    x=x + aside * wide / canvas.whole[0],
                    y=y + (0.07 * row - 0.03) * wide / high,
                    shadow=False,
                    mirror=0.0,
                )
            )
    return heap


def _shelter(
    canvas: Canvas, roof: Thing, guests: Sequence[Thing], spot: Spot, stage: Stage, layer: str
) -> list[Placement]:
    """Return guests who stand before the foot of what they are under, which is drawn as tall as may be."""
    tall = replace(spot, y=spot.y - 0.05, scale=max(spot.scale, 0.62), widest=0.9)
    above = _place(canvas, roof, tall, stage, "ground" if layer == "back" else layer)
    below = []
    for number, guest in enumerate(guests):
        aside = 0.08 if len(guests) == 1 else ((number + 0.5) / len(guests) - 0.5) * 0.4
        near = replace(spot, x=spot.x + aside, y=spot.y + 0.02, scale=tall.scale * 0.6)
        below.append(_place(canvas, guest, near, stage, "ground"))
    return [above, *below]


def _size_sprite(canvas: Canvas, thing: Thing, spot: Spot) -> Sprite:
    """Draw a thing as large as it looks on a spot: nature's sizes, drawn nearer to each other as in a picture book."""
    art = subjects.subject(thing.name, thing.pose)
    share = spot.scale * art.height**0.35 * _SIZES.get(thing.size, 1.0) * min(1.0, 0.4 + 0.6 * canvas.aspect)
    share = max(spot.least, min(share, 0.94 * spot.y if spot.y > 0.5 else 0.9))
    # How wide it is for its height is told by a small one: a large one costs too much to be drawn twice.
    wide = _draw(art, thing, _PROBE).pixels.shape[1] / _PROBE
    return _draw(art, thing, round(min(share * canvas.whole[1], spot.widest * canvas.whole[0] / wide)))


def _draw(art: Subject, thing: Thing, pixels: int) -> Sprite:
    return art.sprite(pixels, colour=thing.colour, parts=thing.parts, wears=thing.wears, holds=thing.holds)
