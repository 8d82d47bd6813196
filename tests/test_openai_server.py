"""The loopback server is what the other tests measure with: here it is measured itself, by the SDK and by raw HTTP."""

from __future__ import annotations

import ast
import base64
import hashlib
import http.client
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai_server import pictures
from openai_server.faults import FAULTS
from openai_server.handle import Api
from openai_server.models import MODELS, count_output
from openai_server.profiles import PROFILES
from openai_server.rules import BLOCKED, BLOCKED_OUTPUT
from openai_server.server import Loopback
from PIL import Image

pytest_plugins = ["openai_server.fixtures"]

KEY = "sk-test-0123456789abcdef"
HERE = Path(__file__).parent
Client = Callable[..., openai.OpenAI]


@dataclass
class Got:
    """What came over the wire, as far as it came."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: Exception | None = None
    seconds: float = 0

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def fetch(api: Api, path: str, body: Any = None, *, timeout: float = 0.6, **headers: str) -> Got:
    """Make one bare call without any client's help, and return all that came."""
    got, start = Got(), time.monotonic()
    wire = http.client.HTTPConnection(api.root.removeprefix("http://"), timeout=timeout)
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"} | headers
    try:
        wire.request(
            "GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers
        )
        answer = wire.getresponse()
        got.status, got.headers = answer.status, {name.lower(): value for name, value in answer.getheaders()}
        while piece := answer.read1(65_536):
            got.body += piece
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
    except (OSError, http.client.HTTPException) as error:
        got.error = error
    finally:
        wire.close()
    got.seconds = time.monotonic() - start
    return got


def ask(api: Api, **params: Any) -> Got:
    return fetch(api, "/v1/images/generations", {"model": "gpt-image-2", "prompt": "a cat"} | params)


@pytest.fixture
def client(api: Api) -> Iterator[Client]:
    """Make SDK clients that never try again, and close them."""
    with ExitStack() as opened:
        usual = {"base_url": api.url, "api_key": KEY, "max_retries": 0, "timeout": 5}
        yield lambda **options: opened.enter_context(openai.OpenAI(**usual | options))


def first(answer: Any) -> bytes:
    return base64.b64decode(answer.data[0].b64_json)


def png(size: tuple[int, int] = (1024, 1024), colour: Any = "teal", mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, colour).save(file, "PNG")
    return file.getvalue()


