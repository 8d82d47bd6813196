"""Bundles: what goes out comes in whole, and what was tampered with does not come in at all."""

from __future__ import annotations

import json
import stat
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from store_child import plan

from dalle_nb import _bundle
from dalle_nb._bundle import export_bundle, import_bundle
from dalle_nb._errors import BudgetError, StoreError, StoreUnwritable
from dalle_nb._query import Filter, Query
from dalle_nb._records import Attempt, Billed, Blob, RunRecord, Status
from dalle_nb._store import Budget, Store, adoption, check, read_run


def png(red: int) -> bytes:
    """Return a small picture."""
    file = BytesIO()
    Image.new("RGB", (8, 6), (red, 0, 0)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def store(home: Path) -> Store:
    """Open a store in the test's own home, with three Runs: an edit with a mask, its parent, one that failed."""
    store = Store.open(home)
    blob = Blob(sha256="", media_type="image/png", width=8, height=6, name="猫.png", data=png(1))
    first = draw(store, "a fox \ud800", png(1), png(2))
    run = store.begin(plan("edit 猫", inputs=(blob,), mask=replace(blob, data=png(3))), parent=first.uid)
    store.note_attempt(run, Attempt(number=1, seconds=1, billed=Billed.YES, cost=5))
    keep(store, run, png(4))
    store.finish(run.uid, status=Status.DONE, seconds=1, cost=5)
    store.tag([run.id], "蓝")
    store.finish(store.begin(plan("failed")).uid, status=Status.FAILED, seconds=1)
    return store


@pytest.fixture
def other(tmp_path: Path) -> Store:
    """Open another store, with a Run of its own."""
    store = Store.open(tmp_path / "other")
    draw(store, "mine", png(9))
    return store


@pytest.fixture
def bundle(store: Store, tmp_path: Path) -> Path:
    """Export all there is."""
    path = tmp_path / "lesson.zip"
    assert export_bundle(store, Query(), path) == 3
    return path


def keep(store: Store, run: RunRecord, data: bytes, index: int = 1) -> None:
    """Keep a real picture."""
    store.keep(run, index=index, data=data, media_type="image/png", width=8, height=6)


def draw(store: Store, prompt: str, *pictures: bytes) -> RunRecord:
    """Draw a Run of real pictures."""
    run = store.begin(plan(prompt))
    for index, data in enumerate(pictures, 1):
        keep(store, run, data, index)
    return store.finish(run.uid, status=Status.DONE, seconds=1, cost=0)


def test_what_goes_out_comes_in_whole(store: Store, other: Store, bundle: Path) -> None:
    """Every field, picture, input and mask, under the same uid and a new id; a second time brings nothing."""
    ids = import_bundle(other, bundle)

    assert ids == [2, 3, 4]
    told = [replace(run, id=run.id + 1, imported=True) for run in store.newest(9)]
    assert other.newest(3) == told
    for run in told:
        for name in (picture.sha256 for picture in run.pictures):
            assert other.read(name) == store.read(name)
        for blob in (*run.request.inputs, run.request.mask):
            assert blob is None or other.read(blob.sha256) == store.read(blob.sha256)
    assert other.ids(Query(words=("猫", "蓝"))) == [3]
    assert other.children(told[-1].uid) == [told[1]]
    assert import_bundle(other, bundle) == []
    assert check(other.home).sentences() == ()
    other.close()
    (other.home / "history.db").unlink()
    assert Store.open(other.home).newest(3) == told


def test_only_what_is_meant_goes_out(store: Store, other: Store, tmp_path: Path) -> None:
    """A query or ids choose, the trash stays, and a picture that is gone is left out of its Run."""
    store.delete([3])
    store.path(store.run(1).pictures[0].sha256).unlink()
    assert export_bundle(store, [1, 3, 99], tmp_path / "ids.zip") == 1
    tagged = Query(filters=(Filter(column="tags", operator="has", value="蓝"),))
    assert export_bundle(store, tagged, tmp_path / "query.zip") == 1

    import_bundle(other, tmp_path / "ids.zip")
    import_bundle(other, tmp_path / "query.zip")
    assert [run.request.prompt for run in other.newest(2)] == ["edit 猫", "a fox \ud800"]
    assert [picture.index for picture in other.run(2).pictures] == [2]
    with pytest.raises(StoreError, match="gone"):
        other.read(other.run(3).request.inputs[0].sha256)


def test_nothing_is_overwritten_or_left_half_written(store: Store, bundle: Path) -> None:
    """A file that is there stays as it is, and a folder that is not there is told."""
    before = bundle.read_bytes()
    for path in (bundle, bundle / "x.zip", bundle.with_name("nowhere") / "x.zip"):
        with pytest.raises(StoreError, match="cannot be written"):
            export_bundle(store, Query(), path)
    assert bundle.read_bytes() == before
    assert list(bundle.parent.glob("*.part")) == []


def test_what_others_spent_counts_against_no_budget(store: Store, other: Store, bundle: Path) -> None:
    """The ledger of the importing store stays as it was, also after a purge."""
    before = other.ledger("day")
    ids = import_bundle(other, bundle)
    assert (other.spent(), other.ledger("day")) == (0, before)
    other.purge(ids)
    assert (other.spent(), other.ledger("day")) == (0, before)
    assert other.begin(plan(high=5), budget=Budget(limit=5))
    with pytest.raises(BudgetError):
        store.begin(plan(high=5), budget=Budget(limit=5))


def test_a_purged_run_can_be_imported_again(store: Store, bundle: Path) -> None:
    """It is wanted back, and what it cost here still counts."""
    uid = store.run(2).uid
    store.purge([2])
    assert import_bundle(store, bundle) == [4]
    assert (store.run(uid).id, store.spent()) == (4, 5)
    store.purge([4])
    assert store.spent() == 5


Entries = dict[str, bytes]


def _line(change: Callable[[dict], None]) -> Callable[[Entries], None]:
    """Return what changes the form of each Run."""

    def rewrite(entries: Entries) -> None:
        forms = [json.loads(line) for line in entries["runs.jsonl"].splitlines()]
        for form in forms:
            change(form)
        entries["runs.jsonl"] = b"\n".join(json.dumps(form).encode() for form in forms)

    return rewrite


def _first_picture(**values: object) -> Callable[[Entries], None]:
    return _line(lambda form: [picture.update(values) for picture in form["run"]["pictures"]])


def _set(**values: object) -> Callable[[Entries], None]:
    return _line(lambda form: form["run"].update(values))


def _add(name: str, data: bytes = b"x") -> Callable[[Entries], None]:
    return lambda entries: entries.update({name: data})


def _spoil_file(entries: Entries) -> None:
    name = next(name for name in entries if name.startswith("files/"))
    entries[name] = entries[name] + b"\0"


def _drop_file(entries: Entries) -> None:
    for name in [name for name in entries if name.startswith("files/")]:
        del entries[name]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(_add("../../evil.png"), "evil.png", id="path traversal"),
        pytest.param(_add("/etc/passwd"), "passwd", id="absolute path"),
        pytest.param(_add("files/..\\..\\evil.png"), "evil", id="backslashes"),
        pytest.param(_add("C:/evil.png"), "evil", id="drive"),
        pytest.param(_add("files/\x1b[31m.png"), "does not belong", id="control characters"),
        pytest.param(_add(f"files/{'a' * 64}.png"), "others", id="wrong sha256"),
        pytest.param(_add(f"files/{sha256(b'text').hexdigest()}.png", b"text"), "no PNG", id="no picture"),
        pytest.param(_add("runs.jsonl/"), "does not belong", id="a folder"),
        pytest.param(_spoil_file, "others", id="bytes changed"),
        pytest.param(_drop_file, "not what it says", id="files missing"),
        pytest.param(_first_picture(width=10**6), "not what it says", id="lying size"),
        pytest.param(_first_picture(media_type="text/html"), "not what it says", id="lying type"),
        pytest.param(_first_picture(sha256="../../x"), "none of ours", id="a path for a sha256"),
        pytest.param(_first_picture(index=1), "one place", id="two pictures in one place"),
        pytest.param(_first_picture(index=2**70), "as we write it", id="a number beyond the database"),
        pytest.param(_set(uid="../" + "a" * 29), "none of ours", id="a path for a uid"),
        pytest.param(_set(uid="a" * 32), "there twice", id="one uid for all"),
        pytest.param(_set(created="2026-01-01T00:00:00"), "as we write it", id="a moment without zone"),
        pytest.param(_set(status="magnificent"), "magnificent", id="unknown status"),
        pytest.param(_set(tags="red"), "as we write it", id="text for a list"),
        pytest.param(_set(cost=True), "as we write it", id="a truth for money"),
        pytest.param(_set(evil=1), "evil", id="unknown field"),
        pytest.param(_line(lambda form: form.update(dalle_nb=2)), "version", id="a later version"),
        pytest.param(_line(lambda form: form["run"].pop("request")), "request", id="no request"),
        pytest.param(_add("runs.jsonl", b"[" * 100_000), "Recursion", id="nested without end"),
        pytest.param(_add("runs.jsonl", b"{}\n"), "dalle_nb", id="empty form"),
        pytest.param(_add("runs.jsonl", b"\xff\xfe\n"), "decode", id="no text"),
        pytest.param(_set(seconds=float("inf")), "as we write it", id="infinity"),
        pytest.param(_add("runs.jsonl", b"0" * (_bundle.MOST_LINE_BYTES + 9)), "too large", id="a line without end"),
        pytest.param(lambda entries: entries.pop("runs.jsonl"), "missing", id="no list"),
    ],
)  # fmt: skip
def test_a_bundle_that_was_tampered_with_is_refused_whole(
    other: Store, bundle: Path, change: Callable[[Entries], object], said: str
) -> None:
    """The reason is told, and neither a Run nor a file of it comes in."""
    with ZipFile(bundle) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with ZipFile(bundle, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)

    _assert_refused(other, bundle, said)


