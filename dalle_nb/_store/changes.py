"""What a user changes on Runs that are done: stars, tags, the trash; and what is purged for good.

A file goes only when no Run that stays has it, as a picture or as an input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Table, delete, insert, select, update

from dalle_nb._records import RunRecord
from dalle_nb._store.files import Files
from dalle_nb._store.queries import HANDFUL, batches, runs_with
from dalle_nb._store.schema import attempts, inputs, job_runs, pictures, purged, runs, thumbnails, words
from dalle_nb._store.search import searched

Change = Callable[[RunRecord], RunRecord]


def change_runs(connection: Connection, ids: Sequence[int], change: Change) -> list[RunRecord]:
    """Return the Runs of a handful of ids that differ after the change, kept with their new marks."""
    changed = [new for run in runs_with(connection, ids) if (new := change(run)) != run]
    for run in changed:
        marks = {"tags": run.tags, "starred": run.starred, "deleted": run.deleted}
        connection.execute(update(runs).where(runs.c.id == run.id).values(marks))
        connection.execute(update(words).where(words.c.run == run.id).values(text=searched(run)))
    return changed


def purge_runs(connection: Connection, files: Files, ids: Sequence[int]) -> int:
    """Return how many Runs of a handful of ids are gone for good; those being drawn stay.

    Their files go before the transaction ends: should it fail, the rows tell what is left to be purged.
    """
    idle = set(connection.scalars(select(runs.c.id).where(runs.c.id.in_(ids), runs.c.owner.is_(None))))
    gone = [run for run in runs_with(connection, ids) if run.id in idle]
    numbers = [run.id for run in gone]
    names = set(connection.scalars(select(inputs.c.sha256).where(inputs.c.run.in_(numbers))))
    names |= {picture.sha256 for run in gone for picture in run.pictures}
    for table in (pictures, attempts, inputs, words, job_runs):
        connection.execute(delete(table).where(table.c.run.in_(numbers)))
    remembered = [column.name for column in purged.c if column.name != "id"]
    rows = select(*(runs.c[name] for name in remembered)).where(runs.c.id.in_(numbers))
    connection.execute(insert(purged).from_select(remembered, rows))
    connection.execute(delete(runs).where(runs.c.id.in_(numbers)))
    names -= still_kept(connection, names)
    connection.execute(delete(thumbnails).where(thumbnails.c.sha256.in_(names)))
    _remove_files(files, gone, names)
    return len(gone)


def still_kept(connection: Connection, names: set[str]) -> set[str]:
    """Return those names of bytes that a Run has, as a picture or as an input."""
    return set().union(*(_having(connection, table, names) for table in (pictures, inputs)))


def _having(connection: Connection, table: Table, names: set[str]) -> set[str]:
    found: set[str] = set()
    for some in batches(sorted(names), HANDFUL):
        found |= set(connection.scalars(select(table.c.sha256).where(table.c.sha256.in_(some))))
    return found


def _remove_files(files: Files, gone: Sequence[RunRecord], names: set[str]) -> None:
    for run in gone:
        files.run_sidecar(run.uid).unlink(missing_ok=True)
        for picture in run.pictures:
            files.sidecar(picture.sha256, run.uid, picture.index).unlink(missing_ok=True)
    for path in files.quarantined({run.uid for run in gone}):
        path.unlink(missing_ok=True)
    for file in filter(None, map(files.find, names)):
        file.unlink(missing_ok=True)
