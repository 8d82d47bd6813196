"""Whatever may go wrong at a server: one typed error, an honest bill, nothing bad kept, nothing good lost.

Every fault of the loopback server, through the front door. `make faults` prints how each target is met.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openai_server import pictures
from openai_server.faults import FAULTS, Fault, find_fault
from openai_server.handle import Api
from PIL import Image

import dalle_nb as dn

pytest_plugins = ["openai_server.fixtures"]

KEY = "sk-proj-tR7uVq2LxZ9wKc4Yb8Nd"
PROMPT = "a cat in the snow"
MORE = "a dog in the rain"
Target = Callable[..., None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a fault that happens once becomes: the error when nothing is tried again, and how many calls are made."""

    error: str | None
    """Name of the error's class; None where a picture comes all the same."""
    safe: int = 1
    """Calls made with retry="safe"; the last of several is answered with a picture."""
    always: int = 2
    """Calls made with retry="always"."""
    timeout: float = 20
    options: tuple[tuple[str, Any], ...] = ()
    status: str = "done"
    says: str = ""
    """Words of the message, of its advice or of the Run's notes."""

    def calls(self, retry: str) -> int:
        return {"safe": self.safe, "always": self.always, "never": 1}[retry]

    def outcome(self, retry: str) -> str | None:
        return self.error if self.calls(retry) == 1 else None


def told_to_wait(error: str, **more: Any) -> Expected:
    return Expected(error=error, safe=2, **more)


def final(error: str, **more: Any) -> Expected:
    return Expected(error=error, always=1, **more)


def good(**more: Any) -> Expected:
    return Expected(error=None, always=1, **more)


STATUS_AND_WIRE = {
    "429": told_to_wait("RateLimitError"),
    "429_after:0.2": told_to_wait("RateLimitError"),
    "429_after_ms:200": told_to_wait("RateLimitError"),
    "429_date:1": told_to_wait("RateLimitError"),
    "408": Expected(error="DrawTimeout"),
    "409": Expected(error="ServerError"),
    "500": Expected(error="ServerError", says="may have been billed"),
    "503": Expected(error="ServerError"),
    "502_html": Expected(error="ServerError", says="502 Bad Gateway"),
    "504_html": Expected(error="ServerError"),
    "reset_before": Expected(error="ConnectionFailed"),
    "reset_mid": Expected(error="ConnectionFailed"),
    "close_mid": Expected(error="ConnectionFailed"),
    "hang": Expected(error="DrawTimeout", timeout=1, says="--timeout"),
    "stall_mid": Expected(error="DrawTimeout", timeout=1),
    "drip:0.5": good(),
}
BODIES = {
    "trunc_json": Expected(error="BadAnswer"),
    "html_200": Expected(error="BadAnswer", says="no JSON"),
    "empty_200": Expected(error="BadAnswer"),
    "null_data": Expected(error="BadAnswer"),
    "empty_data": Expected(error="BadAnswer"),
    "null_item": Expected(error="BadAnswer"),
}
BASE64 = {
    "bad_b64": Expected(error="BadAnswer", says="base64 is damaged"),
    "pad_b64": Expected(error="BadAnswer"),
    "empty_b64": Expected(error="BadAnswer"),
}
SPOILT = {
    "nonimage": Expected(error="BadAnswer", says="no PNG, JPEG, WebP, GIF or SVG"),
    "trunc_png": Expected(error="BadAnswer"),
    "corrupt_png": Expected(error="BadAnswer", says="check sum"),
    "bomb": Expected(error="BadAnswer", says="50000x50000 pixels"),
}
OTHERWISE = {
    "wrong_format": good(options=(("format", "png"),), says="Asked for png, came image/jpeg."),
    "wrong_size": good(says="Asked for 1024x1024, came 512x512."),
    "svg_xss": Expected(error="BadAnswer", says="program"),
}
DOWNLOADS = {
    "url_404": good(says="download broke off"),
    "url_403": good(),
    "url_500": good(),
    "url_reset": good(),
    "url_close": good(),
    "url_html": good(),
    "url_drip:0.5": good(),
    "url_null": Expected(error="BadAnswer"),
}
REFUSALS = {
    "400_policy": final("RefusedError"),
    "400_moderation": final("RefusedError", says="input, violence"),
    "400_billing": final("BillingError"),
    "429_quota": final("BillingError", says="retrying does not help"),
    "401": final("AuthenticationError", says="%dalle_login"),
    "403_verify": final("AuthenticationError", says="15 minutes"),
    "404_model": final("ModelNotFound"),
    "429_long": final("RateLimitError"),
}
STREAMS = {
    name: Expected(error=error, options=(("partials", 2),))
    for name, error in {
        "sse_error": "ServerError",
        "sse_cut": "ConnectionFailed",
        "sse_reset": "ConnectionFailed",
        "sse_garbage": "BadAnswer",
    }.items()
}
BESIDE = {
    "429_ipm": told_to_wait("RateLimitError"),
    "429_slow_down:0.2": told_to_wait("RateLimitError"),
    "429_quota_insufficient": final("BillingError"),
    "503_after:0.2": told_to_wait("ServerError"),
    "503_overloaded:0.2": told_to_wait("ServerError"),
    "400_size": final("DrawError", says="divisible by 16"),
    "401_echo": final("AuthenticationError"),
    "403_region": final("AuthenticationError", says="region"),
    "error_200": Expected(error="ServerError", says="upstream failed"),
    "detail_200": Expected(error="ServerError", says="upstream failed"),
    "huge_body": Expected(error="BadAnswer", says="larger than"),
    "fewer": good(status="partial", options=(("n", 2),), says="Pictures: 2 asked for, 1 came."),
    "more": good(says="Pictures: 1 asked for, 2 came."),
    "sse_partial_only": Expected(error="ConnectionFailed", options=(("partials", 2),)),
    "sse_ignored": good(options=(("partials", 2),)),
}
BESIDE_URL = {
    "url_hang": good(timeout=1),
    "url_huge": final("BadAnswer", says="too large"),
    "url_redirect_to_file": final("BadAnswer", says="points elsewhere"),
    "url_redirect_other_host": final("BadAnswer", says="points elsewhere"),
}

