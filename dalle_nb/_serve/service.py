"""What all routes share: the generator that draws, who may ask it, what is allowed, and the one way to an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from dalle_nb._serve.clients import Client, Clients
from dalle_nb._serve.shapes import Refused

if TYPE_CHECKING:
    from dalle_nb._generator import ImageGenerator


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one server takes on. Bytes, seconds, counts."""

    body: int = 64 << 20
    """Largest body of a call for pictures."""
    upload: int = 200 << 20
    """Largest file for a batch (what OpenAI takes)."""


def no_file(file_id: str, client: Client) -> bytes:
    """Know no uploaded file: what holds until `files` says where they are."""
    raise Refused(404, f"No such File object: {file_id}", param="id", code="file_not_found")


@dataclass(slots=True, kw_only=True)
class Service:
    """One server's state. Belongs to the event loop that serves; drawing happens in threads of its own."""

    generator: ImageGenerator
    clients: Clients = Clients()
    limits: Limits = Limits()
    read_file: Callable[[str, Client], bytes] = no_file
    """Returns the bytes of a file that this client uploaded; Refused (404) where there is none."""
    at_start: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    at_stop: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    def client_of(self, request: Request) -> Client:
        """Return who asks. Refused (401) where the token is missing or nobody's."""
        return self.clients.find(request.headers.get("authorization", ""))

    async def answer(self, path: str, body: dict[str, Any], client: Client) -> tuple[int, dict[str, Any]]:
        """Return status and JSON of ``POST path`` with that JSON body, as a batch does, which has no connection.

        Waits for a place in the line. Never raises for what the body or the drawing does wrong: that is an answer.
        """
        raise NotImplementedError(path, body, client)
