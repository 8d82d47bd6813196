"""What an opening store puts right after processes that died: their Runs, their pictures, their drafts."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection, select, update

from dalle_nb._records import PictureRecord, RunRecord, Status
from dalle_nb._store.files import Files
from dalle_nb._store.owners import alive
from dalle_nb._store.queries import insert_picture, insert_run
from dalle_nb._store.rows import read_sidecar
from dalle_nb._store.schema import pictures, runs
from dalle_nb._store.sqlite import Database

Found = tuple[RunRecord, PictureRecord]


def recover(database: Database, files: Files) -> None:
    """Leave no draft, no unnoticed picture and no unfinished Run of a process that is dead.

    An empty history is filled from the sidecars: its database was lost. The files are looked through
    only then, and when a process has died in the middle of a Run.
    """
    files.sweep()
    with database.reading() as connection:
        if not (_is_empty(connection) or _dead_runs(connection)):
            return
    # Looked at once more, for now nobody else can put it right, or begin a Run, at the same time.
    with database.writing() as connection:
        dead = _dead_runs(connection)
        found = _sidecars(files, None if _is_empty(connection) else set(dead))
        for _, family in groupby(found, key=lambda pair: pair[0].uid):
            _adopt(connection, list(family))
        interrupted = update(runs).where(runs.c.uid.in_(dead)).values(status=Status.INTERRUPTED, owner=None)
        connection.execute(interrupted)


def _is_empty(connection: Connection) -> bool:
    return connection.execute(select(runs.c.id).limit(1)).first() is None


def _dead_runs(connection: Connection) -> list[str]:
    # Not "is not null", for which SQLite would read the whole table.
    unfinished = select(runs.c.uid, runs.c.owner, runs.c.created).where(runs.c.owner > "")
    return [row.uid for row in connection.execute(unfinished) if not alive(row.owner, row.created)]


def _sidecars(files: Files, uids: set[str] | None) -> list[Found]:
    """Read the sidecars of those Runs (None: of all), in the order in which the Runs were asked."""
    found = []
    for path in files.sidecars(uids):
        pair = _read(path)
        if pair and files.find(pair[1].sha256):
            found.append(pair)
        elif pair:
            # Its process died before the picture was there, and nobody else will bring it.
            path.unlink(missing_ok=True)
    return sorted(found, key=lambda pair: (pair[0].created, pair[0].uid, pair[1].index))


def _read(path: Path) -> Found | None:
    try:
        return read_sidecar(path.read_bytes())
    except (OSError, ValueError):
        # Not ours, or from another version: it stays where it is.
        return None


def _adopt(connection: Connection, family: list[Found]) -> None:
    """Put a Run and the pictures found of it into the database, as far as they are not there."""
    run = family[0][0]
    number = connection.scalar(select(runs.c.id).where(runs.c.uid == run.uid)) or _restore(connection, run)
    known = set(connection.scalars(select(pictures.c.index).where(pictures.c.run == number)))
    for _, picture in family:
        if picture.index not in known:
            insert_picture(connection, picture, number)
            known.add(picture.index)


def _restore(connection: Connection, run: RunRecord) -> int:
    """Return the id of a row made anew from a sidecar: the one it had, where that is free."""
    finished = Status.INTERRUPTED if run.status is Status.ASKED else run.status
    taken = connection.scalar(select(runs.c.id).where(runs.c.id == run.id)) is not None
    return insert_run(connection, replace(run, status=finished), **({} if taken else {"id": run.id}))
