"""Text in the quotes of a language."""

from __future__ import annotations

import json
import re
from typing import Any


def quoted_lines(text: str) -> list[str]:
    return [quoted(line) for line in re.findall(r"[^\n]*\n|[^\n]+", text)] or ['""']


def quoted(text: str) -> str:
    """Return the text in double quotes, as Python, JavaScript and JSON all read it."""
    return escaped(json.dumps(text, ensure_ascii=False))


def write_json(value: Any, **layout: Any) -> str:
    return escaped(json.dumps(value, ensure_ascii=False, default=dict, **layout))


def escaped(text: str) -> str:
    """Return the text with what no editor shows escaped; emoji, and the joiners inside them, stay."""
    return "".join(
        char if char.isprintable() or char in "\n\u200d" or ord(char) > 0xFFFF else f"\\u{ord(char):04x}"
        for char in text
    )
