"""The panel's history tab: ten thousand Runs, searched, filtered, chosen from and thrown away, in a real JupyterLab."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import pytest
from album_page import PATIENCE, AlbumPage, fill, home_of
from lab import Lab, Notebook
from playwright.sync_api import expect

from dalle_nb import ImageGenerator
from dalle_nb._history import History

FULL_DISK = """import resource
studio.generator.store.count()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
"""


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


def shows(page: AlbumPage, what: str, first: str) -> None:
    """Wait until the page counts what is meant, and shows the newest of it."""
    expect(page.root.locator(".dn-figures")).to_contain_text(what, timeout=PATIENCE)
    expect(page.root.locator("[data-key]").first).to_have_attribute("data-key", first, timeout=PATIENCE)


def test_ten_thousand_runs_are_searched_and_filtered(notebook, home, history):
    """Only what is in view is loaded; a search in any language and each filter show what the history holds."""
    fill(home, 10_000)
    page = AlbumPage(notebook, home, "HistoryTab")
    shows(page, "10,000 Runs · $5 spent so far", "10000/1")
    expect(page.tile("10000/1").locator("img[src^='blob:']")).to_be_visible(timeout=PATIENCE)
    assert page.root.locator("[data-key]").count() <= 150
    page.scroll_to("9900/1")
    search = page.root.get_by_role("searchbox")
    search.fill("猫 9")
    shows(page, f"{len(history.search('猫 9')):,} Runs", "9997/1")
    search.fill("nothing like it")
    expect(page.root.get_by_text("Nothing here.")).to_be_visible(timeout=PATIENCE)
    page.press("Show all")
    shows(page, "10,000 Runs", "10000/1")
    page.press("Filters")
    page.root.get_by_role("combobox", name="Model").select_option("another-painter")
    shows(page, "200 Runs", "10000/1")
    page.root.get_by_role("combobox", name="Tag").select_option("rare")
    shows(page, "10 Runs", "10000/1")
    page.root.get_by_label("Up to", exact=True).fill("2026-01-02")
    shows(page, "2 Runs", "2000/1")
    page.root.get_by_role("combobox", name="Status").select_option("failed")
    expect(page.root.locator("[data-key]")).to_have_count(0, timeout=PATIENCE)
    notebook.screenshot("panel-history-filters")


def test_many_are_chosen_exported_and_thrown_away(notebook, home, lab):
    """Those chosen go into a bundle, a table or a folder; into the trash, back, and for good once that is agreed."""
    store = fill(home, 8)
    page = AlbumPage(notebook, home, "HistoryTab")
    page.waits_for(*(f"{number}/1" for number in range(8, 0, -1)))
    for reference in ("8/1", "6/1"):
        page.tile(reference).hover()
        page.tile(reference).get_by_role("checkbox").check()
    chosen = page.root.get_by_role("toolbar", name="What to do with those chosen")
    notebook.screenshot("panel-history-chosen")
    for name, says in (
        ("Bundle with pictures (.zip)", "2 Runs are in dalle-nb-history.zip."),
        ("Table (.csv)", "2 Runs are in dalle-nb-history.csv."),
        ("Folder of pictures", "2 pictures are in dalle-nb-pictures."),
    ):
        chosen.get_by_role("button", name="Export").click()
        page.root.get_by_role("menuitem", name=name).click()
        page.says(says)
    with zipfile.ZipFile(lab.folder / "dalle-nb-history.zip") as bundle:
        assert 3 == len(bundle.namelist())
    with (lab.folder / "dalle-nb-history.csv").open(encoding="utf-8-sig") as table:
        assert ["8", "6"] == [row["id"] for row in csv.DictReader(table)]
    assert 2 == len(list((lab.folder / "dalle-nb-pictures").iterdir()))
    chosen.get_by_role("button", name="Delete").click()
    page.says("2 Runs")
    page.waits_for("7/1", "5/1", "4/1", "3/1", "2/1", "1/1")
    page.press("Trash")
    page.waits_for("8/1", "6/1")
    page.verb("6/1", "Restore")
    page.waits_for("8/1")
    page.tile("8/1").locator(".dn-tile-open").focus()
    notebook.page.keyboard.press("Delete")
    ask = page.root.get_by_role("dialog", name="Delete #8 for good?")
    expect(ask.get_by_role("button", name="Keep")).to_be_focused()
    notebook.page.keyboard.press("Escape")
    assert 8 == store.run(8).id
    page.press("Empty the trash")
    page.root.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    page.says("1 Runs are gone for good.")
    page.waits_for()
    page.press("Trash")
    shows(page, "7 Runs", "7/1")


def test_what_is_drawn_elsewhere_is_there_on_return(notebook, home, history):
    """A cell, or another panel, draws and deletes: the history shows it, failures too, when one comes back to it."""
    history._generator.generate("a red ball")
    page = AlbumPage(
        notebook,
        home,
        "HistoryTab",
        'r = dn.generate("a blue boat", n=2, size="512x512"); dn.history[1].delete()',
        'studio.submit("[simulate:refusal] a castle", {}).number',
    )
    page.waits_for("1/1")
    notebook.run(1)
    notebook.run(2)
    page.waits_for("3", "2/1")
    expect(page.tile("3")).to_contain_text("refused")
    expect(page.tile("2/1").locator(".dn-tile-count")).to_have_text("2")
    dialog = page.open("2/1")
    dialog.get_by_role("button", name="Next picture").click()
    expect(page.root.get_by_role("dialog", name="#2/2")).to_be_visible()
    dialog.get_by_role("button", name="Vary subtle").click()
    notebook.page.keyboard.press("Escape")
    page.waits_for("4/1", "3", "2/1")


def test_a_history_that_cannot_be_written_is_still_looked_at(notebook, home, history):
    """Where nothing can be written pictures are shown, and a star is refused with the reason, in the language chosen."""
    history._generator.generate("一只猫")
    page = AlbumPage(notebook, home, FULL_DISK + "HistoryTab", tongue="zh")
    expect(page.tile("1/1").locator("img[src^='blob:']")).to_be_visible(timeout=PATIENCE)
    page.tile("1/1").hover()
    page.tile("1/1").get_by_role("button", name="加星标").click()
    page.says("无法写入")
    assert not history[1].record.starred
