"""Sends Items off as a Job: plans and money first, then files of requests, then rows, and only then batches.

Nothing is paid before the rows are written, and what is written names the Job, so that whatever dies on the
way, nothing that is paid for is lost. Must not know what comes back.
"""

from __future__ import annotations

import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_nb._composing import sort_options
from dalle_nb._errors import DrawError, OptionError, RequestError
from dalle_nb._jobs.collecting import name_line
from dalle_nb._language import tr
from dalle_nb._money import MICROS, cap, confirm, together
from dalle_nb._place import notebook_of_now
from dalle_nb._prices import discounted
from dalle_nb._records import Billed, Blob, JobPart, JobRecord, Kind, Plan, RunRecord

if TYPE_CHECKING:
    from dalle_nb._catalog import BatchTerms
    from dalle_nb._generator import ImageGenerator
    from dalle_nb._items import Item
    from dalle_nb.backends.openai.jobs import Batches

MOST_TOLD = 5
"""Broken Items that one error names."""

_UNFIT = ("partials", "save")
"""Options that mean something only while somebody waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """An Item that keeps all rules."""

    item: Item
    plan: Plan
    """Without the bytes of its pictures: there may be thousands."""
    parent: str | None
    tags: tuple[str, ...]
    sample: int


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


def send(
    generator: ImageGenerator, server: Batches, items: Sequence[Item], options: Mapping[str, Any]
) -> tuple[JobRecord, DrawError | None]:
    """Return the Job as it was sent, and why a part of it could not be; raises as `submit` does."""
    orders = list(_orders(generator, items))
    _agree(generator, orders, options)
    with tempfile.TemporaryDirectory(prefix="dalle-nb-") as folder:
        drafts = _write(generator, server, orders, Path(folder))
        files = [server.upload_requests(draft.path) for draft in drafts]
    uid = uuid.uuid4().hex
    parts = tuple(
        JobPart(
            kind=draft.kind,
            input=file,
            requests=draft.requests,
            most_bytes=draft.most_bytes,
            metadata={"dalle_nb": uid, "part": str(number), "parts": str(len(drafts))},
        )
        for number, (draft, file) in enumerate(zip(drafts, files, strict=True), start=1)
    )
    record = JobRecord(
        id=0, uid=uid, created=datetime.now(UTC), server=server.address, owner=None, parts=parts
    )
    members = [(number, run) for number, draft in enumerate(drafts) for run in draft.runs]
    return _create(generator, server, generator.store.begin_job(record, members, generator.budget))


def _create(generator: ImageGenerator, server: Batches, job: JobRecord) -> tuple[JobRecord, DrawError | None]:
    """Have the batches made, and write the server's name for each down as soon as it is told."""
    trouble: DrawError | None = None
    try:
        for number, part in enumerate(job.parts):
            try:
                told = server.create(part)
                made = replace(told, requests=part.requests, most_bytes=part.most_bytes)
            except DrawError as error:
                trouble = error
                # Where the answer was lost it may have been made: `Job.refresh` looks for it.
                unsent = error.billed is Billed.NO
                made = replace(part, status="unsent" if unsent else part.status, problem=error.what)
            parts = (*job.parts[:number], replace(made, metadata=part.metadata), *job.parts[number + 1 :])
            job = generator.store.save_job(replace(job, parts=parts))
    finally:
        job = generator.store.save_job(replace(job, owner=None))
    return job, trouble


def _orders(generator: ImageGenerator, items: Sequence[Item]) -> Iterator[_Order]:
    """Give a plan for each Item. RequestError names the Items that break rules."""
    broken: list[str] = []
    seen: Counter[str] = Counter()
    for number, item in enumerate(items, start=1):
        try:
            order = _order(generator, item, seen)
        except RequestError as error:
            broken.append(tr("Item {number}: {what}", number=number, what=error.what))
            continue
        if not broken:
            yield order
    if broken:
        more = tr("… and {count} more", count=len(broken) - MOST_TOLD)
        told = broken[:MOST_TOLD] + ([more] if len(broken) > MOST_TOLD else [])
        raise RequestError("\n".join(told), tr("Nothing was sent. Mend them, or leave them out."))


