"""From file to history and back: our own exports, A1111's, any other picture, and whose a file is."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai_server.handle import Api
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from test_provenance import FILES, SIGNED, pixels

from dalle_nb import ImageGenerator, OptionError, PromptError, ReferenceNotFound, RequestError, StoreError
from dalle_nb._importing import identify, import_file
from dalle_nb._provenance import find_texts, read_ours, write_texts
from dalle_nb._records import Kind, Origin, Status
from dalle_nb._render import caption_bundle

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

PHOTO = Path("photo.jpg")


@pytest.fixture
def elsewhere(workshop: ImageGenerator, tmp_path: Path) -> Iterator[ImageGenerator]:
    """Give a workshop with another history, as on another machine."""
    generator = workshop.sibling(home=str(tmp_path / "elsewhere"))
    assert generator.store.home != workshop.store.home
    return generator


def told(path: Path) -> dict[str, Any]:
    return dict(json.loads(read_ours(path.read_bytes()) or "{}"))


def told_anew(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Write into a copy what is not quite what we write."""
    form = told(path)
    change(form)
    path.write_bytes(write_texts(path.read_bytes(), json.dumps(form), "x"))
    return path


# --- Our own exports ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["fox.png", "fox.jpg", "fox.webp"])
def test_an_export_is_the_run_it_was(workshop: ImageGenerator, elsewhere: ImageGenerator, where: str) -> None:
    """Another history takes the file for the very Run, converted or not, and runs it again."""
    run = workshop.generate("a fox 狐狸", size="1536x1024", quality="low")
    again = import_file(run.save(where)[0], elsewhere)
    assert run.uid == again.uid
    assert (run.record.request, run.record.sent) == (again.record.request, again.record.sent)
    assert (run.when, run.record.model, Status.DONE) == (again.when, again.record.model, again.status)
    assert Origin.IMPORTED is again.pictures[0].record.origin
    rerun = again.rerun()
    assert (again.uid, "a fox 狐狸", (1536, 1024)) == (rerun.record.parent, rerun.prompt, rerun.image.size)


def test_an_export_holds_the_very_bytes(workshop: ImageGenerator, elsewhere: ImageGenerator) -> None:
    """What was written into the copy is taken out again: here and there the picture has the same sha256."""
    run = workshop.generate("a fox")
    path = run.save("fox.png")[0]
    assert path.read_bytes() != run.pictures[0].bytes
    assert run.pictures[0].bytes == import_file(path, elsewhere).pictures[0].bytes


def test_pictures_of_a_run_come_together_again(workshop: ImageGenerator, elsewhere: ImageGenerator) -> None:
    """Files of one Run, in whatever order, make one Run, each picture in its place."""
    run = workshop.generate("a fox", n=3)
    paths = run.save("fox.png")
    counts = [len(import_file(paths[number], elsewhere)) for number in (2, 0, 1, 2)]
    again = elsewhere.store.run(run.uid)
    assert ([1, 2, 3, 3], 1) == (counts, elsewhere.store.count())
    assert [each.sha256 for each in run.record.pictures] == [each.sha256 for each in again.pictures]


def test_what_is_known_is_not_taken_twice(workshop: ImageGenerator) -> None:
    """The file of a Run that is here gives that Run, whether it tells so or is only its bytes."""
    run = workshop.generate("a fox")
    paths = [
        run.save("told.png")[0],
        run.save("plain.png", metadata=False)[0],
        run.save("converted.jpg")[0],
    ]
    assert [run.id] * 3 == [import_file(path, workshop).id for path in paths]
    assert 1 == workshop.store.count()


def test_an_import_takes_a_run_out_of_the_trash(workshop: ImageGenerator) -> None:
    """Who brings a picture back wants to see it, deleted before or not."""
    run = workshop.generate("a fox")
    path = run.save("fox.png")[0]
    run.delete()
    assert import_file(path, workshop).record.deleted is None
    assert 1 == workshop.store.count()


def test_a_changed_copy_is_a_run_of_its_own(workshop: ImageGenerator) -> None:
    """Cropped elsewhere, with what we told kept by the program: a child of the Run, with its words."""
    run = workshop.generate("a fox")
    picture, info = Image.open(run.save("fox.png")[0]), PngInfo()
    for name, text in picture.text.items():
        info.add_itxt(name, text)
    picture.crop((0, 0, 300, 200)).save("cropped.png", pnginfo=info)
    changed = import_file("cropped.png", workshop)
    assert (run.uid, "a fox", (300, 200)) == (changed.record.parent, changed.prompt, changed.image.size)
    assert changed.uid != run.uid


