"""The store, where processes die, race, fork and run out of disk."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from store_child import draw, keep, plan

from dalle_nb._records import Status
from dalle_nb._store import Store
from dalle_nb._store.owners import owner

PROGRAMS = Path(__file__).with_name("store_child.py")


def run_program(name: str, home: Path, number: int = 0) -> list[Any]:
    """Run one of the child's programs to its end and return what it printed, line by line."""
    command = [sys.executable, "-W", "error", str(PROGRAMS), name, str(home), str(number)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def promises(home: Path, word: str) -> list[str]:
    """Return what the child was told was done, before it died."""
    log = home.with_suffix(".promised")
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.partition(" ")[2] for line in lines if line.partition(" ")[0] == word]


def assert_whole(home: Path) -> None:
    """Open a home that a process died in, and find all promises kept and nothing lying about."""
    store = Store.open(home)
    runs = {run.uid: run for run in store.newest(10_000)}
    kept = {picture.sha256 for run in runs.values() for picture in run.pictures}

    assert set(promises(home, "kept")) <= kept
    assert all(store.read(name) for name in kept)
    files = [path for path in (home / "pictures").glob("*/*") if path.suffix != ".json"]
    assert {path.stem for path in files} == kept
    sidecars = {path.name for path in (home / "pictures").glob("*/*.json")}
    told = [f"{p.sha256}.{run.uid}-{p.index}.json" for run in runs.values() for p in run.pictures]
    assert sidecars == set(told)
    assert list((home / "tmp").iterdir()) == []
    assert set(promises(home, "begun")) <= set(runs)
    assert all(runs[uid].status is Status.DONE for uid in promises(home, "finished"))
    assert all(run.status in {Status.DONE, Status.INTERRUPTED} for run in runs.values())
    assert store.probe().complaints == ()
    assert draw(store, "after", b"after").pictures[0].sha256 in {
        p.sha256 for p in store.newest(1)[0].pictures
    }
    store.close()


def test_a_process_may_die_at_every_step_and_nothing_kept_is_lost(tmp_path: Path) -> None:
    """After a death before any sync, rename or commit, or after any commit, the next opening finds all that was kept."""
    run_program("crash_everywhere", tmp_path)

    homes = sorted(path for path in tmp_path.iterdir() if path.name.isdecimal())
    assert len(homes) > 30
    for home in homes:
        assert_whole(home)


def test_killed_again_and_again_at_random_moments_nothing_kept_is_lost(tmp_path: Path) -> None:
    """Kill -9 at any moment, 20 times in one home, loses no picture that was kept and leaves no litter."""
    run_program("kill_at_random", tmp_path / "home", 20)

    assert promises(tmp_path / "home", "kept")
    assert_whole(tmp_path / "home")


def test_eight_processes_write_at_once_even_while_the_store_is_being_made(tmp_path: Path) -> None:
    """None of eight processes is locked out, and every Run of theirs is there."""
    assert run_program("race", tmp_path / "home", 100) == [[0] * 8]

    store = Store.open(tmp_path / "home")
    assert store.count() == 800
    assert {run.status for run in store.newest(1000)} == {Status.DONE}
    assert store.probe().complaints == ()


def test_eight_processes_make_the_same_store_at_once(tmp_path: Path) -> None:
    """Whoever comes second waits for the first, also where SQLite by itself would not."""
    assert run_program("open_at_once", tmp_path, 20) == [[0] * 160]


def test_a_process_that_is_dead_and_not_buried_is_dead(tmp_path: Path) -> None:
    """A zombie still has its number and start, and finishes nothing."""
    assert run_program("leave_a_zombie", tmp_path / "home") == [Status.INTERRUPTED]


def test_a_budget_holds_over_threads_and_processes(tmp_path: Path) -> None:
    """Of 32 calls of a dollar each, in two processes at once, a budget of 5 dollars lets 5 begin."""
    assert run_program("spend", tmp_path / "home", 5_000_000) == [[0, 0]]

    assert Store.open(tmp_path / "home").count() == 5
    assert len(promises(tmp_path / "home", "refused")) == 27


