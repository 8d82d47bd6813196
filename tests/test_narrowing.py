"""What is typed after ``%dalle_history``: one meaning for every text, and no text that breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_nb._errors import OptionError
from dalle_nb._narrowing import WORDS, Narrowing, parse_narrowing

ANY = st.text(st.characters(codec="utf-16"), max_size=60)
WORD = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("", Narrowing()),
        ("a red fox", Narrowing(text="a red fox")),
        ("it's 猫，狗", Narrowing(text="it's 猫，狗")),
        ("'a red' fox \"", Narrowing(text='a red fox "')),
        ("-5 a-b --", Narrowing(text="-5 a-b --")),
        ("--kind edit fox", Narrowing(conditions=(("kind", "edit"),), text="fox")),
        ("fox --kind=edit", Narrowing(conditions=(("kind", "edit"),), text="fox")),
        ("－－kind＝edit", Narrowing(conditions=(("kind", "edit"),))),
        ("—kind edit", Narrowing(conditions=(("kind", "edit"),))),
        ("--asked-model x", Narrowing(conditions=(("asked_model", "x"),))),
        ("--status done,failed", Narrowing(conditions=(("status", ["done", "failed"]),))),
        ("--status done，failed", Narrowing(conditions=(("status", ["done", "failed"]),))),
        ("--tag a --tag b", Narrowing(conditions=(("tag", "a"), ("tag", "b")))),
        ("--tag 007", Narrowing(conditions=(("tag", "007"),))),
        ("--cost 0.01", Narrowing(conditions=(("cost", 10_000),))),
        ("--cost $0.01..", Narrowing(conditions=(("cost", (10_000, None)),))),
        ("--seconds ..30", Narrowing(conditions=(("seconds", (None, "30")),))),
        ("--created 2026-11-01..2026-11-05", Narrowing(conditions=(("created", ("2026-11-01", "2026-11-05")),))),
        ("--notebook ../a,b.ipynb", Narrowing(conditions=(("notebook", "../a,b.ipynb"),))),
        ('--prompt "wait... what, now"', Narrowing(conditions=(("prompt", "wait... what, now"),))),
        ("--starred", Narrowing(conditions=(("starred", True),))),
        ("--starred cat", Narrowing(conditions=(("starred", True),), text="cat")),
        ("--starred=no", Narrowing(conditions=(("starred", False),))),
        ("--trash --sort -cost --page 2 fox", Narrowing(text="fox", sort="-cost", page=2, trash=True)),
    ],
    ids=repr,
)  # fmt: skip
def test_a_line_means_what_it_says(line: str, meaning: Narrowing) -> None:
    """Conditions, words, order and page are told apart, with either keyboard; words stay as they stand."""
    assert meaning == parse_narrowing(line)


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("--statsu done", "--status"),
        ("--promt x", "--prompt"),
        ("--sort", "--sort -cost"),
        ("--kind --starred", "--kind"),
        ("--page zero", "--page 2"),
        ("--page 0", "--page 2"),
        ("--page ²", "--page 2"),
        ("--cost cheap", "--cost 0.01"),
        ("--cost nan", "--cost 0.01"),
        ("--cost 1e999", "--cost 0.01"),
    ],
)
def test_what_has_no_meaning_is_told_with_what_would_have(line: str, fix: str) -> None:
    """An unknown column, a missing value and a useless one name the right spelling."""
    with pytest.raises(OptionError) as caught:
        parse_narrowing(line)
    assert fix in caught.value.fix


@given(ANY)
def test_any_text_means_something_or_is_told(line: str) -> None:
    """No text breaks the reader: it is a Narrowing, or an OptionError that says what to try."""
    try:
        outcome = parse_narrowing(line).page
    except OptionError as error:
        outcome = len(error.fix)
    assert outcome > 0


@given(st.dictionaries(st.sampled_from(sorted({*WORDS} - {"starred", "trash", "page", "cost"})), WORD), WORD)
def test_what_is_typed_is_found_again(said: dict[str, str], text: str) -> None:
    """Whatever columns and words are typed, each value comes out beside its own name."""
    line = " ".join([*(f'--{name} "{value}"' for name, value in said.items()), text])
    meaning = parse_narrowing(line)
    assert (text, said.pop("sort", None)) == (meaning.text, meaning.sort)
    assert said == dict(meaning.conditions)
