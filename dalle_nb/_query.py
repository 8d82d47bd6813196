"""Which Runs are meant, as a value: filters, words to search for, order. Says nothing of how they are found.

A History holds one and adds to it; the store turns it into SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

COLUMNS = (
    "id",
    "created",
    "status",
    "kind",
    "prompt",
    "model",
    "asked_model",
    "backend",
    "size",
    "quality",
    "n",
    "pictures",
    "cost",
    "seconds",
    "recipe",
    "parent",
    "tags",
    "starred",
    "notebook",
    "error",
    "uid",
)
"""Columns of the history, in the order they are shown; each can be filtered and sorted by."""

PAGE = 50
"""Runs on a page."""

Operator = Literal["is", "not", "before", "from", "upto", "after", "in", "has"]
"""``before`` <, ``from`` >=, ``upto`` <=, ``after`` >; ``in`` a tuple of values; ``has`` a part of the text or a tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One condition on one column."""

    column: str
    operator: Operator
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """All conditions together; every word of ``words`` must occur, in any language, whatever its case."""

    filters: tuple[Filter, ...] = ()
    words: tuple[str, ...] = ()
    order: str = "id"
    descending: bool = True
    deleted: bool = False
    """Whether the trash is meant, instead of all that is not in it."""

    def narrowed(self, *filters: Filter) -> Query:
        """Return the query with more conditions."""
        return replace(self, filters=(*self.filters, *filters))
