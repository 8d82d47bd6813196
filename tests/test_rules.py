"""Rules: what is sent for a Request, in how many calls, for how much; or everything that is wrong with it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dalle_nb._catalog import load_catalog
from dalle_nb._errors import MaskError, OptionError, PromptError, RequestError
from dalle_nb._language import speaking
from dalle_nb._options import OPTIONS
from dalle_nb._prices import output_tokens
from dalle_nb._records import Blob, Kind, Plan, Request, Usage
from dalle_nb._rules import check, cost
from dalle_nb._sizes import is_legal, nearest_size

CATALOG = load_catalog()
TODAY = date(2026, 11, 22)
PHOTO = Blob(sha256="a" * 64, media_type="image/png", width=800, height=600)


def plan(
    prompt="a fox",
    model=None,
    server="openai",
    *,
    kind="generate",
    inputs=0,
    mask=None,
    today=TODAY,
    retired="translate",
    **options,
):
    """Check a request as a user would make it."""
    request = Request(
        kind=Kind(kind), prompt=prompt, model=model, inputs=(PHOTO,) * inputs, mask=mask, options=options
    )
    return check(request, CATALOG, CATALOG.server(server), today=today, retired=retired)


def sent(*args, **options):
    """Return the parameters of the only call."""
    (call,) = plan(*args, **options).calls
    return dict(call.parameters)


def broken(*args, **options):
    """Return the error that the request is refused with."""
    with pytest.raises(RequestError) as caught:
        plan(*args, **options)
    return caught.value


def words(value):
    """Return a row's options in few words, for its name."""
    if not isinstance(value, dict):
        return "" if isinstance(value, type) else None
    return " ".join(
        f"{name}={'photo' if given is PHOTO else str(given)[:20]}" for name, given in value.items()
    )


def test_a_bare_prompt_is_drawn_with_quality_and_size_said():
    """Nothing that costs money is left to the server's own default."""
    assert sent() == {
        "model": "gpt-image-2.5-flare",
        "prompt": "a fox",
        "n": 1,
        "size": "1024x1024",
        "quality": "medium",
    }


@pytest.mark.parametrize(
    ("asked", "drawn"),
    [
        ("1024×1024", "1024x1024"),
        ("square", "1024x1024"),
        ("横向", "1536x1024"),
        ("portrait", "1024x1536"),
        ("3:2", "1536x1024"),
        ("1:1", "1024x1024"),
        ("16:9", "1536x864"),
        ("4:3", "1344x1008"),
        ("1:3", "656x1968"),
        ("auto", "auto"),
        ("3840x2160", "3840x2160"),
        ("1792x1024", "1792x1024"),
        ("1920x1088", "1920x1088"),
    ],
)
def test_sizes_are_drawn_as_meant(asked, drawn):
    """Words, ratios and legal sizes become the size that is sent."""
    assert sent(model="gpt-image-2", size=asked)["size"] == drawn


@pytest.mark.parametrize(
    ("model", "asked", "nearest"),
    [
        ("gpt-image-2", "1920x1080", "1920x1088"),
        ("gpt-image-2", "800x600", "944x704"),
        ("gpt-image-2", "4096x4096", "2880x2880"),
        ("gpt-image-2", "3840x3840", "2880x2880"),
        ("gpt-image-2", "4:1", "1776x592"),
        ("gpt-image-1.5", "2048x2048", "1024x1024"),
        ("gpt-image-1.5", "16:9", "1536x1024"),
        ("gpt-image-1-mini", "1000x1600", "1024x1536"),
    ],
)
def test_an_illegal_size_names_the_nearest_legal_one(model, asked, nearest):
    """A size that the model does not draw is refused before the call, with the size to take instead."""
    error = broken(model=model, size=asked)
    assert isinstance(error, OptionError)
    assert error.fix == f"Try: --size {nearest}"
    assert sent(model=model, size=nearest)["size"] == nearest


