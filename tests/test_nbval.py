"""The check of notebooks, tried with planted changes: what must fail fails, what must pass passes."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import nbformat
import numpy as np
import pytest
from conftest import own_environment
from nbformat import NotebookNode
from PIL import Image, ImageDraw, ImageFilter

from dalle_nb._thumbnails import Thumbnail

PAINTER = '''
import base64, io, time
from PIL import Image, ImageDraw, ImageFilter
from IPython.display import display, update_display
from dalle_nb._thumbnails import contact_sheet, fingerprint

def paint():
    """Paint a sky with a sun and some hills, shaded and sharp-edged like the offline painter's."""
    image = Image.merge("RGB", [Image.linear_gradient("L").rotate(turn).resize((384, 256)) for turn in (0, 90, 180)])
    brush = ImageDraw.Draw(image)
    brush.ellipse((60, 40, 140, 120), fill=(250, 210, 60))
    for x in range(0, 384, 24):
        brush.polygon([(x, 256), (x + 20, 150 + x // 8), (x + 60, 256)], fill=(x // 2, 90, 60), outline=(20, 20, 40))
    return image.filter(ImageFilter.SMOOTH)

def see_through():
    """Paint on nothing: half of the picture is transparent."""
    image = paint().convert("RGBA")
    image.paste((0, 0, 0, 0), (192, 0, 384, 256))
    return image

def data_of(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()

def marked(image):
    return f"<Picture 384x256 fingerprint {fingerprint(data_of(image))}: hills>"

def sheet(run, second=None):
    """Lay two pictures on a sheet, under labels that name the Run."""
    return contact_sheet([(f"{run}/1", data_of(paint())), (f"{run}/2", data_of(second or paint()))])

def bundle(image, text="<Run #1>", **options):
    kind = "image/png" if image.mode == "RGBA" else "image/jpeg"
    file = io.BytesIO()
    image.save(file, kind.removeprefix("image/"), **options)
    return {kind: file.getvalue(), "text/plain": text}

def show_sheet(run):
    display({"image/jpeg": sheet(run).data, "text/plain": "<Run #1>"}, raw=True)

def page(image):
    """Return a page of the history: the picture small, inside HTML, and when it was asked for."""
    source = base64.b64encode(data_of(image.resize((96, 64)))).decode()
    return f'<img src="data:image/png;base64,{source}"> {time.strftime("%Y-%m-%d %H:%M")}'

def show_page(image):
    display({"text/html": page(image), "text/plain": "1 to 1 of 1"}, raw=True)

def show(*arguments, **options):
    display(bundle(*arguments, **options), raw=True)
'''
# The same painter here and in the kernel: what is stored is made by this one, what is drawn by that one.
painter: dict[str, Any] = {}
exec(PAINTER, painter)
paint, see_through, sheet, marked, page = (
    painter[name] for name in ("paint", "see_through", "sheet", "marked", "page")
)


class Page(str):
    """HTML that a cell has shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A cell's source and the outputs stored for it, and whether that passes."""

    passes: bool
    source: str = "show(paint())"
    stored: tuple[Image.Image | Thumbnail | str, ...]
    kind: str = "jpeg"
    quality: int = 75
    executed: bool = True
    text: str = "<Run #1>"

    def cell(self, count: int) -> NotebookNode:
        """Return the code cell as a saved notebook has it."""
        outputs = [
            nbformat.v4.new_output("display_data", data, metadata=metadata)
            for data, metadata in map(self._bundle, self.stored)
        ]
        number = count if self.executed else None
        cell: NotebookNode = nbformat.v4.new_code_cell(self.source, outputs=outputs, execution_count=number)
        return cell

    def _bundle(self, picture: Image.Image | Thumbnail | str) -> tuple[dict[str, str], dict[str, Any]]:
        if isinstance(picture, Page):
            return {"text/html": picture, "text/plain": "1 to 1 of 1"}, {}
        if isinstance(picture, str):
            return {"text/plain": picture}, {}
        if isinstance(picture, Thumbnail):
            labels = {"labels": [list(box) for box in picture.labels]}
            return self._data("jpeg", picture.data), {"image/jpeg": labels}
        kind = "png" if picture.mode == "RGBA" else self.kind
        file = io.BytesIO()
        picture.save(file, kind, quality=self.quality)
        return self._data(kind, file.getvalue()), {}

    def _data(self, kind: str, data: bytes) -> dict[str, str]:
        return {f"image/{kind}": base64.b64encode(data).decode(), "text/plain": self.text}


def shifted(*levels: int) -> Image.Image:
    """Return the picture with so many levels added to its channels."""
    return Image.fromarray(np.clip(np.asarray(paint()).astype(int) + levels, 0, 255).astype(np.uint8))


def grained() -> Image.Image:
    """Return the picture with every value changed by up to two levels."""
    change = np.random.default_rng(1).integers(-2, 3, (256, 384, 3))
    return Image.fromarray(np.clip(np.asarray(paint()).astype(int) + change, 0, 255).astype(np.uint8))


def dotted() -> Image.Image:
    """Return the picture with one small thing more in it."""
    image = paint()
    ImageDraw.Draw(image).ellipse((300, 60, 312, 72), fill="white")
    return image


def on_white() -> Image.Image:
    """Return the transparent picture as it looks on white, its transparency lost."""
    image = see_through()
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


CASES = {
    "the same picture": Case(passes=True, stored=(paint(),)),
    "a coarser JPEG": Case(passes=True, stored=(paint(),), quality=70),
    "a finer JPEG": Case(passes=True, stored=(paint(),), quality=92),
    "kept as PNG": Case(passes=True, stored=(paint(),), kind="png"),
    "two levels brighter": Case(passes=True, stored=(shifted(2, 2, 2),), kind="png"),
    "two levels darker, coarser": Case(passes=True, stored=(shifted(-2, -2, -2),), quality=70),
    "a grain of two levels": Case(passes=True, stored=(grained(),), kind="png"),
    "the same transparent picture": Case(passes=True, source="show(see_through())", stored=(see_through(),)),
    "another id": Case(passes=True, stored=(paint(),), text="<Run #4711>"),
    "another time and cost": Case(
        passes=True, source="show(paint(), '#3 · 1.2 s · $0.04')", stored=(paint(),), text="#12 · 0.31 s · $0"
    ),
    "a fingerprint of two levels more": Case(
        passes=True,
        source="show(paint(), marked(paint()))",
        stored=(shifted(2, 2, 2),),
        text=marked(shifted(2, 2, 2)),
    ),
    "an update in place": Case(
        passes=True,
        source="""
handle = display(bundle(paint().filter(ImageFilter.GaussianBlur(9)), "<Run …>"), raw=True, display_id=True)
update_display(bundle(paint()), raw=True, display_id=handle.display_id)""",
        stored=(paint(),),
    ),
    "two pictures": Case(
        passes=True, source="show(paint()); show(paint().rotate(180))", stored=(paint(), paint().rotate(180))
    ),
    "a sheet labelled with another id": Case(passes=True, source="show_sheet(1)", stored=(sheet(4711),)),
    "the same picture inside HTML, at another time": Case(
        passes=True, source="show_page(paint())", stored=(Page(page(shifted(2, 2, 2)).replace(" 20", " 19")),)
    ),
    "another picture inside HTML": Case(
        passes=False, source="show_page(paint())", stored=(Page(page(paint().rotate(180))),)
    ),
    "no picture inside HTML": Case(passes=False, source="show_page(paint())", stored=(Page(""),)),
    "another picture": Case(passes=False, stored=(paint().transpose(Image.Transpose.FLIP_LEFT_RIGHT),)),
    "a blurred picture": Case(passes=False, stored=(paint().filter(ImageFilter.GaussianBlur(6)),)),
    "no picture stored": Case(passes=False, stored=("<Run #1>",)),
    "no picture drawn": Case(
        passes=False, source="display({'text/plain': '<Run #1>'}, raw=True)", stored=(paint(),)
    ),
    "one picture of two": Case(passes=False, source="show(paint())", stored=(paint(), paint())),
    "two pictures the wrong way round": Case(
        passes=False, source="show(paint()); show(paint().rotate(180))", stored=(paint().rotate(180), paint())
    ),
    "an update that goes wrong": Case(
        passes=False,
        source="""
handle = display(bundle(paint()), raw=True, display_id=True)
update_display(bundle(paint().rotate(180)), raw=True, display_id=handle.display_id)""",
        stored=(paint(),),
    ),
    "a sheet whose second picture differs": Case(
        passes=False, source="show_sheet(1)", stored=(sheet(1, paint().rotate(180)),)
    ),
    "red for blue": Case(passes=False, stored=(Image.merge("RGB", paint().split()[::-1]),)),
    "without colour": Case(passes=False, stored=(paint().convert("L").convert("RGB"),)),
    "a faint warm cast": Case(passes=False, stored=(shifted(5, 0, -5),)),
    "a faint brightening": Case(passes=False, stored=(shifted(6, 6, 6),)),
    "a small thing more": Case(passes=False, stored=(dotted(),)),
    "another size": Case(passes=False, stored=(paint().resize((383, 256)),)),
    "transparency lost": Case(passes=False, source="show(see_through())", stored=(on_white(),)),
    "other words": Case(passes=False, stored=(paint(),), text="<Run #1, refused>"),
    "a fingerprint of another picture": Case(
        passes=False,
        source="show(paint(), marked(paint().rotate(180)))",
        stored=(paint(),),
        text=marked(paint()),
    ),
    "never executed": Case(passes=False, stored=(), executed=False),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ET.Element]:
    """Check one notebook with a cell for each case, as a teacher would; return what was found, by case."""
    folder = tmp_path_factory.mktemp("nbval")
    painter_cell = nbformat.v4.new_code_cell(PAINTER, execution_count=1)
    cells = [case.cell(count) for count, case in enumerate(CASES.values(), 2)]
    book = nbformat.v4.new_notebook(cells=[painter_cell, *cells])
    report = _check(book, folder)
    found = list(report.iter("testcase"))
    assert len(found) == 1 + len(CASES)
    return dict(zip(CASES, found[1:], strict=True))


def _check(book: NotebookNode, folder: Path) -> ET.Element:
    nbformat.write(book, folder / "lesson.ipynb")
    command = [sys.executable, "-m", "pytest", "-p", "dalle_nb._nbval", "--nbval", "--nbval-current-env"]
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    checked = subprocess.run(
        [*command, "--junitxml", "report.xml", "lesson.ipynb"],
        cwd=folder,
        env={"PATH": "", **own_environment(folder)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert checked.returncode == pytest.ExitCode.TESTS_FAILED, checked
    return ET.parse(folder / "report.xml").getroot()


def _failures(testcase: ET.Element) -> Iterator[str]:
    return (str(child.text) for child in testcase if child.tag in {"failure", "error"})


@pytest.mark.parametrize("name", CASES)
def test_a_cell_passes_when_its_pictures_are_the_same_to_the_eye_and_fails_otherwise(
    outcomes: dict[str, ET.Element], name: str
) -> None:
    """A missing, different or recoloured picture fails; another encoder or two levels of difference pass."""
    assert CASES[name].passes is not any(True for _ in _failures(outcomes[name])), list(
        _failures(outcomes[name])
    )


def test_a_failure_says_which_picture_and_how_far_it_is_off(outcomes: dict[str, ET.Element]) -> None:
    """Whoever reads the report learns which picture of the cell differs, and by how much."""
    (words,) = _failures(outcomes["two pictures the wrong way round"])
    assert "picture 1: colours differ by up to" in words
    (words,) = _failures(outcomes["another size"])
    assert "picture 1: 383x256 pixels were stored, 384x256 drawn" in words