def _assert_refused(store: Store, path: Path, said: str) -> None:
    runs, files = store.newest(99), _files(store)
    with pytest.raises(StoreError, match="cannot be imported") as caught:
        import_bundle(store, path)
    assert said in str(caught.value)
    assert (runs, files) == (store.newest(99), _files(store))


def _files(store: Store) -> set[Path]:
    return {path for path in store.home.rglob("*") if path.is_file() and "history.db" not in path.name}


def _bomb(archive: ZipFile) -> None:
    archive.writestr(f"files/{'b' * 64}.png", b"\0" * 30_000_000, ZIP_DEFLATED)


def _link(archive: ZipFile) -> None:
    entry = ZipInfo(f"files/{'c' * 64}.png")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, "/etc/passwd")


def _twice(archive: ZipFile) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("runs.jsonl", b"")


@pytest.mark.parametrize(
    ("add", "said"),
    [
        pytest.param(_bomb, "too large", id="a bomb"),
        pytest.param(_link, "does not belong", id="a symbolic link"),
        pytest.param(_twice, "twice", id="a name twice"),
    ],
)
def test_a_hostile_archive_is_refused(other: Store, bundle: Path, add: Callable, said: str) -> None:
    """By what its entries say of themselves, before any of them is read."""
    with ZipFile(bundle, "a") as archive:
        add(archive)
    _assert_refused(other, bundle, said)


