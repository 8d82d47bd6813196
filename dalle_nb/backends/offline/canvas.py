"""The sheet a picture is painted on: pixels, unit coordinates, noise, and a few strokes.

A Canvas is a float32 RGB plane with coordinates that do not depend on its size: ``x`` and ``y`` run from
0 to 1 over the whole picture, and every length, noise cell or blur is told in heights of the picture. The
same call therefore paints the same composition at 256 and at 3840 pixels. A *window* is a view of a part
of the sheet that keeps the coordinates of the whole, so that a stroke costs only the pixels it touches.

Knows nothing of scenes, subjects or words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec

import numpy as np
from PIL import Image, ImageDraw

from dalle_nb.backends.offline.colour import Colour, Plane
from dalle_nb.backends.offline.noise import CELL, TILE, between_rows, lattice, resized, tile
from dalle_nb.backends.offline.pen import Pen

P = ParamSpec("P")

_HALF_SPAN = 1.6  # noise is laid out this many heights to both sides of the middle: enough for 3:1


class Canvas:
    """A float32 picture (h, w, 3) from 0 to 1, or a window of one, with unit coordinates."""

    def __init__(self, width: int, height: int, seed: int = 0) -> None:
        """Make a black sheet of ``width`` x ``height`` pixels; ``seed`` rules all its noise and chance."""
        self._place(np.zeros((height, width, 3), np.float32), (width, height), (0, 0), seed)

    @classmethod
    def sheet(cls, rgb: Plane, seed: int = 0) -> Canvas:
        """Return a canvas that paints onto this picture (h, w, 3), a whole of its own."""
        canvas = cls.__new__(cls)
        canvas._place(rgb, (rgb.shape[1], rgb.shape[0]), (0, 0), seed)
        return canvas

    def _place(self, rgb: Plane, whole: tuple[int, int], corner: tuple[int, int], seed: int) -> None:
        self.rgb, self.whole, self.corner, self.seed = rgb, whole, corner, seed
        rows, columns = rgb.shape[:2]
        self.aspect = whole[0] / whole[1]
        self.x: Plane = ((np.arange(columns, dtype=np.float32) + (corner[0] + 0.5)) / whole[0])[None]
        self.y: Plane = ((np.arange(rows, dtype=np.float32) + (corner[1] + 0.5)) / whole[1])[:, None]
        self.u: Plane = (self.x - 0.5) * self.aspect
        """x from the middle, in heights: the coordinate noise is laid out in."""

    @property
    def pixel(self) -> float:
        """Return the size of a pixel in heights."""
        return 1 / self.whole[1]

    def window(self, left: float, top: float, right: float, bottom: float) -> Canvas:
        """Return a view of the part between these unit coordinates (cut at the edges; may be empty)."""
        corners = []
        for value, size, start, span in (
            (left, self.whole[0], self.corner[0], self.rgb.shape[1]),
            (top, self.whole[1], self.corner[1], self.rgb.shape[0]),
            (right, self.whole[0], self.corner[0], self.rgb.shape[1]),
            (bottom, self.whole[1], self.corner[1], self.rgb.shape[0]),
        ):
            corners.append(min(max(round(value * size) - start, 0), span))
        x0, y0, x1, y1 = corners
        x1, y1 = max(x1, x0), max(y1, y0)
        part = Canvas.__new__(Canvas)
        place = (self.corner[0] + x0, self.corner[1] + y0)
        part._place(self.rgb[y0:y1, x0:x1], self.whole, place, self.seed)
        return part

    def turned(self) -> Canvas:
        """Return a view of the sheet in which right is left: what is painted on it comes out mirrored."""
        view = Canvas.__new__(Canvas)
        view._place(self.rgb[:, ::-1], self.whole, self.corner, self.seed)
        return view

    def band(self, top: float, bottom: float) -> Canvas:
        """Return a view of the rows between two heights."""
        return self.window(0, top, 1, bottom)

    def around(self, x: float, y: float, radius: float) -> Canvas:
        """Return a view of the square of ``radius`` heights around a point."""
        return self.window(x - radius / self.aspect, y - radius, x + radius / self.aspect, y + radius)

    def chance(self, name: str) -> np.random.Generator:
        """Return the random numbers that belong to this picture and name, the same on every machine."""
        return np.random.Generator(np.random.PCG64(_seed(self.seed, name)))

    def spread(self, share: float) -> float:
        """Return the x of a place told as a share of the widest picture there may be.

        What is scattered so keeps its place when a picture is asked for wider.
        """
        return 0.5 + (share - 0.5) * 2 * _HALF_SPAN / self.aspect

    # Noise

    def noise(
        self,
        name: str,
        cell: float,
        *,
        flat: float = 1,
        octaves: int = 5,
        gain: float = 0.5,
        finest: float = 1.5,
    ) -> Plane:
        """Return fractal noise (h, w), mostly 0 to 1 around 0.5.

        ``cell`` is the width of the largest feature in heights, ``flat`` how many times wider than high it
        is. Octaves finer than ``finest`` pixels are left out: nobody could see them.
        """
        shape = self.rgb.shape[:2]
        total = np.zeros(shape, np.float32)
        weight = 1.0
        sum_of_weights = 0.0
        for octave in range(octaves):
            wide = cell / 2**octave
            if octave == 0 or wide / self.pixel >= finest:
                total += weight * self._layer(f"{name}/{octave}", wide, wide / flat)
            sum_of_weights += weight
            weight *= gain
        # What is left out counts as its mean, so that a small picture is not paler than a large one.
        return total * (1.6 / sum_of_weights) + 0.5

    def line(self, name: str, cell: float, *, octaves: int = 5, gain: float = 0.45) -> Plane:
        """Return fractal noise along the width (1, w), mostly 0 to 1: a skyline, a shore."""
        total = np.zeros((1, self.rgb.shape[1]), np.float32)
        weights = [gain**octave for octave in range(octaves)]
        for octave, weight in enumerate(weights):
            total += weight * self._layer(f"{name}/{octave}", cell / 2**octave, 0.5)[:1]
        return total * (1.6 / sum(weights)) + 0.5

    def _layer(self, name: str, wide: float, high: float) -> Plane:
        """Return one octave, -0.5 to 0.5: a random lattice seen through a smooth lens."""
        rows, columns = self.rgb.shape[:2]
        if not rows or not columns:
            return np.zeros((rows, columns), np.float32)
        half = max(_HALF_SPAN, self.aspect / 2)
        across, down = int(2 * half / wide) + 6, int(1 / high) + 6
        first_x = (float(self.u[0, 0]) - self.pixel / 2 + half) / wide + 2
        first_y = (float(self.y[0, 0]) - self.pixel / 2) / high + 2
        last_x = first_x + columns * self.pixel / wide
        # What is seen of it, and enough around for the lens.
        seen = slice(max(0, int(first_x) - 6), int(last_x) + 8)
        values = lattice(self.chance(name), down, across, seen)
        box = (first_x - seen.start, first_y, last_x - seen.start, first_y + rows * self.pixel / high)
        return resized(values, columns, rows, box)

    def ground_noise(
        self,
        name: str,
        horizon: float,
        cell: float,
        *,
        flat: float = 1,
        steep: float = 0.12,
        octaves: int = 4,
    ) -> Plane:
        """Return noise (h, w) on the plane that vanishes at ``horizon``: sand, waves, a floor, high cloud.

        ``cell`` is the width of a feature at the edge of the picture, ``flat`` how many times deeper the
        plane is shortened; ``steep`` (0.05 to 0.4) is how far the eye is above the plane: the smaller, the
        more the far part is pressed together. What is finer than a pixel fades to the mean.
        """
        reach = max(horizon, 1 - horizon) + steep
        depth = np.abs(self.y - horizon) + steep
        texels = CELL * reach / cell / depth
        texture = tile(lambda octave: self.chance(f"{name}/{octave}"), octaves)
        rows = between_rows(texture, (texels[:, 0] * reach * flat).astype(np.float64))
        across = self.u * texels
        left = np.floor(across).astype(np.int32)
        part = across - left
        left &= TILE - 1
        near = np.take_along_axis(rows, left, 1)
        near += (np.take_along_axis(rows, (left + 1) & (TILE - 1), 1) - near) * part
        near *= np.clip(CELL / 4 / (texels * self.pixel), 0, 1)
        return near + 0.5

    # Strokes

    def fill(self, colour: Colour | Plane, *, tone: Plane | float = 1.0) -> None:
        """Cover everything with a colour or a picture that broadcasts to (h, w, 3), times a tone (h, w)."""
        self.over(colour, 1.0, tone=tone)

    def over(self, colour: Colour | Plane, cover: Plane | float, *, tone: Plane | float = 1.0) -> None:
        """Lay a colour (or picture), times a tone, over the sheet where ``cover``, from 0 to 1, lets it."""
        paint = np.asarray(colour, np.float32)
        for channel in range(3):
            sheet = self.rgb[..., channel]
            sheet += (paint[..., channel] * tone - sheet) * cover

    def glaze(self, colour: Colour, light: Plane | float) -> None:
        """Add light of a colour, the less the brighter the sheet already is: glow, stars, sunbeams."""
        for channel in range(3):
            sheet = self.rgb[..., channel]
            sheet += (1 - sheet) * (colour[channel] * light)

    def darken(self, shade: Plane | Colour | float) -> None:
        """Multiply the sheet by a plane (h, w), a colour or a number."""
        if isinstance(shade, np.ndarray):
            self.rgb *= shade[..., None]
        else:
            self.rgb *= np.asarray(shade, np.float32)

    def gradient(self, stops: Sequence[tuple[float, Colour]]) -> Plane:
        """Return a column of colours (h, 1, 3) from ``(height, colour)`` stops, top first."""
        heights = [height for height, _ in stops]
        channels = [np.interp(self.y[:, 0], heights, [c[i] for _, c in stops]) for i in range(3)]
        return np.stack(channels, 1).astype(np.float32)[:, None]

    def distance(self, x: float, y: float, flat: float = 1) -> Plane:
        """Return the distance (h, w) in heights from a point; ``flat`` stretches it into a lying ellipse."""
        across = self.u - (x - 0.5) * self.aspect
        far: Plane = np.hypot(across, (self.y - y) * flat)
        return far

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1) -> None:
        """Add a soft light of about this radius around a point."""
        part = self.around(x, y, radius * 4)
        part.glaze(colour, np.exp(-((part.distance(x, y) / radius) ** 1.3)) * strength)

    def edge(self, plane: Plane) -> Plane:
        """Return the cover (h, w) of what lies where ``plane``, in heights, is positive, with a soft pixel edge."""
        cover: Plane = np.clip(plane * (1 / self.pixel) + 0.5, 0, 1)
        return cover

    def shape(self, draw: Callable[Concatenate[Pen, P], object], *args: P.args, **options: P.kwargs) -> Plane:
        """Return the cover (h, w) of what ``draw(pen, ...)`` draws, smoothed by oversampling."""
        rows, columns = self.rgb.shape[:2]
        if not rows or not columns:
            return np.zeros((rows, columns), np.float32)
        fineness = 1 if self.whole[1] > 1600 else 2
        sheet = Image.new("L", (columns * fineness, rows * fineness))
        draw(Pen(ImageDraw.Draw(sheet), self.whole, self.corner, fineness), *args, **options)
        return np.asarray(sheet.reduce(fineness), np.float32) * (1 / 255)

    def blur(self, plane: Plane, radius: float) -> Plane:
        """Return a plane (h, w) blurred by ``radius`` heights, cheaply: made small, then large again."""
        rows, columns = plane.shape
        step = max(1.0, radius / self.pixel * 0.8)
        if step < 1.2:
            return plane
        small = Image.fromarray(np.ascontiguousarray(plane)).resize(
            (max(2, round(columns / step)), max(2, round(rows / step))), Image.Resampling.HAMMING
        )
        return np.asarray(small.resize((columns, rows), Image.Resampling.BICUBIC), np.float32)

    def shifted(self, plane: Plane, right: float, down: float) -> Plane:
        """Return a plane (h, w) moved by these heights, at least a pixel where not 0; its edges are drawn out."""
        across, along = (round(move / self.pixel) or int(np.sign(move)) for move in (right, down))
        rows = np.clip(np.arange(plane.shape[0]) - along, 0, plane.shape[0] - 1)
        columns = np.clip(np.arange(plane.shape[1]) - across, 0, plane.shape[1] - 1)
        moved: Plane = plane[rows][:, columns]
        return moved

    def blurred(self, radius: float) -> Plane:
        """Return the picture (h, w, 3) of this window, blurred."""
        return np.dstack([self.blur(self.rgb[..., channel], radius) for channel in range(3)])


def _seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big")
