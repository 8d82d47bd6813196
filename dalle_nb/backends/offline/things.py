"""Makes Things of the subjects that a prompt names: their poses, and what they wear and hold.

What stands before its subject (戴着墨镜的狗, a sleeping cat) waits for it here. How subjects stand to one another is
`grammar.py`'s to find.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dalle_nb.backends.offline.clauses import Draft, Waiting
from dalle_nb.backends.offline.lexicon import BEINGS, Lexicon
from dalle_nb.backends.offline.repertoire import Repertoire
from dalle_nb.backends.offline.scenery import Scenery
from dalle_nb.backends.offline.segment import Token
from dalle_nb.backends.offline.sketch import Thing

MAX_THINGS = 4
"""More subjects than these make no picture; the rest are named as not drawn."""
MAX_COUNT = 12
_SECONDS = ("accent", "patch", "spots", "stripe", "stripes", "panel")
"""Where art has a place for a second colour."""
_PLAIN = frozenset({"stand", "walk", "run", "jump", "sit"})
"""Poses that give way to a plainer telling of what is done: jumping, and shooting a ball."""
_GROUPS = {"family": 3, "couple": 2}
"""How many animals these are: a penguin family."""
_COVERS = {"stripes": "stripes", "spots": "dots"}
_PALE, _DARK = "#f3f1ec", "#4a3a34"


class Things(Scenery):
    """The subjects of a picture in the making."""

    def __init__(self, lexicon: Lexicon, can: Repertoire) -> None:
        super().__init__(lexicon, can)
        self.drafts: list[Draft] = []
        self._vessel: Draft | None = None  # waits for what is in it
        self._missed = False  # whether a being was named that has no art
        self._next: dict[str, Any] = {}  # what the next subject takes: pose, wears, holds, place, seat

    def _qualifies_next(self, token: Token) -> bool:
        """Whether the word only tells more of the noun after it: golden retriever puppies, a stone castle."""
        follows = self._noun_after(token)
        if follows is None or token.plural or self._clause.no:
            return False
        wait = self._clause.wait
        if follows.name == token.name and follows.is_thing:
            wait.colour = wait.colour or token.meaning.facts.get("colour")
        elif not (token.meaning.facts.get("material") and follows.is_thing) and not _compounds(
            token, follows
        ):
            return False
        wait.tokens.append(token)
        return True

    def _plays_instrument(self, token: Token) -> bool:
        """Whether the word names what the player after it has in hand: a saxophone player."""
        follows = self._noun_after(token)
        if (
            follows is None
            or follows.kind != "person"
            or not token.meaning.facts.get("hold")
            or token.kind != "thing"
        ):
            return False
        self._next.setdefault("holds", []).append((token, self._adjectives()))
        return True

    def _child_of_last(self, token: Token, wait: Waiting) -> Token:
        """Return the young animal as the one named before has it: an elephant and her calf."""
        parent = next((draft for draft in reversed(self.drafts) if draft.token.kind == "animal"), None)
        previous = self._clause.previous
        theirs = previous is not None and previous.text.lower() in ("her", "its", "his", "their", "的")
        usual = parent is None or parent.thing.name in token.meaning.names("young")
        if "young" not in token.meaning.facts or parent is None or usual or not theirs:
            return token
        wait.size = "small"
        return replace(token, meaning=replace(parent.token.meaning, facts={**parent.token.meaning.facts}))

    def _plays_role(self, token: Token, wait: Waiting) -> bool:
        """Whether the word only tells how the animal before it is dressed, or that they are several: a dog astronaut."""
        clause = self._clause
        animal, worn = clause.previous, token.meaning.names("wears")
        if animal is None or clause.last is None or clause.last.token is not animal:
            return False
        if (
            animal.kind not in ("animal", "creature")
            or token.kind != "person"
            or token.start - animal.end > 1
        ):
            return False
        if token.name in _GROUPS:
            clause.last.set(count=max(clause.last.thing.count, _GROUPS[token.name]))
            self.note(token, token, "drawn")
            return True
        if not worn:
            return False
        for name in worn:
            self._attach(
                clause.last, "wears", replace(token, meaning=self.lexicon.find(f"worn/{name}")), wait
            )
        return True

    def _noun_after(self, token: Token) -> Token | None:
        """Return the noun that follows at once, or after 's."""
        ahead = self._clause.ahead
        owned = len(ahead) > 1 and ahead[0].text.lower() == "s"
        follows = ahead[1] if owned else next(iter(ahead), None)
        gap = follows.start - token.end if follows else 0
        near = gap <= (3 if owned else 1 if token.text.isascii() else 0)
        return follows if follows is not None and near else None

    def _arranged(self, token: Token, wait: Waiting) -> bool:
        """Whether the word is the vase that the flowers before it are in: one thing, not two."""
        flowers, relation = self._clause.last or next(reversed(self.drafts), None), self._clause.relation
        inside = relation is not None and (relation.name == "in" or relation.text.lower().startswith("in "))
        if flowers is not None and token.name in self.can.poses[flowers.thing.name]:
            return self._arranged_after(flowers, token, wait)
        if flowers is not None and inside and flowers.thing.name == token.name:
            self.note(wait.start(token), token, "drawn")  # a bouquet in a vase
            return True
        if (
            flowers is None
            or not inside
            or not self._arrange(flowers, token.name, wait.count or 1, wait.colour)
        ):
            return False
        self.note(wait.start(token), token, "drawn")
        self._clause.last, self._clause.relation = flowers, None
        return True

    def _arranged_after(self, vase: Draft, token: Token, wait: Waiting) -> bool:
        """Whether the flowers are those of the vase before them: a bouquet of roses, a vase with tulips."""
        relation, previous = self._clause.relation, self._clause.previous
        told = previous is not None and (previous.name == "of" or previous.text.lower() == "of")
        told = told or self._clause.of is vase
        told = told or (self._clause.base is not None and self._clause.base[0] is vase)  # 花瓶里插着牡丹
        if not told and (relation is None or relation.text.lower() != "with"):
            return False
        if vase.being:  # 放一只黄色的风筝: what is in hand is in the drawing of the pose
            colours = ((token.name, wait.colour),) if wait.colour and wait.colour.startswith("#") else ()
            vase.set(pose=token.name, parts=(*vase.thing.parts, *colours))
            self.note(wait.start(token), token, "drawn")
            self._clause.relation = None
            return True
        self._colour_pot(vase, vase.thing.colour)
        vase.set(pose=token.name, colour=wait.colour or self.can.colours[token.name])
        self.note(wait.start(token), token, "drawn")
        self._clause.last, self._clause.relation, self._clause.base = vase, None, None
        return True

    def _arrange(self, flowers: Draft, vase: str, count: int, colour: str | None = None) -> bool:
        """Make flowers a vase or pot full of them, if there is such art."""
        kind = flowers.thing.name
        if kind not in self.can.poses.get(vase, ()):
            return False
        flowers.set(name=vase, pose=kind, colour=flowers.thing.colour or self.can.colours[kind], count=count)
        self._colour_pot(flowers, colour)
        return True

    def _colour_pot(self, flowers: Draft, colour: str | None) -> None:
        """Give the vase its own colour, beside that of its flowers."""
        if colour and colour.startswith("#") and "pot" in self.can.slots.get(flowers.thing.name, ()):
            flowers.set(parts=(*flowers.thing.parts, ("pot", colour)))

    def _fill(self, draft: Draft) -> None:
        """Put what is told of a vessel into it: a bowl of apples, 一盘草莓."""
        vessel, self._vessel = self._vessel, None
        if vessel is not None and draft.token.meaning.facts.get("served"):
            self.drafts = [other for other in self.drafts if other is not vessel]  # noodles bring their bowl
            draft.set(count=1)
        elif vessel is not None and draft.token.kind in ("food", "plant", "thing"):
            draft.set(on=vessel.thing.name, count=max(draft.thing.count, 5))
        of = self._clause.ahead[:1] and (
            self._clause.ahead[0].text.lower() in ("of", "of the", "with")
            or self._clause.ahead[0].name == "fill"
        )
        if draft.token.meaning.facts.get("fills") and (of or draft.token.text.startswith("一")):
            self._vessel = draft

    def _leave_out(self, token: Token, wait: Waiting) -> None:
        self._missed = self._missed or token.kind in BEINGS
        self._vessel = None
        self.note(wait.start(token), token, "undrawn")
        self._clause.last = self._clause.base = self._clause.relation = None
        self._drop_waiting()

    def _drop_waiting(self) -> None:
        """Name what waited for a being that is not in the picture."""
        parts, self._next = self._next, {}
        if "seat" in parts and len(self.drafts) < MAX_THINGS:  # an empty chair
            empty = Thing(name=parts["seat"].name, colour=parts.get("seat_colour"))
            self.drafts.append(Draft(empty, parts["seat"], being=False))
        if "pose" in parts:
            self.note(parts["pose"], parts["pose"], "undrawn")
        for token, wait in (*parts.get("wears", ()), *parts.get("holds", ())):
            if self.drafts or self._missed or not self.can.draws(token.name):
                self.note(wait.start(token), token, "undrawn")
            else:  # a straw hat, and nobody to wear it
                self.drafts.append(
                    Draft(Thing(name=token.name, **self._coloured(token, wait)), token, being=False)
                )
                self.note(wait.start(token), token, "drawn")
        for token, wait in parts.get("parts", ()):
            self.note(wait.start(token), token, "undrawn")

    def _begin(self, token: Token, wait: Waiting) -> Draft:
        facts = token.meaning.facts
        self._carry(token.meaning)
        count = wait.count or facts.get("count") or (3 if token.plural else 1)
        if count > MAX_COUNT:
            self.note(wait.tokens[0], wait.tokens[0], "undrawn")
        thing = Thing(
            name=token.name,
            count=max(1, min(count, MAX_COUNT)),
            **self._coloured(token, wait),
            size=wait.size or facts.get("size"),
            pose=facts.get("pose"),
            wears=token.meaning.names("wears"),
        )
        self.note(wait.start(token), token, "drawn")
        works = (
            token if facts.get("pose") and token.kind == "person" else None
        )  # a violinist plays, whatever else
        draft = Draft(thing, token, token.kind in BEINGS, posed=works)
        self._hand_over(draft)
        return draft

    def _coloured(self, token: Token, wait: Waiting) -> dict[str, Any]:
        """Return the colours of a thing: one, two where its art has a place for the second, or a pattern."""
        colour, facts = wait.colour or token.meaning.facts.get("colour"), token.meaning.facts
        if token.kind == "person" or not (wait.second or wait.pattern):
            return {"colour": colour}
        own = colour or self.can.colours.get(token.name, "")
        second = next((slot for slot in _SECONDS if slot in self.can.slots.get(token.name, ())), None)
        if wait.second and second and wait.pattern in (None, "stripes"):
            return {"colour": own, "parts": ((second, wait.second),)}
        if not own.startswith("#") or (token.kind in BEINGS and wait.pattern == "stripes" and not facts):
            return {"colour": colour}
        return {"colour": _cover(own, wait, token.kind in BEINGS)}

    def _hand_over(self, draft: Draft) -> None:
        """Give a new subject what stood before it: 戴着墨镜的狗, a sleeping cat, on the left a dog."""
        place = self._next.pop("place", None)
        draft.set(place=place)
        if "pose" in self._next:
            self._pose(draft, self._next.pop("pose"))
        for token, wait in self._next.pop("parts", ()):
            self._colour_part(draft, token, wait)
        if not draft.being:
            return
        parts, self._next = self._next, {}
        if "mount" in parts:
            draft.set(on=parts["mount"].thing.name)
        seat = parts.get("seat")
        draft.set(seat=seat.name if seat else None, seat_colour=parts.get("seat_colour"))
        for part in ("wears", "holds"):
            for token, wait in parts.get(part, ()):
                self._attach(draft, part, token, wait)

    def _together(self, draft: Draft | None) -> list[Draft]:
        """Return a subject and those it was named together with: a cat and a dog on a sofa."""
        if draft is None:
            return []
        joined = self._clause.joined
        return joined if draft.being and draft in joined else [draft]

    def _being(self) -> Draft | None:
        """Return the being that is spoken of."""
        if self._clause.last is not None and self._clause.last.being:
            return self._clause.last
        return next((draft for draft in reversed(self.drafts) if draft.being), None)

    def _dresses(self, token: Token, wait: Waiting) -> bool:
        """Whether a word for a person only tells how the animal after it is dressed: an astronaut dog."""
        follows = self._clause.ahead[:1]
        worn = token.meaning.names("wears")
        if not worn or not follows or follows[0].kind not in ("animal", "creature"):
            return False
        suits = [replace(token, meaning=self.lexicon.find(f"worn/{name}")) for name in worn]
        self._next.setdefault("wears", []).extend((suit, Waiting()) for suit in suits)
        self._clause.wait = wait
        return True

    def _take_pose(self, token: Token) -> None:
        if self._denies(token):
            return
        previous, ahead = self._clause.previous, self._clause.ahead
        if token.text.endswith("在"):
            self._clause.at = self._clause.last
        leads = bool(ahead) and (ahead[0].name == "of" or (token.text.isascii() and ahead[0].is_thing))
        actor = self._being() or self._clause.last
        awaited = actor is not None and not actor.being and self._clause.base is not None
        if actor is None or awaited or (leads and not (previous and previous.is_thing)):
            self._next["pose"] = token
        else:
            for one in self._together(actor):
                if one is actor or one.posed is None:
                    self._pose(one, token)

    def _pose(self, draft: Draft, token: Token) -> None:
        """Give a subject its pose; a second one only if the first has no art."""
        known = self.can.poses[draft.thing.name]
        name = next(
            (each for each in (token.name, *token.meaning.names("like")) if each in known), token.name
        )
        plain = draft.thing.pose is None or (draft.thing.pose in _PLAIN and name not in _PLAIN)
        if name in known and (draft.posed is None or plain):
            draft.posed = token
            draft.set(pose=name)
        elif draft.posed is None:
            draft.posed = token
        flies = token.name == "fly" and draft.token.kind != "person"
        if flies and draft.thing.place is None:
            draft.set(place="sky")
        if name not in known:
            self._lay_beside(token)
        # Whatever has no pose of standing stands anyway, and what has no wings flies as it is.
        settled = name == draft.thing.pose or (token.name not in known and (token.name == "stand" or flies))
        self.note(token, token, "drawn" if settled else "undrawn")

    def _lay_beside(self, token: Token) -> None:
        """Draw what is done with, beside one who has no drawing of doing it: an elephant's football."""
        thing = token.meaning.facts.get("thing", token.name)
        if thing in self.can.poses and len(self.drafts) < MAX_THINGS:
            self.drafts.append(Draft(Thing(name=thing), token, being=False))

    def _take_worn(self, token: Token) -> None:
        wait = self._adjectives()
        if self._denies(token):
            return
        self._clause.relation = None
        being = self._being()
        if being is None or any(other.name == "of" for other in self._clause.ahead[:1]):
            self._next.setdefault("wears", []).append((token, wait))
        else:
            self._attach(being, "wears", token, wait)

    def _attach(self, draft: Draft, part: str, token: Token, wait: Waiting) -> None:
        own = [item for item in draft.thing.wears if item.partition("#")[0] in self.can.garments]
        if token.meaning.facts.get("covers") and wait.colour and own and part == "wears":
            # A ballerina in a purple dress: what she wears anyway is purple.
            dyed = {item: item.partition("#")[0] + _dye(wait) for item in own}
            draft.set(wears=tuple(dyed.get(item, item) for item in draft.thing.wears))
            self.note(wait.start(token), token, "drawn")
            return
        if (
            token.meaning.facts.get("covers")
            and (wait.colour or wait.pattern)
            and draft.token.kind == "person"
            and not draft.token.meaning.names("wears")
        ):
            plain = wait.colour or draft.thing.colour or self.can.colours[draft.thing.name]
            draft.set(
                colour=_cover(plain, wait) if wait.pattern or wait.second else plain
            )  # people are drawn dressed: their main colour is that of their clothes
            self.note(wait.start(token), token, "drawn")
            return
        if part == "wears" and draft.thing.wears and token.meaning.facts.get("whole"):
            *others, suit = draft.thing.wears  # an astronaut in a white suit
            draft.set(wears=(*others, suit.partition("#")[0] + _dye(wait)))
            self.note(wait.start(token), token, "drawn")
            return
        worn_already = [item for item in draft.thing.wears if item.partition("#")[0] == token.name]
        if part == "wears" and worn_already:
            # A farmer in a straw hat, an astronaut in an orange spacesuit: the same once more, told better.
            better = token.name + (_dye(wait) or worn_already[0].removeprefix(token.name))
            draft.set(wears=tuple(better if item in worn_already else item for item in draft.thing.wears))
            self.note(wait.start(token), token, "drawn")
            return
        if token.name in draft.token.meaning.names("own"):
            draft.set(colour=wait.colour or draft.thing.colour)  # a knight in black armour
            self.note(wait.start(token), token, "drawn")
            return
        fits = self.can.draws(token.name) and self.can.fits(draft.thing.name, token.name)
        self.note(wait.start(token), token, "drawn" if fits else "undrawn")
        if fits:
            item = token.name + _dye(wait)
            draft.set(**{part: (*getattr(draft.thing, part), item)})
            if token.meaning.facts.get("whole") and draft.token.kind == "person":
                draft.set(colour=wait.colour or self.can.colours[token.name])  # sleeves as the jacket

    def _take_part(self, token: Token) -> None:
        """Colour a part of a subject, named before or about to be: a house with a red roof, 白发的老人."""
        wait, clause = self._adjectives(), self._clause
        if self._denies(token):
            return
        colour = wait.colour or token.meaning.facts.get("colour")
        near = [*clause.ahead[:1], *([clause.relation] if clause.relation else [])]
        if colour is None or not colour.startswith("#"):
            if colour or any(other.name in ("on", "in", "under") for other in near):
                self.note(wait.start(token), token, "undrawn")
            return
        follows = bool(clause.ahead) and (clause.ahead[0].name == "of" or self._belongs_to_next(token))
        owner = None if follows else next(filter(None, (clause.last, *reversed(self.drafts))), None)
        if owner is None:
            self._next.setdefault("parts", []).append((token, wait))
        else:
            self._colour_part(owner, token, wait)

    def _belongs_to_next(self, token: Token) -> bool:
        """Whether the noun follows at once: a blonde girl, 白发老人."""
        clause = self._clause
        return (
            clause.relation is None
            and (clause.last is None or not token.text.isascii())
            and clause.ahead[0].is_thing
        )

    def _colour_part(self, draft: Draft, token: Token, wait: Waiting) -> None:
        slots = self.can.slots.get(draft.thing.name, frozenset())
        colour = wait.colour or token.meaning.facts["colour"]
        if "makes" in token.meaning.facts and draft.token.kind == "vehicle" and not slots & {"sail", "sails"}:
            draft.set(name=token.meaning.facts["makes"])  # a wooden boat with a brown sail
            slots = self.can.slots.get(draft.thing.name, frozenset())
        slot = next((name for name in token.meaning.names("slots") if name in slots or name == "main"), None)
        self.note(wait.start(token), token, "drawn" if slot or token.name in _COVERS else "undrawn")
        if slot and slot != "main" and wait.second:
            draft.set(colour=colour, parts=(*draft.thing.parts, (slot, wait.second)))  # red and white stripes
            return
        if slot is None and token.name in _COVERS:
            own = draft.thing.colour or self.can.colours.get(draft.thing.name) or _PALE
            both = (colour, wait.second) if wait.second else (own[-7:], colour)
            draft.set(colour=_COVERS[token.name] + "".join(both))
        elif slot == "main":
            draft.set(colour=colour)
        elif slot:
            draft.set(parts=(*draft.thing.parts, (slot, colour)))


