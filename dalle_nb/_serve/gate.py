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
        body = _Body(self, receive, self._most(scope["path"]))
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
            self.held -= body.size

    def _most(self, path: str) -> int:
        limits = self.service.limits
        return limits.upload + (1 << 20) if path.startswith("/v1/files") else limits.body

    def _headers(self) -> dict[str, str]:
        painted = {"x-dalle-nb-backend": "offline"} if self.service.offline else {}
        return {"x-request-id": f"req_{secrets.token_hex(16)}", **_ALWAYS, **painted}

    def _check_names(self, headers: Headers) -> None:
        """Let only those pass who mean this server, and no page of another site in somebody's browser."""
        host, origin = headers.get("host", ""), headers.get("origin")
        known = self.service.hosts
        if known is not None and _name_of(f"//{host}") not in known:
            raise Refused(421, "This server does not go by that name.", code="unknown_host")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            raise Refused(403, "Pages of other sites may not draw here.", code="foreign_origin")


def _name_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


class _Body:
    """The body of one call, counted and timed as it comes."""

    def __init__(self, gate: Gate, receive: Receive, most: int) -> None:
        self._gate, self._receive, self._most = gate, receive, most
        self._deadline = time.monotonic() + gate.service.limits.patience
        self._whole = False
        self.size = 0

    async def receive(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._deadline - time.monotonic()):
                message = await self._receive()
        except TimeoutError:
            raise Refused(408, "The body of the request came too slowly.", code="request_timeout") from None
        count = len(message.get("body", b""))
        self.size, self._gate.held = self.size + count, self._gate.held + count
        self._whole = not message.get("more_body", False)
        if self.size > self._most:
            message_ = f"The body of the request is larger than {self._most >> 20} MB."
            raise Refused(413, message_, code="request_too_large")
        if self._gate.held > self._gate.service.limits.held:
            raise Refused(
                503,
                "The server is overloaded. Please try again later.",
                "server_error",
                code="server_is_overloaded",
            )
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
