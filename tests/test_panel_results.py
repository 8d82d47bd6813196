"""The panel's results: drawings under way, the gallery, the large view; clicked in a real JupyterLab."""

from __future__ import annotations

from pathlib import Path

import pytest
from album_page import PATIENCE, AlbumPage, fill, home_of
from lab import Lab, Notebook
from playwright.sync_api import expect

from dalle_nb import ImageGenerator
from dalle_nb._history import History

HOSTILE = "<img src=x onerror=\"document.title='taken'\"> a fox"


@pytest.fixture
def home(home: Path, lab: Lab, notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the notebook's kernel and this test one history, of their own."""
    place = home_of(lab, notebook)
    monkeypatch.setenv("DALLE_NB_HOME", str(place))
    return place


@pytest.fixture
def history(home: Path) -> History:
    """Return the history that the page works on."""
    return History(ImageGenerator(backend="offline", size="512x512"))


def draw(history: History, *prompts: str, **options: object) -> None:
    """Draw, before the page is opened."""
    for prompt in prompts:
        history._generator.generate(prompt, **options)


def test_a_drawing_is_seen_from_the_queue_to_the_gallery(notebook, home, history):
    """Vary and Re-run queue; the card tells the place and the time, Cancel stops, and what is drawn appears above."""
    draw(history, "a red ball")
    page = AlbumPage(
        notebook, home, "Results", 'studio.submit("a castle", {"n": 8, "size": "1024x1024"}).number'
    )
    page.waits_for("1/1")
    notebook.run(1)
    jobs = page.root.get_by_role("list", name="Being drawn").get_by_role("listitem")
    expect(jobs.first.get_by_role("progressbar")).to_be_visible(timeout=PATIENCE)
    expect(jobs.first).to_contain_text("Drawing …")
    page.tile("1/1").get_by_role("button", name="Vary strong").click()
    page.tile("1/1").get_by_role("button", name="Re-run").click()
    expect(jobs.nth(1)).to_contain_text("number 1 in the queue")
    expect(jobs.nth(2)).to_contain_text("number 2 in the queue")
    notebook.screenshot("panel-results-drawing")
    jobs.nth(2).get_by_role("button", name="Cancel").click()
    expect(jobs).to_have_count(2, timeout=PATIENCE)
    jobs.first.get_by_role("button", name="Cancel").click()
    expect(page.root.get_by_role("status").first).to_have_text("Picture 3/1 is ready.", timeout=PATIENCE)
    expect(jobs).to_have_count(0)
    expect(page.root.locator("[data-key]").first).to_have_attribute("data-key", "3/1")
    assert ("variation", history[1].uid) == (history[3].record.request.kind, history[3].record.parent)
    assert history[2].status == "interrupted" or len(history[2].pictures) < 8
    assert len(history) == 3


def test_a_failure_says_what_and_what_to_do(notebook, home, history):
    """Two plain lines, a button where there is a fix, the form for what needs other words; a hostile one is text."""
    page = AlbumPage(
        notebook,
        home,
        "Results",
        f"""
studio.submit("a red ball", {{"size": "999x7"}})
studio.submit({HOSTILE!r} + " [simulate:refusal]", {{}})""",
        "print([(each.prompt, dict(each.options)) for each in wishes])",
    )
    expect(page.root.get_by_text("Your pictures will be here.")).to_be_visible(timeout=PATIENCE)
    notebook.run(1)
    jobs = page.root.get_by_role("list", name="Being drawn").get_by_role("listitem")
    expect(jobs.first).to_contain_text("does not draw 999x7", timeout=PATIENCE)
    expect(jobs.nth(1)).to_contain_text("refused", timeout=PATIENCE)
    expect(jobs.nth(1)).to_contain_text("<img src=x")
    notebook.screenshot("panel-results-error")
    jobs.nth(1).get_by_role("button", name="Change and draw").click()
    jobs.nth(1).get_by_role("button", name="Dismiss").click()
    jobs.first.get_by_role("button", name="512x64").click()
    page.waits_for("2/1")
    expect(jobs).to_have_count(0)
    assert {"done", "refused"} == {run.status.value for run in history}
    assert "simulate:refusal" in notebook.run(2).inner_text()
    assert notebook.page.title() != "taken"


def test_what_can_be_done_with_a_picture(notebook, home, history, lab):
    """Star, delete and undo, save, download, settings, edit, copy as cell: each does so, and says so."""
    draw(history, "a red ball", tag=["toys"])
    page = AlbumPage(
        notebook, home, "Results", "print([(each.prompt, dict(each.options)) for each in wishes])"
    )
    tile = page.tile("1/1")
    tile.hover()
    tile.get_by_role("button", name="Star").click()
    expect(tile.get_by_role("button", name="Take the star away")).to_be_attached(timeout=PATIENCE)
    assert history[1].record.starred
    page.verb("1/1", "Delete")
    page.says("#1 is in the trash.")
    expect(page.root.get_by_text("Your pictures will be here.")).to_be_visible()
    assert (0, 1) == (len(history), len(history.trash))
    page.press("Undo")
    page.waits_for("1/1")
    page.verb("1/1", "Save to the notebook's folder")
    page.says("Saved as 1-a-red-ball.png")
    assert (lab.folder / "1-a-red-ball.png").is_file()
    with notebook.page.expect_download() as download:
        page.verb("1/1", "Download")
    assert "1-1-a-red-ball.png" == download.value.suggested_filename
    page.verb("1/1", "Use these settings")
    page.tile("1/1").get_by_role("button", name="Edit").click()
    page.says("form")
    page.verb("1/1", "Copy as cell")
    page.says("It is in a new cell below.")
    expect(notebook.cell(1).locator(".cm-content")).to_contain_text("a red ball")
    assert "%%dalle" in notebook.cell(1).locator(".cm-content").inner_text()
    wishes = notebook.run(2).inner_text()
    assert "('a red ball'" in wishes
    assert "(None, {'edit': '1/1'})" in wishes


def test_a_picture_is_looked_at_in_large_by_keyboard(notebook, home, history):
    """Arrows go through the grid and the large view, + and 0 zoom, Tab stays inside, Escape gives the focus back."""
    draw(history, "a red ball", "a blue boat", "a castle", size="landscape")
    page = AlbumPage(notebook, home, "Results")
    page.waits_for("3/1", "2/1", "1/1")
    key = notebook.page.keyboard
    page.tile("3/1").locator(".dn-tile-open").focus()
    key.press("ArrowRight")
    key.press("Enter")
    dialog = page.root.get_by_role("dialog", name="#2/1")
    expect(dialog.get_by_role("img", name="a blue boat")).to_be_visible(timeout=PATIENCE)
    expect(dialog.locator("img.dn-soft")).to_have_count(0, timeout=PATIENCE)
    image = dialog.locator(".dn-stage img")
    key.press("+")
    expect(image).to_have_attribute("style", "transform: translate(0px, 0px) scale(1.4);")
    key.press("ArrowLeft")
    expect(image).to_have_attribute("style", "transform: translate(60px, 0px) scale(1.4);")
    key.press("0")
    dialog.locator(".dn-stage").hover()
    notebook.page.mouse.wheel(0, -400)
    expect(image).not_to_have_attribute("style", "transform: translate(0px, 0px) scale(1);")
    key.press("0")
    for _ in range(30):
        key.press("Tab")
        assert notebook.page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    dialog.locator(".dn-stage").focus()
    key.press("ArrowRight")
    dialog = page.root.get_by_role("dialog", name="#1/1")
    expect(dialog).to_be_visible()
    key.press("Delete")
    expect(page.root.get_by_role("dialog", name="#2/1")).to_be_visible(timeout=PATIENCE)
    key.press("Escape")
    expect(page.root.get_by_role("dialog")).to_have_count(0)
    page.waits_for("3/1", "2/1")
    assert "Open picture 2/1" in notebook.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert [3, 2] == [run.id for run in history]


def test_two_pictures_are_compared(notebook, home, history):
    """Two that are chosen stand side by side, with what was asked otherwise, under one zoom."""
    draw(history, "a red ball", HOSTILE)
    page = AlbumPage(notebook, home, "Results")
    page.waits_for("2/1", "1/1")
    for reference in ("1/1", "2/1"):
        page.tile(reference).hover()
        page.tile(reference).get_by_role("checkbox").check()
    page.press("Compare")
    dialog = page.root.get_by_role("dialog", name="Side by side")
    expect(dialog.get_by_role("row", name="prompt")).to_contain_text(HOSTILE, timeout=PATIENCE)
    dialog.get_by_role("button", name="Zoom in").click()
    transforms = dialog.locator("img").evaluate_all("all => all.map(each => each.style.transform)")
    assert ["translate(0px, 0px) scale(1.4)"] * 2 == transforms
    assert notebook.page.title() != "taken"


def test_a_thousand_results_are_scrolled_through(notebook, home, lab):
    """One scrolls to the last of a thousand, thumbnails come for what is in view, and few are held in memory."""
    fill(home, 1000, drawn=1000)
    page = AlbumPage(notebook, home, "Results")
    expect(page.tile("1000/1").locator("img[src^='blob:']")).to_be_visible(timeout=PATIENCE)
    page.scroll_to("1/1")
    expect(page.tile("1/1").locator("img[src^='blob:']")).to_be_visible(timeout=PATIENCE)
    assert 1000 == page.root.locator("[data-key]").count()
    assert page.root.locator("img[src^='blob:']").count() < 500


def test_a_gone_file_is_said(notebook, home, history):
    """A picture whose file is gone keeps its tile, which says so; the large view says it too, and all else works."""
    draw(history, "a red ball", "a blue boat")
    history[1].pictures[0].path.unlink()
    page = AlbumPage(notebook, home, "Results")
    expect(page.tile("1/1")).to_contain_text("The file is gone", timeout=PATIENCE)
    page.tile("1/1").locator(".dn-tile-open").click()
    expect(page.root.get_by_role("dialog")).to_contain_text("is gone", timeout=PATIENCE)
    notebook.page.keyboard.press("Escape")
    page.open("2/1")
