"""Small pictures for a page that scrolls: the store's own thumbnails at once, sharper ones after.

A page that scrolls on wants other pictures than it asked for a moment ago, so only its latest wish counts. Must
not know a widget.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import TYPE_CHECKING

from dalle_nb._errors import StoreError
from dalle_nb._thumbnails import thumbnail

if TYPE_CHECKING:
    from dalle_nb._store import Store

SHARP = 400
"""Long edge of the sharper ones, in pixels: a tile on a screen of twice the density."""
KEPT = 400
"""Sharper ones in memory, about 20 KB each."""
HANDFUL = 8
"""Pictures in one message, so that the first ones are seen soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """Small pictures by the sha256 of the large ones, and those whose file is gone or spoilt."""

    small: dict[str, bytes] = field(repr=False)
    sharp: bool
    gone: tuple[str, ...] = ()


class Glimpses:
    """Makes small pictures in a thread of its own, and shows them as they come."""

    def __init__(self, store: Callable[[], Store], show: Callable[[Glimpse], None]) -> None:
        self._store, self._show = store, show
        self._sharp: OrderedDict[str, bytes] = OrderedDict()
        self._blurred: list[str] = []
        self._wanted: list[str] = []
        self._lock = Lock()
        self._worker: Thread | None = None

    def want(self, names: Sequence[str]) -> None:
        """Show these from now on, and no others."""
        with self._lock:
            self._wanted = list(names)
            self._blurred = [name for name in names if name not in self._sharp]
            if self._worker is None:
                self._worker = Thread(target=copy_context().run, args=(self._work,), daemon=True)
                self._worker.start()

    def _work(self) -> None:
        while work := self._next():
            sharp, names = work
            self._show(
                self._sharpened(names) if sharp else Glimpse(small=self._thumbnails(names), sharp=False)
            )

    def _next(self) -> tuple[bool, list[str]] | None:
        with self._lock:
            for names in (self._blurred, self._wanted):
                if some := names[:HANDFUL]:
                    del names[:HANDFUL]
                    return names is self._wanted, some
            self._worker = None
            return None

    def _thumbnails(self, names: Sequence[str]) -> dict[str, bytes]:
        try:
            return self._store().thumbnails(names)
        except StoreError:
            return {}  # they cannot be kept there; the sharper ones are not meant to be

    def _sharpened(self, names: Sequence[str]) -> Glimpse:
        small: dict[str, bytes] = {}
        for name in names:
            # What cannot be read is told by being gone.
            with suppress(StoreError, OSError, ValueError):
                small[name] = self._sharp.get(name) or thumbnail(self._store().read(name), SHARP).data
                self._sharp[name] = small[name]
        while len(self._sharp) > KEPT:
            self._sharp.popitem(last=False)
        return Glimpse(small=small, sharp=True, gone=tuple(name for name in names if name not in small))
