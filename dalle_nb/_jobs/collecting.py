"""Takes what came of a part of a Job into the store: each answer to the Run that asked for it, once.

Lines come in any order and are joined by the name they bear. A Run that is finished is passed over, so that
reading a file again adds nothing. Must not know HTTP.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dalle_nb._backend import Called, DrawEvent, Terms
from dalle_nb._drawing import Drawing
from dalle_nb._errors import BadAnswer, DrawError, StoreError, StoreUnwritable
from dalle_nb._language import speaking, tr
from dalle_nb._records import Attempt, Billed, Call, JobPart, JobRecord, Plan, Request, RunRecord, Status

if TYPE_CHECKING:
    from dalle_nb._generator import ImageGenerator
    from dalle_nb._store import Store
    from dalle_nb.backends.openai.jobs import Batches

_OURS = re.compile(r"([0-9a-f]{32})-(\d{1,3})")


def name_line(uid: str, number: int) -> str:
    """Return the name that the line of call ``number`` (from 1) of a Run bears."""
    return f"{uid}-{number}"


def read_name(name: str, remote: str) -> tuple[str, int]:
    """Return the uid and call that a line's name means; what another program named has a uid all the same."""
    ours = _OURS.fullmatch(name)
    if ours:
        return ours[1], int(ours[2])
    return hashlib.sha256(f"{remote} {name}".encode()).hexdigest()[:32], 1


def collect_part(job: JobRecord, number: int, generator: ImageGenerator, server: Batches) -> None:
    """Finish every Run of a part that has ended: with what came for it, or with the reason why nothing did.

    Raises:
        DrawError: the results cannot be had, or broke off; what had come is kept.
        StoreError: they cannot be kept.
    """
    part = job.parts[number]
    harvest = _Harvest(generator, server, part, set(generator.store.members(job.id, number, waiting=True)))
    if harvest.waiting and (part.output or part.completed):
        harvest.read(part.output, at_least=part.completed)
    if harvest.waiting and part.errors:
        harvest.read(part.errors)
    for uid in sorted(harvest.waiting):
        harvest.close(uid, _why_undrawn(part))


class _Harvest:
    """One reading of the results of a part."""

    def __init__(self, generator: ImageGenerator, server: Batches, part: JobPart, waiting: set[str]) -> None:
        self._generator, self._server, self._part = generator, server, part
        self.waiting = waiting
        self._begun: dict[str, tuple[Drawing, set[int]]] = {}
        """Runs of several calls, of which some have been told."""

    def read(self, file: str, at_least: int = 0) -> None:
        """Take in every line of a file. DrawError where it has fewer than the server counted."""
        from dalle_nb.backends.openai.jobs import broken_off, read_line, says_undrawn

        lines = 0
        for data in self._server.lines(file, self._part.most_bytes) if file else ():
            name, line = read_line(data)
            lines += 1
            if name is not None and not says_undrawn(line):
                self._take(*read_name(name, self._part.remote), data, line)
        if lines < at_least:
            raise broken_off()

    def _take(self, uid: str, number: int, data: bytes, line: Mapping[str, Any] | None) -> None:
        if uid not in self.waiting:
            return  # finished before, or a stranger's
        drawing, told = self._drawing(uid)
        calls = len(drawing.plan.calls)
        if number in told or not 1 <= number <= calls:
            return
        told.add(number)
        self._let(drawing, self._server.recall(drawing.plan, number, data, line))
        if len(told) == calls:
            self._finish(uid, drawing)

    def close(self, uid: str, error: DrawError) -> None:
        """Finish a Run of which no more will come."""
        drawing, told = self._drawing(uid)
        if self._part.status in ("cancelled", "forgotten"):
            drawing.terms.cancel.set()
        self._let(drawing, _nothing_came(len(told) + 1, error))
        self._finish(uid, drawing)

    def _drawing(self, uid: str) -> tuple[Drawing, set[int]]:
        """Return the drawing of a Run, and which of its calls have been told."""
        if uid not in self._begun:
            store = self._generator.store
            record = store.run(uid)
            plan = _plan_of(record, self._part)
            whole = _with_inputs(plan, store) if self._generator.is_strict(plan) else None
            backend, strict = self._generator.backend, whole is not None
            self._begun[uid] = Drawing(whole or plan, record, backend, store, Terms(), strict=strict), set()
        return self._begun[uid]

    def _let(self, drawing: Drawing, events: Iterator[DrawEvent]) -> None:
        earlier, drawing.error = drawing.error, None
        with speaking(self._generator.settings.tongue(drawing.record.request.prompt)):
            drawing.take_in(events)
        if drawing.error is not None and not isinstance(drawing.error, DrawError):
            # An Interrupt or a full disk is no answer: the Run goes on waiting, and its line is read again.
            raise drawing.error
        drawing.error = earlier or drawing.error

    def _finish(self, uid: str, drawing: Drawing) -> None:
        drawing.finish()
        if drawing.record.status is Status.ASKED:
            what = tr("What became of Run {id} could not be written down.", id=drawing.record.id)
            raise StoreUnwritable(
                what, tr("Make room in {home}, and collect again.", home=drawing.store.home)
            )
        self.waiting.discard(uid)
        del self._begun[uid]


def _nothing_came(number: int, error: DrawError) -> Iterator[DrawEvent]:
    if error.billed is not Billed.NO:
        attempt = Attempt(number=number, seconds=0.0, billed=Billed.UNKNOWN, outcome=type(error).__name__)
        yield Called(attempt=attempt)
    raise error


def _plan_of(record: RunRecord, part: JobPart) -> Plan:
    return Plan(
        request=record.request,
        backend=record.backend,
        kind=part.kind,
        model=record.model,
        calls=tuple(Call(parameters=sent) for sent in record.sent),
        estimate=record.estimate,
    )


def _with_inputs(plan: Plan, store: Store) -> Plan | None:
    """Return the plan with the bytes that a strict mask needs; None where this machine has them not."""
    request: Request = plan.request
    try:
        first = replace(request.inputs[0], data=store.read(request.inputs[0].sha256))
        mask = request.mask and replace(request.mask, data=store.read(request.mask.sha256))
    except StoreError:
        return None
    return replace(plan, request=replace(request, inputs=(first, *request.inputs[1:]), mask=mask))


def _why_undrawn(part: JobPart) -> DrawError:
    """Return why a request has no answer, by how its part ended."""
    again = tr("It was not billed. Send it again, or draw it at once.")
    if part.status == "unsent":
        what = tr("The job could not be sent: {problem}", problem=part.problem or tr("it was interrupted"))
        return DrawError(what, again, code="unsent", billed=Billed.NO)
    if part.status == "failed":
        what = tr("The server refused the job: {problem}", problem=part.problem or "?")
        return DrawError(what, tr("Nothing was drawn or billed. Mend what it names, and send the job again."),
                         code="batch_failed", billed=Billed.NO)  # fmt: skip
    if part.status == "expired":
        what = tr("The job's time was over before this was drawn.")
        return DrawError(what, again, code="batch_expired", billed=Billed.NO)
    if part.status == "cancelled":
        what = tr("The job was cancelled before this was drawn.")
        return DrawError(what, again, code="batch_cancelled", billed=Billed.NO)
    if part.status == "forgotten":
        what = tr("The job was forgotten before this came.")
        return DrawError(what, tr("It may have been billed."), code="forgotten", billed=Billed.UNKNOWN)
    what = tr("The job is done, but the server gave no answer for this.")
    return BadAnswer(what, tr("It may have been billed. Draw it again, or ask your provider."),
                     billed=Billed.UNKNOWN)  # fmt: skip
