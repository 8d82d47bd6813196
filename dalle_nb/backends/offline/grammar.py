"""Walks through the words of a prompt and finds what belongs to what.

Colours, counts and sizes wait for their noun; poses, clothes and seats go to the being they are said of;
"left of" and 上面 place two things to one another; a negation takes the next noun away. The outcome is a
`Walk`, out of which `reader.py` settles the Sketch. Knows what words mean, but no word itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dalle_nb.backends.offline.lexicon import BEINGS, Lexicon, Meaning
from dalle_nb.backends.offline.repertoire import Repertoire
from dalle_nb.backends.offline.segment import Token
from dalle_nb.backends.offline.sketch import Thing

MAX_THINGS = 4
"""More subjects than these make no picture; the rest are named as not drawn."""
MAX_COUNT = 12
_ADJECTIVES = frozenset({"stop", "size", "colour", "shade", "pose", "count"})
_PLACED = frozenset({"scene", "feature", "effect", "worn", "part"})
_OPPOSITE = {"left": "right", "right": "left", "back": "front", "front": "back", "sky": None}
_SIDES = {
    "left-of": "left",
    "right-of": "right",
    "behind": "back",
    "before": "front",
    "under": "front",
    "over": "sky",
}
_CARRIED = ("time", "weather", "season", "scene", "usual")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What became of a piece of the prompt: ``drawn``, ``undrawn`` or ``unknown``."""

    start: int
    end: int
    fate: str


@dataclass(slots=True)
class Draft:
    """A Thing in the making."""

    thing: Thing
    token: Token
    being: bool
    posed: Token | None = None

    def set(self, **changes: Any) -> None:
        """Change fields of the thing."""
        self.thing = replace(self.thing, **changes)


@dataclass(slots=True)
class _Waiting:
    """Adjectives that wait for the noun they belong to."""

    tokens: list[Token] = field(default_factory=list)
    colour: str | None = None
    colour_name: str = ""
    count: int | None = None
    size: str | None = None

    def start(self, noun: Token) -> int:
        """Return where the words begin that tell how the noun looks."""
        telling = [token.start for token in self.tokens if token.kind != "count" or token.name != "1"]
        return min([noun.start, *telling])


@dataclass(slots=True)
class _Clause:
    """What is known inside one clause."""

    wait: _Waiting = field(default_factory=_Waiting)
    last: Draft | None = None
    """The subject named last."""
    at: Draft | None = None
    """The subject before 在."""
    base: Draft | None = None
    """What the next subject is on: 船上有…"""
    relation: Token | None = None
    previous: Token | None = None
    ahead: Sequence[Token] = ()
    """The next few tokens of the clause."""
    no: Token | None = None
    """The negation that takes the next noun away."""
    spent: bool = False
    """Whether it has taken one already."""