@given(
    st.sampled_from([model.name for model in CATALOG if model.catalogued]),
    st.sampled_from(["openai", "offline"]),
    st.integers(1, 99_999),
    st.integers(1, 99_999),
    st.sampled_from("x:"),
)
def test_any_size_is_drawn_or_answered_with_one_that_is(model, server, width, height, between):
    """Whatever size is asked of whatever model, it is legal and sent, or refused with one that is sent."""
    if server == "openai" and model == CATALOG.offline_model:
        return
    asked = f"{width}{between}{height}"
    try:
        drawn = sent(model=model, server=server, size=asked)["size"]
    except OptionError as error:
        fix = error.fix.removeprefix("Try: --size ")
        assert sent(model=model, server=server, size=fix)["size"] == fix
    else:
        assert drawn == asked or between == ":" or asked in CATALOG.synonyms.sizes


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 16))
def test_the_nearest_size_is_legal_and_a_legal_one_is_nearest_itself(width, height, frames):
    """For still pictures and gif sheets alike, the nearest size keeps every rule of OpenAI's."""
    model = CATALOG.model("gpt-image-2")
    nearest_width, nearest_height = nearest_size((width, height), model, frames)
    assert is_legal((nearest_width, nearest_height), model, frames)
    assert nearest_width % 16 == nearest_height % 16 == 0
    if frames == 1:
        assert max(nearest_width, nearest_height) <= min(3840, 3 * min(nearest_width, nearest_height))
        assert 655_360 <= nearest_width * nearest_height <= 8_294_400
    if is_legal((width, height), model, frames):
        assert (nearest_width, nearest_height) == (width, height)


@pytest.mark.parametrize(
    ("frames", "edge"), [(2, 960), (8, 960), (9, 960), (10, 816), (12, 816), (13, 720), (16, 720)]
)
def test_gif_frames_are_as_large_as_were_measured(frames, edge):
    """The largest square gif of each frame count is the one that was accepted in November 2026."""
    gif = {"model": "gpt-image-2.6-flare", "format": "gif", "frame_count": frames}
    assert sent(**gif, size=f"{edge}x{edge}")["size"] == f"{edge}x{edge}"
    assert broken(**gif, size=f"{edge + 16}x{edge + 16}").fix == f"Try: --size {edge}x{edge}"


# Money: the official table, the measured tokens, and what nobody knows.


@pytest.mark.parametrize(
    ("model", "quality", "size", "micros"),
    [
        ("gpt-image-2", "low", "1024x1024", 6_000),
        ("gpt-image-2", "medium", "1536x1024", 41_000),
        ("gpt-image-2", "high", "1024x1024", 211_000),
        ("gpt-image-2", "high", "1024x1536", 165_000),
        ("gpt-image-1.5", "medium", "1024x1024", 34_000),
        ("gpt-image-1.5", "high", "1536x1024", 200_000),
        ("gpt-image-1-mini", "low", "1024x1024", 5_000),
        ("gpt-image-1-mini", "high", "1024x1536", 52_000),
    ],
)
def test_the_official_price_is_the_estimate(model, quality, size, micros):
    """Where OpenAI lists a picture's price, that and a little for the prompt is foretold, and not as a guess."""
    estimate = plan(model=model, quality=quality, size=size).estimate
    assert estimate.low == micros
    assert micros <= estimate.high <= micros + 100
    assert not estimate.about


@pytest.mark.parametrize(
    ("width", "height", "steps", "tokens"),
    [
        (1024, 1024, 16, 196),
        (1024, 1024, 48, 1756),
        (1024, 1024, 96, 7024),
        (1536, 1024, 16, 158),
        (1024, 1536, 48, 1372),
        (1536, 1024, 96, 5488),
        (1024, 1024, 24, 439),
        (1024, 1024, 64, 3122),
    ],
)
def test_the_token_formula_meets_what_was_measured(width, height, steps, tokens):
    """The formula gives the tokens of OpenAI's price table and of the pictures that others measured."""
    assert output_tokens(width, height, steps) == tokens


