"""What can be looked up in a store: Runs by name, filter or word, what came of what, the bytes of pictures.

Changes nothing but the thumbnails, which are made when they are first asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from dalle_nb._errors import StoreError
from dalle_nb._language import tr
from dalle_nb._query import Filter, Query
from dalle_nb._records import PictureRecord, RunRecord, Status
from dalle_nb._store.files import Files
from dalle_nb._store.ledger import Entry, entries, total
from dalle_nb._store.queries import (
    HANDFUL,
    add_thumbnails,
    ancestors,
    answering_runs,
    batches,
    count_children,
    count_runs,
    find_thumbnails,
    good_runs,
    is_under_way,
    one_run,
    picture_with,
    select_column,
    select_rows,
    select_runs,
)
from dalle_nb._store.sqlite import Database
from dalle_nb._store.troubles import explained
from dalle_nb._thumbnails import thumbnail

THUMBNAIL = 96
"""Long edge of the thumbnails that are kept, in pixels."""


class Shelf:
    """The reading half of a Store."""

    def __init__(self, home: Path, files: Files, database: Database) -> None:
        self.home = home
        self._files = files
        self._database = database

    def run(self, reference: int | str) -> RunRecord:
        """Return the Run of an id or uid, deleted or not.

        Raises:
            ReferenceNotFound: there is none.
        """
        with self._database.reading() as connection:
            return one_run(connection, reference)

    def newest(self, limit: int, offset: int = 0) -> list[RunRecord]:
        """Return Runs, newest first, those that are deleted left out."""
        return self.select(Query(), limit, offset)

    def select(self, query: Query, limit: int | None = None, offset: int = 0) -> list[RunRecord]:
        """Return the Runs that are meant, in order.

        Raises:
            OptionError: the history has no such column, or a value is none of its kind.
        """
        with self._database.reading() as connection:
            return select_runs(connection, query, limit, offset)

    def column(self, query: Query, name: str) -> list[Any]:
        """Return one column of the Runs that are meant, in order; OptionError as for `select`."""
        with self._database.reading() as connection:
            return select_column(connection, query, name)

    def rows(
        self, query: Query, names: Sequence[str], limit: int | None = None, offset: int = 0
    ) -> list[tuple[Any, ...]]:
        """Return several columns of the Runs that are meant, as of one moment; OptionError as for `select`."""
        with self._database.reading() as connection:
            return select_rows(connection, query, names, limit, offset)

    def ids(self, query: Query) -> list[int]:
        """Return the ids of the Runs that are meant, in order; OptionError as for `select`."""
        return self.column(query, "id")

    def count(self, query: Query = Query()) -> int:  # noqa: B008 - it is frozen
        """Return how many Runs are meant; by default all that are not deleted."""
        with self._database.reading() as connection:
            return count_runs(connection, query)

    def find(
        self, identity: str, *, backend: str, model: str, without: Collection[str] = ()
    ) -> RunRecord | None:
        """Return the newest good Run of an identical Request, drawn there by that model, its files at hand.

        ``without`` are uids of Runs that are not meant.
        """
        with self._database.reading() as connection:
            found = good_runs(connection, identity, backend, model, without)
        return next((run for run in found if run.pictures and self._has_all(run)), None)

    def answers(self, identities: Sequence[str]) -> list[RunRecord]:
        """Return the Runs that need not be drawn again: for each identity, and each backend and model, one.

        One that went well, its files at hand; else one that is being drawn now; else one that was refused.
        """
        found: list[RunRecord] = []
        for some in batches(identities, HANDFUL):
            with self._database.reading() as connection:
                found += answering_runs(connection, some)
        return [
            run for run in found if run.status is not Status.DONE or (run.pictures and self._has_all(run))
        ]

    def is_under_way(self, uid: str) -> bool:
        """Return whether a process is drawing a Run; one that was sent off in a Job is not under way here."""
        with self._database.reading() as connection:
            return is_under_way(connection, uid)

    def spent(self, since: datetime | None = None) -> int:
        """Return the known costs of all Runs asked at or after ``since``, in millionths of a dollar."""
        with self._database.reading() as connection:
            return total(connection, since)

    def ledger(self, by: str) -> tuple[Entry, ...]:
        """Return what was spent, summed by ``day``, ``model`` or ``notebook``.

        Raises:
            OptionError: it cannot be summed by that.
        """
        with self._database.reading() as connection:
            return tuple(entries(connection, by))

    def count_children(self, uid: str) -> int:
        """Return how many Runs name that one as their parent."""
        with self._database.reading() as connection:
            return count_children(connection, uid)

    def children(self, uid: str) -> list[RunRecord]:
        """Return the Runs that name that one as their parent, oldest first, those that are deleted left out."""
        return self.select(
            Query(filters=(Filter(column="parent", operator="is", value=uid),), descending=False)
        )

    def ancestors(self, uid: str) -> list[RunRecord]:
        """Return the Run that one came from, the one that came from, and so on, as far as they are there."""
        with self._database.reading() as connection:
            return ancestors(connection, uid)

    def identify(self, picture: bytes | str) -> tuple[RunRecord, PictureRecord] | None:
        """Return whose picture a file holds, by its bytes or their sha256; None for one that is not ours."""
        name = picture if isinstance(picture, str) else hashlib.sha256(picture).hexdigest()
        with self._database.reading() as connection:
            row = picture_with(connection, name)
            run = one_run(connection, row["run"]) if row else None
        if row is None or run is None:
            return None
        return run, next(each for each in run.pictures if each.index == row["index"])

    def thumbnails(self, names: Iterable[str]) -> dict[str, bytes]:
        """Return small pictures, JPEG or PNG, by the sha256 of those they show; what cannot be read is left out."""
        wanted = list(dict.fromkeys(names))
        with self._database.reading() as connection:
            found = find_thumbnails(connection, wanted)
        made = {}
        for name in wanted:
            # A picture that is gone or spoilt is told where it is asked for itself.
            with suppress(StoreError, OSError, ValueError):
                if name not in found:
                    made[name] = thumbnail(self.read(name), THUMBNAIL).data
        if made:
            with self._database.writing(lasting=False) as connection:
                add_thumbnails(connection, made)
        return found | made

    def read(self, sha256: str) -> bytes:
        """Return the bytes of a picture or input, proved to be those that were kept."""
        path = self.path(sha256)
        with explained(self.home):
            data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreError(
                tr("The file of {what} has been changed: {path}.", what=self._whose(sha256)[0], path=path),
                tr("Put the file back from a backup, or draw the picture again."),
            )
        return data

    def path(self, sha256: str) -> Path:
        """Return the file that holds the bytes of that sha256.

        Raises:
            StoreError: it is gone.
        """
        path = self._files.find(sha256)
        if path is None:
            what, path = self._whose(sha256)
            raise StoreError(
                tr("The file of {what} is gone: {path}.", what=what, path=path),
                tr("Put the file back from a backup, or draw the picture again."),
            )
        return path

    def _has_all(self, run: RunRecord) -> bool:
        return all(self._files.find(picture.sha256) for picture in run.pictures)

    def _whose(self, sha256: str) -> tuple[str, Path]:
        """Return in words whose the bytes of that sha256 are, and the file where they belong."""
        with self._database.reading() as connection:
            row = picture_with(connection, sha256)
        if row is None:
            return tr("an input picture"), self._files.path(sha256, "")
        words = tr("picture {index} of Run #{run}", index=row["index"], run=row["run"])
        return words, self._files.path(sha256, row["media_type"])
