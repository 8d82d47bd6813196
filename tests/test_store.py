"""The store in one process: what is kept reads back, budgets hold, trouble is told."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from store_child import draw, keep, plan

from dalle_nb._errors import BudgetError, ReferenceNotFound, StoreDamaged, StoreError, StoreUnwritable
from dalle_nb._records import Attempt, Billed, Blob, Call, Estimate, Failure, Kind, Status, Usage
from dalle_nb._store import Budget, Store, checkup, places
from dalle_nb._store.ledger import dollars
from dalle_nb._store.schema import MIGRATIONS, migrate
from dalle_nb._store.sqlite import Database

DOLLAR = 1_000_000

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture
def store(home: Path) -> Store:
    """Open a store in the test's own home."""
    return Store.open(home)


def test_a_run_reads_back_as_it_was_told(store: Store, home: Path) -> None:
    """Every field of a Run, its pictures and attempts comes back equal, also after reopening."""
    blob = Blob(sha256="", media_type="image/png", width=2, height=3, name="cat.png", data=b"a cat")
    asked = replace(
        plan(
            "一只猫", high=70_000, inputs=(blob,), mask=blob, options={"n": 2, "extra": {"深": 1.5}}, sample=3
        ),
        kind=Kind.EDIT,
        calls=(Call(parameters={"n": 1}), Call(parameters={"n": 1})),
        estimate=Estimate(low=1, high=70_000, about=True),
        recipe="edit",
        deliver_size=(256, 512),
        notices=("hd became high",),
    )
    usage = Usage(input_text=5, output_image=9, simulated=True)
    failure = Failure(error="ServerError", what="it fell", fix="lift it", code="500", billed=Billed.UNKNOWN)
    attempt = Attempt(
        number=1, seconds=0.5, billed=Billed.YES, request_id="r", status_code=500, usage=usage, cost=7
    )

    begun = store.begin(asked, parent="f" * 32, notebook="课.ipynb", tags=("red", "蓝"))
    pictures = (keep(store, begun, b"one"), keep(store, begun, b"two", 2))
    store.note_attempt(begun, attempt)
    finished = store.finish(
        begun.uid,
        status=Status.PARTIAL,
        seconds=1.5,
        usage=usage,
        cost=9,
        notes=("drew a cat",),
        failure=failure,
    )

    told = replace(
        begun, status=Status.PARTIAL, seconds=1.5, usage=usage, cost=9, notes=("drew a cat",), failure=failure,
        pictures=pictures, attempts=(attempt,),
    )  # fmt: skip
    assert told == finished
    assert told == Store.open(home).run(begun.uid)
    assert [told] == store.newest(5)
    assert asked.request.mask is not None
    assert begun.request.mask == replace(blob, sha256=begun.request.inputs[0].sha256)
    assert begun.request.mask.name == "cat.png"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(
    prompt=st.text(st.characters(exclude_categories=())),
    options=st.dictionaries(st.text(), json_values, max_size=4),
)
def test_no_prompt_and_no_option_is_beyond_the_store(store: Store, prompt: str, options: dict) -> None:
    """Lone surrogates, NULs and right-to-left marks come back exactly as they were asked."""
    asked = plan(prompt, options=options)
    run = store.begin(asked)

    assert asked.request == store.run(run.id).request
    assert asked.request.identity == store.run(run.id).request.identity


def test_a_run_holds_no_bytes(store: Store) -> None:
    """The bytes of inputs go into the store and not along with the record, which `Out[]` may keep for days."""
    blob = Blob(sha256="", media_type="image/png", width=1, height=1, data=b"bytes")
    run = store.begin(plan(inputs=(blob,)))

    assert run.request.inputs[0].data is None
    assert store.read(run.request.inputs[0].sha256) == b"bytes"


def test_identical_bytes_are_kept_once(store: Store, home: Path) -> None:
    """Two Runs with the same picture share one file, and each has its sidecar."""
    first, second = draw(store, "a", b"same"), draw(store, "b", b"same")

    assert first.pictures == second.pictures
    assert len(list(home.glob("pictures/*/*.png"))) == 1
    assert len(list(home.glob("pictures/*/*.json"))) == 2


