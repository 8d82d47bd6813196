"""Draw the painter's sheet: one picture for each of many prompts, with its prompt beneath.

`make painter-sheet` writes docs/painter-sheet.jpg, which shows every place, effect and style, and
artifacts/painter-sheet.jpg, which shows every subject too. The prompts are in painter_sheet.toml.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from dalle_nb.backends.offline.painter import paint
from dalle_nb.backends.offline.reader import read

_TEXT = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
SHOWN: tuple[str, ...] = tuple(_TEXT["shown"])
PROMPTS: tuple[str, ...] = (*SHOWN, *_TEXT["more"])
CELL, CAPTION, COLUMNS = 150, 34, 10
DRAWN = 512  # pixels that each picture is painted at before it is made small
_PAPER, _INK, _GREY = "#fbf8f1", "#2c2a28", "#8b857c"
# Where the common systems keep a font with Chinese in it.
_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "PingFang.ttc",
    "msyh.ttc",
    "wqy-microhei.ttc",
)


def main(targets: Sequence[Path]) -> None:
    """Draw the gallery's sheet and the whole one and, where no font has Chinese letters, a legend beside each."""
    font = find_font()
    with ProcessPoolExecutor() as painters:
        pictures = list(painters.map(draw, range(len(PROMPTS)), chunksize=8))
    for target, prompts in zip(targets, (SHOWN, PROMPTS), strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        lay_out(prompts, pictures, font).save(target, quality=72, optimize=True, progressive=True)
        if font is None:
            legend = "\n".join(f"{number}. {prompt}" for number, prompt in enumerate(prompts, 1))
            target.with_suffix(".txt").write_text(legend + "\n", "utf-8")
        print(f"{target}: {len(prompts)} pictures, {target.stat().st_size // 1000} kB")


def find_font() -> ImageFont.FreeTypeFont | None:
    """Return a font with Chinese letters, or None."""
    folders = (Path("/usr/share/fonts"), Path("/System/Library/Fonts"), Path("C:/Windows/Fonts"))
    for name in _FONTS:
        for folder in folders:
            for found in folder.rglob(name) if folder.is_dir() else ():
                return ImageFont.truetype(str(found), 13)
    return None


def draw(at: int) -> Image.Image:
    """Return the picture of the prompt at a place, small."""
    picture = paint(read(PROMPTS[at], seed=at + 1), DRAWN, DRAWN)
    return picture.resize((CELL, CELL), Image.Resampling.LANCZOS)


def lay_out(
    prompts: Sequence[str], pictures: Sequence[Image.Image], font: ImageFont.FreeTypeFont | None
) -> Image.Image:
    """Return a sheet: pictures in rows, each with its prompt or, without a font, its number beneath."""
    rows = -(-len(prompts) // COLUMNS)
    gap = 10
    sheet = Image.new("RGB", (COLUMNS * (CELL + gap) + gap, rows * (CELL + CAPTION + gap) + gap), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for at, prompt in enumerate(prompts):
        x, y = gap + at % COLUMNS * (CELL + gap), gap + at // COLUMNS * (CELL + CAPTION + gap)
        sheet.paste(pictures[at], (x, y))
        if font is None:
            pen.text((x, y + CELL + 3), str(at + 1), fill=_INK)
            continue
        for line, text in enumerate(_lines(f"{at + 1}  {prompt}", font)):
            pen.text((x, y + CELL + 1 + 16 * line), text, fill=_GREY if line else _INK, font=font)
    return sheet


def _lines(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """Return a caption in two lines, cut where it is longer."""
    lines = [""]
    for letter in text:
        if font.getlength(lines[-1] + letter) > CELL:
            if len(lines) == 2:
                return [lines[0], lines[1][:-1] + "…"]
            whole, space, rest = lines[-1].rpartition(" ")
            lines = [whole, rest] if space and rest.isascii() else [lines[-1], ""]
        lines[-1] += letter
    return lines


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:3]])
