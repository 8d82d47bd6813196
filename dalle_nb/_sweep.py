"""A grid of Runs: one prompt, drawn for every combination of what it varies; kept, shown, run again, extended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from dalle_nb._axes import Axes
from dalle_nb._batch import draw_batch
from dalle_nb._display import publish
from dalle_nb._errors import ConfirmationNeeded, ReferenceNotFound
from dalle_nb._gallery import strip_bundle
from dalle_nb._grid import Grid, draw_grid, small
from dalle_nb._items import Item
from dalle_nb._language import speaking, tr
from dalle_nb._money import dollars
from dalle_nb._render import shorten, status_word
from dalle_nb._run import Run
from dalle_nb._seats import take_seats

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from dalle_nb._generator import ImageGenerator
    from dalle_nb._records import RunRecord
    from dalle_nb._render import Bundle
    from dalle_nb._saving import StrPath

CAP = 100
"""Pictures of one sweep, unless more are allowed."""


@dataclass(frozen=True, slots=True, repr=False)
class Sweep:
    """Runs by the values they were drawn for; ``dalle_nb.sweeps[id]`` finds it again."""

    id: int
    axes: Axes
    runs: tuple[Run | None, ...]
    """In the order of ``axes.places``; None where nothing was drawn yet."""
    generator: ImageGenerator

    def __len__(self) -> int:
        return len(self.runs)

    def __iter__(self) -> Iterator[Run]:
        """Give the Runs that there are, row by row."""
        return (run for run in self.runs if run is not None)

    @property
    def failed(self) -> tuple[Run, ...]:
        """Those that brought nothing, or not all."""
        return tuple(run for run in self if not run)

    @property
    def cost(self) -> int | None:
        """Millionths of a dollar, of all its Runs; None where nobody knows."""
        costs = [run.cost for run in self]
        return None if None in costs else sum(cost or 0 for cost in costs)

    @property
    def grid(self) -> Grid:
        """The pictures as one: a strip for one axis, a table for two, for more a table for each further value."""
        by_place = dict(zip(map(_key, self.axes.places), self.runs, strict=True))
        names = [] if self.axes.side_by_side else list(self.axes.values)
        down, across, others = (names[:1], names[1:2], names[2:]) if len(names) > 1 else ([], names, [])
        columns = self._combined(across) if across else self.axes.places
        rows, sheets = self._combined(down), self._combined(others)
        tables = [
            (
                self._label(sheet),
                [
                    [_picture(by_place[_key({**row, **column, **sheet})]) for column in columns]
                    for row in rows
                ],
            )
            for sheet in sheets
        ]
        labels = (list(map(self._label, rows)), list(map(self._label, columns)))
        return draw_grid(tables, *labels, alt=self._alt())

    def rerun(self, *, yes: bool = False, **changes: Any) -> Sweep:
        """Draw every picture anew; or with ``changes`` of what held for all, the grid changed as said.

        Raises what `draw_sweep` raises.
        """
        if changes:
            options = {**self.axes.options, **changes}
            return draw_sweep(self.generator, replace(self.axes, options=options), yes=yes)
        items = [
            item if run is None else Item(prompt="", options={"rerun": run})
            for item, run in zip(self.axes.items, self.runs, strict=True)
        ]
        return _drawn(self.generator, self.axes, items, yes=yes)

    def complete(self, *, yes: bool = False) -> Sweep:
        """Draw what is missing or failed. Raises what `draw_sweep` raises."""
        return draw_sweep(self.generator, self.axes, cap=len(self), yes=yes)

    def extend(self, *, cap: int = CAP, yes: bool = False, **axes: Any) -> Sweep:
        """Return the grid with more values on its axes, or with further axes; only what is new is drawn.

        Raises what `draw_sweep` raises.
        """
        return draw_sweep(self.generator, self.axes.extended(axes), cap=cap, yes=yes)

    def to_frame(self) -> pd.DataFrame:
        """Return a row for each Run: its value on each axis, prompt, status, cost, seconds; by id."""
        from dalle_nb._frames import frame_of

        facts = ("id", "prompt", "status", "cost", "seconds", "created")
        rows = [
            (*place.values(), run.id, run.prompt, run.status.value, run.cost, run.seconds, run.when)
            for place, run in zip(self.axes.places, self.runs, strict=True)
            if run is not None
        ]
        return frame_of([*self.axes.values, *facts], rows)

    def save(self, where: StrPath, **how: Any) -> list[Path]:
        """Save the pictures of every Run, and return the paths; see `Run.save`. ``grid.save`` saves the one."""
        return [path for run in self if run.pictures for path in run.save(where, **how)]

    def _combined(self, names: Sequence[str]) -> list[dict[str, Any]]:
        return [
            dict(zip(names, place, strict=True))
            for place in product(*(self.axes.values[name] for name in names))
        ]

    def _label(self, place: Mapping[str, Any]) -> str:
        return " · ".join(self.axes.label(name, value) for name, value in place.items())

    def _alt(self) -> str:
        told = "; ".join(
            f"{name}: {', '.join(map(str, values))}" for name, values in self.axes.values.items()
        )
        return tr(
            "{count} pictures of {prompt}, by {axes}", count=len(self), prompt=self.axes.prompt, axes=told
        )

    def _ipython_display_(self) -> None:
        with speaking(self.generator.settings.tongue(self.axes.prompt)):
            grid = self.grid
            publish(grid.bundle())
            publish(self._caption(grid.legend))

    def __repr__(self) -> str:
        with speaking(self.generator.settings.tongue(self.axes.prompt)):
            return str(self._caption()[0]["text/plain"])

    def _caption(self, legend: Sequence[str] = ()) -> Bundle:
        drawn = tr("{done} of {total}", done=sum(map(bool, self)), total=len(self))
        facts = [tr("Sweep {id}", id=self.id), drawn, dollars(self.cost)]
        facts += [f"#{run.id} {status_word(run.status)}" for run in self.failed]
        return strip_bundle(" · ".join(facts), shorten(self._alt(), 400), *legend)


class Sweeps(Sequence[Sweep]):
    """The sweeps of a history: ``sweeps[3]`` is the third ever, ``sweeps[-1]`` the newest; loops begin with that."""

    def __init__(self, generator: ImageGenerator) -> None:
        self._generator = generator

    def __len__(self) -> int:
        return len(self._generator.store.sweeps.ids())

    def __iter__(self) -> Iterator[Sweep]:
        return map(self.__getitem__, self._generator.store.sweeps.ids())

    def __getitem__(self, number: Any) -> Any:
        """Return a sweep by its number, negative ones counted from the newest. ReferenceNotFound where there is none."""
        store = self._generator.store
        ids = store.sweeps.ids()
        if not isinstance(number, int):
            raise TypeError(tr("Sweeps are numbered: sweeps[3], sweeps[-1]."))
        number = ids[-number - 1] if -len(ids) <= number < 0 else number
        form, uids = store.sweeps.find(number)
        values = {name: tuple(values) for name, values in form["values"]}
        axes = Axes(**{**form, "values": values})
        return Sweep(number, axes, _runs(self._generator, axes, uids), self._generator)

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or tr("No sweeps yet.")


def draw_sweep(
    generator: ImageGenerator,
    axes: Axes,
    *,
    cap: int = CAP,
    resume: bool = True,
    yes: bool = False,
    budget: float | None = None,
    namespace: Mapping[str, Any] | None = None,
) -> Sweep:
    """Draw every place of the axes, and keep the grid; what the history holds already is taken from there.

    Raises:
        ConfirmationNeeded: there are more pictures than ``cap``, or they are dear.
        Interrupted: the same again draws what is missing.
        DalleError: as for a batch.
    """
    items = axes.items
    if len(items) > cap:
        raise ConfirmationNeeded(
            tr(
                "These are {count} pictures; a sweep has {cap} at most unless told.",
                count=len(items),
                cap=cap,
            ),
            tr("If you mean it: cap={count}, or --cap {count}. Nothing was sent.", count=len(items)),
        )
    return _drawn(generator, axes, items, resume=resume, yes=yes, budget=budget, namespace=namespace)


def _drawn(generator: ImageGenerator, axes: Axes, items: Sequence[Item], **how: Any) -> Sweep:
    form = {"prompt": axes.prompt, "options": axes.options, "side_by_side": axes.side_by_side}
    # A list, for JSON's objects have no order. What is no text or number, such as a picture, cannot be asked again.
    form = json.loads(json.dumps({**form, "values": list(axes.values.items())}, default=repr))
    generator.store.sweeps.keep(form)
    batch = draw_batch(generator, items, **how)
    number = generator.store.sweeps.keep(form, [run.uid for run in batch])
    return Sweep(number, axes, tuple(batch), generator)


def _runs(generator: ImageGenerator, axes: Axes, uids: Sequence[str]) -> tuple[Run | None, ...]:
    """Return the Runs of a sweep; of one that did not come to its end, those that the history holds."""
    if uids:
        records: list[RunRecord | None] = [_kept(generator, uid) for uid in uids]
    else:
        records = [seat.there for seat in take_seats(generator, axes.items)]
    return tuple(Run(record, generator) if record else None for record in records)


def _kept(generator: ImageGenerator, uid: str) -> RunRecord | None:
    with suppress(ReferenceNotFound):  # it was purged
        return generator.store.run(uid)
    return None


def _key(place: Mapping[str, Any]) -> str:
    return json.dumps(place, sort_keys=True, default=repr)


def _picture(run: Run | None) -> bytes | None:
    return small(run.pictures[0].bytes) if run and run.pictures else None
