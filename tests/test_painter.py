"""The painter, through its own door: a Sketch in, a picture out."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dalle_nb.backends.offline import scenes, subjects
from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.figures import Placement
from dalle_nb.backends.offline.painter import paint
from dalle_nb.backends.offline.placing import arrange
from dalle_nb.backends.offline.scenes import choose_scene, paint_scene
from dalle_nb.backends.offline.sketch import Sketch, Thing

HOURS = ("dawn", "day", "dusk", "night")
WEATHERS = ("clear", "rain", "snow", "fog")
SEASONS = ("spring", "summer", "autumn", "winter")
CAT = Thing(name="cat")


def likeness(first: Image.Image, second: Image.Image) -> float:
    """Return the correlation of two pictures' middle squares, seen from afar."""
    planes = []
    for image in (first, second):
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = (
            image.crop((left, top, left + side, top + side))
            .convert("L")
            .resize((24, 24), Image.Resampling.BOX)
        )
        planes.append(np.asarray(square, float).ravel())
    return float(np.corrcoef(*planes)[0, 1])


def difference(first: Image.Image, second: Image.Image) -> float:
    """Return by how many levels two pictures of one size differ on average."""
    return float(np.abs(np.asarray(first, int) - np.asarray(second, int)).mean())


@pytest.mark.parametrize("scene", scenes.names())
def test_a_scene_is_composed_alike_at_every_size(scene: str) -> None:
    """A picture asked for at another size shows the same composition."""
    sketch = Sketch(scene=scene, things=(CAT,), seed=4)
    small, large = paint(sketch, 160, 160), paint(sketch, 480, 480)
    assert likeness(small, large) > 0.95


@pytest.mark.parametrize("scene", ["meadow", "sea", "moon", "mountain", "desert", "sky"])
def test_a_wider_picture_keeps_its_middle(scene: str) -> None:
    """A landscape format shows more at the sides, and the same in its middle."""
    sketch = Sketch(scene=scene, seed=4)
    assert likeness(paint(sketch, 192, 192), paint(sketch, 288, 192)) > 0.7


@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("scene", scenes.names())
def test_every_scene_can_be_painted_at_every_hour(scene: str, hour: str) -> None:
    """No hour leaves a scene blank: every picture has contrast, and none is all black or white."""
    pixels = np.asarray(paint(Sketch(scene=scene, time=hour, seed=2), 160, 160), float)
    assert pixels.std() > 8
    assert 12 < pixels.mean() < 243


@pytest.mark.parametrize(
    "scene", ["meadow", "forest", "mountain", "city", "street", "beach", "sea", "farmland", "room"]
)
def test_hours_look_different(scene: str) -> None:
    """The four hours of a place are four different pictures, and night is the darkest outdoors."""
    pictures = {hour: paint(Sketch(scene=scene, time=hour, seed=2), 128, 128) for hour in HOURS}
    assert all(difference(a, b) > 5 for a, b in itertools.combinations(pictures.values(), 2))
    assert min(pictures, key=lambda hour: np.asarray(pictures[hour]).mean()) == "night"


@pytest.mark.parametrize("scene", ["meadow", "forest", "mountain", "farmland"])
def test_seasons_look_different(scene: str) -> None:
    """The four seasons of a landscape are four different pictures, and winter is the least colourful."""
    pictures = {season: paint(Sketch(scene=scene, season=season, seed=2), 128, 128) for season in SEASONS}
    assert all(difference(a, b) > 3 for a, b in itertools.combinations(pictures.values(), 2))
    lower = {season: np.asarray(image, int)[80:] for season, image in pictures.items()}
    assert min(lower, key=lambda season: np.ptp(lower[season], axis=2).mean()) == "winter"


@pytest.mark.parametrize("weather", WEATHERS[1:])
def test_weather_shows(weather: str) -> None:
    """Rain, snow and fog each change a meadow visibly."""
    clear = paint(Sketch(scene="meadow", seed=2), 128, 128)
    assert difference(clear, paint(Sketch(scene="meadow", weather=weather, seed=2), 128, 128)) > 8


