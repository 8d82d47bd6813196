"""The plan of the house: which room stands on which floor, and that imports only point down."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from lab import ROOT

# From the ground up. Where rooms of one floor lean on one another, the floor has landings, lower ones first.
FLOORS = {
    "words": ["_language _errors _records"],
    "facts": ["_catalog _options _query _styles"],
    "rules": [
        "_sizes _images _money _outcome _thumbnails",
        "_asking _frames _masks _narrowing _parse _prices _prompts _provenance _references _render _saving _snippets",
        "_gallery",
        "_asked_size _calls _complete _composing _compositing",
        "_rules",
    ],
    "between": ["_setting_values", "_settings _pace _backend"],
    "outside": ["_store backends.offline backends.openai", "backends"],
    "workshop": [
        "_exporting _lineage _picture_file",
        "_run _drawing _place _session _program",
        "_display",
        "_generator",
        "_verbs",
    ],
    "memory": [
        "_comparison _fonts _items _progress",
        "_axes _grid _seats",
        "_bundle _crew _history _importing",
        "_batch",
        "_sweep _jobs",
        "_many",
    ],
    "faces": ["_serve widgets"],
    "voices": [
        "_costs _doctor _live _login _nbval _tutorials",
        "_guide _history_cli _serve_cli",
        "_magic_many",
        "_magic _cli",
    ],
    "door": ["dalle_nb", "__main__"],
}
LANDINGS = [rooms.split() for landings in FLOORS.values() for rooms in landings]
HEIGHT = {room: height for height, rooms in enumerate(LANDINGS) for room in rooms}
PACKAGE = ROOT / "dalle_nb"


def name_of(file: Path) -> str:
    """Return the module's full name."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in sorted(PACKAGE.rglob("*.py"))}


def room_of(module: str) -> str:
    """Return the room that a module is part of: a package of one job is one room."""
    _, *parts = module.split(".")
    return ".".join(parts[:2] if parts[:1] == ["backends"] else parts[:1]) or "dalle_nb"


def imports_of(module: str) -> Iterator[str]:
    """Give what a module of ours imports of ours, deferred imports too; what only types need does not count."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    guarded = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    )
    for_types = {inner for node in guarded for part in node.body for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node not in for_types:
            assert node.level == 0, f"{module} imports by dots: write the full name"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else str(node.module) for name in names)
        elif isinstance(node, ast.Import) and node not in for_types:
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    """A room imports from floors below its own only: never beside, never above."""
    room = room_of(module)
    assert room in HEIGHT, f"give {room} a floor in FLOORS"
    rooms = {room_of(name) for name in imports_of(module) if name in MODULES} - {room}
    assert {other for other in rooms if HEIGHT[other] >= HEIGHT[room]} == set()


def test_no_circle_inside_a_room() -> None:
    """Modules of one package can be read one after the other: none leads back to itself."""
    graph = {
        module: {name for name in imports_of(module) if name in MODULES} - {module} for module in MODULES
    }
    assert set(TopologicalSorter(graph).static_order()) >= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_room_says_its_job(module: str) -> None:
    """Each module opens with what it is for, and none is a drawer for odds and ends."""
    assert ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8")))
    assert not re.search(r"\.(utils?|helpers?|common|misc)$", module)


@pytest.mark.parametrize("module", MODULES)
def test_functions_stay_short(module: str) -> None:
    """No function is over 50 lines, its docstring left out."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert {each.name: lines for each in functions if (lines := length_of(each)) > 50} == {}


def length_of(function: ast.FunctionDef) -> int:
    """Return how many lines a function has, its docstring left out."""
    first = function.body[0]
    docstring = (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(function) else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring
