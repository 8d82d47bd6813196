"""Sends Items off as a Job: plans and money first, then files of requests, then rows, and only then batches.

Nothing is paid before the rows are written, and what is written names the Job, so that whatever dies on the
way, nothing that is paid for is lost. Must not know what comes back.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_nb._display import say
from dalle_nb._errors import DrawError, OptionError, RequestError
from dalle_nb._jobs.collecting import name_line
from dalle_nb._jobs.job import Job, batches_of
from dalle_nb._language import speaking, tr
from dalle_nb._money import agree
from dalle_nb._place import notebook_of_now
from dalle_nb._prices import discounted
from dalle_nb._records import Billed, JobPart, JobRecord, Kind, Plan, RunRecord
from dalle_nb._seats import Seat, outlook, take_seats

if TYPE_CHECKING:
    from dalle_nb._catalog import BatchTerms
    from dalle_nb._generator import ImageGenerator
    from dalle_nb._items import Item
    from dalle_nb.backends.openai.jobs import Batches

_UNFIT = ("partials", "save")
"""Options that mean something only while somebody waits."""


def submit(
    generator: ImageGenerator,
    items: Sequence[Item],
    *,
    resume: bool = True,
    yes: bool = False,
    budget: float | None = None,
    namespace: Mapping[str, Any] | None = None,
) -> Job:
    """Send Items off as a Job; with ``resume`` only those that are neither drawn nor under way.

    Raises:
        RequestError: an Item breaks rules, or the backend takes no jobs; nothing was sent.
        MoneyError: a budget or a question stands before it; nothing was sent.
        DrawError: nothing of it could be sent.
    """
    server = batches_of(generator)
    with speaking(generator.settings.tongue(" ".join(item.prompt for item in items[:5]))):
        seats = take_seats(generator, items, resume=resume, namespace=namespace)
        missing = _missing(generator, seats, resume=resume)
        plans = [seat.plan for seat in missing]
        agree(plans, above=generator.settings.confirm_above, yes=yes, budget=budget)
        say(outlook(missing))
        record, trouble = _send(generator, server, missing, namespace)
    job = Job(record, generator)
    if trouble is not None and all(part.status == "unsent" for part in record.parts):
        job.collect()
        raise trouble
    return job


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A file of requests that grows until it is as large as one may be."""

    path: Path
    kind: Kind
    requests: int = 0
    size: int = 0
    most_bytes: int = 0
    runs: list[RunRecord] = field(default_factory=list)

    def takes(self, lines: Sequence[bytes], terms: BatchTerms) -> bool:
        fits = self.size + sum(map(len, lines)) <= terms.max_bytes
        return fits and self.requests + len(lines) <= terms.max_requests

    def add(self, run: RunRecord, lines: Sequence[bytes], most_bytes: int) -> None:
        with self.path.open("ab") as file:
            file.writelines(lines)
        self.requests += len(lines)
        self.size += sum(map(len, lines))
        self.most_bytes = max(self.most_bytes, most_bytes)
        self.runs.append(run)


def _missing(generator: ImageGenerator, seats: Sequence[Seat], *, resume: bool) -> list[Seat]:
    """Return the seats to be sent, at the price of a job. RequestError where there are none, or one is no job's."""
    away = generator.store.at_server([seat.plan.request.identity for seat in seats]) if resume else ()
    left = [seat for seat in seats if seat.there is None and seat.plan.request.identity not in away]
    if not left:
        what = tr("All of it is drawn, or under way.")
        raise RequestError(what, tr("See dn.jobs and dn.history; resume=False asks for it anew."))
    return [replace(seat, plan=_discounted(generator, _fit(seat))) for seat in left]


