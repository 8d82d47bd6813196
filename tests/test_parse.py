"""What a magic's line may look like, and what it then means."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_nb._errors import DalleError, OptionError, SettingsError
from dalle_nb._options import OPTIONS
from dalle_nb._parse import parse, parse_login, parse_settings


@pytest.mark.parametrize(
    ("line", "options", "prompt"),
    [
        ("a cat", {}, "a cat"),
        ("-n 2 -s 1024x1536 a cat", {"n": 2, "size": "1024x1536"}, "a cat"),
        ("--size=landscape a cat", {"size": "landscape"}, "a cat"),
        ("-n4 a cat", {"n": 4}, "a cat"),
        ("--fresh --yes a cat", {"reuse": False, "yes": True}, "a cat"),
        ("--strict-mask a", {"strict_mask": True}, "a"),
        ("--loose-mask a", {"strict_mask": False}, "a"),
        ("--reuse=no a", {"reuse": False}, "a"),
        ("--tag one --tag 二 a", {"tag": ["one", "二"]}, "a"),
        ("--ref 12/3 --ref cat.png --ref img a", {"ref": ["12/3", "cat.png", "img"]}, "a"),
        ("--vary -1", {"vary": "-1"}, ""),
        ("--rerun 12 -q high", {"rerun": "12", "quality": "high"}, ""),
        ('--style "oil painting" a', {"style": "oil painting"}, "a"),
        ("--save 'my cats/{n}.png' a", {"save": "my cats/{n}.png"}, "a"),
        ('--extra {"a": 1, "b": ["x y"]} a cat', {"extra": {"a": 1, "b": ["x y"]}}, "a cat"),
        ("--extra '{\"a\": 1}' a cat", {"extra": {"a": 1}}, "a cat"),
        ("--output-format webp a", {"format": "webp"}, "a"),
        ("-n 2 -n 3 a", {"n": 3}, "a"),
    ],
)
def test_options_stand_before_the_prompt(line: str, options: dict[str, Any], prompt: str) -> None:
    """Options come first, in any usual spelling; what follows the first other word is the prompt."""
    typed = parse(line)
    assert (options, prompt) == (dict(typed.options), typed.prompt)


@pytest.mark.parametrize(
    ("line", "options", "prompt"),
    [
        ("——size 1024×1024 一只猫", {"size": "1024x1024"}, "一只猫"),
        ("—size １０２４ｘ１０２４ 一只猫", {"size": "1024x1024"}, "一只猫"),
        ("－n ２ 一只猫", {"n": 2}, "一只猫"),
        ("–n 2 a", {"n": 2}, "a"),
        ("——size＝横向 a", {"size": "landscape"}, "a"),
        ("——quality：high a", {"quality": "high"}, "a"),
        ("——style “油画” a", {"style": "油画"}, "a"),
        ("——style「油画」 a", {"style": "油画"}, "a"),
        ("--edit １２／３ 加一条围巾", {"edit": "12/3"}, "加一条围巾"),
        ("--save 图片（一）.png a", {"save": "图片（一）.png"}, "a"),
        ("-n　2　一只猫", {"n": 2}, "一只猫"),
    ],
)
def test_a_chinese_keyboard_types_options_too(line: str, options: dict[str, Any], prompt: str) -> None:
    """Full-width letters, digits, quotes and dashes mean in an option what they look like; a path stays itself."""
    typed = parse(line)
    assert (options, prompt) == (dict(typed.options), typed.prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "a cat -n 2 --size 1x1 {x} {% if %} {# note #} $HOME `ls` \\n",
        "——一只猫，两只狗",
        "－5 度的早晨",
        "-5 degrees, frost",
        "- a list item",
        "1024x1024 pixels of joy",
        '"quoted" beginnings',
        "a << b",
        "what is this?",
        "猫；狗！「引号」",
    ],
)
def test_a_prompt_is_left_as_it_is(prompt: str) -> None:
    """Nothing in a prompt is an option, a variable or a mark-up, whatever it looks like."""
    assert prompt == parse(f"-n 1 {prompt}").prompt
    assert prompt == parse("", f"{prompt}\n").prompt


def test_two_dashes_end_the_options() -> None:
    """After ``--`` a prompt may begin with anything."""
    typed = parse("-n 2 -- --size is a word here")
    assert ({"n": 2}, "--size is a word here") == (dict(typed.options), typed.prompt)
    assert parse("——  -n").prompt == "-n"


def test_a_line_and_its_cell_are_one_prompt() -> None:
    """Words after the options of a cell magic begin the prompt that the cell goes on with."""
    assert parse("-n 2 一只猫\n".strip(), "站在月球上\n\n油画\n").prompt == "一只猫\n站在月球上\n\n油画"


@pytest.mark.parametrize(
    ("line", "name"),
    [("fox << -n 2", "fox"), ("  狐狸 <<", "狐狸"), ("fox<< -n 2", "fox"), ("-n 2 fox << x", None)],
)
def test_a_name_takes_the_run(line: str, name: str | None) -> None:
    """``NAME <<`` in front of the options says where the Run goes."""
    assert name == parse(line, "a fox").name


def test_a_keyword_is_no_name() -> None:
    """A Run cannot be put into a word of the language."""
    with pytest.raises(OptionError, match="'class' cannot be the name of a variable"):
        parse("class << -n 2", "a fox")


def test_expressions_are_filled_wherever_they_stand() -> None:
    """``{{expression}}``, spaces and all, is replaced in values and in the prompt."""
    filled = {"{{ count + 1 }}": "3", "{{folder}}/x.png": "cats/x.png", "a {{thing}}": "a cat"}
    typed = parse("-n {{ count + 1 }} --save {{folder}}/x.png a {{thing}}", fill=filled.__getitem__)
    assert ({"n": 3, "save": "cats/x.png"}, "a cat") == (dict(typed.options), typed.prompt)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--sise 1024x1024 a", ["There is no option --sise", "Did you mean --size"]),
        ("--qualty high a", ["Did you mean --quality"]),
        ("-n two a", ["-n does not take 'two'", "Try: -n 1"]),
        ("-n 0 a", ["-n does not take 0"]),
        ("--strength weak a", ["--strength does not take 'weak'", "Try: --strength"]),
        ("--size", ["--size needs a value", "Try: --size WxH"]),
        ("--save --yes a", ["--save needs a value"]),
        ('--style "oil a cat', ["The quote after --style is never closed"]),
        ("--extra {a: 1} a", ["--extra does not take"]),
        ("--yes=perhaps a", ["--yes does not take 'perhaps'"]),
    ],
)
def test_a_broken_option_says_what_would_be_right(line: str, told: list[str]) -> None:
    """An unknown option or value is named together with the nearest right one."""
    with pytest.raises(OptionError) as caught:
        parse(line)
    for words in told:
        assert words in str(caught.value)


def test_all_broken_options_are_told_together() -> None:
    """Nobody mends one option only to hear of the next."""
    with pytest.raises(OptionError) as caught:
        parse("--sise 1024x1024 -n abc --strength weak --quality")
    assert all(word in caught.value.what for word in ("--sise", "-n", "--strength", "--quality"))


def test_every_flag_there_is_can_be_typed() -> None:
    """Each spelling in the table of options is understood on a line, and means its own option."""
    values = {
        "integer": "3",
        "number": "1.5",
        "size": "512x512",
        "json": "{}",
        "reference": "12",
        "text": "word",
    }
    for row in OPTIONS:
        value = row.words[0] if row.words else values.get(row.type, "")
        value = str(int(row.least)) if row.least else value
        for flag in (*row.flags, *row.off):
            given = parse(f"{flag} {value if row.type != 'flag' else ''} -- x")
            assert ([row.name], "x") == (list(given.options), given.prompt)


@given(st.text(), st.none() | st.text())
def test_any_text_is_read_or_refused(line: str, cell: str | None) -> None:
    """Whatever is typed, it is read, or refused with an error of ours."""
    try:
        typed = parse(line, cell)
    except DalleError:
        return
    assert typed.prompt == typed.prompt.strip()


OPTIONISH = st.lists(
    st.sampled_from(
        '-n --size -s --style --extra ——size －q -- --fresh { }} {{ " “ 「 << = x 2 1024x1024 {"a": \' 猫 --edit -1 　'.split(
            " "
        )
    )
).map(" ".join)


@given(OPTIONISH)
def test_any_jumble_of_options_is_read_or_refused(line: str) -> None:
    """Option-like pieces in any order never end in anything but a reading or an error of ours."""
    with suppress(DalleError):
        assert parse(line, "cell").prompt.endswith("cell")


def test_settings_are_pairs() -> None:
    """``%dalle_config`` reads ``name=value``, quotes allowed; nothing after the sign takes a setting back."""
    assert parse_settings("size=landscape style='oil painting' model=") == {
        "size": "landscape",
        "style": "oil painting",
        "model": None,
    }


@pytest.mark.parametrize("line", ["landscape", "size='x"], ids=["no pair", "no closing quote"])
def test_what_is_no_pair_is_explained(line: str) -> None:
    """A word that sets nothing is answered with an example."""
    with pytest.raises(SettingsError, match="Try: %dalle_config size=landscape"):
        parse_settings(line)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("", (None, False)),
        ("--remember", (None, True)),
        ("--base-url http://127.0.0.1:8080/v1", ("http://127.0.0.1:8080/v1", False)),
        ("--base-url=http://x/v1 --remember", ("http://x/v1", True)),
    ],
)
def test_a_login_line_names_a_server(line: str, meant: tuple[str | None, bool]) -> None:
    """A login takes a server's address and whether to remember the key."""
    assert meant == parse_login(line)


@pytest.mark.parametrize("read", [parse_login, lambda line: parse_settings(f"api_key={line}")])
def test_a_key_typed_in_a_cell_is_refused_and_not_repeated(read: Any) -> None:
    """A key on a line is not taken, and no part of it comes back in the error."""
    with pytest.raises(SettingsError) as caught:
        read("sk-proj-SECRETSECRET")
    assert "SECRET" not in str(caught.value)
