"""Pictures of Runs to look at and to act upon: what the results and the history have in common.

All that is done goes through the History and the Studio; content of messages is a stranger's, and read as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import DalleError, OptionError, ReferenceNotFound
from dalle_nb._exporting import with_provenance
from dalle_nb._history import History
from dalle_nb._images import SUFFIXES
from dalle_nb._language import tr
from dalle_nb._query import PAGE
from dalle_nb._records import Status
from dalle_nb._render import clean, status_word
from dalle_nb._saving import name_from
from dalle_nb.widgets.cards import card
from dalle_nb.widgets.front import Front
from dalle_nb.widgets.glimpses import Glimpse, Glimpses
from dalle_nb.widgets.studio import Changed

if TYPE_CHECKING:
    from dalle_nb._run import Picture, Run
    from dalle_nb.widgets.studio import Studio, StudioEvent

MOST_NAMES = 200
MOST_IDS = 20_000
FEW = 200
"""Changed Runs that are sent anew; after more of them the page asks for what it shows."""
_SHA256, _REF = re.compile(r"[0-9a-f]{64}"), re.compile(r"\d{1,18}/\d{1,9}")
_LONG = 4_000


class Album(Front):
    """A grid of pictures, each with its verbs; which Runs are in it says `meant`."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self._glimpses = Glimpses(lambda: studio.generator.store, self._show)
        super().__init__(studio)

    @property
    def history(self) -> History:
        """All Runs there are."""
        return History(self.studio.generator)

    def meant(self, asked: Mapping[str, Any]) -> History:
        """Return the Runs that belong into it, for what the page asks; OptionError where that is nonsense."""
        raise NotImplementedError

    def heard(self, event: StudioEvent) -> None:
        """Show anew what was starred, deleted or restored, here or in another part."""
        if isinstance(event, Changed):
            uids = event.uids
            if len(uids) > FEW:
                self.tell("stale")
                return
            some = [run for part in (self.history, self.history.trash) for run in part.where(uid=[*uids])]
            self.tell("changed", runs=[card(run) for run in some])

    def on_page(self, content: Mapping[str, Any], _: object) -> None:
        """Answer with the Runs that come before an id, newest first; for the newest, also what they are part of."""
        with self._answering(content):
            asked, before = mapped(content.get("asked")), content.get("before")
            meant = self.meant(asked)
            older = meant if before is None else meant.where(id=(None, _number(before) - 1))
            # One more than is shown tells whether there are more.
            runs = [*older.head(PAGE + 1)]
            about = {} if before is not None else self.about(meant)
            self._reply(content, runs=[card(run) for run in runs[:PAGE]], more=len(runs) > PAGE, **about)

    def about(self, _meant: History) -> dict[str, Any]:
        """Return what else the page wants to know with the newest Runs."""
        return {}

    def on_look(self, content: Mapping[str, Any], _: object) -> None:
        """Show thumbnails of these pictures, and of no others any more."""
        names = listed(content.get("names"))[:MOST_NAMES]
        self._glimpses.want([name for name in names if isinstance(name, str) and _SHA256.fullmatch(name)])

    def on_full(self, content: Mapping[str, Any], _: object) -> None:
        """Answer with a whole picture."""
        with self._answering(content):
            picture = self._picture(content)
            self._reply(content, media_type=picture.record.media_type, buffers=[picture.bytes])

    def on_vary(self, content: Mapping[str, Any], _: object) -> None:
        """Draw a variation."""
        picture = self._picture(content)
        strength = "strong" if content.get("strength") == "strong" else "subtle"
        self.studio.submit("", {"vary": f"#{picture.reference}", "strength": strength})
        self.tell(
            "said", text=tr("A variation of {reference} is being drawn.", reference=f"#{picture.reference}")
        )

    def on_rerun(self, content: Mapping[str, Any], _: object) -> None:
        """Draw the same again."""
        run = self._run(content)
        self.studio.submit("", {"rerun": f"#{run.id}"})
        self.tell("said", text=tr("{reference} is being drawn again.", reference=f"#{run.id}"))

    def on_edit(self, content: Mapping[str, Any], _: object) -> None:
        """Put the picture into the form, to be changed."""
        self.studio.wish(None, {"edit": self._picture(content).reference})

    def on_use(self, content: Mapping[str, Any], _: object) -> None:
        """Put prompt, model and options into the form."""
        request = self._run(content).record.request
        self.studio.wish(request.prompt, {"model": request.model, **request.options})
        self.tell("said", text=tr("The settings are in the form."))

    def on_code(self, content: Mapping[str, Any], _: object) -> None:
        """Give the cell that repeats the Run."""
        self.tell("code", text=self._run(content).code("magic").rstrip("\n"))

    def on_save(self, content: Mapping[str, Any], _: object) -> None:
        """Save the picture into the notebook's folder."""
        path = self._picture(content).save("./")
        self.tell("said", text=tr("Saved as {path}.", path=clean(path.name)))

    def on_download(self, content: Mapping[str, Any], _: object) -> None:
        """Send the picture to be put where the browser puts files, with what is known of it in it."""
        picture = self._picture(content)
        run, record = picture.run, picture.record
        data, _beside = with_provenance(picture.bytes, run.record, record)
        name = f"{run.id}-{record.index}-{name_from(run.prompt)}.{SUFFIXES.get(record.media_type, 'png')}"
        self.tell("file", name=name, media_type=record.media_type, buffers=[data])

    def on_star(self, content: Mapping[str, Any], _: object) -> None:
        """Star Runs, or take the stars away."""
        self._change(self.some(content), lambda meant: meant.star(on=content.get("on") is True))

    def on_delete(self, content: Mapping[str, Any], _: object) -> None:
        """Put Runs into the trash, and offer to take them back."""
        meant = self.some(content)
        ids = meant.column("id")
        if not ids:
            return
        self._change(meant, History.delete)
        what = f"#{ids[0]}" if len(ids) == 1 else tr("{count} Runs", count=len(ids))
        self.tell("trashed", ids=ids, text=tr("{what} is in the trash.", what=what))

    def on_restore(self, content: Mapping[str, Any], _: object) -> None:
        """Take Runs back from the trash."""
        self._change(self.some(content, trash=True), History.restore)

    def on_compare(self, content: Mapping[str, Any], _: object) -> None:
        """Answer with what was asked otherwise for each of two pictures."""
        with self._answering(content):
            names = [self._picture({"ref": each}) for each in listed(content.get("refs"))[:2]]
            different = self.history.compare(*names).differences
            rows = [
                [tr(name), *("–" if each is None else clean(str(each), 600) for each in values)]
                for name, values in different.items()
            ]
            self._reply(content, rows=rows)

    def labels(self) -> dict[str, str]:
        """Return what tiles, verbs and the large view say."""
        statuses = {f"status_{status.value}": status_word(status) for status in Status}
        return {**statuses, **_verb_words(), **_view_words()}

    def _change(self, meant: History, verb: Callable[[History], object]) -> None:
        if uids := tuple(meant.column("uid")):
            verb(meant)
            self.studio.tell(Changed(uids))

    def some(self, content: Mapping[str, Any], *, trash: bool = False) -> History:
        """Return the Runs that a message names."""
        ids = [_number(each) for each in listed(content.get("ids"))[:MOST_IDS]]
        return (self.history.trash if trash else self.history).where(id=ids)

    def _run(self, content: Mapping[str, Any]) -> Run:
        run: Run = self.history[_number(content.get("id"))]
        return run

    def _picture(self, content: Mapping[str, Any]) -> Picture:
        reference = str(content.get("ref"))
        if not _REF.fullmatch(reference):
            raise ReferenceNotFound(tr("There is no picture {reference}.", reference=repr(reference)[:60]))
        picture: Picture = self.history[reference]
        return picture

    @contextmanager
    def _answering(self, content: Mapping[str, Any]) -> Iterator[None]:
        """Tell what goes wrong to whoever asked, who is waiting."""
        try:
            yield
        except DalleError as error:
            self._reply(content, trouble=f"{error.what} {error.fix}".strip())

    def _reply(self, content: Mapping[str, Any], *, buffers: Sequence[bytes] = (), **more: Any) -> None:
        self.tell("answer", ticket=str(content.get("ticket"))[:80], buffers=buffers, **more)

    def _show(self, glimpse: Glimpse) -> None:
        small = glimpse.small
        self.tell(
            "glimpse", names=[*small], sharp=glimpse.sharp, gone=[*glimpse.gone], buffers=[*small.values()]
        )


