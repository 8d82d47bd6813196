"""What OpenAI's API answers look like, and its errors: the dialect of the DALL·E names, and that of GPT Image.

Values in, values out: knows no request, client or store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse


@dataclass(slots=True)
class Refused(Exception):
    """A call is answered with an error in OpenAI's shape."""

    status: int
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further members of the error, such as ``moderation_details``."""

    def body(self) -> dict[str, Any]:
        """Return the JSON of the answer."""
        told = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": told | dict(self.more)}

    def response(self) -> JSONResponse:
        """Return the answer."""
        return JSONResponse(self.body(), self.status, headers=dict(self.headers))
