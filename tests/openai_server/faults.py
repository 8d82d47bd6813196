"""Everything that may go wrong, by name, and what each costs.

`stage` says where a fault bites:

    refuse   instead of the answer, before anything is drawn (unless it is billed: then after)
    picture  act(bytes, order) -> bytes, on every picture
    answer   act(document) -> document, on the JSON before it is written
    send     act(answer) -> answer, on the whole HTTP answer; also on a download
    stream   act(events) -> answer, only when the caller asked to stream
    plain    asked to stream, the server answers JSON

`billed` is the server's truth. `certain` says whether a caller can know it from what it got: then it should record
`claim`, "yes" or "no"; otherwise "unknown".
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from typing import Any

from PIL import Image
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from . import pictures
from .wire import Slow, Torn, endless, event_stream
from .words import Order, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a fault may know: its argument (`429_after:1` has 1.0), the server's address, the caller's key."""

    argument: float
    root: str
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    name: str
    stage: str
    what: str
    act: Callable[..., Any] = lambda *_: None
    billed: bool = False
    certain: bool = False
    argument: float = 0
    """Used when the name comes without one."""
    on: tuple[str, ...] = ("generations", "edits", "variations", "inpainting")

    @property
    def claim(self) -> str:
        return ("yes" if self.billed else "no") if self.certain else "unknown"


def find_fault(spec: str) -> tuple[Fault, float]:
    """Return the fault and argument of `name` or `name:number`; an unknown name is a KeyError."""
    name, _, argument = spec.partition(":")
    return FAULTS[name], float(argument.removesuffix("MiB")) if argument else FAULTS[name].argument


# Errors told politely.


def say(
    status: int,
    message: str,
    code: str | None = None,
    kind: str | None = "invalid_request_error",
    **more: Any,
):  # type: ignore[no-untyped-def] # a Fault's act
    return lambda _: Refused(status=status, message=message, code=code, type=kind, more=more)


def _limit(headers: Callable[[float], dict[str, str]]) -> Callable[[Situation], Refused]:
    def refuse(at: Situation) -> Refused:
        message = (
            f"Rate limit reached for images per min: Limit 5, Used 5, Requested 1.{_advice(headers, at)}"
        )
        return Refused(
            status=429,
            message=message,
            type="requests",
            code="rate_limit_exceeded",
            headers=headers(at.argument),
        )

    return refuse


def _advice(headers: Callable[[float], dict[str, str]], at: Situation) -> str:
    told = headers(at.argument)
    return f" Please try again in {at.argument:g}s." if "retry-after" in told else ""


def _busy(code: str | None, *, retry_after: bool) -> Callable[[Situation], Refused]:
    def refuse(at: Situation) -> Refused:
        headers = {"retry-after": str(math.ceil(at.argument))} if retry_after else {}
        message = "That model is currently overloaded with other requests."
        return Refused(status=503, message=message, type="server_error", code=code, headers=headers)

    return refuse


def _seconds(argument: float) -> dict[str, str]:
    return {"retry-after": f"{argument:g}"}


def _date(argument: float) -> dict[str, str]:
    when = datetime.now(UTC) + timedelta(seconds=argument)
    return {"retry-after": format_datetime(when, usegmt=True)}


def _page(status: int, words: str) -> Callable[[Situation], Response]:
    return lambda _: HTMLResponse(
        f"<html><head><title>{words}</title></head><body>{words}</body></html>", status
    )


def _echo_key(at: Situation) -> Refused:
    message = f"Incorrect API key provided: {at.key}. You can find your key at https://platform.openai.com."
    return Refused(status=401, message=message, code="invalid_api_key")


# Pictures that are none, or not the ones asked for.


def _corrupt(data: bytes, order: Order) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(byte ^ 0x5A for byte in data[middle : middle + 16]) + data[middle + 16 :]


def _convert(data: bytes, order: Order) -> bytes:
    image, file = Image.open(BytesIO(data)).convert("RGB"), BytesIO()
    image.save(file, "PNG" if order.format == "jpeg" else "JPEG")
    return file.getvalue()