def _send(
    generator: ImageGenerator,
    server: Batches,
    seats: Sequence[Seat],
    namespace: Mapping[str, Any] | None = None,
) -> tuple[JobRecord, DrawError | None]:
    """Return the Job as it was sent, and why a part of it could not be.

    Raises:
        DrawError: the files could not be sent up; nothing is left behind.
        BudgetError: all of it could cross the budget.
    """
    uid = uuid.uuid4().hex
    with tempfile.TemporaryDirectory(prefix="dalle-nb-") as folder:
        drafts = _write(generator, server, seats, Path(folder), namespace)
        parts = [
            JobPart(
                kind=draft.kind,
                input=server.upload_requests(draft.path),
                requests=draft.requests,
                most_bytes=draft.most_bytes,
                metadata={"dalle_nb": uid, "part": str(number)},
            )
            for number, draft in enumerate(drafts, start=1)
        ]
    now = datetime.now(UTC)
    job = JobRecord(id=0, uid=uid, created=now, server=server.address, owner=None, parts=tuple(parts))
    members = [(number, run) for number, draft in enumerate(drafts) for run in draft.runs]
    return _create(generator, server, generator.store.begin_job(job, members, generator.budget))


def _create(generator: ImageGenerator, server: Batches, job: JobRecord) -> tuple[JobRecord, DrawError | None]:
    """Have the batches made, and write the server's name for each down as soon as it is told."""
    trouble: DrawError | None = None
    try:
        for number, part in enumerate(job.parts):
            try:
                made = part.merged(server.create(part))
            except DrawError as error:
                trouble = error
                # Where the answer was lost it may have been made: `Job.refresh` looks for it.
                status = "unsent" if error.billed is Billed.NO else part.status
                made = replace(part, status=status, problem=error.what)
            parts = (*job.parts[:number], made, *job.parts[number + 1 :])
            job = generator.store.save_job(replace(job, parts=parts))
    finally:
        job = generator.store.save_job(replace(job, owner=None))
    return job, trouble


def _fit(seat: Seat) -> Plan:
    unfit = [name for name in _UNFIT if seat.item.options.get(name)]
    if unfit or seat.plan.kind is Kind.VARIATION or seat.plan.backend != "openai":
        what = tr("{what} cannot go into a job.", what=", ".join(unfit) or seat.item.prompt[:80])
        raise OptionError(what, tr("Leave it out, or draw it at once, without via=."))
    return seat.plan


def _discounted(generator: ImageGenerator, plan: Plan) -> Plan:
    catalog = generator.catalog
    model = catalog.model(plan.model)
    guessed = model.price.batch_factor is None
    return replace(plan, estimate=discounted(plan.estimate, catalog.batch_factor(model), about=guessed))


def _write(
    generator: ImageGenerator,
    server: Batches,
    seats: Sequence[Seat],
    folder: Path,
    namespace: Mapping[str, Any] | None,
) -> list[_Draft]:
    """Return the files of requests, one or more for each kind and model, their input pictures sent up."""
    from dalle_nb.backends.openai.exchange import most_bytes

    drafts: list[_Draft] = []
    growing: dict[tuple[Kind, str], _Draft] = {}
    uploaded: dict[str, str] = {}
    for plan, run in _runs(generator, seats, namespace):
        server.upload_inputs(plan.request, uploaded)
        lines = [
            server.write(name_line(run.uid, number), plan, call, uploaded)
            for number, call in enumerate(plan.calls, start=1)
        ]
        # One file is for one model (the Batch API's own rule).
        draft = growing.get((plan.kind, plan.model))
        if draft is None or not draft.takes(lines, generator.catalog.batch):
            draft = _Draft(path=folder / f"requests-{len(drafts) + 1}.jsonl", kind=plan.kind)
            growing[plan.kind, plan.model] = draft
            drafts.append(draft)
        draft.add(run, lines, max(most_bytes(call.parameters) for call in plan.calls))
    return drafts


def _runs(
    generator: ImageGenerator, seats: Sequence[Seat], namespace: Mapping[str, Any] | None
) -> Iterator[tuple[Plan, RunRecord]]:
    """Give each seat's plan with the bytes of its pictures, one at a time, and the Run that no row tells of yet."""
    notebook = notebook_of_now()
    for seat in seats:
        asked, plan = generator.prepare(
            seat.item.prompt, seat.item.options, namespace=namespace, sample=seat.sample
        )
        plan = replace(plan, estimate=seat.plan.estimate)
        tags = asked.call.get("tag") or ()
        run = generator.store.asked(
            plan,
            parent=asked.parent.uid if asked.parent else None,
            notebook=notebook,
            tags=(tags,) if isinstance(tags, str) else tags,
        )
        yield plan, run
