"""Documents cannot lie: what README, Makefile, CI, binder and the lessons say is compared with what is there."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import pytest
import yaml
from conftest import own_environment
from lab import ROOT, serve_lab
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import dalle_nb
from dalle_nb._options import OPTIONS, Option

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]


def test_ci_runs_the_commands_that_the_readme_gives() -> None:
    """A person on a fresh clone and CI do the same: each command that CI gives stands in the README."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    given = re.findall(r"^make .*$", script, re.MULTILINE)
    assert given == ["make test", "make demo"]
    assert all(re.search(rf"^{command}\b", README, re.MULTILINE) for command in given)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_a_document_names_exists(document: str) -> None:
    """Nobody is sent to a make target that is not there."""
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"^make ([a-z ]+)", text, re.MULTILINE) + re.findall(r"`make ([a-z ]+)`", text)
    assert TARGETS >= {target for words in named for target in words.split()}


def test_make_help_tells_of_every_target_for_people() -> None:
    """`make help` lists the two main commands and every other target that carries a description."""
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE)) == set(
        re.findall(r"^make (\S+)", told, re.MULTILINE)
    )
    assert {"demo", "test", "lab", "bench"} <= TARGETS


def test_the_readme_tells_every_option() -> None:
    """The README's table has one row for each option, in order, with its flags and what it does."""
    rows = [line for line in README.splitlines() if line.startswith(("| `-", "| `--"))]
    assert [option_row(option) for option in OPTIONS] == rows


def option_row(option: Option) -> str:
    """Return the README's row for an option."""
    flags = ", ".join(f"`{flag}`" for flag in (*option.flags, *option.off))
    return (
        f"| {flags} `{option.metavar}` | {option.help} |"
        if option.metavar
        else f"| {flags} | {option.help} |"
    )


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_links_to_is_there(document: str) -> None:
    """A picture or a page that a document points to exists, and a picture says in words what it shows."""
    text = (ROOT / document).read_text(encoding="utf-8")
    links = re.findall(r"(!?)\[([^]]*)]\((?!https?:|#)([^)]+)\)", text)
    assert [] == [target for _, _, target in links if not (ROOT / target).exists()]
    assert all(words for picture, words, _ in links if picture)


def test_the_version_is_one_and_the_changelog_tells_of_it() -> None:
    """The package, its metadata and the changelog agree on the version."""
    version = PROJECT["project"]["version"]
    assert version == dalle_nb.__version__
    heading = "Unreleased" if ".dev" in version else version
    assert f"\n## {heading}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_one_python_is_the_oldest_everywhere() -> None:
    """Metadata, linter and type checker mean the same oldest Python, and every newer one is named."""
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert PROJECT["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
    assert PROJECT["tool"]["mypy"]["python_version"] == oldest
    named = [line.rsplit(" ", 1)[1] for line in PROJECT["project"]["classifiers"] if "Python :: 3." in line]
    assert named == ["3.11", "3.12", "3.13", "3.14"]
    assert named[0] == oldest


def test_binder_asks_for_a_python_and_packages_that_exist() -> None:
    """Binder's Python is one that we name, and it installs this very clone and nothing that we do not."""
    python = (ROOT / "binder" / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")
    assert SpecifierSet(PROJECT["project"]["requires-python"]).contains(python)
    lines = (ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    asked = [line for line in lines if line and not line.startswith("#")]
    known = {Requirement(line).name for line in PROJECT["project"]["dependencies"]}
    assert "." in asked
    assert {Requirement(line).name for line in asked if line != "."} <= known


def test_binder_opens_the_first_lesson(tmp_path: Path) -> None:
    """After Binder's postBuild a JupyterLab without a key opens on the first lesson."""
    environment = own_environment(tmp_path)
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / "notebooks", clone / "notebooks")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    script = ROOT / "binder" / "postBuild"
    assert script.stat().st_mode & 0o111
    subprocess.run([script], cwd=clone, env={**environment, "PATH": path}, check=True, capture_output=True)
    with serve_lab(tmp_path, environment) as lab:
        front = urllib.request.Request(f"{lab.url}/", headers={"Authorization": f"token {lab.token}"})
        with urllib.request.urlopen(front, timeout=10) as answer:
            assert answer.url.endswith("/lab/tree/notebooks/en/01-first-picture.ipynb")


def test_pre_commit_runs_what_make_runs() -> None:
    """Before a commit and in CI the same tools look at the code."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0][
        "hooks"
    ]
    for hook in hooks:
        tool = " ".join(hook["entry"].removeprefix(".venv/").split()[:2]).removesuffix(" --force-exclude")
        assert tool in MAKEFILE.replace("$(BIN)", "bin")


@pytest.mark.parametrize("file", sorted((ROOT / "tests").glob("test_*.py")), ids=lambda path: path.stem)
def test_every_test_says_its_truth_in_one_sentence(file: Path) -> None:
    """A reader learns from each test's docstring, in one sentence, what holds while it passes."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    tests = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    told = {test.name: " ".join((ast.get_docstring(test) or "").split()) for test in tests}
    assert [] == [
        name for name, words in told.items() if not words.endswith(".") or ". " in words.replace("e.g. ", "")
    ]


@pytest.mark.parametrize(
    ("body", "status"),
    [("pass", 0), ("import pytest; pytest.skip('not today')", 1)],
    ids=["passed", "skipped"],
)
def test_a_skip_is_a_failure(tmp_path: Path, body: str, status: int) -> None:
    """No test is left out without the whole run failing."""
    for name in ("conftest.py", "lab.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path)
    (tmp_path / "test_it.py").write_text(f"def test_it(): {body}\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        tmp_path,
        "test_it.py",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert status == done.returncode, done.stdout
