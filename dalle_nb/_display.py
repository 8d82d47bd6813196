"""Shows a Run under the cell that asked for it: two outputs, the picture and its caption."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dalle_nb._language import speaking, tr
from dalle_nb._masks import overlay
from dalle_nb._money import is_paid, price_range
from dalle_nb._render import Bundle, caption_bundle, line_bundle, picture_bundle, preview_bundle
from dalle_nb._run import Picture, Run
from dalle_nb._settings import Settings

if TYPE_CHECKING:
    from dalle_nb._records import Plan, RunRecord
    from dalle_nb._session import Session


def show_run(run: Run, pictures: tuple[Picture, ...], settings: Settings, *, caption: bool = True) -> None:
    """Publish the pictures, if there are any, and the caption.

    Raises:
        StoreError: the file of a picture is gone or changed.
    """
    with speaking(settings.tongue(run.prompt)):
        for bundle in run_bundles(run, pictures, settings, caption=caption):
            publish(bundle)


def run_bundles(
    run: Run, pictures: tuple[Picture, ...], settings: Settings, *, caption: bool = True
) -> list[Bundle]:
    """Return what is shown for a Run, as mime bundles, in order."""
    bundles = []
    # A caption under one picture of several is about that one.
    shown = replace(run.record, pictures=tuple(each.record for each in pictures)) if pictures else run.record
    if pictures:
        data, full = [each.bytes for each in pictures], settings.display == "full"
        bundles.append(picture_bundle(shown, data, settings.thumbnail, full=full))
    if caption:
        session, offline = run.generator.session, run.record.backend == "offline"
        introduce = offline and not session.introduced
        session.introduced = session.introduced or offline
        bundles.append(caption_bundle(shown, reused=run.reused, introduce=introduce))
    return bundles


def mask_bundle(plan: Plan, settings: Settings) -> Bundle | None:
    """Return the picture to be edited with what its mask repaints under a red veil; None without a mask."""
    mask = plan.request.mask
    if mask is None:
        return None
    shown = overlay(plan.request.inputs[0].data or b"", mask, settings.thumbnail)
    return preview_bundle({1: shown}, settings.thumbnail, tr("what will be repainted is red"))


def publish(bundle: Bundle, **where: Any) -> None:
    """Show one bundle; ``where`` may say which display it is or takes the place of."""
    from IPython.display import publish_display_data

    data, metadata = bundle
    publish_display_data(data, metadata, **where)  # type: ignore[no-untyped-call]  # IPython types it not


class PriceLine:
    """Watches a drawing only to say what the first paid one of a process may cost."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def planned(self, plan: Plan, record: RunRecord) -> None:
        """Say the price, once."""
        if is_paid(plan.estimate) and not self._session.priced:
            say(tr("Run {id} may cost {price}.", id=record.id, price=price_range(plan.estimate)))

    def preview(self, index: int, data: bytes) -> None:
        """Show nothing."""

    def told(self, text: str) -> None:
        """Say it."""
        say(text)

    def waiting(self, seconds: float) -> None:
        """Show nothing."""


def say(text: str) -> None:
    """Say one line beside the drawing: under the cell, or in a script on standard error."""
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        publish(line_bundle(text))
    else:
        sys.stderr.write(f"{text}\n")
