"""Files and batches as OpenAI has them: slow, out of order, and able to go wrong late.

A batch goes one step on each time it is asked after: validating, in_progress, ended. What it draws is drawn as a
single call would be, from bodies judged by the same rules. A test plants what shall go wrong with
`api.jobs.plant("expired")`:

    invalid         validation fails, as it does after `create` has long answered
    expired         half of the requests were not drawn in time, told by lines of the error file
    partial         half of the requests have no line at all, though the batch says it is completed
    junk            each picture is text
    error_lines     each line tells that the server failed
    garbage         the first line is no JSON, and neither is its middle
    twice           each line comes twice
    stranger        a line more, for nobody
    torn            the download of results is reset once, in the middle
    cut             the download ends once, politely, in the middle of a line
    short           the download ends once, politely, after a line
    slow            it stays in progress, half of it drawn, until `api.jobs.hurry()`
    lost            the answer to `create` is lost on its way, and the batch is made
    no_batches      neither files nor batches are known
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from . import pictures
from .wire import Torn
from .words import Call, Refused, Upload

PLACES = {"/v1/images/generations": "generations", "/v1/images/edits": "edits"}
STEPS = {"validating": "in_progress", "in_progress": "completed", "cancelling": "cancelled"}
"""What an open batch becomes."""
PACE = 200
"""Requests drawn between two looks."""
MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000


@dataclass(slots=True, kw_only=True)
class Kept:
    """A file."""

    id: str
    name: str
    purpose: str
    data: bytes = field(repr=False)
    expires: int | None = None

    def tell(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.data),
            "created_at": int(time.time()),
            "expires_at": self.expires,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


class Post:
    """The files and batches of one test."""

    def __init__(self) -> None:
        self.files: dict[str, Kept] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.done: dict[str, list[dict[str, Any]]] = {}
        """The lines of results of each batch, as far as it is drawn."""
        self.planted: set[str] = set()
        self.downloads = 0
        """How often results were asked for."""

    def plant(self, *faults: str) -> None:
        """Let something go wrong from here on; `torn`, `cut`, `short` and `lost` happen once."""
        self.planted |= set(faults)

    def hurry(self) -> None:
        self.planted.discard("slow")

    def once(self, fault: str) -> bool:
        found = fault in self.planted
        self.planted.discard(fault)
        return found

    def keep(self, name: str, purpose: str, data: bytes, expires: int | None = None) -> Kept:
        kept = Kept(
            id=f"file-{len(self.files) + 1:024x}", name=name, purpose=purpose, data=data, expires=expires
        )
        self.files[kept.id] = kept
        return kept

    def requests(self, batch: dict[str, Any]) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.files[batch["input_file_id"]].data.splitlines()]


def routes(current: Callable[[], Any], hear: Any, check_key: Any, refuse: Any, drawer: Any) -> list[Route]:
    """Return the routes. `drawer(api, call)` draws what a line asks for: the answer's body, or Refused."""

    def guarded(place: str, work: Callable[[Any, Call, Request], Any]) -> Any:
        async def answer(request: Request) -> Response:
            api = current()
            call = await hear(api, request, place)
            try:
                check_key(api, call)
                if "no_batches" in api.jobs.planted:
                    raise Refused(status=404, message=f"Invalid URL ({call.method} {call.path})")
                told = work(api, call, request)
                told = await told if asyncio.iscoroutine(told) else told
            except Refused as refused:
                return refuse(api, call, refused)
            return told if isinstance(told, Response) else JSONResponse(told)

        return answer

    async def look(api: Any, call: Call, request: Request) -> Any:
        batch = find(api.jobs.batches, request.path_params["id"], "batch")
        await asyncio.to_thread(step, api, batch, drawer)
        return batch

    return [
        Route("/v1/files", guarded("files", upload), methods=["POST"]),
        Route("/v1/files/{id}", guarded("files", lambda api, _, request: file_of(api, request).tell())),
        Route("/v1/files/{id}/content", guarded("results", download)),
        Route("/v1/batches", guarded("batches", create), methods=["POST"]),
        Route("/v1/batches", guarded("batches", listing), methods=["GET"]),
        Route("/v1/batches/{id}", guarded("batches", look)),
        Route("/v1/batches/{id}/cancel", guarded("batches", cancel), methods=["POST"]),
    ]


