"""What OpenAI's API answers look like, and its errors: in the dialect of DALL·E, and in that of GPT Image.

Values in, values out: knows no call, client or connection.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

from starlette.responses import Response

from dalle_nb import _errors
from dalle_nb._catalog import Model
from dalle_nb._errors import DalleError, DrawError, RefusedError, RequestError
from dalle_nb._images import MEDIA_TYPES, encode_png
from dalle_nb._options import OPTIONS
from dalle_nb._records import Billed, Usage
from dalle_nb._run import Picture, Run

MOST_PARTS = 100_000
"""Commas and brackets in a JSON body, those of a long prompt included: as values they would fill the memory."""


@dataclass(slots=True, eq=False)
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

    def response(self) -> Response:
        """Return the answer."""
        return json_response(self.body(), self.status, self.headers)


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return JSON; half a character in what a client sent, which UTF-8 cannot say, becomes a question mark."""
    text = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    return Response(text, status, dict(headers or {}), "application/json")


def read_json(body: bytes) -> Any:
    """Return what a body says. Refused (400) where it is no JSON, or more than can be borne in memory."""
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_PARTS:
        raise Refused(400, "The JSON body of your request has too many parts.", code="invalid_json")
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        message = "We could not parse the JSON body of your request. Please check it for mistakes."
        raise Refused(400, message, code="invalid_json") from error


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def refusal(error: DalleError, *, classic: bool, offline: bool) -> Refused:
    """Return an error of ours as OpenAI would word it; nothing in it tells of this machine."""
    if isinstance(error, RequestError):
        return _rule(error)
    if isinstance(error, RefusedError):
        return _moderated(error, classic=classic)
    if isinstance(error, _errors.ConfirmationNeeded):
        return Refused(400, error.what, code="confirmation_needed")
    if isinstance(error, _errors.MoneyError | _errors.BillingError):
        return Refused(429, error.what, "insufficient_quota", code="insufficient_quota", headers=_FINAL)
    if isinstance(error, DrawError):
        return _trouble(error, offline=offline)
    return broken()


def broken() -> Refused:
    """Return the error for what went wrong here: the client learns no more of it than that."""
    message = "The server had an error while processing your request; whoever runs it finds more in its log."
    return Refused(500, message, "server_error", code="server_error", headers=_FINAL)


_FINAL = {"x-should-retry": "false"}
"""Tells the SDK, which asks again by itself, that this does not help or may be billed twice."""


def _rule(error: RequestError) -> Refused:
    name = "mask" if isinstance(error, _errors.MaskError) else next(iter(error.options), "")
    return Refused(400, error.what, param=_PARAMETERS.get(name, name) or None, code="invalid_value")


_PARAMETERS = {row.name: row.parameter for row in OPTIONS if row.parameter}
_PARAMETERS |= dict.fromkeys(("edit", "ref", "vary"), "image")


def _moderated(error: RefusedError, *, classic: bool) -> Refused:
    if classic:
        # Programs of that time look for the code in the error's text, into which newer SDKs do not put it.
        code = "content_policy_violation"
        return Refused(400, f"{error.what} ({code})", code=code)
    details = {"moderation_stage": error.stage or "unknown", "categories": list(error.categories)}
    return Refused(
        400,
        error.what,
        "image_generation_user_error",
        code="moderation_blocked",
        more={"moderation_details": details},
    )


def _trouble(error: DrawError, *, offline: bool) -> Refused:
    status, kind, code = next(shape for cls, shape in _TROUBLES.items() if isinstance(error, cls))
    if isinstance(error, _errors.AuthenticationError) and not offline:
        # It is the server's own key that was not accepted, and none of the client's business.
        return Refused(
            502, "The server behind this one does not let it draw.", "server_error", headers=_FINAL
        )
    headers = {} if error.billed is Billed.NO else dict(_FINAL)
    if error.retry_after is not None:
        headers["retry-after"] = f"{error.retry_after:g}"
    return Refused(status, error.what, kind, code=error.code or code, headers=headers)


