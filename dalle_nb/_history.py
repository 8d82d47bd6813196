"""The view of everything ever made, like a dataframe: to look through, to narrow down, to take up again.

Lazy: a History is a question (a `Query`), asked of the store when its answer is looked at.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_nb._display import publish
from dalle_nb._errors import OptionError, ReferenceNotFound
from dalle_nb._gallery import compare_bundle, page_bundle
from dalle_nb._language import speaking, tr
from dalle_nb._lineage import Lineage, diff, lineage_of, request_facts
from dalle_nb._options import nearest
from dalle_nb._query import COLUMNS, Filter, Operator, Query
from dalle_nb._records import RunRecord
from dalle_nb._references import find_run
from dalle_nb._run import Picture, Run

if TYPE_CHECKING:
    import pandas as pd

    from dalle_nb._generator import ImageGenerator

EVERYTHING = Query()
PAGE = 50
"""Runs on a page."""


class History:
    """Runs of the store, newest first; ``where``, ``search`` and ``sort`` give a narrower History.

    ``history[12]`` is Run 12, ``history[-1]`` the newest one here, ``history["12/3"]`` a Picture, and
    ``history["prompt"]`` a column, as a list. Verbs such as ``save`` or ``tag`` act on every Run here.
    """

    def __init__(
        self, generator: ImageGenerator, query: Query = EVERYTHING, span: slice = slice(0, None)
    ) -> None:
        self._generator, self._query, self._span = generator, query, span

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, to filter and sort by."""
        return COLUMNS

    def __len__(self) -> int:
        start, stop, _ = self._span.indices(self._generator.store.count(self._query))
        return max(0, stop - start)

    def __iter__(self) -> Iterator[Run]:
        """Give the Runs in order, read page by page."""
        for start in range(0, len(self), PAGE):
            yield from self._runs(start, PAGE)

    def __getitem__(self, key: int | str) -> Any:
        """Return a Run by id (negative: counted from the newest here), a Picture, or a column.

        Raises:
            ReferenceNotFound: there is none (it is a KeyError).
        """
        if isinstance(key, str) and key in COLUMNS:
            return self.column(key)
        if isinstance(key, slice):
            raise TypeError(tr("Run ids are names, not places: use head(), tail() or page()."))
        if isinstance(key, int) and key < 0:
            return self._from_end(-key)
        run = Run(find_run(key, self._generator.store), self._generator)
        _, slash, index = str(key).partition("/")
        return run.picture(int(index)) if slash else run

    def column(self, name: str) -> list[Any]:
        """Return one column, in order. Costs are in millionths of a dollar."""
        start, stop, _ = self._span.indices(self._generator.store.count(self._query))
        return self._generator.store.column(self._query, _known(name))[start:stop]

    def where(self, **conditions: Any) -> History:
        """Return the Runs that meet all conditions.

        By column: ``model="x"`` (equal), ``status=["failed", "refused"]`` (any of), ``cost=(1000, None)``
        (from, up to; either may be None). ``tag="cat"`` means one of the tags, ``since`` and ``until`` the
        time it was asked: a date, a datetime, or text such as ``2026-11-22``.

        Raises:
            OptionError: there is no such column.
        """
        filters = [each for name, value in conditions.items() for each in _filters(name, value)]
        return self._with(self._query.narrowed(*filters))

    def search(self, text: str) -> History:
        """Return the Runs whose prompt, tags or model hold every word of the text, in any language."""
        return self._with(replace(self._query, words=(*self._query.words, *text.split())))

    def sort(self, by: str, *, descending: bool | None = None) -> History:
        """Return the Runs in the order of a column; ``-cost`` is the dearest first."""
        name = _known(by.removeprefix("-"))
        down = by.startswith("-") if descending is None else descending
        return self._with(replace(self._query, order=name, descending=down))

    @property
    def trash(self) -> History:
        """The Runs that were deleted and not yet purged."""
        return History(self._generator, Query(deleted=True))

    def head(self, n: int = 5) -> History:
        """Return the first ``n`` here: the newest, unless sorted otherwise."""
        return self._part(0, n)

    def tail(self, n: int = 5) -> History:
        """Return the last ``n`` here."""
        return self._part(max(0, len(self) - n), n)

    def page(self, number: int = 1) -> History:
        """Return a page of fifty, counted from 1."""
        return self._part((max(1, number) - 1) * PAGE, PAGE)

    def to_pandas(self) -> pd.DataFrame:
        """Return all columns as a dataframe, by id; costs in millionths of a dollar, times in UTC."""
        import pandas as pd

        return pd.DataFrame({name: self.column(name) for name in COLUMNS}).set_index("id")

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write all columns as CSV to a path, or return them as text."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        columns = [self.column(name) for name in COLUMNS]
        writer.writerows(_harmless(row) for row in zip(*columns, strict=True))
        if path is None:
            return text.getvalue()
        # The mark at the beginning makes spreadsheets read Chinese as Chinese.
        Path(path).write_text(text.getvalue(), encoding="utf-8-sig", newline="")
        return None

    def rerun(self, *, yes: bool = False, **changes: Any) -> list[Run]:
        """Ask again what every Run here asked, changed as said; what all may cost together is asked first.

        Raises:
            ConfirmationNeeded: together they are dear; say ``yes=True``.
        """
        return self._generator.ask_all([("", {"rerun": each, **changes}) for each in self], yes=yes)

    def vary(self, n: int = 1, strength: str = "subtle", *, yes: bool = False, **options: Any) -> list[Run]:
        """Draw variations of the first picture of every Run here; see `rerun`."""
        options = {"n": n, "strength": strength, **options}
        return self._generator.ask_all([("", {"vary": each, **options}) for each in self], yes=yes)

    def edit(self, prompt: str, mask: Any = None, *, yes: bool = False, **options: Any) -> list[Run]:
        """Draw the first picture of every Run here anew as the prompt says; see `rerun`."""
        options = {"mask": mask, **options}
        return self._generator.ask_all([(prompt, {"edit": each, **options}) for each in self], yes=yes)

    def save(self, where: str | os.PathLike[str], **how: Any) -> list[Path]:
        """Save the pictures of every Run here to a folder or pattern, and return the paths."""
        return [path for run in self for path in run.save(where, **how)]

    def code(self, language: str = "python") -> str:
        """Return programs that repeat every Run here, one after the other."""
        return "\n".join(run.code(language) for run in self)

    def tag(self, *tags: str) -> History:
        """Give every Run here tags to find it by."""
        self._generator.store.tag(self._ids(), *tags)
        return self

    def untag(self, *tags: str) -> History:
        """Take tags away again."""
        self._generator.store.untag(self._ids(), *tags)
        return self

    def star(self, on: bool = True) -> History:
        """Star every Run here, or take the stars away."""
        self._generator.store.star(self._ids(), on=on)
        return self

    def delete(self) -> int:
        """Put every Run here into the trash, from where ``history.trash`` restores it; return how many."""
        return self._generator.store.delete(self._ids())

    def restore(self) -> int:
        """Take every Run here out of the trash; return how many."""
        return self._generator.store.restore(self._ids())

    def purge(self) -> int:
        """Delete every Run here for good: rows, pictures, inputs and quarantine; return how many."""
        return self._generator.store.purge(self._ids())

    def lineage(self, reference: Any) -> Lineage:
        """Return the tree of what came from what, around a Run."""
        store = self._generator.store
        return lineage_of(find_run(reference, store), store)

    def compare(self, *references: Any, long_edge: int = 1024) -> Comparison:
        """Return pictures side by side, and what was asked otherwise for each: those named, else all here."""
        chosen = [self[each] if isinstance(each, int | str) else each for each in references] or list(self)
        pictures = tuple(each if isinstance(each, Picture) else each.picture(1) for each in chosen)
        return Comparison(pictures, tuple(picture.run.record for picture in pictures), long_edge)

    def diff(self, a: Any, b: Any) -> dict[str, tuple[Any, Any]]:
        """Return what two Runs asked differently: by name, the value of each."""
        store = self._generator.store
        return diff(find_run(a, store), find_run(b, store))

    def _with(self, query: Query) -> History:
        return History(self._generator, query)

    def _part(self, start: int, n: int) -> History:
        first = self._span.start + start
        last = first + max(0, n)
        stop = last if self._span.stop is None else min(last, self._span.stop)
        return History(self._generator, self._query, slice(first, stop))

    def _runs(self, start: int, limit: int) -> list[Run]:
        first = self._span.start + start
        limit = min(limit, len(self) - start)
        return [
            Run(record, self._generator) for record in self._generator.store.select(self._query, limit, first)
        ]

    def _ids(self) -> list[int]:
        return [int(each) for each in self.column("id")]

    def _from_end(self, back: int) -> Run:
        newest = replace(self._query, order="id", descending=True)
        found = self._generator.store.select(newest, 1, back - 1)
        if not found:
            raise ReferenceNotFound(
                tr("The history does not reach back to {reference}.", reference=-back),
                tr("Draw something first."),
            )
        return Run(found[0], self._generator)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        total, store = len(self), self._generator.store
        records = [run.record for run in self._runs(0, PAGE)]
        small = store.thumbnails([picture.sha256 for run in records for picture in run.pictures[:3]])
        words = " ".join(run.request.prompt[:20] for run in records[:5])
        with speaking(self._generator.settings.tongue(words)):
            return page_bundle(records, small, 1, total)

    def __repr__(self) -> str:
        records = [run.record for run in self._runs(0, PAGE)]
        return str(page_bundle(records, {}, 1, len(self))[0]["text/plain"])


