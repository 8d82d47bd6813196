"""For everyone: axe-core looks at the panel in each of its states, light and dark, and the keyboard goes through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from easel import Easel
from lab import DARK, LIGHT, ROOT, Lab, Notebook
from panel_page import SLOW, PanelPage, opening
from playwright.sync_api import Browser, expect

AXE = ROOT / "tests" / "node" / "node_modules" / "axe-core" / "axe.min.js"
LOOK = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { passes, violations } = await axe.run(document.querySelector(".dn-panel"), { runOnly: { type: "tag", values: tags } });
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  if (passes.length < 10) return [`only ${passes.length} rules found something to look at`];
  return grave.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 300)} ${failureSummary}`));
}"""
STOPS = """() => {
  const panel = document.querySelector(".dn-panel");
  const every = panel.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]");
  const stops = [...every].filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility({ visibilityProperty: true })
    // Of a group of radio buttons, Tab goes to the chosen one.
    && (each.type !== "radio" || each.checked));
  stops.forEach((each, place) => (each.dataset.stop = place));
  document.activeElement.blur();
  stops[0].focus({ focusVisible: true });
  return stops.length;
}"""
HERE = """() => {
  const here = document.activeElement;
  const seen = [here, here.parentElement].some((each) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
    return (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || (each === here && boxShadow !== "none");
  });
  return [Number(here.dataset.stop ?? -1), seen, here.outerHTML.slice(0, 200)];
}"""


@pytest.fixture(scope="module")
def desk(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Open one notebook, whose cell opens the panels of this module over one history with a picture in it."""
    desk = Notebook(lab, browser, name="accessibility")
    desk.open(opening(lab.folder.parent / "pictures"), "dn.generate('a cat in the snow', backend='offline');")
    desk.page.add_init_script(path=AXE)
    desk.page.evaluate(AXE.read_text(encoding="utf-8"))
    desk.command("application:toggle-left-area")
    desk.run(0)
    desk.run(1)
    yield desk
    desk.close()


@pytest.fixture
def panel(desk: Notebook) -> PanelPage:
    """Open a new panel."""
    desk.run(0)
    return PanelPage(desk, desk.lab.folder.parent / "pictures").ready()


def unfold_all(panel: PanelPage) -> None:
    panel.more()
    panel.form.locator("details").evaluate_all("all => all.forEach((each) => (each.open = true))")


def fail(panel: PanelPage) -> None:
    panel.prompt.fill("a cat [simulate:refusal]")
    panel.generate.click()
    expect(panel.root.get_by_role("button", name="Dismiss")).to_be_visible(timeout=30_000)


def draw_slowly(panel: PanelPage) -> None:
    panel.prompt.fill(SLOW)
    panel.generate.click()
    expect(panel.tasks.get_by_role("button", name="Cancel")).to_be_visible(timeout=30_000)


def draw(panel: PanelPage) -> None:
    panel.draws()


def enlarge(panel: PanelPage) -> None:
    draw(panel)
    panel.tiles.first.locator(".dn-tile-open").click()
    expect(panel.root.get_by_role("dialog").locator("img").first).to_be_visible(timeout=30_000)


def paint(panel: PanelPage) -> None:
    draw(panel)
    panel.tiles.first.get_by_role("button", name="More").click()
    panel.root.get_by_role("menuitem", name="Edit", exact=True).click()
    panel.form.get_by_role("button", name="Paint a mask").click()
    easel = Easel(panel.notebook, (1024, 1024))
    easel.drag((300, 300), (700, 700))
    easel.button("Keys").click()


def look_back(panel: PanelPage) -> None:
    panel.root.get_by_role("tab", name="History").click()
    expect(panel.root.locator(".dn-past [data-key]").first).to_be_visible(timeout=30_000)


def leave(panel: PanelPage) -> None:
    """Put away what would go on in the next state."""
    for name in ("Close", "Cancel"):
        for each in panel.root.get_by_role("button", name=name, exact=True).all():
            if each.is_visible():
                each.click()


STATES: dict[str, Callable[[PanelPage], object]] = {
    "empty": lambda panel: None,
    "all options": unfold_all,
    "error": fail,
    "drawing": draw_slowly,
    "results": draw,
    "large": enlarge,
    "painter": paint,
    "history": look_back,
}


@pytest.mark.parametrize("enter", STATES.values(), ids=STATES)
def test_axe_finds_no_grave_fault(
    panel: PanelPage, enter: Callable[[PanelPage], object], request: pytest.FixtureRequest
) -> None:
    """In no state, light or dark, has the panel a fault that axe-core calls serious or critical."""
    enter(panel)
    faults = {}
    for theme in (DARK, LIGHT):
        panel.notebook.wear(theme)
        panel.notebook.screenshot(
            f"panel-{request.node.callspec.id.replace(' ', '-')}-{theme.split()[-1].lower()}"
        )
        faults[theme] = panel.page.evaluate(LOOK)
    leave(panel)
    assert faults == {DARK: [], LIGHT: []}


@pytest.mark.parametrize("enter", [draw, paint, look_back], ids=["results", "painter", "history"])
def test_the_keyboard_goes_through_everything_in_order(
    panel: PanelPage, enter: Callable[[PanelPage], object]
) -> None:
    """Tab reaches each control once, in the order of the page, and shows where it is."""
    enter(panel)
    count = panel.page.evaluate(STOPS)
    assert count > 8
    for place in range(count):
        at, is_seen, where = panel.page.evaluate(HERE)
        assert (place, True) == (at, is_seen), where
        panel.page.keyboard.press("Tab")
