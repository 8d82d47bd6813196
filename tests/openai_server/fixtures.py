"""For pytest: `api`, a fresh handle on a loopback server that lives as long as the test session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .handle import Api
from .server import Loopback


@pytest.fixture(scope="session")
def loopback() -> Iterator[Loopback]:
    """Start the server; a test that asks for it may stop and start it, to have connections refused."""
    server = Loopback()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def api(loopback: Loopback) -> Api:
    """Hand out the server as new: OpenAI's profile, nothing called, nothing billed, nothing armed."""
    return loopback.forget()
