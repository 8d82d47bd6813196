"""What every call goes through: a name of its own, who may be meant by it, how much it may send and how slowly.

Around the whole application, so that nothing reaches a route that should not, and nothing leaves without its
headers. Knows no route.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dalle_nb._serve.service import Service
from dalle_nb._serve.shapes import Refused, broken

_LOG = logging.getLogger("dalle_nb.serve")

_CLOSE = {"connection": "close"}
_ALWAYS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


class Gate:
    """ASGI middleware; one for each server."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service
        self.held = 0
        """Bytes of bodies under way."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(self, receive, scope["path"])
        answer = _Answer(send, self._headers())
        try:
            self._check_names(Headers(scope=scope))
            await self.app(scope, body.receive, answer.send)
        except ClientDisconnect:
            pass  # nobody is left to be told
        except Exception as error:  # noqa: BLE001 - logged, and the client is told as little as is right
            told = error if isinstance(error, Refused) else broken()
            if told is not error:
                _LOG.exception("a call failed: %s", answer.headers["x-request-id"])
            if not answer.begun:
                await told.response()(scope, receive, answer.send)
        finally:
            self.held -= body.held

    def _headers(self) -> dict[str, str]:
        painted = {"x-dalle-nb-backend": "offline"} if self.service.offline else {}
        return {"x-request-id": f"req_{secrets.token_hex(16)}", **_ALWAYS, **painted}

    def _check_names(self, headers: Headers) -> None:
        """Let only those pass who mean this server, and no page of another site in somebody's browser."""
        host, origin = headers.get("host", "").lower(), headers.get("origin")
        known = self.service.hosts
        if known is not None and _split(f"//{host}")[1] not in known:
            raise Refused(421, "This server does not go by that name.", code="unknown_host")
        if origin is not None and _split(origin)[0] != host:
            raise Refused(403, "Pages of other sites may not draw here.", code="foreign_origin")


def _split(address: str) -> tuple[str, str]:
    """Return an address's host with its port, and its host alone; nothing where it is no address."""
    try:
        parts = urlsplit(address)
        return parts.netloc.lower(), parts.hostname or ""
    except ValueError:
        return "", ""


class _Body:
    """The body of one call, counted and timed as it comes."""

    def __init__(self, gate: Gate, receive: Receive, path: str) -> None:
        limits = gate.service.limits
        self._gate, self._receive = gate, receive
        # A file goes to the disk as it comes; what else is sent is in memory.
        self._is_file = path == "/v1/files"
        self._most = limits.upload + (1 << 20) if self._is_file else limits.body
        self._deadline = time.monotonic() + limits.patience * (10 if self._is_file else 1)
        self._whole = False
        self._size = self.held = 0

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        message = await self._next()
        while self._is_too_much() and self._goes_on():
            message = await self._next()
        if self._is_too_much():
            told = f"The body of the request is larger than {self._most >> 20} MB."
            raise Refused(413, told, code="request_too_large", headers=_CLOSE)
        if self._gate.held > self._gate.service.limits.held:
            told = "There is too much under way. Please try again later."
            raise Refused(503, told, "server_error", code="server_is_overloaded", headers=_CLOSE)
        return message

    def _is_too_much(self) -> bool:
        return self._size > self._most

    def _goes_on(self) -> bool:
        """Whether the rest of it is read, and thrown away, so that whoever sends too much gets to hear of it."""
        return not self._whole and self._size <= 4 * self._most

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                message = await self._receive()
        except TimeoutError:
            told = "The body of the request came too slowly."
            raise Refused(408, told, code="request_timeout", headers=_CLOSE) from None
        self._size += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if not self._is_file and not self._is_too_much():
            self._gate.held += self._size - self.held
            self.held = self._size
        return message


class _Answer:
    """The answer to one call, with the headers that every answer has."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send, self.headers = send, headers
        self._started = time.monotonic()
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            took = f"{1000 * (time.monotonic() - self._started):.0f}"
            MutableHeaders(scope=message).update({**self.headers, "openai-processing-ms": took})
        await self._send(message)
