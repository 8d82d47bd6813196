"""The text that AUTOMATIC1111's web UI writes into its pictures, and that many others read and write.

The prompt, perhaps ``Negative prompt: …``, and as the last line ``Steps: 20, Seed: 1, Size: 512x512, Model: …``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NEGATIVE = "Negative prompt:"
_SETTING = re.compile(r'\s*(?P<name>\w[\w \-/]{1,60}):\s*(?P<value>"(?:\\.|[^"\\])+"|[^,]*)(?:,|$)')
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_FEWEST = 3
"""Settings that a last line must have to be one of settings, and not of the prompt; as A1111 itself reads it."""
_LONGEST_LINE = 16_384
_NOT_TEXT = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Controls but tab and line feed, what turns the direction of reading, and halves of letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a picture was drawn from, whoever drew it; ``size`` is (width, height), ``extras`` all else by name."""

    prompt: str
    negative: str = ""
    size: tuple[int, int] | None = None
    seed: int | None = None
    model: str | None = None
    extras: Mapping[str, str] = field(default_factory=dict)


def parse_parameters(text: str) -> Parameters | None:
    """Return what the text says; None where it says nothing. What is no text in it is taken out."""
    lines = _NOT_TEXT.sub("", text.replace("\r\n", "\n")).strip().split("\n")
    settings = _settings(lines[-1])
    if settings:
        lines.pop()
    places = (number for number, line in enumerate(lines) if line.startswith(_NEGATIVE))
    border = next(places, len(lines))
    prompt = "\n".join(lines[:border]).strip()
    negative = "\n".join(lines[border:]).removeprefix(_NEGATIVE).strip()
    if not (prompt or settings):
        return None
    size = _SIZE.fullmatch(settings.pop("Size", ""))
    seed = settings.get("Seed", "")
    return Parameters(
        prompt=prompt,
        negative=negative,
        size=(int(size[1]), int(size[2])) if size and int(size[1]) and int(size[2]) else None,
        seed=int(settings.pop("Seed")) if re.fullmatch(r"\d{1,18}", seed, re.ASCII) else None,
        model=settings.pop("Model", None) or None,
        extras=settings,
    )


def write_parameters(parameters: Parameters) -> str:
    """Return the text as A1111 writes it."""
    size = parameters.size and f"{parameters.size[0]}x{parameters.size[1]}"
    told = {"Seed": parameters.seed, "Size": size, "Model": parameters.model, **parameters.extras}
    settings = ", ".join(
        f"{name}: {_quoted(str(value))}" for name, value in told.items() if value is not None
    )
    negative = [f"{_NEGATIVE} {parameters.negative}"] if parameters.negative else []
    return "\n".join([parameters.prompt, *negative, settings])


def _settings(line: str) -> dict[str, str]:
    """Return the settings in a line by name; none where it is no line of settings."""
    found = list(_SETTING.finditer(line)) if len(line) <= _LONGEST_LINE else []
    if len(found) < _FEWEST:
        return {}
    return {match["name"]: _unquoted(match["value"].strip()) for match in found}


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r'[,:\n"]', value) else value


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except (ValueError, RecursionError):
        return value
