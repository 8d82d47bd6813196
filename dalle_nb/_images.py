"""Proves that bytes are a readable picture, and turns what people hold (PIL, numpy, bytes) into one.

Nothing counts as a picture because of its name or its first bytes alone. Must not know where bytes
come from or go.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dalle_nb._language import tr
from dalle_nb._records import Blob

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from PIL import Image

MAX_PIXELS = 64_000_000
"""More than any model draws (8.3 million) or any camera of today; a bomb claims far more."""

MOST_SVG_BYTES = 4 << 20
MOST_FRAMES = 64
"""Of a moving picture are read; models draw up to 16."""

MEDIA_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "svg": "image/svg+xml",
}
SUFFIXES = {media: "jpg" if name == "jpeg" else name for name, media in MEDIA_TYPES.items()}
"""File name ending for each media type."""

_PNG = b"\x89PNG\r\n\x1a\n"
_ACTIVE = ("script", "foreignobject", "iframe", "embed", "object", "handler", "listener")
_AT_ONCE = 1 << 18
_CHANNELS = {(8, 0, 0, 0, 0): 1, (8, 2, 0, 0, 0): 3, (8, 4, 0, 0, 0): 2, (8, 6, 0, 0, 0): 4}
"""Bytes a pixel in the plain forms: bit depth, colour type, and nothing unusual."""
_LAST_FILTER = 4
"""A row of a PNG begins with the number of a filter."""


class ImageError(ValueError):
    """The bytes are no readable picture; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What proved bytes are: media type, and width and height in pixels (0 where an SVG names none)."""

    media_type: str
    width: int
    height: int


def sniff(data: bytes) -> str | None:
    """Return the media type that the first bytes tell, or None."""
    if data.startswith(_PNG):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    return "image/svg+xml" if b"<svg" in data[:1024].lower() else None


def prove(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Proof:
    """Return what picture the bytes are, having read all of it.

    A PNG is proved by the check sum of every chunk and by inflating its pixels in small pieces (a third of the
    time of decoding it, measured), other formats by decoding them.

    Raises:
        ImageError: not a picture, cut short, damaged, or larger than ``max_pixels``.
    """
    media_type = sniff(data)
    if media_type is None:
        raise ImageError(tr("it is no PNG, JPEG, WebP, GIF or SVG"))
    if media_type == "image/png":
        return _prove_png(data, max_pixels)
    if media_type == "image/svg+xml":
        return _prove_svg(data)
    image = open_image(data, max_pixels=max_pixels)
    with _reading():
        # Frames that are missing are not missed by any reader: only the end mark tells.
        if media_type == "image/gif" and not data.endswith(b";"):
            raise EOFError(tr("its end is missing"))
        for frame in range(1, min(getattr(image, "n_frames", 1), MOST_FRAMES)):
            image.seek(frame)
            image.load()
    return Proof(media_type=media_type, width=image.width, height=image.height)


def open_image(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Return the decoded picture.

    Raises:
        ImageError: damaged, or larger than ``max_pixels`` (seen before anything is decoded).
    """
    from PIL import Image

    with _reading():
        image = Image.open(io.BytesIO(data))
        if image.width * image.height > max_pixels:
            raise _too_large(image.width, image.height)
        image.load()
    return image


@contextmanager
def _reading() -> Iterator[None]:
    """Turn whatever Pillow raises for damaged or hostile bytes into ImageError."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:
        # For hostile bytes Pillow raises whatever it stumbles over: SyntaxError, IndexError, EOFError.
        raise ImageError(tr("it cannot be read: {reason}", reason=error)) from error


def encode_png(image: Image.Image) -> bytes:
    """Return the picture as PNG bytes, quickly rather than smallest."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def blob(value: Any, name: str = "") -> Blob:
    """Return an input picture from bytes, a PIL image or a numpy array.

    Arrays are (height, width), (height, width, 3) or (height, width, 4), as uint8, or float from 0 to 1.
    What a camera turned on its side is put upright, as every server reads pixels, not EXIF.

    Raises:
        ImageError: nothing of these, or damaged.
    """
    data = bytes(value) if isinstance(value, bytes | bytearray | memoryview) else encode_png(_image(value))
    proof = prove(data)
    if proof.media_type != "image/png" or b"eXIf" in data:
        data, proof = _upright(data, proof)
    return Blob(
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=proof.media_type,
        width=proof.width,
        height=proof.height,
        name=name,
        data=data,
    )


def _too_large(width: int, height: int) -> ImageError:
    return ImageError(tr("{width}x{height} pixels are none or too many", width=width, height=height))


def _image(value: Any) -> Image.Image:
    from PIL import Image, ImageOps

    if isinstance(value, Image.Image):
        image = ImageOps.exif_transpose(value)
        return image if image.mode in ("L", "LA", "RGB", "RGBA", "P", "1") else image.convert("RGB")
    if hasattr(value, "__array_interface__") or hasattr(value, "__array__"):
        return _image_of_array(value)
    raise ImageError(tr("a {kind} is no picture", kind=type(value).__name__))


