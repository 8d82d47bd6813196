"""The panel as a person uses it, in a notebook: by what it says, not by how it is built; and the history behind it."""

from __future__ import annotations

from pathlib import Path

from lab import Notebook
from playwright.sync_api import Locator, expect

from dalle_nb import ImageGenerator
from dalle_nb._history import History

PATIENCE = 30_000
"""Milliseconds until the page must show what it should; a slow machine is no failure."""
SLOW = "a cat [simulate:rate-limit]"
"""A prompt for which the painter waits twenty seconds, as a server asks whom it finds too fast, and may be stopped."""
OPEN = """
import os, sys, threading
os.environ["DALLE_NB_HOME"] = {home!r}
import dalle_nb as dn
panel = dn.panel({arguments})
threads = set()
panel.composer.on_msg(lambda *_: threads.add(threading.current_thread() is threading.main_thread()))
panel
"""


def opening(home: Path, arguments: str = "") -> str:
    """Return the cell that opens a panel over that history."""
    return OPEN.format(home=str(home), arguments=arguments)


def history_at(home: Path) -> History:
    """Return the history that a panel writes, read by another process: this one."""
    return History(ImageGenerator(backend="offline", home=home))


class PanelPage:
    """A panel under a cell. Each opening of the cell is a new panel over the same history."""

    def __init__(self, notebook: Notebook, home: Path, cell: int = 0) -> None:
        self.notebook, self.page, self.home = notebook, notebook.page, home
        self.root = notebook.cell(cell).locator(".dn-panel")
        self.form = self.root.locator(".dn-compose")
        self.prompt = self.form.get_by_role("textbox", name="What should be drawn?")
        self.generate = self.form.get_by_role("button", name="Generate")
        self.price = self.form.locator(".dn-price")
        self.trouble = self.form.locator(".dn-trouble:visible")
        self.inputs = self.form.locator(".dn-inputs li")
        self.tasks = self.root.locator(".dn-task")
        self.tiles = self.root.locator(".dn-create [data-key]")

    @property
    def history(self) -> History:
        """The history as it is now."""
        return history_at(self.home)

    def ready(self) -> PanelPage:
        """Wait until Python has answered the page for the first time, and return the panel."""
        expect(self.form.locator("select").first.locator("option")).not_to_have_count(0, timeout=PATIENCE)
        return self

    def more(self) -> None:
        """Open what is folded away."""
        self.form.get_by_role("button", name="More").click()

    def unfold(self, section: str) -> None:
        """Open a section of what was folded away."""
        self.form.locator("summary").filter(has_text=section).click()

    def field(self, title: str) -> Locator:
        """Return an option's field by its title."""
        return self.form.get_by_label(title, exact=True)

    def fields(self) -> list[str]:
        """Return the options that are offered, by name, in order."""
        return [str(each.get_attribute("data-field")) for each in self.form.locator("[data-field]").all()]

    def chip(self, style: str) -> Locator:
        """Return a style to press."""
        return self.form.get_by_role("button", name=style, exact=True)

    def draws(self, count: int = 1) -> None:
        """Wait until so many pictures more stand among the results."""
        expect(self.tiles).to_have_count(count, timeout=PATIENCE)
        picture = self.tiles.first.locator("img[src]")
        expect(picture).to_be_visible(timeout=PATIENCE)

    def upload(self, *pictures: tuple[str, str, bytes]) -> None:
        """Choose files, each a name, a media type and bytes."""
        files = [{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in pictures]
        self.form.locator("input[type=file]").set_input_files(files)

    def hand_over(self, event: str, name: str, data: bytes | int) -> None:
        """Drop a file on the form, or paste it there; a number is that many zeros."""
        self.form.locator("form").evaluate(
            HAND_OVER, [event, name, list(data) if isinstance(data, bytes) else data]
        )


HAND_OVER = """(form, [kind, name, bytes]) => {
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  const about = { bubbles: true, cancelable: true };
  form.dispatchEvent(kind === "paste" ? new ClipboardEvent("paste", { ...about, clipboardData: files })
    : new DragEvent(kind, { ...about, dataTransfer: files }));
}"""
