"""The two things of EXIF that matter here: which way up a picture is, and the comment that A1111 writes.

Sources: EXIF 2.32 (CIPA DC-008), TIFF 6.0. What lies about its lengths is read as far as it goes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dalle_nb._provenance.texts import MAX_TEXT

_ORIENTATION, _EXIF, _COMMENT = 0x0112, 0x8769, 0x9286
_SHORT, _LONG, _UNDEFINED = 3, 4, 7
_UNICODE = b"UNICODE\0"
_HEAD = b"MM\0*\0\0\0\x08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exif:
    """``orientation`` is from 1 (upright) to 8."""

    orientation: int = 1
    comment: str | None = None


def read_exif(tiff: bytes) -> Exif:
    """Return what the bytes of an EXIF block say, after the word ``Exif`` where there is one."""
    tiff = tiff.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return Exif()
    first = _entries(tiff, struct.unpack_from(f"{order}I", tiff, 4)[0], order)
    orientation = struct.unpack_from(f"{order}H", first.get(_ORIENTATION, (0, b"\0\0"))[1])[0]
    (place,) = struct.unpack(f"{order}I", first.get(_EXIF, (0, b"\0\0\0\0"))[1])
    length, value = _entries(tiff, place, order).get(_COMMENT, (0, b""))
    return Exif(
        orientation=orientation if 1 <= orientation <= 8 else 1,
        comment=_comment(tiff, length, *struct.unpack(f"{order}I", value)) if value else None,
    )


def orientation_exif(orientation: int) -> bytes:
    """Return an EXIF block that says nothing but which way up."""
    return _HEAD + _entry_list(struct.pack(">HHIHH", _ORIENTATION, _SHORT, 1, orientation, 0))


def comment_exif(text: str) -> bytes:
    """Return an EXIF block with nothing but a comment, as A1111 writes it: UTF-16, the larger byte first."""
    raw = _UNICODE + text.encode("utf-16-be", "replace")
    pointer = _entry_list(struct.pack(">HHII", _EXIF, _LONG, 1, len(_HEAD) + 18))
    comment = _entry_list(struct.pack(">HHII", _COMMENT, _UNDEFINED, len(raw), len(_HEAD) + 36))
    return _HEAD + pointer + comment + raw


def _entry_list(entry: bytes) -> bytes:
    return struct.pack(">H", 1) + entry + bytes(4)


def _entries(tiff: bytes, place: int, order: str) -> dict[int, tuple[int, bytes]]:
    """Return the entries of a list by tag: how many values, and the four bytes that hold or place them."""
    if not 8 <= place <= len(tiff) - 2:
        return {}
    (count,) = struct.unpack_from(f"{order}H", tiff, place)
    fitting = min(count, (len(tiff) - place - 2) // 12)
    rows = (struct.unpack_from(f"{order}HHI4s", tiff, place + 2 + 12 * row) for row in range(fitting))
    return {tag: (length, value) for tag, _, length, value in rows}


def _comment(tiff: bytes, length: int, place: int) -> str | None:
    raw = tiff[place : place + length]
    if not 8 < len(raw) <= MAX_TEXT or len(raw) < length:
        return None
    code, raw = raw[:8], raw[8:]
    if code != _UNICODE:
        return raw.decode("utf-8", "replace")
    # EXIF does not say which byte comes first, and writers differ; Latin letters tell by where their zeros are.
    smaller_first = raw[1::2].count(0) > raw[::2].count(0)
    return raw.decode("utf-16-le" if smaller_first else "utf-16-be", "replace")
