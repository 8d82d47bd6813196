"""Sweeps: every combination once, on one labelled picture, kept and found again, run again and extended."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Kernel
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont

import dalle_nb as dn
from dalle_nb._axes import read_axes
from dalle_nb._fonts import OWN, find_font, open_font
from dalle_nb._grid import draw_grid

SMALL = {"size": "256x256"}


def colour(name: str, size: tuple[int, int] = (64, 64)) -> bytes:
    file = BytesIO()
    Image.new("RGB", size, name).save(file, "PNG")
    return file.getvalue()


# --- what is varied ---------------------------------------------------------------------------------------

ASKED = {
    "alternatives": ("a {red|blue} fox", {}, ["a red fox", "a blue fox"]),
    "an empty one": ("a fox{| in snow}", {}, ["a fox", "a fox in snow"]),
    "blanks": ("a { red | blue } fox", {}, ["a red fox", "a blue fox"]),
    "two": ("{a|b} {c|d}", {}, ["a c", "a d", "b c", "b d"]),
    "named": ("a {colour=red|blue} fox, {colour}", {}, ["a red fox, red", "a blue fox, blue"]),
    "a list in the prompt": ("a {what}", {"what": ["cat", "猫"]}, ["a cat", "a 猫"]),
    "other braces": ("{x} {{y|z}} {%} {a|b}", {}, ["{x} {{y|z}} {%} a", "{x} {{y|z}} {%} b"]),
}


@pytest.mark.parametrize(("prompt", "given", "prompts"), ASKED.values(), ids=ASKED)
def test_alternatives_are_read(prompt: str, given: dict, prompts: list[str]) -> None:
    """Alternatives and names in braces are filled in, in every combination; all other text stays as it is."""
    assert prompts == [item.prompt for item in read_axes(prompt, given).items]


VALUES = {
    "list": ["low", "high"],
    "tuple": ("low", "high"),
    "column": pd.Series(["low", "high"]),
    "array": np.array(["low", "high"]),
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_options_are_varied_by_any_row_of_values(values: object) -> None:
    """A list, a tuple, a column or an array is an axis; one value is for all; an axis has the Option's own name."""
    axes = read_axes("a fox", {"quality": values, "-s": (1024, 1536), "n": 2})
    assert {"quality": ("low", "high")} == dict(axes.values)
    assert {"size": "1024x1536", "n": 2} == dict(axes.options)


def test_axes_go_side_by_side() -> None:
    """With ``zip`` the first values go together, then the second ones; unequal ones are refused."""
    axes = read_axes("a {cat|dog}", {"seed": range(2)}, side_by_side=True)
    assert [("a cat", 0), ("a dog", 1)] == [(item.prompt, item.options["seed"]) for item in axes.items]
    with pytest.raises(dn.OptionError, match="choice 2, seed 3"):
        read_axes("a {cat|dog}", {"seed": range(3)}, side_by_side=True)


WRONG = {
    "nothing": ("a fox", {}, "nothing to vary"),
    "an empty list": ("a fox", {"seed": []}, "nothing to vary"),
    "a typo": ("a fox", {"sede": [1]}, "no option sede"),
    "a job": ("a {fox|hen}", {"via": "openai-batch"}, "via is nothing"),
    "endless": ("a fox", {"seed": range(10**6)}, "more than 1000 values"),
}


