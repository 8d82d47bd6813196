"""The OpenAPI description of the server: a form kept as data, filled in from the options and the catalogue."""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dalle_nb._catalog import load_catalog
from dalle_nb._options import OPTIONS, Option
from dalle_nb._records import Kind
from dalle_nb._serve.orders import LONGEST, MOST
from dalle_nb._serve.shapes import json_response

_KINDS = {
    "Generation": Kind.GENERATE,
    "Edit": Kind.EDIT,
    "EditByReference": Kind.EDIT,
    "Variation": Kind.VARIATION,
}
_TYPES = {"integer": "integer", "json": "object"}


@cache
def describe() -> dict[str, Any]:
    """Return the description. What a model does not take of it is refused when it is asked, not here."""
    text = files("dalle_nb").joinpath("_serve/openapi.json").read_text(encoding="utf-8")
    described: dict[str, Any] = json.loads(text)
    described["info"]["version"] = version("dalle-nb")
    for name, kind in _KINDS.items():
        described["components"]["schemas"][name]["properties"] |= _properties(kind)
    return described


def _properties(kind: Kind) -> dict[str, Any]:
    catalog = load_catalog()
    known = catalog.kinds[kind]
    told: dict[str, Any] = {"model": {"type": "string", "examples": sorted(catalog.models)}}
    if kind is not Kind.VARIATION:
        told["prompt"] = {"type": "string", "minLength": 1, "maxLength": LONGEST}
        told["stream"] = {"type": "boolean"}
    return told | {row.parameter: _property(row) for row in OPTIONS if row.parameter in known}


def _property(row: Option) -> dict[str, Any]:
    most = MOST if row.name == "n" else row.most
    bounds = {"enum": list(row.words) or None, "minimum": row.least, "maximum": most}
    told = {"type": _TYPES.get(row.type, "string"), "description": row.help}
    return told | {name: value for name, value in bounds.items() if value is not None}


def routes() -> list[Route]:
    """Return the route of the description, which anybody may read."""

    def read(_: Request) -> Response:
        return json_response(describe())

    return [Route("/openapi.json", read)]