def test_an_entry_that_lies_about_its_length_is_refused(
    other: Store, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a length told too small nor one beyond all bounds gets more read than may be."""
    data = bundle.read_bytes()
    place = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    bundle.write_bytes(data[: place + 24] + struct.pack("<I", 10) + data[place + 28 :])
    _assert_refused(other, bundle, "")
    bundle.write_bytes(data)
    monkeypatch.setattr(_bundle, "MOST_FILE_BYTES", 20)
    _assert_refused(other, bundle, "too large")
    monkeypatch.setattr(_bundle, "MOST_BYTES", 20)
    _assert_refused(other, bundle, "too large")


def test_what_is_no_bundle_is_told(other: Store, tmp_path: Path) -> None:
    """A missing file, a folder, another kind of file, an encrypted or empty archive."""
    empty = tmp_path / "empty.zip"
    ZipFile(empty, "w").close()
    text = tmp_path / "text.zip"
    text.write_text("hello")
    for path in (tmp_path / "nowhere.zip", tmp_path, text, empty):
        _assert_refused(other, path, "")


def test_a_full_disk_half_way_leaves_nothing(
    other: Store, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that were written before the trouble go again, unless a Run has them."""
    keep_file = other._files.keep
    left = iter(range(2))

    def fail(*arguments) -> Path:
        if next(left, None) is None:
            raise OSError(28, "No space left on device")
        return keep_file(*arguments)

    before = _files(other)
    monkeypatch.setattr(other._files, "keep", fail)
    with pytest.raises(StoreUnwritable, match="full"):
        import_bundle(other, bundle)
    assert _files(other) == before
    monkeypatch.undo()
    monkeypatch.setattr(adoption, "insert_run", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        import_bundle(other, bundle)
    assert _files(other) == before
    assert other.count() == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(data=st.data())
def test_bytes_changed_anywhere_never_come_in_as_something_else(
    store: Store, other: Store, bundle: Path, data: st.DataObject
) -> None:
    """However a bundle is cut and overwritten: it is refused in two lines, or what comes in is what went out."""
    whole = bundle.read_bytes()
    places = st.integers(0, len(whole) - 1)
    spoilt = bytearray(whole)
    for place, value in data.draw(st.lists(st.tuples(places, st.binary(min_size=1, max_size=8)), max_size=4)):
        spoilt[place : place + len(value)] = value
    path = bundle.with_name("spoilt.zip")
    path.write_bytes(
        bytes(spoilt)[: data.draw(st.sampled_from([len(whole)] * 3 + [len(whole) // 2]) | places)]
    )
    files = _files(other)
    try:
        ids = import_bundle(other, path)
    except StoreError:
        assert _files(other) == files
        return
    told = {run.uid: run for run in store.newest(9)}
    for number in ids:
        run = other.run(number)
        original = told[run.uid]
        assert replace(run, id=original.id, imported=False) == original
    other.purge(ids)


forms = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(data=st.data())
def test_no_form_breaks_what_reads_it(other: Store, bundle: Path, data: st.DataObject) -> None:
    """Any JSON in any place of a Run is refused in two lines, or makes a Run that reads back as it was told."""
    with ZipFile(bundle) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    form = json.loads(entries["runs.jsonl"].splitlines()[1])
    part = form["run"]
    for _ in range(data.draw(st.integers(0, 2))):
        inner = [value for value in part.values() if isinstance(value, dict) and value]
        part = data.draw(st.sampled_from(inner)) if inner else part
    part[data.draw(st.sampled_from(sorted(part)) | st.text(max_size=5))] = data.draw(forms)
    path = bundle.with_name("form.zip")
    with ZipFile(path, "w") as archive:
        for name, text in (entries | {"runs.jsonl": json.dumps(form).encode()}).items():
            archive.writestr(name, text)
    try:
        ids = import_bundle(other, path)
    except StoreError:
        return
    told = [read_run(line) for line in json.dumps(form).encode().splitlines()]
    assert [other.run(number).request for number in ids] == [run.request for run in told]
    other.purge(ids)


def test_the_list_is_small_and_the_pictures_are_as_they_were(bundle: Path, store: Store) -> None:
    """Lines are packed, pictures are not: they would not get smaller."""
    with ZipFile(bundle) as archive:
        packed = {entry.filename: entry.compress_type for entry in archive.infolist()}
        assert packed.pop("runs.jsonl") == ZIP_DEFLATED
        assert set(packed.values()) == {zipfile.ZIP_STORED}
        names = {picture.sha256 for run in store.newest(9) for picture in run.pictures}
        assert names <= {Path(name).stem for name in packed}
