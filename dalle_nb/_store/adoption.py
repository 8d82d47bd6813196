"""Takes in Runs from elsewhere: all of them or none, under their own uids, every file proved by its name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from sqlalchemy import Connection, select

from dalle_nb._errors import StoreError
from dalle_nb._language import tr
from dalle_nb._records import RunRecord, Status, blobs_of
from dalle_nb._store.changes import still_kept
from dalle_nb._store.files import Files, sync
from dalle_nb._store.queries import HANDFUL, batches, insert_run
from dalle_nb._store.recovery import write_sidecars
from dalle_nb._store.schema import runs
from dalle_nb._store.sqlite import Database
from dalle_nb._store.troubles import explained

Reader = Callable[[str], bytes]
"""Gives the bytes of a sha256, or raises a KeyError where it has none."""


def adopt(database: Database, files: Files, told: Iterable[RunRecord], read: Reader) -> list[int]:
    """Return the new ids of those Runs that were not there; inputs without bytes are named only."""
    with database.reading() as connection:
        strangers = _strangers(connection, {run.uid: run for run in told})
    with _cleaning_up(database, files) as written:
        for run in strangers:
            _keep_files(files, run, read, written)
        with database.writing() as connection:
            # Somebody else may have taken them in since.
            new = [_as_imported(run) for run in _strangers(connection, {run.uid: run for run in strangers})]
            ids = [insert_run(connection, run) for run in new]
    for run, number in zip(new, ids, strict=True):
        write_sidecars(files, replace(run, id=number))
    return ids


def _strangers(connection: Connection, told: dict[str, RunRecord]) -> list[RunRecord]:
    known: set[str] = set()
    for some in batches(list(told), HANDFUL):
        known |= set(connection.scalars(select(runs.c.uid).where(runs.c.uid.in_(some))))
    return [told[uid] for uid in sorted(told) if uid not in known]


def _as_imported(run: RunRecord) -> RunRecord:
    finished = Status.INTERRUPTED if run.status is Status.ASKED else run.status
    return replace(run, status=finished, imported=True)


def _keep_files(files: Files, run: RunRecord, read: Reader, written: set[str]) -> None:
    types = {blob.sha256: blob.media_type for blob in blobs_of(run.request)}
    drawn = {picture.sha256: picture.media_type for picture in run.pictures}
    for name, media_type in (types | drawn).items():
        if files.find(name):
            continue
        try:
            data = read(name)
        except KeyError:
            if name in drawn:
                raise
            continue
        if hashlib.sha256(data).hexdigest() != name:
            raise StoreError(
                tr("The bytes that came for {name} are others.", name=name), tr("Nothing was imported.")
            )
        written.add(name)
        with explained(files.pictures.parent):
            sync(files.keep(data, name, media_type).parent)


@contextmanager
def _cleaning_up(database: Database, files: Files) -> Iterator[set[str]]:
    """Give a set for the names of what is written; where the block fails, the files no Run has go again."""
    written: set[str] = set()
    try:
        yield written
    except BaseException:
        with suppress(StoreError, OSError), database.writing() as connection:
            for path in filter(None, map(files.find, written - still_kept(connection, written))):
                path.unlink(missing_ok=True)
        raise
