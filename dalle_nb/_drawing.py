"""One drawing under way: what the backend tells, kept in the store as it comes.

The backend is listened to in a worker thread, in the caller's context, so that an Interrupt stops the
waiting and not the keeping: an answer that is being paid for is still put away when it comes. Must not
know Requests' rules, screens or settings.
"""

from __future__ import annotations

import atexit
import contextvars
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from threading import Thread, current_thread, main_thread
from typing import TYPE_CHECKING, Any, Protocol

from dalle_nb._backend import Arrival, Backend, Called, DrawEvent, Preview, Quarantined, Remark, Terms
from dalle_nb._compositing import composite
from dalle_nb._errors import DrawTimeout, Interrupted, StoreError
from dalle_nb._images import ImageError
from dalle_nb._language import tr
from dalle_nb._money import is_paid
from dalle_nb._outcome import failure_of, status_of, stopping
from dalle_nb._records import Billed, Origin, Plan, RunRecord, Usage
from dalle_nb._render import alt_text

if TYPE_CHECKING:
    from dalle_nb._store import Store

LINGER = 1.5
"""Seconds in which a second Interrupt gives up a paid answer that the first left to come."""


class Watch(Protocol):
    """Somebody looking on; called in the thread that asked for the drawing."""

    def planned(self, plan: Plan, record: RunRecord) -> None:
        """The drawing begins."""

    def preview(self, index: int, data: bytes) -> None:
        """Picture ``index`` looks like this so far."""

    def told(self, text: str) -> None:
        """Something goes on that the user should know, such as another try."""

    def waiting(self, seconds: float) -> None:
        """So many seconds have passed; called several times a second."""


