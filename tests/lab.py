"""A real JupyterLab on loopback and a real Chromium in front of it.

Knows Jupyter and the browser, and nothing of dalle_nb. What JupyterLab calls idle is not yet ready: a cell
run before its session has a kernel is dropped without a word, so `Notebook` waits for the kernel itself.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Browser, ConsoleMessage, Locator, expect, sync_playwright

ROOT = Path(__file__).parents[1]
ARTIFACTS = ROOT / "artifacts"
BOOT_SECONDS = 90
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS = {
    # The offer of news covers the page, and asks a server elsewhere.
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # Otherwise cells outside the view are not in the page.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
OPTIONS = [
    "--no-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--LabApp.expose_app_in_browser=True",
    "--JupyterNotebookApp.expose_app_in_browser=True",
]
HOSTS = {"lab": "lab/tree", "notebook": "notebooks"}
"""Where one and the same server shows a notebook in JupyterLab, and in Notebook 7."""
KERNEL_READY = """async (path) => {
  const app = window.jupyterapp;
  if (!app) return false;
  await app.restored;
  const panel = [...app.shell.widgets('main')].find(widget => widget.context?.path === path);
  if (!panel) return false;
  await panel.context.ready;
  await panel.sessionContext.ready;
  const kernel = panel.sessionContext.session?.kernel;
  return kernel?.connectionStatus === 'connected' && kernel?.status === 'idle';
}"""
COMMAND = "([name, options]) => window.jupyterapp.commands.execute(name, options).then(() => null)"

# Playwright's own five seconds are few where two processors draw, serve and show at once.
expect.set_options(timeout=30_000)


def find_browser() -> str:
    """Return the browser's path; a missing one is a failure, never a skip."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import install_browser
    finally:
        sys.path.pop(0)
    path = install_browser.find_browser()
    assert path, "No Chromium: run `python scripts/install_browser.py`"
    return str(path)


@contextmanager
def browse() -> Iterator[Browser]:
    """Start Chromium without a window."""
    path = find_browser()
    # Chromium's own sandbox refuses to work for root, which CI often is.
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    flags = [*FLAGS, *(["--no-sandbox"] if root else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A JupyterLab that serves `folder` at `url` to whoever has the token."""

    url: str
    token: str
    folder: Path

    def ask(self, path: str, method: str = "GET") -> Any:
        """Return what the server's own API answers."""
        question = urllib.request.Request(
            f"{self.url}{path}", method=method, headers={"Authorization": f"token {self.token}"}
        )
        with urllib.request.urlopen(question, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None


@contextmanager
def serve_lab(home: Path, environment: dict[str, str]) -> Iterator[Lab]:
    """Serve a JupyterLab whose settings, kernels and notebooks live in `home`."""
    settings = Path(environment["JUPYTER_CONFIG_DIR"], "labconfig", "default_setting_overrides.json")
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(SETTINGS), encoding="utf-8")
    folder = home / "notebooks"
    folder.mkdir()
    token = secrets.token_hex(8)
    places = {
        "JUPYTERLAB_SETTINGS_DIR": home / "lab-settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "lab-workspaces",
    }
    foreign = ("OPENAI_", "AZURE_", "DALLE_NB_", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    clean |= (
        environment | {name: str(place) for name, place in places.items()} | {"JUPYTER_PREFER_ENV_PATH": "1"}
    )
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--allow-root",
        *OPTIONS,
        f"--IdentityProvider.token={token}",
    ]
    with (home / "lab.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, f"--ServerApp.root_dir={folder}"],
            env=clean,
            cwd=home,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            url = _await_url(server, Path(environment["JUPYTER_RUNTIME_DIR"]), home / "lab.log")
            yield Lab(url=url, token=token, folder=folder)
        finally:
            server.terminate()
            server.wait(20)


def _await_url(server: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Return where the server listens, once it answers: it writes that into a file named by its process."""
    facts = runtime / f"jpserver-{server.pid}.json"
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            return str(json.loads(facts.read_text(encoding="utf-8"))["url"]).rstrip("/")
        except (OSError, ValueError):
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


class Notebook:
    """A notebook open in JupyterLab, used as a person would: cells are run, and the page is looked at.

    `complaints` are the errors in the browser's console, `strangers` the addresses asked for elsewhere.
    """

    def __init__(self, lab: Lab, browser: Browser, name: str) -> None:
        self.lab, self.name = lab, name
        self.path = lab.folder / f"{name}.ipynb"
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self.page = browser.new_page(viewport={"width": 1280, "height": 800})
        self.page.on("console", self._note_complaint)
        self.page.on("pageerror", lambda error: self.complaints.append(error.stack or str(error)))
        self.page.on("request", lambda asked: self._note_stranger(asked.url))

    def open(self, *cells: str, host: str = "lab") -> None:
        """Open the page on a notebook of these code cells, and wait until its kernel can take one."""
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, self.path)
        self.page.goto(f"{self.lab.url}/{HOSTS[host]}/{self.path.name}?reset&token={self.lab.token}")
        self.await_kernel()
        if host == "lab":
            self.wear(LIGHT)

    def await_kernel(self) -> None:
        """Wait until the kernel can take a cell."""
        deadline = time.monotonic() + BOOT_SECONDS
        while not self.page.evaluate(KERNEL_READY, self.path.name):
            assert time.monotonic() < deadline, "the notebook's kernel did not get ready"
            self.page.wait_for_timeout(100)

    def wear(self, theme: str) -> None:
        """Change the theme and wait until it is on."""
        self.command("apputils:change-theme", theme=theme)
        self.page.locator(f"body[data-jp-theme-name='{theme}']").wait_for(state="attached")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def run(self, index: int) -> Locator:
        """Run one cell, wait until it is done, and return its output area."""
        self.cell(index).locator(".cm-content").click()
        self.command("notebook:run-cell")
        return self.output(index)

    def cell(self, index: int) -> Locator:
        """Return a code cell, counted from 0."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell").nth(index)

    def output(self, index: int) -> Locator:
        """Return what is shown under a code cell."""
        return self.cell(index).locator(".jp-OutputArea-output")

    def command(self, name: str, **options: Any) -> None:
        """Give JupyterLab a command by its name, and wait until it is carried out."""
        self.page.evaluate(COMMAND, [name, options])

    def screenshot(self, name: str) -> Path:
        """Keep what the page looks like now among the artefacts, for people to look at."""
        ARTIFACTS.mkdir(exist_ok=True)
        path = ARTIFACTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def saved(self) -> nbformat.NotebookNode:
        """Save the notebook and return what stands in the file."""
        self.command("docmanager:save")
        book: nbformat.NotebookNode = nbformat.read(self.path, as_version=4)
        return book

    def close(self) -> None:
        """Close the page and end its kernel."""
        self.page.close()
        for kernel in self.lab.ask("/api/kernels"):
            self.lab.ask(f"/api/kernels/{kernel['id']}", "DELETE")

    def _note_complaint(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    def _note_stranger(self, address: str) -> None:
        if not address.startswith((self.lab.url, "data:", "blob:")):
            self.strangers.append(address)


class App(Notebook):
    """A notebook as Voilà shows it on the same server: all of it run at once, and nothing but its outputs."""

    def show(self, file: Path) -> None:
        """Open the page on a copy of a notebook."""
        shutil.copy(file, self.lab.folder)
        self.page.goto(f"{self.lab.url}/voila/render/{file.name}?token={self.lab.token}")

    def cell(self, index: int) -> Locator:
        """Return the page: outputs are not told apart by their cells."""
        return self.page.locator("body")
