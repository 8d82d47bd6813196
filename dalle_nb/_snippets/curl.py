"""A Run as a command for a shell, with cURL."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from dalle_nb._records import Kind, RunRecord
from dalle_nb._snippets.calls import File, Files, calls_of, kind_sent, suffix_of
from dalle_nb._snippets.quoting import write_json

BASE_URL = "https://api.openai.com/v1"


def write_curl(run: RunRecord, files: Files, links: bool) -> str:
    place = {Kind.GENERATE: "generations", Kind.EDIT: "edits", Kind.VARIATION: "variations"}[kind_sent(run)]
    calls = calls_of(run)
    lines = []
    for number, (parameters, times) in enumerate(calls, start=1):
        answer = "answer" + (f"-{number}" if len(calls) > 1 else "") + ("-$i" if times > 1 else "")
        words = [
            f'curl "${{OPENAI_BASE_URL:-{BASE_URL}}}/images/{place}"',
            '-H "Authorization: Bearer $OPENAI_API_KEY"',
            *(_form(parameters, files) if files.inputs else _body(parameters)),
            f'--fail-with-body -o "{answer}.{"txt" if parameters.get("stream") else "json"}"',
        ]
        call = " \\\n  ".join(words)
        # Not indented, for a quoted prompt may have lines of its own.
        lines.append(call if times == 1 else f"for i in $(seq {times}); do\n{call}\ndone")
    if not run.sent[0].get("stream"):
        lines.append(_curl_hint(run, links))
    return "\n".join([*lines, ""])


def _curl_hint(run: RunRecord, links: bool) -> str:
    first = f"picture-1.{suffix_of(run)}"
    if links:
        return f"# then: curl -o {first} \"$(jq -r '.data[0].url' answer*.json)\""
    return f"# then: jq -r '.data[0].b64_json' answer*.json | base64 --decode > {first}"


def _body(parameters: Mapping[str, Any]) -> list[str]:
    return ['-H "Content-Type: application/json"', f"-d {shlex.quote(write_json(parameters, indent=2))}"]


def _form(parameters: Mapping[str, Any], files: Files) -> list[str]:
    field = "image" if len(files.inputs) == 1 else "image[]"
    uploads = [*((field, file) for file in files.inputs), *files.layers.items()]
    # With -F a prompt that begins with @ would upload a file.
    texts = (shlex.quote(text) for name, value in parameters.items() for text in _fields(name, value))
    return [
        *(f"-F {shlex.quote(_upload(*each))}" for each in uploads),
        *(f"--form-string {text}" for text in texts),
    ]


def _fields(name: str, value: Any) -> Iterator[str]:
    """Yield ``name=value`` for each leaf, named as the SDKs name it: ``svg[model]``, ``list[]``."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _fields(f"{name}[{key}]", each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _fields(f"{name}[]", each)
    else:
        yield f"{name}={value if isinstance(value, str) else json.dumps(value)}"


def _upload(field: str, file: File) -> str:
    path, media_type = file
    if re.search(r'[,;"\\]', path):
        escaped = path.replace("\\", "\\\\").replace('"', '\\"')
        path = f'"{escaped}"'
    return f"{field}=@{path};type={media_type}"
