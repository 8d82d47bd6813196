"""Holds a call to a total time and a greatest size, and lets it be given up while it waits.

The SDK and its HTTP library wait as long as each single read takes, whatever the reads add up to, and read
answers of any size into memory. So the guard stands below both, at the socket: no byte of an answer,
its head included, comes past it. Must not know what is asked or answered.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from threading import Event as Flag
from typing import Any
from weakref import finalize

CONNECT_SECONDS = 10.0

GLANCE_SECONDS = 0.2
"""How long a wait for bytes goes on before it looks whether it was given up."""


class TooLarge(Exception):
    """More came than the call may give."""


class OutOfTime(Exception):
    """The total time of the call is over."""


class Stopped(Exception):
    """The user gave the call up."""


@dataclass(slots=True, kw_only=True)
class Guard:
    """What one call may take, and what was seen of it: seconds on the monotonic clock, bytes."""

    deadline: float
    most_bytes: int
    cancel: Flag = field(default_factory=Flag)
    sent: bool = False
    """Whether the request went out, or began to."""
    came: int = 0

    def left(self) -> float:
        """Return the seconds left. Raises Stopped or OutOfTime."""
        if self.cancel.is_set():
            raise Stopped
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise OutOfTime
        return left

    def count(self, more: int) -> None:
        """Count bytes that came. Raises TooLarge."""
        self.came += more
        if self.came > self.most_bytes:
            raise TooLarge


_guard: ContextVar[Guard | None] = ContextVar("dalle_nb_guard", default=None)


@contextmanager
def guarded(guard: Guard) -> Iterator[None]:
    """Hold every call inside the block to the guard."""
    token = _guard.set(guard)
    try:
        yield
    finally:
        _guard.reset(token)


def guarded_http(**options: Any) -> Any:
    """Return the SDK's own kind of HTTP client, with the guard hung in; its connections end with it."""
    from openai import DefaultHttpxClient

    client: Any = DefaultHttpxClient(
        event_hooks={"request": [_before], "response": [_after]},
        **options,
    )
    # Neither library has a public place for a network of one's own behind proxies and pools. A version
    # without this private one is told by an AttributeError at the first call, not by a guard that sleeps.
    for transport in (client._transport, *filter(None, client._mounts.values())):
        transport._pool._network_backend = _Network(transport._pool._network_backend)
        finalize(client, transport.close)
    return client


def http_library() -> Any:
    """Return the HTTP library that the installed SDK stands on: httpx2 since its version 3, before that httpx."""
    from openai import DefaultHttpxClient

    return import_module(DefaultHttpxClient.__mro__[1].__module__.partition(".")[0])


def _before(request: Any) -> None:
    guard = _guard.get()
    if guard is None:
        return
    left = guard.left()
    timeouts = {"connect": min(CONNECT_SECONDS, left), "read": left, "write": left, "pool": left}
    request.extensions["timeout"] = timeouts
    guard.sent = True
    # A compressed answer could unfold to any size.
    request.headers["accept-encoding"] = "identity"


def _after(response: Any) -> None:
    guard = _guard.get()
    if guard is None:
        return
    length = response.headers.get("content-length", "0")
    packed = response.headers.get("content-encoding", "identity") != "identity"
    if packed or (length.isdecimal() and int(length) > guard.most_bytes):
        raise TooLarge


class _Network:
    """The HTTP library's network, whose connections mind the guard of whoever reads from them."""

    def __init__(self, network: Any) -> None:
        self._network = network

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def connect_tcp(self, *arguments: Any, **options: Any) -> _Stream:
        return _Stream(self._network.connect_tcp(*arguments, **options))


class _Stream:
    """A connection that is read in glances."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._late = import_module(type(stream).__module__.partition(".")[0]).ReadTimeout

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def start_tls(self, *arguments: Any, **options: Any) -> _Stream:
        return _Stream(self._stream.start_tls(*arguments, **options))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        guard = _guard.get()
        if guard is None:
            return bytes(self._stream.read(max_bytes, timeout))
        while True:
            try:
                data: bytes = self._stream.read(max_bytes, min(guard.left(), GLANCE_SECONDS))
            except self._late:
                continue
            guard.count(len(data))
            return data
