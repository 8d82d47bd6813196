"""The offline backend: everything the API does, without a key, a network or a model."""

from __future__ import annotations

import hashlib
import io
import time
from datetime import date
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dalle_nb import _errors
from dalle_nb._backend import Arrival, Called, DrawEvent, Preview, Remark, Terms
from dalle_nb._catalog import load_catalog
from dalle_nb._errors import DrawError, RefusedError
from dalle_nb._language import speaking
from dalle_nb._masks import fit_mask
from dalle_nb._records import Blob, Kind, Request
from dalle_nb._rules import check
from dalle_nb.backends.offline import OfflineBackend
from dalle_nb.backends.offline.encode import read_recipe

SMALL = {"size": "192x160"}


def _events(request: Request, terms: Terms | None = None) -> list[DrawEvent]:
    backend = OfflineBackend()
    plan = check(request, load_catalog(), backend.server, today=date(2026, 11, 23))
    return list(backend.draw(plan, terms or Terms()))


def _draw(prompt: str = "", **fields: object) -> list[Arrival]:
    options = {**SMALL, **fields.pop("options", {})}  # type: ignore[dict-item]  # tests pass dicts
    request = Request(prompt=prompt, options=options, **fields)  # type: ignore[arg-type]  # as above
    return [event for event in _events(request) if isinstance(event, Arrival)]


def _remarks(prompt: str, language: str = "en") -> str:
    with speaking(language):
        return " ".join(
            event.text
            for event in _events(Request(prompt=prompt, options=SMALL))
            if isinstance(event, Remark)
        )


def _pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16)


def _blob(image: Image.Image, form: str = "PNG") -> Blob:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return _of(buffer.getvalue(), f"image/{form.lower()}")


def _of(data: bytes, media_type: str = "image/png") -> Blob:
    image = Image.open(io.BytesIO(data))
    digest = hashlib.sha256(data).hexdigest()
    return Blob(sha256=digest, media_type=media_type, width=image.width, height=image.height, data=data)


def _photo() -> Image.Image:
    """Return a picture that is not ours: noise over a gradient."""
    rows, columns = np.mgrid[0:160, 0:192]
    noise = np.random.Generator(np.random.PCG64(1)).integers(0, 40, (160, 192, 3))
    grey = np.stack([columns, rows, 200 - rows], 2) + noise
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))


def _mask(picture: Blob) -> Blob:
    image = Image.new("L", (picture.width, picture.height))
    image.paste(255, (60, 40, 150, 130))
    return fit_mask(_blob(image), picture).blob


def _whole_but_the_rim(picture: Blob) -> Blob:
    white = Image.new("L", (picture.width, picture.height))
    white.paste(255, (16, 16, picture.width - 16, picture.height - 16))
    return _blob(white)


def test_the_same_request_gives_the_same_bytes() -> None:
    """A cell run twice shows the same picture, bit for bit on one machine."""
    assert _draw("a cat")[0].data == _draw("a cat")[0].data


@pytest.mark.parametrize(
    "change",
    [{"sample": 1}, {"options": {"seed": 7}}, {"prompt": "a dog"}],
    ids=["rerun", "seed", "prompt"],
)
def test_what_is_asked_again_otherwise_is_another_picture(change: dict[str, object]) -> None:
    """A rerun, a seed or another prompt give another picture."""
    asked = {"prompt": "a cat", **change}
    assert _draw("a cat")[0].data != _draw(**asked)[0].data  # type: ignore[arg-type]  # a table of fields


def test_the_format_does_not_change_the_picture() -> None:
    """The same prompt as a PNG and as a WebP shows the same painting."""
    png, webp = (_draw("a cat", options={"format": form})[0].data for form in ("png", "webp"))
    assert np.abs(_pixels(png) - _pixels(webp)).mean() < 4


