"""The thread in which the server lives."""

from __future__ import annotations

import socket
import threading
import time

import uvicorn

from .app import build_app
from .handle import Api
from .wire import OpenProtocol


class Loopback:
    """A server on 127.0.0.1; `stop()` refuses connections, `start()` takes them again at the same port."""

    def __init__(self, port: int = 0) -> None:
        with listen(port) as probe:
            self.port = probe.getsockname()[1]
        self.api = Api(f"http://127.0.0.1:{self.port}")
        self._app = build_app(lambda: self.api)

    def start(self) -> None:
        """Serve; returns when connections are taken."""
        config = uvicorn.Config(
            self._app,
            http=OpenProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._uvicorn.run, args=([listen(self.port)],), daemon=True)
        self._thread.start()
        while not self._uvicorn.started:
            if not self._thread.is_alive():
                raise RuntimeError("the loopback server did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Close the port and drop every connection, answered or not."""
        for connection in list(self._uvicorn.server_state.connections):
            connection.loop.call_soon_threadsafe(connection.transport.abort)
        self._uvicorn.should_exit = True
        self._thread.join(10)

    def forget(self) -> Api:
        """Give the next test an Api of its own; what an earlier test left running reports to its own one."""
        self.api = Api(self.api.root)
        return self.api


def listen(port: int) -> socket.socket:
    """Return a listening socket, told to be TCP: else asyncio leaves Nagle on, which costs 40 ms an answer."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(256)
    return listener
