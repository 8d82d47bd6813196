"""Finds a font of this machine that has every letter of a text, so that no label shows empty boxes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

Typeface = tuple[str, int]
"""The path of a font file and the place of the face in it; an empty path is the font that Pillow brings."""

OWN: Typeface = ("", 0)
MOST_FILES = 3_000

# A plain face with many letters first; whatever else is there comes after.
_LIKED = ("notosanscjk-regular", "notosanssc", "sourcehansans", "pingfang", "hiragino sans gb", "msyh", "wqy",
          "dejavusans.", "arial unicode", "notosans-regular", "arial.", "segoeui.")  # fmt: skip
_FOLDERS = {
    "win32": ("C:/Windows/Fonts", "~/AppData/Local/Microsoft/Windows/Fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
}
_ELSEWHERE = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_NOBODYS = "\U0010ffff"
"""A code point that no font has a letter for."""


def open_font(face: Typeface, size: int) -> FreeTypeFont:
    """Return a face at a height in pixels."""
    from PIL import ImageFont

    path, index = face
    font = ImageFont.truetype(path, size, index=index) if path else ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def find_font(text: str) -> Typeface | None:
    """Return a face that has all letters of the text; None where this machine has none."""
    return _find("".join(sorted(set(text))))


@lru_cache(maxsize=256)
def _find(letters: str) -> Typeface | None:
    return next((face for face in (OWN, *_faces()) if _has(face, letters)), None)


def _has(face: Typeface, letters: str) -> bool:
    try:
        font = open_font(face, 16)
        box = bytes(font.getmask(_NOBODYS))
        return all(letter.isspace() or bytes(font.getmask(letter)) != box for letter in letters)
    except (OSError, ValueError):
        return False


@cache
def _faces() -> tuple[Typeface, ...]:
    folders = (Path(folder).expanduser() for folder in _FOLDERS.get(sys.platform, _ELSEWHERE))
    files = islice((file for folder in folders for file in _files(folder)), MOST_FILES)
    return tuple((str(file), _simplified(file)) for file in sorted(files, key=_rank))


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.suffix.lower() in (".ttf", ".ttc", ".otf"))


def _rank(file: Path) -> tuple[int, str]:
    name = file.name.lower()
    return next((place for place, word in enumerate(_LIKED) if name.startswith(word)), len(_LIKED)), str(file)


def _simplified(file: Path) -> int:
    """Return the place in a collection of the face that draws Chinese as our readers write it."""
    if file.suffix.lower() != ".ttc" or "cjk" not in file.name.lower():
        return 0
    for index in range(10):
        try:
            if str(open_font((str(file), index), 16).getname()[0]).endswith(" SC"):
                return index
        except OSError:
            break
    return 0
