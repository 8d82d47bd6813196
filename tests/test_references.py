"""References: every spelling and every kind of object finds its picture, and nothing hostile gets in."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import dalle_nb as dn
from dalle_nb import ReferenceNotFound, RequestError
from dalle_nb._generator import default_generator
from dalle_nb._references import MAX_INPUT_BYTES, find_run, find_source


@pytest.fixture
def fox() -> dn.Run:
    """Draw three small pictures offline, so that the history holds Run 1."""
    return dn.generate("a fox", backend="offline", size="256x256", n=3)


def png(width: int = 8, height: int = 8, colour: str = "red") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def found(reference: object, **namespace: object) -> Any:
    return find_source(reference, default_generator().store, namespace)


def fix_of(reference: object, **namespace: object) -> str:
    with pytest.raises(RequestError) as caught:
        found(reference, **namespace)
    assert caught.value.what
    assert caught.value.fix
    return caught.value.fix


# --- what finds its picture -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "index"),
    [(1, 1), ("1", 1), ("#1", 1), ("1/3", 3), ("#1/2", 2), ("-1", 1), ("-1/2", 2), (-1, 1)],
    ids=repr,
)
def test_a_run_and_its_pictures(fox: dn.Run, reference: object, index: int) -> None:
    """A history id, with or without the number of a picture, counted from the newest or not, is found."""
    source = found(reference)
    assert source.run.id == 1
    assert source.blob.data == fox.pictures[index - 1].bytes


def test_every_kind_of_object(fox: dn.Run, tmp_path: Path) -> None:
    """A Run, a Picture, PIL, numpy, bytes, and paths of both kinds are pictures."""
    file = tmp_path / "red.png"
    file.write_bytes(png())
    array = np.zeros((8, 6, 3), "uint8")
    objects = {
        "run": (fox, 256),
        "picture": (fox.pictures[1], 256),
        "pil": (Image.new("RGBA", (8, 8)), 8),
        "palette": (Image.new("P", (8, 8)), 8),
        "cmyk": (Image.new("CMYK", (8, 8)), 8),
        "array": (array, 6),
        "grey": (array[:, :, 0], 6),
        "floats": (array / 255.0, 6),
        "booleans": (array[:, :, 0] > 0, 6),
        "bytes": (png(), 8),
        "bytearray": (bytearray(png()), 8),
        "memoryview": (memoryview(png()), 8),
        "path": (file, 8),
        "text": (str(file), 8),
    }
    for name, (value, width) in objects.items():
        assert width == found(value).blob.width, name
        if not isinstance(value, str):
            assert width == found("it", it=value).blob.width, name


def test_a_picture_is_put_upright() -> None:
    """A camera held sideways says so in EXIF only, which no server reads: the pixels are turned."""
    picture = Image.new("RGB", (40, 20), "blue")
    picture.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save("sideways.jpg", exif=exif, quality=95)
    blob = found("sideways.jpg").blob
    turned = Image.open(io.BytesIO(blob.data))
    assert ((20, 40), (20, 40)) == ((blob.width, blob.height), turned.size)
    assert "red" == ("red" if turned.convert("RGB").getpixel((10, 5))[0] > 200 else "blue")


# --- what could be two things -----------------------------------------------------------------------------


def test_a_run_or_a_file(fox: dn.Run) -> None:
    """Where a file is called like a Run, both spellings are offered, and both work."""
    Path("1").write_bytes(png())
    fix = fix_of("1")
    assert "#1" in fix
    assert "./1" in fix
    assert found("#1").run.id == 1
    assert found("./1").run is None
    assert found(1).run.id == 1  # a number in Python is no file


def test_a_variable_or_a_file(fox: dn.Run) -> None:
    """Where a file is called like a variable, both spellings are offered, and both work."""
    Path("cat").write_bytes(png())
    fix = fix_of("cat", cat=fox)
    assert "$cat" in fix
    assert "./cat" in fix
    assert found("$cat", cat=fox).run.id == 1
    assert found("./cat", cat=fox).run is None
    assert found("cat").run is None  # Python's own calls know no variables by name


# --- what is nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("99", "history"),
        ("-99", "Draw something first"),
        ("1/9", "1/1"),
        ("9" * 40, "history id"),
        (10**30, "history"),
        (-(10**30), "history"),
        (True, "PIL"),
        ("nobody", "history id"),
        ("no/such/file.png", "history id"),
        ("x" * 5000, "history id"),
        ("a\0b", "history id"),
        ("~nobody-of-that-name/x.png", "history id"),
        ("\ud800", "history id"),
        ("", "history id"),
        (Path("nobody.png"), "path"),
        (Path(), "path"),
        (Path("/dev/zero"), "path"),
        (3.5, "numpy"),
        (None, "numpy"),
        ({}, "numpy"),
        (np.zeros((2, 2, 7)), "numpy"),
        (np.zeros((0, 4, 3)), "numpy"),
        (SimpleNamespace(record="no record"), "numpy"),
        (b"", "bytes"),
        (b"no picture", "bytes"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_picture_says_what_would_be(fox: dn.Run, reference: object, words: str) -> None:
    """Whatever is no picture is a RequestError in two lines that says what to give instead."""
    assert words in fix_of(reference)


@pytest.mark.parametrize("reference", ["99", 99, "nobody", -99, 10**30], ids=repr)
def test_a_missing_run_is_a_key_error(fox: dn.Run, reference: Any) -> None:
    """The history is a mapping by id: what is not there is a KeyError, with our two lines."""
    with pytest.raises(KeyError) as caught:
        dn.history[reference]
    assert isinstance(caught.value, ReferenceNotFound)
    assert "→" in str(caught.value)


def test_a_run_without_a_picture_is_told() -> None:
    """A failed Run has nothing to start from, and the error says how to run it again."""
    with pytest.raises(dn.RefusedError):
        dn.generate("gore, blood everywhere", backend="offline")
    assert "--rerun 1" in fix_of(1)


# --- what is hostile --------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bomb() -> bytes:
    """Return a small PNG that claims ten thousand million pixels."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


HOSTILE = {
    "bomb.png": bomb(),
    "text.png": b"#!/bin/sh\nrm -rf /\n",
    "cut.png": png(64, 64)[:-20],
    "empty.png": b"",
    "entities.svg": b'<!DOCTYPE x [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
    "page.svg": b"<html><svg></svg></html>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused(name: str) -> None:
    """A bomb, text under a picture's name, a file cut short: refused by what it is, before it is decoded."""
    Path(name).write_bytes(HOSTILE[name])
    assert "PNG or JPEG" in fix_of(name)


def test_a_giant_file_is_refused_unread() -> None:
    """Of a file beyond the API's limit no more than the limit is read."""
    with Path("giant.png").open("wb") as file:
        file.write(png())
        file.truncate(MAX_INPUT_BYTES + (10 << 20))
    assert "smaller" in fix_of("giant.png")


def test_a_run_is_found_by_its_uid(fox: dn.Run) -> None:
    """The permanent name of a Run finds it too."""
    assert fox.id == find_run(fox.uid, default_generator().store).id
