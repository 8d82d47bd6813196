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

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import BytesIO
from typing import Any

from PIL import Image
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from . import pictures
from .streams import write_event
from .wire import Slow, Torn, endless, event_stream
from .words import Order, Refused

Act = Callable[..., Any]


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
    act: Act = lambda *_: None
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


# Instead of an answer.


def _say(
    status: int, code: str | None, message: str, kind: str = "invalid_request_error", **more: Any
) -> Act:
    return lambda _: Refused(status=status, message=message, code=code, type=kind, **more)


def _wait(
    status: int, code: str | None, message: str, kind: str, advise: Callable[[float], dict[str, str]]
) -> Act:
    return lambda at: _say(status, code, message, kind, headers=advise(at.argument))(at)


def _date(seconds: float) -> dict[str, str]:
    return {"retry-after": format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)}


def _page(status: int, words: str) -> Act:
    html = f"<html><head><title>{words}</title></head><body>{words}</body></html>"
    return lambda *_: HTMLResponse(html, status)


_BAD_KEY = "Incorrect API key provided: {}. You can find your API key at https://platform.openai.com/account/api-keys."
_VERIFY = (
    "Your organization must be verified to use the model `gpt-image-2`. Please go to:"
    " https://platform.openai.com/settings/organization/general and click on Verify Organization. If you just"
    " verified, it can take up to 15 minutes for access to propagate."
)
_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_SAFETY = "Your request was rejected by the safety system."
_STAGE = {"moderation_details": {"moderation_stage": "input", "categories": ["violence"]}}
_SIZE = "Invalid size '1792x936'. Width and height must both be divisible by 16."
_RATE = "Rate limit reached for images per min: Limit 5, Used 5, Requested 1."
_BUSY = "That model is currently overloaded with other requests."


def _limit(advise: Callable[[float], dict[str, str]]) -> Act:
    return _wait(429, "rate_limit_exceeded", _RATE, "requests", advise)


def _seconds(seconds: float) -> dict[str, str]:
    return {"retry-after": f"{seconds:g}"}


# Pictures that are none, or not the ones asked for.


def _corrupt(data: bytes, _: Order) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(byte ^ 0x5A for byte in data[middle : middle + 16]) + data[middle + 16 :]


def _convert(data: bytes, order: Order) -> bytes:
    file = BytesIO()
    Image.open(BytesIO(data)).convert("RGB").save(file, "PNG" if order.format == "jpeg" else "JPEG")
    return file.getvalue()


