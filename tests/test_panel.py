"""The panel as a whole and its form: clicked in a real JupyterLab, looked up in the history afterwards."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import comm
import pytest
from comm.base_comm import BaseComm
from IPython.core.interactiveshell import InteractiveShell
from lab import DARK, LIGHT, Lab, Notebook
from openai_server.handle import Api
from panel_page import PATIENCE, SLOW, PanelPage, opening
from PIL import Image
from playwright.sync_api import Browser, expect
from workshop import environment

import dalle_nb as dn
from dalle_nb import ImageGenerator, SettingsError
from dalle_nb.widgets.compose import Composer
from dalle_nb.widgets.fixes import fixes
from dalle_nb.widgets.form import Form
from dalle_nb.widgets.studio import Changed, Ended, Studio, Task

pytest_plugins = ["openai_server.fixtures"]

FREE = "print('free at once')"
THREADS = "print(threads, 'openai' in sys.modules); threads.clear()"


def png(colour: str = "teal", size: tuple[int, int] = (320, 240)) -> bytes:
    """Return a small picture."""
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


def vast() -> bytes:
    """Return the start of a PNG that says it has a hundred million pixels."""
    header = (10_000).to_bytes(4) * 2 + bytes([8, 2, 0, 0, 0])
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + len(header).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4)


@pytest.fixture(scope="module")
def desk(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Open one notebook for all tests that need no kernel of their own."""
    notebook = Notebook(lab, browser, name="panel")
    notebook.open(opening(lab.folder.parent / "panel"), FREE, THREADS)
    notebook.command("application:toggle-left-area")
    yield notebook
    notebook.close()
    assert notebook.complaints == []
    assert notebook.strangers == []


@pytest.fixture
def panel(desk: Notebook, lab: Lab) -> PanelPage:
    """Open a new panel over the notebook's history, light and in English."""
    desk.page.set_viewport_size({"width": 1280, "height": 800})
    desk.wear(LIGHT)
    desk.run(0)
    return PanelPage(desk, lab.folder.parent / "panel").ready()


def test_a_newcomer_makes_a_picture(panel: PanelPage) -> None:
    """Whoever opens the panel sees a prompt, a size, a button; what they describe is drawn, and is in the history."""
    expect(panel.form.locator("select:visible")).to_have_count(0)
    expect(panel.form.get_by_text("Offline sketch")).to_be_visible()
    panel.notebook.screenshot("panel-empty-light")
    before = len(panel.history)
    shown = panel.tiles.count()
    panel.prompt.fill("a fox in the snow, watercolour, soft morning light")
    panel.form.get_by_role("radio", name="Landscape").click()
    expect(panel.price).to_have_text("free", timeout=PATIENCE)
    panel.generate.click()
    panel.draws(shown + 1)
    run = panel.history[-1]
    assert before + 1 == len(panel.history)
    assert ("a fox in the snow, watercolour, soft morning light", "done") == (run.prompt, run.status)
    assert run.pictures[0].record.width > run.pictures[0].record.height
    panel.notebook.screenshot("panel-drawn-light")


@pytest.mark.parametrize("comms", ["perCommTarget", "disabled"], ids=["in a subshell", "on the main thread"])
def test_the_kernel_stays_free_while_the_panel_draws(panel: PanelPage, comms: str) -> None:
    """While a picture is drawn a cell runs at once, its output under its own cell, whichever thread has the messages."""
    kernel = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    panel.page.evaluate(f"comms => {{ {kernel}.commsOverSubshells = comms }}", comms)
    panel.notebook.run(0)
    panel.ready()
    panel.notebook.run(2)
    panel.prompt.fill(SLOW)
    panel.page.keyboard.press("Control+Enter")
    expect(panel.tasks).to_have_count(1, timeout=PATIENCE)
    expect(panel.tasks.get_by_role("progressbar")).to_be_visible(timeout=PATIENCE)
    expect(panel.notebook.run(1)).to_have_text("free at once")
    expect(panel.tasks).to_have_count(1)
    expected = "{True}" if comms == "disabled" else "{False}"
    expect(panel.notebook.run(2)).to_have_text(f"{expected} False")
    # Once to stop; nothing is billed by the painter, so that it stops.
    panel.tasks.get_by_role("button", name="Cancel").click()
    expect(panel.tasks).to_have_count(0, timeout=PATIENCE)
    assert "interrupted" == panel.history[-1].status


