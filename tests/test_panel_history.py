"""The panel's history tab: ten thousand Runs, searched, filtered, chosen from and thrown away, in a real JupyterLab."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import Any

import pytest
from album_page import PATIENCE, AlbumPage, fill
from playwright.sync_api import expect

from dalle_nb import ImageGenerator
from dalle_nb.widgets.shelf import HistoryTab
from dalle_nb.widgets.studio import Studio

pytest_plugins = ["album_fixtures"]
FULL = """generator.store.count()
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))"""
"""A disk that takes nothing any more, once the history is open."""


def shows(album: AlbumPage, what: str, first: str) -> None:
    """Wait until the page counts what is meant, and shows the newest of it."""
    expect(album.root.locator(".dn-figures")).to_contain_text(what, timeout=PATIENCE)
    expect(album.root.locator("[data-key]").first).to_have_attribute("data-key", first, timeout=PATIENCE)


def test_ten_thousand_runs_are_searched_and_filtered(album: AlbumPage) -> None:
    """Only what is in view is loaded; a search in any language and each filter show what the history holds."""
    fill(album.home, 10_000)
    album.show("HistoryTab")
    shows(album, "10,000 Runs · $5 spent so far", "10000/1")
    expect(album.tile("10000/1").locator("img[src^='blob:']")).to_be_visible(timeout=PATIENCE)
    assert album.root.locator("[data-key]").count() <= 150
    album.scroll_to("9900/1")
    search = album.root.get_by_role("searchbox")
    search.fill("猫 9")
    shows(album, f"{len(album.history.search('猫 9')):,} Runs", "9997/1")
    search.fill("nothing like it")
    expect(album.root.get_by_text("Nothing here.")).to_be_visible(timeout=PATIENCE)
    album.press("Show all")
    shows(album, "10,000 Runs", "10000/1")
    album.press("Filters")
    album.root.get_by_role("combobox", name="Model").select_option("another-painter")
    shows(album, "200 Runs", "10000/1")
    album.root.get_by_role("combobox", name="Tag").select_option("rare")
    shows(album, "10 Runs", "10000/1")
    album.root.get_by_label("Up to", exact=True).fill("2026-01-02")
    shows(album, "2 Runs", "2000/1")
    album.root.get_by_role("combobox", name="Status").select_option("failed")
    expect(album.root.locator("[data-key]")).to_have_count(0, timeout=PATIENCE)
    album.notebook.screenshot("panel-history-filters")


def test_many_are_chosen_exported_and_thrown_away(album: AlbumPage) -> None:
    """Those chosen go into a bundle, a table or a folder; into the trash, back, and for good once that is agreed."""
    store = fill(album.home, 8)
    album.show("HistoryTab")
    album.waits_for(*(f"{number}/1" for number in range(8, 0, -1)))
    for reference in ("8/1", "6/1"):
        album.tile(reference).hover()
        album.tile(reference).get_by_role("checkbox").check()
    chosen = album.root.get_by_role("toolbar", name="What to do with those chosen")
    album.notebook.screenshot("panel-history-chosen")
    for name, says in (
        ("Bundle with pictures (.zip)", "2 Runs are in dalle-nb-history.zip."),
        ("Table (.csv)", "2 Runs are in dalle-nb-history.csv."),
        ("Folder of pictures", "2 pictures are in dalle-nb-pictures."),
    ):
        chosen.get_by_role("button", name="Export").click()
        album.root.get_by_role("menuitem", name=name).click()
        album.says(says)
    with zipfile.ZipFile(album.notebook.lab.folder / "dalle-nb-history.zip") as bundle:
        assert 3 == len(bundle.namelist())
    with (album.notebook.lab.folder / "dalle-nb-history.csv").open(encoding="utf-8-sig") as table:
        assert ["8", "6"] == [row["id"] for row in csv.DictReader(table)]
    assert 2 == len(list((album.notebook.lab.folder / "dalle-nb-pictures").iterdir()))
    chosen.get_by_role("button", name="Delete").click()
    album.says("2 Runs")
    album.waits_for("7/1", "5/1", "4/1", "3/1", "2/1", "1/1")
    album.press("Trash")
    album.waits_for("8/1", "6/1")
    album.verb("6/1", "Restore")
    album.waits_for("8/1")
    album.tile("8/1").locator(".dn-tile-open").focus()
    album.page.keyboard.press("Delete")
    ask = album.root.get_by_role("dialog", name="Delete #8 for good?")
    expect(ask.get_by_role("button", name="Keep")).to_be_focused()
    album.page.keyboard.press("Escape")
    assert 8 == store.run(8).id
    album.press("Empty the trash")
    album.root.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    album.says("1 Runs are gone for good.")
    album.waits_for()
    album.press("Trash")
    shows(album, "7 Runs", "7/1")


def test_what_is_drawn_elsewhere_is_there_on_return(album: AlbumPage) -> None:
    """A cell, or another panel, draws and deletes: the history shows it, failures too, when one comes back to it."""
    album.draw("a red ball")
    album.show("HistoryTab")
    album.waits_for("1/1")
    album.run("""
