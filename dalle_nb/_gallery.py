"""The history as people look at it: a page of Runs, the tree of what came from what, pictures side by side.

Records and thumbnails in, bundles out; static HTML that reads with scripts off. Must not know a store.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dalle_nb._images import sniff
from dalle_nb._language import tr
from dalle_nb._money import dollars
from dalle_nb._query import PAGE
from dalle_nb._records import Kind, PictureRecord, RunRecord, Status
from dalle_nb._render import (
    Bundle,
    Markup,
    aligned,
    clean,
    cost_of,
    div_bundle,
    inline_picture,
    shorten,
    status_word,
    table_bundle,
    tag,
)
from dalle_nb._thumbnails import contact_sheet

Thumbnails = Mapping[str, bytes]
"""Small pictures by the sha256 of the large ones."""

ACROSS = 3
"""Thumbnails of one Run; the rest are counted."""

ROOM = 100_000
"""Bytes of thumbnails on a page, so that it stays under 200 KB as HTML in a notebook."""

# Colours are the reader's own, on white and on black; only what no sanitiser of a front end takes away.
_CELL = "padding:.4em 1em .4em 0;vertical-align:top;text-align:left"
_NUMBER = "padding:.4em .8em;vertical-align:top;text-align:left;white-space:nowrap"
_QUIET = "font-size:.87em;opacity:.72"
_PILL = "border:1px solid;border-radius:1em;padding:0 .6em;margin-right:.5em;white-space:nowrap"
_LIST = "list-style:none;margin:0;padding:0"
_TWIGS = "list-style:none;margin:0 0 0 1.6em;padding:0 0 0 1.2em;border-left:2px solid rgba(128,128,128,.45)"
_LEAF = "display:inline-block;vertical-align:middle;max-width:40em;padding-left:.7em"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A Run in the tree of what came from what; ``changed`` is what it asked otherwise than its parent."""

    run: RunRecord
    changed: str = ""
    children: tuple[Node, ...] = ()


def shown_first(runs: Sequence[RunRecord]) -> list[str]:
    """Return which pictures a thumbnail is wanted of, by sha256: first pictures before second ones."""
    ranks = [list(_shown(run)[:ACROSS]) for run in runs]
    return [pictures[rank].sha256 for rank in range(ACROSS) for pictures in ranks if rank < len(pictures)]


def runs_of(root: Node) -> Iterator[RunRecord]:
    """Give every Run of a tree, parents before their children."""
    yield root.run
    for child in root.children:
        yield from runs_of(child)


