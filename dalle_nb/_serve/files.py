"""Files that clients leave with the server: jobs to do, pictures to edit, and what came of the jobs.

Each client has a folder of its own. Ids are drawn by the server and looked at before they become a path; the
name that a client gives is repeated to it and used for nothing. Must not know batches.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from dalle_nb._references import MAX_INPUT_BYTES
from dalle_nb._serve.clients import Client
from dalle_nb._serve.service import Service
from dalle_nb._serve.shapes import Refused, json_response

PURPOSES = ("batch", "vision", "user_data")
MOST_FILES, MOST_ROOM = 5_000, 20 << 30
"""Of one client, in files and bytes, what its batches gave included."""
LIFETIMES = range(3600, 30 * 24 * 3600 + 1)
"""Seconds that a file may be given to live. One for a batch has the longest where nothing is said."""

_ID = re.compile(r"file-[0-9a-f]{24}")


File = dict[str, Any]
"""What the API tells of a file; times in seconds since 1970."""


class Files:
    """One client's files: the bytes of each under its id, and a note beside them of what the API tells."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, source: IO[bytes], filename: str, purpose: str, lifetime: int | None = None) -> File:
        """Keep a copy of what the source holds. Refused where it is empty, or the client has no room left."""
        size = source.seek(0, os.SEEK_END)
        source.seek(0)
        if not size:
            raise Refused(400, "The file is empty.", param="file", code="empty_file")
        if size > self.room():
            raise Refused(413, "There is no room for more files: delete some.", param="file")
        ident = new_id()
        with self._bytes(ident).open("xb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
        return self._note(ident, filename, purpose, lifetime)

    def adopt(self, draft: Path, ident: str, purpose: str, lifetime: int | None = None) -> File:
        """Take in a file that was written elsewhere, under its name there and an id made by `new_id`."""
        draft.replace(self._bytes(ident))
        return self._note(ident, draft.name, purpose, lifetime)

    def find(self, ident: str) -> File:
        """Return what is known of a file. Refused (404) where the client has none of that id."""
        file = self._read(ident) if _ID.fullmatch(ident) else None
        if file is None:
            raise Refused(404, f"No such File object: {ident[:80]}", param="id", code="file_not_found")
        return file

    def path(self, ident: str) -> Path:
        """Return where the bytes of a file lie. Refused (404) where the client has none of that id."""
        return self._bytes(self.find(ident)["id"])

    def all(self) -> list[File]:
        """Return all files, the newest first."""
        found = (self._read(note.stem) for note in self._folder.glob("file-*.json"))
        return sorted(filter(None, found), key=lambda file: (file["created_at"], file["id"]), reverse=True)

    def delete(self, ident: str) -> None:
        """Delete a file, its note first: no crash leaves a note without bytes."""
        path = self._bytes(ident)
        path.with_suffix(".json").unlink(missing_ok=True)
        path.unlink(missing_ok=True)

    def room(self) -> int:
        """Return how many bytes more this client may leave here."""
        files = self.all()
        return MOST_ROOM - sum(file["bytes"] for file in files) if len(files) < MOST_FILES else 0

    def _bytes(self, ident: str) -> Path:
        return self._folder / f"{ident}.bin"

    def _read(self, ident: str) -> File | None:
        try:
            file: File = json.loads(self._bytes(ident).with_suffix(".json").read_bytes())
        except FileNotFoundError:
            return None
        if file["expires_at"] is None or time.time() < file["expires_at"]:
            return file
        self.delete(ident)
        return None

    def _note(self, ident: str, filename: str, purpose: str, lifetime: int | None) -> File:
        now, path = int(time.time()), self._bytes(ident)
        file = {
            "id": ident,
            "object": "file",
            "bytes": path.stat().st_size,
            "created_at": now,
            "expires_at": None if lifetime is None else now + lifetime,
            "filename": filename[:255],
            "purpose": purpose,
            "status": "processed",
        }
        write_json(path.with_suffix(".json"), file)
        return file


def new_id() -> str:
    """Return an id that nobody can guess."""
    return f"file-{secrets.token_hex(12)}"


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all."""
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def folder_of(service: Service, client: Client) -> Path:
    """Return the folder of a client. Its name is a digest: a client may be called ``../..``."""
    return service.generator.store.home / "served" / sha256(client.name.encode()).hexdigest()[:24]


def files_of(service: Service, client: Client) -> Files:
    """Return what a client has left here."""
    return Files(folder_of(service, client) / "files")


def page(items: Iterable[dict[str, Any]], request: Request, most: int) -> Response:
    """Return that part of a list, given in its order, that ``after`` and ``limit`` ask for."""
    rows, after = list(items), request.query_params.get("after")
    if after is not None:
        rows = rows[next((place for place, row in enumerate(rows, 1) if row["id"] == after), len(rows)) :]
    limit = request.query_params.get("limit", str(most))
    if not (limit.isdecimal() and limit.isascii() and 0 < int(limit[:9]) <= most):
        raise Refused(400, f"'limit' is 1 to {most}.", param="limit", code="invalid_value")
    shown = rows[: int(limit)]
    ends = {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {}
    return json_response({"object": "list", "data": shown, "has_more": len(rows) > len(shown), **ends})


def routes(service: Service) -> list[Route]:
    """Return the routes of files, and let the inputs of edits be named by file id."""
    service.read_file = partial(_read_picture, service)
    return [
        Route("/v1/files", partial(_create, service), methods=["POST"]),
        Route("/v1/files", partial(_list, service)),
        Route("/v1/files/{id}", partial(_find, service)),
        Route("/v1/files/{id}", partial(_delete, service), methods=["DELETE"]),
        Route("/v1/files/{id}/content", partial(_content, service)),
    ]


def _read_picture(service: Service, ident: str, client: Client) -> bytes:
    shelf = files_of(service, client)
    if shelf.find(ident)["bytes"] > MAX_INPUT_BYTES:
        raise Refused(400, f"The file is too large for a picture: {ident}", param="image")
    return shelf.path(ident).read_bytes()


async def _create(service: Service, request: Request) -> Response:
    shelf = files_of(service, service.client_of(request))
    # What is large in a form goes to the disk as it comes; how much may come is the gate's affair.
    async with request.form(max_files=1, max_fields=8) as form:
        source, purpose, lifetime = _read_upload(form)
        file = await run_in_threadpool(shelf.keep, source.file, source.filename or "", purpose, lifetime)
    return json_response(file)


def _list(service: Service, request: Request) -> Response:
    asked, shelf = request.query_params, files_of(service, service.client_of(request))
    found = [file for file in shelf.all() if asked.get("purpose", file["purpose"]) == file["purpose"]]
    return page(found[::-1] if asked.get("order") == "asc" else found, request, 10_000)


def _find(service: Service, request: Request) -> Response:
    shelf = files_of(service, service.client_of(request))
    return json_response(shelf.find(request.path_params["id"]))


def _content(service: Service, request: Request) -> Response:
    shelf = files_of(service, service.client_of(request))
    return FileResponse(shelf.path(request.path_params["id"]))


def _delete(service: Service, request: Request) -> Response:
    shelf = files_of(service, service.client_of(request))
    ident = shelf.find(request.path_params["id"])["id"]
    shelf.delete(ident)
    return json_response({"id": ident, "object": "file", "deleted": True})


def _read_upload(form: FormData) -> tuple[UploadFile, str, int | None]:
    """Return the file of an upload, what it is for, and the seconds that it lives."""
    source, purpose = form.get("file"), form.get("purpose")
    if not isinstance(source, UploadFile):
        raise Refused(400, "The form holds no file named 'file'.", param="file")
    if purpose not in PURPOSES:
        raise Refused(400, f"'purpose' is one of {', '.join(PURPOSES)}.", param="purpose")
    seconds = form.get("expires_after[seconds]")
    if seconds is None:
        return source, purpose, LIFETIMES[-1] if purpose == "batch" else None
    number = int(seconds[:9]) if isinstance(seconds, str) and seconds.isdecimal() else None
    said = {"anchor": form.get("expires_after[anchor]"), "seconds": number}
    return source, purpose, read_lifetime(said, "expires_after")


def read_lifetime(said: Any, param: str) -> int | None:
    """Return the seconds that ``{"anchor": "created_at", "seconds": 3600}`` gives a file to live."""
    if said is None:
        return None
    seconds = said.get("seconds") if isinstance(said, dict) and said.get("anchor") == "created_at" else None
    if type(seconds) is not int or seconds not in LIFETIMES:
        need = f"'{param}' needs anchor 'created_at' and {LIFETIMES[0]} to {LIFETIMES[-1]} seconds."
        raise Refused(400, need, param=param)
    return seconds