@pytest.mark.parametrize(
    ("options", "low", "high"),
    [
        ({"quality": "low"}, 196 * 30, 196 * 30 + 60),
        ({"quality": "max", "n": 2}, 2 * 7024 * 30, 2 * 7024 * 30 + 120),
        ({"partials": 3}, 439 * 30, (439 + 300) * 30 + 60),
        ({"model": "gpt-image-2.6-flare", "quality": "low"}, 196 * 30 * 3, 196 * 30 * 4.3 + 60),
        ({"kind": "edit", "inputs": 2, "size": "1024x1024"}, 439 * 30, 439 * 30 + 2 * 1536 * 8 + 60),
        ({"quality": "auto"}, 196 * 30, 7024 * 30 + 60),
    ],
    ids=words,
)
def test_where_nobody_lists_a_price_it_is_about_so(options, low, high):
    """Without an official price the formula foretells a range, marked as about."""
    estimate = plan(**options).estimate
    assert estimate.about
    assert low <= estimate.low <= estimate.high <= high + 1


@pytest.mark.parametrize(
    ("options", "price"),
    [
        ({"server": "offline"}, 0),
        ({"server": "offline", "model": "dall-e-3", "n": 4}, 0),
        ({"server": "localai", "size": "512x512"}, 0),
        ({"model": "brand-new-model"}, None),
        ({"server": "unknown"}, None),
        ({"server": "xai"}, None),
        ({"model": "gpt-image-2.6-flare", "format": "svg"}, None),
    ],
    ids=words,
)
def test_free_is_nought_and_unknown_is_none(options, price):
    """What costs nothing is 0, what nobody knows is None; the two are never mixed up."""
    estimate = plan(**options).estimate
    assert (estimate and estimate.high) == price


@pytest.mark.parametrize(
    ("model", "usage", "micros"),
    [
        ("gpt-image-2", Usage(input_text=50, output_image=1756), 50 * 5 + 1756 * 30),
        (
            "gpt-image-2",
            Usage(input_text=10, input_image=1000, input_cached=400, output_image=196),
            50 + 8000 + 800 + 5880,
        ),
        ("gpt-image-1-mini", Usage(input_text=1, output_image=272), 2 + 272 * 8),
        ("gpt-image-1-mini", Usage(input_image=1), 3),
        ("gpt-image-1.5", Usage(output_image=100, output_text=10), 3200 + 100),
        ("gpt-image-2", Usage(output_text=1), None),
        ("dall-e-3", Usage(output_image=1), None),
        ("gpt-image-2", Usage(output_image=9, simulated=True), 0),
        ("offline-painter", Usage(output_image=9), 0),
        ("gpt-image-2", Usage(), None),
    ],
)
def test_usage_is_paid_to_the_millionth(model, usage, micros):
    """The exact cost comes from the tokens that were used; a token without a price makes it unknown."""
    assert cost(usage, CATALOG.model(model)) == micros


# Models that are gone, and the tutorial's values.


def test_the_tutorials_own_request_still_draws():
    """The tutorial's DALL·E 3 call, every value of it, is translated and says what it became."""
    made = plan(
        "一只猫", "dall-e-3", size="1792x1024", quality="hd", style="vivid", n=1, response_format="url"
    )
    (call,) = made.calls
    assert made.model == "gpt-image-2.5-flare"
    assert call.parameters["quality"] == "high"
    assert call.parameters["size"] == "1792x1024"
    assert call.parameters["prompt"] == "一只猫，生动、超现实的风格"
    assert "style" not in call.parameters
    assert "response_format" not in call.parameters
    assert any("2026-05-12" in notice for notice in made.notices)
    assert (made.request.model, made.request.options["quality"]) == ("dall-e-3", "hd")


@pytest.mark.parametrize("size", ["256x256", "512x512"])
def test_small_tutorial_sizes_are_drawn_larger_and_delivered_as_asked(size):
    """A 256 or 512 square is drawn at a legal size, and the Run is told to hand it over as asked."""
    made = plan(model="dall-e-2", size=size)
    assert made.calls[0].parameters["size"] == "1024x1024"
    assert made.deliver_size == tuple(map(int, size.split("x")))


def test_a_retired_model_can_be_refused_instead():
    """With retired="error" nothing is translated: the error names the successor."""
    error = broken(model="dall-e-2", retired="error")
    assert error.fix == "Try: -m gpt-image-2.5-flare"


