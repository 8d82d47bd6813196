"""The panel's results: drawings under way, the gallery, the large view; clicked in a real JupyterLab."""

from __future__ import annotations

from album_page import PATIENCE, WISHES, AlbumPage, fill
from playwright.sync_api import expect

pytest_plugins = ["album_fixtures"]

HOSTILE = "<img src=x onerror=\"document.title='taken'\"> a fox"


def test_a_drawing_is_seen_from_the_queue_to_the_gallery(album: AlbumPage) -> None:
    """Vary and Re-run queue; the card tells the place and the time, Cancel stops, and what is drawn appears above."""
    album.draw("a red ball")
    album.show("Results")
    album.waits_for("1/1")
    album.run('print(studio.submit("a castle", {"n": 60, "size": "1024x1024"}).number)')
    tasks = album.root.get_by_role("list", name="Being drawn").get_by_role("listitem")
    expect(tasks.first.get_by_role("progressbar")).to_be_visible(timeout=PATIENCE)
    expect(tasks.first).to_contain_text("Drawing …")
    album.tile("1/1").get_by_role("button", name="Vary strong").click()
    album.tile("1/1").get_by_role("button", name="Re-run").click()
    expect(tasks.nth(1)).to_contain_text("number 1 in the queue")
    expect(tasks.nth(2)).to_contain_text("number 2 in the queue")
    album.notebook.screenshot("panel-results-drawing")
    tasks.nth(2).get_by_role("button", name="Cancel").click()
    expect(tasks).to_have_count(2, timeout=PATIENCE)
    tasks.first.get_by_role("button", name="Cancel").click()
    expect(album.root.get_by_role("status").first).to_have_text("Picture 3/1 is ready.", timeout=PATIENCE)
    expect(tasks).to_have_count(0)
    expect(album.root.locator("[data-key]").first).to_have_attribute("data-key", "3/1")
    assert ("variation", album.history[1].uid) == (
        album.history[3].record.request.kind,
        album.history[3].record.parent,
    )
    assert album.history[2].status == "interrupted" or len(album.history[2].pictures) < 60
    assert len(album.history) == 3


def test_a_failure_says_what_and_what_to_do(album: AlbumPage) -> None:
    """Two plain lines, a button where there is a fix, the form for what needs other words; a hostile one is text."""
    album.show("Results")
    expect(album.root.get_by_text("Your pictures will be here.")).to_be_visible(timeout=PATIENCE)
    album.run(f"""
studio.submit("a red ball", {{"size": "999x7"}})
print(studio.submit({HOSTILE!r} + " [simulate:refusal]", {{}}).number)""")
    tasks = album.root.get_by_role("list", name="Being drawn").get_by_role("listitem")
    expect(tasks.first).to_contain_text("does not draw 999x7", timeout=PATIENCE)
    expect(tasks.nth(1)).to_contain_text("refused", timeout=PATIENCE)
    expect(tasks.nth(1)).to_contain_text("<img src=x")
    album.notebook.screenshot("panel-results-error")
    tasks.nth(1).get_by_role("button", name="Change and draw").click()
    tasks.nth(1).get_by_role("button", name="Dismiss").click()
    tasks.first.get_by_role("button", name="512x64").click()
    album.waits_for("2/1")
    expect(tasks).to_have_count(0)
    assert {"done", "refused"} == {run.status.value for run in album.history}
    assert "simulate:refusal" in album.run(WISHES)
    assert album.page.title() != "taken"


def test_what_can_be_done_with_a_picture(album: AlbumPage) -> None:
    """Star, delete and undo, save, download, settings, edit, copy as cell: each does so, and says so."""
    album.draw("a red ball", tag=["toys"])
    album.show("Results")
    tile = album.tile("1/1")
    tile.hover()
    tile.get_by_role("button", name="Star").click()
    expect(tile.get_by_role("button", name="Take the star away")).to_be_attached(timeout=PATIENCE)
    assert album.history[1].record.starred
    album.verb("1/1", "Delete")
    album.says("#1 is in the trash.")
    expect(album.root.get_by_text("Your pictures will be here.")).to_be_visible()
    assert (0, 1) == (len(album.history), len(album.history.trash))
    album.press("Undo")
    album.waits_for("1/1")
    album.verb("1/1", "Save to the notebook's folder")
    album.says("Saved as 1-a-red-ball.png")
    assert (album.notebook.lab.folder / "1-a-red-ball.png").is_file()
    with album.page.expect_download() as download:
        album.verb("1/1", "Download")
    assert "1-1-a-red-ball.png" == download.value.suggested_filename
    album.verb("1/1", "Use these settings")
    album.tile("1/1").get_by_role("button", name="Edit").click()
    album.says("form")
    album.verb("1/1", "Copy as cell")
    album.says("It is in a new cell below.")
    cell = album.notebook.cell(1).locator(".cm-content")
    expect(cell).to_contain_text("a red ball")
    assert "%%dalle" in cell.inner_text()
    album.notebook.command("notebook:delete-cell")
    wishes = album.run(WISHES)
    assert "('a red ball'" in wishes
    assert "(None, {'edit': '1/1'})" in wishes


