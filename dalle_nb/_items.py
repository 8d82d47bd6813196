"""What is asked many at once, read from wherever it is: lists, dicts, columns, frames, files, lines of a cell.

Anything in, Items out; only as many as one batch may hold, for a file may be a stranger's and a generator
endless. Whether an Item keeps the rules of a Request is found out by who draws it.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from math import isnan
from pathlib import Path
from typing import Any

from dalle_nb._errors import OptionError, PromptError
from dalle_nb._language import tr
from dalle_nb._options import OPTIONS, option
from dalle_nb._parse import Fill, parse_line

MOST_ITEMS = 100_000
"""Items of one batch."""

MOST_BYTES = 64 << 20
"""Bytes of a file of prompts."""

FILES = (".txt", ".csv", ".jsonl")

OWN = tuple(row.name for row in OPTIONS if row.scope in ("request", "source") or row.name in ("save", "tag"))
"""Options that one Item may have for itself; the others are about all of a batch, or not a file's to say."""

_PROMPTS = ("prompt", "提示词", "提示詞")
"""Names under which a row keeps its prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One prompt of many, and its options by Option name."""

    prompt: str
    options: Mapping[str, Any] = field(default_factory=dict)


def read_items(source: Any, *, options: Mapping[str, Any] | None = None) -> list[Item]:
    """Return the Items that a source holds, in order; ``options`` are those that an Item does not say itself.

    A source is a list of prompts, of dicts (``{"prompt": …, "size": …}``) or of Items; a column or frame of
    pandas or polars; the path of a .txt, .csv or .jsonl file; or text with a prompt on each line. Of a frame
    or .csv the columns that are named like options count, and the others are left alone.

    Raises:
        RequestError: there is nothing to draw, or something that is no prompt, and where.
    """
    items = list(islice(_items(source), MOST_ITEMS + 1))
    if not items:
        raise PromptError(
            tr("There is no prompt to draw."), tr("Give a list, a column, or one prompt a line.")
        )
    if len(items) > MOST_ITEMS:
        raise OptionError(
            tr("A batch holds {most} prompts at most.", most=f"{MOST_ITEMS:,}"), tr("Draw them in several.")
        )
    return [replace(item, options={**(options or {}), **item.options}) for item in items]


def read_lines(text: str, fill: Fill = str) -> Iterator[Item]:
    """Give an Item for each line that is not blank; a line may end in options, as typed after a magic."""
    for line in text.splitlines():
        if line.strip():
            typed = parse_line(line, fill=fill)
            yield _item(typed.prompt, typed.options, line)


def _items(source: Any) -> Iterator[Item]:
    if isinstance(source, str | os.PathLike):
        path = Path(source) if "\n" not in str(source) else Path()
        is_file = isinstance(source, os.PathLike) or path.suffix.lower() in FILES
        return _of_file(path) if is_file else read_lines(str(source))
    if hasattr(source, "columns"):
        return (_of_row(row, place) for place, row in enumerate(_rows(source), 1))
    if isinstance(source, Mapping) or not isinstance(source, Iterable):
        raise OptionError(
            tr("{what} holds no prompts.", what=type(source).__name__),
            tr("Give a list, a column, or one prompt a line."),
        )
    return (_of_entry(entry, place) for place, entry in enumerate(source, 1))


def _of_entry(entry: Any, place: int) -> Item:
    """Return the Item of one entry of a list, where every key is meant, and a wrong one an error."""
    if isinstance(entry, Item):
        return entry
    if not isinstance(entry, Mapping):
        return _item(entry, {}, place)
    key = next((name for name in _PROMPTS if name in entry), None)
    options = {option(str(name)).name: value for name, value in entry.items() if name != key}
    return _item(entry[key] if key else "", options, place, told=key is not None)


def _of_row(row: Mapping[str, Any], place: int) -> Item:
    """Return the Item of one row of a table, whose other columns are the user's own."""
    key = next((name for name in _PROMPTS if name in row), None)
    if key is None:
        raise PromptError(
            tr("The table has no column {name}.", name=_PROMPTS[0]), tr("Give its column: table['…'].")
        )
    said = {name: value for name, value in row.items() if name in OWN and not _is_missing(value)}
    return _item(row[key], said, place)


def _item(prompt: Any, options: Mapping[str, Any], where: object, *, told: bool = True) -> Item:
    strange = [name for name in options if name not in OWN]
    if strange:
        raise OptionError(
            tr("Option {name} is not one prompt's own: {where}.", name=strange[0], where=_shown(where)),
            tr("Say it for the whole batch."),
        )
    if isinstance(prompt, bytes | Mapping | list | tuple):
        prompt = None
    # A picture may be varied or asked for again without words of its own.
    if (_is_missing(prompt) or not str(prompt).strip()) and (told or not options):
        raise PromptError(
            tr("There is no prompt at {where}.", where=_shown(where)), tr("Fill it in, or leave it out.")
        )
    return Item(prompt=str(prompt).strip(), options=dict(options))


def _shown(where: object) -> str:
    return tr("number {place}", place=where) if isinstance(where, int) else repr(where)[:80]


def _is_missing(value: Any) -> bool:
    """Return whether a cell of a table is empty: None, NaN, NaT, or text without a letter."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return value.strip() == "" if isinstance(value, str) else isinstance(value, float) and isnan(value)


def _rows(frame: Any) -> Iterator[dict[str, Any]]:
    """Give the rows of a frame of pandas or polars, neither of which is imported."""
    names = [str(name) for name in frame.columns]
    rows = frame.iter_rows() if hasattr(frame, "iter_rows") else frame.itertuples(index=False, name=None)
    return (dict(zip(names, map(_plain, row), strict=True)) for row in rows)


def _plain(value: Any) -> Any:
    # A whole number beside an empty cell is a float to pandas.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _of_file(path: Path) -> Iterator[Item]:
    if path.suffix.lower() not in FILES:
        raise _unreadable(path, ValueError(tr("it is none of {kinds}", kinds=", ".join(FILES))))
    text = _read(path)
    try:
        yield from _READERS[path.suffix.lower()](text)
    except (csv.Error, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error


def _read(path: Path) -> str:
    try:
        with path.expanduser().open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ValueError(tr("it is larger than {size} MB", size=MOST_BYTES >> 20))
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OptionError(
            tr("{path} is not written in UTF-8.", path=path), tr("Save it again as UTF-8.")
        ) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, reason: Exception) -> OptionError:
    what = tr("{path} cannot be read: {reason}.", path=path, reason=reason)
    return OptionError(what, tr("Check the path and what the file holds."))


def _csv(text: str) -> Iterator[Item]:
    table = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="")
    return (_of_row(row, place) for place, row in enumerate(table, 1))


def _jsonl(text: str) -> Iterator[Item]:
    lines = (line for line in text.split("\n") if line.strip())
    return (_of_entry(json.loads(line), place) for place, line in enumerate(lines, 1))


_READERS: dict[str, Callable[[str], Iterator[Item]]] = {".txt": read_lines, ".csv": _csv, ".jsonl": _jsonl}
