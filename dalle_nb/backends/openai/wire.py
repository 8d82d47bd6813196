"""The connection: one SDK client for some settings, and in a forked child another."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Any

from dalle_nb.backends.openai.guard import guarded_http

if TYPE_CHECKING:
    from openai import OpenAI

    from dalle_nb._settings import Settings


class Wire:
    """The SDK's client, made when first used (23 ms) and kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._client: OpenAI | None = None
        self._process = 0

    def client(self) -> OpenAI:
        """Return the SDK's client. Its retries are off: they are silent, and may bill twice."""
        with self._lock:
            if self._client is None or self._process != os.getpid():
                self._client = _open_client(self._settings)
                self._process = os.getpid()
            return self._client


def _open_client(settings: Settings) -> OpenAI:
    import openai

    common: dict[str, Any] = {
        # A server of one's own needs no key, and the SDK refuses an empty one.
        "api_key": settings.api_key or "none",
        "organization": settings.organization,
        "max_retries": 0,
        "http_client": guarded_http(),
    }
    if settings.azure_endpoint:
        return openai.AzureOpenAI(
            azure_endpoint=settings.azure_endpoint, api_version=settings.api_version, **common
        )
    return openai.OpenAI(base_url=settings.base_url, project=settings.project, **common)
