"""The openai backend, through the front door and the real SDK, against a strict server on loopback."""

from __future__ import annotations

import base64
import io
import os
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from openai_server import pictures
from openai_server.handle import Api
from PIL import Image, ImageChops, ImageDraw, ImageStat

import dalle_nb as dn

pytest_plugins = ["openai_server.fixtures"]

KEY = "sk-proj-tR7uVq2LxZ9wKc4Yb8Nd"
SIDE = 1024


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a key as users do."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def workshop(api: Api, server: str = "openai", **settings: Any) -> dn.ImageGenerator:
    return dn.ImageGenerator(base_url=api.url, server=server, language="en", **settings)


def photo(size: int = SIDE) -> Image.Image:
    """Return a picture with something to see everywhere."""
    return Image.linear_gradient("L").resize((size, size)).convert("RGB")


def hole(size: int = SIDE) -> Image.Image:
    """Return a mask as the source tutorial has it: white is repainted."""
    mask = Image.new("L", (size, size), 0)
    ImageDraw.Draw(mask).rectangle((size // 4, size // 4, size // 2, size // 2), fill=255)
    return mask


# What is sent.


def test_all_parameters_of_a_model_arrive(api: Api) -> None:
    """Each option that a model takes reaches the server under the API's name, and nothing else does."""
    run = workshop(api).generate(
        "a cat",
        model="gpt-image-2.6-flare",
        size="1536x1024",
        quality="low",
        background="opaque",
        format="webp",
        compression=70,
        moderation="low",
        complexity="low",
        n=2,
        safety_identifier="class-7b",
    )
    [call] = api.calls_to("generations")
    assert {
        "model": "gpt-image-2.6-flare",
        "prompt": "a cat",
        "size": "1536x1024",
        "quality": "low",
        "background": "opaque",
        "output_format": "webp",
        "output_compression": 70,
        "moderation": "low",
        "complexity": "low",
        "n": 2,
        "safety_identifier": "class-7b",
    } == call.json
    assert ["image/webp", "image/webp"] == [each.record.media_type for each in run.pictures]
    assert pictures.shows(run.pictures[1].bytes, "a cat", 1)


@pytest.mark.parametrize(
    ("options", "sent", "media_type"),
    [
        (
            {"format": "gif", "frame_count": 4, "frame_duration_ms": 300, "size": "512x512"},
            {"frame_count": 4},
            "image/gif",
        ),
        (
            {"format": "svg", "svg": {"model": "gpt-6-astra"}},
            {"svg": {"model": "gpt-6-astra"}},
            "image/svg+xml",
        ),
    ],
    ids=["gif", "svg"],
)
def test_moving_and_written_pictures(
    api: Api, options: dict[str, Any], sent: dict[str, Any], media_type: str
) -> None:
    """GIF and SVG are asked for with their own parameters, and kept as what they are."""
    run = workshop(api).generate("a cat", model="gpt-image-2.6-flare", **options)
    [call] = api.calls_to("generations")
    assert sent.items() <= call.json.items()
    assert media_type == run.pictures[0].record.media_type


def test_what_the_sdk_has_no_name_for_travels_too(api: Api) -> None:
    """A parameter of the user's own reaches the server, and its refusal comes back with its name."""
    with pytest.raises(dn.DrawError, match="sharpness"):
        workshop(api).generate("a cat", extra={"sharpness": 3})
    [call] = api.calls_to("generations")
    assert 3 == call.json["sharpness"]


def test_sixteen_pictures_go_into_an_edit(api: Api) -> None:
    """Up to sixteen pictures travel in order, each with a name and a type of its own."""
    colours = [Image.new("RGB", (64, 64), (15 * n, 0, 0)) for n in range(16)]
    workshop(api).edit(colours[0], "a collage", ref=colours[1:])
    [call] = api.calls_to("edits")
    reds = [Image.open(io.BytesIO(file.data)).convert("RGB").getpixel((0, 0)) for file in call.images]
    assert [(15 * n, 0, 0) for n in range(16)] == reds
    assert {"image/png"} == {file.mimetype for file in call.images}
    assert 16 == len({file.filename for file in call.images})


def test_a_variation_is_an_edit_in_words(api: Api) -> None:
    """Where there is no endpoint for variations, an edit is worded by strength, and the Run says so."""
    run = workshop(api).vary(photo(), n=2, strength="strong")
    [call] = api.calls_to("edits")
    assert "2" == call.fields["n"]
    assert "edit:strong" == run.record.recipe
    assert 2 == len(run.pictures)


def test_a_stream_sharpens_in_steps(api: Api) -> None:
    """Unfinished pictures are shown on the way, and only the finished one is kept."""
    seen: list[bytes] = []

    class Watching:
        def planned(self, *_: object) -> None: ...
        def told(self, *_: object) -> None: ...
        def waiting(self, *_: object) -> None: ...
        def preview(self, index: int, data: bytes) -> None:
            seen.append(data)

    run = workshop(api).ask("a cat", {"partials": 2}, watch=Watching())
    assert 2 == len(seen)
    assert not any(pictures.shows(data, "a cat") for data in seen)
    assert [True] == [pictures.shows(each.bytes, "a cat") for each in run.pictures]


# Models that live and die.


def test_a_retired_model_is_drawn_by_its_successor(api: Api) -> None:
    """OpenAI is asked for the successor of a model that is gone, and the Run says what was asked and what was sent."""
    run = workshop(api).ask("a cat", {"model": "dall-e-3", "quality": "hd", "yes": True})
    [call] = api.calls_to("generations")
    assert ("dall-e-3", call.json["model"]) == (run.record.request.model, run.record.model)
    assert "dall-e-3" != call.json["model"]
    assert "dall-e-3 was shut down on 2026-05-12" in run.record.notices[0]


def test_elsewhere_a_retired_name_passes(api: Api) -> None:
    """Another server may well serve a name that OpenAI retired."""
    api.profile("unknown")
    workshop(api, "unknown").generate("a cat", model="dall-e-3")
    [call] = api.calls_to("generations")
    assert "dall-e-3" == call.json["model"]


@pytest.mark.parametrize(("good", "status"), [(4, "done"), (2, "partial"), (0, "failed")])
def test_one_a_call_is_called_often(api: Api, good: int, status: str) -> None:
    """A model of one picture a call is called n times for one Run; what came before a failure is kept."""
    api.profile("legacy")
    if good < 4:
        api.fail("500", after=good)
    generator = workshop(api, "litellm")
    try:
        run = generator.generate("a cat", model="dall-e-3", n=4)
    except dn.ServerError as error:
        run = error.run
    assert (status, good) == (run.status, len(run.pictures))
    assert list(range(1, good + 1)) == [each.record.index for each in run.pictures]
    assert all(pictures.shows(each.bytes, "a cat") for each in run.pictures)
    assert min(good + 1, 4) == len(api.calls_to("generations")) == len(run.record.attempts)
    assert 1 == generator.store.count()


def test_more_than_a_call_gives_takes_several(api: Api) -> None:
    """Ten pictures come from one call; streamed, each has a call of its own."""
    assert 3 == len(workshop(api).generate("a cat", n=3, partials=1).pictures)
    assert [1, 1, 1] == [call.json["n"] for call in api.calls_to("generations")]


# Compatible servers.

SERVERS: dict[str, dict[str, Any]] = {
    "stable-diffusion-cpp": {"profile": "sd-cpp", "sent": {"size": "512x512"}, "edits": "edits"},
    "localai": {"profile": "localai", "sent": {"size": "512x512", "response_format": "b64_json"}, "edits": "inpainting"},
    "vllm-omni": {"profile": "vllm-omni", "sent": {"size": "512x512", "response_format": "b64_json"}, "edits": "edits", "mask": False},
    "sglang": {"profile": "sglang", "sent": {"size": "512x512", "response_format": "b64_json"}, "edits": "edits", "mask": False},
    "xai": {"profile": "xai", "sent": {"aspect_ratio": "1:1", "response_format": "b64_json"}, "edits": "edits", "mask": False},
    "together": {"profile": "together", "sent": {"width": 512, "height": 512, "response_format": "b64_json"}, "model": "black-forest-labs/FLUX.1-schnell"},
    "unknown": {"profile": "unknown", "sent": {"size": "512x512", "quality": "medium"}, "edits": "edits"},
}  # fmt: skip


@pytest.mark.parametrize("server", SERVERS)
def test_each_server_is_asked_in_its_own_way(api: Api, server: str) -> None:
    """A server's profile says how size and format are asked for, and it draws what was asked."""
    row = SERVERS[server]
    api.profile(row["profile"])
    run = workshop(api, server).generate("a cat", size="512x512", model=row.get("model"))
    [call] = api.calls_to("generations")
    assert row["sent"].items() <= call.json.items()
    assert set(call.json) <= {"model", "prompt", "n", *row["sent"]}
    assert pictures.shows(run.pictures[0].bytes, "a cat")


@pytest.mark.parametrize("server", [name for name, row in SERVERS.items() if row.get("edits")])
def test_each_server_edits_in_its_own_way(api: Api, server: str) -> None:
    """Pictures and mask go the way a server reads them, and it repaints where the mask meant."""
    row = SERVERS[server]
    api.profile(row["profile"])
    mask = hole(512) if row.get("mask", True) else None
    run = workshop(api, server).edit(photo(512), "a hat", mask=mask, size="512x512")
    [call] = api.calls_to(row["edits"])
    assert ("json" if server == "xai" else "multipart") == call.transport
    if mask:
        region = pictures.find_region(call.file("mask"), api.active.mask or "", mask.size)
        # The corners may be rounded: edges are cleaned.
        assert ImageStat.Stat(ImageChops.difference(mask, region)).mean[0] < 1
    image = run.image.convert("RGB")
    drawn = pictures.expected("a hat", size=image.size)
    spot = (200, 200) if mask else (100, 100)
    assert all(abs(a - b) < 12 for a, b in zip(drawn.getpixel(spot), image.getpixel(spot), strict=True))
    if mask:
        assert image.getpixel((10, 500)) == photo(512).getpixel((10, 500))


@pytest.mark.parametrize("server", [name for name, row in SERVERS.items() if row.get("mask") is False])
def test_a_mask_is_refused_where_it_would_be_lost(api: Api, server: str) -> None:
    """No mask is sent to a server that would leave it out of account."""
    api.profile(SERVERS[server]["profile"])
    with pytest.raises(dn.MaskError):
        workshop(api, server).edit(photo(512), "a hat", mask=hole(512))
    assert [] == api.calls


@pytest.mark.parametrize("server", ["litellm", "azure"])
def test_what_stands_before_openai_obeys_openai(api: Api, server: str) -> None:
    """A proxy in front of OpenAI's models is asked by their rules."""
    api.profile(server)
    run = workshop(api, server).generate("a cat", quality="low")
    assert pictures.shows(run.pictures[0].bytes, "a cat")
    assert 0 < run.cost


def test_azure_is_called_by_deployment(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Azure's endpoint the SDK's own routing is used: deployment, version and its header for the key."""
    api.profile("azure")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", api.root)
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-04-01-preview")
    generator = dn.ImageGenerator(server="azure", language="en")
    generator.generate("a cat", model="gpt-image-2", quality="low")
    generator.edit(photo(), "a hat", model="gpt-image-2", quality="low")
    drawn, edited = api.calls
    assert "/openai/deployments/gpt-image-2/images/generations" == drawn.path
    assert "/openai/deployments/gpt-image-2/images/edits" == edited.path
    assert {"api-version": "2025-04-01-preview"} == drawn.query
    assert KEY == drawn.headers["api-key"]


def test_a_refusal_of_azure_is_a_refusal(api: Api) -> None:
    """Azure's own name for a refusal means what OpenAI's means."""
    api.profile("azure")
    api.fail("400_moderation")
    with pytest.raises(dn.RefusedError):
        workshop(api, "azure").generate("a cat", quality="low")


@pytest.mark.parametrize("profile", ["sd-cpp", "localai", "vllm-omni", "litellm"])
def test_every_shape_of_an_error_is_read(api: Api, profile: str) -> None:
    """Whatever shape a server gives its errors, its own words reach the user."""
    api.profile(profile)
    api.fail("400_size")
    server = {"sd-cpp": "stable-diffusion-cpp"}.get(profile, profile)
    with pytest.raises(dn.DrawError, match="divisible by 16"):
        workshop(api, server).generate("a cat")


def test_a_seed_is_written_where_it_is_read(api: Api) -> None:
    """A seed goes into the prompt of a server that reads it there, and two pictures have two seeds."""
    api.profile("sd-cpp")
    run = workshop(api, "stable-diffusion-cpp").generate("a cat", seed=7, size="512x512")
    assert pictures.shows(run.pictures[0].bytes, "a cat ", seed="7") or pictures.shows(
        run.pictures[0].bytes, "a cat", seed="7"
    )


@pytest.mark.parametrize("answers", ["url", "data", "b64_json"])
def test_a_picture_is_taken_from_wherever_it_is(api: Api, answers: str) -> None:
    """Base64, a link and a data URL give the same bytes, and a link is fetched without the key."""
    api.profile("unknown", answers=answers)
    run = workshop(api, "unknown").generate("a cat")
    assert pictures.shows(run.pictures[0].bytes, "a cat")
    assert ["url"] * len(api.calls_to("download")) == [answers] * len(api.calls_to("download"))
    assert all("authorization" not in call.headers for call in api.calls_to("download"))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("file:///etc/passwd", "none of the web"),
        ("ftp://example.org/a.png", "none of the web"),
        ("http://[::1", "none of the web"),
        ("http://169.254.169.254/latest/meta-data", "inside your own network"),
        ("http://localhost:8888/api", "inside your own network"),
        ("http://printer.local/a.png", "inside your own network"),
    ],
)
def test_a_server_far_away_cannot_point_into_the_house(url: str, says: str) -> None:
    """A link from the internet into this machine or its network, or to none of the web, is not followed."""
    from dalle_nb._backend import Terms
    from dalle_nb.backends.openai.downloads import Downloads

    with pytest.raises(dn.BadAnswer, match=says):
        Downloads("https://api.openai.com/v1").fetch(url, lambda data: pytest.fail("fetched"), Terms())


# Time.


@pytest.mark.parametrize("fault", ["hang", "stall_mid", "drip:30", "url_hang", "url_drip:30"])
def test_a_call_ends_in_time(api: Api, fault: str) -> None:
    """The timeout is the time in all, however a server spends it."""
    if fault.startswith("url"):
        api.profile("unknown", answers="url")
    api.fail(fault, times=9)
    start = time.monotonic()
    with pytest.raises(dn.DrawTimeout):
        workshop(api, "unknown" if fault.startswith("url") else "openai", timeout=1, retry="never").generate(
            "a cat"
        )
    assert time.monotonic() - start < 12  # the faults last for half a minute and more


@pytest.mark.parametrize("fault", ["hang", "stall_mid", "429_after:60"])
@pytest.mark.parametrize("retry", ["safe", "always"])
def test_a_call_is_given_up_at_once(api: Api, fault: str, retry: str) -> None:
    """Whatever is waited for, giving up ends the waiting soon, and the Run says interrupted."""
    api.fail(fault, times=9)
    cancel = threading.Event()

    def give_up() -> None:
        while not api.calls_to("generations"):
            time.sleep(0.05)
        time.sleep(0.3)  # until it waits for the answer, or for its turn to ask again
        cancel.set()

    threading.Thread(target=give_up, daemon=True).start()
    try:
        run = workshop(api, retry=retry).ask("a cat", {}, cancel=cancel)
    except dn.DalleError as error:
        run = error.run
    took = (datetime.now(UTC) - run.when).total_seconds()
    assert took < 20  # they would go on for a minute and more
    assert "interrupted" == run.status
    assert 1 == len(api.calls_to("generations"))


def test_two_callers_share_a_wait(api: Api) -> None:
    """When a server tells one caller to wait, the other does not ask either."""
    generator = workshop(api)
    generator.generate("first")
    api.fail("429_after:1")
    threads = [threading.Thread(target=generator.generate, args=(f"cat {n}",)) for n in range(2)]
    threads[0].start()
    while len(api.calls_to("generations")) < 2:
        time.sleep(0.01)
    time.sleep(0.3)
    threads[1].start()
    for thread in threads:
        thread.join()
    refused, *rest = api.calls_to("generations")[1:]
    assert 2 == len(rest)
    assert all(call.time - refused.time > 0.9 for call in rest)


def test_a_forked_child_draws_too(api: Api) -> None:
    """A child process uses a connection of its own, and the parent's still works after it."""
    generator = workshop(api)
    generator.generate("before")
    child = os.fork()
    if child == 0:
        try:
            generator.generate("inside")
            os._exit(0)
        finally:
            os._exit(1)
    assert 0 == os.waitpid(child, 0)[1]
    generator.generate("after")
    assert ["before", "inside", "after"] == [call.json["prompt"] for call in api.calls_to("generations")]


# The whole of it, as users have it.


def test_a_notebook_draws_edits_varies_and_streams(
    api: Api, kernel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a key and an address set, the magics draw through the real SDK in a real kernel."""
    kernel.run(
        f"import os\nos.environ.update(OPENAI_API_KEY={KEY!r}, OPENAI_BASE_URL={api.url!r}, DALLE_NB_SERVER='openai')\n"
        "%load_ext dalle_nb"
    )
    kernel.run("%%dalle -q low\na cat")
    kernel.run("%%dalle -q low --edit -1\na hat")
    kernel.run("%dalle -q low --vary 1")
    outputs = kernel.run("%%dalle -q low --partials 2\na dog")
    assert ["generations", "edits", "edits", "generations"] == [call.place for call in api.calls]
    shown = [output for output in outputs if "image/jpeg" in output.get("data", {})]
    data = base64.b64decode(shown[-1]["data"]["image/jpeg"])
    assert pictures.shows(data, "a dog")
