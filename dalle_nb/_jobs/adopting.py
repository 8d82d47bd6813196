"""Finds a Job that another machine sent: what was asked is read back from the server's file of requests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeGuard

from dalle_nb._catalog import Model, load_catalog
from dalle_nb._errors import DrawError
from dalle_nb._jobs.collecting import read_name
from dalle_nb._money import together
from dalle_nb._options import OPTIONS
from dalle_nb._prices import discounted, estimate
from dalle_nb._records import Blob, Estimate, JobPart, JobRecord, Kind, Request, RunRecord

if TYPE_CHECKING:
    from dalle_nb.backends.openai.jobs import Batches

MOST_PICTURES = 16
MOST_BYTES_A_LINE = 512 << 20
"""What a stranger's request may make us hold in memory, at most."""

Members = list[tuple[int, RunRecord]]

_OPTIONS = {row.parameter: row.name for row in OPTIONS if row.parameter and row.scope == "request"}
_PICTURES = ("images", "image", "mask", "markup")


def read_job(server: Batches, remote: str) -> tuple[str, Callable[[], tuple[JobRecord, Members]]]:
    """Return the uid of the Job that a batch belongs to, and what reads all of it back.

    Raises:
        DrawError: the server has no such batch, or does not answer.
    """
    first = server.look(remote)
    said = first.metadata.get("dalle_nb", "")
    ours = bool(re.fullmatch("[0-9a-f]{32}", said))
    uid = said if ours else hashlib.sha256(f"{server.address} {remote}".encode()).hexdigest()[:32]

    def parts() -> tuple[JobRecord, Members]:
        found = server.find(uid) if ours else []
        if first.remote not in [part.remote for part in found]:
            found = [first]
        return _read_back(server, uid, found)

    return uid, parts


def _read_back(server: Batches, uid: str, parts: list[JobPart]) -> tuple[JobRecord, Members]:
    from dalle_nb.backends.openai.exchange import most_bytes

    members: Members = []
    whole: list[JobPart] = []
    for number, part in enumerate(parts):
        runs = list(_read_runs(server, part))
        sent = [parameters for run in runs for parameters in run.sent]
        longest = min(MOST_BYTES_A_LINE, max(map(most_bytes, sent), default=0))
        whole.append(replace(part, requests=len(sent), most_bytes=longest))
        members += [(number, run) for run in runs]
    created = min((part.created for part in parts if part.created), default=datetime.now(UTC))
    record = JobRecord(id=0, uid=uid, created=created, server=server.address, owner=None, parts=tuple(whole))
    return record, members


def _read_runs(server: Batches, part: JobPart) -> Iterator[RunRecord]:
    """Give the Runs that a file of requests asks for; what is no request of pictures is passed over."""
    from dalle_nb.backends.openai.jobs import read_line

    asked: dict[str, list[Mapping[str, Any]]] = {}
    for data in server.lines(part.input):
        name, line = read_line(data)
        body = line.get("body") if line else None
        if name is not None and _is_request(body):
            asked.setdefault(read_name(name, part.remote)[0], []).append(body)
    known: dict[str, Blob | None] = {}
    for uid, bodies in asked.items():
        yield _run_of(server, uid, part, bodies, known)


def _is_request(body: Any) -> TypeGuard[dict[str, Any]]:
    """Return whether a stranger's body asks for pictures, and for no more than one answer may hold."""
    if not isinstance(body, dict) or not isinstance(body.get("prompt"), str):
        return False
    n = body.get("n", 1)
    return isinstance(n, int) and 1 <= n <= MOST_PICTURES


def _price(sent: tuple[Mapping[str, Any], ...], model: Model, inputs: int) -> Estimate | None:
    factor = load_catalog().batch_factor(model)
    try:
        prices = [discounted(estimate(each, model, inputs), factor, about=True) for each in sent]
    except (TypeError, ValueError):
        return None  # parameters that no server of ours knows
    return None if None in prices else together(prices)


def _run_of(
    server: Batches, uid: str, part: JobPart, bodies: list[Mapping[str, Any]], known: dict[str, Blob | None]
) -> RunRecord:
    sent = tuple({key: value for key, value in body.items() if key not in _PICTURES} for body in bodies)
    model = load_catalog().model(str(sent[0].get("model", "")))
    images = bodies[0].get("images")
    blobs = [_picture(server, each, known) for each in (images if isinstance(images, list) else [])]
    return RunRecord(
        id=0,
        uid=uid,
        created=part.created or datetime.now(UTC),
        request=Request(
            kind=part.kind,
            prompt=sent[0]["prompt"],
            model=model.name or None,
            inputs=tuple(blob for blob in blobs if blob) if part.kind is Kind.EDIT else (),
            mask=_picture(server, bodies[0].get("mask"), known),
            options=_options_of(sent),
        ),
        backend="openai",
        model=model.name,
        sent=sent,
        estimate=_price(sent, model, len(blobs)),
        imported=True,
    )


def _options_of(sent: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    """Return the options, by our names, that the parameters of a Run's calls were written from."""
    first = {key: value for key, value in sent[0].items() if key not in ("model", "prompt", "n")}
    options = {_OPTIONS[key]: value for key, value in first.items() if key in _OPTIONS}
    extra = {key: value for key, value in first.items() if key not in _OPTIONS}
    n = sum(each.get("n", 1) for each in sent)
    return options | ({"n": n} if n > 1 else {}) | ({"extra": extra} if extra else {})


def _picture(server: Batches, said: Any, known: dict[str, Blob | None]) -> Blob | None:
    """Return the input picture that a request names by its file, where its name tells; its bytes stay there."""
    from dalle_nb.backends.openai.jobs import blob_named

    file = said.get("file_id") if isinstance(said, dict) else None
    if not isinstance(file, str):
        return None
    if file not in known:
        try:
            known[file] = blob_named(server.name_of_input(file))
        except DrawError:
            known[file] = None  # it has expired; the picture drawn from it has not
    return known[file]
