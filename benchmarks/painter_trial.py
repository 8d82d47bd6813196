"""Draw the painter's trial: numbered pictures for a person who has not seen their prompts.

`make painter-trial` writes them to artifacts/trial/, with a sheet of them all and a note on what to write down. The
answers are then laid beside `painter_trial.toml`, which holds the prompts, what is to be named in each, and what past
trials came to.
"""

from __future__ import annotations

import random
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from dalle_nb.backends.offline.painter import paint
from dalle_nb.backends.offline.reader import read

KEY = Path(__file__).with_suffix(".toml")
ASPECTS = ("subject", "colour", "place")
SIZE, COLUMNS, CELL = 768, 5, 300
_NOTE = """Name what you see, one line for each picture:

    number: subject; its colour; place (and hour or weather, where they are plain to see)

Name every main thing. Say "unclear" where you cannot tell. Do not look for the prompts.
"""


def main(folder: Path) -> None:
    """Draw the pictures, and say what past trials came to."""
    trial = tomllib.loads(KEY.read_text("utf-8"))
    prompts = trial["prompt"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(_NOTE, "utf-8")
    sheet = Image.new("RGB", (COLUMNS * CELL, -(-len(prompts) // COLUMNS) * CELL), "white")
    for number, entry in shuffled(prompts):
        picture = paint(read(entry["text"], seed=number), SIZE, SIZE)
        picture.save(folder / f"{number:02}.png")
        at = ((number - 1) % COLUMNS * CELL, (number - 1) // COLUMNS * CELL)
        sheet.paste(picture.resize((CELL, CELL), Image.Resampling.LANCZOS), at)
        ImageDraw.Draw(sheet).text(
            (at[0] + 6, at[1] + 4), str(number), fill="white", stroke_width=2, stroke_fill="black"
        )
    sheet.save(folder / "sheet.png")
    asked = sum(aspect in entry for entry in prompts for aspect in ASPECTS)
    print(f"{folder}: {len(prompts)} pictures, {asked} aspects to name")
    for result in trial.get("result", ()):
        print(
            f"{result['date']}: {result['aspects']} of {result['asked']} aspects, {result['whole']} pictures whole"
        )


def shuffled(prompts: Iterable[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """Return the prompts with the numbers their pictures have: neighbours in the file are none on the sheet."""
    entries = list(prompts)
    numbers = list(range(1, len(entries) + 1))
    random.Random(8).shuffle(numbers)  # noqa: S311  # an order, no secret
    return sorted(zip(numbers, entries, strict=True), key=lambda pair: pair[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