_TROUBLES: Mapping[type[DrawError], tuple[int, str, str | None]] = {
    _errors.AuthenticationError: (401, "invalid_request_error", "invalid_api_key"),
    _errors.ModelNotFound: (404, "invalid_request_error", "model_not_found"),
    _errors.RateLimitError: (429, "requests", "rate_limit_exceeded"),
    _errors.ConnectionFailed: (502, "server_error", "bad_gateway"),
    _errors.DrawTimeout: (504, "server_error", "timeout"),
    _errors.BadAnswer: (502, "server_error", "bad_gateway"),
    DrawError: (500, "server_error", "server_error"),
}


def images_body(
    run: Run, model: Model | None, *, classic: bool, link: Callable[[Picture], str] | None
) -> dict[str, Any]:
    """Return the answer for pictures that were drawn, by link where links are given, else in base64."""
    data = [_item(picture, model, link) for picture in run.pictures]
    body: dict[str, Any] = {"created": run.created, "data": data}
    if classic:
        return body
    record, first = run.record, run.pictures[0].record
    about = facts(record.sent[0], first.media_type, (first.width, first.height))
    return body | about | {"usage": usage_body(record.usage)}


def _item(picture: Picture, model: Model | None, link: Callable[[Picture], str] | None) -> dict[str, Any]:
    item = {"url": link(picture)} if link else {"b64_json": base64_of(delivered(picture)[0])}
    revised = picture.revised_prompt
    if model and model.revises_prompt and not revised:
        # A successor rewrites nothing: what was really sent is what was really drawn.
        revised = str(picture.run.record.sent[0].get("prompt", picture.run.prompt))
    return item | ({"revised_prompt": revised} if revised else {})


def base64_of(data: bytes) -> str:
    """Return the bytes as the API sends them."""
    import pybase64

    return pybase64.b64encode_as_string(data)


def delivered(picture: Picture) -> tuple[bytes, str]:
    """Return a picture's bytes and media type at the size that was asked for: as it came, or made smaller."""
    wanted, record = picture.run.record.deliver_size, picture.record
    if wanted is None or wanted == (record.width, record.height):
        return picture.bytes, record.media_type
    return encode_png(picture.image), MEDIA_TYPES["png"]


def facts(sent: Mapping[str, Any], media_type: str, size: tuple[int, int]) -> dict[str, Any]:
    """Return what GPT Image models tell of a picture drawn by the parameters sent, ``auto`` resolved."""
    background, quality = sent.get("background"), sent.get("quality")
    return {
        "background": "opaque" if background in (None, "auto") else background,
        "output_format": next((name for name in MEDIA_TYPES if MEDIA_TYPES[name] == media_type), "png"),
        "quality": "medium" if quality in (None, "auto") else quality,
        "size": f"{size[0]}x{size[1]}",
    }


def usage_body(usage: Usage | None, *, shared_by: int = 1) -> dict[str, Any] | None:
    """Return the tokens as the API tells them, or one picture's share of them."""
    if usage is None:
        return None
    words, seen = usage.input_text // shared_by, usage.input_image // shared_by
    written, drawn = usage.output_text // shared_by, usage.output_image // shared_by
    return {
        "input_tokens": words + seen,
        "input_tokens_details": {"text_tokens": words, "image_tokens": seen},
        "output_tokens": written + drawn,
        "output_tokens_details": {"text_tokens": written, "image_tokens": drawn},
        "total_tokens": words + seen + written + drawn,
    }


def model_body(model: Model) -> dict[str, Any]:
    """Return a model as ``/v1/models`` lists it."""
    released = model.released or model.as_of
    created = int(datetime.combine(released, time(), UTC).timestamp()) if released else 0
    shutdown = model.shutdown.isoformat() if model.shutdown else None
    owner = "dalle_nb" if model.free else "openai"
    return {
        "id": model.name,
        "object": "model",
        "created": created,
        "owned_by": owner,
        "shutdown_date": shutdown,
    }