def test_several_pictures_are_different_ones() -> None:
    """n=3 paints three pictures, numbered from 1."""
    pictures = _draw("a fox in a forest", options={"n": 3})
    assert [picture.index for picture in pictures] == [1, 2, 3]
    assert len({picture.data for picture in pictures}) == 3


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_pictures_come_in_the_format_and_size_asked_for(form: str) -> None:
    """What arrives is what it says: format, width and height."""
    picture = _draw("a boat", options={"format": form, "size": "200x120"})[0]
    opened = Image.open(io.BytesIO(picture.data))
    assert (opened.format, opened.size) == (form.upper(), (200, 120))
    assert (picture.media_type, picture.width, picture.height) == (f"image/{form}", 200, 120)


def test_compression_makes_a_smaller_file() -> None:
    """output_compression is obeyed."""
    small, large = (_draw("a boat", options={"format": "jpeg", "compression": q})[0] for q in (20, 95))
    assert len(small.data) < len(large.data)


def test_a_transparent_background_leaves_the_things_alone() -> None:
    """Around the subject all is transparent; without a subject the picture says that it is not."""
    image = Image.open(io.BytesIO(_draw("an apple", options={"background": "transparent"})[0].data))
    alpha = np.asarray(image.getchannel("A"))
    assert alpha.min() == 0
    assert alpha.max() == 255
    assert (
        Image.open(io.BytesIO(_draw("sunset", options={"background": "transparent"})[0].data)).mode == "RGB"
    )


def test_partial_pictures_come_before_the_picture_and_sharpen() -> None:
    """Each stage while streaming is nearer to the finished picture than the one before."""
    events = _events(Request(prompt="a red house", options={**SMALL, "partials": 3}))
    shown = [event for event in events if isinstance(event, Preview | Arrival)]
    assert [type(event) for event in shown] == [Preview, Preview, Preview, Arrival]
    last = _pixels(shown[-1].data)
    off = [float(np.abs(_pixels(event.data) - last).mean()) for event in shown]
    assert off == sorted(off, reverse=True)


@pytest.mark.parametrize("prompt", ["a white cat", "开满鲜花的草地", "remove it", "oil painting", "qwertz"])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_an_edit_changes_nothing_outside_its_mask(prompt: str, form: str) -> None:
    """Every pixel outside the mask is the one that was there; inside, most are new."""
    picture = _blob(_photo(), form)
    mask = _mask(picture)
    edited = _pixels(_draw(prompt, kind=Kind.EDIT, inputs=(picture,), mask=mask)[0].data)
    inside = np.zeros(edited.shape[:2], bool)
    inside[40:130, 60:150] = True
    assert picture.data is not None
    same = (edited == _pixels(picture.data)).all(2)
    assert same[~inside].all()
    assert (~same[inside]).mean() > 0.5


def test_an_edit_keeps_what_is_transparent() -> None:
    """Transparency outside the mask stays."""
    image = _photo().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 30, 30))
    picture = _blob(image)
    edited = Image.open(
        io.BytesIO(_draw("a cat", kind=Kind.EDIT, inputs=(picture,), mask=_mask(picture))[0].data)
    )
    assert (edited.getpixel((5, 5))[3], edited.getpixel((100, 100))[3]) == (0, 255)  # type: ignore[index]  # RGBA


def test_an_edit_of_our_own_picture_keeps_its_composition() -> None:
    """Asked for night, the same beach is painted at night: darker, with its edges where they were."""
    day = _draw("a beach with a palm")[0].data
    night = _pixels(_draw("make it night", kind=Kind.EDIT, inputs=(_of(day),))[0].data)
    assert night.mean() < _pixels(day).mean() * 0.75


