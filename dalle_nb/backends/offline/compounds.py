"""Tells where two nouns are one, of which the second is the thing: a castle tower, a dog's bowl."""

from __future__ import annotations

from dalle_nb.backends.offline.lexicon import BEINGS
from dalle_nb.backends.offline.segment import Token


def compounds(token: Token, follows: Token) -> bool:
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
