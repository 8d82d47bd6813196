"""The words the painter knows, in English and Chinese: facts read from the TOML files beside this room.

Only reads and looks up; cutting a prompt into words is `segment.py`'s business, making sense of them
`reader.py`'s. Nothing here knows what art there is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

THINGS = frozenset({"animal", "person", "creature", "vehicle", "building", "plant", "food", "thing"})
"""Kinds of words that name a subject."""
BEINGS = frozenset({"animal", "person", "creature"})
"""Kinds of subjects that sit, wear and hold."""
_COUNTABLE = THINGS | {"worn", "part", "feature", "scene"}
_VOWELS = "aeiou"
_ROOMS = (
    "animals", "people", "vehicles", "buildings", "plants", "food", "things", "parts", "scenes", "manner", "styles", "grammar"
)  # fmt: skip
"""The files, in the order in which they claim a spelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a word stands for: a kind (section of the files), a name in it, and what else is known."""

    kind: str
    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By language, ``en`` and ``zh``, the usual word first."""

    def names(self, fact: str) -> tuple[str, ...]:
        """Return a fact that is a comma-separated list of names."""
        return split(self.facts.get(fact, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One spelling of a meaning; ``plural`` where the spelling itself says that there are several."""

    meaning: Meaning
    plural: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """All meanings, and all their spellings."""

    meanings: tuple[Meaning, ...]
    forms: Mapping[str, Form]
    lengths: Mapping[str, tuple[int, ...]]
    """By first character, the lengths of the spellings that begin with it, longest first."""
    firm: frozenset[str]
    """Single Chinese characters that stand for themselves even beside an unknown one."""

    def find(self, path: str) -> Meaning:
        """Return the meaning at ``kind/name``; KeyError if there is none."""
        for meaning in self.meanings:
            if f"{meaning.kind}/{meaning.name}" == path:
                return meaning
        raise KeyError(path)


@cache
def load_lexicon() -> Lexicon:
    """Return the lexicon that comes with the package, read once."""
    meanings = tuple(_meanings())
    forms: dict[str, Form] = {}
    for meaning in meanings:
        for text, plural in _spellings(meaning):
            # Where two meanings share a spelling the first keeps it, but a plain spelling beats a derived one.
            if text not in forms or (forms[text].plural and not plural):
                forms[text] = Form(meaning=meaning, plural=plural)
    forms = _counted(meanings) | forms
    firm = frozenset(word for meaning in meanings if meaning.kind == "firm" for word in meaning.words["zh"])
    return Lexicon(meanings=meanings, forms=forms, lengths=_lengths(forms), firm=firm)


def normalise(text: str) -> str:
    """Return a text of the same length as the lexicon spells: lower case, plain width, no hyphens."""
    return "".join(_plain(letter) for letter in text)


def split(names: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list."""
    return tuple(name.strip() for name in names.split(",") if name.strip())


def _plain(letter: str) -> str:
    code = ord(letter)
    if 0xFF01 <= code <= 0xFF5E:
        letter = chr(code - 0xFEE0)
    if letter in "-‐‑_\t\n\r\u00a0\u3000":
        return " "
    if letter in "‘’`´":
        return "'"
    lower = letter.lower()
    return lower if len(lower) == 1 else letter


def _meanings() -> Iterator[Meaning]:
    folder = files(__package__)
    for room in _ROOMS:
        for kind, entries in tomllib.loads((folder / f"{room}.toml").read_text("utf-8")).items():
            for name, entry in entries.items():
                yield _meaning(kind, name, entry)


def _meaning(kind: str, name: str, entry: dict[str, Any]) -> Meaning:
    words = {language: split(entry.get(language, "")) for language in ("en", "zh")}
    facts = {key: value for key, value in entry.items() if key not in ("en", "zh", "art")}
    return Meaning(kind=kind, name=entry.get("art", name), facts=facts, words=words)


def _spellings(meaning: Meaning) -> Iterator[tuple[str, bool]]:
    if meaning.kind == "firm":
        return
    plurals = {plural for word in meaning.words["en"] for plural in _plurals(normalise(word))}
    for word in (*meaning.words["en"], *meaning.words["zh"]):
        text = normalise(word)
        if meaning.kind == "count" and len(text) == 1 and not text.isascii():
            continue  # 三 alone may be part of anything: a Chinese count needs its measure word
        several = meaning.facts.get("many") or meaning.name.endswith("s")  # its one drawing shows several
        yield text, meaning.kind in THINGS and not several and text in plurals
        if meaning.kind in _COUNTABLE and text.isascii():
            yield from ((plural, True) for plural in _plurals(text) if plural not in meaning.words["en"])


def _plurals(word: str) -> tuple[str, ...]:
    """Return the regular English plurals of a word or of the last word of a phrase."""
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return (word + "es",)
    if word.endswith("y") and word[-2] not in _VOWELS:
        return (word[:-1] + "ies",)
    if word.endswith("fe"):
        return (word[:-2] + "ves",)
    if word.endswith("f"):
        return (word[:-1] + "ves", word + "s")
    return (word + "s", word + "es") if word.endswith("o") else (word + "s",)


def _counted(meanings: tuple[Meaning, ...]) -> dict[str, Form]:
    """Return the Chinese counts: every number with every measure word, such as 三只."""
    numbers = [meaning for meaning in meanings if meaning.kind == "count"]
    measures = [word for meaning in meanings if meaning.kind == "measure" for word in meaning.words["zh"]]
    return {
        number + measure: Form(meaning=meaning)
        for meaning in numbers
        for number in meaning.words["zh"]
        if number in _NUMERALS
        for measure in measures
    }


_NUMERALS = frozenset({*"一二两三四五六七八九十几数双", "十一", "十二"})


def _lengths(forms: Mapping[str, Form]) -> dict[str, tuple[int, ...]]:
    lengths: dict[str, set[int]] = {}
    for text in forms:
        lengths.setdefault(text[0], set()).add(len(text))
    return {first: tuple(sorted(found, reverse=True)) for first, found in lengths.items()}
