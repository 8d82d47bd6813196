"""Pictures in a labelled table, as one picture: rows and columns named at their edges, one table above the other.

Bytes and words in, a Grid out; fonts are passed in. An axis with a word that no font has is numbered, and its
words stand in the legend.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from dalle_nb._fonts import OWN, Typeface, find_font, open_font
from dalle_nb._render import clean, line_bundle, shorten
from dalle_nb._thumbnails import fingerprint, open_picture, thumbnail

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

    from dalle_nb._render import Bundle

WIDTH = 1200
"""Pixels that a grid is wide, as far as its pictures stay between these edges."""
SMALLEST, LARGEST = 96, 320

_GAP, _LINES = 8, 3
_GROUND, _INK, _EMPTY = (255, 255, 255), (40, 40, 44), (236, 236, 238)

Table = tuple[str, Sequence[Sequence[bytes | None]]]
"""A title, and rows of pictures; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One picture of many: PNG bytes, its size in pixels, its words."""

    data: bytes = field(repr=False)
    width: int
    height: int
    alt: str
    legend: tuple[str, ...] = ()
    """What the numbers at its edges mean, where they are numbered."""
    labels: tuple[Box, ...] = ()
    """Boxes (left, top, right, bottom) that hold words and no picture."""

    @property
    def image(self) -> Image:
        """The pixels as a PIL image."""
        return open_picture(self.data)

    def save(self, path: str | Path) -> Path:
        """Write it as a PNG, and return the path; FileExistsError where there is a file already."""
        with Path(path).open("xb") as file:
            file.write(self.data)
        return Path(path)

    def bundle(self) -> Bundle:
        """Return it as it is shown: JPEG, its words, and where they stand."""
        file = BytesIO()
        self.image.save(file, "JPEG", quality=80, optimize=True)
        plain = (
            f"<Grid {self.width}x{self.height} fingerprint {fingerprint(self._without_words())}: {self.alt}>"
        )
        about: dict[str, Any] = {"alt": self.alt, "width": self.width, "height": self.height}
        about["labels"] = [list(box) for box in self.labels]
        shown = {"image/jpeg": b64encode(file.getvalue()).decode(), "text/plain": plain}
        return shown, {"image/jpeg": about, "alt": self.alt}

    def _without_words(self) -> bytes:
        """Return its pictures alone, which look the same whatever the fonts."""
        file, image = BytesIO(), self.image
        for box in self.labels:
            image.paste(_GROUND, box)
        image.save(file, "BMP")
        return file.getvalue()

    def _ipython_display_(self) -> None:
        from dalle_nb._display import publish

        for bundle in (self.bundle(), *map(line_bundle, self.legend)):
            publish(bundle)


Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The words along one edge, each in a font that has it, and the pixels kept free for them.

    Those depend on the words alone: the same grid has the same places on every machine, whatever its fonts.
    """

    lines: tuple[tuple[str, ...], ...]
    fonts: tuple[FreeTypeFont, ...]
    step: int
    wide: int
    high: int
    legend: tuple[str, ...] = ()


