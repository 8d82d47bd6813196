"""Finds in a prompt where, when and how: the scene, the hour and weather, effects, styles, framing.

Collects only; which of several scenes it shall be is `reader.py`'s to settle.
"""

from __future__ import annotations

from dataclasses import replace

from dalle_nb.backends.offline.clauses import Clauses, Waiting
from dalle_nb.backends.offline.lexicon import Lexicon, Meaning, normalise
from dalle_nb.backends.offline.repertoire import Repertoire
from dalle_nb.backends.offline.segment import Token

_CARRIED = ("time", "weather", "season", "scene", "usual")


class Scenery(Clauses):
    """Everything about a picture but its things."""

    def __init__(self, lexicon: Lexicon, can: Repertoire) -> None:
        super().__init__(lexicon, can)
        self.scenes: list[tuple[Token, bool]] = []
        """Scenes and features in their order, and whether they are outside the window."""
        self.moods: dict[str, str] = {}
        """Time, weather, season and palette, each as said first."""
        self.carried: dict[str, str] = {}
        """The same as other words carry them along: snow means winter."""
        self.effects: list[str] = []
        self.styles: list[str] = []
        self.frame: str | None = None
        """Size of the first thing, as the framing has it."""
        self.alone: str | None = None
        """The subject that stands for an effect when nothing else is in the picture."""
        self.ground: str | None = None
        """Colour of the table, where it was told."""
        self.dyes: dict[str, str] = {}
        """Colours asked of the place, by the name of what has them: sky, lake."""
        self._outside = False

    def _take_scene(self, token: Token) -> None:
        if token.meaning.facts.get("material") and any(other.is_thing for other in self._clause.ahead[:2]):
            self.note(token, token, "drawn")  # a wooden windmill
            return
        if self._leads_to_scene(token):
            return
        wait = self._adjectives()
        if self._denies(token):
            return
        self._carry(token.meaning)
        self._judge_colour(token, wait)
        if "dye" in token.meaning.facts:
            self.dyes.setdefault(token.name, token.meaning.facts["dye"])
        self.scenes.append((token, self._outside))
        if self._clause.relation is not None and self._clause.relation.name != "cross":
            self._clause.relation = None

    _take_feature = _take_scene

    def _leads_to_scene(self, token: Token) -> bool:
        """Whether the word only tells which place the next one is: 学校操场, a desert road."""
        follows = next(iter(self._clause.ahead), None)
        near = follows is not None and follows.start - token.end <= (1 if token.text.isascii() else 0)
        if (
            not near
            or follows is None
            or not follows.kind == token.kind == "scene"
            or follows.name == token.name
        ):
            return False
        self._carry(token.meaning)
        self._clause.wait.tokens.append(token)
        return True

    def _take_shade(self, token: Token) -> None:
        super()._take_shade(token)
        if token.name == "dark" and any(other.kind == "scene" for other in self._clause.ahead[:2]):
            self.carried.setdefault("time", "night")  # a dark library

    def _take_count(self, token: Token) -> None:
        super()._take_count(token)
        self._carry(token.meaning)  # a field of tulips

    def _judge_colour(self, token: Token, wait: Waiting) -> None:
        """Name a colour that a scene or effect does not have of itself."""
        natural = token.meaning.facts.get("natural", "")
        if wait.colour and token.meaning.facts.get("dyed"):
            self.ground = wait.colour
            return
        plain = wait.colour is not None and wait.colour.startswith("#")
        if wait.colour and plain and token.name in self.can.dyes:
            if not natural or natural not in wait.colour_name:
                self.dyes.setdefault(token.name, wait.colour)
        elif wait.colour and (not natural or natural not in wait.colour_name):
            self.note(wait.start(token), token, "undrawn")

    def _take_effect(self, token: Token) -> None:
        wait = self._adjectives()
        if self._denies(token):
            return
        if token.meaning.facts.get("bloom") and self._blooms(wait):
            self.note(token, token, "drawn")
            return
        self._judge_colour(token, wait)
        self._carry(token.meaning)
        self.add_effects(token.name, *token.meaning.names("effects"))
        self.alone = self.alone or token.meaning.facts.get("alone")
        self.note(token, token, "drawn" if token.name in self.can.effects else "undrawn")
        self._clause.relation = None

    def _blooms(self, wait: Waiting) -> bool:
        """Whether a plant is told of that is drawn in bloom anyway; its colour goes on waiting for it."""
        clause = self._clause
        near = [*([clause.last.token] if clause.last else []), *clause.ahead[:3]]
        if not any(other.kind == "plant" for other in near):
            return False
        clause.wait = wait
        return True

    def add_effects(self, *names: str) -> None:
        """Remember effects, each once."""
        self.effects += [name for name in names if name not in self.effects]

    def _take_mood(self, token: Token) -> None:
        if self._denies(token):
            return
        drawable = not token.meaning.facts.get("undrawn")
        drawable = drawable and self.moods.setdefault(token.kind, token.name) == token.name
        self.note(token, token, "drawn" if drawable else "undrawn")
        self._carry(token.meaning)
        self.add_effects(*token.meaning.names("effects"))

    _take_time = _take_weather = _take_season = _take_palette = _take_mood

    def _take_style(self, token: Token) -> None:
        if self._denies(token):
            return
        # A vintage car is an old one, not an old photo of one.
        if normalise(token.text) in token.meaning.names("adjective") and self._qualifies_thing():
            self.note(token, token, "drawn")
            return
        if token.name not in self.styles:
            self.styles.append(token.name)
        self.note(token, token, "drawn" if token.name in self.can.styles else "undrawn")

    def _set_backdrop(self, token: Token, colour: str) -> None:
        """Take a plain ground of a colour for the scene: on a blue background."""
        studio = replace(token, meaning=self.lexicon.find("scene/studio"))
        self.dyes.setdefault(studio.name, colour)
        self.scenes.append((studio, False))

    def _qualifies_thing(self) -> bool:
        """Whether a subject follows at once, but for its colour."""
        ahead = (other for other in self._clause.ahead if other.kind not in ("colour", "shade", "size"))
        follows = next(ahead, None)
        return follows is not None and follows.is_thing

    def _take_camera(self, token: Token) -> None:
        if not self._denies(token):
            self.frame = self.frame or token.meaning.facts.get("size")
            self.note(token, token, "undrawn" if token.meaning.facts.get("undrawn") else "drawn")

    def _carry(self, meaning: Meaning) -> None:
        for kind in _CARRIED:
            if kind in meaning.facts:
                self.carried.setdefault(kind, meaning.facts[kind])
