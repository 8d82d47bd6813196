"""What has been spent, and whether a budget allows more.

A Run counts with its cost, and as long as that is unknown with its upper estimate: reserved before the
call, in the transaction that writes its row, so that concurrent kernels cannot cross a budget together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from dalle_nb._errors import BudgetError
from dalle_nb._language import tr
from dalle_nb._records import Estimate
from dalle_nb._store.schema import runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most ``limit`` millionths of a dollar for what was asked at or after ``since`` (None: ever)."""

    limit: int
    since: datetime | None = None


def reserve(connection: Connection, estimate: Estimate | None, budget: Budget) -> None:
    """Make sure that the budget allows what may be spent.

    Raises:
        BudgetError: it could be crossed, or nobody knows.
    """
    if estimate is None:
        raise BudgetError(
            tr(
                "Nobody knows what this costs, and there is a budget of {limit}.", limit=dollars(budget.limit)
            ),
            tr("Choose a model with a known price (%dalle_models), or lift the budget."),
        )
    left = budget.limit - total(connection, func.coalesce(runs.c.cost, runs.c.reserved), budget.since)
    if 0 < estimate.high > left:
        raise BudgetError(
            tr("This may cost {high}; of the budget of {limit} there is {left} left.",
               high=dollars(estimate.high), limit=dollars(budget.limit), left=dollars(max(left, 0))),
            tr("Ask for a lower quality, a smaller size or fewer pictures, or raise the budget."),
        )  # fmt: skip


def total(connection: Connection, amount: ColumnElement[int], since: datetime | None) -> int:
    """Return the sum of an amount over the Runs asked at or after ``since``; deleted ones count too."""
    question = select(func.coalesce(func.sum(amount), 0))
    if since is not None:
        question = question.where(runs.c.created >= since)
    return int(connection.scalar(question) or 0)


def dollars(amount: int) -> str:
    """Return millionths of a dollar as a person reads them: $0.04, $0.0425."""
    whole, rest = divmod(amount, 1_000_000)
    cents = f"{rest:06d}"
    return f"${whole}.{cents[:2]}{cents[2:].rstrip('0')}"
