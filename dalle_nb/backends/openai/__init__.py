"""Draws through OpenAI's Images API, and through every server that speaks it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from dalle_nb._backend import Called, DrawEvent, Terms
from dalle_nb._catalog import Server, load_catalog
from dalle_nb._errors import DrawError, DrawTimeout, RateLimitError
from dalle_nb._language import tr
from dalle_nb._pace import Gate, Ladder, Turn, gate_name
from dalle_nb._records import Billed, Call, Plan
from dalle_nb._settings import Settings
from dalle_nb.backends.openai.calls import sender
from dalle_nb.backends.openai.downloads import Downloads
from dalle_nb.backends.openai.exchange import Exchange
from dalle_nb.backends.openai.guard import Guard, guarded
from dalle_nb.backends.openai.jobs import Batches
from dalle_nb.backends.openai.troubles import explain, redact
from dalle_nb.backends.openai.wire import Wire

CHECK_SECONDS = 20.0
CHECK_BYTES = 8 << 20


class OpenAIBackend:
    """One server that speaks the Images API. Any thread may draw with it, and a forked child."""

    name = "openai"

    def __init__(self, settings: Settings) -> None:
        self._wire = Wire(settings)
        self._key = settings.api_key
        address = settings.azure_endpoint or settings.base_url
        self.server: Server = load_catalog().server(address if settings.server == "auto" else settings.server)
        self._downloads = Downloads(address or self.server.base_url or "")
        self._gate = Gate(gate_name(address or self.server.base_url, settings.api_key, settings.organization))
        self.batches = Batches(self._wire, self.server, self._downloads, self._key)

    def draw(self, plan: Plan, terms: Terms) -> Iterator[DrawEvent]:
        """Make the plan's calls, one after the other, and yield what comes of each."""
        first, numbers = 1, count(1)
        for call in plan.calls:
            if terms.cancel.is_set() or terms.stop.is_set():
                return
            exchange = self._exchange(plan, call, first, terms)
            yield from self._ask(exchange, numbers)
            first += max(exchange.expected, exchange.came)

    def check(self) -> tuple[str, ...]:
        """Ask the server for its models; nothing is drawn.

        Raises:
            DrawError: it does not answer, or does not take the key.
        """
        guard = Guard(deadline=time.monotonic() + CHECK_SECONDS, most_bytes=CHECK_BYTES)
        try:
            with guarded(guard):
                models = list(self._wire.client().models.list())
        except Exception as error:  # noqa: BLE001 - whatever the SDK throws becomes one of our errors
            trouble = explain(error, guard, self._key)
        else:
            return self._what_lives(models)
        # Outside the handler: the SDK's exceptions carry the request, and with it the key.
        raise trouble

    def _what_lives(self, models: list[Any]) -> tuple[str, ...]:
        said = [tr("{server} answers and lists {count} models.", server=self.server.title, count=len(models))]
        for model in models:
            date = getattr(model, "shutdown_date", None)
            if date and load_catalog().model(model.id).catalogued:
                said.append(
                    tr("{model} retires on {date}.", model=model.id, date=redact(str(date), self._key))
                )
        return tuple(said)

    def _exchange(self, plan: Plan, call: Call, first: int, terms: Terms) -> Exchange:
        return Exchange(
            call=call,
            send=sender(self._wire.client(), plan, call, self.server),
            first=first,
            model=load_catalog().model(plan.model),
            server=self.server,
            downloads=self._downloads,
            terms=terms,
            key=self._key,
            inputs=len(plan.request.inputs),
        )

    def _ask(self, exchange: Exchange, numbers: count[int]) -> Iterator[DrawEvent]:
        """Make a call until it is answered or must not be made again, and yield what comes."""
        terms = exchange.terms
        ladder = Ladder(policy=terms.retry)
        deadline = time.monotonic() + terms.timeout
        for tries in count(1):
            try:
                with self._gate.turn(terms, exchange.expected, again=tries > 1) as turn:
                    deadline += turn.waited  # standing in a queue is nobody's time-out
                    self._gate.wait(deadline, terms.cancel)
                    if terms.cancel.is_set() or terms.stop.is_set():
                        return
                    yield from self._call(exchange, next(numbers), deadline, turn)
                self._gate.hold(exchange.rest)
            except DrawError as error:
                if isinstance(error, DrawTimeout):
                    # Who asks again after a time-out allows as much time again.
                    deadline = time.monotonic() + terms.timeout
                wait = ladder.wait(error, tries, deadline)
                if wait is None or exchange.settled or terms.cancel.is_set():
                    raise
                self._pause(error, wait, terms)
            else:
                return

    def _call(self, exchange: Exchange, number: int, deadline: float, turn: Turn) -> Iterator[DrawEvent]:
        """Make a call once, and yield what comes and its bill."""
        started = time.monotonic()
        try:
            yield from exchange.once(deadline, turn.answered)
        except DrawError as error:
            yield Called(attempt=exchange.attempt(number, time.monotonic() - started, error))
            raise
        yield Called(attempt=exchange.attempt(number, time.monotonic() - started, None))

    def _pause(self, error: DrawError, wait: float, terms: Terms) -> None:
        """Say that it is asked again, and wait; where the server told to wait, everybody does."""
        text = tr("{what} Asked again after {wait} s.", what=error.what, wait=round(wait, 1))
        if error.billed is not Billed.NO:
            text = tr("{text} The first call may be billed too.", text=text)
        terms.tell(text)
        if isinstance(error, RateLimitError):
            self._gate.hold(wait)
        if error.retry_after is None:
            terms.cancel.wait(wait)
