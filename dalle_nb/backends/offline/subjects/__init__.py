"""Subjects: everything the painter can put into a scene, as our own vector art with colours as parameters.

`facts/` holds what each is (slots, natural height, baseline, anchors), `art/` one SVG for each pose. This
room joins them into sprites; it knows no scene and no prompt.

    cat = subject("cat", "sit")
    sprite = cat.sprite(400, colour="#ffffff", wears=("sunglasses", "scarf#c02030"), holds=("balloon",))
    sprite.pixels        # uint8 (h, w, 4), straight alpha
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dalle_nb.backends.offline.subjects import drawing
from dalle_nb.backends.offline.subjects.drawing import Anchor, Fragment, Placement
from dalle_nb.backends.offline.subjects.patterns import cover, is_pattern
from dalle_nb.backends.offline.subjects.shades import drawable, is_colour, is_dark, shade

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_FOLDER = files(__package__)
_Parts: TypeAlias = "tuple[tuple[str, str], ...]"
"""Colours of slots, by name."""
_BESIDE = frozenset({"accent", "stripe", "stripes", "panel", "trim"})
"""Slots that would belie the colour asked of the whole: a red balloon has no yellow stripes."""
_PANES = frozenset({"pane", "glow", "lamp"})
"""Slots of what is lit from behind when it is dark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprite:
    """A subject as pixels, ready to be placed."""

    pixels: NDArray[np.uint8]
    """(height, width, 4) RGBA, straight alpha; read-only."""
    baseline: int
    """Row, from the top, that stands on the ground (of a flyer: its lowest row)."""
    foot: int
    """Column in the middle of what touches the ground."""
    anchors: Mapping[str, tuple[int, int]]
    """Places by name in (column, row), such as ``seat``, ``rim`` of a cup, ``lamp`` of a lighthouse."""

    def turned(self) -> Sprite:
        """Return the same seen in a mirror."""
        last = self.pixels.shape[1] - 1
        anchors = {name: (last - column, row) for name, (column, row) in self.anchors.items()}
        return replace(
            self, pixels=self.pixels[:, ::-1], foot=last - self.foot, anchors=MappingProxyType(anchors)
        )

    def afloat(self) -> Sprite:
        """Return it without what is under water."""
        _, row = self.anchors.get("waterline", (0, self.baseline))
        return replace(self, pixels=self.pixels[: max(1, row)], baseline=max(1, row))

    @property
    def seat(self) -> tuple[int, int] | None:
        """Where the baseline of one who sits on this comes to lie, or None when it is no seat."""
        return self.anchors.get("seat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One subject in one pose."""

    name: str
    pose: str
    poses: tuple[str, ...]
    category: str
    """``animal``, ``person``, ``vehicle``, ``building``, ``plant``, ``food``, ``thing``, ``seat``, ``worn``, ``held``."""
    scene: str
    """The scene it looks best in when nobody said another."""
    slots: Mapping[str, str]
    """Colour slots with their own colours (or a shade of another slot); the first is the main one."""
    baseline: float
    anchors: Mapping[str, Anchor]
    bears: bool
    """Whether another may stand on top of it."""
    shelters: bool
    """Whether another may stand under it."""
    flat: bool
    """Whether it lies in the water's face, and so mirrors nothing."""
    heaps: bool
    """Whether several things lie in it, one on another."""
    swims: bool
    """Whether it is at home on the water's face, wherever else it may stand."""

    @property
    def height(self) -> float:
        """Natural height in this pose; an adult who stands is 1.0."""
        return _height(self.name, self.pose)

    def lamps(self, height_px: int) -> NDArray[np.uint8] | None:
        """Return where its windows are, (height, width), drawn as `sprite` draws it bare; None if it has none."""
        if not _PANES & self.slots.keys():
            return None
        bright, dark = (
            _rasterise(self.name, self.pose, max(1, height_px), None, (), pane).pixels[..., :3].max(2)
            for pane in ("#ffffff", "#000000")
        )
        panes: NDArray[np.uint8] = bright - dark
        return panes

    def dressed(self, wears: tuple[str, ...]) -> bool:
        """Whether a suit among what it wears takes the place of its body, and so of its pose."""
        return any(_facts().get(item.partition("#")[0], {}).get("suit") for item in wears)

    def _patterned(self, height_px: int, pattern: str, additions: tuple[str, ...], parts: _Parts) -> Sprite:
        """Return it in a pattern: where a white and a black one differ is what takes a colour."""
        light, dark = (
            _rasterise(self.name, self.pose, height_px, colour, additions, parts=parts)
            for colour in ("#ffffff", "#000000")
        )
        bright, shade = (sprite.pixels[..., :3].astype(int).max(2) for sprite in (light, dark))
        share = np.clip((bright - shade) / max(1, (bright - shade).max()), 0, 1)[..., None]
        pixels = light.pixels.copy()
        cloth = cover(pattern, *pixels.shape[:2])
        pixels[..., :3] = pixels[..., :3] * (1 - share) + pixels[..., :3] * cloth * share
        return replace(light, pixels=pixels)

    def fits(self, name: str) -> bool:
        """Whether it can wear or hold the thing called `name` (``scarf``, ``scarf#c02030``)."""
        thing, mark, digits = name.partition("#")
        facts = _facts().get(thing, {})
        if mark and not is_colour(mark + digits):
            return False
        if facts.get("suit"):
            return "head" in _facts()[self.name]
        if facts.get("upright") and "hand" not in self.anchors:
            return False
        if "needs" in facts and facts["needs"] not in self.slots:
            return False
        if facts.get("at") == "feet":
            return "feet" in _facts()[self.name]["poses"][self.poses[0]]  # seen in some poses, dyed in all
        return facts.get("at") in self.anchors

    def sprite(
        self,
        height_px: int,
        *,
        colour: str | None = None,
        parts: _Parts = (),
        wears: tuple[str, ...] = (),
        holds: tuple[str, ...] = (),
    ) -> Sprite:
        """Draw it `height_px` high; what it wears and holds may reach beyond.

        `colour` is ``#rrggbb`` or a pattern (see `patterns`) for the main slot, `parts` give others theirs by
        name. A worn or held thing may carry its own colour
        (``scarf#c02030``); one that does not fit (see `fits`) is left out.
        """
        additions = tuple(name for name in (*wears, *holds) if self.fits(name))
        own = tuple((slot, value) for slot, value in parts if slot in self.slots)
        if colour is not None and is_pattern(colour):
            return self._patterned(max(1, height_px), colour, additions, own)
        for given in (colour, *(of_part for _, of_part in parts)):
            if given is not None and not is_colour(given):
                raise ValueError(f"A colour is written #rrggbb, not {given!r}.")
        return _rasterise(
            self.name, self.pose, max(1, height_px), colour and colour.lower(), additions, parts=own
        )


@cache
def names() -> tuple[str, ...]:
    """Every subject there is, things to wear and to hold among them."""
    return tuple(_facts())


@cache
def garments() -> frozenset[str]:
    """Names of what is worn on the whole body, and gives it its colour."""
    return frozenset(name for name, facts in _facts().items() if facts.get("dyes", {}).get("body") == "self")


@cache
def subject(name: str, pose: str | None = None) -> Subject:
    """The subject called `name`; a pose it has not becomes its first. Raises KeyError for an unknown name."""
    if name not in _facts():
        raise KeyError(f"No subject is called {name!r}; names() tells which there are.")
    facts = _facts()[name]
    poses: tuple[str, ...] = tuple(facts["poses"])
    chosen: str = pose if pose in poses else poses[0]
    return Subject(
        name=name,
        pose=chosen,
        poses=poses,
        category=facts["category"],
        scene=facts["scene"],
        slots=MappingProxyType(facts["slots"]),
        baseline=facts["poses"][chosen]["baseline"],
        anchors=MappingProxyType(_all_anchors(facts, chosen)),
        bears=facts.get("bears", False),
        shelters=facts.get("shelters", False),
        flat=facts.get("flat", False),
        heaps=facts.get("heaps", False),
        swims=facts.get("swims", False),
    )


@cache
def _facts() -> dict[str, dict[str, Any]]:
    rooms = sorted((_FOLDER / "facts").iterdir(), key=lambda room: room.name)
    told = {name: facts for room in rooms for name, facts in tomllib.loads(room.read_text("utf-8")).items()}
    return {name: _inherit(facts, told) for name, facts in told.items()}


def _inherit(facts: dict[str, Any], told: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Facts, and what is not said of it as it is of the one it is like: a vampire is a person but for its colours."""
    if "like" not in facts:
        return facts
    model = told[facts["like"]]
    drawn = {part: model.get(part, facts["like"]) for part in ("body", "face")}
    slots = {slot: colour for slot, colour in {**model["slots"], **facts.get("slots", {})}.items() if colour}
    return {**model, **drawn, **facts, "slots": slots}


@cache
def _art(name: str, part: str) -> str:
    drawn = _facts()[name].get("face" if part == "head" else "body", name)
    return (_FOLDER / "art" / f"{drawn}.{part}.svg").read_text("utf-8")


@cache
def _height(name: str, pose: str) -> float:
    """The height of a pose: its drawing is read only when it is to be drawn."""
    usual, drawn = (
        drawing.measure_art(_art(name, one)).height for one in (next(iter(_facts()[name]["poses"])), pose)
    )
    return float(_facts()[name]["height"] * drawn / usual)


def _all_anchors(facts: dict[str, Any], pose: str) -> dict[str, Anchor]:
    """Anchors of the pose, and those of its head where the pose carries one."""
    anchors = {key: Anchor(*value) for key, value in facts["poses"][pose].items() if isinstance(value, list)}
    if "head" in anchors and "head" in facts:
        anchors = _head_anchors(facts["head"], anchors["head"]) | anchors
    return anchors


def _head_anchors(head: dict[str, Any], at: Anchor) -> dict[str, Anchor]:
    move = _head_placement(head, at)
    return {key: move.anchor(Anchor(*value)) for key, value in head.items() if key != "pivot"}


def _head_placement(head: dict[str, Any], at: Anchor) -> Placement:
    x, y = head["pivot"]
    return Placement((x, y), (at.x, at.y), at.size, at.angle)


@lru_cache(maxsize=8)
def _rasterise(
    name: str,
    pose: str,
    height: int,
    colour: str | None,
    items: tuple[str, ...],
    pane: str | None = None,
    parts: _Parts = (),
) -> Sprite:
    wearer = subject(name, pose)
    stance, items = _put_on_suit(wearer, _with_companions(items))
    panes = dict.fromkeys(_PANES & wearer.slots.keys(), pane) if pane else {}
    dyed = {slot: drawable(value) for slot, value in parts}
    slots = _recolour({**wearer.slots, **panes}, colour, dyed)
    slots = _dye(slots, items) if wearer.category == "person" else slots  # an animal's body is its fur
    own = slots if stance is wearer else _recolour(stance.slots, None)
    body = drawing.colour_art(_art(stance.name, stance.pose), own, "body")
    scale = height / body.box.height
    layers: dict[str, list[Fragment]] = {"back": [], "worn": [], "neck": [], "held": [], "top": []}
    for item in items:
        facts = _facts()[item.partition("#")[0]]
        if facts["at"] in stance.anchors:
            layers[facts["layer"]].append(_attach(item, stance.anchors, slots))
    if any(_facts()[item.partition("#")[0]].get("upright") for item in items):
        layers["top"], layers["held"] = (
            layers["held"] + layers["top"],
            [],
        )  # before the clothes, not under them
    head = _draw_head(wearer, slots, stance.anchors)
    for piece in layers["back"]:  # behind all that is drawn: wings, a cape
        body = Fragment(markup=piece.markup + body.markup, box=body.box)
    for piece in (*layers["back"], *layers["neck"]):
        body = Fragment(markup=body.markup, box=body.box.union(piece.box))
    pieces_at = (
        ("worn", layers["worn"]),
        ("held", layers["held"]),
        ("head", layers["neck"] + head),
        ("top", layers["top"]),
    )
    for mark, pieces in pieces_at:
        body = drawing.insert(body, mark, pieces, grow=mark != "head")
    states = ("awake" if stance.pose == "sleep" else "asleep", "free" if layers["held"] else "holding")
    cut = (cls for item in items for cls in _facts()[item.partition("#")[0]].get("cuts", ()))
    hidden = (*states, *_facts()[wearer.name].get("hides", ()), *cut)
    return _to_sprite(body, stance, scale, hidden)


def _put_on_suit(wearer: Subject, items: tuple[str, ...]) -> tuple[Subject, tuple[str, ...]]:
    """The figure whose body is drawn, and what is still to be attached: a suit takes the body's place."""
    suits = [item for item in items if _facts()[item.partition("#")[0]].get("suit")]
    if not suits:
        return wearer, items
    suit, _, colour = suits[0].partition("#")
    worn = subject(suit, wearer.pose)
    anchors = _head_anchors(_facts()[wearer.name]["head"], worn.anchors["head"]) | dict(worn.anchors)
    slots = _recolour(worn.slots, f"#{colour}" if colour else None)
    left = (item for item in items if item not in suits and _facts()[item.partition("#")[0]]["at"] in anchors)
    return replace(worn, anchors=anchors, slots=slots), tuple(left)


def _recolour(
    slots: Mapping[str, str], colour: str | None, parts: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Slots in `colour` and what is beside it in a paler one, `parts` in theirs, references resolved."""
    main = {next(iter(slots)): drawable(colour)} if colour else {}
    beside = {
        slot: shade(main[first], "pale")
        for first in main
        for slot in _BESIDE & slots.keys()
        if is_colour(slots[slot]) and not is_dark(slots[slot])
    }
    chosen = {**slots, **beside, **main, **(parts or {})}
    return {name: value if is_colour(value) else _shade_of(value, chosen) for name, value in chosen.items()}


def _shade_of(reference: str, slots: Mapping[str, str]) -> str:
    slot, _, step = reference.partition("-")
    return shade(slots[slot], step)


def _draw_head(wearer: Subject, slots: dict[str, str], anchors: Mapping[str, Anchor]) -> list[Fragment]:
    head = _facts()[wearer.name].get("head")
    if head is None or "head" not in anchors:
        return []
    art = drawing.colour_art(_art(wearer.name, "head"), slots, "head")
    return [_head_placement(head, anchors["head"]).apply(art)]


def _with_companions(items: tuple[str, ...]) -> tuple[str, ...]:
    """What is worn, and what always goes with it in the same colour: a raincoat and its hood."""
    dressed: list[str] = []
    for item in items:
        name, mark, digits = item.partition("#")
        companions = [other + mark + digits for other in _facts()[name].get("also", ())]
        place = _place_of(name)
        if place is not None:  # one hat, one coat: the later, which somebody asked for
            dressed = [other for other in dressed if _place_of(other.partition("#")[0]) != place]
        dressed += [*companions, item]
    dressed.sort(key=lambda item: _facts()[item.partition("#")[0]].get("over", False))
    return tuple(dict.fromkeys(dressed))


def _place_of(name: str) -> tuple[str, str] | None:
    """Where on its wearer a garment is the only one of its kind."""
    facts = _facts()[name]
    hat = facts.get("at") == "hat" and facts["layer"] == "top" and "takes" not in facts
    garment = facts.get("upright", False) and not facts.get("over", False)
    return (facts["at"], facts["layer"]) if hat or garment else None


def _dye(slots: dict[str, str], items: tuple[str, ...]) -> dict[str, str]:
    """The wearer's slots where clothes give them a colour: the sleeves of a coat, blond hair under a plait."""
    dyed = dict(slots)
    for item in items:
        name, _, digits = item.partition("#")
        facts = _facts()[name]
        own = f"#{digits}" if digits else None
        if own is None and "takes" in facts:
            continue  # it follows the wearer, not the wearer it
        main = drawable(own) if own else next(iter(facts["slots"].values()))
        for slot, value in facts.get("dyes", {}).items():
            if slot in dyed:
                dyed[slot] = main if value == "self" else dyed.get(value, value)
    return dyed


def _attach(item: str, anchors: Mapping[str, Anchor], wearer: Mapping[str, str]) -> Fragment:
    """A worn or held thing, scaled and turned onto the anchor it belongs to."""
    name, _, digits = item.partition("#")
    facts, thing = _facts()[name], subject(name)
    grip, at = thing.anchors["grip"], anchors[facts["at"]]
    colour = f"#{digits}" if digits else wearer.get(facts.get("takes", ""))
    art = drawing.colour_art(_art(name, thing.pose), _recolour(thing.slots, colour), name)
    scale = at.size / grip.size
    return Placement((grip.x, grip.y), (at.x, at.y), scale, at.angle - grip.angle).apply(art)


def _to_sprite(body: Fragment, stance: Subject, scale: float, hidden: tuple[str, ...]) -> Sprite:
    box = body.box
    pixels = drawing.rasterise(body, scale, hidden)
    places = {
        key: (round((anchor.x - box.left) * scale), round((anchor.y - box.top) * scale))
        for key, anchor in stance.anchors.items()
    }
    return Sprite(
        pixels=pixels,
        baseline=round((stance.baseline - box.top) * scale),
        foot=places.pop("foot", (pixels.shape[1] // 2, 0))[0],
        anchors=MappingProxyType(places),
    )
