"""The results: drawings under way as cards, above the pictures that were drawn, newest first.

Shows what the Studio draws and hands it the wishes of the page; must not draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dalle_nb._history import History
from dalle_nb._images import ImageError, prove
from dalle_nb._language import tr
from dalle_nb._render import clean
from dalle_nb._thumbnails import thumbnail
from dalle_nb.widgets.album import Album
from dalle_nb.widgets.cards import card, repairs, task_card, what_and_fix
from dalle_nb.widgets.front import page
from dalle_nb.widgets.studio import Ended, Planned, Previewed, Queued, StudioEvent, Task, Told, Waited

if TYPE_CHECKING:
    from dalle_nb.widgets.studio import Studio

PREVIEW = 512
"""Long edge of an unfinished picture, in pixels."""


class Results(Album):
    """Cards of tasks, then the gallery."""

    _esm = page("viewer", "album", "results")
    _css = page("viewer", "album", "results", suffix="css")

    def __init__(self, studio: Studio) -> None:
        self._failed: dict[int, Task] = {}
        self._seconds: dict[int, int] = {}
        super().__init__(studio)

    def meant(self, _asked: Mapping[str, Any]) -> History:
        """Return the Runs that have pictures."""
        return self.history.where(pictures=(1, None))

    def heard(self, event: StudioEvent) -> None:
        """Keep the cards as the tasks are."""
        match event:
            case Queued() | Planned():
                self._show_tasks()
            case Previewed():
                self._preview(event)
            case Told(task=task, text=text):
                self.tell("told", number=task.number, text=clean(text, 300))
            case Waited(task=task, seconds=seconds):
                # Told several times a second; people count whole ones.
                if self._seconds.get(task.number) != int(seconds):
                    self._seconds[task.number] = int(seconds)
                    self.tell("waited", number=task.number, seconds=int(seconds))
            case Ended(task=task):
                self._end(task)
            case _:
                super().heard(event)

    def on_open(self, _content: Mapping[str, Any], _: object) -> None:
        """Show a page that was just opened the tasks."""
        self._show_tasks()

    def on_cancel(self, content: Mapping[str, Any], _: object) -> None:
        """Take a waiting task out, or stop the one being drawn."""
        self.studio.cancel(_number_of(content))

    def on_dismiss(self, content: Mapping[str, Any], _: object) -> None:
        """Take the card of a failed task away."""
        self._failed.pop(_number_of(content), None)
        self._show_tasks()

    def on_again(self, content: Mapping[str, Any], _: object) -> None:
        """Ask again, with what the error says would be right."""
        task, chosen = self._failed.pop(_number_of(content), None), content.get("fix")
        if task is not None:
            offered = (
                repairs(task.error)[chosen : chosen + 1] if isinstance(chosen, int) and chosen >= 0 else ()
            )
            self.studio.submit(task.prompt, {**task.options, **(offered[0].options if offered else {})})

    def on_change(self, content: Mapping[str, Any], _: object) -> None:
        """Put a failed task back into the form."""
        task = self._failed.get(_number_of(content))
        if task is not None:
            self.studio.wish(task.prompt, task.options)

    def labels(self) -> dict[str, str]:
        """Return what cards say beside what an album says."""
        return super().labels() | {
            "results": tr("Results"),
            "tasks": tr("Being drawn"),
            "waiting": tr("Waiting: number {place} in the queue"),
            "drawing": tr("Drawing … {seconds} s"),
            "stopping": tr("Stopping …"),
            "progress": tr("Progress of {prompt}"),
            "so_far": tr("So far: {prompt}"),
            "cancel": tr("Cancel"),
            "abandon": tr("Do not wait for it"),
            "change": tr("Change and draw"),
            "again": tr("Try again"),
            "dismiss": tr("Dismiss"),
            "ready": tr("Picture {ref} is ready."),
            "ready_all": tr("Run {ref} is ready: {count} pictures."),
            "cancelled": tr("Cancelled."),
            "cancelled_kept": tr("Cancelled; what was finished is kept."),
            "failed": tr("That was not drawn: {what}"),
            "nothing": tr("Your pictures will be here."),
            "nothing_hint": tr("Say what you would like to see, and press Generate."),
        }

    def _end(self, task: Task) -> None:
        self._seconds.pop(task.number, None)
        if task.state == "failed":
            self._failed[task.number] = task
        drawn = card(task.run) if task.run is not None and task.run.pictures else None
        what = what_and_fix(task.error)[0] if task.state == "failed" else ""
        self.tell("ended", number=task.number, state=task.state, what=what, run=drawn)
        self._show_tasks()

    def _preview(self, event: Previewed) -> None:
        # What the server sends so far may be no picture; then there is nothing better to see than before.
        with suppress(ImageError, OSError, ValueError):
            prove(event.data)
            small = thumbnail(event.data, PREVIEW)
            self.tell("preview", number=event.task.number, index=event.index, buffers=[small.data])

    def _show_tasks(self) -> None:
        failed, under_way = sorted(self._failed.values(), key=lambda task: task.number), self.studio.tasks
        waiting = [task for task in under_way if task.state == "waiting"]
        places = {task.number: place for place, task in enumerate(waiting, 1)}
        told = [task_card(task, places.get(task.number, 0)) for task in (*under_way, *failed)]
        self.tell("tasks", tasks=told)


def _number_of(content: Mapping[str, Any]) -> int:
    number = content.get("number")
    return number if isinstance(number, int) else 0