class Walk:
    """The walk itself, and what it found."""

    def __init__(self, lexicon: Lexicon, can: Repertoire) -> None:
        self.lexicon, self.can = lexicon, can
        self.drafts: list[Draft] = []
        self.notes: list[Note] = []
        self.scenes: list[tuple[Token, bool]] = []
        """Scenes and features in their order, and whether they are outside the window."""
        self.moods: dict[str, str] = {}
        """Time, weather, season and palette, each as said first."""
        self.carried: dict[str, str] = {}
        """The same as other words carry them along: snow means winter."""
        self.effects: list[str] = []
        self.styles: list[str] = []
        self.banned: list[tuple[Token, Token]] = []
        """Each negation with the noun it took away."""
        self.colours: list[str] = []
        self.frame: str | None = None
        self.alone: str | None = None
        self._clause = _Clause()
        self._next: dict[str, Any] = {}  # what the next subject takes: pose, wears, holds, place, seat
        self._outside = False

    def go(self, tokens: Sequence[Token]) -> None:
        """Walk through all tokens."""
        for at, token in enumerate(tokens):
            ahead = tokens[at + 1 : at + 9]
            stop = next((i for i, other in enumerate(ahead) if other.kind == "break"), len(ahead))
            self._take(token, ahead[:stop])
        self._end_clause()
        self._drop_waiting()

    def note(self, first: Token | int, last: Token, fate: str) -> None:
        """Remember what became of the words from the first to the last."""
        start = first if isinstance(first, int) else first.start
        self.notes.append(Note(start=start, end=last.end, fate=fate))

    def _take(self, token: Token, ahead: Sequence[Token]) -> None:
        if token.kind == "break":
            self._end_clause()
            return
        if "alone" in token.meaning.facts and token.kind == "colour" and not self._qualifies(ahead):
            token = replace(token, meaning=self.lexicon.find(token.meaning.facts["alone"]))
        take = getattr(self, f"_take_{'thing' if token.is_thing else token.kind}", None)
        self._clause.ahead = ahead
        if take is not None:
            take(token)
        self._clause.previous = token

    def _end_clause(self) -> None:
        """Give what still waits to the last noun, or name it."""
        clause, self._clause = self._clause, _Clause()
        wait, last = clause.wait, clause.last
        if last is not None and clause.no is None:
            last.set(colour=last.thing.colour or wait.colour, size=last.thing.size or wait.size)
        for token in wait.tokens:
            if token.kind == "colour":
                self.note(token, token, "drawn" if last or clause.no else "undrawn")
                self.colours.append(token.meaning.facts["hex"])
            elif token.text.isdigit():
                self.note(token, token, "unknown")

    def _qualifies(self, ahead: Sequence[Token]) -> bool:
        """Whether a colour has a noun: one that follows, or one before as in "the cat is orange"."""
        clause = self._clause
        if clause.previous and clause.previous.name == "is" and clause.last:
            return True
        for token in ahead:
            if token.is_thing or token.kind in _PLACED:
                return True
            if token.kind not in _ADJECTIVES and token.name not in ("and", "of"):
                return False
        return False

    def _denies(self, token: Token) -> bool:
        """Whether a negation takes this noun away; it is remembered then."""
        clause = self._clause
        if clause.no is None:
            return False
        if clause.spent:
            clause.no, clause.spent = None, False
            return False
        self.banned.append((clause.no, token))
        clause.spent = True
        return True

    def _take_negation(self, token: Token) -> None:
        self._clause.no, self._clause.spent = token, False

    def _take_unknown(self, token: Token) -> None:
        self.note(token, token, "unknown")

    def _take_decoy(self, token: Token) -> None:
        if not self._denies(token):
            self.note(token, token, "undrawn")

    # Adjectives

    def _take_colour(self, token: Token) -> None:
        wait = self._clause.wait
        wait.tokens.append(token)
        if wait.colour is None:
            shades = [other.name for other in wait.tokens if other.kind == "shade"]
            wait.colour, wait.colour_name = _shaded(token.meaning.facts["hex"], shades), token.name

    def _take_shade(self, token: Token) -> None:
        if self._clause.ahead and self._clause.ahead[0].kind == "colour":
            self._clause.wait.tokens.append(token)

    def _take_count(self, token: Token) -> None:
        self._clause.wait.tokens.append(token)
        self._clause.wait.count = int(token.name)

    def _take_size(self, token: Token) -> None:
        self._clause.wait.tokens.append(token)
        self._clause.wait.size = token.name

    def _take_plural(self, token: Token) -> None:
        last = self._clause.last
        if last is not None and last.token.end == token.start:
            last.set(count=max(3, last.thing.count))

    def _adjectives(self) -> _Waiting:
        wait, self._clause.wait = self._clause.wait, _Waiting()
        return wait

    # Subjects

    def _take_thing(self, token: Token) -> None:
        wait = self._adjectives()
        if self._denies(token):
            return
        if not self.can.draws(token.name):
            self._leave_out(token, wait)
        elif self._held(token, wait) or self._sat_on(token, wait) or self._named_before(token, wait):
            return
        elif len(self.drafts) >= MAX_THINGS:
            self._leave_out(token, wait)
        else:
            draft = self._begin(token, wait)
            self._relate(draft)
            self.drafts.append(draft)
            self._clause.last = draft

    def _leave_out(self, token: Token, wait: _Waiting) -> None:
        self.note(wait.start(token), token, "undrawn")
        self._clause.last = self._clause.base = self._clause.relation = None
        self._drop_waiting()

    def _drop_waiting(self) -> None:
        """Name what waited for a being that is not in the picture."""
        parts, self._next = self._next, {}
        if "pose" in parts:
            self.note(parts["pose"], parts["pose"], "undrawn")
        for token, wait in (*parts.get("wears", ()), *parts.get("holds", ())):
            self.note(wait.start(token), token, "undrawn")

    def _begin(self, token: Token, wait: _Waiting) -> Draft:
        facts = token.meaning.facts
        self._carry(token.meaning)
        count = wait.count or facts.get("count") or (3 if token.plural else 1)
        if count > MAX_COUNT:
            self.note(wait.tokens[0], wait.tokens[0], "undrawn")
        thing = Thing(
            name=token.name,
            count=max(1, min(count, MAX_COUNT)),
            colour=wait.colour or facts.get("colour"),
            size=wait.size or facts.get("size"),
            pose=facts.get("pose"),
            wears=token.meaning.names("wears"),
        )
        self.note(wait.start(token), token, "drawn")
        draft = Draft(thing, token, token.kind in BEINGS)
        self._hand_over(draft)
        return draft

    def _hand_over(self, draft: Draft) -> None:
        """Give a new subject what stood before it: 戴着墨镜的狗, a sleeping cat, on the left a dog."""
        place = self._next.pop("place", None)
        draft.set(place=place)
        if "pose" in self._next:
            self._pose(draft, self._next.pop("pose"))
        if not draft.being:
            return
        parts, self._next = self._next, {}
        draft.set(seat=parts.get("seat"))
        for part in ("wears", "holds"):
            for token, wait in parts.get(part, ()):
                self._attach(draft, part, token, wait)

    def _held(self, token: Token, wait: _Waiting) -> bool:
        relation = self._clause.relation
        if not token.meaning.facts.get("hold") or relation is None or relation.name != "hold":
            return False
        holder = self._being()
        if holder is None and self._clause.last is None:
            self._next.setdefault("holds", []).append((token, wait))
            return True
        if holder is None or not self.can.fits(holder.thing.name, token.name):
            return False
        self._attach(holder, "holds", token, wait)
        self._clause.relation = None
        return True

    def _sat_on(self, token: Token, wait: _Waiting) -> bool:
        clause = self._clause
        posed = clause.previous is not None and clause.previous.kind in ("pose", "colour", "size", "stop")
        placed = clause.relation is not None and clause.relation.name in ("on", "in")
        if not token.meaning.facts.get("seat") or not (placed or (posed and self._just_posed())):
            return False
        self.note(token, token, "drawn")
        for adjective in wait.tokens:
            if adjective.kind == "colour":
                self.note(adjective, adjective, "undrawn")
        being = self._being()
        if being is None:
            self._next["seat"] = token.name
        elif being.thing.seat is None:
            being.set(seat=token.name)
        clause.relation = None
        return True

    def _just_posed(self) -> bool:
        """Whether a pose was told and nobody else was named since: 坐在一张红色的沙发上."""
        being = self._being()
        return "pose" in self._next or (being is not None and being.posed is not None)

    def _named_before(self, token: Token, wait: _Waiting) -> bool:
        """Whether the word speaks of a subject that is there already: the cat, 猫 without a count."""
        same = next((draft for draft in self.drafts if draft.thing.name == token.name), None)
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
            self._set_on(draft, base)
        elif relation is None or other is None:
            return
        elif relation.name in _SIDES:
            self._put(other, draft, _SIDES[relation.name])
        elif relation.name in ("on", "in") or relation.text.lower().startswith("in "):
            self.note(relation, draft.token, "undrawn")

    def _put(self, thing: Draft, ground: Draft | None, side: str) -> None:
        thing.set(place=side)
        if ground is not None and _OPPOSITE[side]:
            ground.set(place=_OPPOSITE[side])

    def _set_on(self, draft: Draft, base: Draft) -> None:
        """沙发上有一只猫: what was named first is what the new thing is on."""
        if base.token.meaning.facts.get("seat") and draft.being:
            draft.set(seat=base.thing.name)
            self.drafts = [other for other in self.drafts if other is not base]
        else:
            self.note(base.token, base.token, "undrawn")

    def _take_relation(self, token: Token) -> None:
        clause, name = self._clause, token.name
        postposed = (
            clause.last is not None and clause.previous is clause.last.token and not token.text.isascii()
        )
        if name == "and":
            anew = any(_is_article(other) for other in clause.ahead[:1])
            clause.spent = clause.spent and anew
        elif name == "at":
            clause.at = clause.last
        elif name == "outside":
            self._outside = True
            self.scenes.append((replace(token, meaning=self.lexicon.find("feature/window")), False))
        elif name in _SIDES and postposed:
            self._place_by(_SIDES[name])
        elif name == "on" and postposed:
            clause.base, clause.at = (clause.last, None) if clause.at in (None, clause.last) else (None, None)
        elif name not in ("of", "is"):
            clause.relation = None if name == "beside" else token

    def _place_by(self, side: str) -> None:
        """猫在房子前面 places the cat; 房子前面有一只猫 places what comes next."""
        clause = self._clause
        if clause.at is not None and clause.at is not clause.last:
            self._put(clause.at, clause.last, side)
            return
        self._next["place"] = side
        if clause.last is not None and _OPPOSITE[side]:
            clause.last.set(place=_OPPOSITE[side])

    def _take_place(self, token: Token) -> None:
        clause = self._clause
        follows = any(other.name == "is" for other in clause.ahead[:2]) or token.text.endswith(("是", "有"))
        if clause.last is not None and not follows:
            clause.last.set(place=token.name)
        elif not any(other.kind in ("scene", "feature", "effect") for other in clause.ahead[:4]):
            self._next["place"] = token.name

    # What beings do, wear and hold

    def _being(self) -> Draft | None:
        """Return the being that is spoken of."""
        if self._clause.last is not None and self._clause.last.being:
            return self._clause.last
        return next((draft for draft in reversed(self.drafts) if draft.being), None)

    def _take_pose(self, token: Token) -> None:
        if self._denies(token):
            return
        previous, ahead = self._clause.previous, self._clause.ahead
        if token.text.endswith("在"):
            self._clause.at = self._clause.last
        leads = bool(ahead) and (ahead[0].name == "of" or (token.text.isascii() and ahead[0].is_thing))
        actor = self._being() or self._clause.last
        if actor is None or (leads and not (previous and previous.is_thing)):
            self._next["pose"] = token
        else:
            self._pose(actor, token)

    def _pose(self, draft: Draft, token: Token) -> None:
        """Give a subject its pose; a second one only if the first has no art."""
        known = self.can.poses[draft.thing.name]
        name = next(
            (each for each in (token.name, *token.meaning.names("like")) if each in known), token.name
        )
        if name in known and (draft.posed is None or draft.posed.name not in known):
            draft.posed = token
            draft.set(pose=name)
        elif draft.posed is None:
            draft.posed = token
        if token.name == "fly" and draft.thing.place is None:
            draft.set(place="sky")
        # Whatever has no pose of standing stands anyway, and what has no wings flies as it is.
        settled = name == draft.thing.pose or (token.name not in known and token.name in ("stand", "fly"))
        self.note(token, token, "drawn" if settled else "undrawn")

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

    def _attach(self, draft: Draft, part: str, token: Token, wait: _Waiting) -> None:
        fits = self.can.draws(token.name) and self.can.fits(draft.thing.name, token.name)
        self.note(wait.start(token), token, "drawn" if fits else "undrawn")
        if fits:
            item = token.name + (wait.colour or "")
            draft.set(**{part: (*getattr(draft.thing, part), item)})

    def _take_part(self, token: Token) -> None:
        wait = self._adjectives()
        if not self._denies(token) and wait.colour:
            self.note(wait.start(token), token, "undrawn")

    # Scene, light and style

    def _take_scene(self, token: Token) -> None:
        wait = self._adjectives()
        if self._denies(token):
            return
        self._carry(token.meaning)
        self._judge_colour(token, wait)
        self.scenes.append((token, self._outside))
        self._clause.relation = None

    _take_feature = _take_scene

    def _judge_colour(self, token: Token, wait: _Waiting) -> None:
        """Name a colour that a scene or effect does not have of itself."""
        natural = token.meaning.facts.get("natural", "")
        if wait.colour and natural not in wait.colour_name:
            self.note(wait.start(token), token, "undrawn")

    def _take_effect(self, token: Token) -> None:
        wait = self._adjectives()
        if self._denies(token):
            return
        self._judge_colour(token, wait)
        self._carry(token.meaning)
        self._add_effects(token.name, *token.meaning.names("effects"))
        self.alone = self.alone or token.meaning.facts.get("alone")
        self.note(token, token, "drawn" if token.name in self.can.effects else "undrawn")
        self._clause.relation = None

    def _add_effects(self, *names: str) -> None:
        self.effects += [name for name in names if name not in self.effects]

    def _take_mood(self, token: Token) -> None:
        if self._denies(token):
            return
        drawable = not token.meaning.facts.get("undrawn")
        drawable = drawable and self.moods.setdefault(token.kind, token.name) == token.name
        self.note(token, token, "drawn" if drawable else "undrawn")
        self._carry(token.meaning)
        self._add_effects(*token.meaning.names("effects"))

    _take_time = _take_weather = _take_season = _take_palette = _take_mood

    def _take_style(self, token: Token) -> None:
        if self._denies(token):
            return
        if token.name not in self.styles:
            self.styles.append(token.name)
        self.note(token, token, "drawn" if token.name in self.can.styles else "undrawn")

    def _take_camera(self, token: Token) -> None:
        if not self._denies(token):
            self.frame = self.frame or token.meaning.facts.get("size")
            self.note(token, token, "undrawn" if token.meaning.facts.get("undrawn") else "drawn")

    def _carry(self, meaning: Meaning) -> None:
        for kind in _CARRIED:
            if kind in meaning.facts:
                self.carried.setdefault(kind, meaning.facts[kind])


def _is_article(token: Token) -> bool:
    """Whether the word begins something new, which a negation before does not reach."""
    return token.kind == "count" or token.text.lower() in ("a", "an", "the")


def _shaded(colour: str, shades: list[str]) -> str:
    """Return a colour made lighter or darker by the words before it."""
    channels = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    for shade in shades:
        target, share = (255, 0.45) if shade == "light" else (0, 0.4)
        channels = [round(channel + (target - channel) * share) for channel in channels]
    return "#" + "".join(f"{channel:02x}" for channel in channels)
