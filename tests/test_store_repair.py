"""A store that something happened to: what is wrong is told, what can be put right is, nothing is deleted."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from store_child import draw, keep, plan

from dalle_nb._errors import StoreDamaged
from dalle_nb._query import Query
from dalle_nb._records import Attempt, Billed, Blob, Failure, RunRecord, Status
from dalle_nb._store import Store, check, recovery, repair

YESTERDAY = time.time() - 86_400


@pytest.fixture
def store(home: Path) -> Store:
    """Open a store in the test's own home."""
    return Store.open(home)


@pytest.fixture
def runs(store: Store) -> list[RunRecord]:
    """Keep a Run of every fate: done, with input and marks, in the trash, refused, failed, interrupted, without end."""
    blob = Blob(sha256="", media_type="image/png", width=1, height=1, data=b"an input")
    done = store.begin(plan("done \ud800 \0", inputs=(blob,), mask=blob), tags=("蓝",), notebook="a.ipynb")
    keep(store, done, b"one")
    keep(store, done, b"two", 2)
    keep(store, done, b"raw", -2)
    store.note_attempt(done, Attempt(number=1, seconds=0.5, billed=Billed.YES, cost=7))
    store.finish(done.uid, status=Status.DONE, seconds=1, cost=7)
    trash = draw(store, "trash", b"one")
    failure = Failure(error="RefusedError", what="no", billed=Billed.NO)
    for status in (Status.REFUSED, Status.FAILED, Status.INTERRUPTED):
        run = store.begin(plan(status), parent=done.uid)
        store.finish(run.uid, status=status, seconds=1, failure=failure)
    store.star([done.id])
    store.tag([run.id], "red")
    store.delete([trash.id])
    return everything(store)


def everything(store: Store) -> list[RunRecord]:
    """Return all Runs, those in the trash last."""
    return [*store.newest(99), *store.select(Query(deleted=True))]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(Path.unlink, id="deleted"),
        pytest.param(
            lambda path: path.write_bytes(b"no database, and long enough" * 99), id="not a database"
        ),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:20_007]), id="cut short"),
        pytest.param(lambda path: _overwrite(path, 5_000), id="pages spoilt"),
        pytest.param(lambda path: _overwrite(path, path.stat().st_size - 9_000), id="an end spoilt"),
    ],
)
def test_every_run_comes_back(store: Store, home: Path, runs: list[RunRecord], spoil: Callable) -> None:
    """Whatever happened to the database: repaired, it holds every finished Run, whole, under its id."""
    store.close()
    spoil(home / "history.db")
    spoilt = (home / "history.db").read_bytes() if (home / "history.db").exists() else None
    found = check(home) if spoilt else None
    said = repair(home)

    assert runs == everything(Store.open(home))
    assert check(home).sentences() == ()
    if found:
        assert found.damage
        (aside,) = home.glob("history-damaged-*.db")
        assert aside.read_bytes() == spoilt
        assert any(str(aside) in sentence for sentence in said)
        assert any(f"{len(runs) - 1} Runs" in sentence for sentence in said)


