"""Whatever may go wrong at a server: one typed error, an honest bill, nothing bad kept, nothing good lost.

Every fault of the loopback server, through the front door. `make faults` prints how each target is met.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai_server import pictures
from openai_server.faults import FAULTS, Fault, find_fault
from openai_server.handle import Api
from openai_server.models import MODELS
from PIL import Image

import dalle_nb as dn
from dalle_nb._display import run_bundles

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
    "url_hang": good(timeout=4),  # each try gets a part of it
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


@pytest.mark.parametrize(
    ("retry", "spec"),
    # Where safe does not ask again it does what never does.
    [("safe", spec) for spec in TRANSIENT]
    + [("never", spec) for spec, expected in TRANSIENT.items() if expected.safe > 1],
)
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


# Secrets, and answers made to hurt.


def shows_key(text: str) -> list[str]:
    """Return each six letters of the key's secret part that the text holds."""
    secret = KEY.removeprefix("sk-proj-")
    return [secret[at : at + 6] for at in range(len(secret) - 5) if secret[at : at + 6] in text]


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose"])
@pytest.mark.parametrize("fault", ["401_echo", "500", "reset_mid", "html_200", "sse_error", "hang"])
def test_the_key_is_shown_nowhere(
    api: Api,
    home: Path,
    bare_shell: Any,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    mode: str,
    fault: str,
    target: Target,
) -> None:
    """Six letters of the key are in no output, traceback, log, repr or file, not even when a proxy repeats it."""
    target(22)
    monkeypatch.setenv("OPENAI_BASE_URL", api.url)
    monkeypatch.setenv("DALLE_NB_SERVER", "openai")
    monkeypatch.setenv("OPENAI_LOG", "debug")
    caplog.set_level(logging.DEBUG)
    api.fail(fault)
    partials = "--partials 1" if fault.startswith("sse") else ""
    bare_shell.run_cell(f"%xmode {mode}\n%load_ext dalle_nb")
    bare_shell.run_cell(f"%%dalle --timeout 1 -q low {partials}\na cat")
    bare_shell.run_cell("%tb")
    bare_shell.run_cell(
        "import dalle_nb as dn, sys, pickle\n"
        "workshop = dn.ImageGenerator()\n"
        "error = sys.last_value\n"
        "print(repr(error), error.run.record, workshop.settings, vars(workshop.backend), dn.last, pickle.dumps(dn.last))\n"
        "print(error.__context__, error.__cause__)"
    )
    bare_shell.run_cell("%dalle_config")
    bare_shell.run_cell("%dalle_check")
    out, err = capfd.readouterr()
    assert "may cost" in out + err
    assert mode == "Plain" or "Traceback" in out
    assert [] == shows_key(out + err + caplog.text)
    files = [path for path in home.parent.rglob("*") if path.is_file()]
    assert [] == [path for path in files if shows_key(path.read_bytes().decode("latin-1"))]


HOSTILE = """
import pathlib, resource, sys
import dalle_nb as dn
workshop = dn.ImageGenerator(server={server!r}, base_url={url!r}, n={n})
try:
    workshop.generate("a cat")
except dn.BadAnswer:
    # Linux counts the parent's memory in ru_maxrss, from before the child became itself.
    status = pathlib.Path("/proc/self/status")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if status.exists():
        peak = 1024 * int(status.read_text().partition("VmHWM:")[2].split()[0])
    print(peak, workshop.store.count())
"""


@pytest.mark.parametrize(
    ("fault", "server", "n"),
    [
        ("huge_body:300", "openai", 1),
        ("huge_body:140", "openai", 3),
        ("url_huge:300", "unknown", 1),
        ("bomb", "openai", 1),
        ("bomb", "unknown", 1),
        ("svg_xss", "openai", 1),
    ],
)
def test_a_hostile_answer_is_refused_in_little_memory(
    api: Api, home: Path, fault: str, server: str, n: int, target: Target
) -> None:
    """A flood, a bomb and a picture with a program are refused within 250 MB, by base64 and by link."""
    target(20)
    if server == "unknown":
        api.profile("unknown", answers="url")
    api.fail(fault, times=9)
    program = HOSTILE.format(server=server, url=api.url, n=n)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    memory, runs = done.stdout.split()
    assert int(memory) < 250e6
    assert "1" == runs
    assert not list(home.glob("pictures/??/*.*"))