def test_a_dearer_successor_asks_first():
    """When a translation costs more than the old model did, the plan says so and asks for --yes."""
    day = date(2026, 12, 2)
    dearer = plan(model="gpt-image-1-mini", today=day)
    assert dearer.model == "gpt-image-2.6-flare"
    assert "$0.011" in dearer.confirm
    assert dearer.confirm in dearer.notices
    assert plan(model="dall-e-3").confirm == ""
    assert plan(model="gpt-image-1-mini").confirm == ""


def test_a_model_near_its_end_is_announced():
    """In the last month of a model's life each draw says when it ends and what follows it."""
    (notice,) = plan(model="gpt-image-1.5").notices
    assert "2026-12-01" in notice
    assert "gpt-image-2.6-flare" in notice
    assert plan(model="gpt-image-1.5", today=date(2026, 10, 1)).notices == ()


def test_other_servers_keep_the_name():
    """Only OpenAI's own server retires models: elsewhere a name passes through."""
    assert sent(model="dall-e-3", server="localai")["model"] == "dall-e-3"


def test_offline_obeys_the_rules_of_the_model_asked_for():
    """The painter asked for DALL·E 3 draws one per call, takes its style and quality, and says it is offline."""
    made = plan(model="dall-e-3", server="offline", n=4, quality="hd", style="natural")
    assert len(made.calls) == 4
    assert made.calls[0].parameters["style"] == "natural"
    assert made.calls[0].parameters["quality"] == "hd"
    assert made.notices == ("asked for dall-e-3, drawn offline",)
    assert made.backend == "offline"
    assert made.estimate.high == 0
    assert "4,000" in broken("x" * 4001, model="dall-e-3", server="offline").what


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({"n": 12}, [10, 2]),
        ({"n": 10}, [10]),
        ({"n": 3, "partials": 1}, [1, 1, 1]),
        ({"n": 2, "model": "gpt-image-2.6-flare", "format": "svg"}, [1, 1]),
        ({"n": 3, "model": "dall-e-3", "server": "offline"}, [1, 1, 1]),
    ],
    ids=words,
)
def test_many_pictures_become_many_calls(options, counts):
    """More pictures than one call gives are asked for in several, all of one plan."""
    assert [call.parameters["n"] for call in plan(**options).calls] == counts


def test_seeds_differ_from_call_to_call():
    """A seeded request of several calls does not draw the same picture twice."""
    assert [call.parameters["seed"] for call in plan(server="offline", seed=3, n=12).calls] == [3, 13]


# Words.


def test_styles_and_enhancements_are_written_into_the_prompt():
    """A style word and an enhancement are added visibly, in the prompt's own language."""
    assert sent("a cat", style="油画")["prompt"] == "a cat, oil painting"
    assert sent("一只猫", style="oil painting")["prompt"] == "一只猫，油画"
    assert sent("a cat", enhance="cinematic")["prompt"].startswith("a cat, cinematic lighting")
    assert plan("a cat", style="油画").notices == ("added to the prompt: oil painting",)


def test_the_prompt_limit_counts_what_is_sent():
    """A prompt that fits is too long when a style makes it so."""
    long = "x" * 31_990
    assert sent(long)["prompt"] == long
    assert isinstance(broken(long, style="油画"), PromptError)


def test_a_variation_becomes_an_edit_where_there_is_no_such_thing():
    """OpenAI has no variations: the picture is edited by a prompt worded for the strength, and the plan says so."""
    strong = plan("", kind="variation", inputs=1, strength="strong", n=4)
    assert (strong.kind, strong.recipe) == (Kind.EDIT, "edit:strong")
    assert "bold variation" in strong.calls[0].parameters["prompt"]
    own = plan("", kind="variation", inputs=1, server="offline")
    assert (own.kind, own.recipe) == (Kind.VARIATION, "variation")
    assert own.calls[0].parameters["size"] == "800x600"


def test_an_edit_keeps_the_pictures_size_as_near_as_may_be():
    """Unasked, an edit is drawn at its picture's own size, or the nearest the model draws, and says which."""
    made = plan(kind="edit", inputs=1)
    assert made.calls[0].parameters["size"] == "944x704"
    assert made.notices == ("drawn at 944x704, the picture has 800x600",)


# Servers.


