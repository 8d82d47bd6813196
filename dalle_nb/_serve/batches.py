"""A batch on disk: what the API tells of it, its file of requests looked over, and two drafts of results.

The drafts grow by a line for each request done, so that a server that starts again goes on where they end.
Must not know the web's requests, nor who works on a batch.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from dalle_nb._serve.files import Files, new_id, read_lifetime, write_json
from dalle_nb._serve.shapes import Refused, read_json
from dalle_nb._store.owners import alive

ENDPOINTS = ("/v1/images/generations", "/v1/images/edits")
MOST_LINES = 50_000
MOST_LINE = 64 << 20
"""Bytes of one request, as of the body of a call."""
DAY = 24 * 3600

_ID = re.compile(r"batch_[0-9a-f]{24}")
_KINDS = ("output", "error")
_TIMES = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
_ORDER = {"input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"}


class Batch:
    """One batch: ``told`` is the API's object, in memory and on disk the same."""

    def __init__(self, path: Path, told: Mapping[str, Any], owner: str = "") -> None:
        self.path, self.told, self._owner = path, dict(told), owner
        # Results are noted by threads, while the event loop may cancel.
        self._lock = threading.RLock()

    @classmethod
    def read(cls, folder: Path, ident: str) -> Batch:
        """Return a batch as it is on disk. Refused (404) where the folder holds none of that id."""
        path = folder / f"{ident}.json"
        if not _ID.fullmatch(ident) or not path.exists():
            raise Refused(404, f"No batch found with id '{ident[:80]}'.", param="id")
        told = json.loads(path.read_bytes())
        return cls(path, told, told.pop("owner"))

    @property
    def status(self) -> str:
        return str(self.told["status"])

    @property
    def is_open(self) -> bool:
        return self.status in ("validating", "in_progress", "finalizing", "cancelling")

    @property
    def is_free(self) -> bool:
        """Whether no living server works on it."""
        return not (self._owner and alive(self._owner, datetime.fromtimestamp(self.told["created_at"], UTC)))

    @property
    def is_late(self) -> bool:
        return time.time() >= int(self.told["expires_at"])

    @property
    def is_packed(self) -> bool:
        """Whether its drafts have become files, or were about to."""
        return bool(self.told["output_file_id"] or self.told["error_file_id"])

    @property
    def weight(self) -> int:
        """Bytes of its drafts."""
        return sum(draft.stat().st_size for draft in map(self.draft, _KINDS) if draft.exists())

    def draft(self, kind: str) -> Path:
        """Return where the lines of the ``output`` or ``error`` file grow."""
        return self.path.with_name(f"{self.path.stem}_{kind}.jsonl")

    def change(self, status: str = "", **values: Any) -> None:
        """Change what is told, on disk first."""
        if status:
            values |= {"status": status, f"{status}_at": int(time.time())}
        with self._lock:
            told = self.told | values
            write_json(self.path, told | {"owner": self._owner})
            self.told = told

    def hold(self, owner: str) -> None:
        """Note which process works on it; nobody, where the name is empty."""
        self._owner = owner
        self.change()

    def validate(self, path: Path) -> None:
        """Look the file of requests over: the batch is in progress from then on, or has failed."""
        total, model, wrong = check_requests(path, self.told["endpoint"])
        with self._lock:
            if wrong:
                self.change("failed", errors={"object": "list", "data": wrong})
            elif self.status == "validating":  # and not cancelled in the meantime
                counts = {"total": total, "completed": 0, "failed": 0}
                self.change("in_progress", model=model, request_counts=counts)

    def note(self, custom_id: str, *, response: Any = None, error: Any = None) -> None:
        """Write down what came of one request, and count it."""
        good = response is not None and response["status_code"] == 200
        line = {"id": f"batch_req_{secrets.token_hex(12)}", "custom_id": custom_id}
        text = json.dumps(line | {"response": response, "error": error})
        with self._lock:
            with self.draft(_KINDS[not good]).open("ab") as draft:
                draft.write(text.encode() + b"\n")
            counts = self.told["request_counts"]
            name = "completed" if good else "failed"
            usage = _add(self.told["usage"], response["body"].get("usage") if response else None)
            self.change(request_counts=counts | {name: counts[name] + 1}, usage=usage)

    def recount(self) -> set[str]:
        """Return the custom ids in the drafts, counted anew; a line that was cut off in the middle is removed."""
        good, bad = (_mend(self.draft(kind)) for kind in _KINDS)
        self.change(request_counts=self.told["request_counts"] | {"completed": len(good), "failed": len(bad)})
        return good | bad

    def finish(self, shelf: Files) -> None:
        """Make files of the drafts, and end as the status and the hour say; may be done twice."""
        with self._lock:
            late = self.status == "in_progress" and self.is_late
            files = {f"{kind}_file_id": new_id() for kind in _KINDS if self.draft(kind).exists()}
            if not self.is_packed:
                self.change("finalizing" if self.status == "in_progress" and not late else "", **files)
            lifetime = read_lifetime(self.told["output_expires_after"], "output_expires_after")
            for kind in _KINDS:
                if self.draft(kind).exists():
                    shelf.adopt(self.draft(kind), self.told[f"{kind}_file_id"], "batch_output", lifetime)
            cancelled = self.status == "cancelling"
            self.change("cancelled" if cancelled else "expired" if late else "completed")


