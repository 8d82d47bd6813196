"""What the disk and the database complain about, in words a user can act on.

Must not know what was being kept; it is told only where.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from dalle_nb._errors import StoreDamaged, StoreError, StoreUnwritable
from dalle_nb._language import tr

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")
_UNWRITABLE = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_IOERR", "SQLITE_AUTH")


@contextmanager
def explained(home: Path) -> Iterator[None]:
    """Turn what the system raises inside the block into a StoreError about the store in ``home``."""
    try:
        yield
    except OSError as error:
        raise disk_trouble(home, error) from error
    except DBAPIError as error:
        raise database_trouble(home, error.orig or error) from error
    except sqlite3.Error as error:
        raise database_trouble(home, error) from error


def disk_trouble(home: Path, error: OSError) -> StoreUnwritable:
    """Return what a failed reading or writing of files means."""
    if error.errno in _FULL:
        return full_disk(home)
    return StoreUnwritable(
        tr("The store in {home} cannot be used: {reason}.", home=home, reason=error.strerror or error),
        tr("Make that folder writable, or choose another one: set DALLE_NB_HOME."),
    )


def full_disk(home: Path) -> StoreUnwritable:
    """Return the error of a disk without room for another picture."""
    return StoreUnwritable(
        tr("The disk that holds {home} is full.", home=home),
        tr("Free some space, or choose a folder on another disk: set DALLE_NB_HOME."),
    )


def database_trouble(home: Path, error: BaseException) -> StoreError:
    """Return what a failed database call means, by SQLite's own name for it."""
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith(_DAMAGED):
        return damaged(home, str(error))
    if name.startswith("SQLITE_FULL"):
        return full_disk(home)
    if name.startswith(_UNWRITABLE):
        return StoreUnwritable(
            tr("The history in {home} cannot be written: {reason}.", home=home, reason=error),
            tr(
                "Make that folder writable and start the kernel anew, or choose another one: set DALLE_NB_HOME."
            ),
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreError(
            tr("Another program keeps the history in {home} locked.", home=home),
            tr("Close what has history.db open (a database browser, a backup), and try again."),
        )
    return StoreError(
        tr("The history in {home} refused: {reason}.", home=home, reason=error),
        tr("Run %dalle_check, which looks the store over."),
    )


def moved(home: Path) -> StoreDamaged:
    """Return the error of a database file that is not the one that was opened."""
    return StoreDamaged(
        tr(
            "The history {path} was moved, replaced or deleted while it was in use.", path=home / "history.db"
        ),
        tr("Put it back, or start the kernel anew: a missing history is built anew from the pictures."),
    )


def damaged(home: Path, reason: str) -> StoreDamaged:
    """Return the error of a database that cannot be read; nothing has been deleted."""
    return StoreDamaged(
        tr("The history {path} is damaged: {reason}. Your pictures are safe in {home}.",
           path=home / "history.db", reason=reason, home=home / "pictures"),
        tr("Build it anew from the pictures: !dalle-nb history check --repair"),
    )  # fmt: skip