@pytest.mark.parametrize(
    ("server", "options", "parameters"),
    [
        ("unknown", {"size": "512x512"}, {"n": 1, "size": "512x512", "quality": "medium"}),
        ("unknown", {"model": "sdxl"}, {"n": 1, "size": "1024x1024"}),
        ("unknown", {"model": "sdxl", "extra": {"steps": 9}}, {"n": 1, "size": "1024x1024", "steps": 9}),
        ("localai", {"model": "sdxl"}, {"n": 1, "size": "1024x1024", "response_format": "b64_json"}),
        ("together", {"model": "flux", "size": "16:9"}, {"n": 1, "width": 1536, "height": 864, "response_format": "b64_json"}),
        ("xai", {"size": "16:9"}, {"n": 1, "aspect_ratio": "16:9", "response_format": "b64_json"}),
        ("vllm-omni", {"model": "qwen", "seed": 7}, {"n": 1, "size": "1024x1024", "response_format": "b64_json", "seed": 7}),
        ("azure", {"model": "my-deployment"}, {"n": 1, "size": "1024x1024", "quality": "medium"}),
        ("stable-diffusion-cpp", {"size": "auto"}, {"n": 1}),
    ],
)  # fmt: skip
def test_each_server_is_sent_what_it_takes(server, options, parameters):
    """A server gets its own spelling of the size, and nothing it is not known to take."""
    made = sent(server=server, **options)
    assert {name: made[name] for name in made if name not in ("model", "prompt")} == parameters


def test_stable_diffusion_cpp_reads_its_own_words_in_the_prompt():
    """Seed and extras go where sd-server looks for them: inside the prompt."""
    made = sent(server="stable-diffusion-cpp", seed=5, extra={"steps": 20})
    assert made["prompt"] == 'a fox <sd_cpp_extra_args>{"seed": 5, "steps": 20}</sd_cpp_extra_args>'
    assert "seed" not in made
    assert "steps" not in made


def test_partial_pictures_are_left_out_where_nobody_sends_them():
    """Unfinished pictures are a comfort: a server without them still draws, and it is said."""
    made = plan(server="litellm", model="gpt-image-2", partials=2)
    assert "stream" not in made.calls[0].parameters
    assert made.notices == ("LiteLLM sends no unfinished pictures",)
    assert sent(partials=2) | {"stream": True, "partial_images": 2} == sent(partials=2)


# What is refused.


@pytest.mark.parametrize(
    ("options", "error", "fix"),
    [
        ({"prompt": " \n"}, PromptError, "Say what to draw"),
        ({"prompt": "x" * 32_001}, PromptError, "Leave out 1"),
        ({"quality": "max", "model": "gpt-image-2"}, OptionError, "--quality high"),
        ({"quality": "best"}, OptionError, "--quality"),
        ({"seed": 1}, OptionError, "Leave it out"),
        ({"seed": 1, "model": "gpt-image-2", "server": "offline"}, OptionError, "-m offline-painter"),
        ({"background": "transparent", "format": "jpeg"}, OptionError, "--format png"),
        ({"compression": 50}, OptionError, "--format jpeg"),
        ({"frame_count": 4, "model": "gpt-image-2.6-flare"}, OptionError, "--format gif"),
        ({"format": "gif"}, OptionError, "--format"),
        ({"complexity": "low", "model": "gpt-image-2"}, OptionError, "Leave it out"),
        ({"input_fidelity": "high", "model": "gpt-image-1.5"}, OptionError, "Leave it out"),
        ({"strength": "subtle"}, OptionError, "--vary"),
        ({"style": "油化"}, OptionError, "--style 'oil painting'"),
        ({"model": "offline-painter"}, OptionError, "--backend offline"),
        ({"extra": {"n": 50}}, OptionError, "Leave it out"),
        ({"extra": {"quality": "max"}}, OptionError, "Leave it out"),
        ({"server": "unknown", "background": "transparent"}, OptionError, "--extra '{\"background\": \"transparent\"}'"),
        ({"budget": 3}, OptionError, "beside the request"),
        ({"sise": 3}, OptionError, "size"),
        ({"kind": "edit"}, OptionError, "--edit"),
        ({"kind": "edit", "inputs": 17}, OptionError, "Leave out 1"),
        ({"kind": "edit", "inputs": 1, "model": "dall-e-3", "server": "offline"}, OptionError, "-m offline-painter"),
        ({"kind": "edit", "inputs": 1, "server": "together"}, OptionError, "another server"),
        ({"kind": "edit", "inputs": 1, "mask": PHOTO, "server": "sglang"}, MaskError, "Leave out the mask"),
        ({"mask": PHOTO}, MaskError, "--edit"),
        ({"kind": "edit", "inputs": 1, "server": "localai"}, OptionError, "--mask REF"),
        ({"kind": "edit", "inputs": 1, "mask": PHOTO, "model": "gpt-image-2.6-flare", "format": "gif"}, MaskError, "--format png"),
        ({"format": "svg", "model": "gpt-image-2.6-flare", "partials": 1}, OptionError, "--partials"),
    ],
    ids=words,
)  # fmt: skip
def test_what_breaks_a_rule_is_refused_before_the_call(options, error, fix):
    """Each broken rule is one error of its kind that says what would be right."""
    found = broken(**options)
    assert type(found) is error
    assert fix in found.fix


