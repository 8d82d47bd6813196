"""Decides where in a scene things stand, so that none hides another.

What belongs together (a sofa and who sits on it, a tree and who stands under it) makes a Party that keeps
together while room is made. Knows a scene by its Stage only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dalle_nb.backends.offline import subjects
from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.figures import Party, Placement, stand
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch, Thing

_BACK = 0.34
"""Height, in heights of the picture, that a person would have by a large thing farther off."""
_MOST = 12  # copies of one thing
_SIDES = {"left": 0.25, "right": 0.75, "centre": 0.5}
_LARGE = frozenset({"building", "plant"})
_SMALL = 0.5  # in persons: a mushroom is a plant, but stands in front like a cat
_SWIMMERS = frozenset({"animal", "vehicle"})
_SIZES = (1.0, 0.95, 1.06, 0.98, 0.92)  # of several alike
_AT_EASE = frozenset({"sit", "stand", "walk", "run", "lie", "sleep", "graze", "fan"})
_ROOM = {"sofa": 3, "bench": 3}  # sitters that one seat takes; any other takes one


def arrange(canvas: Canvas, sketch: Sketch, stage: Stage) -> list[Placement]:
    """Return what stands where, the farthest first."""
    asked = sketch.things or stage.props
    known = [
        _as_dressed(_as_perched(_as_busy(thing)))
        for thing in asked
        if thing.name in subjects.names() and thing.name not in stage.painted
    ]
    parties = _gather(known, stage)
    placements: list[Placement] = []
    for layer in dict.fromkeys(party.layer for party in parties):
        own = [party for party in parties if party.layer == layer]
        placements += _make_room(canvas, own, stage)
    return sorted(placements, key=lambda placement: placement.order)


def _as_busy(thing: Thing) -> Thing:
    """Return one who uses what it holds where there is a pose of that name: a guitar is played, a book is read."""
    poses = subjects.subject(thing.name).poses
    held = next((item for item in thing.holds if item.partition("#")[0] in poses), None)
    seated = thing.pose == "sit" or (thing.pose is None and bool(thing.seat or thing.on))
    if held is None or thing.pose not in (None, "sit") or (seated and not held.startswith("book")):
        return thing
    name, _, digits = held.partition("#")
    parts = (*thing.parts, *([(name, f"#{digits}")] if digits else []))
    holds = tuple(item for item in thing.holds if item != held)
    return replace(thing, pose=name, holds=holds, parts=parts)


def _as_perched(thing: Thing) -> Thing:
    """Return a bird that usually flies with its wings folded where it is on something."""
    settles = thing.pose is None and bool(thing.seat or thing.on)
    return (
        replace(thing, pose="perch") if settles and "perch" in subjects.subject(thing.name).poses else thing
    )


def _as_dressed(thing: Thing) -> Thing:
    """Return a thing in a pose that shows what it wears: on all fours nobody wears a coat."""
    usual, asked = subjects.subject(thing.name), subjects.subject(thing.name, thing.pose)
    shown = all(asked.fits(item) for item in thing.wears if usual.fits(item))
    return thing if shown else replace(thing, pose=None)


# Who keeps company with whom


def _gather(known: Sequence[Thing], stage: Stage) -> list[Party]:
    """Return the parties, each with the best spot that is free."""
    free = {"ground": [*stage.spots], "back": [*stage.back], "sky": [*stage.sky], "water": [*stage.water]}
    groups = list(_grouped(known, stage))
    total = sum(len(copies) for copies in groups)
    parties: list[Party] = []
    for rank, copies in enumerate(groups):
        taken = [party.spot.x for party in parties if party.layer in ("ground", "water")]
        spot, layer = _choose_spot(copies[0][0], rank, free, stage, taken)
        if parties and layer == "ground" and _is_large(parties[0].things[0]):
            spot = replace(
                spot, y=max(spot.y, 0.95), scale=spot.scale * 0.85
            )  # before the house, not behind it
        for number, alike in enumerate(copies):
            one, things = _spread(spot, number, len(copies), total), _vary(alike, number)
            parties.append(Party(things=things, spot=one, layer=layer))
    return parties


def _grouped(known: Sequence[Thing], stage: Stage) -> Iterator[list[tuple[Thing, ...]]]:
    """Yield, for each kind of thing that stands on the ground, its copies with who is on or under each."""
    names = {thing.name for thing in known}
    bases = {thing.on or thing.under for thing in known} & names
    seated: set[str] = set()
    for thing in known:
        seat = thing.seat if thing.seat in subjects.names() and thing.seat not in stage.painted else None
        if (thing.on or thing.under) in names or seat in seated:
            continue
        if seat is not None:
            seated.add(seat)
            sitters = [one for other in known if other.seat == seat for one in _copies(other)]
            room = _ROOM.get(seat, 1)
            rows = [sitters[start : start + room] for start in range(0, len(sitters), room)]
            yield [(Thing(name=seat, colour=thing.seat_colour), *row) for row in rows]
            continue
        copies: list[tuple[Thing, ...]] = [(one,) for one in _copies(thing)]
        if thing.name in bases:
            guests = [
                one for other in known if thing.name in (other.on, other.under) for one in _copies(other)
            ]
            copies[0] = (*copies[0], *guests)
        yield copies


def _vary(things: tuple[Thing, ...], number: int) -> tuple[Thing, ...]:
    """Return one of several alike, every other one in another pose where nobody asked for one."""
    first, *others = things
    poses = subjects.subject(first.name).poses
    if number % 2 == 0 or others or first.pose or first.holds or first.wears or len(poses) < 2:
        return things
    if not _AT_EASE.issuperset(poses[:2]):
        return things  # one does not fly where the others stand, nor leap where they swim
    return (replace(first, pose=poses[1]),)


def _copies(thing: Thing) -> list[Thing]:
    return [replace(thing, count=1)] * min(thing.count, _MOST)


def _choose_spot(
    thing: Thing, rank: int, free: dict[str, list[Spot]], stage: Stage, taken: Sequence[float]
) -> tuple[Spot, str]:
    """Return the best free spot for a thing and the layer it is in; what it asks for comes first."""
    art = subjects.subject(thing.name, thing.pose)
    layer = _layer_of(thing, rank, bool(free["water"]), stage)
    spot = _free_spot(free[layer] or list(stage.spots[-1:]), layer, taken)
    if layer == "back" and _is_large(thing):  # it was asked for: it is to be seen beside who stands in front
        spot = replace(spot, y=spot.y + 0.3 * max(0.0, _BACK - spot.scale), scale=max(spot.scale, _BACK))
    if layer == "sky" and art.category == "animal":  # one sees what bird it is
        spot = replace(spot, y=max(spot.y, 0.22), scale=max(spot.scale, min(1.6 * spot.scale, 0.34)))
    if thing.place == "front":
        spot = replace(spot, y=min(0.97, spot.y + 0.04), scale=spot.scale * 1.15)
    elif thing.place in _SIDES:
        spot = replace(spot, x=_SIDES[thing.place])
    elif rank == 0 and layer == "ground" and art.category in _LARGE:
        spot = replace(spot, x=0.5)
    return spot, layer


def _layer_of(thing: Thing, rank: int, on_water: bool, stage: Stage) -> str:
    """Return where a thing goes: into the sky, on the water, behind the others, or on the ground."""
    art = subjects.subject(thing.name, thing.pose)
    adrift = stage.floats and not stage.mirror  # all is air or water here: no sky of its own
    if not adrift and (thing.place == "sky" or art.pose in ("fly", "launch")):
        return "sky"
    if on_water and (art.swims or (art.scene in ("sea", "underwater") and art.category in _SWIMMERS)):
        return "water"
    return "back" if thing.place == "back" or (rank > 0 and _is_large(thing)) else "ground"


def _free_spot(spots: list[Spot], layer: str, taken: Sequence[float]) -> Spot:
    """Return the first spot of a layer, and take it; behind others the first that they do not hide."""
    if layer not in ("back", "water") or not taken:
        return spots.pop(0)
    spot = next((one for one in spots if _apart(one, taken)), None)
    if spot is None:
        spot = max(spots, key=lambda one: min(abs(one.x - x) for x in taken))
    spots.remove(spot)
    if layer == "back" and not _apart(spot, taken):  # a shore has room on its other side too
        return replace(spot, x=0.26 if taken[0] > 0.5 else 0.74)
    return spot


def _is_large(thing: Thing) -> bool:
    art = subjects.subject(thing.name)
    return art.category in _LARGE and art.height > _SMALL


def _apart(spot: Spot, taken: Sequence[float]) -> bool:
    """Whether nothing in front hides a spot farther off."""
    return all(abs(spot.x - x) > 0.25 for x in taken)


def _spread(spot: Spot, number: int, count: int, total: int) -> Spot:
    """Return the spot of one of several alike: beside each other, every other one a little farther off."""
    if total == 1:
        return replace(spot, least=0.2)
    shrink = 1 / (1 + 0.16 * (min(total, 8) - 1))
    shared = replace(spot, least=0.07, widest=min(spot.widest, 0.56))
    if count == 1:
        return replace(shared, scale=spot.scale * max(shrink, 0.7))
    # Alone they take the whole width; beside others they keep to their own side.
    middle, span = (0.5 * (spot.x + 0.5), 0.3) if total == count else (spot.x, 0.18)
    x = middle + ((number + 0.5) / count - 0.5) * min(2.9 * span, span * count)
    back = number % 2
    size = shrink * (1 - 0.16 * back) * _SIZES[number % len(_SIZES)]
    return replace(shared, x=x, y=spot.y - 0.06 * back, scale=spot.scale * size, turned=number % 3 == 1)


# How large, and where exactly


def _make_room(canvas: Canvas, parties: Sequence[Party], stage: Stage) -> list[Placement]:
    """Return the placements of one layer: made smaller, then moved apart, until nobody hides another."""
    standing = [stand(canvas, party, stage, 1.0) for party in parties]
    needed = _gaps(canvas, _in_a_row(standing))
    room = sum(needed)
    if len(parties) > 1 and room > 1:
        standing = [stand(canvas, party, stage, max(0.4, 1 / room)) for party in parties]
    row = _in_a_row(standing)
    moves = _moves([members[0].x for members in row], _gaps(canvas, row))
    return [
        replace(placement, x=placement.x + move)
        for members, move in zip(row, moves, strict=True)
        for placement in members
    ]


def _in_a_row(standing: list[list[Placement]]) -> list[list[Placement]]:
    return sorted(standing, key=lambda members: members[0].x)


def _gaps(canvas: Canvas, row: Sequence[Sequence[Placement]]) -> list[float]:
    """Return the room from the left edge to the first middle, from each middle to the next, and to the edge."""
    widths = [_reach(canvas, members) for members in row]
    gaps = [widths[0][0]]
    for at in range(1, len(row)):
        # One may stand before another's shoulder, but not before its face.
        share = 0.92 if abs(row[at - 1][0].y - row[at][0].y) < 0.03 else 0.72
        gaps.append((widths[at - 1][1] + widths[at][0]) * share)
    return [*gaps, widths[-1][1]]


def _reach(canvas: Canvas, members: Sequence[Placement]) -> tuple[float, float]:
    """Return how far a party reaches to the left and right of the foot of its first."""
    wide, middle = canvas.whole[0], members[0].x
    left = max(middle - one.x + one.sprite.foot / wide for one in members)
    right = max(one.x - middle + (one.sprite.pixels.shape[1] - one.sprite.foot) / wide for one in members)
    return left, right


def _moves(places: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Return how far each of a row must move to keep its gaps to its neighbours and to the edges."""
    moved = list(places)
    for at in range(1, len(moved)):
        moved[at] = max(moved[at], moved[at - 1] + gaps[at])
    lean = sum(new - old for new, old in zip(moved, places, strict=True)) / len(moved)
    moved = [x - lean for x in moved]
    edge = 1 - gaps[-1]
    for at in reversed(range(len(moved))):
        moved[at] = edge = min(moved[at], edge)
        edge -= gaps[at]
    edge = gaps[0]
    for at in range(len(moved)):
        moved[at] = edge = max(moved[at], edge)
        edge += gaps[at + 1]
    return [new - old for new, old in zip(moved, places, strict=True)]
