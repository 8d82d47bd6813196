"""Composing: prompt and options become one Request, whatever they name and wherever they come from."""

from __future__ import annotations

import io

import numpy as np
import pytest
from openai_server.handle import Api
from PIL import Image

import dalle_nb as dn
from dalle_nb import ImageGenerator, OptionError, RequestError
from dalle_nb._records import Kind

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]


def picture(size: int = 1024) -> Image.Image:
    return Image.new("RGB", (size, size), "green")


# --- kinds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, Kind.GENERATE),
        ({"edit": "it"}, Kind.EDIT),
        ({"ref": ["it"]}, Kind.EDIT),
        ({"vary": "it"}, Kind.VARIATION),
        ({"rerun": "-1"}, Kind.GENERATE),
    ],
    ids=str,
)
def test_options_tell_the_kind(workshop: ImageGenerator, options: dict[str, object], kind: Kind) -> None:
    """Pictures among the options make an edit or a variation of a drawing."""
    workshop.generate("a cat")
    plan = workshop.plan("a dog", options, namespace={"it": picture()})
    assert kind is plan.request.kind
    assert len(plan.request.inputs) == (0 if kind is Kind.GENERATE else 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"edit": "it", "vary": "it"}, "--vary"),
        ({"vary": "it", "rerun": "-1"}, "--rerun"),
        ({"mask": "it"}, "--edit"),
        ({"nonsense": 1}, "There is no option"),
        ({"quiet": "perhaps"}, "--quiet"),
    ],
    ids=str,
)
def test_what_excludes_itself_is_told(
    workshop: ImageGenerator, options: dict[str, object], words: str
) -> None:
    """Verbs exclude one another, a mask needs a picture, and an option must exist; nothing is sent."""
    with pytest.raises(OptionError) as caught:
        workshop.ask("a dog", options, namespace={"it": picture()})
    assert words in str(caught.value)


def test_all_that_is_wrong_is_told_together(workshop: ImageGenerator, server: Api) -> None:
    """An unknown option, a wrong value and a broken rule are one error, and nothing is sent."""
    with pytest.raises(RequestError) as caught:
        workshop.generate("  ", sise="1024x1024", n=0, quality="best", timeout="soon")
    for words in ("sise", "-n", "quality", "--timeout", "prompt is empty"):
        assert words in caught.value.what
    assert server.calls == []


# --- edits, variations, reruns ----------------------------------------------------------------------------


def test_inputs_go_in_order(workshop: ImageGenerator, server: Api) -> None:
    """The picture to edit comes first, then each REF, and the server gets them so."""
    shades = [np.full((64, 64, 3), shade, "uint8") for shade in (10, 20, 30)]
    run = workshop.edit(shades[0], "a collage", ref=shades[1:])
    (call,) = server.calls_to("edits")
    assert 3 == len(call.images) == len(run.record.request.inputs)
    sent = [Image.open(io.BytesIO(each.data)).getpixel((0, 0))[0] for each in call.images]
    assert [10, 20, 30] == sent


def test_a_variation_takes_after_its_parent(workshop: ImageGenerator) -> None:
    """A variation keeps its parent's words, model, size and quality; what the call says is stronger."""
    parent = workshop.generate("a cat", size="1536x1024", quality="low", model="gpt-image-2")
    child = parent.vary(quality="high")
    request = child.record.request
    assert (parent.uid, "a cat", "gpt-image-2") == (child.record.parent, request.prompt, request.model)
    assert {"size": "1536x1024", "quality": "high", "n": 1, "strength": "subtle"} == dict(request.options)


def test_a_rerun_asks_the_same_again(workshop: ImageGenerator, server: Api) -> None:
    """A rerun sends the same request, changed as said, records where it came from, and is another picture."""
    parent = workshop.edit(picture(), "a red scarf", quality="low")
    same, other = parent.rerun(), parent.rerun(quality="high", prompt="a blue scarf")
    first, second, third = server.calls_to("edits")
    assert first.fields == second.fields
    assert first.images[0].data == second.images[0].data
    assert ("a blue scarf", "high") == (third.fields["prompt"], third.fields["quality"])
    assert {parent.uid} == {same.record.parent, other.record.parent}
    samples = [each.record.request.sample for each in (parent, same, other)]
    assert 3 == len({*samples, other.rerun().record.request.sample} - {0})


def test_the_newest_is_named(workshop: ImageGenerator) -> None:
    """A REF that counts from the newest is a moving target, so the Run says which one it took."""
    parent = workshop.generate("a cat")
    assert f"Starts from Run {parent.id}." in workshop.ask("", {"vary": "-1"}).record.notices
    assert parent.vary().record.notices == ()


@pytest.mark.parametrize("way", ["mask", "box", "run"])
def test_a_mask_in_any_form(workshop: ImageGenerator, server: Api, way: str) -> None:
    """A mask is a picture, a shape in words, or another Run's mask, and what it repaints is told."""
    white = Image.new("L", (1024, 1024), 0)
    white.paste(255, (0, 0, 512, 1024))
    mask: object = white
    if way == "box":
        mask = "box:0,0,512,1024"
    if way == "run":
        mask = workshop.edit(picture(), "a hat", mask=white)
    run = workshop.edit(picture(), "a red scarf", mask=mask)
    sent = server.calls_to("edits")[-1].file("mask")
    alpha = Image.open(io.BytesIO(sent.data)).getchannel("A")
    assert (0, 255) == (alpha.getpixel((10, 10)), alpha.getpixel((1000, 10)))
    assert any("50%" in notice for notice in run.record.notices)


# --- defaults ---------------------------------------------------------------------------------------------


def test_a_default_that_does_not_fit_is_left_out(workshop: ImageGenerator, server: Api) -> None:
    """``configure(moderation="low")`` counts where it can, and an edit, which has none, works all the same."""
    workshop.configure(moderation="low")
    workshop.generate("a cat").edit("a red scarf")
    assert server.calls_to("generations")[0].fields["moderation"] == "low"
    assert "moderation" not in server.calls_to("edits")[0].fields


def test_what_is_said_is_never_left_out(workshop: ImageGenerator, server: Api) -> None:
    """An option said with the call is refused where it is not taken, not dropped."""
    with pytest.raises(OptionError, match="--moderation"):
        workshop.edit(picture(), "a red scarf", moderation="low")
    assert server.calls == []


def test_a_default_is_weaker_than_the_call(workshop: ImageGenerator, server: Api) -> None:
    """Defaults of a generator count until a call says otherwise."""
    workshop.configure(size="landscape", quality="low")
    workshop.generate("a cat", size="1024x1024")
    (call,) = server.calls_to("generations")
    assert ("1024x1024", "low") == (call.fields["size"], call.fields["quality"])


def test_a_rerun_keeps_what_was_asked_then(workshop: ImageGenerator, server: Api) -> None:
    """A default that was set since does not change what is asked again."""
    run = workshop.generate("a cat", quality="low")
    workshop.configure(quality="high", size="landscape")
    run.rerun()
    first, second = server.calls_to("generations")
    assert first.fields == second.fields


def test_python_names_no_variable(workshop: ImageGenerator) -> None:
    """Only a magic looks variables up by name: in Python the object itself is given."""
    cat = picture()  # noqa: F841 - must not be found
    with pytest.raises(dn.ReferenceNotFound):
        workshop.edit("cat", "a hat")
