"""One Job: how it stands, and what can be done with it. Asking after it, and collecting it twice, cost nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dalle_nb._display import publish
from dalle_nb._errors import OptionError
from dalle_nb._jobs.collecting import collect_part
from dalle_nb._language import speaking, tr
from dalle_nb._records import JobPart, JobRecord
from dalle_nb._render import table_bundle
from dalle_nb._run import Run

if TYPE_CHECKING:
    from dalle_nb._generator import ImageGenerator
    from dalle_nb._render import Bundle
    from dalle_nb.backends.openai.jobs import Batches

ENDED = ("completed", "failed", "expired", "cancelled", "unsent", "forgotten")
EVERY = 30.0
"""Seconds between two looks at a job that is waited for; one takes minutes to a day."""
PATIENCE = timedelta(minutes=10)
"""How long a batch may come to light whose making nobody heard of; told unsent sooner, it could be paid twice."""


class Job:
    """Requests sent off together. Asking after it, and collecting it twice, cost nothing."""

    def __init__(self, record: JobRecord, generator: ImageGenerator) -> None:
        self.record, self._generator = record, generator

    @property
    def id(self) -> int:
        """Its number in this history."""
        return self.record.id

    @property
    def uid(self) -> str:
        """Its permanent name, also at the server."""
        return self.record.uid

    @property
    def parts(self) -> tuple[JobPart, ...]:
        """The batches at the server that it is made of."""
        return self.record.parts

    @property
    def remote_ids(self) -> tuple[str, ...]:
        """The server's names for them, for `Jobs.adopt` on another machine."""
        return tuple(part.remote for part in self.parts if part.remote)

    @property
    def status(self) -> str:
        """The server's word for how it stood when it was last asked after."""
        under_way = [part.status for part in self.parts if part.status not in ENDED]
        return " + ".join(dict.fromkeys(under_way or [part.status for part in self.parts]))

    @property
    def ended(self) -> bool:
        """Whether nothing more of it will be drawn."""
        return all(part.status in ENDED for part in self.parts)

    @property
    def collected(self) -> bool:
        """Whether each of its Runs has what came for it, or the reason why nothing did."""
        return all(part.collected for part in self.parts)

    @property
    def problem(self) -> str:
        """What the server found wrong with it."""
        return "; ".join(dict.fromkeys(part.problem for part in self.parts if part.problem))

    @property
    def drawn(self) -> str:
        """How many requests of all the server had drawn when it was last asked: ``120/2000``."""
        return f"{sum(part.completed for part in self.parts)}/{sum(part.requests for part in self.parts)}"

    @property
    def runs(self) -> list[Run]:
        """Its Runs, in the order of the Items; those that wait are ``asked``."""
        store = self._generator.store
        return [Run(store.run(uid), self._generator) for uid in store.members(self.id)]

    def __len__(self) -> int:
        return len(self._generator.store.members(self.id))

    def refresh(self) -> Job:
        """Ask the server how it stands, and return it so."""
        if not self.ended:
            server = self._server()
            self._save(tuple(self._look(number, part, server) for number, part in enumerate(self.parts)))
        return self

    def cancel(self) -> Job:
        """Have no more of it drawn, and return it. What is drawn is paid, and can be collected."""
        server = self._server()
        self.refresh()
        self._save(
            tuple(
                part if part.status in ENDED or not part.remote else part.merged(server.cancel(part.remote))
                for part in self.parts
            )
        )
        return self

    def collect(self) -> Job:
        """Take what came into the history, as far as it has ended, and return the Job.

        Each Run then has its pictures, or the reason why there are none. Broken off, it goes on where it was.

        Raises:
            DrawError: the results cannot be had now. StoreError: they cannot be kept.
        """
        self.refresh()
        for number, part in enumerate(self.parts):
            if part.status in ENDED and not part.collected:
                self._collect(number)
        return self

    def forget(self) -> Job:
        """Wait for it no more: what has not come counts as interrupted, and as maybe billed.

        For a server that knows nothing of it any more; what it may still draw is paid all the same.
        """
        for number, part in enumerate(self.parts):
            if not part.collected:
                lost = replace(part, status="forgotten", completed=0, output="", errors="")
                self._save((*self.parts[:number], lost, *self.parts[number + 1 :]))
                self._collect(number)
        return self

    def wait(self, timeout: float | None = None, every: float = EVERY) -> Job:
        """Collect it when it has ended; after ``timeout`` seconds return it as it is."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self.refresh().ended and (end is None or time.monotonic() < end):
            time.sleep(every if end is None else max(0.0, min(every, end - time.monotonic())))
        return self.collect()

    def _collect(self, number: int) -> None:
        collect_part(self.record, number, self._generator, batches_of(self._generator))
        done = replace(self.parts[number], collected=True)
        self._save((*self.parts[:number], done, *self.parts[number + 1 :]))

    def _server(self) -> Batches:
        server = batches_of(self._generator)
        if server.address != self.record.server:
            what = tr("Job {id} was sent to {server}.", id=self.id, server=self.record.server)
            raise OptionError(what, tr("Set it: dn.configure(base_url=…), or OPENAI_BASE_URL."))
        return server

    def _look(self, number: int, part: JobPart, server: Batches) -> JobPart:
        if part.status in ENDED:
            return part
        if part.remote:
            return part.merged(server.look(part.remote))
        if self._generator.store.is_being_sent(self.record):
            return part
        # Its process died, or its connection broke, before the server's name for it came.
        place = str(number + 1)
        found = (each for each in server.find(self.uid) if each.metadata.get("part") == place)
        made = next(found, None)
        if made:
            return part.merged(made)
        is_late = datetime.now(UTC) - self.record.created > PATIENCE
        return replace(part, status="unsent") if is_late else part

    def _save(self, parts: tuple[JobPart, ...]) -> None:
        if parts != self.record.parts:
            self.record = self._generator.store.save_job(replace(self.record, parts=parts))

    def row(self) -> list[str]:
        """Return its row of a table."""
        failed = sum(part.failed for part in self.parts)
        return [
            str(self.id),
            tr("{status}, collected", status=self.status) if self.collected else self.status,
            self.drawn,
            str(failed),
            _when(self.record.created),
            _when(max((part.expires for part in self.parts if part.expires), default=None)),
            ", ".join(self.remote_ids),
            self.problem,
        ]

    def bundle(self) -> Bundle:
        """Return how it stands, as it is shown."""
        return table([self])

    def _ipython_display_(self) -> None:
        with speaking(self._generator.settings.tongue()):
            publish(self.bundle())

    def __repr__(self) -> str:
        return f"<Job {self.id}: {self.status}, {len(self)} Runs>"


def table(jobs: Sequence[Job]) -> Bundle:
    """Return how Jobs stand, a row each."""
    headings = [
        tr("job"),
        tr("status"),
        tr("drawn"),
        tr("failed"),
        tr("sent"),
        tr("ends by"),
        tr("at the server"),
        tr("problem"),
    ]
    note = tr("%dalle_jobs status asks after them, collect N takes in what came, cancel N stops one.")
    return table_bundle(headings, [job.row() for job in jobs], [note])


def _when(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def batches_of(generator: ImageGenerator) -> Batches:
    """Return where the generator's jobs are sent. OptionError where they cannot be."""
    from dalle_nb.backends.openai import OpenAIBackend
    from dalle_nb.backends.openai.jobs import no_batches

    backend = generator.backend
    if not isinstance(backend, OpenAIBackend) or not backend.server.batches:
        raise no_batches(backend.server)
    return backend.batches