class Parrot(ThreadingHTTPServer):
    """A server that answers everything with the same bytes, whatever they are."""

    status, kind, body = 200, "application/json", b""


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        parrot: Any = self.server
        self.send_response(parrot.status)
        self.send_header("content-type", parrot.kind)
        self.send_header("content-length", str(len(parrot.body)))
        self.end_headers()
        self.wfile.write(parrot.body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def parrot() -> Iterator[Parrot]:
    """Serve one fixed answer, to be set by the test."""
    with Parrot(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


WORDS = st.sampled_from(
    ["", "x", "data:image/png;base64,AAAA", "data:,", "file:///etc/passwd", "http://[", base64.b64encode(b"no picture").decode()]
    + [base64.b64encode(dn_png).decode() for dn_png in (pictures.bomb(), pictures.hostile_svg(), b"")]
)  # fmt: skip
NAMES = st.sampled_from(
    "data b64_json url usage error detail message code type created revised_prompt input_tokens_details "
    "output_tokens_details output_tokens moderation_details categories msg".split()
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | WORDS
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
ITEMS = st.lists(
    st.dictionaries(st.sampled_from(["b64_json", "url", "revised_prompt"]), LEAVES, max_size=3), max_size=3
)
ANSWERS = st.builds(dict, TREES.filter(lambda tree: isinstance(tree, dict)), data=ITEMS | TREES) | TREES
BODIES_OF_ALL_KINDS = ANSWERS.map(lambda tree: json.dumps(tree).encode()) | st.binary(max_size=80)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=BODIES_OF_ALL_KINDS,
    status=st.sampled_from([200, 200, 200, 201, 302, 400, 401, 403, 429, 500, 503]),
    events=st.booleans(),
)
def test_no_answer_whatever_is_more_than_an_error(
    home: Path, parrot: Parrot, target: Target, body: bytes, status: int, events: bool
) -> None:
    """Whatever a server answers becomes our own error, and none of it a picture."""
    target(4)
    parrot.body, parrot.status = body, status
    parrot.kind = "text/event-stream" if events else "application/json"
    generator = dn.ImageGenerator(
        base_url=f"http://127.0.0.1:{parrot.server_port}/v1", server="openai", retry="never", language="en"
    )
    options = {"partials": 1} if events else {}
    with pytest.raises(dn.DrawError) as told:
        generator.generate(PROMPT, **options)
    assert told.value.what
    assert len(str(told.value)) < 1000
    assert not list(home.glob("pictures/??/*.*"))


SIZES = st.one_of(
    st.sampled_from(
        ["auto", "square", "landscape", "portrait", "3:2", "16:9", "1024x1024", "512x512", "1536x1024"]
    ),
    st.builds("{}x{}".format, st.integers(1, 1700), st.integers(1, 1700)),
    st.builds(lambda width, height: f"{16 * width}x{16 * height}", st.integers(40, 90), st.integers(40, 90)),
)
ORDERS = st.fixed_dictionaries(
    {"model": st.sampled_from([name for name, model in MODELS.items() if not model.legacy])},
    optional={
        "size": SIZES,
        "quality": st.sampled_from(["low", "medium", "high", "xhigh", "auto", "hd", "standard"]),
        "n": st.integers(0, 2),
        "format": st.sampled_from(["png", "jpeg", "webp", "gif"]),
        "background": st.sampled_from(["transparent", "opaque", "auto"]),
        "compression": st.integers(-1, 101),
        "moderation": st.sampled_from(["low", "auto"]),
        "partials": st.integers(0, 4),
        "complexity": st.sampled_from(["low", "high"]),
        "frame_count": st.integers(1, 17),
        "style": st.sampled_from(["vivid", "natural", "油画", "watercolor", "nonsense"]),
        "seed": st.integers(0, 9),
        "response_format": st.sampled_from(["url", "b64_json"]),
    },
)
PROMPTS = st.text(max_size=60) | st.sampled_from(
    ["x" * 32_001, "a\0b", "\ud800", "../../etc/passwd", "{{ 1 + }}", "{% raw %}", "a cat --ar 3:2", "🦊" * 9]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prompt=PROMPTS, order=ORDERS)
def test_nothing_is_sent_that_the_server_refuses(
    api: Api, home: Path, target: Target, prompt: str, order: dict[str, Any]
) -> None:
    """Whatever is asked is drawn, or refused before anything is sent: the rules know what the server knows."""
    target(23)
    sent = len(api.calls)
    try:
        run = workshop(api).generate(prompt, **order, yes=True)
    except dn.RequestError:
        assert sent == len(api.calls)
        return
    assert order.get("n", 1) == len(run.pictures)
    assert all(path.resolve().is_relative_to(home.resolve()) for path in [each.path for each in run.pictures])


LIVE = [
    start + attack
    for start in ("", '"', "'", ">", '">', "-->", "</textarea>", "</style>", "]]>", '\\"><')
    for attack in (
        "<script>window.pwned=1</script>",
        "<img src=x onerror=window.pwned=1>",
        "<svg onload=window.pwned=1>",
        "<svg><script>window.pwned=1</script></svg>",
        "<iframe srcdoc='<script>parent.pwned=1</script>'>",
        "<details open ontoggle=window.pwned=1>",
        "<a href=javascript:window.pwned=1 autofocus onfocus=window.pwned=1>x</a>",
        "<style>@import 'x'</style><link rel=stylesheet href=x>",
        "<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>",
        " onmouseover=window.pwned=1 x=",
        "&lt;script&gt;window.pwned=1&lt;/script&gt;",
        "<scr<script>ipt>window.pwned=1</scr</script>ipt>",
        "\x00<script>window.pwned=1</script>",
        "<body onpageshow=window.pwned=1>",
        "<form><button formaction=javascript:window.pwned=1 autofocus>x",
        "<object data=javascript:window.pwned=1><embed src=javascript:window.pwned=1>",
        "<video><source onerror=window.pwned=1></video>",
        "<base href=//x><meta http-equiv=refresh content='0;url=x'>",
        "{{constructor.constructor('window.pwned=1')()}}",
        "$$\\href{javascript:window.pwned=1}{x}$$",
    )
]
ALIVE = """() => [...document.querySelectorAll("*")].filter(element =>
    ["SCRIPT", "IFRAME", "OBJECT", "EMBED", "LINK", "META", "BASE", "FORM", "VIDEO", "MATH"].includes(element.tagName)
    || [...element.attributes].some(each => each.name.startsWith("on")
        || ["href", "src", "action", "formaction", "data"].includes(each.name) && !each.value.startsWith("data:image/"))
).map(element => element.outerHTML)"""


def test_hostile_words_stay_words(
    parrot: Parrot, home: Path, browser: Any, monkeypatch: pytest.MonkeyPatch, target: Target
) -> None:
    """Two hundred attacks as prompt, revised prompt, tag, model and error text are words in Chromium, and no more."""
    target(21)
    assert 200 == len(LIVE)
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{parrot.server_port}/v1")
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    picture = base64.b64encode(file.getvalue()).decode()
    shown = []
    for number, words in enumerate(LIVE):
        good = {"data": [{"b64_json": picture, "revised_prompt": words}]}
        parrot.body = json.dumps(
            good if number % 4 else {"error": {"message": words, "code": words}}
        ).encode()
        parrot.status = 200 if number % 4 else 400
        try:
            run = dn.generate(words, model=words, tag=[words])
        except dn.DrawError as error:
            run = error.run
        shown += [
            data.get("text/html", "")
            for data, _ in run_bundles(run, run.pictures, dn.ImageGenerator().settings)
        ]
    shown += [dn.history.page(number)._repr_mimebundle_()[0]["text/html"] for number in (1, 2, 3)]
    page = browser.new_page()
    page.set_content("<!doctype html>" + "".join(shown))
    assert "window.pwned=1" in page.inner_text("body")
    assert [] == page.evaluate(ALIVE)
    assert page.evaluate("window.pwned") is None
    page.close()
