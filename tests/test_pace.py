"""Pace: who is asked again, after how long, and that all callers wait when one is told to."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from openai_server.handle import Api
from workshop import command

import dalle_nb as dn
from dalle_nb import ImageGenerator
from dalle_nb._backend import Terms
from dalle_nb._pace import LONGEST_WAIT, TRIES, Gate, Ladder, gate_name, read_rest, read_retry_after
from dalle_nb._records import Billed
from dalle_nb._store import Store

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

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


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-images": "0", "x-ratelimit-reset-images": "1m2.5s"}, 62.5),
        ({"x-ratelimit-remaining-requests": "7", "x-ratelimit-reset-requests": "9s"}, 0),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "9999h"}, LONGEST_WAIT),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "soon"}, 0),
        ({}, 0),
    ],
    ids=str,
)
def test_rate_headers_are_read(headers: dict[str, str], seconds: float) -> None:
    """A good answer that leaves nothing of a limit says for how long, and nonsense says nothing."""
    assert seconds == pytest.approx(read_rest(headers))


def test_a_gate_lets_in_as_many_as_the_server_bore() -> None:
    """Each refusal for haste leaves room for those still inside only, never for none, and good answers make it grow."""
    gate, terms = Gate(), Terms()
    inside = [gate.turn(terms, 1) for _ in range(4)]
    for turn in inside:
        turn.__enter__()
    for turn in inside[:2]:
        assert not turn.__exit__(*_raised(dn.RateLimitError("", billed=NO)))  # it goes on to the caller
    waiting = threading.Thread(target=_pass, args=(gate, terms), daemon=True)
    waiting.start()
    waiting.join(0.3)
    assert waiting.is_alive()  # two are inside, and two is what it bears
    inside[2].__exit__(None, None, None)
    waiting.join(30)
    assert not waiting.is_alive()


def test_an_answered_call_makes_room() -> None:
    """Where one is borne, the next gets its turn once the server has answered, though the first is not through."""
    gate, terms = Gate(), Terms()
    with pytest.raises(dn.RateLimitError), gate.turn(terms, 1):
        raise dn.RateLimitError("", billed=NO)
    with gate.turn(terms, 1) as turn:
        waiting = threading.Thread(target=_pass, args=(gate, terms), daemon=True)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        turn.answered()
        waiting.join(30)
        assert not waiting.is_alive()


def _raised(error: Exception) -> tuple[type[Exception], Exception, None]:
    return type(error), error, None


def _pass(gate: Gate, terms: Terms) -> None:
    with gate.turn(terms, 1):
        pass


def test_a_gate_names_no_key() -> None:
    """The name of a gate differs by server and key, and neither can be read in it."""
    names = {gate_name(address, key) for address in ("a", "b") for key in ("sk-1234567890", "sk-other")}
    assert 4 == len(names)
    assert not any("sk-" in name or "1234" in name for name in names)


def test_a_minute_holds_so_many_pictures(home: Path) -> None:
    """Whoever asks, no minute has more pictures than were set; those who come first are served first."""
    board, start = Store.open(home).gates, time.time()
    booked = [round((board.book("g", 1, 3) - start) / 60) for _ in range(7)]
    assert [0, 0, 0, 1, 1, 1, 2] == booked
    assert 3 == round((board.book("g", 3, 3) - start) / 60)
    assert 0 == round((board.book("other", 1, 3) - start) / 60)


def test_one_told_to_wait_makes_all_wait(
    workshop: ImageGenerator, later: ImageGenerator, server: Api
) -> None:
    """A Retry-After that one kernel hears keeps the calls of another back, which come a little later than told."""
    server.fail("429_after:2")
    first = threading.Thread(target=workshop.generate, args=("a cat",))
    first.start()
    while not server.calls:
        time.sleep(0.01)
    time.sleep(0.3)  # until the answer is on the board
    later.generate("a dog")
    first.join()
    told, *others = [call.time for call in server.calls_to("generations")]
    assert 2 == len(others)
    assert all(moment - told >= 2 for moment in others)


def test_an_empty_account_is_asked_by_one_only(workshop: ImageGenerator, server: Api) -> None:
    """What one kernel hears of an empty account stops the others unasked, until it has heard better itself."""
    server.fail("429_quota")
    with pytest.raises(dn.BillingError):
        workshop.generate("a cat")
    told = command("draw", "a dog")
    assert (1, True) == (told.returncode, "Another notebook was just told" in told.stderr)
    assert 1 == len(server.calls_to("generations"))
    workshop.generate("a cat")
    assert 0 == command("draw", "a dog").returncode
    assert 3 == len(server.calls_to("generations"))
