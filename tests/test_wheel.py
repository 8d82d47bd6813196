"""What is released: wheel and sdist, built, checked, and used in a clean environment that has nothing else of ours."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import nbformat
import pytest
from lab import ROOT

QUICKSTART = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "dalle_nb")
run = shell.run_cell_magic("dalle", "--backend offline", "一只穿着宇航服的猫咪,站在月球表面")
import dalle_nb as dn
print(run.image.size, len(dn.history), dn.__file__)
"""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the sdist, and from it the wheel, as a release is built."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


def test_a_release_is_fit_for_the_index(release: tuple[Path, Path]) -> None:
    """Wheel and sdist pass twine's check; the wheel stays under three megabytes, the painter's part of it under two."""
    command = [sys.executable, "-m", "twine", "check", "--strict", *release]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    wheel, _ = release
    assert wheel.stat().st_size < 3_000_000
    with zipfile.ZipFile(wheel) as packed:
        art = [file.compress_size for file in packed.infolist() if "/offline/" in file.filename]
    assert len(art) > 1000
    assert sum(art) < 2_000_000


def test_a_release_holds_what_is_needed_and_no_more(release: tuple[Path, Path]) -> None:
    """The wheel has every file of the package and the lessons, bare; the sdist no artefacts."""
    wheel, sdist = release
    package = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "dalle_nb").rglob("*.*")
        if "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.startswith("dalle_nb/")}
        lessons = {name for name in names if name.endswith(".ipynb")}
        assert names - lessons == package
        assert {
            f"dalle_nb/lessons/{path.parent.name}/{path.name}" for path in ROOT.glob("notebooks/??/*.ipynb")
        } == lessons
        for name in lessons:
            book = nbformat.reads(archive.read(name).decode("utf-8"), as_version=4)
            assert not any(cell.get("outputs") for cell in book.cells)
    with tarfile.open(sdist) as archive:
        assert not any("artifacts" in name or ".venv" in name for name in archive.getnames())


def test_the_quickstart_runs_from_the_wheel_alone(release: tuple[Path, Path], tmp_path: Path) -> None:
    """A clean environment with the wheel and what it asks for draws, keeps, and hands out the lessons."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, timeout=120)
    bin_folder = venv / "bin"
    install = [bin_folder / "python", "-m", "pip", "install", "--quiet", release[0]]
    subprocess.run(install, check=True, timeout=500)
    said = subprocess.run(
        [bin_folder / "python", "-c", QUICKSTART], check=True, capture_output=True, text=True, timeout=120
    ).stdout.splitlines()[-1]
    assert said.startswith("(1024, 1024) 1 ")
    assert str(venv) in said
    copied = subprocess.run(
        [bin_folder / "dalle-nb", "tutorials", "--lang", "zh", "课程"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert sorted(path.name for path in Path("课程").iterdir()) == sorted(
        path.name for path in (ROOT / "notebooks" / "zh").glob("*.ipynb")
    )
    assert "jupyter lab 课程" in copied.stdout
