"""Saving: any file, folder or pattern, never over something else, and never outside where it was meant."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai_server.handle import Api
from PIL import Image

import dalle_nb as dn
from dalle_nb import ImageGenerator, OptionError, StoreUnwritable
from dalle_nb._saving import name_from, save_pictures

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

FIELDS = {
    "id": 7,
    "uid": "0a",
    "prompt": "../../etc/a cat",
    "model": "gpt-image-2.5-flare",
    "date": "2026-11-22",
}


def picture(mode: str = "RGB", form: str = "PNG") -> tuple[bytes, str]:
    buffer = io.BytesIO()
    Image.new(mode, (16, 16)).save(buffer, form)
    return buffer.getvalue(), f"image/{form.lower()}"


def save(where: str, count: int = 1) -> list[str]:
    return [str(path) for path in save_pictures([picture()] * count, where, FIELDS)]


@pytest.mark.parametrize(
    ("where", "count", "paths"),
    [
        ("fox.png", 1, ["fox.png"]),
        ("fox", 1, ["fox.png"]),
        ("fox.png", 3, ["fox-1.png", "fox-2.png", "fox-3.png"]),
        ("new/deep/fox.png", 1, ["new/deep/fox.png"]),
        ("folder/", 1, ["folder/7-etc-a-cat.png"]),
        ("folder/", 2, ["folder/7-etc-a-cat-1.png", "folder/7-etc-a-cat-2.png"]),
        ("{date}/{id}-{n:02}.png", 2, ["2026-11-22/7-01.png", "2026-11-22/7-02.png"]),
        ("{model}.png", 1, ["gpt-image-2-5-flare.png"]),
        ("图片/{prompt}.png", 1, ["图片/etc-a-cat.png"]),
    ],
)
def test_a_place_is_a_file_a_folder_or_a_pattern(where: str, count: int, paths: list[str]) -> None:
    """Folders are made, several are numbered, fields are filled, and a missing ending is the picture's own."""
    assert paths == save(where, count)
    assert all(Path(path).read_bytes() == picture()[0] for path in paths)


def test_nothing_is_overwritten() -> None:
    """What is there already stays as it is; the next free number is taken."""
    Path("fox.png").write_text("mine")
    assert ["fox-2.png"] == save("fox.png")
    assert ["fox-3.png"] == save("fox.png")
    assert Path("fox.png").read_text() == "mine"


def test_an_existing_folder_needs_no_slash() -> None:
    """A name that is a folder already is one."""
    Path("folder").mkdir()
    assert ["folder/7-etc-a-cat.png"] == save("folder")


@pytest.mark.parametrize(
    ("suffix", "form"), [("jpg", "JPEG"), ("jpeg", "JPEG"), ("webp", "WEBP"), ("PNG", "PNG")]
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L"])
def test_another_ending_converts(suffix: str, form: str, mode: str) -> None:
    """The file's ending says its format, also where the picture is transparent and the format is not."""
    (path,) = save_pictures([picture(mode)], f"fox.{suffix}", FIELDS)
    with Image.open(path) as saved:
        assert (form, (16, 16)) == (saved.format, saved.size)


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("fox.txt", OptionError),
        ("fox.svg", OptionError),
        ("{nobody}.png", OptionError),
        ("{prompt.__class__}.png", OptionError),
        ("{prompt[0]}.png", OptionError),
        ("{.png", OptionError),
        ("{n:{id}z}.png", OptionError),
        ("/proc/nowhere/fox.png", StoreUnwritable),
        ("x" * 300 + ".png", StoreUnwritable),
        ("a\0b.png", StoreUnwritable),
    ],
    ids=lambda value: str(value)[:24].replace("\0", "NUL"),
)
def test_a_wrong_place_is_told(where: str, error: type[dn.DalleError]) -> None:
    """An unknown field, an ending that is no format, a place that cannot be: an error that says what to do."""
    with pytest.raises(error) as caught:
        save(where)
    assert caught.value.fix
    assert list(Path.cwd().iterdir()) == []


@given(st.text(max_size=80))
def test_a_prompt_is_one_inert_part_of_a_path(prompt: str) -> None:
    """Whatever stands in a prompt, it names one file in its folder and no other place."""
    name = name_from(prompt)
    assert name
    assert Path(name).name == name
    assert not name.startswith((".", "-", "~"))
    assert not set(name) & set('/\\:*?"<>|\0')


# --- Runs -------------------------------------------------------------------------------------------------


def test_a_run_saves_all_and_a_picture_itself(workshop: ImageGenerator) -> None:
    """``run.save`` writes each picture, ``picture.save`` the one; without metadata the bytes stay as they came."""
    run = workshop.generate("a cat", n=2)
    assert [Path("cat-1.png"), Path("cat-2.png")] == run.save("cat.png")
    assert Path("second.png") == run.pictures[1].save("second.png", metadata=False)
    with Image.open("second.png") as saved:
        assert saved.tobytes() == run.pictures[1].image.tobytes()


def test_a_wrong_place_is_told_before_it_is_paid(workshop: ImageGenerator, server: Api) -> None:
    """``save=`` with a pattern that cannot be filled, or no format, costs nothing."""
    for where in ("{nobody}.png", "cat.txt"):
        with pytest.raises(OptionError):
            workshop.generate("a cat", save=where)
    assert server.calls == []


def test_a_failed_save_loses_nothing(workshop: ImageGenerator) -> None:
    """Where the file cannot be written after all, the error brings the Run, whose picture is in the history."""
    with pytest.raises(StoreUnwritable) as caught:
        workshop.generate("a cat", save="/proc/nowhere/cat.png")
    assert caught.value.run.image.size == (1024, 1024)


def test_an_option_saves_too(workshop: ImageGenerator) -> None:
    """``save=`` of a call is ``run.save`` after it."""
    workshop.generate("a cat", save="out/")
    assert ["1-a-cat.png"] == [path.name for path in Path("out").iterdir()]