def test_several_tasks_wait_in_order_and_may_be_taken_out(panel: PanelPage) -> None:
    """The form stays usable while a task is drawn: more are queued, one is taken out, the others are drawn in order."""
    before = len(panel.history)
    for prompt in (SLOW, "a red ball", "a castle by the sea"):
        panel.prompt.fill(prompt)
        panel.generate.click()
        expect(panel.form.get_by_role("button", name="Queued")).to_be_visible(timeout=PATIENCE)
        expect(panel.generate).to_be_visible(timeout=PATIENCE)
    expect(panel.tasks).to_have_count(3, timeout=PATIENCE)
    panel.tasks.nth(1).get_by_role("button", name="Cancel").click()
    expect(panel.tasks).to_have_count(2, timeout=PATIENCE)
    panel.tasks.nth(0).get_by_role("button", name="Cancel").click()
    expect(panel.tasks).to_have_count(0, timeout=PATIENCE)
    newest = panel.history
    assert before + 2 == len(newest)
    assert [("a castle by the sea", "done"), (SLOW, "interrupted")] == [
        (newest[place].prompt, newest[place].status) for place in (-1, -2)
    ]


def test_a_double_click_draws_once(panel: PanelPage) -> None:
    """Whoever presses Generate twice out of habit pays for one picture; so it is with the verb of a picture."""
    before = len(panel.history)
    panel.prompt.fill("a ball in the snow")
    panel.generate.dblclick()
    expect(panel.tiles.first).to_contain_text("a ball in the snow", timeout=PATIENCE)
    expect(panel.tasks).to_have_count(0, timeout=PATIENCE)
    assert before + 1 == len(panel.history)
    newest = str(panel.tiles.first.get_attribute("data-key"))
    panel.tiles.first.hover()
    panel.tiles.first.get_by_role("button", name="Vary subtle").dblclick()
    expect(panel.tiles.first).not_to_have_attribute("data-key", newest, timeout=PATIENCE)
    expect(panel.tasks).to_have_count(0, timeout=PATIENCE)
    assert before + 2 == len(panel.history)


def test_chips_parts_and_examples_write_the_prompt(panel: PanelPage) -> None:
    """A style is written into the prompt and out of it, five parts become one, an example is taken whole."""
    panel.prompt.fill("a fox")
    lint = panel.form.locator(".dn-lint")
    expect(lint).to_contain_text("say a style", timeout=PATIENCE)
    panel.more()
    panel.chip("watercolour painting").click()
    expect(panel.prompt).to_have_value("a fox, watercolour painting", timeout=PATIENCE)
    expect(panel.chip("watercolour painting")).to_have_attribute("aria-pressed", "true")
    expect(lint).not_to_contain_text("say a style", timeout=PATIENCE)
    panel.chip("watercolour painting").click()
    expect(panel.prompt).to_have_value("a fox")
    panel.prompt.fill("")
    panel.unfold("Build the prompt")
    for part, words in {"Subject": "a cat", "Action": "asleep", "Technical": "soft light"}.items():
        panel.field(part).fill(words)
    expect(panel.prompt).to_have_value("a cat, asleep, soft light", timeout=PATIENCE)
    panel.field("Action").fill("on a roof")
    expect(panel.prompt).to_have_value("a cat, on a roof, soft light", timeout=PATIENCE)
    panel.unfold("Examples")
    panel.form.get_by_role("button", name="a cat in a spacesuit").click()
    expect(panel.prompt).to_have_value(re.compile("^a cat in a spacesuit standing on the moon"))


def test_options_follow_the_model_and_a_broken_rule_has_a_button(panel: PanelPage) -> None:
    """Only what the chosen model takes is offered; a size it does not draw is told in two lines, and mended by one press."""
    panel.more()
    panel.prompt.fill("a castle by the sea")
    assert {"n", "size", "quality", "background", "seed"} <= set(panel.fields())
    models = panel.field("Model")
    assert "retired" in models.locator("option[value='dall-e-3']").inner_text()
    models.select_option("dall-e-3")
    expect(panel.form.locator("[data-field=seed]")).to_have_count(0, timeout=PATIENCE)
    expect(panel.form.locator("[data-field=background]")).to_have_count(0)
    expect(panel.field("Quality").locator("option")).to_have_text(["standard (default)", "standard", "hd"])
    panel.field("Size").last.fill("1000x70")
    expect(panel.trouble).to_contain_text("does not draw 1000x70", timeout=PATIENCE)
    expect(panel.trouble).to_contain_text("Try: --size 1792x1024")
    panel.notebook.screenshot("panel-broken-rule")
    panel.trouble.get_by_role("button", name="Use 1792x1024").click()
    expect(panel.trouble).to_have_count(0, timeout=PATIENCE)
    cell = panel.form.locator("code")
    expect(cell).to_have_text("%%dalle --model dall-e-3 --size 1792x1024\na castle by the sea")


