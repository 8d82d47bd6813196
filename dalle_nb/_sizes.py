"""Which sizes a model draws, and the legal one nearest to what was asked. Sizes are (width, height) in pixels.

Knows a Model's own facts only: synonyms, defaults and servers are `_rules`' business.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor, gcd, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dalle_nb._catalog import Model, SizeRule

Size = tuple[int, int]

PLAIN: Size = (1024, 1024)
"""Drawn when nobody said a size."""

_AREA = 1280 * 1024
"""What a ratio alone is drawn at, about."""
_LARGE = 2048 * 1024
"""A named size above this is not what a ratio alone means."""


def read_size(text: str) -> Size | None:
    """Return the width and height of ``1024x768``; None for words and ratios."""
    width, times, height = text.partition("x")
    return (int(width), int(height)) if times and width.isdigit() and height.isdigit() else None


def spell_size(size: Size) -> str:
    """Return the size as the API spells it, ``1024x768``."""
    return f"{size[0]}x{size[1]}"


def spell_ratio(size: Size) -> str:
    """Return the size's ratio in lowest terms, ``4:3``."""
    shared = gcd(*size)
    return f"{size[0] // shared}:{size[1] // shared}"


def named_sizes(model: Model) -> tuple[Size, ...]:
    """Return the sizes that the model names one by one, in its own order."""
    return tuple(size for size in map(read_size, model.sizes) if size)


def is_legal(size: Size, model: Model, frames: int = 1) -> bool:
    """Return whether the model draws exactly this size; ``frames`` is the number of pictures in a gif."""
    if frames == 1 and size in named_sizes(model):
        return True
    if model.size_rule is None:
        return False
    return (
        size[1] in _heights(size[0], model.size_rule, sheet(frames))
        and size[0] % model.size_rule.multiple == 0
    )


def nearest_size(size: Size, model: Model, frames: int = 1) -> Size:
    """Return the legal size most like the one given, in shape as in area; itself when legal."""
    legal = _candidates(size, model.size_rule, sheet(frames)) if model.size_rule else iter(named_sizes(model))
    return min(legal, key=lambda other: _distance(size, other), default=PLAIN)


def shaped_size(shape: str, model: Model) -> Size | None:
    """Return the model's size for ``square``, ``landscape`` or ``portrait``; None where it has none."""
    leaning = {"square": 0, "landscape": 1, "portrait": -1}[shape]
    return next((size for size in named_sizes(model) if _leaning(size) == leaning), None)


def ratio_size(ratio: Size, model: Model) -> Size | None:
    """Return the model's size for a ratio such as 3:2, about as large as a plain square; None where it has none.

    A model with a list of sizes gives the one that is within 5%.
    """
    for size in named_sizes(model):
        if size[0] * ratio[1] == size[1] * ratio[0] and size[0] * size[1] <= _LARGE:
            return size
    best = nearest_size(_at_area(ratio), model)
    if model.size_rule:
        exact = [size for size in _exact(ratio, model.size_rule) if is_legal(size, model)]
        best = min(exact, key=lambda size: _distance(_at_area(ratio), size), default=best)
    return best if abs(log(best[0] * ratio[1] / (best[1] * ratio[0]))) < 0.05 else None


def covering_size(size: Size, model: Model) -> Size | None:
    """Return the model's smallest named size of the same shape that is no smaller; None where it has none."""
    covers = [s for s in named_sizes(model) if s[0] >= size[0] and s[0] * size[1] == s[1] * size[0]]
    return min(covers, default=None)


def sheet(frames: int) -> Size:
    """Return the columns and rows in which a gif's frames are laid on the one sheet that is drawn.

    Nobody publishes it: inferred from the largest sizes that were accepted (api.apiyi.com, November 2026).
    """
    if frames == 1:
        return 1, 1
    return next(
        grid for most, grid in ((8, (4, 2)), (9, (3, 3)), (12, (4, 3)), (16, (4, 4))) if frames <= most
    )


def _heights(width: int, rule: SizeRule, grid: Size) -> range:
    """Return the heights that are legal beside the width."""
    columns, rows = grid
    across = width * columns
    if not rule.min_edge <= across <= rule.max_edge:
        return range(0)
    low = max(rule.min_edge, rule.min_pixels / across, across / rule.max_ratio) / rows
    high = min(rule.max_edge, rule.max_pixels / across, across * rule.max_ratio) / rows
    return range(ceil(low / rule.multiple) * rule.multiple, floor(high) + 1, rule.multiple)


def _candidates(size: Size, rule: SizeRule, grid: Size) -> Iterator[Size]:
    """Yield, for every legal width, the legal heights nearest to the height and to the shape asked."""
    for width in range(rule.multiple, rule.max_edge + 1, rule.multiple):
        heights = _heights(width, rule, grid)
        if heights:
            for height in (size[1], width * size[1] // size[0]):
                place = (height - heights.start) // rule.multiple
                for index in (place, place + 1):
                    yield width, heights[min(max(index, 0), len(heights) - 1)]


def _leaning(size: Size) -> int:
    return (size[0] > size[1]) - (size[0] < size[1])


def _exact(ratio: Size, rule: SizeRule) -> Iterator[Size]:
    shared = gcd(*ratio)
    width, height = ratio[0] // shared * rule.multiple, ratio[1] // shared * rule.multiple
    return ((width * times, height * times) for times in range(1, rule.max_edge // max(width, height) + 1))


def _at_area(ratio: Size) -> Size:
    scale = (_AREA / (ratio[0] * ratio[1])) ** 0.5
    return max(1, round(ratio[0] * scale)), max(1, round(ratio[1] * scale))


def _distance(one: Size, other: Size) -> tuple[float, float]:
    # Shape first, for a square must stay square; what is not seen of it is rounded away, and the area counts.
    # In logarithms, so that twice as wide is as far as half as wide.
    wide, high = log(one[0] / other[0]), log(one[1] / other[1])
    return round(max(0.01, abs(wide - high)), 3), abs(wide + high)