generator.generate("a blue boat", n=2, size="512x512")
History(generator)[1].delete()
print(studio.submit("[simulate:refusal] a castle", {}).number)""")
    album.waits_for("3", "2/1")
    expect(album.tile("3")).to_contain_text("refused")
    expect(album.tile("2/1").locator(".dn-tile-count")).to_have_text("2")
    dialog = album.open("2/1")
    dialog.get_by_role("button", name="Next picture").click()
    expect(album.root.get_by_role("dialog", name="#2/2")).to_be_visible()
    dialog.get_by_role("button", name="Vary subtle").click()
    album.page.keyboard.press("Escape")
    album.waits_for("4/1", "3", "2/1")


def test_a_history_that_cannot_be_written_is_still_looked_at(album: AlbumPage) -> None:
    """Where nothing can be written pictures are shown, and a star is refused with the reason, in the language chosen."""
    album.draw("一只猫")
    album.show("HistoryTab", more=FULL, tongue="zh")
    expect(album.tile("1/1").locator("img[src^='blob:']")).to_be_visible(timeout=PATIENCE)
    album.tile("1/1").hover()
    album.tile("1/1").get_by_role("button", name="加星标").click()
    album.says("无法写入")
    assert not album.history[1].record.starred
    album.run("resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2); print('room again')")


class Overheard(HistoryTab):
    """A history tab that keeps what it tells its page."""

    def send(self, content: Any, buffers: Any = None) -> None:
        """Keep it."""
        self.__dict__.setdefault("told", []).append(content)


NONSENSE = {
    "no ids": {"do": "delete", "ids": "all"},
    "an id that is none": {"do": "star", "ids": [True], "on": True},
    "a reference that leads elsewhere": {"do": "full", "ref": "../../secret", "ticket": "1"},
    "a name that is no picture": {"do": "look", "names": ["../../secret", 5, None]},
    "an export as anything": {"do": "export", "form": "../../x", "ids": [1]},
    "a filter that is none": {
        "do": "page",
        "asked": {"since": "yesterday-ish"},
        "before": None,
        "ticket": "2",
    },
    "a page before nothing": {"do": "page", "asked": [], "before": "1; DROP TABLE runs", "ticket": "3"},
    "not a verb": {"do": "meant"},
}


@pytest.mark.parametrize("message", NONSENSE.values(), ids=NONSENSE)
def test_a_message_that_makes_no_sense_changes_nothing(tmp_path: Path, message: dict[str, Any]) -> None:
    """Whatever a page sends, the history stays as it is, and the answer, if there is one, says what is wrong."""
    store = fill(tmp_path / "home", 3)
    before = [store.run(number) for number in (1, 2, 3)]
    tab = Overheard(Studio(ImageGenerator(backend="offline", home=str(tmp_path / "home"))))
    tab._answer(None, message, [])
    told = tab.__dict__.get("told", [])
    assert before == [store.run(number) for number in (1, 2, 3)]
    assert all(
        each.get("trouble") or each.get("what") or each["event"] in ("trashed", "glimpse") for each in told
    )
    assert [] == list(Path.cwd().iterdir())
