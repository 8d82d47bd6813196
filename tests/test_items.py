"""Items: prompts of a batch, from wherever they are, and what is wrong with them said at the right place."""

from __future__ import annotations

from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dalle_nb as dn
from dalle_nb._items import Item, read_items

FOX = Item(prompt="a fox")
WIDE = Item(prompt="a hen", options={"size": "3:2"})
TABLE = pd.DataFrame({"prompt": ["a fox", "a hen"], "size": [None, "3:2"], "notes": ["x", "y"]})


class Polars:
    """A frame as polars has it: no pandas, rows on asking."""

    columns = ("prompt", "size")

    def iter_rows(self):
        return iter([("a fox", None), ("a hen", "3:2")])


FOUND = {
    "strings": (["a fox", " a hen "], [FOX, Item(prompt="a hen")]),
    "dicts": ([{"prompt": "a fox"}, {"prompt": "a hen", "size": "3:2"}], [FOX, WIDE]),
    "Chinese key": ([{"提示词": "a fox"}], [FOX]),
    "flag as key": ([{"prompt": "a hen", "-s": "3:2"}], [WIDE]),
    "a verb": ([{"vary": "12/3"}], [Item(prompt="", options={"vary": "12/3"})]),
    "column": (TABLE["prompt"], [FOX, Item(prompt="a hen")]),
    "array": (np.array(["a fox"]), [FOX]),
    "generator": ((word for word in ("a fox",)), [FOX]),
    "pandas": (TABLE, [FOX, WIDE]),
    "polars": (Polars(), [FOX, WIDE]),
    "whole numbers": (
        pd.DataFrame({"prompt": ["a", "b"], "n": [2, None]}),
        [Item(prompt="a", options={"n": 2}), Item(prompt="b")],
    ),
    "five parts": ([dn.Prompt(subject="a fox")], [FOX]),
    "lines": ("a fox\n\n  a hen -s 3:2\n", [FOX, WIDE]),
    "foreign flags": ("a hen --ar 3:2", [Item(prompt="a hen --ar 3:2")]),
    "dash inside": ("a hen -s 3:2 in a barn", [Item(prompt="a hen -s 3:2 in a barn")]),
    "typed in Chinese": ("a hen ——size ３：２", [WIDE]),
}


@pytest.mark.parametrize(("source", "items"), FOUND.values(), ids=FOUND)
def test_prompts_are_found_wherever_they_are(source, items) -> None:
    """Each kind of source gives its prompts in order, each with its own options."""
    assert items == read_items(source)


FILES = {
    "prompts.txt": b"a fox\r\na hen -s 3:2\r\n",
    "prompts.csv": b'\xef\xbb\xbfprompt,size,notes\na fox,,x\na hen,3:2,"two\nlines"\n',
    "prompts.jsonl": b'"a fox"\n{"prompt": "a hen", "size": "3:2"}\n',
}


@pytest.mark.parametrize(("name", "data"), FILES.items(), ids=FILES)
def test_files_are_read(name: str, data: bytes, tmp_path: Path) -> None:
    """A file of each kind gives the same prompts, by its path as text or as a Path."""
    (tmp_path / name).write_bytes(data)
    assert [FOX, WIDE] == read_items(tmp_path / name) == read_items(str(tmp_path / name))


def test_common_options_stand_behind_an_items_own() -> None:
    """What is said for all counts where an Item does not say it."""
    items = read_items(["a fox", {"prompt": "a hen", "size": "3:2"}], options={"size": "square", "n": 2})
    assert [{"size": "square", "n": 2}, {"size": "3:2", "n": 2}] == [dict(item.options) for item in items]


WRONG = {
    "nothing": ([], "no prompt to draw"),
    "a number": (7, "int holds no prompts"),
    "one dict": ({"prompt": "a"}, "dict holds no prompts"),
    "an empty cell": (["a", None], "number 2"),
    "not a number": ([float("nan")], "number 1"),
    "bytes": ([b"a fox"], "number 1"),
    "blank": ([{"prompt": " "}], "number 1"),
    "a typo": ([{"prompt": "a", "sise": "3:2"}], "no option sise"),
    "who draws": ([{"prompt": "a", "backend": "openai"}], "backend"),
    "no column": (pd.DataFrame({"text": ["a"]}), "no column prompt"),
    "endless": (repeat("a"), "100,000"),
    "no file": ("nowhere.txt", "nowhere.txt"),
}


@pytest.mark.parametrize(("source", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said(source, said: str) -> None:
    """What is no prompt is named, and where it stands."""
    with pytest.raises(dn.RequestError, match=said):
        read_items(source)


BROKEN = {
    "gbk.txt": ("狐狸在雪地里".encode("gbk"), "UTF-8"),
    "half.jsonl": (b'{"prompt": "a', "cannot be read"),
    "deep.jsonl": (b"[" * 100_000, "cannot be read"),
    "number.jsonl": (b"[7]", "number 1"),
    "wide.csv": (b'prompt\n"' + b"a" * 200_000 + b'"', "cannot be read"),
    "empty.csv": (b"", "no prompt to draw"),
}


@pytest.mark.parametrize(("name", "data", "said"), [(name, *row) for name, row in BROKEN.items()], ids=BROKEN)
def test_a_broken_file_is_named(name: str, data: bytes, said: str, tmp_path: Path) -> None:
    """A file that cannot be read is refused as ours to say, whatever is in it."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(dn.RequestError, match=said):
        read_items(tmp_path / name)


@given(st.text(max_size=300))
def test_any_line_is_a_prompt_or_refused(line: str) -> None:
    """No text breaks the reading of lines: it is a prompt, or what is wrong is said."""
    try:
        read_items(line + "\n")
    except dn.RequestError:
        return