@dataclass(frozen=True, slots=True)
class Comparison:
    """Pictures side by side, and what was asked otherwise for each."""

    pictures: tuple[Picture, ...]
    records: tuple[RunRecord, ...]
    long_edge: int = 1024

    @property
    def differences(self) -> list[tuple[str, ...]]:
        """Rows: what differs, and its value for each picture in turn."""
        asked = [request_facts(record) for record in self.records]
        names = dict.fromkeys(name for facts in asked for name in facts)
        rows = [(name, *(str(facts.get(name, "")) for facts in asked)) for name in names]
        return [row for row in rows if len(set(row[1:])) > 1]

    def _ipython_display_(self) -> None:
        tiles = [(picture.reference, picture.bytes) for picture in self.pictures]
        for bundle in compare_bundle(tiles, self.differences, self.long_edge):
            publish(bundle)


def _known(name: str) -> str:
    if name not in COLUMNS:
        raise OptionError(
            tr("The history has no column {name}.", name=repr(name)),
            tr("Try: {spelling}", spelling=nearest(name, COLUMNS)),
        )
    return name


def _filters(name: str, value: Any) -> list[Filter]:
    if name in ("since", "until"):
        operator: Operator = "from" if name == "since" else "before"
        return [Filter(column="created", operator=operator, value=_moment(name, value))]
    if name == "tag":
        return [Filter(column="tags", operator="has", value=value)]
    column = _known(name)
    if isinstance(value, tuple):
        low, high = value
        lower = [] if low is None else [Filter(column=column, operator="from", value=low)]
        return lower + ([] if high is None else [Filter(column=column, operator="upto", value=high)])
    if isinstance(value, list | set | frozenset):
        return [Filter(column=column, operator="in", value=tuple(value))]
    return [Filter(column=column, operator="is", value=value)]


def _moment(name: str, said: date | datetime | str) -> datetime:
    """Return the moment that is meant, in UTC where no zone is said; ``until`` a day takes all of it in."""
    try:
        moment = datetime.fromisoformat(said) if isinstance(said, str) else said
    except ValueError:
        raise OptionError(
            tr("{said} is no date.", said=repr(said)),
            tr("Write it like this: {name}='2026-11-22'.", name=name),
        ) from None
    whole_day = (isinstance(said, str) and len(said) <= len("2026-11-22")) or not isinstance(moment, datetime)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment + timedelta(days=1) if whole_day and name == "until" else moment


def _harmless(row: Sequence[Any]) -> list[Any]:
    # A spreadsheet runs a cell that begins like a formula.
    return [f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" else cell for cell in row]
