"""The mask painter: what is painted by mouse, finger, pen or keyboard is the mask, to the pixel, and stays it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from easel import PATIENCE, Easel
from lab import DARK, Lab, Notebook
from PIL import Image
from playwright.sync_api import Browser, expect

import dalle_nb as dn
from dalle_nb import MaskError, MaskPainter
from dalle_nb._images import encode_png
from dalle_nb._masks import alpha_picture

SIZE = (320, 240)
"""Width and height of the picture that most tests paint on: flat, but for a blue square in its middle."""
SQUARE = (120, 80, 200, 160)

SETUP = f"""
import numpy as np
from PIL import Image
import dalle_nb as dn
dn.configure(backend="offline")
picture = Image.new("RGB", {SIZE}, "khaki")
picture.paste("navy", {SQUARE})
"""
NEW = "painter = dn.MaskPainter(picture)\npainter"


@pytest.fixture(scope="module")
def desk(lab: Lab, browser: Browser) -> Iterator[Notebook]:
    """Open one notebook for all painters of this module."""
    desk = Notebook(lab, browser, name="mask-painter")
    desk.open(SETUP, NEW)
    desk.command("application:toggle-left-area")
    desk.run(0)
    yield desk
    desk.close()


@pytest.fixture
def easel(desk: Notebook) -> Iterator[Easel]:
    """Open a new painter on the flat picture; the page must neither complain nor call anyone else."""
    desk.run(1)
    yield Easel(desk, SIZE)
    assert desk.complaints == []
    assert desk.strangers == []


def line(*points: tuple[float, float], radius: float) -> np.ndarray:
    """Return the pixels whose centre is within a radius of a line."""
    down, across = np.ogrid[: SIZE[1], : SIZE[0]]
    drawn = np.zeros(SIZE[::-1], bool)
    for (x0, y0), (x1, y1) in zip(points, points[1:] or points, strict=False):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((across + 0.5 - x0) * dx + (down + 0.5 - y0) * dy) / (dx**2 + dy**2 or 1), 0, 1)
        drawn |= np.hypot(across + 0.5 - x0 - along * dx, down + 0.5 - y0 - along * dy) <= radius
    return drawn


def box(left: int, upper: int, right: int, lower: int) -> np.ndarray:
    drawn = np.zeros(SIZE[::-1], bool)
    drawn[upper:lower, left:right] = True
    return drawn


def assert_line(mask: np.ndarray, *points: tuple[float, float], radius: float) -> None:
    """See that a mask is that line, but for a pixel at its rim: a mouse moves in pixels of the page."""
    assert not (mask & ~line(*points, radius=radius + 1)).any()
    assert not (line(*points, radius=radius - 1) & ~mask).any()


def test_a_stroke_of_the_mouse_is_the_mask_to_the_pixel(easel: Easel) -> None:
    """What the brush passed over is transparent in the mask, all else opaque, and the eraser takes it back."""
    expect(easel.root.locator(".dnm-hint")).to_be_visible()
    stroke = [(60, 60), (240, 90), (200, 200)]
    easel.drag(*stroke)
    assert_line(easel.mask(), *stroke, radius=10)
    expect(easel.root.locator(".dnm-state")).to_have_text(re.compile(r"Repaints \d+ %"))
    expect(easel.root.locator(".dnm-hint")).to_be_hidden()
    easel.button("Eraser").click()
    easel.drag((200, 0), (200, 239))
    erased = line((200, 0), (200, 239), radius=9)
    mask = easel.mask()
    assert not (mask & erased).any()
    assert mask.any()


def test_tools_paint_rectangles_and_areas_and_every_step_can_be_undone(easel: Easel) -> None:
    """A rectangle, a filled area and an inversion are what they say, and undo and redo go through them all."""
    masks = [easel.mask()]
    easel.button("Rectangle").click()
    easel.drag((10, 20), (60, 70))
    masks.append(easel.mask())
    assert (masks[-1] ^ box(10, 20, 60, 70)).sum() <= 2 * (50 + 50)
    easel.press("g")
    easel.drag((160, 120))
    masks.append(easel.mask())
    # The copy to paint on is a JPEG, whose colours bleed by a pixel or two.
    assert (masks[-1] ^ masks[-2] ^ box(*SQUARE)).sum() <= 4 * 2 * 80
    easel.click("Invert")
    masks.append(easel.mask())
    assert (masks[-1] == ~masks[-2]).all()
    easel.click("Clear")
    masks.append(easel.mask())
    assert not masks[-1].any()
    for earlier in masks[-2::-1]:
        easel.click("Undo")
        assert (easel.mask() == earlier).all()
    expect(easel.button("Undo")).to_be_disabled()
    for later in masks[1:]:
        before = easel.strokes
        easel.press("Control+Shift+Z")
        easel.await_stroke(before + 1)
        assert (easel.mask() == later).all()
    expect(easel.button("Redo")).to_be_disabled()


def test_the_keyboard_alone_paints(easel: Easel) -> None:
    """Whoever uses no pointer moves a cursor, dabs, draws a line, spans a rectangle, and erases."""
    cells = easel.page.locator(".jp-Notebook .jp-Cell").count()
    easel.button("Brush").focus()
    easel.page.keyboard.press("b")
    easel.canvas.focus()
    easel.press("Shift+ArrowRight", "Space")
    easel.await_stroke(1)
    assert_line(easel.mask(), (161.5, 120.5), radius=10)
    easel.press("Enter", *["Shift+ArrowDown"] * 30, "Enter")
    easel.await_stroke(2)
    drawn = easel.mask()
    assert_line(drawn, (161.5, 120.5), (161.5, 150.5), radius=10)
    easel.press("e", "Space")
    easel.await_stroke(3)
    assert (easel.mask() == drawn & ~line((161.5, 150.5), radius=10)).all()
    easel.press("r", "Enter", *["Shift+ArrowLeft"] * 9, "ArrowUp", "Enter")
    easel.await_stroke(4)
    easel.press("Enter", "Shift+ArrowLeft", "Escape", "[", "]")
    assert easel.strokes == 4
    assert easel.mask()[146:150, 153:160].all()
    # JupyterLab has commands of its own under these letters.
    assert cells == easel.page.locator(".jp-Notebook .jp-Cell").count()


TOUCH = """(canvas, [kind, gestures]) => {
  for (const [type, pointerId, clientX, clientY, pressure] of gestures) {
    canvas.dispatchEvent(new PointerEvent(type, {
      pointerId, clientX, clientY, pressure, pointerType: kind, isPrimary: pointerId === 1, button: type === "pointermove" ? -1 : 0,
      buttons: type === "pointerup" ? 0 : 1, bubbles: true, cancelable: true }));
  }
}"""


def touch(easel: Easel, kind: str, *gestures: tuple[Any, ...]) -> None:
    """Give the canvas what a finger or a pen gives: type, number, point of the picture, pressure."""
    easel.canvas.evaluate("canvas => { canvas.setPointerCapture = () => {} }")
    placed = [(f"pointer{name}", number, *easel.at(x, y), force) for name, number, x, y, force in gestures]
    easel.canvas.evaluate(TOUCH, [kind, placed])


def test_a_finger_paints_and_two_fingers_move_the_picture(easel: Easel) -> None:
    """One finger leaves a stroke; a second one takes back what the first began, and zooms instead."""
    touch(easel, "touch", ("down", 1, 50, 50, 0), ("move", 1, 100, 50, 0), ("up", 1, 100, 50, 0))
    easel.await_stroke(1)
    painted = easel.mask()
    assert_line(painted, (50, 50), (100, 50), radius=10)
    before = easel.root.locator(".dnm-percent").inner_text()
    touch(
        easel,
        "touch",
        ("down", 1, 140, 120, 0),
        ("move", 1, 142, 120, 0),
        ("down", 2, 180, 120, 0),
        ("move", 2, 220, 120, 0),
        ("up", 2, 220, 120, 0),
        ("up", 1, 140, 120, 0),
    )
    expect(easel.root.locator(".dnm-percent")).not_to_have_text(before)
    assert (easel.mask() == painted).all()
    assert easel.strokes == 1


def test_a_pen_pressed_lightly_draws_a_thin_line(easel: Easel) -> None:
    """The line of a pen is as thick as the pen is pressed."""
    touch(easel, "pen", ("down", 1, 50, 50, 1), ("up", 1, 50, 50, 1))
    touch(easel, "pen", ("down", 1, 150, 50, 0.1), ("up", 1, 150, 50, 0))
    easel.await_stroke(2)
    mask = easel.mask()
    assert 0 < mask[:, 100:].sum() < 0.5 * mask[:, :100].sum()


def test_what_is_painted_on_an_enlarged_picture_is_where_it_was_seen(easel: Easel) -> None:
    """After zooming in, and after moving the picture with Space held, a stroke lands on the pixels under it."""
    for _ in range(3):
        easel.button("Zoom in").click()
        easel.zoomed *= 1.5
    easel.drag((150, 110), (170, 130))
    assert_line(easel.mask(), (150, 110), (170, 130), radius=10)
    easel.press("Control+z")
    easel.await_stroke(2)
    mouse, there = easel.page.mouse, easel.at(160, 120)
    mouse.move(*there)
    easel.page.keyboard.down("Space")
    mouse.down()
    mouse.move(there[0] - 20 * easel.scale, there[1], steps=4)
    mouse.up()
    easel.page.keyboard.up("Space")
    assert easel.strokes == 2
    mouse.down()
    mouse.up()
    easel.await_stroke(3)
    assert_line(easel.mask(), (160, 120), radius=10)


def test_a_page_opened_again_shows_the_mask(easel: Easel) -> None:
    """The mask is the kernel's: after the page is reloaded it is there, and is painted on."""
    easel.drag((60, 60), (200, 60))
    before = easel.mask()
    easel.desk.saved()
    easel.page.reload()
    again = Easel(easel.desk, SIZE)
    expect(again.root.locator(".dnm-state")).to_have_text(re.compile("Repaints"))
    easel.desk.await_kernel()
    assert (again.mask() == before).all()
    again.drag((60, 160), (200, 160))
    assert_line(again.mask() & ~before, (60, 160), (200, 160), radius=10)


