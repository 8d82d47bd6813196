"""Texts in WebP files, beside the pixels and without touching them: our JSON in a chunk of its own, A1111's in EXIF.

Source: RFC 9649; readers pass over chunks they do not know (section 2.7.1.6). C2PA's chunk is called ``C2PA``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from dalle_nb._provenance.exif import comment_exif, orientation_exif, read_exif
from dalle_nb._provenance.texts import Found, Part, decode

_OURS = b"DLNB"
_SHOWN = (b"VP8X", b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L")
_HAS_ALPHA, _HAS_EXIF, _HAS_XMP = 0x10, 0x08, 0x04

_Chunk = tuple[bytes, bytes]


def read(data: bytes) -> Found:
    """Return the texts of a WebP, the first of each, and whether it is signed."""
    chunks = dict(reversed([_named(data, part) for part in _parts(data)]))
    return Found(
        ours=decode(chunks[_OURS]) if _OURS in chunks else None,
        parameters=read_exif(chunks[b"EXIF"]).comment if b"EXIF" in chunks else None,
        signed=b"C2PA" in chunks,
    )


def write(data: bytes, ours: str, parameters: str) -> bytes:
    """Return the WebP with our JSON, and with A1111's line where it has no EXIF yet."""
    chunks = [chunk for chunk in _chunks(data) if chunk[0] != _OURS]
    if not any(kind == b"EXIF" for kind, _ in chunks):
        chunks.append((b"EXIF", comment_exif(parameters)))
    return _file([*_extended(chunks, _HAS_EXIF, 0), (_OURS, ours.encode("utf-8", "replace"))])


def strip(data: bytes) -> bytes:
    """Return the WebP with nothing but what it looks like."""
    chunks = _chunks(data)
    shown = [chunk for chunk in chunks if chunk[0] in _SHOWN]
    orientation = next((read_exif(body).orientation for kind, body in chunks if kind == b"EXIF"), 1)
    if orientation == 1:
        return _file(_flagged(shown, 0, _HAS_EXIF | _HAS_XMP))
    return _file([*_extended(shown, _HAS_EXIF, _HAS_XMP), (b"EXIF", orientation_exif(orientation))])


def originals(data: bytes) -> Iterator[bytes]:
    """Give what the file may have been before `write`, likeliest first."""
    rest = [chunk for chunk in _chunks(data) if chunk[0] != _OURS]
    bare = [chunk for chunk in rest if chunk[0] != b"EXIF"]
    yield _file([chunk for chunk in bare if chunk[0] != b"VP8X"])
    yield _file(_flagged(bare, 0, _HAS_EXIF))
    yield _file(rest)


def _parts(data: bytes) -> Iterator[Part]:
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length
        if end > len(data):
            return
        yield Part(kind, at, end)
        at = end + length % 2


def _named(data: bytes, part: Part) -> _Chunk:
    return part.kind, data[part.start + 8 : part.end]


def _chunks(data: bytes) -> list[_Chunk]:
    return [_named(data, part) for part in _parts(data)]


def _extended(chunks: Sequence[_Chunk], more: int, less: int) -> list[_Chunk]:
    """Return the chunks under the head that allows for others than pixels, its flags set and cleared."""
    if chunks[0][0] == b"VP8X":
        return _flagged(chunks, more, less)
    return _flagged([(b"VP8X", _head(*chunks[0])), *chunks], more, less)


def _flagged(chunks: Sequence[_Chunk], more: int, less: int) -> list[_Chunk]:
    if not chunks or chunks[0][0] != b"VP8X":
        return list(chunks)
    (kind, body), *rest = chunks
    flags = int.from_bytes(body[:1], "little") & ~less | more
    return [(kind, bytes([flags]) + body[1:]), *rest]


def _head(kind: bytes, body: bytes) -> bytes:
    """Return the head for a picture that had none: flags, then width and height less one, 24 bits each."""
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        flags, width, height = bits >> 28 & 1 and _HAS_ALPHA, bits & 0x3FFF, bits >> 14 & 0x3FFF
    else:
        flags, (width, height) = 0, (side % 0x4000 - 1 for side in struct.unpack_from("<HH", body, 6))
    return struct.pack("<I", flags) + struct.pack("<I", width)[:3] + struct.pack("<I", height)[:3]


def _file(chunks: Sequence[_Chunk]) -> bytes:
    parts = [kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2) for kind, body in chunks]
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body
