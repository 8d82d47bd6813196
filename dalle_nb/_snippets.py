"""Programs that repeat a Run elsewhere: Python, Node.js, cURL, and the magic itself.

Values in, text out. Every value of the Run is quoted by the rules of the language it lands in, and no key
is ever written: the programs read ``OPENAI_API_KEY`` themselves.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dalle_nb._errors import OptionError
from dalle_nb._language import tr
from dalle_nb._options import nearest, option
from dalle_nb._records import Kind, RunRecord

BASE_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where the pictures of a Request lie, as paths: its inputs in order, and its mask."""

    inputs: tuple[tuple[str, str], ...] = ()
    """(path, media type) of each."""
    mask: tuple[str, str] | None = None


def write_snippet(language: str, run: RunRecord, files: Files) -> str:
    """Return a program in ``python``, ``node``, ``curl`` or ``magic`` that repeats the Run.

    A Run of several calls gives a program of several calls.

    Raises:
        OptionError: another language.
    """
    if language not in _WRITERS:
        raise OptionError(
            tr("There is no code in {language}.", language=repr(language)),
            tr("try: {spelling}", spelling=nearest(language, tuple(_WRITERS))),
        )
    return _WRITERS[language](run, files)


def kind_sent(run: RunRecord) -> Kind:
    """Return what was sent: a variation becomes an edit where no server has variations."""
    return Kind.EDIT if run.recipe.startswith("edit") else run.request.kind


def _python(run: RunRecord, files: Files) -> str:
    method = {Kind.GENERATE: "generate", Kind.EDIT: "edit", Kind.VARIATION: "create_variation"}[
        kind_sent(run)
    ]
    pictures = [f'open({path!r}, "rb")' for path, _ in files.inputs]
    lines = [
        "import base64, pathlib, urllib.request",
        "from openai import OpenAI",
        "",
        "client = OpenAI()  # reads OPENAI_API_KEY, and OPENAI_BASE_URL where it is set",
        "pictures = []",
    ]
    for parameters in run.sent:
        arguments = [f"    {name}={value!r}," for name, value in _named(parameters, _PYTHON_NAMES)]
        extra = {name: _plain(value) for name, value in parameters.items() if name not in _PYTHON_NAMES}
        if pictures:
            arguments.append(
                f"    image={pictures[0] if len(pictures) == 1 else '[' + ', '.join(pictures) + ']'},"
            )
        if files.mask:
            arguments.append(f'    mask=open({files.mask[0]!r}, "rb"),')
        if extra:
            arguments.append(f"    extra_body={extra!r},")
        lines += [f"response = client.images.{method}(", *arguments, ")"]
        lines += _PYTHON_STREAM if parameters.get("stream") else ["pictures += response.data"]
    return "\n".join([*lines, *_PYTHON_SAVE])


_PYTHON_NAMES = (
    "model",
    "prompt",
    "n",
    "size",
    "quality",
    "style",
    "background",
    "moderation",
    "output_format",
    "output_compression",
    "partial_images",
    "response_format",
    "input_fidelity",
    "stream",
    "user",
)
"""Arguments that every SDK since 1.97 knows; all else travels in ``extra_body``."""

_PYTHON_STREAM = ['pictures += [event for event in response if event.type.endswith(".completed")]']
_PYTHON_SAVE = [
    "",
    "for number, picture in enumerate(pictures, start=1):",
    "    if picture.b64_json:",
    "        data = base64.b64decode(picture.b64_json)",
    "    else:",
    "        data = urllib.request.urlopen(picture.url).read()",
    '    pathlib.Path(f"picture-{number}.png").write_bytes(data)',
    "",
]


def _node(run: RunRecord, files: Files) -> str:
    method = {Kind.GENERATE: "generate", Kind.EDIT: "edit", Kind.VARIATION: "createVariation"}[kind_sent(run)]
    lines = [
        'import fs from "node:fs";',
        'import OpenAI, { toFile } from "openai";',
        "",
        "const client = new OpenAI(); // reads OPENAI_API_KEY, and OPENAI_BASE_URL where it is set",
        "const pictures = [];",
    ]
    for parameters in run.sent:
        arguments = [f"  {name}: {_js(value)}," for name, value in parameters.items()]
        pictures = [_node_file(path, media) for path, media in files.inputs]
        if pictures:
            image = pictures[0] if len(pictures) == 1 else "[" + ", ".join(pictures) + "]"
            arguments.append(f"  image: {image},")
        if files.mask:
            arguments.append(f"  mask: {_node_file(*files.mask)},")
        call = [f"await client.images.{method}({{", *arguments, "})"]
        if parameters.get("stream"):
            lines += [f"for await (const event of {call[0]}", *call[1:-1], "})) {"]
            lines += ['  if (event.type.endsWith(".completed")) pictures.push(event);', "}"]
        else:
            lines += [f"pictures.push(...({call[0]}", *call[1:-1], "})).data);"]
    return "\n".join([*lines, *_NODE_SAVE])