def test_the_cell_that_does_the_same_is_put_into_the_notebook(panel: PanelPage) -> None:
    """What the form would ask stands there as a cell, and a press puts it below the panel, ready to run."""
    panel.prompt.fill("a lighthouse")
    panel.unfold("As a cell")
    expect(panel.form.locator("code")).to_have_text("%%dalle\na lighthouse", timeout=PATIENCE)
    panel.form.locator(".dn-cell").get_by_role("button", name="Copy").click()
    expect(panel.notebook.cell(1).locator(".cm-content")).to_have_text(
        "%%dallea lighthouse", timeout=PATIENCE
    )
    panel.notebook.command("notebook:delete-cell")


def test_pictures_come_by_hand_and_are_edited(panel: PanelPage) -> None:
    """A picture is chosen, dropped or pasted, removed again, and what is drawn is an edit of those that stay."""
    panel.upload(("sky.png", "image/png", png("skyblue")))
    expect(panel.inputs).to_have_count(1, timeout=PATIENCE)
    for event, colour in (("drop", "tomato"), ("paste", "gold")):
        panel.hand_over(event, f"{event}.png", png(colour))
    expect(panel.inputs).to_have_count(3, timeout=PATIENCE)
    panel.form.get_by_role("button", name="Remove drop.png").click()
    expect(panel.inputs).to_have_count(2, timeout=PATIENCE)
    panel.prompt.fill("a hot-air balloon in the sky")
    expect(panel.price).to_have_text("free", timeout=PATIENCE)
    panel.notebook.screenshot("panel-inputs-light")
    panel.generate.click()
    panel.draws(panel.tiles.count() + 1)
    request = panel.history[-1].record.request
    assert ("edit", ["sky.png", "paste.png"]) == (request.kind, [blob.name for blob in request.inputs])


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("notes.png", b"only text", "notes.png is no picture"),
        ("vast.png", vast(), "vast.png is no picture"),
        ("long.png", 10 << 20, "long.png has 10 MB"),
    ],
    ids=["text", "hundred megapixels", "ten megabytes"],
)
def test_what_is_no_picture_is_told_and_the_panel_goes_on(
    panel: PanelPage, name: str, data: bytes | int, said: str
) -> None:
    """A broken, vast or heavy upload is refused in two lines that say why, and a good one is taken after it."""
    panel.hand_over("drop", name, data)
    expect(panel.trouble).to_contain_text(said, timeout=PATIENCE)
    panel.upload(("good.png", "image/png", png()))
    expect(panel.inputs).to_have_count(1, timeout=PATIENCE)
    expect(panel.trouble).to_have_count(0)


def test_script_in_a_prompt_is_inert(panel: PanelPage) -> None:
    """A prompt full of script is text in the form, in the cell that does the same, and in the results."""
    hostile = """<img src=x onerror="window.caught=1"><script>window.caught=1</script> a fox {{ 7 * 7 }}"""
    panel.prompt.fill(hostile)
    panel.unfold("As a cell")
    expect(panel.form.locator("code")).to_contain_text("<script>", timeout=PATIENCE)
    shown = panel.tiles.count()
    panel.generate.click()
    panel.draws(shown + 1)
    assert hostile == panel.history[-1].prompt
    assert panel.page.evaluate("window.caught === undefined")
    expect(panel.root.locator("script, img[src=x]")).to_have_count(0)


