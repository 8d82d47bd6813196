"""The workshop: settings, backend and store brought together. Everything that draws ends in `ImageGenerator.draw`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Event as Flag
from threading import Lock
from typing import TYPE_CHECKING, Any

from dalle_nb import _settings
from dalle_nb._backend import Backend, Terms
from dalle_nb._catalog import Catalog, load_catalog
from dalle_nb._composing import Asked, compose, sort_options
from dalle_nb._display import stay_under_cell
from dalle_nb._drawing import Drawing, Watch
from dalle_nb._errors import DalleError, Interrupted
from dalle_nb._language import speaking
from dalle_nb._money import MICROS, cap, confirm, period_start
from dalle_nb._prompts import enhance
from dalle_nb._records import Plan, RunRecord, blobs_of
from dalle_nb._rules import check
from dalle_nb._run import Picture, Run
from dalle_nb._settings import Settings

if TYPE_CHECKING:
    from dalle_nb._store import Budget, Store

_FLAGS = ("backend", "retry", "timeout", "retired")
"""Options of one call that are settings for its length."""


@dataclass(slots=True)
class _Shared:
    """What a generator and its short-lived siblings have in common."""

    lock: Lock = field(default_factory=Lock)
    stores: dict[tuple[Path | None, int], Store] = field(default_factory=dict)
    backends: dict[tuple[object, ...], Backend] = field(default_factory=dict)
    last: Run | None = None
    seen: set[str] = field(default_factory=set)
    """Identities asked for in this process, so that only a first execution is answered from the history."""


class ImageGenerator:
    """Draws pictures, keeps them, and says what happened.

    ``model`` and any other Request option given here are its defaults; so are settings such as
    ``backend``, ``budget`` or ``language``.

    Raises:
        SettingsError: a name or value that is not known.
    """

    def __init__(self, model: str | None = None, backend: str | None = None, **defaults: Any) -> None:
        self._layers: dict[str, dict[str, Any]] = {}
        self._shared = _Shared()
        self.configure(model=model, backend=backend, **defaults)

    def configure(self, *, layer: str = "configure", **values: Any) -> None:
        """Set defaults and settings from here on; None takes one back.

        Raises:
            SettingsError: a name or value that is not known; nothing is set then.
        """
        said = {**self._layers.get(layer, {}), **values}
        _settings.resolve({layer: said})
        self._layers[layer] = {name: value for name, value in said.items() if value is not None}

    @property
    def settings(self) -> Settings:
        """Everything that is set, by whom it was said last; read anew each time."""
        layers = {
            "environment": _settings.read_environment(_settings.environment()),
            "project": _settings.read_project(Path.cwd()),
        }
        return _settings.resolve({**layers, **self._layers})

    @property
    def catalog(self) -> Catalog:
        """The models and servers that we know facts about."""
        return load_catalog()

    @property
    def backend(self) -> Backend:
        """What draws, opened when first asked for and kept as long as the settings stay."""
        from dalle_nb.backends import open_backend

        settings = self.settings
        with self._shared.lock:
            return open_backend(settings, self._shared.backends)

    @property
    def store(self) -> Store:
        """Where Runs and Pictures are kept. StoreError where it cannot be opened."""
        from dalle_nb._store import Store

        settings = self.settings
        home = _settings.home_folder(settings) if settings.record else None
        key = (home, os.getpid())
        with self._shared.lock:
            if key not in self._shared.stores:
                self._shared.stores[key] = Store.open(home) if home else Store.private()
            return self._shared.stores[key]

    @property
    def last(self) -> Run | None:
        """The newest Run of this process."""
        return self._shared.last

    def generate(self, prompt: str, **options: Any) -> Run:
        """Draw a prompt. Options are those of the magic: ``size="landscape", n=2, quality="high"``.

        Raises:
            RequestError: rules are broken (all are named); nothing was sent.
            MoneyError: a budget or a question stands before it; nothing was sent.
            DrawError: it was not drawn; ``.run`` is the Run that records it, with what had come.
        """
        return self.ask(str(prompt), options)

    def edit(self, image: Any, prompt: str, mask: Any = None, **options: Any) -> Run:
        """Draw a picture anew as the prompt says: only inside the mask, where there is one.

        ``image`` and ``mask`` are a Run, a Picture, a PIL image, a numpy array, bytes, a path, or a REF
        such as ``"12/3"``. Raises what `generate` raises.
        """
        return self.ask(str(prompt), {"edit": image, "mask": mask, **options})

    def vary(self, image: Any, n: int = 1, strength: str = "subtle", **options: Any) -> Run:
        """Draw ``n`` variations of a picture, ``subtle`` or ``strong``. Raises what `generate` raises."""
        prompt = options.pop("prompt", "")
        return self.ask(prompt, {"vary": image, "n": n, "strength": strength, **options})

    def rerun(self, reference: Any, **changes: Any) -> Run:
        """Ask what a Run asked again, changed as said; another picture. Raises what `generate` raises."""
        prompt = changes.pop("prompt", "")
        return self.ask(prompt, {"rerun": reference, **changes})

    def generate_and_save(self, prompt: str, save_path: str | os.PathLike[str], **options: Any) -> str:
        """Draw a prompt, save the first picture, and return the path it was saved to."""
        return str(self.generate(prompt, **options).pictures[0].save(save_path))

    def enhance_prompt(self, base_prompt: str, style: str | None = None) -> str:
        """Return the prompt with words for a style added; an unknown style returns it as it is."""
        return enhance(base_prompt, style)

    def ask(
        self,
        prompt: str,
        options: Mapping[str, Any],
        *,
        namespace: Mapping[str, Any] | None = None,
        watch: Watch | None = None,
        first: bool = False,
        cancel: Flag | None = None,
    ) -> Run:
        """Draw what a prompt and options by name ask for: the one door for magic, panel and CLI.

        ``namespace`` holds the variables that REFs may name. With ``first``, the first asking in this
        process of what the history holds already is answered from there (a notebook run again is free).
        Raises what `generate` raises.
        """
        stay_under_cell()
        with speaking(self.settings.tongue(prompt)):
            workshop, asked = self._read(prompt, options, namespace)
            run = workshop.draw(asked, watch=watch, first=first, cancel=cancel)
            if asked.call.get("save"):
                run.save(asked.call["save"])
            return run

    def plan(
        self, prompt: str, options: Mapping[str, Any], *, namespace: Mapping[str, Any] | None = None
    ) -> Plan:
        """Return what `ask` would send and may cost; nothing is sent, nothing kept."""
        with speaking(self.settings.tongue(prompt)):
            workshop, asked = self._read(prompt, options, namespace)
            return workshop.check(asked)

    def check(self, asked: Asked) -> Plan:
        """Return the plan for what is asked. RequestError names every rule that it breaks."""
        plan = check(
            asked.request,
            self.catalog,
            self.backend.server,
            today=datetime.now(UTC).date(),
            retired=self.settings.retired,
            optional=asked.optional,
            broken=asked.broken,
        )
        return replace(plan, notices=(*asked.notices, *plan.notices))

    def draw(
        self, asked: Asked, *, watch: Watch | None = None, first: bool = False, cancel: Flag | None = None
    ) -> Run:
        """Ask for pictures, keep them, and say what happened."""
        plan = self.check(asked)  # what will be sent and may cost, or every broken rule at once
        if run := self._kept(plan, asked, first=first):
            return self._remember(run)
        record = self._begin(plan, asked)  # money rules; then a row first: asked, budget reserved
        settings = self.settings
        terms = Terms(timeout=settings.timeout, retry=settings.retry, cancel=cancel or Flag())
        drawing = Drawing(plan, record, self.backend, self.store, terms, strict=self._is_strict(plan))
        if watch:
            watch.planned(plan, record)
        try:
            drawing.run(watch)  # each picture: file, then row; then the row finished, whatever happened
        except Interrupted as interrupted:
            drawing.error = interrupted
        run = self._remember(Run(drawing.record, self))
        if drawing.error is not None:
            raise _with_run(drawing.error, run)
        return run

    def show(self, run: Run, pictures: tuple[Picture, ...] | None = None) -> None:
        """Show a Run, or some of its pictures, under the cell: the picture, and the caption."""
        from dalle_nb._display import show_run

        show_run(run, pictures or run.pictures, self.settings)

    def code(self, record: RunRecord, language: str) -> str:
        """Return a program that repeats a Run; what was drawn offline asks OpenAI for the like.

        Raises:
            OptionError: no such language.
        """
        from dalle_nb._snippets import Files, write_snippet

        paths = {blob.sha256: str(self.store.path(blob.sha256)) for blob in blobs_of(record.request)}
        inputs = tuple((paths[blob.sha256], blob.media_type) for blob in record.request.inputs)
        mask = record.request.mask
        files = Files(inputs=inputs, mask=(paths[mask.sha256], mask.media_type) if mask else None)
        return write_snippet(language, self._as_sent(record), files)

    @staticmethod
    def revive(record: RunRecord) -> Run:
        """Return an unpickled Run, joined to this process's default generator."""
        return Run(record, default_generator())

    def _read(
        self, prompt: str, options: Mapping[str, Any], namespace: Mapping[str, Any] | None
    ) -> tuple[ImageGenerator, Asked]:
        said = sort_options(options)
        workshop = self._with_flags({name: said.call[name] for name in _FLAGS if name in said.call})
        shelf = lambda: workshop.store  # noqa: E731 - opened only where a REF needs it
        defaults = workshop.settings.options
        return workshop, compose(prompt, said, shelf=shelf, defaults=defaults, namespace=namespace)

    def _with_flags(self, flags: Mapping[str, Any]) -> ImageGenerator:
        """Return a sibling for one call: the same store and backends, other settings."""
        if not flags:
            return self
        sibling = ImageGenerator()
        sibling._shared = self._shared
        sibling._layers = {**self._layers, "flag": dict(flags)}
        return sibling

    def _kept(self, plan: Plan, asked: Asked, *, first: bool) -> Run | None:
        """Return the Run that already answers the plan, where it may; say why through ``reused``."""
        paid = plan.estimate is None or plan.estimate.high > 0
        unseen = plan.request.identity not in self._shared.seen
        self._shared.seen.add(plan.request.identity)
        if not asked.call.get("reuse", first and paid and unseen and self.settings.reuse):
            return None
        record = self.store.find(plan.request.identity, backend=plan.backend, model=plan.model)
        return Run(record, self, reused=True) if record else None

    def _begin(self, plan: Plan, asked: Asked) -> RunRecord:
        settings, call = self.settings, asked.call
        confirm(plan, above=settings.confirm_above, yes=bool(call.get("yes")))
        cell_budget = call.get("budget")
        cap(plan, None if cell_budget is None else round(cell_budget * MICROS))
        return self.store.begin(
            plan,
            parent=asked.parent.uid if asked.parent else None,
            tags=tuple(call.get("tag") or ()),
            budget=self._budget(settings),
        )

    def _budget(self, settings: Settings) -> Budget | None:
        if settings.budget is None:
            return None
        from dalle_nb._store import Budget

        return Budget(limit=settings.budget, since=period_start(settings.per, datetime.now(UTC)))

    def _as_sent(self, record: RunRecord) -> RunRecord:
        if record.backend != "offline":
            return record
        request, server = replace(record.request, model=None), self.catalog.servers["openai"]
        today = datetime.now(UTC).date()
        plan = check(request, self.catalog, server, today=today, optional=frozenset(request.options))
        return replace(record, sent=tuple(call.parameters for call in plan.calls), recipe=plan.recipe)

    def _is_strict(self, plan: Plan) -> bool:
        """Whether the original is put back outside the mask: as said, else where masks are only guidance."""
        said = plan.request.options.get("strict_mask")
        soft = plan.backend != "offline" and self.catalog.model(plan.model).soft_mask
        return plan.request.mask is not None and bool(soft if said is None else said)

    def _remember(self, run: Run) -> Run:
        self._shared.last = run
        return run


def _with_run(error: BaseException, run: Run) -> BaseException:
    if isinstance(error, DalleError | Interrupted):
        error.run = run
    return error


@cache
def default_generator() -> ImageGenerator:
    """Return this process's own generator, made when first needed."""
    return ImageGenerator()


def generate(prompt: str, **options: Any) -> Run:
    """Draw a prompt with the default generator; see `ImageGenerator.generate`."""
    return default_generator().generate(prompt, **options)


def edit(image: Any, prompt: str, mask: Any = None, **options: Any) -> Run:
    """Draw a picture anew with the default generator; see `ImageGenerator.edit`."""
    return default_generator().edit(image, prompt, mask, **options)


def vary(image: Any, n: int = 1, strength: str = "subtle", **options: Any) -> Run:
    """Draw variations of a picture with the default generator; see `ImageGenerator.vary`."""
    return default_generator().vary(image, n, strength, **options)


def rerun(reference: Any, **changes: Any) -> Run:
    """Ask what a Run asked again with the default generator; see `ImageGenerator.rerun`."""
    return default_generator().rerun(reference, **changes)


def configure(**values: Any) -> None:
    """Set the default generator's defaults and settings; see `ImageGenerator.configure`."""
    default_generator().configure(**values)
