"""What an opening store puts right after processes that died: their Runs, their pictures, their drafts."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection, insert, select, update

from dalle_nb._records import PictureRecord, RunRecord, Status
from dalle_nb._store.files import Files
from dalle_nb._store.owners import alive
from dalle_nb._store.queries import insert_run
from dalle_nb._store.rows import picture_row, read_sidecar, run_row
from dalle_nb._store.schema import pictures, runs
from dalle_nb._store.sqlite import Database


def recover(database: Database, files: Files) -> None:
    """Leave no draft, no unnoticed picture and no unfinished Run of a process that is dead.

    The files are looked through only when there is something to look for.
    """
    files.sweep()
    with database.reading() as connection:
        empty = connection.execute(select(runs.c.id).limit(1)).first() is None
        dead = _dead_runs(connection)
    if not (dead or empty):
        return
    found = _sidecars(files, dead, everything=empty)
    with database.writing() as connection:
        for _, family in groupby(found, key=lambda pair: pair[0].uid):
            _adopt(connection, list(family), dead)
        # A Run that its process finished after all (it was only thought dead) has no owner any more.
        unfinished = runs.c.uid.in_(dead) & runs.c.owner.is_not(None)
        connection.execute(update(runs).where(unfinished).values(status=Status.INTERRUPTED, owner=None))


def _dead_runs(connection: Connection) -> list[str]:
    asked = select(runs.c.uid, runs.c.owner, runs.c.created).where(runs.c.owner.is_not(None))
    return [row.uid for row in connection.execute(asked) if not alive(row.owner, row.created)]


def _sidecars(files: Files, dead: list[str], *, everything: bool) -> list[tuple[RunRecord, PictureRecord]]:
    """Read the sidecars that have their picture, in the order in which their Runs were asked."""
    pairs = []
    for path in files.sidecars(None if everything else set(dead)):
        pair = _read(path)
        if pair and files.find(pair[1].sha256):
            pairs.append(pair)
        elif pair and pair[0].uid in dead:
            # Its process died before the picture was there, and nobody else will bring it.
            path.unlink(missing_ok=True)
    return sorted(pairs, key=lambda pair: (pair[0].created, pair[0].uid, pair[1].index))


def _read(path: Path) -> tuple[RunRecord, PictureRecord] | None:
    try:
        return read_sidecar(path.read_bytes())
    except (OSError, ValueError):
        # Not ours, or from another version: it stays where it is.
        return None


def _adopt(connection: Connection, family: list[tuple[RunRecord, PictureRecord]], dead: list[str]) -> None:
    """Put a Run and the pictures found of it into the database, as far as they are not there."""
    run = family[0][0]
    number = connection.scalar(select(runs.c.id).where(runs.c.uid == run.uid))
    if number is None:
        number = _restore(connection, run)
    elif run.uid not in dead:
        return
    known = set(connection.scalars(select(pictures.c.index).where(pictures.c.run == number)))
    for _, picture in family:
        if picture.index not in known:
            connection.execute(insert(pictures).values(picture_row(picture, number)))
            known.add(picture.index)


def _restore(connection: Connection, run: RunRecord) -> int:
    """Return the id of a row made anew from a sidecar: the one it had, where that is free."""
    finished = Status.INTERRUPTED if run.status is Status.ASKED else run.status
    values = run_row(replace(run, status=finished))
    if connection.scalar(select(runs.c.id).where(runs.c.id == run.id)) is None:
        values["id"] = run.id
    return insert_run(connection, values)
