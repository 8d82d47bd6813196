"""The source tutorial's programs run against `dalle-nb serve` with nothing but host and key changed."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import requests
from lab import ROOT
from PIL import Image
from serving import Seen, Server, fetch, look, serving

PROGRAMS = Path(__file__).parent / "programs"
SQUARE, WIDE = (1024, 1024), (1792, 1024)
RAIN = "一只可爱的猫咪，坐在窗台上看外面的雨景，油画风格"
CAT = "一只可爱的猫咪"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("parity")) as server:
        yield server


def script(name: str) -> Any:
    """Return a script of the project's as a module."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        return __import__(name)
    finally:
        sys.path.remove(str(ROOT / "scripts"))


def paint_inputs(folder: Path) -> None:
    """Put the pictures that the tutorial edits into a folder; what is white in its mask is painted anew."""
    Image.linear_gradient("L").resize(SQUARE).convert("RGB").save(folder / "original.png")
    mask = Image.new("L", SQUARE, "black")
    mask.paste("white", (256, 512, 768, 1024))
    mask.save(folder / "mask.png")


def run(server: Server, folder: Path, *command: str | Path, **environ: str) -> str:
    """Run a program as its readers do, with the server for OpenAI, and return what it prints."""
    paint_inputs(folder)
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=server.environment | environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- Python, with the newest SDK and with one of the tutorial's days ---------------------------------------