@pytest.mark.parametrize("effect", sorted(scenes.EFFECTS - {"steam"}))
def test_every_effect_shows(effect: str) -> None:
    """What the painter says it can show changes the picture of the place where it belongs."""
    scene = choose_scene(Sketch(effects=(effect,)))
    without = Sketch(
        scene=scene,
        seed=2,
        time="night" if effect != "sun" else "day",
        weather="fog" if effect == "sun" else None,
    )
    wanted = replace(without, effects=(effect,))
    assert difference(paint(without, 192, 192), paint(wanted, 192, 192)) > 0.3


def test_steam_rises_from_a_cup() -> None:
    """Steam changes what is above the cup, and nothing far from it."""
    cold = Sketch(scene="table", things=(Thing(name="cup"),), seed=2)
    before, after = (np.asarray(paint(s, 256, 256), int) for s in (cold, replace(cold, effects=("steam",))))
    changed = np.abs(before - after).max(axis=2) > 3
    assert changed[:180].sum() > 300
    assert not changed[:, 200:].any()


def test_the_same_sketch_is_the_same_picture() -> None:
    """Painting twice gives the same pixels; another seed gives another picture."""
    sketch = Sketch(scene="meadow", things=(CAT,), seed=9)
    first = paint(sketch, 200, 160)
    assert first.tobytes() == paint(sketch, 200, 160).tobytes()
    assert difference(first, paint(replace(sketch, seed=10), 200, 160)) > 2


def test_another_process_paints_the_same_picture() -> None:
    """Nothing depends on the process: not on its hash seed, nor on what was painted before."""
    code = (
        "import hashlib; from dalle_nb.backends.offline.painter import paint;"
        "from dalle_nb.backends.offline.sketch import Sketch;"
        "print(hashlib.sha256(paint(Sketch(scene='beach', seed=3), 128, 128).tobytes()).hexdigest())"
    )
    seen = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(seen) == 1


@pytest.mark.parametrize("name", subjects.names())
def test_every_subject_can_be_seen(name: str) -> None:
    """Each subject, asked for alone, is put into the scene it is at home in, unless that shows it anyway."""
    thing = Thing(name=name)
    scene = choose_scene(Sketch(things=(thing,)))
    shown = Sketch(scene=scene, things=(thing,), seed=1)
    stage, _ = paint_scene(Canvas(64, 64), shown)
    assert name in stage.painted or difference(_empty(scene), paint(shown, 128, 128)) > 0.5


@cache
def _empty(scene: str) -> Image.Image:
    return paint(Sketch(scene=scene, things=(Thing(name="nothing of this name"),), seed=1), 128, 128)


def test_what_is_not_known_is_left_out() -> None:
    """A thing without art is not replaced by another one."""
    known = Sketch(scene="sea", things=(Thing(name="quux"),), seed=1)
    other = Sketch(scene="sea", things=(Thing(name="xyzzy"),), seed=1)
    assert paint(known, 128, 128).tobytes() == paint(other, 128, 128).tobytes()


@pytest.mark.parametrize(("place", "half"), [("left", slice(0, 120)), ("right", slice(136, 256))])
def test_a_thing_stands_where_it_is_asked_to(place: str, half: slice) -> None:
    """A thing on the left is in the left half of the picture, and on the right in the right half."""
    picture = paint(Sketch(things=(replace(CAT, place=place),)), 256, 256, transparent=True)
    cover = np.asarray(picture)[..., 3].astype(float)
    assert cover[:, half].sum() > 0.8 * cover.sum()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12])
def test_as_many_are_painted_as_are_asked_for(count: int) -> None:
    """Several alike are placed apart from each other, each with its own feet in the picture."""
    sketch = Sketch(scene="meadow", things=(replace(CAT, count=count),))
    canvas = Canvas(256, 256, 1)
    stage, _ = paint_scene(canvas, sketch)
    feet = {(round(p.x, 3), round(p.y, 3)) for p in arrange(canvas, sketch, stage)}
    assert len(feet) == count
    assert all(0 < x < 1 and 0 < y <= 1 for x, y in feet)


