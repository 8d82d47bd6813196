"""One call of a Plan: made once or more, its answer turned into events, its bill into an Attempt."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dalle_nb._backend import Arrival, DrawEvent, Preview, Quarantined, Remark, Terms
from dalle_nb._catalog import Model, Server
from dalle_nb._errors import DrawError
from dalle_nb._images import MEDIA_TYPES
from dalle_nb._language import tr
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
from dalle_nb.backends.openai.troubles import explain, from_status, without_key


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A call, ready to be made, and what is known of it so far."""

    call: Call
    send: Send
    first: int
    """Index of its first picture in the Run."""
    model: Model
    server: Server
    downloads: Downloads
    terms: Terms
    key: str | None = field(repr=False)
    inputs: int
    """Pictures that travel with it."""
    came: int = 0
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

    def once(self, deadline: float) -> Iterator[DrawEvent]:
        """Make the call, until ``deadline`` at most, and yield previews, pictures and remarks.

        Raises:
            DrawError: it failed, or something in its answer is no picture; what was one has been yielded.
        """
        self._usage = self._request_id = self._status = None
        aside = False
        try:
            answer = yield from self._receive(deadline)
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
            return cost(self._usage, self.model)
        price = None if failed else estimate(self.call.parameters, self.model, self.inputs)
        # Models that count no tokens cost what their list says for each picture.
        return price.high if price and price.low == price.high and not price.about else None

    def _receive(self, deadline: float) -> Generator[Preview, None, Mapping[str, Any]]:
        """Yield previews, and return the answer."""
        guard = Guard(deadline=deadline, most_bytes=self._most_bytes(), cancel=self.terms.cancel)
        try:
            with guarded(guard), self.send() as response:
                return (yield from self._read(response))
        except DrawError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the SDK throws becomes one of our errors
            trouble = explain(error, guard, self.key)
        # Outside the handler, not even as its context: the SDK's exceptions carry the request, and with it the key.
        raise trouble

    def _most_bytes(self) -> int:
        """Return what an honest answer stays under: room for one picture of any size, for the rest as they were asked."""
        width, height = read_size(str(self.call.parameters.get("size", ""))) or (1024, 1024)
        return MOST_BYTES_A_PICTURE + (self.expected - 1) * (width * height * 6 + (1 << 20))

    def _read(self, response: Any) -> Generator[Preview, None, Mapping[str, Any]]:
        self._status, self._request_id = response.status_code, response.headers.get("x-request-id")
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
