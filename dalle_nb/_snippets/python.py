"""A Run as a Python program with OpenAI's SDK."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent
from typing import Any

from dalle_nb._records import Kind, RunRecord
from dalle_nb._snippets.calls import Files, calls_of, kind_sent, one_or_all, suffix_of
from dalle_nb._snippets.quoting import quoted, quoted_lines


def write_python(run: RunRecord, files: Files, links: bool) -> str:
    data = "b64decode(picture.b64_json)"
    if links:
        data = f"{data} if picture.b64_json else urlopen(picture.url).read()"
    calls = calls_of(run)
    alone = len(calls) == 1 and calls[0][1] == 1
    lines = [
        "from base64 import b64decode",
        "from pathlib import Path",
        *(["from urllib.request import urlopen"] if links else []),
        "",
        "from openai import OpenAI",
        "",
        "client = OpenAI()  # reads OPENAI_API_KEY",
        *([] if alone else ["pictures = []"]),
    ]
    for parameters, times in calls:
        call = _python_call(kind_sent(run), parameters, files, "=" if alone else "+=")
        lines.append(call if times == 1 else f"for _ in range({times}):\n{indent(call, '    ')}")
    save = f'    Path(f"picture-{{number}}.{suffix_of(run)}").write_bytes({data})'
    return "\n".join([*lines, "for number, picture in enumerate(pictures, start=1):", save, ""])


def _python_call(kind: Kind, parameters: Mapping[str, Any], files: Files, assign: str) -> str:
    method = {Kind.GENERATE: "generate", Kind.EDIT: "edit", Kind.VARIATION: "create_variation"}[kind]
    pictures = [f'open({quoted(path)}, "rb")' for path, _ in files.inputs]
    arguments = {name: _python_argument(value) for name, value in parameters.items() if name in _NAMES[kind]}
    if pictures:
        arguments["image"] = one_or_all(pictures)
    arguments |= {name: f'open({quoted(path)}, "rb")' for name, (path, _) in files.layers.items()}
    if extra := {name: value for name, value in parameters.items() if name not in _NAMES[kind]}:
        arguments["extra_body"] = _python_value(extra)
    said = "".join(f"    {name}={value},\n" for name, value in arguments.items())
    if not parameters.get("stream"):
        return f"pictures {assign} client.images.{method}(\n{said}).data"
    finished = '[event for event in events if event.type.endswith(".completed")]'
    return f"events = client.images.{method}(\n{said})\npictures {assign} {finished}"


_SHARED = frozenset({"model", "prompt", "n", "size", "quality", "background", "response_format", "user"})
_NEWER = frozenset({"output_format", "output_compression", "partial_images", "stream"})
_NAMES = {
    Kind.GENERATE: _SHARED | _NEWER | {"moderation", "style"},
    Kind.EDIT: _SHARED | _NEWER | {"input_fidelity"},
    Kind.VARIATION: frozenset({"model", "n", "response_format", "size", "user"}),
}
"""Arguments that the SDK has had since 1.97; all else travels in ``extra_body``."""


def _python_argument(value: Any) -> str:
    lines = quoted_lines(value) if isinstance(value, str) else [_python_value(value)]
    return lines[0] if len(lines) == 1 else "\n        ".join(["(", *lines]) + "\n    )"


def _python_value(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(name)}: {_python_value(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_python_value, value)) + "]"
    return repr(value)
