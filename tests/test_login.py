"""Logging in: a key is asked for unseen, tried without drawing, and kept only if it is taken."""

from __future__ import annotations

import os
import pty
import sys
import time

import pytest
from openai_server.handle import Api
from workshop import KEY, start

import dalle_nb as dn
from dalle_nb._generator import default_generator

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

TYPED = "sk-typed-Jq8Wm3Zr5Tn7"
PROGRAM = """
import dalle_nb as dn
try:
    print(dn.login({arguments}))
    print(dn.generate("a cat").status)
except dn.DalleError as error:
    print("NO:", error)
"""


def log_in(typed: str, arguments: str = "") -> str:
    """Log in at a terminal of one's own, as a person does, and return all that stood on its screen."""
    process, screen = pty.fork()
    if not process:
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM.format(arguments=arguments)])
    said, deadline = b"", time.monotonic() + 60
    while b"API_KEY: " not in said and time.monotonic() < deadline:
        said += read(screen)
    os.write(screen, typed.encode() + b"\n")
    while more := read(screen):
        said += more
    os.waitpid(process, 0)
    os.close(screen)
    return said.decode()


def read(screen: int) -> bytes:
    try:
        return os.read(screen, 4096)
    except OSError:  # Linux says so when the other side is gone
        return b""


@pytest.fixture
def no_key(server: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Take the environment's key away."""
    monkeypatch.delenv("OPENAI_API_KEY")
    return server


def test_a_key_is_typed_unseen(no_key: Api) -> None:
    """The terminal shows nothing of the key; the server is asked for its models, and then drawn with."""
    no_key.key = TYPED
    said = log_in(TYPED)
    assert "done" in said
    assert TYPED[3:9] not in said
    assert ["models", "generations"] == [call.place for call in no_key.calls]
    assert {TYPED} == {call.key for call in no_key.calls}


@pytest.mark.parametrize(
    ("typed", "words"),
    [("sk-wrong-0123456789", "not accepted"), ("", "No key was typed"), ("two words", "characters")],
)
def test_a_wrong_key_is_not_kept(no_key: Api, typed: str, words: str) -> None:
    """What the server or common sense refuses is told in two lines, without repeating it."""
    said = log_in(typed)
    assert "NO:" in said
    assert words in said
    assert not typed or typed[3:9] not in said
    assert no_key.calls_to("generations") == []


def test_a_server_without_keys_takes_an_empty_answer(api: Api) -> None:
    """A server of one's own is logged in to by its address alone."""
    api.profile("localai")
    said = log_in("", f"base_url={api.url!r}")
    assert "NO:" not in said.split("\n")[1]
    assert "models" in [call.place for call in api.calls]


def test_a_refused_key_leaves_the_one_before(server: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever mistypes a new key can still draw with the old one."""
    default_generator().configure(layer="login", api_key=TYPED)
    server.key = TYPED
    program = (
        "import dalle_nb as dn, sys\nfrom dalle_nb._generator import default_generator as d\n"
        "d().configure(layer='login', api_key=sys.argv[1])\n"
        "try: dn.login()\nexcept dn.AuthenticationError: print(dn.generate('a cat').status)"
    )
    said, _ = start(program, TYPED).communicate("sk-wrong-0123456789\n", timeout=60)
    assert "done" in said


def test_nobody_to_ask_is_told(no_key: Api) -> None:
    """Without a keyboard the error names the environment's variable."""
    said, _ = start(PROGRAM.format(arguments="")).communicate("", timeout=60)
    assert "Set OPENAI_API_KEY" in said


def test_a_login_is_weaker_than_nothing_said_in_code(server: Api) -> None:
    """A key of login goes before that of the environment, and shows as such."""
    assert "environment" == default_generator().settings.origins["api_key"]
    default_generator().configure(layer="login", api_key=TYPED)
    assert ("login", TYPED) == (
        default_generator().settings.origins["api_key"],
        default_generator().settings.api_key,
    )


def test_a_key_can_be_remembered(no_key: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """``remember=True`` puts the key into the key ring, where the next login finds it without asking."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "file_ring.FileRing")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "file_ring.py").write_text(RING, encoding="utf-8")
    no_key.key = TYPED
    assert "done" in log_in(TYPED, "remember=True")
    said, _ = start(PROGRAM.format(arguments="")).communicate("", timeout=60)
    assert "done" in said
    assert KEY not in said


RING = """
import json, pathlib
from keyring.backend import KeyringBackend
FILE = pathlib.Path(__file__).with_name("ring.json")
class FileRing(KeyringBackend):
    priority = 1
    def get_password(self, service, name):
        return json.loads(FILE.read_text()).get(service + name) if FILE.exists() else None
    def set_password(self, service, name, password):
        FILE.write_text(json.dumps({service + name: password}))
    def delete_password(self, service, name):
        FILE.unlink()
"""


def test_no_key_ring_is_told_before_asking(no_key: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be remembered the user hears it first, and not after typing."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    said, _ = start(PROGRAM.format(arguments="remember=True")).communicate("", timeout=60)
    assert "no key ring" in said
    assert dn.last is None
