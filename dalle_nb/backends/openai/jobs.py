"""Jobs at the Batch API: files sent up, batches made and asked after, results read line by line.

A file of results can be gigabytes: no more of it than a line is ever in memory, and no line is longer than
its pictures may be. Must not know the store.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dalle_nb._backend import Called, DrawEvent, Terms
from dalle_nb._catalog import Server, load_catalog
from dalle_nb._errors import (
    BadAnswer,
    ConnectionFailed,
    DrawError,
    DrawTimeout,
    ModelNotFound,
    OptionError,
    ServerError,
)
from dalle_nb._images import SUFFIXES
from dalle_nb._language import tr
from dalle_nb._masks import for_server
from dalle_nb._pace import Ladder
from dalle_nb._records import Billed, Blob, Call, JobPart, Kind, Plan, Request
from dalle_nb.backends.openai.answers import MOST_BYTES_A_PICTURE
from dalle_nb.backends.openai.calls import write_line
from dalle_nb.backends.openai.downloads import Downloads
from dalle_nb.backends.openai.exchange import Exchange
from dalle_nb.backends.openai.guard import Guard, guarded
from dalle_nb.backends.openai.troubles import explain, redact
from dalle_nb.backends.openai.wire import Wire

if TYPE_CHECKING:
    from openai.types import Batch

T = TypeVar("T")

PATHS = {Kind.GENERATE: "/v1/images/generations", Kind.EDIT: "/v1/images/edits"}
"""What a batch may do with pictures (SDK batch_create_params.py)."""

SECONDS, UPLOAD_SECONDS = 60.0, 3600.0
"""For one question, or for the next piece of a file; and to send a file of 200 MB on a slow line."""

INPUT_LIFE = 3 * 86_400
"""Seconds that the server keeps input pictures: a batch may take one day of them."""

MOST_BYTES = 8 << 20
MOST_LISTED = 1_000
"""Batches looked through for one whose name never reached us."""

UNDRAWN = frozenset({"batch_expired", "batch_cancelled"})
"""Codes of lines that say only that a request was not drawn."""

_HEAD = 4_096
_NAME = re.compile(rb'"custom_id"\s*:\s*"([\w.:-]{1,128})"')


class Batches:
    """The files and batches of one server. Any thread may use it."""

    def __init__(self, wire: Wire, server: Server, downloads: Downloads, key: str | None) -> None:
        self._wire, self._server, self._downloads, self._key = wire, server, downloads, key

    @property
    def address(self) -> str:
        """Where jobs are sent."""
        return str(self._wire.client().base_url)

    def upload_inputs(self, request: Request, uploaded: dict[str, str]) -> None:
        """Send those pictures of a request up that are not there yet, and add the server's names for them."""
        mask = request.mask and for_server(request.mask, self._server.mask)
        parts = [*((blob, blob) for blob in request.inputs), (request.mask, mask), (request.markup,) * 2]
        for blob, sent in parts:
            if blob and sent and blob.sha256 not in uploaded:
                # The name tells another machine which picture it is.
                name = f"{blob.sha256}-{blob.width}x{blob.height}.{SUFFIXES[blob.media_type]}"
                uploaded[blob.sha256] = self._upload((name, sent.data, blob.media_type), "vision", INPUT_LIFE)

    def upload_requests(self, path: Path) -> str:
        """Send a file of requests up, and return the server's name for it.

        Raises:
            OptionError: the server knows no files.
        """
        with path.open("rb") as file:
            return self._upload((path.name, file, "application/jsonl"), "batch")

    def write(self, name: str, plan: Plan, call: Call, uploaded: Mapping[str, str]) -> bytes:
        """Return the line of one call; its answer will bear the name."""
        return write_line(name, PATHS[plan.kind], plan, call, uploaded)

    def create(self, part: JobPart) -> JobPart:
        """Have a file of requests drawn. From here on it costs money.

        Raises:
            DrawError: it was refused; or nobody knows, where ``billed`` is UNKNOWN: look for it with `find`.
        """
        client = self._wire.client()

        def make() -> Batch:
            return client.batches.create(
                input_file_id=part.input,
                endpoint=PATHS[part.kind],  # type: ignore[arg-type]  # the SDK names each literally
                completion_window="24h",
                metadata=dict(part.metadata),
            )

        return self._ask(lambda: self._part(make()), retry="safe")

    def look(self, remote: str) -> JobPart:
        """Return how a batch stands. ModelNotFound where the server has none of that name."""
        return self._ask(lambda: self._part(self._wire.client().batches.retrieve(remote)))

    def cancel(self, remote: str) -> JobPart:
        """Have no more of a batch drawn, and return how it stands."""
        return self._ask(lambda: self._part(self._wire.client().batches.cancel(remote)))

    def find(self, job: str) -> list[JobPart]:
        """Return the batches that were made for a Job, in order, among the newest of the account."""
        found: list[JobPart] = []
        after: dict[str, Any] = {}
        for _ in range(0, MOST_LISTED, 100):
            parts = self._ask(lambda: self._page(after))  # noqa: B023 - asked at once
            found += [part for part in parts if part.metadata.get("dalle_nb") == job]
            if len(parts) < 100:
                break
            after = {"after": parts[-1].remote}
        return sorted(found, key=lambda part: part.metadata.get("part", "").rjust(8))

    def name_of_input(self, file: str) -> str:
        """Return the name under which an input picture was sent up."""
        return str(self._ask(lambda: self._wire.client().files.retrieve(file)).filename)

    def lines(self, file: str, most_bytes: int = MOST_BYTES_A_PICTURE) -> Iterator[bytes]:
        """Yield a file line by line as it comes; of a line that is too long only the beginning.

        Raises:
            DrawError: it cannot be had, or broke off: read it again from the start.
        """
        line, long = bytearray(), False
        for piece in self._pieces(file):
            first, *more = piece.split(b"\n")
            for number, part in enumerate((first, *more)):
                if number:
                    yield bytes(line)
                    line, long = bytearray(), False
                if not long:
                    line += part
                if len(line) > most_bytes:
                    line, long = line[:_HEAD], True
        if line and not long and read_line(bytes(line))[1] is None:
            raise broken_off()
        if line:
            yield bytes(line)

    def recall(
        self, plan: Plan, number: int, data: bytes, line: Mapping[str, Any] | None
    ) -> Iterator[DrawEvent]:
        """Yield what came of call ``number`` (from 1) of a plan, told by a line: proved pictures, and the bill.

        Raises:
            DrawError: it failed, or something in the answer is no picture.
        """
        catalog, before = load_catalog(), plan.calls[: number - 1]
        model = catalog.model(plan.model)
        exchange = Exchange(
            call=plan.calls[number - 1],
            first=1 + sum(int(str(call.parameters.get("n", 1))) for call in before),
            model=model,
            server=self._server,
            downloads=self._downloads,
            terms=Terms(),
            key=self._key,
            inputs=len(plan.request.inputs),
            factor=catalog.batch_factor(model),
        )
        error: DrawError | None = None
        try:
            yield from exchange.recall(data, line)
        except DrawError as trouble:
            error = trouble
        yield Called(attempt=exchange.attempt(number, 0.0, error))
        if error:
            raise error

    def _upload(self, file: Any, purpose: Any, seconds: int | None = None) -> str:
        life: Any = {"expires_after": {"anchor": "created_at", "seconds": seconds}} if seconds else {}
        files = self._wire.client().files

        def send() -> str:
            if hasattr(file[1], "seek"):
                file[1].seek(0)
            return files.create(file=file, purpose=purpose, **life).id

        try:
            return self._ask(send, seconds=UPLOAD_SECONDS)
        except DrawError as error:
            if isinstance(error, ModelNotFound) or error.status_code in (404, 405, 501):
                raise no_batches(self._server) from None
            raise

    def _pieces(self, file: str) -> Iterator[bytes]:
        guard, files = _guard(SECONDS), self._wire.client().files
        with ExitStack() as stack:
            opened = files.with_streaming_response.content(file)
            response = self._guarded(guard, lambda: stack.enter_context(opened))
            pieces = response.iter_bytes()
            while True:
                # Patience is for each piece: all of them may take hours.
                guard.deadline, guard.came = time.monotonic() + SECONDS, 0
                piece = self._guarded(guard, lambda: next(pieces, None))
                if piece is None:
                    return
                yield piece

    def _ask(self, call: Callable[[], T], *, retry: str = "always", seconds: float = SECONDS) -> T:
        """Return what a call answers, asked again where that can cost nothing."""
        ladder = Ladder(policy=retry)
        for tries in count(1):
            try:
                return self._guarded(_guard(seconds), call)
            except DrawError as error:
                wait = ladder.wait(error, tries, time.monotonic() + seconds)
                if wait is None:
                    raise
                time.sleep(wait)
        raise AssertionError("the ladder ends")

    def _guarded(self, guard: Guard, call: Callable[[], T]) -> T:
        try:
            with guarded(guard):
                return call()
        except Exception as error:  # noqa: BLE001 - whatever the SDK throws becomes one of our errors
            trouble = explain(error, guard, self._key)
        if isinstance(trouble, ConnectionFailed | DrawTimeout | ServerError | BadAnswer):
            trouble.fix = tr("What is at the server stays there. Ask again later.")
        # Outside the handler: the SDK's exceptions carry the request, and with it the key.
        raise trouble

    def _page(self, after: dict[str, Any]) -> list[JobPart]:
        return [self._part(each) for each in self._wire.client().batches.list(limit=100, **after).data]

    def _part(self, batch: Batch) -> JobPart:
        """Return a batch as we keep it; every word of it is a stranger's."""
        counts = batch.request_counts
        kind = next((kind for kind, path in PATHS.items() if path == batch.endpoint), Kind.GENERATE)
        return JobPart(
            remote=redact(str(batch.id), self._key),
            kind=kind,
            input=str(batch.input_file_id or ""),
            output=str(batch.output_file_id or ""),
            errors=str(batch.error_file_id or ""),
            status=redact(str(batch.status), self._key)[:40],
            requests=int(counts.total) if counts else 0,
            completed=int(counts.completed) if counts else 0,
            failed=int(counts.failed) if counts else 0,
            created=_moment(batch.created_at),
            expires=_moment(batch.expires_at),
            problem=redact(_problems(batch), self._key),
            metadata={str(name)[:64]: str(value)[:512] for name, value in (batch.metadata or {}).items()},
        )


