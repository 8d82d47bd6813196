"""The routes for pictures: a call is read, waits its turn, and is answered: whole, or in events while it is drawn."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from dalle_nb._errors import DalleError
from dalle_nb._images import sniff
from dalle_nb._records import Kind
from dalle_nb._run import Picture, Run
from dalle_nb._serve.clients import Client
from dalle_nb._serve.line import Ticket
from dalle_nb._serve.orders import Order, Upload
from dalle_nb._serve.service import Service
from dalle_nb._serve.shapes import (
    Refused,
    base64_of,
    delivered,
    facts,
    json_response,
    read_json,
    usage_body,
)
from dalle_nb._sizes import PLAIN, read_size

if TYPE_CHECKING:
    from dalle_nb._records import Plan, RunRecord

T = TypeVar("T")
Call = tuple[dict[str, Any], tuple[Upload, ...], bool]
"""The fields of a body, the pictures in it, and whether it is a form, in which numbers are text."""


def routes(service: Service) -> list[Route]:
    """Return the routes for drawing and for what was drawn."""
    draw = partial(_draw, service)
    return [
        Route("/v1/images/generations", draw, methods=["POST"]),
        Route("/v1/images/edits", draw, methods=["POST"]),
        Route("/v1/images/variations", draw, methods=["POST"]),
        Route("/pictures/{name}", partial(_picture, service)),
        Route("/queue", partial(_queue, service)),
    ]


async def _draw(service: Service, request: Request) -> Response:
    client = service.client_of(request)
    fields, uploads, form = await read_call(request)
    order = await asyncio.to_thread(service.order, request.url.path, fields, client, uploads, form=form)
    if order.stream:
        return await _stream(service, request, order, client)
    run, headers = await draw_for(service, request, order, client)
    body = await asyncio.to_thread(service.body, run, order, str(request.base_url))
    return await asyncio.to_thread(json_response, body, 200, headers)


async def draw_for(
    service: Service, request: Request, order: Order, client: Client
) -> tuple[Run, dict[str, str]]:
    """Return the Run for a call on a connection, and the headers that tell of it.

    Raises:
        Refused: it cannot be drawn.
        ClientDisconnect: the client left; what is being drawn is kept all the same.
    """
    ticket = enter(service, request, client)
    place = service.line.place(ticket)
    drawing = asyncio.ensure_future(service.draw(ticket, order, client))
    run = await _unless_gone(request, drawing, drawing)
    return run, {"x-dalle-nb-queue": str(place), "x-dalle-nb-run": str(run.id)}


def enter(service: Service, request: Request, client: Client) -> Ticket:
    """Take a place in line for a call, under the name that the client gave it."""
    service.meter.count(client)
    return service.line.join(client.name, request.headers.get("x-client-request-id", "")[:128])


async def read_call(request: Request) -> Call:
    """Return what a body says. Refused (400, 415) where it cannot be read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _read_form(request)
    if kind != "application/json":
        message = f"Unsupported Content-Type '{kind[:80]}': expected application/json or multipart/form-data."
        raise Refused(415, message, code="unsupported_content_type")
    said = read_json(await request.body())
    if not isinstance(said, dict):
        raise Refused(400, "Invalid type for the body: expected an object.", code="invalid_type")
    return said, (), False


async def _read_form(request: Request) -> Call:
    fields: dict[str, Any] = {}
    uploads: list[Upload] = []
    async with request.form(max_files=32, max_fields=64, max_part_size=1 << 20) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                part, data = name.removesuffix("[]"), await value.read()
                told = value.content_type or sniff(data) or ""
                uploads.append(Upload(part=part, data=data, name=value.filename or "", media_type=told))
            else:
                fields[name] = value
    return fields, tuple(uploads), True


async def _unless_gone(request: Request, awaited: asyncio.Future[T], drawing: asyncio.Future[Run]) -> T:
    """Return what is awaited. Where the client leaves before, a drawing that has not begun never does."""
    gone = asyncio.ensure_future(_leaves(request))
    either: set[asyncio.Future[Any]] = {gone, awaited}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    gone.cancel()
    if awaited.done():
        return awaited.result()
    awaited.cancel()
    drawing.cancel()
    raise ClientDisconnect


