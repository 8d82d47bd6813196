"""Jobs: many Requests sent off together at half the price, and collected when the server has drawn them.

A Job is a row of the store and batches at a server; every kernel and machine can ask after it. `sending`
sends it, `collecting` takes in what came, `adopting` finds one that another machine sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dalle_nb._display import publish, say
from dalle_nb._errors import OptionError, ReferenceNotFound, RequestError
from dalle_nb._jobs.adopting import read_job
from dalle_nb._jobs.collecting import collect_part
from dalle_nb._jobs.sending import agree, price_seats, send
from dalle_nb._language import speaking, tr
from dalle_nb._records import JobPart, JobRecord
from dalle_nb._render import table_bundle
from dalle_nb._run import Run
from dalle_nb._seats import outlook, take_seats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dalle_nb._generator import ImageGenerator
    from dalle_nb._items import Item
    from dalle_nb._render import Bundle
    from dalle_nb._seats import Seat
    from dalle_nb.backends.openai.jobs import Batches

__all__ = ["Job", "Jobs", "submit"]

ENDED = ("completed", "failed", "expired", "cancelled", "unsent", "forgotten")
VERBS = "status | collect N | cancel N | forget N | adopt ID"
EVERY = 30.0
"""Seconds between two looks at a job that is waited for; one takes minutes to a day."""


def submit(
    generator: ImageGenerator,
    items: Sequence[Item],
    *,
    resume: bool = True,
    yes: bool = False,
    budget: float | None = None,
    namespace: Mapping[str, Any] | None = None,
) -> Job:
    """Send Items off as a Job; with ``resume`` only those that are neither drawn nor under way.

    Raises:
        RequestError: an Item breaks rules, or the backend takes no jobs; nothing was sent.
        MoneyError: a budget or a question stands before it; nothing was sent.
        DrawError: nothing of it could be sent.
    """
    server = _batches(generator)
    with speaking(generator.settings.tongue(" ".join(item.prompt for item in items[:5]))):
        seats = take_seats(generator, items, resume=resume, namespace=namespace)
        missing = _missing(generator, seats, resume=resume)
        agree(generator, [seat.plan for seat in missing], yes=yes, budget=budget)
        say(outlook(missing))
        record, trouble = send(generator, server, missing, namespace)
    job = Job(record, generator)
    if trouble is not None and all(part.status == "unsent" for part in record.parts):
        job.collect()
        raise trouble
    return job


def _missing(generator: ImageGenerator, seats: Sequence[Seat], *, resume: bool) -> list[Seat]:
    """Return the seats to be sent, at the price of a job. RequestError where there are none."""
    away = generator.store.at_server([seat.plan.request.identity for seat in seats]) if resume else ()
    left = [seat for seat in seats if seat.there is None and seat.plan.request.identity not in away]
    if not left:
        what = tr("All of it is drawn, or under way.")
        raise RequestError(what, tr("See dn.jobs and dn.history; resume=False asks for it anew."))
    return price_seats(generator, left)


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
                lost = replace(part, status="forgotten", output="", errors="")
                self._save((*self.parts[:number], lost, *self.parts[number + 1 :]))
                self._collect(number)
        return self

    def wait(self, timeout: float | None = None, every: float = EVERY) -> Job:
        """Collect it when it has ended; after ``timeout`` seconds return it as it is."""
        end = None if timeout is None else time.monotonic() + timeout
        told = ""
        while not self.refresh().ended and (end is None or time.monotonic() < end):
            if (news := f"{self.status}, {self.drawn}") != told:
                told = news
                say(tr("Job {id}: {news}", id=self.id, news=news))
            time.sleep(every if end is None else max(0.0, min(every, end - time.monotonic())))
        return self.collect()

    def _collect(self, number: int) -> None:
        collect_part(self.record, number, self._generator, _batches(self._generator))
        done = replace(self.parts[number], collected=True)
        self._save((*self.parts[:number], done, *self.parts[number + 1 :]))

    def _server(self) -> Batches:
        server = _batches(self._generator)
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
        return part.merged(made) if made else replace(part, status="unsent")

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
        return _table([self])

    def _ipython_display_(self) -> None:
        _show(self._generator, self.bundle)

    def __repr__(self) -> str:
        return f"<Job {self.id}: {self.status}, {len(self)} Runs>"


class Jobs:
    """All Jobs of this history, newest first; ``jobs[3]`` is Job 3, ``jobs[-1]`` the newest."""

    def __init__(self, generator: ImageGenerator) -> None:
        self._generator = generator

    def __len__(self) -> int:
        return self._generator.store.count_jobs()

    def __iter__(self) -> Iterator[Job]:
        return (Job(record, self._generator) for record in self._generator.store.jobs())

    def __getitem__(self, reference: int) -> Job:
        """Return the Job of an id (negative: counted from the newest).

        Raises:
            ReferenceNotFound: there is none (it is a KeyError).
        """
        store = self._generator.store
        if reference >= 0:
            return Job(store.job(reference), self._generator)
        newest = store.jobs(-reference)
        if len(newest) < -reference:
            store.job(reference)
        return Job(newest[-1], self._generator)

    def refresh(self) -> Jobs:
        """Ask the server after those of its jobs that have not ended, and return all."""
        left = [job for job in self if not job.ended]
        here = _batches(self._generator).address if left else ""
        for job in left:
            if job.record.server == here:
                job.refresh()
        return self

    def adopt(self, remote: str) -> Job:
        """Return the Job that a batch at the server belongs to, also one that another machine sent.

        Raises:
            ModelNotFound: the server has no batch of that name.
        """
        store, server = self._generator.store, _batches(self._generator)
        uid, parts = read_job(server, remote)
        try:
            return Job(store.job(uid), self._generator).refresh()
        except ReferenceNotFound:
            record, members = parts()
        return Job(store.begin_job(record, members), self._generator)

    def bundle(self) -> Bundle:
        """Return the table of them, as it is shown."""
        return _table(list(self))

    def _ipython_display_(self) -> None:
        _show(self._generator, self.bundle)

    def __repr__(self) -> str:
        return str(self.bundle()[0]["text/plain"])


def manage(generator: ImageGenerator, words: Sequence[str]) -> Jobs | Job:
    """Return what a line asks for: nothing lists all, else one of `VERBS`.

    Raises:
        OptionError: it asks for something else.
    """
    jobs = Jobs(generator)
    match words:
        case []:
            return jobs
        case ["status"]:
            return jobs.refresh()
        case ["adopt", remote]:
            return jobs.adopt(remote)
        case ["status" | "collect" | "cancel" | "forget" as verb, number] if number.removeprefix(
            "-"
        ).isdecimal():
            job = jobs[int(number)]
            verbs = {
                "status": job.refresh,
                "collect": job.collect,
                "cancel": job.cancel,
                "forget": job.forget,
            }
            return verbs[verb]()
    said = repr(" ".join(words))[:80]
    raise OptionError(
        tr("{words} is nothing that can be done with jobs.", words=said),
        tr("Try: {spelling}", spelling=VERBS),
    )


def _batches(generator: ImageGenerator) -> Batches:
    """Return where the generator's jobs are sent. OptionError where they cannot be."""
    from dalle_nb.backends.openai import OpenAIBackend
    from dalle_nb.backends.openai.jobs import no_batches

    backend = generator.backend
    if not isinstance(backend, OpenAIBackend) or not backend.server.batches:
        raise no_batches(backend.server)
    return backend.batches


def _table(jobs: Sequence[Job]) -> Bundle:
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


def _show(generator: ImageGenerator, bundle: Callable[[], Bundle]) -> None:
    with speaking(generator.settings.tongue()):
        publish(bundle())