def _shrink(data: bytes, order: Order) -> bytes:
    half = (order.size[0] // 2, order.size[1] // 2)
    return pictures.draw(replace(order, size=half), 0)


# Answers whose JSON is not what it should be.


def _items(
    change: Callable[[str], Any], name: str = "b64_json"
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def spoil(document: dict[str, Any]) -> dict[str, Any]:
        items = [item | {name: change(item.get(name) or "")} for item in document["data"]]
        return document | {"data": items}

    return spoil


def _break_base64(text: str) -> str:
    middle = len(text) // 8 * 4
    return text[:middle] + "!@#$" + text[middle + 4 :]


def _no_usage(document: dict[str, Any], data: Any) -> dict[str, Any]:
    return {"created": document["created"], "data": data}


# Answers whose bytes or whose connection break.


def _cut(at: Situation, whole: Response) -> Response:
    body = bytes(whole.body)
    return Response(body[: int(len(body) * 0.6)], media_type=whole.media_type)


def _tear(end: str) -> Callable[[Situation, Response], Response]:
    return lambda _, whole: Torn(whole, end=end)


def _drip(at: Situation, whole: Response) -> Response:
    return Slow(whole, pieces=20, between=at.argument / 20)


def _hang(at: Situation, whole: Response) -> Response:
    return Slow(whole, before=at.argument)


def _stall(at: Situation, whole: Response) -> Response:
    return Slow(whole, pieces=2, between=at.argument)


def _flood(at: Situation, _: Response) -> Response:
    start = b'{"created":1,"data":[{"b64_json":"'
    return endless(start, b"A", b'"}]}', at.argument, "application/json")


# Streams that break.


def _event(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _error_event(_: Situation, events: list[bytes]) -> Response:
    error = {
        "type": "server_error",
        "code": "server_error",
        "message": "The server had an error.",
        "param": None,
    }
    return event_stream([*events[:-1], _event("error", {"type": "error", "error": error})])


def _cut_stream(_: Situation, events: list[bytes]) -> Response:
    return event_stream([*events[:-1], events[-1][: len(events[-1]) // 2]])


def _reset_stream(_: Situation, events: list[bytes]) -> Response:
    begun = b"".join(events[:-1]) + events[-1][: len(events[-1]) // 2]
    whole = Response(begun, media_type="text/event-stream")
    whole.headers["content-length"] = str(len(b"".join(events)))
    return Torn(whole, keep=1.0)


def _garbage_stream(_: Situation, events: list[bytes]) -> Response:
    return event_stream([*events[:-1], b"event: image_generation.completed\ndata: {not json\n\n"])


def _partial_stream(_: Situation, events: list[bytes]) -> Response:
    return event_stream([*events[:-1], b"data: [DONE]\n\n"])


def _refuse(name: str, act: Callable[[Situation], Any], what: str, **more: Any) -> Fault:
    return Fault(name=name, stage="refuse", act=act, what=what, **({"certain": True} | more))


def _spoil(name: str, act: Callable[..., Any], what: str, **more: Any) -> Fault:
    """Make a fault of a picture: drawn, paid for, of no use, and the caller can see that it was drawn."""
    return Fault(name=name, stage="picture", act=act, what=what, billed=True, certain=True, **more)


def _lose(name: str, stage: str, act: Callable[..., Any], what: str, **more: Any) -> Fault:
    """Make a fault of an answer: drawn and paid for, and the caller cannot know."""
    return Fault(name=name, stage=stage, act=act, what=what, **({"billed": True} | more))


def _fetch(name: str, stage: str, act: Callable[..., Any], what: str, **more: Any) -> Fault:
    """Make a fault of a download: the picture was paid for by the call before, the download itself costs nothing."""
    return Fault(name=name, stage=stage, act=act, what=what, certain=True, on=("download",), **more)


_VERIFY = (
    "Your organization must be verified to use the model `gpt-image-2`. Please go to:"
    " https://platform.openai.com/settings/organization/general and click on Verify Organization. If you just"
    " verified, it can take up to 15 minutes for access to propagate."
)
_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_SAFETY = "Your request was rejected by the safety system."
_REGION = "Country, region, or territory not supported"
_STAGE = {"moderation_stage": "input", "categories": ["violence"]}

_TABLE = (
    _refuse("429", _limit(lambda _: {}), "too many requests, no advice"),
    _refuse("429_after", _limit(_seconds), "Retry-After in seconds", argument=1),
    _refuse("429_after_ms", _limit(lambda ms: {"retry-after-ms": f"{ms:g}"}), "retry-after-ms", argument=200),
    _refuse("429_date", _limit(_date), "Retry-After as an HTTP date this many seconds away", argument=2),
    _refuse("429_long", _limit(_seconds), "Retry-After of ten minutes", argument=600),
    _refuse("429_ipm", say(429, "Rate limit reached: input-images per min.", "rate_limit_exceeded", "input-images"), "too many input images"),
    _refuse("429_slow_down", say(429, "Slow down.", "slow_down", "requests"), "traffic grows too fast"),
    _refuse("429_quota", say(429, _QUOTA, "credit_balance_exhausted", "insufficient_quota"), "credit is used up"),
    _refuse("429_quota_insufficient", say(429, _QUOTA, "insufficient_quota", "insufficient_quota"), "the older name of it"),
    _refuse("408", say(408, "Request timeout.", "timeout"), "the server gave up waiting", certain=False),
    _refuse("409", say(409, "Conflict.", "conflict"), "a conflict with another request", certain=False),
    _refuse("500", say(500, "The server had an error.", None, "server_error"), "server error", certain=False),
    _refuse("503", _busy(None, retry_after=False), "unavailable, no advice", certain=False),
    _refuse("503_after", _busy(None, retry_after=True), "unavailable, with Retry-After", argument=1),
    _refuse("503_overloaded", _busy("server_is_overloaded", retry_after=True), "overloaded, with Retry-After", argument=1),
    _refuse("502_html", _page(502, "502 Bad Gateway"), "a proxy's page", certain=False),
    _refuse("504_html", _page(504, "504 Gateway Time-out"), "a proxy gave up; behind it the picture was drawn", billed=True, certain=False),
    _refuse("400_policy", say(400, _SAFETY, "content_policy_violation"), "refused by policy, the old name"),
    _refuse("400_moderation", say(400, _SAFETY, "moderation_blocked", "image_generation_user_error", moderation_details=_STAGE), "refused by moderation"),
    _refuse("400_billing", say(400, "Billing hard limit has been reached.", "billing_hard_limit_reached"), "spending limit, told as 400"),
    _refuse("400_size", say(400, "Invalid size '1792x936'. Width and height must both be divisible by 16.", "invalid_value", "image_generation_user_error", param="tools"), "a size refused"),
    _refuse("401", say(401, "Incorrect API key provided: sk-wron***********cdef. You can find your API key at https://platform.openai.com/account/api-keys.", "invalid_api_key"), "a wrong key, masked"),
    _refuse("401_echo", _echo_key, "a careless proxy repeats the whole key"),
    _refuse("403_verify", say(403, _VERIFY), "the organization must be verified"),
    _refuse("403_region", say(403, _REGION, "unsupported_country_region_territory", "request_forbidden"), "country not supported"),
    _refuse("404_model", say(404, "The model `gpt-image-2` does not exist or you do not have access to it.", "model_not_found"), "no such model"),
    _refuse("reset_before", lambda _: Torn(Response(), keep=None), "connection reset, not a byte answered", certain=False),
    _lose("reset_mid", "send", _tear("reset"), "connection reset in the middle of the body"),
    _lose("close_mid", "send", _tear("close"), "connection closed in the middle of the body"),
    _lose("hang", "send", _hang, "nothing for so many seconds, then the answer", argument=3600),
    _lose("stall_mid", "send", _stall, "half the body, so many seconds of nothing, the rest", argument=3600),
    _lose("drip", "send", _drip, "the whole answer, spread over so many seconds", argument=2, certain=True),
    _lose("trunc_json", "send", _cut, "a complete HTTP answer with 60 % of the JSON"),
    _lose("html_200", "send", lambda at, _: _page(200, "Welcome")(at), "a proxy's page with 200"),
    _lose("empty_200", "send", lambda *_: Response(b"", media_type="application/json"), "200 with nothing"),
    _lose("error_200", "send", lambda *_: JSONResponse({"error": {"message": "upstream failed", "type": "server_error", "code": None}}), "200 with an error in it", billed=False),
    _lose("detail_200", "send", lambda *_: JSONResponse({"detail": "upstream failed"}), "200 with a FastAPI error in it", billed=False),
    _lose("huge_body", "send", _flood, "a body of so many MiB", argument=300),
    _lose("null_data", "answer", lambda document: _no_usage(document, None), "data is null"),
    _lose("empty_data", "answer", lambda document: _no_usage(document, []), "data is empty"),
    _lose("null_item", "answer", lambda document: document | {"data": [{}]}, "an item without a picture, with usage", certain=True),
    _lose("bad_b64", "answer", _items(_break_base64), "base64 with foreign letters in the middle", certain=True),
    _lose("pad_b64", "answer", _items(lambda text: text.rstrip("=")[:-1]), "base64 that lost its end", certain=True),
    _lose("empty_b64", "answer", _items(lambda _: ""), "an empty string for a picture", certain=True),
    _lose("fewer", "answer", lambda document: document | {"data": document["data"][:-1]}, "one picture less than asked", certain=True),
    _lose("more", "answer", lambda document: document | {"data": [*document["data"], document["data"][0]]}, "the first picture twice", certain=True),
    _lose("url_null", "answer", _items(lambda _: None, "url"), "a null URL", certain=True),
    _spoil("nonimage", lambda *_: b"This is not a picture. " * 50, "text where a picture should be"),
    _spoil("trunc_png", lambda data, _: data[: len(data) * 6 // 10], "60 % of the picture's bytes"),
    _spoil("corrupt_png", _corrupt, "16 bytes in the middle are wrong"),
    _spoil("bomb", lambda *_: pictures.bomb(), "50,000 x 50,000 pixels in 0.3 MB"),
    _spoil("wrong_format", _convert, "JPEG for PNG, PNG for JPEG"),
    _spoil("wrong_size", _shrink, "half as wide and high as asked"),
    _spoil("svg_xss", lambda *_: pictures.hostile_svg(), "an SVG with scripts"),
    _fetch("url_404", "refuse", _page(404, "404 Not Found"), "no such file"),
    _fetch("url_403", "refuse", _page(403, "Server failed to authenticate the request."), "the link has expired"),
    _fetch("url_500", "refuse", _page(500, "Internal Server Error"), "the file server fails"),
    _fetch("url_reset", "send", _tear("reset"), "reset in the middle of the file"),
    _fetch("url_close", "send", _tear("close"), "closed in the middle of the file"),
    _fetch("url_html", "send", lambda at, _: _page(200, "Please log in")(at), "a page for a file"),
    _fetch("url_drip", "send", _drip, "the file, spread over so many seconds", argument=2),
    _fetch("url_hang", "send", _hang, "nothing for so many seconds", argument=3600),
    _fetch("url_huge", "send", lambda at, _: endless(b"\x89PNG\r\n\x1a\n", b"\0", b"", at.argument, "image/png"), "a file of so many MiB", argument=300),
    _fetch("url_redirect_to_file", "refuse", lambda _: RedirectResponse("file:///etc/passwd", 302), "a redirect into the caller's own disk"),
    _fetch("url_redirect_other_host", "refuse", lambda at: RedirectResponse(at.root.replace("127.0.0.1", "localhost") + "/elsewhere/secret", 302), "a redirect to another (inner) host"),
    _lose("sse_error", "stream", _error_event, "an error event instead of the end"),
    _lose("sse_cut", "stream", _cut_stream, "the stream ends in the middle of the last event"),
    _lose("sse_reset", "stream", _reset_stream, "a reset in the middle of the last event"),
    _lose("sse_garbage", "stream", _garbage_stream, "the last event is not JSON"),
    _lose("sse_partial_only", "stream", _partial_stream, "partial pictures, then a polite end"),
    _lose("sse_ignored", "plain", lambda *_: None, "asked to stream, answers JSON", certain=True),
)  # fmt: skip
FAULTS = {fault.name: fault for fault in _TABLE}
