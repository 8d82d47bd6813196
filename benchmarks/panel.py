"""Measure what a person waits for in the panel, in a real JupyterLab and a real Chromium.

`make bench-panel` prints the table. Times are taken by the page itself; the panel stands beside a bare button of
ipywidgets, shown in the same notebook in the same way.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import nbformat
from nbclient import NotebookClient
from table import Row, show

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from album_page import fill  # type: ignore[import-not-found]  # noqa: E402 - the tests' own, found above
from conftest import own_environment  # type: ignore[import-not-found]  # noqa: E402
from easel import Easel  # type: ignore[import-not-found]  # noqa: E402
from lab import Notebook, browse, serve_lab  # type: ignore[import-not-found]  # noqa: E402
from panel_page import PanelPage, opening  # type: ignore[import-not-found]  # noqa: E402

ROUNDS = 7
RESULTS = 1000
CELLS = ("import ipywidgets\nipywidgets.Button(description='bare')", "{panel}", "{painter}", "{results}")
PAINTER = "from PIL import Image\npainter = dn.MaskPainter(Image.new('RGB', (1024, 1024), 'khaki'))\npainter"
GALLERY = """
from dalle_nb.widgets.results import Results
from dalle_nb.widgets.studio import Studio
Results(Studio(dn.ImageGenerator(backend="offline", home={home!r})))
"""
SHOWN = """async ([selector, text]) => {
  const { commands } = window.jupyterapp;
  await commands.execute("notebook:clear-cell-output");
  const area = document.querySelector(".jp-Notebook .jp-Cell.jp-mod-active .jp-OutputArea");
  const start = performance.now();
  commands.execute("notebook:run-cell");
  const there = () => [...area.querySelectorAll(selector)].some((each) => each.offsetWidth && each.textContent.includes(text));
  while (!there()) await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""
FEEDBACK = """async (button) => {
  const panel = button.closest(".dn-panel");
  let changed = 0;
  const watcher = new MutationObserver(() => (changed ||= performance.now()));
  watcher.observe(panel, { subtree: true, childList: true, characterData: true, attributes: true });
  const start = performance.now();
  button.click();
  while (!changed) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  watcher.disconnect();
  return performance.now() - start;
}"""
SCROLL = """async (scroller) => {
  const frames = [];
  let before = performance.now();
  for (let still = 0, at = -1; still < 90; still = scroller.scrollTop === at ? still + 1 : 0) {
    at = scroller.scrollTop;
    scroller.scrollBy(0, 120);
    await new Promise(requestAnimationFrame);
    frames.push(performance.now() - before);
    before = performance.now();
  }
  return [frames, scroller.querySelectorAll("[data-key]").length];
}"""
IDLE = """async () => {
  const frames = [];
  for (let before = performance.now(), n = 0; n < 60; n++) {
    await new Promise(requestAnimationFrame);
    frames.push(performance.now() - before);
    before = performance.now();
  }
  return frames;
}"""
KEPT = """(root) => {
  const canvas = root.querySelector("canvas");
  window.waits = [];
  let up = 0;
  canvas.addEventListener("pointerup", () => (up = performance.now()), true);
  new MutationObserver(() => window.waits.push(performance.now() - up)).observe(root, { attributeFilter: ["data-kept"] });
}"""


def measure_opening(desk: Any) -> Iterator[Row]:
    """Run the cells of a button and of the panel again and again, warm, and wait for each to be seen."""
    seconds = {}
    for index, selector, text in ((0, "button", "bare"), (1, ".dn-compose button", "Generate")):
        desk.cell(index).locator(".cm-content").click()
        desk.page.evaluate(SHOWN, [selector, text])
        seconds[index] = median(desk.page.evaluate(SHOWN, [selector, text]) for _ in range(ROUNDS))
    bare, panel = seconds[0], seconds[1]
    yield row("panel shown after the call", panel, f"bare Button {bare:.0f} ms", 1000)


def measure_feedback(desk: Any, home: Path) -> Iterator[Row]:
    """Press Generate, and wait until the page shows that it was."""
    panel = PanelPage(desk, home, cell=1).ready()
    waits = []
    for number in range(ROUNDS):
        panel.prompt.fill(f"a cat in the snow, number {number}")
        waits.append(panel.generate.evaluate(FEEDBACK))
        panel.draws(number + 1)
    yield row("click on Generate to the first feedback", median(waits), f"worst {max(waits):.0f} ms", 100)


def measure_painting(desk: Any) -> Iterator[Row]:
    """Draw strokes on a picture of 1024 x 1024, and wait until Python has said that it keeps them."""
    desk.run(2)
    easel = Easel(desk, (1024, 1024))
    easel.root.evaluate(KEPT)
    for number in range(ROUNDS):
        easel.drag((200, 100 + 100 * number), (800, 150 + 100 * number))
    waits = desk.page.evaluate("window.waits")
    yield row("mouse-up to mask in Python, and back", median(waits), f"worst {max(waits):.0f} ms", 100)


def measure_scrolling(desk: Any) -> Iterator[Row]:
    """Scroll through a gallery of many results, as fast as the screen can follow."""
    desk.run(3)
    scroller = desk.output(3).locator(".dn-scroller")
    scroller.locator("[data-key]").first.wait_for()
    frames, _ = scroller.evaluate(SCROLL)
    slow, idle = (quantiles(times, n=20)[-1] for times in (frames, desk.page.evaluate(IDLE)))
    beside = f"standing still {idle:.0f} ms"
    yield row(f"a frame while scrolling {RESULTS:,} results, 19 of 20", slow, beside, 50)


def measure_saving(desk: Any, folder: Path) -> Iterator[Row]:
    """Weigh a notebook saved with and without the panel, and one that keeps the state of its widgets."""
    with_panel = len(nbformat.writes(desk.saved().cells[1]))
    yield weight("a saved panel with its pictures", with_panel)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(opening(folder / "other"))])
    NotebookClient(book, store_widget_state=True, kernel_name="python3").execute()
    yield weight("the same with the state of all widgets", len(nbformat.writes(book)))


def row(what: str, milliseconds: float, beside: str, goal: int) -> Row:
    """Return a line about a time."""
    good = milliseconds < goal
    return Row(what=what, value=f"{milliseconds:.0f} ms", beside=beside, goal=f"< {goal} ms", good=good)


def weight(what: str, size: int) -> Row:
    """Return a line about bytes in a notebook."""
    return Row(what=what, value=f"{size / 1000:.0f} KB", goal="< 300 KB", good=size < 300_000)


def measure(folder: Path) -> Iterator[Row]:
    """Give one line after the other."""
    environment = own_environment(folder)
    home, many = folder / "panel", folder / "many"
    fill(many, RESULTS).close()
    cells = {
        "panel": opening(home),
        "painter": PAINTER,
        "results": GALLERY.format(home=str(many)),
    }
    with serve_lab(folder, environment) as lab, browse() as browser:
        desk = Notebook(lab, browser, name="benchmark")
        desk.open(*(cell.format_map(cells) for cell in CELLS))
        yield from measure_opening(desk)
        yield from measure_feedback(desk, home)
        yield from measure_saving(desk, folder)
        yield from measure_painting(desk)
        yield from measure_scrolling(desk)
        desk.close()


def main() -> int:
    """Print the table; return 1 where a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        return 1 if show(measure(Path(folder))) else 0


if __name__ == "__main__":
    sys.exit(main())