def page_bundle(
    runs: Sequence[RunRecord], small: Thumbnails, first: int, total: int, *, trash: bool = False
) -> Bundle:
    """Return a page of the history: ``runs`` are numbers ``first`` and on of ``total``, counted from 1."""
    if not runs:
        return div_bundle([tr("No Runs here.")], [tr("No Runs here.")])
    last = first + len(runs) - 1
    notes = [tr("{first} to {last} of {total}", first=first, last=last, total=f"{total:,}")]
    if last < total and len(runs) == PAGE:
        notes += [tr("more: .page({next}) or %dalle_history --page {next}", next=last // PAGE + 1)]
    if trash:
        notes += [tr("in the trash: .restore() takes them back, .purge() deletes them for good")]
    small = _fitting(runs, small)
    table = tag("table", tag("tbody", *(_row(run, small) for run in runs)), style="border-collapse:collapse")
    note = " · ".join(notes)
    return div_bundle([table, tag("div", note, style=_QUIET)], [*_plain_table(runs), note])


def batch_bundle(runs: Sequence[RunRecord], small: Thumbnails, cost: int | None) -> Bundle:
    """Return the Runs of a batch, the first of many, numbered as they were asked for."""
    shown = runs[:PAGE]
    small = _fitting(shown, small)
    numbers = [str(place) for place in range(1, len(shown) + 1)]
    rows = (_row(run, small, number) for run, number in zip(shown, numbers, strict=True))
    table = tag("table", tag("tbody", *rows), style="border-collapse:collapse")
    states = Counter(status_word(run.status) for run in runs)
    facts = [f"{count} {word}" for word, count in states.items()]
    note = " · ".join([*facts, dollars(cost)])
    more = [tr("and {count} more", count=len(runs) - PAGE)] if len(runs) > PAGE else []
    lines = [*_plain_table(shown, numbers), *more, note]
    return div_bundle([table, *(tag("div", line, style=_QUIET) for line in [*more, note])], lines)


def strip_bundle(*lines: str, pictures: Iterable[tuple[bytes, str]] = ()) -> Bundle:
    """Return lines, and small pictures, each with its words, under them."""
    shown = [inline_picture(data, sniff(data) or "image/jpeg", shorten(alt, 60)) for data, alt in pictures]
    below = [tag("div", *shown)] if shown else []
    return div_bundle([*(tag("div", line, style=_QUIET) for line in lines), *below], lines)


def lineage_bundle(root: Node, small: Thumbnails, here: str, *, whole: bool = True) -> Bundle:
    """Return the family tree of a Run, whose uid is ``here``; it may not be the ``whole`` family."""
    small = _fitting(list(runs_of(root)), small)
    more = [] if whole else [tr("The family is larger than this.")]
    notes = [tag("div", line, style=_QUIET) for line in more]
    return div_bundle(
        [tag("ul", _branch(root, small, here), style=_LIST), *notes], [*_drawn_tree(root, here), *more]
    )


def compare_bundle(pictures: Sequence[tuple[str, bytes]], long_edge: int) -> Bundle:
    """Return pictures, named by their references, side by side on one sheet."""
    sheet = contact_sheet(list(pictures), long_edge)
    alt = tr("{names} side by side", names=", ".join(name for name, _ in pictures))
    shown = {sheet.media_type: b64encode(sheet.data).decode(), "text/plain": alt}
    about: dict[str, Any] = {"alt": alt, "width": sheet.width, "height": sheet.height}
    about["labels"] = [list(box) for box in sheet.labels]
    return shown, {sheet.media_type: about, "alt": alt}


def differences_bundle(names: Sequence[str], differences: Mapping[str, Sequence[object]]) -> Bundle:
    """Return a table of what was asked otherwise for each of the pictures of those names."""
    if not differences:
        words = tr("{names}: asked alike", names=", ".join(names))
        return div_bundle([words], [words])
    rows = [[name, *map(_said, values)] for name, values in differences.items()]
    return table_bundle(["", *names], rows)


def _row(run: RunRecord, small: Thumbnails, number: str = "") -> Markup:
    """Return a row of the table; under a ``number`` of its own where that is not the Run's."""
    head = tag("td", tag("b", number or str(run.id)), tag("div", "★" if run.starred else ""), style=_NUMBER)
    # Only the first picture stands in a column, so that words begin at the same place in every row.
    first, *others = _thumbnails(run, small) or [Markup()]
    reference = [f"#{run.id}"] if number else []
    about = [
        *_about(run, shorten(run.request.prompt, 160), reference),
        *([tag("div", *others)] if others else []),
    ]
    return tag("tr", head, tag("td", first, style=_CELL), tag("td", *about, style=_CELL))


def _about(run: RunRecord, words: str, first: Sequence[str] = ()) -> list[Markup]:
    """Return lines on a Run: its words, its tags, the facts, and why it failed where it did."""
    pills = [] if run.status is Status.DONE else [status_word(run.status)]
    facts = [*first, *_how(run), run.model, *_sizes(run), cost_of(run), _when(run)]
    tags = (
        [tag("div", " ".join(f"#{shorten(each, 40)}" for each in run.tags), style=_QUIET)] if run.tags else []
    )
    why = [tag("div", shorten(run.failure.what, 200), style=_QUIET)] if run.failure else []
    told = [
        *(tag("span", word, style=_PILL) for word in pills),
        " · ".join(clean(fact, 120) for fact in facts),
    ]
    return [tag("div", words, style="max-width:44em"), *tags, *why, tag("div", *told, style=_QUIET)]


def _fitting(runs: Sequence[RunRecord], small: Thumbnails) -> Thumbnails:
    """Return the thumbnails there is room for, the first picture of every Run before any second one."""
    fitting: dict[str, bytes] = {}
    room = ROOM
    for name in shown_first(runs):
        if name in small and name not in fitting:
            room -= len(small[name])
            if room < 0:
                break
            fitting[name] = small[name]
    return fitting


def _shown(run: RunRecord) -> list[PictureRecord]:
    return [picture for picture in run.pictures if picture.index > 0]


def _thumbnails(run: RunRecord, small: Thumbnails) -> list[Markup]:
    shown = [picture for picture in _shown(run)[:ACROSS] if picture.sha256 in small]
    rest = len(_shown(run)) - len(shown)
    more = [tag("span", f"+{rest}", style=_QUIET)] if rest and small else []
    return [*(_small(picture, small[picture.sha256]) for picture in shown), *more]


def _small(picture: PictureRecord, data: bytes) -> Markup:
    return inline_picture(data, sniff(data) or "image/jpeg", shorten(picture.alt, 60))


def _sizes(run: RunRecord) -> list[str]:
    sizes = dict.fromkeys(f"{picture.width}×{picture.height}" for picture in _shown(run))
    count = f"{len(_shown(run))} × " if len(_shown(run)) > 1 else ""
    return [count + ", ".join(sizes)] if sizes else []


def _how(run: RunRecord) -> list[str]:
    """Return where a Run is and how it came to be, where neither goes without saying."""
    how = {Kind.EDIT: tr("edit"), Kind.VARIATION: tr("variation")}.get(run.request.kind, "")
    how = tr("rerun") if run.recipe == "rerun" else how
    return list(filter(None, [tr("in the trash") if run.deleted else "", how]))


def _when(run: RunRecord) -> str:
    return run.created.strftime("%Y-%m-%d %H:%M UTC")


def _said(value: object) -> str:
    return "–" if value is None else shorten(str(value), 300)


def _plain_table(runs: Sequence[RunRecord], numbers: Sequence[str] = ()) -> list[str]:
    rows = [
        [
            number,
            "★" if run.starred else "",
            shorten(run.request.prompt, 48),
            shorten(run.model, 32),
            ", ".join(_sizes(run)),
            status_word(run.status),
            cost_of(run),
            run.created.strftime("%Y-%m-%d %H:%M"),
        ]
        for run, number in zip(runs, numbers or [str(run.id) for run in runs], strict=True)
    ]
    headings = [
        "" if numbers else "id",
        "",
        tr("prompt"),
        tr("model"),
        tr("size"),
        tr("status"),
        tr("cost"),
        tr("asked (UTC)"),
    ]
    return aligned([headings, *rows])


def _branch(node: Node, small: Thumbnails, here: str) -> Markup:
    run = node.run
    words = f"#{run.id} {node.changed or run.request.prompt}"
    about = _about(run, shorten(words, 160))
    if run.uid == here:
        about[0] = tag("b", about[0])
    leaf = tag("div", *_thumbnails(run, small), tag("div", *about, style=_LEAF), style="margin:.35em 0")
    twigs = [_branch(child, small, here) for child in node.children]
    return tag("li", leaf, tag("ul", *twigs, style=_TWIGS)) if twigs else tag("li", leaf)


def _drawn_tree(node: Node, here: str, indent: str = "", branch: str = "") -> list[str]:
    run = node.run
    words = shorten(node.changed or run.request.prompt, 60)
    facts = [*([tr("in the trash")] if run.deleted else []), run.model, *_sizes(run)]
    mark = " ←" if run.uid == here else ""
    lines = [f"{branch}#{run.id} {words} ({' · '.join(shorten(fact, 60) for fact in facts)}){mark}"]
    for place, child in enumerate(node.children, start=1):
        last = place == len(node.children)
        lines += _drawn_tree(
            child, here, indent + ("   " if last else "│  "), indent + ("└─ " if last else "├─ ")
        )
    return lines
