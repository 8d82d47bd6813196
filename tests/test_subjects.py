"""The painter's art: every subject stands, is whole, and takes the colours, clothes and things it is given."""

from __future__ import annotations

import re
import zlib
from importlib.resources import files

import numpy as np
import pytest

from dalle_nb.backends.offline import subjects
from dalle_nb.backends.offline.subjects import Sprite, names, subject
from dalle_nb.backends.offline.subjects.shades import SHADES, _to_oklab, drawable, is_colour, shade

ART = files(subjects) / "art"
FIGURES = [(name, pose) for name in names() for pose in subject(name).poses]
EVERY_POSE = pytest.mark.parametrize(("name", "pose"), FIGURES, ids=[":".join(figure) for figure in FIGURES])
EVERY_NAME = pytest.mark.parametrize("name", names())
WEARABLE = [name for name, facts in subjects._facts().items() if "at" in facts or "suit" in facts]
ONE_OF_EACH = list(
    {
        (subjects._facts()[name].get("at"), subjects._facts()[name].get("layer")): name for name in WEARABLE
    }.values()
)
"""One thing for each part of a figure and depth that things are attached at."""
HEIGHT = 100
FIRST_NEEDED = (
    "cat dog fox rabbit bird fish horse panda person child robot dragon rocket car boat bicycle train house "
    "pavilion bridge lighthouse tree pine palm cherry-tree flower cup book lamp apple cake deckchair sofa "
    "windowsill beach-umbrella snowman mountain-cabin spacesuit sunglasses scarf hat coconut balloon umbrella"
).split()


def solid(sprite: Sprite) -> np.ndarray:
    """Where the sprite is more there than not."""
    return np.asarray(sprite.pixels[..., 3]) > 127


def difference(one: Sprite, other: Sprite) -> float:
    """Share of the picture's pixels that visibly differ; the two must be of one size."""
    gap = np.abs(one.pixels.astype(int) - other.pixels.astype(int)).max(axis=2)
    return float((gap > 24).mean())


def test_the_subjects_that_the_lessons_need_are_there() -> None:
    """Every subject that the tutorial's prompts and the reader's words ask for has art."""
    assert set(FIRST_NEEDED) <= set(names())


def test_an_unknown_name_is_an_error_that_names_it() -> None:
    """A subject that does not exist is refused, never replaced by another."""
    with pytest.raises(KeyError, match="jabberwock"):
        subject("jabberwock")


def test_an_unknown_pose_becomes_the_usual_one() -> None:
    """A pose that has not been drawn falls back to the subject's first."""
    assert subject("boat").pose == subject("boat", "gallop").pose


def test_facts_and_files_name_the_same_art() -> None:
    """Each drawing is in the facts and each fact has its drawing."""
    heads = {
        f"{facts.get('face', name)}.head.svg" for name, facts in subjects._facts().items() if "head" in facts
    }
    bodies = {f"{subjects._facts()[name].get('body', name)}.{pose}.svg" for name, pose in FIGURES}
    assert heads | bodies == {file.name for file in ART.iterdir()}


@EVERY_NAME
def test_every_slot_colours_something(name: str) -> None:
    """A subject declares each colour that its drawings ask for, and none that they do not."""
    facts = subjects._facts()[name]
    art = "".join(
        subjects._art(name, part) for part in (*facts["poses"], *(["head"] if "head" in facts else []))
    )
    asked = set(re.findall(r"\{\{([a-z]+)", art)) | set(re.findall(r"url\(#([a-z]+)(?:-round|-limb)?\)", art))
    derived = {value.partition("-")[0] for value in facts["slots"].values() if not is_colour(value)}
    made = set(re.findall(r'\bid="([^"]+)"', art))
    assert set(facts["slots"]) - derived <= asked
    assert asked <= set(facts["slots"]) | made