def _overwrite(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" * 8_000)


def test_a_sound_store_is_left_alone(store: Store, home: Path, runs: list[RunRecord]) -> None:
    """Nothing is found, nothing is done, and a picture that is on its way is nobody's business."""
    store.keep_input(Blob(sha256="", media_type="image/png", width=1, height=1, data=b"about to begin"))
    unfinished = store.begin(plan())
    keep(store, unfinished, b"first of two")

    assert check(home).sentences() == ()
    assert repair(home) == ()
    assert store.count() == len(runs)
    assert store.run(unfinished.id).status is Status.ASKED


def test_a_newer_store_is_neither_checked_nor_repaired(store: Store, home: Path) -> None:
    """What this version does not know is sound to it, and is not set aside."""
    store.close()
    with sqlite3.connect(home / "history.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()

    for work in (check, repair):
        with pytest.raises(StoreDamaged, match="newer"):
            work(home)
    assert not list(home.glob("history-damaged-*"))


def test_files_that_are_wrong_are_found_and_set_aside(store: Store, home: Path) -> None:
    """Gone and changed pictures are told by Run; a file of no Run goes into quarantine, one whose Run is known to it."""
    blob = Blob(sha256="", media_type="image/png", width=1, height=1, data=b"an input")
    run = store.begin(plan(inputs=(blob,)))
    gone, altered = keep(store, run, b"one"), keep(store, run, b"two", 2)
    store.finish(run.uid, status=Status.DONE, seconds=1)
    lost = draw(store, "lost", b"lost", b"and found")
    store.path(gone.sha256).unlink()
    store.path(altered.sha256).write_bytes(b"other")
    store.path(run.request.inputs[0].sha256).unlink()
    stranger = home / "pictures" / "aa" / f"{'a' * 64}.png"
    stranger.write_bytes(b"whose?")
    draft = home / "tmp" / "0.999999999.5.elsewhere"
    draft.write_bytes(b"half")
    for path in (stranger, draft):
        os.utime(path, (YESTERDAY, YESTERDAY))
    with sqlite3.connect(home / "history.db") as database:
        database.executescript("DELETE FROM pictures WHERE run = 2; DELETE FROM words WHERE run = 2")
        database.execute("DELETE FROM runs WHERE id = 2")
    database.close()

    found = check(home)
    assert found.gone == ("An input of Run #1", "Picture 1/1")
    assert found.altered == (f"Picture 1/2 ({store.path(altered.sha256)})",)
    assert found.unknown == (stranger,)
    said = repair(home)
    assert "1 Runs were brought back from their files." in said
    assert store.run(lost.uid) == lost
    assert (home / "quarantine" / stranger.name).read_bytes() == b"whose?"
    assert not draft.exists()
    assert len(check(home).sentences()) == 3


def test_a_history_is_rebuilt_while_others_draw(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No transaction of a rebuild holds many Runs, so that others write in between; two may rebuild."""
    monkeypatch.setattr(recovery, "BATCH", 5)
    store = Store.open(home)
    runs = [draw(store, str(number), b"%d" % number) for number in range(60)]
    store.close()
    (home / "history.db").unlink()
    first, done, writes = Store.open(home), Event(), 0

    def draw_on() -> None:
        nonlocal writes
        while not done.is_set():
            first.begin(plan("new"))
            writes += 1

    with sqlite3.connect(home / "history.db") as database:
        database.executescript(
            "DELETE FROM pictures; DELETE FROM words; DELETE FROM runs; PRAGMA application_id = 0"
        )
    database.close()
    drawing = Thread(target=draw_on)
    drawing.start()
    opening = [Thread(target=Store.open, args=(home,)) for _ in range(2)]
    for thread in opening:
        thread.start()
    for thread in opening:
        thread.join()
    done.set()
    drawing.join()

    back = {run.uid: run for run in Store.open(home).newest(10_000)}
    assert [back[run.uid].pictures for run in runs] == [run.pictures for run in runs]
    assert writes > 3


def test_a_rebuild_that_was_broken_off_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies half way through leaves the rest to the next opening."""
    store = Store.open(home)
    runs = [draw(store, str(number), b"%d" % number) for number in range(9)]
    store.close()
    (home / "history.db").unlink()
    monkeypatch.setattr(recovery, "BATCH", 2)
    adopt = recovery._adopt
    left = iter(range(5))

    def die(connection, run) -> bool:
        return adopt(connection, run) if next(left, None) is not None else next(iter(()))

    with monkeypatch.context() as patch:
        patch.setattr(recovery, "_adopt", die)
        with pytest.raises((StopIteration, RuntimeError)):
            Store.open(home)
    assert Store.open(home).newest(99) == runs[::-1]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b'{"dalle_nb": 2}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"dalle_nb": 1, "run": {"uid": 5}}',
    ],
)
def test_a_sidecar_that_cannot_be_read_stays_where_it_is(store: Store, home: Path, text: bytes) -> None:
    """Half a sidecar, a stranger or one of a newer version is neither believed nor deleted."""
    run = draw(store, "a", b"one")
    store.close()
    (home / "history.db").unlink()
    (sidecar,) = home.glob("pictures/*/*.json")
    sidecar.write_bytes(text)

    anew = Store.open(home)
    assert anew.count() == 0
    assert sidecar.read_bytes() == text
    assert anew.identify(run.pictures[0].sha256) is None


def test_a_backup_is_a_store(store: Store, home: Path, runs: list[RunRecord]) -> None:
    """Copied while others draw, and once more on top, it holds all Runs with all their files."""
    target = home.with_name("backup")
    done = Event()

    def draw_on() -> None:
        while not done.is_set():
            draw(store, "meanwhile", os.urandom(9))

    drawing = Thread(target=draw_on)
    drawing.start()
    store.backup(target)
    done.set()
    drawing.join()
    assert [run for run in everything(Store.open(target)) if run.request.prompt != "meanwhile"] == runs
    assert check(target).sentences() == ()
    store.backup(target)
    copy = Store.open(target)
    assert everything(copy) == everything(store)
    assert copy.read(runs[-1].pictures[0].sha256) == b"one"
