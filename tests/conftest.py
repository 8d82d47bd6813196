"""What every test stands on: a home of its own, a real IPython shell, a real kernel, a real browser.

Nothing of ours is replaced by a stand-in; what differs from a user's machine is only where things are kept.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from hypothesis import HealthCheck, settings
from lab import Lab, Notebook, browse, serve_lab

# Chance decides how fast a machine finds examples, and ours may be busy.
settings.register_profile("ours", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ours")

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell
    from playwright.sync_api import Browser

FOREIGN = ("OPENAI_", "AZURE_", "DALLE_NB_", "XDG_", "JUPYTER_", "COLAB_", "BINDER_")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Move home, configuration and store into the test's own folder, and take every key away; give the store's."""
    for name in list(os.environ):
        if name.startswith(FOREIGN) and name != "DALLE_NB_BROWSER":
            monkeypatch.delenv(name)
    for name, folder in own_environment(tmp_path).items():
        monkeypatch.setenv(name, folder)
    desk = tmp_path / "desk"
    desk.mkdir()
    monkeypatch.chdir(desk)
    forget_shell()
    yield tmp_path / "pictures"
    if workshop := sys.modules.get("dalle_nb._generator"):
        workshop.default_generator.cache_clear()
    if serving := sys.modules.get("serving"):
        serving.hang_up()


def forget_shell() -> None:
    """Take away a shell that another test's libraries have left: what is said goes under its cells otherwise."""
    room = sys.modules.get("IPython.core.interactiveshell")
    if room and room.InteractiveShell.initialized():
        type(room.InteractiveShell.instance()).clear_instance()


def own_environment(folder: Path) -> dict[str, str]:
    """Return the environment that keeps a user's own files inside the folder."""
    places = {
        "HOME": "home",
        "USERPROFILE": "home",
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "jupyter/config",
        "JUPYTER_DATA_DIR": "jupyter/data",
        "JUPYTER_RUNTIME_DIR": "jupyter/run",
        "DALLE_NB_HOME": "pictures",
    }
    for place in places.values():
        (folder / place).mkdir(parents=True, exist_ok=True)
    # debugpy warns on standard error of every kernel about frozen modules, which nobody debugs here.
    return {name: str(folder / place) for name, place in places.items()} | {
        "PYDEVD_DISABLE_FILE_VALIDATION": "1"
    }


@pytest.fixture
def bare_shell() -> Iterator[InteractiveShell]:
    """Start a fresh IPython shell, as `get_ipython()` will find it, without the extension."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    yield shell
    shell.atexit_operations()
    atexit.unregister(shell.atexit_operations)
    shell.restore_sys_module_state()
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(bare_shell: InteractiveShell) -> InteractiveShell:
    """Start a fresh IPython shell with `%load_ext dalle_nb` done."""
    bare_shell.run_line_magic("load_ext", "dalle_nb")
    return bare_shell


class Kernel:
    """A real kernel, and cells run in it one after the other, as a front end without a screen does."""

    def __init__(self) -> None:
        from nbclient import NotebookClient

        self.notebook = nbformat.v4.new_notebook()
        self.client = NotebookClient(self.notebook, timeout=120)

    def run(self, source: str) -> list[nbformat.NotebookNode]:
        """Run a cell and return its outputs, updates done; an error raises nbclient's CellExecutionError."""
        cell = nbformat.v4.new_code_cell(source)
        self.notebook.cells.append(cell)
        self.client.execute_cell(cell, len(self.notebook.cells) - 1)
        return cell.outputs


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """Start a real kernel in the test's own home."""
    kernel = Kernel()
    with kernel.client.setup_kernel():
        yield kernel


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium; a module's tests share it, and a missing one fails them."""
    with browse() as browser:
        yield browser


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Serve a JupyterLab on loopback with a home of its own; a module's tests share it."""
    folder = tmp_path_factory.mktemp("lab")
    with serve_lab(folder, own_environment(folder)) as lab:
        yield lab


@pytest.fixture
def notebook(lab: Lab, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Notebook]:
    """Open a new notebook in JupyterLab; the page must neither complain nor call anyone else."""
    notebook = Notebook(lab, browser, name=request.node.name)
    yield notebook
    notebook.close()
    assert notebook.complaints == []
    assert notebook.strangers == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.stats.get("skipped"):
        terminalreporter.write_line(
            "A skipped test is a failed one here: what it guards was not looked at.", red=True
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
