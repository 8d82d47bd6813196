"""The workshop: settings, backend and store brought together. Everything that draws ends in `ImageGenerator.draw`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

from dalle_nb import _settings
from dalle_nb._backend import Backend, Terms
from dalle_nb._catalog import Catalog, load_catalog
from dalle_nb._composing import Asked, compose, sort_options
from dalle_nb._drawing import Drawing, Watch
from dalle_nb._errors import DalleError, DrawError, Interrupted, OptionError
from dalle_nb._language import speaking, tr
from dalle_nb._masks import spell_mask
from dalle_nb._money import MICROS, cap, confirm, is_paid, period_start
from dalle_nb._place import notebook_of_now, place_of_now, stay_under_cell
from dalle_nb._prompts import enhance
from dalle_nb._records import Plan, RunRecord
from dalle_nb._rules import check
from dalle_nb._run import Picture, Run
from dalle_nb._saving import StrPath, check_pattern
from dalle_nb._session import Session, Shelf
from dalle_nb._settings import Settings

if TYPE_CHECKING:
    from dalle_nb._store import Budget, Entry, Store

_FLAGS = ("backend", "retry", "timeout", "retired", "per_minute")
"""Options of one call that are settings for its length."""


@dataclass(slots=True)
class _Shared:
    """What a generator and its short-lived siblings have in common.

    No lock: a child forked while another thread held it would wait for ever. Two threads may open the same
    store or backend at once; ``setdefault`` lets both use the same one.
    """

    stores: dict[Path | None, Store] = field(default_factory=dict)
    backends: dict[tuple[object, ...], Backend] = field(default_factory=dict)
    session: Session = field(default_factory=Session)


class ImageGenerator:
    """Draws pictures, keeps them, and says what happened.

    ``model`` and any other Request option given here are its defaults; so are settings such as
    ``backend``, ``budget`` or ``language``.

    Raises:
        SettingsError: a name or value that is not known.
    """

    def __init__(self, model: str | None = None, backend: str | None = None, **defaults: Any) -> None:
        self._layers: dict[str, dict[str, Any]] = {}
        self._own: dict[str, dict[str, Any]] = {}
        self._shared = _Shared()
        self.configure(model=model, backend=backend, **defaults)

    def configure(self, *, layer: str = "configure", **values: Any) -> None:
        """Set defaults and settings from here on; None takes one back.

        Raises:
            SettingsError: a name or value that is not known; nothing is set then.
        """
        said = {
            **self._layers.get(layer, {}),
            **{_settings.setting_name(name): values[name] for name in values},
        }
        _settings.resolve({layer: said})
        self._layers[layer] = {name: value for name, value in said.items() if value is not None}

    @property
    def settings(self) -> Settings:
        """Everything that is set, by whom it was said last; read anew each time."""
        azure = any("azure_endpoint" in layer for layer in (*self._layers.values(), *self._own.values()))
        layers = {
            "environment": _settings.read_environment(_settings.environment(), azure=azure),
            "project": _settings.read_project(Path.cwd()),
        }
        return _settings.resolve({**layers, **self._layers, **self._own})

    @property
    def catalog(self) -> Catalog:
        """The models and servers that we know facts about."""
        return load_catalog()

    @property
    def backend(self) -> Backend:
        """What draws, opened when first asked for and kept as long as the settings stay."""
        from dalle_nb.backends import open_backend

        return open_backend(self.settings, self._shared.backends)

    @property
    def store(self) -> Store:
        """Where Runs and Pictures are kept. StoreError where it cannot be opened."""
        from dalle_nb._store import Store

        settings = self.settings
        home = _settings.home_folder(settings) if settings.record else None
        if home not in self._shared.stores:
            self._shared.stores.setdefault(home, Store.open(home) if home else Store.private())
        return self._shared.stores[home]

    @property
    def session(self) -> Session:
        """What this process has asked and been answered."""
        return self._shared.session

    @property
    def last(self) -> Run | None:
        """The newest Run of this process."""
        return self.session.last

    def ledger(self, by: str = "day") -> tuple[Entry, ...]:
        """Return what was spent, summed by ``day``, ``model`` or ``notebook``, the newest or dearest first.

        Raises:
            OptionError: it cannot be summed by that.
        """
        return self.store.ledger(by)

    def generate(self, prompt: str, **options: Any) -> Run:
        """Draw a prompt. Options are those of the magic: ``size="landscape", n=2, quality="high"``.

        Raises:
            RequestError: rules are broken (all are named); nothing was sent.
            MoneyError: a budget or a question stands before it; nothing was sent.
            DrawError: it was not drawn; ``.run`` is the Run that records it, with what had come.
        """
        return self._ask(str(prompt), options)

    def edit(
        self,
        image: Any,
        prompt: str,
        mask: Any = None,
        *,
        box: Any = None,
        ellipse: Any = None,
        **options: Any,
    ) -> Run:
        """Draw a picture anew as the prompt says: only inside the mask, where there is one.

        ``image`` and ``mask`` are a Run, a Picture, a PIL image, a numpy array, bytes, a path, or a REF
        such as ``"12/3"``. In place of a mask, ``box`` or ``ellipse`` are (left, upper, right, lower), in
        pixels, or in percent as in ``"10%,10%,50%,90%"``. Raises what `generate` raises.
        """
        mask = spell_mask(mask, box=box, ellipse=ellipse)
        return self._ask(str(prompt), {"edit": image, "mask": mask, **options})

    def vary(self, image: Any, n: int = 1, strength: str = "subtle", **options: Any) -> Run:
        """Draw ``n`` variations of a picture, ``subtle`` or ``strong``. Raises what `generate` raises."""
        prompt = options.pop("prompt", "")
        return self._ask(prompt, {"vary": image, "n": n, "strength": strength, **options})

    def rerun(self, reference: Any, **changes: Any) -> Run:
        """Ask what a Run asked again, changed as said; another picture. Raises what `generate` raises."""
        prompt = changes.pop("prompt", "")
        return self._ask(prompt, {"rerun": reference, **changes})

    def generate_and_save(self, prompt: str, save_path: StrPath, **options: Any) -> str:
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
        stop: Flag | None = None,
        sample: int = 0,
    ) -> Run:
        """Draw what a prompt and options by name ask for: the one door for magic, panel and CLI.

        ``namespace`` holds the variables that REFs may name. With ``first``, the first asking in this
        process of what the history holds already is answered from there (a notebook run again is free).
        ``cancel`` gives up what is under way; ``stop`` only begins no further call. ``sample`` counts
        drawings of one and the same Request that are asked for together. Raises what `generate` raises.
        """
        stay_under_cell()
        with speaking(self.settings.tongue(prompt)):
            workshop, asked = self._read(prompt, options, namespace, sample)
            if asked.call.get("dry_run"):
                raise no_dry_run()
            where = asked.call.get("save")
            if where:
                check_pattern(where)  # before anything is paid
        # A rerun or variation without words of its own has those of its parent.
        with speaking(self.settings.tongue(asked.request.prompt)):
            run = workshop.draw(asked, watch=watch, first=first, cancel=cancel, stop=stop)
            if where:
                _saved(run, where)
            return run

    def ask_all(self, asked: Sequence[tuple[str, Mapping[str, Any]]], *, yes: bool = False) -> list[Run]:
        """Draw several, each a prompt and options by name, once what all may cost together is agreed.

        One that is refused or fails is among the others; only money and settings stop the rest.

        Raises:
            ConfirmationNeeded: together they are dear, and ``yes`` was not said; nothing was sent.
        """
        plans = [self.plan(prompt, options) for prompt, options in asked]
        confirm(*plans, above=self.settings.confirm_above, yes=yes)
        return [self._drawn(prompt, {**options, "yes": True}) for prompt, options in asked]

    def plan(
        self, prompt: str, options: Mapping[str, Any], *, namespace: Mapping[str, Any] | None = None
    ) -> Plan:
        """Return what `ask` would send and may cost; nothing is sent, nothing kept."""
        return self.prepare(prompt, options, namespace=namespace)[1]

    def prepare(
        self,
        prompt: str,
        options: Mapping[str, Any],
        *,
        namespace: Mapping[str, Any] | None = None,
        sample: int = 0,
    ) -> tuple[Asked, Plan]:
        """Return what `ask` would read from this and its plan, for what is sent off as a job."""
        with speaking(self.settings.tongue(prompt)):
            workshop, asked = self._read(prompt, options, namespace, sample)
            return asked, workshop.check(asked)

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
        self,
        asked: Asked,
        *,
        watch: Watch | None = None,
        first: bool = False,
        cancel: Flag | None = None,
        stop: Flag | None = None,
    ) -> Run:
        """Ask for pictures, keep them, and say what happened."""
        plan = self.check(asked)  # what will be sent and may cost, or every broken rule at once
        if run := self._kept(plan, asked, first=first):
            return self.session.remember(run)
        record = self._begin(plan, asked)  # money rules; then a row first: asked, budget reserved
        terms = self._terms(cancel, stop)
        drawing = Drawing(plan, record, self.backend, self.store, terms, strict=self.is_strict(plan))
        if watch:
            watch.planned(plan, record)
            self.session.priced = self.session.priced or is_paid(plan.estimate)
        error = drawing.run(watch)  # each picture: file, then row; then the row finished, whatever happened
        run = self.session.remember(Run(drawing.record, self))
        if error is not None:
            raise _with_run(error, run)
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
        from dalle_nb._program import write_program

        return write_program(record, language, self.store, self.catalog)

    @staticmethod
    def revive(record: RunRecord) -> Run:
        """Return an unpickled Run, joined to this process's default generator."""
        return Run(record, default_generator())

    def _ask(self, prompt: str, options: Mapping[str, Any]) -> Run:
        from dalle_nb._display import PriceLine

        return self.ask(prompt, options, watch=PriceLine(self.session))

    def _drawn(self, prompt: str, options: Mapping[str, Any]) -> Run:
        """Draw, and return the Run also where nothing came of it."""
        try:
            return self._ask(prompt, options)
        except DrawError as error:
            if isinstance(error.run, Run):
                return error.run
            raise

    def _terms(self, cancel: Flag | None, stop: Flag | None) -> Terms:
        settings = self.settings
        return Terms(
            timeout=settings.timeout,
            retry=settings.retry,
            cancel=cancel or Flag(),
            stop=stop or Flag(),
            board=self.store.gates,
            per_minute=settings.per_minute,
        )

    def _read(
        self, prompt: str, options: Mapping[str, Any], namespace: Mapping[str, Any] | None, sample: int = 0
    ) -> tuple[ImageGenerator, Asked]:
        said = sort_options(options)
        workshop = self.sibling(**{name: said.call[name] for name in _FLAGS if name in said.call})
        shelf = lambda: Shelf(workshop.store, self.session)  # noqa: E731 - only where a REF needs it
        defaults = workshop.settings.options
        asked = compose(prompt, said, shelf=shelf, defaults=defaults, namespace=namespace)
        request = replace(asked.request, sample=asked.request.sample + sample) if sample else asked.request
        return workshop, replace(asked, request=request)

    def sibling(self, layer: str = "flag", **values: Any) -> ImageGenerator:
        """Return a generator for one call: the same stores, backends and session, other settings in one layer."""
        if not values:
            return self
        sibling = ImageGenerator()
        sibling._shared = self._shared
        # What is configured later holds for a sibling too, which lives on in the Run it drew.
        sibling._layers = self._layers
        sibling._own = {**self._own, layer: {**self._own.get(layer, {}), **values}}
        return sibling

    def _kept(self, plan: Plan, asked: Asked, *, first: bool) -> Run | None:
        """Return the Run that already answers the plan: where that is wished, or a notebook is run again."""
        session, wished = self.session, asked.call.get("reuse")
        again = first and is_paid(plan.estimate) and session.is_first(plan.request, place_of_now())
        if not (again and self.settings.reuse if wished is None else wished):
            return None
        record = session.find(plan, self.store, untaken=wished is None)
        return Run(record, self, reused=True) if record else None

    def _begin(self, plan: Plan, asked: Asked) -> RunRecord:
        settings, call = self.settings, asked.call
        confirm(plan, above=settings.confirm_above, yes=bool(call.get("yes")))
        cell_budget = call.get("budget")
        cap(plan, None if cell_budget is None else round(cell_budget * MICROS))
        return self.store.begin(
            plan,
            parent=asked.parent.uid if asked.parent else None,
            notebook=notebook_of_now(),
            tags=_tags(call.get("tag") or ()),
            budget=self.budget,
        )

    @property
    def budget(self) -> Budget | None:
        """What all that is asked from now on may cost together, where that is set."""
        settings = self.settings
        if settings.budget is None:
            return None
        from dalle_nb._store import Budget

        return Budget(limit=settings.budget, since=period_start(settings.per, datetime.now().astimezone()))

    def is_strict(self, plan: Plan) -> bool:
        """Return whether the original is put back outside the mask: as said, else where masks are only guidance."""
        said = plan.request.options.get("strict_mask")
        soft = plan.backend != "offline" and self.catalog.model(plan.model).soft_mask
        return plan.request.mask is not None and bool(soft if said is None else said)


def _tags(said: str | Sequence[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


def _with_run(error: BaseException, run: Run) -> BaseException:
    if isinstance(error, DalleError | Interrupted):
        error.run = run
    return error


def no_dry_run() -> OptionError:
    """Return the error for a dry run asked of what draws: whoever wants no picture must not pay for one."""
    return OptionError(
        tr("Only a cell or the command line takes dry_run; nothing was sent."),
        tr("Ask ImageGenerator().plan(prompt, options) what would be sent and may cost."),
    )


def _saved(run: Run, where: str) -> None:
    try:
        run.save(where)
    except DalleError as error:
        raise _with_run(error, run) from None


@cache
def default_generator() -> ImageGenerator:
    """Return this process's own generator, made when first needed."""
    return ImageGenerator()