def _placed(*things: Thing, scene: str = "meadow") -> dict[str, list[Placement]]:
    """Return the placements of some things, by name, on a picture of 256 x 256 pixels."""
    sketch, canvas = Sketch(scene=scene, things=things), Canvas(256, 256, 1)
    found: dict[str, list[Placement]] = {}
    for placement in arrange(canvas, sketch, paint_scene(canvas, sketch)[0]):
        found.setdefault(placement.thing.name, []).append(placement)
    return found


def _sides(placement: Placement) -> tuple[float, float]:
    left = placement.x * 256 - placement.sprite.foot
    return left, left + placement.sprite.pixels.shape[1]


@pytest.mark.parametrize(
    ("name", "others", "count"), [("whale", "fish", 5), ("house", "car", 1), ("cow", "pig", 3)]
)
def test_a_large_thing_hides_no_small_one(name: str, others: str, count: int) -> None:
    """Things of all sizes have room beside each other, inside the picture, and none is hidden whole by its neighbour."""
    placed = _placed(
        Thing(name=name),
        Thing(name=others, count=count),
        scene=choose_scene(Sketch(things=(Thing(name=name),))),
    )
    sides = sorted(_sides(placement) for row in placed.values() for placement in row)
    assert len(sides) == count + 1
    assert sides[0][0] > -3
    assert max(right for _, right in sides) < 266
    for (left, right), (start, end) in itertools.pairwise(sides):
        assert right - start < 0.75 * min(right - left, end - start)


def test_two_share_a_sofa() -> None:
    """Two who sit on one sofa sit on the same one, beside each other."""
    placed = _placed(Thing(name="cat", seat="sofa"), Thing(name="dog", seat="sofa"), scene="room")
    assert {name: len(row) for name, row in placed.items()} == {"sofa": 1, "cat": 1, "dog": 1}
    left, right = _sides(placed["sofa"][0])
    assert left < placed["cat"][0].x * 256 < placed["dog"][0].x * 256 < right


def test_a_thing_stands_on_top_of_another() -> None:
    """A bird on a house has its feet on the roof."""
    placed = _placed(Thing(name="bird", on="house"), Thing(name="house"))
    house, bird = placed["house"][0], placed["bird"][0]
    ridge = house.y - house.sprite.baseline / 256
    assert abs(bird.y - ridge) < 0.1
    assert bird.order >= house.order


def test_a_thing_stands_under_another() -> None:
    """A cat under a tree stands before its foot, below its crown."""
    placed = _placed(Thing(name="cat", under="tree"), Thing(name="tree"))
    cat, tree = placed["cat"][0], placed["tree"][0]
    assert cat.order > tree.order
    assert _sides(tree)[0] < cat.x * 256 < _sides(tree)[1]
    assert len(cat.sprite.pixels) < 0.6 * len(tree.sprite.pixels)


def test_windows_are_lit_at_night() -> None:
    """The windows of a house are warmer and brighter at night than its walls are."""
    day, night = (
        np.asarray(paint(Sketch(scene="meadow", things=(Thing(name="house"),), time=hour), 192, 192), int)
        for hour in ("day", "night")
    )
    warm = (night[..., 0] > night[..., 2] + 90) & (night[..., 0] > 190)
    assert warm.sum() > 50
    assert (day[warm][:, 2] > day[warm][:, 0]).mean() > 0.5


def test_seeds_turn_the_stage() -> None:
    """Among a few seeds some show a beach from the other side: its palm is now left, now right."""
    halves = set()
    for seed in range(1, 9):
        lower = np.asarray(
            paint(Sketch(scene="beach", things=(Thing(name="no such"),), seed=seed), 96, 96), int
        )
        green = lower[..., 1] > lower[..., [0, 2]].max(axis=2) + 12
        halves.add("left" if green[:, :48].sum() > green[:, 48:].sum() else "right")
    assert halves == {"left", "right"}


