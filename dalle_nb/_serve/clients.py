"""Who may draw, how fast, and for how much: tokens, each with a name and a cap.

A class can share one key without seeing it: the key stays with the server, each student has a token.
"""

from __future__ import annotations

import csv
import re
import time
import tomllib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import BudgetError, SettingsError
from dalle_nb._language import tr
from dalle_nb._money import MICROS, dollars, price_range
from dalle_nb._query import Filter, Query
from dalle_nb._records import Estimate, RunRecord
from dalle_nb._serve.shapes import Refused

if TYPE_CHECKING:
    from dalle_nb._generator import ImageGenerator

SHORTEST = 16
"""Characters of a token: one that can be guessed is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One who may draw. ``name`` is the tag of every Run drawn for it."""

    name: str = "local"
    token: str = field(default="", repr=False)
    cap: int | None = None
    """Most that it may spend in all, in millionths of a dollar."""


@dataclass(frozen=True, slots=True)
class Clients:
    """All who may draw; with no token at all, everybody on this machine is ``local``."""

    known: tuple[Client, ...] = ()

    def find(self, authorization: str) -> Client:
        """Return the client whose token an Authorization header carries. Refused (401) where it is nobody's."""
        if not self.known:
            return Client()
        kind, _, token = authorization.strip().partition(" ")
        if kind.lower() != "bearer" or not token:
            raise Refused(401, "You didn't provide an API key: send Authorization: Bearer TOKEN.", code=None)
        said = _digest(token.strip())
        # All are compared, each in constant time, so that no answer comes sooner than another.
        found = [each for each in self.known if compare_digest(said, _digest(each.token))]
        if not found:
            raise Refused(401, "Incorrect API key provided.", code="invalid_api_key")
        return found[0]


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def read_clients(token: str | None, file: Path | None) -> Clients:
    """Return the clients of one ``--token`` and of a TOML or CSV file of names, tokens and caps.

    Raises:
        SettingsError: the file cannot be read, or a name or token in it is not fit for use.
    """
    rows: list[Mapping[str, Any]] = [{"name": "token", "token": token}] if token is not None else []
    try:
        rows += _read_rows(file) if file else []
    except (OSError, ValueError, csv.Error, AttributeError) as error:
        raise SettingsError(
            tr("{path} cannot be read: {reason}.", path=file, reason=error), _how_to_write()
        ) from error
    known = tuple(_client(row) for row in rows)
    for what, values in {
        "name": [each.name for each in known],
        "token": [each.token for each in known],
    }.items():
        if len(set(values)) < len(values):
            raise SettingsError(tr("Two clients have the same {what}.", what=what), _how_to_write())
    if file and not known:
        raise SettingsError(tr("There is no client in {path}.", path=file), _how_to_write())
    return Clients(known)


def _read_rows(file: Path) -> list[Mapping[str, Any]]:
    if file.suffix.lower() == ".csv":
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return list(csv.DictReader(lines))
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    return [{**row, "name": name} for name, row in table.items()]


def _client(row: Mapping[str, Any]) -> Client:
    name, token = str(row.get("name") or "").strip(), str(row.get("token") or "").strip()
    if not re.fullmatch(r"[\w.-]{1,64}", name):
        raise SettingsError(tr("{name} is no name for a client.", name=repr(name)[:80]), _how_to_write())
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError(
            tr("The token of {name} is too easy to guess, or cannot be sent.", name=name),
            tr("Take {count} letters and digits or more, by chance.", count=SHORTEST),
        )
    cap = row.get("cap")
    try:
        return Client(name=name, token=token, cap=None if cap in (None, "") else round(float(cap) * MICROS))
    except (ValueError, OverflowError, TypeError) as error:
        raise SettingsError(
            tr("The cap of {name} is no number of dollars.", name=name), _how_to_write()
        ) from error


def _how_to_write() -> str:
    return tr('Write a CSV with the columns name,token,cap, or TOML: [anna] token = "…" cap = 1.50')


class Meter:
    """Counts each client's calls of the last minute."""

    def __init__(self, most: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self._clock = most, clock
        self._calls: dict[str, deque[float]] = {}

    def count(self, client: Client) -> None:
        """Count a call. Refused (429) where it is one too many, with the seconds to wait."""
        if self.most is None:
            return
        now, calls = self._clock(), self._calls.setdefault(client.name, deque())
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= self.most:
            wait = calls[0] + 60 - now
            message = f"Rate limit reached: {self.most} calls per minute. Please try again in {wait:.0f}s."
            headers = {"retry-after": f"{wait:.0f}"}
            raise Refused(429, message, "requests", code="rate_limit_exceeded", headers=headers)
        calls.append(now)


class Purse:
    """What clients with a cap have spent: what the history knows, and what is being drawn. For any thread."""

    def __init__(self, generator: ImageGenerator) -> None:
        self._generator, self._lock = generator, Lock()
        self._spent: dict[str, int] = {}

    def hold(self, client: Client, estimate: Estimate | None) -> int:
        """Set aside what a drawing may cost, and return it. BudgetError where the cap could be crossed."""
        if client.cap is None or (estimate is not None and estimate.high == 0):
            return 0
        with self._lock:
            left = client.cap - self._spent.setdefault(client.name, self._sum(client.name))
            if estimate is None or estimate.high > left:
                what = tr(
                    "This may cost {price}; {name} has {left} left of {cap}.",
                    price=price_range(estimate),
                    name=client.name,
                    left=dollars(max(left, 0)),
                    cap=dollars(client.cap),
                )
                raise BudgetError(what, tr("Ask whoever runs the server."))
            self._spent[client.name] += estimate.high
            return estimate.high

    def settle(self, client: Client, held: int, cost: int | None) -> None:
        """Put the true cost in the place of what was set aside; unknown, that stays."""
        if held and cost is not None:
            with self._lock:
                self._spent[client.name] += cost - held

    def _sum(self, name: str) -> int:
        tagged = Query(filters=(Filter(column="tags", operator="has", value=name),))
        trash = Query(filters=tagged.filters, deleted=True)
        runs = (run for query in (tagged, trash) for run in self._generator.store.select(query))
        return sum(_most(run) for run in runs if name in run.tags and not run.imported)


def _most(run: RunRecord) -> int:
    return run.cost if run.cost is not None else run.estimate.high if run.estimate else 0