def order_batch(folder: Path, said: Mapping[str, Any], shelf: Files) -> Batch:
    """Return a new batch, as a body orders it. Refused where it asks for what no batch can do."""
    for name in said.keys() - _ORDER:
        raise Refused(400, f"Unknown parameter: '{name[:80]}'.", param=name[:80], code="unknown_parameter")
    source = said.get("input_file_id")
    if not isinstance(source, str):
        raise Refused(400, "Missing required parameter: 'input_file_id'.", param="input_file_id")
    if shelf.find(source)["purpose"] != "batch":
        raise Refused(400, "The file's purpose is not 'batch'.", param="input_file_id")
    if said.get("endpoint") not in ENDPOINTS:
        raise Refused(400, f"'endpoint' is one of {', '.join(ENDPOINTS)}.", param="endpoint")
    if said.get("completion_window") != "24h":
        raise Refused(400, "'completion_window' is '24h'.", param="completion_window")
    read_lifetime(said.get("output_expires_after"), "output_expires_after")
    now, ident = int(time.time()), f"batch_{secrets.token_hex(12)}"
    told = {
        "id": ident,
        "object": "batch",
        **dict.fromkeys((*_ORDER, "model", "errors", "usage", "output_file_id", "error_file_id")),
        **dict.fromkeys(f"{status}_at" for status in _TIMES),
        **said,
        "metadata": _read_metadata(said.get("metadata")),
        "status": "validating",
        "created_at": now,
        "expires_at": now + DAY,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
    }
    return Batch(folder / f"{ident}.json", told)


def check_requests(path: Path, endpoint: str) -> tuple[int, str | None, list[dict[str, Any]]]:
    """Return how many requests a file holds, their model, and what is wrong with them: a hundred faults at most."""
    seen: dict[str, Any] = {}
    wrong: list[dict[str, Any]] = []
    with path.open("rb") as source:
        for number, line in enumerate(source, start=1):
            try:
                if line.strip():
                    ident, model = _check_request(line, endpoint, seen)
                    seen[ident] = model
            except Refused as fault:
                wrong.append(_error(fault.code, fault.message, fault.param, number))
            if len(wrong) >= 100 or len(seen) > MOST_LINES:
                break
    if len(seen) > MOST_LINES:
        wrong = [_error("too_many_tasks", f"A batch has at most {MOST_LINES} requests.")]
    if not seen and not wrong:
        wrong = [_error("empty_file", "The file holds no request.")]
    return len(seen), next(iter(seen.values()), None), wrong


def read_requests(source: IO[bytes], done: set[str]) -> Iterator[dict[str, Any]]:
    """Give the requests of a file that was found good, but for those that are done."""
    for line in source:
        if line.strip() and (request := json.loads(line))["custom_id"] not in done:
            yield request


def _check_request(line: bytes, endpoint: str, seen: Mapping[str, Any]) -> tuple[str, Any]:
    """Return a request's own id and its model. Refused where it is none for this batch."""
    try:
        request = read_json(line) if len(line) <= MOST_LINE else None
    except Refused:
        request = None
    if not isinstance(request, dict):
        raise Refused(400, "This line is not parseable as a JSON object.", code="invalid_json_line")
    for name, kind in (("custom_id", str), ("method", str), ("url", str), ("body", dict)):
        if not isinstance(request.get(name), kind) or not request[name]:
            told = f"Missing required parameter: '{name}'."
            raise Refused(400, told, param=name, code="missing_required_parameter")
    ident, body = request["custom_id"], request["body"]
    if ident in seen:
        told = f"The custom_id '{ident[:80]}' is that of another request."
        raise Refused(400, told, param="custom_id", code="duplicate_custom_id")
    if (request["method"], request["url"]) != ("POST", endpoint):
        raise Refused(400, f"The request is not 'POST {endpoint}'.", param="url", code="url_mismatch")
    if seen and body.get("model") != next(iter(seen.values())):
        told = "All requests of a batch have the same model."
        raise Refused(400, told, param="body.model", code="model_mismatch")
    if body.get("stream"):
        raise Refused(400, "A batch cannot stream.", param="body.stream", code="invalid_value")
    return ident, body.get("model")


def _error(
    code: str | None, message: str, param: str | None = None, line: int | None = None
) -> dict[str, Any]:
    return {"code": code, "message": message, "param": param, "line": line}


def _read_metadata(said: Any) -> dict[str, str] | None:
    if said is None:
        return None
    pairs = list(said.items()) if isinstance(said, dict) else [(said, said)]
    fine = all(isinstance(value, str) and len(key) <= 64 and len(value) <= 512 for key, value in pairs)
    if not fine or len(pairs) > 16:
        raise Refused(400, "'metadata' is up to 16 pairs of strings.", param="metadata")
    return dict(pairs)


def _mend(draft: Path) -> set[str]:
    """Return the custom ids of the draft's lines, having cut off the last where it does not end."""
    if not draft.exists():
        return set()
    done, whole = set(), 0
    with draft.open("r+b") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            # Ours to read: `note` wrote the ids before the picture, which need not be read for them.
            done.add(json.loads(line.partition(b', "response": ')[0] + b"}")["custom_id"])
            whole += len(line)
        lines.truncate(whole)
    return done


def _add(usage: Any, more: Any) -> Any:
    """Return the tokens of a batch and of one answer together, in the form that a batch tells them."""
    if not isinstance(more, dict):
        return usage
    names = ("input_tokens", "output_tokens", "total_tokens")
    summed = {name: (usage or {}).get(name, 0) + (more.get(name) or 0) for name in names}
    return summed | {
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
