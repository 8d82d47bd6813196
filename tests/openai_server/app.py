"""The routes: hear a call, judge it, draw, bill, answer, and let what was armed go wrong on the way."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import jobs, pictures
from .faults import Fault, Situation
from .handle import Api, File
from .models import count_usage
from .profiles import list_models, take_order, word_error
from .rules import open_upload
from .streams import write_events
from .wire import event_stream
from .words import Call, Order, Refused, Upload

GOOD = Fault(name="none", stage="none", what="nothing goes wrong", billed=True, certain=True)


def build_app(current: Callable[[], Api]) -> Starlette:
    """Return the application; `current` gives the Api of the running test."""

    async def draw(request: Request) -> Response:
        return await serve_drawing(current(), request)

    async def models(request: Request) -> Response:
        api = current()
        call = await hear(api, request, "models")
        try:
            check_key(api, call)
        except Refused as refused:
            return refuse(api, call, refused)
        return JSONResponse(list_models(api.active, api.today), headers=tell_headers(api, call))

    async def download(request: Request) -> Response:
        return await serve_file(current(), request)

    async def elsewhere(request: Request) -> Response:
        api = current()
        call = await hear(api, request, "elsewhere")
        message = f"Invalid URL ({call.method} {call.path})"
        return refuse(api, call, Refused(status=404, message=message))

    return Starlette(
        routes=[
            Route("/v1/images/{place}", draw, methods=["POST"]),
            Route("/openai/v1/images/{place}", draw, methods=["POST"]),
            Route("/openai/deployments/{deployment}/images/{place}", draw, methods=["POST"]),
            Route("/v1/models", models),
            Route("/openai/v1/models", models),
            Route("/files/{name}", download),
            *jobs.routes(current, hear, check_key, refuse, draw_later),
            Route("/{rest:path}", elsewhere, methods=["GET", "POST", "PUT", "DELETE", "HEAD"]),
        ]
    )


async def serve_drawing(api: Api, request: Request) -> Response:
    """Answer a call for pictures; count it among those in flight while it is worked on."""
    call = await hear(api, request, request.path_params["place"])
    try:
        check_key(api, call)
        api.admit()
        api.in_flight += 1
        api.peak_in_flight = max(api.peak_in_flight, api.in_flight)
        try:
            return await answer(api, call)
        finally:
            api.in_flight -= 1
    except Refused as refused:
        return refuse(api, call, refused)


async def answer(api: Api, call: Call) -> Response:
    """Judge, draw, bill and write the answer, with the fault that was armed for it."""
    fault, argument = api.take_fault(call.place) or (GOOD, 0.0)
    at = Situation(argument=argument, root=api.root, key=call.key)
    if fault.stage == "refuse" and not fault.billed:
        return settle(api, call, fault.act(at))
    order = take_order(call, api.active, api.today)
    drawn = await asyncio.to_thread(draw_all, api, call, order)
    if fault.billed:
        # At the start, as a provider does: a caller who leaves early has bought it all the same.
        api.bill(call, [pictures.to_sha256(data) for data in drawn])
    if not will_stream(api, order, fault):
        await work(api)
    if fault.stage == "refuse":
        return settle(api, call, fault.act(at))
    if fault.stage == "picture":
        drawn = [await asyncio.to_thread(fault.act, data, order) for data in drawn]
    document = write_document(api, call, order, drawn)
    return write_answer(api, call, order, document, fault, at)


def write_answer(
    api: Api, call: Call, order: Order, document: dict[str, Any], fault: Fault, at: Situation
) -> Response:
    """Return the answer as JSON or as events, broken as the fault says."""
    headers = tell_headers(api, call)
    if will_stream(api, order, fault):
        events = write_events(order, call.place, document)
        if fault.stage == "stream":
            broken: Response = fault.act(at, events)
            return broken
        if fault.stage != "send":
            return event_stream(events, api.latency / len(events), headers)
        whole = Response(b"".join(events), media_type="text/event-stream", headers=headers)
    else:
        whole = JSONResponse(fault.act(document) if fault.stage == "answer" else document, headers=headers)
    return fault.act(at, whole) if fault.stage == "send" else whole


def will_stream(api: Api, order: Order, fault: Fault) -> bool:
    return order.stream and api.active.streams and fault.stage != "plain"


async def serve_file(api: Api, request: Request) -> Response:
    """Answer a download from a link given before."""
    call = await hear(api, request, "download")
    fault, argument = api.take_fault("download") or (GOOD, 0.0)
    at = Situation(argument=argument, root=api.root)
    if fault.stage == "refuse":
        return settle(api, call, fault.act(at))
    file = api.files.get(request.path_params["name"])
    if file is None or time.time() > file.expires:
        return Response(
            "<Error><Code>AuthenticationFailed</Code></Error>",
            403 if file else 404,
            media_type="application/xml",
        )
    whole = Response(file.data, media_type=file.media_type)
    return fault.act(at, whole) if fault.stage == "send" else whole


async def hear(api: Api, request: Request, place: str) -> Call:
    """Write down what came in, before anyone judges it."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    fields: dict[str, Any] = {}
    files: list[Upload] = []
    document: Any = None
    transport = "none"
    if kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        transport = "multipart"
        await read_form(request, fields, files)
    elif body := await request.body():
        transport = "json"
        document = read_json(body)
        fields, files = read_object(document)
    if deployment := request.path_params.get("deployment"):
        fields.setdefault("model", deployment)
    call = Call(
        number=len(api.calls) + 1,
        time=time.time(),
        method=request.method,
        path=request.url.path,
        place=place,
        query=dict(request.query_params),
        headers=dict(request.headers),
        json=document,
        fields=fields,
        files=tuple(files),
        transport=transport,
    )
    api.calls.append(call)
    return call


