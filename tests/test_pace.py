"""Pace: who is asked again, after how long, and that all callers wait when one is told to."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

import dalle_nb as dn
from dalle_nb._pace import LONGEST_WAIT, TRIES, Gate, Ladder, read_retry_after
from dalle_nb._records import Billed

NO, UNKNOWN = Billed.NO, Billed.UNKNOWN
ERRORS: dict[str, tuple[dn.DrawError, bool, bool]] = {
    # what happened: asked again with "safe", with "always"
    "refused connection": (dn.ConnectionFailed("", billed=NO), True, True),
    "rate limit": (dn.RateLimitError("", billed=NO, retry_after=0.1), True, True),
    "rate limit without advice": (dn.RateLimitError("", billed=NO), True, True),
    "overload with advice": (dn.ServerError("", billed=NO, retry_after=0.1), True, True),
    "overload without": (dn.ServerError("", billed=UNKNOWN), False, True),
    "lost answer": (dn.ConnectionFailed("", billed=UNKNOWN), False, True),
    "time-out": (dn.DrawTimeout("", billed=UNKNOWN), False, True),
    "unusable answer": (dn.BadAnswer("", billed=Billed.YES), False, True),
    "moderation": (dn.RefusedError("", billed=NO), False, False),
    "no money": (dn.BillingError("", billed=NO), False, False),
    "wrong key": (dn.AuthenticationError("", billed=NO), False, False),
    "no such model": (dn.ModelNotFound("", billed=NO), False, False),
    "bad request": (dn.DrawError("", billed=NO), False, False),
    "told to wait too long": (dn.RateLimitError("", billed=NO, retry_after=LONGEST_WAIT + 1), False, False),
}


@pytest.mark.parametrize(("error", "safe", "always"), ERRORS.values(), ids=ERRORS)
def test_who_is_asked_again(error: dn.DrawError, safe: bool, always: bool) -> None:
    """Safe asks again only what surely was not served, always whatever may change, never nothing."""
    later = time.monotonic() + 1000
    answers = {
        policy: Ladder(policy=policy).wait(error, 1, later) is not None
        for policy in ("safe", "always", "never")
    }
    assert {"safe": safe, "always": always, "never": False} == answers


def test_steps_grow_and_end() -> None:
    """Each wait without advice is about twice the one before, and after four calls it is given up."""
    ladder, later = Ladder(policy="always"), time.monotonic() + 1000
    waits = [ladder.wait(dn.ServerError("", billed=UNKNOWN), tries, later) for tries in range(1, TRIES + 1)]
    assert waits.pop() is None
    assert all(0.75 * step <= wait <= step for wait, step in zip(waits, (0.5, 1.0, 2.0), strict=True) if wait)


def test_no_wait_beyond_the_deadline() -> None:
    """Who would have to wait longer than the time left is told at once."""
    error = dn.RateLimitError("", billed=NO, retry_after=5)
    assert Ladder(policy="safe").wait(error, 1, time.monotonic() + 4) is None
    assert 5 == Ladder(policy="safe").wait(error, 1, time.monotonic() + 60)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "200"}, 0.2),
        ({"retry-after-ms": "200", "retry-after": "9"}, 0.2),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after": "in a while"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Mon, 99 Foo 2026 99:99:99 GMT"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
    ids=str,
)
def test_advice_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds and dates are understood, and nonsense is no advice."""
    advice = read_retry_after(headers)
    assert advice is None if seconds is None else advice == pytest.approx(seconds, abs=2)


@pytest.mark.parametrize(("ahead", "seconds"), [(30, 30), (-30, 0)])
@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000"])
def test_a_date_is_advice(ahead: int, seconds: int, zone: str) -> None:
    """A date says how long to wait from now, and one gone by says not to wait."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead)).replace("+0000", zone)
    assert seconds == pytest.approx(read_retry_after({"retry-after": date}) or 0, abs=2)


def test_the_gate_holds_all_and_lets_go() -> None:
    """Who comes while the gate is shut waits until it opens, their own time is over, or they give up."""
    gate, never, start = Gate(), threading.Event(), time.monotonic()
    gate.hold(1)
    gate.hold(0.1)
    gate.wait(start + 0.1, never)
    assert 0.1 <= time.monotonic() - start < 1
    gate.wait(start + 60, never)
    assert 1 <= time.monotonic() - start < 30
    gate.hold(60)
    given_up = threading.Event()
    threading.Timer(0.1, given_up.set).start()
    start = time.monotonic()
    gate.wait(start + 60, given_up)
    assert time.monotonic() - start < 30
