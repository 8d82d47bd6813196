"""Where the panel's drawings wait and are drawn, one after the other, off the threads that answer the page.

Knows no widget and no HTML: parts listen to what goes on here, and ask here for what they want drawn.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Literal

from dalle_nb._errors import DalleError, Interrupted
from dalle_nb._records import Plan, RunRecord, Status

if TYPE_CHECKING:
    from dalle_nb._generator import ImageGenerator
    from dalle_nb._run import Run

LOG = logging.getLogger("dalle_nb")

State = Literal["waiting", "drawing", "done", "failed", "cancelled"]


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """One drawing that the panel was asked for, as far as it has come."""

    number: int
    """Counted from 1 in its Studio."""
    prompt: str
    options: Mapping[str, Any]
    """By Option name, as given."""
    state: State = "waiting"
    plan: Plan | None = None
    record: RunRecord | None = None
    """Its row in the history, from the moment it is begun."""
    run: Run | None = None
    """What came of it, also where it failed half-way."""
    error: BaseException | None = None
    started: float | None = None
    """When its drawing began, on the monotonic clock."""
    cancel: Flag = field(default_factory=Flag)
    abandoned: bool = False
    """Whether not even its answer is waited for."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A job waits to be drawn."""

    job: Job


@dataclass(frozen=True, slots=True)
class Planned:
    """A job begins; its plan and its row are there."""

    job: Job


@dataclass(frozen=True, slots=True)
class Previewed:
    """Picture ``index`` of a job looks like this so far; the bytes are as they came, unproved."""

    job: Job
    index: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """Something goes on with a job that the user should know."""

    job: Job
    text: str


@dataclass(frozen=True, slots=True)
class Waited:
    """A job has been drawn for so many seconds; several times a second."""

    job: Job
    seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A job is done, failed, or was cancelled."""

    job: Job


@dataclass(frozen=True, slots=True)
class Wished:
    """Somebody wants this in the form; ``prompt`` None leaves the words that stand there."""

    prompt: str | None
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tongue:
    """The panel speaks another language from here on."""

    tongue: str


@dataclass(frozen=True, slots=True)
class Changed:
    """These Runs were starred, tagged, deleted or restored."""

    uids: tuple[str, ...]


StudioEvent = Queued | Planned | Previewed | Told | Waited | Ended | Wished | Tongue | Changed


class Studio:
    """Draws what the parts of one panel ask for, in order, and tells them all what goes on."""

    def __init__(self, generator: ImageGenerator, tongue: str = "en") -> None:
        self.tongue = tongue
        self._generator = generator
        self._listeners: list[Callable[[StudioEvent], None]] = []
        self._queue: list[Job] = []
        self._drawing: Job | None = None
        self._working = False
        """Whether there is a thread that will come for what is queued."""
        self._count = 0
        self._lock = Lock()
        # What a worker might print belongs under the cell that opened the panel, not under one run since.
        self._context = copy_context()

    @property
    def generator(self) -> ImageGenerator:
        """The workshop, answering in the panel's language."""
        return self._generator.sibling(layer="panel", language=self.tongue)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The job being drawn and those that wait, in order."""
        with self._lock:
            return (*((self._drawing,) if self._drawing else ()), *self._queue)

    def listen(self, handler: Callable[[StudioEvent], None]) -> None:
        """Call the handler with everything that goes on, on whatever thread it does."""
        self._listeners.append(handler)

    def tell(self, event: StudioEvent) -> None:
        """Tell every part; one that fails is logged and keeps no other from hearing it."""
        for listener in self._listeners:
            try:
                listener(event)
            except Exception:
                LOG.exception("A part of the panel could not take %s", type(event).__name__)

    def submit(self, prompt: str, options: Mapping[str, Any]) -> Job:
        """Queue a drawing and return at once. Pictures in the options may be bytes, Runs or REFs."""
        with self._lock:
            self._count += 1
            job = Job(number=self._count, prompt=prompt, options=dict(options))
            self._queue.append(job)
            idle, self._working = not self._working, True
        self.tell(Queued(job))
        if idle:
            worker = Thread(
                target=self._context.copy().run, args=(self._work,), name="dalle-nb panel", daemon=True
            )
            worker.start()
        return job

    def cancel(self, number: int) -> None:
        """Take a waiting job out; stop one that is being drawn, and if asked again wait for it no longer."""
        with self._lock:
            waiting = next((job for job in self._queue if job.number == number), None)
            if waiting:
                self._queue.remove(waiting)
                waiting.state = "cancelled"
            elif self._drawing and self._drawing.number == number:
                self._drawing.abandoned = self._drawing.cancel.is_set()
                self._drawing.cancel.set()
        if waiting:
            self.tell(Ended(waiting))

    def wish(self, prompt: str | None, options: Mapping[str, Any]) -> None:
        """Put this into the form."""
        self.tell(Wished(prompt, dict(options)))

    def set_tongue(self, tongue: str) -> None:
        """Speak ``en`` or ``zh`` from here on."""
        self.tongue = tongue
        self.tell(Tongue(tongue))

    def _work(self) -> None:
        while job := self._next():
            self._draw(job)
            with self._lock:
                self._drawing = None
            self.tell(Ended(job))

    def _next(self) -> Job | None:
        with self._lock:
            self._drawing = self._queue.pop(0) if self._queue else None
            self._working = self._drawing is not None
            return self._drawing

    def _draw(self, job: Job) -> None:
        job.state, job.started = "drawing", time.monotonic()
        try:
            job.run = self.generator.ask(job.prompt, job.options, watch=_Watch(self, job), cancel=job.cancel)
        except (DalleError, Interrupted) as error:
            job.error, job.run = error, error.run
        except Exception as error:
            LOG.exception("The panel's job %d", job.number)
            job.error = error
        finished = job.run is not None and job.run.status is Status.DONE
        stopped = job.cancel.is_set() and not finished
        job.state = "cancelled" if stopped else "failed" if job.error else "done"


class _Watch:
    """Passes on to the Studio what goes on in a drawing."""

    def __init__(self, studio: Studio, job: Job) -> None:
        self._studio, self._job = studio, job

    def planned(self, plan: Plan, record: RunRecord) -> None:
        self._job.plan, self._job.record = plan, record
        self._studio.tell(Planned(self._job))

    def preview(self, index: int, data: bytes) -> None:
        self._studio.tell(Previewed(self._job, index, data))

    def told(self, text: str) -> None:
        self._studio.tell(Told(self._job, text))

    def waiting(self, seconds: float) -> None:
        if self._job.abandoned:
            # What a second Ctrl-C is in a cell: an answer that may be billed is kept if it still comes.
            raise KeyboardInterrupt
        self._studio.tell(Waited(self._job, seconds))
