"""What an opening store puts right: the Runs, pictures and drafts of processes that died, a database that was lost."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, select, update

from dalle_nb._records import RunRecord, Status
from dalle_nb._store.files import Files
from dalle_nb._store.forms import read_run, run_bytes
from dalle_nb._store.owners import alive
from dalle_nb._store.queries import add_missing, batches, insert_run, runs_with
from dalle_nb._store.schema import migrate, purged, runs
from dalle_nb._store.search import settle_index
from dalle_nb._store.sqlite import Database, is_complete, mark_complete

BATCH = 200
"""Runs adopted in one transaction, so that other kernels wait for less than half a second."""


def open_home(home: Path) -> tuple[Database, Files]:
    """Return the database and the files in a folder, made, brought up to date and put right where needed."""
    files, database = Files(home), Database(home / "history.db")
    database.settle()
    migrate(database)
    settle_index(database)
    recover(database, files)
    return database, files


def recover(database: Database, files: Files) -> None:
    """Leave no draft, no unnoticed picture and no unfinished Run of a process that is dead.

    A database that was not here before is filled from the sidecars: the one before it was lost. The files
    are looked through only then, and when a process has died in the middle of a Run.
    """
    files.sweep()
    with database.reading() as connection:
        complete, dead = is_complete(connection), _dead_runs(connection)
    if not complete:
        adopt_all(database, files)
    if dead:
        _bury(database, files, dead)


def adopt_all(database: Database, files: Files) -> int:
    """Return how many Runs were put in, of all that lie beside the pictures and are neither there nor purged.

    Whoever else does the same at the same time finds them there.
    """
    found = files.sidecars()
    with database.writing() as connection:
        mark_complete(connection, complete=False)
    count = 0
    for some in batches(list(found), BATCH):
        told = [run for uid in some if (run := _read_family(files, uid, found[uid]))]
        with database.writing(lasting=False) as connection:
            gone = set(connection.scalars(select(purged.c.uid).where(purged.c.uid.in_(some))))
            count += sum(_adopt(connection, run) for run in told if run.uid not in gone)
    with database.writing() as connection:
        mark_complete(connection)
    return count


def write_sidecars(files: Files, run: RunRecord) -> None:
    """Write down beside its pictures what became of a Run, for the day the database is lost.

    Nothing is lost where that fails, so nothing is said.
    """
    with suppress(OSError):
        for picture in run.pictures:
            text = run_bytes(replace(run, pictures=(picture,)))
            files.write(files.sidecar(picture.sha256, run.uid, picture.index), text, lasting=False)
        if run.pictures:
            files.run_sidecar(run.uid).unlink(missing_ok=True)
        else:
            files.write(files.run_sidecar(run.uid), run_bytes(run), lasting=False)


def _dead_runs(connection: Connection) -> dict[str, int]:
    # Not "is not null", for which SQLite would read the whole table.
    unfinished = select(runs.c.uid, runs.c.id, runs.c.owner, runs.c.created).where(runs.c.owner > "")
    return {row.uid: row.id for row in connection.execute(unfinished) if not alive(row.owner, row.created)}


def _bury(database: Database, files: Files, dead: dict[str, int]) -> None:
    """Take up the pictures of Runs whose process died, and call them interrupted."""
    found = files.sidecars(dead)
    for some in batches(list(dead), BATCH):
        with database.writing() as connection:
            for uid in some:
                if run := _read_family(files, uid, found.get(uid, ())):
                    add_missing(connection, dead[uid], run.pictures)
            unfinished = runs.c.uid.in_(some) & (runs.c.owner > "")
            connection.execute(update(runs).where(unfinished).values(status=Status.INTERRUPTED, owner=None))
            buried = runs_with(connection, [dead[uid] for uid in some])
        for run in buried:
            # Where a process died before the picture was there, nobody else will bring it.
            files.drop_lone_sidecars(found.get(run.uid, ()))
            write_sidecars(files, run)


def _adopt(connection: Connection, run: RunRecord) -> bool:
    """Put a Run into the database under the id it had, where that is free; return whether it was not there."""
    row = connection.execute(select(runs.c.id, runs.c.owner).where(runs.c.uid == run.uid)).first()
    if row is None:
        finished = Status.INTERRUPTED if run.status is Status.ASKED else run.status
        taken = connection.scalar(select(runs.c.id).where(runs.c.id == run.id)) is not None
        insert_run(connection, replace(run, status=finished), **({} if taken else {"id": run.id}))
    elif row.owner is None:
        add_missing(connection, row.id, run.pictures)
    return row is None


def _read_family(files: Files, uid: str, paths: Sequence[Path]) -> RunRecord | None:
    """Return the Run that its sidecars tell of together, with those of its pictures whose files are there."""
    told = [run for path in paths if (run := _read(files, uid, path))]
    if not told:
        return None
    kept = {each.index: each for run in told for each in run.pictures if files.find(each.sha256)}
    known = next((run for run in told if run.status is not Status.ASKED), told[0])
    return replace(known, pictures=tuple(kept[index] for index in sorted(kept)))


def _read(files: Files, uid: str, path: Path) -> RunRecord | None:
    try:
        run = read_run(path.read_bytes())
    except (OSError, ValueError):
        # Not ours, or from another version: it stays where it is.
        return None
    places = [files.sidecar(each.sha256, run.uid, each.index) for each in run.pictures]
    return run if run.uid == uid and path in (places or [files.run_sidecar(uid)]) else None
