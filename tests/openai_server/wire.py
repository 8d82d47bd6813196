"""Answers that need the connection itself: reset, cut, stalled, dripped, endless.

ASGI speaks of whole answers only. Three ways to go below it were weighed. A TCP front that forwards to uvicorn would
have to parse HTTP a second time to know which call it spoils, and would carry every byte twice. A socket server of
our own would be a second HTTP to trust. So this is uvicorn's own h11 protocol with one addition: it hands the
connection's transport to the application, in the scope. An answer then sends a true beginning through ASGI and ends
the connection as it likes, while framing, keep-alive and flow control stay uvicorn's.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

MEBIBYTE = 1 << 20
DELIVERY = 0.05
"""Seconds between the last bytes and a reset: a reset may overtake them."""


class OpenProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1 whose scope carries the transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn does
        super().connection_made(transport)
        app = self.app

        async def app_with_transport(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "transport": transport}, receive, send)

        self.app = app_with_transport


async def wait_until_gone(receive: Receive, seconds: float) -> bool:
    """Wait for the caller to leave, at most these seconds; return whether it left."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
            return True
    return False


class Torn(Response):
    """The beginning of an answer, then the connection's end: `reset` (RST) or `close` (FIN)."""

    def __init__(self, whole: Response, *, keep: float | None = 0.5, end: str = "reset") -> None:
        super().__init__()
        self.whole, self.keep, self.end = whole, keep, end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.keep is not None:
            await send_head(self.whole, send)
            await send_piece(bytes(self.whole.body)[: int(len(self.whole.body) * self.keep)], send)
            await asyncio.sleep(DELIVERY)
        transport = scope["transport"]
        if self.end == "reset":
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        else:
            transport.close()
        await wait_until_gone(receive, 5)


class Slow(Response):
    """A whole answer with a wait before its head and between its pieces; it ends early when the caller leaves."""

    def __init__(self, whole: Response, *, before: float = 0, pieces: int = 1, between: float = 0) -> None:
        super().__init__()
        self.whole, self.before, self.pieces, self.between = whole, before, pieces, between

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.before and await wait_until_gone(receive, self.before):
            return
        await send_head(self.whole, send)
        whole, step = bytes(self.whole.body), -(-len(self.whole.body) // self.pieces) or 1
        for start in range(0, len(whole), step):
            if start and await wait_until_gone(receive, self.between):
                return
            await send_piece(whole[start : start + step], send)
        await send_piece(b"", send, more=False)


async def send_head(whole: Response, send: Send) -> None:
    await send({"type": "http.response.start", "status": whole.status_code, "headers": whole.raw_headers})


async def send_piece(piece: bytes, send: Send, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": more})


def endless(start: bytes, filler: bytes, end: bytes, mebibytes: float, media_type: str) -> Response:
    """Return an answer of that many MiB of filler, made as it is sent: the server holds 64 KiB of it."""
    block = (filler * (65_536 // len(filler) + 1))[:65_536]
    count = int(mebibytes * MEBIBYTE) // len(block)

    async def produce() -> AsyncIterator[bytes]:
        yield start
        for _ in range(count):
            yield block
        yield end

    length = len(start) + count * len(block) + len(end)
    return StreamingResponse(produce(), media_type=media_type, headers={"content-length": str(length)})


def event_stream(
    events: Sequence[bytes], pause: float = 0.02, headers: Mapping[str, str] | None = None
) -> Response:
    """Return server-sent events with a pause before each, so that a caller sees them one after the other."""

    async def produce() -> AsyncIterator[bytes]:
        for event in events:
            await asyncio.sleep(pause)
            yield event

    return StreamingResponse(produce(), media_type="text/event-stream", headers=headers)
