"""The Store: where Runs and Pictures live, safe from crashes, full disks and other kernels.

File first, row second: a picture is a file, synced and named by its content, before any row speaks of it.
Must not draw, ask or show anything.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from dalle_nb._errors import StoreError
from dalle_nb._language import tr
from dalle_nb._query import Query
from dalle_nb._records import (
    Attempt,
    Blob,
    Failure,
    Origin,
    PictureRecord,
    Plan,
    RunRecord,
    Status,
    Usage,
)
from dalle_nb._store.checkup import StoreFacts, check_room, look_over
from dalle_nb._store.files import Files, sync
from dalle_nb._store.ledger import Budget, Entry, entries, reserve, total
from dalle_nb._store.owners import owner
from dalle_nb._store.queries import (
    count_children,
    count_runs,
    good_runs,
    insert_picture,
    insert_run,
    one_run,
    picture_with,
    select_column,
    select_runs,
)
from dalle_nb._store.recovery import recover
from dalle_nb._store.rows import attempt_row, sidecar_bytes
from dalle_nb._store.schema import attempts, migrate, runs
from dalle_nb._store.search import settle_index
from dalle_nb._store.sqlite import Database
from dalle_nb._store.troubles import explained

__all__ = ["Budget", "Entry", "Store", "StoreFacts"]


class Store:
    """All Runs and Pictures in one folder. Any thread, process and forked child may use it at once.

    Every method may raise StoreUnwritable, StoreDamaged or StoreError.
    """

    def __init__(self, home: Path, files: Files, database: Database) -> None:
        self.home = home
        self._files = files
        self._database = database

    @classmethod
    def open(cls, home: Path) -> Store:
        """Return the store in a folder, made, brought up to date and put right where that is needed."""
        with explained(home):
            store = cls(home, Files(home), Database(home / "history.db"))
            store._database.settle()
            migrate(store._database)
            settle_index(store._database)
            recover(store._database, store._files)
        return store

    @classmethod
    def private(cls) -> Store:
        """Return a store in a temporary folder, which goes when this process does."""
        home = Path(tempfile.mkdtemp(prefix="dalle-nb-"))
        store = cls.open(home)
        atexit.register(_remove, store, os.getpid())
        return store

    def close(self) -> None:
        """Close the files; using the store opens them again."""
        self._database.close()

    def begin(
        self,
        plan: Plan,
        *,
        parent: str | None = None,
        notebook: str | None = None,
        tags: Iterable[str] = (),
        budget: Budget | None = None,
    ) -> RunRecord:
        """Write down that a plan will be drawn, and reserve what it may cost; only then may it be sent.

        The bytes of inputs and mask go into the store too; the record names them.

        Raises:
            BudgetError: the budget could be crossed.
            StoreUnwritable: the answer could not be kept.
        """
        check_room(self.home, self._files)
        run = RunRecord(
            id=0,
            uid=_new_uid(),
            created=datetime.now(UTC),
            request=replace(
                plan.request,
                inputs=tuple(map(self.keep_input, plan.request.inputs)),
                mask=plan.request.mask and self.keep_input(plan.request.mask),
                markup=plan.request.markup and self.keep_input(plan.request.markup),
            ),
            backend=plan.backend,
            model=plan.model,
            sent=tuple(dict(call.parameters) for call in plan.calls),
            estimate=plan.estimate,
            parent=parent,
            recipe=plan.recipe,
            notices=plan.notices,
            deliver_size=plan.deliver_size,
            notebook=notebook,
            tags=tuple(tags),
        )
        with self._database.writing() as connection:
            if budget is not None:
                reserve(connection, plan.estimate, budget)
            return replace(run, id=insert_run(connection, run, owner=owner()))

    def keep(
        self,
        run: RunRecord,
        *,
        index: int,
        data: bytes,
        media_type: str,
        width: int,
        height: int,
        origin: Origin = Origin.RECEIVED,
        alt: str = "",
        revised_prompt: str | None = None,
        outside: tuple[float, float] | None = None,
    ) -> PictureRecord:
        """Keep a picture of a Run, so that from now on only deleting it loses it."""
        picture = PictureRecord(
            sha256=hashlib.sha256(data).hexdigest(),
            media_type=media_type,
            width=width,
            height=height,
            size=len(data),
            index=index,
            origin=origin,
            alt=alt,
            revised_prompt=revised_prompt,
            outside=outside,
        )
        with explained(self.home):
            # The sidecar comes first: a picture that is there can then always be told whose it is.
            self._files.write(self._sidecar(run, picture), sidecar_bytes(run, picture))
            sync(self._files.keep(data, picture.sha256, media_type).parent)
        with self._database.writing() as connection:
            insert_picture(connection, picture, run.id)
        return picture

    def keep_input(self, blob: Blob) -> Blob:
        """Keep an input picture or mask, and return it without its bytes, which `read` gives back."""
        if blob.data is None:
            return blob
        name = hashlib.sha256(blob.data).hexdigest()
        with explained(self.home):
            sync(self._files.keep(blob.data, name, blob.media_type).parent)
        return replace(blob, sha256=name, data=None)

    def note_attempt(self, run: RunRecord, attempt: Attempt) -> None:
        """Write down one call made for a Run, and what is known of its bill."""
        with self._database.writing() as connection:
            connection.execute(insert(attempts), attempt_row(attempt, run.id))

    def quarantine(self, run: RunRecord, data: bytes, reason: str) -> Path:
        """Keep what came instead of a picture, beside the reason why it is none; return its file."""
        with explained(self.home):
            return self._files.set_aside(run.uid, data, reason)

    def finish(
        self,
        uid: str,
        *,
        status: Status,
        seconds: float,
        usage: Usage | None = None,
        cost: int | None = None,
        notes: Sequence[str] = (),
        failure: Failure | None = None,
    ) -> RunRecord:
        """Write down what became of a Run; an exact cost takes the place of its reservation.

        Raises:
            ReferenceNotFound: there is no Run of that uid.
        """
        with self._database.writing() as connection:
            outcome = update(runs).where(runs.c.uid == uid).values(
                status=status, seconds=seconds, usage=usage, cost=cost, notes=tuple(notes), failure=failure,
                error=failure and failure.error, owner=None,
            )  # fmt: skip
            connection.execute(outcome)
            run = one_run(connection, uid)
        # For the day the database is lost: now they tell the outcome too. Where that fails nothing is lost.
        with suppress(OSError):
            for picture in run.pictures:
                self._files.write(self._sidecar(run, picture), sidecar_bytes(run, picture), lasting=False)
        return run

    def run(self, reference: int | str) -> RunRecord:
        """Return the Run of an id or uid, deleted or not.

        Raises:
            ReferenceNotFound: there is none.
        """
        with self._database.reading() as connection:
            return one_run(connection, reference)

    def newest(self, limit: int, offset: int = 0) -> list[RunRecord]:
        """Return Runs, newest first, those that are deleted left out."""
        return self.select(Query(), limit, offset)

    def select(self, query: Query, limit: int | None = None, offset: int = 0) -> list[RunRecord]:
        """Return the Runs that are meant, in order.

        Raises:
            OptionError: the history has no such column, or a value is none of its kind.
        """
        with self._database.reading() as connection:
            return select_runs(connection, query, limit, offset)

    def column(self, query: Query, name: str) -> list[Any]:
        """Return one column of the Runs that are meant, in order; OptionError as for `select`."""
        with self._database.reading() as connection:
            return select_column(connection, query, name)

    def ids(self, query: Query) -> list[int]:
        """Return the ids of the Runs that are meant, in order; OptionError as for `select`."""
        return self.column(query, "id")

    def count(self, query: Query = Query()) -> int:  # noqa: B008 - it is frozen
        """Return how many Runs are meant; by default all that are not deleted."""
        with self._database.reading() as connection:
            return count_runs(connection, query)

    def find(
        self, identity: str, *, backend: str, model: str, without: Collection[str] = ()
    ) -> RunRecord | None:
        """Return the newest good Run of an identical Request, drawn there by that model, its files at hand.

        ``without`` are uids of Runs that are not meant.
        """
        with self._database.reading() as connection:
            found = good_runs(connection, identity, backend, model, without)
        return next((run for run in found if run.pictures and self._has_all(run)), None)

    def spent(self, since: datetime | None = None) -> int:
        """Return the known costs of all Runs asked at or after ``since``, in millionths of a dollar."""
        with self._database.reading() as connection:
            return total(connection, runs.c.cost, since)

    def ledger(self, by: str) -> tuple[Entry, ...]:
        """Return what was spent, summed by ``day``, ``model`` or ``notebook``.

        Raises:
            OptionError: it cannot be summed by that.
        """
        with self._database.reading() as connection:
            return tuple(entries(connection, by))

    def count_children(self, uid: str) -> int:
        """Return how many Runs name that one as their parent."""
        with self._database.reading() as connection:
            return count_children(connection, uid)

    def read(self, sha256: str) -> bytes:
        """Return the bytes of a picture or input, proved to be those that were kept."""
        path = self.path(sha256)
        with explained(self.home):
            data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreError(
                tr("The file of {what} has been changed: {path}.", what=self._whose(sha256)[0], path=path),
                tr("Put the file back from a backup, or draw the picture again."),
            )
        return data

    def path(self, sha256: str) -> Path:
        """Return the file that holds the bytes of that sha256.

        Raises:
            StoreError: it is gone.
        """
        path = self._files.find(sha256)
        if path is None:
            what, path = self._whose(sha256)
            raise StoreError(
                tr("The file of {what} is gone: {path}.", what=what, path=path),
                tr("Put the file back from a backup, or draw the picture again."),
            )
        return path

    def probe(self) -> StoreFacts:
        """Return how the store is, having read all of the database.

        Raises:
            StoreUnwritable: nothing can be kept there now.
        """
        return look_over(self.home, self._files, self._database)

    def _has_all(self, run: RunRecord) -> bool:
        return all(self._files.find(picture.sha256) for picture in run.pictures)

    def _sidecar(self, run: RunRecord, picture: PictureRecord) -> Path:
        return self._files.sidecar(picture.sha256, run.uid, picture.index)

    def _whose(self, sha256: str) -> tuple[str, Path]:
        """Return in words whose the bytes of that sha256 are, and the file where they belong."""
        with self._database.reading() as connection:
            row = picture_with(connection, sha256)
        if row is None:
            return tr("an input picture"), self._files.path(sha256, "")
        words = tr("picture {index} of Run #{run}", index=row["index"], run=row["run"])
        return words, self._files.path(sha256, row["media_type"])


def _new_uid() -> str:
    """Return a UUID of version 7, in hex: unique anywhere, and later ones sort after earlier ones."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return f"{value & ~(0x3 << 62) | 0x2 << 62:032x}"


def _remove(store: Store, process: int) -> None:
    # A forked child that ends must not take its parent's pictures away.
    if os.getpid() == process:
        store.close()
        shutil.rmtree(store.home, ignore_errors=True)
