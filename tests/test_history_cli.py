"""The `dalle-nb history` command: found, moved, backed up and mended in a shell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def told(home: Path, *words: str, status: int = 0) -> str:
    """Run the command on the history in a folder and return what it prints."""
    environment = {"DALLE_NB_HOME": str(home), "DALLE_NB_BACKEND": "offline", "HOME": str(home)}
    command = [sys.executable, "-m", "dalle_nb", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a history of two Runs."""
    home = tmp_path_factory.mktemp("home")
    told(home, "draw", "a fox", "-s", "256x256")
    told(home, "draw", "一只猫", "-s", "256x256")
    return home


def test_runs_are_found_by_words_and_filters(home: Path) -> None:
    """Words in any language and filters narrow the list down."""
    assert "a fox" in told(home, "history", "list", "fox", "--status", "done")
    assert "a fox" not in told(home, "history", "list", "猫")
    assert "a fox" not in told(home, "history", "list", "--status", "failed")


def test_one_run_is_shown_with_its_files(home: Path) -> None:
    """`show` tells of a Run and where its pictures are."""
    shown = told(home, "history", "show", "1").splitlines()
    assert any("#1" in line for line in shown)
    assert Path(shown[-1]).is_file()


def test_runs_move_to_another_home_and_pictures_are_known_there(home: Path, tmp_path: Path) -> None:
    """What is exported is imported elsewhere once, and a picture's file is told whose it is."""
    other, bundle = tmp_path / "other", tmp_path / "runs.zip"
    assert "2" in told(home, "history", "export", str(bundle))
    assert "2" in told(other, "history", "import", str(bundle))
    assert "0" in told(other, "history", "import", str(bundle))
    picture = told(home, "history", "show", "2").splitlines()[-1]
    assert "一只猫" in told(other, "history", "identify", picture)


def test_a_backup_is_a_history_of_its_own(home: Path, tmp_path: Path) -> None:
    """A copy made with `backup` opens, and holds everything."""
    told(home, "history", "backup", str(tmp_path / "copy"))
    assert "a fox" in told(tmp_path / "copy", "history", "list")


def test_a_damaged_history_is_named_and_mended(home: Path, tmp_path: Path) -> None:
    """`check` exits with 1 and says what is wrong; `--repair` brings the Runs back from their files."""
    broken = tmp_path / "broken"
    told(home, "history", "backup", str(broken))
    (broken / "history.db").write_bytes(b"no database" * 1000)
    told(broken, "history", "check", status=1)
    told(broken, "history", "check", "--repair")
    assert "a fox" in told(broken, "history", "list")


@pytest.mark.parametrize(
    "words",
    [("list", "--stauts", "x"), ("show", "99"), ("import", "nowhere.png"), ("identify", __file__)],
    ids=["unknown filter", "unknown run", "missing file", "no picture of ours"],
)
def test_a_mistake_is_told_in_plain_lines(home: Path, words: tuple[str, ...]) -> None:
    """A wrong filter, id or file ends with status 1 and a hint, without a traceback."""
    assert told(home, "history", *words, status=1)
