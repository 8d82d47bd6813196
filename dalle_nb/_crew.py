"""The threads that draw a batch: how many, what ends them, what an Interrupt leaves to come."""

from __future__ import annotations

import atexit
import contextvars
import os
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread
from typing import TYPE_CHECKING, Any

from dalle_nb._drawing import LINGER
from dalle_nb._errors import AuthenticationError, BillingError, DalleError, DrawError, Interrupted
from dalle_nb._language import tr
from dalle_nb._money import is_paid
from dalle_nb._records import RunRecord, Status
from dalle_nb._run import Run
from dalle_nb._seats import Seat

if TYPE_CHECKING:
    from dalle_nb._generator import ImageGenerator
    from dalle_nb._progress import Progress

AT_ONCE = 8
"""Requests under way at a server, unless said otherwise; the gate learns where it bears fewer."""

_ENDS = (AuthenticationError, BillingError)
"""What every other Request would meet too."""


@dataclass(slots=True)
class Crew:
    """The threads that draw the missing seats, and what they bring."""

    generator: ImageGenerator
    seats: list[Seat]
    namespace: Mapping[str, Any]
    stop: Flag = field(default_factory=Flag)
    """No further call is begun."""
    cancel: Flag = field(default_factory=Flag)
    """What is under way is given up."""
    _todo: deque[int] = field(default_factory=deque)
    _news: SimpleQueue[tuple[int, Run] | None] = field(default_factory=SimpleQueue)
    """A Run and its place; None from a thread that has ended."""
    _runs: dict[int, Run] = field(default_factory=dict)
    _error: BaseException | None = None

    def draw(self, progress: Progress) -> list[Run]:
        """Draw every seat that is not taken, and return the Runs of all, in order."""
        for place, seat in enumerate(self.seats):
            if seat.there is None or seat.there.status is Status.ASKED:
                self._todo.append(place)
            else:
                self._runs[place] = Run(seat.there, self.generator, reused=True)
        with progress:
            progress.skip(len(self._runs))
            threads = self._start()
            try:
                self._gather(len(threads), progress)
            except KeyboardInterrupt:
                self._let_go(threads)
                raise self._interrupted(threads) from None
        if self._error:
            raise _cut_short(self._error, self._good, len(self.seats))
        return [self._runs[place] for place in range(len(self.seats))]

    def _start(self) -> list[Thread]:
        paid = any(is_paid(self.seats[place].plan.estimate) for place in self._todo)
        most = self.generator.settings.concurrency or (AT_ONCE if paid else os.cpu_count() or 1)
        threads = [
            # Each in a context of its own, like the caller's: output finds its cell, words their language.
            Thread(target=contextvars.copy_context().run, args=(self._work,), daemon=True)
            for _ in range(min(most, len(self._todo)))
        ]
        for thread in threads:
            thread.start()
        return threads

    def _work(self) -> None:
        while self._error is None and not self.stop.is_set():
            try:
                place = self._todo.popleft()
            except IndexError:
                break
            if (run := self._one(self.seats[place])) is not None:
                self._news.put((place, run))
        self._news.put(None)

    def _one(self, seat: Seat) -> Run | None:
        """Return the Run of a seat, drawn or failed; None where something stands in the way of all others too."""
        try:
            if seat.there and (run := self._awaited(seat.there)) is not None:
                return run
            return self.generator.ask(
                seat.item.prompt,
                {**seat.item.options, "yes": True},
                namespace=self.namespace,
                cancel=self.cancel,
                stop=self.stop,
                sample=seat.sample,
            )
        except DrawError as error:
            if isinstance(error.run, Run) and not isinstance(error, _ENDS):
                return error.run
            self._error = self._error or error
            self.stop.set()  # those that have not been sent yet would only meet it too
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            self._error = self._error or error
        return None

    def _awaited(self, record: RunRecord) -> Run | None:
        """Return the Run that another thread or kernel is drawing; None where it ended without a picture.

        One that was sent off in a job is not waited for.
        """
        store = self.generator.store
        while store.is_under_way(record.uid) and not self.stop.wait(0.2):
            pass
        record = store.run(record.uid)
        lost = record.status not in (Status.DONE, Status.ASKED)
        return None if lost else Run(record, self.generator, reused=True)

    def _gather(self, working: int, progress: Progress) -> None:
        while working:
            try:
                news = self._news.get(timeout=0.2)
            except Empty:
                progress.tick()
                continue
            if news is None:
                working -= 1
            else:
                self._runs[news[0]] = news[1]
                progress.add(news[1])

    def _let_go(self, threads: Sequence[Thread]) -> None:
        """Begin nothing more; what may be billed is left to come, unless interrupted again."""
        self.stop.set()
        if not any(is_paid(seat.plan.estimate) for seat in self.seats):
            self.cancel.set()
        try:
            until = time.monotonic() + LINGER
            for thread in threads:
                thread.join(max(0.0, until - time.monotonic()))
        except KeyboardInterrupt:
            self.cancel.set()
        if any(thread.is_alive() for thread in threads):
            # Daemons, so that nothing else waits for them; a script would end before their answers come.
            atexit.register(self._wait_at_exit, threads)

    def _wait_at_exit(self, threads: Sequence[Thread]) -> None:
        left = sum(thread.is_alive() for thread in threads)
        if not left or self.cancel.is_set():
            return
        sys.stderr.write(tr("Waiting for {count} answers; Ctrl-C gives them up.", count=left) + "\n")
        with suppress(KeyboardInterrupt):
            for thread in threads:
                thread.join()

    def _interrupted(self, threads: Sequence[Thread]) -> Interrupted:
        with suppress(Empty):
            while True:
                news = self._news.get_nowait()
                self._runs |= dict([news] if news else [])
        coming = sum(thread.is_alive() for thread in threads)
        what = tr("Interrupted: {done} of {count} are done.", done=self._good, count=len(self.seats))
        fix = tr("The same again draws only what is missing.")
        if coming and not self.cancel.is_set():
            fix = tr("{coming} may be billed and are kept if they come. {fix}", coming=coming, fix=fix)
        return Interrupted(what, fix)

    @property
    def _good(self) -> int:
        return sum(map(bool, self._runs.values()))


def _cut_short(error: BaseException, done: int, count: int) -> BaseException:
    """Return the error that ended a batch, saying what became of the rest."""
    if isinstance(error, DalleError):
        rest = tr(
            "{done} of {count} are done and kept; the same again draws the rest.", done=done, count=count
        )
        error.fix = f"{error.fix} {rest}".strip()
    return error
