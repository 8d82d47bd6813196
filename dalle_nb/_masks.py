"""Masks: which part of a picture is repainted, from whatever people have, to the PNG that a server reads.

OpenAI repaints where a mask is transparent; tutorials, and several servers, where it is white. Here a
mask with transparency means the former, an opaque one the latter, and which was understood is said. Must
not know files, stores or servers' names.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import MaskError
from dalle_nb._images import ImageError, encode_png, open_image
from dalle_nb._language import tr
from dalle_nb._options import normalise_options
from dalle_nb._records import Blob

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Repaint = NDArray[np.bool_]
    """(height, width): True where the picture is repainted."""

MOST_BYTES = 50 * 1024 * 1024
"""Largest mask (guides/image-generation; the SDK's docstring says 4 MB, which ours stay far under)."""

SPECK = 2
"""So few pixels alone among 5x5 of the other kind are a speck: the end of a thin line has three."""

LEAST_EDGE = 64
"""A mask smaller than this is a coarse map, whose single pixels mean something."""

_NUMBER = r"\s*([+-]?\d{1,9}(?:\.\d*)?%?)\s*"
_SHAPE = re.compile(r"(box|ellipse)\s*:" + ",".join([_NUMBER] * 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A mask that fits its picture: the PNG with alpha 0 where it is repainted, and how it was understood."""

    blob: Blob
    share: float
    """Part of the picture that is repainted, 0 to 1."""
    reading: str
    """``alpha`` (transparent is repainted), ``white``, or ``shape`` (drawn from words)."""

    def said(self) -> str:
        """Return what was understood, in words."""
        percent = _percent(self.share)
        if self.reading == "alpha":
            return tr("The mask's transparent part is repainted: {percent} of the picture.", percent=percent)
        if self.reading == "white":
            return tr("The mask's white part is repainted: {percent} of the picture.", percent=percent)
        return tr("The mask repaints {percent} of the picture.", percent=percent)


def fit_mask(mask: Blob, picture: Blob) -> Mask:
    """Return the mask made to fit the picture: of its size, without grey, free of specks.

    Raises:
        MaskError: it repaints nothing or everything, is too large, or has another shape than the picture.
    """
    data = _bytes(mask)
    if len(data) > MOST_BYTES:
        what = tr("The mask has {size} MB; it may have 50.", size=len(data) >> 20)
        raise MaskError(what, tr("Save it as a PNG."))
    try:
        image = open_image(data)
    except ImageError as error:
        what = tr("The mask cannot be read: {reason}.", reason=error)
        raise MaskError(what, tr("Save it as a PNG.")) from error
    _check_shape(image, picture)
    level, reading = _level(image)
    return _mask(_repainted(level, (picture.width, picture.height)), reading)


def spell_mask(mask: Any, **shapes: Any) -> Any:
    """Return the mask that was given, or the words for the shape given in its place: ``box=(0, 0, 64, 64)``.

    Raises:
        MaskError: there are several.
    """
    drawn = {shape: corners for shape, corners in shapes.items() if corners is not None}
    if not drawn:
        return mask
    if mask is not None or len(drawn) > 1:
        raise MaskError(tr("An edit takes one mask."), tr("Keep one of mask=, box= and ellipse=."))
    [(shape, corners)] = drawn.items()
    listed = isinstance(corners, Iterable) and not isinstance(corners, str)
    return f"{shape}:{','.join(map(str, corners)) if listed else corners}"


def shape_mask(text: str, picture: Blob) -> Mask | None:
    """Return the mask that ``box:x0,y0,x1,y1`` or ``ellipse:…`` means (pixels, or ``%``), or None for other text.

    Raises:
        MaskError: it cannot be read, or it covers nothing or all of the picture.
    """
    text = normalise_options(text).strip().lower()
    if not re.match(r"(box|ellipse)\s*:", text):
        return None
    found = _SHAPE.fullmatch(text)
    _check_pixels(picture)
    if found is None:
        right = f"box:0,0,{picture.width // 2},{picture.height}"
        raise MaskError(
            tr("{text} is no shape.", text=text[:80]),
            tr("Try: {spelling} (left, upper, right, lower, in pixels or in %).", spelling=right),
        )
    edges = (picture.width, picture.height) * 2
    corners = [_pixels(number, edge) for number, edge in zip(found.groups()[1:], edges, strict=True)]
    return _mask(_drawn(found[1], corners, picture), "shape")


def for_server(mask: Blob, convention: str) -> Blob:
    """Return a fitted mask in a server's convention: ``alpha`` (as fitted) or ``white`` (opaque grey levels)."""
    if convention != "white":
        return mask
    from PIL import Image

    data = encode_png(Image.fromarray(repaint_of(mask)).convert("L"))
    return replace(mask, sha256=hashlib.sha256(data).hexdigest(), data=data)


def repaint_of(mask: Blob) -> Repaint:
    """Return where a fitted mask repaints, as (height, width) of bool."""
    import numpy as np

    return np.asarray(open_image(_bytes(mask)).convert("RGBA"))[..., 3] < 128


def alpha_picture(repaint: Repaint) -> Image.Image:
    """Return the RGBA picture that is transparent where it repaints, as OpenAI reads masks."""
    import numpy as np
    from PIL import Image

    rgba = np.zeros((*repaint.shape, 4), np.uint8)
    # White under the transparency: who reads brightness, as stable-diffusion.cpp does, sees the same mask.
    rgba[repaint, :3], rgba[~repaint, 3] = 255, 255
    return Image.fromarray(rgba)


def overlay(picture: bytes, mask: Blob, long_edge: int = 512) -> bytes:
    """Return a small JPEG of the picture with what a fitted mask repaints under a red veil with a white rim.

    The share of the picture stands in a corner.

    Raises:
        ImageError: the picture cannot be read.
    """
    from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

    image = open_image(picture).convert("RGBA")
    image.thumbnail((long_edge, long_edge))
    shown = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    repaint = repaint_of(mask)
    region = Image.fromarray(repaint).convert("L").resize(image.size)
    veil = Image.new("RGB", image.size, (255, 45, 85))
    shown.paste(veil, mask=region.point(lambda level: level * 55 // 100))
    shown.paste("white", mask=ImageChops.subtract(region.filter(ImageFilter.MaxFilter(5)), region))
    font = ImageFont.load_default(size=max(14, max(image.size) // 18))
    percent = _percent(float(repaint.mean()))
    ImageDraw.Draw(shown).text((8, 4), percent, "white", font, stroke_width=2, stroke_fill="black")
    buffer = io.BytesIO()
    shown.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else f"{share:.1%}"


def _check_pixels(picture: Blob) -> None:
    if picture.media_type == "image/svg+xml":
        raise MaskError(tr("A drawing of lines has no pixels to mask."), tr("Save the picture as PNG."))


def _check_shape(image: Image.Image, picture: Blob) -> None:
    """Refuse a mask that could only be stretched onto the picture; a rounded size is near enough."""
    _check_pixels(picture)
    if _alike(image.width, image.height, picture):
        return
    own, other = f"{image.width}x{image.height}", f"{picture.width}x{picture.height}"
    what = tr("The mask is {own}, the picture {other}: another shape.", own=own, other=other)
    if _alike(image.height, image.width, picture):
        # A camera's picture, whose pixels were read without its note on how they are to be turned.
        raise MaskError(what, tr("Turn it upright, in PIL with ImageOps.exif_transpose."))
    fix = tr("Make the mask {other}, or draw one: box:x0,y0,x1,y1 in pixels.", other=other)
    raise MaskError(what, fix)


def _alike(width: int, height: int, picture: Blob) -> bool:
    wide, tall = width * picture.height, height * picture.width
    return abs(wide - tall) <= 0.02 * max(wide, tall)


def _level(image: Image.Image) -> tuple[Image.Image, str]:
    """Return grey levels, light where it is repainted, and which convention the mask keeps."""
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    if image.has_transparency_data:
        alpha = image.convert("RGBA").getchannel("A")
        if any(alpha.histogram()[:128]):
            return ImageOps.invert(alpha), "alpha"
    if image.mode.startswith("I;16"):
        return image.point(lambda level: level / 256).convert("L"), "white"
    grey = image.convert("L")
    # Labels 0 and 1, as numpy has them, are black and white.
    return (grey.point(lambda level: 255 * level) if grey.getextrema()[1] == 1 else grey), "white"


def _repainted(level: Image.Image, size: tuple[int, int]) -> Repaint:
    """Return the grey levels as a clean yes or no for each pixel of that size."""
    import numpy as np

    level = level if min(level.size) < LEAST_EDGE else _without_specks(level)
    return np.asarray(level if level.size == size else level.resize(size)) >= 128


def _without_specks(level: Image.Image) -> Image.Image:
    """Return the levels without the pixels that are alone, as lossy formats and scanners leave them."""
    import numpy as np
    from PIL import Image, ImageFilter

    levels = np.asarray(level)
    light = levels >= 128
    blurred = Image.fromarray(light).convert("L").filter(ImageFilter.BoxBlur(2))
    around = np.asarray(blurred, np.float32) * (25 / 255)
    levels = np.where(light & (around < SPECK + 0.5), 0, levels)
    levels = np.where(~light & (around > 25 - SPECK - 0.5), 255, levels)
    return Image.fromarray(levels.astype(np.uint8))


def _mask(repaint: Repaint, reading: str) -> Mask:
    if not repaint.any():
        fix = tr("Make white (or transparent) what shall change; black and opaque stays.")
        raise MaskError(tr("The mask repaints nothing."), fix)
    if repaint.all():
        fix = tr("Leave the mask out, or make black what shall stay.")
        raise MaskError(tr("The mask repaints the whole picture."), fix)
    height, width = repaint.shape
    data = encode_png(alpha_picture(repaint))
    blob = Blob(
        sha256=hashlib.sha256(data).hexdigest(),
        media_type="image/png",
        width=width,
        height=height,
        name="mask.png",
        data=data,
    )
    return Mask(blob=blob, share=float(repaint.mean()), reading=reading)


def _drawn(shape: str, corners: Sequence[float], picture: Blob) -> Repaint:
    """Return the pixels whose centre lies in the shape."""
    import numpy as np

    x0, y0, x1, y1 = corners
    if x1 <= x0 or y1 <= y0 or x0 >= picture.width or y0 >= picture.height or x1 <= 0 or y1 <= 0:
        raise MaskError(
            tr("The {shape} lies outside the picture.", shape=shape),
            tr(
                "Corners are x0,y0,x1,y1 from the upper left, up to {w},{h}.",
                w=picture.width,
                h=picture.height,
            ),
        )
    down, across = np.ogrid[: picture.height, : picture.width]
    # From -1 to 1 inside the shape's bounds.
    across, down = ((2 * across + 1 - x0 - x1) / (x1 - x0), (2 * down + 1 - y0 - y1) / (y1 - y0))
    if shape == "ellipse":
        return np.asarray(across**2 + down**2 <= 1)
    return np.asarray((abs(across) <= 1) & (abs(down) <= 1))


def _pixels(number: str, edge: int) -> float:
    return float(number[:-1]) * edge / 100 if number.endswith("%") else float(number)


def _bytes(blob: Blob) -> bytes:
    assert blob.data is not None, "a mask is fitted while its bytes are at hand"
    return blob.data
