"""Walks through the words of a prompt and finds what belongs to what.

Colours, counts and sizes wait for their noun; poses, clothes and seats go to the being they are said of;
"left of" and 上面 place two things to one another; a negation takes the next noun away. The outcome is a
`Walk`, out of which `reader.py` settles the Sketch. Knows what words mean, but no word itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dalle_nb.backends.offline.clauses import Clause, Draft, Waiting
from dalle_nb.backends.offline.lexicon import BEINGS
from dalle_nb.backends.offline.segment import Token
from dalle_nb.backends.offline.things import MAX_THINGS, Things

_PLACES = frozenset({"scene", "feature"})
_BEFORE_SEATS = frozenset({"pose", "colour", "size", "stop", "scene", "feature"})
_OPPOSITE = {"left": "right", "right": "left", "back": "front", "front": "back", "sky": None}
_SIDES = {
    "left-of": "left",
    "right-of": "right",
    "behind": "back",
    "before": "front",
    "over": "sky",
}


class Walk(Things):
    """The walk itself, and what it found."""

    def go(self, tokens: Sequence[Token]) -> None:
        """Walk through all tokens."""
        for at, token in enumerate(tokens):
            ahead = tokens[at + 1 : at + 9]
            stop = next((i for i, other in enumerate(ahead) if other.kind == "break"), len(ahead))
            self._take(token, ahead[:stop])
        self._end_clause()
        self._drop_waiting()

    def _take(self, token: Token, ahead: Sequence[Token]) -> None:
        if token.kind == "break":
            self._end_clause()
            return
        if (
            "alone" in token.meaning.facts
            and token.kind == "colour"
            and not self._qualifies(ahead, token.meaning.facts["alone"])
        ):
            token = replace(token, meaning=self.lexicon.find(token.meaning.facts["alone"]))
        take = getattr(self, f"_take_{'thing' if token.is_thing else token.kind}", None)
        self._clause.ahead = ahead
        if take is not None:
            take(token)
        if token.text.lower() == "of":
            self._clause.of = self._clause.last
        self._clause.previous = token

    def _end_clause(self) -> None:
        """Give what still waits to the last noun, or name it."""
        clause, self._clause = self._clause, Clause()
        wait, last = clause.wait, clause.last
        if clause.backdrop and last is None and wait.colour and wait.colour.startswith("#"):
            self._set_backdrop(clause.backdrop, wait.colour)
            return
        if last is not None and clause.no is None:
            last.set(colour=last.thing.colour or wait.colour, size=last.thing.size or wait.size)
        for token in wait.tokens:
            if token.kind == "colour":
                self.note(token, token, "drawn" if last or clause.no else "undrawn")
            elif token.text.isdigit():
                self.note(token, token, "unknown")

    # Subjects

    def _take_thing(self, token: Token) -> None:
        if self._qualifies_next(token) or self._plays_instrument(token):
            return
        being = self._being()
        posed = token.meaning.facts.get("poses")
        if being is not None and posed is not None and posed == being.thing.pose:
            self._colour_part(being, token, self._adjectives())  # the board of a surfer is in his drawing
            return
        wait = self._adjectives()
        token = self._child_of_last(token, wait)
        if self._denies(token) or self._dresses(token, wait) or self._plays_role(token, wait):
            return
        if not self.can.draws(token.name):
            self._leave_out(token, wait)
        elif (
            self._arranged(token, wait)
            or self._held(token, wait)
            or self._sat_on(token, wait)
            or self._named_before(token, wait)
        ):
            return
        elif len(self.drafts) >= MAX_THINGS:
            self._leave_out(token, wait)
        else:
            self._set_down(token, wait)

    def _set_down(self, token: Token, wait: Waiting) -> None:
        """Put one more subject into the picture."""
        clause = self._clause
        rides = clause.relation is not None and clause.relation.name == "ride" and self._being() is None
        draft = self._begin(token, wait)
        if rides and token.name in self.can.bearers:
            self._next["mount"] = draft  # 骑着摩托车的女人: who rides it comes after it
        self._relate(draft)
        self._fill(draft)
        self.drafts.append(draft)
        if draft.being:
            clause.joined = [*clause.joined, draft] if clause.linked else [draft]
        clause.last, clause.linked = draft, False

    def _take_worn(self, token: Token) -> None:
        """Put a hat that lies on a chair there; else find who wears it."""
        clause = self._clause
        awaited = any(other.kind in BEINGS or other.name == "of" for other in clause.ahead)
        worn = clause.relation is not None and clause.relation.name == "wear"
        if worn or awaited or clause.no or self._missed or self._being() or not self.can.draws(token.name):
            super()._take_worn(token)
        elif len(self.drafts) < MAX_THINGS:
            self._set_down(token, self._adjectives())

    def _held(self, token: Token, wait: Waiting) -> bool:
        relation, previous = self._clause.relation, self._clause.previous
        if self._vessel is not None:
            return False
        if token.meaning.facts.get("held"):
            relation = token  # 看报纸: the word itself says that it is held
        elif (
            relation is None and previous is not None and previous.kind == "pose" and previous.name == "play"
        ):
            relation = token  # playing the guitar
        if not token.meaning.facts.get("hold") or relation is None:
            return False
        if relation is not token and relation.name != "hold":
            return False
        holder = self._being()
        if holder is None and self._clause.last is None:
            self._next.setdefault("holds", []).append((token, wait))
            return True
        if holder is None or not self.can.fits(holder.thing.name, token.name):
            if holder is not None and relation.text.lower() != "with":
                self.note(relation, token, "undrawn")
            return False
        self._attach(holder, "holds", token, wait)
        self._clause.relation = None
        return True

    def _sat_on(self, token: Token, wait: Waiting) -> bool:
        clause = self._clause
        # 坐在公园长椅上, 站在月光下的树枝上: what the seat belongs to may stand before it.
        posed = clause.previous is not None and (
            clause.previous.kind in _BEFORE_SEATS or clause.previous.name == "of"
        )
        relation = clause.relation
        placed = relation is not None and (
            relation.name in ("on", "in") or relation.text.lower().startswith("in ")
        )
        if not token.meaning.facts.get("seat") or not (placed or (posed and self._just_posed())):
            return False
        self.note(token, token, "drawn")
        colours = self._coloured(token, wait)
        being = self._being()
        standing = clause.last or next(reversed(self.drafts), None)
        if being is None and token.meaning.facts.get("surface") and standing is not None:
            standing.set(seat=token.name, seat_colour=colours["colour"])  # a vase on the windowsill
            self._arrange(standing, str(token.meaning.facts.get("potted")), 1)
        elif being is None:
            self._next["seat"], self._next["seat_colour"] = token, colours["colour"]
        for sitter in self._together(being):
            if sitter.thing.seat is None:
                sitter.set(seat=token.name, seat_colour=colours["colour"])
        clause.relation = None
        return True

    def _just_posed(self) -> bool:
        """Whether a pose was told and nobody else was named since: 坐在一张红色的沙发上."""
        being = self._being()
        return "pose" in self._next or (being is not None and being.posed is not None)

    def _named_before(self, token: Token, wait: Waiting) -> bool:
        """Whether the word speaks of a subject that is there already: the cat, 猫 without a count."""
        # By what it means, not by its drawing: a doctor and a pirate are two people.
        same = next((draft for draft in self.drafts if draft.token.meaning is token.meaning), None)
        if same is None or wait.count or token.plural or wait.colour not in (None, same.thing.colour):
            return False
        if "place" in self._next or (self._clause.relation and self._clause.last is same):
            return False
        self._clause.last = same
        return True

    # How things stand to one another

    def _relate(self, draft: Draft) -> None:
        """Place the new thing as the words between it and the one before say."""
        clause = self._clause
        relation, other, base = clause.relation, clause.last, clause.base
        clause.relation = clause.base = None
        if base is not None:
            self._set_on(draft, *base)
        elif relation is None or other is None:
            return
        elif relation.name in _SIDES:
            self._put(other, draft, _SIDES[relation.name])
        elif relation.name == "cross":
            if other.thing.name not in self.can.bearers and draft.thing.name in self.can.bearers:
                other.set(on=draft.thing.name)  # a train crossing a bridge
        elif relation.name in ("on", "in", "under", "ride") or relation.text.lower().startswith("in "):
            self._join(other, draft, relation)

    def _join(self, draft: Draft, ground: Draft, relation: Token) -> None:
        """Set a thing on top of another or under it, or name what cannot be drawn so."""
        under = relation.name == "under"
        inside = relation.name == "in" or relation.text.lower().startswith("in ")
        if inside and ground.token.kind == "plant" and ground.thing.count > 1:
            return  # among flowers: where things are in any case
        fitting = self.can.shelters if under else self.can.vessels if inside else self.can.bearers
        first, last = sorted((relation, draft.token, ground.token), key=lambda token: token.start)[::2]
        if ground.thing.name not in fitting or ground.thing.on or ground.thing.under:
            self.note(relation if first is draft.token else first, last, "undrawn")
        else:
            for one in self._together(draft):
                one.set(**{"under" if under else "on": ground.thing.name})

    def _put(self, thing: Draft, ground: Draft | None, side: str) -> None:
        thing.set(place=side)
        if ground is not None and _OPPOSITE[side]:
            ground.set(place=_OPPOSITE[side])

    def _set_on(self, draft: Draft, base: Draft, relation: Token) -> None:
        """沙发上有一只猫: what was named first is what the new thing is on, or 树下: under."""
        facts = base.token.meaning.facts
        fits = facts.get("seat") and (draft.being or facts.get("surface"))
        if fits and relation.name == "on":
            draft.set(seat=base.thing.name, seat_colour=base.thing.colour)
            self._arrange(draft, str(facts.get("potted")), 1)
            self.drafts = [other for other in self.drafts if other is not base]
        else:
            self._join(draft, base, relation)
            if facts.get("fills") and draft.thing.on and draft.thing.count == 1:
                draft.set(count=5)  # 竹篮里装着樱桃

    def _take_relation(self, token: Token) -> None:
        clause, name = self._clause, token.name
        if name not in ("of", "fill", "and") and token.text.lower() != "with":
            self._vessel = None
        if clause.previous and clause.previous.kind in _PLACES and not token.text.isascii():
            return  # 森林里: a scene is where things are in any case
        if name == "and":
            anew = any(_is_article(other) for other in clause.ahead[:1])
            clause.spent = clause.spent and anew
            clause.linked = clause.last is not None and clause.last.being
        elif name == "at":
            clause.at = clause.last
        elif name == "outside" and any(other.kind == "building" for other in clause.ahead[:4]):
            clause.relation = None  # outside a gas station: beside it
        elif name == "outside":
            self._outside = True
            self.scenes.append((replace(token, meaning=self.lexicon.find("feature/window")), False))
        elif name not in ("of", "is", "fill"):
            self._take_position(token)

    def _take_position(self, token: Token) -> None:
        """Remember what says where one thing is to another, or place the one before at once."""
        clause, name = self._clause, token.name
        # 猫后面 tells of the cat; 猫放在 leads on to what it is put on.
        follows = clause.last is not None and clause.previous is clause.last.token
        postposed = follows and not token.text.isascii() and not token.text.endswith("在")
        if name == "on" and clause.previous is None and not token.text.isascii() and self.drafts:
            clause.base = (self.drafts[-1], token)  # 一张沙发,上面趴着一只猫
        elif name in _SIDES and postposed:
            self._place_by(_SIDES[name])
        elif name in ("on", "in", "under") and postposed and clause.last is not None:
            self._stand_by(clause.last, token)
        elif name in ("in", "under") and not token.text.isascii() and not token.text.endswith("在"):
            return  # 雪地里, 阳光下
        elif name == "between":
            self.note(token, token, "undrawn")
        else:
            clause.relation = None if name == "beside" else token

    def _stand_by(self, ground: Draft, relation: Token) -> None:
        """猫在船上 sets the cat on it; 船上有一只猫 sets what comes next."""
        clause = self._clause
        if clause.at is not None and clause.at is not ground:
            self._join(clause.at, ground, relation)
            clause.at = None
        else:
            clause.base = (ground, relation)

    def _place_by(self, side: str) -> None:
        """猫在房子前面 places the cat; 房子前面有一只猫 places what comes next."""
        clause = self._clause
        if clause.at is not None and clause.at is not clause.last:
            self._put(clause.at, clause.last, side)
            return
        self._next["place"] = side
        if clause.last is not None and _OPPOSITE[side]:
            clause.last.set(place=_OPPOSITE[side])

    def _take_backdrop(self, token: Token) -> bool:
        """Whether the word is of a plain ground: a blue background, 背景是白色的."""
        colour = self._clause.wait.colour
        if token.name == "backdrop" and colour and colour.startswith("#"):
            self._adjectives()
            self._set_backdrop(token, colour)
            self._clause.relation = None
            return True
        if token.name == "backdrop" or token.text in ("背景是", "背景为"):
            self._clause.backdrop = token
        return False

    def _take_place(self, token: Token) -> None:
        clause = self._clause
        if self._take_backdrop(token):
            return
        if token.name == "backdrop":
            token = replace(token, meaning=self.lexicon.find("place/back"))
        follows = any(other.name == "is" for other in clause.ahead[:2]) or token.text.endswith(("是", "有"))
        if clause.last is not None and not follows:
            clause.last.set(place=token.name)
        elif not any(other.kind in ("scene", "feature", "effect") for other in clause.ahead[:4]):
            self._next["place"] = token.name


def _is_article(token: Token) -> bool:
    """Whether the word begins something new, which a negation before does not reach."""
    return token.kind == "count" or token.text.lower() in ("a", "an", "the")
