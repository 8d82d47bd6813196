"""Jobs as a Store keeps them: what was sent off where, and which Runs wait for it.

The Runs of a Job are rows like any other, reserved before the server may draw them; only their owner is
the server. Must not know what a server is asked or answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from dalle_nb._errors import ReferenceNotFound
from dalle_nb._language import tr
from dalle_nb._money import together
from dalle_nb._records import Estimate, JobPart, JobRecord, Kind, RunRecord
from dalle_nb._store.desk import Desk
from dalle_nb._store.ledger import Budget, reserve
from dalle_nb._store.owners import SERVER, alive, owner
from dalle_nb._store.queries import HANDFUL, batches, insert_run
from dalle_nb._store.schema import inputs, job_runs, jobs, runs, words

Members = Sequence[tuple[int, RunRecord]]
"""Runs, each with the place of its part in the Job."""

_TIMES = ("created", "expires")


class JobDesk(Desk):
    """The part of a Store where Jobs are."""

    def begin_job(self, job: JobRecord, members: Members, budget: Budget | None = None) -> JobRecord:
        """Write down that Runs will be drawn as a Job, and reserve what they may cost; all of them or none.

        Those that are here already are taken up as they are.

        Raises:
            BudgetError: the budget could be crossed.
        """
        with self._database.writing() as connection:
            row = {**_row(job), "owner": owner()}
            key = connection.execute(insert(jobs), row).inserted_primary_key
            assert key is not None
        job = replace(job, id=int(key[0]), owner=owner())
        try:
            # Not all at once, so that no other kernel waits long for its turn.
            for some in batches(members, HANDFUL):
                with self._database.writing() as connection:
                    _reserve(connection, [run.estimate for _, run in some], budget)
                    _insert_members(connection, job.id, some)
        except BaseException:
            self._forget(job.id)
            raise
        return job

    def save_job(self, job: JobRecord) -> JobRecord:
        """Write down how a Job stands now, and return it."""
        with self._database.writing() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(_row(job)))
        return job

    def job(self, reference: int | str) -> JobRecord:
        """Return the Job of an id or uid.

        Raises:
            ReferenceNotFound: there is none.
        """
        column = jobs.c.id if isinstance(reference, int) else jobs.c.uid
        with self._database.reading() as connection:
            row = connection.execute(select(jobs).where(column == reference)).mappings().first()
        if row is None:
            what = tr("There is no job {reference}.", reference=reference)
            raise ReferenceNotFound(what, tr("%dalle_jobs lists those there are."))
        return _job(row)

    def jobs(self, limit: int | None = None) -> list[JobRecord]:
        """Return Jobs, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(jobs).order_by(jobs.c.id.desc()).limit(limit)).mappings().all()
        return [_job(row) for row in rows]

    def count_jobs(self) -> int:
        """Return how many Jobs there are."""
        with self._database.reading() as connection:
            return int(connection.scalar(select(func.count()).select_from(jobs)) or 0)

    def members(self, job: int, part: int | None = None, *, waiting: bool = False) -> list[str]:
        """Return the uids of a Job's Runs, or of one part's, in order; all, or those that still wait."""
        meant = select(runs.c.uid).join(job_runs, job_runs.c.run == runs.c.id).where(job_runs.c.job == job)
        if part is not None:
            meant = meant.where(job_runs.c.part == part)
        if waiting:
            meant = meant.where(runs.c.owner == SERVER)
        with self._database.reading() as connection:
            return list(connection.scalars(meant.order_by(runs.c.id)))

    def at_server(self, identities: Sequence[str]) -> set[str]:
        """Return those of the identities of Requests that wait at a server."""
        found: set[str] = set()
        for some in batches(identities, HANDFUL):
            waiting = select(runs.c.identity).where(runs.c.identity.in_(some), runs.c.owner == SERVER)
            with self._database.reading() as connection:
                found |= set(connection.scalars(waiting))
        return found

    def is_being_sent(self, job: JobRecord) -> bool:
        """Return whether a process that lives is still sending the Job off."""
        return job.owner is not None and alive(job.owner, job.created)

    def _forget(self, job: int) -> None:
        """Take back a Job of which nothing was sent."""
        with self._database.writing() as connection:
            own = select(job_runs.c.run).join(runs, runs.c.id == job_runs.c.run).where(runs.c.owner == SERVER)
            numbers = list(connection.scalars(own.where(job_runs.c.job == job)))
            connection.execute(delete(job_runs).where(job_runs.c.job == job))
            for some in batches(numbers, HANDFUL):
                for table, key in ((words, words.c.run), (inputs, inputs.c.run), (runs, runs.c.id)):
                    connection.execute(delete(table).where(key.in_(some)))
            connection.execute(delete(jobs).where(jobs.c.id == job))


def _reserve(connection: Connection, estimates: Sequence[Estimate | None], budget: Budget | None) -> None:
    if budget is not None:
        reserve(connection, None if None in estimates else together(estimates), budget)


def _insert_members(connection: Connection, job: int, members: Members) -> None:
    uids = [run.uid for _, run in members]
    known = {
        row.uid: row.id
        for row in connection.execute(select(runs.c.uid, runs.c.id).where(runs.c.uid.in_(uids)))
    }
    rows = [
        {"run": known.get(run.uid) or insert_run(connection, run, owner=SERVER), "job": job, "part": part}
        for part, run in members
    ]
    connection.execute(insert(job_runs), rows)


def _row(job: JobRecord) -> dict[str, Any]:
    return {field.name: getattr(job, field.name) for field in fields(job) if field.name != "id"}


def _job(row: RowMapping) -> JobRecord:
    return JobRecord(**{**row, "parts": tuple(map(_part, row["parts"]))})


def _part(form: dict[str, Any]) -> JobPart:
    times = {name: datetime.fromisoformat(form[name]) if form[name] else None for name in _TIMES}
    return JobPart(**{**form, **times, "kind": Kind(form["kind"])})