def test_two_views_of_a_painter_show_one_mask(easel: Easel) -> None:
    """What is painted in one view of a painter is seen in the other, and painted on there."""
    easel.page.evaluate("window.jupyterapp.commands.execute('notebook:create-output-view')")
    views = easel.page.locator(".dnm")
    expect(views).to_have_count(2)
    expect(views.nth(1)).to_have_attribute("data-open", "1", timeout=PATIENCE)
    canvas = views.nth(1).locator("canvas")
    canvas.hover()
    easel.page.mouse.down()
    easel.page.mouse.up()
    expect(views.nth(1)).to_have_attribute("data-kept", "1", timeout=PATIENCE)
    expect(views.nth(0).locator(".dnm-state")).to_have_text(re.compile("Repaints"), timeout=PATIENCE)
    easel.page.evaluate("window.jupyterapp.shell.currentWidget.close()")
    assert easel.mask().any()


def test_an_old_mask_is_offered_and_never_applied_unseen(easel: Easel) -> None:
    """On another picture the last mask is a ghost, which counts for nothing until it is accepted."""
    easel.drag((60, 60), (200, 60))
    before = easel.mask()
    easel.ask("painter.show(Image.new('RGB', (640, 480), 'teal'))")
    easel.await_picture(2)
    assert not easel.mask().any()
    expect(easel.root.get_by_text("Use the mask of the last picture?")).to_be_visible()
    easel.desk.screenshot("mask-painter-ghost")
    easel.click("Use it")
    twice = easel.mask()
    assert (twice[::2, ::2] ^ before).sum() <= 250
    expect(easel.button("Use it")).to_be_hidden()
    easel.ask("painter.show(picture)")
    easel.await_picture(3)
    easel.click("Start anew")
    assert not easel.mask().any()


