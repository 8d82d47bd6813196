"""The offline painter: a backend without a key, a network or a download, for lessons, tests and first looks.

It paints by rules from the words it knows and says so. Pictures are painted by the rooms beside this one;
here a Plan becomes events.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

from dalle_nb._backend import Arrival, Called, DrawEvent, Preview, Remark, Terms
from dalle_nb._catalog import Model, Server, load_catalog
from dalle_nb._errors import DrawError, DrawTimeout
from dalle_nb._language import tr
from dalle_nb._pace import Ladder
from dalle_nb._prices import INPUT_TOKENS, PARTIAL_TOKENS, output_tokens, text_tokens
from dalle_nb._records import Attempt, Billed, Plan, Usage

if TYPE_CHECKING:
    from PIL import Image

    from dalle_nb.backends.offline.commission import Commission

__all__ = ["OfflineBackend"]

_FORMATS = ("png", "jpeg", "webp")


class _Stopped(Exception):
    """The drawing was cancelled in the middle of a picture."""


class OfflineBackend:
    """Paints by rules. Keeps no state: any thread may draw with it, and a forked child."""

    name = "offline"

    def __init__(self) -> None:
        self.server: Server = load_catalog().servers["offline"]

    def check(self) -> tuple[str, ...]:
        """Paint a small picture and throw it away."""
        from dalle_nb.backends.offline.painter import paint
        from dalle_nb.backends.offline.reader import read

        started = time.monotonic()
        paint(read("a cat in a meadow", seed=1), 256, 256)
        return (
            tr(
                "The offline painter draws: {ms} ms for a small picture.",
                ms=round(1000 * (time.monotonic() - started)),
            ),
        )

    def draw(self, plan: Plan, terms: Terms) -> Iterator[DrawEvent]:
        """Paint the plan's pictures, one after the other.

        Raises:
            DrawError: the prompt asks for one (see ``triggers.toml``) or ought to be refused, or time is up.
        """
        from dalle_nb.backends.offline.commission import Commission

        first, numbers, deadline = 1, count(1), time.monotonic() + terms.timeout
        for call in plan.calls:
            if terms.cancel.is_set():
                return
            commission = Commission(plan=plan, call=call, first=first)
            yield from _let_in(commission, terms, numbers, deadline)
            yield from _paint(commission, terms, next(numbers), deadline)
            first += commission.count


def _let_in(
    commission: Commission, terms: Terms, numbers: count[int], deadline: float
) -> Iterator[DrawEvent]:
    """Go through the troubles that the prompt asks for, as a caller of the API goes through real ones."""
    from dalle_nb.backends.offline.triggers import trouble

    model = _asked_model(commission.plan)
    ladder = Ladder(policy=terms.retry)
    for tries in count(1):
        error = trouble(commission.sent, model, tries)
        if error is None:
            return
        number = next(numbers)
        error.request_id = f"req_offline_{commission.plan.request.identity[:12]}_{number}"
        yield Called(attempt=_attempt(number, 0.0, error))
        wait = ladder.wait(error, tries, deadline)
        if wait is None or terms.cancel.is_set():
            raise error
        told = tr("{what} Asked again after {wait} s.", what=error.what, wait=round(wait, 1))
        terms.tell(told)
        yield Remark(text=told)
        terms.cancel.wait(wait)


def _paint(commission: Commission, terms: Terms, number: int, deadline: float) -> Iterator[DrawEvent]:
    """Paint the pictures of one call."""
    from dalle_nb.backends.offline.remarks import remarks

    started, last = time.monotonic(), commission.first + commission.count
    if commission.first == 1:
        for text in (
            *remarks(commission.plan.request, commission.sketch, ours=commission.recipe is not None),
            *_limits(commission),
        ):
            yield Remark(text=text)
    for index in range(commission.first, last):
        if terms.cancel.is_set():
            break
        if time.monotonic() > deadline:
            raise DrawTimeout(
                tr("No time left for picture {index}.", index=index),
                tr("Allow more: --timeout"),
                billed=Billed.NO,
            )
        yield from _one(commission, index, terms)
    yield Called(attempt=_attempt(number, time.monotonic() - started, None, _usage(commission)))


def _one(commission: Commission, index: int, terms: Terms) -> Iterator[DrawEvent]:
    """Paint one picture: its stages, where asked for, then itself."""
    from dalle_nb.backends.offline.encode import encode
    from dalle_nb.backends.offline.remarks import revise

    def stop_if_cancelled(_: Image.Image) -> None:
        if terms.cancel.is_set():
            raise _Stopped

    parameters: Any = commission.call.parameters
    form = _format(commission)
    compression = parameters.get("output_compression")
    for stage in commission.previews(index, int(parameters.get("partial_images", 0))):
        yield Preview(index=index, data=encode(stage, form, compression, None)[0])
    try:
        image = commission.draw(index, stop_if_cancelled)
    except _Stopped:
        return
    data, media_type = encode(image, form, compression, commission.recipe_of(index))
    yield Arrival(
        index=index,
        data=data,
        media_type=media_type,
        width=image.width,
        height=image.height,
        revised_prompt=revise(commission.prompt) if _asked_model(commission.plan).revises_prompt else None,
    )


def _limits(commission: Commission) -> Iterator[str]:
    """Yield what was asked for beside the prompt and will not be."""
    asked = str(commission.call.parameters.get("output_format", "png"))
    if asked not in _FORMATS:
        yield tr("The offline painter makes no {format}; this is a png.", format=asked)
    if commission.call.parameters.get("background") == "transparent" and not commission.transparent:
        yield tr("Nothing stands alone here, so the background is not transparent.")


def _format(commission: Commission) -> str:
    asked = str(commission.call.parameters.get("output_format", "png"))
    return asked if asked in _FORMATS else "png"


def _asked_model(plan: Plan) -> Model:
    return load_catalog().model(plan.model)


def _attempt(number: int, seconds: float, error: DrawError | None, usage: Usage | None = None) -> Attempt:
    return Attempt(
        number=number,
        seconds=seconds,
        billed=Billed.NO,
        outcome="done" if error is None else type(error).__name__,
        request_id=error.request_id if error else None,
        status_code=error.status_code if error else 200,
        usage=usage,
        cost=0,
    )


def _usage(commission: Commission) -> Usage:
    """Return the tokens that such a call is likely to cost at the API, marked as simulated."""
    catalog, parameters = load_catalog(), commission.call.parameters
    model = _asked_model(commission.plan)
    formula = model.token_formula or catalog.model(catalog.default_model).token_formula
    steps = formula["steps"].get(parameters.get("quality"), formula["steps"]["medium"])
    each = output_tokens(*commission.size, steps) + PARTIAL_TOKENS * int(
        str(parameters.get("partial_images", 0))
    )
    return Usage(
        input_text=sum(text_tokens(commission.prompt)) // 2,
        input_image=INPUT_TOKENS * len(commission.plan.request.inputs),
        output_image=each * commission.count,
        simulated=True,
    )
