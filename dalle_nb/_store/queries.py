"""Rows put into the history, and questions to it, each answered from one moment of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    func,
    insert,
    select,
    update,
)

from dalle_nb._errors import ReferenceNotFound
from dalle_nb._language import tr
from dalle_nb._query import Query
from dalle_nb._records import PictureRecord, RunRecord, Status, blobs_of
from dalle_nb._store.filters import column_named, condition, ordering
from dalle_nb._store.rows import picture_row, run_of, run_row
from dalle_nb._store.schema import SEPARATOR, attempts, inputs, pictures, runs, words
from dalle_nb._store.search import fold, holding, searched

HANDFUL = 500
"""Ids in one statement; SQLite takes at least a thousand values."""

_there = runs.c.deleted.is_(None)


def insert_run(connection: Connection, run: RunRecord, **more: Any) -> int:
    """Return the id of a Run's new row; its pictures are not put in."""
    key = connection.execute(insert(runs), run_row(run) | more).inserted_primary_key
    assert key is not None
    number = int(key[0])
    connection.execute(insert(words), {"run": number, "text": searched(run)})
    taken = {blob.sha256 for blob in blobs_of(run.request)}
    if taken:
        connection.execute(insert(inputs), [{"run": number, "sha256": sha256} for sha256 in taken])
    return number


def insert_picture(connection: Connection, picture: PictureRecord, run: int) -> None:
    """Put a picture into the Run of that id."""
    connection.execute(insert(pictures), picture_row(picture, run))
    if picture.index > 0:
        connection.execute(update(runs).where(runs.c.id == run).values(pictures=runs.c.pictures + 1))
    if picture.revised_prompt:
        more = SEPARATOR + fold(picture.revised_prompt)
        connection.execute(update(words).where(words.c.run == run).values(text=words.c.text + more))


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


def select_runs(connection: Connection, query: Query, limit: int | None, offset: int) -> list[RunRecord]:
    """Return the Runs that are meant, in order.

    Raises:
        OptionError: the history has no such column, or a value is none of its kind.
    """
    return _load(connection, _meant(connection, query, *runs.c).limit(limit).offset(offset))


def select_column(connection: Connection, query: Query, name: str) -> list[Any]:
    """Return one column of the Runs that are meant, in order; OptionError as above."""
    return list(connection.scalars(_meant(connection, query, column_named(name))))


def count_runs(connection: Connection, query: Query = Query()) -> int:  # noqa: B008 - it is frozen
    """Return how many Runs are meant; OptionError as above."""
    if not (query.filters or query.words):
        # Two counts of an index; rows are large, and are left unread.
        trash = select(func.count()).select_from(runs).where(runs.c.deleted.is_not(None)).scalar_subquery()
        everything = select(func.count()).select_from(runs).scalar_subquery()
        return int(connection.scalar(select(trash if query.deleted else everything - trash)) or 0)
    meant = _meant(connection, query, func.count()).order_by(None)
    return int(connection.scalar(meant) or 0)


def good_runs(
    connection: Connection, identity: str, backend: str, model: str, without: Collection[str] = ()
) -> list[RunRecord]:
    """Return the Runs of identical Requests, drawn there by that model, that went well; newest first."""
    same = (runs.c.identity == identity) & (runs.c.backend == backend) & (runs.c.model == model)
    good = same & (runs.c.status == Status.DONE) & _there & runs.c.uid.not_in(without)
    return _load(connection, select(runs).where(good).order_by(runs.c.id.desc()).limit(20))


def count_children(connection: Connection, uid: str) -> int:
    """Return how many Runs name that one as their parent."""
    return int(connection.scalar(select(func.count()).select_from(runs).where(runs.c.parent == uid)) or 0)


def picture_with(connection: Connection, sha256: str) -> RowMapping | None:
    """Return the row of the newest picture with those bytes."""
    same = select(pictures).where(pictures.c.sha256 == sha256).order_by(pictures.c.run.desc())
    return connection.execute(same.limit(1)).mappings().first()


def _meant(connection: Connection, query: Query, *columns: ColumnElement[Any]) -> Select[Any]:
    """Return the selection of columns of the Runs that a Query means, in its order."""
    source, ids, conditions = holding(connection, query.words)
    there = runs.c.deleted.is_not(None) if query.deleted else _there
    wishes = [condition(wish) for wish in query.filters]
    return (
        select(*columns)
        .select_from(source)
        .where(*conditions, there, *wishes)
        .order_by(*ordering(query, ids))
    )


def _load(connection: Connection, page: Select[Any]) -> list[RunRecord]:
    """Return the Runs that a query selects, each with its pictures and attempts."""
    rows = connection.execute(page).mappings().all()
    ids = [row["id"] for row in rows]
    drawn = _by_run(connection, ids, pictures, pictures.c.index)
    tried = _by_run(connection, ids, attempts, attempts.c.id)
    return [run_of(row, drawn[row["id"]], tried[row["id"]]) for row in rows]


def _by_run(
    connection: Connection, ids: Sequence[int], table: Table, order: Column[Any]
) -> defaultdict[int, list[RowMapping]]:
    found: defaultdict[int, list[RowMapping]] = defaultdict(list)
    for start in range(0, len(ids), HANDFUL):
        some = table.c.run.in_(ids[start : start + HANDFUL])
        for row in connection.execute(select(table).where(some).order_by(order)).mappings():
            found[row["run"]].append(row)
    return found