def test_a_mask_is_saved_and_loaded_as_a_file(easel: Easel, tmp_path: Path) -> None:
    """A saved mask is the PNG that OpenAI reads; loaded, it is the same mask, and a text file is refused in words."""
    easel.drag((60, 60), (200, 60))
    before = easel.mask()
    with easel.page.expect_download() as download:
        easel.button("Save mask").click()
    download.value.save_as(tmp_path / "mask.png")
    saved = np.asarray(Image.open(tmp_path / "mask.png"))
    assert ((saved[..., 3] == 0) == before).all()
    assert set(np.unique(saved[..., 3])) == {0, 255}
    easel.click("Clear")
    easel.root.locator("input[type=file]").set_input_files(tmp_path / "mask.png")
    expect(easel.root.locator(".dnm-state")).to_have_text(re.compile("Repaints"))
    assert (easel.mask() == before).all()
    (tmp_path / "no.png").write_text("no picture")
    easel.root.locator("input[type=file]").set_input_files(tmp_path / "no.png")
    expect(easel.root.get_by_role("alert")).to_contain_text("The mask cannot be read")


def test_an_edit_repaints_what_was_painted_and_its_run_brings_the_mask_back(easel: Easel) -> None:
    """The painter is the mask of an edit, which changes nothing outside; a painter on that Run has its mask."""
    easel.drag((60, 60), (240, 200))
    mask = easel.mask()
    changed = easel.ask(
        "run = dn.edit(Image.new('RGB', (320, 240), 'khaki'), 'a cat in the snow', mask=painter)\n"
        "after = np.asarray(run.image.convert('RGB'))\n"
        "print((after != np.asarray(Image.new('RGB', (320, 240), 'khaki'))).any(axis=2).astype(int).tolist())\n"
    )
    seen = np.array(json.loads(changed.splitlines()[-1]), bool)
    assert seen.any()
    assert not (seen & ~mask).any()
    easel.ask("painter = dn.MaskPainter(run)")
    assert (easel.mask() == mask).all()
    assert "True" in easel.ask("print(painter.picture.sha256 == run.record.request.inputs[0].sha256)")


