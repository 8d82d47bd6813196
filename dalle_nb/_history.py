"""The view of everything ever made, like a dataframe: to look through, to narrow down, to take up again.

Lazy: a History is a question (a `Query`), asked of the store when its answer is looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_nb._comparison import Comparison
from dalle_nb._errors import ConfirmationNeeded, OptionError, ReferenceNotFound, StoreUnwritable
from dalle_nb._frames import csv_of, frame_of
from dalle_nb._gallery import page_bundle, shown_first
from dalle_nb._language import speaking, tr
from dalle_nb._lineage import Lineage, diff, lineage_of
from dalle_nb._options import nearest
from dalle_nb._query import COLUMNS, PAGE, Filter, Query
from dalle_nb._references import find_run
from dalle_nb._run import Picture, Run

if TYPE_CHECKING:
    import pandas as pd

    from dalle_nb._generator import ImageGenerator
    from dalle_nb._narrowing import Narrowing
    from dalle_nb._render import Bundle

EVERYTHING, WHOLE = Query(), slice(0, None)

MOST_COMPARED = 12
"""Pictures on one sheet: more would each be too small to compare."""


class History:
    """Runs of the store, newest first; ``where``, ``search`` and ``sort`` give a narrower History.

    ``history[12]`` is Run 12, ``history[-1]`` the newest one here, ``history["12/3"]`` a Picture, and
    ``history["prompt"]`` a column, as a list. Verbs such as ``save`` or ``tag`` act on every Run here.
    """

    def __init__(self, generator: ImageGenerator, query: Query = EVERYTHING, span: slice = WHOLE) -> None:
        self._generator, self._query, self._span = generator, query, span

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, to filter and sort by."""
        return COLUMNS

    def __len__(self) -> int:
        start, stop, _ = self._span.indices(self._generator.store.count(self._query))
        return max(0, stop - start)

    def __iter__(self) -> Iterator[Run]:
        """Give the Runs that are here now, in order; what a loop draws or deletes does not disturb it."""
        ids, store = self._ids(), self._generator.store
        for start in range(0, len(ids), PAGE):
            some = ids[start : start + PAGE]
            wish = Filter(column="id", operator="in", value=some)
            found = {run.id: run for run in store.select(Query(filters=(wish,), deleted=self._query.deleted))}
            yield from (Run(found[each], self._generator) for each in some if each in found)

    def __contains__(self, reference: Any) -> bool:
        """Return whether a Run, or the Run of an id, is here."""
        try:
            run = find_run(reference, self._generator.store)
        except ReferenceNotFound:
            return False
        return len(self.where(id=run.id)) > 0

    def __getitem__(self, key: Any) -> Any:
        """Return a Run by id (negative: counted from the newest here), a Picture, or a column.

        Raises:
            ReferenceNotFound: it is not here (it is a KeyError).
        """
        if isinstance(key, str) and key in COLUMNS:
            return self.column(key)
        if isinstance(key, slice):
            raise TypeError(tr("Run ids are names, not places: use head(), tail() or page()."))
        name, slash, index = str(key).removeprefix("#").partition("/")
        back = name.removeprefix("-")
        run = self._from_end(int(back)) if back.isdecimal() and back != name else self._named(key)
        return run.picture(int(index)) if slash else run

    def column(self, name: str) -> list[Any]:
        """Return one column, in order. Costs are in millionths of a dollar."""
        return [row[0] for row in self._rows((_known(name),))]

    def where(self, **conditions: Any) -> History:
        """Return the Runs that meet all conditions.

        By column: ``model="x"`` (equal), ``status=["failed", "refused"]`` (any of), ``cost=(1000, None)``
        (from, up to; either may be None). ``tag="cat"`` means one of the tags, ``since`` and ``until`` when
        it was asked: a date (all of that day, in UTC), a datetime, or text such as ``2026-11-22``.

        Raises:
            OptionError: there is no such column, or the value is none of its kind.
        """
        from dalle_nb._store.filters import condition

        filters = [each for name, value in conditions.items() for each in _filters(name, value)]
        for each in filters:
            condition(each)  # told here, not where the answer is looked at
        return self._with(self._query.narrowed(*filters))

    def search(self, text: str) -> History:
        """Return the Runs whose prompt, tags or model hold every word of the text, in any language."""
        return self._with(replace(self._query, words=(*self._query.words, *text.split())))

    def sort(self, by: str, *, descending: bool | None = None) -> History:
        """Return the Runs in the order of a column; ``-cost`` is the dearest first."""
        name = _known(by.removeprefix("-"))
        down = by.startswith("-") if descending is None else descending
        return self._with(replace(self._query, order=name, descending=down))

    def narrowed(self, said: Narrowing) -> History:
        """Return the part that was typed after ``%dalle_history``."""
        chosen = self.trash if said.trash else self
        for name, value in said.conditions:
            chosen = chosen.where(**{name: value})
        chosen = chosen.search(said.text)
        return (chosen.sort(said.sort) if said.sort else chosen).page(said.page)

    @property
    def trash(self) -> History:
        """The Runs that meet the same conditions, and were deleted and not yet purged."""
        return History(self._generator, replace(self._query, deleted=True))

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
        """Return all columns as a dataframe, by id; costs in millionths of a dollar, times in UTC.

        Raises:
            DalleError: pandas is not installed.
        """
        return frame_of(COLUMNS, self._rows(COLUMNS))

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write all columns as CSV to a path, or return them as text.

        Raises:
            StoreUnwritable: the path cannot be written.
        """
        text = csv_of(COLUMNS, self._rows(COLUMNS))
        if path is None:
            return text
        try:
            # The mark at the beginning makes spreadsheets read Chinese as Chinese.
            Path(path).write_text(text, encoding="utf-8-sig", newline="")
        except OSError as error:
            raise StoreUnwritable(
                tr("{path} cannot be written: {reason}.", path=path, reason=error.strerror),
                tr("Choose another folder, or close the program that has the file open."),
            ) from error
        return None

    def rerun(self, *, prompt: str = "", yes: bool = False, **changes: Any) -> History:
        """Ask again what every Run here asked, changed as said, and return the new Runs, in the order of these.

        What all may cost together is asked first. One that is refused or fails is among the others.

        Raises:
            ConfirmationNeeded: together they are dear; say ``yes=True``.
        """
        return self._asked([(prompt, {"rerun": each, **changes}) for each in self], yes=yes)

    def vary(self, n: int = 1, strength: str = "subtle", *, yes: bool = False, **options: Any) -> History:
        """Draw variations of the first picture of every Run here that has one; see `rerun`."""
        options = {"n": n, "strength": strength, **options}
        prompt = options.pop("prompt", "")
        return self._asked([(prompt, {"vary": each, **options}) for each in self._drawn()], yes=yes)

    def edit(self, prompt: str, mask: Any = None, *, yes: bool = False, **options: Any) -> History:
        """Draw the first picture of every Run here that has one anew as the prompt says; see `rerun`."""
        options = {"mask": mask, **options}
        return self._asked([(prompt, {"edit": each, **options}) for each in self._drawn()], yes=yes)

    def save(self, where: str | os.PathLike[str], **how: Any) -> list[Path]:
        """Save the pictures of every Run here to a folder or pattern, and return the paths; see `Run.save`."""
        return [path for run in self._drawn() for path in run.save(where, **how)]

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

    def purge(self, *, yes: bool = False) -> int:
        """Delete every Run here for good: rows, pictures, inputs and quarantine; return how many.

        Raises:
            ConfirmationNeeded: they are not in the trash; say ``yes=True``.
        """
        if not (self._query.deleted or yes):
            raise ConfirmationNeeded(
                tr("{count} Runs and their pictures would be gone for good.", count=len(self)),
                tr("Put them into the trash with delete(), or say purge(yes=True). Nothing was deleted."),
            )
        return self._generator.store.purge(self._ids())

    def lineage(self, reference: Any) -> Lineage:
        """Return the tree of what came from what, around a Run."""
        run = self._whose(reference)
        return lineage_of(run.record, self._generator.store, self._tongue([run.prompt]))

    def compare(self, *references: Any, long_edge: int = 1024) -> Comparison:
        """Return pictures side by side, and what was asked otherwise for each: those named, else all here.

        Raises:
            OptionError: fewer than two pictures, or more than a sheet holds.
        """
        pictures = tuple(map(self._picture, references or self.head(MOST_COMPARED + 1)._drawn()))
        if not 2 <= len(pictures) <= MOST_COMPARED:
            raise OptionError(
                tr("Compare 2 to {most} pictures, not {count}.", most=MOST_COMPARED, count=len(pictures)),
                tr("Name them: {spelling}", spelling='history.compare(12, "13/2")'),
            )
        return Comparison(pictures, long_edge, tongue=self._tongue(each.run.prompt for each in pictures))

    def diff(self, a: Any, b: Any) -> dict[str, tuple[Any, Any]]:
        """Return what two Runs asked differently: by name, the value of each."""
        return diff(self._whose(a).record, self._whose(b).record)

    def _with(self, query: Query) -> History:
        if self._span != WHOLE:  # a part of a history stays that part, whatever is asked of it next
            query = query.narrowed(Filter(column="id", operator="in", value=self._ids()))
        return History(self._generator, query)

    def _part(self, start: int, n: int) -> History:
        first = self._span.start + start
        last = first + max(0, n)
        stop = last if self._span.stop is None else min(last, self._span.stop)
        return History(self._generator, self._query, slice(first, stop))

    def _rows(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        start, stop = self._span.start, self._span.stop
        return self._generator.store.rows(self._query, names, None if stop is None else stop - start, start)

    def _ids(self) -> list[int]:
        return self.column("id")

    def _drawn(self) -> list[Run]:
        return [run for run in self if run.pictures]

    def _asked(self, asked: Sequence[tuple[str, dict[str, Any]]], *, yes: bool) -> History:
        ids = [run.id for run in self._generator.ask_all(asked, yes=yes)]
        wish = Filter(column="id", operator="in", value=ids)
        return History(self._generator, Query(filters=(wish,), descending=False))

    def _named(self, reference: Any) -> Run:
        run = self._whose(reference)
        # The whole history also knows what is in its trash, so that it can be taken back by its id.
        if (self._query.filters or self._query.words or self._span != WHOLE) and run.id not in self:
            raise ReferenceNotFound(
                tr("Run {id} is not in this part of the history.", id=run.id),
                tr("All of it is dalle_nb.history."),
            )
        return run

    def _from_end(self, back: int) -> Run:
        newest = self._with(replace(self._query, order="id", descending=True))._part(back - 1, 1)
        for run in newest if back else ():
            return run
        raise ReferenceNotFound(
            tr("The history does not reach back to {reference}.", reference=-back),
            tr("Draw something first."),
        )

    def _whose(self, reference: Any) -> Run:
        return Run(find_run(reference, self._generator.store), self._generator)

    def _picture(self, reference: Any) -> Picture:
        if isinstance(reference, Picture):
            return reference
        found = reference if isinstance(reference, Run) else self[reference]
        return found if isinstance(found, Picture) else found.picture(1)

    def _tongue(self, prompts: Iterable[str]) -> str:
        return self._generator.settings.tongue(" ".join(prompts))

    def _ipython_key_completions_(self) -> list[str]:
        return list(COLUMNS)

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return self._page(small=True)

    def __repr__(self) -> str:
        return str(self._page(small=False)[0]["text/plain"])

    def _page(self, *, small: bool) -> Bundle:
        store, start = self._generator.store, self._span.start
        total = store.count(self._query)
        runs = store.select(self._query, min(PAGE, len(self)), start)
        pictures = store.thumbnails(shown_first(runs)) if small else {}
        with speaking(self._tongue(run.request.prompt for run in runs[:5])):
            return page_bundle(runs, pictures, start + 1, total, trash=self._query.deleted)


def _known(name: str) -> str:
    if name not in COLUMNS:
        raise OptionError(
            tr("The history has no column {name}.", name=repr(name)),
            tr("Try: {spelling}", spelling=nearest(name, COLUMNS)),
        )
    return name


def _filters(name: str, value: Any) -> list[Filter]:
    if name in ("since", "until"):
        return [Filter(column="created", operator="from" if name == "since" else "upto", value=value)]
    column = "tags" if name == "tag" else _known(name)
    if isinstance(value, tuple):
        low, high = value
        lower = [] if low is None else [Filter(column=column, operator="from", value=low)]
        return lower + ([] if high is None else [Filter(column=column, operator="upto", value=high)])
    if isinstance(value, list | set | frozenset):
        return [Filter(column=column, operator="in", value=tuple(value))]
    return [Filter(column=column, operator="is", value=value)]
