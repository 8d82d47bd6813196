"""The positions of a batch: what is asked at each, what that may cost, and what the history holds of it.

A position is known by its Request alone. Equal prompts are told apart as reruns are, by `Request.sample`: the
second fox of a batch is another drawing of the same words. So a batch needs no name to be resumed: what was
drawn for a position is found, whether the kernel died, the batch was interrupted, or its list has grown since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import RequestError
from dalle_nb._items import Item
from dalle_nb._language import tr
from dalle_nb._money import price_range, together
from dalle_nb._records import Plan, RunRecord, blobs_of

if TYPE_CHECKING:
    from dalle_nb._generator import ImageGenerator

MOST_TOLD = 5
"""Broken rules that one error names, and numbers of prompts that break one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A position of a batch: what is asked there, and what the history holds of it already."""

    item: Item
    plan: Plan
    """Without the bytes of its pictures."""
    sample: int = 0
    """How many equal Requests stand before it."""
    there: RunRecord | None = None
    """Done, refused, or being drawn."""


def take_seats(
    generator: ImageGenerator,
    items: Sequence[Item],
    *,
    resume: bool = True,
    namespace: Mapping[str, Any] | None = None,
) -> list[Seat]:
    """Return the positions of a batch, each planned; with ``resume``, what is there already is found.

    Raises:
        RequestError: rules are broken; the first few are named, and where. Nothing was sent.
    """
    seats, broken, seen = [], [], Counter[str]()
    for place, item in enumerate(items, 1):
        try:
            plan = generator.plan(item.prompt, item.options, namespace=namespace)
        except RequestError as error:
            broken.append((place, error))
            continue
        key = f"{plan.request.identity} {plan.backend}"
        seats.append(Seat(item=item, plan=_numbered(plan, seen[key]), sample=seen[key]))
        seen[key] += 1
    if broken:
        raise _broken(broken)
    return _found(generator, seats) if resume else seats


def outlook(seats: Sequence[Seat]) -> str:
    """Return what drawing the seats comes to, in a sentence: how many, by whom, at what price, what is there."""
    missing = [seat.plan for seat in seats if seat.there is None]
    if not missing:
        return tr("All {count} are there already.", count=len(seats))
    there, models = len(seats) - len(missing), dict.fromkeys(plan.model for plan in missing)
    pictures = sum(int(str(call.parameters.get("n", 1))) for plan in missing for call in plan.calls)
    told = tr(
        "{there} of {count} are there already; {rest} to draw",
        there=there,
        count=len(seats),
        rest=len(missing),
    )
    facts = [told] if there else []
    facts += [tr("pictures to draw: {count}", count=pictures), ", ".join(models)]
    return " · ".join([*facts, price_range(together([plan.estimate for plan in missing]))])


def _numbered(plan: Plan, sample: int) -> Plan:
    """Return the plan as that drawing of the same words, its pictures' bytes left in the store."""
    request = plan.request
    if not blobs_of(request):
        return replace(plan, request=replace(request, sample=request.sample + sample)) if sample else plan
    light = replace(
        request,
        sample=request.sample + sample,
        inputs=tuple(replace(blob, data=None) for blob in request.inputs),
        mask=request.mask and replace(request.mask, data=None),
        markup=request.markup and replace(request.markup, data=None),
    )
    return replace(plan, request=light)


def _found(generator: ImageGenerator, seats: Sequence[Seat]) -> list[Seat]:
    """Return the seats, each with what the history holds of it."""
    identities = [seat.plan.request.identity for seat in seats]
    known = {
        (run.request.identity, run.backend, run.model): run
        for run in generator.store.answers(list(dict.fromkeys(identities)))
    }
    return [
        replace(seat, there=known.get((identity, seat.plan.backend, seat.plan.model)))
        for seat, identity in zip(seats, identities, strict=True)
    ]


def _broken(broken: Sequence[tuple[int, RequestError]]) -> RequestError:
    """Return one error for all that is broken, each rule with the numbers that break it."""
    places: dict[str, list[int]] = {}
    for place, error in broken:
        places.setdefault(error.what, []).append(place)
    told = [
        tr("Number {places}: {what}", places=_listed(numbers), what=what) for what, numbers in places.items()
    ]
    kinds = {type(error) for _, error in broken}
    kind = kinds.pop() if len(kinds) == 1 else RequestError
    fixes = dict.fromkeys(error.fix for _, error in broken)
    return kind(" ".join(told[:MOST_TOLD]), " ".join([*fixes][:MOST_TOLD]))


def _listed(numbers: Sequence[int]) -> str:
    more = ["…"] if len(numbers) > MOST_TOLD else []
    return ", ".join([*map(str, numbers[:MOST_TOLD]), *more])
