"""What was typed after ``%dalle_history``, and in the command line: conditions, words, order, page.

Text in, a value out; what the conditions mean is the history's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dalle_nb._errors import OptionError
from dalle_nb._language import tr
from dalle_nb._money import MICROS
from dalle_nb._options import nearest, normalise_options
from dalle_nb._query import COLUMNS

WORDS = (*COLUMNS, "tag", "since", "until", "sort", "page", "trash")
"""What may follow two dashes."""

_RANGED = ("id", "created", "n", "pictures", "cost", "seconds")
"""Columns of which ``from..upto`` is a range; anywhere else two dots are text."""

_WHOLE = ("prompt", "notebook", "error", "since", "until")
"""Columns and words whose value a comma does not divide."""

_FLAGS = ("trash", "starred")

# A quotation mark counts where a word begins: "it's" is one word, and none is ever left open.
_TOKEN = re.compile(
    r"""\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|“(?P<curly>[^”]*)”"""
    r"""|(?P<dashed>[-－‐‑‒–—―−][^\s=＝]*)(?P<equals>\s*[=＝])?|(?P<word>\S+))"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """Which part of the history is meant: as `History.where`, ``search``, ``sort`` and ``page`` take it."""

    conditions: tuple[tuple[str, Any], ...] = ()
    text: str = ""
    sort: str | None = None
    page: int = 1
    trash: bool = False


def parse_narrowing(line: str) -> Narrowing:
    """Return what a line such as ``--status failed,refused --cost 0.01.. fox`` means.

    A value is one value, several with commas (any of them), or a range ``from..upto`` with either end left
    out; costs are in dollars. What has no dashes is searched for, word by word, as it stands.

    Raises:
        OptionError: there is no such column, or a value is missing or of no use.
    """
    conditions: list[tuple[str, Any]] = []
    words: list[str] = []
    about: dict[str, str] = {}
    tokens = _TOKEN.finditer(line.rstrip())
    for token in tokens:
        name = _name(token)
        if not name:
            words.append(_text(token))
            continue
        value = "true" if name in _FLAGS and not token["equals"] else _following(tokens, name)
        if name in ("sort", "page", "trash"):
            about[name] = value
        else:
            conditions.append((name, _value(name, value)))
    return Narrowing(
        conditions=tuple(conditions),
        text=" ".join(words),
        sort=about.get("sort"),
        page=_page(about.get("page", "1")),
        trash=_is_yes(about.get("trash", "")),
    )


def _name(token: re.Match[str]) -> str:
    """Return the name that a token with two dashes gives, whatever dashes they are; nothing for other tokens."""
    typed = normalise_options(token["dashed"] or "")
    if not re.match(r"--\w", typed):
        return ""
    name = typed[2:].lower().replace("-", "_")
    if name not in WORDS:
        raise OptionError(
            tr("The history has no column {name}.", name=name),
            tr("Try: {spelling}", spelling=f"--{nearest(name, WORDS)}"),
        )
    return name


def _text(token: re.Match[str]) -> str:
    quoted = next((token[kind] for kind in ("double", "single", "curly") if token[kind] is not None), None)
    return token[0].strip() if quoted is None else quoted


def _following(tokens: Iterator[re.Match[str]], name: str) -> str:
    token = next(tokens, None)
    if token is None or re.match("--\\w", normalise_options(token["dashed"] or "")):
        raise OptionError(
            tr("--{name} needs a value.", name=name), tr("Try: {spelling}", spelling=_example(name))
        )
    return _text(token)


def _value(name: str, text: str) -> Any:
    if name in _WHOLE:
        return text
    text = normalise_options(text)
    if name in _RANGED and ".." in text:
        low, _, high = text.partition("..")
        return (_one(name, low) if low else None, _one(name, high) if high else None)
    return [_one(name, part.strip()) for part in text.split(",")] if "," in text else _one(name, text)


def _one(name: str, text: str) -> Any:
    if name == "starred":
        return _is_yes(text)
    return _micros(text) if name == "cost" else text


def _is_yes(text: str) -> bool:
    return text.lower() in ("true", "yes", "on", "1", "是")


def _micros(text: str) -> int:
    try:
        return round(float(text.lstrip("$")) * MICROS)
    except (ValueError, OverflowError):
        raise _useless("cost", text) from None


def _page(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text) > 0:
        return int(text)
    raise _useless("page", text)


def _useless(name: str, text: str) -> OptionError:
    return OptionError(
        tr("--{name} does not take {value}.", name=name, value=repr(text[:80])),
        tr("Try: {spelling}", spelling=_example(name)),
    )


def _example(name: str) -> str:
    examples = {
        "cost": "0.01..0.2",
        "page": "2",
        "sort": "-cost",
        "since": "2026-11-01",
        "until": "2026-11-30",
    }
    return f"--{name} {examples.get(name, '1')}"
