"""Links to pictures that work for an hour and cannot be guessed or bent to another picture."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dalle_nb._serve.shapes import Refused

LIFETIME = 3600
"""Seconds that a link works, as OpenAI's did (SDK image_generate_params.py: 60 minutes)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Signs paths with a key of this process: a link ends with its hour, or with the server."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    clock: Callable[[], float] = time.time

    def sign(self, path: str) -> str:
        """Return the path with its expiry and signature."""
        expiry = str(int(self.clock()) + LIFETIME)
        return f"{path}?se={expiry}&sig={self._signature(path, expiry)}"

    def check(self, path: str, expiry: str, signature: str) -> None:
        """Let a link pass. Refused (403) where it is not one of ours, or too old."""
        good = hmac.compare_digest(self._signature(path, expiry).encode(), signature.encode())
        if not good or float(expiry) < self.clock():
            told = "This link has expired: draw again." if good else "This link is not signed by this server."
            raise Refused(403, told, code="link_expired" if good else "link_invalid")

    def _signature(self, path: str, expiry: str) -> str:
        return hmac.digest(self.key, f"{path}\n{expiry}".encode(), "sha256").hex()