def test_a_file_that_was_spoilt_is_put_right_by_the_same_picture(store: Store) -> None:
    """Keeping the same bytes again looks at the file, not only at its name."""
    picture = draw(store, "a", b"same").pictures[0]
    store.path(picture.sha256).write_bytes(b"spoilt")
    draw(store, "b", b"same")

    assert store.read(picture.sha256) == b"same"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(Path.unlink, "is gone", id="deleted"),
        pytest.param(lambda path: path.write_bytes(b"other"), "has been changed", id="changed"),
    ],
)
def test_a_picture_spoilt_by_hand_is_told_by_run_and_path(store: Store, spoil, said: str) -> None:
    """A missing or changed file is a StoreError that names the Run, the picture and the path."""
    picture = draw(store, "a", b"one", b"two").pictures[1]
    path = store.path(picture.sha256)
    spoil(path)

    with pytest.raises(StoreError) as caught:
        store.read(picture.sha256)
    assert f"picture 2 of Run #1 {said}: {path}." in caught.value.what


@pytest.mark.parametrize("name", ["", "..", "/etc/passwd", "../../history.db", "A" * 64, "0" * 64])
def test_only_content_in_the_store_is_read(store: Store, name: str) -> None:
    """A name that is no sha256 of something kept leads to no file."""
    with pytest.raises(StoreError):
        store.read(name)


@pytest.mark.parametrize("reference", [0, 2, -1, "nothing", ""])
def test_an_unknown_run_is_told(store: Store, reference: int | str) -> None:
    """An id or uid that is not there is a ReferenceNotFound that says where to look."""
    draw(store)
    with pytest.raises(ReferenceNotFound, match="%dalle_history"):
        store.run(reference)


def test_the_newest_run_comes_first(store: Store) -> None:
    """Pages go from the newest Run to the oldest, and children are counted."""
    uids = [draw(store, str(number)).uid for number in range(5)]
    store.begin(plan(), parent=uids[0])

    assert [run.uid for run in store.newest(2, 1)] == [uids[4], uids[3]]
    assert store.count() == 6
    assert (store.count_children(uids[0]), store.count_children(uids[1])) == (1, 0)
    assert uids == sorted(uids)


def test_an_id_is_never_used_again(store: Store, home: Path) -> None:
    """A Run that takes the place of a vanished one gets another id."""
    gone = draw(store).id
    with sqlite3.connect(home / "history.db") as database:
        database.execute("DELETE FROM runs")
    database.close()

    assert draw(store).id == gone + 1


def test_only_a_good_run_of_the_same_request_is_found(store: Store) -> None:
    """Found is the newest Run that is done, on the same backend and model, with its files at hand."""
    good = draw(store, "a", b"old")
    newer = draw(store, "a", b"new")
    store.finish(store.begin(plan("a")).uid, status=Status.FAILED, seconds=1)
    identity = good.request.identity

    assert store.find(identity, backend="offline", model="painter") == newer
    assert store.find(identity, backend="openai", model="painter") is None
    assert store.find(identity, backend="offline", model="other") is None
    store.path(newer.pictures[0].sha256).unlink()
    assert store.find(identity, backend="offline", model="painter") == good


def test_what_is_no_picture_is_kept_in_quarantine(store: Store) -> None:
    """Each unusable answer of a Run is kept byte for byte, beside the reason."""
    run = store.begin(plan())
    paths = [store.quarantine(run, data, f"not \ud800 {data!r}") for data in (b"<html>", b"{}")]

    assert [path.read_bytes() for path in paths] == [b"<html>", b"{}"]
    assert "<html>" in paths[0].with_suffix(".txt").read_text()
    assert all(path.name.startswith(run.uid) for path in paths)


@pytest.mark.parametrize(
    ("costs", "high", "limit", "fits"),
    [
        pytest.param([], 100, 100, True, id="exactly the budget"),
        pytest.param([], 101, 100, False, id="a millionth above"),
        pytest.param([60], 40, 100, True, id="a finished Run counts with its cost"),
        pytest.param([60], 41, 100, False, id="and no more fits"),
        pytest.param([None], 1, 100, False, id="an unknown cost keeps its reservation"),
        pytest.param([100, 100], 0, 100, True, id="free fits always"),
        pytest.param([], None, 100, False, id="a price nobody knows never fits"),
    ],
)
def test_a_budget_lets_begin_what_fits(
    store: Store, costs: list[int | None], high: int | None, limit: int, fits: bool
) -> None:
    """What is spent, what is reserved and what may come together stay within the limit."""
    for cost in costs:
        run = store.begin(plan(high=100))
        store.finish(run.uid, status=Status.DONE, seconds=1, cost=cost)
    before = store.count()

    if fits:
        store.begin(plan(high=high), budget=Budget(limit=limit))
    else:
        with pytest.raises(BudgetError):
            store.begin(plan(high=high), budget=Budget(limit=limit))
    assert store.count() == before + fits


