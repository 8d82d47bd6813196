"""When to ask again, and how fast: the one retry ladder, and the gate that all callers wait at.

The SDK's own retries are off: they are silent, they repeat what exhausted credit refuses, and they pay
again for lost answers. Must not know HTTP, prompts or the store.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil, inf
from threading import Condition
from threading import Event as Flag
from typing import TYPE_CHECKING, Protocol

from dalle_nb._errors import (
    AuthenticationError,
    BillingError,
    ConnectionFailed,
    DrawError,
    ModelNotFound,
    RateLimitError,
    RefusedError,
    ServerError,
)
from dalle_nb._language import tr
from dalle_nb._records import Billed

if TYPE_CHECKING:
    from dalle_nb._backend import Terms

TRIES = 4
"""Calls made at most for one answer, the first included."""

LONGEST_WAIT = 120.0
"""Seconds: who is told to wait longer should hear it rather than sit there."""

STOP = 60.0
"""Seconds in which other processes do not ask an account that has just been found empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """What may be asked again: ``safe`` (only what surely was not served), ``always`` or ``never``."""

    policy: str

    def wait(self, error: DrawError, tries: int, deadline: float) -> float | None:
        """Return the seconds to wait before asking again after ``tries`` calls, or None to give up.

        No wait goes beyond ``deadline``, on the monotonic clock.
        """
        if tries >= TRIES or not self._may(error):
            return None
        seconds = error.retry_after
        if seconds is None:
            # Doubling, and never all callers at the same moment.
            seconds = min(8.0, 0.5 * 2 ** (tries - 1)) * random.uniform(0.75, 1.0)  # noqa: S311 - no secret
        fits = seconds <= LONGEST_WAIT and time.monotonic() + seconds < deadline
        return seconds if fits else None

    def _may(self, error: DrawError) -> bool:
        if self.policy == "never" or isinstance(error, _FINAL) or type(error) is DrawError:
            return False
        return self.policy == "always" or _surely_unserved(error)


_FINAL = (AuthenticationError, BillingError, ModelNotFound, RefusedError)


