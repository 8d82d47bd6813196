"""The lessons: one source in two languages, executed, small, free, and read by whoever cannot see the pictures."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
import pytest
from lab import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
try:
    import make_lessons
finally:
    sys.path.pop(0)

SOURCES = make_lessons.sources()
LESSONS = [make_lessons.lesson_of(source, language) for source in SOURCES for language in ("en", "zh")]
each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: f"{path.parent.name}-{path.stem}")


def outputs_of(lesson: Path) -> list[nbformat.NotebookNode]:
    cells = nbformat.read(lesson, as_version=4).cells
    return [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]


def test_every_lesson_has_a_source() -> None:
    """No notebook is edited by hand: each lesson of either language comes from a source."""
    assert set(LESSONS) == {*ROOT.glob("notebooks/en/*.ipynb"), *ROOT.glob("notebooks/zh/*.ipynb")}


@each_source
def test_both_languages_say_what_the_source_says(source: Path) -> None:
    """The notebooks are those of the source: the same code in both languages, all prose in each."""
    codes = []
    for language in make_lessons.LANGUAGES:
        lesson = nbformat.read(make_lessons.lesson_of(source, language), as_version=4)
        price = lesson.metadata.dalle_nb.price
        built = make_lessons.build(source, language, price)
        told = [(cell.cell_type, cell.source, cell.metadata) for cell in lesson.cells]
        assert told == [(cell.cell_type, cell.source, cell.metadata) for cell in built.cells]
        codes.append([cell.source for cell in lesson.cells if cell.cell_type == "code"])
        assert re.search(r"[\u4e00-\u9fff]", lesson.cells[0].source) is None or language == "zh"
    english, chinese = codes
    assert english == [code.replace('language="zh"', 'language="en"') for code in chinese]


@pytest.mark.parametrize(
    "text",
    [
        "Only this.\n",
        "<!-- en -->\nOne.\n",
        "<!-- en -->\nOne.\n<!-- zh -->\n",
        "<!-- en -->\nOne.\n<!-- en -->\nTwo.\n",
        "Before.\n<!-- en -->\nOne.\n<!-- zh -->\n一。\n",
    ],
    ids=["unmarked", "one", "empty", "twice", "before"],
)
def test_a_missing_translation_stops_the_making(tmp_path: Path, text: str) -> None:
    """Prose that is not said once in each language makes no notebook."""
    source = tmp_path / "01-short.md"
    source.write_text(text, encoding="utf-8")
    with pytest.raises(make_lessons.LessonError, match="in each language"):
        make_lessons.build(source, "en", "$0")


@each_lesson
def test_a_lesson_is_committed_as_it_runs(lesson: Path) -> None:
    """Every code cell was executed, in order, an error only where one is taught, and no output names a machine."""
    book = nbformat.read(lesson, as_version=4)
    nbformat.validate(book)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in cell.metadata.get("tags", []))
    assert not re.search(r"(/tmp|/home|/root|/work|/Users)/", str([cell.outputs for cell in cells]))


@each_lesson
def test_a_lesson_never_spends(lesson: Path) -> None:
    """A lesson asks for the offline painter before it draws, so that running it is free whatever key is set."""
    code = [cell.source for cell in nbformat.read(lesson, as_version=4).cells if cell.cell_type == "code"]
    pinned = next(n for n, source in enumerate(code) if 'configure(backend="offline"' in source)
    drawing = re.compile(r"^%%?dalle(_batch|_sweep)?\b|\b(generate|batch|sweep|edit|vary)\(", re.MULTILINE)
    assert not any(drawing.search(source) for source in code[:pinned])


@each_lesson
def test_every_picture_of_a_lesson_has_alt_text(lesson: Path) -> None:
    """Whoever cannot see a lesson's picture is told what it shows, and its notebook stays small."""
    outputs = outputs_of(lesson)
    pictures = [(kind, out) for out in outputs for kind in out.get("data", {}) if kind.startswith("image/")]
    assert pictures
    assert all(output.metadata[kind].get("alt") for kind, output in pictures)
    assert lesson.stat().st_size < 1_500_000