def read_line(data: bytes) -> tuple[str | None, Mapping[str, Any] | None]:
    """Return the name that a line bears, and the line read as JSON; None for what cannot be read."""
    import jiter

    try:
        line = jiter.from_json(data, cache_mode="none")
    except ValueError:
        found = _NAME.search(data[:_HEAD])
        return (found[1].decode() if found else None), None
    if not isinstance(line, dict):
        return None, None
    name = line.get("custom_id")
    return (name if isinstance(name, str) else None), line


def says_undrawn(line: Mapping[str, Any] | None) -> bool:
    """Return whether a line says only that its request was not drawn: the job expired or was cancelled."""
    error = line.get("error") if line else None
    return isinstance(error, dict) and error.get("code") in UNDRAWN


def no_batches(server: Server) -> OptionError:
    """Return the error for a server that takes no jobs."""
    return OptionError(
        tr("{server} takes no jobs.", server=server.title),
        tr(
            "Leave out via= to draw at once. Jobs go to OpenAI, or to a server started with `dalle-nb serve`: "
            "set its address as base_url."
        ),
    )


def broken_off() -> ConnectionFailed:
    """Return the error for a file of results that ended too early."""
    return ConnectionFailed(
        tr("The results broke off in the middle."),
        tr("What had come is kept. Collect again for the rest; nothing is drawn or paid twice."),
        billed=Billed.NO,
    )


def blob_named(name: str) -> Blob | None:
    """Return the picture that `Batches.upload_inputs` gave this name, without its bytes; None for another name."""
    found = re.fullmatch(r"([0-9a-f]{64})-(\d{1,5})x(\d{1,5})\.(\w{2,5})", name)
    types = {suffix: media for media, suffix in SUFFIXES.items()}
    if not found or found[4] not in types:
        return None
    return Blob(
        sha256=found[1], media_type=types[found[4]], width=int(found[2]), height=int(found[3]), name=name
    )


def _guard(seconds: float) -> Guard:
    return Guard(deadline=time.monotonic() + seconds, most_bytes=MOST_BYTES)


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < 2**34 else None


def _problems(batch: Batch) -> str:
    found: Iterable[Any] = (batch.errors.data if batch.errors else None) or ()
    told = (f"{each.line}: {each.message}" if each.line else str(each.message) for each in found)
    return "; ".join(dict.fromkeys(told))
