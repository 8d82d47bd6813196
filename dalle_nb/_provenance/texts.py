"""What the rooms of the file formats have in common: which texts are found in a file, and how long they may be."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

OURS = "dalle_nb"
"""The name our JSON goes by in a file."""
PARAMETERS = "parameters"
"""The name by which A1111, and all that read its pictures, know theirs."""
MARK = OURS.encode() + b"\0"
"""Stands before our JSON where a format has no names."""

MAX_TEXT = 1 << 20
"""Most bytes of a text that are read, inflated: ten times the longest prompt a model takes, told twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The texts in a file, and whether it is signed: any change to it breaks Content Credentials (C2PA)."""

    ours: str | None = None
    parameters: str | None = None
    signed: bool = False


class Format(Protocol):
    """What the room of a file format can do."""

    def read(self, data: bytes) -> Found: ...
    def write(self, data: bytes, ours: str, parameters: str) -> bytes: ...
    def strip(self, data: bytes) -> bytes: ...
    def originals(self, data: bytes) -> Iterator[bytes]: ...


class Part(NamedTuple):
    """A chunk or segment of a file: its kind, and from where to where it reaches, head and all."""

    kind: bytes
    start: int
    end: int


def decode(raw: bytes) -> str | None:
    """Return a text as UTF-8 says it; None for one too long. What is no UTF-8 becomes U+FFFD."""
    return raw.decode("utf-8", "replace") if len(raw) <= MAX_TEXT else None


def inflate(raw: bytes) -> bytes | None:
    """Return what was compressed; None where it is damaged or longer than a text may be."""
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(raw, MAX_TEXT)
    except zlib.error:
        return None
    return text if inflater.eof else None


def without(data: bytes, gone: list[Part]) -> bytes:
    """Return the bytes without some of their parts, given in order."""
    if not gone:
        return data
    starts = [0, *(part.end for part in gone)]
    ends = [*(part.start for part in gone), len(data)]
    return b"".join(data[start:end] for start, end in zip(starts, ends, strict=True))
