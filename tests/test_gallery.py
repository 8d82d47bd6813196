"""The history as it is looked at: static HTML, small, harmless, and the same as plain text."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image
from playwright.sync_api import Browser
from test_history import SMALL, record
from test_render import OURS, Tree, encoded, painted

import dalle_nb as dn
from dalle_nb import _gallery
from dalle_nb._language import speaking
from dalle_nb._records import PictureRecord, RunRecord
from dalle_nb._thumbnails import thumbnail

HOSTILE = '<script>document.title="run"</script><img src=x onerror=\'document.title="run"\'>" onload="x $x^2$'


def pictured(number: int, count: int = 1, **facts: Any) -> RunRecord:
    """Return a Run with that many pictures, each of its own name."""
    pictures = tuple(
        PictureRecord(
            sha256=f"{number}-{index}",
            media_type="image/png",
            width=8,
            height=8,
            size=9,
            index=index,
            alt="a house",
        )
        for index in range(1, count + 1)
    )
    return record(number, id=number, pictures=pictures, **facts)


def small(runs: list[RunRecord], data: bytes) -> dict[str, bytes]:
    return dict.fromkeys(_gallery.shown_first(runs), data)


def html(bundle: tuple[dict[str, Any], dict[str, Any]]) -> str:
    return str(bundle[0]["text/html"])


# --- a page -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 10])
def test_a_page_is_small(count: int) -> None:
    """Fifty Runs with as many pictures as there may be stay under 200 KB, each with its first picture."""
    noise = Image.frombytes("RGB", (96, 96), random.Random(1).randbytes(96 * 96 * 3)).resize((300, 300))
    data = thumbnail(encoded(Image.blend(noise, painted((300, 300)), 0.6)), 96).data
    assert 2000 < len(data) < 3000
    long = "A very long prompt about a house on a hill with many words in it, 还有很多很多的中文字。" * 9
    runs = [pictured(number, count, request=replace(record(1).request, prompt=long)) for number in range(50)]
    page = html(_gallery.page_bundle(runs, small(runs, data), 1, 5000))
    assert len(page.encode()) < 200_000
    assert 35 <= page.count("<img")


def test_first_pictures_come_before_second_ones() -> None:
    """Where there is no room for all thumbnails, each Run shows its first before any shows its second."""
    runs = [pictured(number, 3) for number in range(4)]
    page = html(_gallery.page_bundle(runs, small(runs, bytes(_gallery.ROOM // 4)), 1, 4))
    assert 4 == page.count("<img")
    assert 4 == page.count("+2<")


def test_a_page_says_where_it_is() -> None:
    """A page numbers its Runs within all, and tells how to see more and what the trash is."""
    runs = [pictured(number) for number in range(50)]
    with speaking("en"):
        assert "101 to 150 of 5,000 · more: .page(4)" in html(_gallery.page_bundle(runs, {}, 101, 5000))
        assert "more" not in html(_gallery.page_bundle(runs, {}, 51, 100))
        assert ".restore()" in html(_gallery.page_bundle(runs[:1], {}, 1, 1, trash=True))
        assert "No Runs here." == _gallery.page_bundle([], {}, 1, 0)[0]["text/plain"]
    with speaking("zh"):
        assert "第 101–150 条，共 5,000 条" in html(_gallery.page_bundle(runs, {}, 101, 5000))


def test_a_row_tells_what_came_of_it() -> None:
    """A refusal shows its reason, an edit that it is one, and stars and tags are seen."""
    page = html(_gallery.page_bundle([record(7, id=7), record(10, id=10), record(9, id=9)], {}, 1, 3))
    assert all(
        words in page for words in ("refused", "no<", "★", "#t2 #all", "rerun", "2026-11-01 21:00 UTC")
    )


@given(st.text(max_size=300), st.text(min_size=1, max_size=40))
def test_hostile_words_stay_words(prompt: str, word: str) -> None:
    """Whatever a prompt, tag, model, alt text or error holds, the page is made of our elements only."""
    run = pictured(1, 2, model=word, tags=(word,), notebook=word)
    run = replace(run, request=replace(run.request, prompt=HOSTILE + prompt), failure=None)
    run = replace(run, pictures=tuple(replace(each, alt=HOSTILE + word) for each in run.pictures))
    node = _gallery.Node(run=run, children=(_gallery.Node(run=run, changed=HOSTILE + prompt),))
    data = small([run], b"\xff\xd8\xff")
    for bundle in (
        _gallery.page_bundle([run], data, 1, 1),
        _gallery.lineage_bundle(node, data, run.uid),
        _gallery.differences_bundle(["1/1", "2/1"], {word: (HOSTILE, prompt)}),
    ):
        tree = Tree(html(bundle))
        assert tree.tags <= OURS | {"b", "ul", "li", "img"}
        assert tree.attributes <= {"style", "class", "src", "alt"}
        assert "\x00" not in html(bundle)


def test_a_browser_runs_nothing_of_it(browser: Browser) -> None:
    """A hostile page of the history does nothing in a real browser, and asks nobody for anything."""
    run = pictured(1, request=replace(record(1).request, prompt=HOSTILE), tags=(HOSTILE,))
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(html(_gallery.page_bundle([run], small([run], encoded(painted((96, 72)))), 1, 1)))
    assert "" == page.title()
    assert HOSTILE in page.inner_text("table")
    assert 96 == page.evaluate("document.images[0].naturalWidth")
    assert all(address.startswith("data:") for address in asked)
    page.close()


# --- in a shell -------------------------------------------------------------------------------------------


def test_a_notebook_gets_html_and_plain_text(shell: InteractiveShell) -> None:
    """The history is static HTML with thumbnails, and beside it the plain table that a terminal shows."""
    dn.generate("a cat", n=2, **SMALL)
    data, _ = shell.display_formatter.format(dn.history)
    assert 2 == data["text/html"].count("data:image/jpeg;base64,")
    assert "<script" not in data["text/html"]
    assert "a cat" in data["text/plain"]
    assert repr(dn.history) == data["text/plain"]


def test_a_picture_that_is_gone_leaves_a_gap(shell: InteractiveShell) -> None:
    """A history whose files were lost, or cannot be written, is shown all the same."""
    dn.generate("a cat", **SMALL).pictures[0].path.unlink()
    dn.generate("a dog", **SMALL)
    data, _ = shell.display_formatter.format(dn.history)
    assert 1 == data["text/html"].count("<img")


# --- side by side -----------------------------------------------------------------------------------------


def test_pictures_are_compared_side_by_side(shell: InteractiveShell) -> None:
    """Two outputs: one static picture of all, and a table of what was asked otherwise, and nothing else."""
    first = dn.generate("a cat", **SMALL)
    second = first.rerun(prompt="a dog")
    with capture_output() as shown:
        shell.run_cell("import dalle_nb as dn; dn.history.compare(1, '2/1')")
    sheet, table = shown.outputs
    assert "1/1, 2/1 side by side" == sheet.metadata["alt"] == sheet.data["text/plain"]
    assert "image/jpeg" in sheet.data
    heading, *rows = table.data["text/plain"].splitlines()
    assert (["1/1", "2/1"], [["prompt", "a cat", "a dog"]]) == (
        heading.split(),
        [re.split("  +", row) for row in rows],
    )
    assert {"prompt": ("a cat", "a dog")} == dn.history.compare(first, second.pictures[0]).differences
    assert {"text/html", "text/plain"} == {*table.data}


def test_pictures_asked_alike_say_so() -> None:
    """Where nothing differs but the picture, that is said."""
    run = dn.generate("a cat", n=2, **SMALL)
    assert "1/1, 1/2: asked alike" == repr(dn.history.compare(*run.pictures))
    assert {} == dn.history.compare(run, run.rerun()).differences


@pytest.mark.parametrize("references", [(), (1,), (1,) * 13], ids=len)
def test_too_few_and_too_many_are_not_compared(references: tuple[int, ...]) -> None:
    """A comparison has two to twelve pictures."""
    dn.generate("a cat", **SMALL)
    with pytest.raises(dn.OptionError, match="Compare 2 to 12"):
        dn.history.compare(*references)


def test_a_selection_is_compared_without_names() -> None:
    """Without references all that is here is compared, newest first."""
    for prompt in ("a cat", "a dog", "a fox"):
        dn.generate(prompt, tag=["pets"] if prompt != "a fox" else None, **SMALL)
    assert ("2/1", "1/1") == dn.history.where(tag="pets").compare().names