@pytest.mark.parametrize("seat", ["deckchair", "sofa", "windowsill"])
def test_who_sits_covers_its_seat(seat: str) -> None:
    """One who sits is painted over the seat, touching it: never behind it, never floating before it."""
    scene = "beach" if seat == "deckchair" else "room"
    thing = replace(CAT, seat=seat, pose="sit")
    sitting = np.asarray(paint(Sketch(scene=scene, things=(thing,), seed=1), 256, 256), int)
    red = np.asarray(
        paint(Sketch(scene=scene, things=(replace(thing, colour="#3040ff"),), seed=1), 256, 256), int
    )
    rows, columns = np.nonzero(np.abs(sitting - red).max(axis=2) > 12)
    assert rows.size > 1500
    assert rows.max() - rows.min() > 60
    assert 60 < columns.mean() < 200


def test_things_alone_have_a_transparent_ground() -> None:
    """A transparent picture holds the things alone: corners empty, the thing solid."""
    picture = paint(Sketch(things=(CAT,)), 256, 256, transparent=True)
    assert picture.mode == "RGBA"
    alpha = np.asarray(picture)[..., 3]
    assert alpha[0, 0] == alpha[0, -1] == alpha[-1, 0] == 0
    assert (alpha == 255).sum() > 2000


def test_progress_is_shown_and_may_stop_the_painting() -> None:
    """Unfinished pictures of the full size come on the way, and an exception from the watcher ends the work."""
    seen: list[tuple[int, int]] = []
    paint(Sketch(scene="sea"), 96, 64, progress=lambda picture: seen.append(picture.size))
    assert seen == [(96, 64), (96, 64)]

    def interrupt(picture: Image.Image) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paint(Sketch(scene="sea"), 96, 64, progress=interrupt)


def test_a_large_picture_needs_bounded_memory() -> None:
    """A picture of 1024 x 1024 takes less than 120 MB beyond the interpreter with numpy and Pillow."""
    code = (
        "import resource, numpy, PIL.Image, PIL.ImageDraw;"
        "base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "from dalle_nb.backends.offline.painter import paint;"
        "from dalle_nb.backends.offline.sketch import Sketch, Thing;"
        "paint(Sketch(scene='forest', things=(Thing(name='cat'),)), 1024, 1024);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base)"
    )
    grown = int(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    )
    kilobytes = grown if sys.platform != "darwin" else grown // 1024
    assert kilobytes < 120 * 1024


THINGS = st.builds(
    Thing,
    name=st.sampled_from(subjects.names()),
    count=st.integers(1, 5),
    place=st.sampled_from([None, "left", "right", "centre", "back", "front", "sky"]),
    on=st.sampled_from([None, "house", "boat", "tree"]),
    under=st.sampled_from([None, "tree", "cat"]),
    seat=st.sampled_from([None, "deckchair", "sofa", "windowsill", "chair"]),
    size=st.sampled_from([None, "small", "large"]),
    wears=st.lists(st.sampled_from(["spacesuit", "sunglasses", "scarf", "hat"]), max_size=2).map(tuple),
)
SKETCHES = st.builds(
    Sketch,
    scene=st.sampled_from([None, "nowhere", *scenes.names()]),
    things=st.lists(THINGS, max_size=3).map(tuple),
    time=st.sampled_from([None, *HOURS]),
    weather=st.sampled_from([None, *WEATHERS]),
    season=st.sampled_from([None, *SEASONS]),
    effects=st.lists(st.sampled_from(sorted(scenes.EFFECTS)), max_size=3).map(tuple),
    styles=st.sampled_from([(), ("ink-wash",), ("cyberpunk",)]),
    seed=st.integers(0, 2**63 - 1),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sketch=SKETCHES, width=st.integers(64, 200), height=st.integers(64, 200))
def test_any_sketch_can_be_painted(sketch: Sketch, width: int, height: int) -> None:
    """Whatever is asked for, in any shape from 1:3 to 3:1, becomes an RGB picture of the asked size."""
    picture = paint(sketch, width, height)
    assert picture.size == (width, height)
    assert picture.mode == "RGB"
