"""The panel's story, from the first picture to the cell that does the same, as someone goes through it who is new to it."""

from __future__ import annotations

from pathlib import Path

from easel import Easel
from lab import ARTIFACTS, Notebook
from panel_page import PATIENCE, PanelPage, opening
from playwright.sync_api import Locator, expect

from dalle_nb._records import Kind


def choose(panel: PanelPage, tile: Locator, verb: str) -> None:
    """Do something with a picture, by its menu."""
    tile.get_by_role("button", name="More").click()
    panel.root.get_by_role("menuitem", name=verb, exact=True).click()


def keep(panel: PanelPage, name: str) -> None:
    """Keep what the panel looks like among the artefacts; README shows some of these."""
    panel.page.mouse.move(0, 0)
    panel.root.screenshot(path=ARTIFACTS / f"{name}.png")


def test_a_newcomer_draws_paints_edits_varies_finds_and_takes_the_cell_along(
    notebook: Notebook, tmp_path: Path
) -> None:
    """Whoever never saw the panel gets a picture, changes a part of it, varies it, finds it, and runs its cell."""
    notebook.open(opening(tmp_path / "pictures"))
    notebook.command("application:toggle-left-area")
    notebook.page.set_viewport_size({"width": 1280, "height": 1200})
    notebook.run(0)
    panel = PanelPage(notebook, tmp_path / "pictures").ready()
    panel.prompt.fill("a cat sitting on a beach, oil painting")
    panel.generate.click()
    panel.draws()
    keep(panel, "story-1-drawn")

    choose(panel, panel.tiles.first, "Edit")
    panel.form.get_by_role("button", name="Paint a mask").click()
    easel = Easel(notebook, (1024, 1024))
    easel.button("Rectangle").click()
    easel.drag((0, 0), (1023, 440))
    panel.prompt.fill("a starry night sky, oil painting")
    keep(panel, "story-2-painted")
    panel.generate.click()
    panel.draws(2)

    choose(panel, panel.tiles.first, "Vary subtle")
    panel.draws(3)
    panel.root.get_by_role("tab", name="History").click()
    panel.root.get_by_role("searchbox").fill("starry")
    found = panel.root.locator(".dn-past [data-key]")
    expect(found).to_have_count(2, timeout=PATIENCE)
    keep(panel, "story-3-found")
    choose(panel, found.last, "Copy as cell")
    notebook.run(1)
    expect(notebook.output(1).locator("img")).to_be_visible(timeout=PATIENCE)
    notebook.screenshot("story-4-cell")

    drawn, edited, varied, again = reversed([run.record for run in panel.history])
    assert [drawn.request.kind, edited.request.kind, varied.request.kind, again.request.kind] == [
        Kind.GENERATE,
        Kind.EDIT,
        Kind.VARIATION,
        Kind.EDIT,
    ]
    assert (edited.parent, varied.parent) == (drawn.uid, edited.uid)
    assert edited.request.mask is not None
    assert edited.request.mask.sha256 == getattr(again.request.mask, "sha256", None)
    assert edited.request.prompt == again.request.prompt
