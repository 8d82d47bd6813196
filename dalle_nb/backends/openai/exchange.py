"""One call of a Plan: made once or more, its answer turned into events, its bill into an Attempt."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from dalle_nb._backend import Arrival, DrawEvent, Preview, Quarantined, Remark, Terms
from dalle_nb._catalog import Model, Server
from dalle_nb._errors import DrawError
from dalle_nb._images import MEDIA_TYPES
from dalle_nb._language import tr
from dalle_nb._pace import read_rest
from dalle_nb._prices import cost, estimate
from dalle_nb._records import Attempt, Billed, Call, Usage
from dalle_nb._sizes import read_size
from dalle_nb.backends.openai.answers import (
    MOST_BYTES_A_PICTURE,
    Judge,
    arrivals,
    read_body,
    read_items,
    read_usage,
)
from dalle_nb.backends.openai.calls import Send
from dalle_nb.backends.openai.downloads import Downloads
from dalle_nb.backends.openai.guard import Guard, guarded
from dalle_nb.backends.openai.streams import is_stream, read_events
from dalle_nb.backends.openai.troubles import explain, from_status, redact, without_key


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A call, ready to be made, and what is known of it so far."""

    call: Call
    first: int
    """Index of its first picture in the Run."""
    model: Model
    server: Server
    downloads: Downloads
    terms: Terms
    key: str | None = field(repr=False)
    inputs: int
    """Pictures that travel with it."""
    send: Send | None = None
    """Makes the call; None where it was made long ago."""
    factor: float = 1.0
    """What is paid of the price; a job has a discount."""
    came: int = 0
    rest: float = 0.0
    """Seconds for which the server, by the headers of its answer, takes no more calls."""
    settled: bool = False
    """A picture came, or lies somewhere to be fetched: the call is not made again."""
    _evidence: list[bytes] = field(default_factory=list, repr=False)
    """What came so far: of an answer all of it, of a stream its newest preview."""
    _usage: Usage | None = None
    _request_id: str | None = None
    _status: int | None = None

    @property
    def expected(self) -> int:
        """Pictures asked for."""
        return int(str(self.call.parameters.get("n", 1)))

    def once(self, deadline: float, answered: Callable[[], None]) -> Iterator[DrawEvent]:
        """Make the call, until ``deadline`` at most, and yield previews, pictures and remarks.

        ``answered`` is called as soon as all has come, before it is looked at.

        Raises:
            DrawError: it failed, or something in its answer is no picture; what was one has been yielded.
        """
        yield from self._told(self._receive(deadline, answered))

    def recall(self, data: bytes, line: Mapping[str, Any] | None) -> Iterator[DrawEvent]:
        """Yield what `once` would, of an answer that came earlier: a line of a job's results, and what it says.

        Raises:
            DrawError: as `once`.
        """
        yield from self._told(self._remember(data, line))

    def _told(self, receiving: Generator[Preview, None, Mapping[str, Any]]) -> Iterator[DrawEvent]:
        self._usage = self._request_id = self._status = None
        aside = False
        try:
            answer = yield from receiving
            for event in self._pictures(answer):
                aside = aside or isinstance(event, Quarantined)
                yield event
        except DrawError as error:
            error.request_id = error.request_id or self._request_id
            if evidence := b"".join(self._evidence) if not aside else b"":
                yield Quarantined(data=without_key(evidence, self.key), reason=error.what)
            raise
        finally:
            self._evidence = []

    def attempt(self, number: int, seconds: float, error: DrawError | None) -> Attempt:
        """Return what is known of the bill of the call just made."""
        billed = Billed.YES if error is None else error.billed or Billed.UNKNOWN
        if self._usage is not None:
            billed = Billed.YES
        return Attempt(
            number=number,
            seconds=seconds,
            billed=billed,
            outcome="done" if error is None else type(error).__name__,
            request_id=self._request_id or (error.request_id if error else None),
            status_code=error.status_code if error and error.status_code else self._status,
            usage=self._usage,
            cost=self._cost(billed, failed=error is not None),
        )

    def _cost(self, billed: Billed, *, failed: bool) -> int | None:
        if billed is Billed.NO or self.server.free or self.model.free:
            return 0
        if self._usage is not None:
            return _share(cost(self._usage, self.model), self.factor)
        price = None if failed else estimate(self.call.parameters, self.model, self.inputs)
        # Models that count no tokens cost what their list says for each picture.
        exact = price.high if price and price.low == price.high and not price.about else None
        return _share(exact, self.factor)

    def _receive(
        self, deadline: float, answered: Callable[[], None]
    ) -> Generator[Preview, None, Mapping[str, Any]]:
        """Yield previews, and return the answer."""
        assert self.send is not None, "what was answered long ago is recalled, not asked"
        guard = Guard(
            deadline=deadline, most_bytes=most_bytes(self.call.parameters), cancel=self.terms.cancel
        )
        try:
            with guarded(guard), self.send() as response:
                answer = yield from self._read(response)
                answered()
                return answer
        except DrawError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the SDK throws becomes one of our errors
            trouble = explain(error, guard, self.key)
        # Outside the handler, not even as its context: the SDK's exceptions carry the request, and with it the key.
        raise trouble

    def _remember(
        self, data: bytes, line: Mapping[str, Any] | None
    ) -> Generator[Preview, None, Mapping[str, Any]]:
        self._evidence = [data]
        yield from ()  # nobody looked on while it was drawn
        line = read_body(data) if line is None else line
        response = line.get("response")
        if not isinstance(response, Mapping):
            raise from_status(200, {"error": line.get("error")}, {}, self.key)
        status, name, answer = (response.get(key) for key in ("status_code", "request_id", "body"))
        self._status = status if isinstance(status, int) else 200
        self._request_id = redact(name, self.key) if isinstance(name, str) else None
        if self._status >= 400 or not isinstance(answer, Mapping):
            raise from_status(self._status, answer, {}, self.key)
        return answer

    def _read(self, response: Any) -> Generator[Preview, None, Mapping[str, Any]]:
        self._status, self._request_id = response.status_code, response.headers.get("x-request-id")
        self.rest = read_rest(response.headers)
        if not is_stream(response.headers):
            for chunk in response.iter_bytes():
                self._evidence.append(chunk)
            self._evidence = [b"".join(self._evidence)]
            return read_body(self._evidence[0])
        events = read_events(response.parse(), self.first)
        while True:
            try:
                preview = next(events)
            except StopIteration as end:
                answer: Mapping[str, Any] = end.value
                return answer
            self._evidence = [preview.data]
            yield preview

    def _pictures(self, answer: Mapping[str, Any]) -> Iterator[DrawEvent]:
        self._usage = read_usage(answer)
        if not answer.get("data") and (answer.get("error") or answer.get("detail")):
            raise from_status(200, answer, {}, self.key)
        for event in arrivals(read_items(answer), self.first, self._fetch):
            if isinstance(event, Arrival):
                self.came, self.settled = self.came + 1, True
                yield from self._compare(event)
            yield event
        if self.came != self.expected:
            text = tr("Pictures: {asked} asked for, {came} came.", asked=self.expected, came=self.came)
            yield Remark(text=text)

    def _fetch(self, url: str, judge: Judge) -> Arrival:
        try:
            return self.downloads.fetch(url, judge, self.terms)
        except DrawError:
            self.settled = True
            raise

    def _compare(self, picture: Arrival) -> Iterator[Remark]:
        """Remark on what came otherwise than it was asked for."""
        wanted = str(self.call.parameters.get("output_format", ""))
        if wanted and MEDIA_TYPES.get(wanted) != picture.media_type:
            yield Remark(text=tr("Asked for {wanted}, came {came}.", wanted=wanted, came=picture.media_type))
        size = str(self.call.parameters.get("size", "auto"))
        came = f"{picture.width}x{picture.height}"
        if "x" in size and size != came and picture.width:
            yield Remark(text=tr("Asked for {wanted}, came {came}.", wanted=size, came=came))


def most_bytes(parameters: Mapping[str, Any]) -> int:
    """Return what an honest answer stays under: room for one picture of any size, for the rest as they were asked."""
    width, height = read_size(str(parameters.get("size", ""))) or (1024, 1024)
    return MOST_BYTES_A_PICTURE + (int(str(parameters.get("n", 1))) - 1) * (width * height * 6 + (1 << 20))


def _share(amount: int | None, factor: float) -> int | None:
    return None if amount is None else ceil(amount * factor)
