"""Composes a Request from a prompt and options by name: what they change, vary or repeat is looked up here.

Must not know backends, nor whether the Request keeps the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dalle_nb._asking import read_options as read_values
from dalle_nb._asking import told_together
from dalle_nb._options import option
from dalle_nb._records import Blob, Kind, Request, RunRecord
from dalle_nb._references import Shelf, find_run, find_source


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A Request, the Run it comes from, and what was said about this one call (`Option` scope ``call``)."""

    request: Request
    parent: RunRecord | None = None
    call: Mapping[str, Any]


def read_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given, by name and in canonical form; pictures as they are.

    Raises:
        OptionError: one or more are not known, or their values; all are told.
    """
    known = {name: value for name, value in options.items() if value is not None}
    as_they_are = {name: value for name, value in known.items() if _stays(name)}
    rest = {name: value for name, value in known.items() if name not in as_they_are}
    read, broken = read_values(rest, scopes=("request", "call"))
    if broken:
        raise told_together(broken)
    return {**as_they_are, **read}


def compose(
    prompt: str,
    read: Mapping[str, Any],
    *,
    shelf: Callable[[], Shelf],
    defaults: Mapping[str, Any],
    namespace: Mapping[str, Any] | None = None,
) -> Asked:
    """Return what is asked: a new picture, an edit, a variation, or an earlier Request changed as said.

    ``shelf`` is opened only where a Run or picture is named; ``defaults`` count where nobody said.

    Raises:
        ReferenceNotFound: a REF means nothing, or two things.
    """
    said = {name: value for name, value in read.items() if option(name).scope == "request"}
    call = {name: _several(name, value) for name, value in read.items() if option(name).scope == "call"}
    if "rerun" in read:
        return _again(prompt, read, said, call, shelf())
    options = {**defaults, **said}
    request = Request(prompt=prompt, model=options.pop("model", None), options=options)
    sources = [read[name] for name in ("vary", "edit") if name in read] + _several("ref", read.get("ref", ()))
    if not sources and "mask" not in read:
        return Asked(request=request, call=call)
    found = [find_source(source, shelf(), namespace) for source in sources]
    kind = Kind.VARIATION if "vary" in read else Kind.EDIT
    mask = find_source(read["mask"], shelf(), namespace).blob if "mask" in read else None
    request = replace(request, kind=kind, inputs=tuple(source.blob for source in found), mask=mask)
    return Asked(request=request, parent=found[0].run if found else None, call=call)


def _again(
    prompt: str, read: Mapping[str, Any], said: dict[str, Any], call: Mapping[str, Any], shelf: Shelf
) -> Asked:
    """Return an earlier Request, changed as said, and counted on so that it gives another picture."""
    parent = find_run(read["rerun"], shelf)
    before = parent.request
    request = replace(
        before,
        prompt=prompt if prompt.strip() else before.prompt,
        model=said.pop("model", None) or before.model,
        inputs=tuple(_with_bytes(blob, shelf) for blob in before.inputs),
        mask=_with_bytes(before.mask, shelf) if before.mask else None,
        options={**before.options, **said},
        sample=before.sample + shelf.count_children(parent.uid) + 1,
    )
    return Asked(request=request, parent=parent, call=call)


def _with_bytes(blob: Blob, shelf: Shelf) -> Blob:
    return blob if blob.data is not None else replace(blob, data=shelf.read(blob.sha256))


def _stays(name: str) -> bool:
    """Return whether an option's value is taken as it is: pictures, a model's name, and several of a kind."""
    return name == "model" or name in ("edit", "ref", "mask", "vary", "rerun", "markup", "tag")


def _several(name: str, value: Any) -> Any:
    """Return a list for an option that may be given again."""
    if not option(name).repeatable:
        return value
    return list(value) if isinstance(value, list | tuple) else [value]
