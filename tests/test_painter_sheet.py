"""The prompts of the painter's sheet, counted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dalle_nb.backends.offline import scenes, styles, subjects
from dalle_nb.backends.offline.reader import read

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
from painter_sheet import PROMPTS, SHOWN  # noqa: E402  # it is a script, not a module of the package


def _with_companions(name: str) -> tuple[str, ...]:
    """A thing, and what is always worn with it: a raincoat and its hood."""
    return (name, *subjects._facts().get(name, {}).get("also", ()))


SKETCHES = [read(prompt, seed=1) for prompt in PROMPTS]


@pytest.mark.parametrize(
    ("all_there_are", "shown"),
    [
        (scenes.names(), {scenes.choose_scene(sketch) for sketch in SKETCHES}),
        (scenes.EFFECTS, {effect for sketch in SKETCHES for effect in sketch.effects}),
        (styles.names(), {style for sketch in SKETCHES for style in sketch.styles}),
        (
            subjects.names(),
            {
                each
                for sketch in SKETCHES
                for thing in sketch.things
                for name in (thing.name, thing.seat or "", *thing.wears, *thing.holds)
                for each in _with_companions(name.partition("#")[0])
            },
        ),
    ],
    ids=["scenes", "effects", "styles", "subjects"],
)
def test_the_sheet_leaves_nothing_out(all_there_are: tuple[str, ...], shown: set[str]) -> None:
    """Whatever the painter can paint is asked for on its sheet."""
    assert set(all_there_are) <= shown


def test_the_sheet_speaks_both_languages() -> None:
    """There are at least eighty prompts, half of them Chinese, none twice, and a light picture of them all."""
    assert len(set(PROMPTS)) == len(PROMPTS) > len(SHOWN) >= 80
    assert sum(not prompt.isascii() for prompt in SHOWN) * 2 >= len(SHOWN)
    assert (ROOT / "docs" / "painter-sheet.jpg").stat().st_size < 2_000_000
