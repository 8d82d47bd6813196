"""Jobs: many Requests sent off together at half the price, and collected when the server has drawn them.

A Job is a row of the store and batches at a server; every kernel and machine can ask after it. `collecting`
takes in what came, `job` is one of them, `sending` sends one, `adopting` finds one that another machine sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dalle_nb._display import publish
from dalle_nb._errors import OptionError, ReferenceNotFound
from dalle_nb._jobs.adopting import read_job
from dalle_nb._jobs.job import Job, batches_of, table
from dalle_nb._jobs.sending import submit
from dalle_nb._language import speaking, tr

if TYPE_CHECKING:
    from dalle_nb._generator import ImageGenerator
    from dalle_nb._render import Bundle

__all__ = ["VERBS", "Job", "Jobs", "manage", "submit"]

VERBS = "status | collect N | cancel N | forget N | adopt ID"


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
        here = batches_of(self._generator).address if left else ""
        for job in left:
            if job.record.server == here:
                job.refresh()
        return self

    def adopt(self, remote: str) -> Job:
        """Return the Job that a batch at the server belongs to, also one that another machine sent.

        Raises:
            ModelNotFound: the server has no batch of that name.
        """
        store, server = self._generator.store, batches_of(self._generator)
        uid, parts = read_job(server, remote)
        try:
            return Job(store.job(uid), self._generator).refresh()
        except ReferenceNotFound:
            record, members = parts()
        return Job(store.begin_job(record, members), self._generator)

    def bundle(self) -> Bundle:
        """Return the table of them, as it is shown."""
        return table(list(self))

    def _ipython_display_(self) -> None:
        with speaking(self._generator.settings.tongue()):
            publish(self.bundle())

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
