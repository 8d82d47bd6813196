"""Pictures made small enough for a notebook: thumbnails, contact sheets, fingerprints.

Bytes in, bytes out, proved readable by `_images` when they came: must not know records, HTML, stores or
paths. Pillow is imported by what draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from math import ceil, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

GRID = 4
"""A fingerprint looks at the picture as 4 x 4 fields."""
UNLIKE = 256
"""The distance of fingerprints that cannot be compared: more than any two pictures can differ."""

_GAP = 6
_DARK, _LIGHT, _GREY = (28, 28, 30), (214, 214, 214), (128, 128, 128)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A small picture to show; width and height in pixels.

    ``labels`` are the boxes (left, top, right, bottom) that hold no picture but a reference.
    """

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    labels: tuple[tuple[int, int, int, int], ...] = ()


def thumbnail(data: bytes, long_edge: int = 512) -> Thumbnail:
    """Return the picture at most ``long_edge`` pixels long: JPEG, or PNG where it is transparent."""
    return _encode(_shrink(open_picture(data), long_edge))


def whole(data: bytes) -> Thumbnail:
    """Return the picture in its own size, its very bytes where every front end shows their format."""
    picture = open_picture(data)
    shown = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}
    for start, media_type in shown.items():
        if data.startswith(start):
            return Thumbnail(data=data, media_type=media_type, width=picture.width, height=picture.height)
    return _encode(picture)


def contact_sheet(pictures: Sequence[tuple[str, bytes]], long_edge: int = 512) -> Thumbnail:
    """Return all pictures on one sheet, not quite two long edges wide, each over its label.

    Labels are digits and slashes (``12/3``), which Pillow's own font has on every machine.
    """
    from PIL import Image, ImageDraw, ImageFont

    columns = len(pictures) if len(pictures) <= 3 else ceil(sqrt(len(pictures)))
    edge = min(long_edge, long_edge * 15 // 8 // columns)
    tiles = [(label, _shrink(open_picture(data), edge)) for label, data in pictures]
    wide, high = (max(tile.size[axis] for _, tile in tiles) for axis in (0, 1))
    clear = any(tile.mode == "RGBA" for _, tile in tiles)
    font = ImageFont.load_default(size=max(14, edge // 18))
    line = ceil(font.getbbox("0/")[3]) + _GAP
    rows = ceil(len(tiles) / columns)
    size = (columns * (wide + _GAP) + _GAP, rows * (high + line + _GAP) + _GAP)
    sheet = Image.new("RGBA", size, (*_DARK, 0)) if clear else Image.new("RGB", size, _DARK)
    pen = ImageDraw.Draw(sheet)
    labels = []
    for place, (label, tile) in enumerate(tiles):
        left = _GAP + place % columns * (wide + _GAP)
        top = _GAP + place // columns * (high + line + _GAP)
        sheet.paste(tile, (left + (wide - tile.width) // 2, top + (high - tile.height) // 2))
        pen.text((left + _GAP, top + high + _GAP // 2), label, font=font, fill=_GREY if clear else _LIGHT)
        labels.append((left, top + high, left + wide, top + high + line))
    return replace(_encode(sheet), labels=tuple(labels))


def fingerprint(data: bytes) -> str:
    """Return what a picture looks like from afar, as 128 hex digits.

    Eight digits for each of 4 x 4 fields, row by row: mean red, green and blue, then contrast (the
    standard deviation of its brightness), on middle grey where it is transparent. Another encoder moves
    a number by a level or two, another picture by dozens; a small thing that goes missing in a flat field
    hardly moves its mean, but its contrast.
    """
    from PIL import Image, ImageStat

    picture = open_picture(data).convert("RGBA")
    # Two steps, so that a fingerprint of a thumbnail is that of its picture.
    ground = Image.new("RGBA", picture.size, (*_GREY, 255))
    small = Image.alpha_composite(ground, picture).convert("RGB").resize((64, 64), Image.Resampling.BOX)
    step = 64 // GRID
    digits = ""
    for top in range(0, 64, step):
        for left in range(0, 64, step):
            field_ = small.crop((left, top, left + step, top + step))
            levels = (*ImageStat.Stat(field_).mean, ImageStat.Stat(field_.convert("L")).stddev[0])
            digits += "".join(f"{min(255, round(level)):02x}" for level in levels)
    return digits


def fingerprint_distance(a: str, b: str) -> int:
    """Return by how many levels, 0 to 255, two fingerprints differ at most; `UNLIKE` if either is none.

    The same picture from another encoder stays within 4.
    """
    try:
        pairs = zip(bytes.fromhex(a), bytes.fromhex(b), strict=True)
        return max(abs(x - y) for x, y in pairs)
    except ValueError:
        return UNLIKE


def open_picture(data: bytes) -> Image:
    """Return the picture upright, as RGB, or as RGBA where any of it is transparent.

    Of an animation the first frame; an SVG is drawn here and never shown alive, for it may carry script.
    """
    from PIL import Image, ImageOps

    picture = Image.open(BytesIO(_rasterised(data)))
    upright = ImageOps.exif_transpose(picture)
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    clear = upright.convert("RGBA")
    solid = clear.getchannel("A").histogram()[255] == clear.width * clear.height
    return clear.convert("RGB") if solid else clear


def _rasterised(data: bytes) -> bytes:
    if not data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<svg", b"<?xml", b"<!DOCTYPE svg")):
        return data
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=data.decode(), width=1024))


def _shrink(picture: Image, long_edge: int) -> Image:
    # A gap of 1.0 halves by averaging before it resamples: five times quicker, and no worse to see.
    picture.thumbnail((long_edge, long_edge), reducing_gap=1.0)
    return picture


def _encode(picture: Image) -> Thumbnail:
    # A palette would make the PNG five times smaller, and show bands: few pictures are transparent.
    file = BytesIO()
    if picture.mode == "RGBA":
        picture.save(file, "PNG")
    else:
        # At this size the eye tells it from 85 only beside it; the notebook is a third smaller.
        picture.save(file, "JPEG", quality=66, optimize=True, progressive=True)
    media_type = "image/png" if picture.mode == "RGBA" else "image/jpeg"
    return Thumbnail(data=file.getvalue(), media_type=media_type, width=picture.width, height=picture.height)
