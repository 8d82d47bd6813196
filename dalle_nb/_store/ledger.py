"""What has been spent, and whether a budget allows more.

A Run counts with its cost, and as long as that is unknown with its upper estimate: reserved before the
call, in the transaction that writes its row, so that concurrent kernels cannot cross a budget together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, String, Table, case, cast, func, select

from dalle_nb._errors import BudgetError, OptionError
from dalle_nb._language import tr
from dalle_nb._records import Estimate
from dalle_nb._store.schema import purged, runs


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
    left = budget.limit - total(connection, budget.since, reserved=True)
    if 0 < estimate.high > left:
        raise BudgetError(
            tr("This may cost {high}; of the budget of {limit} there is {left} left.",
               high=dollars(estimate.high), limit=dollars(budget.limit), left=dollars(max(left, 0))),
            tr("Ask for a lower quality, a smaller size or fewer pictures, or raise the budget."),
        )  # fmt: skip


def total(connection: Connection, since: datetime | None, *, reserved: bool = False) -> int:
    """Return what the Runs cost that were asked here at or after ``since``, deleted and purged ones too.

    An unknown cost counts nothing, or with ``reserved`` as much as was reserved for it.
    """
    return sum(_sum(connection, table, since, reserved) for table in (runs, purged))


def _sum(connection: Connection, table: Table, since: datetime | None, reserved: bool) -> int:
    amount = func.coalesce(table.c.cost, table.c.reserved) if reserved else table.c.cost
    question = select(func.coalesce(func.sum(amount), 0)).where(~table.c.imported)
    if since is not None:
        question = question.where(table.c.created >= since)
    return int(connection.scalar(question) or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger. Money in millionths of a dollar."""

    name: str
    """The day (YYYY-MM-DD, here), the model or the notebook; empty where nobody knows which."""
    runs: int = 0
    spent: int = 0
    """What is known to have been spent."""
    free: int = 0
    """Runs that cost nothing: refused, failed before they were served, or drawn by a free server."""
    simulated: int = 0
    """Runs of the offline painter, whose usage is simulated."""
    unknown: int = 0
    """Runs that may have been billed."""
    at_most: int = 0
    """What those with a known price may have cost."""

    def __add__(self, other: Entry) -> Entry:
        sums = {each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)[1:]}
        return Entry(name=self.name, **sums)


def entries(connection: Connection, by: str) -> list[Entry]:
    """Return what was spent here, summed by ``day``, ``model`` or ``notebook``, also on what is deleted and purged.

    Raises:
        OptionError: it cannot be summed by that.
    """
    if by not in _KEYS:
        raise OptionError(
            tr("The ledger has no column {by}.", by=repr(by)[:80]),
            tr("Try: {names}", names=" | ".join(_KEYS)),
        )
    found: dict[str, Entry] = {}
    for table in (runs, purged):
        key = _KEYS[by](table).label("name")
        for row in connection.execute(
            select(key, *_sums(table)).where(~table.c.imported).group_by(key)
        ).mappings():
            entry = Entry(**{**row, "name": _local_day(row["name"]) if by == "day" else row["name"] or ""})
            found[entry.name] = found[entry.name] + entry if entry.name in found else entry
    return sorted(found.values(), key=lambda each: each.name if by == "day" else each.spent, reverse=True)


_KEYS: dict[str, Callable[[Table], ColumnElement[str]]] = {
    # Minutes, for a day begins here at another time than in UTC, in which the history counts.
    "day": lambda table: func.substr(cast(table.c.created, String), 1, 16),
    "model": lambda table: table.c.model,
    "notebook": lambda table: table.c.notebook,
}


def _sums(table: Table) -> tuple[ColumnElement[int], ...]:
    offline = table.c.backend == "offline"
    open_ = ~offline & table.c.cost.is_(None)
    return (
        func.count().label("runs"),
        func.coalesce(func.sum(table.c.cost), 0).label("spent"),
        _count(~offline & (table.c.cost == 0)).label("free"),
        _count(offline).label("simulated"),
        _count(open_).label("unknown"),
        func.coalesce(func.sum(case((open_, table.c.reserved))), 0).label("at_most"),
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _local_day(minute: str) -> str:
    return datetime.fromisoformat(minute).replace(tzinfo=UTC).astimezone().date().isoformat()


def dollars(amount: int) -> str:
    """Return millionths of a dollar as a person reads them: $0.04, $0.0425."""
    whole, rest = divmod(amount, 1_000_000)
    cents = f"{rest:06d}"
    return f"${whole}.{cents[:2]}{cents[2:].rstrip('0')}"
