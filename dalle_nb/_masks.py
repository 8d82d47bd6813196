"""Masks: which part of a picture is repainted, from whatever people have, to the PNG that a server reads.

OpenAI repaints where a mask is transparent; tutorials, and several servers, where it is white. Here a
mask with transparency means the former, an opaque one the latter, and which was understood is said. Must
not know files, stores or servers' names.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dalle_nb._errors import MaskError
from dalle_nb._images import encode_png, open_image
from dalle_nb._language import tr
from dalle_nb._records import Blob

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Repaint = NDArray[np.bool_]
    """(height, width): True where the picture is repainted."""

MOST_BYTES = 50 * 1024 * 1024
"""Largest mask (guides/image-generation; the SDK's docstring says 4 MB, which ours stay far under)."""

LEAST_SHARE, MOST_SHARE = 1e-4, 1 - 1e-4
"""A mask outside these repaints nothing, or everything, which is no mask."""

FEATHER = 1 / 96
"""Width of the soft edge in which the original goes over into the answer, as a share of the long edge."""

SAME = 2
"""Levels of 255 that a pixel may differ and still be the same: another decoder's rounding."""

_SHAPE = re.compile(r"(box|ellipse)\s*:\s*" + r"\s*,\s*".join([r"(-?\d+(?:\.\d+)?%?)"] * 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A mask that fits its picture: the PNG with alpha 0 where it is repainted, and how it was understood."""

    blob: Blob
    share: float
    """Part of the picture that is repainted, 0 to 1."""
    reading: str
    """``alpha`` (transparent is repainted) or ``white``."""

    def said(self) -> str:
        """Return what was understood, in words."""
        percent = f"{self.share:.0%}" if self.share >= 0.01 else f"{self.share:.1%}"
        if self.reading == "alpha":
            return tr("The mask's transparent part is repainted: {percent} of the picture.", percent=percent)
        return tr("The mask's white part is repainted: {percent} of the picture.", percent=percent)


def fit_mask(mask: Blob, picture: Blob) -> Mask:
    """Return the mask made to fit the picture: of its size, without grey, its edges free of specks.

    Raises:
        MaskError: it repaints nothing or everything, is too large, or has another shape than the picture.
    """
    if mask.data is not None and len(mask.data) > MOST_BYTES:
        raise MaskError(
            tr("The mask has {size} MB; it may have 50.", size=len(mask.data) >> 20), tr("Save it as a PNG.")
        )
    image = open_image(_bytes(mask))
    wide, tall = image.width * picture.height, image.height * picture.width
    if abs(wide - tall) > 0.02 * max(wide, tall):
        own, other = f"{image.width}x{image.height}", f"{picture.width}x{picture.height}"
        raise MaskError(
            tr("The mask is {own}, the picture {other}: another shape.", own=own, other=other),
            tr("Make the mask {other}, or draw one: box:x0,y0,x1,y1 in pixels.", other=other),
        )
    level, reading = _level(image)
    repaint = _cleaned(level.resize((picture.width, picture.height)))
    return _mask(repaint, reading)


def shape_mask(text: str, picture: Blob) -> Mask | None:
    """Return the mask that ``box:x0,y0,x1,y1`` or ``ellipse:…`` means (pixels, or ``%``), or None for other text.

    Raises:
        MaskError: it lies outside the picture.
    """
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        return None
    edges = (picture.width, picture.height) * 2
    corners = [_pixels(number, edge) for number, edge in zip(found.groups()[1:], edges, strict=True)]
    return _mask(_drawn(found[1], corners, picture), "white")


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


def overlay(picture: bytes, mask: Blob) -> bytes:
    """Return a JPEG of the picture with what will be repainted under a red veil."""
    import numpy as np
    from PIL import Image

    image = open_image(picture).convert("RGB")
    pixels = np.asarray(image, dtype=np.float32)
    veil = np.array([255, 45, 85], np.float32)
    where = repaint_of(mask)[..., None]
    shown = np.where(where, pixels * 0.45 + veil * 0.55, pixels)
    buffer = io.BytesIO()
    Image.fromarray(shown.astype(np.uint8)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """An answer with the original put back outside the mask, as PNG bytes, and how much had changed there.

    ``before`` and ``after`` are the shares of the pixels outside the mask and its soft edge that differ
    from the original, in the answer as it came and in the composite: 0 after.
    """

    data: bytes
    width: int
    height: int
    before: float
    after: float


def composite(original: bytes, answer: bytes, mask: Blob) -> Composite:
    """Return the answer inside the mask, the original outside, a soft edge between them inside the mask.

    An answer of another size is resized to the original first.
    """
    import numpy as np
    from PIL import Image

    before, drawn = (open_image(data).convert("RGBA") for data in (original, answer))
    drawn = drawn if drawn.size == before.size else drawn.resize(before.size)
    kept, came = np.asarray(before, np.float32), np.asarray(drawn, np.float32)
    weight = _feathered(repaint_of(mask))[..., None]
    mixed = (kept + (came - kept) * weight + 0.5).astype(np.uint8)
    image: Image.Image = Image.fromarray(mixed)
    if mixed[..., 3].min() == 255:
        image = image.convert("RGB")
    outside = weight[..., 0] == 0
    return Composite(
        data=encode_png(image),
        width=image.width,
        height=image.height,
        before=_changed(kept, came, outside),
        after=_changed(kept, mixed.astype(np.float32), outside),
    )


def _changed(a: NDArray[np.float32], b: NDArray[np.float32], where: Repaint) -> float:
    import numpy as np

    return float((np.abs(a - b).max(axis=2)[where] > SAME).mean()) if where.any() else 0.0


def _feathered(repaint: Repaint) -> NDArray[np.float32]:
    """Return the answer's weight: 0 outside the mask, rising to 1 inside it over the feather's width."""
    import numpy as np
    from PIL import Image, ImageFilter

    width = max(1.0, FEATHER * max(repaint.shape))
    inner = Image.fromarray(repaint).convert("L").filter(ImageFilter.GaussianBlur(width / 2))
    # The blur is half at the edge: the upper half of it lies inside the mask.
    soft: NDArray[np.float32] = np.clip(np.asarray(inner, np.float32) / 127.5 - 1, 0, 1) * repaint
    return soft


def _level(image: Image.Image) -> tuple[Image.Image, str]:
    """Return grey levels, light where it is repainted, and which convention the mask keeps."""
    if "A" in image.getbands() or "transparency" in image.info:
        alpha = image.convert("RGBA").getchannel("A")
        if any(alpha.histogram()[:128]):
            return alpha.point(lambda level: 255 - level), "alpha"
    return image.convert("L"), "white"


def _cleaned(level: Image.Image) -> Repaint:
    import numpy as np
    from PIL import ImageFilter

    whole = np.asarray(level) >= 128
    # A lossy mask has specks along its edges, which a median takes away; a thin line it must not.
    clean = np.asarray(level.filter(ImageFilter.MedianFilter(3))) >= 128
    return clean if clean.any() else whole


def _mask(repaint: Repaint, reading: str) -> Mask:
    import numpy as np
    from PIL import Image

    share = float(repaint.mean())
    if share < LEAST_SHARE:
        raise MaskError(
            tr("The mask repaints nothing."),
            tr("Make white (or transparent) what shall change; black and opaque stays."),
        )
    if share > MOST_SHARE:
        raise MaskError(
            tr("The mask repaints the whole picture."),
            tr("Leave the mask out, or make black what shall stay."),
        )
    height, width = repaint.shape
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[..., 3] = np.where(repaint, 0, 255)
    data = encode_png(Image.fromarray(rgba))
    blob = Blob(
        sha256=hashlib.sha256(data).hexdigest(),
        media_type="image/png",
        width=width,
        height=height,
        name="mask.png",
        data=data,
    )
    return Mask(blob=blob, share=share, reading=reading)


def _drawn(shape: str, corners: Sequence[float], picture: Blob) -> Repaint:
    import numpy as np
    from PIL import Image, ImageDraw

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
    image = Image.new("L", (picture.width, picture.height))
    box = (x0, y0, x1 - 1, y1 - 1)
    brush = ImageDraw.Draw(image)
    (brush.ellipse if shape == "ellipse" else brush.rectangle)(box, fill=255)
    return np.asarray(image) >= 128


def _pixels(number: str, edge: int) -> float:
    return float(number[:-1]) * edge / 100 if number.endswith("%") else float(number)


def _bytes(blob: Blob) -> bytes:
    assert blob.data is not None, "a mask is fitted while its bytes are at hand"
    return blob.data
