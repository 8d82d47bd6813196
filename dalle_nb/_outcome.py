"""What became of a drawing, as its Run will tell it: a status, and a failure where there is one."""

from __future__ import annotations

from dalle_nb._errors import DalleError, DrawError, RefusedError
from dalle_nb._language import tr
from dalle_nb._records import Billed, Failure, Status


def status_of(error: BaseException | None, *, stopped: bool, pictures: int, short: bool) -> Status:
    """Return what became of a drawing that kept so many pictures; ``short`` of those asked for, or not."""
    if error is None and not stopped and not short:
        return Status.DONE
    if pictures:
        return Status.PARTIAL
    if stopped:
        return Status.INTERRUPTED
    return Status.REFUSED if isinstance(error, RefusedError) else Status.FAILED


def failure_of(error: BaseException | None) -> Failure | None:
    """Return an error as a Run keeps it."""
    if error is None:
        return None
    name = type(error).__name__
    if isinstance(error, DrawError):
        return Failure(
            error=name,
            what=error.what,
            fix=error.fix,
            code=error.code,
            request_id=error.request_id,
            billed=error.billed,
        )
    if isinstance(error, DalleError):
        return Failure(error=name, what=error.what, fix=error.fix)
    return Failure(error=name, what=str(error)[:500])


def stopping(cost: int | None) -> Failure:
    """Return what a Run keeps that the user stopped; where its cost is unknown it may have been billed."""
    billed = Billed.UNKNOWN if cost is None else Billed.NO
    return Failure(error="Interrupted", what=tr("Stopped by the user."), billed=billed)
