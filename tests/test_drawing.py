"""Drawing: what is interrupted is never lost, and what is paid for is kept even where the store cannot."""

from __future__ import annotations

import os
import re
import signal
import stat
import time
from pathlib import Path

import numpy as np
import pytest
from openai_server.handle import Api
from PIL import Image
from workshop import start

import dalle_nb as dn
from dalle_nb import ImageGenerator
from dalle_nb._records import Billed, Status

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]


# --- interrupts -------------------------------------------------------------------------------------------

DRAW = """
import sys, time
import dalle_nb as dn
from dalle_nb._store import Store
from dalle_nb._settings import home_folder
try:
    dn.generate("a cat", **{options})
except KeyboardInterrupt as interrupted:
    print(interrupted, interrupted.run.status, flush=True)
    {after}
"""


def interrupted(
    server: Api, options: str, after: str = "pass", times: int = 1, ready: float = 0.6
) -> tuple[float, str]:
    """Draw in a process, interrupt it, and return how long it went on after the last signal and what it said."""
    process = start(DRAW.format(options=options, after=after))
    deadline = time.monotonic() + 30
    pictures = Path(os.environ["DALLE_NB_HOME"], "pictures")
    while time.monotonic() < deadline and not (
        any(pictures.glob("??/*.png")) if "offline" in options else server.calls_to("generations")
    ):
        time.sleep(0.02)
    time.sleep(ready)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        time.sleep(0.3)
    said = process.stdout.readline() + process.stdout.readline()
    took = time.monotonic() - sent
    said += process.communicate(timeout=60)[0]
    return took, said


def test_a_free_drawing_stops_and_keeps_what_is_finished(server: Api) -> None:
    """Interrupting the painter ends it soon; the pictures it had finished are kept."""
    took, said = interrupted(server, "{'backend': 'offline', 'n': 60}", after="time.sleep(3)")
    assert took < 12  # the sixty take a minute
    run = dn.history[1]
    assert run.status in (Status.PARTIAL, Status.INTERRUPTED)
    assert (str(len(run)) in said, run.cost) == (True, 0)
    assert 0 < len(run) < 60
    assert all(picture.image for picture in run)


def test_a_paid_drawing_is_not_waited_for_and_not_lost(server: Api) -> None:
    """The first Interrupt gives the cell back before the answer comes, which is kept when it does."""
    server.latency = 8
    took, said = interrupted(server, "{}", after="time.sleep(9)")
    assert took < 6
    assert "still kept if it comes" in said
    run = dn.history[1]
    assert (Status.DONE, 1) == (run.status, len(run))
    assert run.cost > 0
    assert 1 == server.billed.count


def test_a_script_waits_at_its_end(server: Api) -> None:
    """A script that ends after an Interrupt does not take the answer with it."""
    server.latency = 4
    _, said = interrupted(server, "{}")
    assert "still kept" in said
    assert Status.DONE is dn.history[1].status


def test_a_second_interrupt_gives_up(server: Api) -> None:
    """Interrupted twice, a paid answer is abandoned at once, and recorded as maybe billed."""
    server.latency = 20
    took, said = interrupted(server, "{}", times=2)
    assert took < 2
    assert "given up" in said
    run = dn.history[1]
    assert (Status.INTERRUPTED, None) == (run.status, run.cost)
    assert Billed.UNKNOWN is run.failure.billed


# --- a store that fails -----------------------------------------------------------------------------------


def rescued(error: dn.StoreError) -> Path:
    return Path(re.search(r"safe in (\S+\.png)", error.fix)[1])


class _Silent:
    """A watch that looks on."""

    def planned(self, plan: object, record: object) -> None: ...

    def preview(self, index: int, data: bytes) -> None: ...

    def told(self, text: str) -> None: ...

    def waiting(self, seconds: float) -> None: ...


