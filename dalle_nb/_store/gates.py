"""What this user's processes tell one another about a server: wait, there is no money left, how much was asked.

The board of `dalle_nb._pace`, by the names of its gates; a name tells no key. Costs one look into an index
where nobody has anything to tell.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, insert, select

from dalle_nb._errors import StoreError
from dalle_nb._pace import Notice
from dalle_nb._store.owners import owner
from dalle_nb._store.schema import gates
from dalle_nb._store.sqlite import Database

MINUTE = 60.0

_LOOK = select(gates).where(gates.c.name == bindparam("gate"))
_EMPTY: Mapping[str, Any] = {"open_at": 0.0, "stopped_at": 0.0, "reason": "", "stopped_by": "", "booked": []}


class Gates:
    """The board where the processes that share a store leave notices.

    Where it cannot be read or written nobody is kept from drawing: a broken store is told of elsewhere.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def look(self, gate: str) -> Notice:
        """Return what stands there of a gate."""
        row: RowMapping | None = None
        with suppress(StoreError), self._database.reading() as connection:
            row = connection.execute(_LOOK, {"gate": gate}).mappings().first()
        if row is None:
            return Notice()
        told = {name: row[name] for name in ("open_at", "stopped_at", "reason")}
        return Notice(**told, own=row["stopped_by"] == owner())

    def hold(self, gate: str, until: float) -> None:
        """Ask everybody not to call before that moment."""
        self._change(gate, lambda row: {"open_at": max(until, row["open_at"])})

    def stop(self, gate: str, reason: str | None) -> None:
        """Tell everybody that there is no money left, and why; or with None that there is again."""
        at, by = (time.time(), owner()) if reason else (0.0, "")
        self._change(gate, lambda _: {"stopped_at": at, "reason": reason or "", "stopped_by": by})

    def book(self, gate: str, pictures: int, per_minute: int) -> float:
        """Return from when on so many pictures may be asked for, and take that time for them.

        No minute holds more than ``per_minute``, whoever asks; those who come first are served first.
        """
        moment = time.time()

        def take(row: Mapping[str, Any]) -> dict[str, Any]:
            nonlocal moment
            taken = [at for at in row["booked"] if moment - MINUTE < at][-per_minute:]
            ours = min(pictures, per_minute)
            if len(taken) + ours > per_minute:
                # The one that must be a minute old first; the newest stand last.
                moment = max(moment, taken[len(taken) + ours - per_minute - 1] + MINUTE)
            moment = max([moment, *taken[-1:]])
            return {"booked": [*taken, *[moment] * ours][-per_minute:]}

        self._change(gate, take)
        return moment

    def _change(self, gate: str, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
        # What it tells is over in a minute: nothing is lost where the power fails.
        with suppress(StoreError), self._database.writing(lasting=False) as connection:
            there = connection.execute(_LOOK, {"gate": gate}).mappings().first()
            row = {**_EMPTY, **(there or {})}
            new = {**row, **change(row), "name": gate}
            connection.execute(delete(gates).where(gates.c.name == gate))
            connection.execute(insert(gates), new)
