"""Dresses the beings of a picture: what they wear and hold, in its colour, on whom it is told of."""

from __future__ import annotations

from dataclasses import replace

from dalle_nb.backends.offline.clauses import Draft, Waiting
from dalle_nb.backends.offline.colouring import Colouring, cover
from dalle_nb.backends.offline.segment import Token


class Dressing(Colouring):
    """The clothes of a picture in the making, and what is in hand."""

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
                colour=cover(plain, wait) if wait.pattern or wait.second else plain
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


def _dye(wait: Waiting) -> str:
    """Return the colour of what is worn or held; patterns are for whole things, and it keeps its own."""
    return wait.colour if wait.colour and wait.colour.startswith("#") else ""
