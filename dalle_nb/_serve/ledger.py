"""The server's own book: one line of CSV for each call for pictures, for whoever settles up with a class."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from dalle_nb._money import MICROS

COLUMNS = ("time", "client", "model", "n", "cost", "run", "status")


@dataclass(slots=True)
class Ledger:
    """Appends to a file; without one, to nothing. For any thread."""

    path: Path | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _lock: Lock = field(default_factory=Lock)

    def note(self, *, client: str, model: str, n: int, cost: int | None, run: str, status: str) -> None:
        """Write down one call; ``cost`` in millionths of a dollar, told in dollars, empty where unknown."""
        if self.path is None:
            return
        moment = self.clock().isoformat(timespec="seconds")
        dollars = "" if cost is None else f"{cost / MICROS:.6f}"
        with self._lock, self.path.open("a", encoding="utf-8", newline="") as lines:
            writer = csv.writer(lines)
            if lines.tell() == 0:
                writer.writerow(COLUMNS)
            writer.writerow((moment, client, _as_words(model), n, dollars, run, status))


def _as_words(text: str) -> str:
    """Return a client's words so that no spreadsheet takes them for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
