"""Stars, tags, the trash, purging, what came of what, small pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image
from store_child import draw, keep, plan

from dalle_nb._errors import BudgetError, ReferenceNotFound, StoreError
from dalle_nb._query import Query
from dalle_nb._records import Blob, RunRecord, Status
from dalle_nb._store import Budget, Store

TRASH = Query(deleted=True)


@pytest.fixture
def store(home: Path) -> Store:
    """Open a store in the test's own home."""
    return Store.open(home)


def png(color: tuple[int, ...], mode: str = "RGB") -> bytes:
    """Return a picture larger than its thumbnail."""
    file = BytesIO()
    Image.new(mode, (300, 200), color).save(file, "PNG")
    return file.getvalue()


def edit(store: Store, picture: bytes, source: bytes, **more: str) -> RunRecord:
    """Keep a Run that was drawn over an input picture."""
    blob = Blob(sha256="", media_type="image/png", width=1, height=1, data=source)
    run = store.begin(plan("edit", inputs=(blob,)), **more)
    keep(store, run, picture)
    return store.finish(run.uid, status=Status.DONE, seconds=1, cost=0)


def everything(home: Path) -> set[str]:
    """Return the names of all files but the database's."""
    return {
        path.name for path in home.rglob("*") if path.is_file() and not path.name.startswith("history.db")
    }


def test_a_deleted_run_is_out_of_sight_until_it_is_restored(store: Store) -> None:
    """The trash keeps it whole; it is neither listed, counted nor reused, and comes back as it was."""
    run, other = draw(store, "a", b"one"), draw(store, "b")

    assert store.delete([run.id, run.id, 99]) == 1
    assert (store.newest(9), store.count(), store.ids(TRASH)) == ([other], 1, [run.id])
    assert store.find(run.request.identity, backend="offline", model="painter") is None
    assert store.run(run.id).pictures == run.pictures
    moment = store.run(run.id).deleted
    assert store.delete([run.id]) == 0
    assert store.run(run.id).deleted == moment
    assert store.restore([run.id, other.id]) == 1
    assert store.newest(9) == [other, run]


@pytest.mark.parametrize(
    ("change", "undo", "expected"),
    [
        pytest.param(
            lambda store, ids: store.star(ids), lambda store, ids: store.star(ids, on=False), {"starred": True},
            id="star",
        ),
        pytest.param(
            lambda store, ids: store.tag(ids, "蓝", "red", "蓝"), lambda store, ids: store.untag(ids, "red", "蓝"),
            {"tags": ("蓝", "red")}, id="tag",
        ),
    ],
)  # fmt: skip
def test_marks_are_kept_also_beside_the_pictures(
    store: Store, home: Path, change: Callable, undo: Callable, expected: dict
) -> None:
    """A star or tag outlives the database; taken away it is gone, and doing nothing changes nothing."""
    run = draw(store, "a", b"one")
    assert change(store, [run.id]) == 1
    assert change(store, [run.id]) == 0
    store.close()
    (home / "history.db").unlink()

    anew = Store.open(home)
    assert anew.run(run.id) == replace(run, **expected)
    assert undo(anew, [run.id]) == 1
    assert anew.run(run.id) == run


def test_purging_takes_all_that_is_of_a_run_and_nothing_else(store: Store, home: Path) -> None:
    """Rows, pictures, inputs, sidecars, quarantine and thumbnails go; what another Run has, in whatever role, stays."""
    before = everything(home)
    shared = png((1, 2, 3))
    kept = edit(store, shared, b"shared input")
    names = everything(home)
    gone = edit(store, shared, b"own input")
    keep(store, gone, png((4, 5, 6)), 2)
    drawn_over = edit(store, b"shared input", shared)
    refused = draw(store, "refused")
    store.quarantine(gone, b"<html>", "no picture")
    store.thumbnails([picture.sha256 for picture in store.run(gone.id).pictures])

    store.delete([gone.id])
    assert store.purge([gone.id, drawn_over.id, refused.id, 99]) == 3
    assert everything(home) == names
    assert store.newest(9) == [kept]
    assert store.read(kept.pictures[0].sha256) == shared
    assert store.read(kept.request.inputs[0].sha256) == b"shared input"
    for lost in (gone, drawn_over, refused):
        with pytest.raises(ReferenceNotFound):
            store.run(lost.uid)
    assert store.purge([kept.id]) == 1
    assert everything(home) == before
    assert store.count(TRASH) == 0


def test_what_was_spent_on_purged_runs_still_counts(store: Store) -> None:
    """Purging gives no money back: neither to the ledger nor to a budget."""
    paid, unknown = draw(store, "a", cost=60), store.begin(plan(high=30))
    store.finish(unknown.uid, status=Status.FAILED, seconds=1)
    budget = Budget(limit=100)
    before = (store.spent(), store.ledger("model"), store.ledger("day"))
    store.purge([paid.id, unknown.id])

    assert before == (store.spent(), store.ledger("model"), store.ledger("day"))
    assert store.begin(plan(high=10), budget=budget)
    with pytest.raises(BudgetError):
        store.begin(plan(high=1), budget=budget)


