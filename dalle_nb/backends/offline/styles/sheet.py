"""What all style passes share: a finished picture, its brightness, edges, directions and noise.

Lengths are heights of the picture, as on the Canvas, so that a style looks the same at every size. A picture
is a float32 array (h, w, 3) from 0 to 1, a plane is one (h, w).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, Plane, hexed, ramp

_LUMA = (0.299, 0.587, 0.114)


class Sheet:
    """A picture under work, and the noise and chance that belong to it."""

    def __init__(self, rgb: Plane, seed: int) -> None:
        self.rgb = rgb
        self.seed = seed
        self.height, self.width = int(rgb.shape[0]), int(rgb.shape[1])
        self.canvas = Canvas.sheet(rgb, seed)

    @property
    def aspect(self) -> float:
        """Return width over height."""
        return float(self.width / self.height)

    def luma(self) -> Plane:
        """Return the brightness of every pixel."""
        return mixed(self.rgb, _LUMA)

    def noise(self, name: str, cell: float, **shape: float) -> Plane:
        """Return noise around 0, about -0.5 to 0.5; see `Canvas.noise`."""
        plane: Plane = self.canvas.noise(f"style/{name}", cell, **shape) - np.float32(0.5)  # type: ignore[arg-type]  # octaves is an int
        return plane

    def chance(self, name: str) -> np.random.Generator:
        """Return the random numbers of a pass."""
        return self.canvas.chance(f"style/{name}")

    def blurred(self, radius: float) -> Plane:
        """Return the picture blurred by ``radius``."""
        return np.dstack([self.canvas.blur(self.rgb[..., channel], radius) for channel in range(3)])

    def smaller(self, height: int) -> Sheet:
        """Return the picture at ``height`` rows, or itself when it has no more."""
        if height >= self.height:
            return self
        return Sheet(resized(self.rgb, max(2, round(height * self.aspect)), height), self.seed)

    def vignette(self, strength: float, start: float = 0.35) -> Plane:
        """Return a plane to multiply by: 1 in the middle, darker to the corners."""
        across = (self.canvas.x - 0.5) * 2
        down = (self.canvas.y - 0.5) * 2
        far = np.clip(across * across + down * down - np.float32(start), 0, 2) / np.float32(2 - start)
        shade: Plane = 1 - np.float32(strength) * far
        return shade

    def focus(self, radius: float) -> Plane:
        """Return how sharp each pixel may be: 1 near the middle, 0 beyond ``radius``, a little below it."""
        distance = self.canvas.distance(0.5, 0.56)
        plane: Plane = np.clip((np.float32(radius * 1.7) - distance) / np.float32(radius), 0, 1)
        return plane


def mixed(rgb: Plane, shares: tuple[float, float, float]) -> Plane:
    """Return one plane of a picture's channels in these shares.

    Not a matrix product: its rounding differs from machine to machine, and its buffers weigh as much as a picture.
    """
    plane: Plane = rgb[..., 0] * np.float32(shares[0])
    for channel in (1, 2):
        plane += rgb[..., channel] * np.float32(shares[channel])
    return plane


def resized(
    picture: Plane, width: int, height: int, way: Image.Resampling = Image.Resampling.BICUBIC
) -> Plane:
    """Return a plane or picture at another size."""
    if picture.shape[:2] == (height, width):
        return picture
    channels = picture[..., None] if picture.ndim == 2 else picture
    rows = picture.shape[0]
    if height < rows and way is Image.Resampling.BICUBIC:
        way = Image.Resampling.BOX if rows / height > 1.5 else Image.Resampling.HAMMING
    layers = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(channels[..., i])).resize((width, height), way), np.float32
        )
        for i in range(channels.shape[2])
    ]
    return layers[0] if picture.ndim == 2 else np.dstack(layers)


def to_image(picture: Plane) -> Image.Image:
    """Return a picture as an 8-bit PIL image."""
    return Image.fromarray((np.clip(picture, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8))


def from_image(image: Image.Image) -> Plane:
    """Return an 8-bit PIL image as a picture."""
    picture: Plane = np.asarray(image, np.float32) * np.float32(1 / 255)
    return picture


def saturate(rgb: Plane, amount: float) -> None:
    """Change saturation in place: 0 is grey, 1 as it is."""
    grey = mixed(rgb, _LUMA)[..., None]
    rgb -= grey
    rgb *= np.float32(amount)
    rgb += grey


def contrast(rgb: Plane, amount: float, middle: float = 0.5) -> None:
    """Change contrast in place around a middle."""
    rgb -= np.float32(middle)
    rgb *= np.float32(amount)
    rgb += np.float32(middle)


def tone(rgb: Plane, shadows: str, lights: str, strength: float) -> None:
    """Tint in place, dark parts towards one colour and light parts towards another."""
    luma = np.clip(mixed(rgb, _LUMA), 0, 1)
    dark, bright = hexed(shadows), hexed(lights)
    for channel in range(3):
        target = dark[channel] + (bright[channel] - dark[channel]) * luma
        rgb[..., channel] += (target - rgb[..., channel]) * np.float32(strength)


def curve(rgb: Plane, points: Sequence[tuple[float, float]]) -> None:
    """Send every channel through a curve of (in, out) points, in place."""
    table = np.interp(np.linspace(0, 1, 1025), [x for x, _ in points], [y for _, y in points]).astype(
        np.float32
    )
    for channel in range(3):
        plane = rgb[..., channel]
        np.clip(plane, 0, 1, out=plane)
        plane[...] = table[(plane * np.float32(1024)).astype(np.int16)]


def lay(rgb: Plane, colour: Colour | Plane, cover: Plane | float) -> None:
    """Lay a colour or picture over a picture, in place, where ``cover`` lets it."""
    paint = np.asarray(colour, np.float32)
    for channel in range(3):
        sheet = rgb[..., channel]
        sheet += (paint[..., channel] - sheet) * cover


def slopes(plane: Plane) -> tuple[Plane, Plane]:
    """Return how a plane rises to the right and down, per pixel."""
    right, down = np.zeros_like(plane), np.zeros_like(plane)
    if min(plane.shape) < 3:
        return right, down
    right[:, 1:-1] = (plane[:, 2:] - plane[:, :-2]) * np.float32(0.5)
    right[:, 0], right[:, -1] = right[:, 1], right[:, -2]
    down[1:-1] = (plane[2:] - plane[:-2]) * np.float32(0.5)
    down[0], down[-1] = down[1], down[-2]
    return right, down


def outlines(sheet: Sheet, width: float, strength: float = 14) -> Plane:
    """Return dark lines (1 on the line) where brightness or colour changes at the scale of ``width``."""
    lines = np.zeros((sheet.height, sheet.width), np.float32)
    for channels in (_LUMA, (1.0, 0.0, -1.0)):
        plane = mixed(sheet.rgb, channels)
        darker = sheet.canvas.blur(plane, width * 2.4) - sheet.canvas.blur(plane, width)
        darker *= np.float32(strength)
        np.maximum(lines, darker, out=lines)
    lines -= np.float32(0.12)
    return np.clip(lines, 0, 1, out=lines)


def contours(sheet: Sheet, width: float, least: float) -> Plane:
    """Return even lines of about ``width`` (1 on the line) around shapes that differ by ``least`` or more.

    Texture is no contour: a median takes grain and specks away first and leaves the edges.
    """
    small = sheet.smaller(448)
    calm = from_image(to_image(small.blurred(0.002)).filter(ImageFilter.MedianFilter(5)))
    steep = np.zeros(calm.shape[:2], np.float32)
    for channel in range(3):
        right, down = slopes(small.canvas.blur(calm[..., channel], width * 0.55))
        np.maximum(steep, np.hypot(right, down), out=steep)
    # The slope of an edge blurred by a radius is its height over about two radii.
    steep *= np.float32(2 * width / small.canvas.pixel)
    steep[:2], steep[-2:], steep[:, :2], steep[:, -2:] = 0, 0, 0, 0  # the picture's own edge is no contour
    return resized(ramp(least, least * 2.2, steep), sheet.width, sheet.height)


def relief(height: Plane, pixel: float, strength: float) -> Plane:
    """Return a plane to multiply by: a surface of this height lit from the upper left."""
    right, down = slopes(height)
    scale = np.float32(strength / pixel / 1024)
    light: Plane = 1 + np.clip((right + down) * -scale, -0.35, 0.35)
    return light
