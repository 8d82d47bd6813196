"""The lessons, run as people run them: without a screen, in a browser, from Binder's environment, and with a fault planted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from lab import ROOT, Lab, Notebook
from playwright.sync_api import expect

LESSON = ROOT / "notebooks" / "en" / "01-first-picture.ipynb"
WRONG_COLOURS = """
import dalle_nb.backends.offline.encode as room
right = room.encode
def wrong(image, *rest, **more):
    from PIL import Image
    return right(Image.merge(image.mode, image.split()[::-1]), *rest, **more)
room.encode = wrong
"""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_lesson_runs_without_a_screen(language: str, tmp_path: Path) -> None:
    """nbconvert runs a lesson from top to bottom, as a class server does, and pictures come of it."""
    lesson = ROOT / "notebooks" / language / "03-parameters.ipynb"
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "--output-dir",
        tmp_path,
        lesson,
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    cells = nbformat.read(tmp_path / lesson.name, as_version=4).cells
    kinds = [kind for cell in cells for output in cell.get("outputs", []) for kind in output.get("data", {})]
    assert kinds.count("image/jpeg") >= 5


def test_a_lesson_runs_in_a_browser(lab: Lab, notebook: Notebook) -> None:
    """A learner opens the first lesson in JupyterLab, runs all of it, and passes its check."""
    cells = nbformat.read(LESSON, as_version=4).cells
    notebook.open(*(cell.source for cell in cells if cell.cell_type == "code"))
    notebook.command("notebook:run-all-cells")
    page = notebook.page
    expect(page.get_by_text("✅").last).to_be_visible(timeout=120_000)
    expect(page.locator(".jp-OutputArea-output img")).not_to_have_count(0)
    expect(
        page.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")
    ).to_have_count(0)
    notebook.screenshot("lesson-in-jupyterlab")


def test_a_fault_in_the_product_fails_a_lesson(tmp_path: Path) -> None:
    """A painter that swaps red and blue is caught by the lessons: what they check is the picture itself."""
    startup = Path(os.environ["IPYTHONDIR"], "profile_default", "startup")
    startup.mkdir(parents=True)
    (startup / "00-fault.py").write_text(WRONG_COLOURS, encoding="utf-8")
    lesson = Path(shutil.copy(LESSON, tmp_path / LESSON.name))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "dalle_nb._nbval", "--nbval"]
    command += ["--nbval-current-env", "--rootdir", tmp_path, lesson]
    found = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert 1 == found.returncode
    assert "picture" in found.stdout


def test_binder_s_environment_runs_the_first_lesson(tmp_path: Path) -> None:
    """What Binder installs, into an environment that has nothing, runs the first lesson."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=120)
    python = venv / "bin" / "python"
    # Binder's own image brings Jupyter.
    install = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "-r",
        "binder/requirements.txt",
        "nbconvert",
        "ipykernel",
    ]
    subprocess.run(install, cwd=ROOT, check=True, timeout=500)
    command = [python, "-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", tmp_path, LESSON]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    assert "✅" in (tmp_path / LESSON.name).read_text(encoding="utf-8")
