"""What every part of the panel is: a widget that speaks two languages and answers its page by name.

Must not know what the parts show. Messages come from a page, which anyone may have written: only methods
named ``on_…`` are reached, and what goes wrong in one is told to the page in two lines.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import anywidget
from traitlets import Dict, Unicode, default, observe

from dalle_nb._errors import DalleError
from dalle_nb._language import speaking, tr
from dalle_nb.widgets.studio import Tongue

if TYPE_CHECKING:
    from dalle_nb.widgets.studio import Studio, StudioEvent

LOG = logging.getLogger("dalle_nb")


def page(*names: str, suffix: str = "js") -> str:
    """Return the text of what all parts share and of these files, one after the other, for a browser."""
    here = files(__package__)
    return "\n".join(
        here.joinpath(f"{name}.{suffix}").read_text(encoding="utf-8") for name in ("shared", *names)
    )


class Front(anywidget.AnyWidget):
    """One part of the panel.

    A part gives ``_esm = page("name")``, ``_css = page("name", suffix="css")``, its `labels`, and a method
    ``on_<name>(content, buffers)`` for each message its page may send. Those run on the main thread or on one
    of JupyterLab's subshells, and return at once: drawing is the Studio's.
    """

    tongue = Unicode("en").tag(sync=True)
    words = Dict().tag(sync=True)
    """What the page's labels say, by key."""

    def __init__(self, studio: Studio | None = None, **state: Any) -> None:
        if studio is not None:
            state.setdefault("tongue", studio.tongue)
        super().__init__(**state)
        self.on_msg(self._answer)
        if studio is not None:
            studio.listen(self._hear)

    def labels(self) -> dict[str, str]:
        """Return what the page's labels say, in the language being spoken; asked anew for each language."""
        return {}

    def heard(self, event: StudioEvent) -> None:
        """Take note of what goes on in the Studio; called on any thread, in this part's language."""

    def tell(self, event: str, *, buffers: Sequence[bytes] = (), **content: Any) -> None:
        """Send the page an event by name; pictures go along as buffers, never in the content."""
        self.send({**content, "event": event}, buffers=list(buffers))

    def _hear(self, event: StudioEvent) -> None:
        if isinstance(event, Tongue):
            self.tongue = event.tongue
        with speaking(self.tongue):
            self.heard(event)

    def attempt(self, act: Callable[..., None], *given: Any) -> None:
        """Do it in this part's language; what goes wrong is told to the page, and to the log where it is ours."""
        with speaking(self.tongue):
            try:
                act(*given)
            except DalleError as error:
                self.tell("trouble", what=error.what, fix=error.fix)
            except Exception as error:
                LOG.exception("%r could not %s", self, act.__name__)
                what = tr("That did not work: {reason}.", reason=f"{type(error).__name__}: {error}"[:200])
                self.tell("trouble", what=what, fix=tr("The kernel's log says more."))

    def _answer(self, _: object, content: object, buffers: Sequence[memoryview]) -> None:
        name = str(content.get("do")) if isinstance(content, dict) else ""
        handler = getattr(self, f"on_{name}", None) if name.isidentifier() and name not in _TAKEN else None
        if handler is not None:
            self.attempt(handler, content, [bytes(buffer) for buffer in buffers])

    @default("words")
    def _first_words(self) -> dict[str, str]:
        with speaking(self.tongue):
            return self.labels()

    @observe("tongue")
    def _other_words(self, _: object) -> None:
        self.words = self._first_words()

    def __repr__(self) -> str:
        # The address in the usual one would make every saved notebook different.
        return f"<{type(self).__name__}>"


_TAKEN = frozenset(name.removeprefix("on_") for name in dir(anywidget.AnyWidget) if name.startswith("on_"))
"""Methods of ipywidgets whose names begin as those for messages do."""
