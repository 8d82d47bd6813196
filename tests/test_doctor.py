"""The doctor: what is configured, who would draw, whether pictures are kept; facts, and never a key."""

from __future__ import annotations

from pathlib import Path

import pytest
from openai_server.handle import Api
from workshop import KEY

from dalle_nb import ImageGenerator
from dalle_nb._doctor import Finding, examine
from dalle_nb._generator import default_generator

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]


def found(findings: list[Finding], name: str) -> Finding:
    return next(each for each in findings if each.name == name)


def test_without_a_key_the_painter_draws() -> None:
    """On a fresh machine the painter draws, and nothing is wrong with that."""
    findings = examine(default_generator())
    assert "offline (chosen: no key and no server is set)" == found(findings, "draws").value
    assert not [each for each in findings if each.good is False]


def test_with_a_key_its_place_is_told_and_not_the_key(workshop: ImageGenerator) -> None:
    """Who said the key is told, and no six characters of it."""
    findings = examine(workshop, ask=True)
    said = " ".join(each.value for each in findings)
    assert "set, by environment" in said
    assert {KEY[at : at + 6] for at in range(8, len(KEY) - 5) if KEY[at : at + 6] in said} == set()


def test_asking_draws_nothing(workshop: ImageGenerator, server: Api) -> None:
    """Asked, the server is called and answers for itself; nothing is drawn; unasked nobody is called."""
    examine(workshop)
    assert server.calls == []
    findings = examine(workshop, ask=True)
    assert {"models"} == {call.place for call in server.calls}
    assert "models" in found(findings, "answer").value


@pytest.mark.parametrize("fault", ["wrong key", "no server"])
def test_what_is_wrong_is_marked(server: Api, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """A key that is not taken and a server that is not there are findings, not tracebacks."""
    if fault == "wrong key":
        monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0123456789")
    else:
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    answer = found(examine(default_generator(), ask=True), "answer")
    assert answer.good is False
    assert "0123456789" not in answer.value


def test_a_store_that_cannot_be_is_marked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A history that cannot be opened is a finding that says what to do."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DALLE_NB_HOME", str(tmp_path / "file" / "below"))
    store = found(examine(default_generator()), "store")
    assert store.good is False
    assert "DALLE_NB_HOME" in store.value


def test_an_address_keeps_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password inside a server's address is not told."""
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:hunter22@images.example.com/v1")
    value = found(examine(default_generator()), "base_url").value
    assert "hunter22" not in value
    assert "images.example.com/v1" in value
