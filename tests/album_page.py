"""An album of the panel as a person uses it, results or history alone in a notebook; and a history of many Runs.

Knows the page by its roles and names, not how it is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from lab import Notebook
from PIL import Image
from playwright.sync_api import Locator, expect
from sqlalchemy import insert

from dalle_nb import ImageGenerator
from dalle_nb._history import History
from dalle_nb._records import PictureRecord, Request, RunRecord, Status
from dalle_nb._store import Store
from dalle_nb._store.rows import picture_row, run_row
from dalle_nb._store.schema import pictures, runs, words
from dalle_nb._store.search import searched

PATIENCE = 30_000
OPEN = """
import resource
import dalle_nb as dn
from dalle_nb._history import History
from dalle_nb.widgets.results import Results
from dalle_nb.widgets.shelf import HistoryTab
from dalle_nb.widgets.studio import Studio, Wished
generator = dn.ImageGenerator(backend="offline", home={home!r})
studio, wishes = Studio(generator, {tongue!r}), []
studio.listen(lambda event: wishes.append(event) if isinstance(event, Wished) else None)
{more}
{part}(studio)
"""
WISHES = "print([(each.prompt, dict(each.options)) for each in wishes])"
WRITE = """([index, text]) => {
  const cells = window.jupyterapp.shell.currentWidget.content.widgets;
  cells[index].model.sharedModel.setSource(text);
}"""
SCROLL = """(key) => {
  const scroller = document.querySelector('.dn-scroller');
  scroller.scrollTo(0, scroller.scrollHeight);
  return document.querySelector(`[data-key="${key}"]`) !== null;
}"""


class AlbumPage:
    """Results or history, open under the first cell of a notebook; the second cell is for what a kernel is told."""

    def __init__(self, desk: Notebook, home: Path) -> None:
        self.notebook, self.page, self.home = desk, desk.page, home
        self.root = desk.cell(0).locator(".dn")
        self.history = History(ImageGenerator(backend="offline", size="512x512", home=home))
        """The same history, looked at by another process: this one."""

    def show(self, part: str, *, more: str = "", tongue: str = "en") -> None:
        """Open ``Results`` or ``HistoryTab`` over the history."""
        source = OPEN.format(home=str(self.home), part=part, more=more, tongue=tongue)
        # A dialog that another test left open would cover the notebook.
        self.page.evaluate("document.querySelectorAll('dialog[open]').forEach(each => each.close())")
        self.page.evaluate(WRITE, [0, source])
        self.notebook.run(0)
        expect(self.root.locator(".dn-grid")).to_be_attached(timeout=PATIENCE)

    def run(self, source: str) -> str:
        """Run something in the kernel, and return what it prints."""
        self.page.evaluate(WRITE, [1, source])
        return self.notebook.run(1).last.inner_text()

    def draw(self, *prompts: str, **options: object) -> None:
        """Draw outside the notebook."""
        for prompt in prompts:
            self.history._generator.generate(prompt, **options)

    def tile(self, reference: str) -> Locator:
        """Return the tile of a picture, such as ``12/1``, or of a Run without."""
        return self.root.locator(f"[data-key='{reference}']")

    def tiles(self) -> list[str]:
        """Return which tiles there are, in order."""
        return [str(each.get_attribute("data-key")) for each in self.root.locator("[data-key]").all()]

    def press(self, name: str) -> None:
        """Press a button by what it says."""
        self.root.get_by_role("button", name=name, exact=True).click()

    def verb(self, reference: str, name: str) -> None:
        """Do something with a picture, by its menu."""
        self.tile(reference).get_by_role("button", name="More").click()
        self.root.get_by_role("menuitem", name=name, exact=True).click()

    def open(self, reference: str) -> Locator:
        """Open a picture in large and return the dialog, once the whole picture is in it."""
        self.tile(reference).locator(".dn-tile-open").click()
        dialog = self.root.get_by_role("dialog")
        expect(dialog.locator(".dn-stage img:not(.dn-soft)")).to_be_visible(timeout=PATIENCE)
        return dialog

    def says(self, text: str) -> None:
        """Wait until the part says something in passing."""
        expect(self.root.locator(".dn-toast").last).to_contain_text(text, timeout=PATIENCE)

    def scroll_to(self, reference: str) -> None:
        """Scroll to the end, and on as more comes, until a picture is there."""
        self.page.wait_for_function(SCROLL, arg=reference, timeout=3 * PATIENCE)

    def waits_for(self, *references: str) -> None:
        """Wait until these tiles are there, in this order, and no others."""
        keys = [f"[data-key='{reference}']" for reference in references]
        expect(self.root.locator("[data-key]")).to_have_count(len(keys), timeout=PATIENCE)
        for place, key in enumerate(keys):
            expect(self.root.locator("[data-key]").nth(place)).to_have_attribute(
                "data-key", references[place]
            )
            expect(self.root.locator(key)).to_be_attached()


def fill(home: Path, count: int, *, drawn: int = 80) -> Store:
    """Put many Runs into a history, as rows that drawing makes; only the newest have files, few and small ones."""
    store = Store.open(home)
    told = [run for run, _ in _records(count, drawn)]
    with store._database.writing(lasting=False) as connection:
        connection.execute(insert(runs), [run_row(run) | {"id": run.id} for run in told])
        connection.execute(insert(words), [{"run": run.id, "text": searched(run)} for run in told])
        connection.execute(insert(pictures), [picture_row(run.pictures[0], run.id) for run in told])
    for name, data in {run.pictures[0].sha256: data for run, data in _records(count, drawn) if data}.items():
        store._files.keep(data, name, "image/png")
    return store


def _records(count: int, drawn: int) -> Iterator[tuple[RunRecord, bytes]]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(1, count + 1):
        data = _picture(number) if number > count - drawn else b""
        what = ("a fox in the snow", "一只猫咪坐在窗台上", "a castle by the sea")[number % 3]
        picture = PictureRecord(
            sha256=sha256(data or str(number).encode()).hexdigest(),
            media_type="image/png",
            width=32,
            height=32,
            size=len(data),
            index=1,
            alt=what,
        )
        run = RunRecord(
            id=number,
            uid=f"{number:032x}",
            created=start + timedelta(minutes=number),
            request=Request(prompt=f"{what}, number {number}"),
            backend="offline",
            model=("offline-painter", "another-painter")[number % 50 == 0],
            status=Status.DONE,
            pictures=(picture,),
            cost=number % 2 * 1000,
            tags=("rare",) if number % 1000 == 0 else (),
        )
        yield run, data


def _picture(number: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (32, 32), (number % 40 * 6, 90, 160)).save(file, "PNG")
    return file.getvalue()