async def read_form(request: Request, fields: dict[str, Any], files: list[Upload]) -> None:
    async with request.form(max_part_size=64 << 20) as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                mimetype = value.content_type or "application/octet-stream"
                data = await value.read()
                files.append(Upload(name=name, filename=value.filename or "", mimetype=mimetype, data=data))
            elif name in fields:
                fields[name] = [*(fields[name] if isinstance(fields[name], list) else [fields[name]]), value]
            else:
                fields[name] = value


def read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def read_object(document: Any) -> tuple[dict[str, Any], list[Upload]]:
    """Return a JSON body's members, its pictures (data URLs) taken out."""
    if not isinstance(document, dict):
        return {}, []
    files = []
    for name in ("image", "images", "mask"):
        for reference in as_list(document.get(name)):
            url = (
                (reference.get("image_url") or reference.get("url"))
                if isinstance(reference, dict)
                else reference
            )
            head, _, text = str(url).partition(";base64,")
            if head.startswith("data:"):
                data = base64.b64decode(text + "==")  # too much padding is no error, too little is
                files.append(Upload(name=name, filename="", mimetype=head.removeprefix("data:"), data=data))
    return document, files


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def check_key(api: Api, call: Call) -> None:
    """Refuse a call without a good key, where keys are asked for."""
    key = call.key
    if not api.active.needs_key or (key and (key == api.key if api.key else "wrong" not in key)):
        return
    masked = key[:7] + "*" * max(len(key) - 11, 0) + key[-4:] if key else ""
    told = f"Incorrect API key provided: {masked}." if key else "You didn't provide an API key."
    message = f"{told} You can find your API key at https://platform.openai.com/account/api-keys."
    raise Refused(status=401, message=message, code="invalid_api_key" if key else None)


def draw_all(api: Api, call: Call, order: Order) -> list[bytes]:
    if call.place == "generations":
        return [pictures.draw(order, index, api.noise) for index in range(order.n)]
    convention = api.active.mask or "alpha"
    mask = call.file("mask")
    return [pictures.repaint(order, index, call.images[0], mask, convention) for index in range(order.n)]


def draw_later(api: Api, call: Call) -> tuple[int, Any]:
    """Return the status and body for a call that stands in a batch."""
    try:
        order = take_order(call, api.active, api.today)
        drawn = draw_all(api, call, order)
    except Refused as refused:
        return refused.status, word_error(refused, api.active)
    api.bill(call, [pictures.to_sha256(data) for data in drawn])
    return 200, write_document(api, call, order, drawn)


async def work(api: Api) -> None:
    """Take the time a drawing takes, one after the other where the server has one brush."""
    if api.active.one_at_a_time:
        async with api.turn:
            await asyncio.sleep(api.latency)
    else:
        await asyncio.sleep(api.latency)


def write_document(api: Api, call: Call, order: Order, drawn: list[bytes]) -> dict[str, Any]:
    """Return the answer's JSON: the pictures, and what this server tells beside them."""
    document: dict[str, Any] = {"created": int(time.time())}
    document["data"] = [write_item(api, call, order, data, index) for index, data in enumerate(drawn)]
    inputs = [open_upload(image).size for image in call.images]
    if api.active.official and (usage := count_usage(order, inputs)):
        told = {"background": order.background, "output_format": order.format, "quality": order.quality}
        document |= told | {"size": f"{order.size[0]}x{order.size[1]}", "usage": usage}
        if who := call.fields.get("safety_identifier") or call.fields.get("user"):
            document["safety_identifier"] = who
        if order.format == "svg":
            counts = {"input_tokens": 50, "reasoning_tokens": 100, "output_tokens": 900, "total_tokens": 950}
            document["svg_usage"] = counts | {"model": "gpt-6-astra"}
    if api.active.zero_usage:
        details = {"text_tokens": 0, "image_tokens": 0}
        document["usage"] = {
            "input_tokens": 0,
            "output_tokens": 0,
            "total_tokens": 0,
            "input_tokens_details": details,
        }
    return document | dict(api.active.extra)


def write_item(api: Api, call: Call, order: Order, data: bytes, index: int) -> dict[str, Any]:
    media_type = pictures.MEDIA[order.format]
    item: dict[str, Any] = {}
    if order.model == "dall-e-3":
        item["revised_prompt"] = f"{order.prompt}, as dall-e-3 understood it"
    if order.answers == "b64_json":
        return item | {"b64_json": pictures.to_base64(data)}
    if order.answers == "data":
        return item | {"url": f"data:{media_type};base64,{pictures.to_base64(data)}"}
    name = f"{call.number}-{index}.{order.format}"
    api.files[name] = File(data=data, media_type=media_type, expires=time.time() + api.url_lifetime)
    return item | {"url": f"{api.root}/files/{name}?se={int(time.time() + api.url_lifetime)}"}


def settle(api: Api, call: Call, outcome: Response | Refused) -> Response:
    return refuse(api, call, outcome) if isinstance(outcome, Refused) else outcome


def refuse(api: Api, call: Call, refused: Refused) -> Response:
    body = word_error(refused, api.active)
    return JSONResponse(body, refused.status, headers=tell_headers(api, call) | dict(refused.headers))


def tell_headers(api: Api, call: Call) -> dict[str, str]:
    return {
        "x-request-id": f"req_{call.number:032x}",
        "openai-processing-ms": f"{1000 * api.latency:.0f}",
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
    }
