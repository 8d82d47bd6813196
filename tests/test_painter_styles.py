"""The last pass of the offline painter: each style visibly its own, at any size."""

from __future__ import annotations

import numpy as np
import pytest

from dalle_nb.backends.offline import styles
from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Plane, hexed
from dalle_nb.backends.offline.lexicon import load_lexicon
from dalle_nb.backends.offline.styles.sheet import resized


def _scene(width: int = 200, height: int = 160) -> Plane:
    """Return a small landscape: sky, hill, a red sun, some texture."""
    canvas = Canvas(width, height, 3)
    canvas.fill(canvas.gradient(((0.0, hexed("#3f8fd8")), (0.6, hexed("#f3e3c2")), (1.0, hexed("#d8b27a")))))
    canvas.over(hexed("#4f8a3c"), canvas.edge(canvas.y - 0.62 - 0.08 * np.sin(canvas.x * 6)))
    canvas.over(hexed("#d8402c"), canvas.edge(0.14 - canvas.distance(0.7, 0.3)))
    canvas.rgb += (canvas.noise("texture", 0.1) - 0.5)[..., None] * np.float32(0.1)
    picture: Plane = np.clip(canvas.rgb, 0, 1)
    return picture


def _difference(one: Plane, other: Plane) -> float:
    return float(np.abs(one - other).mean())


def test_every_style_word_of_the_lexicon_has_its_pass() -> None:
    """No style is understood and then not painted."""
    words = {meaning.name for meaning in load_lexicon().meanings if meaning.kind in ("style", "palette")}
    assert words == set(styles.names())


@pytest.mark.parametrize("name", styles.names())
def test_a_style_is_legal_and_repeatable(name: str) -> None:
    """The same picture, style and seed give the same pixels, within 0 and 1, at the same size."""
    first, second = (styles.restyle(_scene(), (name,), 5) for _ in range(2))
    assert first.shape == (160, 200, 3)
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1
    assert np.array_equal(first, second)


def test_every_style_looks_like_no_other() -> None:
    """Any two styles differ visibly, and each differs from the picture it was made from."""
    results = {name: styles.restyle(_scene(), (name,), 5) for name in styles.names()} | {"none": _scene()}
    names = list(results)
    alike = [
        (one, other)
        for at, one in enumerate(names)
        for other in names[:at]
        if _difference(results[one], results[other]) < 0.012
    ]
    assert alike == []


@pytest.mark.parametrize("name", styles.names())
def test_a_style_does_not_depend_on_the_size(name: str) -> None:
    """Made large and then small again, a styled picture is the one styled small, but for fine grain."""
    small = styles.restyle(_scene(300, 240), (name,), 5)
    large = styles.restyle(_scene(600, 480), (name,), 5)
    assert _difference(resized(resized(large, 300, 240), 50, 40), resized(small, 50, 40)) < 0.045


def test_an_unknown_style_changes_nothing() -> None:
    """A name that no pass has is passed over."""
    assert np.array_equal(_scene(), styles.restyle(_scene(), ("no-such-style",), 1))


def test_a_medium_is_used_once_and_a_camera_after_it() -> None:
    """Of two media the first counts; a camera style is laid over it."""
    both = styles.restyle(_scene(), ("oil", "pixel", "black-and-white"), 5)
    oil = styles.restyle(styles.restyle(_scene(), ("oil",), 5), ("black-and-white",), 5)
    assert np.array_equal(oil, both)


@pytest.mark.parametrize(("width", "height"), [(16, 16), (64, 20), (20, 64), (1, 1)])
@pytest.mark.parametrize("name", styles.names())
def test_a_style_bears_tiny_pictures(name: str, width: int, height: int) -> None:
    """A picture of any size and shape can be restyled."""
    assert styles.restyle(np.full((height, width, 3), 0.5, np.float32), (name,), 1).shape == (
        height,
        width,
        3,
    )