def _order(generator: ImageGenerator, item: Item, seen: Counter[str]) -> _Order:
    unfit = [name for name in _UNFIT if item.options.get(name)]
    if unfit:
        raise OptionError(tr("{names} cannot go into a job.", names=", ".join(unfit)), tr("Leave it out."))
    asked, plan = generator.prepare(item.prompt, item.options)
    # The same words asked for several times mean several pictures.
    sample = seen[plan.request.identity]
    seen[plan.request.identity] += 1
    if plan.kind is Kind.VARIATION or plan.backend != "openai":
        raise OptionError(tr("This cannot go into a job."), tr("Draw it at once, without via=."))
    tags = asked.call.get("tag") or ()
    return _Order(
        item=item,
        plan=_discounted(generator, _stripped(plan)),
        parent=asked.parent.uid if asked.parent else None,
        tags=(tags,) if isinstance(tags, str) else tuple(tags),
        sample=sample,
    )


def _stripped(plan: Plan) -> Plan:
    request = plan.request
    bare = replace(
        request,
        inputs=tuple(map(_bare, request.inputs)),
        mask=request.mask and _bare(request.mask),
        markup=request.markup and _bare(request.markup),
    )
    return replace(plan, request=bare)


def _bare(blob: Blob) -> Blob:
    return replace(blob, data=None)


def _discounted(generator: ImageGenerator, plan: Plan) -> Plan:
    catalog = generator.catalog
    model = catalog.model(plan.model)
    price = discounted(plan.estimate, catalog.batch_factor(model), about=model.price.batch_factor is None)
    return replace(plan, estimate=price)


def _agree(generator: ImageGenerator, orders: Sequence[_Order], options: Mapping[str, Any]) -> None:
    """Let the Job pass if the user has agreed to what all of it may cost."""
    call, plans = sort_options(options).call, [order.plan for order in orders]
    if not plans:
        raise RequestError(tr("There is nothing to send."), tr("Give one prompt or more."))
    confirm(*plans, above=generator.settings.confirm_above, yes=bool(call.get("yes")))
    known = all(plan.estimate for plan in plans)
    whole = replace(plans[0], estimate=together([plan.estimate for plan in plans]) if known else None)
    budget = call.get("budget")
    cap(whole, None if budget is None else round(budget * MICROS))


def _write(
    generator: ImageGenerator, server: Batches, orders: Sequence[_Order], folder: Path
) -> list[_Draft]:
    """Return the files of requests, one or more for each kind and model, their input pictures sent up."""
    from dalle_nb.backends.openai.exchange import most_bytes

    drafts: list[_Draft] = []
    growing: dict[tuple[Kind, str], _Draft] = {}
    uploaded: dict[str, str] = {}
    notebook, terms = notebook_of_now(), generator.catalog.batch
    for order in orders:
        plan = _with_bytes(generator, order)
        server.upload_inputs(plan.request, uploaded)
        run = generator.store.asked(plan, parent=order.parent, notebook=notebook, tags=order.tags)
        lines = [
            server.write(name_line(run.uid, number), plan, call, uploaded)
            for number, call in enumerate(plan.calls, start=1)
        ]
        # One file is for one model (the Batch API's own rule).
        draft = growing.get((plan.kind, plan.model))
        if draft is None or not draft.takes(lines, terms):
            draft = _Draft(path=folder / f"requests-{len(drafts) + 1}.jsonl", kind=plan.kind)
            growing[plan.kind, plan.model] = draft
            drafts.append(draft)
        draft.add(run, lines, max(most_bytes(call.parameters) for call in plan.calls))
    return drafts


def _with_bytes(generator: ImageGenerator, order: _Order) -> Plan:
    request = order.plan.request
    if request.inputs:
        request = generator.prepare(order.item.prompt, order.item.options)[1].request
    return replace(order.plan, request=replace(request, sample=request.sample + order.sample))