def test_a_picture_is_looked_at_in_large_by_keyboard(album: AlbumPage) -> None:
    """Arrows go through the grid and the large view, + and 0 zoom, Tab stays inside, Escape gives the focus back."""
    album.draw("a red ball", "a blue boat", "a castle", size="landscape")
    album.show("Results")
    album.waits_for("3/1", "2/1", "1/1")
    key = album.page.keyboard
    album.tile("3/1").locator(".dn-tile-open").focus()
    key.press("ArrowRight")
    key.press("Enter")
    dialog = album.root.get_by_role("dialog", name="#2/1")
    expect(dialog.get_by_role("img", name="a blue boat")).to_be_visible(timeout=PATIENCE)
    expect(dialog.locator("img.dn-soft")).to_have_count(0, timeout=PATIENCE)
    image = dialog.locator(".dn-stage img")
    image.evaluate("each => each.decode()")
    key.press("+")
    expect(image).to_have_attribute("style", "transform: translate(0px, 0px) scale(1.4);")
    key.press("ArrowLeft")
    expect(image).to_have_attribute("style", "transform: translate(60px, 0px) scale(1.4);")
    key.press("0")
    dialog.locator(".dn-stage").hover()
    album.page.mouse.wheel(0, -400)
    expect(image).not_to_have_attribute("style", "transform: translate(0px, 0px) scale(1);")
    key.press("0")
    for _ in range(30):
        key.press("Tab")
        assert album.page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    dialog.locator(".dn-stage").focus()
    key.press("ArrowRight")
    dialog = album.root.get_by_role("dialog", name="#1/1")
    expect(dialog).to_be_visible()
    key.press("Delete")
    expect(album.root.get_by_role("dialog", name="#2/1")).to_be_visible(timeout=PATIENCE)
    key.press("Escape")
    expect(album.root.get_by_role("dialog")).to_have_count(0)
    album.waits_for("3/1", "2/1")
    assert "Open picture 2/1" in album.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert [3, 2] == [run.id for run in album.history]


def test_two_pictures_are_compared(album: AlbumPage) -> None:
    """Two that are chosen stand side by side, with what was asked otherwise, under one zoom."""
    album.draw("a red ball", HOSTILE)
    album.show("Results")
    album.waits_for("2/1", "1/1")
    for reference in ("1/1", "2/1"):
        album.tile(reference).hover()
        album.tile(reference).get_by_role("checkbox").check()
    album.press("Compare")
    dialog = album.root.get_by_role("dialog", name="Side by side")
    expect(dialog.get_by_role("row", name="prompt")).to_contain_text(HOSTILE, timeout=PATIENCE)
    dialog.get_by_role("button", name="Zoom in").click()
    transforms = dialog.locator("img").evaluate_all("all => all.map(each => each.style.transform)")
    assert ["translate(0px, 0px) scale(1.4)"] * 2 == transforms
    assert album.page.title() != "taken"
    album.page.keyboard.press("Escape")


def test_a_thousand_results_are_scrolled_through(album: AlbumPage) -> None:
    """One scrolls to the last of a thousand, thumbnails come for what is in view, and few are held in memory."""
    fill(album.home, 1000, drawn=1000)
    album.show("Results")
    expect(album.tile("1000/1").locator("img[src^='blob:']")).to_be_visible(timeout=PATIENCE)
    album.scroll_to("1/1")
    expect(album.tile("1/1").locator("img[src^='blob:']")).to_be_visible(timeout=PATIENCE)
    assert 1000 == album.root.locator("[data-key]").count()
    assert album.root.locator("img[src^='blob:']").count() < 500


def test_a_gone_file_is_said(album: AlbumPage) -> None:
    """A picture whose file is gone keeps its tile, which says so; the large view says it too, and all else works."""
    album.draw("a red ball", "a blue boat")
    album.history[1].pictures[0].path.unlink()
    album.show("Results")
    expect(album.tile("1/1")).to_contain_text("The file is gone", timeout=PATIENCE)
    album.tile("1/1").locator(".dn-tile-open").click()
    expect(album.root.get_by_role("dialog")).to_contain_text("is gone", timeout=PATIENCE)
    album.page.keyboard.press("Escape")
    album.open("2/1")
