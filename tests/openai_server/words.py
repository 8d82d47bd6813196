"""The words of the server: what was heard, what shall be drawn, why it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that came in: a part of a multipart body, or a data URL of a JSON one (no filename)."""

    field: str
    filename: str
    mimetype: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it arrived, before anyone judged it."""

    number: int
    time: float
    """Seconds since the epoch."""
    method: str
    path: str
    place: str
    """`generations`, `edits`, `variations`, `models`, `download` or `elsewhere`."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    json: Any
    """The parsed JSON body, or None."""
    fields: Mapping[str, Any]
    """The text fields of a form, or the names and values of a JSON object; repeated fields are lists."""
    files: tuple[Upload, ...]
    transport: str
    """`json`, `multipart`, or `none` for a call without a body."""

    @property
    def retry_count(self) -> int:
        return int(self.headers.get("x-stainless-retry-count", 0))

    @property
    def idempotency_key(self) -> str | None:
        return self.headers.get("idempotency-key")

    @property
    def images(self) -> tuple[Upload, ...]:
        return tuple(file for file in self.files if file.field.split("[")[0] in {"image", "images"})

    def file(self, name: str) -> Upload | None:
        return next((file for file in self.files if file.field == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to draw, every default filled in."""

    model: str
    prompt: str
    n: int = 1
    size: tuple[int, int] = (1024, 1024)
    quality: str = "auto"
    format: str = "png"
    compression: int = 100
    background: str = "opaque"
    stream: bool = False
    partials: int = 0
    frames: int = 9
    frame_ms: int = 200
    answers: str = "b64_json"
    """`b64_json`, `url`, or `data` for a data URL in the place of the URL."""
    seed: str | None = None

    def key(self, index: int) -> str:
        """Return what the pixels of the picture at this index are made from."""
        return picture_key(self.prompt, index, self.seed)


def picture_key(prompt: str, index: int = 0, seed: str | None = None) -> str:
    return f"{prompt}\0{index}\0{seed or ''}"


@dataclass(kw_only=True, eq=False)
class Refused(Exception):  # noqa: N818 (a word of this server: a call is refused)
    """An error the server tells politely; the profile in force words it."""

    message: str
    status: int = 400
    type: str | None = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
