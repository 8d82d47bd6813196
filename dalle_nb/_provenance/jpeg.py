"""Texts in JPEG files, beside the pixels and without touching them: our JSON as comments, A1111's line as EXIF.

Sources: ITU-T T.81, JFIF 1.02, EXIF 2.32. C2PA keeps its credentials as JUMBF in APP11.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from dalle_nb._provenance.exif import comment_exif, orientation_exif, read_exif
from dalle_nb._provenance.texts import MARK, MAX_TEXT, Found, Part, decode, without

_APP0, _APP1, _APP2, _APP11, _APP14 = b"\xe0", b"\xe1", b"\xe2", b"\xeb", b"\xee"
_COMMENT, _SCAN, _END = b"\xfe", b"\xda", b"\xd9"
_EXIF = b"Exif\0\0"
_LONGEST = 0xFFFF - 2
_NEXT = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
"""Where compressed pixels end: a marker that is neither a stuffed byte nor a restart."""


def read(data: bytes) -> Found:
    """Return the texts of a JPEG, and whether it is signed."""
    ours, parameters, signed = b"", None, False
    for part in _segments(data):
        body = _body(data, part)
        signed = signed or (part.kind == _APP11 and body.startswith(b"JP"))
        if _is_ours(data, part) and len(ours) <= MAX_TEXT:
            ours += body.removeprefix(MARK)
        elif part.kind == _APP1 and body.startswith(_EXIF) and parameters is None:
            parameters = read_exif(body).comment
    return Found(ours=decode(ours) if ours else None, parameters=parameters, signed=signed)


def write(data: bytes, ours: str, parameters: str) -> bytes:
    """Return the JPEG with our JSON, and with A1111's line where it has no EXIF yet and the line fits into one."""
    parts = list(_segments(data))
    data = without(data, [part for part in parts if _is_ours(data, part)])
    exif = _EXIF + comment_exif(parameters)
    foreign = len(exif) > _LONGEST or any(_body(data, part).startswith(_EXIF) for part in _segments(data))
    raw, room = ours.encode("utf-8", "replace"), _LONGEST - len(MARK)
    comments = [MARK + raw[start : start + room] for start in range(0, len(raw), room)]
    texts = [_segment(_COMMENT, each) for each in comments] + ([] if foreign else [_segment(_APP1, exif)])
    # JFIF wants its own segment to be the first.
    first = next(_segments(data), None)
    place = first.end if first and first.kind == _APP0 else 2
    return data[:place] + b"".join(texts) + data[place:]


def strip(data: bytes) -> bytes:
    """Return the JPEG with nothing but what it looks like."""
    orientation, kept = 1, []
    for part in _segments(data, pixels=True):
        body = _body(data, part)
        if part.kind == _APP1 and body.startswith(_EXIF):
            orientation = read_exif(body).orientation
        elif part.kind == _APP0 and body.startswith(b"JFIF\0"):
            # The density stays, the thumbnail goes.
            kept.append(_segment(_APP0, body[:12] + b"\0\0"))
        elif _is_shown(part.kind, body):
            kept.append(data[part.start : part.end])
    upright = [] if orientation == 1 else [_segment(_APP1, _EXIF + orientation_exif(orientation))]
    place = 1 if kept and kept[0][1:2] == _APP0 else 0
    return data[:2] + b"".join([*kept[:place], *upright, *kept[place:]]) + b"\xff" + _END


def originals(data: bytes) -> Iterator[bytes]:
    """Give what the file may have been before `write`, likeliest first."""
    ours = [part for part in _segments(data) if _is_ours(data, part)]
    yield without(data, [p for p in _segments(data) if p in ours or _body(data, p).startswith(_EXIF)])
    yield without(data, ours)


def _segments(data: bytes, *, pixels: bool = False) -> Iterator[Part]:
    """Give the segments before the pixels, where texts are; or all of them, which takes looking through them."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1 : at + 2]
        if kind == b"\xff":
            at += 1
            continue
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if kind == _END or end < at + 4 or end > len(data) or (kind == _SCAN and not pixels):
            return
        if kind == _SCAN:
            found = _NEXT.search(data, end)
            end = found.start() if found else len(data)
        yield Part(kind, at, end)
        at = end


def _body(data: bytes, part: Part) -> bytes:
    """Return what a segment holds; of the pixels no more than there is a use for."""
    return data[part.start + 4 : min(part.end, part.start + 2 + 0xFFFF)]


def _is_ours(data: bytes, part: Part) -> bool:
    return part.kind == _COMMENT and data.startswith(MARK, part.start + 4)


def _is_shown(kind: bytes, body: bytes) -> bool:
    if kind == _APP2:
        return body.startswith(b"ICC_PROFILE\0")
    # Adobe's segment says how colours are coded; without it they are wrong.
    return kind == _APP14 or not (b"\xe0" <= kind <= b"\xef" or kind == _COMMENT)


def _segment(kind: bytes, body: bytes) -> bytes:
    return b"\xff" + kind + struct.pack(">H", len(body) + 2) + body