def _shrink(_: bytes, order: Order) -> bytes:
    return pictures.draw(replace(order, size=(order.size[0] // 2, order.size[1] // 2)), 0)


# Answers whose JSON, whose bytes or whose connection break.


def _items(name: str, change: Callable[[str], Any]) -> Act:
    return lambda answer: (
        answer | {"data": [item | {name: change(item.get(name) or "")} for item in answer["data"]]}
    )


def _data(change: Callable[[list[Any]], list[Any]]) -> Act:
    return lambda answer: answer | {"data": change(answer["data"])}


def _break_base64(text: str) -> str:
    middle = len(text) // 8 * 4
    return text[:middle] + "!@#$" + text[middle + 4 :]


def _cut(_: Situation, whole: Response) -> Response:
    return Response(whole.body[: int(len(whole.body) * 0.6)], media_type=whole.media_type)


def _tear(end: str) -> Act:
    return lambda _, whole: Torn(whole, end=end)


def _json(answer: Any) -> Act:
    return lambda *_: JSONResponse(answer)


def _drip(at: Situation, whole: Response) -> Response:
    return Slow(whole, pieces=20, between=at.argument / 20)


def _hang(at: Situation, whole: Response) -> Response:
    return Slow(whole, before=at.argument)


def _flood(start: bytes, filler: bytes, end: bytes, media_type: str) -> Act:
    return lambda at, _: endless(start, filler, end, at.argument, media_type)


# Streams that break: the partial pictures come, the last event does not, or not whole.


def _end_with(last: Callable[[bytes], bytes]) -> Act:
    return lambda _, events: event_stream([*events[:-1], last(events[-1])])


def _reset_stream(_: Situation, events: list[bytes]) -> Response:
    whole = Response(b"".join(events), media_type="text/event-stream")
    return Torn(whole, keep=1 - len(events[-1]) / len(whole.body) / 2)


_ERROR = write_event(
    "error", {"error": {"type": "server_error", "code": "server_error", "message": "Sorry."}}
)


# The table.


def _refuse(name: str, act: Act, what: str, **more: Any) -> Fault:
    return Fault(name=name, stage="refuse", act=act, what=what, **({"certain": True} | more))


def _spoil(name: str, act: Act, what: str) -> Fault:
    """Make a fault of a picture: drawn, paid for, of no use, and the caller can see that it was drawn."""
    return Fault(name=name, stage="picture", act=act, what=what, billed=True, certain=True)


def _lose(name: str, stage: str, act: Act, what: str, **more: Any) -> Fault:
    """Make a fault of an answer: drawn and paid for, and the caller cannot know."""
    return Fault(name=name, stage=stage, act=act, what=what, **({"billed": True} | more))


def _fetch(name: str, stage: str, act: Act, what: str, **more: Any) -> Fault:
    """Make a fault of a download: the picture was paid for by the call before, the download itself costs nothing."""
    return Fault(name=name, stage=stage, act=act, what=what, certain=True, on=("download",), **more)


_TABLE = (
    _refuse("429", _limit(lambda _: {}), "too many requests, no advice"),
    _refuse("429_after", _limit(_seconds), "Retry-After in seconds", argument=1),
    _refuse("429_after_ms", _limit(lambda ms: {"retry-after-ms": f"{ms:g}"}), "retry-after-ms", argument=200),
    _refuse("429_date", _limit(_date), "Retry-After as an HTTP date so many seconds away", argument=2),
    _refuse("429_long", _limit(_seconds), "Retry-After of ten minutes", argument=600),
    _refuse("429_ipm", _say(429, "rate_limit_exceeded", "Too many input-images per min.", "input-images"), "too many input pictures"),
    _refuse("429_slow_down", _wait(429, "slow_down", "Slow down.", "requests", _seconds), "traffic grows too fast", argument=1),
    _refuse("429_quota", _say(429, "credit_balance_exhausted", _QUOTA, "insufficient_quota"), "credit is used up"),
    _refuse("429_quota_insufficient", _say(429, "insufficient_quota", _QUOTA, "insufficient_quota"), "its older name"),
    _refuse("408", _say(408, "timeout", "Request timeout."), "the server gave up waiting", certain=False),
    _refuse("409", _say(409, "conflict", "Conflict."), "a conflict with another request", certain=False),
    _refuse("500", _say(500, None, "The server had an error.", "server_error"), "server error", certain=False),
    _refuse("503", _say(503, None, _BUSY, "server_error"), "unavailable, no advice", certain=False),
    _refuse("503_after", _wait(503, None, _BUSY, "server_error", _seconds), "unavailable, with Retry-After", argument=1),
    _refuse("503_overloaded", _wait(503, "server_is_overloaded", _BUSY, "server_error", _seconds), "overloaded, with Retry-After", argument=1),
    _refuse("502_html", _page(502, "502 Bad Gateway"), "a proxy's page", certain=False),
    _refuse("504_html", _page(504, "504 Gateway Time-out"), "a proxy gave up; behind it the picture was drawn", billed=True, certain=False),
    _refuse("400_policy", _say(400, "content_policy_violation", _SAFETY), "refused by policy, the older name"),
    _refuse("400_moderation", _say(400, "moderation_blocked", _SAFETY, "image_generation_user_error", more=_STAGE), "refused by moderation"),
    _refuse("400_billing", _say(400, "billing_hard_limit_reached", "Billing hard limit has been reached."), "the spending limit, told as 400"),
    _refuse("400_size", _say(400, "invalid_value", _SIZE, "image_generation_user_error", param="tools"), "a size refused"),
    _refuse("401", _say(401, "invalid_api_key", _BAD_KEY.format("sk-wron***********cdef")), "a wrong key, masked"),
    _refuse("401_echo", lambda at: _say(401, "invalid_api_key", _BAD_KEY.format(at.key))(at), "a careless proxy repeats the whole key"),
    _refuse("403_verify", _say(403, None, _VERIFY), "the organization must be verified"),
    _refuse("403_region", _say(403, "unsupported_country_region_territory", "Country, region, or territory not supported", "request_forbidden"), "country not supported"),
    _refuse("404_model", _say(404, "model_not_found", "The model `gpt-image-2` does not exist or you do not have access to it."), "no such model"),
    _refuse("reset_before", lambda _: Torn(Response(), keep=None), "connection reset, not a byte answered", certain=False),
    _lose("reset_mid", "send", _tear("reset"), "connection reset in the middle of the body"),
    _lose("close_mid", "send", _tear("close"), "connection closed in the middle of the body"),
    _lose("hang", "send", _hang, "nothing for so many seconds, then the answer", argument=3600),
    _lose("stall_mid", "send", lambda at, whole: Slow(whole, pieces=2, between=at.argument), "half the body, nothing for so many seconds, the rest", argument=3600),
    _lose("drip", "send", _drip, "the whole answer, spread over so many seconds", argument=2, certain=True),
    _lose("trunc_json", "send", _cut, "a complete HTTP answer with 60 % of the JSON"),
    _lose("html_200", "send", _page(200, "Welcome"), "a proxy's page with 200"),
    _lose("empty_200", "send", lambda *_: Response(media_type="application/json"), "200 with nothing"),
    _lose("error_200", "send", _json({"error": {"message": "upstream failed", "code": None}}), "200 with an error in it", billed=False),
    _lose("detail_200", "send", _json({"detail": "upstream failed"}), "200 with a FastAPI error in it", billed=False),
    _lose("huge_body", "send", _flood(b'{"created":1,"data":[{"b64_json":"', b"A", b'"}]}', "application/json"), "a body of so many MiB", argument=300),
    _lose("null_data", "answer", lambda answer: {"created": answer["created"], "data": None}, "data is null, no usage"),
    _lose("empty_data", "answer", lambda answer: {"created": answer["created"], "data": []}, "data is empty, no usage"),
    _lose("null_item", "answer", _data(lambda _: [{}]), "an item without a picture, with usage", certain=True),
    _lose("bad_b64", "answer", _items("b64_json", _break_base64), "base64 with foreign letters in the middle", certain=True),
    _lose("pad_b64", "answer", _items("b64_json", lambda text: text.rstrip("=")[:-1]), "base64 that lost its end", certain=True),
    _lose("empty_b64", "answer", _items("b64_json", lambda _: ""), "an empty string for a picture", certain=True),
    _lose("url_null", "answer", _items("url", lambda _: None), "a null URL", certain=True),
    _lose("fewer", "answer", _data(lambda items: items[:-1]), "one picture less than asked", certain=True),
    _lose("more", "answer", _data(lambda items: [*items, items[0]]), "the first picture once more", certain=True),
    _spoil("nonimage", lambda *_: b"This is not a picture. " * 50, "text where a picture should be"),
    _spoil("trunc_png", lambda data, _: data[: len(data) * 6 // 10], "60 % of the picture's bytes"),
    _spoil("corrupt_png", _corrupt, "16 bytes in the middle are wrong; only the checksum tells for certain"),
    _spoil("bomb", lambda *_: pictures.bomb(), "50,000 x 50,000 pixels in 0.3 MB"),
    _spoil("wrong_format", _convert, "JPEG, or PNG where JPEG was asked for"),
    _spoil("wrong_size", _shrink, "half as wide and high as asked"),
    _spoil("svg_xss", lambda *_: pictures.hostile_svg(), "an SVG with scripts"),
    _fetch("url_404", "refuse", _page(404, "404 Not Found"), "no such file"),
    _fetch("url_403", "refuse", _page(403, "Server failed to authenticate the request."), "the link has expired"),
    _fetch("url_500", "refuse", _page(500, "Internal Server Error"), "the file server fails"),
    _fetch("url_reset", "send", _tear("reset"), "reset in the middle of the file"),
    _fetch("url_close", "send", _tear("close"), "closed in the middle of the file"),
    _fetch("url_html", "send", _page(200, "Please log in"), "a page for a file"),
    _fetch("url_drip", "send", _drip, "the file, spread over so many seconds", argument=2),
    _fetch("url_hang", "send", _hang, "nothing for so many seconds, then the file", argument=3600),
    _fetch("url_huge", "send", _flood(b"\x89PNG\r\n\x1a\n", b"\0", b"", "image/png"), "a file of so many MiB", argument=300),
    _fetch("url_redirect_to_file", "refuse", lambda _: RedirectResponse("file:///etc/passwd", 302), "a redirect into the caller's own disk"),
    _fetch("url_redirect_other_host", "refuse", lambda at: RedirectResponse(at.root.replace("127.0.0.1", "localhost") + "/elsewhere", 302), "a redirect to another, inner host"),
    _lose("sse_error", "stream", _end_with(lambda _: _ERROR), "an error event instead of the picture"),
    _lose("sse_cut", "stream", _end_with(lambda last: last[: len(last) // 2]), "the stream ends in the middle of the last event"),
    _lose("sse_reset", "stream", _reset_stream, "a reset in the middle of the last event"),
    _lose("sse_garbage", "stream", _end_with(lambda _: b"event: image_generation.completed\ndata: {not json\n\n"), "the last event is not JSON"),
    _lose("sse_partial_only", "stream", _end_with(lambda _: b"data: [DONE]\n\n"), "partial pictures, then a polite end"),
    _lose("sse_ignored", "plain", lambda *_: None, "asked to stream, answers JSON", certain=True),
)  # fmt: skip
FAULTS = {fault.name: fault for fault in _TABLE}