def test_a_budget_counts_from_its_day(store: Store) -> None:
    """What was asked before ``since`` neither counts against the budget nor in what was spent."""
    store.finish(store.begin(plan(high=DOLLAR)).uid, status=Status.DONE, seconds=1, cost=DOLLAR)
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    assert (store.spent(), store.spent(tomorrow)) == (DOLLAR, 0)
    with pytest.raises(BudgetError):
        store.begin(plan(high=1), budget=Budget(limit=DOLLAR))
    assert store.begin(plan(high=1), budget=Budget(limit=DOLLAR, since=tomorrow))


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(0, "$0.00"), (42_500, "$0.0425"), (DOLLAR, "$1.00"), (1, "$0.000001"), (12_340_000, "$12.34")],
)
def test_money_is_written_exactly(amount: int, expected: str) -> None:
    """At least cents, and no millionth is rounded away."""
    assert expected == dollars(amount)


def test_sixteen_threads_draw_at_once(store: Store) -> None:
    """Every Run and picture of every thread is there and is its own."""
    with ThreadPoolExecutor(16) as pool:
        runs = list(pool.map(lambda number: draw(store, str(number), b"%d" % number), range(64)))

    assert store.count() == 64
    assert [store.read(run.pictures[0].sha256) for run in runs] == [b"%d" % number for number in range(64)]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: b"no database at all, and long enough" * 100, id="not a database"),
        pytest.param(lambda data: data[:16] + b"\xff" * 84 + data[100:], id="header spoilt"),
        pytest.param(lambda data: data[:100] + b"\xff" * (len(data) - 100), id="pages spoilt"),
        pytest.param(lambda data: data[: len(data) // 2 + 7], id="cut in half"),
    ],
)
def test_a_corrupt_database_is_told_left_alone_and_made_anew_when_moved_away(
    store: Store, home: Path, spoil
) -> None:
    """The error names the file and what to do; done that, every Run is back, under its id."""
    runs = [
        draw(store, "a", b"one", b"two", cost=5),
        draw(store, "b", b"two", cost=None),
        draw(store, "none"),
    ]
    store.close()
    path = home / "history.db"
    path.write_bytes(spoil(path.read_bytes()))
    spoilt = path.read_bytes()

    with pytest.raises(StoreDamaged) as caught:
        Store.open(home).newest(10)
    assert str(path) in caught.value.what
    assert "dalle-nb history check --repair" in caught.value.fix
    assert path.read_bytes() == spoilt

    for name in ("history.db", "history.db-wal", "history.db-shm"):
        (home / name).unlink(missing_ok=True)
    anew = Store.open(home)
    assert anew.newest(10) == runs[::-1]
    assert draw(anew).id == runs[-1].id + 1


def test_a_lost_database_comes_back_interrupted_where_it_was_not_finished(store: Store, home: Path) -> None:
    """A Run whose end nobody wrote down is interrupted, with the pictures it had."""
    picture = keep(store, store.begin(plan()), b"one")
    store.close()
    (home / "history.db").unlink()
    stranger = home / "pictures" / "ab" / "notes.json"
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_text("{}")

    (run,) = Store.open(home).newest(10)
    assert (run.status, run.pictures) == (Status.INTERRUPTED, (picture,))
    assert stranger.exists()


def test_a_database_deleted_while_open_is_told_before_anything_is_written_into_the_void(
    store: Store, home: Path
) -> None:
    """A kernel whose history.db was taken away says so, instead of keeping rows that nobody can read."""
    draw(store, "a", b"one")
    (home / "history.db").rename(home / "elsewhere.db")

    with pytest.raises(StoreDamaged, match="moved"):
        store.begin(plan())
    (home / "elsewhere.db").rename(home / "history.db")
    assert draw(store, "b").id == 2