@pytest.mark.parametrize("prompt", ["a red scarf", "戴一条红围巾", "sunglasses"])
def test_what_is_worn_is_put_on_whoever_is_in_the_part(prompt: str) -> None:
    """An edit that names only clothes dresses the animal in our picture, instead of painting it over."""
    before = _of(_draw("a cat in a meadow")[0].data)
    mask = fit_mask(_whole_but_the_rim(before), before).blob
    after = _draw(prompt, kind=Kind.EDIT, inputs=(before,), mask=mask)[0]
    assert before.data is not None
    changed = (np.abs(_pixels(after.data).astype(int) - _pixels(before.data)).max(axis=2) > 8).mean()
    assert 0.001 < changed < 0.08


def test_a_picture_of_any_origin_can_be_edited_whole() -> None:
    """Without a mask a stranger's picture is restyled as a whole."""
    picture = _blob(_photo())
    assert picture.data is not None
    edited = _pixels(_draw("black and white photo", kind=Kind.EDIT, inputs=(picture,))[0].data)
    assert np.abs(edited[..., 0] - edited[..., 2]).mean() < 6


@pytest.mark.parametrize("ours", [True, False], ids=["ours", "foreign"])
def test_variations_are_related_and_strong_ones_less(ours: bool) -> None:
    """A subtle variation is nearer to its picture than a strong one, and neither is the picture itself."""
    data = _draw("a fox in a meadow with a house")[0].data if ours else _blob(_photo()).data
    assert data is not None
    far = {}
    for strength in ("subtle", "strong"):
        varied = _draw(kind=Kind.VARIATION, inputs=(_of(data),), options={"strength": strength, "n": 3})
        spread = [_structure(picture.data, data) for picture in varied]
        far[strength] = sum(spread) / 3
        assert len({picture.data for picture in varied}) == 3
    assert 0 < far["subtle"] < far["strong"]


def _structure(one: bytes, other: bytes) -> float:
    """Return how differently two pictures are built, whatever their colours: by their blurred slopes."""
    slopes = []
    for data in (one, other):
        grey = np.asarray(Image.open(io.BytesIO(data)).convert("L").resize((48, 40)), np.float32)
        grey = (grey - grey.mean()) / (grey.std() + 1)
        slopes.append(np.stack(np.gradient(grey)))
    return float(np.abs(slopes[0] - slopes[1]).mean())


def test_the_bill_is_simulated_and_nothing() -> None:
    """Usage is foretold as the API would count it, marked, and costs nothing."""
    called = [event for event in _events(Request(prompt="a cat", options=SMALL)) if isinstance(event, Called)]
    usage = called[0].attempt.usage
    assert usage is not None
    assert usage.simulated
    assert usage.output_image > 0
    assert called[0].attempt.cost == 0


def test_a_revised_prompt_comes_where_the_model_gives_one() -> None:
    """The models that rewrite prompts do so here too, plainly marked; the others do not."""
    models = load_catalog().models.values()
    revising = next(model.name for model in models if model.revises_prompt)
    assert "[simulated] a cat" in str(
        _draw("a cat", model=revising, options={"size": "1024x1024"})[0].revised_prompt
    )
    assert _draw("a cat")[0].revised_prompt is None


HONEST = [
    ("a cat and a jabberwock", "en", ["cat", "not an AI model", "Not understood: jabberwock"]),
    ("一只猫和一个量子纠缠", "zh", ["猫", "不是 AI 模型", "未识别：量子纠缠"]),
    ("alpha beta gamma delta epsilon", "en", ["abstract", "%dalle_words", "alpha, beta, gamma +2"]),
    ("a poster", "en", ["Could not draw: poster"]),
]


@pytest.mark.parametrize(("prompt", "language", "said"), HONEST, ids=[prompt[:10] for prompt, *_ in HONEST])
def test_the_painter_says_what_it_did_not_do(prompt: str, language: str, said: list[str]) -> None:
    """What was drawn, what could not be and what was not understood is told, in the user's language."""
    remarks = _remarks(prompt, language)
    assert [words for words in said if words not in remarks] == []


