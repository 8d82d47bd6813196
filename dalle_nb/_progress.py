"""What is seen while many are drawn: a bar, the cost so far and to come, and some of the newest pictures.

In a notebook one display, changed in place, whose last state reads well when it is saved; in a terminal a
bar of tqdm's. Must not know what a batch is.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from dalle_nb._display import publish, say
from dalle_nb._gallery import strip_bundle
from dalle_nb._language import tr
from dalle_nb._money import dollars, is_paid
from dalle_nb._records import Estimate, Status
from dalle_nb._run import Run

if TYPE_CHECKING:
    from dalle_nb._store import Store

EVERY = 1.0
"""Seconds between two changes of what is shown under a cell."""
NEWEST = 12
"""Pictures shown beside the bar."""


class Progress:
    """Watches a batch of ``total``; ``head`` says beforehand what it comes to, ``estimate`` what it may cost."""

    def __init__(self, total: int, store: Store, *, head: str, estimate: Estimate | None) -> None:
        self._total, self._store, self._head, self._estimate = total, store, head, estimate
        self._done = self._drawn = self._spent = 0
        self._troubles: dict[Status, int] = {}
        self._begun = self._shown = time.monotonic()
        self._newest: deque[tuple[bytes, str]] = deque(maxlen=NEWEST)
        self._bar: Any = None
        self._cell = uuid4().hex

    def __enter__(self) -> Progress:
        from tqdm import tqdm

        say(self._head)
        quiet = _in_notebook()
        self._bar = tqdm(total=self._total, file=sys.stderr, disable=True if quiet else None, leave=True)
        if quiet:
            self._put(update=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._newest.clear()
        self._bar.close()
        if _in_notebook():
            self._put()

    def skip(self, count: int) -> None:
        """Count those that are there already."""
        self._done += count
        self._bar.update(count)

    def add(self, run: Run) -> None:
        """Count a Run that has come, good or not."""
        self._done, self._drawn, self._spent = self._done + 1, self._drawn + 1, self._spent + (run.cost or 0)
        if not run:
            self._troubles[run.status] = self._troubles.get(run.status, 0) + 1
        self._bar.set_postfix_str(self._money(), refresh=False)
        self._bar.update(1)
        # The first picture at once, for somebody waits for it.
        if _in_notebook() and (not self._newest or time.monotonic() - self._shown > EVERY):
            self._glance(run)
            self._put()

    def tick(self) -> None:
        """Show that time goes by."""
        if _in_notebook() and time.monotonic() - self._shown > EVERY:
            self._put()

    def _glance(self, run: Run) -> None:
        for name in [picture.record.sha256 for picture in run.pictures[:1]]:
            small = self._store.thumbnails([name])
            self._newest.extend((data, run.pictures[0].alt) for data in small.values())

    def _put(self, *, update: bool = True) -> None:
        self._shown = time.monotonic()
        bundle = strip_bundle(" · ".join(self._facts()), pictures=self._newest)
        publish(bundle, transient={"display_id": self._cell}, update=update)

    def _facts(self) -> Sequence[str]:
        from dalle_nb._render import status_word

        seconds = time.monotonic() - self._begun
        facts = [tr("{done} of {total}", done=self._done, total=self._total)]
        facts += [f"{count} {status_word(status)}" for status, count in sorted(self._troubles.items())]
        facts += [tr("{seconds} s", seconds=f"{seconds:.1f}"), self._money()]
        if self._drawn and self._done < self._total:
            left = seconds / self._drawn * (self._total - self._done)
            facts.append(tr("about {seconds} s to go", seconds=round(left)))
        return [fact for fact in facts if fact]

    def _money(self) -> str:
        """Return what was spent, and about what the rest will cost, going by the estimate."""
        if not is_paid(self._estimate):
            return dollars(0)
        if self._estimate is None or self._done == self._total:
            return dollars(self._spent)
        rest = self._estimate.high * (self._total - self._done) // max(1, self._total)
        return tr("{spent}, at most {rest} to come", spent=dollars(self._spent), rest=dollars(rest))


def _in_notebook() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and hasattr(shell, "kernel")
