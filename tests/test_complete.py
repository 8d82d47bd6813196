"""What Tab offers: options and their values, and nothing of Python's inside a prompt."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Kernel
from hypothesis import given
from hypothesis import strategies as st
from jupyter_core.utils import run_sync
from PIL import Image

from dalle_nb._catalog import load_catalog
from dalle_nb._complete import Offer, offer

CATALOG = load_catalog()
VARIABLES = {"image": Image.new("RGB", (1, 1)), "inks": b"\x89PNG", "index": 3, "_image": b"x"}


def offered(before: str) -> Offer | None:
    return offer(before, catalog=CATALOG, model=CATALOG.offline_model, variables=VARIABLES)


@pytest.mark.parametrize(
    ("before", "fragment", "words"),
    [
        ("%dalle --si", "--si", ["--size"]),
        ("%%dalle -n 2 --stre", "--stre", ["--strength"]),
        ("%%dalle fox << --dry", "--dry", ["--dry-run"]),
        ("x = %dalle --mod", "--mod", ["--model", "--moderation"]),
        ("    %dalle ——si", "——si", ["--size"]),
        ("%dalle -q ", "", ["low", "medium", "high", "auto"]),
        ("%dalle -q me", "me", ["medium"]),
        ("%dalle --quality=me", "me", ["medium"]),
        ("%dalle --size 10", "10", ["1024x1024", "1024x1536"]),
        ("%dalle --strength ", "", ["subtle", "strong"]),
        ("%dalle --style 油", "油", ["油画"]),
        ('%dalle --style "oil p', '"oil p', ['"oil painting"']),
        ("%dalle -n 2 --edit i", "i", ["image", "inks"]),
        ("%%dalle_nb --si", "--si", ["--size"]),
        ("%%dalle_batch --conc", "--conc", ["--concurrency"]),
        ("%%dalle_sweep -q low --zi", "--zi", ["--zip"]),
        ("%%dalle --conc", "--conc", []),
    ],
)
def test_options_and_values_are_offered(before: str, fragment: str, words: list[str]) -> None:
    """What fits at the cursor is offered in place of what is typed of it."""
    found = offered(before)
    assert found is not None
    assert (fragment, words) == (found.fragment, list(found.words))


def test_the_values_are_those_of_the_model_on_the_line() -> None:
    """A model named on the line decides which qualities and sizes are offered."""
    for name in ("gpt-image-2.5-flare", "dall-e-3"):
        found = offered(f"%%dalle -m {name} -q ")
        assert found is not None
        assert found.words == CATALOG.model(name).qualities


def test_what_is_given_is_not_offered_again() -> None:
    """An option stands once, unless it may be repeated."""
    found = offered("%dalle -s 1:1 --ref a.png ")
    assert found is not None
    assert "--size" not in found.words
    assert {"--ref", "--quality"} <= set(found.words)


@pytest.mark.parametrize(
    "before",
    [
        "%dalle a cat im",
        "%%dalle\nim",
        "%%dalle -n 2\n--si",
        "%dalle -- --si",
        "%dalle 一只猫 --si",
        "%%dalle\na\n\nim",
    ],
)
def test_nothing_is_offered_inside_a_prompt(before: str) -> None:
    """A prompt is nobody's code: not even our own options are offered there."""
    assert offered(before) == Offer()


@pytest.mark.parametrize(
    "before", ["im", "%dall", "%dalle_models ", "print('%dalle", "x = 1\nim", "%%bash\n%dall"]
)
def test_what_is_not_ours_is_left_to_others(before: str) -> None:
    """Outside our magics completion stays IPython's."""
    assert offered(before) is None


@given(st.text())
def test_no_text_breaks_completion(text: str) -> None:
    """Whatever stands before the cursor, the fragment to replace is the end of it."""
    for before in (f"%dalle {text}", f"%%dalle {text}", text):
        found = offered(before)
        assert found is None or before.endswith(found.fragment)


def complete(kernel: Kernel, code: str) -> dict[str, Any]:
    """Ask as a front end does when its user presses Tab at the end of the code."""

    async def press_tab() -> dict[str, Any]:
        return dict(await kernel.client.kc.complete(code, len(code), reply=True, timeout=30))

    return dict(run_sync(press_tab)()["content"])


def test_tab_in_a_real_kernel(kernel: Kernel) -> None:
    """The front ends' own request gets values at their place, and silence in a prompt, where Python has names."""
    kernel.run("%load_ext dalle_nb\nimportant = 1")
    reply = complete(kernel, "%%dalle -n 2 -q me")
    assert (["medium"], 16, 18) == (reply["matches"], reply["cursor_start"], reply["cursor_end"])
    assert complete(kernel, "%%dalle -n 2\nimp")["matches"] == []
    assert complete(kernel, "%dalle a cat imp")["matches"] == []
    assert "important" in complete(kernel, "imp")["matches"]
    assert "%%dalle" in complete(kernel, "%%dall")["matches"]


def test_file_names_are_offered_where_a_path_fits(kernel: Kernel) -> None:
    """After ``--edit`` the user's pictures and the folder's files are offered, and no other names."""
    kernel.run("%load_ext dalle_nb\ncats, category = b'picture', 1\nopen('cat.png', 'wb').close()")
    matches = complete(kernel, "%dalle --edit cat")["matches"]
    assert {"cats", "cat.png"} <= set(matches)
    assert "category" not in matches


def test_completion_opens_and_imports_nothing(kernel: Kernel) -> None:
    """Tab neither loads what draws nor makes a history."""
    kernel.run("%load_ext dalle_nb")
    complete(kernel, "%%dalle --edit ")
    complete(kernel, "%%dalle --model ")
    (output,) = kernel.run(
        "import os, sys\n"
        "print(*({'openai', 'numpy', 'PIL', 'ipywidgets', 'sqlalchemy'} & set(sys.modules)), "
        "os.listdir(os.environ['DALLE_NB_HOME']))"
    )
    assert output.text.strip() == "[]"
