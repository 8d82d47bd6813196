"""Serve: the Images API on loopback, through real connections, the real SDK and a real browser."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import re
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab import ROOT
from openai_server.handle import Api
from PIL import Image, ImageChops, ImageDraw
from playwright.sync_api import Browser, Page, expect
from serving import Server, connect, wait_for
from workshop import KEY, command, start

import dalle_nb as dn
from dalle_nb import ImageGenerator
from dalle_nb._catalog import load_catalog
from dalle_nb._errors import SettingsError
from dalle_nb._records import Kind, Status
from dalle_nb._serve.clients import Client, Clients, Meter, read_clients
from dalle_nb._serve.ledger import Ledger
from dalle_nb._serve.line import Line
from dalle_nb._serve.links import Links
from dalle_nb._serve.orders import Upload, read_order
from dalle_nb._serve.running import Serving, open_server
from dalle_nb._serve.service import Limits, Service
from dalle_nb._serve.shapes import Refused

SMALL = {"model": "dall-e-2", "size": "256x256", "response_format": "b64_json"}
"""What is painted in a moment."""
ANNA, BEN = "anna-0123456789abcdef", "ben-0123456789abcdef"


class Clock:
    """A clock that a test sets forward."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def serving(
    generator: ImageGenerator, limits: Limits | None = None, **more: Any
) -> Iterator[tuple[httpx.Client, Service]]:
    """Serve what a generator draws, and give a client for it."""
    service = Service(generator=generator, limits=limits or Limits(), **more)
    with (
        Serving(open_server(service, "127.0.0.1", 0)) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client, service


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Give a client of a server that paints offline; a module's tests share it."""
    painter = ImageGenerator(backend="offline", home=tmp_path_factory.mktemp("served"), language="en")
    with serving(painter, Limits(body=4 << 20)) as (client, _):
        yield client


@pytest.fixture
def painter() -> ImageGenerator:
    return ImageGenerator(backend="offline", language="en")


def sdk(client: httpx.Client, token: str = "none") -> openai.OpenAI:
    """Return the SDK's client, which asks once."""
    return connect(str(client.base_url), token)


def png(colour: str = "green", size: tuple[int, int] = (256, 256), mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def opened(text: str) -> Image.Image:
    """Return the picture that base64 holds."""
    return Image.open(io.BytesIO(base64.b64decode(text)))


def post(client: httpx.Client, path: str = "generations", **body: Any) -> httpx.Response:
    return client.post(f"/v1/images/{path}", json=body)


def failed(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    """Return status, code and param of an error in OpenAI's shape."""
    error = answer.json()["error"]
    assert {"message", "type", "param", "code"} <= error.keys()
    assert isinstance(error["message"], str)
    assert error["message"]
    assert re.fullmatch(r"req_[0-9a-f]{32}", answer.headers["x-request-id"])
    return answer.status_code, error["code"], error["param"]


# --- what answers look like -------------------------------------------------------------------------------------------


def test_dall_e_3_answers_as_it_did(desk: httpx.Client) -> None:
    """A link that works, a revised prompt, and nothing of what came later."""
    answer = sdk(desk).images.generate(model="dall-e-3", prompt="一只可爱的猫咪", size="1024x1024", n=1)
    assert answer.data
    assert answer.data[0].b64_json is None
    assert "猫咪" in (answer.data[0].revised_prompt or "")
    assert answer.usage is None
    fetched = httpx.get(answer.data[0].url or "")
    assert fetched.headers["content-type"] == "image/png"
    assert (1024, 1024) == Image.open(io.BytesIO(fetched.content)).size


def test_gpt_image_answers_as_it_does(desk: httpx.Client) -> None:
    """Base64 only, with usage and with what was chosen where nothing was said."""
    answer = sdk(desk).images.generate(model="gpt-image-2", prompt="a red fox", n=2, output_format="jpeg")
    assert answer.data
    assert [None, None] == [each.url for each in answer.data]
    assert [None, None] == [each.revised_prompt for each in answer.data]
    assert ["JPEG", "JPEG"] == [opened(each.b64_json or "").format for each in answer.data]
    assert ("1024x1024", "medium", "jpeg", "opaque") == (
        answer.size,
        answer.quality,
        answer.output_format,
        answer.background,
    )
    assert answer.usage
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0


def test_every_answer_says_who_drew_it_and_which_call_it_was(desk: httpx.Client) -> None:
    """Good or bad, an answer names its call and the painter, and a drawing its Run."""
    good, bad = post(desk, **SMALL, prompt="a cat"), post(desk, model="dall-e-2")
    assert "offline" == good.headers["x-dalle-nb-backend"] == bad.headers["x-dalle-nb-backend"]
    assert good.headers["x-request-id"] != bad.headers["x-request-id"]
    assert good.headers["x-dalle-nb-run"].isdigit()
    assert "0" == good.headers["x-dalle-nb-queue"]


def test_a_link_ends_with_its_hour_and_leads_nowhere_else(painter: ImageGenerator) -> None:
    """A link works for an hour; bent to another picture, or with another expiry, it never does."""
    clock = Clock()
    with serving(painter, links=Links(clock=clock)) as (client, _):
        link = post(client, model="dall-e-2", size="256x256", prompt="a cat", n=2).json()["data"][0]["url"]
        assert 200 == client.get(link).status_code
        bent = [
            link.replace("-1.png", "-2.png"),
            re.sub(r"se=\d+", "se=9999999999", link),
            link[:-1],
            link.split("?")[0],
        ]
        assert {(403, "link_invalid", None)} == {failed(client.get(each)) for each in bent}
        clock.now += 3601
        assert (403, "link_expired", None) == failed(client.get(link))


def test_streams_send_partial_pictures_and_then_the_whole(desk: httpx.Client) -> None:
    """The SDK reads OpenAI's own events: as many partial pictures as asked for, then one that is complete."""
    with sdk(desk).images.generate(
        model="gpt-image-2", prompt="a red fox", stream=True, partial_images=2, size="1024x1024"
    ) as stream:
        events = list(stream)
    partial, whole = "image_generation.partial_image", "image_generation.completed"
    assert [partial, partial, whole] == [event.type for event in events]
    assert [0, 1] == [event.partial_image_index for event in events[:2]]  # type: ignore[union-attr]
    assert [(1024, 1024)] * 3 == [opened(event.b64_json).size for event in events]
    assert events[-1].usage.total_tokens > 0  # type: ignore[union-attr]


def test_a_stream_that_is_refused_at_once_is_an_error_like_any_other(desk: httpx.Client) -> None:
    """Before the first event an error comes with its status, so that the SDK raises its class."""
    with pytest.raises(openai.BadRequestError) as raised:
        sdk(desk).images.generate(model="gpt-image-2", prompt="[simulate:refusal]", stream=True)
    assert "moderation_blocked" == raised.value.code


def test_an_edit_repaints_inside_the_mask_only(desk: httpx.Client, tmp_path: Path) -> None:
    """The tutorial's black and white mask: its white is repainted, its black stays as it was, pixel for pixel."""
    mask = Image.new("RGB", (256, 256), "black")
    ImageDraw.Draw(mask).rectangle((64, 64, 192, 192), fill="white")
    mask.save(tmp_path / "mask.png")
    (tmp_path / "original.png").write_bytes(png())
    with (tmp_path / "original.png").open("rb") as image, (tmp_path / "mask.png").open("rb") as hole:
        answer = sdk(desk).images.edit(
            model="dall-e-2", image=image, mask=hole, prompt="一只白色的猫坐在那里", n=1, size="256x256"
        )
    assert answer.data
    edited = Image.open(io.BytesIO(httpx.get(answer.data[0].url or "").content)).convert("RGB")
    change = ImageChops.difference(edited, Image.open(io.BytesIO(png())))
    left, upper, right, lower = change.getbbox() or (0, 0, 0, 0)
    assert left >= 60
    assert upper >= 60
    assert right <= 197
    assert lower <= 197


def test_an_edit_in_json_takes_pictures_as_data(desk: httpx.Client) -> None:
    """A batch cannot send forms: a data URL does as well as a file."""
    url = f"data:image/png;base64,{base64.b64encode(png(size=(1024, 1024))).decode()}"
    answer = post(desk, "edits", model="gpt-image-2", prompt="a red scarf", images=[{"image_url": url}])
    assert [(1024, 1024)] == [opened(each["b64_json"]).size for each in answer.json()["data"]]


def test_variations_are_several_and_differ(desk: httpx.Client) -> None:
    """One picture gives as many others as were asked for."""
    with pytest.warns(DeprecationWarning, match="deprecated"):
        answer = sdk(desk).images.create_variation(
            model="dall-e-2", image=("a.png", png()), n=3, size="256x256", response_format="b64_json"
        )
    assert answer.data
    assert 3 == len({each.b64_json for each in answer.data})


def test_models_are_those_of_the_catalogue(desk: httpx.Client) -> None:
    """Each model is listed with its end, and found by its name."""
    listed = {model.id: model for model in sdk(desk).models.list()}
    assert set(load_catalog().models) == set(listed)
    assert "2026-05-12" == desk.get("/v1/models/dall-e-2").json()["shutdown_date"]
    assert (404, "model_not_found", "model") == failed(desk.get("/v1/models/nobody"))


def test_the_tutorials_own_app_answers_as_it_did(desk: httpx.Client) -> None:
    """`POST /generate`: a link and the revised prompt, 400 in its own words without a prompt, 500 for the rest."""
    drawn = desk.post("/generate", json={"prompt": "一只猫"}).json()
    assert 200 == desk.get(drawn["url"]).status_code
    assert "一只猫" in drawn["revised_prompt"]
    missing = desk.post("/generate", json={"prompt": ""})
    assert (400, {"error": "缺少 prompt 参数"}) == (missing.status_code, missing.json())
    refused = desk.post("/generate", json={"prompt": "血腥"})
    assert (500, "content_policy_violation") == (refused.status_code, refused.json()["code"])


# --- errors -----------------------------------------------------------------------------------------------------------

BAD = {
    "no prompt": ({"model": "gpt-image-2"}, 400, "missing_required_parameter", "prompt"),
    "empty prompt": ({"prompt": "  "}, 400, "empty_string", "prompt"),
    "prompt no text": ({"prompt": 7}, 400, "invalid_type", "prompt"),
    "prompt too long for it": (
        {"model": "dall-e-3", "prompt": "x" * 4001},
        400,
        "string_above_max_length",
        "prompt",
    ),
    "half a character": ({"prompt": "\ud800"}, 400, "invalid_value", "prompt"),
    "unknown model": ({"model": "nobody", "prompt": "x"}, 404, "model_not_found", "model"),
    "model no text": ({"model": ["dall-e-2"], "prompt": "x"}, 400, "invalid_type", "model"),
    "two of dall-e-3": ({"model": "dall-e-3", "prompt": "x", "n": 2}, 400, "integer_above_max_value", "n"),
    "eleven": ({"prompt": "x", "n": 11}, 400, "integer_above_max_value", "n"),
    "none": ({"prompt": "x", "n": 0}, 400, "integer_below_min_value", "n"),
    "n as text": ({"prompt": "x", "n": "2"}, 400, "invalid_type", "n"),
    "n as a truth": ({"prompt": "x", "n": True}, 400, "invalid_type", "n"),
    "size of another": (
        {"model": "dall-e-3", "prompt": "x", "size": "512x512"},
        400,
        "invalid_value",
        "size",
    ),
    "size off the rule": (
        {"model": "gpt-image-2", "prompt": "x", "size": "1000x1000"},
        400,
        "invalid_value",
        "size",
    ),
    "size in odd digits": (
        {"model": "gpt-image-2", "prompt": "x", "size": "²x²"},
        400,
        "invalid_value",
        "size",
    ),
    "quality of another": (
        {"model": "gpt-image-2", "prompt": "x", "quality": "hd"},
        400,
        "invalid_value",
        "quality",
    ),
    "style on GPT Image": (
        {"model": "gpt-image-2", "prompt": "x", "style": "vivid"},
        400,
        "unknown_parameter",
        "style",
    ),
    "response_format on GPT Image": (
        {"model": "gpt-image-2", "prompt": "x", "response_format": "url"},
        400,
        "unknown_parameter",
        "response_format",
    ),
    "stream of dall-e": (
        {"model": "dall-e-3", "prompt": "x", "stream": True},
        400,
        "unknown_parameter",
        "stream",
    ),
    "an option of ours": ({"prompt": "x", "save": "/tmp/x"}, 400, "unknown_parameter", "save"),
    "a budget of its own": ({"prompt": "x", "budget": 9}, 400, "unknown_parameter", "budget"),
    "refused dall-e": (
        {"model": "dall-e-3", "prompt": "[simulate:refusal]"},
        400,
        "content_policy_violation",
        None,
    ),
    "refused GPT Image": (
        {"model": "gpt-image-2", "prompt": "[simulate:refusal]"},
        400,
        "moderation_blocked",
        None,
    ),
    "rate limit": ({"prompt": "[simulate:rate-limit]"}, 429, "rate_limit_exceeded", None),
    "no quota": ({"prompt": "[simulate:no-quota]"}, 429, "insufficient_quota", None),
    "bad key": ({"prompt": "[simulate:bad-key]"}, 401, "invalid_api_key", None),
    "time-out": ({"prompt": "[simulate:timeout]"}, 504, "timeout", None),
    "server error": ({"prompt": "[simulate:server-error]"}, 500, "server_error", None),
}


@pytest.mark.parametrize(("body", "status", "code", "param"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_told_in_openais_words(
    desk: httpx.Client, body: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    """Each mistake gets the status, code and param that a program written for OpenAI looks for."""
    assert (status, code, param) == failed(
        desk.post("/v1/images/generations", content=json.dumps(body), headers=JSON)
    )


JSON = {"content-type": "application/json"}
UNREADABLE: dict[str, tuple[dict[str, str], bytes, int]] = {
    "nothing": (JSON, b"", 400),
    "no JSON": (JSON, b"{", 400),
    "a list": (JSON, b"[]", 400),
    "no number": (JSON, b'{"n": NaN}', 400),
    "not UTF-8": (JSON, b'{"prompt": "\xff"}', 400),
    "a million values": (JSON, b"[" + b"1," * 1_000_000 + b"1]", 400),
    "as deep as a well": (JSON, b"[" * 100_000, 400),
    "a number of a million digits": (JSON, b'{"n": ' + b"9" * 1_000_000 + b"}", 400),
    "text": ({"content-type": "text/plain"}, b'{"prompt": "x"}', 415),
    "cURL without a header": ({"content-type": "application/x-www-form-urlencoded"}, b'{"prompt": "x"}', 415),
    "no type at all": ({}, b'{"prompt": "x"}', 415),
    "a form without its mark": ({"content-type": "multipart/form-data"}, b"x", 400),
    "a form cut short": ({"content-type": "multipart/form-data; boundary=b"}, b"--b\r\nContent-Dis", 400),
    "a form of nothing": ({"content-type": "multipart/form-data; boundary=b"}, b"--b--\r\n", 400),
    "a form of fields": ({"content-type": "multipart/form-data; boundary=b"}, b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\ny\r\n' * 99 + b"--b--\r\n", 400),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "body", "status"), UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("path", ["/v1/images/edits", "/v1/images/generations"])
def test_what_cannot_be_read_is_refused(
    desk: httpx.Client, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    """Whatever stands in a body, the answer is an error that says so, never one of the server's own."""
    assert status == failed(desk.post(path, content=body, headers=headers))[0]


def form(
    name: str = "image", data: bytes = b"", kind: str = "image/png"
) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [(name, ("a.png", data, kind))]


FORMS = {
    "no picture": ("edits", form("mask", png()), "missing_required_parameter"),
    "hints that it cannot read": ("edits", form(data=png()) + form("markup", png()), "unknown_parameter"),
    "an empty picture": ("edits", form(), "invalid_image_file"),
    "half a picture": ("edits", form(data=png()[:-40]), "invalid_image_file"),
    "a program": ("edits", form(data=b"MZ" * 999), "invalid_image_file"),
    "a picture of no kind": (
        "edits",
        form(data=png(), kind="application/octet-stream"),
        "unsupported_file_mimetype",
    ),
    "seventeen": ("edits", form("image[]", png()) * 17, "array_above_max_length"),
    "a file for an option of ours": ("edits", form(data=png()) + form("save", png()), "unknown_parameter"),
    "a picture to vary and a mask": ("variations", form(data=png()) + form("mask", png()), "invalid_value"),
    "a mask of another shape": (
        "edits",
        form(data=png()) + form("mask", png(size=(64, 256))),
        "invalid_value",
    ),
    "no variations of GPT Image": ("variations", form(data=png()), "invalid_value"),
}


@pytest.mark.parametrize(("path", "files", "code"), FORMS.values(), ids=FORMS)
def test_pictures_are_looked_at_before_anything_is_drawn(
    desk: httpx.Client, path: str, files: Any, code: str
) -> None:
    """A file that is no picture, or too many of them, is refused by the code that OpenAI gives."""
    data = {"model": "gpt-image-2", **({"prompt": "a hat"} if path == "edits" else {})}
    assert (400, code) == failed(desk.post(f"/v1/images/{path}", data=data, files=files))[:2]


@pytest.mark.parametrize(
    "reference",
    [
        "/etc/passwd",
        "http://127.0.0.1:1/x.png",
        "file:///etc/passwd",
        "12",
        -1,
        {"file_id": "../../x"},
        {},
        [[]],
    ],
    ids=str,
)
def test_no_address_but_data_and_own_files_is_ever_read(desk: httpx.Client, reference: Any) -> None:
    """A path, a URL or a number of the history where a picture should be is an error, and nothing is opened."""
    status, _, param = failed(post(desk, "edits", model="gpt-image-2", prompt="a hat", images=[reference]))
    assert status in (400, 404)
    assert param in ("image", "id")


@given(
    st.dictionaries(
        st.sampled_from(
            ["prompt", "model", "n", "size", "stream", "quality", "svg", "seed", "response_format", "?"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
            lambda some: st.lists(some, max_size=2),
        ),
    ),
    st.sampled_from(Kind),
    st.booleans(),
)
def test_any_body_is_an_order_or_refused(body: dict[str, Any], kind: Kind, as_form: bool) -> None:
    """Whatever JSON comes, reading it gives an order or an error of the client's, nothing else."""
    catalog = load_catalog()
    upload = Upload(part="image", data=b"")
    status = 200
    try:
        read_order(kind, body, (upload,), catalog=catalog, server=catalog.servers["offline"], form=as_form)
    except Refused as refused:
        status = refused.status
    assert status in (200, 400, 404)


PATHS = ["/v1/nothing", "/v1/../etc/passwd", "/pictures/..%2f..%2fetc%2fpasswd", "/pictures/%00", "/page.py", "//evil", "/v1/images/generations/", "/%ff", "/v1/models/../../x", "/static/../page.js"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out(desk: httpx.Client, path: str) -> None:
    """A path that is not one of the routes is refused in OpenAI's shape, however it is written."""
    answer = raw(desk, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert re.match(rb"HTTP/1.1 (403|404|405|400) ", answer)
    assert b'"error"' in answer
    assert b"root:" not in answer


def raw(client: httpx.Client, call: bytes) -> bytes:
    """Return all that the server says to these bytes, until it hangs up."""
    told = b""
    address = (client.base_url.host, client.base_url.port or 0)
    # Whoever is still sending is hung up on the harder way.
    with socket.create_connection(address, timeout=30) as connection, suppress(ConnectionError):
        connection.sendall(call)
        while piece := connection.recv(65536):
            told += piece
    return told


HEADS = {
    "no HTTP": b"\x16\x03\x01hello\r\n\r\n",
    "a head without end": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000,
    "two lengths": b"POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "a length below zero": b"POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("call", HEADS.values(), ids=HEADS)
def test_a_head_that_is_no_head_ends_the_connection(desk: httpx.Client, call: bytes) -> None:
    """What is no HTTP is told so and hung up on; others are served as before."""
    assert raw(desk, call).startswith(b"HTTP/1.1 4")
    assert 200 == desk.get("/queue").status_code


def test_a_page_of_another_site_draws_nothing(desk: httpx.Client) -> None:
    """Neither by another name for this machine (DNS rebinding) nor from its own origin, and nothing is shared."""
    assert (421, "unknown_host", None) == failed(desk.get("/", headers={"host": "evil.example"}))
    for origin in ("http://evil.example", "null", "http://localhost:1", "http://["):
        answer = desk.post("/generate", json={"prompt": "a cat"}, headers={"origin": origin})
        assert (403, "foreign_origin", None) == failed(answer)
        assert "access-control-allow-origin" not in answer.headers
    own = {"origin": str(desk.base_url).rstrip("/")}
    assert 400 == desk.post("/generate", json={}, headers=own).status_code


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_not_kept(desk: httpx.Client) -> None:
    """Four megabytes are the most here: five are refused in OpenAI's shape, and the next call is served."""
    assert (413, "request_too_large", None) == failed(
        desk.post("/v1/images/edits", content=b"x" * (5 << 20), headers=JSON)
    )
    assert 200 == desk.get("/queue").status_code


def test_bodies_together_are_bounded(painter: ImageGenerator) -> None:
    """However many send at once, what they send never takes more memory than was set aside."""
    with serving(painter, Limits(held=1 << 20)) as (client, _):
        answer = client.post("/v1/images/edits", content=b"x" * (2 << 20), headers=JSON)
        assert (503, "server_is_overloaded", None) == failed(answer)
        assert 200 == post(client, **SMALL, prompt="a cat").status_code


def test_whoever_is_too_slow_is_hung_up_on(painter: ImageGenerator) -> None:
    """A body that does not come is refused, and a head that does not come is no connection for long."""
    with serving(painter, Limits(patience=0.5)) as (client, _):
        head = b"POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        assert b"request_timeout" in raw(client, head)
        assert b"" == raw(client, b"GET / HT")
        again = raw(client, b"GET /queue HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT")
        assert 1 == again.count(b"HTTP/1.1 200 ")
        assert b"" == raw(client, b"")


def test_connections_are_bounded_and_others_served_after(painter: ImageGenerator) -> None:
    """Beyond the most connections each more is told so at once; when they go, calls are served again."""
    with serving(painter, Limits(connections=20)) as (client, _):
        address = (client.base_url.host, client.base_url.port or 0)
        crowd = [socket.create_connection(address, timeout=30) for _ in range(60)]
        refused = crowd[-1].recv(65536)
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert "server_is_overloaded" == json.loads(refused.partition(b"\r\n\r\n")[2])["error"]["code"]
        for each in crowd:
            each.close()
        wait_for(lambda: is_served(client))


def is_served(client: httpx.Client) -> bool:
    try:
        return client.get("/queue").status_code == 200
    except httpx.TransportError:
        return False


def test_a_client_may_make_only_so_many_calls_a_minute() -> None:
    """The call too many is told how long to wait, other clients are not kept, and a minute later all is well."""
    clock = Clock()
    meter, anna = Meter(2, clock), Client(name="anna")
    meter.count(anna)
    clock.now += 20
    meter.count(anna)
    with pytest.raises(Refused) as raised:
        meter.count(anna)
    assert (429, "rate_limit_exceeded", "40") == (
        raised.value.status,
        raised.value.code,
        raised.value.headers["retry-after"],
    )
    meter.count(Client(name="ben"))
    clock.now += 40
    meter.count(anna)


def test_the_line_is_fair_and_tells_places() -> None:
    """Who has one call is drawn before the rest of who has many; each knows how many stand before it."""

    async def queue() -> list[str]:
        line = Line(at_once=1, most=9, each=5)
        many = [line.join("anna", f"anna {number}") for number in range(4)]
        one = line.join("ben", "ben 0")
        assert [0, 2, 3, 4, 1] == [line.place(ticket) for ticket in (*many, one)]
        order = []
        while line.drawing:
            ticket = next(iter(line.drawing))
            assert ticket.called.done()
            order.append(ticket.name)
            line.leave(ticket)
        return order

    assert ["anna 0", "ben 0", "anna 1", "anna 2", "anna 3"] == asyncio.run(queue())


def test_the_line_has_an_end() -> None:
    """One client too often, one call too many, and calls after the doors were closed are sent away, to come again."""

    async def queue() -> list[tuple[int, str]]:
        line, found = Line(at_once=1, most=2, each=2), []
        for client in ("anna", "anna", "anna", "ben", "carl"):
            try:
                line.join(client, "")
            except Refused as refused:
                found.append((refused.status, refused.headers["retry-after"]))
        waiting = line.waiting[0]
        line.close()
        assert isinstance(waiting.called.exception(), Refused)
        return found

    assert [(429, "2"), (503, "2")] == asyncio.run(queue())


# --- a real backend ---------------------------------------------------------------------------------------------------

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]
TWO = Clients((Client(name="anna", token=ANNA, cap=20_000), Client(name="ben", token=BEN)))


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_class_shares_a_key_that_nobody_sees(server: Api, workshop: ImageGenerator, tmp_path: Path) -> None:
    """Each has a token, a name in the history and a line in the ledger; the server's key is in no answer and no file."""
    book = tmp_path / "ledger.csv"
    with serving(workshop, clients=TWO, ledger=Ledger(book)) as (client, _):
        for token in ("x", "wrong-0123456789abcdef", KEY):
            assert 401 == failed(client.post("/v1/images/generations", json={}, headers=bearer(token)))[0]
        body = {"model": "gpt-image-2", "quality": "low", "prompt": "a cat"}
        drawn = client.post("/v1/images/generations", json=body, headers=bearer(ANNA))
        refused = client.post("/v1/images/generations", json={**body, "model": "=1+1"}, headers=bearer(BEN))
        told = f"{drawn.text}{drawn.headers}{refused.text}{client.get('/openapi.json').text}"
    assert "x-dalle-nb-backend" not in drawn.headers
    assert KEY == server.calls_to("generations")[0].key
    assert KEY not in told + book.read_text()
    assert [("anna",)] == [run.record.tags for run in dn.history.where(status="done")]
    rows = list(csv.DictReader(book.read_text().splitlines()))
    assert [("anna", "done"), ("ben", "failed")] == [(row["client"], row["status"]) for row in rows]
    assert float(rows[0]["cost"]) > 0
    assert "'=1+1" == rows[1]["model"]


def test_a_cap_holds_for_its_client_alone(server: Api, workshop: ImageGenerator) -> None:
    """Two cents are three cheap pictures: the next one is not sent, whoever has no cap still draws, and a new server remembers."""
    body = {"model": "gpt-image-2", "quality": "low", "prompt": "a cat"}
    codes = []
    for _ in range(2):  # servers, one after the other
        with serving(workshop, clients=TWO) as (client, _):
            answers = [
                client.post("/v1/images/generations", json=body, headers=bearer(ANNA)) for _ in range(4)
            ]
            codes += [answer.status_code for answer in answers]
            assert (429, "insufficient_quota", None) == failed(answers[-1])
            assert "false" == answers[-1].headers["x-should-retry"]
            assert 200 == client.post("/v1/images/generations", json=body, headers=bearer(BEN)).status_code
    spent = sum(run.cost or 0 for run in dn.history.where(tag="anna"))
    assert 0 < spent <= 20_000
    assert codes.count(200) * 2 + codes.count(429) == 8 + codes.count(200)
    assert {429} == set(codes[4:])


def test_a_crash_gives_no_money_back(
    server: Api, workshop: ImageGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a fault of ours ends a drawing nobody knows what it cost, so that what was set aside for it stays so."""
    monkeypatch.setattr(ImageGenerator, "ask", lambda *_, **__: 1 / 0)
    body = {"model": "gpt-image-2", "quality": "low", "prompt": "a cat"}
    with serving(workshop, clients=TWO) as (client, _):
        codes = [
            client.post("/v1/images/generations", json=body, headers=bearer(ANNA)).status_code
            for _ in range(4)
        ]
    assert [500, 500, 500, 429] == codes


def test_a_request_of_a_batch_is_answered_whatever_happens(
    workshop: ImageGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that cannot be told is an error of its request, and not the end of the whole batch."""
    monkeypatch.setattr("dalle_nb._serve.service.images_body", lambda *_, **__: 1 / 0)
    body = {"model": "gpt-image-2", "quality": "low", "prompt": "a cat"}

    async def ask() -> tuple[int, dict[str, Any]]:
        return await Service(generator=workshop).answer("/v1/images/generations", body, Client())

    status, told = asyncio.run(ask())
    assert (500, "server_error") == (status, told["error"]["code"])


def test_the_server_budget_holds(server: Api, workshop: ImageGenerator) -> None:
    """What would cross the budget of the whole server is not sent."""
    with serving(workshop.sibling(budget=0.001)) as (client, _):
        assert (429, "insufficient_quota", None) == failed(post(client, model="gpt-image-2", prompt="a cat"))
    assert [] == server.calls


def test_dall_e_names_draw_with_their_successor_as_they_did(server: Api, workshop: ImageGenerator) -> None:
    """The tutorial's call at the real API: drawn by the successor, answered by link with what was really sent."""
    with serving(workshop) as (client, _):
        body = {"model": "dall-e-2", "prompt": "一只猫", "size": "256x256"}
        (item,) = post(client, **body).json()["data"]
        assert (256, 256) == Image.open(io.BytesIO(client.get(item["url"]).content)).size
        (item,) = post(client, model="dall-e-3", prompt="一只猫", quality="hd", style="vivid").json()["data"]
    assert item["revised_prompt"] == server.calls[-1].fields["prompt"] != "一只猫"


def test_the_servers_own_key_is_nobodys_business(server: Api, workshop: ImageGenerator) -> None:
    """Where the real API does not take the server's key the client hears of a bad gateway, and of no key."""
    server.key = "another"
    with serving(workshop) as (client, _):
        answer = post(client, model="gpt-image-2", prompt="a cat")
    assert 502 == answer.status_code
    assert "sk-" not in answer.text
    assert "key" not in answer.json()["error"]["message"]


def test_a_place_in_line_is_told_and_given_up_by_leaving(server: Api, workshop: ImageGenerator) -> None:
    """While one is drawn the next sees its place; who leaves the line is never drawn, and who leaves while being drawn is kept."""
    server.latency = 4.0
    with serving(workshop, Limits(at_once=1)) as (client, service), ThreadPoolExecutor(3) as pool:
        for number in range(3):
            pool.submit(ask_and_leave, client, f"cat {number}", 30 if number == 1 else 3)
            wait_for(lambda number=number: len(service.line.tickets()) == number + 1)
        assert {"cat 0": 0, "cat 1": 1, "cat 2": 2} == client.get("/queue").json()["yours"]
        wait_for(lambda: not service.line.tickets())
    assert ["cat 0", "cat 1"] == [call.fields["prompt"] for call in server.calls_to("generations")]
    assert {"cat 0": Status.DONE, "cat 1": Status.DONE} == {run.prompt: run.status for run in dn.history}


def ask_and_leave(client: httpx.Client, prompt: str, patience: float) -> None:
    headers = {"x-client-request-id": prompt}
    body = {"model": "gpt-image-2", "quality": "low", "prompt": prompt}
    with suppress(httpx.TimeoutException):
        httpx.post(f"{client.base_url}/v1/images/generations", json=body, headers=headers, timeout=patience)


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_clients_come_from_a_file(tmp_path: Path) -> None:
    """A CSV and a TOML say the same; a cap is in dollars, and none is no cap."""
    (tmp_path / "class.csv").write_text(f"name,token,cap\nanna,{ANNA},1.50\nben,{BEN},\n")
    (tmp_path / "class.toml").write_text(f'[anna]\ntoken = "{ANNA}"\ncap = 1.5\n[ben]\ntoken = "{BEN}"\n')
    found = read_clients(None, tmp_path / "class.csv")
    assert found == read_clients(None, tmp_path / "class.toml")
    assert [("anna", 1_500_000), ("ben", None)] == [(each.name, each.cap) for each in found.known]
    assert ANNA not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name,token\nanna,short",
        f"name,token\nanna,{ANNA}\nanna,{BEN}",
        f"name,token\nanna,{ANNA}\nben,{ANNA}",
        f"name,token\n../x,{ANNA}",
        f"name,token,cap\nanna,{ANNA},lots",
        f"name,token,cap\nanna,{ANNA},nan",
        "\x00",
    ],
    ids=["empty", "short token", "same name", "same token", "a path", "no cap", "no number", "no text"],
)
def test_a_file_of_clients_that_is_wrong_stops_the_server(tmp_path: Path, text: str) -> None:
    """Nobody is let in by a mistake in the file: it is told before the server begins."""
    (tmp_path / "class.csv").write_text(text)
    with pytest.raises(SettingsError):
        read_clients(None, tmp_path / "class.csv")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_no_other_address_without_a_token(host: str) -> None:
    """A server that others can reach needs a token, and says so before it listens."""
    with pytest.raises(SettingsError, match="--token"):
        dn.serve(backend="offline", host=host)


def test_the_command_says_what_is_wrong_in_two_lines() -> None:
    """On the command line a mistake ends with status 1, what happened, and what to do."""
    done = command("serve", "--host", "0.0.0.0", "--backend", "offline")
    assert (1, 2) == (done.returncode, len(done.stderr.splitlines()))


def test_a_port_that_is_taken_is_told(desk: httpx.Client) -> None:
    """Two servers cannot have one port: the second says so, in two lines."""
    with pytest.raises(SettingsError, match=str(desk.base_url.port)):
        dn.serve(backend="offline", port=desk.base_url.port)


# --- running ----------------------------------------------------------------------------------------------------------


def test_a_lesson_serves_while_its_block_runs() -> None:
    """`with dn.serve() as url:` draws into this kernel's own history, and is gone after the block."""
    with dn.serve(backend="offline") as url:
        drawn = httpx.post(f"{url}/v1/images/generations", json={**SMALL, "prompt": "a cat"}, timeout=60)
        assert 200 == drawn.status_code
        assert "a cat" == dn.history[-1].prompt
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_server_ends_with_its_kernel() -> None:
    """A program that serves and forgets to stop ends as any other does."""
    process = start("import dalle_nb as dn; print(dn.serve(backend='offline').url)")
    told, _ = process.communicate(timeout=60)
    assert 0 == process.returncode
    assert urlsplit(told.strip()).port


def test_a_stop_keeps_what_is_being_drawn(tmp_path: Path) -> None:
    """Told to stop, the server draws to its end what it has begun, answers it, and sends those in line home."""
    server = Server(tmp_path, ("--at-once", "1"))
    server.start()
    with httpx.Client(base_url=server.root, timeout=60) as client, ThreadPoolExecutor(2) as pool:
        body = {**SMALL, "size": "512x512", "n": 8}
        first = pool.submit(post, client, **body, prompt="a cat")
        wait_for(lambda: client.get("/queue").json()["drawing"] == 1)
        second = pool.submit(post, client, **body, prompt="a dog")
        wait_for(lambda: client.get("/queue").json()["waiting"] == 1)
        server.process.send_signal(signal.SIGTERM)
        assert (503, "server_is_overloaded", None) == failed(second.result())
        assert 8 == len(first.result().json()["data"])
    server.stop()


# --- the page ---------------------------------------------------------------------------------------------------------


@contextmanager
def look_at(browser: Browser, url: str, width: int, locale: str) -> Iterator[Page]:
    """Open the page as somebody of that country does; it must not complain and asks nobody else."""
    context = browser.new_context(viewport={"width": width, "height": 860}, locale=locale)
    page = context.new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda call: None if call.url.startswith((url, "data:")) else told.append(call.url))
    page.goto(url)
    yield page
    page.screenshot(path=ROOT / "artifacts" / f"serve-{width}-{locale}.png", full_page=True)
    context.close()
    assert [] == [each for each in told if "status of 4" not in each and "status of 5" not in each]


@pytest.mark.parametrize(
    ("width", "locale", "draw", "waits"),
    [(1280, "en-GB", "Draw", "Save the picture"), (420, "zh-CN", "画一张", "保存图片")],
    ids=["English, wide", "Chinese, narrow"],
)
def test_the_page_draws_a_picture(
    desk: httpx.Client, browser: Browser, width: int, locale: str, draw: str, waits: str
) -> None:
    """In the visitor's own language, wide and narrow: a prompt taken from the ideas hangs in the frame."""
    with look_at(browser, str(desk.base_url), width, locale) as page:
        page.locator("#ideas button").last.click()
        page.get_by_role("button", name=draw, exact=True).click()
        expect(page.get_by_role("link", name=waits)).to_be_visible(timeout=60_000)
        wide = page.wait_for_function("document.querySelector('#picture').naturalWidth").json_value()
        assert 1024 == wide
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("#picture").get_attribute("alt")


def test_the_page_draws_once_however_often_it_is_told(desk: httpx.Client, browser: Browser) -> None:
    """The keys that draw do nothing while a picture is being drawn: each one may cost money."""
    with look_at(browser, str(desk.base_url), 900, "en-US") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
        page.get_by_label("Prompt").fill("a red ball")
        for _ in range(3):
            page.get_by_label("Prompt").press("Control+Enter")
        expect(page.get_by_role("link", name="Save the picture")).to_be_visible(timeout=60_000)
    assert 1 == len(asked)


def test_the_page_speaks_two_languages_and_tells_what_is_wrong(desk: httpx.Client, browser: Browser) -> None:
    """The visitor changes the language in place, and a mistake is told in it, and stays told."""
    with look_at(browser, str(desk.base_url), 900, "en-US") as page:
        page.get_by_role("button", name="Draw").click()
        expect(page.get_by_role("alert")).to_have_text(re.compile("Write a prompt"))
        page.get_by_role("button", name="中文").click()
        expect(page.get_by_role("alert")).to_have_text(re.compile("请先写提示词"))
        page.get_by_label("提示词").fill("血腥")
        page.get_by_label("提示词").press("Control+Enter")
        expect(page.get_by_role("alert")).to_have_text(re.compile("被拒绝"), timeout=60_000)


def test_the_page_asks_for_a_token_where_one_is_needed(painter: ImageGenerator, browser: Browser) -> None:
    """Without its token a visitor is asked for it, and with it draws under its own name."""
    with (
        serving(painter, clients=TWO) as (client, service),
        look_at(browser, str(client.base_url), 1000, "en-CA") as page,
    ):
        page.get_by_label("Your token").fill(BEN)
        page.get_by_label("Prompt").fill("a cat")
        page.get_by_role("button", name="Draw").click()
        expect(page.get_by_role("link", name="Save the picture")).to_be_visible(timeout=60_000)
        assert ("ben",) == service.generator.store.newest(1)[0].tags
