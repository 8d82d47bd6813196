"""What a test holds: what came in, what was billed, what shall go wrong, how slow and how strict the server is."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from .faults import Fault, find_fault
from .jobs import Post
from .profiles import PROFILES, Profile
from .words import Call, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The pictures the server considers billed, in the order they were drawn."""

    ids: tuple[str, ...]
    """`call.index`, such as `3.0`: the call's number (from 1) and the picture's place in it."""
    sha256: tuple[str, ...]
    """Of each picture as it was drawn, before a fault spoilt it."""

    @property
    def count(self) -> int:
        return len(self.ids)


@dataclass(slots=True, kw_only=True)
class Armed:
    fault: Fault
    argument: float
    times: int
    after: int
    on: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A picture that waits to be downloaded."""

    data: bytes = field(repr=False)
    media_type: str
    expires: float


class Api:
    """One test's view of the server, and its controls; set an attribute at any time, `reset()` forgets all."""

    def __init__(self, root: str) -> None:
        self.root = root
        """`http://127.0.0.1:port`, the endpoint for Azure."""
        self.url = f"{root}/v1"
        """The base URL for an OpenAI client."""
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.calls: list[Call] = []
        """Every request that came in, downloads and lists of models too."""
        self.latency = 0.0
        """Seconds a drawing takes."""
        self.max_in_flight: int | None = None
        """More drawings than this at once are refused with 429."""
        self.per_minute: int | None = None
        """More drawings than this in `minute` seconds are refused with 429."""
        self.minute = 60.0
        self.retry_after = 0.1
        """Seconds both limits advise to wait."""
        self.key: str | None = None
        """The only good key; None: every key is good that is not empty and has no `wrong` in it."""
        self.today = date(2026, 11, 22)
        """The server's day: models past their end are refused."""
        self.url_lifetime = 3600.0
        """Seconds until a link answers 403."""
        self.noise = 0
        """Bits of noise a channel: 5 make a PNG of 1024x1024 weigh about 2 MB."""
        self.active: Profile = PROFILES["openai"]
        self.in_flight = 0
        self.peak_in_flight = 0
        self.files: dict[str, File] = {}
        self.jobs = Post()
        """Its files and batches; `api.jobs.plant("expired")` lets one go wrong."""
        self.turn = asyncio.Lock()
        self._starts: list[float] = []
        self._armed: list[Armed] = []
        self._billed: list[tuple[str, str]] = []

    def profile(self, name: str, **changes: Any) -> Profile:
        """Behave as this server from now on; changes are fields of Profile, such as `answers="url"`."""
        self.active = replace(PROFILES[name], **changes)
        return self.active

    def fail(self, fault: str, times: int = 1, after: int = 0, on: str | None = None) -> Fault:
        """Let the next calls (after so many good ones) suffer a fault: `"429_after:2"`, `"hang:4"`.

        `on` names places joined by `|`: generations, edits, variations, inpainting, download. Faults queue up: one is
        used up before the next begins. Returns the Fault, whose `billed` and `claim` a test may compare.
        """
        found, argument = find_fault(fault)
        places = tuple(on.split("|")) if on else found.on
        with self._lock:
            self._armed.append(Armed(fault=found, argument=argument, times=times, after=after, on=places))
        return found

    def take_fault(self, place: str) -> tuple[Fault, float] | None:
        """Return the fault this call shall suffer, and count it."""
        with self._lock:
            armed = next((armed for armed in self._armed if place in armed.on), None)
            if armed is None:
                return None
            if armed.after:
                armed.after -= 1
                return None
            armed.times -= 1
            if not armed.times:
                self._armed.remove(armed)
            return armed.fault, armed.argument

    @property
    def billed(self) -> Bill:
        rows = tuple(self._billed)
        return Bill(ids=tuple(row[0] for row in rows), sha256=tuple(row[1] for row in rows))

    def bill(self, call: Call, hashes: list[str]) -> None:
        self._billed += [(f"{call.number}.{index}", sha256) for index, sha256 in enumerate(hashes)]

    def calls_to(self, place: str) -> list[Call]:
        return [call for call in self.calls if call.place == place]

    def admit(self) -> None:
        """Raise Refused when the server is asked too much at once or within its minute."""
        now = time.monotonic()
        self._starts = [start for start in self._starts if now - start < self.minute]
        crowded = self.max_in_flight is not None and self.in_flight >= self.max_in_flight
        if crowded or (self.per_minute is not None and len(self._starts) >= self.per_minute):
            advice = {
                "retry-after-ms": f"{1000 * self.retry_after:g}",
                "retry-after": f"{self.retry_after:g}",
            }
            raise Refused(
                message=f"Rate limit reached. Please try again in {self.retry_after:g}s.",
                status=429,
                type="requests",
                code="rate_limit_exceeded",
                headers=advice,
            )
        self._starts.append(now)
