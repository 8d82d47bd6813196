"""What a person sees: a real JupyterLab, a real Chromium, the offline painter. Screenshots are kept to look at."""

from __future__ import annotations

import nbformat
import pytest
from lab import DARK, LIGHT, Notebook
from playwright.sync_api import Locator, expect

LOAD = "%load_ext dalle_nb"
ASTRONAUT = "%%dalle\n一只穿着宇航服的猫咪,站在月球表面,科幻电影风格"
PATIENCE = 20_000
"""Milliseconds until a picture must be there; a slow machine is no failure."""

HOSTILE = """%%dalle
a cat <script>window.caught = "script"</script> <img src="nowhere.png" onerror="window.caught = 'image'">
</div><iframe src="javascript:parent.caught='frame'"></iframe> [link](javascript:caught) $\\href{javascript:caught}{x}$ for $5 or $6"""

THREAD = """
import contextvars, threading
import dalle_nb as dn
drawn, ready = threading.Event(), threading.Event()

def draw():
    run = dn.generate("a cat in the snow")
    drawn.set()
    ready.wait(30)
    display(run)

worker = threading.Thread({thread})
worker.start()
drawn.wait(30);"""
THREADS = {
    "plain": "target=draw",
    "in a copied context": "target=contextvars.copy_context().run, args=(draw,)",
}


def picture_in(output: Locator) -> Locator:
    """Return the picture that is shown there, once it is loaded."""
    picture = output.locator("img")
    output.locator("img, pre").first.wait_for(timeout=PATIENCE)
    assert picture.count() == 1, output.all_inner_texts()
    picture.scroll_into_view_if_needed()
    picture.evaluate("image => image.decode()")
    return picture


def natural_size(picture: Locator) -> list[int]:
    """Return width and height in pixels of what was sent to the browser."""
    size: list[int] = picture.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    return size


def picture_outputs(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return the saved outputs of a cell that hold a picture."""
    return [output for output in cell.outputs if {"image/jpeg", "image/png"} & {*output.get("data", {})}]


def test_a_chinese_prompt_shows_a_picture_under_its_cell(notebook: Notebook) -> None:
    """A newcomer types a prompt, and a thumbnail and a caption that says what was drawn stand under the cell."""
    notebook.open(LOAD, ASTRONAUT)
    notebook.run(0)
    output = notebook.run(1)
    picture = picture_in(output)
    assert natural_size(picture) == [512, 512]
    expect(output.filter(has_text="#1")).to_contain_text("一只穿着宇航服的猫咪")
    notebook.command("application:toggle-left-area")
    notebook.screenshot("first-picture-light")
    notebook.wear(DARK)
    notebook.screenshot("first-picture-dark")


def test_the_saved_notebook_is_small_and_says_what_its_picture_shows(notebook: Notebook) -> None:
    """What is saved is one thumbnail with alt text and words, and not the whole picture."""
    notebook.open(LOAD, ASTRONAUT)
    notebook.run(0)
    picture_in(notebook.run(1))
    (output,) = picture_outputs(notebook.saved().cells[1])
    (kind,) = {"image/jpeg", "image/png"} & {*output.data}
    assert "宇航服" in output.metadata[kind]["alt"]
    assert "fingerprint" in output.data["text/plain"]
    assert notebook.path.stat().st_size < 150_000


def test_a_notebook_opened_again_shows_its_pictures_without_running(notebook: Notebook) -> None:
    """Whoever opens the saved notebook sees the picture and its caption before any cell is run."""
    notebook.open(LOAD, ASTRONAUT)
    notebook.run(0)
    picture_in(notebook.run(1))
    notebook.saved()
    notebook.page.reload()
    assert natural_size(picture_in(notebook.output(1))) == [512, 512]
    expect(notebook.output(1).filter(has_text="#")).to_contain_text("一只穿着宇航服的猫咪")


def test_several_pictures_come_as_one_sheet(notebook: Notebook) -> None:
    """Three pictures of a Run are one picture to look at, wider than one of them, each with its reference."""
    notebook.open(LOAD, "%%dalle -n 3\na lighthouse on a cliff")
    notebook.run(0)
    width, height = natural_size(picture_in(notebook.run(1)))
    assert width > 1.5 * height
    notebook.screenshot("contact-sheet")


def test_script_in_a_prompt_is_inert(notebook: Notebook) -> None:
    """A prompt full of HTML, script and links is shown as the text it is, and nothing of it runs."""
    notebook.open(LOAD, HOSTILE)
    notebook.run(0)
    output = notebook.run(1)
    picture_in(output)
    output.locator("details summary").click()
    expect(output.filter(has=notebook.page.locator("details"))).to_contain_text(
        '<script>window.caught = "script"'
    )
    assert notebook.page.evaluate("window.caught === undefined")
    for tag in ("script", "iframe", "a", "img[src^=nowhere]", "mjx-container"):
        expect(output.locator(tag)).to_have_count(0)
    notebook.screenshot("hostile-prompt")


@pytest.mark.parametrize("thread", THREADS.values(), ids=THREADS)
def test_a_draw_in_a_thread_shows_under_the_cell_that_asked_for_it(notebook: Notebook, thread: str) -> None:
    """A picture drawn in the background appears under its own cell, though another runs by then."""
    notebook.open(LOAD, THREAD.format(thread=thread), "ready.set(); worker.join(); print('joined')")
    for index in range(3):
        notebook.run(index)
    picture_in(notebook.output(1))
    expect(notebook.output(2)).to_have_text(["joined"])


def test_an_error_is_two_plain_lines(notebook: Notebook) -> None:
    """A mistake is told in two lines with what to do, and no traceback covers the page."""
    notebook.open(LOAD, "%%dalle --size 1000x70\na cat")
    notebook.run(0)
    error = notebook.run(1)
    expect(error).to_contain_text("OptionError")
    expect(error).to_contain_text("→")
    assert "Traceback" not in error.inner_text()
    assert len(error.inner_text().strip().splitlines()) <= 4
    notebook.screenshot("error")


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_caption_can_be_read_on_light_and_dark(notebook: Notebook, theme: str) -> None:
    """The caption takes its colour from JupyterLab, with enough contrast in either theme."""
    notebook.open(LOAD, ASTRONAUT)
    notebook.wear(theme)
    notebook.run(0)
    picture_in(notebook.run(1))
    caption = notebook.output(1).filter(has_text="#")
    contrast = caption.evaluate(CONTRAST)
    assert contrast >= 4.5


CONTRAST = """output => {
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(level => level / 255)
      .map(level => level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = getComputedStyle(document.body).getPropertyValue('--jp-layout-color0').trim();
  const probe = document.createElement('i');
  probe.style.color = ground;
  document.body.append(probe);
  const behind = light(getComputedStyle(probe).color);
  probe.remove();
  const words = light(getComputedStyle(output.querySelector('div div') ?? output).color);
  const [high, low] = words > behind ? [words, behind] : [behind, words];
  return (high + 0.05) / (low + 0.05);
}"""
