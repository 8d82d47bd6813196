"""Colours what a prompt names: a whole thing, its parts, two colours and patterns.

Colours and parts wait here for the subject that they are told of.
"""

from __future__ import annotations

from typing import Any

from dalle_nb.backends.offline.clauses import Draft, Waiting
from dalle_nb.backends.offline.lexicon import BEINGS, Lexicon
from dalle_nb.backends.offline.repertoire import Repertoire
from dalle_nb.backends.offline.scenery import Scenery
from dalle_nb.backends.offline.segment import Token

_SECONDS = ("accent", "patch", "spots", "stripe", "stripes", "panel")
"""Where art has a place for a second colour."""
_COVERS = {"stripes": "stripes", "spots": "dots"}
_PALE, _DARK = "#f3f1ec", "#4a3a34"


class Colouring(Scenery):
    """The colours of a picture in the making."""

    def __init__(self, lexicon: Lexicon, can: Repertoire) -> None:
        super().__init__(lexicon, can)
        self.drafts: list[Draft] = []
        self._next: dict[str, Any] = {}  # what the next subject takes: pose, wears, holds, parts, place, seat

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
        return {"colour": cover(own, wait, token.kind in BEINGS)}

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


def cover(own: str, wait: Waiting, being: bool = False) -> str:
    """Return a pattern of the colours told, or of one's own and a paler or darker one."""
    pattern = wait.pattern or ("patches" if being else "stripes")
    return f"{pattern}{own}{wait.second or (_DARK if own == _PALE else _PALE)}"
