"""The view of everything ever made: newest first, each to be taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import ReferenceNotFound
from dalle_nb._language import tr
from dalle_nb._references import find_run
from dalle_nb._render import table_bundle
from dalle_nb._run import Picture, Run

if TYPE_CHECKING:
    from dalle_nb._generator import ImageGenerator

PAGE = 50
"""Runs shown at once."""


class History:
    """Every Run of the store, newest first.

    ``history[12]`` is Run 12, ``history[-1]`` the newest, ``history["12/3"]`` a Picture of one.
    """

    def __init__(self, generator: ImageGenerator) -> None:
        self._generator = generator

    def __len__(self) -> int:
        return self._generator.store.count()

    def __iter__(self) -> Iterator[Run]:
        offset = 0
        while page := self._generator.store.newest(PAGE, offset):
            yield from (Run(record, self._generator) for record in page)
            offset += len(page)

    def __getitem__(self, reference: int | str) -> Run | Picture:
        """Return the Run, or the Picture of ``"12/3"``; ReferenceNotFound (a KeyError) where there is none."""
        if isinstance(reference, slice):
            raise TypeError(tr("Run ids are names, not places: take one id, or iterate over the history."))
        run = Run(find_run(reference, self._generator.store), self._generator)
        _, slash, index = str(reference).partition("/")
        if not slash:
            return run
        for picture in run.pictures:
            if picture.record.index == int(index):
                return picture
        raise ReferenceNotFound(
            tr("Run {id} has no picture {index}.", id=run.id, index=index),
            tr("It has {count}; write {id}/1 for its first.", count=len(run), id=run.id),
        )

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        headings = [tr("id"), tr("asked"), tr("status"), tr("model"), tr("pictures"), tr("prompt")]
        newest = self._generator.store.newest(PAGE)
        rows = [
            (
                str(each.id),
                each.created.strftime("%Y-%m-%d %H:%M"),
                each.status.value,
                each.model,
                str(len(each.pictures)),
                each.request.prompt[:120],
            )
            for each in newest
        ]
        rest = len(self) - len(rows)
        return table_bundle(headings, rows, [tr("and {rest} older", rest=rest)] if rest > 0 else [])

    def __repr__(self) -> str:
        return f"<History of {len(self)} Runs>"
