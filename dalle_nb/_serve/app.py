"""The application: all routes, and what holds for every call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from dalle_nb._serve.service import Service
from dalle_nb._serve.shapes import Refused


def build_app(service: Service) -> Starlette:
    """Return the application. `files` and `batches` add theirs: ``*files.routes(service)``."""

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        for start in service.at_start:
            await start()
        yield
        for stop in service.at_stop:
            await stop()

    return Starlette(routes=[], lifespan=life, exception_handlers={Refused: _refuse})


async def _refuse(_: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return refused.response()
