"""Batches at work: each is drawn in the background, a few requests at a time, until it ends or the server does.

A server that starts again goes on where the last one stopped; only what was being drawn when it was killed is
drawn anew. Must not draw: `Service.answer` does.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from functools import partial
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dalle_nb._serve.batches import Batch, order_batch, read_requests
from dalle_nb._serve.clients import Client
from dalle_nb._serve.files import files_of, folder_of, page
from dalle_nb._serve.images import read_call
from dalle_nb._serve.service import Service
from dalle_nb._serve.shapes import Refused, json_response
from dalle_nb._store.owners import owner

MOST_OPEN, MOST_KEPT = 50, 1_000
"""Batches of one client that are not over; and those that are, of which the oldest make room."""
LANES = 4
"""Requests of one batch that stand in the server's line at once."""
_PAUSES = (0, 2, 5)
"""Seconds before each try of a request."""
_EXPIRED = "This request could not be executed before the completion window expired."
_FULL = "There is no room for more results: delete files."
_log = logging.getLogger("dalle_nb")


class Foreman:
    """Works off the batches of all clients. Belongs to the event loop."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stopping = False
        self._at_work: dict[str, tuple[Batch, asyncio.Task[None]]] = {}

    @property
    def _is_leaving(self) -> bool:
        """Whether the server is about to end, and sends home who stands in line."""
        return self._stopping or not self._service.line.open

    async def start(self) -> None:
        """Go on with what a former server left."""
        for client in self._service.clients.known or (Client(),):
            for batch in self.all(client):
                if batch.is_open and batch.is_free:
                    self._begin(batch, client)

    async def stop(self) -> None:
        """Begin no further request, and wait for those being drawn."""
        self._stopping = True
        await asyncio.gather(*(task for _, task in self._at_work.values()), return_exceptions=True)

    def all(self, client: Client) -> list[Batch]:
        """Return a client's batches, the newest first."""
        found = [Batch.read(note.parent, note.stem) for note in self._folder(client).glob("batch_*.json")]
        return sorted(found, key=lambda batch: (batch.told["created_at"], batch.path.name), reverse=True)

    def find(self, ident: str, client: Client) -> Batch:
        """Return a client's batch. Refused (404) where there is none of that id."""
        batch = Batch.read(self._folder(client), ident)
        return self._at_work[ident][0] if ident in self._at_work else batch

    def create(self, said: dict[str, Any], client: Client) -> Batch:
        """Take a batch on. Refused where it asks for what no batch can do, or the client has too many."""
        former = self.all(client)
        if sum(batch.is_open for batch in former) >= MOST_OPEN:
            raise Refused(429, "Too many batches are in work: wait for one.", code="rate_limit_exceeded")
        batch = order_batch(self._folder(client), said, files_of(self._service, client))
        for old in [batch for batch in former if not batch.is_open][MOST_KEPT:]:
            old.path.unlink(missing_ok=True)
        self._begin(batch, client)
        return batch

    def cancel(self, ident: str, client: Client) -> Batch:
        """Begin none of a batch's further requests. Refused (409) where it is over."""
        batch = self.find(ident, client)
        if batch.status in ("validating", "in_progress"):
            batch.change("cancelling")
        elif batch.status != "cancelling":
            raise Refused(409, f"Cannot cancel a batch with status '{batch.status}'.")
        return batch

    def _folder(self, client: Client) -> Path:
        folder = folder_of(self._service, client) / "batches"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _begin(self, batch: Batch, client: Client) -> None:
        batch.hold(owner())  # another server may have the same home
        task, ident = asyncio.create_task(self._work(batch, client)), batch.told["id"]
        self._at_work[ident] = batch, task
        task.add_done_callback(lambda _: self._at_work.pop(ident))

    async def _work(self, batch: Batch, client: Client) -> None:
        """Take a batch from where it stands to its end, or to the server's."""
        shelf, source = files_of(self._service, client), batch.told["input_file_id"]
        try:
            if batch.status == "validating":
                await run_in_threadpool(lambda: batch.validate(shelf.path(source)))
            if batch.is_open and not batch.is_packed:
                done = await run_in_threadpool(batch.recount)
                await self._draw(batch, done, client)
            if batch.is_open and not (self._is_leaving and batch.status == "in_progress"):
                await run_in_threadpool(batch.finish, shelf)
        except* Refused as gone:  # its file was deleted
            error = {"code": "file_not_found", "message": str(gone.exceptions[0]), "param": "input_file_id"}
            batch.change("failed", errors={"object": "list", "data": [error | {"line": None}]})
        except* OSError:
            _log.exception("Batch %s waits until a server starts again", batch.told["id"])
        finally:
            batch.hold("")

    async def _draw(self, batch: Batch, done: set[str], client: Client) -> None:
        """Draw the requests that are not done yet, several side by side."""
        shelf = files_of(self._service, client)
        room = await run_in_threadpool(shelf.room)
        with shelf.path(batch.told["input_file_id"]).open("rb") as source:
            left = read_requests(source, done)

            async def lane() -> None:
                while self._goes_on(batch) and (request := next(left, None)):
                    if batch.weight > room:
                        await _skip(batch, request, "storage_full", _FULL)
                    else:
                        await self._answer(batch, request, client)

            async with asyncio.TaskGroup() as lanes:
                for _ in range(LANES):
                    lanes.create_task(lane())
            if batch.status == "in_progress" and batch.is_late:
                source.seek(0)
                for request in read_requests(source, await run_in_threadpool(batch.recount)):
                    await _skip(batch, request, "batch_expired", _EXPIRED)

    async def _answer(self, batch: Batch, request: dict[str, Any], client: Client) -> None:
        """Draw one request. What was asked too fast is asked again, as nobody else would do it for a batch."""
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            if not self._goes_on(batch):
                return
            status, body = await self._service.answer(request["url"], request["body"], client)
            if status != 429 or body["error"]["code"] != "rate_limit_exceeded":
                break
        if status == 503 and self._is_leaving:
            return  # sent home: the next server draws it
        response = {"status_code": status, "request_id": f"req_{secrets.token_hex(16)}", "body": body}
        await run_in_threadpool(partial(batch.note, request["custom_id"], response=response))

    def _goes_on(self, batch: Batch) -> bool:
        return batch.status == "in_progress" and not self._is_leaving and not batch.is_late


