"""From a prompt and options by name to a Request: the one way in for Python, magics, panel and CLI.

Looks up the pictures that options name. Values of Request options are passed on as they were said:
`_rules` reads them, so that all that is wrong is told together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dalle_nb._asking import Broken
from dalle_nb._errors import OptionError
from dalle_nb._language import tr
from dalle_nb._masks import Mask, fit_mask, shape_mask
from dalle_nb._options import option
from dalle_nb._records import Blob, Kind, PictureRecord, Request, RunRecord
from dalle_nb._references import Shelf, Source, find_run, find_source

_VERBS = ("edit", "vary", "rerun")

_INHERITED = ("size", "quality", "style", "background", "format", "compression")
"""Options of its parent that a variation keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Options sorted by what they are about, under their own names; those nobody gave a value left out."""

    request: Mapping[str, Any] = field(default_factory=dict)
    """As they were said, unknown names among them."""
    sources: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)
    """About this one call, read."""
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A Request, the Run it comes from, what was said about this one call, and what the user should hear."""

    request: Request
    parent: RunRecord | None = None
    call: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()
    optional: frozenset[str] = frozenset()
    """Request options that are only defaults: left out where the model does not take them."""


def sort_options(given: Mapping[str, Any]) -> Said:
    """Return the options sorted by scope; those about the call are read, and told where they cannot be."""
    scopes: dict[str, dict[str, Any]] = {"request": {}, "source": {}, "call": {}}
    broken: list[Broken] = []
    for name, value in given.items():
        if value is None:
            continue
        try:
            row = option(name)
            if row.many:
                what = tr("{flag} is for batches and sweeps.", flag=row.flags[-1])
                raise OptionError(what, tr("Leave it out, or use %%dalle_batch or %%dalle_sweep."))
            read = row.parse(value) if row.scope == "call" and not row.repeatable else value
            scopes[row.scope][row.name] = list(read) if isinstance(read, tuple) else read
        except OptionError as error:
            broken.append(Broken(option=name, what=error.what, fix=error.fix))
    return Said(
        request=scopes["request"], sources=scopes["source"], call=scopes["call"], broken=tuple(broken)
    )


def compose(
    prompt: str,
    said: Said,
    *,
    shelf: Callable[[], Shelf],
    defaults: Mapping[str, Any],
    namespace: Mapping[str, Any] | None = None,
) -> Asked:
    """Return what is asked: a new picture, an edit, a variation, or an earlier Request changed as said.

    ``shelf`` opens the history, and is called only where a REF needs it. ``defaults`` count where nobody
    said; a rerun repeats what was asked then.

    Raises:
        RequestError: options that exclude one another, a REF that is nothing, a mask that does not fit.
    """
    verbs = [name for name in _VERBS if name in said.sources]
    if len(verbs) > 1:
        flags = ", ".join(option(name).flags[-1] for name in verbs)
        raise OptionError(tr("{flags} cannot go together.", flags=flags), tr("Keep one of them."))
    look = _Look(said=said, shelf=shelf, namespace=namespace)
    if "rerun" in said.sources:
        return _rerun(prompt, look)
    if "vary" in said.sources:
        return _vary(prompt, look, defaults)
    options = {**defaults, **said.request}
    request = Request(prompt=prompt, model=options.pop("model", None), options=options)
    if "edit" in said.sources or "ref" in said.sources:
        return _edit(request, look)
    if "mask" in said.sources or "markup" in said.sources:
        raise OptionError(tr("A mask needs a picture to edit."), tr("Add --edit REF."))
    return look.asked(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What was said, and where the pictures it names are found."""

    said: Said
    shelf: Callable[[], Shelf]
    namespace: Mapping[str, Any] | None

    def source(self, name: str) -> Source:
        return self.find(self.said.sources[name])

    def find(self, reference: Any) -> Source:
        return find_source(reference, self.shelf(), self.namespace)

    def references(self) -> list[Source]:
        given = self.said.sources.get("ref", ())
        return [self.find(each) for each in (given if isinstance(given, list | tuple) else (given,))]

    def mask(self, picture: Blob) -> Mask | None:
        """Return the mask that was given, made to fit: a shape in words, another Run's, or a picture."""
        reference = self.said.sources.get("mask")
        if reference is None:
            return None
        shape = shape_mask(reference, picture) if isinstance(reference, str) else None
        if shape is not None:
            return shape
        source = self.source("mask")
        # A Run stands for its mask, one of its pictures for itself.
        one = isinstance(getattr(reference, "record", None), PictureRecord) or "/" in str(reference)
        earlier = source.run.request.mask if source.run and not one else None
        return fit_mask(with_bytes(earlier, self.shelf()) if earlier else source.blob, picture)

    def asked(
        self, request: Request, parent: RunRecord | None = None, notices: tuple[str, ...] = ()
    ) -> Asked:
        """Return what is asked, naming the Run that a REF counted from the newest meant."""
        said = [str(each) for each in self.said.sources.values() if isinstance(each, int | str)]
        if parent is not None and any(each.startswith("-") for each in said):
            notices = (tr("Starts from Run {id}.", id=parent.id), *notices)
        return Asked(
            request=request,
            parent=parent,
            call=self.said.call,
            notices=notices,
            broken=self.said.broken,
            optional=frozenset(request.options) - frozenset(self.said.request),
        )


def with_bytes(blob: Blob, shelf: Shelf) -> Blob:
    """Return an input or mask with its bytes, from the store where it is without."""
    return blob if blob.data is not None else replace(blob, data=shelf.read(blob.sha256))


def _edit(request: Request, look: _Look) -> Asked:
    sources = [*([look.source("edit")] if "edit" in look.said.sources else []), *look.references()]
    first = sources[0]
    mask = look.mask(first.blob)
    request = replace(
        request,
        kind=Kind.EDIT,
        inputs=tuple(source.blob for source in sources),
        mask=mask.blob if mask else None,
        markup=look.source("markup").blob if "markup" in look.said.sources else None,
    )
    return look.asked(request, first.run, (mask.said(),) if mask else ())


def _vary(prompt: str, look: _Look, defaults: Mapping[str, Any]) -> Asked:
    source = look.source("vary")
    # A variation takes after its parent: its words, and the options that the call does not change.
    before = source.run.request if source.run else Request()
    kept = {name: value for name, value in before.options.items() if name in _INHERITED}
    options = {**defaults, **kept, **look.said.request}
    request = Request(
        kind=Kind.VARIATION,
        prompt=prompt if prompt.strip() else before.prompt,
        model=look.said.request.get("model") or before.model or options.get("model"),
        inputs=(source.blob,),
        options={name: value for name, value in options.items() if name != "model"},
    )
    return look.asked(request, source.run)


def _rerun(prompt: str, look: _Look) -> Asked:
    shelf = look.shelf()
    parent = find_run(look.said.sources["rerun"], shelf, look.namespace)
    before, changes = parent.request, dict(look.said.request)
    model = changes.pop("model", None) or before.model
    request = replace(
        before,
        prompt=prompt if prompt.strip() else before.prompt,
        model=model,
        inputs=tuple(with_bytes(blob, shelf) for blob in before.inputs),
        mask=with_bytes(before.mask, shelf) if before.mask else None,
        markup=with_bytes(before.markup, shelf) if before.markup else None,
        options={**before.options, **changes},
        # A path in the tree of reruns, so that no two of them are the same Request.
        sample=before.sample * 1000 + shelf.count_children(parent.uid) + 1,
    )
    return look.asked(request, parent)
