"""A Run as JSON, to lie beside its pictures or to travel in a bundle; and back, with nothing taken on trust.

What is read may come from anyone: every field must be of its kind, and a name that becomes part of a path a name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from dalle_nb._records import RunRecord, blobs_of
from dalle_nb._store.sqlite import dump

VERSION = 1
UID = re.compile("[0-9a-f]{32}")
SHA256 = re.compile("[0-9a-f]{64}")
_LARGEST = 2**63


def run_bytes(run: RunRecord, **more: str) -> bytes:
    """Return all that is needed to put a Run into a history again, on one line; its pictures' bytes left out.

    What ``more`` says stands beside it, for people.
    """
    return dump({"dalle_nb": VERSION, **more, "run": run}).encode()


def read_run(text: bytes) -> RunRecord:
    """Return the Run that was written down.

    Raises:
        ValueError: it is none of ours, or not as we write them.
    """
    try:
        form = json.loads(text)
        if form["dalle_nb"] != VERSION:
            raise ValueError(f"version {form['dalle_nb']!r}")
        run: RunRecord = _build(RunRecord, form["run"])
    except (KeyError, TypeError, RecursionError, OverflowError) as error:
        raise ValueError(repr(error)) from error
    names = [picture.sha256 for picture in run.pictures] + [blob.sha256 for blob in blobs_of(run.request)]
    if not (UID.fullmatch(run.uid) and all(map(SHA256.fullmatch, names))):
        raise ValueError("a name is none of ours")
    if len({picture.index for picture in run.pictures}) < len(run.pictures):
        raise ValueError("two pictures in one place")
    return run


def _build(kind: Any, form: Any) -> Any:
    """Return the value of a kind that a form describes; ValueError or TypeError where it does not."""
    if is_dataclass(kind):
        return _build_record(kind, form)
    arguments = get_args(kind)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return None if form is None and NoneType in arguments else _build(arguments[0], form)
    if origin is tuple:
        return _build_tuple(arguments, form)
    if kind is datetime:
        moment = datetime.fromisoformat(form)
        return moment if moment.tzinfo else _refuse(form)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(form)
    return _proved(origin or kind, form)


def _build_record(kind: Any, form: Any) -> Any:
    hints, form = _hints(kind), _proved(dict, form)
    for field in fields(kind):
        needed = field.default is MISSING and field.default_factory is MISSING
        if needed and field.name not in form:
            raise ValueError(f"no {field.name}")
    return kind(**{name: _build(hints[name], value) for name, value in form.items()})


def _build_tuple(kinds: tuple[Any, ...], form: Any) -> tuple[Any, ...]:
    parts = _proved(list, form)
    if kinds[-1] is Ellipsis:
        return tuple(_build(kinds[0], part) for part in parts)
    return tuple(_build(kind, part) for kind, part in zip(kinds, parts, strict=True))


def _proved(kind: Any, form: Any) -> Any:
    simple = {Mapping: dict, float: int | float}.get(kind, kind)
    if not isinstance(form, simple) or (isinstance(form, bool) and kind is not bool):
        return _refuse(form)
    # Beyond these a database takes no number; a number that is none is never within them.
    if isinstance(form, int | float) and not abs(form) < _LARGEST:
        return _refuse(form)
    return float(form) if kind is float else form


def _refuse(form: Any) -> Any:
    raise ValueError(f"not as we write it: {str(form)[:80]}")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