@pytest.mark.parametrize(("prompt", "given", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_varied_is_said(prompt: str, given: dict, said: str) -> None:
    """A sweep without axes, or over what is no option of a Request, is refused before anything is drawn."""
    with pytest.raises(dn.OptionError, match=said):
        read_axes(prompt, given)


@given(st.text(alphabet="{}|=ab ", max_size=40))
def test_any_braces_are_read_or_refused(prompt: str) -> None:
    """No text in braces breaks a sweep: it is alternatives, plain text, or refused."""
    try:
        axes = read_axes(prompt, {"seed": [1]})
    except dn.OptionError:
        return
    assert len(axes.items) == len(axes.places)


# --- the grid ---------------------------------------------------------------------------------------------


def test_pictures_stand_at_their_places() -> None:
    """In a table each picture is at its row and column, and one that is missing leaves a grey field."""
    cells = [[colour("red"), colour("lime")], [colour("blue"), None]]
    grid = draw_grid([("", cells)], ["one", "two"], ["left", "right"])
    pixels = grid.image
    places = [(grid.width - 50 - 104 * back, grid.height - 50 - 104 * up) for up in (1, 0) for back in (1, 0)]
    found = [pixels.getpixel(place) for place in places]
    assert [(255, 0, 0), (0, 255, 0), (0, 0, 255), (236, 236, 238)] == found


def test_every_label_is_written_or_numbered() -> None:
    """Words go to the edges in a font that has them; an axis that no font has is numbered, with its words in the legend."""
    words = ["red", "一只猫", "Привет", "🦊", "\U000e0001"]
    for word in words:
        face = find_font(word)
        missing = bytes(open_font(face or OWN, 16).getmask("\U0010ffff"))
        letters = [bytes(open_font(face or OWN, 16).getmask(letter)) for letter in word]
        assert face is None or missing not in letters
    grid = draw_grid([("", [[colour("red")] * 2])], [""], ["red", "\U0010fffe"])
    assert ("C1: red", "C2: \U0010fffe") == grid.legend
    assert () == draw_grid([("", [[colour("red")] * 2])], [""], ["red", "blue"]).legend


def test_a_machine_without_fonts_numbers_its_axes() -> None:
    """Without fonts what Pillow's own lacks is numbered; each picture stands at the same place as with them."""
    own = lambda word: OWN if word.isascii() else None  # noqa: E731 - as short as it can be
    assert isinstance(open_font(OWN, 16), ImageFont.FreeTypeFont)
    grid = draw_grid([("", [[colour("red")]])], ["一只猫"], ["red"], find=own)
    assert ("R1: 一只猫",) == grid.legend
    fonts = draw_grid([("", [[colour("red")]])], ["一只猫"], ["red"])
    assert (grid.width, grid.height, grid.labels) == (fonts.width, fonts.height, fonts.labels)


@given(st.lists(st.text(max_size=200), min_size=1, max_size=3))
def test_any_label_can_be_drawn(words: list[str]) -> None:
    """Whatever the words, there is a grid."""
    own = lambda word: OWN if word.isascii() else None  # noqa: E731 - as short as it can be
    assert draw_grid([("", [[None] * len(words)])], [""], words, find=own).image


# --- a sweep ----------------------------------------------------------------------------------------------


def test_a_sweep_is_kept_found_and_extended() -> None:
    """A sweep is found again by its number in another process's view, with the same Runs; more values draw only what is new."""
    made = dn.sweep("a {cat|dog}", seed=[1, 2], **SMALL)
    found = dn.sweeps[-1]
    assert (made.id, made.axes, [run.uid for run in made]) == (
        found.id,
        found.axes,
        [run.uid for run in found],
    )
    more = found.extend(seed=[3], style=["watercolor"])
    assert 6 == len(more)
    assert [2, 1] == [each.id for each in dn.sweeps]
    wide = found.extend(seed=[3])
    assert [run.uid for run in wide if run.reused] == [run.uid for run in made]
    assert 1 == dn.sweep("a {cat|dog}", seed=[1, 2], **SMALL).id
    frame = wide.to_frame()
    assert ["cat"] * 3 + ["dog"] * 3 == list(frame["choice"])
    assert [1, 2, 3] * 2 == list(frame["seed"])
    with pytest.raises(dn.ReferenceNotFound):
        dn.sweeps[99]


def test_a_sweep_is_run_again() -> None:
    """``rerun`` draws every place anew, each a child of the one before, under the same number; changes make another sweep."""
    made = dn.sweep("a {cat|dog}", **SMALL)
    again = made.rerun()
    assert made.id == again.id == dn.sweeps[-1].id
    assert [run.uid for run in made] == [run.record.parent for run in again]
    assert [run.uid for run in again] == [run.uid for run in dn.sweeps[-1]]
    other = made.rerun(style="watercolor")
    assert other.id != made.id


def test_a_sweep_says_what_it_comes_to(capfd: pytest.CaptureFixture[str]) -> None:
    """The number of pictures is told first, and more than the cap are asked for."""
    dn.sweep("a {cat|dog}", **SMALL)
    assert "pictures to draw: 2" in capfd.readouterr().err
    with pytest.raises(dn.ConfirmationNeeded, match="cap=200"):
        dn.sweep("a cat", seed=range(200), **SMALL)


def test_a_refusal_leaves_its_place_empty(tmp_path: Path) -> None:
    """One that is refused is named under the grid, and ``complete`` asks again what failed."""
    made = dn.sweep("a {cat|dog [simulate:refusal]}", **SMALL)
    assert 1 == len(made.failed)
    assert "refused" in repr(made)
    assert made.grid.image
    assert 1 == len(made.save(tmp_path / "{prompt}.png"))
    assert ["done", "refused"] == [run.status for run in made.complete()]


def test_a_sweep_in_a_cell(kernel: Kernel) -> None:
    """A cell's alternatives and options of several values are one picture with its words, and a line."""
    kernel.run("%load_ext dalle_nb")
    outputs = kernel.run("%%dalle_sweep -s 256x256 --seed 1|2\na {red|blue} fox")
    (picture,) = (output for output in outputs if "image/jpeg" in output.get("data", {}))
    assert "choice: red, blue; seed: 1, 2" in picture.metadata["alt"]
    assert outputs[-1].data["text/plain"].startswith("Sweep 1 · 4 of 4")
    told = kernel.run("%%dalle_sweep --dry-run --zip --seed 1|2\na {red|blue} fox")
    assert "pictures to draw: 2" in told[0].data["text/plain"]