def test_a_purged_run_does_not_rise_again(store: Store, home: Path) -> None:
    """A sidecar that could not be deleted does not bring it back, and its id is not used again."""
    run = draw(store, "a", b"one")
    files = {path: path.read_bytes() for path in (home / "pictures").rglob("*.*")}
    store.purge([run.id])
    for path, data in files.items():
        path.write_bytes(data)
    store.begin(plan())

    assert [each.id for each in Store.open(home).newest(9)] == [run.id + 1]


def test_a_run_that_is_being_drawn_is_not_purged(store: Store) -> None:
    """Its pictures are still to come, and are paid for."""
    run = store.begin(plan())
    assert store.purge([run.id]) == 0
    keep(store, run, b"one")
    assert store.finish(run.uid, status=Status.DONE, seconds=1).pictures


def test_purging_and_drawing_the_same_picture_at_once_leaves_no_row_without_its_file(store: Store) -> None:
    """Whoever comes first: a picture that is kept is there."""
    for _ in range(20):
        old = draw(store, "old", b"same")
        purge = Thread(target=store.purge, args=([old.id],))
        purge.start()
        new = draw(store, "new", b"same")
        purge.join()
        assert store.read(new.pictures[0].sha256) == b"same"
        store.purge([new.id])


def test_lineage_is_told_from_both_ends(store: Store) -> None:
    """Children in the order they came, ancestors from the nearest; a purged Run ends the line, a circle goes round once."""
    first = draw(store, "first")
    second = store.begin(plan("second"), parent=first.uid)
    third, fourth = (store.begin(plan(name), parent=second.uid) for name in ("third", "fourth"))

    assert store.children(second.uid) == [third, fourth]
    assert store.ancestors(fourth.uid) == [second, first]
    assert (store.children(fourth.uid), store.ancestors(first.uid)) == ([], [])
    store.purge([first.id])
    assert store.ancestors(fourth.uid) == [second]
    circle = [replace(first, uid=name * 32, parent=other * 32) for name, other in ("ab", "ba")]
    store.adopt(circle, {}.__getitem__)
    assert [run.uid for run in store.ancestors("a" * 32)] == ["b" * 32]


def test_thumbnails_are_made_once_and_small(store: Store) -> None:
    """At most 96 pixels long, JPEG or for transparent ones PNG; afterwards the file is not needed."""
    run = draw(store, "a", png((200, 30, 30)), png((1, 2, 3, 0), "RGBA"), b"no picture at all")
    names = [picture.sha256 for picture in run.pictures]
    small = store.thumbnails([*names, names[0], "0" * 64])

    assert set(small) == set(names[:2])
    pictures = [Image.open(BytesIO(small[name])) for name in names[:2]]
    assert [(each.format, each.size) for each in pictures] == [("JPEG", (96, 64)), ("PNG", (96, 64))]
    store.path(names[0]).unlink()
    assert store.thumbnails(names) == small


@pytest.mark.parametrize("ask", [lambda data, name: data, lambda data, name: name], ids=["bytes", "sha256"])
def test_a_picture_is_told_whose_it_is(store: Store, ask: Callable) -> None:
    """By its bytes or their sha256 a file leads to its Run, deleted or not; any other to none."""
    run = draw(store, "a", b"one", b"two")
    store.delete([run.id])

    assert store.identify(ask(b"two", run.pictures[1].sha256)) == (store.run(run.id), run.pictures[1])
    assert store.identify(ask(b"three", "0" * 64)) is None


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(lambda database: database.rename(database.with_name("away")), id="moved away"),
        pytest.param(lambda database: database.with_name("away").touch(), id="none"),
    ],
)
def test_a_row_that_cannot_be_written_is_made_up_for(store: Store, home: Path, trouble: Callable) -> None:
    """A picture whose file is safe is no failure: its row comes with the next that can be written."""
    run = store.begin(plan("a"))
    trouble(home / "history.db")
    picture = keep(store, run, b"one")
    moved = not (home / "history.db").exists()
    if moved:
        with pytest.raises(StoreError):
            store.finish(run.uid, status=Status.DONE, seconds=1, cost=7)
        (home / "away").rename(home / "history.db")
        draw(store, "another")
    else:
        store.finish(run.uid, status=Status.DONE, seconds=1, cost=7)

    kept = store.run(run.uid)
    assert (kept.status, kept.pictures, kept.cost) == (Status.DONE, (picture,), 7)
    assert store.column(Query(), "pictures")[-1] == 1