async def _skip(batch: Batch, request: dict[str, Any], code: str, message: str) -> None:
    error = {"code": code, "message": message}
    await run_in_threadpool(partial(batch.note, request["custom_id"], error=error))


def routes(service: Service) -> list[Route]:
    """Return the routes of batches, and let them be worked off while the server runs."""
    foreman = Foreman(service)
    service.at_start.append(foreman.start)
    service.at_stop.append(foreman.stop)
    return [
        Route("/v1/batches", partial(_create, service, foreman), methods=["POST"]),
        Route("/v1/batches", partial(_list, service, foreman)),
        Route("/v1/batches/{id}", partial(_find, service, foreman)),
        Route("/v1/batches/{id}/cancel", partial(_cancel, service, foreman), methods=["POST"]),
    ]


async def _create(service: Service, foreman: Foreman, request: Request) -> Response:
    client = service.client_of(request)
    said, _, _ = await read_call(request)
    return json_response(foreman.create(said, client).told)


def _list(service: Service, foreman: Foreman, request: Request) -> Response:
    return page((batch.told for batch in foreman.all(service.client_of(request))), request, 100)


async def _find(service: Service, foreman: Foreman, request: Request) -> Response:
    return json_response(foreman.find(request.path_params["id"], service.client_of(request)).told)


async def _cancel(service: Service, foreman: Foreman, request: Request) -> Response:
    return json_response(foreman.cancel(request.path_params["id"], service.client_of(request)).told)
