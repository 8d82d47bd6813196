"""Records as rows of the tables, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import RowMapping

from dalle_nb._records import (
    Attempt,
    Billed,
    Blob,
    Estimate,
    Failure,
    Kind,
    Origin,
    PictureRecord,
    Request,
    RunRecord,
    Status,
    Usage,
)

Form = Mapping[str, Any]
Row = Form | RowMapping

_PICTURE = tuple(field.name for field in fields(PictureRecord))
_ATTEMPT = tuple(field.name for field in fields(Attempt))


def run_row(run: RunRecord) -> dict[str, Any]:
    """Return the values of a Run's row, id and owner left out."""
    return {
        "uid": run.uid,
        "created": run.created,
        "kind": run.request.kind,
        "prompt": run.request.prompt,
        "asked_model": run.request.model,
        "backend": run.backend,
        "model": run.model,
        "identity": run.request.identity,
        "request": run.request,
        "sent": run.sent,
        "recipe": run.recipe,
        "notices": run.notices,
        "deliver_size": run.deliver_size,
        "estimate": run.estimate,
        "reserved": run.estimate.high if run.estimate else None,
        "parent": run.parent,
        "notebook": run.notebook,
        "tags": run.tags,
        "starred": run.starred,
        "deleted": run.deleted,
        "imported": run.imported,
        "status": run.status,
        "seconds": run.seconds,
        "usage": run.usage,
        "cost": run.cost,
        "notes": run.notes,
        "failure": run.failure,
        "size": _size_of(run),
        "quality": _asked(run, "quality"),
        "n": _count_asked(run),
        "pictures": sum(picture.index > 0 for picture in run.pictures),
        "error": run.failure and run.failure.error,
    }


def picture_row(picture: PictureRecord, run: int) -> dict[str, Any]:
    """Return the values of a Picture's row, under the Run of that id."""
    return _shallow(picture) | {"run": run}


def attempt_row(attempt: Attempt, run: int) -> dict[str, Any]:
    """Return the values of an Attempt's row, under the Run of that id."""
    return _shallow(attempt) | {"run": run}


def run_of(row: Row, pictures: Iterable[Row] = (), attempts: Iterable[Row] = ()) -> RunRecord:
    """Return the Run that a row and those that belong to it describe."""
    estimate, usage, failure = row["estimate"], row["usage"], row["failure"]
    return RunRecord(
        id=row["id"],
        uid=row["uid"],
        created=row["created"],
        request=_request_of(row["request"]),
        backend=row["backend"],
        model=row["model"],
        sent=tuple(row["sent"]),
        status=Status(row["status"]),
        pictures=tuple(map(picture_of, pictures)),
        attempts=tuple(map(_attempt_of, attempts)),
        usage=Usage(**usage) if usage else None,
        estimate=Estimate(**estimate) if estimate else None,
        cost=row["cost"],
        seconds=row["seconds"],
        parent=row["parent"],
        recipe=row["recipe"],
        notices=tuple(row["notices"]),
        notes=tuple(row["notes"]),
        deliver_size=tuple(row["deliver_size"]) if row["deliver_size"] else None,
        failure=_failure_of(failure) if failure else None,
        notebook=row["notebook"],
        tags=tuple(row["tags"]),
        starred=row["starred"],
        deleted=row["deleted"],
        imported=row["imported"],
    )


def picture_of(row: Row) -> PictureRecord:
    """Return the Picture that a row describes."""
    values = {name: row[name] for name in _PICTURE}
    outside = tuple(row["outside"]) if row["outside"] else None
    return PictureRecord(**values | {"origin": Origin(row["origin"]), "outside": outside})


def _shallow(record: PictureRecord | Attempt) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _asked(run: RunRecord, name: str) -> str | None:
    """Return what a parameter was sent as, or else asked for."""
    found = (each[name] for each in (*run.sent, run.request.options) if each.get(name) is not None)
    return next(map(str, found), None)


def _size_of(run: RunRecord) -> str | None:
    width, height = _asked(run, "width"), _asked(run, "height")
    return f"{width}x{height}" if width and height else _asked(run, "size")


def _count_asked(run: RunRecord) -> int:
    counts = [each.get("n", 1) for each in run.sent] or [run.request.options.get("n", 1)]
    return sum(count for count in counts if isinstance(count, int))


def _attempt_of(row: Row) -> Attempt:
    values = {name: row[name] for name in _ATTEMPT}
    usage = Usage(**row["usage"]) if row["usage"] else None
    return Attempt(**values | {"billed": Billed(row["billed"]), "usage": usage})


def _failure_of(form: Form) -> Failure:
    return Failure(**{**form, "billed": Billed(form["billed"]) if form["billed"] else None})


def _request_of(form: Form) -> Request:
    inputs = tuple(Blob(**blob) for blob in form["inputs"])
    overlays = {name: Blob(**form[name]) if form[name] else None for name in ("mask", "markup")}
    return Request(**{**form, **overlays, "kind": Kind(form["kind"]), "inputs": inputs})
