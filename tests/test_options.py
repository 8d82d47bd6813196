"""Options: each told once, and read alike wherever it is typed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_nb._catalog import load_catalog
from dalle_nb._errors import OptionError
from dalle_nb._language import chinese
from dalle_nb._options import OPTIONS, normalise_options, option

PROMISED = """-m --model -n -s --size -q --quality --style --background -f --format --compression
--response-format --edit --ref --mask --strict-mask --loose-mask --input-fidelity --vary --strength --rerun --enhance
--save --tag --partials --moderation --reuse --fresh --seed --budget --yes --dry-run --retry --timeout --retired
--backend --quiet --extra""".split()


def test_all_promised_flags_are_there():
    """Every flag of the contract belongs to exactly one option."""
    flags = [flag for row in OPTIONS for flag in (*row.flags, *row.off)]
    assert set(PROMISED) <= set(flags)
    assert len(set(flags)) == len(flags)


def test_eight_options_matter():
    """The short help shows the eight that matter, and no more."""
    short = [row.flags[0] for row in OPTIONS if row.short]
    assert short == ["-m", "-n", "-s", "-q", "--style", "--edit", "--mask", "--vary"]


@pytest.mark.parametrize("row", OPTIONS, ids=lambda row: row.name)
def test_an_option_explains_itself(row):
    """Each option says in English and Chinese what it does, and is found by name, flag and API parameter."""
    assert row.help in chinese()
    assert {option(key) for key in (row.name, *row.flags, *row.off, row.parameter or row.name)} == {row}
    assert bool(row.metavar) == (row.type != "flag")


def test_parameters_of_the_sdk_can_be_said():
    """Every parameter of the SDK's three image calls is an option, or made of options."""
    ours = {"model", "prompt", "image", "mask", "markup", "stream", "user"}
    known = {row.parameter for row in OPTIONS}
    kinds = load_catalog().kinds.values()
    assert {name for names in kinds for name in names} - ours <= known


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("size", "1024x768", "1024x768"),
        ("size", "1024×768", "1024x768"),
        ("size", "1024 X 768", "1024x768"),
        ("size", "１０２４ｘ７６８", "1024x768"),
        ("size", (1024, 768), "1024x768"),
        ("size", "正方形", "square"),
        ("size", "横向", "landscape"),
        ("size", "纵向", "portrait"),
        ("size", "Portrait", "portrait"),
        ("size", "3:2", "3:2"),
        ("size", "16：9", "16:9"),
        ("n", " 2 ", 2),
        ("quality", "HD", "hd"),
        ("budget", "$0.50", 0.5),
        ("timeout", "30s", 30.0),
        ("extra", '{"steps": 20}', {"steps": 20}),
        ("strict_mask", "off", False),
        ("strict_mask", True, True),
        ("tag", "Homework", "Homework"),
        ("save", "Cat 1.PNG", "Cat 1.PNG"),
    ],
)
def test_a_value_is_read_into_one_form(name, typed, value):
    """However it is typed, a value has one canonical form."""
    assert option(name).parse(typed) == value


@pytest.mark.parametrize(
    ("name", "typed", "fix"),
    [
        ("size", "big", "--size 1024x1024"),
        ("size", "0x5", "--size 1024x1024"),
        ("n", "many", "-n 1"),
        ("n", 0, "-n 1"),
        ("n", 101, "-n 100"),
        ("n", True, "-n 1"),
        ("partials", 4, "--partials 3"),
        ("strength", "sutle", "--strength subtle"),
        ("retry", "allways", "--retry always"),
        ("budget", "nan", "--budget"),
        ("timeout", "inf", "--timeout"),
        ("extra", "[1]", "--extra"),
        ("extra", "{", "--extra"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(name, typed, fix):
    """A value that no model could take is an OptionError that spells the nearest one."""
    with pytest.raises(OptionError) as caught:
        option(name).parse(typed)
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("typed", "right"),
    [("--sise", "--size"), ("qualty", "quality"), ("--saev", "--save"), ("backgroud", "background")],
)
def test_an_unknown_option_names_the_nearest(typed, right):
    """A mistyped option is answered with the right one."""
    with pytest.raises(OptionError) as caught:
        option(typed)
    assert right in caught.value.fix


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("－－size　1024x768", "--size 1024x768"),
        ("——style 油画", "--style 油画"),
        ("—size square", "--size square"),
        ("–n ２", "-n 2"),
        ("−1", "-1"),
        ("—q high", "-q high"),
        ("--save “my cat.png”", '--save "my cat.png"'),
        ("--size 3：2", "--size 3:2"),
        ("--save a-b—c.png", "--save a-b—c.png"),
        ("-n 2 --size 512x512", "-n 2 --size 512x512"),
    ],
)
def test_a_chinese_keyboard_types_options_too(typed, meant):
    """Full-width characters, smart dashes and curly quotes in options mean what they look like."""
    assert normalise_options(typed) == meant


@given(
    st.sampled_from(OPTIONS),
    st.text() | st.integers() | st.floats() | st.none() | st.binary() | st.lists(st.integers()),
)
def test_any_value_is_read_or_refused(row, value):
    """Whatever is given, an option reads it, to a form that it reads again as the same, or raises OptionError."""
    try:
        read = row.parse(value)
    except OptionError as error:
        refused = error
    else:
        assert row.parse(read) == read
        assert not (isinstance(read, float) and math.isnan(read))
        return
    assert all((refused.what, refused.fix))


@given(st.text())
def test_plain_options_stay_as_they_are(text):
    """Normalising twice is normalising once, and ASCII is left alone."""
    once = normalise_options(text)
    assert normalise_options(once) == once
    if text.isascii():
        assert once == text
