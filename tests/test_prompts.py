"""Prompts: what is filled in, what stays verbatim, and what advice they get."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_nb._errors import PromptError
from dalle_nb._prompts import Prompt, fill, foreign_flags, lint


class Broken:
    """Something of a user's that cannot even be shown."""

    def __str__(self):
        raise OSError("no disk")


NAMES = {"animal": "fox", "n": 3, "names": ["Mia", "Liu"], "broken": Broken()}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("a {{animal}} in snow", "a fox in snow"),
        ("{{ n + 1 }} cats named {{ names[0] }}", "4 cats named Mia"),
        ("{{ animal | upper }}", "FOX"),
        ("{{ '{{' }}", "{{"),
        ("一只{{animal}}", "一只fox"),
        ("a {plain} {% raw %} {# note #} } }}", "a {plain} {% raw %} {# note #} } }}"),
        ("{{", "{{"),
        ("{{animal", "{{animal"),
    ],
)
def test_only_double_braces_are_special(text, filled):
    """An expression in double braces is replaced by its value; everything else is plain text."""
    assert fill(text, NAMES) == filled


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{nobody}}", "nobody"),
        ("{{ }}", "{{ }}"),
        ("{{ a b }}", "{{ a b }}"),
        ("{{ 1/0 }}", "division"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ names.__init__.__globals__ }}", "unsafe"),
        ("{{ range(10**9) | list }}", "Range"),
        ("{{ 'x' * 300000 }}", "300,000"),
        ("{{ broken }}", "no disk"),
        ("{{ n.missing }}", "missing"),
    ],
)
def test_what_cannot_be_filled_in_is_told(text, told):
    """An unknown name, a wrong, failing, unsafe or boundless expression is a PromptError that quotes it."""
    with pytest.raises(PromptError) as caught:
        fill(text, NAMES)
    assert told in caught.value.what
    assert caught.value.fix


@given(st.text())
def test_text_without_double_braces_is_never_touched(text):
    """A prompt is verbatim unless it asks for a variable."""
    if "{{" not in text:
        assert fill(text, {}) == text


@given(st.text(alphabet="{}%#| ab1+.'\n", max_size=20))
def test_any_braces_give_text_or_a_prompt_error(text):
    """No mixture of braces ends in anything but a text or a PromptError."""
    try:
        assert isinstance(fill(text, {"a": 1}), str)
    except PromptError as error:
        told = error.fix
        assert told


def test_a_value_is_not_filled_in_again():
    """Braces inside a variable's value are text: data cannot run expressions."""
    assert fill("{{data}}", {"data": "{{ 1 + 1 }}"}) == "{{ 1 + 1 }}"


def test_five_parts_make_a_prompt():
    """The tutorial's five parts are joined by commas of their own language, empty ones left out."""
    parts = ("一只橙色的猫", "蜷缩在沙发上睡觉", "温暖的客厅", "油画风格", "柔和光线")
    assert str(Prompt(*parts)) == "，".join(parts)
    assert str(Prompt(subject="a cat", style="oil painting")) == "a cat, oil painting"
    assert str(Prompt(subject=" ", technical="")) == ""


@pytest.mark.parametrize(
    ("prompt", "advice"),
    [
        ("一只猫", 4),
        ("a cat", 4),
        (
            (
                "一只毛茸茸的橙色猫咪，有着明亮的绿色眼睛，坐在窗台上，窗外是下雨的城市街道，"
                "柔和的室内光线，温馨的氛围，写实风格，高细节"
            ),
            0,
        ),
        ("a fluffy orange cat asleep on a windowsill, oil painting, close-up, soft morning light", 0),
        ("a fluffy orange cat asleep on a windowsill, oil painting", 1),
    ],
)
def test_advice_is_what_a_vague_prompt_lacks(prompt, advice):
    """The tutorial's bad prompt lacks all four tips, its good one none."""
    assert len(lint(prompt)) == advice
    assert len(Prompt(prompt).lint()) == advice


def test_advice_comes_in_the_prompt_s_language():
    """Whoever writes Chinese is advised in Chinese."""
    assert "say a style, such as oil painting or photograph" in Prompt("a cat").lint()
    assert any("风格" in advice for advice in Prompt("一只猫").lint())


@pytest.mark.parametrize(
    ("prompt", "hints"),
    [
        ("a cat --ar 3:2", 1),
        ("a cat --v 6 --no dogs", 1),
        ("a (fluffy:1.3) cat", 1),
        ("a cat\nNegative prompt: dog", 1),
        ("一只猫 反向提示词：狗", 1),
        ("a cat <lora:fur:0.8>", 1),
        ("cat\nSteps: 20, Sampler: Euler", 1),
        ("a cat --ar 1:1 (x:1.2) Negative prompt: dog", 3),
        ("a well-lit cat at 3:2, no dogs", 0),
        ("一只猫(橘色),比例 3:2", 0),
    ],
)
def test_habits_of_other_tools_get_a_hint(prompt, hints):
    """Flags, weights and negative prompts of other tools are explained; plain text is left in peace."""
    assert len(foreign_flags(prompt)) == hints


def test_reading_prompts_loads_no_template_engine():
    """Jinja is loaded by the first expression, not by the import."""
    program = "import sys, dalle_nb._prompts as p; p.fill('plain', {}); print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