@pytest.fixture(scope="module", params=["newest", "1.6"])
def given(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Return what each Python program gave, by its name, and the folder in which they ran."""
    folder = tmp_path_factory.mktemp("python")
    old = {} if request.param == "newest" else {"PYTHONPATH": str(script("install_old_sdk").install())}
    return json.loads(run(server, folder, sys.executable, PROGRAMS / "tutorial.py", **old)) | {
        "folder": folder
    }


def test_each_prompt_gives_a_link_to_its_picture(given: dict[str, Any]) -> None:
    """The basic call, a wide one, and DALL·E 2's three small ones: links to pictures of that size and prompt."""
    assert Seen(SQUARE, RAIN) == fetch(given["basic"])
    assert [WIDE] == [fetch(link).size for link in given["wide"]]
    assert [Seen((256, 256), "一只猫")] * 3 == [fetch(link) for link in given["legacy"]]
    assert 3 == len(set(given["legacy"]))


def test_a_white_mask_is_painted_anew_and_black_stays(given: dict[str, Any]) -> None:
    """An edit with the tutorial's mask changes the picture where the mask is white, and nowhere else."""
    changed = Image.open(io.BytesIO(requests.get(given["edit"], timeout=60).content)).convert("RGB")
    original = Image.open(given["folder"] / "original.png")
    assert original.crop((0, 0, 1024, 480)).tobytes() == changed.crop((0, 0, 1024, 480)).tobytes()
    inside = (300, 600, 700, 1000)
    assert original.crop(inside).tobytes() != changed.crop(inside).tobytes()


def test_four_variations_are_four_pictures(given: dict[str, Any]) -> None:
    """Variations come as so many links, each to another picture."""
    pictures = [requests.get(link, timeout=60).content for link in given["variations"]]
    assert ([SQUARE] * 4, 4) == ([look(picture).size for picture in pictures], len(set(pictures)))


@pytest.mark.parametrize("program", ["save_url", "save_base64", "generator"])
def test_a_saved_file_is_the_picture(given: dict[str, Any], program: str) -> None:
    """Saved from a link, from base64 or by the generator class: the file on disk is the picture."""
    assert Seen(SQUARE, CAT) == look((given["folder"] / given[program]).read_bytes())


def test_an_answer_has_the_fields_that_the_tutorial_prints(given: dict[str, Any]) -> None:
    """A time, a link and a revised prompt that keeps the user's words."""
    created, [[link, revised]] = given["fields"]
    assert (True, True) == (created > 1_700_000_000, link.startswith("http"))
    assert "一只猫" in revised


def test_the_batch_loop_goes_on_after_an_error(given: dict[str, Any]) -> None:
    """One refused prompt is told as an error among the pictures of the others."""
    rows = given["batch"]
    assert ["春天的樱花", "冬天的雪景"] == [fetch(row["url"]).prompt for row in rows if "url" in row]
    assert "content_policy_violation" in rows[1]["error"]


def test_safe_generate_meets_the_errors_it_was_written_for(given: dict[str, Any]) -> None:
    """A picture's link; a refusal known by "content_policy"; a rate limit met in each of three tries."""
    link, refused, limited = given["errors"]
    assert link.startswith("http")
    assert ([True], ["RateLimitError"] * 3) == (refused, limited)


# --- the web application, Node.js, cURL --------------------------------------------------------------------


@pytest.fixture(scope="module")
def web_app(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the tutorial's Flask application, and give the address of its ``/generate``."""
    command = [sys.executable, "-m", "flask", "--app", "web_app", "run", "--port", "0"]
    process = subprocess.Popen(
        command,
        cwd=PROGRAMS,
        env=server.environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr
    with process, process.stderr as told:
        root = next(found[0] for row in told if (found := re.search(r"http://127\.0\.0\.1:\d+", row)))
        yield f"{root}/generate"
        process.terminate()


@pytest.mark.parametrize("app", ["flask", "built in"])
def test_the_web_application_answers_as_the_tutorial_says(server: Server, web_app: str, app: str) -> None:
    """The tutorial's Flask application and our own ``POST /generate`` give the same answers."""
    url = web_app if app == "flask" else f"{server.root}/generate"
    good = requests.post(url, json={"prompt": CAT}, timeout=60)
    assert (200, Seen(SQUARE, CAT)) == (good.status_code, fetch(good.json()["url"]))
    assert CAT in good.json()["revised_prompt"]
    missing = requests.post(url, json={"prompt": ""}, timeout=60)
    assert (400, {"error": "缺少 prompt 参数"}) == (missing.status_code, missing.json())
    failed = requests.post(url, json={"prompt": "[模拟:拒绝] 猫"}, timeout=60)
    assert (500, str) == (failed.status_code, type(failed.json()["error"]))


def test_node_programs_run(server: Server, tmp_path: Path) -> None:
    """The real npm package draws, edits, is refused and streams as it does at OpenAI."""
    (tmp_path / "node_modules").symlink_to(ROOT / "tests" / "node" / "node_modules")
    main = tmp_path / "tutorial.mjs"
    main.write_text((PROGRAMS / "tutorial.mjs").read_text(encoding="utf-8"), encoding="utf-8")
    node = script("install_node_sdk").find_node()
    assert node, "No Node.js: run `python scripts/install_node_sdk.py`"
    given = json.loads(run(server, tmp_path, node, main))
    assert (Seen(SQUARE, RAIN), SQUARE) == (fetch(given["generate"]), fetch(given["edit"]).size)
    assert ["BadRequestError", 400, "content_policy_violation"] == given["refuse"]
    assert [["image_generation.partial_image", True], ["image_generation.completed", True]] == given["stream"]


def test_the_curl_command_runs(server: Server, tmp_path: Path) -> None:
    """The tutorial's cURL command prints the answer with its link."""
    (item,) = json.loads(run(server, tmp_path, "sh", PROGRAMS / "tutorial.sh"))["data"]
    assert Seen(SQUARE, CAT) == fetch(item["url"])


# --- the newest SDK's own streaming and edit calls ---------------------------------------------------------

STREAM: dict[str, Any] = {"model": "gpt-image-2", "prompt": "一只猫", "size": "1024x1024", "quality": "low"}


def check_events(events: list[Any], kind: str) -> None:
    """See that previews came first, in order, and then the whole picture with its bill."""
    *partial, last = events
    assert [f"{kind}.partial_image"] * len(partial) + [f"{kind}.completed"] == [each.type for each in events]
    assert [0, 1][: len(partial)] == [each.partial_image_index for each in partial]
    assert partial
    assert {SQUARE} == {look(base64.b64decode(each.b64_json)).size for each in events}
    assert (last.usage.total_tokens > 0, "1024x1024", "low") == (True, last.size, last.quality)


def test_the_sdk_streams_a_picture_and_an_edit(server: Server, tmp_path: Path) -> None:
    """Events come typed as the SDK types them, for a prompt and for an edit with a mask."""
    paint_inputs(tmp_path)
    client = server.client()
    check_events(list(client.images.generate(**STREAM, stream=True, partial_images=2)), "image_generation")
    edited = client.images.edit(**STREAM, image=tmp_path / "original.png", stream=True, partial_images=1)
    check_events(list(edited), "image_edit")


def test_the_async_sdk_draws_edits_and_streams_side_by_side(server: Server, tmp_path: Path) -> None:
    """Calls of one AsyncOpenAI under way at once each get their own answer."""
    paint_inputs(tmp_path)

    async def ask() -> tuple[Any, Any, list[Any]]:
        async with openai.AsyncOpenAI(base_url=f"{server.root}/v1", api_key="x", max_retries=0) as client:

            async def stream() -> list[Any]:
                events = await client.images.generate(**STREAM, stream=True, partial_images=1)
                return [event async for event in events]

            return await asyncio.gather(
                client.images.generate(**STREAM | {"prompt": "一只狗"}),
                client.images.edit(**STREAM, image=[tmp_path / "original.png", tmp_path / "mask.png"]),
                stream(),
            )

    drawn, edited, events = asyncio.run(ask())
    assert Seen(SQUARE, "一只狗") == look(base64.b64decode(drawn.data[0].b64_json))
    assert edited.usage.input_tokens_details.image_tokens > 0
    check_events(events, "image_generation")


def test_a_refusal_is_worded_for_the_model_that_was_asked(server: Server) -> None:
    """GPT Image names say moderation_blocked with its details, in an answer and before a stream."""
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as refused:
            server.client().images.generate(**STREAM | {"prompt": "[simulate:refusal] a cat"}, stream=stream)
        assert "moderation_blocked" == refused.value.code
        assert refused.value.request_id
        assert "moderation_details" in refused.value.body  # type: ignore[operator]
