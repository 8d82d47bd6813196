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
    left_out = [name for name in at_fault if name not in offered and _may_go(name)] if not offered else []
    return (
        *(
            Fix(label=tr("Use {value}", value=value), options={name: value})
            for name, value in offered.items()
        ),
        *(
            Fix(label=tr("Leave out {option}", option=option(name).flags[-1]), options={name: None})
            for name in left_out
        ),
    )


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