def _surely_unserved(error: DrawError) -> bool:
    if error.billed is not Billed.NO:
        return False
    told = isinstance(error, ServerError) and error.retry_after is not None
    return told or isinstance(error, ConnectionFailed | RateLimitError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the processes of a user tell one another about a server; times in seconds since 1970."""

    open_at: float = 0.0
    """When it may be asked again."""
    stopped_at: float = 0.0
    """When it said that there is no money left."""
    reason: str = ""
    own: bool = False
    """Whether this process was told so itself."""


class Board(Protocol):
    """Where processes leave notices for one another, by the name of a `Gate`."""

    def look(self, gate: str) -> Notice:
        """Return what stands there."""

    def hold(self, gate: str, until: float) -> None:
        """Ask everybody not to call before that moment."""

    def stop(self, gate: str, reason: str | None) -> None:
        """Tell everybody that there is no money left, and why; or with None that there is again."""

    def book(self, gate: str, pictures: int, per_minute: int) -> float:
        """Return from when on so many pictures may be asked for, and take that time for them."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A place inside a `Gate`."""

    waited: float
    """Seconds until it came."""
    answered: Callable[[], None]
    """Makes room for the next one: the server has done its part, though ours goes on."""


class Gate:
    """Where all callers of one server wait: when one of them was told to, and when more are inside than it bears.

    How many it bears is learned: as many as it was drawing when it refused one more. After so many good answers
    one more is tried. With a `Board`, what one process is told holds for the others, each of which comes back a
    little later than told, so that they do not all come at the same moment.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self._changed = Condition()
        self._open_at = 0.0
        self._queue: deque[object] = deque()
        self._inside: set[object] = set()
        self._room, self._good = inf, 0

    def hold(self, seconds: float) -> None:
        """Keep everybody back for so long from now."""
        with self._changed:
            self._open_at = max(self._open_at, time.monotonic() + seconds)

    def wait(self, deadline: float, cancel: Flag) -> None:
        """Return when the gate is open, at ``deadline`` at the latest, or as soon as ``cancel`` is set."""
        while (left := min(self._open_at, deadline) - time.monotonic()) > 0:
            if cancel.wait(left):
                return

    @contextmanager
    def turn(self, terms: Terms, pictures: int, *, again: bool = False) -> Iterator[Turn]:
        """Wait for a turn to ask for so many pictures, give it, and learn from how it ends.

        Who comes ``again`` goes first. The turn comes at once when ``terms.cancel`` is set.

        Raises:
            BillingError: another process heard just now that there is no money left; make no call.
        """
        began, crowded = time.monotonic(), False
        self._book(terms, pictures)
        ticket = self._enter(terms.cancel, again=again)
        try:
            own = self._heed(terms.board)
            yield Turn(time.monotonic() - began, lambda: self._answered(ticket))
            if own and terms.board:
                terms.board.stop(self.name, None)
        except DrawError as error:
            crowded = isinstance(error, RateLimitError)
            self._tell(error, terms.board)
            raise
        finally:
            self._leave(ticket, crowded=crowded)

    def _book(self, terms: Terms, pictures: int) -> None:
        if terms.board and terms.per_minute:
            moment = terms.board.book(self.name, pictures, terms.per_minute)
            while (left := moment - time.time()) > 0 and not (terms.stop.is_set() or terms.cancel.is_set()):
                terms.cancel.wait(min(left, 0.5))

    def _enter(self, cancel: Flag, *, again: bool) -> object:
        ticket = object()
        with self._changed:
            (self._queue.appendleft if again else self._queue.append)(ticket)
            while not cancel.is_set() and (self._queue[0] is not ticket or len(self._inside) >= self._room):
                self._changed.wait(0.2)
            self._queue.remove(ticket)
            self._inside.add(ticket)
            self._changed.notify_all()
        return ticket

    def _answered(self, ticket: object) -> None:
        with self._changed:
            self._inside.discard(ticket)
            self._changed.notify_all()

    def _leave(self, ticket: object, *, crowded: bool) -> None:
        with self._changed:
            self._inside.discard(ticket)
            self._good += 1
            if crowded:
                self._room, self._good = max(1, min(self._room, len(self._inside))), 0
            elif self._good >= 4 * self._room:
                self._room, self._good = self._room + 1, 0
            self._changed.notify_all()

    def _heed(self, board: Board | None) -> bool:
        """Take to heart what other processes were told; return whether this one was told to stop."""
        if board is None:
            return False
        notice, now = board.look(self.name), time.time()
        if (wait := min(notice.open_at - now, LONGEST_WAIT)) > 0:
            self.hold(wait + random.uniform(0, min(2.0, wait / 4)))  # noqa: S311 - no secret
        left = notice.stopped_at + STOP - now
        if 0 < left <= STOP and not notice.own:
            raise BillingError(
                tr("Another notebook was just told: {reason}", reason=notice.reason),
                tr("Nothing was sent. Once it is paid, try again in {seconds} s.", seconds=ceil(left)),
                billed=Billed.NO,
            )
        return notice.own

    def _tell(self, error: DrawError, board: Board | None) -> None:
        wait = error.retry_after
        if wait is not None and wait <= LONGEST_WAIT:
            self.hold(wait)
        if board and wait is not None and wait <= LONGEST_WAIT:
            board.hold(self.name, time.time() + wait)
        elif board and isinstance(error, BillingError) and error.status_code:
            board.stop(self.name, error.what)


def gate_name(*parts: str | None) -> str:
    """Return the name of the gate before a server for one key: a hash, from which no key can be read."""
    return hashlib.sha256("\0".join(part or "" for part in parts).encode()).hexdigest()[:32]


def read_rest(headers: Mapping[str, str]) -> float:
    """Return for how many seconds a server, by its rate headers, takes no more calls; 0 where it does."""
    waits = [
        _duration(headers.get(f"x-ratelimit-reset-{kind}", ""))
        for kind in ("requests", "images")
        if headers.get(f"x-ratelimit-remaining-{kind}") == "0"
    ]
    return max(waits, default=0.0)


def _duration(text: str) -> float:
    """Return the seconds of a time such as ``6m0s`` or ``120ms``; 0 for what is none."""
    found = re.findall(r"(\d{1,6}(?:\.\d{1,6})?)(ms|s|m|h)", text[:40])
    seconds = sum(float(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit] for number, unit in found)
    return min(seconds, LONGEST_WAIT)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait: milliseconds, seconds or a date; None where it says none."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = headers.get("retry-after")
    seconds = _number(said)
    if seconds is not None or not said:
        return seconds
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < 1e7 else None