def test_the_language_changes_at_run_time(panel: PanelPage) -> None:
    """One press and everything speaks Chinese; what was typed, opened and chosen stays."""
    panel.more()
    panel.prompt.fill("一只狐狸")
    panel.form.get_by_role("radio", name="Portrait").click()
    panel.root.get_by_role("button", name="中文").click()
    expect(panel.form.get_by_role("button", name="生成")).to_be_visible(timeout=PATIENCE)
    expect(panel.root.get_by_role("tab", name="历史")).to_be_visible()
    expect(panel.form.get_by_role("textbox", name="想画什么")).to_have_value("一只狐狸")
    expect(panel.form.get_by_role("radio", name="纵向")).to_have_attribute("aria-checked", "true")
    panel.form.get_by_role("button", name="水彩画").click()
    expect(panel.form.locator("textarea")).to_have_value("一只狐狸，水彩画", timeout=PATIENCE)
    expect(panel.form.locator(".dn-lint")).to_contain_text("还可以说得更具体", timeout=PATIENCE)
    for theme, width in (("light", 1280), ("dark", 1280), ("dark", 420), ("light", 420)):
        panel.notebook.wear(DARK if theme == "dark" else LIGHT)
        panel.page.set_viewport_size({"width": width, "height": 800})
        panel.root.scroll_into_view_if_needed()
        panel.notebook.screenshot(f"panel-more-zh-{theme}-{width}")
    panel.root.get_by_role("button", name="English").click()
    expect(panel.generate).to_be_visible(timeout=PATIENCE)


def test_a_chinese_browser_opens_a_chinese_panel(panel: PanelPage) -> None:
    """Where nobody said which language, the panel speaks the browser's."""
    browsers = "Object.defineProperty(navigator, 'language', { get: () => 'zh-CN', configurable: true })"
    panel.page.evaluate(browsers)
    panel.notebook.run(0)
    expect(panel.root.get_by_role("tab", name="创作")).to_be_visible(timeout=PATIENCE)
    panel.page.evaluate("delete navigator.language")


def test_the_history_fills_the_form(panel: PanelPage) -> None:
    """Settings and a picture from the history are put into the form, and the form is shown; the edit has that parent."""
    run = panel.history.where(status="done")[-1]
    panel.root.get_by_role("tab", name="History").click()
    past = panel.root.get_by_role("tabpanel", name="History")
    tile = past.locator(f"[data-key^='{run.id}']").first
    for verb in ("Use these settings", "Edit"):
        panel.root.get_by_role("tab", name="History").click()
        tile.get_by_role("button", name="More").click()
        past.get_by_role("menuitem", name=verb, exact=True).click()
        expect(panel.prompt).to_have_value(run.prompt, timeout=PATIENCE)
    expect(panel.inputs).to_have_count(1, timeout=PATIENCE)
    panel.prompt.fill("a red scarf")
    shown = panel.tiles.count()
    panel.generate.click()
    panel.draws(shown + 1)
    newest = panel.history[-1].record
    assert ("edit", "a red scarf", run.uid) == (newest.request.kind, newest.request.prompt, newest.parent)


def test_tabs_are_reached_by_keyboard_and_keep_what_is_typed(panel: PanelPage) -> None:
    """Arrow keys change the tab, only the open one is shown, and the form is as it was on return."""
    panel.prompt.fill("kept")
    create, history = (panel.root.get_by_role("tab", name=name) for name in ("Create", "History"))
    create.press("ArrowRight")
    expect(history).to_be_focused()
    expect(panel.form).to_be_hidden()
    expect(panel.root.get_by_role("tabpanel", name="History").locator("[data-key]").first).to_be_visible(
        timeout=PATIENCE
    )
    history.press("ArrowLeft")
    expect(panel.prompt).to_have_value("kept")


def test_two_panels_do_not_meddle(panel: PanelPage) -> None:
    """What is typed and drawn in one panel does not change the form of another."""
    panel.notebook.cell(1).locator(".cm-content").click()
    panel.page.keyboard.press("Control+A")
    panel.page.keyboard.type("dn.panel()")
    panel.notebook.run(1)
    other = PanelPage(panel.notebook, panel.home, cell=1).ready()
    panel.prompt.fill("mine")
    other.prompt.fill("a red ball")
    shown = other.tiles.count()
    other.generate.click()
    other.draws(shown + 1)
    expect(panel.prompt).to_have_value("mine")
    expect(panel.tasks).to_have_count(0)


def open_alone(notebook: Notebook, lab: Lab, before: str = "") -> PanelPage:
    """Open a panel in a notebook with a kernel and a history of its own."""
    home = lab.folder.parent / "alone" / notebook.name
    notebook.open(before + opening(home), "dn.history[-1].status")
    notebook.command("application:toggle-left-area")
    notebook.run(0)
    return PanelPage(notebook, home).ready()


