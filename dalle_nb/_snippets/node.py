"""A Run as a program for Node.js with OpenAI's SDK."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import indent
from typing import Any

from dalle_nb._records import Kind, RunRecord
from dalle_nb._snippets.calls import Files, calls_of, kind_sent, one_or_all, suffix_of
from dalle_nb._snippets.quoting import quoted, quoted_lines, write_json


def write_node(run: RunRecord, files: Files, links: bool) -> str:
    data = 'Buffer.from(picture.b64_json, "base64")'
    if links:
        fetched = "Buffer.from(await (await fetch(picture.url)).arrayBuffer())"
        data = f"picture.b64_json ? {data} : {fetched}"
    calls = calls_of(run)
    alone = len(calls) == 1 and calls[0][1] == 1 and not calls[0][0].get("stream")
    lines = [
        'import fs from "node:fs";',
        f'import OpenAI{", { toFile }" if files.inputs else ""} from "openai";',
        "",
        "const client = new OpenAI(); // reads OPENAI_API_KEY",
        *([] if alone else ["const pictures = [];"]),
    ]
    for parameters, times in calls:
        call = _node_call(kind_sent(run), parameters, files, alone=alone)
        loop = f"for (let call = 0; call < {times}; call += 1) {{"
        lines.append(call if times == 1 else f"{loop}\n{indent(call, '  ')}\n}}")
    return "\n".join(
        [
            *lines,
            "for (const [index, picture] of pictures.entries()) {",
            f"  fs.writeFileSync(`picture-${{index + 1}}.{suffix_of(run)}`, {data});",
            "}",
            "",
        ]
    )


def _node_call(kind: Kind, parameters: Mapping[str, Any], files: Files, *, alone: bool) -> str:
    method = {Kind.GENERATE: "generate", Kind.EDIT: "edit", Kind.VARIATION: "createVariation"}[kind]
    members = {
        name if name.isidentifier() and name.isascii() else quoted(name): _node_value(value)
        for name, value in parameters.items()
    }
    if files.inputs:
        members["image"] = one_or_all([_node_file(*each) for each in files.inputs])
    members |= {name: _node_file(*file) for name, file in files.layers.items()}
    said = "".join(f"  {name}: {value},\n" for name, value in members.items())
    call = f"await client.images.{method}({{\n{said}}})"
    if parameters.get("stream"):
        keep = '  if (event.type.endsWith(".completed")) pictures.push(event);'
        return f"for await (const event of {call}) {{\n{keep}\n}}"
    return f"const {{ data: pictures }} = {call};" if alone else f"pictures.push(...({call}).data);"


def _node_file(path: str, media_type: str) -> str:
    # Without its type a picture is refused.
    return f'await toFile(fs.createReadStream({quoted(path)}), null, {{ type: "{media_type}" }})'


def _node_value(value: Any) -> str:
    return " +\n    ".join(quoted_lines(value)) if isinstance(value, str) else write_json(value)
