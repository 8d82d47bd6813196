"""The connection: one SDK client a process, and a guard on every byte that comes through it.

The SDK waits as long as each single read takes and reads answers of any size into memory. The guard,
hung into its HTTP client, holds a call to a total time and a greatest size, whatever the call is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from threading import Event as Flag
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openai import OpenAI

    from dalle_nb._settings import Settings

CONNECT_SECONDS = 10.0


class TooLarge(Exception):
    """More came than the call may give."""


class OutOfTime(Exception):
    """The total time of the call is over."""


class Stopped(Exception):
    """The user gave the call up."""


@dataclass(slots=True)
class Guard:
    """What one call may take, and what was seen of it: seconds on the monotonic clock, bytes."""

    deadline: float
    most_bytes: int
    cancel: Flag
    status_code: int | None = None
    """Once the server has begun to answer."""
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
def guarded(guard: Guard) -> Iterator[Guard]:
    """Hold every call inside the block to the guard."""
    token = _guard.set(guard)
    try:
        yield guard
    finally:
        _guard.reset(token)


class Wire:
    """The SDK's client for some settings, made when first used, and again in a forked child."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._client: OpenAI | None = None
        self._http: Any = None
        self._process = 0

    def client(self) -> OpenAI:
        """Return the SDK's client. Its retries are off: they are silent, and may bill twice."""
        with self._lock:
            if self._client is None or self._process != os.getpid():
                self._http = guarded_http()
                self._client = _open_client(self._settings, self._http)
                self._process = os.getpid()
            return self._client


def guarded_http(**options: Any) -> Any:
    """Return the SDK's own kind of HTTP client, with the guard hung in."""
    from openai import DefaultHttpxClient

    return DefaultHttpxClient(event_hooks={"request": [_before], "response": [_after]}, **options)


def _before(request: Any) -> None:
    guard = _guard.get()
    if guard is None:
        return
    left = guard.left()
    timeouts = {"connect": min(CONNECT_SECONDS, left), "read": left, "write": left, "pool": left}
    request.extensions["timeout"] = timeouts
    # A compressed answer could unfold to any size.
    request.headers["accept-encoding"] = "identity"


def _after(response: Any) -> None:
    guard = _guard.get()
    if guard is None:
        return
    guard.status_code = response.status_code
    length = response.headers.get("content-length", "0")
    packed = response.headers.get("content-encoding", "identity") != "identity"
    if packed or (length.isdecimal() and int(length) > guard.most_bytes):
        raise TooLarge
    timeouts = response.request.extensions["timeout"]
    response.stream = _guarded_stream()(response.stream, guard, timeouts)


@cache
def _guarded_stream() -> Any:
    """Return the class of a body that is counted and timed as it is read."""
    library: Any = http_library()

    class GuardedStream(library.SyncByteStream):  # type: ignore[misc]  # which library, the SDK decides
        def __init__(self, stream: Any, guard: Guard, timeouts: dict[str, float]) -> None:
            self._stream, self._guard, self._timeouts = stream, guard, timeouts

        def __iter__(self) -> Iterator[bytes]:
            # The HTTP library looks at this table when reading begins: a stalled body ends in time too.
            self._timeouts["read"] = self._guard.left()
            for chunk in self._stream:
                self._guard.count(len(chunk))
                self._guard.left()
                yield chunk

        def close(self) -> None:
            self._stream.close()

    return GuardedStream


def http_library() -> Any:
    """Return the HTTP library that the installed SDK stands on: httpx2 since its version 3, before that httpx."""
    from openai import DefaultHttpxClient

    base = DefaultHttpxClient.__mro__[1]
    return import_module(base.__module__.partition(".")[0])


def _open_client(settings: Settings, http: Any) -> OpenAI:
    import openai

    common: dict[str, Any] = {
        # A server of one's own needs no key, and the SDK refuses an empty one.
        "api_key": str(settings.api_key or "none"),
        "organization": settings.organization,
        "max_retries": 0,
        "http_client": http,
    }
    if settings.azure_endpoint:
        return openai.AzureOpenAI(
            azure_endpoint=settings.azure_endpoint, api_version=settings.api_version, **common
        )
    return openai.OpenAI(base_url=settings.base_url, project=settings.project, **common)
