"""What was typed after ``%dalle_history``, and in the command line: conditions, words, order, page.

Text in, a value out; which columns there are is the history's business.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dalle_nb._errors import OptionError
from dalle_nb._language import tr
from dalle_nb._options import nearest, normalise_options
from dalle_nb._query import COLUMNS

WORDS = (*COLUMNS, "tag", "since", "until", "sort", "page", "trash")
"""What may follow two dashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Which part of the history is meant: as `History.where`, ``search``, ``sort`` and ``page`` take it."""

    conditions: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    sort: str | None = None
    page: int = 1
    trash: bool = False


def parse_narrowing(line: str) -> Narrowing:
    """Return what a line such as ``--status failed,refused --cost 1000.. fox`` means.

    A value is one value, several with commas, or a range ``from..upto`` with either end left out; what has
    no dashes is searched for.

    Raises:
        OptionError: there is no such column, or a value is missing.
    """
    typed = _split(line)
    said: dict[str, str] = {}
    words: list[str] = []
    while typed:
        word = typed.pop(0)
        if not word.startswith("--"):
            words.append(word)
            continue
        name, equals, value = word[2:].replace("-", "_").partition("=")
        if name in ("trash", "starred") and not equals:
            value = "true"
        elif not equals:
            value = typed.pop(0) if typed else _missing(name)
        said[_known(name)] = value
    page = said.pop("page", "1")
    return Narrowing(
        sort=said.pop("sort", None),
        page=int(page) if page.isdecimal() else _missing("page"),
        trash=said.pop("trash", "") == "true",
        conditions={name: _value(text) for name, text in said.items()},
        text=" ".join(words),
    )


def _split(line: str) -> list[str]:
    try:
        return shlex.split(normalise_options(line))
    except ValueError:
        raise OptionError(tr("A quotation mark is not closed."), tr("Close it, or leave it out.")) from None


def _known(name: str) -> str:
    if name not in WORDS:
        right = f"--{nearest(name, WORDS)}"
        raise OptionError(
            tr("The history has no column {name}.", name=repr(name)), tr("Try: {spelling}", spelling=right)
        )
    return name


def _missing(name: str) -> Any:
    raise OptionError(tr("--{name} needs a value.", name=name), tr("Try: {spelling}", spelling=f"--{name} 1"))


def _value(text: str) -> Any:
    if ".." in text:
        low, _, high = text.partition("..")
        return (_one(low) if low else None, _one(high) if high else None)
    return [_one(part) for part in text.split(",")] if "," in text else _one(text)


def _one(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