def _dye(wait: Waiting) -> str:
    """Return the colour of what is worn or held; patterns are for whole things, and it keeps its own."""
    return wait.colour if wait.colour and wait.colour.startswith("#") else ""


def _cover(own: str, wait: Waiting, being: bool = False) -> str:
    """Return a pattern of the colours told, or of one's own and a paler or darker one."""
    pattern = wait.pattern or ("patches" if being else "stripes")
    return f"{pattern}{own}{wait.second or (_DARK if own == _PALE else _PALE)}"


def _compounds(token: Token, follows: Token) -> bool:
    """Whether two nouns make one, of which the second is the thing: a castle tower, a dog's bowl, 草莓蛋糕."""
    first, second = token.kind, follows.kind
    if not token.text.isascii():
        return (
            (first == second == "person")
            or (first in ("food", "plant") and second == "food")
            or (first == "animal" and second == "thing" and not follows.meaning.facts.get("seat"))
        )
    if first == second == "person":
        return True  # a girl wizard, 少年剑客
    owned = follows.start - token.end > 1
    if (second in ("part", "worn") and not owned) or (second == "scene" and owned):
        return True  # a carrot nose, cat ears, a wizard's study; but who has a boy's nose is there
    if first == "building":
        return second in ("building", "thing", "scene", "vehicle")
    if first in BEINGS:
        return second == "thing"
    return second in ("food", "plant", "thing", "building", "vehicle")
