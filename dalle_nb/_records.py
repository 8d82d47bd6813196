"""The values that everything else passes around: what was asked, what is sent, what came back.

Frozen, without behaviour beyond naming themselves; they know no catalogue, store or screen.
Money is an integer of millionths of a dollar: None is unknown, 0 is free.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

Value = str | int | float | bool | None | Mapping[str, Any]
"""An option's value, as JSON can hold it."""

CANONICAL_VERSION = 1
"""Version of `Request.canonical`; a change of its form must count up, for reuse and resume rest on it.

The store keeps whole Requests, so a migration gives old rows the identity that they have in the new form.
"""


class Kind(StrEnum):
    """What is asked of a backend."""

    GENERATE = "generate"
    EDIT = "edit"
    VARIATION = "variation"


class Status(StrEnum):
    """What became of a Run."""

    ASKED = "asked"
    DONE = "done"
    PARTIAL = "partial"
    REFUSED = "refused"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Origin(StrEnum):
    """Where a Picture's bytes come from."""

    RECEIVED = "received"
    COMPOSITED = "composited"
    IMPORTED = "imported"


class Billed(StrEnum):
    """Whether an Attempt costs money."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """An input picture or mask, named by its content.

    ``data`` is None where the bytes are left in the store; they do not count for equality.
    """

    sha256: str
    media_type: str
    width: int
    height: int
    name: str = field(default="", compare=False)
    data: bytes | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked: kind, prompt, model, input pictures, mask and options (by `Option` name)."""

    kind: Kind = Kind.GENERATE
    prompt: str = ""
    model: str | None = None
    inputs: tuple[Blob, ...] = ()
    mask: Blob | None = None
    markup: Blob | None = None
    """Hints laid over the first input, where a model reads them."""
    options: Mapping[str, Value] = field(default_factory=dict)
    sample: int = 0
    """Which drawing of the same words this is: a rerun counts up, so that it is another picture."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))

    def __hash__(self) -> int:
        return hash(self.canonical())

    def __reduce__(self) -> tuple[Any, ...]:
        # A mappingproxy does not pickle, and a Request must.
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return _rebuild_request, ({**values, "options": dict(self.options)},)

    def canonical(self) -> str:
        """Return the exact form of everything that makes this Request itself, as JSON.

        Equal requests have equal forms whatever the order their options were given in; an option
        left at None is the same as one not given.
        """
        form = {
            "version": CANONICAL_VERSION,
            "kind": self.kind.value,
            "prompt": self.prompt,
            "model": self.model,
            "inputs": [blob.sha256 for blob in self.inputs],
            "mask": self.mask.sha256 if self.mask else None,
            "markup": self.markup.sha256 if self.markup else None,
            "options": {name: value for name, value in self.options.items() if value is not None},
            "sample": self.sample,
        }
        return json.dumps(form, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=dict)

    @property
    def identity(self) -> str:
        """sha256 of the canonical form, in hex: equal for equal Requests, on any machine."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def blobs_of(request: Request) -> tuple[Blob, ...]:
    """Return all pictures that go along with a Request: inputs, mask and markup."""
    return (*request.inputs, *(blob for blob in (request.mask, request.markup) if blob))


