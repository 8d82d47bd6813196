"""Makes Things of the subjects that a prompt names: how many, in which pose, arranged how.

What stands before its subject (戴着墨镜的狗, a sleeping cat) waits for it here. How subjects stand to one another is
`grammar.py`'s to find.
"""

from __future__ import annotations

from dataclasses import replace

from dalle_nb.backends.offline.clauses import Draft, Waiting
from dalle_nb.backends.offline.compounds import compounds
from dalle_nb.backends.offline.dressing import Dressing
from dalle_nb.backends.offline.lexicon import BEINGS, Lexicon
from dalle_nb.backends.offline.repertoire import Repertoire
from dalle_nb.backends.offline.segment import Token
from dalle_nb.backends.offline.sketch import Thing

MAX_THINGS = 4
"""More subjects than these make no picture; the rest are named as not drawn."""
MAX_COUNT = 12
_PLAIN = frozenset({"stand", "walk", "run", "jump", "sit"})
"""Poses that give way to a plainer telling of what is done: jumping, and shooting a ball."""
_GROUPS = {"family": 3, "couple": 2}
"""How many animals these are: a penguin family."""


class Things(Dressing):
    """The subjects of a picture in the making."""

    def __init__(self, lexicon: Lexicon, can: Repertoire) -> None:
        super().__init__(lexicon, can)
        self._vessel: Draft | None = None  # waits for what is in it
        self._missed = False  # whether a being was named that has no art

    def _qualifies_next(self, token: Token) -> bool:
        """Whether the word only tells more of the noun after it: golden retriever puppies, a stone castle."""
        follows = self._noun_after(token)
        if follows is None or token.plural or self._clause.no:
            return False
        wait = self._clause.wait
        if follows.name == token.name and follows.is_thing:
            wait.colour = wait.colour or token.meaning.facts.get("colour")
        elif not (token.meaning.facts.get("material") and follows.is_thing) and not compounds(token, follows):
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
        theirs = previous is not None and previous.name == "possessive"
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
