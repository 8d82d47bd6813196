"""How the store is: can it keep what is paid for, will it last, is it sound."""

from __future__ import annotations

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from dalle_nb._store.files import Files
from dalle_nb._store.places import is_lasting
from dalle_nb._store.queries import count_runs
from dalle_nb._store.sqlite import Database, read_complaints, read_journal
from dalle_nb._store.troubles import explained, full_disk

ELBOW_ROOM = 32 * 2**20
"""Bytes that must be free before anything is asked for: an answer that cannot be kept is paid for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """How the store is, for those who check."""

    home: Path
    runs: int
    free: int
    """Bytes left on the disk."""
    lasting: bool
    """Whether it will be there in the next session, as far as can be told."""
    wal: bool
    """Whether readers and a writer can work at once."""
    complaints: tuple[str, ...] = ()
    """What SQLite finds wrong with the database; empty when it is sound."""


def check_room(home: Path, files: Files) -> None:
    """Find out before anything is paid for that a picture could not be kept.

    Raises:
        StoreUnwritable: it could not.
    """
    with explained(home):
        if shutil.disk_usage(home).free < ELBOW_ROOM:
            raise full_disk(home)
        for folder in (files.tmp, files.pictures):
            if not os.access(folder, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def look_over(home: Path, files: Files, database: Database) -> StoreFacts:
    """Return how the store is, having written nothing and read all of the database.

    Raises:
        StoreUnwritable: nothing can be kept there now.
    """
    check_room(home, files)
    with database.writing() as connection:
        return StoreFacts(
            home=home,
            runs=count_runs(connection),
            free=shutil.disk_usage(home).free,
            lasting=is_lasting(home, os.environ),
            wal=read_journal(connection) == "wal",
            complaints=read_complaints(connection),
        )
