"""The table that a benchmark prints: what was measured, what stands beside it, and whether that is good enough."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    what: str
    value: str
    goal: str
    good: bool
    beside: str = ""
    """What another way took for the same, in the same unit."""


def show(rows: Iterable[Row], width: int = 48) -> int:
    """Print rows as they are measured, the first column so wide; return how many goals are missed."""
    missed = 0
    for row in rows:
        facts = f"{row.value:>12}  {row.beside:26}" if row.beside else f"{row.value:40}"
        print(f"{row.what:{width}}{facts}goal {row.goal:14}{'' if row.good else 'MISSED'}", flush=True)
        missed += not row.good
    return missed