def test_what_costs_money_is_told_and_agreed_to(notebook: Notebook, lab: Lab, api: Api) -> None:
    """With a key the price and what is left of the budget stand beside the button, and what is dear asks first."""
    settings = "import dalle_nb as dn\ndn.configure(budget=2, confirm_above=0.03)\n"
    panel = open_alone(notebook, lab, f"import os\nos.environ |= {environment(api)}\n{settings}")
    expect(panel.form.get_by_text("Offline sketch")).to_be_hidden()
    panel.prompt.fill("a lighthouse at night")
    expect(panel.price).to_contain_text("$0.0", timeout=PATIENCE)
    expect(panel.form.get_by_text("$2 of $2 left")).to_be_visible()
    panel.more()
    assert re.search(r"\$0\.\d+", panel.field("Model").locator("option").first.inner_text())
    panel.field("How many pictures").fill("4")
    expect(panel.price).to_contain_text("$0.05", timeout=PATIENCE)
    panel.generate.click()
    agree = panel.form.get_by_role("alert").get_by_role("button", name="Draw for $0.05")
    expect(agree).to_be_focused(timeout=PATIENCE)
    notebook.screenshot("panel-confirm")
    assert [] == api.calls_to("generations")
    agree.click()
    panel.draws(4)
    assert ("done", 4) == (panel.history[-1].status, len(panel.history[-1].pictures))
    expect(panel.form.get_by_text("of $2 left")).not_to_have_text("$2 of $2 left", timeout=PATIENCE)


def test_a_server_that_refuses_or_hangs_leaves_the_panel_usable(
    notebook: Notebook, lab: Lab, api: Api
) -> None:
    """A refusal is told in the panel; a server that hangs is given up by Cancel; the next picture is drawn."""
    panel = open_alone(notebook, lab, f"import os\nos.environ |= {environment(api)}\n")
    panel.prompt.fill("a cat, blocked-by-moderation")
    panel.generate.click()
    expect(panel.tasks).to_contain_text("refused", timeout=PATIENCE)
    assert "refused" == panel.history[-1].status
    panel.tasks.get_by_role("button", name="Dismiss").click()
    api.fail("hang")
    panel.prompt.fill("a dog")
    panel.generate.click()
    stop = panel.tasks.get_by_role("button")
    expect(panel.tasks).to_contain_text("Drawing", timeout=PATIENCE)
    stop.first.click()
    expect(panel.tasks).to_have_count(0, timeout=PATIENCE)
    panel.prompt.fill("a fish")
    panel.generate.click()
    panel.draws(1)
    assert "a fish" == panel.history[-1].prompt


