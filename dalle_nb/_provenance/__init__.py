"""Where a picture comes from, written into its file and read from there; its pixels' bytes stay as they are.

Texts are spliced in beside them: no picture is decoded or encoded. Every reader takes any bytes at all, and
holds no more of a text than `MAX_TEXT`. Pure: bytes and texts in, bytes and texts out; must not know records.
Others' formats get a reader beside `a1111` each.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from dalle_nb._images import ImageError, sniff
from dalle_nb._provenance import jpeg, png, webp
from dalle_nb._provenance.a1111 import Parameters, parse_parameters, write_parameters
from dalle_nb._provenance.texts import MAX_TEXT, Format, Found

__all__ = [
    "MAX_TEXT",
    "Found",
    "Parameters",
    "can_hold",
    "find_texts",
    "originals",
    "read_a1111",
    "read_ours",
    "strip",
    "write_parameters",
    "write_texts",
]

_ROOMS: dict[str, Format] = {"image/png": png, "image/jpeg": jpeg, "image/webp": webp}


def can_hold(data: bytes) -> bool:
    """Return whether texts can be written into such a file, or taken out."""
    return sniff(data) in _ROOMS


def find_texts(data: bytes) -> Found:
    """Return the texts that a file holds, and whether it is signed; nothing for a file that holds none."""
    room = _ROOMS.get(sniff(data) or "")
    return room.read(data) if room else Found()


def read_ours(data: bytes) -> str | None:
    """Return our own JSON as it stands in a file; nothing in it has been looked at yet."""
    return find_texts(data).ours


def read_a1111(data: bytes) -> Parameters | None:
    """Return what A1111, or who writes as it does, says the picture was drawn from."""
    text = find_texts(data).parameters
    return parse_parameters(text) if text else None


def write_texts(data: bytes, ours: str, parameters: str) -> bytes:
    """Return the file with our JSON in place of an older one, and with A1111's text where it has none.

    Raises:
        ImageError: no PNG, JPEG or WebP, or damaged.
    """
    try:
        return _ROOMS[sniff(data) or ""].write(data, ours, parameters)
    except (KeyError, IndexError, struct.error) as error:
        raise ImageError("the file takes no text") from error


def strip(data: bytes) -> bytes:
    """Return the file without a word about where it comes from: no text, EXIF, XMP or Content Credentials.

    Its pixels, colours, frames and which way up it is stay.

    Raises:
        ImageError: no PNG, JPEG or WebP, or damaged.
    """
    try:
        return _ROOMS[sniff(data) or ""].strip(data)
    except (KeyError, IndexError, struct.error) as error:
        raise ImageError("nothing can be taken out of the file") from error


def originals(data: bytes) -> Iterator[bytes]:
    """Give what a file may have been before `write_texts`, for its sha256 to tell; likeliest first."""
    room = _ROOMS.get(sniff(data) or "")
    return room.originals(data) if room else iter(())
