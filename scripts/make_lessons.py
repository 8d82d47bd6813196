"""Build the lessons: one source, two languages, executed.

`notebooks/source/NN-name.md` is MyST Markdown: prose in both languages, the code once. A piece of prose is

    <!-- en -->
    What is said in English.
    <!-- zh -->
    同样的话,用中文说。

and becomes a cell of `notebooks/en/NN-name.ipynb` and of `notebooks/zh/NN-name.ipynb`; a ``{code-cell}``
stands in both, and differs only in the word that `LANGUAGE` stands for.
`PRICE` in the prose is what the whole lesson would cost on the real API, counted when it is executed.

A code cell tagged `solution` is folded away. `make outputs` makes all lessons, `make outputs LESSONS="03 08"` these.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
LANGUAGES = ("en", "zh")
MARK = re.compile(r"^<!-- (en|zh) -->\n", re.MULTILINE)
CELL_SECONDS = 300
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


class LessonError(Exception):
    """A source that does not say everything in both languages."""


def sources() -> list[Path]:
    """Return the sources, first lesson first."""
    return sorted((NOTEBOOKS / "source").glob("*.md"))


def lesson_of(source: Path, language: str) -> Path:
    """Return where the notebook of a source stands."""
    return NOTEBOOKS / language / f"{source.stem}.ipynb"


def build(source: Path, language: str, price: str) -> nbformat.NotebookNode:
    """Return the notebook of a source in one language, without outputs.

    Raises:
        LessonError: a piece of prose is missing in a language.
    """
    text = source.read_text(encoding="utf-8").replace("LANGUAGE", language).replace("PRICE", price)
    read = jupytext.reads(text, fmt="md:myst")
    cells = [cell for part in read.cells for cell in _cells(part, language, source)]
    for number, cell in enumerate(cells):
        cell["id"] = f"{source.stem[:2]}-{number:02}"
    metadata = {
        "kernelspec": KERNEL,
        "dalle_nb": {"lesson": source.stem, "language": language, "price": price},
    }
    book: nbformat.NotebookNode = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    return book


def _cells(read: nbformat.NotebookNode, language: str, source: Path) -> list[nbformat.NotebookNode]:
    if read.cell_type == "code":
        return [_code(read)]
    before, *parts = MARK.split(read.source + "\n")
    said = dict(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))
    if before.strip() or len(parts) != 4 or not all(said.values()) or set(said) != set(LANGUAGES):
        raise LessonError(f"{source.name}: say it once in each language: {read.source[:80]!r}")
    return [nbformat.v4.new_markdown_cell(said[language])]


def _code(read: nbformat.NotebookNode) -> nbformat.NotebookNode:
    tags = read.metadata.get("tags", [])
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    if "solution" in tags:
        metadata["jupyter"] = {"source_hidden": True}
    cell: nbformat.NotebookNode = nbformat.v4.new_code_cell(read.source, metadata=metadata)
    return cell


def execute(book: nbformat.NotebookNode, folder: Path) -> str:
    """Run the notebook in a home of its own, and return what its Runs would cost on the real API."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["DALLE_NB_HOME"] = home
        here = {"metadata": {"path": str(folder)}}
        client = NotebookClient(book, resources=here, timeout=CELL_SECONDS, kernel_name="python3")
        client.store_widget_state = client.record_timing = False
        client.execute()
        return price_of_runs(Path(home))


def price_of_runs(home: Path) -> str:
    """Return the price of all that a history holds, had OpenAI's default model drawn it."""
    from dalle_nb._catalog import load_catalog
    from dalle_nb._money import dollars
    from dalle_nb._rules import check
    from dalle_nb._store import Store

    catalog, today, dear = load_catalog(), datetime.now(UTC).date(), 0
    for run in Store.open(home).newest(10_000):
        request = replace(run.request, model=None)
        plan = check(
            request, catalog, catalog.servers["openai"], today=today, optional=frozenset(request.options)
        )
        dear += plan.estimate.high if plan.estimate else 0
    return dollars(dear)


def main(wanted: list[str]) -> None:
    """Build, execute and save the lessons whose numbers are named, or all."""
    for source in sources():
        if wanted and source.stem[:2] not in wanted:
            continue
        for language in LANGUAGES:
            path = lesson_of(source, language)
            path.parent.mkdir(exist_ok=True)
            book = build(source, language, "PRICE")
            price = execute(book, path.parent)
            book.metadata["dalle_nb"]["price"] = price
            for cell in book.cells:
                cell.source = cell.source.replace("PRICE", price)
            nbformat.write(book, path)
            print(f"{path.relative_to(NOTEBOOKS)}  {path.stat().st_size // 1024} kB  {price}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
