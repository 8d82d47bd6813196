"""Run the first lesson without a key or a screen, and write a page that shows what it drew.

The pictures go into a history of the demo's own, beside the page; a second demo begins anew.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

LESSON = Path(__file__).parents[1] / "notebooks" / "en" / "01-first-picture.ipynb"
CELL_SECONDS = 120


def run_lesson(lesson: Path, home: Path) -> nbformat.NotebookNode:
    """Return the lesson with the outputs it has when it is run now, its pictures kept in `home`."""
    os.environ["DALLE_NB_HOME"] = str(home)
    book = nbformat.read(lesson, as_version=4)
    here = {"metadata": {"path": str(lesson.parent)}}
    return NotebookClient(book, resources=here, timeout=CELL_SECONDS, kernel_name="python3").execute()


def page_of(book: nbformat.NotebookNode, title: str) -> str:
    """Return the notebook as an HTML page that asks nobody for anything: its scripts are left out."""
    page, _ = HTMLExporter().from_notebook_node(book, resources={"metadata": {"name": title}})
    return re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)


def main(folder: Path) -> None:
    """Run the lesson into the folder and say where its page and its pictures are."""
    shutil.rmtree(folder, ignore_errors=True)
    home = folder / "pictures"
    home.mkdir(parents=True)
    print("Drawing the first lesson's pictures offline …", flush=True)
    book = run_lesson(LESSON, home)
    nbformat.write(book, folder / LESSON.name)
    page = folder / "first-picture.html"
    page.write_text(page_of(book, "The first picture"), encoding="utf-8")
    print(f"Open the page:    {page.as_uri()}\nThe pictures are: {home}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
