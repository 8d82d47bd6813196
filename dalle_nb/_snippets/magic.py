"""A Run as the cell that draws it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dalle_nb._options import option
from dalle_nb._records import Kind, RunRecord
from dalle_nb._snippets.calls import Files
from dalle_nb._snippets.quoting import escaped, quoted, write_json


def write_magic(run: RunRecord, files: Files, _links: bool) -> str:
    request = run.request
    options = {"model": request.model, **request.options}
    words = [_flag(name, value) for name, value in options.items() if value is not None]
    paths = [path for path, _ in files.inputs]
    verbs = ["vary"] if request.kind is Kind.VARIATION else ["edit", *["ref"] * (len(paths) - 1)]
    sources = [*zip(verbs, paths, strict=False), *((name, path) for name, (path, _) in files.layers.items())]
    words += [_flag(name, path) for name, path in sources]
    if not request.prompt:
        return " ".join(["%dalle", *words]) + "\n"
    return " ".join(["%%dalle", *words]) + f"\n{_SPECIAL.sub(_spelled_out, request.prompt)}\n"


def _flag(name: str, value: Any) -> str:
    row = option(name)
    if isinstance(value, bool):
        return row.spelled(value)
    if isinstance(value, Mapping):
        words = write_json(value).replace("{{", "{\\u007b")
        return f"{row.flags[-1]} {words}"
    return f"{row.flags[-1]} {_word(str(value))}"


def _word(text: str) -> str:
    """Return a value as a word of the magic's line; there is no escaping inside its quotes."""
    if "{{" in text or escaped(text) != text or "\n" in text:
        return _expression(text)
    if re.fullmatch(r"[^\s\"“'‘「『{-]\S*", text):
        return text
    for opening, closing, others in (('"', '"', "“”"), ("'", "'", "‘’"), ("「", "」", ""), ("『", "』", "")):
        if not {closing, *others} & set(text):
            return f"{opening}{text}{closing}"
    return _expression(text)


_SPECIAL = re.compile(
    # What IPython takes for a prompt of its own at the start of a line, what a magic's prompt loses at
    # its ends, the braces of an expression, and space that an editor may change.
    r"\{*(?:(?m:^[ \t]*(?:>>>|In \[|\.{3,}:|\[(?:ins|nav)\]))"
    r"|\A\s+|\s+\Z|\{\{|[^\S\n\t \u3000]|[\0-\x08\x0e-\x1f\x7f])"
)


def _spelled_out(found: re.Match[str]) -> str:
    return _expression(found[0])


def _expression(text: str) -> str:
    # Inside its quotes no brace may look like the expression's own.
    words = quoted(text).replace("{{", "{\\u007b").replace("}}", "}\\u007d")
    return f"{{{{ {words} }}}}"
