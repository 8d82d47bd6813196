"""Language: every sentence for a user has its Chinese, with the same fields in it."""

from __future__ import annotations

import ast
import string
import tomllib

import pytest
from lab import ROOT

from dalle_nb._language import chinese, speaking, tr

PACKAGE = ROOT / "dalle_nb"
SOURCES = sorted(PACKAGE.rglob("*.py"))
ROOMS = sorted(PACKAGE.joinpath("locale", "zh").glob("*.toml"))


def sentences_in(source):
    """Give each first argument of a tr() call in the file."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "tr"
            and node.args
        ):
            yield from alternatives(node.args[0])


def alternatives(node):
    """Give both sides of a conditional expression, else the expression itself."""
    if isinstance(node, ast.IfExp):
        yield from alternatives(node.body)
        yield from alternatives(node.orelse)
    else:
        yield node


def fields_of(sentence):
    """Return the names of the fields in a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_sentence_has_its_chinese(source):
    """Each sentence that the room says is translated, with the same fields."""
    literals = [node.value for node in sentences_in(source) if isinstance(node, ast.Constant)]
    assert [sentence for sentence in literals if sentence not in chinese()] == []
    assert [sentence for sentence in literals if fields_of(sentence) != fields_of(chinese()[sentence])] == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda path: path.stem)
def test_every_translation_keeps_its_fields(room):
    """No translation drops or invents a field, and two rooms do not translate one sentence differently."""
    for english, words in tomllib.loads(room.read_text(encoding="utf-8")).items():
        assert fields_of(english) == fields_of(words), english
        assert chinese()[english] == words, english


def test_no_translation_is_left_over():
    """Each translated sentence is still said somewhere in the package."""
    constants = {
        node.value
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert [sentence for sentence in chinese() if sentence not in constants] == []


def test_a_sentence_is_said_in_the_language_spoken():
    """The same call speaks English or Chinese, as the moment asks."""
    assert tr("The prompt is empty.") == "The prompt is empty."
    with speaking("zh"):
        assert tr("The prompt is empty.") == "提示词是空的。"
