"""When to ask again, and how fast: the one retry ladder, and the gate that all callers wait at.

The SDK's own retries are off: they are silent, they repeat what exhausted credit refuses, and they pay
again for lost answers. Must not know HTTP, prompts or the store.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event as Flag
from threading import Lock

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
from dalle_nb._records import Billed

TRIES = 4
"""Calls made at most for one answer, the first included."""

LONGEST_WAIT = 120.0
"""Seconds: who is told to wait longer should hear it rather than sit there."""


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


class Gate:
    """Where all callers of one server wait when one of them was told to."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open_at = 0.0

    def hold(self, seconds: float) -> None:
        """Keep everybody back for so long from now."""
        with self._lock:
            self._open_at = max(self._open_at, time.monotonic() + seconds)

    def wait(self, deadline: float, cancel: Flag) -> None:
        """Return when the gate is open, at ``deadline`` at the latest, or as soon as ``cancel`` is set."""
        while (left := min(self._open_at, deadline) - time.monotonic()) > 0:
            if cancel.wait(left):
                return


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