def test_a_copy_tells_nothing_of_its_owner(
    workshop: ImageGenerator, elsewhere: ImageGenerator, tmp_path: Path
) -> None:
    """Names of files and notebooks, tags, stars and who asked stay at home."""
    Image.new("RGB", (1024, 1024)).save("my-secret-photo.png")
    run = workshop.edit("my-secret-photo.png", "a fox", safety_identifier="user-4711", tag=["my-secret-tag"])
    data = run.star().save("fox.png")[0].read_bytes()
    for secret in (b"secret", b"4711", str(tmp_path).encode(), b"req_"):
        assert secret not in data
    again = import_file("fox.png", elsewhere).record
    assert Kind.EDIT is again.request.kind
    assert "did not come along" in " ".join(again.notes)


def test_an_imported_cost_counts_against_no_budget(
    workshop: ImageGenerator, elsewhere: ImageGenerator
) -> None:
    """What a file says was paid elsewhere: it is said, and not added to what was spent here."""
    run = workshop.generate("a fox")
    path = told_anew(run.save("fox.png")[0], lambda form: form["run"].update(cost=2**62, estimate=None))
    again = import_file(path, elsewhere)
    assert 0 == elsewhere.store.spent()
    assert again.cost is None
    assert "where it was drawn" in " ".join(again.record.notes)


# --- Signed, stripped, and formats without texts --------------------------------------------------------------


@pytest.mark.parametrize("form", SIGNED)
def test_a_signed_picture_is_left_alone(
    workshop: ImageGenerator, elsewhere: ImageGenerator, form: str
) -> None:
    """With Content Credentials the copy keeps every byte; a text beside it tells, and is read with it."""
    Path(f"signed.{form}").write_bytes(SIGNED[form])
    run = import_file(f"signed.{form}", workshop)
    path = run.save("copy/")[0]
    assert SIGNED[form] == path.read_bytes()
    assert run.uid == json.loads(path.with_name(f"{path.name}.json").read_text())["run"]["uid"]
    assert run.uid == import_file(path, elsewhere).uid


def test_a_text_left_behind_is_not_believed(workshop: ImageGenerator) -> None:
    """A text beside another picture than its own says nothing of it."""
    run = workshop.generate("a fox")
    data = run.save("fox.png")[0].read_bytes()
    Path("other.png").write_bytes(FILES["png"])
    Path("other.png.json").write_text(read_ours(data) or "")
    assert "" == import_file("other.png", workshop).prompt


def test_a_text_beside_writes_over_nothing(workshop: ImageGenerator) -> None:
    """Where only the text's name is taken, picture and text take the next free one together."""
    Path("signed.png").write_bytes(SIGNED["png"])
    Path("copy.png.json").write_text("mine")
    assert [Path("copy-2.png")] == import_file("signed.png", workshop).save("copy.png")
    assert "mine" == Path("copy.png.json").read_text()
    assert Path("copy-2.png.json").exists()


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_strip_tells_nothing(workshop: ImageGenerator, form: str) -> None:
    """A stripped copy shows the same and says nothing, not even what the server wrote into it."""
    run = workshop.generate("a fox in its den", format=form)
    bare = run.save("bare/", strip=True)[0].read_bytes()
    assert b"den" not in bare
    assert find_texts(bare).ours is None
    assert pixels(run.pictures[0].bytes) == pixels(bare)


def test_a_gif_is_told_beside_and_not_stripped(workshop: ImageGenerator) -> None:
    """A format that takes no texts gets one beside it; to strip it is refused before anything is written."""
    file = io.BytesIO()
    Image.new("P", (40, 30)).save(file, "GIF")
    Path("moving.gif").write_bytes(file.getvalue())
    run = import_file("moving.gif", workshop)
    assert Path("copy.gif") == run.save("copy.gif")[0]
    assert Path("copy.gif.json").exists()
    with pytest.raises(OptionError):
        run.save("bare.gif", strip=True)
    assert not Path("bare.gif").exists()


# --- Pictures of others ---------------------------------------------------------------------------------------