def upload(api: Any, call: Call, _: Request) -> Any:
    [file] = call.files
    purpose, seconds = call.fields.get("purpose"), call.fields.get("expires_after[seconds]")
    if purpose not in {"batch", "vision", "user_data"}:
        raise Refused(message=f"'{purpose}' is not one of the purposes", param="purpose")
    if seconds and (
        not 3600 <= int(seconds) <= 2592000 or call.fields.get("expires_after[anchor]") != "created_at"
    ):
        raise Refused(message="expires_after needs an anchor and 1 hour to 30 days", param="expires_after")
    if len(file.data) > MOST_BYTES:
        raise Refused(status=413, message="The file is larger than 200 MB.")
    return api.jobs.keep(file.filename, str(purpose), file.data, seconds and int(seconds)).tell()


def create(api: Any, call: Call, _: Request) -> Any:
    body = call.json or {}
    for name in ("input_file_id", "endpoint", "completion_window"):
        if not body.get(name):
            raise Refused(message=f"Missing required parameter: '{name}'.", param=name)
    metadata = body.get("metadata") or {}
    if len(metadata) > 16 or any(len(name) > 64 or len(text) > 512 for name, text in metadata.items()):
        raise Refused(message="metadata holds at most 16 pairs", param="metadata")
    if body["endpoint"] not in PLACES or body["completion_window"] != "24h":
        raise Refused(message="Invalid value.", param="endpoint")
    find(api.jobs.files, body["input_file_id"], "file")
    now, number = int(time.time()), len(api.jobs.batches) + 1
    batch = {
        "id": f"batch_{number:024x}",
        "object": "batch",
        "endpoint": body["endpoint"],
        "errors": None,
        "input_file_id": body["input_file_id"],
        "completion_window": "24h",
        "status": "validating",
        "output_file_id": None,
        "error_file_id": None,
        "created_at": now,
        "expires_at": now + 86400,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "metadata": metadata,
    }
    api.jobs.batches[batch["id"]] = batch
    if api.jobs.once("lost"):
        return Torn(JSONResponse(batch), keep=None)
    return batch


def listing(api: Any, call: Call, _: Request) -> Any:
    newest = list(api.jobs.batches.values())[::-1]
    after, limit = call.query.get("after"), int(call.query.get("limit", 20))
    if after:
        newest = newest[[batch["id"] for batch in newest].index(after) + 1 :]
    return {"object": "list", "data": newest[:limit], "has_more": len(newest) > limit}


def cancel(api: Any, _: Call, request: Request) -> Any:
    batch = find(api.jobs.batches, request.path_params["id"], "batch")
    if batch["status"] not in STEPS:
        raise Refused(status=409, message=f"Cannot cancel a batch with status '{batch['status']}'.")
    batch["status"] = "cancelling"
    return batch


def download(api: Any, _: Call, request: Request) -> Response:
    api.jobs.downloads += 1
    data = file_of(api, request).data
    half = len(data) // 2
    if api.jobs.once("torn"):
        return Torn(Response(data))
    if api.jobs.once("cut"):
        data = data[:half]
    elif api.jobs.once("short"):
        data = data[: data.rindex(b"\n", 0, half) + 1]

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(data), 65536):
            yield data[start : start + 65536]

    # Without a length, as OpenAI sends it: who reads cannot tell by it that there should be more.
    return StreamingResponse(pieces(), media_type="application/octet-stream")


