"""A mask painter on a page, and hands and keys to paint on it with."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from lab import Notebook
from playwright.sync_api import Locator, expect

PATIENCE = 30_000
"""Milliseconds that a slow machine may take."""
REPORT = """
import base64, json
import numpy as np
alpha = np.asarray(painter)[..., 3]
bits = base64.b64encode(np.packbits(alpha == 0)).decode()
print(json.dumps({"levels": np.unique(alpha).tolist(), "share": painter.share, "bits": bits, "shape": alpha.shape}))
"""
RUN = """async (code) => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code });
  let said = "";
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === "stream") said += content.text;
    if (header.msg_type === "error") said += "Traceback " + content.ename + ": " + content.evalue;
  };
  await future.done;
  return said;
}"""


class Easel:
    """A mask painter that is open on a page, and hands and keys to paint on it with."""

    def __init__(self, desk: Notebook, size: tuple[int, int]) -> None:
        self.desk, self.page, self.size = desk, desk.page, size
        self.root = desk.page.locator(".dnm")
        self.canvas = self.root.locator("canvas")
        self.zoomed = 1.0
        self.await_picture()

    def await_picture(self, number: int = 1) -> None:
        """Wait until the page shows the picture of that number."""
        expect(self.root).to_have_attribute("data-open", str(number), timeout=PATIENCE)
        self.canvas.scroll_into_view_if_needed()

    @property
    def strokes(self) -> int:
        """How many strokes the kernel has kept."""
        return int(self.root.get_attribute("data-kept") or 0)

    def await_stroke(self, number: int) -> None:
        expect(self.root).to_have_attribute("data-kept", str(number), timeout=PATIENCE)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return where on the page a point of the picture is, the picture being fitted or enlarged about its middle."""
        box = self.canvas.bounding_box()
        assert box
        (width, height), scale = self.size, self.scale
        return (
            box["x"] + box["width"] / 2 + (x - width / 2) * scale,
            box["y"] + box["height"] / 2 + (y - height / 2) * scale,
        )

    @property
    def scale(self) -> float:
        box = self.canvas.bounding_box()
        assert box
        return min((box["width"] - 20) / self.size[0], (box["height"] - 20) / self.size[1]) * self.zoomed

    def drag(self, *points: tuple[float, float]) -> None:
        """Draw a line through points of the picture with the mouse, and wait until the kernel has it."""
        before, mouse = self.strokes, self.page.mouse
        mouse.move(*self.at(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.at(*point), steps=5)
        mouse.up()
        self.await_stroke(before + 1)

    def press(self, *keys: str) -> None:
        """Press keys in the painter, which must have the focus: outside they are JupyterLab's."""
        expect(self.root.locator(":focus")).to_have_count(1)
        for key in keys:
            self.page.keyboard.press(key)

    def click(self, name: str) -> None:
        """Press a button of the painter, and wait until the kernel has what it did."""
        before = self.strokes
        self.button(name).click()
        self.await_stroke(before + 1)

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name)

    def mask(self) -> np.ndarray:
        """Return where the mask of `painter` repaints, and see that it is all or nothing at each pixel."""
        text = self.ask(REPORT)
        said = json.loads(text)
        assert {0, 255} >= set(said["levels"])
        height, width = said["shape"]
        bits = np.unpackbits(np.frombuffer(base64.b64decode(said["bits"]), np.uint8), count=height * width)
        assert said["share"] == pytest.approx(bits.mean())
        return bits.reshape(height, width).astype(bool)

    def ask(self, source: str) -> str:
        """Run a line in the notebook's kernel and return what it prints."""
        text = str(self.page.evaluate(RUN, source))
        assert "Traceback" not in text, text
        return text.strip()
