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
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, insert, update

from dalle_nb._errors import StoreError
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
    blobs_of,
)
from dalle_nb._store.adoption import Reader, adopt
from dalle_nb._store.changes import Change, change_runs, purge_runs
from dalle_nb._store.checkup import StoreFacts, check_room, look_over
from dalle_nb._store.files import Files, sync
from dalle_nb._store.forms import read_run, run_bytes
from dalle_nb._store.ledger import Budget, Entry, reserve
from dalle_nb._store.owners import owner
from dalle_nb._store.queries import HANDFUL, add_missing, batches, insert_run, one_run
from dalle_nb._store.recovery import open_home, write_sidecars
from dalle_nb._store.repair import Findings, back_up, check, repair
from dalle_nb._store.rows import attempt_row
from dalle_nb._store.schema import attempts, runs
from dalle_nb._store.shelf import Shelf
from dalle_nb._store.sqlite import Database
from dalle_nb._store.troubles import explained

__all__ = ["Budget", "Entry", "Findings", "Store", "StoreFacts", "check", "read_run", "repair", "run_bytes"]

T = TypeVar("T")


class Store(Shelf):
    """All Runs and Pictures in one folder. Any thread, process and forked child may use it at once.

    Every method may raise StoreUnwritable, StoreDamaged or StoreError.
    """

    def __init__(self, home: Path, files: Files, database: Database) -> None:
        super().__init__(home, files, database)
        self._owed: list[Callable[[Connection], object]] = []

    @classmethod
    def open(cls, home: Path) -> Store:
        """Return the store in a folder, made, brought up to date and put right where that is needed."""
        with explained(home):
            database, files = open_home(home)
        return cls(home, files, database)

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

        def put_in(connection: Connection) -> int:
            if budget is not None:
                reserve(connection, plan.estimate, budget)
            # A purge may have taken a file along with another Run's since it was kept.
            for blob, kept in zip(blobs_of(plan.request), blobs_of(run.request), strict=True):
                if self._files.find(kept.sha256) is None:
                    self.keep_input(blob)
            return insert_run(connection, run, owner=owner())

        # Where no money is reserved, keeping the first picture is soon enough to wait for the disk.
        free = plan.estimate is not None and plan.estimate.high == 0
        return replace(run, id=self._write(put_in, lasting=not free))

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
        """Keep a picture of a Run, so that from now on only deleting it loses it.

        Where only its row cannot be written, that is made up for by whatever is written next.
        """
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
            # Against power cuts there is the row.
            sidecar = self._files.sidecar(picture.sha256, run.uid, index)
            self._files.write(sidecar, run_bytes(replace(run, pictures=(picture,))), lasting=False)
            sync(self._files.keep(data, picture.sha256, media_type).parent)

        def put_in(connection: Connection) -> None:
            if self._files.find(picture.sha256) is None:
                # A purge that ran at the same time took it along with another Run's.
                sync(self._files.keep(data, picture.sha256, media_type).parent)
            add_missing(connection, run.id, (picture,))

        with suppress(StoreError):
            self._write(put_in, owe=True)
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
        row = attempt_row(attempt, run.id)
        with suppress(StoreError):
            self._write(lambda connection: connection.execute(insert(attempts), row), lasting=False, owe=True)

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
        outcome = {
            "status": status, "seconds": seconds, "usage": usage, "cost": cost, "notes": tuple(notes),
            "failure": failure, "error": failure and failure.error, "owner": None,
        }  # fmt: skip

        def put_in(connection: Connection) -> RunRecord:
            connection.execute(update(runs).where(runs.c.uid == uid).values(outcome))
            return one_run(connection, uid)

        run = self._write(put_in, lasting=bool(cost), owe=True)
        write_sidecars(self._files, run)
        return run

    def delete(self, ids: Sequence[int]) -> int:
        """Put Runs into the trash, from which they can be taken back; return how many were not there."""
        now = datetime.now(UTC)
        return self._change(ids, lambda run: replace(run, deleted=run.deleted or now))

    def restore(self, ids: Sequence[int]) -> int:
        """Take Runs back from the trash; return how many were there."""
        return self._change(ids, lambda run: replace(run, deleted=None))

    def purge(self, ids: Sequence[int]) -> int:
        """Delete Runs for good: rows, pictures, inputs, quarantine, all that no other Run has; return how many.

        What they cost still counts. A Run that is being drawn stays.
        """
        count = 0
        for some in batches(ids, HANDFUL):
            with self._database.writing() as connection:
                count += purge_runs(connection, self._files, some)
        return count

    def star(self, ids: Sequence[int], *, on: bool = True) -> int:
        """Give Runs a star, or take it away; return how many changed."""
        return self._change(ids, lambda run: replace(run, starred=on))

    def tag(self, ids: Sequence[int], *tags: str) -> int:
        """Give Runs tags, after those they have; return how many changed."""
        return self._change(ids, lambda run: replace(run, tags=tuple(dict.fromkeys((*run.tags, *tags)))))

    def untag(self, ids: Sequence[int], *tags: str) -> int:
        """Take tags away from Runs; return how many changed."""
        return self._change(ids, lambda run: replace(run, tags=tuple(t for t in run.tags if t not in tags)))

    def probe(self) -> StoreFacts:
        """Return how the store is, having read all of the database.

        Raises:
            StoreUnwritable: nothing can be kept there now.
        """
        return look_over(self.home, self._files, self._database)

    def adopt(self, told: Iterable[RunRecord], read: Reader) -> list[int]:
        """Take in Runs from elsewhere, all of them or none; return the new ids of those that were not here.

        They keep their uids. ``read`` gives the bytes of a sha256; for an input it may raise a KeyError.
        """
        return adopt(self._database, self._files, told, read)

    def backup(self, folder: Path) -> None:
        """Copy the store, as of now, into a folder that can be used as another, or has been copied to before."""
        with explained(folder):
            back_up(self._database, self._files, folder)

    def _write(self, change: Callable[[Connection], T], *, lasting: bool = True, owe: bool = False) -> T:
        """Change the database, after what is still owed to it; a change that fails and is owed is done later."""
        owed = list(self._owed)
        try:
            with self._database.writing(lasting=lasting) as connection:
                for each in owed:
                    each(connection)
                answer = change(connection)
        except StoreError:
            if owe:
                self._owed.append(change)
            raise
        self._owed = [each for each in self._owed if each not in owed]
        return answer

    def _change(self, ids: Sequence[int], change: Change) -> int:
        count = 0
        for some in batches(ids, HANDFUL):
            with self._database.writing() as connection:
                changed = change_runs(connection, some, change)
            for run in changed:
                write_sidecars(self._files, run)
            count += len(changed)
        return count


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
