"""What a page shows of a Run and of a task: all of it text and numbers, bounded, whatever a prompt or a file's name holds.

Must not know a widget, nor who asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dalle_nb._errors import ConfirmationNeeded, DalleError, DrawError, RefusedError
from dalle_nb._language import tr
from dalle_nb._money import is_paid, price_range
from dalle_nb._render import clean, cost_of, facts_of
from dalle_nb.widgets.fixes import Fix, fixes

if TYPE_CHECKING:
    from dalle_nb._run import Run
    from dalle_nb.widgets.studio import Task

_LONG = 4_000
"""Letters of a prompt that are sent."""


def card(run: Run) -> dict[str, Any]:
    """Return what a page shows of a Run; all of it text, whatever the prompt or a file's name holds."""
    record = run.record
    why = f"{record.failure.what} {record.failure.fix}".strip() if record.failure else ""
    pictures = [
        {
            "ref": picture.reference,
            "name": picture.record.sha256,
            "alt": clean(picture.alt or run.prompt, 300),
        }
        for picture in run.pictures
    ]
    sizes = dict.fromkeys(f"{each.record.width}×{each.record.height}" for each in run.pictures)
    return {
        "id": run.id,
        "prompt": clean(run.prompt, _LONG),
        "status": run.status.value,
        "facts": " · ".join(facts_of(record)),
        "brief": " · ".join([f"#{run.id}", *sizes, cost_of(record)]),
        "why": clean(why, 600),
        "when": record.created.isoformat(),
        "tags": [clean(each, 80) for each in record.tags],
        "starred": record.starred,
        "deleted": record.deleted is not None,
        "pictures": pictures,
    }


def repairs(error: BaseException | None) -> tuple[Fix, ...]:
    """Return what may be pressed to ask again and have it drawn, as far as the error says."""
    if isinstance(error, ConfirmationNeeded):
        return (Fix(label=tr("Agree and draw"), options={"yes": True}),)
    if isinstance(error, DalleError):
        return fixes(error.fix, getattr(error, "options", ()))
    return ()


def task_card(task: Task, place: int) -> dict[str, Any]:
    """Return what a page shows of a task."""
    plan, (what, fix) = task.plan, what_and_fix(task.error)
    record = task.record if task.run is None else task.run.record
    prompt = record.request.prompt if record else task.prompt
    price = price_range(plan.estimate) if plan and is_paid(plan.estimate) else ""
    model = f"{plan.model} · {price}".rstrip(" ·") if plan else ""
    partials = task.options.get("partials")
    return {
        "number": task.number,
        "state": task.state,
        "place": place,
        "prompt": clean(prompt, 400) or tr("A variation or rerun"),
        "facts": clean(model, 160),
        "steps": partials if isinstance(partials, int) else 0,
        "stopping": task.cancel.is_set(),
        "what": what,
        "fix": fix,
        "repairs": [each.label for each in repairs(task.error)],
        "again": isinstance(task.error, DrawError) and not isinstance(task.error, RefusedError),
    }


def what_and_fix(error: BaseException | None) -> tuple[str, str]:
    """Return what went wrong and what to do, each in a line; nothing where nothing did."""
    if error is None:
        return "", ""
    if isinstance(error, DalleError):
        return clean(error.what, 600), clean(error.fix, 600)
    what = tr("That did not work: {reason}.", reason=f"{type(error).__name__}: {error}"[:200])
    return what, tr("The kernel's log says more.")
