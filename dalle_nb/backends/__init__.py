"""Everything that can draw, behind one door."""

from __future__ import annotations

from dalle_nb._backend import Backend
from dalle_nb._settings import Settings

CONNECTION = (
    "backend",
    "base_url",
    "server",
    "api_key",
    "organization",
    "project",
    "azure_endpoint",
    "api_version",
)
"""Settings that make another backend; the rest may change while one stays open."""


def backend_name(settings: Settings) -> str:
    """Return which backend the settings mean: a key or a server's address calls for ``openai``."""
    if settings.backend != "auto":
        return settings.backend
    return "openai" if settings.api_key or settings.base_url or settings.azure_endpoint else "offline"


def open_backend(settings: Settings, opened: dict[tuple[object, ...], Backend]) -> Backend:
    """Return the backend for the settings, from those already opened where there is one."""
    key = tuple(getattr(settings, name) for name in CONNECTION)
    if key not in opened:
        opened[key] = _open(settings)
    return opened[key]


def _open(settings: Settings) -> Backend:
    if backend_name(settings) == "offline":
        from dalle_nb.backends.offline import OfflineBackend

        return OfflineBackend()
    from dalle_nb.backends.openai import OpenAIBackend

    return OpenAIBackend(settings)