A1111 = (
    "a lighthouse, (storm:1.2)\nNegative prompt: people\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965400086, Size: 832x1216, Model: sd_xl"
)


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_a_picture_of_a1111_can_be_run_again(workshop: ImageGenerator, form: str) -> None:
    """Its prompt, what to avoid and its size are asked; all else it says is kept as it was sent there."""
    if form == "png":
        info = PngInfo()
        info.add_text("parameters", A1111)
        Image.new("RGB", (832, 1216)).save("theirs", "PNG", pnginfo=info)
    else:
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + A1111.encode("utf-16-be")
        Image.new("RGB", (832, 1216)).save("theirs", form, exif=exif)
    run = import_file("theirs", workshop)
    assert ("import", "sd_xl") == (run.record.backend, run.record.model)
    assert (965400086, "people") == (run.record.sent[0]["seed"], run.record.sent[0]["negative_prompt"])
    rerun = run.rerun()
    assert "a lighthouse, (storm:1.2)\nAvoid: people" == rerun.prompt
    assert ("832x1216", run.uid) == (rerun.record.sent[0]["size"], rerun.record.parent)
    assert "lighthouse" in run.code("python")
    assert "negative_prompt" not in run.code("python")


@pytest.mark.parametrize(("theirs", "asked"), [("512x512", (512, 512)), ("1000x700", (1008, 704))])
def test_a_size_that_is_not_drawn_becomes_the_nearest(
    workshop: ImageGenerator, theirs: str, asked: tuple[int, int]
) -> None:
    """Sizes of other models are no reason to refuse a rerun."""
    line = f"x\nSteps: 1, Seed: 1, Size: {theirs}"
    Path("theirs.png").write_bytes(write_texts(FILES["png"], "none of ours", line))
    assert asked == import_file("theirs.png", workshop).rerun().image.size


def test_any_picture_can_be_edited_and_varied(workshop: ImageGenerator) -> None:
    """A picture that says nothing becomes a Run without words: to edit, to vary, and not to draw anew."""
    Image.new("RGB", (640, 480), "navy").save(PHOTO)
    run = import_file(PHOTO, workshop)
    assert (Status.DONE, "import", "", (640, 480)) == (
        run.status,
        run.record.recipe,
        run.prompt,
        run.image.size,
    )
    assert "photo.jpg" in caption_bundle(run.record)[0]["text/plain"]
    assert run.uid == run.edit("add a moon").record.parent
    assert run.uid == run.vary().record.parent
    with pytest.raises(PromptError):
        run.rerun()
    assert run.id == import_file(PHOTO, workshop).id


