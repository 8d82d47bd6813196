"""Find the Chromium that the browser tests drive, or install one, and print where it is.

One that is there; else Debian's, with fonts for Chinese and emoji, when we are root; else
Playwright's own. Nothing here knows what the tests do with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DEBIAN_FONTS = ("fonts-noto-cjk", "fonts-noto-color-emoji", "fonts-liberation", "fonts-dejavu-core")


def find_browser() -> str | None:
    """Return the path of a Chromium: the one `DALLE_NB_BROWSER` names, one on the PATH, or Playwright's."""
    named = os.environ.get("DALLE_NB_BROWSER")
    on_path = (shutil.which(name) for name in NAMES)
    return next((path for path in (named, *on_path) if path), None) or _playwrights_own()


def install_browser() -> str | None:
    """Install what is missing of browser and fonts, and return the browser's path, or None."""
    debian = shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0
    missing = [*([] if find_browser() else ["chromium"]), *([] if _reads_chinese() else DEBIAN_FONTS)]
    if missing and debian:
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", *missing)
    if not find_browser():
        subprocess.run(
            [sys.executable, "-m", "playwright", "install", "chromium"], stdout=sys.stderr, check=False
        )
    return find_browser()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _reads_chinese() -> bool:
    """Whether fonts for Chinese are there; systems without fontconfig bring their own."""
    if not shutil.which("fc-list"):
        return sys.platform != "linux"
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=True).stdout.strip())


def _apt_get(*arguments: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", *arguments], env=environment, stdout=sys.stderr, check=True)


def main() -> int:
    """Print the browser's path, or say how to get one and fail."""
    browser = install_browser()
    if browser is None:
        print(
            "No Chromium could be found or installed.\n→ Set DALLE_NB_BROWSER to its path.", file=sys.stderr
        )
        return 1
    print(browser)
    return 0


if __name__ == "__main__":
    sys.exit(main())