def mask(inside: Any, outside: Any, mode: str, size: tuple[int, int] = (1024, 1024)) -> bytes:
    """Return a mask whose left upper quarter differs from the rest."""
    image, file = Image.new(mode, size, outside), io.BytesIO()
    image.paste(inside, (0, 0, size[0] // 2, size[1] // 2))
    image.save(file, "PNG")
    return file.getvalue()


def part(data: bytes, name: str = "picture.png", mimetype: str = "image/png") -> tuple[str, bytes, str]:
    return name, data, mimetype


CLEAR = mask((0, 0, 0, 0), (0, 0, 0, 255), "RGBA")
WHITE = mask(255, 0, "L")

# Legal calls.

LEGAL: dict[str, dict[str, Any]] = {
    "plain": {"model": "gpt-image-2"},
    "all": {"model": "gpt-image-2.5-flare", "quality": "max", "moderation": "low", "user": "u", "n": 2},
    "any size": {"model": "gpt-image-2", "size": "1920x1088", "quality": "low"},
    "jpeg": {"model": "gpt-image-1.5", "output_format": "jpeg", "output_compression": 80, "size": "1536x1024"},
    "webp": {"model": "gpt-image-2.6-flare", "output_format": "webp", "complexity": "low"},
    "transparent": {"model": "gpt-image-2.5-sunburst", "background": "transparent"},
    "gif": {
        "model": "gpt-image-2.6-sunburst", "output_format": "gif", "size": "720x720",
        "extra_body": {"frame_count": 16},
    },
    "svg": {
        "model": "gpt-image-2.6-sunburst", "output_format": "svg",
        "extra_body": {"svg": {"model": "gpt-6-astra", "reasoning": {"effort": "low"}}},
    },
    "mini": {"model": "gpt-image-1-mini", "size": "1024x1536", "quality": "medium"},
}  # fmt: skip


@pytest.mark.parametrize("params", LEGAL.values(), ids=LEGAL)
def test_legal_calls_give_pictures_that_prove_their_prompt(
    api: Api, client: Client, params: dict[str, Any]
) -> None:
    """A legal call is answered with a readable picture of the asked size and format whose pixels name its prompt."""
    answer = client().images.generate(prompt="a red 猫 <on> a mat", **params)
    fmt, size = params.get("output_format", "png"), params.get("size", "1024x1024")
    assert (fmt, size, params.get("n", 1)) == (answer.output_format, answer.size, len(answer.data))
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0
    data = first(answer)
    if fmt == "svg":
        assert b"a red \xe7\x8c\xab &lt;on&gt; a mat" in data
        return
    image = Image.open(io.BytesIO(data))
    image.load()
    assert (fmt.upper(), size) == (image.format, f"{image.width}x{image.height}")
    assert pictures.shows(data, "a red 猫 <on> a mat")
    assert not pictures.shows(data, "a red 猫 <on> a hat")
    assert api.billed.count == len(answer.data)
    assert api.billed.sha256[0] == hashlib.sha256(data).hexdigest()


def test_png_tells_its_prompt_and_same_orders_give_same_bytes(api: Api, client: Client) -> None:
    """A PNG carries its prompt, the same order gives the same bytes, and another index gives another picture."""
    answer = client().images.generate(model="gpt-image-2", prompt="a \n cat", n=2)
    one, two = (base64.b64decode(item.b64_json) for item in answer.data)
    assert Image.open(io.BytesIO(one)).text == {"prompt": "a \n cat"}
    assert one == first(client().images.generate(model="gpt-image-2", prompt="a \n cat"))
    assert pictures.shows(two, "a \n cat", index=1)
    assert not pictures.shows(two, "a \n cat")


def test_noise_makes_pictures_as_heavy_as_photographs(api: Api, client: Client) -> None:
    """Five bits of noise make a PNG of about 2 MB that still proves its prompt."""
    api.noise = 5
    data = first(client().images.generate(model="gpt-image-2", prompt="heavy"))
    assert 1_500_000 < len(data) < 2_500_000
    assert pictures.shows(data, "heavy")


def test_usage_follows_the_published_prices() -> None:
    """The token formula gives OpenAI's nine published prices for gpt-image-2, and the five counts seen for 2.5."""
    prices = {"low": (6, 5, 5), "medium": (53, 41, 41), "high": (211, 165, 165)}
    sizes = ((1024, 1024), (1024, 1536), (1536, 1024))
    for quality, row in prices.items():
        counts = [count_output(MODELS["gpt-image-2"], quality, *size) for size in sizes]
        assert list(row) == [round(0.030 * count) for count in counts]
    later = [
        count_output(MODELS["gpt-image-2.5-flare"], q, 1024, 1024)
        for q in ("low", "medium", "high", "xhigh", "max")
    ]
    assert [196, 439, 1756, 3122, 7024] == later


def test_answers_tell_every_token_that_is_billed(api: Api, client: Client) -> None:
    """1.5 puts out text beside the picture, an input picture has tokens, SVG has a usage of its own."""
    usage = client().images.edit(model="gpt-image-1.5", prompt="p", quality="low", image=part(png())).usage
    assert (30, 272) == (usage.output_tokens_details.text_tokens, usage.output_tokens_details.image_tokens)
    assert (1024, 302) == (usage.input_tokens_details.image_tokens, usage.output_tokens)
    svg = client().images.generate(model="gpt-image-2.6-flare", prompt="p", output_format="svg", user="me")
    assert (950, "me") == (svg.svg_usage.total_tokens, svg.safety_identifier)


def test_edit_repaints_the_clear_part_and_disturbs_the_rest(api: Api, client: Client) -> None:
    """Like GPT Image, the server repaints where a mask is clear, and changes some pixels elsewhere too."""
    answer = client().images.edit(
        model="gpt-image-2.5-flare",
        prompt="a hat",
        image=[part(png()), part(png((64, 64)))],
        mask=part(CLEAR, "mask.png"),
    )
    image = Image.open(io.BytesIO(first(answer))).convert("RGB")
    drawn = pictures.expected("a hat")
    quarter, rest = (0, 0, 512, 512), (512, 512, 1024, 1024)
    assert drawn.crop(quarter).tobytes() == image.crop(quarter).tobytes()
    changed = [pixel for pixel in image.crop(rest).get_flattened_data() if pixel != (0, 128, 128)]
    assert 0.02 < len(changed) / 512**2 < 0.04
    call = api.calls[-1]
    assert [("image[]", "picture.png", "image/png")] * 2 == [
        (f.name, f.filename, f.mimetype) for f in call.images
    ]
    assert (png(), CLEAR, "a hat") == (call.images[0].data, call.file("mask").data, call.fields["prompt"])


@pytest.mark.parametrize(("profile", "path"), [("sd-cpp", "edits"), ("localai", "inpainting")])
def test_other_servers_repaint_the_white_part_only(api: Api, profile: str, path: str) -> None:
    """stable-diffusion.cpp and LocalAI repaint where a mask is white, and nothing else."""
    api.profile(profile, answers="b64_json")
    size = (512, 512)
    form = {"model": "m", "prompt": "a hat", "size": "512x512"}
    files = {"image": part(png(size)), "mask": part(mask(255, 0, "L", size))}
    answer = httpx2.post(f"{api.url}/images/{path}", data=form, files=files)
    image = Image.open(io.BytesIO(base64.b64decode(answer.json()["data"][0]["b64_json"]))).convert("RGB")
    expected = Image.new("RGB", size, "teal")
    expected.paste(pictures.expected("a hat", size=size).crop((0, 0, 256, 256)))
    assert expected.tobytes() == image.tobytes()


def test_edit_reads_json_and_markup(api: Api, client: Client) -> None:
    """Edits come as JSON with data URLs too, and 2.5 takes a markup in the place of a mask."""
    url = "data:image/png;base64," + base64.b64encode(png()).decode()
    body = {"model": "gpt-image-2", "prompt": "p", "images": [{"image_url": url}]}
    assert client().post("/images/edits", body=body, cast_to=openai.types.ImagesResponse).data
    assert ("json", png()) == (api.calls[-1].transport, api.calls[-1].images[0].data)
    layers = {"image": part(png()), "markup": part(CLEAR)}
    assert client().images.edit(model="gpt-image-2.5-flare", prompt="p", **layers).data


# Illegal calls.

ILLEGAL: dict[str, tuple[dict[str, Any], int, str, str]] = {
    "no model": ({"model": None}, 400, "missing_required_parameter", "model"),
    "no prompt": ({"prompt": ""}, 400, "missing_required_parameter", "prompt"),
    "long prompt": ({"prompt": "x" * 32_001}, 400, "string_above_max_length", "prompt"),
    "unknown model": ({"model": "gpt-image-9"}, 404, "model_not_found", "model"),
    "dall-e-2": ({"model": "dall-e-2"}, 400, "model_not_found", "model"),
    "dall-e-3": ({"model": "dall-e-3"}, 400, "model_not_found", "model"),
    "gpt-image-1": ({"model": "gpt-image-1"}, 400, "model_not_found", "model"),
    "unknown parameter": ({"seed": 1}, 400, "unknown_parameter", "seed"),
    "negative prompt": ({"negative_prompt": "x"}, 400, "unknown_parameter", "negative_prompt"),
    "response_format": ({"response_format": "b64_json"}, 400, "unknown_parameter", "response_format"),
    "style": ({"style": "vivid"}, 400, "unknown_parameter", "style"),
    "complexity on 2.5": ({"model": "gpt-image-2.5-flare", "complexity": "low"}, 400, "unknown_parameter", "complexity"),
    "size not by 16": ({"size": "1792x936"}, 400, "invalid_value", "size"),
    "size of full HD": ({"size": "1920x1080"}, 400, "invalid_value", "size"),
    "size too small": ({"size": "512x512"}, 400, "invalid_value", "size"),
    "size too large": ({"size": "3840x2176"}, 400, "invalid_value", "size"),
    "size too wide": ({"size": "2048x640"}, 400, "invalid_value", "size"),
    "size too long": ({"size": "3856x2000"}, 400, "invalid_value", "size"),
    "size of words": ({"size": "large"}, 400, "invalid_value", "size"),
    "size unlisted": ({"model": "gpt-image-1.5", "size": "2048x2048"}, 400, "invalid_value", "size"),
    "gif sheet": ({"model": "gpt-image-2.6-flare", "output_format": "gif", "size": "1024x1024"}, 400, "invalid_value", "size"),
    "quality hd": ({"quality": "hd"}, 400, "invalid_value", "quality"),
    "quality xhigh on 2": ({"quality": "xhigh"}, 400, "invalid_value", "quality"),
    "n 0": ({"n": 0}, 400, "integer_below_min_value", "n"),
    "n 11": ({"n": 11}, 400, "integer_above_max_value", "n"),
    "n of text": ({"n": "2"}, 400, "invalid_type", "n"),
    "svg n 2": ({"model": "gpt-image-2.6-flare", "output_format": "svg", "n": 2}, 400, "integer_above_max_value", "n"),
    "format gif on 2": ({"output_format": "gif"}, 400, "invalid_value", "output_format"),
    "compressed png": ({"output_compression": 50}, 400, "invalid_value", "output_format"),
    "compression 101": ({"output_format": "jpeg", "output_compression": 101}, 400, "integer_above_max_value", "output_compression"),
    "transparent jpeg": ({"output_format": "jpeg", "background": "transparent"}, 400, "invalid_value", "output_format"),
    "background": ({"background": "blue"}, 400, "invalid_value", "background"),
    "moderation": ({"moderation": "off"}, 400, "invalid_value", "moderation"),
    "partials without stream": ({"partial_images": 2}, 400, "invalid_value", "partial_images"),
    "partials 4": ({"stream": True, "partial_images": 4}, 400, "integer_above_max_value", "partial_images"),
    "stream n 2": ({"stream": True, "n": 2}, 400, "integer_above_max_value", "n"),
    "stream of text": ({"stream": "true"}, 400, "invalid_type", "stream"),
    "stream gif": ({"model": "gpt-image-2.6-flare", "output_format": "gif", "stream": True}, 400, "invalid_value", "output_format"),
    "frames on png": ({"model": "gpt-image-2.6-flare", "frame_count": 4}, 400, "invalid_value", "output_format"),
    "lone surrogate": ({"prompt": "a \ud800 cat"}, 400, None, None),
    "moderated": ({"prompt": f"a {BLOCKED} scene"}, 400, "moderation_blocked", None),
}  # fmt: skip


@pytest.mark.parametrize(("params", "status", "code", "param"), ILLEGAL.values(), ids=ILLEGAL)
def test_illegal_calls_are_refused(
    api: Api, params: dict[str, Any], status: int, code: str, param: str
) -> None:
    """What a model does not take is refused with OpenAI's error shape, unbilled."""
    got = ask(api, **params)
    assert (status, code, param) == (got.status, got.json["error"]["code"], got.json["error"]["param"])
    assert {"message", "type", "param", "code"} <= set(got.json["error"])
    assert api.billed.count == 0


def test_a_body_that_is_no_json_is_refused(api: Api) -> None:
    """Broken JSON is refused with 400, in every profile."""
    for name in PROFILES:
        api.profile(name)
        address, auth = f"{api.url}/images/generations", {"authorization": f"Bearer {KEY}"}
        assert httpx2.post(address, content=b'{"prompt": ', headers=auth).status_code == 400


def test_size_error_reads_as_the_real_one(api: Api) -> None:
    """The size error has the words, type and code that were seen from OpenAI."""
    error = ask(api, size="1792x936").json["error"]
    assert error["message"] == "Invalid size '1792x936'. Width and height must both be divisible by 16."
    assert error["type"] == "image_generation_user_error"


def test_moderation_tells_stage_and_categories(api: Api, client: Client) -> None:
    """A blocked prompt is refused with the stage and the categories."""
    for word, stage in ((BLOCKED, "input"), (BLOCKED_OUTPUT, "output")):
        with pytest.raises(openai.BadRequestError) as caught:
            client().images.generate(model="gpt-image-2", prompt=f"a {word}")
        assert caught.value.body["moderation_details"] == {
            "moderation_stage": stage,
            "categories": ["violence"],
        }


BAD_EDITS: dict[str, tuple[dict[str, Any], str, str]] = {
    "bare bytes": ({"image": png()}, "unsupported_file_mimetype", "image"),
    "gif": ({"image": part(png(), "a.gif", "image/gif")}, "unsupported_file_mimetype", "image"),
    "no picture": ({"image": part(b"not a picture")}, "invalid_image_file", "image"),
    "half a picture": ({"image": part(png()[:-40])}, "invalid_image_file", "image"),
    "17 pictures": ({"image": [part(png((8, 8)))] * 17}, "invalid_value", "image"),
    "mask of another size": ({"mask": part(mask((0, 0, 0, 0), "red", "RGBA", (64, 64)))}, "invalid_value", "mask"),
    "mask without alpha": ({"mask": part(WHITE)}, "invalid_value", "mask"),
    "mask all opaque": ({"mask": part(png(colour=(0, 0, 0, 255), mode="RGBA"))}, "invalid_value", "mask"),
    "mask without mimetype": ({"mask": CLEAR}, "unsupported_file_mimetype", "mask"),
    "fidelity on 2": ({"input_fidelity": "high"}, "unknown_parameter", "input_fidelity"),
    "high fidelity on mini": ({"model": "gpt-image-1-mini", "input_fidelity": "high"}, "invalid_value", "input_fidelity"),
    "markup on 2": ({"markup": part(CLEAR)}, "unknown_parameter", "markup"),
    "moderation in a form": ({"extra_body": {"moderation": "low"}}, "unknown_parameter", "moderation"),
    "markup and mask": ({"model": "gpt-image-2.5-flare", "markup": part(CLEAR), "mask": part(CLEAR)}, "invalid_value", "markup"),
}  # fmt: skip


@pytest.mark.parametrize(("params", "code", "param"), BAD_EDITS.values(), ids=BAD_EDITS)
def test_bad_uploads_are_refused(
    api: Api, client: Client, params: dict[str, Any], code: str, param: str
) -> None:
    """An edit with a file or parameter the API cannot take is refused, unbilled."""
    with pytest.raises(openai.BadRequestError) as caught:
        client().images.edit(**{"model": "gpt-image-2", "prompt": "p", "image": part(png())} | params)
    assert (code, param) == (caught.value.code, caught.value.param)
    assert api.billed.count == 0


# Faults: what each puts on the wire.


def error_is(status: int, code: str | None, **headers: str) -> Any:
    return lambda got: (
        (status, code) == (got.status, got.json["error"]["code"]) and headers.items() <= got.headers.items()
    )


def picture_is(test: Any) -> Any:
    return lambda got: got.status == 200 and test(base64.b64decode(got.json["data"][0]["b64_json"]))


def opens(data: bytes) -> Image.Image | None:
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except (OSError, SyntaxError):
        return None
    return image


def sums_agree(data: bytes) -> bool:
    """Tell whether every chunk of a PNG has its right checksum; Pillow does not look at those of the pixels."""
    place = 8
    while place < len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if zlib.crc32(data[place + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return False
        place = end + 4
    return True


def cut_short(error: type[Exception]) -> Any:
    return lambda got: got.status == 200 and 2000 < len(got.body) < 30_000 and isinstance(got.error, error)


def items_are(test: Any) -> Any:
    return lambda got: got.status == 200 and test(got.json["data"])


def is_not_base64(text: str) -> bool:
    return len(text) % 4 != 0 or not re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text)


def page_is(status: int) -> Any:
    return lambda got: (
        got.status == status and got.headers["content-type"].startswith("text/html") and b"<html>" in got.body
    )


ON_THE_WIRE: dict[str, Any] = {
    "429": lambda got: error_is(429, "rate_limit_exceeded")(got) and "retry-after" not in got.headers,
    "429_after:1": error_is(429, "rate_limit_exceeded", **{"retry-after": "1"}),
    "429_after_ms:200": error_is(429, "rate_limit_exceeded", **{"retry-after-ms": "200"}),
    "429_date:2": lambda got: got.status == 429 and got.headers["retry-after"].endswith("GMT"),
    "429_long:600": error_is(429, "rate_limit_exceeded", **{"retry-after": "600"}),
    "429_ipm": error_is(429, "rate_limit_exceeded"),
    "429_slow_down": error_is(429, "slow_down", **{"retry-after": "1"}),
    "429_quota": error_is(429, "credit_balance_exhausted"),
    "429_quota_insufficient": error_is(429, "insufficient_quota"),
    "408": error_is(408, "timeout"),
    "409": error_is(409, "conflict"),
    "500": error_is(500, None),
    "503": lambda got: error_is(503, None)(got) and "retry-after" not in got.headers,
    "503_after": error_is(503, None, **{"retry-after": "1"}),
    "503_overloaded": error_is(503, "server_is_overloaded", **{"retry-after": "1"}),
    "502_html": page_is(502),
    "504_html": page_is(504),
    "400_policy": error_is(400, "content_policy_violation"),
    "400_moderation": lambda got: got.json["error"]["moderation_details"]["moderation_stage"] == "input",
    "400_billing": error_is(400, "billing_hard_limit_reached"),
    "400_size": error_is(400, "invalid_value"),
    "401": lambda got: error_is(401, "invalid_api_key")(got) and KEY.encode() not in got.body,
    "401_echo": lambda got: error_is(401, "invalid_api_key")(got) and KEY.encode() in got.body,
    "403_verify": lambda got: error_is(403, None)(got) and b"must be verified" in got.body,
    "403_region": error_is(403, "unsupported_country_region_territory"),
    "404_model": error_is(404, "model_not_found"),
    "reset_before": lambda got: got.status is None and type(got.error) is ConnectionResetError,
    "reset_mid": cut_short(ConnectionResetError),
    "close_mid": cut_short(http.client.IncompleteRead),
    "hang": lambda got: got.status is None and isinstance(got.error, TimeoutError),
    "stall_mid": cut_short(TimeoutError),
    "drip:0.4": lambda got: got.error is None and got.seconds > 0.3 and opens(base64.b64decode(got.json["data"][0]["b64_json"])),
    "trunc_json": lambda got: got.status == 200 and got.error is None and got.body.startswith(b'{"created"') and b"usage" not in got.body,
    "html_200": page_is(200),
    "empty_200": lambda got: got.status == 200 and got.body == b"" and got.error is None,
    "error_200": lambda got: got.status == 200 and "error" in got.json,
    "detail_200": lambda got: got.status == 200 and "detail" in got.json,
    "huge_body:2": lambda got: got.error is None and 2_097_152 < len(got.body) < 2_098_000 and got.json["data"],
    "null_data": items_are(lambda items: items is None),
    "empty_data": items_are(lambda items: items == []),
    "null_item": items_are(lambda items: items == [{}]),
    "bad_b64": items_are(lambda items: len(items[0]["b64_json"]) % 4 == 0 and is_not_base64(items[0]["b64_json"])),
    "pad_b64": items_are(lambda items: len(items[0]["b64_json"]) % 4 != 0),
    "empty_b64": items_are(lambda items: items[0]["b64_json"] == ""),
    "url_null": items_are(lambda items: items[0]["url"] is None),
    "fewer": items_are(lambda items: len(items) == 1),
    "more": items_are(lambda items: len(items) == 3),
    "nonimage": picture_is(lambda data: data.startswith(b"This is not a picture")),
    "trunc_png": picture_is(lambda data: data.startswith(b"\x89PNG") and not opens(data)),
    "corrupt_png": picture_is(lambda data: data[-8:-4] == b"IEND" and not sums_agree(data)),
    "bomb": picture_is(lambda data: len(data) < 400_000 and data[16:24] == (50_000).to_bytes(4, "big") * 2),
    "wrong_format": picture_is(lambda data: opens(data).format == "JPEG"),
    "wrong_size": picture_is(lambda data: opens(data).size == (512, 512)),
    "svg_xss": picture_is(lambda data: b"<script>" in data and b"onload" in data),
}  # fmt: skip


@pytest.mark.parametrize("fault", ON_THE_WIRE)
def test_fault_does_what_its_name_says(api: Api, fault: str) -> None:
    """On the wire each fault is what its name says, is billed as its row says, and spoils one call only."""
    armed = api.fail(fault)
    got = ask(api, n=2)
    assert ON_THE_WIRE[fault](got), got
    assert api.billed.count == (2 if armed.billed else 0)
    again = ask(api)
    assert pictures.shows(base64.b64decode(again.json["data"][0]["b64_json"]), "a cat")
    assert len(api.calls_to("generations")) == 2


def legacy_url(api: Api) -> str:
    """Return the path of a picture that waits to be downloaded."""
    api.profile("legacy")
    answer = ask(api, model="dall-e-3").json
    return str(answer["data"][0]["url"]).removeprefix(api.root)


DOWNLOADS: dict[str, Any] = {
    "url_404": page_is(404),
    "url_403": page_is(403),
    "url_500": page_is(500),
    "url_reset": cut_short(ConnectionResetError),
    "url_close": cut_short(http.client.IncompleteRead),
    "url_html": page_is(200),
    "url_drip:0.4": lambda got: got.seconds > 0.3 and opens(got.body),
    "url_hang": lambda got: got.status is None and isinstance(got.error, TimeoutError),
    "url_huge:2": lambda got: 2_097_152 < len(got.body) < 2_098_000 and got.body.startswith(b"\x89PNG"),
    "url_redirect_to_file": lambda got: (302, "file:///etc/passwd") == (got.status, got.headers["location"]),
    "url_redirect_other_host": lambda got: got.status == 302 and "//localhost:" in got.headers["location"],
}


@pytest.mark.parametrize("fault", DOWNLOADS)
def test_download_fault_does_what_its_name_says(api: Api, fault: str) -> None:
    """Each fault of a download spoils one download, costs nothing more, and the link still works after it."""
    path = legacy_url(api)
    api.fail(fault)
    assert DOWNLOADS[fault](got := fetch(api, path)), got
    assert pictures.shows(fetch(api, path).body, "a cat")
    assert (1, 2) == (api.billed.count, len(api.calls_to("download")))


STREAMS: dict[str, tuple[type[Exception] | None, int]] = {
    "sse_error": (openai.APIError, 2),
    "sse_cut": (None, 2),
    "sse_reset": (openai.APIConnectionError, 2),
    "sse_garbage": (json.JSONDecodeError, 2),
    "sse_partial_only": (None, 2),
    "sse_ignored": (None, 0),
}


@pytest.mark.parametrize("fault", STREAMS)
def test_stream_fault_does_what_its_name_says(api: Api, client: Client, fault: str) -> None:
    """Through the SDK, a broken stream gives its partial pictures, never the finished one, and the expected error."""
    error, partials = STREAMS[fault]
    api.fail(fault)
    seen: list[str] = []
    caught = cause = None
    try:
        options = {"stream": True, "partial_images": 2}
        events = client().images.generate(model="gpt-image-2", prompt="p", **options)
        seen.extend(event.type for event in events)
    except (openai.APIError, json.JSONDecodeError) as raised:
        caught, cause = type(raised), type(raised.__cause__)
    assert (error, ["image_generation.partial_image"] * partials) == (caught, seen)
    # A reset cannot be read on; a mere close would be an unfinished body, RemoteProtocolError.
    assert (fault == "sse_reset") == (cause is httpx2.ReadError)
    assert api.billed.count == 1


def test_every_fault_is_proved() -> None:
    """No fault is in the table without a test of what it does, and there are at least 46."""
    proved = {name.split(":")[0] for name in (*ON_THE_WIRE, *DOWNLOADS, *STREAMS)}
    assert set(FAULTS) == proved
    assert len(FAULTS) >= 46


def test_faults_queue_up_and_wait(api: Api, client: Client) -> None:
    """Faults are used up in the order they were armed, so many times, after so many good calls, where they were told."""
    api.fail("500", times=2, after=1)
    api.fail("429")
    api.fail("503", on="edits")
    assert [200, 500, 500, 429, 200] == [ask(api).status for _ in range(5)]
    with pytest.raises(openai.InternalServerError):
        client().images.edit(model="gpt-image-2", prompt="p", image=part(png()))


def test_huge_answers_are_made_as_they_are_sent(api: Api) -> None:
    """The server never holds an endless body: 40 MiB are sent and received in under 4 MiB."""
    api.fail("huge_body:40")
    tracemalloc.start()
    with httpx2.stream(
        "POST",
        f"{api.url}/images/generations",
        json={"model": "gpt-image-2", "prompt": "p"},
        headers={"authorization": f"Bearer {KEY}"},
    ) as answer:
        received = sum(len(piece) for piece in answer.iter_raw(65_536))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert received > 40 << 20
    assert peak < 4 << 20


def test_bomb_is_a_true_picture() -> None:
    """The bomb is a well-formed PNG: a smaller one of the same making unpacks to its last pixel."""
    image = Image.open(io.BytesIO(pictures.bomb.__wrapped__(3000)))
    image.load()
    assert (3000, 3000) == image.size
    assert sums_agree(pictures.bomb())
    assert len(pictures.bomb()) < 400_000


# Streams that work.


@pytest.mark.parametrize("partials", [0, 3])
def test_stream_parses_in_the_sdk(api: Api, client: Client, partials: int) -> None:
    """A stream gives partial pictures which are not the finished one, then the finished one with its usage."""
    events = list(
        client().images.generate(model="gpt-image-2", prompt="p", stream=True, partial_images=partials)
    )
    *early, last = events
    assert list(range(partials)) == [event.partial_image_index for event in early]
    assert not any(pictures.shows(base64.b64decode(event.b64_json), "p") for event in early)
    assert pictures.shows(base64.b64decode(last.b64_json), "p")
    assert ("image_generation.completed", 7024 + 100 * partials) == (last.type, last.usage.output_tokens)


def test_edit_streams_under_its_own_names(api: Api, client: Client) -> None:
    """A streamed edit sends image_edit events, spread over the latency."""
    api.latency = 0.3
    start = time.monotonic()
    image, options = part(png()), {"stream": True, "partial_images": 1}
    names = [e.type for e in client().images.edit(model="gpt-image-2", prompt="p", image=image, **options)]
    assert ["image_edit.partial_image", "image_edit.completed"] == names
    assert 0.28 < time.monotonic() - start


# Who calls, how often, and when.


@pytest.mark.parametrize("profile", ["openai", "legacy", "azure", "litellm", "xai", "together"])
def test_bad_keys_are_refused(api: Api, profile: str) -> None:
    """A missing or wrong key is refused with 401 and a masked key, before anything is drawn."""
    api.profile(profile)
    wrong = "sk-wrong-0123456789abcdef"
    got = fetch(api, "/v1/images/generations", {"prompt": "p"}, authorization=f"Bearer {wrong}")
    assert got.status == 401
    assert wrong.encode() not in got.body
    assert fetch(api, "/v1/models", authorization="").status == 401


def test_calls_tell_what_was_received(api: Api, client: Client) -> None:
    """A call records path, headers, retry count, idempotency key, fields and time; the answer has a request id."""
    api.fail("500")
    patient = client(max_retries=1)
    extra = {"extra_headers": {"Idempotency-Key": "k1"}, "extra_body": {"user": "u1"}}
    answer = patient.images.with_raw_response.generate(model="gpt-image-2", prompt="p", **extra)
    one, two = api.calls
    assert (0, 1, "k1", "k1") == (one.retry_count, two.retry_count, one.idempotency_key, two.idempotency_key)
    assert {"model": "gpt-image-2", "prompt": "p", "user": "u1"} == two.json == two.fields
    assert ("/v1/images/generations", "POST", "json", KEY) == (two.path, two.method, two.transport, two.key)
    assert 0.3 < two.time - one.time < 5
    assert answer.headers["x-request-id"] == f"req_{two.number:032x}"
    assert {"x-ratelimit-limit-requests", "openai-processing-ms"} <= set(answer.headers)


def test_limits_refuse_with_advice(api: Api) -> None:
    """Too many calls at once, or in a minute, are refused with 429 and both kinds of advice."""
    api.max_in_flight, api.latency = 2, 0.3
    statuses: list[int | None] = []
    callers = [threading.Thread(target=lambda: statuses.append(ask(api).status)) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert [200, 200, 429, 429] == sorted(statuses)
    assert api.peak_in_flight == 2
    api.max_in_flight, api.latency, api.per_minute, api.minute = None, 0, 3, 1.0
    ask(api)
    refused = ask(api)
    assert (429, "100", "0.1") == (
        refused.status,
        refused.headers["retry-after-ms"],
        refused.headers["retry-after"],
    )
    time.sleep(1)
    assert ask(api).status == 200


def test_an_answer_nobody_waited_for_is_billed(api: Api) -> None:
    """A caller who leaves early has bought the picture all the same."""
    api.latency = 5
    start = time.monotonic()
    assert isinstance(ask(api).error, TimeoutError)
    assert time.monotonic() - start < 4.5
    assert api.billed.ids == ("1.0",)


def test_models_tell_their_last_day(api: Api, client: Client) -> None:
    """The list of models has their shutdown dates, leaves out those that ended, and follows the server's day."""
    ends = {model.id: model.shutdown_date for model in client().models.list()}
    assert ("2026-12-01", None) == (ends["gpt-image-1-mini"], ends["gpt-image-2"])
    assert not {"dall-e-3", "gpt-image-1"} & set(ends)
    api.today = date(2026, 12, 1)
    assert "gpt-image-1-mini" not in {model.id for model in client().models.list()}
    assert ask(api, model="gpt-image-1-mini").status == 400


def test_links_expire(api: Api) -> None:
    """A link works until its time is over, then it answers 403."""
    path = legacy_url(api)
    assert pictures.shows(fetch(api, path).body, "a cat")
    api.url_lifetime = -1
    assert (403, 404) == (fetch(api, legacy_url(api)).status, fetch(api, "/files/no.png").status)


def test_variations_live_in_the_past_only(api: Api, client: Client) -> None:
    """Variations are answered on the legacy server, with a link, and are gone from today's."""
    with pytest.raises(openai.NotFoundError), pytest.warns(DeprecationWarning, match="deprecated"):
        client().images.create_variation(image=part(png()))
    api.profile("legacy")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        answer = client().images.create_variation(image=part(png()), model="dall-e-2", n=2, size="256x256")
    assert 2 == len({item.url for item in answer.data})
    assert (256, 256) == opens(httpx2.get(answer.data[0].url).content).size


# Other servers.


@dataclass(frozen=True)
class Quirk:
    """One way in which a profile differs: a call and what must come of it."""

    profile: str
    params: dict[str, Any]
    status: int
    holds: Any = lambda _: True
    place: str = "generations"


def picture(answer: Any) -> Image.Image:
    image = opens(base64.b64decode(answer["data"][0]["b64_json"]))
    assert image is not None
    return image


def proves(answer: Any, seed: str | None = None) -> bool:
    return pictures.shows(base64.b64decode(answer["data"][0]["b64_json"]), "a cat", seed=seed)


QUIRKS = {
    "sd-cpp ignores": Quirk("sd-cpp", {"quality": "x", "stream": True, "size": "auto"}, 200, lambda a: "usage" not in a),
    "sd-cpp error text": Quirk("sd-cpp", {"prompt": ""}, 400, lambda a: isinstance(a["error"], str)),
    "sd-cpp size auto": Quirk("sd-cpp", {"size": "auto"}, 200, lambda a: picture(a).size == (512, 512)),
    "localai url": Quirk("localai", {}, 200, lambda a: "/files/" in a["data"][0]["url"] and a["usage"]["total_tokens"] == 0),
    "localai b64": Quirk("localai", {"response_format": "b64_json"}, 200, picture),
    "localai code is a number": Quirk("localai", {"model": ""}, 400, lambda a: a["error"]["code"] == 400),
    "localai has no edits": Quirk("localai", {}, 404, place="edits"),
    "vllm-omni detail": Quirk("vllm-omni", {"response_format": "url"}, 400, lambda a: "detail" in a),
    "vllm-omni seed": Quirk("vllm-omni", {"seed": 4, "negative_prompt": "x"}, 200, lambda a: proves(a, seed="4")),
    "sglang url": Quirk("sglang", {"response_format": "url"}, 200, lambda a: a["data"][0]["url"]),
    "litellm strict": Quirk("litellm", {"style": "vivid"}, 400, lambda a: a["error"]["code"] == "400"),
    "litellm ignores stream": Quirk("litellm", {"stream": True}, 200, proves),
    "xai url": Quirk("xai", {"aspect_ratio": "2:1"}, 200, lambda a: a["data"][0]["url"].split("?")[0].endswith(".jpeg")),
    "xai has no size": Quirk("xai", {"size": "1024x1024"}, 400, lambda a: a["error"]["param"] == "size"),
    "xai unknown model": Quirk("xai", {"model": "grok-imagine-image-quality"}, 404),
    "together width": Quirk("together", {"width": 256, "height": 128, "response_format": "base64"}, 200, lambda a: picture(a).size == (256, 128)),
    "azure moderation": Quirk("azure", {"prompt": BLOCKED}, 400, lambda a: "inner_error" in a["error"] and a["error"]["code"] == "content_policy_violation"),
    "unknown takes the least": Quirk("unknown", {"n": 2, "size": "640x480", "quality": "high"}, 200, lambda a: picture(a).size == (640, 480)),
    "unknown refuses the rest": Quirk("unknown", {"background": "opaque"}, 400, lambda a: a["error"]["param"] == "background"),
}  # fmt: skip


@pytest.mark.parametrize("quirk", QUIRKS.values(), ids=QUIRKS)
def test_profile_has_its_quirk(api: Api, quirk: Quirk) -> None:
    """Each compatible server differs from OpenAI as its documents say."""
    profile = api.profile(quirk.profile)
    model = {"model": profile.models[0]} if profile.models else {}
    got = fetch(
        api, f"/v1/images/{quirk.place}", {"model": "gpt-image-2", "prompt": "a cat"} | model | quirk.params
    )
    assert quirk.status == got.status, got.body
    assert quirk.holds(got.json), got.body[:300]


def test_seed_travels_in_the_prompt_of_stable_diffusion_cpp(api: Api) -> None:
    """stable-diffusion.cpp reads its seed inside the prompt, and draws what remains of it."""
    api.profile("sd-cpp")
    got = ask(api, prompt='a cat<sd_cpp_extra_args>{"seed": 7}</sd_cpp_extra_args>')
    assert proves(got.json, seed="7")


def test_one_brush_draws_one_after_the_other(api: Api) -> None:
    """stable-diffusion.cpp draws one picture at a time."""
    api.profile("sd-cpp")
    api.latency = 0.15
    start = time.monotonic()
    callers = [threading.Thread(target=ask, args=(api,)) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert time.monotonic() - start > 0.44


def test_xai_edits_are_json_only(api: Api, client: Client) -> None:
    """xAI refuses multipart edits and takes JSON ones."""
    api.profile("xai", answers="b64_json")
    model = "grok-imagine-image-2.0"
    with pytest.raises(openai.APIStatusError):
        client().images.edit(model=model, prompt="p", image=part(png()))
    url = "data:image/png;base64," + base64.b64encode(png()).decode()
    body = {"model": model, "prompt": "p", "image": {"url": url}}
    assert fetch(api, "/v1/images/edits", body).status == 200


def test_azure_paths_are_served(api: Api, client: Client) -> None:
    """Azure's deployment paths, key header and api-version work through its own client, and its v1 path too."""
    api.profile("azure")
    options = {"azure_endpoint": api.root, "api_key": KEY, "api_version": "2026-01-01", "max_retries": 0}
    with openai.AzureOpenAI(**options) as azure:
        assert azure.images.generate(model="gpt-image-2", prompt="p").data
        assert azure.images.edit(model="gpt-image-2", prompt="p", image=part(png())).data
    paths = ["/openai/deployments/gpt-image-2/images/" + place for place in ("generations", "edits")]
    assert paths == [call.path for call in api.calls]
    assert (KEY, "2026-01-01") == (api.calls[0].headers["api-key"], api.calls[0].query["api-version"])
    assert client(base_url=f"{api.root}/openai/v1/").images.generate(model="gpt-image-2", prompt="p").data


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_draws_and_lists_its_models(api: Api, name: str) -> None:
    """Every profile lists its models and draws for the first of them, as a data URL where it is told to."""
    profile = api.profile(name)
    listed = fetch(api, "/v1/models").json
    first_model = profile.models[0] if profile.models else "gpt-image-2"
    assert first_model in json.dumps(listed)
    assert ask(api, model=first_model).status == 200
    if not profile.official:
        api.profile(name, answers="data")
        assert ask(api, model=first_model).json["data"][0]["url"].startswith("data:image/")


# The server itself.


def test_a_closed_port_refuses_and_opens_again() -> None:
    """While stopped the server refuses connections; started again it serves at the same address."""
    server = Loopback()
    server.start()
    server.stop()
    assert isinstance(ask(server.api).error, ConnectionRefusedError)
    server.start()
    assert ask(server.api).status == 200
    server.stop()


def test_a_hanging_call_does_not_hold_up_the_next_test(loopback: Loopback, api: Api) -> None:
    """A call left hanging reports to its own test, and a fresh handle knows nothing of it."""
    api.fail("hang")
    assert isinstance(ask(api).error, TimeoutError)
    fresh = loopback.forget()
    assert ask(fresh).status == 200
    assert (1, 1) == (len(fresh.calls), len(api.calls))


def test_server_never_looks_at_the_product() -> None:
    """The server imports nothing of dalle_nb, so that a mistake in the catalogue is caught, not copied."""
    for file in (HERE / "openai_server").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("dalle_nb")]


def test_server_runs_by_hand() -> None:
    """`python -m tests.openai_server` prints a base URL that an OpenAI client can use."""
    command = [sys.executable, "-m", "tests.openai_server", "--profile", "unknown"]
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    with subprocess.Popen(
        command, cwd=HERE.parent, env=environment, stdout=subprocess.PIPE, text=True
    ) as program:
        url = program.stdout.readline().strip().removeprefix("OPENAI_BASE_URL=")
        try:
            with openai.OpenAI(base_url=url, api_key="none") as byhand:
                answer = byhand.images.generate(model="m", prompt="by hand")
        finally:
            program.terminate()
    assert pictures.shows(first(answer), "by hand")
