"""A pen that draws shapes in unit coordinates, and what is often drawn with it: discs, outlines, lines.

Draws on a cover (how much of each pixel a shape takes); knows no colour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from PIL import ImageDraw

Point: TypeAlias = tuple[float, float]
"""x in widths and y in heights of the picture."""


class Pen:
    """Draws on a cover in unit coordinates: points as (x, y), widths and radii in heights."""

    def __init__(
        self, draw: ImageDraw.ImageDraw, whole: tuple[int, int], corner: tuple[int, int], fineness: int
    ) -> None:
        """Draw on a window at ``corner`` of a picture of ``whole`` pixels, made ``fineness`` times as fine."""
        self._draw, self._whole, self._corner, self._fineness = draw, whole, corner, fineness
        self.aspect = whole[0] / whole[1]

    def _at(self, point: Point) -> tuple[float, float]:
        x, y = (point[at] * self._whole[at] - self._corner[at] for at in (0, 1))
        return x * self._fineness, y * self._fineness

    def _long(self, length: float) -> float:
        return length * self._whole[1] * self._fineness

    def polygon(self, points: Sequence[Point], cover: float = 1) -> None:
        """Fill a polygon."""
        self._draw.polygon([self._at(point) for point in points], fill=round(cover * 255))

    def line(self, points: Sequence[Point], width: float, cover: float = 1) -> None:
        """Draw a line of ``width`` heights with round joints."""
        thick = max(1, round(self._long(width)))
        self._draw.line(
            [self._at(point) for point in points], fill=round(cover * 255), width=thick, joint="curve"
        )

    def disc(self, x: float, y: float, radius: float, cover: float = 1, flat: float = 1) -> None:
        """Fill a circle, or with ``flat`` > 1 a lying ellipse."""
        centre, across = self._at((x, y)), self._long(radius)
        box = (centre[0] - across, centre[1] - across / flat, centre[0] + across, centre[1] + across / flat)
        self._draw.ellipse(box, fill=round(cover * 255))


def turned(ring: Sequence[Point], at: Point, size: float, turn: float, aspect: float) -> list[Point]:
    """Return an outline around (0, 0), made ``size`` heights large, turned and moved to a point."""
    c, s = math.cos(turn) * size, math.sin(turn) * size
    return [(at[0] + (a * c - b * s) / aspect, at[1] + a * s + b * c) for a, b in ring]


def draw_discs(pen: Pen, discs: Sequence[tuple[float, float, float]]) -> None:
    """Draw discs from (x, y, radius)."""
    for x, y, radius in discs:
        pen.disc(x, y, radius)


def draw_polygons(pen: Pen, outlines: Sequence[Sequence[Point]]) -> None:
    """Draw filled outlines."""
    for outline in outlines:
        pen.polygon(outline)


def draw_lines(pen: Pen, lines: Sequence[Sequence[Point]], width: float) -> None:
    """Draw lines of one width."""
    for line in lines:
        pen.line(line, width)