TROUBLES = [
    ("a cat [simulate:rate-limit]", "RateLimitError", "rate_limit_exceeded"),
    ("a cat [simulate:timeout]", "DrawTimeout", None),
    ("a cat [simulate:server-error]", "ServerError", "server_error"),
    ("a cat [simulate:lost-answer]", "ConnectionFailed", None),
    ("a cat [simulate:no-quota]", "BillingError", "insufficient_quota"),
    ("一只猫 [模拟:超时]", "DrawTimeout", None),
    ("一只猫 [模拟:拒绝]", "RefusedError", "moderation_blocked"),
    ("a bloody murder", "RefusedError", "moderation_blocked"),
    ("血腥的场面", "RefusedError", "moderation_blocked"),
]


@pytest.mark.parametrize(("prompt", "error", "code"), TROUBLES, ids=[prompt for prompt, *_ in TROUBLES])
def test_troubles_come_when_asked_for(prompt: str, error: str, code: str | None) -> None:
    """Documented words raise the errors of the real API, so that handling them can be taught."""
    with pytest.raises(getattr(_errors, error)) as caught:
        _events(Request(prompt=prompt, options=SMALL), Terms(retry="never"))
    assert isinstance(caught.value, DrawError)
    assert caught.value.code == code


def test_the_old_models_refuse_in_their_own_words() -> None:
    """Models of before tokens give content_policy_violation."""
    old = next(model.name for model in load_catalog().models.values() if model.revises_prompt)
    with pytest.raises(RefusedError) as caught:
        _draw("a cat [simulate:refusal]", model=old, options={"size": "1024x1024"})
    assert caught.value.code == "content_policy_violation"


def test_a_busy_server_is_asked_again_visibly() -> None:
    """Two simulated failures, two remarks, and then the picture."""
    events = _events(Request(prompt="a cat [simulate:busy]", options=SMALL))
    assert [event.attempt.outcome for event in events if isinstance(event, Called)] == [
        "RateLimitError",
        "RateLimitError",
        "done",
    ]
    assert isinstance(events[-2], Arrival)


def test_a_word_that_holds_a_refused_one_is_drawn() -> None:
    """Only whole words refuse: a bloodhound is a dog."""
    assert len(_draw("a bloodhound")) == 1


def test_a_cancelled_drawing_stops() -> None:
    """Once cancelled nothing more is painted."""
    cancel = Event()
    cancel.set()
    assert _events(Request(prompt="a cat", options=SMALL), Terms(cancel=cancel)) == []


def test_the_recipe_in_a_picture_is_read_as_a_strangers() -> None:
    """A forged or damaged recipe is no recipe, and never an error."""
    from PIL.PngImagePlugin import PngInfo

    for note in (
        '{"dalle_nb_recipe": 3}',
        "[]",
        "{",
        '{"dalle_nb_recipe": {"prompt": 1, "seed": "x"}}',
        "x" * 9000,
    ):
        info, buffer = PngInfo(), io.BytesIO()
        info.add_text("dalle_nb_recipe", note)
        Image.new("RGB", (4, 4)).save(buffer, "PNG", pnginfo=info)
        assert read_recipe(buffer.getvalue()) is None


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_a_picture_carries_what_it_was_painted_from(form: str) -> None:
    """Any format keeps prompt and seed, so that a variation knows its subject."""
    recipe = read_recipe(_draw("一只猫 in a meadow", options={"format": form})[0].data)
    assert recipe is not None
    assert recipe.prompt == "一只猫 in a meadow"


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1, max_size=120).filter(str.strip))
def test_any_text_paints_something_legal(prompt: str) -> None:
    """Whatever is typed becomes a picture of the size asked for, the same one each time, in short order."""
    started = time.process_time()
    first, second = (_draw(prompt, options={"size": "64x64"})[0].data for _ in range(2))
    assert Image.open(io.BytesIO(first)).size == (64, 64)
    assert first == second
    assert time.process_time() - started < 5
