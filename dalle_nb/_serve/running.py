"""The server running: in the foreground for the command line, or beside a notebook's cells until it is left."""

from __future__ import annotations

import asyncio
import atexit
import json
import socket
from threading import Event, Thread
from types import TracebackType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from dalle_nb._errors import SettingsError
from dalle_nb._language import tr
from dalle_nb._serve.app import build_app
from dalle_nb._serve.service import Service
from dalle_nb._serve.shapes import Refused

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Serving:
    """A server in a thread of its own. ``with dn.serve() as url:`` stops it at the end, as does the kernel's."""

    def __init__(self, server: Server) -> None:
        self._server, self.url = server, server.service.root
        self._thread = Thread(target=server.serve_here, name="dalle-nb serve", daemon=True)
        self._thread.start()
        server.ready.wait()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Stop taking calls, wait for what is being drawn, and return."""
        atexit.unregister(self.stop)
        self._server.should_exit = True
        self._thread.join()

    def __enter__(self) -> str:
        return self.url

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Serving {self.url}>"


class Server(uvicorn.Server):
    """Uvicorn's server on a socket that is open already; on its way out it sends those who wait in line home."""

    def __init__(self, config: uvicorn.Config, service: Service, listener: socket.socket) -> None:
        super().__init__(config)
        self.service, self._listener = service, listener
        self.ready = Event()

    def serve_here(self) -> None:
        """Serve until told to stop; a signal counts as that."""
        try:
            self.run(sockets=[self._listener])
        except KeyboardInterrupt:
            pass  # uvicorn hands the signal on that it has already obeyed
        finally:
            self.ready.set()
            self._listener.close()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.service.line.close()
        await super().shutdown(sockets)


def open_server(service: Service, host: str, port: int) -> Server:
    """Return a server that listens already, and tell the service under which names it is known.

    Raises:
        SettingsError: the address cannot be had, or is not this machine's own and there is no token.
    """
    if host not in LOOPBACK and not service.clients.known:
        raise SettingsError(
            tr("Whoever reaches {host} could draw here.", host=host),
            tr("Add --token or --tokens, or stay on this machine: --host 127.0.0.1"),
        )
    listener = _listen(host, port)
    name = socket.gethostname() if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    service.root = f"http://{name}:{listener.getsockname()[1]}"
    service.hosts = LOOPBACK if host in LOOPBACK else None
    config = uvicorn.Config(
        build_app(service),
        http=_protocol(service),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=1024,
        # Longer than clients keep theirs, so that none sends a call into a connection that is being closed.
        timeout_keep_alive=30,
    )
    return Server(config, service, listener)


def _listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, told to be TCP: else asyncio leaves Nagle's algorithm on, 40 ms an answer."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        raise SettingsError(
            tr("{host}:{port} cannot be had: {reason}.", host=host, port=port, reason=error),
            tr("Try another: --port 0 takes any that is free."),
        ) from error
    return listener


def _protocol(service: Service) -> type[H11Protocol]:
    """Return uvicorn's HTTP/1.1 that bears only so many connections, and none that never says what it wants."""
    limits = service.limits

    class Bounded(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn does
            super().connection_made(transport)
            self._look_again(None)
            if len(self.connections) > limits.connections:
                transport.write(_FULL)
                transport.close()

        def connection_lost(self, exc: Exception | None) -> None:
            self._next_look.cancel()
            super().connection_lost(exc)

        def _look(self, last: RequestResponseCycle | None) -> None:
            idle = last is None or last.response_complete
            if idle and self.cycle is last:
                self.transport.close()  # no call began since: its head is still coming, or nothing at all
            else:
                self._look_again(self.cycle)

        def _look_again(self, last: RequestResponseCycle | None) -> None:
            self._next_look = self.loop.call_later(limits.patience, self._look, last)

    return Bounded


_REFUSED = json.dumps(
    Refused(503, "Too many connections.", "server_error", code="server_is_overloaded").body()
).encode()
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 2\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
    % (len(_REFUSED), _REFUSED)
)