TRANSIENT = STATUS_AND_WIRE | BODIES | BASE64 | SPOILT | OTHERWISE
TRANSIENT_URL = STATUS_AND_WIRE | BODIES | SPOILT | DOWNLOADS
POLICIES = ("safe", "always", "never")


@pytest.fixture
def target(record_property: Callable[[str, object], None]) -> Target:
    """Tell `make faults` which rows of its table a test belongs to."""
    return lambda *rows: record_property("targets", rows)


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a key as users do."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one drawing."""

    run: Any
    error: dn.DalleError | None

    @property
    def outcome(self) -> str | None:
        return type(self.error).__name__ if self.error else None

    @property
    def words(self) -> str:
        return " ".join((str(self.error or ""), *self.run.record.notes))


def workshop(api: Api, retry: str = "safe", timeout: float = 20, server: str = "openai") -> dn.ImageGenerator:
    return dn.ImageGenerator(
        base_url=api.url, server=server, retry=retry, timeout=timeout, language="en", backend="openai"
    )


def draw(generator: dn.ImageGenerator, prompt: str = PROMPT, **options: Any) -> Told:
    """Draw; only our own errors may come, and each must name its Run."""
    try:
        return Told(run=generator.generate(prompt, size="1024x1024", **options), error=None)
    except dn.DalleError as error:
        return Told(run=error.run, error=error)


def check_what_is_kept(run: Any, prompt: str = PROMPT) -> None:
    """See that all that is kept of a Run is a readable picture of the prompt, called what it is."""
    for picture in run.pictures:
        image = Image.open(io.BytesIO(picture.bytes))
        image.load()
        record = picture.record
        assert (f"image/{image.format.lower()}", image.size) == (
            record.media_type,
            (record.width, record.height),
        )
        assert pictures.shows(picture.bytes, prompt)
        assert hashlib.sha256(picture.bytes).hexdigest() == record.sha256


def check_the_bill(api: Api, run: Any, fault: Fault) -> None:
    """See that what the Run says about each call's bill is what the server knows."""
    billed = {int(each.partition(".")[0]) for each in api.billed.ids}
    calls = [call.number for call in api.calls_to("generations")]
    said = [str(attempt.billed) for attempt in run.record.attempts]
    assert len(calls) == len(said)
    truth = ["yes" if number in billed else "no" for number in calls]
    assert all(word in ("unknown", fact) for word, fact in zip(said, truth, strict=True)), (said, truth)
    # The call that suffered; of one after it, and of a download's, everything is known.
    assert said[0] == ("yes" if "download" in fault.on else fault.claim)
    assert said[1:] == truth[1:]


def check_quarantine(home: Path, told: Told, fault: Fault) -> None:
    """See that bytes that were paid for and are of no use lie aside, each beside its reason."""
    files = list(home.glob("quarantine/*.bin"))
    lost = [attempt for attempt in told.run.record.attempts if attempt.outcome == "BadAnswer"]
    if lost and fault.name not in ("empty_200", "huge_body"):
        assert files
    assert all(file.read_bytes() and file.with_suffix(".txt").read_text() for file in files)
    assert not any(KEY.encode() in file.read_bytes() for file in files)


