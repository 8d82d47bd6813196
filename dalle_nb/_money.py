"""The money rules that hold before a call: what is asked first, what a budget allows.

Amounts are integers of a millionth of a dollar. Must not know the store: sums come in, errors go out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dalle_nb._errors import BudgetError, ConfirmationNeeded
from dalle_nb._language import tr
from dalle_nb._records import Estimate, Plan

MICROS = 1_000_000
NEARLY = 0.05
"""How far apart, as a share, the ends of a range are that is told as one amount."""


def dollars(micros: int | None) -> str:
    """Return an amount as people write it: ``$0.053``, ``$0``, or ``?`` where nobody knows."""
    if micros is None:
        return "?"
    if 0 < micros < 50:
        return "<$0.0001"
    text = f"{micros / MICROS:.4f}".rstrip("0")
    whole, _, cents = text.partition(".")
    return f"${whole}" if not cents else f"${whole}.{cents.ljust(2, '0')}"


def price_range(estimate: Estimate | None) -> str:
    """Return what a plan may cost in words: ``$0``, ``about $0.05``, ``$0.05 to $0.21``, ``unknown``."""
    if estimate is None:
        return tr("unknown price")
    amount = dollars(estimate.high)
    # What is only about right is not told to the last digit.
    near = estimate.about and estimate.high - estimate.low <= NEARLY * estimate.high
    if near or dollars(estimate.low) == amount:
        return tr("about {amount}", amount=amount) if estimate.about else amount
    span = tr("{low} to {high}", low=dollars(estimate.low), high=dollars(estimate.high))
    return tr("about {amount}", amount=span) if estimate.about else span


def is_paid(estimate: Estimate | None) -> bool:
    """Return whether a drawing may cost anything."""
    return estimate is None or estimate.high > 0


def confirm(*plans: Plan, above: int, yes: bool) -> None:
    """Let the plans pass if the user has agreed or need not be asked.

    Raises:
        ConfirmationNeeded: together they may cost more than ``above``, or a translation made one dearer.
    """
    price = together([plan.estimate for plan in plans])
    dearer = next((plan.confirm for plan in plans if plan.confirm), "")
    if yes or ((price is None or price.high <= above) and not dearer):
        return
    reason = dearer or tr("above the {limit} that go without asking", limit=dollars(above))
    raise ConfirmationNeeded(
        tr("This may cost {price}: {reason}.", price=price_range(price), reason=reason),
        tr("If you agree, add --yes (yes=True). Nothing was sent."),
    )


def together(estimates: Sequence[Estimate | None]) -> Estimate | None:
    """Return what several cost together, those of unknown price left out; None where there is no other."""
    known = [estimate for estimate in estimates if estimate is not None]
    if not known:
        return None
    return Estimate(
        low=sum(estimate.low for estimate in known),
        high=sum(estimate.high for estimate in known),
        about=len(known) < len(estimates) or any(estimate.about for estimate in known),
    )


def cap(plan: Plan, limit: int | None) -> None:
    """Let the plan pass if it cannot cost more than the limit of this one call.

    Raises:
        BudgetError: it could, or its price is unknown.
    """
    if limit is None or (plan.estimate is not None and plan.estimate.high <= limit):
        return
    raise BudgetError(
        tr(
            "This may cost {price}; the budget is {limit}.",
            price=price_range(plan.estimate),
            limit=dollars(limit),
        ),
        tr("Nothing was sent. Raise --budget, or ask for less: a lower quality, a smaller n."),
    )


def agree(plans: Sequence[Plan], *, above: int, yes: bool, budget: float | None) -> None:
    """Let many plans pass if ``budget`` dollars are enough for all together, and the user has agreed or need not be asked.

    Raises:
        BudgetError: they could cost more, or the price of one is unknown.
        ConfirmationNeeded: together they may cost more than ``above``, or a translation made one dearer.
    """
    estimates = [plan.estimate for plan in plans]
    whole = None if None in estimates else together(estimates)
    cap(replace(plans[0], estimate=whole), None if budget is None else round(budget * MICROS))
    confirm(*plans, above=above, yes=yes)


def period_start(per: str, now: datetime) -> datetime | None:
    """Return when the budget's period began, in the zone of ``now``; None for a budget without end."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return {"day": midnight, "month": midnight.replace(day=1), "total": None}[per]