def step(api: Any, batch: dict[str, Any], drawer: Any) -> None:
    """Take a batch one step on: judge it, draw some of it, or end it."""
    if batch["status"] not in STEPS:
        return
    requests = api.jobs.requests(batch)
    if batch["status"] == "validating":
        problems = list(find_problems(api, batch, requests))
        if problems:
            batch |= {"status": "failed", "errors": {"object": "list", "data": problems}}
            return
        counts = {"total": len(requests), "completed": 0, "failed": 0}
        batch |= {"status": "in_progress", "request_counts": counts}
    else:
        halves = api.jobs.planted & {"expired", "partial", "slow"}
        wanted = requests[: len(requests) // 2] if halves else requests
        done = api.jobs.done.setdefault(batch["id"], [])
        if batch["status"] == "in_progress":
            ahead = wanted[len(done) : len(done) + PACE]
            done += [work_off(api, batch, request, drawer) for request in ahead]
            if len(done) < len(wanted) or "slow" in api.jobs.planted:
                return
        finish(api, batch, done[::-1], requests[len(done) :])
        batch["status"] = "expired" if "expired" in api.jobs.planted else STEPS[batch["status"]]


def find_problems(
    api: Any, batch: dict[str, Any], requests: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    names = [request["custom_id"] for request in requests]
    models = {request["body"].get("model") for request in requests}
    wrong = [request["url"] != batch["endpoint"] or request["method"] != "POST" for request in requests]
    if "invalid" in api.jobs.planted:
        yield {"code": "invalid_request", "line": 2, "message": "The body is not valid.", "param": None}
    if len(set(names)) < len(names) or len(models) > 1 or any(wrong) or len(requests) > MOST_REQUESTS:
        yield {
            "code": "mismatched",
            "line": None,
            "message": "Names, model, url or count are wrong.",
            "param": None,
        }
    if any("stream" in request["body"] for request in requests):
        yield {
            "code": "stream",
            "line": None,
            "message": "Streaming is not possible in a batch.",
            "param": None,
        }


def finish(api: Any, batch: dict[str, Any], drawn: list[dict[str, Any]], left: list[dict[str, Any]]) -> None:
    """Write the files of results, the last first."""
    planted = api.jobs.planted
    lines = {
        "output": [each for each in drawn if is_good(each)],
        "error": [each for each in drawn if not is_good(each)],
    }
    batch["request_counts"] |= {"completed": len(lines["output"]), "failed": len(lines["error"])}
    if "expired" in planted:
        lines["error"] += map(undrawn, left)
    if "stranger" in planted:
        lines["output"].append({**drawn[0], "custom_id": f"{'f' * 32}-1"})
    if "twice" in planted:
        lines["output"] *= 2
    for kind, found in lines.items():
        data = b"".join(json.dumps(each).encode() + b"\n" for each in found)
        if "garbage" in planted and kind == "output":
            data = data.replace(b'"b64_json": "', b'"b64_json": "\x00', 1)
        if data:
            batch[f"{kind}_file_id"] = api.jobs.keep(f"{batch['id']}_{kind}.jsonl", f"batch_{kind}", data).id


def work_off(api: Any, batch: dict[str, Any], request: dict[str, Any], drawer: Any) -> dict[str, Any]:
    body, found = request["body"], api.jobs.files
    files = (
        [
            Upload(
                name=name,
                filename=kept.name,
                mimetype=f"image/{kept.name.rpartition('.')[2]}",
                data=kept.data,
            )
            for name in ("images", "mask", "markup")
            for reference in (body[name] if name == "images" else [body[name]] if name in body else [])
            if (kept := found.get(reference["file_id"]))
        ]
        if batch["endpoint"].endswith("edits")
        else []
    )
    call = Call(
        number=len(api.calls) + 1, time=time.time(), method="POST", path=request["url"], place=PLACES[request["url"]],
        query={}, headers={}, transport="json", json=body, fields=body, files=tuple(files),
    )  # fmt: skip
    api.calls.append(replace(call, place=f"batched {call.place}"))
    status, answer = drawer(api, call)
    if "error_lines" in api.jobs.planted:
        status, answer = 500, {"error": {"message": "The server had an error.", "code": "server_error"}}
    if "junk" in api.jobs.planted:
        answer["data"] = [{"b64_json": pictures.to_base64(b"no picture " * 99)} for _ in answer["data"]]
    response = {"status_code": status, "request_id": f"req_{call.number:032x}", "body": answer}
    return {
        "id": f"batch_req_{call.number}",
        "custom_id": request["custom_id"],
        "response": response,
        "error": None,
    }


def is_good(line: dict[str, Any]) -> bool:
    return line["response"] is not None and line["response"]["status_code"] == 200


def undrawn(request: dict[str, Any]) -> dict[str, Any]:
    error = {
        "code": "batch_expired",
        "message": "This request could not be executed before the completion window expired.",
    }
    return {"id": "batch_req_0", "custom_id": request["custom_id"], "response": None, "error": error}


def file_of(api: Any, request: Request) -> Kept:
    return find(api.jobs.files, request.path_params["id"], "file")


def find(things: dict[str, Any], name: str, kind: str) -> Any:
    if name not in things:
        raise Refused(status=404, message=f"No such {kind}: {name}", param="id")
    return things[name]
