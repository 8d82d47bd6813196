"""The application: all routes, and OpenAI's words for those that are not there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dalle_nb._serve import files, foreman, images, openapi, page
from dalle_nb._serve.gate import Gate
from dalle_nb._serve.service import Service
from dalle_nb._serve.shapes import Refused, json_response, model_body


def build_app(service: Service) -> Starlette:
    """Return the application that serves with that state."""

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        for start in service.at_start:
            await start()
        yield
        for stop in service.at_stop:
            await stop()
        await service.finish()

    models = [
        Route("/v1/models", partial(_models, service)),
        Route("/v1/models/{name:path}", partial(_model, service)),
    ]
    rooms = (images, files, foreman, page)
    app = Starlette(
        routes=[*models, *openapi.routes(), *(route for room in rooms for route in room.routes(service))],
        lifespan=life,
        middleware=[Middleware(Gate, service=service)],
        exception_handlers={Refused: _refuse, HTTPException: _nowhere},
    )
    app.router.redirect_slashes = False
    return app


async def _models(service: Service, request: Request) -> Response:
    service.client_of(request)
    return json_response({"object": "list", "data": [model_body(each) for each in service.generator.catalog]})


async def _model(service: Service, request: Request) -> Response:
    service.client_of(request)
    model = service.generator.catalog.model(request.path_params["name"])
    if not model.catalogued:
        raise Refused(
            404,
            "The model does not exist or you do not have access to it.",
            param="model",
            code="model_not_found",
        )
    return json_response(model_body(model))


async def _refuse(_: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return refused.response()


async def _nowhere(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    asked = f"{request.method} {request.url.path[:200]}"
    if error.status_code == 404:
        return Refused(404, f"Invalid URL ({asked})").response()
    if error.status_code == 405:
        return Refused(405, f"Not allowed: {asked}", headers=error.headers or {}).response()
    return Refused(error.status_code, str(error.detail)).response()
