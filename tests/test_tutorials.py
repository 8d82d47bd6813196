"""``dalle-nb tutorials``: lessons in the learner's folder, and the learner's own work left alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab import ROOT

from dalle_nb._cli import main

NAMES = sorted(path.name for path in (ROOT / "notebooks" / "en").glob("*.ipynb"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_lessons_come_along(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All lessons of the language that was asked for are put into a folder made for them, and the next step is said."""
    assert 0 == main(["tutorials", "--lang", language, "learn/画画"])
    assert NAMES == sorted(path.name for path in Path("learn/画画").iterdir())
    for name in NAMES:
        assert (ROOT / "notebooks" / language / name).read_bytes() == Path("learn/画画", name).read_bytes()
    assert "jupyter lab learn/画画" in capsys.readouterr().out


def test_a_learner_s_work_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A lesson that is there already is not written again, however it was changed."""
    main(["tutorials"])
    mine = Path("dalle-lessons", NAMES[0])
    mine.write_text("my own", encoding="utf-8")
    Path("dalle-lessons", NAMES[1]).unlink()
    capsys.readouterr()
    assert 0 == main(["tutorials"])
    assert "my own" == mine.read_text(encoding="utf-8")
    assert NAMES[1] in capsys.readouterr().out


def test_what_cannot_be_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A language without lessons and a folder that is a file are told in two lines, with what to do."""
    Path("taken").write_text("a file", encoding="utf-8")
    for arguments, fix in ((["--lang", "fr"], "--lang zh"), (["taken"], "FOLDER")):
        assert 1 == main(["tutorials", *arguments])
        assert fix in capsys.readouterr().err
    assert "a file" == Path("taken").read_text(encoding="utf-8")
