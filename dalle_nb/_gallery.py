"""The history as people look at it: a page of Runs, the tree of what came from what, pictures side by side.

Records and thumbnails in, bundles out; static HTML that reads with scripts off. Must not know a store.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dalle_nb._images import sniff
from dalle_nb._language import tr
from dalle_nb._records import PictureRecord, RunRecord, Status
from dalle_nb._render import (
    Bundle,
    Markup,
    aligned,
    clean,
    cost_of,
    div_bundle,
    facts_of,
    inline_picture,
    shorten,
    status_word,
    tag,
)
from dalle_nb._thumbnails import contact_sheet

Thumbnails = Mapping[str, bytes]
"""Small pictures by the sha256 of the large ones."""

ACROSS = 3
"""Thumbnails in a row of the history; the rest are counted."""

_CELL = "padding:.25em .8em .25em 0;vertical-align:middle;text-align:left"
_QUIET = "font-size:.85em;opacity:.7"
_TREE = "list-style:none;margin:0;padding-left:1.4em;border-left:1px solid currentColor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A Run in the tree of what came from what; ``changed`` is what it asked otherwise than its parent."""

    run: RunRecord
    changed: str = ""
    children: tuple[Node, ...] = ()


def page_bundle(runs: Sequence[RunRecord], small: Thumbnails, first: int, total: int) -> Bundle:
    """Return a page of the history: ``runs`` are numbers ``first`` and on of ``total``, counted from 1."""
    if not runs:
        return div_bundle([tr("No Runs here.")], [tr("No Runs here.")])
    last = first + len(runs) - 1
    note = tr("{first} to {last} of {total}", first=first, last=last, total=f"{total:,}")
    more = tr("; .page({next}) shows more", next=last // len(runs) + 1) if last < total else ""
    rows = [tag("tr", *(tag("td", cell, style=_CELL) for cell in _cells(run, small))) for run in runs]
    table = tag("table", tag("tbody", *rows), style="border-collapse:collapse")
    return div_bundle([table, tag("div", note + more, style=_QUIET)], [*_plain_table(runs), note + more])


def lineage_bundle(root: Node, small: Thumbnails, here: str) -> Bundle:
    """Return the family tree of a Run, whose uid is ``here``."""
    tree = tag("ul", _branch(root, small, here), style="list-style:none;margin:0;padding:0")
    return div_bundle([tree], list(_drawn_tree(root, here)))


def compare_bundle(
    pictures: Sequence[tuple[str, bytes]], differences: Sequence[tuple[str, ...]], long_edge: int
) -> tuple[Bundle, Bundle]:
    """Return pictures, named by their references, side by side, and a table of what differs between them.

    ``differences`` are rows: what differs, and its value for each of the pictures in turn.
    """
    sheet = contact_sheet(list(pictures), long_edge)
    names = [name for name, _ in pictures]
    alt = tr("{names} side by side", names=", ".join(names))
    shown = {sheet.media_type: b64encode(sheet.data).decode(), "text/plain": alt}
    about: dict[str, Any] = {"alt": alt, "width": sheet.width, "height": sheet.height}
    if sheet.labels:
        about["labels"] = [list(box) for box in sheet.labels]
    rows = [("", *names), *differences] if differences else [(tr("nothing differs but the picture"),)]
    cells = [tag("tr", *(tag("td", shorten(cell, 300), style=_CELL) for cell in row)) for row in rows]
    table = div_bundle(
        [tag("table", tag("tbody", *cells))], aligned([[shorten(c) for c in row] for row in rows])
    )
    return (shown, {sheet.media_type: about, "alt": alt}), table


def _cells(run: RunRecord, small: Thumbnails) -> tuple[Markup, ...]:
    star = ["★ "] if run.starred else []
    tags = tag("span", " ".join(f"#{each}" for each in run.tags), style=_QUIET)
    prompt = tag("div", *star, shorten(run.request.prompt, 160), style="max-width:28em")
    when = run.created.strftime("%Y-%m-%d %H:%M")
    facts = [run.model, *_sizes(run), cost_of(run)]
    return (
        tag("b", str(run.id)),
        tag("span", *_thumbnails(run, small)),
        tag("div", prompt, tags) if run.tags else prompt,
        tag("span", tag("div", " · ".join(facts)), tag("div", *_state(run), when), style=_QUIET),
    )


def _thumbnails(run: RunRecord, small: Thumbnails) -> list[Markup]:
    shown = [picture for picture in run.pictures if picture.index > 0]
    pictures = [_small(picture, small) for picture in shown[:ACROSS] if picture.sha256 in small]
    rest = len(shown) - ACROSS
    return [*pictures, tag("span", f" +{rest}", style=_QUIET)] if rest > 0 else pictures


def _small(picture: PictureRecord, small: Thumbnails) -> Markup:
    data = small[picture.sha256]
    return inline_picture(data, sniff(data) or "image/jpeg", shorten(picture.alt, 80))


def _sizes(run: RunRecord) -> list[str]:
    return list(dict.fromkeys(f"{picture.width}×{picture.height}" for picture in run.pictures))


def _state(run: RunRecord) -> list[str]:
    return [] if run.status is Status.DONE else [status_word(run.status), " · "]


def _plain_table(runs: Sequence[RunRecord]) -> list[str]:
    rows = [
        [
            str(run.id),
            "★" if run.starred else "",
            shorten(run.request.prompt, 48),
            run.model,
            ", ".join(_sizes(run)),
            status_word(run.status),
            cost_of(run),
            run.created.strftime("%Y-%m-%d %H:%M"),
        ]
        for run in runs
    ]
    headings = ["id", "", tr("prompt"), tr("model"), tr("size"), tr("status"), tr("cost"), tr("asked (UTC)")]
    return aligned([headings, *rows])


def _branch(node: Node, small: Thumbnails, here: str) -> Markup:
    name = tag("b", f"#{node.run.id}") if node.run.uid == here else tag("span", f"#{node.run.id}")
    words = node.changed or shorten(node.run.request.prompt, 120)
    leaf = tag("div", *_thumbnails(node.run, small), " ", name, " ", tag("span", words, style=_QUIET))
    twigs = [_branch(child, small, here) for child in node.children]
    return tag("li", leaf, tag("ul", *twigs, style=_TREE)) if twigs else tag("li", leaf)


def _drawn_tree(node: Node, here: str, indent: str = "", branch: str = "") -> list[str]:
    mark = " ←" if node.run.uid == here else ""
    words = node.changed or shorten(node.run.request.prompt, 60)
    facts = " · ".join(facts_of(node.run)[1:3])
    lines = [f"{branch}#{node.run.id} {clean(words)} ({facts}){mark}"]
    for place, child in enumerate(node.children, start=1):
        last = place == len(node.children)
        lines += _drawn_tree(
            child, here, indent + ("   " if last else "│  "), indent + ("└─ " if last else "├─ ")
        )
    return lines