def test_a_paid_picture_is_rescued(workshop: ImageGenerator, server: Api, home: Path) -> None:
    """Where the store breaks while an answer is under way, the picture goes to a file that the error names."""
    workshop.generate("a dog")
    server.latency = 1

    class Breaker(_Silent):
        def planned(self, plan: object, record: object) -> None:
            # A file where the folder should be: no permission holds back root, under which CI runs.
            (home / "pictures").rename(home / "gone")
            (home / "pictures").write_text("in the way")

    with pytest.raises(dn.StoreError) as caught:
        workshop.ask("a cat", {}, watch=Breaker())
    path = rescued(caught.value)
    try:
        with Image.open(path) as picture:
            assert (1024, 1024) == picture.size
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    finally:
        path.unlink()
    assert 2 == server.billed.count
    assert caught.value.run.prompt == "a cat"


def test_a_lost_database_loses_no_picture(workshop: ImageGenerator, server: Api, home: Path) -> None:
    """Where the database goes while an answer is under way, the picture is in the history built anew."""
    workshop.generate("a dog")
    server.latency = 1

    class Breaker(_Silent):
        def planned(self, plan: object, record: object) -> None:
            (home / "history.db").rename(home / "gone.db")

    with pytest.raises(dn.StoreError):
        workshop.ask("a cat", {}, watch=Breaker())
    newest = ImageGenerator().store.newest(1)[0]
    assert ("a cat", 1) == (newest.request.prompt, len(newest.pictures))


def test_a_broken_store_pays_for_no_more(workshop: ImageGenerator, server: Api, home: Path) -> None:
    """Of several calls the first that cannot be kept is the last that is made, and its bill is known."""
    workshop.generate("a dog", backend="offline", size="256x256")
    server.latency = 0.5

    class Breaker(_Silent):
        def planned(self, plan: object, record: object) -> None:
            (home / "pictures").rename(home / "gone")
            (home / "pictures").write_text("in the way")

    with pytest.raises(dn.StoreError) as caught:
        workshop.ask("a cat", {"n": 3, "partials": 1}, watch=Breaker())
    rescued(caught.value).unlink()
    assert 1 == len(server.calls_to("generations"))
    assert caught.value.run.cost > 0


# --- what is kept -----------------------------------------------------------------------------------------


def test_partial_success_is_kept(workshop: ImageGenerator, server: Api) -> None:
    """Where one of several calls fails, the pictures of the others are in the Run that the error brings."""
    server.fail("500", after=1)
    with pytest.raises(dn.ServerError) as caught:
        workshop.generate("a cat", n=3, partials=1)
    run = caught.value.run
    assert (Status.PARTIAL, 1) == (run.status, len(run))
    assert run.image.size == (1024, 1024)
    assert dn.history[run.id].failure.error == "ServerError"


def test_a_strict_mask_keeps_the_original_outside(workshop: ImageGenerator) -> None:
    """Outside a strict mask not a pixel differs; the answer as it came is kept beside."""
    rng = np.random.default_rng(1)
    original = rng.integers(0, 255, (1024, 1024, 3), "uint8")
    run = workshop.edit(original, "a red scarf", mask="box:300,300,700,700")
    came, kept = np.asarray(run.raw[0].image.convert("RGB")), np.asarray(run.image.convert("RGB"))
    assert (kept[:200] == original[:200]).all()
    assert not (came[:200] == original[:200]).all()
    before, after = run.pictures[0].record.outside
    assert before > after == 0
    assert 1 == len(run)


def test_previews_are_not_kept(workshop: ImageGenerator) -> None:
    """Partial pictures reach whoever watches, in order, and only the finished one is kept."""
    seen: list[int] = []

    class Watcher(_Silent):
        def preview(self, index: int, data: bytes) -> None:
            seen.append(len(data))

    run = workshop.ask("a cat", {"partials": 2}, watch=Watcher())
    assert (2, 1) == (len(seen), len(run))


def test_retries_are_told(workshop: ImageGenerator, server: Api) -> None:
    """Another try is told while it goes on, and noted in the Run."""
    heard: list[str] = []

    class Listener(_Silent):
        def told(self, text: str) -> None:
            heard.append(text)

    server.fail("429_after:0.2")
    run = workshop.ask("a cat", {}, watch=Listener())
    assert len(heard) == 1
    assert heard[0] in run.record.notes
    assert [Billed.NO, Billed.YES] == [attempt.billed for attempt in run.record.attempts]