@dataclass(slots=True)
class Drawing:
    """A plan being drawn for a Run that the store already knows."""

    plan: Plan
    record: RunRecord
    backend: Backend
    store: Store
    terms: Terms
    strict: bool = False
    """Whether the original is put back outside the mask."""
    error: BaseException | None = None
    """What ended it early, if anything did."""
    _news: SimpleQueue[Preview | str | None] = field(default_factory=SimpleQueue)
    _usage: Usage | None = None
    _costs: list[int | None] = field(default_factory=list)
    _pictures: int = 0
    _notes: list[str] = field(default_factory=list)
    _started: float = 0.0
    """On the monotonic clock."""
    _abandoned: bool = False
    """Whether the user gave up an answer that may be billed."""

    def __post_init__(self) -> None:
        self.terms = replace(self.terms, tell=self._tell)

    def run(self, watch: Watch | None = None) -> BaseException | None:
        """Draw until it is finished, or the user interrupts; return what went wrong.

        An Interrupt cancels a free drawing. One that may be billed goes on in the background and is kept
        when it comes, unless interrupted again.
        """
        self._started = time.monotonic()
        if watch is None and current_thread() is not main_thread():
            self._work()  # nobody looks on, and no Interrupt comes here
            return self.error
        context = contextvars.copy_context()
        worker = Thread(
            target=context.run, args=(self._work,), name=f"dalle-nb {self.record.uid}", daemon=True
        )
        worker.start()
        try:
            self._wait(worker, watch)
        except KeyboardInterrupt:
            self._let_go(worker)
            return self._interrupted(worker)
        return self.error

    def _wait(self, worker: Thread, watch: Watch | None) -> None:
        while True:
            try:
                news = self._news.get(timeout=0.2)
            except Empty:
                if watch:
                    watch.waiting(time.monotonic() - self._started)
                continue
            if news is None:
                break
            if watch and isinstance(news, str):
                watch.told(news)
            elif watch and isinstance(news, Preview):
                watch.preview(news.index, news.data)
        worker.join()

    def _let_go(self, worker: Thread) -> None:
        """Cancel what is free. Leave what may be billed to its worker, unless interrupted again."""
        if not is_paid(self.plan.estimate):
            self.terms.cancel.set()
            with suppress(KeyboardInterrupt):
                worker.join(LINGER)
            return
        try:
            worker.join(LINGER)
        except KeyboardInterrupt:
            self._give_up()
            return
        if worker.is_alive():
            # A daemon, so that nothing else waits for it; a script would end before the answer comes.
            atexit.register(self._wait_at_exit, worker)

    def _wait_at_exit(self, worker: Thread) -> None:
        if not worker.is_alive():
            return
        sys.stderr.write(
            tr("Waiting for the answer to Run {id}; Ctrl-C gives it up.", id=self.record.id) + "\n"
        )
        try:
            worker.join()
        except KeyboardInterrupt:
            self._give_up()

    def _interrupted(self, worker: Thread) -> Interrupted:
        if self._abandoned:
            return Interrupted(
                tr("Interrupted twice: Run {id} is given up.", id=self.record.id),
                tr("It may be billed all the same, and counts so in the ledger."),
            )
        if worker.is_alive() and is_paid(self.plan.estimate):
            return Interrupted(
                tr("Interrupted: not waiting for Run {id} any more.", id=self.record.id),
                tr(
                    "It may be billed, so its answer is still kept if it comes: see history[{id}].",
                    id=self.record.id,
                ),
            )
        return Interrupted(
            tr("Interrupted: Run {id} was stopped.", id=self.record.id),
            tr("{count} finished pictures are kept; run the cell again for the rest.", count=self._pictures),
        )

    def _work(self) -> None:
        try:
            self.take_in(self.backend.draw(self.plan, self.terms))
        finally:
            self.finish()
            self._news.put(None)

    def take_in(self, events: Iterable[DrawEvent]) -> None:
        """Keep what a backend tells; what goes wrong is in `error`."""
        try:
            for event in events:
                self._put_away(event)
                if self.error and isinstance(event, Called):
                    break  # nothing more is paid for that cannot be kept
        except BaseException as error:  # noqa: BLE001 - kept, recorded and raised again by the asker
            self._fail(error)

    def _put_away(self, event: DrawEvent) -> None:
        """Take an event in. What fails here must not end a call that is being paid for: its bill comes last."""
        try:
            self._take(event)
        except Exception as error:  # noqa: BLE001 - recorded, and raised again by the asker
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self.terms.cancel.is_set() and isinstance(error, DrawTimeout):
            return  # the call was given up, as wished
        self.error = self.error or error

    def _take(self, event: DrawEvent) -> None:
        match event:
            case Preview():
                self._news.put(event)
            case Arrival():
                self._receive(event)
            case Called(attempt=attempt):
                self._note(event)
                self.store.note_attempt(self.record, attempt, last=self._pictures >= self._expected)
            case Remark(text=text):
                self._notes.append(text)
            case Quarantined(data=data, reason=reason):
                self.store.quarantine(self.record, data, reason)

    def _tell(self, text: str) -> None:
        self._notes.append(text)
        self._news.put(text)

    def _receive(self, picture: Arrival) -> None:
        mask = self.plan.request.mask
        if not self.strict or mask is None:
            self._keep(picture, last=self._pictures + 1 >= self._expected)
            self._pictures += 1
            return
        # The answer as it came is safe before anything is made of it.
        self._keep(replace(picture, index=-picture.index))
        self._pictures += 1
        original = self.plan.request.inputs[0].data or b""
        try:
            whole = composite(original, picture.data, mask)
        except ImageError as error:
            self._keep(picture)
            self._notes.append(tr("The original could not be put back: {reason}.", reason=error))
            return
        self._keep(
            replace(picture, data=whole.data, media_type="image/png", width=whole.width, height=whole.height),
            origin=Origin.COMPOSITED,
            outside=(whole.before, whole.after),
        )
        said = tr(
            "Outside the mask {share} had changed: the original was put back.", share=f"{whole.before:.1%}"
        )
        self._notes.append(said)

    def _keep(self, picture: Arrival, **more: Any) -> None:
        try:
            self.store.keep(
                self.record,
                index=picture.index,
                data=picture.data,
                media_type=picture.media_type,
                width=picture.width,
                height=picture.height,
                alt=alt_text(self.plan.request.prompt, self._notes),
                revised_prompt=picture.revised_prompt,
                **more,
            )
        except StoreError as error:
            from dalle_nb._store.rescue import rescue

            if path := rescue(picture.data, picture.media_type, self.record.uid):
                error.fix = tr("The picture is safe in {path}. {fix}", path=path, fix=error.fix)
            raise

    def _note(self, event: Called) -> None:
        attempt = event.attempt
        if attempt.usage is not None:
            self._usage = attempt.usage if self._usage is None else self._usage + attempt.usage
        if attempt.billed is not Billed.NO:
            self._costs.append(attempt.cost)

    @property
    def _cost(self) -> int | None:
        return None if None in self._costs else sum(cost or 0 for cost in self._costs)

    def _give_up(self) -> None:
        """Write down an answer that nobody waits for any more, for its connection may hang on for long."""
        self._abandoned = True
        self.terms.cancel.set()
        self._costs.append(None)
        self.finish()

    def finish(self) -> None:
        """Write down what became of it; seconds are known where it was drawn here."""
        short = self._pictures < self._expected
        stopped = self.terms.cancel.is_set() or (self.terms.stop.is_set() and short and not self.error)
        try:
            self.record = self.store.finish(
                self.record.uid,
                status=status_of(self.error, stopped=stopped, pictures=self._pictures, short=short),
                seconds=time.monotonic() - self._started if self._started else None,
                usage=self._usage,
                cost=self._cost,
                notes=tuple(self._notes),
                failure=failure_of(self.error) or (stopping(self._cost) if stopped else None),
            )
        except StoreError as error:
            self.error = self.error or error

    @property
    def _expected(self) -> int:
        return sum(int(str(call.parameters.get("n", 1))) for call in self.plan.calls)