def _image_of_array(value: Any) -> Image.Image:
    import numpy as np
    from PIL import Image

    array = np.asarray(value)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.dtype == bool:
        array = array.astype(np.uint8) * 255
    elif np.issubdtype(array.dtype, np.floating):
        array = (np.clip(np.nan_to_num(array), 0, 1) * 255 + 0.5).astype(np.uint8)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or array.size == 0:
        raise ImageError(tr("an array of shape {shape} is no picture", shape=array.shape))
    if array.dtype != np.uint8:
        array = np.clip(array, 0, 255).astype(np.uint8)
    return Image.fromarray(array)


def _upright(data: bytes, proof: Proof) -> tuple[bytes, Proof]:
    if proof.media_type == "image/svg+xml":
        return data, proof
    image = open_image(data)
    if proof.media_type == "image/gif":
        return _as_png(image)
    return (data, proof) if image.getexif().get(0x0112, 1) == 1 else _as_png(image)


def _as_png(image: Image.Image) -> tuple[bytes, Proof]:
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    image = image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGBA")
    return encode_png(image), Proof(media_type="image/png", width=image.width, height=image.height)


def _prove_svg(data: bytes) -> Proof:
    import xml.etree.ElementTree as ET

    if len(data) > MOST_SVG_BYTES:
        raise ImageError(tr("the SVG has more than {most} MB", most=MOST_SVG_BYTES >> 20))
    if b"<!ENTITY" in data or b"<!DOCTYPE" in data:
        raise ImageError(tr("the SVG declares entities"))
    try:
        root = ET.fromstring(data)  # noqa: S314 - expat bounds how entities grow, and none is declared
    except ET.ParseError as error:
        raise ImageError(tr("it cannot be read: {reason}", reason=error)) from error
    if root.tag.rpartition("}")[2] != "svg":
        raise ImageError(tr("the XML is no SVG"))
    if any(_is_active(element) for element in root.iter()):
        raise ImageError(tr("the SVG holds a program"))
    return Proof(
        media_type="image/svg+xml", width=_length(root.get("width")), height=_length(root.get("height"))
    )


def _is_active(element: Element) -> bool:
    """Return whether an element of an SVG could do something: run, load a page, or make others do so."""
    # We show an SVG where nothing of this runs; but a saved file is opened elsewhere, too.
    if str(element.tag).rpartition("}")[2].lower() in _ACTIVE:
        return True
    names = (name.rpartition("}")[2].lower() for name in element.attrib)
    values = ("".join(value.split()).lower() for value in element.attrib.values())
    return any(name.startswith("on") for name in names) or any("javascript:" in value for value in values)


def _length(text: str | None) -> int:
    digits = (text or "").removesuffix("px").split(".")[0]
    return int(digits) if digits.isdecimal() and len(digits) < 6 else 0


def _prove_png(data: bytes, max_pixels: int) -> Proof:
    chunks = _png_chunks(data)
    kind, header = next(chunks)
    if kind != b"IHDR" or len(header) != 13:
        raise ImageError(tr("the PNG has no header"))
    width, height, *form = struct.unpack(">IIBBBBB", header)
    if not width or not height or width * height > max_pixels:
        raise _too_large(width, height)
    channels = _CHANNELS.get(tuple(form))
    if channels:
        _check_rows((body for kind, body in chunks if kind == b"IDAT"), width * channels + 1, height)
    else:
        # Palettes, sixteen bits and interlacing are rare: the check sums are read here, the pixels by Pillow.
        deque(chunks, maxlen=0)
        open_image(data, max_pixels=max_pixels)
    return Proof(media_type="image/png", width=width, height=height)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view, at = memoryview(data), len(_PNG)
    while at + 12 <= len(view):
        (length,) = struct.unpack(">I", view[at : at + 4])
        end = at + 12 + length
        if end > len(view):
            break
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise ImageError(tr("a check sum in the PNG is wrong"))
        kind = bytes(view[at + 4 : at + 8])
        yield kind, view[at + 8 : end - 4]
        if kind == b"IEND":
            return
        at = end
    raise ImageError(tr("the PNG is cut short"))


def _check_rows(parts: Iterator[memoryview], row: int, height: int) -> None:
    """Inflate the pixels, and see that there are as many rows as there should be, each beginning as one does."""
    # Three times as fast as the standard library's, on the way of every picture (benchmarks/calls.py).
    from isal import isal_zlib

    inflater, total = isal_zlib.decompressobj(), 0
    try:
        for piece in _slices(parts):
            rest, more = piece, None
            # A piece may be read to its end and still have more to give.
            while total <= row * height and (rest or more is None or len(more) == _AT_ONCE):
                more = inflater.decompress(rest, _AT_ONCE)
                if max(more[-total % row :: row], default=0) > _LAST_FILTER:
                    raise ImageError(tr("the pixels of the PNG are damaged"))
                total, rest = total + len(more), inflater.unconsumed_tail
    except isal_zlib.error as error:  # type: ignore[misc]  # its stub takes the class for an instance
        raise ImageError(tr("the pixels of the PNG are damaged")) from error
    if total != row * height or not inflater.eof:
        raise ImageError(tr("the PNG has too few or too many pixels"))


def _slices(parts: Iterator[memoryview]) -> Iterator[bytes | memoryview]:
    # What an inflater leaves of its input it copies: of small pieces that is little.
    for part in parts:
        for at in range(0, len(part), 1 << 16):
            yield part[at : at + (1 << 16)]