_NODE_SAVE = [
    "",
    "for (const [index, picture] of pictures.entries()) {",
    "  const data = picture.b64_json",
    '    ? Buffer.from(picture.b64_json, "base64")',
    "    : Buffer.from(await (await fetch(picture.url)).arrayBuffer());",
    "  fs.writeFileSync(`picture-${index + 1}.png`, data);",
    "}",
    "",
]


def _node_file(path: str, media_type: str) -> str:
    name, kind = _js(_upload_name(media_type)), _js({"type": media_type})
    return f"await toFile(fs.createReadStream({_js(path)}), {name}, {kind})"


def _curl(run: RunRecord, files: Files) -> str:
    path = {Kind.GENERATE: "generations", Kind.EDIT: "edits", Kind.VARIATION: "variations"}[kind_sent(run)]
    calls = []
    for parameters in run.sent:
        words = [
            f'curl --fail-with-body -sS "${{OPENAI_BASE_URL:-{BASE_URL}}}/images/{path}"',
            '  -H "Authorization: Bearer $OPENAI_API_KEY"',
        ]
        if kind_sent(run) is Kind.GENERATE:
            body = json.dumps({name: _plain(value) for name, value in parameters.items()}, ensure_ascii=False)
            words += ['  -H "Content-Type: application/json"', f"  -d {shlex.quote(body)}"]
        else:
            words += _form(parameters, files)
        calls.append(" \\\n".join(words))
    return "\n".join(calls) + "\n"


def _form(parameters: Mapping[str, Any], files: Files) -> list[str]:
    field = "image" if len(files.inputs) == 1 else "image[]"
    uploads = [(field, *each) for each in files.inputs] + ([("mask", *files.mask)] if files.mask else [])
    # --form-string takes a value as it is: with -F a prompt that begins with @ would upload a file.
    texts = [f"  --form-string {shlex.quote(f'{name}={_text(value)}')}" for name, value in parameters.items()]
    return [*(f"  -F {shlex.quote(_upload(*each))}" for each in uploads), *texts]


def _upload(field: str, path: str, media_type: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'{field}=@"{escaped}";type={media_type};filename={_upload_name(media_type)}'


def _magic(run: RunRecord, files: Files) -> str:
    request = run.request
    options = dict(request.options)
    if request.model:
        options = {"model": request.model, **options}
    words = [option(name).spelled(value) for name, value in options.items() if value is not None]
    sources = [shlex.quote(path) for path, _ in files.inputs]
    if request.kind is Kind.VARIATION:
        words.append(f"--vary {sources[0]}")
    elif sources:
        words += [f"--edit {sources[0]}", *(f"--ref {source}" for source in sources[1:])]
    if files.mask:
        words.append(f"--mask {shlex.quote(files.mask[0])}")
    line = " ".join(words)
    if not request.prompt:
        return f"%dalle {line}".rstrip() + "\n"
    # Double braces are the one thing that a magic reads in a prompt.
    prompt = request.prompt.replace("{{", '{{ "{{" }}')
    return f"%%dalle {line}".rstrip() + f"\n{prompt}\n"


_WRITERS: dict[str, Callable[[RunRecord, Files], str]] = {
    "python": _python,
    "node": _node,
    "curl": _curl,
    "magic": _magic,
}


def _named(parameters: Mapping[str, Any], names: tuple[str, ...]) -> list[tuple[str, Any]]:
    return [(name, _plain(parameters[name])) for name in names if name in parameters]


def _upload_name(media_type: str) -> str:
    return f"picture.{media_type.partition('/')[2]}"


def _js(value: Any) -> str:
    # JSON is JavaScript, but for two line separators that older engines do not take in a string.
    text = json.dumps(_plain(value), ensure_ascii=False)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
