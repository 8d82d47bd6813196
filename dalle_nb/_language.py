"""The language a person is spoken to in: English sentences in the code, their Chinese in ``locale/zh``.

Must not know who speaks or where the words are shown; `_settings` decides which language is meant.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh")

_spoken: ContextVar[str] = ContextVar("dalle_nb_language", default="en")


def tr(sentence: str, /, **fields: Any) -> str:
    """Return the sentence in the language being spoken, its ``{fields}`` filled in.

    An English sentence is its own key, so that code reads as what it says; one without a
    translation stays English (a test finds those).
    """
    words = chinese().get(sentence, sentence) if _spoken.get() == "zh" else sentence
    return words.format_map(fields) if fields else words


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak ``en`` or ``zh`` inside the block, in this thread and the contexts copied from it."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """Return the language being spoken, ``en`` or ``zh``."""
    return _spoken.get()


def language_of(text: str) -> str | None:
    """Return ``zh`` for text with Chinese characters in it, ``en`` for text with Latin letters, else None."""
    if any("\u3400" <= letter <= "\u9fff" for letter in text):
        return "zh"
    return "en" if any(letter.isascii() and letter.isalpha() for letter in text) else None


@cache
def chinese() -> dict[str, str]:
    """Return every English sentence that has a Chinese one, read from ``locale/zh/*.toml`` once."""
    rooms = sorted(files(__package__).joinpath("locale", "zh").iterdir(), key=lambda room: room.name)
    sentences: dict[str, str] = {}
    for room in rooms:
        if room.name.endswith(".toml"):
            sentences |= tomllib.loads(room.read_text(encoding="utf-8"))
    return sentences