def draw_grid(
    tables: Sequence[Table],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    alt: str = "",
    find: Callable[[str], Typeface | None] = find_font,
) -> Grid:
    """Return the tables, one above the other, with words at their rows and columns and over each."""
    from PIL import Image, ImageDraw

    wide, high = _tile(tables, len(columns))
    left, top, over = (_lay(words, wide, find) for words in (rows, columns, [title for title, _ in tables]))
    legend = tuple(
        f"{sign}{line}" for sign, edge in zip("RCT", (left, top, over), strict=True) for line in edge.legend
    )
    margin, head = left.wide + 2 * _GAP, over.high + top.high + 2 * _GAP
    table = head + len(rows) * (high + _GAP)
    size = (margin + len(columns) * (wide + _GAP), table * len(tables))
    sheet = Image.new("RGB", size, _GROUND)
    pen = ImageDraw.Draw(sheet)
    labels: list[Box] = []
    for number, (_, cells) in enumerate(tables):
        floor = number * table
        labels.append((0, floor, size[0], floor + head))
        _write(pen, over, number, (margin, floor + _GAP, size[0], floor + _GAP + over.high))
        boxes = [(margin + place * (wide + _GAP), floor + head) for place in range(len(columns))]
        for place, (x, y) in enumerate(boxes):
            _write(pen, top, place, (x, y - top.high - _GAP // 2, x + wide, y), centred=True)
        for row, line in enumerate(cells):
            y = floor + head + row * (high + _GAP)
            labels.append((0, y, margin, y + high))
            _write(pen, left, row, (_GAP, y, margin, y + high))
            for (x, _), data in zip(boxes, line, strict=False):
                _paste(sheet, data, (x, y, x + wide, y + high))
    file = BytesIO()
    sheet.save(file, "PNG")
    alt = shorten(alt, 400) or f"{len(rows)} × {len(columns)}"
    return Grid(
        data=file.getvalue(), width=size[0], height=size[1], alt=alt, legend=legend, labels=tuple(labels)
    )


def small(data: bytes) -> bytes:
    """Return a picture no larger than a grid shows it, so that many of them fit into memory."""
    return thumbnail(data, LARGEST).data


def _lay(words: Sequence[str], edge: int, find: Callable[[str], Typeface | None]) -> _Words:
    """Return the words of an edge broken into lines; or numbers in their place, where no font has some letter."""
    size = max(13, edge // 18)
    unit, step = size * 0.58, size + size // 3
    shown = [shorten(clean(word), 120) for word in words]
    lines = [_wrap(word, int(edge / unit)) for word in shown]
    wide = ceil(unit * max((_count(line) for each in lines for line in each), default=0))
    high = step * max(map(len, lines), default=0)
    legend: tuple[str, ...] = ()
    faces = [find(word) for word in shown]
    if None in faces:
        legend = tuple(f"{number}: {word}" for number, word in enumerate(shown, 1))
        lines, faces = [(str(number),) for number in range(1, len(shown) + 1)], [OWN] * len(shown)
    fonts = tuple(_fitting(face or OWN, size, each, wide) for face, each in zip(faces, lines, strict=True))
    return _Words(lines=tuple(lines), fonts=fonts, step=step, wide=wide, high=high, legend=legend)


def _wrap(text: str, most: int) -> tuple[str, ...]:
    """Return the text in a few lines of so many columns, broken between words where it has them."""
    lines: list[str] = []
    rest = text.strip()
    while rest and len(lines) < _LINES:
        fitting = (
            next((place for place in range(1, len(rest) + 1) if _count(rest[:place]) > most), len(rest) + 1)
            - 1
        )
        if fitting < len(rest) and (blank := rest.rfind(" ", 1, fitting + 1)) > 0:
            fitting = blank
        lines.append(rest[: max(1, fitting)].strip())
        rest = rest[max(1, fitting) :].strip()
    if rest:
        lines[-1] = lines[-1][:-3] + "..."
    return tuple(lines)


def _count(text: str) -> int:
    """Return how many columns a text takes; a Chinese character takes two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _fitting(face: Typeface, size: int, lines: Sequence[str], wide: int) -> FreeTypeFont:
    """Return the face at a height at which the lines are no wider than the room for them."""
    font = open_font(face, size)
    longest = max(map(font.getlength, lines), default=0)
    return font if longest <= wide else open_font(face, max(6, int(size * wide / longest)))


def _write(pen: ImageDraw, words: _Words, place: int, box: Box, *, centred: bool = False) -> None:
    """Write the words of a place in the middle of a box, from its left or ``centred``."""
    left, top, right, bottom = box
    font, lines = words.fonts[place], words.lines[place]
    y = top + (bottom - top - len(lines) * words.step) / 2
    for number, line in enumerate(lines):
        x = left + ((right - left - font.getlength(line)) / 2 if centred else 0)
        pen.text((x, y + number * words.step), line, font=font, fill=_INK)


def _tile(tables: Sequence[Table], columns: int) -> tuple[int, int]:
    """Return the width and height of the field for one picture: none is enlarged, and no field is very small."""
    sizes = [open_picture(data).size for _, rows in tables for row in rows for data in row if data] or [
        (1, 1)
    ]
    edge = min(LARGEST, WIDTH // max(1, columns), max(map(max, sizes)))
    edge = max(SMALLEST, edge)
    fitted = [(wide * edge // max(wide, high), high * edge // max(wide, high)) for wide, high in sizes]
    return max(wide for wide, _ in fitted), max(high for _, high in fitted)


def _paste(sheet: Image, data: bytes | None, box: Box) -> None:
    left, top, right, bottom = box
    if data is None:
        sheet.paste(_EMPTY, box)
        return
    tile = open_picture(data)
    tile.thumbnail((right - left, bottom - top), reducing_gap=1.0)
    place = ((left + right - tile.width) // 2, (top + bottom - tile.height) // 2)
    sheet.paste(tile, place, tile if tile.mode == "RGBA" else None)
