"""Where the panel can stand: Notebook 7, and alone on a page by Voilà. JupyterLab has test files of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from easel import Easel
from lab import ROOT, App, Lab, Notebook
from panel_page import PanelPage, opening
from playwright.sync_api import Browser, expect

VOILA_ASKS = ("cdn.jsdelivr.net/npm/@fortawesome/", "cdnjs.cloudflare.com/ajax/libs/mathjax/")
"""What Voilà's own page loads from elsewhere: fonts of icons and of formulas, neither of which we use."""


@pytest.fixture
def page(lab: Lab, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """Open a page for Notebook 7, which calls nobody elsewhere; its own shortcuts may load in the wrong order."""
    page = Notebook(lab, browser, name=request.node.name)
    yield page
    page.close()
    assert [] == [said for said in page.complaints if "reading 'schema'" not in said]
    assert page.strangers == []


@pytest.fixture
def app(lab: Lab, browser: Browser, request: pytest.FixtureRequest) -> Iterator[App]:
    """Open a page for Voilà, which may call only those that Voilà itself calls."""
    app = App(lab, browser, name=request.node.name)
    yield app
    app.close()
    assert [] == [address for address in app.strangers if not any(known in address for known in VOILA_ASKS)]


def draw_and_paint(panel: PanelPage) -> None:
    """Draw a picture, paint on it, and change what was painted."""
    panel.prompt.fill("a cat in the snow")
    panel.generate.click()
    panel.draws()
    panel.root.get_by_role("button", name="Edit").first.click()
    panel.form.get_by_role("button", name="Paint a mask").click()
    easel = Easel(panel.notebook, (1024, 1024))
    easel.drag((300, 300), (700, 700))
    panel.prompt.fill("a cat in the snow, watercolour")
    panel.generate.click()
    panel.draws(2)
    expect(panel.root.locator(".dn-gone")).to_be_hidden()
    newest = panel.history[-1].record.request
    assert newest.mask is not None
    assert newest.prompt == "a cat in the snow, watercolour"


def test_the_panel_works_in_notebook_7(page: Notebook, tmp_path: Path) -> None:
    """In Notebook 7 a person draws a picture, paints a mask on it, and changes what was painted."""
    page.open(opening(tmp_path / "pictures"), host="notebook")
    page.run(0)
    panel = PanelPage(page, tmp_path / "pictures").ready()
    draw_and_paint(panel)
    page.screenshot("panel-notebook-7")


def test_the_panel_is_an_app_by_voila(app: App) -> None:
    """The notebook that is the panel alone is an app in which a person does the same, no cell in sight."""
    app.show(ROOT / "notebooks" / "panel-app.ipynb")
    panel = PanelPage(app, app.lab.folder.parent / "pictures").ready()
    draw_and_paint(panel)
    expect(app.page.get_by_text("dn.panel()")).to_have_count(0)
    app.page.evaluate("scrollTo(0, 0)")
    app.screenshot("panel-voila")
