"""Shows a Run under the cell that asked for it: two outputs, the picture and its caption."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from contextvars import ContextVar, copy_context
from dataclasses import replace
from typing import Any

from dalle_nb._language import speaking
from dalle_nb._render import Bundle, caption_bundle, picture_bundle
from dalle_nb._run import Picture, Run
from dalle_nb._settings import Settings


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
        bundles.append(caption_bundle(shown, reused=run.reused))
    return bundles


def publish(bundle: Bundle, **where: Any) -> None:
    """Show one bundle; ``where`` may say which display it is or takes the place of."""
    from IPython.display import publish_display_data

    data, metadata = bundle
    publish_display_data(data, metadata, **where)  # type: ignore[no-untyped-call]  # IPython types it not


def stay_under_cell() -> None:
    """Let what this thread shows from now on appear under the cell that runs now.

    A kernel sends output to the cell of the thread's context. A plain thread has none, so that its picture
    would appear under whatever cell runs when it comes at last.
    """
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if not hasattr(shell, "set_thread_parent") or threading.current_thread() is threading.main_thread():
        return
    if (pinned := _pinned.get()) is not None:
        # A thread of a pool, back from another cell. A context copied from a pinned one keeps its cell.
        with suppress(ValueError):
            shell.reset_thread_parent(pinned)
    if not any(variable.name == "parent_header" for variable in copy_context()):
        _pinned.set(shell.set_thread_parent(shell.get_parent()))


_pinned: ContextVar[Any] = ContextVar("dalle_nb_pinned", default=None)