def test_after_a_restart_nothing_finished_is_lost(notebook: Notebook, lab: Lab) -> None:
    """A restart in mid-task is told; the cell run again shows what was finished, and the saved notebook a sheet of it."""
    panel = open_alone(notebook, lab)
    panel.prompt.fill("a red ball")
    panel.generate.click()
    panel.draws(1)
    expect(notebook.output(0).nth(1)).to_be_hidden()
    saved = notebook.saved()
    assert notebook.path.stat().st_size < 300_000
    assert "image/jpeg" in saved.cells[0].outputs[1].data
    panel.prompt.fill(SLOW)
    panel.generate.click()
    expect(panel.tasks).to_have_count(1, timeout=PATIENCE)
    panel.page.evaluate("jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(panel.root.get_by_text("The kernel is gone")).to_be_visible(timeout=PATIENCE)
    notebook.screenshot("panel-kernel-gone")
    panel.page.reload()
    sheet = notebook.output(0).locator("img")
    expect(sheet).to_be_visible(timeout=PATIENCE)
    expect(notebook.output(0).first).to_contain_text("model not found", timeout=PATIENCE)
    notebook.screenshot("panel-left-behind")
    notebook.await_kernel()
    notebook.run(0)
    panel = PanelPage(notebook, panel.home).ready()
    panel.draws(1)
    assert ["interrupted", "done"] == [run.status for run in panel.history]
    # What JupyterLab says of a widget whose kernel is gone.
    assert all("model not found" in each or "comm" in each.lower() for each in notebook.complaints)
    notebook.complaints.clear()


class Ear:
    """A page that only listens: what Python sends it, event by event."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        heard: list[dict[str, Any]] = []

        class Wire(BaseComm):
            def publish_msg(self, msg_type: str, data: Any = None, *_: object, **__: object) -> None:
                if (data or {}).get("method") == "custom":
                    heard.append(data["content"])

        self.heard = heard
        monkeypatch.setattr(comm, "create_comm", Wire)

    def waits_for(self, event: str) -> dict[str, Any]:
        """Return the content of the next event of that name."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for place, content in enumerate(self.heard):
                if content["event"] == event:
                    del self.heard[: place + 1]
                    return content
            time.sleep(0.01)
        raise AssertionError(f"no {event}")


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {"do": None},
        {"do": "trait_change"},
        {"do": "msg", "callback": 1},
        {"do": "__init__"},
        {"do": "form", "prompt": {"a": 1}, "options": [1], "verb": {}},
        {"do": "form", "options": {"yes": "true", "edit": "/etc/passwd", "n": {}, "size": ["x"]}},
        {"do": "upload", "names": "x"},
        {"do": "remove", "place": "0"},
        {"do": "remove", "place": 99},
        {"do": "style", "style": {}, "prompt": 7},
        {"do": "parts", "subject": ["x"]},
        {"do": "mask"},
        {"do": "generate", "prompt": "", "yes": "no"},
    ],
    ids=lambda message: json.dumps(message)[:40],
)
def test_a_hostile_page_reaches_nothing(message: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a page sends, only what a form can hold gets into it, nothing is queued, and the next look is answered."""
    ear = Ear(monkeypatch)
    studio = Studio(ImageGenerator(backend="offline"))
    composer = Composer(studio)
    composer._handle_custom_msg(message, [b"no picture"])
    composer._handle_custom_msg({"do": "form", "prompt": "a fox"}, [])
    while ear.waits_for("verdict").get("cell") != "%%dalle\na fox\n":
        pass
    assert (Form(prompt="a fox"), ()) == (composer.form, studio.tasks)


@pytest.mark.parametrize(
    ("said", "at_fault", "options"),
    [
        ("Try: --size 1024x1536", ("size",), [{"size": "1024x1536"}]),
        (
            "(1) Try: --size 1792x1024 (2) Try: --quality hd",
            ("size", "quality"),
            [{"size": "1792x1024"}, {"quality": "hd"}],
        ),
        ("试试：-m gpt-x-9。", ("model",), [{"model": "gpt-x-9"}]),
        ("Leave it out; it takes -n, --size, --quality.", ("seed",), [{"seed": None}]),
        ("Try: --edit REF --mask REF", ("mask",), []),
        ("Wait a minute.", (), []),
        ("Try: --format '<script>'", (), [{"format": "<script>"}]),
    ],
    ids=["size", "two", "Chinese", "leave out", "pictures", "nothing", "script is a value"],
)
def test_a_fix_in_words_becomes_a_button(
    said: str, at_fault: tuple[str, ...], options: list[dict[str, Any]]
) -> None:
    """What an error advises to type is what its button sets; advice that is no value gives no button."""
    assert options == [fix.options for fix in fixes(said, at_fault)]


def test_opening_a_panel_is_cheap() -> None:
    """Importing dalle_nb imports no widget, and a panel with a key and a prompt in it has not imported the SDK."""
    program = (
        "import sys, os; os.environ['OPENAI_API_KEY'] = 'sk-none'\n"
        "import dalle_nb as dn\nassert not {'ipywidgets', 'anywidget'} & {*sys.modules}\n"
        "panel = dn.panel()\npanel.composer.on_form({'prompt': 'a fox'}, [])\npanel.composer._worker.shutdown()\n"
        "assert 'openai' not in sys.modules; print(panel)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ("<Panel>\n", "") == (done.stdout, done.stderr)


def test_the_magic_opens_a_panel_in_the_language_it_is_told(shell: InteractiveShell) -> None:
    """`%dalle_panel zh` speaks Chinese, and a language that is none is an error that names those there are."""
    panel = shell.run_line_magic("dalle_panel", "zh")
    assert ("<Panel>", "zh", "生成") == (repr(panel), panel.studio.tongue, panel.composer.words["generate"])
    with pytest.raises(SettingsError, match="klingon"):
        shell.run_line_magic("dalle_panel", "klingon")


def test_the_sheet_left_behind_shows_no_deleted_picture(tmp_path: Path) -> None:
    """What stays in the notebook is the newest pictures of this panel, small, and none that was deleted since."""
    panel = dn.panel(ImageGenerator(backend="offline", home=tmp_path, size="256x256"))
    run = panel.studio.generator.generate("a red ball", n=2)
    panel.studio.tell(Ended(Task(number=1, prompt="", options={}, run=run)))
    shown, about = panel._sheet()
    assert {"image/jpeg", "text/plain"} == set(shown)
    assert about["image/jpeg"]["alt"] == "Pictures drawn in this panel"
    run.delete()
    panel.studio.tell(Changed((run.uid,)))
    assert "image/jpeg" not in panel._sheet()[0]
