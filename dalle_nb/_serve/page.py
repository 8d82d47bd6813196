"""The page at ``/`` to try it, and the tutorial's own ``POST /generate`` that it talks to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dalle_nb._catalog import Catalog
from dalle_nb._serve.clients import Client
from dalle_nb._serve.images import draw_for, read_call
from dalle_nb._serve.service import Service
from dalle_nb._serve.shapes import Refused, images_body, json_response

_PARTS = {"page.html": "text/html", "page.css": "text/css", "page.js": "text/javascript"}
_ONLY_OURS = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def routes(service: Service) -> list[Route]:
    """Return the routes of the page."""
    parts = [Route("/" if part == "page.html" else f"/{part}", partial(_show, part)) for part in _PARTS]
    return [*parts, Route("/generate", partial(_generate, service), methods=["POST"])]


async def _show(part: str, _: Request) -> Response:
    headers = {"content-security-policy": _ONLY_OURS, "cache-control": "no-cache"}
    return Response(_read(part), headers=headers, media_type=_PARTS[part])


@cache
def _read(part: str) -> bytes:
    return files(__package__).joinpath(part).read_bytes()


async def _generate(service: Service, request: Request) -> Response:
    """Answer as the tutorial's web app does: ``url`` and ``revised_prompt``; 500 for whatever drawing ends in."""
    status = None
    try:
        client = service.client_of(request)
        said, _, _ = await read_call(request)
        if not said.get("prompt"):
            return json_response({"error": "缺少 prompt 参数"}, 400)
        status = 500
        return await _draw(service, request, said, client)
    except Refused as refused:
        told = {"error": refused.message, "code": refused.code}
        return json_response(told, status or refused.status, refused.headers)


async def _draw(service: Service, request: Request, said: Mapping[str, Any], client: Client) -> Response:
    model = _tutorial_model(service.generator.catalog)
    body = {"model": model, "prompt": said["prompt"], "size": said.get("size"), "n": 1}
    order = service.order("/v1/images/generations", body, client)
    run, headers = await draw_for(service, request, order, client)
    link = service.link(str(request.base_url))
    drawn = await asyncio.to_thread(images_body, run, order.model, classic=True, link=link)
    told = {"run": run.id, "notes": [*run.record.notices, *run.record.notes]}
    return json_response(drawn["data"][0] | told, headers=headers)


def _tutorial_model(catalog: Catalog) -> str:
    """Return the model that the tutorial's web app draws with: the one that revises prompts."""
    return next(model.name for model in catalog if model.revises_prompt)