def test_a_forked_child_draws_whatever_its_parent_was_doing(tmp_path: Path) -> None:
    """A fork in the middle of other threads' writing leaves neither parent nor child locked out."""
    assert run_program("fork_while_drawing", tmp_path / "home", 12) == [[0] * 12]

    store = Store.open(tmp_path / "home")
    runs = store.newest(100_000)
    assert len([run for run in runs if run.request.prompt == "child"]) == 12
    assert {run.status for run in runs} == {Status.DONE}
    assert store.probe().complaints == ()


def test_a_forked_child_outlives_its_parent(tmp_path: Path) -> None:
    """A parent that closes its store takes nothing away from a child that is still drawing."""
    run_program("outlive_the_parent", tmp_path / "home")

    prompts = [run.request.prompt for run in Store.open(tmp_path / "home").newest(9)]
    assert prompts == ["child", "child", "parent"]


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    """A picture or row that finds no room is told in two lines; what was kept stays, and room heals it."""
    home = tmp_path / "home"
    picture, row = run_program("fill_the_disk", home, 400_000)

    assert picture[:2] == ["StoreUnwritable", f"The disk that holds {home} is full."]
    assert "DALLE_NB_HOME" in picture[2]
    assert row[0] == "StoreUnwritable"
    store = Store.open(home)
    assert list((home / "tmp").iterdir()) == []
    runs = {run.request.prompt: run for run in store.newest(10_000)}
    assert store.read(runs["kept before"].pictures[0].sha256) == b"small"
    assert store.read(runs["a fox"].pictures[0].sha256) == b"x" * 800_000
    assert store.probe().complaints == ()


def test_a_home_without_permission_is_told_before_anything_is_paid(tmp_path: Path) -> None:
    """Opening, beginning, keeping and checking in a read-only folder each say so in two lines."""
    said = run_program("without_permission", tmp_path / "home")

    assert [error for error, _, _ in said] == ["StoreUnwritable"] * 4
    assert all("Permission denied" in what and "DALLE_NB_HOME" in fix for _, what, fix in said)


def test_a_private_store_goes_with_its_process_and_not_with_a_child_of_it(tmp_path: Path) -> None:
    """A forked child that ends leaves its parent's private store alone; the parent takes it along."""
    ((home, runs),) = run_program("be_private", tmp_path)

    assert runs == 1
    assert not Path(home).exists()


def test_a_living_process_keeps_its_unfinished_run(tmp_path: Path) -> None:
    """Opening the store elsewhere neither interrupts a Run that is being drawn nor sweeps its drafts."""
    store = Store.open(tmp_path)
    run = store.begin(plan())
    draft = tmp_path / "tmp" / f"0.{owner()}"
    draft.write_bytes(b"half a picture")

    assert Store.open(tmp_path).run(run.uid).status is Status.ASKED
    assert draft.exists()
    keep(store, run, b"whole")
    assert store.finish(run.uid, status=Status.DONE, seconds=1).pictures


@pytest.mark.parametrize(
    ("process", "hours", "expected"),
    [
        pytest.param("1.0.{here}", 0, Status.INTERRUPTED, id="a process that has this number began later"),
        pytest.param("999999999.5.{here}", 0, Status.INTERRUPTED, id="no process has this number"),
        pytest.param("1.0.elsewhere.example", 1, Status.ASKED, id="another machine, an hour ago"),
        pytest.param("1.0.elsewhere.example", 25, Status.INTERRUPTED, id="another machine, yesterday"),
    ],
)
def test_an_unfinished_run_is_interrupted_once_nobody_can_finish_it(
    tmp_path: Path, process: str, hours: int, expected: Status
) -> None:
    """A process is known by number, start and machine; another machine's Run is left alone for a day."""
    store = Store.open(tmp_path)
    uid = store.begin(plan()).uid
    store.close()
    name = process.format(here=owner().split(".", 2)[2])
    with sqlite3.connect(tmp_path / "history.db") as database:
        moment = f"strftime('%Y-%m-%d %H:%M:%f', created, '-{hours} hours')"
        database.execute(f"UPDATE runs SET owner = ?, created = {moment}", (name,))
    database.close()

    assert Store.open(tmp_path).run(uid).status is expected
