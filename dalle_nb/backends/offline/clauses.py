"""What is known inside one clause of a prompt: adjectives that wait for their noun, and what is negated.

The ground that `scenery.py` and `grammar.py` stand on. Knows what words mean, but no word itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dalle_nb.backends.offline.lexicon import Lexicon
from dalle_nb.backends.offline.repertoire import Repertoire
from dalle_nb.backends.offline.segment import Token
from dalle_nb.backends.offline.sketch import Thing

_ADJECTIVES = frozenset({"stop", "size", "colour", "shade", "pose", "count", "pattern"})
_PLACED = frozenset({"scene", "feature", "effect", "worn", "part"})
_BETWEEN = frozenset({"size", "colour", "shade", "pattern"})


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
class Waiting:
    """Adjectives that wait for the noun they belong to."""

    tokens: list[Token] = field(default_factory=list)
    colour: str | None = None
    colour_name: str = ""
    second: str | None = None
    """The colour after the first: red and white."""
    pattern: str | None = None
    count: int | None = None
    size: str | None = None

    def start(self, noun: Token) -> int:
        """Return where the words begin that tell how the noun looks."""
        telling = [token.start for token in self.tokens if token.kind != "count" or token.name != "1"]
        return min([noun.start, *telling])


@dataclass(slots=True)
class Clause:
    """What is known inside one clause."""

    wait: Waiting = field(default_factory=Waiting)
    last: Draft | None = None
    """The subject named last."""
    joined: list[Draft] = field(default_factory=list)
    """The last subjects that were named in one breath: a cat and a dog."""
    linked: bool = False
    """Whether an "and" stands between the last subject and the next."""
    at: Draft | None = None
    """The subject before 在."""
    base: tuple[Draft, Token] | None = None
    """What the next subject is on, in or under, and the word for it: 船上有…"""
    relation: Token | None = None
    of: Draft | None = None
    """The subject before an "of": a vase of blue tulips."""
    backdrop: Token | None = None
    """The word for what is behind all, whose colour may follow: 背景是白色的."""
    previous: Token | None = None
    ahead: Sequence[Token] = ()
    """The next few tokens of the clause."""
    no: Token | None = None
    """The negation that takes the next noun away."""
    spent: bool = False
    """Whether it has taken one already."""


class Clauses:
    """Goes through adjectives and negations, and notes what became of each word."""

    def __init__(self, lexicon: Lexicon, can: Repertoire) -> None:
        self.lexicon, self.can = lexicon, can
        self.notes: list[Note] = []
        self.banned: list[tuple[Token, Token]] = []
        """Each negation with the noun it took away."""
        self._clause = Clause()

    def note(self, first: Token | int, last: Token, fate: str) -> None:
        """Remember what became of the words from the first to the last."""
        start = first if isinstance(first, int) else first.start
        self.notes.append(Note(start=start, end=last.end, fate=fate))

    def _qualifies(self, ahead: Sequence[Token], noun: str) -> bool:
        """Whether a colour that may be a ``noun`` as well has one of its own: one that follows, or one before as in "the cat is orange"."""
        clause = self._clause
        if clause.previous and clause.previous.name == "is" and clause.last:
            return True
        for token in ahead:
            if token.is_thing or token.kind in _PLACED:
                return True
            if token.kind == "unknown":
                return not noun.startswith("plant/")  # an orange zorgle is orange; lavender rows are lavender
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
        """Name what nobody knows; adjectives before it are its own, unless a noun follows at once."""
        self.note(token, token, "unknown")
        following = next(
            (one for one in self._clause.ahead if one.kind not in _BETWEEN and one.name != "praise"), None
        )
        if following is None or not (following.is_thing or following.kind in _PLACED):
            for adjective in self._adjectives().tokens:
                if adjective.kind == "colour":
                    self.note(adjective, adjective, "undrawn")

    def _take_decoy(self, token: Token) -> None:
        if not self._denies(token):
            self.note(token, token, "undrawn")

    # Adjectives

    def _take_colour(self, token: Token) -> None:
        wait = self._clause.wait
        wait.tokens.append(token)
        if token.name == "matching":
            wait.colour = self._clause.last.thing.colour if self._clause.last else None
        elif wait.colour is None:
            shades = [other.name for other in wait.tokens if other.kind == "shade"]
            wait.colour, wait.colour_name = _shaded(token.meaning.facts["hex"], shades), token.name
            wait.second = token.meaning.facts.get("second")
        elif wait.second is None and token.name != wait.colour_name:
            wait.second = _shaded(token.meaning.facts["hex"], [])

    def _take_pattern(self, token: Token) -> None:
        self._clause.wait.tokens.append(token)
        self._clause.wait.pattern = token.name

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

    def _adjectives(self) -> Waiting:
        wait, self._clause.wait = self._clause.wait, Waiting()
        return wait


def _shaded(colour: str, shades: list[str]) -> str:
    """Return a colour made lighter or darker by the words before it."""
    if not colour.startswith("#"):
        return colour
    channels = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    for shade in shades:
        target, share = (255, 0.45) if shade == "light" else (0, 0.4)
        channels = [round(channel + (target - channel) * share) for channel in channels]
    return "#" + "".join(f"{channel:02x}" for channel in channels)
