"""The Store: where Runs and Pictures live, safe from crashes, full disks and other kernels.

Looked up on the `shelf`, drawn at the `desk`, sent off in `jobs`; here is what is done with Runs that are there.
Must not draw, ask or show anything.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dalle_nb._records import RunRecord
from dalle_nb._store.adoption import Reader, adopt
from dalle_nb._store.changes import Change, change_runs, purge_runs
from dalle_nb._store.checkup import StoreFacts, look_over
from dalle_nb._store.forms import read_run, run_bytes
from dalle_nb._store.gates import Gates
from dalle_nb._store.jobs import JobDesk
from dalle_nb._store.ledger import Budget, Entry
from dalle_nb._store.queries import HANDFUL, batches
from dalle_nb._store.recovery import open_home, write_sidecars
from dalle_nb._store.repair import Findings, back_up, check, repair
from dalle_nb._store.sweeps import Sweeps
from dalle_nb._store.troubles import explained

__all__ = ["Budget", "Entry", "Findings", "Store", "StoreFacts", "check", "read_run", "repair", "run_bytes"]


class Store(JobDesk):
    """All Runs and Pictures in one folder. Any thread, process and forked child may use it at once.

    Every method may raise StoreUnwritable, StoreDamaged or StoreError.
    """

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

    @property
    def gates(self) -> Gates:
        """Where the processes that share this store tell one another what servers said."""
        return Gates(self._database)

    @property
    def sweeps(self) -> Sweeps:
        """The grids of Runs that were asked for."""
        return Sweeps(self._database)

    def close(self) -> None:
        """Close the files; using the store opens them again."""
        self._database.close()

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

    def _change(self, ids: Sequence[int], change: Change) -> int:
        count = 0
        for some in batches(ids, HANDFUL):
            with self._database.writing() as connection:
                changed = change_runs(connection, some, change)
            for run in changed:
                write_sidecars(self._files, run)
            count += len(changed)
        return count


def _remove(store: Store, process: int) -> None:
    # A forked child that ends must not take its parent's pictures away.
    if os.getpid() == process:
        store.close()
        shutil.rmtree(store.home, ignore_errors=True)
