"""For pytest: workshops that draw at the loopback server, each as a process of its own would have it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai_server.handle import Api
from workshop import environment, forget

from dalle_nb import ImageGenerator
from dalle_nb._generator import default_generator


@pytest.fixture
def server(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """Draw at the loopback server as at OpenAI itself, as a user does who has a key."""
    for name, value in environment(api).items():
        monkeypatch.setenv(name, value)
    default_generator.cache_clear()
    yield api
    forget(default_generator())
    default_generator.cache_clear()


@pytest.fixture
def workshop(server: Api) -> Iterator[ImageGenerator]:
    """Give a workshop that has drawn nothing yet."""
    yield from _workshop()


@pytest.fixture
def later(server: Api) -> Iterator[ImageGenerator]:
    """Give another one, which knows as little of the first as a kernel after a restart."""
    yield from _workshop()


def _workshop() -> Iterator[ImageGenerator]:
    generator = ImageGenerator()
    yield generator
    forget(generator)
