"""Questions to the history, each answered from one moment of it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Column, Connection, RowMapping, Select, Table, func, insert, select

from dalle_nb._errors import ReferenceNotFound
from dalle_nb._language import tr
from dalle_nb._records import RunRecord, Status
from dalle_nb._store.rows import run_of
from dalle_nb._store.schema import attempts, pictures, runs

_there = runs.c.deleted.is_(None)


def insert_run(connection: Connection, values: dict[str, Any]) -> int:
    """Return the id of a new row."""
    key = connection.execute(insert(runs), values).inserted_primary_key
    assert key is not None
    return int(key[0])


def one_run(connection: Connection, reference: int | str) -> RunRecord:
    """Return the Run of an id or uid.

    Raises:
        ReferenceNotFound: there is none.
    """
    column = runs.c.id if isinstance(reference, int) else runs.c.uid
    found = _load(connection, select(runs).where(column == reference))
    if not found:
        raise ReferenceNotFound(
            tr("There is no Run {reference}.", reference=reference),
            tr("%dalle_history lists those there are."),
        )
    return found[0]


def newest_runs(connection: Connection, limit: int, offset: int) -> list[RunRecord]:
    """Return Runs, newest first, those that are deleted left out."""
    page = select(runs).where(_there).order_by(runs.c.id.desc())
    return _load(connection, page.limit(limit).offset(offset))


def good_runs(connection: Connection, identity: str, backend: str, model: str) -> list[RunRecord]:
    """Return the Runs of identical Requests, drawn there by that model, that went well; newest first."""
    same = (runs.c.identity == identity) & (runs.c.backend == backend) & (runs.c.model == model)
    good = same & (runs.c.status == Status.DONE) & _there
    return _load(connection, select(runs).where(good).order_by(runs.c.id.desc()).limit(20))


def count_runs(connection: Connection) -> int:
    """Return how many Runs there are, those that are deleted left out."""
    return int(connection.scalar(select(func.count()).select_from(runs).where(_there)) or 0)


def count_children(connection: Connection, uid: str) -> int:
    """Return how many Runs name that one as their parent."""
    return int(connection.scalar(select(func.count()).select_from(runs).where(runs.c.parent == uid)) or 0)


def picture_with(connection: Connection, sha256: str) -> RowMapping | None:
    """Return the row of the newest picture with those bytes."""
    same = select(pictures).where(pictures.c.sha256 == sha256).order_by(pictures.c.run.desc())
    return connection.execute(same.limit(1)).mappings().first()


def _load(connection: Connection, page: Select[Any]) -> list[RunRecord]:
    """Return the Runs that a query selects, each with its pictures and attempts."""
    ids = page.with_only_columns(runs.c.id)
    drawn = _by_run(connection, ids, pictures, pictures.c.index)
    tried = _by_run(connection, ids, attempts, attempts.c.id)
    rows = connection.execute(page).mappings()
    return [run_of(row, drawn[row["id"]], tried[row["id"]]) for row in rows]


def _by_run(
    connection: Connection, ids: Select[Any], table: Table, order: Column[Any]
) -> defaultdict[int, list[RowMapping]]:
    found: defaultdict[int, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(select(table).where(table.c.run.in_(ids)).order_by(order)).mappings():
        found[row["run"]].append(row)
    return found
