"""Connections to the history's SQLite file: the one room that knows the dialect.

Every writing transaction begins IMMEDIATE: a deferred one that reads first and writes then is refused
as locked, whatever the timeout. A commit is on the disk when it returns (synchronous FULL), unless it is
said to be fleeting.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any
from weakref import WeakSet, finalize

from sqlalchemy import URL, Connection, Engine, create_engine, event

from dalle_nb._store.places import carries_wal
from dalle_nb._store.troubles import explained, moved

PATIENCE = 30.0
"""Seconds to wait for another process's transaction."""

_MARK = int.from_bytes(b"dlnb")

# One transaction at a time in this process. SQLite takes one writer only anyway, and waits for its turn by
# polling; and a fork must not happen in the middle of a transaction, whose locks the child would inherit.
_turn = threading.RLock()
_opened: WeakSet[Database] = WeakSet()


class Database:
    """The database file and this process's connections to it; any thread may use it, and any forked child."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine: Engine | None = None
        self._file: tuple[int, int] | None = None
        with _turn:
            _opened.add(self)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the history."""
        with explained(self.path.parent), _turn, self._connect().begin() as connection:
            yield connection

    @contextmanager
    def writing(self, *, lasting: bool = True) -> Iterator[Connection]:
        """Give a connection whose changes are all kept when the block ends well, or none of them.

        They outlive the process in any case; those that are not ``lasting`` may be lost to a power cut until
        the next lasting ones are on the disk.
        """
        # Without a WAL even the database itself could be spoilt.
        wish = {"immediate": True, "lasting": lasting or self._file is None}
        with explained(self.path.parent), _turn, self._connect(**wish).begin() as connection:
            yield connection

    def settle(self) -> None:
        """Choose how the file is journalled: WAL where the file system can carry it, else rollback."""
        with explained(self.path.parent), _turn, closing(_raw_connection(self.path)) as connection:
            mode = _set_journal(connection, "wal" if carries_wal(self.path.parent) else "delete")
            if mode == "wal" and not _can_write(connection):
                mode = _set_journal(connection, "delete")
            if mode == "wal":
                self._file = _file_number(self.path)

    def close(self) -> None:
        """Close the connections that are not in use; the next transaction opens another."""
        if self._engine is not None:
            self._engine.dispose()

    def _connect(self, **wish: bool) -> Engine:
        # With a WAL, SQLite itself does not notice, and would write what nobody can ever read.
        if self._file and self._file != _file_number(self.path):
            raise moved(self.path.parent)
        if self._engine is None:
            self._engine = _engine(self.path)
            finalize(self, self._engine.dispose)
        return self._engine.execution_options(**wish)


def dump(value: Any) -> str:
    """Return the JSON of records and forms, in ASCII, so that no prompt is beyond it."""
    return json.dumps(value, default=_plain, separators=(",", ":"))


def read_version(connection: Connection) -> int:
    """Return the number of the last migration that the file has seen."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def read_journal(connection: Connection) -> str:
    """Return how the file is journalled, ``wal`` or ``delete``."""
    return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())


def read_complaints(connection: Connection) -> tuple[str, ...]:
    """Return what SQLite finds wrong with the file, having read all of it."""
    found = connection.exec_driver_sql("PRAGMA quick_check(3)").scalars()
    return tuple(line for line in found if line != "ok")


def is_complete(connection: Connection) -> bool:
    """Return whether the file bears our mark: it holds all that was found in the folder when it was made."""
    return bool(connection.exec_driver_sql("PRAGMA application_id").scalar_one() == _MARK)


def mark_complete(connection: Connection, *, complete: bool = True) -> None:
    """Note, in this transaction, that it does, or that the folder must be looked through again."""
    connection.exec_driver_sql(f"PRAGMA application_id = {_MARK if complete else 0:d}")


def copy_database(source: Path, target: Path) -> None:
    """Write a copy of one moment of a database that may be in use."""
    with closing(_raw_connection(source)) as connection, closing(_raw_connection(target)) as copy:
        connection.backup(copy)


def database_complaints(path: Path) -> tuple[str, ...]:
    """Return what SQLite finds wrong with a file, having read all of it and compared it with its indexes."""
    try:
        with closing(_raw_connection(path)) as connection:
            found = connection.execute("PRAGMA integrity_check(3)").fetchall()
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        return (str(error),)
    return tuple(line for (line,) in found if line != "ok")


def write_version(connection: Connection, version: int) -> None:
    """Note, in this transaction, the number of the last migration."""
    connection.exec_driver_sql(f"PRAGMA user_version = {version:d}")


def _engine(path: Path) -> Engine:
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, connect_args={"timeout": PATIENCE}, json_serializer=dump)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # None stops the driver from opening deferred transactions of its own accord; `_begin` opens ours.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    wish = connection.get_execution_options()
    level = "FULL" if wish.get("lasting", True) else "NORMAL"
    if connection.info.get("synchronous") != level:
        connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
        connection.info["synchronous"] = level
    connection.exec_driver_sql("BEGIN IMMEDIATE" if wish.get("immediate") else "BEGIN")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _raw_connection(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)


def _file_number(path: Path) -> tuple[int, int] | None:
    """Return what tells this very file from another one of the same name."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _can_write(connection: sqlite3.Connection) -> bool:
    """Return whether a transaction begins; some file systems take the WAL and cannot map the memory it needs."""
    try:
        connection.executescript("BEGIN IMMEDIATE; ROLLBACK")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise
        return False
    return True


def _set_journal(connection: sqlite3.Connection, mode: str) -> str:
    """Ask for a journal mode and return the one there is; SQLite does not wait for its turn here, so we do."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return str(connection.execute(f"PRAGMA journal_mode = {mode}").fetchone()[0])
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _before_fork() -> None:
    # A connection must not cross a fork: SQLite would believe the parent's locks to be the child's.
    _turn.acquire()
    for database in _opened:
        database.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_turn.release, after_in_child=_turn.release)
