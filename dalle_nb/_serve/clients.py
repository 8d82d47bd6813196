"""Who may draw: tokens, each with a name and a cap, compared in constant time."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest

from dalle_nb._serve.shapes import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One who may draw. ``name`` is the tag of every Run drawn for it."""

    name: str = "local"
    token: str = field(default="", repr=False)
    cap: int | None = None
    """Most that it may spend in all, in millionths of a dollar."""


@dataclass(frozen=True, slots=True)
class Clients:
    """All who may draw; with no token at all, everybody on this machine is ``local``."""

    known: tuple[Client, ...] = ()

    def find(self, authorization: str) -> Client:
        """Return the client whose token an Authorization header carries. Refused (401) where it is nobody's."""
        if not self.known:
            return Client()
        said = sha256(authorization.removeprefix("Bearer ").encode()).digest()
        found = [each for each in self.known if compare_digest(said, sha256(each.token.encode()).digest())]
        if not found:
            raise Refused(401, "Incorrect API key provided.", code="invalid_api_key")
        return found[0]
