"""Looks a whole store over, and puts right what can be put right: nothing is deleted, what is spoilt is set aside."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, select

from dalle_nb._language import tr
from dalle_nb._store.files import Files, changed
from dalle_nb._store.queries import count_runs
from dalle_nb._store.recovery import adopt_all, open_home
from dalle_nb._store.schema import inputs, pictures
from dalle_nb._store.search import renew_index
from dalle_nb._store.sqlite import Database, copy_database, database_complaints
from dalle_nb._store.troubles import explained

FRESH = timedelta(hours=1)
"""A file that nobody knows may be on its way into a Run that is about to begin; after this it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What is wrong with a store; nothing where all is empty."""

    damage: tuple[str, ...] = ()
    """What SQLite finds wrong with the database; where anything is, the rest is not known."""
    gone: tuple[str, ...] = ()
    """Pictures and inputs of Runs whose files are not there, each by its path or where that would be."""
    altered: tuple[str, ...] = ()
    """Those whose files hold other bytes than were kept."""
    unknown: tuple[Path, ...] = ()
    """Picture files that no Run has."""
    drafts: tuple[Path, ...] = ()
    """Temporary files of processes that are dead."""

    def sentences(self) -> tuple[str, ...]:
        """Return what is wrong in words, one line each."""
        return (
            *(tr("The history is damaged: {reason}.", reason=reason) for reason in self.damage),
            *(tr("{picture} is gone.", picture=picture) for picture in self.gone),
            *(tr("{picture} has been changed.", picture=picture) for picture in self.altered),
            *(tr("{path} belongs to no Run.", path=path) for path in self.unknown),
            *(tr("{path} was left behind half written.", path=path) for path in self.drafts),
        )


def check(home: Path) -> Findings:
    """Return what is wrong with the store in a folder, having read all of it.

    Raises:
        StoreError: it cannot be read, or a newer version of ours has written it.
    """
    if damage := _damage(home):
        return Findings(damage=damage)
    with explained(home):
        return _look_closely(*open_home(home))


def repair(home: Path) -> tuple[str, ...]:
    """Put the store in a folder right as far as that goes, and return what was done, a sentence each.

    Raises:
        StoreError: it cannot be written, or a newer version of ours has written it.
    """
    said = []
    with explained(home):
        damaged = bool(_damage(home))
        if damaged:
            said.append(tr("The damaged history is now {path}.", path=_set_database_aside(home)))
        database, files = open_home(home)
        renew_index(database)
        found = adopt_all(database, files) if not damaged else _count(database)
        if found:
            said.append(tr("{count} Runs were brought back from their files.", count=found))
        for path in _look_closely(database, files).unknown:
            target = files.quarantine / path.name
            path.rename(target)
            said.append(tr("{path} belongs to no Run; it is now {target}.", path=path, target=target))
    return tuple(said)


def back_up(database: Database, files: Files, folder: Path) -> None:
    """Copy a store, as of now, into a folder that can be opened as another; what lies there already stays."""
    copy = Files(folder)
    draft = copy.tmp / "history.db"
    draft.unlink(missing_ok=True)
    copy_database(database.path, draft)
    # After the rows, for the files of each were there before it.
    for source in (files.pictures, files.runs, files.quarantine):
        for path in source.rglob("*"):
            target = folder / path.relative_to(files.pictures.parent)
            if path.is_file() and not _is_same(path, target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target)
    draft.replace(folder / database.path.name)


def _damage(home: Path) -> tuple[str, ...]:
    path = home / "history.db"
    return database_complaints(path) if path.exists() else ()


def _look_closely(database: Database, files: Files) -> Findings:
    with database.reading() as connection:
        owned = dict(_owned(connection))
    gone, altered = [], []
    for name, whose in owned.items():
        path = files.find(name)
        if path is None:
            gone.append(whose)
        elif _hash(path) != name:
            altered.append(f"{whose} ({path})")
    unknown = [path for path in files.kept() if path.stem not in owned and _is_old(path)]
    return Findings(
        gone=tuple(gone), altered=tuple(altered), unknown=tuple(unknown), drafts=tuple(files.drafts())
    )


def _set_database_aside(home: Path) -> Path:
    """Move a damaged database out of the way, under a name with the date, and return where it is now."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    target = home / f"history-damaged-{stamp}.db"
    # The database goes last: until then whoever opens it finds it damaged, and makes no new one.
    for ending in ("-wal", "-shm", ""):
        path = home / f"history.db{ending}"
        if path.exists():
            path.rename(f"{target}{ending}")
    return target


def _count(database: Database) -> int:
    with database.reading() as connection:
        return count_runs(connection)


def _owned(connection: Connection) -> Iterator[tuple[str, str]]:
    for name, run in connection.execute(select(inputs.c.sha256, inputs.c.run)):
        yield name, tr("An input of Run #{run}", run=run)
    for name, run, index in connection.execute(select(pictures.c.sha256, pictures.c.run, pictures.c.index)):
        yield name, tr("Picture {run}/{index}", run=run, index=index)


def _is_same(path: Path, target: Path) -> bool:
    if not target.exists():
        return False
    here, there = path.stat(), target.stat()
    return (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns)


def _is_old(path: Path) -> bool:
    return datetime.now(UTC) - changed(path) > FRESH


def _hash(path: Path) -> str:
    with closing(path.open("rb")) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
