"""What each model and server takes, costs and becomes: facts read from ``catalog.toml``.

Only reads and looks up; whether a Request keeps the rules is `_rules`' business. Each entry carries the
date (``as_of``) and the source of its facts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRule:
    """Which sizes a model takes that are not named one by one; edges and areas in pixels."""

    multiple: int
    min_edge: int
    max_edge: int
    min_pixels: int
    max_pixels: int
    max_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Millionths of a dollar: per million tokens by kind of token, or per picture by quality and size."""

    input_text: int | None = None
    input_image: int | None = None
    input_cached_text: int | None = None
    input_cached_image: int | None = None
    output_image: int | None = None
    output_text: int | None = None
    pictures: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """``pictures["high"]["1024x1024"]``: what one output picture costs."""
    batch_factor: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model: what it takes, costs, when it retires, what succeeds it. Empty tuples: does not take it."""

    name: str
    title: str = ""
    aliases: tuple[str, ...] = ()
    """Dated snapshots and other names of the same model."""
    released: date | None = None
    shutdown: date | None = None
    successor: str | None = None
    kinds: tuple[str, ...] = ("generate",)
    max_prompt: int | None = None
    """Longest prompt, in characters."""
    max_n: int = 1
    """Most pictures in one call; more are drawn in several calls."""
    max_inputs: int = 0
    input_types: tuple[str, ...] = ("image/png", "image/jpeg", "image/webp")
    """Media types of the pictures that it can change (SDK image_edit_params.py)."""
    mask: bool = False
    soft_mask: bool = False
    """Whether the mask is only guidance, so that the original has to be put back outside it."""
    sizes: tuple[str, ...] = ()
    size_rule: SizeRule | None = None
    qualities: tuple[str, ...] = ()
    default_quality: str | None = None
    styles: tuple[str, ...] = ()
    """Values of the API's own ``style`` parameter."""
    backgrounds: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    response_formats: tuple[str, ...] = ()
    moderations: tuple[str, ...] = ()
    fidelities: tuple[str, ...] = ()
    complexities: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    """Names of every API parameter it takes, beyond model and prompt."""
    max_partials: int = 0
    seed: bool = False
    revises_prompt: bool = False
    token_formula: Mapping[str, Any] = field(default_factory=dict)
    """How output tokens are foretold: ``steps`` by quality, and whether that is official."""
    price: Price = field(default_factory=Price)
    free: bool = False
    catalogued: bool = True
    """False for a name we know nothing about: it passes with a warning."""
    as_of: date | None = None
    source: str = ""

    def retired(self, today: date) -> bool:
        """Return whether the model is gone on that day."""
        return self.shutdown is not None and self.shutdown <= today


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One place that speaks the Images API, and how it differs from OpenAI's own."""

    name: str
    title: str = ""
    official: bool = False
    """Whether models live and die there as the catalogue says."""
    base_url: str | None = None
    hosts: tuple[str, ...] = ()
    """Ends of the host names it is known by."""
    ports: tuple[int, ...] = ()
    """Ports it is known by on this machine."""
    own_models: bool = False
    """Whether it serves models of its own under whatever names, so that the catalogue's limits do not bind."""
    default_model: str | None = None
    """What to call its model when nobody said; None is the catalogue's default."""
    sends: tuple[str, ...] | None = None
    """Parameters it takes; None sends all that the model takes."""
    size_as: str = "size"
    """``size``, ``width_height`` or ``aspect_ratio``."""
    extra_as: str = ""
    """The form in which it reads parameters of its own out of the prompt, where it does."""
    mask: str = "alpha"
    """``alpha`` (transparent is repainted), ``white`` (white is repainted) or ``none``."""
    edits: str = "multipart"
    """``multipart``, ``json``, ``inpainting`` or ``none``."""
    variations: bool = False
    response_format: str | None = None
    """What to ask for so that pictures come as base64 where both are possible."""
    streams: bool = False
    max_n: int | None = None
    batches: bool = False
    """Whether it may take jobs of many requests, as OpenAI's Batch API does."""
    free: bool = False
    """Whether drawing there costs nothing."""
    default_quality: str | None = None
    """What is sent for a model that we know nothing about: none may cost ten times more."""
    as_of: date | None = None
    source: str = ""

    @property
    def offline(self) -> bool:
        """Whether it is our own painter."""
        return self.name == "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTerms:
    """What holds for every job of OpenAI's Batch API."""

    factor: float
    """What is paid of the price of a single call, where the model's own discount is not known."""
    max_requests: int
    max_bytes: int
    """The largest file of requests."""
    as_of: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synonyms:
    """Values of older tutorials that mean something on every model."""

    quality: Mapping[str, str]
    ladder: tuple[str, ...]
    """All qualities from the least to the best."""
    sizes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All models and servers that we know facts about."""

    models: Mapping[str, Model]
    servers: Mapping[str, Server]
    default_model: str
    offline_model: str
    synonyms: Synonyms
    batch: BatchTerms
    kinds: Mapping[str, tuple[str, ...]]
    """The API parameters that each kind of request can carry at all."""
    as_of: date

    def model(self, name: str) -> Model:
        """Return the model of that name or alias; an unknown name gives an uncatalogued Model."""
        for model in self:
            if name == model.name or name in model.aliases:
                return model
        return Model(name=name, catalogued=False, **_ANYTHING)

    def batch_factor(self, model: Model) -> float:
        """Return what is paid of a model's price when it draws in a job."""
        return self.batch.factor if model.price.batch_factor is None else model.price.batch_factor

    def server(self, base_url: str | None) -> Server:
        """Return the profile of the server at that URL: OpenAI's for None, the cautious one when unknown.

        The name of a profile may stand for the URL, where neither host nor port tells.
        """
        if base_url is None:
            return next(server for server in self.servers.values() if server.official)
        if base_url in self.servers:
            return self.servers[base_url]
        host, port = _address(base_url)
        for server in self.servers.values():
            named = any(host == end or host.endswith(f".{end}") for end in server.hosts)
            if named or (host in _THIS_MACHINE and port in server.ports):
                return server
        return self.servers["unknown"]

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())


