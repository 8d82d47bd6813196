"""A Run as a program that repeats it: its pictures as files, its calls as OpenAI would be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from dalle_nb._records import RunRecord, blobs_of
from dalle_nb._rules import check
from dalle_nb._snippets import Files, write_snippet

if TYPE_CHECKING:
    from pathlib import Path

    from dalle_nb._catalog import Catalog
    from dalle_nb._store import Store


def write_program(record: RunRecord, language: str, store: Store, catalog: Catalog) -> str:
    """Return a program in ``python``, ``node``, ``curl`` or ``magic``; it reads the key from the environment.

    Raises:
        OptionError: no such language.
    """
    request, run = record.request, _as_sent(record, catalog)
    # A cell runs beside the history, where a picture has a shorter name than its file's.
    place = partial(_place_of, store) if language == "magic" else store.path
    kept = {blob: (str(place(blob.sha256)), blob.media_type) for blob in blobs_of(request)}
    files = Files(
        inputs=tuple(kept[blob] for blob in request.inputs),
        mask=kept[request.mask] if request.mask else None,
        markup=kept[request.markup] if request.markup else None,
    )
    return write_snippet(language, run, files, links=_may_link(run, catalog))


def _place_of(store: Store, sha256: str) -> Path | str:
    """Return the REF of a picture in the history; for any other its file."""
    run, picture = store.identify(sha256) or (None, None)
    if run is None or picture is None or run.deleted or picture.index < 1:
        return store.path(sha256)
    return f"{run.id}/{picture.index}"


def _may_link(run: RunRecord, catalog: Catalog) -> bool:
    """Whether the answers may hold URLs: unless base64 was asked for, or the model gives nothing else."""
    model = catalog.model(str(run.sent[0].get("model", run.model)))
    free = not model.catalogued or "response_format" in model.parameters
    return free and any(call.get("response_format") != "b64_json" for call in run.sent)


def _as_sent(record: RunRecord, catalog: Catalog) -> RunRecord:
    """Return the Run as sent to a server; one that was drawn offline or elsewhere as OpenAI would be asked for it."""
    if record.backend == "openai":
        return record
    request, server = replace(record.request, model=None), catalog.servers["openai"]
    today = datetime.now(UTC).date()
    plan = check(request, catalog, server, today=today, optional=frozenset(request.options))
    return replace(record, sent=tuple(call.parameters for call in plan.calls), recipe=plan.recipe)
