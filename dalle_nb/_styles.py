"""Words that give a picture its style, read from ``styles.toml``: the tutorial's 29, and a few of ours.

Knows words only: which of them a model takes as a parameter is `_rules`' business.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from dalle_nb._language import language_of, spoken


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One style: what is added to a Chinese and to an English prompt, and what else it is called."""

    zh: str
    en: str
    name: str = ""
    """Its name where the API has one of its own."""
    also: tuple[str, ...] = ()
    artist: bool = False
    """Whether it names an artist, which a moderation may refuse."""

    def __str__(self) -> str:
        return self.name or (self.zh if spoken() == "zh" else self.en)

    @property
    def spellings(self) -> tuple[str, ...]:
        """Everything it may be called, in the form in which words are compared."""
        return tuple(_plain(word) for word in (self.name, self.zh, self.en, *self.also) if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """Styles of one kind, under a Chinese and an English title."""

    zh: str
    en: str
    styles: tuple[Style, ...]


class Styles(Mapping[str, tuple[Style, ...]]):
    """Styles by category, titled in the language being spoken; either title finds a category."""

    def __getitem__(self, title: str) -> tuple[Style, ...]:
        for category in _book().categories:
            if title in (category.zh, category.en):
                return category.styles
        raise KeyError(title)

    def __iter__(self) -> Iterator[str]:
        return (category.zh if spoken() == "zh" else category.en for category in _book().categories)

    def __len__(self) -> int:
        return len(_book().categories)

    def __repr__(self) -> str:
        return "\n".join(f"{title}: {', '.join(map(str, self[title]))}" for title in self)


styles = Styles()


def find_style(word: str) -> Style | None:
    """Return the style that a Chinese or English word means, or None."""
    return _by_spelling().get(_plain(word))


def nearest_style(word: str) -> Style:
    """Return the style whose spelling is most like the word, in either language."""
    spellings = _by_spelling()
    alike = get_close_matches(_plain(word), spellings, n=1, cutoff=0.0)
    return spellings[alike[0]]


def style_words() -> tuple[str, ...]:
    """Return one word for every style there is, in the language being spoken, for completion and hints."""
    return tuple(str(style) for category in _book().categories for style in category.styles)


def restyle(prompt: str, style: Style) -> str:
    """Return the prompt with the style's words added, in the prompt's own language."""
    if language_of(prompt) == "zh":
        return f"{prompt}，{style.zh}"
    return f"{prompt}, {style.en}"


def enhancements() -> Mapping[str, str]:
    """Return the tutorial's four enhancements: the words that each name adds."""
    return _book().enhancements


def enhance(base: str, style: str | None = None) -> str:
    """Return the prompt with an enhancement's words added; an unknown name returns it as it is."""
    words = enhancements().get(style or "")
    return f"{base}, {words}" if words else base


def variation_words(prompt: str, strength: str) -> str:
    """Return how a variation is asked for in words, ``subtle`` or ``strong``, followed by the user's own."""
    language = language_of(prompt) or spoken()
    return "\n".join(filter(None, (_book().variations[strength][language], prompt.strip())))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    categories: tuple[Category, ...]
    enhancements: Mapping[str, str]
    variations: Mapping[str, Mapping[str, str]]


@cache
def _book() -> _Book:
    text = files(__package__).joinpath("styles.toml").read_text(encoding="utf-8")
    facts = tomllib.loads(text)
    return _Book(
        categories=tuple(_category(row) for row in facts["categories"]),
        enhancements=facts["enhancements"],
        variations=facts["variations"],
    )


def _category(row: Mapping[str, Any]) -> Category:
    rows = tuple(Style(**style | {"also": tuple(style.get("also", ()))}) for style in row["styles"])
    return Category(zh=row["zh"], en=row["en"], styles=rows)


@cache
def _by_spelling() -> Mapping[str, Style]:
    return {
        spelling: style
        for category in reversed(_book().categories)
        for style in category.styles
        for spelling in style.spellings
    }


def _plain(word: str) -> str:
    """Return the word without case, hyphens, and the ending that only says it is a style."""
    plain = re.sub(r"[\s_-]+", " ", word.casefold()).strip()
    return re.sub(r"(?<=.)(的?风格?| style)$", "", plain)
