"""What this process has asked and been answered: which Run is the newest, and what may be answered for nothing.

A notebook that is run again from the top must not pay again, and a cell that is executed again must draw
again; what tells them apart is remembered here. Must not know backends, money or screens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dalle_nb._errors import ReferenceNotFound
from dalle_nb._records import Plan, Request, RunRecord

if TYPE_CHECKING:
    from dalle_nb._place import Place
    from dalle_nb._run import Run
    from dalle_nb._store import Store


MOST_TAKEN = 10_000
"""Runs of a session that one query can leave out."""


class Session:
    """The Runs of one process. Any thread may use it."""

    def __init__(self) -> None:
        self.last: Run | None = None
        """The newest Run, drawn or taken from the history."""
        self.priced = False
        """Whether the price of a drawing was told before it; once is enough."""
        self.introduced = False
        """Whether it was said who the offline painter is; once is enough."""
        self._answers: dict[str, None] = {}
        self._executions: dict[tuple[str, str], int] = {}

    def remember(self, run: Run) -> Run:
        """Take note of a Run that was drawn or taken from the history, and return it."""
        self.last = run
        self._answers.pop(run.uid, None)
        self._answers[run.uid] = None
        return run

    def is_first(self, request: Request, place: Place) -> bool:
        """Return whether a cell asks this in its first execution, and remember that it asked."""
        key = (place.cell, family(request)[-1])
        return self._executions.setdefault(key, place.execution) == place.execution

    def find(self, plan: Plan, store: Store, *, untaken: bool) -> RunRecord | None:
        """Return the newest good Run that answers the plan, if ``untaken`` one that this process has not had.

        So a loop that drew three pictures gets the three again. A rerun is answered by an earlier rerun of
        the same Run with the same changes.
        """
        taken = [*self._answers][-MOST_TAKEN:] if untaken else []
        for identity in family(plan.request):
            found = store.find(identity, backend=plan.backend, model=plan.model, without=taken)
            if found is not None:
                return found
        return None

    def newest(self, store: Store, limit: int, offset: int) -> Sequence[RunRecord]:
        """Return Runs, newest first: those of this process before those of others.

        So that ``-1`` is the picture just above, also where it was taken from the history.
        """
        own = [*self._answers]
        if limit == 1 and offset < len(own):
            try:
                record = store.run(own[-1 - offset])
            except ReferenceNotFound:
                return store.newest(limit, offset)
            if record.deleted is None:
                return [record]
        return store.newest(limit, offset)


class Shelf:
    """The history as REFs read it: a store, in the order in which this session looks at it."""

    def __init__(self, store: Store, session: Session) -> None:
        self._store, self._session = store, session
        self.run, self.read, self.count_children = store.run, store.read, store.count_children

    def newest(self, limit: int, offset: int = 0) -> Sequence[RunRecord]:
        """Return Runs, newest first."""
        return self._session.newest(self._store, limit, offset)


def family(request: Request) -> list[str]:
    """Return the identities that a Request and the reruns before it may have, its own first."""
    # A rerun counts its sample up from a multiple of a thousand (`_composing`).
    samples = range(request.sample, request.sample - request.sample % 1000, -1)
    return [replace(request, sample=sample).identity for sample in samples or (request.sample,)]
