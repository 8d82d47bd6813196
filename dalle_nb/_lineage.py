"""What came from what: the family tree of a Run, and how two Requests differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dalle_nb._gallery import Node, lineage_bundle, runs_of, shown_first
from dalle_nb._language import speaking, tr
from dalle_nb._query import Filter, Query
from dalle_nb._records import Kind, RunRecord

if TYPE_CHECKING:
    from dalle_nb._render import Bundle
    from dalle_nb._store import Store

MOST = 100
"""Runs of a family that are shown."""


@dataclass(frozen=True, slots=True, repr=False)
class Lineage:
    """The tree of what came from what, with the Run it was asked for in it."""

    root: Node
    here: str
    """uid of the Run it was asked for."""
    whole: bool
    """Whether all of the family is in it."""
    _store: Store
    _tongue: str = field(default="en", kw_only=True)

    def __iter__(self) -> Iterator[RunRecord]:
        """Give every Run of the family that is shown, parents before their children."""
        return runs_of(self.root)

    def _repr_mimebundle_(self, **_: Any) -> Bundle:
        small = self._store.thumbnails(shown_first(list(self)))
        with speaking(self._tongue):
            return lineage_bundle(self.root, small, self.here, whole=self.whole)

    def __repr__(self) -> str:
        with speaking(self._tongue):
            bundle = lineage_bundle(self.root, {}, self.here, whole=self.whole)
        return str(bundle[0]["text/plain"])


def lineage_of(run: RunRecord, store: Store, tongue: str = "en") -> Lineage:
    """Return the family of a Run: from its first ancestor, all that came of it, nearest kin first.

    A Run in the trash is only in it where it leads to one that is not.
    """
    ancestry = [run, *store.ancestors(run.uid)]
    line = ancestry[: MOST // 2]
    children: dict[str, dict[str, RunRecord]] = defaultdict(dict)
    for child, parent in pairwise(line):
        children[parent.uid][child.uid] = child
    known = {each.uid for each in line}
    for eldest in line:
        _add_descendants(eldest, children, known, store)
    with speaking(tongue):
        root = _grown(line[-1], None, children, run.uid)
    whole = line == ancestry and len(known) < MOST
    return Lineage(root, run.uid, whole, store, _tongue=tongue)


def diff(a: RunRecord, b: RunRecord) -> dict[str, tuple[Any, Any]]:
    """Return what two Runs asked differently: by name, the value of each; None where nobody said."""
    before, after = request_facts(a), request_facts(b)
    names = dict.fromkeys([*before, *after])
    return {
        name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    }


def request_facts(run: RunRecord) -> Mapping[str, Any]:
    """Return everything that a Run asked, by name; where nobody said a size or quality, the one sent."""
    request, sent = run.request, run.sent[0] if run.sent else {}
    facts: dict[str, Any] = {"kind": request.kind.value, "prompt": request.prompt, "model": run.model}
    facts |= {name: sent[name] for name in ("size", "quality") if sent.get(name)}
    facts |= {name: value for name, value in request.options.items() if value is not None}
    if request.inputs:
        facts["inputs"] = ", ".join(blob.name or blob.sha256[:12] for blob in request.inputs)
    if request.mask:
        facts["mask"] = request.mask.sha256[:12]
    return facts


def _add_descendants(
    eldest: RunRecord, children: dict[str, dict[str, RunRecord]], known: set[str], store: Store
) -> None:
    """Add what came of a Run, generation by generation, as long as there is room; each Run once."""
    generation = [eldest.uid]
    while generation and len(known) < MOST:
        born = Filter(column="parent", operator="in", value=generation)
        here, trash = (Query(filters=(born,), descending=False, deleted=deleted) for deleted in (False, True))
        found = [*store.select(here, MOST), *store.select(trash, MOST)]
        new = [run for run in found if run.uid not in known][: MOST - len(known)]
        for run in new:
            assert run.parent is not None
            children[run.parent][run.uid] = run
        known.update(run.uid for run in new)
        generation = [run.uid for run in new]


def _grown(
    run: RunRecord, parent: RunRecord | None, children: Mapping[str, Mapping[str, RunRecord]], here: str
) -> Node:
    born = sorted(children.get(run.uid, {}).values(), key=lambda child: child.id)
    nodes = (_grown(child, run, children, here) for child in born)
    return Node(
        run=run,
        changed=_changed(parent, run) if parent else "",
        children=tuple(
            node for node in nodes if node.children or not node.run.deleted or node.run.uid == here
        ),
    )


def _changed(parent: RunRecord, run: RunRecord) -> str:
    """Return in words how a Run came from its parent."""
    pictures = {picture.sha256: picture.index for picture in parent.pictures}
    drawn_on = next((pictures[blob.sha256] for blob in run.request.inputs if blob.sha256 in pictures), None)
    if drawn_on is None:
        changes = {name: after for name, (_, after) in diff(parent, run).items() if name != "inputs"}
        said = ", ".join(f"{name} {'–' if value is None else value}" for name, value in changes.items())
        return tr("again: {changes}", changes=said) if changes else tr("again")
    reference = f"{parent.id}/{drawn_on}"
    if run.request.kind is Kind.VARIATION:
        strength = tr("strong") if run.request.options.get("strength") == "strong" else tr("subtle")
        return tr("variation of {reference}, {strength}", reference=reference, strength=strength)
    return tr("edit of {reference}: {prompt}", reference=reference, prompt=run.request.prompt)