def test_the_art_is_self_contained_and_light() -> None:
    """No drawing carries a script, a reference to elsewhere, a raster or text; all, packed, weigh under 1 MB."""
    art = {file.name: file.read_text("utf-8") for file in ART.iterdir()}
    for name, text in art.items():
        outside = text.replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert not re.search(
            r"<script|<image|<text|<foreignObject|\son\w+=|https?:|data:|@import", outside
        ), name
        ids = re.findall(r'\bid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), name
    assert sum(len(zlib.compress(text.encode())) for text in art.values()) < 1_000_000


@EVERY_POSE
def test_a_figure_is_whole(name: str, pose: str) -> None:
    """No side cuts a figure off, its lowest row is its baseline, and all its anchors lie inside it."""
    sprite = subject(name, pose).sprite(200)
    alpha = np.asarray(sprite.pixels[..., 3])
    assert (alpha > 200).mean() > 0.04
    assert max(alpha[0].max(), alpha[:, 0].max(), alpha[:, -1].max(), alpha[-1].max()) < 160
    lowest = int(np.flatnonzero(solid(sprite).any(axis=1))[-1])
    assert abs(lowest - sprite.baseline) <= 4
    height, width = alpha.shape
    assert 0 <= sprite.foot < width
    assert all(0 <= x <= width and 0 <= y <= height for x, y in sprite.anchors.values())


@EVERY_NAME
@pytest.mark.parametrize("colour", ["#3060e0", "#ffffff", "#000000"])
def test_a_colour_changes_the_main_slot(name: str, colour: str) -> None:
    """The colour asked for is seen in the picture, in every pose's shape unchanged."""
    figure = subject(name)
    plain, painted = figure.sprite(HEIGHT), figure.sprite(HEIGHT, colour=colour)
    assert np.abs(plain.pixels[..., 3].astype(int) - painted.pixels[..., 3]).max() <= 2
    own = next(iter(figure.slots.values()))
    if abs(int(own[1:3], 16) - int(drawable(colour)[1:3], 16)) > 40:
        assert difference(plain, painted) > 0.015


@EVERY_NAME
def test_what_fits_is_drawn_and_what_does_not_is_left_out(name: str) -> None:
    """A figure shows everything that it says it can wear or hold, and nothing else."""
    figure = subject(name)
    plain = figure.sprite(HEIGHT)
    assert not [thing for thing in names() if thing not in WEARABLE and figure.fits(thing)]
    for thing in ONE_OF_EACH:
        sprite = figure.sprite(HEIGHT, wears=(thing,))
        same = sprite.pixels.shape == plain.pixels.shape and difference(plain, sprite) == 0
        assert same != figure.fits(thing), thing


def test_a_spacesuit_shows_its_wearer() -> None:
    """Two wearers of one suit differ in the helmet and in nothing else."""
    cat, dog = (subject(name).sprite(400, wears=("spacesuit",)) for name in ("cat", "dog"))
    rows = np.flatnonzero(np.abs(cat.pixels.astype(int) - dog.pixels).max(axis=(1, 2)) > 8)
    assert cat.pixels.shape == dog.pixels.shape
    assert rows[0] > 20
    assert rows[-1] < 240


def test_a_spacesuit_covers_the_neck_but_not_the_hands() -> None:
    """What would be under the suit is left out, what is held or worn on the face stays."""
    cat = subject("cat")
    bare = cat.sprite(HEIGHT, wears=("spacesuit",))
    scarfed = cat.sprite(HEIGHT, wears=("spacesuit", "scarf"))
    assert np.array_equal(bare.pixels, scarfed.pixels)
    assert difference(bare, cat.sprite(HEIGHT, wears=("spacesuit", "sunglasses"))) > 0.005
    assert cat.sprite(HEIGHT, wears=("spacesuit",), holds=("balloon",)).pixels.shape != bare.pixels.shape


def test_a_worn_thing_carries_its_own_colour() -> None:
    """A red scarf and a blue one differ although their wearer is the same."""
    red, blue = (subject("fox").sprite(HEIGHT, wears=(f"scarf{tint}",)) for tint in ("#d02020", "#2050d0"))
    assert difference(red, blue) > 0.02


def test_held_things_may_reach_beyond_the_figure() -> None:
    """A balloon makes the sprite taller, and the one who holds it no smaller."""
    alone, holding = subject("cat").sprite(300), subject("cat").sprite(300, holds=("balloon",))
    assert holding.pixels.shape[0] > 330
    assert abs((holding.baseline - alone.baseline) - (holding.pixels.shape[0] - alone.pixels.shape[0])) <= 3


def test_a_sleeper_is_lower_than_a_sitter() -> None:
    """Natural height follows the pose, so that a sleeping cat is no bigger a cat."""
    assert subject("cat", "sleep").height < 0.6 * subject("cat", "sit").height


def test_sprites_are_cached_and_cannot_be_spoilt() -> None:
    """Asking twice gives the same pixels, which nobody can write into."""
    one, two = subject("apple").sprite(64), subject("apple").sprite(64)
    assert one is two
    with pytest.raises(ValueError, match="read-only"):
        one.pixels[0, 0, 0] = 1


def test_a_colour_must_be_hexadecimal() -> None:
    """Nothing but #rrggbb reaches the drawing, so that no prompt can write SVG."""
    with pytest.raises(ValueError, match="#rrggbb"):
        subject("apple").sprite(64, colour='"/><script/>')
    assert not subject("cat").fits('scarf#"/><script/>')


@pytest.mark.parametrize("colour", ["#ffffff", "#000000", "#ff0000", "#00ff00", "#0000ff", "#e0a040"])
def test_shades_run_from_pale_to_ink(colour: str) -> None:
    """Shades are colours in falling lightness, for whatever colour they are made of."""
    base = drawable(colour)
    family = [shade(base, step) for step in ("pale", "light", "", "dark", "deep", "ink")]
    assert len(family) == len(SHADES)
    assert all(map(is_colour, family))
    lightness = [_to_oklab(colour)[0] for colour in family]
    assert lightness == sorted(lightness, reverse=True)