def test_without_its_kernel_the_mask_is_not_lost(easel: Easel, tmp_path: Path) -> None:
    """When the kernel is gone the page says so, paints on, and saves the mask by itself."""
    easel.drag((60, 60), (200, 60))
    easel.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    easel.desk.await_kernel()
    mouse = easel.page.mouse
    mouse.move(*easel.at(60, 160))
    mouse.down()
    mouse.move(*easel.at(200, 160))
    mouse.up()
    expect(easel.root.get_by_role("alert")).to_contain_text("The kernel does not answer", timeout=PATIENCE)
    with easel.page.expect_download() as download:
        easel.button("Save mask").click()
    download.value.save_as(tmp_path / "mask.png")
    easel.desk.run(0)
    loaded = f"np.asarray(dn.MaskPainter(picture, {str(tmp_path / 'mask.png')!r}))"
    assert easel.ask(f"print({loaded}[[60, 110, 160], 100, 3])") == "[  0 255   0]"


@pytest.mark.parametrize(("tongue", "width"), [("en", 1280), ("zh", 420)], ids=["wide", "narrow"])
def test_the_painter_is_looked_at(easel: Easel, tongue: str, width: int) -> None:
    """In either language, wide and narrow, light and dark, all tools stay on the page."""
    page = easel.page
    page.set_viewport_size({"width": width, "height": 800})
    easel.ask(f"painter.tongue = '{tongue}'; painter.mask = 'ellipse:100,60,220,180'")
    expect(easel.root.locator(".dnm-state")).to_contain_text("15 %")
    for tool in easel.root.get_by_role("button").all():
        if tool.is_visible():
            placed = tool.bounding_box()
            assert placed
            assert placed["x"] >= 0
            assert placed["x"] + placed["width"] <= width
    easel.root.scroll_into_view_if_needed()
    easel.desk.screenshot(f"mask-painter-{tongue}-light")
    easel.desk.wear(DARK)
    easel.desk.screenshot(f"mask-painter-{tongue}-dark")
    easel.desk.wear("JupyterLab Light")
    page.set_viewport_size({"width": 1280, "height": 800})


