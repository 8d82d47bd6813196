"""The command: the magic's options in a shell, two-line errors, and exit statuses that scripts can read."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from openai_server.handle import Api
from PIL import Image
from workshop import KEY, command

import dalle_nb as dn
from dalle_nb._cli import main

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

SMALL = ("--backend", "offline", "-s", "256x256")


def test_it_draws_and_saves() -> None:
    """``dalle-nb draw "…" -o cat.png`` draws, tells what it drew, and prints the path alone on the last line."""
    done = command("draw", "a cat on the moon", "-o", "cat.png", *SMALL)
    assert (0, "cat.png") == (done.returncode, done.stdout.splitlines()[-1])
    assert "#1" in done.stdout
    with Image.open("cat.png") as picture:
        assert (256, 256) == picture.size
    assert "a cat on the moon" == dn.history[1].prompt


def test_each_verb_has_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Edit, vary and rerun take a REF and go on from it; words of a prompt need no quotes."""
    assert 0 == main(["draw", "a", "cat", *SMALL, "in", "the", "snow"])
    assert 0 == main(["vary", "1", "-n", "2", *SMALL])
    assert 0 == main(["rerun", "-1", *SMALL, "--quiet"])
    assert 0 == main(["edit", "1/1", "a red scarf", "--mask", "box:20,20,200,200", *SMALL])
    Image.new("RGB", (256, 256)).save("mine.png")
    assert 0 == main(["edit", "mine.png", "--backend", "offline", "a red scarf"])
    kinds = [(run.record.request.kind.value, len(run), bool(run.record.parent)) for run in dn.history]
    expected = [("edit", 1, False), ("edit", 1, True), ("variation", 2, True), ("variation", 2, True)]
    assert [*expected, ("generate", 1, False)] == kinds
    assert "a cat in the snow" == dn.history[1].prompt


def test_without_an_output_the_file_in_the_store_is_named() -> None:
    """A shell can go on with the picture, wherever it is."""
    done = command("draw", "a cat", *SMALL, "--quiet")
    assert Path(done.stdout.strip()).is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["draw", "a cat", "--qualty", "low"], "quality"),
        (["draw", "a cat", "-q", "best", *SMALL], "quality"),
        (["draw", "  ", *SMALL], "prompt is empty"),
        (["draw", "a cat", "-s", "huge"], "--size"),
        (["draw", "a cat", "-o", "cat.txt", *SMALL], ".txt"),
        (["vary", "99", *SMALL], "99"),
        (["edit", "nobody.png", "a hat"], "nobody.png"),
        (["doctor", "now"], "now"),
        (["models", "--all"], "--all"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_error_is_two_lines(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong and what to do, on standard error, with status 1; nothing on standard output."""
    assert 1 == main(words)
    said = capsys.readouterr()
    assert (2, "") == (len(said.err.strip().splitlines()), said.out)
    assert says in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("words", [[], ["paint"], ["edit"]], ids=str)
def test_a_wrong_command_is_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """No command, an unknown one and a missing REF show how it is used, with status 2."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert 2 == ended.value.code
    assert "usage: dalle-nb" in capsys.readouterr().err


def test_wrong_settings_are_two_lines() -> None:
    """A setting that cannot be read is an error like others, not a traceback."""
    done = command("draw", "a cat", DALLE_NB_RETRY="perhaps")
    assert (1, 2) == (done.returncode, len(done.stderr.strip().splitlines()))


def test_chinese_is_answered_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    """The language is that of the prompt."""
    assert 1 == main(["draw", "一只猫", "-s", "huge"])
    assert "不接受" in capsys.readouterr().err


def test_a_dry_run_tells_and_sends_nothing(server: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """``--dry-run`` tells what would be sent and cost."""
    assert 0 == main(["draw", "a cat", "--dry-run", "-q", "high"])
    assert "quality=high" in capsys.readouterr().out
    assert server.calls == []


def test_the_price_is_told_on_standard_error(server: Api) -> None:
    """A paid drawing tells its price where it does not mix with the answer."""
    done = command("draw", "a cat", "-m", "gpt-image-2", "-q", "low")
    assert "may cost $0.006" in done.stderr
    assert "may cost" not in done.stdout


def test_models_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    """``dalle-nb models`` shows every model with its price and its end."""
    assert 0 == main(["models"])
    said = capsys.readouterr().out
    assert all(model.name in said for model in dn.ImageGenerator().catalog)


def test_the_doctor_s_status(server: Api) -> None:
    """``dalle-nb doctor`` is 0 where all is well, 1 where something is not, and never shows the key."""
    well = command("doctor", "--ask")
    assert (0, "") == (well.returncode, well.stderr)
    ill = command("doctor", "--ask", OPENAI_API_KEY="sk-wrong-Vb6Nm8Qw2Er4")
    assert 1 == ill.returncode
    assert "✗" in ill.stdout
    said = well.stdout + ill.stdout + ill.stderr
    assert not any(secret[9:15] in said for secret in (KEY, "sk-wrong-Vb6Nm8Qw2Er4"))


def test_an_interrupt_has_its_status(server: Api) -> None:
    """Ctrl-C ends it with status 130 and two lines, and what may be billed is waited for."""
    server.latency = 3
    process = subprocess.Popen(
        [sys.executable, "-m", "dalle_nb", "draw", "a cat"], stderr=subprocess.PIPE, text=True
    )
    while not server.calls_to("generations"):
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert 130 == process.returncode
    assert "still kept" in said
    assert dn.history[1].status == "done"


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """``--version`` is the package's."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (0, f"dalle-nb {dn.__version__}") == (ended.value.code, capsys.readouterr().out.strip())
