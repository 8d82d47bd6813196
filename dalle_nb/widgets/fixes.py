"""What a fix says in words, as something to press: ``Try: --size 1024x1024`` becomes a button that sets it.

Reads only what errors say of options; must not know widgets or why a rule was broken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dalle_nb._errors import OptionError
from dalle_nb._language import tr
from dalle_nb._options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One thing to press: its words, and the options that it sets; None takes one out."""

    label: str
    options: dict[str, Any]


def fixes(text: str, at_fault: Sequence[str] = ()) -> tuple[Fix, ...]:
    """Return what may be pressed for a fix as errors word it; ``at_fault`` are the options that broke a rule.

    An option at fault for which no value is offered can be left out.
    """
    offered = {name: value for found in _SPELLED.finditer(text) for name, value in _said(found)}
    if offered:
        return tuple(_fix(tr("Use {value}", value=value), name, value) for name, value in offered.items())
    gone = [option(name) for name in at_fault if _may_go(name)]
    return tuple(_fix(tr("Leave out {option}", option=row.flags[-1]), row.name, None) for row in gone)


def _fix(label: str, name: str, value: str | None) -> Fix:
    return Fix(label=label, options={name: value})


# A flag and its value, in either language's punctuation; the full stop that ends a sentence is not the value's.
_SPELLED = re.compile(r"(?<![\w-])(--?[a-zA-Z][\w-]*) +('[^']*'|[^\s'，。；;,.)]+(?:\.\w[^\s'，。；;,)]*)*)")


def _said(found: re.Match[str]) -> list[tuple[str, str]]:
    """Return the option and the value, where both are what they look like: no example and no next flag."""
    flag, value = found[1], found[2].strip("'")
    if value.startswith("-") or value == "REF":
        return []
    try:
        row = option(flag)
        row.parse(value)
    except OptionError:
        return []
    return [(row.name, value)] if row.scope != "source" and not row.words else []


def _may_go(name: str) -> bool:
    try:
        return option(name).scope == "request"
    except OptionError:
        return False
