"""What came from what: the family tree of a Run, and how two Requests differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import ReferenceNotFound
from dalle_nb._gallery import Node, lineage_bundle
from dalle_nb._language import tr
from dalle_nb._records import Kind, RunRecord

if TYPE_CHECKING:
    from dalle_nb._store import Store

DEEPEST = 200
"""Generations that are followed, so that a damaged history cannot lead in a circle."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """The tree of what came from what, with the Run it was asked for in it."""

    root: Node
    here: str
    _store: Store

    def __iter__(self) -> Iterator[RunRecord]:
        """Give every Run of the family, parents before their children."""
        return _walk(self.root)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        first = [picture.sha256 for run in self for picture in run.pictures[:3]]
        return lineage_bundle(self.root, self._store.thumbnails(first), self.here)

    def __repr__(self) -> str:
        return str(lineage_bundle(self.root, {}, self.here)[0]["text/plain"])


def lineage_of(run: RunRecord, store: Store) -> Lineage:
    """Return the whole family of a Run: from its first ancestor, all that came of it."""
    root = run
    with suppress(ReferenceNotFound):  # a parent that was purged, or stayed behind in another history
        for _ in range(DEEPEST):
            if root.parent is None:
                break
            root = store.run(root.parent)
    return Lineage(_grown(root, None, store, DEEPEST), run.uid, store)


def diff(a: RunRecord, b: RunRecord) -> dict[str, tuple[Any, Any]]:
    """Return what two Runs asked differently: by name, the value of each; None where nobody said."""
    before, after = request_facts(a), request_facts(b)
    names = dict.fromkeys([*before, *after])
    return {
        name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    }


def request_facts(run: RunRecord) -> Mapping[str, Any]:
    """Return everything that a Run asked, by name."""
    request = run.request
    facts: dict[str, Any] = {"kind": request.kind.value, "prompt": request.prompt, "model": run.model}
    facts |= {name: value for name, value in request.options.items() if value is not None}
    if request.inputs:
        facts["inputs"] = ", ".join(blob.name or blob.sha256[:12] for blob in request.inputs)
    if request.mask:
        facts["mask"] = request.mask.sha256[:12]
    return facts


def _grown(run: RunRecord, parent: RunRecord | None, store: Store, depth: int) -> Node:
    children = store.children(run.uid) if depth else []
    return Node(
        run=run,
        changed=_changed(parent, run) if parent else "",
        children=tuple(_grown(child, run, store, depth - 1) for child in children),
    )


def _changed(parent: RunRecord, run: RunRecord) -> str:
    """Return in words how a Run came from its parent."""
    how = {
        Kind.EDIT: tr("edit: {prompt}", prompt=run.request.prompt),
        Kind.VARIATION: tr("variation, {strength}", strength=run.request.options.get("strength", "subtle")),
    }
    if run.request.kind in how and run.request.kind is not parent.request.kind:
        return how[run.request.kind]
    changes = [f"{name}={after}" for name, (_, after) in diff(parent, run).items() if name != "inputs"]
    return tr("rerun: {changes}", changes=", ".join(changes) or tr("the same again"))


def _walk(node: Node) -> Iterator[RunRecord]:
    yield node.run
    for child in node.children:
        yield from _walk(child)