def _rebuild_request(values: dict[str, Any]) -> Request:
    return Request(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a plan may cost, in millionths of a dollar: at least ``low``, at most ``high``.

    ``about`` says that the formula behind it is not official.
    """

    low: int
    high: int
    about: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to a backend: the parameters as they are sent, pictures and mask left out."""

    parameters: Mapping[str, Value]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A Request that keeps all rules, and what will be done about it.

    ``kind`` and ``model`` are as sent (a retired model has become its successor, a variation may
    have become an edit); ``recipe`` names how, ``notices`` say so to the user.
    """

    request: Request
    backend: str
    kind: Kind
    model: str
    calls: tuple[Call, ...]
    estimate: Estimate | None = None
    recipe: str = ""
    deliver_size: tuple[int, int] | None = None
    """Width and height asked for, where a larger legal size is drawn; ``run.image`` is resized to it."""
    notices: tuple[str, ...] = ()
    confirm: str = ""
    """Why ``--yes`` is asked before anything is sent, where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that a call used, by what they were; ``simulated`` where nobody counts them for money."""

    input_text: int = 0
    input_image: int = 0
    input_cached: int = 0
    output_image: int = 0
    output_text: int = 0
    simulated: bool = False

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_text=self.input_text + other.input_text,
            input_image=self.input_image + other.input_image,
            input_cached=self.input_cached + other.input_cached,
            output_image=self.output_image + other.output_image,
            output_text=self.output_text + other.output_text,
            simulated=self.simulated or other.simulated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call made for a Run, and what is known of its bill."""

    number: int
    seconds: float
    billed: Billed
    outcome: str = "done"
    request_id: str | None = None
    status_code: int | None = None
    usage: Usage | None = None
    cost: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRecord:
    """One image that came back. Its bytes are in the store, under ``sha256``."""

    sha256: str
    media_type: str
    width: int
    height: int
    size: int
    """Length of the bytes."""
    index: int
    """Place in its Run, from 1; -1, -2… for the answers as they came, where composites took their places."""
    origin: Origin = Origin.RECEIVED
    alt: str = ""
    revised_prompt: str | None = None
    outside: tuple[float, float] | None = None
    """Shares of the pixels outside a strict mask that differ from the original: as it came, and as kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error as a Run keeps it: the class's name, what happened, what to do, whether it was billed."""

    error: str
    what: str
    fix: str = ""
    code: str | None = None
    request_id: str | None = None
    billed: Billed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One Request and what came of it, as the store keeps it."""

    id: int
    """This store's alias, never reused."""
    uid: str
    """Permanent name, the same in every store."""
    created: datetime
    """When it was asked, in UTC."""
    request: Request
    backend: str
    model: str
    """As sent."""
    sent: tuple[Mapping[str, Value], ...] = ()
    """The parameters of each call."""
    status: Status = Status.ASKED
    pictures: tuple[PictureRecord, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    usage: Usage | None = None
    estimate: Estimate | None = None
    cost: int | None = None
    seconds: float | None = None
    parent: str | None = None
    """uid of the Run this one came from."""
    recipe: str = ""
    notices: tuple[str, ...] = ()
    """Said before drawing: translations, roundings."""
    notes: tuple[str, ...] = ()
    """Said by the backend after drawing: what it drew and what not."""
    deliver_size: tuple[int, int] | None = None
    failure: Failure | None = None
    notebook: str | None = None
    tags: tuple[str, ...] = ()
    starred: bool = False
    deleted: datetime | None = None
    imported: bool = False
    """Whether it was asked elsewhere; what it cost was not spent here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPart:
    """One batch at a server: a Job has as many as its models, kinds and the server's limits ask for."""

    remote: str = ""
    """The server's name for it; empty as long as the server has not said it."""
    kind: Kind = Kind.GENERATE
    input: str = ""
    """The server's names for the file of requests, that of answers and that of errors."""
    output: str = ""
    errors: str = ""
    status: str = "sending"
    """The server's word; ``sending`` and ``unsent`` are ours."""
    requests: int = 0
    completed: int = 0
    failed: int = 0
    created: datetime | None = None
    expires: datetime | None = None
    problem: str = ""
    """What the server found wrong with it, or why it could not be sent."""
    most_bytes: int = 0
    """What no honest line of the answers is longer than."""
    metadata: Mapping[str, str] = field(default_factory=dict, compare=False)
    collected: bool = False
    """Whether each of its Runs has what came for it, or the reason why nothing did."""

    def merged(self, told: JobPart) -> JobPart:
        """Return it as the server tells of it now, with what only we know."""
        return replace(
            told,
            requests=self.requests,
            most_bytes=self.most_bytes,
            metadata=self.metadata,
            collected=self.collected,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """Many Requests sent off together, to be collected later, as the store keeps it."""

    id: int
    """This store's alias, never reused."""
    uid: str
    """Permanent name; the server keeps it too."""
    created: datetime
    server: str
    """The address it was sent to."""
    owner: str | None
    """The process that is still sending it."""
    parts: tuple[JobPart, ...] = ()
