"""Runs and Pictures: what a user holds after drawing, and reads as tutorials read their answers."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from openai_server.handle import Api
from PIL import Image

import dalle_nb as dn
from dalle_nb import ImageGenerator, ReferenceNotFound
from dalle_nb._records import Kind, Status

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]


def test_a_run_reads_as_the_api_s_answer(workshop: ImageGenerator) -> None:
    """``created``, ``data[0]`` and ``run["url"]`` give what the tutorials take from an answer."""
    run = workshop.generate("a cat", n=2)
    assert run.created == int(run.when.timestamp())
    assert 2 == len(run.data)
    assert run.data[0].bytes == base64.b64decode(run.data[0].b64_json) == base64.b64decode(run["b64_json"])
    assert Path(unquote(urlsplit(run["url"]).path)).read_bytes() == run.data[0].bytes
    assert run.data[0].url == run["url"]
    assert run["revised_prompt"] is run.data[0].revised_prompt is None
    with pytest.raises(KeyError):
        run["nonsense"]


def test_a_run_knows_itself(workshop: ImageGenerator) -> None:
    """A Run is true when it is done, has its pictures in order, and says what it is in a line."""
    run = workshop.generate("a cat", n=2)
    assert run
    assert (1, Status.DONE, "a cat", 2) == (run.id, run.status, run.prompt, len(run))
    assert ["1/1", "1/2"] == [picture.reference for picture in run]
    assert "<Run 1: done, 2 pictures, 'a cat'>" == repr(run)
    assert "<Picture 1/2, 1024x1024 image/png>" == repr(run.pictures[1])
    assert run.image.size == (1024, 1024)


def test_a_small_size_is_delivered(workshop: ImageGenerator) -> None:
    """Where a larger legal size was drawn, ``run.image`` is as asked, and the original is kept as it came."""
    run = workshop.generate("a cat", model="dall-e-2", size="256x256", yes=True)
    assert ((256, 256), 1024) == (run.image.size, run.pictures[0].record.width)


def test_a_run_holds_no_bytes(workshop: ImageGenerator) -> None:
    """``Out[]`` may hold a thousand Runs: their bytes are read from the store when asked for."""
    run = workshop.generate("a cat")
    assert sys.getsizeof(run.record.pictures[0]) < 500
    run.pictures[0].path.unlink()
    with pytest.raises(dn.StoreError):
        _ = run.image


def test_its_verbs_go_on_from_it(workshop: ImageGenerator, server: Api) -> None:
    """Rerun, vary and edit start from the Run, record it as their parent, and use its workshop."""
    workshop.configure(quality="low")
    run = workshop.generate("a cat")
    children = run.rerun(size="landscape"), run.vary(n=2, strength="strong"), run.edit("a red scarf")
    assert {run.uid} == {child.record.parent for child in children}
    assert [Kind.GENERATE, Kind.VARIATION, Kind.EDIT] == [child.record.request.kind for child in children]
    assert [1, 2, 1] == [len(child) for child in children]
    assert {"low"} == {call.fields["quality"] for call in server.calls}


@pytest.mark.parametrize("language", ["python", "node", "curl", "magic"])
def test_a_run_is_a_program(workshop: ImageGenerator, language: str) -> None:
    """``run.code`` repeats the Run in each language; one drawn offline asks OpenAI for the like."""
    for options in ({}, {"backend": "offline"}):
        code = workshop.generate("a cat", **options).code(language)
        assert "a cat" in code
        assert "offline" not in code
    edited = workshop.generate("a cat").edit("a red scarf", mask="box:1,1,500,500")
    assert "a red scarf" in edited.code(language)


def test_a_failed_run_says_so(workshop: ImageGenerator, server: Api) -> None:
    """A refused Run is false, has no picture, and says what became of it."""
    server.fail("400_moderation")
    with pytest.raises(dn.RefusedError) as caught:
        workshop.generate("a cat")
    run = caught.value.run
    assert not run
    assert (Status.REFUSED, 0, "RefusedError") == (run.status, len(run), run.failure.error)
    for look in (lambda: run.image, lambda: run["url"], lambda: run.save("cat.png"), lambda: run.picture(1)):
        with pytest.raises(ReferenceNotFound):
            look()


def test_images_are_pil(workshop: ImageGenerator) -> None:
    """``image`` is a PIL image, of a Run and of a Picture alike."""
    run = workshop.generate("a cat")
    assert isinstance(run.image, Image.Image)
    assert run.image.tobytes() == run.pictures[0].image.tobytes()