def test_a_painter_is_taken_for_its_mask(home: Path) -> None:
    """A MaskPainter, its mask and its array mean the same, also by a variable's name in a cell."""
    painter = MaskPainter(Image.new("RGB", SIZE), mask="box:10,20,110,220")
    assert painter.share == pytest.approx(100 * 200 / (SIZE[0] * SIZE[1]))
    assert painter.mask.size == SIZE
    assert (np.asarray(painter.mask)[..., 3] == 0).sum() == 100 * 200
    assert "MaskPainter" in repr(painter)
    assert "0x" not in repr(painter)
    runs = [dn.edit(Image.new("RGB", SIZE), "a cat", mask=mask) for mask in (painter, painter.mask)]
    assert runs[0].record.request.mask == runs[1].record.request.mask


def test_what_a_page_sends_is_not_believed(home: Path) -> None:
    """Bits of another length, a stroke on a picture that is gone, and unknown messages leave the mask as it was."""
    painter = MaskPainter(Image.new("RGB", SIZE), mask="box:10,20,110,220")
    before = painter.mask.tobytes()
    whole = bytes(-(-SIZE[0] * SIZE[1] // 8))
    for content, buffers in [
        ({"do": "paint", "number": 1}, [b"short"]),
        ({"do": "paint", "number": 1}, []),
        ({"do": "paint", "number": 7}, [whole]),
        ({"do": "paint"}, [whole, whole]),
        ({"do": "load"}, []),
        ({"do": "load"}, [b"no picture"]),
        ({"do": "show"}, [whole]),
        ({"do": "__init__"}, []),
    ]:
        painter._handle_custom_msg(content, [memoryview(each) for each in buffers])
    assert before == painter.mask.tobytes()
    painter._handle_custom_msg({"do": "paint", "number": 1}, [memoryview(whole)])
    assert painter.share == 0
    with pytest.raises(MaskError, match="nothing"):
        dn.edit(Image.new("RGB", SIZE), "a cat", mask=painter)


def test_a_drawing_of_lines_cannot_be_painted_on(home: Path) -> None:
    """A picture without pixels is refused in words."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle r="9"/></svg>'
    with pytest.raises(MaskError, match="no pixels"):
        MaskPainter(svg)


def test_a_large_picture_is_shown_small_and_masked_whole(home: Path) -> None:
    """Of a picture of 4 megapixels a copy is painted on, and its mask has each of its pixels."""
    painter = MaskPainter(Image.new("RGB", (2560, 1440), "olive"), mask="box:0,0,1,1440")
    assert painter.mask.size == (2560, 1440)
    assert (np.asarray(painter)[..., 3] == 0).sum() == 1440
    shown = Image.open(io.BytesIO(painter._open.shown.data))
    assert shown.size == (1600, 900)
    painter.show(Image.new("RGB", (1280, 720), "navy"))
    assert painter.share == 0
    file = encode_png(alpha_picture(np.eye(720, 1280, dtype=bool)))
    painter._handle_custom_msg({"do": "load"}, [memoryview(file)])
    assert painter.share == pytest.approx(1 / 1280)