def try_fault(
    api: Api, home: Path, spec: str, expected: Expected, retry: str, server: str = "openai"
) -> Told:
    """Let a fault happen once to a drawing, and see that everything that is said and kept of it is true."""
    fault = api.fail(spec)
    generator = workshop(api, retry, expected.timeout, server)
    told = draw(generator, **dict(expected.options))
    assert (told.outcome, len(api.calls_to("generations"))) == (
        expected.outcome(retry),
        expected.calls(retry),
    ), told.words
    if told.outcome == expected.error:
        assert expected.says in told.words
    else:
        assert "Asked again after" in told.words
    status = {None: expected.status, "RefusedError": "refused"}.get(told.outcome, "failed")
    assert status == generator.store.run(told.run.id).status
    assert bool(told.run.pictures) == (told.outcome is None)
    check_what_is_kept(told.run)
    check_the_bill(api, told.run, fault)
    check_quarantine(home, told, fault)
    again = draw(generator, MORE)
    assert again.outcome is None
    check_what_is_kept(again.run, MORE)
    assert generator.store.count() == 2
    return told


def test_every_fault_of_the_server_is_tried() -> None:
    """No fault of the loopback server is left out of the tables here."""
    tried = TRANSIENT | TRANSIENT_URL | REFUSALS | STREAMS | BESIDE | BESIDE_URL
    assert set(FAULTS) == {find_fault(spec)[0].name for spec in tried}


@pytest.mark.parametrize("spec", TRANSIENT)
def test_what_happens_once_is_survived(api: Api, home: Path, spec: str, target: Target) -> None:
    """With retry="always" a picture comes in the end, at the price of at most two more calls, each said."""
    target(1, 3, 4)
    told = try_fault(api, home, spec, TRANSIENT[spec], "always")
    assert told.outcome is None
    assert len(told.run.record.attempts) <= 3


@pytest.mark.parametrize("spec", TRANSIENT_URL)
def test_what_happens_once_to_a_server_of_links_is_survived(
    api: Api, home: Path, spec: str, target: Target
) -> None:
    """The same where pictures come as links; a download that fails is made again without drawing again."""
    target(2, 3, 4)
    api.profile("unknown", answers="url")
    told = try_fault(api, home, spec, TRANSIENT_URL[spec], "always", server="unknown")
    assert told.outcome is None
    if "download" in find_fault(spec)[0].on:
        assert 1 == len(api.billed.ids) - 1  # one for this drawing, one for the drawing after it


@pytest.mark.parametrize("spec", REFUSALS)
@pytest.mark.parametrize("retry", POLICIES)
def test_a_final_refusal_is_asked_once(api: Api, home: Path, spec: str, retry: str, target: Target) -> None:
    """What asking again cannot change is asked once, whatever the policy."""
    target(4, 5)
    told = try_fault(api, home, spec, REFUSALS[spec], retry)
    assert "no" == told.run.record.attempts[0].billed
    assert 0 == told.run.cost


@pytest.mark.parametrize("spec", TRANSIENT)
@pytest.mark.parametrize("retry", ["safe", "never"])
def test_nothing_is_paid_twice(api: Api, home: Path, spec: str, retry: str, target: Target) -> None:
    """Without being told so, no drawing is paid more than once; what surely was not served is asked again."""
    target(3, 4, 6)
    try_fault(api, home, spec, TRANSIENT[spec], retry)
    assert len(api.billed.ids) <= 2  # this drawing at most once, and the drawing after it


@pytest.mark.parametrize("spec", STREAMS)
@pytest.mark.parametrize("retry", POLICIES)
def test_a_stream_that_breaks_is_told(api: Api, home: Path, spec: str, retry: str, target: Target) -> None:
    """A broken stream becomes an error or another try, and no unfinished picture is ever kept."""
    target(3, 4, 7)
    try_fault(api, home, spec, STREAMS[spec], retry)


@pytest.mark.parametrize("spec", BESIDE)
@pytest.mark.parametrize("retry", ["safe", "always"])
def test_all_other_faults(api: Api, home: Path, spec: str, retry: str, target: Target) -> None:
    """The rest of what a server can do is told, counted and kept as truly."""
    target(3, 4, 6)
    try_fault(api, home, spec, BESIDE[spec], retry)


@pytest.mark.parametrize("spec", DOWNLOADS | BESIDE_URL)
@pytest.mark.parametrize("retry", ["safe", "never"])
def test_a_download_is_not_a_drawing(api: Api, home: Path, spec: str, retry: str, target: Target) -> None:
    """A picture that was drawn and is only hard to fetch is fetched again under every policy, never drawn again."""
    target(3, 4, 6)
    api.profile("unknown", answers="url")
    try_fault(api, home, spec, (DOWNLOADS | BESIDE_URL)[spec], retry, server="unknown")