def test_an_animated_picture_is_not_edited():
    """A gif cannot be changed by any model: it is refused before it is sent."""
    gif = Blob(sha256="b" * 64, media_type="image/gif", width=960, height=960)
    with pytest.raises(OptionError, match="image/gif"):
        check(
            Request(kind=Kind.EDIT, prompt="a hat", inputs=(gif,)), CATALOG, CATALOG.server(None), today=TODAY
        )


def test_all_broken_rules_are_told_together():
    """Five mistakes make one error with five parts, so that nobody pays for them one by one."""
    error = broken(" ", model="gpt-image-2", size="1920x1080", quality="max", seed=1, sise=3)
    assert type(error) is RequestError
    assert [f"({place})" in error.what and f"({place})" in error.fix for place in range(1, 7)] == [
        True
    ] * 5 + [False]


def test_an_unknown_model_passes_with_a_warning():
    """A model that the catalogue does not know is sent as it is, with a word on what was perhaps meant."""
    made = plan(model="gpt-image-2-5")
    assert made.model == "gpt-image-2-5"
    assert "did you mean gpt-image-2" in made.notices[0]


def test_the_rules_speak_chinese():
    """Asked in Chinese, the answer is Chinese."""
    with speaking("zh"):
        assert broken(" ").what == "提示词是空的。"


VALUES = st.text(max_size=8) | st.integers() | st.booleans() | st.none() | st.floats() | st.sampled_from(
    ["1024x1024", "3:2", "auto", "hd", "high", "gif", "svg", "png", "油画", "vivid", "transparent", "url", 1, 2, {"a": 1}]
)  # fmt: skip


@given(
    st.text(max_size=30),
    st.sampled_from([None, "nobody-knows-it", *CATALOG.models]),
    st.sampled_from(list(CATALOG.servers)),
    st.sampled_from(list(Kind)),
    st.integers(0, 3),
    st.booleans(),
    st.dictionaries(st.sampled_from([row.name for row in OPTIONS]) | st.text(max_size=5), VALUES, max_size=6),
    st.sampled_from(["translate", "error"]),
)
@example(
    "a",
    "gpt-image-2.6-flare",
    "openai",
    Kind.GENERATE,
    0,
    False,
    {"format": "gif", "frame_count": 1},
    "error",
)
def test_anything_asked_gives_a_plan_or_a_request_error(
    prompt, model, server, kind, inputs, mask, options, retired
):
    """No mixture of prompt, model, server, pictures and options ends in anything but a Plan or a RequestError."""
    request = Request(
        kind=kind,
        prompt=prompt,
        model=model,
        inputs=(PHOTO,) * inputs,
        mask=PHOTO if mask else None,
        options=options,
    )
    try:
        made = check(request, CATALOG, CATALOG.server(server), today=TODAY, retired=retired)
    except RequestError as error:
        made = error
    if isinstance(made, RequestError):
        assert all((made.what, made.fix))
    else:
        assert isinstance(made, Plan)
        assert sum(call.parameters["n"] for call in made.calls) == made.request.options.get("n", 1)
        assert all(call.parameters["model"] == made.model for call in made.calls)
        assert made.request.canonical()
