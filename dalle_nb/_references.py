"""What a REF means: a Run's id, a picture of it, a variable, a file, or a picture in hand.

``12`` is a Run, ``12/3`` its third picture, ``-1`` the newest, an identifier a Python variable, anything
else a path. Where two could be meant the error offers both spellings: ``#12`` is only ever a Run, ``$fox``
only ever a variable, and ``./12`` only ever a file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dalle_nb._errors import ReferenceNotFound, RequestError
from dalle_nb._images import ImageError, blob
from dalle_nb._language import tr
from dalle_nb._records import Blob, PictureRecord, RunRecord

MAX_INPUT_BYTES = 50 * 1024 * 1024
"""Largest input picture that the Images API takes (image_edit_params.py of openai 3.54.0)."""

_HISTORY = re.compile(r"#?(?P<run>-?\d{1,18})(?:/(?P<picture>\d{1,9}))?")


class Shelf(Protocol):
    """Where Runs are looked up: the store."""

    def run(self, key: int | str) -> RunRecord:
        """Return the Run with that id or uid; ReferenceNotFound where there is none."""

    def newest(self, limit: int, offset: int = 0) -> Sequence[RunRecord]:
        """Return Runs, newest first."""

    def read(self, sha256: str) -> bytes:
        """Return the bytes kept under that name."""

    def count_children(self, uid: str) -> int:
        """Return how many Runs name that one as their parent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A picture to start from, and the Run it comes from where it is one of ours."""

    blob: Blob
    run: RunRecord | None = None


def find_run(reference: Any, shelf: Shelf, namespace: Mapping[str, Any] | None = None) -> RunRecord:
    """Return the Run that an id, ``#12``, ``12/3``, ``-1``, a uid, a variable, a Run or a Picture names.

    Raises:
        ReferenceNotFound: there is none.
    """
    if namespace and isinstance(reference, str):
        reference = namespace.get(reference.removeprefix("$"), reference)
    record = getattr(reference, "record", None)
    if isinstance(record, RunRecord):
        return record
    if isinstance(record, PictureRecord):
        return shelf.run(reference.run_uid)
    match = _HISTORY.fullmatch(str(reference))
    if match is None:
        return shelf.run(str(reference))
    number = int(match["run"])
    return shelf.run(number) if number >= 0 else _newest(-number, shelf)


def find_source(reference: Any, shelf: Shelf, namespace: Mapping[str, Any] | None = None) -> Source:
    """Return the picture that a REF means; ``namespace`` holds the user's variables, for a magic.

    Raises:
        ReferenceNotFound: nothing of that name, or two things.
        RequestError: something, but no readable picture.
    """
    if isinstance(reference, int) and not isinstance(reference, bool):
        return _of_run(find_run(reference, shelf), 1, shelf)
    if isinstance(reference, str):
        return _find_named(reference, shelf, namespace)
    if isinstance(reference, os.PathLike):
        return _from_file(Path(reference))
    return _in_hand(reference, shelf, type(reference).__name__)


def _find_named(text: str, shelf: Shelf, namespace: Mapping[str, Any] | None) -> Source:
    # Unlike `Path`'s own, these two take any text for what it is: a name of no file.
    path = os.path.expanduser(text)  # noqa: PTH111
    exists = os.path.isfile(path)  # noqa: PTH113
    match, name = _HISTORY.fullmatch(text), text.removeprefix("$")
    variable = namespace is not None and name.isidentifier() and name in namespace
    if exists and (match or variable):
        raise _ambiguous(text, f"#{text.lstrip('#')}" if match else f"${name}", run=bool(match))
    if match:
        return _of_run(find_run(text, shelf), int(match["picture"] or 1), shelf)
    if variable and namespace is not None:
        value = namespace[name]
        # A variable may hold a REF: an id, or a path.
        named = isinstance(value, int | str | os.PathLike)
        return find_source(value, shelf) if named else _in_hand(value, shelf, name)
    if exists:
        return _from_file(Path(path))
    raise ReferenceNotFound(
        tr("There is no Run, variable or file {text}.", text=repr(text)[:120]),
        tr("Give a history id (12, 12/3, -1), a variable, or the path of a picture."),
    )


def _ambiguous(text: str, spelling: str, *, run: bool) -> ReferenceNotFound:
    if run:
        what = tr("{text} could be a Run or a file.", text=text)
        return ReferenceNotFound(
            what, tr("Write {run} for the Run, ./{text} for the file.", run=spelling, text=text)
        )
    what = tr("{text} could be a variable or a file.", text=text)
    return ReferenceNotFound(
        what, tr("Write {name} for the variable, ./{text} for the file.", name=spelling, text=text)
    )


def _of_run(run: RunRecord, index: int, shelf: Shelf) -> Source:
    picture = next((picture for picture in run.pictures if picture.index == index), None)
    if picture is None:
        raise ReferenceNotFound(
            tr("Run {id} has no picture {index}.", id=run.id, index=index),
            tr("It has {count}; write {id}/1 for its first.", count=len(run.pictures), id=run.id)
            if run.pictures
            else tr("It is {status}: run it again with --rerun {id}.", status=run.status.value, id=run.id),
        )
    return Source(blob=_blob_of(picture, f"{run.id}/{index}", shelf), run=run)


def _blob_of(picture: PictureRecord, name: str, shelf: Shelf) -> Blob:
    return Blob(
        sha256=picture.sha256,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        name=name,
        data=shelf.read(picture.sha256),
    )


def _in_hand(value: Any, shelf: Shelf, name: str) -> Source:
    record = getattr(value, "record", None)
    if isinstance(record, RunRecord):
        return _of_run(record, 1, shelf)
    if isinstance(record, PictureRecord):
        return _of_run(find_run(value, shelf), record.index, shelf)
    if isinstance(value, Blob):
        return Source(blob=value)
    try:
        return Source(blob=blob(value, name))
    except ImageError as error:
        raise RequestError(
            tr("{name} is no picture: {reason}.", name=name, reason=error),
            tr("Give a Run, a Picture, a PIL image, a numpy array, the bytes of a picture, or its path."),
        ) from error


def _from_file(path: Path) -> Source:
    try:
        # A device or a pipe would never end.
        data = _first_bytes(path) if path.is_file() else None
    except OSError as error:
        raise ReferenceNotFound(
            tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror), tr("Check the path.")
        ) from error
    if data is None:
        raise ReferenceNotFound(tr("There is no file {path}.", path=path), tr("Check the path."))
    if len(data) > MAX_INPUT_BYTES:
        raise RequestError(
            tr(
                "{path} has more than {size} MB, the most an input may have.",
                path=path,
                size=MAX_INPUT_BYTES >> 20,
            ),
            tr("Save it smaller, as JPEG for example."),
        )
    try:
        return Source(blob=blob(data, path.name))
    except ImageError as error:
        raise RequestError(
            tr("{name} is no picture: {reason}.", name=path, reason=error),
            tr("Open it in a picture program and save it as PNG or JPEG."),
        ) from error


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_INPUT_BYTES + 1)


def _newest(back: int, shelf: Shelf) -> RunRecord:
    found = shelf.newest(1, back - 1)
    if not found:
        raise ReferenceNotFound(
            tr("The history does not reach back to {reference}.", reference=-back),
            tr("Draw something first."),
        )
    return found[0]
