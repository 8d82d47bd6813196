"""`make demo`: a page that anyone can open, and pictures where it says they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

from lab import ARTIFACTS, ROOT
from PIL import Image
from playwright.sync_api import Browser


def test_the_demo_writes_a_page_that_reads_with_scripts_off(tmp_path: Path, browser: Browser) -> None:
    """The demo needs no key and no browser; its page shows every picture with alt text, asking nobody for anything."""
    folder = tmp_path / "a folder with spaces"
    command = [sys.executable, ROOT / "scripts" / "demo.py", str(folder)]
    environment = os.environ | {"DALLE_NB_BACKEND": "offline"}
    told = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=300
    ).stdout
    address, home = re.findall(r"page: +(\S+)\nThe pictures are: (.+)", told)[0]
    assert Path(unquote(urlparse(address).path)).exists()
    assert len([path for path in Path(home).rglob("*.png") if width_of(path) >= 1024]) >= 4
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 1400})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    pictures = page.locator(".jp-RenderedImage img")
    assert pictures.count() >= 4
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box() or {"width": 0, "height": 0}
        assert min(box["width"], box["height"]) > 200
        assert picture.get_attribute("alt")
    assert [] == [url for url in asked if url != address and not url.startswith("data:")]
    page.screenshot(path=ARTIFACTS / "demo-page.png", full_page=True)
    context.close()


def width_of(path: Path) -> int:
    """Return the width of the picture in a file, in pixels."""
    with Image.open(path) as picture:
        return picture.width
