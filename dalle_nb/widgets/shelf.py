"""The history as a tab of the panel: searched, filtered, chosen from, exported, and its trash.

Knows which Runs are meant and what becomes of many at once; how pictures are shown is the album's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from dalle_nb._bundle import export_bundle
from dalle_nb._errors import OptionError
from dalle_nb._history import History
from dalle_nb._language import tr
from dalle_nb._money import dollars
from dalle_nb._records import Kind
from dalle_nb._render import clean
from dalle_nb.widgets.album import Album, mapped
from dalle_nb.widgets.front import page
from dalle_nb.widgets.studio import Changed, Ended

if TYPE_CHECKING:
    from dalle_nb.widgets.studio import StudioEvent

MOST_OFFERED = 200
"""Models or tags in a list to choose from."""


class HistoryTab(Album):
    """Everything ever drawn."""

    _esm = page("viewer", "album", "shelf")
    _css = page("viewer", "album", "shelf", suffix="css")

    def meant(self, asked: Mapping[str, Any]) -> History:
        """Return the Runs that meet what stands in the search and the filters."""
        said = {name: str(value)[:1000] for name, value in asked.items() if name in _FILTERS and value}
        meant = self.history.trash if asked.get("trash") is True else self.history
        meant = meant.where(**said).search(str(asked.get("text") or "")[:1000])
        return meant.where(starred=True) if asked.get("starred") is True else meant

    def about(self, meant: History) -> dict[str, Any]:
        """Return how many there are, what was spent so far, and what can be chosen from."""
        whole = self.history
        return {
            "total": len(meant),
            "spent": dollars(self.studio.generator.store.spent()),
            "models": sorted({clean(each, 120) for each in whole.column("model")})[:MOST_OFFERED],
            "tags": sorted({tag for tags in whole.column("tags") for tag in tags})[:MOST_OFFERED],
        }

    def heard(self, event: StudioEvent) -> None:
        """Look again when something was drawn."""
        if isinstance(event, Ended) and event.task.run is not None:
            self.tell("stale")
        super().heard(event)

    def on_purge(self, content: Mapping[str, Any], _: object) -> None:
        """Delete Runs in the trash for good, all of them where none are named; the page has asked first."""
        meant = self.some(content, trash=True) if content.get("ids") else self.history.trash
        self._aside(self._purge, meant)

    def on_export(self, content: Mapping[str, Any], _: object) -> None:
        """Put Runs, those named or else all that are meant, into the notebook's folder."""
        form = content.get("form")
        if form not in _FORMS:
            raise OptionError(tr("There is no export as {form}.", form=repr(form)[:40]), ", ".join(_FORMS))
        meant = self.some(content) if content.get("ids") else self.meant(mapped(content.get("asked")))
        self._aside(self._export, meant, str(form))

    def labels(self) -> dict[str, str]:
        """Return what search, filters and trash say beside what an album says."""
        kinds = {Kind.GENERATE: tr("new picture"), Kind.EDIT: tr("edit"), Kind.VARIATION: tr("variation")}
        offered = {f"kind_{kind.value}": word for kind, word in kinds.items()}
        return super().labels() | offered | _shelf_words()

    def _export(self, meant: History, form: str) -> None:
        if form == "folder":
            folder = _free("dalle-nb-pictures", "")
            paths = meant.save(f"{folder}/")
            self.tell("said", text=tr("{count} pictures are in {path}.", count=len(paths), path=folder.name))
            return
        path = _free("dalle-nb-history", ".zip" if form == "bundle" else ".csv")
        if form == "bundle":
            export_bundle(self.studio.generator.store, meant.column("id"), path)
        else:
            meant.to_csv(path)
        self.tell("said", text=tr("{count} Runs are in {path}.", count=len(meant), path=path.name))

    def _purge(self, meant: History) -> None:
        uids = tuple(meant.column("uid"))
        gone = meant.purge()
        self.tell("stale")
        self.studio.tell(Changed(uids))
        self.tell("said", text=tr("{count} Runs are gone for good.", count=gone))

    def _aside(self, act: Callable[..., None], *given: Any) -> None:
        """Do what may take long away from the threads that answer the page."""
        Thread(target=self.attempt, args=(act, *given), name="dalle-nb history", daemon=True).start()


def _free(stem: str, suffix: str) -> Path:
    """Return a path in the notebook's folder where nothing is yet."""
    names = (Path(f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}") for number in count(1))
    return next(path for path in names if not path.exists())


_FILTERS = ("kind", "model", "status", "tag", "since", "until")
_FORMS = ("bundle", "csv", "folder")


def _shelf_words() -> dict[str, str]:
    return {
        "history": tr("History"),
        "search": tr("Search prompts, tags and models"),
        "filters": tr("Filters"),
        "kind": tr("Kind"),
        "model": tr("Model"),
        "status": tr("Status"),
        "tag": tr("Tag"),
        "since": tr("From"),
        "until": tr("Up to"),
        "any": tr("Any"),
        "starred": tr("Starred"),
        "trash": tr("Trash"),
        "spent": tr("{amount} spent so far"),
        "export": tr("Export"),
        "bundle": tr("Bundle with pictures (.zip)"),
        "csv": tr("Table (.csv)"),
        "folder": tr("Folder of pictures"),
        "purge_all": tr("Empty the trash"),
        "reset": tr("Show all"),
        "nothing": tr("Nothing here."),
    }