def test_a_newer_database_is_refused_kindly(store: Store, home: Path) -> None:
    """A version that this program does not know is not touched, and the way out is told."""
    store.close()
    with sqlite3.connect(home / "history.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(StoreDamaged, match="newer") as caught:
        Store.open(home)
    assert "pip install -U dalle-nb" in caught.value.fix


def test_a_migration_runs_once_however_many_open_at_once(store: Store, home: Path) -> None:
    """Eight openers find one step to do; one does it, and the rows that were there stay."""
    draw(store)
    ran = []

    def step(connection) -> None:
        connection.execute(text("ALTER TABLE runs ADD COLUMN mood TEXT"))
        ran.append(os.getpid())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: migrate(Database(home / "history.db"), (*MIGRATIONS, step)), range(8)))
    assert len(ran) == 1
    assert store.count() == 1


def test_a_migration_that_fails_leaves_nothing_behind(store: Store, home: Path) -> None:
    """A step is one transaction: half of it is none of it."""

    def step(connection) -> None:
        connection.execute(text("ALTER TABLE runs ADD COLUMN mood TEXT"))
        connection.execute(text("no SQL"))

    with pytest.raises(StoreError):
        migrate(Database(home / "history.db"), (*MIGRATIONS, step))
    migrate(Database(home / "history.db"))
    assert draw(store).id == 1


def test_a_home_that_is_a_file_is_told(home: Path) -> None:
    """A path that cannot be a folder is a StoreUnwritable that names it and the way out."""
    (home / "file").write_text("here")

    with pytest.raises(StoreUnwritable, match="DALLE_NB_HOME") as caught:
        Store.open(home / "file")
    assert str(home / "file") in caught.value.what


def test_a_nearly_full_disk_is_told_before_asking(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is begun where its answer would find no room."""
    monkeypatch.setattr(checkup, "ELBOW_ROOM", 2**62)

    with pytest.raises(StoreUnwritable, match="full"):
        store.begin(plan())
    assert store.count() == 0


@pytest.mark.parametrize(
    ("mount", "journal"),
    [
        pytest.param("/dev/sda1 {home} ext4 rw 0 0", "wal", id="a disk"),
        pytest.param("server:/home {home} nfs4 rw 0 0", "delete", id="a network home"),
        pytest.param("drive {home} fuse.sshfs rw 0 0", "delete", id="a mounted drive"),
    ],
)
def test_the_journal_suits_the_file_system(
    home: Path, monkeypatch: pytest.MonkeyPatch, mount: str, journal: str
) -> None:
    """WAL where all who write share a memory, else a rollback journal; every commit is synced in both."""
    table = home.with_name("mounts")
    table.write_text(f"root / ext4 rw 0 0\n{mount.format(home=home)}\n")
    monkeypatch.setattr(places, "_MOUNTS", table)
    store = Store.open(home)

    draw(store, "a", b"one")
    assert (journal == "wal") is store.probe().wal
    with store._database.reading() as connection:
        full = 2
        assert connection.execute(text("PRAGMA synchronous")).scalar() == full


@pytest.mark.parametrize(
    ("mount", "variable", "lasting"),
    [
        pytest.param("/dev/sda1 /home ext4 rw 0 0", None, True, id="a disk"),
        pytest.param("tmpfs /home tmpfs rw 0 0", None, False, id="memory"),
        pytest.param("overlay / overlay rw 0 0", "COLAB_RELEASE_TAG", False, id="Colab"),
        pytest.param("drive /home fuse.drive rw 0 0", "COLAB_RELEASE_TAG", True, id="a drive on Colab"),
        pytest.param("overlay / overlay rw 0 0", "BINDER_SERVICE_HOST", False, id="Binder"),
    ],
)
def test_a_machine_that_forgets_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mount: str, variable: str | None, lasting: bool
) -> None:
    """Memory, Colab and Binder forget; a drive mounted there does not."""
    table = tmp_path / "mounts"
    table.write_text(f"root / ext4 rw 0 0\n{mount}\n")
    monkeypatch.setattr(places, "_MOUNTS", table)

    assert lasting is places.is_lasting(Path("/home/ada/pictures"), {variable: "1"} if variable else {})


def test_the_store_is_closed_to_other_users(tmp_path: Path) -> None:
    """What a person draws is nobody else's business."""
    Store.open(tmp_path / "new" / "home")

    assert (tmp_path / "new" / "home").stat().st_mode & 0o077 == 0