async def _leaves(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@dataclass(frozen=True, slots=True)
class _Previews:
    """A Watch that sends unfinished pictures on as events."""

    name: str
    send: Callable[[bytes], object]
    sent: dict[str, Any] = field(default_factory=dict)
    steps: Counter[int] = field(default_factory=Counter)

    def planned(self, plan: Plan, record: RunRecord) -> None:
        self.sent.update(plan.calls[0].parameters, created_at=int(record.created.timestamp()))

    def preview(self, index: int, data: bytes) -> None:
        told = facts(self.sent, sniff(data) or "", read_size(str(self.sent.get("size"))) or PLAIN)
        step, self.steps[index] = self.steps[index], self.steps[index] + 1
        told |= {"created_at": self.sent["created_at"], "partial_image_index": step}
        self.send(_event(f"{self.name}.partial_image", told | {"b64_json": base64_of(data)}))

    def told(self, text: str) -> None:
        pass

    def waiting(self, seconds: float) -> None:
        pass


async def _stream(service: Service, request: Request, order: Order, client: Client) -> Response:
    """Answer in events. What goes wrong before the first of them is an answer like any other."""
    name = "image_edit" if order.kind is Kind.EDIT else "image_generation"
    loop, news = asyncio.get_running_loop(), asyncio.Queue[bytes | None]()
    watch = _Previews(name, lambda event: loop.call_soon_threadsafe(news.put_nowait, event))
    ticket = enter(service, request, client)
    headers = {"x-dalle-nb-queue": str(service.line.place(ticket)), "cache-control": "no-store"}
    drawing = asyncio.ensure_future(service.draw(ticket, order, client, watch))
    drawing.add_done_callback(lambda _: news.put_nowait(None))
    first = await _unless_gone(request, asyncio.ensure_future(news.get()), drawing)
    if first is None:
        await drawing
    events = _events(name, first, news, drawing)
    return StreamingResponse(events, headers=headers, media_type="text/event-stream")


async def _events(
    name: str, event: bytes | None, news: asyncio.Queue[bytes | None], drawing: asyncio.Future[Run]
) -> AsyncIterator[bytes]:
    while event is not None:
        yield event
        event = await news.get()
    try:
        run = await drawing
    except Refused as refused:
        yield _event("error", refused.body())
        return
    for picture in run.pictures:
        yield await asyncio.to_thread(_completed, name, picture)


def _completed(name: str, picture: Picture) -> bytes:
    run = picture.run
    data, media_type = delivered(picture)
    told = facts(run.record.sent[0], media_type, (picture.record.width, picture.record.height))
    usage = usage_body(run.record.usage, shared_by=len(run))
    return _event(
        f"{name}.completed", told | {"created_at": run.created, "b64_json": base64_of(data), "usage": usage}
    )


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()


async def _picture(service: Service, request: Request) -> Response:
    """Give a picture to whoever has a link to it that is still good."""
    query = request.query_params
    service.links.check(request.url.path, query.get("se", ""), query.get("sig", ""))
    uid, _, rest = request.path_params["name"].partition("-")
    data, media_type = await asyncio.to_thread(_read_picture, service, uid, int(rest.partition(".")[0]))
    return Response(data, media_type=media_type, headers={"cache-control": "private, max-age=3600"})


def _read_picture(service: Service, uid: str, index: int) -> tuple[bytes, str]:
    try:
        run = Run(service.generator.store.run(uid), service.generator)
        return delivered(run.picture(index))
    except DalleError as error:
        raise Refused(404, "This picture is no longer there.", code="not_found") from error


async def _queue(service: Service, request: Request) -> Response:
    """Tell how long the line is, and the places in it of those calls that the asking client named."""
    client, line = service.client_of(request), service.line
    mine = {ticket.name: line.place(ticket) for ticket in line.tickets() if ticket.client == client.name}
    mine.pop("", None)
    told = {"drawing": len(line.drawing), "waiting": len(line.waiting), "at_once": line.at_once}
    return json_response(told | {"yours": mine})
