"""Many Requests at once: each failure a Run among the others, nothing drawn twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, overload

from dalle_nb._crew import Crew
from dalle_nb._gallery import batch_bundle, shown_first
from dalle_nb._grid import Grid, draw_grid, small
from dalle_nb._items import Item
from dalle_nb._language import speaking
from dalle_nb._money import agree, together
from dalle_nb._progress import Progress
from dalle_nb._query import COLUMNS, PAGE, Filter, Query
from dalle_nb._records import Status
from dalle_nb._run import Run
from dalle_nb._seats import Seat, outlook, take_seats

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from dalle_nb._generator import ImageGenerator
    from dalle_nb._records import RunRecord
    from dalle_nb._render import Bundle
    from dalle_nb._saving import StrPath
    from dalle_nb._store import Store


@dataclass(frozen=True, slots=True, repr=False)
class Batch(Sequence[Run]):
    """Runs in the order in which they were asked for; those that failed or were refused are among them."""

    generator: ImageGenerator
    seats: tuple[Seat, ...]
    runs: tuple[Run, ...]
    namespace: Mapping[str, Any] = field(default_factory=dict)
    """The variables that its REFs name."""

    def __len__(self) -> int:
        return len(self.runs)

    @overload
    def __getitem__(self, key: int) -> Run: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Run, ...]: ...
    def __getitem__(self, key: int | slice) -> Run | tuple[Run, ...]:
        return self.runs[key]

    @property
    def failed(self) -> tuple[Run, ...]:
        """Those that brought nothing, or not all: failed, refused, interrupted, partial."""
        return tuple(run for run in self.runs if not run)

    @property
    def cost(self) -> int | None:
        """Millionths of a dollar, of all its Runs, those included that were there before; None where nobody knows."""
        costs = [run.cost for run in self.runs]
        return None if None in costs else sum(cost or 0 for cost in costs)

    def retry_failed(self, *, refused: bool = False, yes: bool = False) -> Batch:
        """Ask again what failed, with ``refused`` also what was refused, and return all in the same order.

        Raises what `draw_batch` raises.
        """
        again = [
            replace(seat, there=run.record if run or (run.status is Status.REFUSED and not refused) else None)
            for seat, run in zip(self.seats, self.runs, strict=True)
        ]
        return draw_seats(self.generator, again, yes=yes, namespace=self.namespace)

    def to_pandas(self) -> pd.DataFrame:
        """Return the columns of the history for its Runs, in order, by id; DalleError without pandas."""
        from dalle_nb._frames import frame_of

        wish = Filter(column="id", operator="in", value=[run.id for run in self.runs])
        rows = {row[0]: row for row in self.generator.store.rows(Query(filters=(wish,)), COLUMNS)}
        return frame_of(COLUMNS, [rows[run.id] for run in self.runs if run.id in rows])

    def save(self, where: StrPath, **how: Any) -> list[Path]:
        """Save the pictures of every Run to a folder or pattern, and return the paths; see `Run.save`."""
        return [path for run in self.runs if run.pictures for path in run.save(where, **how)]

    def grid(self, columns: int = 8) -> Grid:
        """Return the first picture of each on one sheet, numbered from 1, row by row."""
        shown = [small(run.pictures[0].bytes) if run.pictures else None for run in self.runs]
        rows = [shown[start : start + columns] for start in range(0, len(shown), columns)]
        numbers = [str(start + 1) for start in range(0, len(shown), columns)]
        return draw_grid([("", rows)], numbers, [""] * min(columns, len(shown)))

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        return self._bundle(small=True)

    def __repr__(self) -> str:
        return str(self._bundle(small=False)[0]["text/plain"])

    def _bundle(self, *, small: bool) -> Bundle:
        records = [run.record for run in self.runs]
        pictures = self.generator.store.thumbnails(shown_first(records[:PAGE])) if small else {}
        with speaking(self.generator.settings.tongue(" ".join(run.prompt for run in self.runs[:5]))):
            return batch_bundle(records, pictures, self.cost)


def draw_batch(
    generator: ImageGenerator,
    items: Sequence[Item],
    *,
    resume: bool = True,
    yes: bool = False,
    budget: float | None = None,
    namespace: Mapping[str, Any] | None = None,
) -> Batch:
    """Draw Items, and return their Runs in order; ``budget`` caps them all together, in dollars.

    Raises:
        RequestError: rules are broken, and where; nothing was sent.
        MoneyError: a budget or a question stands before it.
        SettingsError, BillingError, AuthenticationError, StoreError: the rest was not begun; what is done is kept.
        Interrupted: the same again draws what is missing.
    """
    seats = take_seats(generator, items, resume=resume, namespace=namespace)
    return draw_seats(generator, seats, yes=yes, budget=budget, namespace=namespace)


def draw_seats(
    generator: ImageGenerator,
    seats: Sequence[Seat],
    *,
    yes: bool = False,
    budget: float | None = None,
    namespace: Mapping[str, Any] | None = None,
) -> Batch:
    """Draw what is missing; see `draw_batch`."""
    with speaking(generator.settings.tongue(" ".join(seat.item.prompt for seat in seats[:5]))):
        store = generator.store
        # What another kernel is drawing is drawn here if that kernel dies: it is agreed to as well.
        missing = [seat.plan for seat in seats if seat.there is None or _is_being_drawn(seat.there, store)]
        if missing:
            agree(missing, above=generator.settings.confirm_above, yes=yes, budget=budget)
        whole = together([plan.estimate for plan in missing])
        crew = Crew(generator, list(seats), namespace or {})
        runs = crew.draw(Progress(len(seats), store, head=outlook(seats), estimate=whole))
        return Batch(generator, tuple(seats), tuple(runs), namespace or {})


def _is_being_drawn(record: RunRecord, store: Store) -> bool:
    return record.status is Status.ASKED and store.is_under_way(record.uid)
