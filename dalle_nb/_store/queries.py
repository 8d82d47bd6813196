"""Rows put into the history, and questions to it, each answered from one moment of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    bindparam,
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
from dalle_nb._store.owners import SERVER, alive
from dalle_nb._store.rows import attempt_row, picture_row, run_of, run_row
from dalle_nb._store.schema import SEPARATOR, attempts, inputs, pictures, runs, thumbnails, words
from dalle_nb._store.search import fold, holding, searched

Item = TypeVar("Item")

HANDFUL = 500
"""Ids in one statement; SQLite takes at least a thousand values."""

_there = runs.c.deleted.is_(None)

# Made once: for statements as small as these, making them costs more than running them.
_BY_ID = select(runs).where(runs.c.id == bindparam("name"))
_BY_UID = select(runs).where(runs.c.uid == bindparam("name"))
_ANSWER = (
    runs.c.id,
    runs.c.identity,
    runs.c.backend,
    runs.c.model,
    runs.c.status,
    runs.c.owner,
    runs.c.created,
)
_PLACES = select(pictures.c.index).where(pictures.c.run == bindparam("run"))
_COUNT_ONE = update(runs).where(runs.c.id == bindparam("run")).values(pictures=runs.c.pictures + 1)
_SOME: BindParameter[Any] = bindparam("runs", expanding=True)
_PICTURES = select(pictures).where(pictures.c.run.in_(_SOME)).order_by(pictures.c.index)
_ATTEMPTS = select(attempts).where(attempts.c.run.in_(_SOME)).order_by(attempts.c.id)


def insert_run(connection: Connection, run: RunRecord, **more: Any) -> int:
    """Return the id of the new row of a Run, put in with all that belongs to it."""
    key = connection.execute(insert(runs), run_row(run) | more).inserted_primary_key
    assert key is not None
    number = int(key[0])
    connection.execute(insert(words), {"run": number, "text": searched(run)})
    taken = {blob.sha256 for blob in blobs_of(run.request)}
    belongings = (
        (inputs, [{"run": number, "sha256": sha256} for sha256 in taken]),
        (pictures, [picture_row(picture, number) for picture in run.pictures]),
        (attempts, [attempt_row(attempt, number) for attempt in run.attempts]),
    )
    for table, rows in belongings:
        if rows:
            connection.execute(insert(table), rows)
    return number


def add_missing(connection: Connection, run: int, told: Iterable[PictureRecord]) -> None:
    """Put those pictures into the Run of that id whose places are empty."""
    known = set(connection.scalars(_PLACES, {"run": run}))
    for picture in told:
        if picture.index not in known:
            _insert_picture(connection, picture, run)


def _insert_picture(connection: Connection, picture: PictureRecord, run: int) -> None:
    connection.execute(insert(pictures), picture_row(picture, run))
    if picture.index > 0:
        connection.execute(_COUNT_ONE, {"run": run})
    if picture.revised_prompt:
        more = SEPARATOR + fold(picture.revised_prompt)
        connection.execute(update(words).where(words.c.run == run).values(text=words.c.text + more))


def one_run(connection: Connection, reference: int | str) -> RunRecord:
    """Return the Run of an id or uid.

    Raises:
        ReferenceNotFound: there is none.
    """
    found = _load(connection, _BY_ID if isinstance(reference, int) else _BY_UID, {"name": reference})
    if not found:
        raise ReferenceNotFound(
            tr("There is no Run {reference}.", reference=reference),
            tr("%dalle_history lists those there are."),
        )
    return found[0]


def runs_with(connection: Connection, ids: Sequence[int]) -> list[RunRecord]:
    """Return the Runs of a handful of ids, as far as they are there, deleted or not."""
    return _load(connection, select(runs).where(runs.c.id.in_(ids)))


def ancestors(connection: Connection, uid: str) -> list[RunRecord]:
    """Return what a Run came from, nearest first; each once, should a circle have been imported."""
    found: dict[str, RunRecord] = {}
    parent: str | None = one_run(connection, uid).parent
    while parent and parent != uid and parent not in found:
        family = _load(connection, select(runs).where(runs.c.uid == parent))
        found |= {run.uid: run for run in family}
        parent = family[0].parent if family else None
    return list(found.values())


def select_runs(connection: Connection, query: Query, limit: int | None, offset: int) -> list[RunRecord]:
    """Return the Runs that are meant, in order.

    Raises:
        OptionError: the history has no such column, or a value is none of its kind.
    """
    return _load(connection, _meant(connection, query, *runs.c).limit(limit).offset(offset))


def select_column(connection: Connection, query: Query, name: str) -> list[Any]:
    """Return one column of the Runs that are meant, in order; OptionError as above."""
    return list(connection.scalars(_meant(connection, query, column_named(name))))


def select_rows(
    connection: Connection, query: Query, names: Sequence[str], limit: int | None, offset: int
) -> list[tuple[Any, ...]]:
    """Return several columns of the Runs that are meant, in order; OptionError as above."""
    columns = [column_named(name) for name in names]
    found = connection.execute(_meant(connection, query, *columns).limit(limit).offset(offset))
    return [tuple(row) for row in found]


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


def answering_runs(connection: Connection, identities: Sequence[str]) -> list[RunRecord]:
    """Return for each of a handful of identities, each place and model it was drawn at, the one Run that answers it.

    That is the newest one that went well, else one that is being drawn, else the newest refused.
    """
    meant = (Status.REFUSED, Status.ASKED, Status.DONE)
    same = runs.c.identity.in_(identities) & runs.c.status.in_(meant) & _there
    best: dict[tuple[str, str, str], tuple[int, int]] = {}
    for row in connection.execute(select(*_ANSWER).where(same)):
        if row.status == Status.ASKED and not (row.owner and alive(row.owner, row.created)):
            continue
        key, rank = (row.identity, row.backend, row.model), (meant.index(row.status), row.id)
        best[key] = max(best.get(key, rank), rank)
    return runs_with(connection, [number for _, number in best.values()])


def is_under_way(connection: Connection, uid: str) -> bool:
    """Return whether a process is drawing a Run; one that was sent off in a Job is not under way here."""
    row = connection.execute(select(runs.c.owner, runs.c.created).where(runs.c.uid == uid)).first()
    return bool(row and row.owner and row.owner != SERVER and alive(row.owner, row.created))


def count_children(connection: Connection, uid: str) -> int:
    """Return how many Runs name that one as their parent."""
    return int(connection.scalar(select(func.count()).select_from(runs).where(runs.c.parent == uid)) or 0)


def picture_with(connection: Connection, sha256: str) -> RowMapping | None:
    """Return the row of the newest picture with those bytes."""
    same = select(pictures).where(pictures.c.sha256 == sha256).order_by(pictures.c.run.desc())
    return connection.execute(same.limit(1)).mappings().first()


def find_thumbnails(connection: Connection, names: Sequence[str]) -> dict[str, bytes]:
    """Return the thumbnails that are there, by the sha256 of their pictures."""
    found: dict[str, bytes] = {}
    for some in batches(names, HANDFUL):
        rows = connection.execute(select(thumbnails).where(thumbnails.c.sha256.in_(some)))
        found |= {row.sha256: row.data for row in rows}
    return found


def add_thumbnails(connection: Connection, made: Mapping[str, bytes]) -> None:
    """Keep thumbnails, as far as nobody else has in the meantime."""
    known = find_thumbnails(connection, list(made))
    rows = [{"sha256": name, "data": data} for name, data in made.items() if name not in known]
    if rows:
        connection.execute(insert(thumbnails), rows)


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Give the items, no more than ``size`` at once."""
    return (items[start : start + size] for start in range(0, len(items), size))


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


def _load(connection: Connection, page: Select[Any], given: Mapping[str, Any] = {}) -> list[RunRecord]:
    """Return the Runs that a query selects, each with its pictures and attempts."""
    rows = connection.execute(page, given).mappings().all()
    ids = [row["id"] for row in rows]
    drawn, tried = _by_run(connection, ids, _PICTURES), _by_run(connection, ids, _ATTEMPTS)
    return [run_of(row, drawn[row["id"]], tried[row["id"]]) for row in rows]


def _by_run(
    connection: Connection, ids: Sequence[int], belongings: Select[Any]
) -> defaultdict[int, list[RowMapping]]:
    found: defaultdict[int, list[RowMapping]] = defaultdict(list)
    for some in batches(ids, HANDFUL):
        for row in connection.execute(belongings, {"runs": some}).mappings():
            found[row["run"]].append(row)
    return found
