"""A drawing as it is watched under its cell: what it may cost, how long it takes, and how the picture sharpens.

One display, changed in place until the finished picture stands there. Must not draw or keep anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from dalle_nb._display import mask_bundle, publish, run_bundles
from dalle_nb._images import ImageError, prove
from dalle_nb._language import tr
from dalle_nb._money import is_paid, price_range
from dalle_nb._render import Bundle, line_bundle, preview_bundle

if TYPE_CHECKING:
    from dalle_nb._records import Plan, RunRecord
    from dalle_nb._run import Run
    from dalle_nb._settings import Settings

PATIENCE = 2.0
"""Seconds of drawing before a cell says that it is not idle."""


class LiveView:
    """Watches one drawing. ``price`` says beforehand what a paid one may cost."""

    def __init__(self, settings: Settings, *, price: bool) -> None:
        self._settings, self._price = settings, price
        self._previews: dict[int, bytes] = {}
        self._place: str | None = None
        self._second = 0
        self._masked = False
        """Whether the picture with its mask stands there."""
        self.priced = False
        """Whether a price was told."""

    @property
    def begun(self) -> bool:
        """Whether anything stands under the cell already."""
        return self._place is not None

    def planned(self, plan: Plan, record: RunRecord) -> None:
        """Say what a paid drawing may cost, and show what its mask repaints."""
        paid, estimate = is_paid(plan.estimate), plan.estimate
        shown = mask_bundle(plan, self._settings) if paid else None
        say = publish if shown else self._put
        self.priced = self._price and paid
        if self.priced and estimate:
            price = price_range(estimate)
            say(line_bundle(tr("Run {id} may cost {price}.", id=record.id, price=price)))
        elif self.priced:
            say(line_bundle(tr("What Run {id} costs is not known beforehand.", id=record.id)))
        if shown:
            self._masked = True
            self._put(shown)

    def preview(self, index: int, data: bytes) -> None:
        """Show what a picture looks like so far; what is no picture is left out."""
        try:
            prove(data)
        except ImageError:
            return
        self._previews[index] = data
        self._put(preview_bundle(self._previews, self._settings.thumbnail))

    def told(self, text: str) -> None:
        """Say something that goes on, such as another try, in a line of its own."""
        publish(line_bundle(text))

    def waiting(self, seconds: float) -> None:
        """Say once a second how long it has been, while there is nothing better to see."""
        seen = self._masked or self._previews
        if not seen and seconds >= PATIENCE and int(seconds) > self._second:
            self._second = int(seconds)
            self._put(line_bundle(tr("Drawing … {seconds} s", seconds=self._second)))

    def finish(self, run: Run) -> None:
        """Put the finished pictures where the unfinished ones stood."""
        if self.begun and run.pictures:
            self._put(run_bundles(run, run.pictures, self._settings, caption=False)[0])

    def stop(self) -> None:
        """Say that nothing more comes, so that no saved notebook waits for ever."""
        if self.begun and not self._previews:
            self._put(line_bundle(tr("No picture.")))

    def _put(self, bundle: Bundle) -> None:
        known, self._place = self._place, self._place or uuid4().hex
        publish(bundle, transient={"display_id": self._place}, update=known is not None)
