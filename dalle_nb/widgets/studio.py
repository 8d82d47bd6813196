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
class Task:
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
    """A task waits to be drawn."""

    task: Task


@dataclass(frozen=True, slots=True)
class Planned:
    """A task begins; its plan and its row are there."""

    task: Task


@dataclass(frozen=True, slots=True)
class Previewed:
    """Picture ``index`` of a task looks like this so far; the bytes are as they came, unproved."""

    task: Task
    index: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """Something goes on with a task that the user should know."""

    task: Task
    text: str


@dataclass(frozen=True, slots=True)
class Waited:
    """A task has been drawn for so many seconds; several times a second."""

    task: Task
    seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A task is done, failed, or was cancelled."""

    task: Task


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
        self._queue: list[Task] = []
        self._drawing: Task | None = None
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
    def tasks(self) -> tuple[Task, ...]:
        """The task being drawn and those that wait, in order."""
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

    def submit(self, prompt: str, options: Mapping[str, Any]) -> Task:
        """Queue a drawing and return at once. Pictures in the options may be bytes, Runs or REFs."""
        with self._lock:
            self._count += 1
            task = Task(number=self._count, prompt=prompt, options=dict(options))
            self._queue.append(task)
            idle, self._working = not self._working, True
        self.tell(Queued(task))
        if idle:
            worker = Thread(
                target=self._context.copy().run, args=(self._work,), name="dalle-nb panel", daemon=True
            )
            worker.start()
        return task

    def cancel(self, number: int) -> None:
        """Take a waiting task out; stop one that is being drawn, and if asked again wait for it no longer."""
        with self._lock:
            waiting = next((task for task in self._queue if task.number == number), None)
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
        while task := self._next():
            self._draw(task)
            with self._lock:
                self._drawing = None
            self.tell(Ended(task))

    def _next(self) -> Task | None:
        with self._lock:
            self._drawing = self._queue.pop(0) if self._queue else None
            self._working = self._drawing is not None
            return self._drawing

    def _draw(self, task: Task) -> None:
        task.state, task.started = "drawing", time.monotonic()
        try:
            task.run = self.generator.ask(
                task.prompt, task.options, watch=_Watch(self, task), cancel=task.cancel
            )
        except (DalleError, Interrupted) as error:
            task.error, task.run = error, error.run
        except Exception as error:
            LOG.exception("The panel's task %d", task.number)
            task.error = error
        finished = task.run is not None and task.run.status is Status.DONE
        stopped = task.cancel.is_set() and not finished
        task.state = "cancelled" if stopped else "failed" if task.error else "done"


class _Watch:
    """Passes on to the Studio what goes on in a drawing."""

    def __init__(self, studio: Studio, task: Task) -> None:
        self._studio, self._task = studio, task

    def planned(self, plan: Plan, record: RunRecord) -> None:
        self._task.plan, self._task.record = plan, record
        self._studio.tell(Planned(self._task))

    def preview(self, index: int, data: bytes) -> None:
        self._studio.tell(Previewed(self._task, index, data))

    def told(self, text: str) -> None:
        self._studio.tell(Told(self._task, text))

    def waiting(self, seconds: float) -> None:
        if self._task.abandoned:
            # What a second Ctrl-C is in a cell: an answer that may be billed is kept if it still comes.
            raise KeyboardInterrupt
        self._studio.tell(Waited(self._task, seconds))
