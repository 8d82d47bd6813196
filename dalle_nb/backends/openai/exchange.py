"""One call of a Plan: made once or more, its answer turned into events, its bill into an Attempt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dalle_nb._backend import Arrival, DrawEvent, Preview, Remark, Terms
from dalle_nb._catalog import Model, Server
from dalle_nb._errors import DrawError
from dalle_nb._images import MEDIA_TYPES
from dalle_nb._language import tr
from dalle_nb._records import Attempt, Billed, Call, Usage
from dalle_nb._rules import cost, estimate
from dalle_nb.backends.openai.answers import MOST_BYTES_A_PICTURE, arrivals, read_body, read_items, read_usage
from dalle_nb.backends.openai.calls import Send
from dalle_nb.backends.openai.downloads import Downloads
from dalle_nb.backends.openai.streams import is_stream, read_events
from dalle_nb.backends.openai.troubles import explain, from_status
from dalle_nb.backends.openai.wire import Guard, guarded


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
    deadline: float
    key: str | None = field(default=None, repr=False)
    inputs: int = 0
    kept: int = 0
    """Pictures that came; once there is one, the call is not made again."""
    _usage: Usage | None = None
    _request_id: str | None = None
    _status: int | None = None

    @property
    def expected(self) -> int:
        """Pictures asked for."""
        return int(str(self.call.parameters.get("n", 1)))

    def once(self) -> Iterator[DrawEvent]:
        """Make the call and yield previews, pictures and remarks.

        Raises:
            DrawError: it failed, or something in its answer is no picture; what was one has been yielded.
        """
        answer: Mapping[str, Any] = {}
        for event in self._receive():
            if isinstance(event, Preview):
                yield event
            else:
                answer = event
        self._usage = read_usage(answer)
        if answer.get("error") and not answer.get("data"):
            raise from_status(0, answer, {}, self.key)
        for event in arrivals(
            read_items(answer), self.first, lambda url: self.downloads.fetch(url, self.terms)
        ):
            if isinstance(event, Arrival):
                self.kept += 1
                yield from self._compare(event)
            yield event
        if self.kept != self.expected:
            yield Remark(
                text=tr("{asked} pictures were asked for, {came} came.", asked=self.expected, came=self.kept)
            )

    def attempt(self, number: int, seconds: float, error: DrawError | None) -> Attempt:
        """Return what is known of the bill of the call just made."""
        billed = Billed.YES if error is None else error.billed or Billed.UNKNOWN
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

    def _receive(self) -> Iterator[Any]:
        self._usage = self._request_id = self._status = None
        most = MOST_BYTES_A_PICTURE * min(self.expected, 3)
        guard = Guard(deadline=self.deadline, most_bytes=most, cancel=self.terms.cancel)
        try:
            with guarded(guard):
                yield from self._read(self.send())
        except DrawError as error:
            error.request_id = error.request_id or self._request_id
            raise
        except Exception as error:  # noqa: BLE001 - whatever the SDK throws becomes one of our errors
            # Not "from error": the SDK's exceptions carry the request, and with it the key.
            raise explain(error, guard, self.key) from None
        finally:
            self._status = guard.status_code

    def _read(self, answer: Any) -> Iterator[Any]:
        """Yield previews, and last the answer."""
        response = getattr(answer, "http_response", None) or answer.response
        self._request_id = response.headers.get("x-request-id")
        if not self.call.parameters.get("stream"):
            yield read_body(answer.content)
        elif is_stream(response):
            with answer as stream:
                yield from read_events(stream, self.first)
        else:
            yield read_body(response.read())

    def _compare(self, picture: Arrival) -> Iterator[Remark]:
        """Remark on what came otherwise than it was asked for."""
        wanted = str(self.call.parameters.get("output_format", ""))
        if wanted and MEDIA_TYPES.get(wanted) != picture.media_type:
            yield Remark(text=tr("Asked for {wanted}, came {came}.", wanted=wanted, came=picture.media_type))
        size = str(self.call.parameters.get("size", "auto"))
        came = f"{picture.width}x{picture.height}"
        if "x" in size and size != came and picture.width:
            yield Remark(text=tr("Asked for {wanted}, came {came}.", wanted=size, came=came))