def test_a_photo_is_put_upright(workshop: ImageGenerator) -> None:
    """What a camera turned on its side stands as it is seen, in the history as in copies."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.linear_gradient("L").resize((64, 32)).save(PHOTO, exif=exif, quality=95)
    run = import_file(PHOTO, workshop)
    assert ImageOps.exif_transpose(Image.open(PHOTO)).tobytes() == run.image.tobytes()
    assert run.id == import_file(PHOTO, workshop).id


# --- Whose picture it is --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "how", "by"),
    [
        ("plain.png", {"metadata": False}, "bytes"),
        ("told.png", {}, "copy"),
        ("converted.jpg", {}, "name"),
    ],
)
def test_a_file_is_known(workshop: ImageGenerator, where: str, how: dict[str, bool], by: str) -> None:
    """The bytes, a copy that was told, and a converted one lead to the picture, and say how."""
    run = workshop.generate("a fox", n=2)
    identity = identify(run.pictures[1].save(where, **how), workshop)
    assert identity is not None
    assert (run.id, f"{run.id}/2", by) == (identity.run.id, identity.picture.reference, identity.by)
    assert by in repr(identity)


def test_a_strangers_file_is_nobodys(workshop: ImageGenerator, elsewhere: ImageGenerator) -> None:
    """A Run of another history, a picture of nobody and no picture at all are told apart from ours."""
    path = workshop.generate("a fox").save("fox.png")[0]
    assert identify(path, elsewhere) is None
    for number, data in enumerate((FILES["jpeg"], b"", b"words")):
        Path(f"{number}").write_bytes(data)
        assert identify(f"{number}", workshop) is None


# --- Hostile files --------------------------------------------------------------------------------------------


def test_what_is_no_plain_file_is_refused(workshop: ImageGenerator, tmp_path: Path) -> None:
    """Links, folders, pipes and what is not there are told before anything is read; nothing waits."""
    Path("real.png").write_bytes(FILES["png"])
    Path("link.png").symlink_to("real.png")
    os.mkfifo("pipe.png")
    with Path("huge.png").open("wb") as file:
        file.truncate((50 << 20) + 1)
    for path in ("link.png", "pipe.png", tmp_path, "huge.png", "/dev/zero", "a\0b"):
        for look in (import_file, identify):
            with pytest.raises(RequestError):
                look(path, workshop)
    with pytest.raises(ReferenceNotFound):
        import_file("nowhere.png", workshop)
    assert 0 == workshop.store.count()


@pytest.mark.parametrize("data", [b"", b"words", FILES["png"][:-20], FILES["jpeg"][:300], FILES["webp"][:99]])
def test_what_is_no_picture_is_refused(workshop: ImageGenerator, data: bytes) -> None:
    """A damaged file is no picture, whatever it tells, and leaves nothing behind."""
    Path("torn.png").write_bytes(data)
    with pytest.raises(RequestError):
        import_file("torn.png", workshop)
    assert 0 == workshop.store.count()


HOSTILE: dict[str, Callable[[dict[str, Any]], object]] = {
    "another version": lambda form: form.update(dalle_nb=2),
    "no run": lambda form: form.pop("run"),
    "a list": lambda form: form.update(run=[]),
    "uid of a path": lambda form: form["run"].update(uid="../../etc"),
    "no pictures": lambda form: form["run"].update(pictures=[]),
    "place 0": lambda form: form["run"]["pictures"][0].update(index=0),
    "sha256 of a path": lambda form: form["run"]["pictures"][0].update(sha256="../x"),
    "unknown field": lambda form: form["run"].update(evil=1),
    "number of words": lambda form: form["run"].update(prompt=7),
    "year 1": lambda form: form["run"].update(created="0001-01-01T00:00:00+14:00"),
    "no zone": lambda form: form["run"].update(created="2026-01-01T00:00:00"),
    "deep": lambda form: form["run"]["request"].update(options=json.loads('{"a":' * 400 + "1" + "}" * 400)),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_what_is_not_as_we_write_it_is_not_believed(
    workshop: ImageGenerator, elsewhere: ImageGenerator, change: Callable[[dict[str, Any]], object]
) -> None:
    """A telling that was tampered with counts for nothing; the picture itself is taken in all the same."""
    path = told_anew(workshop.generate("a fox").save("fox.png")[0], change)
    run = import_file(path, elsewhere)
    assert (1, Status.DONE) == (len(run), run.status)
    assert "../" not in run.uid
    assert 1 == elsewhere.store.count()


def test_what_is_told_is_shown_and_never_run(workshop: ImageGenerator, elsewhere: ImageGenerator) -> None:
    """Script, controls, halves of letters and turned text in a prompt are words, escaped where they are shown."""
    evil = "<script>alert(1)</script>\0\ud800\u202e {{7*7}}"

    def change(form: dict[str, Any]) -> None:
        form["run"]["request"]["prompt"] = evil
        form["run"].update(model=evil, status="asked", tags=[evil], deleted=form["run"]["created"])

    run = import_file(told_anew(workshop.generate("a fox").save("fox.png")[0], change), elsewhere)
    shown = caption_bundle(run.record)[0]["text/html"]
    assert "<script" not in shown
    assert "&lt;script" in shown
    assert (Status.DONE, (), None) == (run.status, run.record.tags, run.record.deleted)
    assert evil == elsewhere.store.run(run.uid).request.prompt


def test_a_stranger_adds_no_picture_to_a_run_of_ours(workshop: ImageGenerator) -> None:
    """A file that names a Run of ours, with other words than ours, brings nothing into it."""
    run = workshop.generate("a fox")

    def change(form: dict[str, Any]) -> None:
        form["run"]["request"]["prompt"] = "buy gold"
        form["run"]["pictures"][0]["index"] = 2

    import_file(told_anew(run.save("fox.png")[0], change), workshop)
    assert run.record.pictures == workshop.store.run(run.uid).pictures


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.lists(st.integers(0, 40), min_size=1, max_size=5), value=values, text=st.binary(max_size=60))
def test_any_telling_is_survived(
    workshop: ImageGenerator, exported: Path, path: list[int], value: Any, text: bytes
) -> None:
    """Whatever stands where we write ours, the import gives a Run or says why not."""
    data, form = exported.read_bytes(), told(exported)
    part: Any = form
    for step in path:
        keys = (
            list(part) if isinstance(part, dict) else list(range(len(part))) if isinstance(part, list) else []
        )
        if not keys:
            break
        owner, key = part, keys[step % len(keys)]
        part = owner[key]
    owner[key] = value
    for ours in (json.dumps(form), text.decode("latin-1")):
        Path("any.png").write_bytes(write_texts(data, ours, text.decode("latin-1")))
        try:
            run = import_file("any.png", workshop)
        except (RequestError, StoreError):
            continue
        assert run.record == workshop.store.run(run.id)
        assert caption_bundle(run.record)


@pytest.fixture
def exported(server: Api, tmp_path: Path) -> Path:
    """Save a picture that a history somewhere else knows."""
    away = ImageGenerator(home=str(tmp_path / "away"))
    return away.generate("a fox", size="1024x1024").save(tmp_path / "exported.png")[0]
