"""Texts in PNG files, beside the pixels and without touching them: iTXt written, tEXt and zTXt read too.

Source: PNG, third edition (W3C 2025). C2PA keeps its credentials in ``caBX``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from dalle_nb._provenance.exif import orientation_exif, read_exif
from dalle_nb._provenance.texts import OURS, PARAMETERS, Found, Part, decode, inflate, without

_HEADER_END = 33
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_SHOWN = {
    b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"pHYs",
    b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip
"""Chunks that are not critical and yet part of how the picture looks."""


def read(data: bytes) -> Found:
    """Return the texts of a PNG, the first of each name, and whether it is signed."""
    texts: dict[str, str] = {}
    signed = False
    for part in _chunks(data):
        signed = signed or part.kind == b"caBX"
        name = _name(data, part)
        if name in (OURS, PARAMETERS) and name not in texts and (text := _text(data, part)) is not None:
            texts[name] = text
    return Found(ours=texts.get(OURS), parameters=texts.get(PARAMETERS), signed=signed)


def write(data: bytes, ours: str, parameters: str) -> bytes:
    """Return the PNG with our JSON, and with A1111's line where it has none yet."""
    named = [(part, name) for part in _chunks(data) if (name := _name(data, part))]
    data = without(data, [part for part, name in named if name == OURS])
    foreign = any(name == PARAMETERS for _, name in named)
    texts = _international(OURS, ours) + (b"" if foreign else _international(PARAMETERS, parameters))
    # Before the pixels: most readers look no further.
    return data[:_HEADER_END] + texts + data[_HEADER_END:]


def strip(data: bytes) -> bytes:
    """Return the PNG with nothing but what it looks like."""
    parts = list(_chunks(data))
    blocks = [data[part.start + 8 : part.end - 4] for part in parts if part.kind == b"eXIf"]
    orientation = read_exif(blocks[0]).orientation if blocks else 1
    upright = b"" if orientation == 1 else _chunk(b"eXIf", orientation_exif(orientation))
    shown = [data[part.start : part.end] for part in parts if part.kind[:1].isupper() or part.kind in _SHOWN]
    return data[:8] + shown[0] + upright + b"".join(shown[1:])


def originals(data: bytes) -> Iterator[bytes]:
    """Give what the file may have been before `write`, likeliest first."""
    for names in ((OURS, PARAMETERS), (OURS,)):
        yield without(data, [part for part in _chunks(data) if _name(data, part) in names])


def _chunks(data: bytes) -> Iterator[Part]:
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            return
        yield Part(kind, at, end)
        if kind == b"IEND":
            return
        at = end


def _name(data: bytes, part: Part) -> str:
    """Return the name of a chunk's text; nothing for a chunk without."""
    if part.kind not in _TEXTS:
        return ""
    start = part.start + 8
    return data[start : min(start + 80, part.end - 4)].partition(b"\0")[0].decode("latin-1")


def _text(data: bytes, part: Part) -> str | None:
    rest = data[part.start + 8 : part.end - 4].partition(b"\0")[2]
    if part.kind == b"tEXt":
        return decode(rest.decode("latin-1").encode())
    if part.kind == b"zTXt":
        raw = inflate(rest[1:])
        return None if raw is None else decode(raw.decode("latin-1").encode())
    packed, tail = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    raw = tail[2] if len(tail) == 3 else None
    raw = inflate(raw) if packed and raw is not None else raw
    return None if raw is None else decode(raw)


def _international(name: str, text: str) -> bytes:
    # Not compressed, no language, no translated name; a NUL would end the text.
    raw = text.replace("\0", "\ufffd").encode("utf-8", "replace")
    return _chunk(b"iTXt", name.encode() + b"\0\0\0\0\0" + raw)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
