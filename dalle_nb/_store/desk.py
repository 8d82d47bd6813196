"""What is written while a Run is drawn: that it was asked, each picture, each call, what became of it.

File first, row second: a picture is a file, synced and named by its content, before any row speaks of it.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, insert, select, update

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
from dalle_nb._store.checkup import check_room
from dalle_nb._store.files import Files, sync
from dalle_nb._store.forms import run_bytes
from dalle_nb._store.ledger import Budget, reserve
from dalle_nb._store.owners import owner
from dalle_nb._store.queries import add_missing, insert_run, one_run
from dalle_nb._store.recovery import write_sidecars
from dalle_nb._store.rows import attempt_row
from dalle_nb._store.schema import attempts, runs
from dalle_nb._store.shelf import Shelf
from dalle_nb._store.sqlite import Database
from dalle_nb._store.troubles import explained

T = TypeVar("T")


class Desk(Shelf):
    """The half of a Store where Runs are drawn."""

    def __init__(self, home: Path, files: Files, database: Database) -> None:
        super().__init__(home, files, database)
        self._owed: list[Callable[[Connection], object]] = []

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
        run = self.asked(plan, parent=parent, notebook=notebook, tags=tags)

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

    def asked(
        self, plan: Plan, *, parent: str | None = None, notebook: str | None = None, tags: Iterable[str] = ()
    ) -> RunRecord:
        """Return the Run of a plan, its inputs and mask kept, before any row tells of it."""
        check_room(self.home, self._files)
        return RunRecord(
            id=0,
            uid=new_uid(),
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
        last: bool = False,
    ) -> PictureRecord:
        """Keep a picture of a Run, so that from now on only deleting it loses it.

        Its row is owed, and written with whatever is written next, where that alone fails, or where it is the
        ``last`` of its Run: then `finish` comes at once, and one transaction does for both.
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

        self._write_soon(put_in, wait=last)
        return picture

    def keep_input(self, blob: Blob) -> Blob:
        """Keep an input picture or mask, and return it without its bytes, which `read` gives back."""
        if blob.data is None:
            return blob
        name = hashlib.sha256(blob.data).hexdigest()
        with explained(self.home):
            sync(self._files.keep(blob.data, name, blob.media_type).parent)
        return replace(blob, sha256=name, data=None)

    def note_attempt(self, run: RunRecord, attempt: Attempt, *, last: bool = False) -> None:
        """Write down one call made for a Run, and what is known of its bill; each number once. ``last`` as in `keep`."""
        row = attempt_row(attempt, run.id)
        same = (attempts.c.run == run.id) & (attempts.c.number == attempt.number)

        def put_in(connection: Connection) -> None:
            # The answers of a Job may be read twice.
            if connection.scalar(select(attempts.c.id).where(same)) is None:
                connection.execute(insert(attempts), row)

        self._write_soon(put_in, wait=last, lasting=False)

    def quarantine(self, run: RunRecord, data: bytes, reason: str) -> Path:
        """Keep what came instead of a picture, beside the reason why it is none; return its file."""
        with explained(self.home):
            return self._files.set_aside(run.uid, data, reason)

    def finish(
        self,
        uid: str,
        *,
        status: Status,
        seconds: float | None,
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

        run = self._write(put_in, owe=True)
        write_sidecars(self._files, run)
        return run

    def _write_soon(self, change: Callable[[Connection], None], *, wait: bool, lasting: bool = True) -> None:
        """Change the database now, or with the next change where that fails or the change may ``wait``."""
        if wait:
            self._owed.append(change)
            return
        with suppress(StoreError):
            self._write(change, lasting=lasting, owe=True)

    def _write(self, change: Callable[[Connection], T], *, lasting: bool = True, owe: bool = False) -> T:
        """Change the database, after what is still owed to it; a change that fails and is owed is done later."""
        # Any thread may owe more meanwhile, and what two threads write for a third does no harm.
        owed = [*self._owed]
        try:
            with self._database.writing(lasting=lasting) as connection:
                for each in owed:
                    each(connection)
                answer = change(connection)
        except StoreError:
            if owe:
                self._owed.append(change)
            raise
        for each in owed:
            with suppress(ValueError):
                self._owed.remove(each)
        return answer


def new_uid() -> str:
    """Return a UUID of version 7, in hex: unique anywhere, and later ones sort after earlier ones."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return f"{value & ~(0x3 << 62) | 0x2 << 62:032x}"