@cache
def load_catalog() -> Catalog:
    """Return the catalogue that comes with the package, read once."""
    text = files(__package__).joinpath("catalog.toml").read_text(encoding="utf-8")
    return _catalog(tomllib.loads(text))


_ANYTHING: Mapping[str, Any] = {
    "kinds": ("generate", "edit", "variation"),
    "max_n": 10,
    "max_inputs": 16,
    "mask": True,
    "sizes": ("1024x1024", "1536x1024", "1024x1536", "auto"),
    "size_rule": SizeRule(
        multiple=16, min_edge=64, max_edge=8192, min_pixels=4096, max_pixels=8192**2, max_ratio=16.0
    ),
    "max_partials": 3,
}
"""What is supposed of a model that we know nothing about; the server will say where it is wrong."""

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1", "host.docker.internal")


def _address(url: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        return (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "", None


def _catalog(facts: Mapping[str, Any]) -> Catalog:
    models = {name: _model(name, facts["models"]) for name in facts["models"]}
    servers = {name: Server(name=name, **_frozen(row)) for name, row in facts["servers"].items()}
    return Catalog(
        models=MappingProxyType(models),
        servers=MappingProxyType(servers),
        default_model=facts["default_model"],
        offline_model=facts["offline_model"],
        synonyms=Synonyms(**_frozen(facts["synonyms"])),
        batch=BatchTerms(**facts["batch"]),
        kinds=MappingProxyType(_frozen(facts["kinds"])),
        as_of=facts["as_of"],
    )


def _model(name: str, rows: Mapping[str, Any]) -> Model:
    row = _inherited(name, rows)
    rule, price = row.pop("size_rule", None), row.pop("price", {})
    # TOML has no null: `false` takes an inherited date or successor away.
    given = {
        key: None if value is False and key in ("shutdown", "successor") else value
        for key, value in row.items()
    }
    return Model(
        name=name,
        size_rule=SizeRule(**rule) if rule else None,
        price=Price(**_frozen(price)),
        **_frozen(given),
    )


def _inherited(name: str, rows: Mapping[str, Any]) -> dict[str, Any]:
    row = dict(rows[name])
    elder = row.pop("like", None)
    return _inherited(elder, rows) | row if elder else row


def _frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with its lists as tuples and its tables read-only, all the way down."""
    return {key: _froze(value) for key, value in row.items()}


def _froze(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType(_frozen(value))
    return tuple(value) if isinstance(value, list) else value
