"""Sweeps as a Store keeps them: how each was asked, and which Run stands at which of its places."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update

from dalle_nb._errors import ReferenceNotFound
from dalle_nb._language import tr
from dalle_nb._store.schema import sweeps
from dalle_nb._store.sqlite import Database

Kept = tuple[Mapping[str, Any], list[str]]
"""How a sweep was asked, and the uid of each place's Run; none where it did not come to its end."""


class Sweeps:
    """The table of sweeps; the same sweep asked again keeps its number."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, form: Mapping[str, Any], runs: Sequence[str] = ()) -> int:
        """Write down a sweep, or which Runs it has now, and return its number."""
        identity = hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()
        same = sweeps.c.identity == identity
        with self._database.writing() as connection:
            number = connection.scalar(select(sweeps.c.id).where(same))
            if number is None:
                row = {"created": datetime.now(UTC), "form": form, "identity": identity, "runs": list(runs)}
                key = connection.execute(insert(sweeps), row).inserted_primary_key
                assert key is not None
                return int(key[0])
            if runs:
                connection.execute(update(sweeps).where(same).values(runs=list(runs)))
            return int(number)

    def ids(self) -> list[int]:
        """Return the numbers of all sweeps, newest first."""
        with self._database.reading() as connection:
            return list(connection.scalars(select(sweeps.c.id).order_by(sweeps.c.id.desc())))

    def find(self, number: int) -> Kept:
        """Return a sweep.

        Raises:
            ReferenceNotFound: there is none of that number.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(sweeps).where(sweeps.c.id == number)).mappings().first()
        if row is None:
            what = tr("There is no sweep {number}.", number=number)
            raise ReferenceNotFound(what, tr("dalle_nb.sweeps lists those there are."))
        return row["form"], row["runs"]
