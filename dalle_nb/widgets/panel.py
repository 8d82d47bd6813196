"""The panel: its parts put together, in the language that is chosen, with a sheet of pictures left behind.

Knows where each part goes and who tells whom; what a part does is its own. The sheet stands under the panel
where no panel can be: in a notebook opened again, or read on a page without a kernel.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import ipywidgets
from IPython.core.getipython import get_ipython
from traitlets import Unicode

from dalle_nb._display import publish
from dalle_nb._errors import ReferenceNotFound
from dalle_nb._generator import ImageGenerator, default_generator
from dalle_nb._images import encode_png
from dalle_nb._language import LANGUAGES, speaking, spoken, tr
from dalle_nb._render import Bundle, line_bundle
from dalle_nb._settings import parse_setting
from dalle_nb._thumbnails import contact_sheet, thumbnail
from dalle_nb.widgets.compose import Composer
from dalle_nb.widgets.front import Front, page
from dalle_nb.widgets.results import Results
from dalle_nb.widgets.studio import Changed, Ended, Studio, StudioEvent, Wished

if TYPE_CHECKING:
    from dalle_nb._records import Blob
    from dalle_nb._run import Picture
    from dalle_nb.widgets.mask_painter import MaskPainter

LEFT_BEHIND = 12
"""Pictures on the sheet: the newest that the panel drew."""
SHEET = 420
"""Long edge of a picture alone on it, in pixels; several are smaller."""


def panel(generator: ImageGenerator | None = None, *, language: str | None = None) -> Panel:
    """Return a panel to click in: everything that ``%%dalle`` can do, and the history.

    ``generator`` draws, the default one where none is given; ``language`` is ``en`` or ``zh``.

    Raises:
        SettingsError: another language.
    """
    shell = get_ipython()
    if shell is not None and shell.extension_manager is not None:
        # The cells that the panel gives away begin with our magics.
        shell.extension_manager.load_extension(__package__.partition(".")[0])
    return Panel(generator, language=language)


class Header(Front):
    """Title, the tabs, and the switch of language."""

    _esm = page("panel")
    _css = page("panel", suffix="css")
    auto = Unicode("").tag(sync=True)
    """Not empty while nobody said which language: the browser's may be taken."""

    def __init__(self, panel: Panel, **state: Any) -> None:
        self._panel = panel
        super().__init__(panel.studio, **state)

    def heard(self, event: StudioEvent) -> None:
        """Show the form when something is put into it."""
        if isinstance(event, Wished):
            self.tell("tab", tab="create")

    def on_tongue(self, content: Mapping[str, Any], _: object) -> None:
        """Speak another language."""
        tongue = content.get("tongue")
        if tongue in LANGUAGES:
            self.auto = ""
            self._panel.studio.set_tongue(str(tongue))

    def on_history(self, _: object, __: object) -> None:
        """Fill the history's tab, which is opened for the first time."""
        self._panel.open_history()

    def labels(self) -> dict[str, str]:
        """Return what stands above the parts."""
        return {
            "title": tr("Studio"),
            "create": tr("Create"),
            "history": tr("History"),
            "language": tr("Language"),
            "gone": tr("The kernel is gone, and this panel with it."),
            "gone_fix": tr("Finished pictures are in the history: run the cell again to go on."),
        }


class Panel(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets publishes no types
    """A studio in the notebook. ``studio`` draws, ``composer`` is the form, ``results`` shows what came."""

    def __init__(self, generator: ImageGenerator | None = None, *, language: str | None = None) -> None:
        generator = generator or default_generator()
        said = parse_setting("language", language) if language else generator.settings.language
        self.studio = Studio(generator, said if said in LANGUAGES else spoken())
        self.composer, self.results = Composer(self.studio), Results(self.studio)
        self.composer.want_mask = self._open_painter
        self._painter: MaskPainter | None = None
        self._drawn: list[tuple[Picture, bytes]] = []
        """What the sheet shows, oldest first, each with a small copy."""
        self._place = uuid4().hex
        header = Header(self, auto="" if said in LANGUAGES else "yes")
        self._desk = _box("dn-desk", self.results)
        self._past = _box("dn-past")
        super().__init__(
            [header, _box("dn-create", _box("dn-form-side", self.composer), self._desk), self._past]
        )
        self.add_class("dn-panel")
        self.studio.listen(self._leave_behind)

    def open_history(self) -> None:
        """Put the history into its tab, once."""
        from dalle_nb.widgets.shelf import HistoryTab

        if not self._past.children:
            self._past.children = [HistoryTab(self.studio)]

    def _open_painter(self, picture: Blob | None, mask: Any = None) -> None:
        """Show the mask painter on a picture, or put it away."""
        from dalle_nb.widgets.mask_painter import MaskPainter

        if picture is None:
            self._desk.children = [self.results]
            return
        if self._painter is None:
            self._painter = MaskPainter(picture, mask, studio=self.studio)
            self._painter.observe(self._take_mask, "share")
        else:
            self._painter.show(picture, mask)
        self._desk.children = [self._painter, self.results]
        self._take_mask()

    def _take_mask(self, _: object = None) -> None:
        painter = self._painter
        self.composer.set_mask(lambda: encode_png(painter.mask) if painter and painter.share else None)

    def _leave_behind(self, event: StudioEvent) -> None:
        """Keep the newest pictures on the sheet that the saved notebook shows; none that was deleted."""
        match event:
            case Ended(task=task) if task.run and task.run.pictures:
                new = [(each, thumbnail(each.bytes, SHEET).data) for each in task.run.pictures[:LEFT_BEHIND]]
                self._drawn = [*self._drawn, *new][-LEFT_BEHIND:]
            case Changed(uids=uids):
                self._drawn = [
                    each for each in self._drawn if each[0].run_uid not in uids or self._is_kept(each[0])
                ]
            case _:
                return
        self._show_sheet(update=True)

    def _is_kept(self, picture: Picture) -> bool:
        try:
            return self.studio.generator.store.run(picture.run_uid).deleted is None
        except ReferenceNotFound:
            return False

    def _show_sheet(self, *, update: bool) -> None:
        with speaking(self.studio.tongue):
            publish(self._sheet(), transient={"display_id": self._place}, update=update)

    def _sheet(self) -> Bundle:
        if not self._drawn:
            return line_bundle(tr("A panel was here: run the cell to open it again."))
        sheet = contact_sheet([(picture.reference, small) for picture, small in self._drawn], SHEET)
        words = tr("Pictures drawn in this panel")
        about = {"alt": words, "width": sheet.width, "height": sheet.height}
        shown = {sheet.media_type: b64encode(sheet.data).decode(), "text/plain": words}
        return shown, {sheet.media_type: about}

    def _ipython_display_(self) -> None:
        publish((self._repr_mimebundle_(), {}))
        self._show_sheet(update=False)

    def __repr__(self) -> str:
        return "<Panel>"


def _box(name: str, *children: ipywidgets.Widget) -> ipywidgets.VBox:
    box = ipywidgets.VBox(children)
    box.add_class(name)
    return box
