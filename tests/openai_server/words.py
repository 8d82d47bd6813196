"""The words of the server: what was heard, what shall be drawn, why it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that came in: a part of a multipart body, or a data URL of a JSON one (no filename)."""

    name: str
    """The field's name: `image`, `image[]`, `mask`, `markup`."""
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
    """`generations`, `edits`, `variations`, `inpainting`, `models`, `download` or `elsewhere`."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    transport: str
    """`json`, `multipart`, or `none` for a call without a body."""
    json: Any = None
    """The parsed JSON body."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The text fields of a form (repeated ones are lists), or the members of a JSON object."""
    files: tuple[Upload, ...] = ()

    @property
    def retry_count(self) -> int:
        return int(self.headers.get("x-stainless-retry-count", 0))

    @property
    def idempotency_key(self) -> str | None:
        return self.headers.get("idempotency-key")

    @property
    def key(self) -> str:
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        return bearer or self.headers.get("api-key", "")

    @property
    def images(self) -> tuple[Upload, ...]:
        return tuple(file for file in self.files if file.name.split("[")[0] in {"image", "images"})

    def file(self, name: str) -> Upload | None:
        return next((file for file in self.files if file.name == name), None)

    @property
    def names(self) -> set[str]:
        """The names of all parameters, `svg[model]` being `svg`."""
        return {name.split("[")[0] for name in (*self.fields, *(file.name for file in self.files))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to draw, every default filled in."""

    model: str
    prompt: str
    n: int = 1
    size: tuple[int, int] = (1024, 1024)
    quality: str = "high"
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


@dataclass(kw_only=True, eq=False)
class Refused(Exception):
    """An error the server tells politely; the profile in force words it."""

    message: str
    status: int = 400
    type: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def refuse_first(param: str, *rules: tuple[Any, str]) -> None:
    """Raise Refused with the message of the first rule that is broken."""
    for broken, message in rules:
        if broken:
            raise Refused(
                message=message, type="image_generation_user_error", code="invalid_value", param=param
            )