def _verb_words() -> dict[str, str]:
    return {
        "vary_subtle": tr("Vary subtle"),
        "vary_strong": tr("Vary strong"),
        "edit": tr("Edit"),
        "rerun": tr("Re-run"),
        "use": tr("Use these settings"),
        "save": tr("Save to the notebook's folder"),
        "download": tr("Download"),
        "copy_cell": tr("Copy as cell"),
        "star": tr("Star"),
        "unstar": tr("Take the star away"),
        "delete": tr("Delete"),
        "restore": tr("Restore"),
        "purge": tr("Delete for good"),
        "purge_sure": tr("Delete {names} for good? The pictures cannot be brought back."),
        "all_trash": tr("everything in the trash"),
        "total": tr("{count} Runs"),
        "keep": tr("Keep"),
        "undo": tr("Undo"),
        "compare": tr("Compare"),
        "clear": tr("Choose none"),
        "try_again": tr("Try again"),
        "cell_made": tr("It is in a new cell below."),
        "cell_copied": tr("Copied: paste it into a cell."),
        "cell_failed": tr("The browser does not let it be copied."),
    }


def _view_words() -> dict[str, str]:
    return {
        "pictures": tr("Pictures"),
        "open_picture": tr("Open picture {ref}: {alt}"),
        "open_run": tr("Run {ref}: {why}"),
        "choose": tr("Choose {ref}"),
        "chosen": tr("{count} chosen"),
        "chosen_bar": tr("What to do with those chosen"),
        "more": tr("More"),
        "close": tr("Close"),
        "previous": tr("Previous picture"),
        "next": tr("Next picture"),
        "zoom_in": tr("Zoom in"),
        "zoom_out": tr("Zoom out"),
        "zoom_fit": tr("Fit"),
        "zoom_real": tr("Real size, 1:1"),
        "zoom_help": tr("Picture: zoom with + and -, fit with 0, real size with 1, move with the arrows"),
        "comparison": tr("Side by side"),
        "differences": tr("What was asked otherwise"),
        "asked_alike": tr("Both were asked alike."),
        "gone": tr("The file is gone"),
        "no_answer": tr(
            "The kernel does not answer. If it has stopped, restart it and open the panel again."
        ),
    }


def mapped(value: object) -> dict[str, Any]:
    """Return what a message calls an object, if it is one."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """Return what a message calls a list, if it is one."""
    return value if isinstance(value, list) else []


def _number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53:
        return value
    raise OptionError(
        tr("{value} is no number of a Run.", value=repr(value)[:60]), tr("Choose it in the panel.")
    )
