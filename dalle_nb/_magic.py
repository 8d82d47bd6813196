"""``%%dalle`` and ``%dalle``, and what ``%load_ext dalle_nb`` puts into the user's shell.

Reads what was typed, asks the workshop, shows what came. Loaded with every ``%load_ext``, so that each
method imports what it needs; what IPython itself needs is there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher
from IPython.core.magic import Magics, magics_class, needs_local_scope, no_var_expand
from traitlets import Bool, Integer, TraitError, Unicode, observe, validate

from dalle_nb._guide import GuideMagics, publish, short_help, workshop
from dalle_nb._language import speaking, tr
from dalle_nb._magic_many import ManyMagics

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

    from dalle_nb._generator import ImageGenerator
    from dalle_nb._parse import Typed
    from dalle_nb._run import Run

NAME, OTHER_NAME = "dalle", "dalle_nb"
DEFAULTS = ("model", "size", "quality", "backend", "language", "thumbnail")
"""Settings that ``%config DalleMagics`` takes."""


def load(shell: InteractiveShell) -> None:
    """Register the magics, completion and display; doing so again changes nothing."""
    magics = _magics_of(shell) or DalleMagics(shell=shell)
    shell.register_magics(GuideMagics, ManyMagics)
    DalleMagics.dalle.__doc__ = short_help()
    shell.magics_manager.register_function(magics.dalle, "line_cell", _free_name(shell))
    if magics.complete not in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.append(magics.complete)
    _displays(shell).for_type_by_name("dalle_nb._run", "Run", magics.show)


def unload(shell: InteractiveShell) -> None:
    """Take everything away again, but what ``%config`` set, which a ``%reload_ext`` must not lose."""
    magics = _magics_of(shell)
    if magics is None:
        return
    for table in shell.magics_manager.magics.values():
        for name in [name for name, magic in table.items() if _belongs(magic)]:
            del table[name]
    shell.configurables[:] = [
        each for each in shell.configurables if not isinstance(each, GuideMagics | ManyMagics)
    ]
    if magics.complete in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(magics.complete)
    _displays(shell).pop("dalle_nb._run.Run", None)


@magics_class
class DalleMagics(Magics):
    """Defaults of the notebook: ``%config DalleMagics.size = "landscape"``; None leaves them to others."""

    model = Unicode(None, allow_none=True, help="Model that draws.").tag(config=True)
    size = Unicode(None, allow_none=True, help="WxH, square, landscape, portrait or a ratio.").tag(
        config=True
    )
    quality = Unicode(None, allow_none=True, help="A quality that the model takes.").tag(config=True)
    backend = Unicode(None, allow_none=True, help="auto, openai or offline.").tag(config=True)
    language = Unicode(None, allow_none=True, help="auto, en or zh.").tag(config=True)
    thumbnail = Integer(None, allow_none=True, help="Long edge of shown pictures, in pixels.").tag(
        config=True
    )
    quiet = Bool(False, help="Show pictures without captions.").tag(config=True)

    _latest: tuple[str, int, bool, bool] = ("", 0, False, False)
    """The newest Run's uid, its cell, whether its picture stands there already, whether it is quiet."""
    _priced = False
    """Whether a price was told before a drawing, which is done once."""

    @validate(*DEFAULTS)
    def _legal(self, proposal: Any) -> Any:
        from dalle_nb._errors import SettingsError
        from dalle_nb._settings import parse_setting

        if proposal["value"] is None:
            return None
        try:
            return parse_setting(proposal["trait"].name, proposal["value"])
        except SettingsError as error:
            # The one error after which traitlets keeps the value from before.
            raise TraitError(str(error)) from error

    @observe(*DEFAULTS)
    def _configure(self, change: Any) -> None:
        workshop().configure(layer="config", **{change.name: change.new})

    @no_var_expand
    @needs_local_scope
    def dalle(
        self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
    ) -> Run | None:
        """Draw a picture; what ``%%dalle?`` shows is made from the table of options."""
        from dalle_nb._parse import parse
        from dalle_nb._prompts import fill

        generator, names = workshop(), {**self._ipython.user_ns, **(local_ns or {})}
        with speaking(generator.settings.tongue(f"{line}\n{cell or ''}")):
            typed = parse(line, cell, fill=lambda text: fill(text, names))
            self._say_hints(typed)
            if typed.options.get("dry_run"):
                self._say_estimate(typed, generator, names)
                return None
            run = self._draw(typed, generator, names)
        if typed.name is None:
            return run
        self._ipython.user_ns[typed.name] = run
        return None

    @property
    def _ipython(self) -> InteractiveShell:
        assert self.shell is not None
        return self.shell

    def show(self, run: Run) -> None:
        """Show a Run as a cell's result: without what its cell shows already, or was told to leave out."""
        from dalle_nb._display import show_run

        uid, cell, begun, quiet = self._latest
        self._latest = ("", 0, False, False)
        mine = (uid, cell) == (run.uid, self._ipython.execution_count)
        pictures = () if mine and begun else run.pictures
        show_run(run, pictures, run.generator.settings, caption=not (mine and quiet))

    def _draw(self, typed: Typed, generator: ImageGenerator, names: Mapping[str, Any]) -> Run:
        from dalle_nb._live import LiveView

        view = None if typed.name else LiveView(generator.settings, price=not self._priced)
        try:
            run = generator.ask(typed.prompt, typed.options, namespace=names, watch=view, first=True)
        except BaseException:
            if view:
                view.stop()
            raise
        if view:
            view.finish(run)
            self._priced = self._priced or view.priced
            quiet = bool(typed.options.get("quiet", self.quiet))
            self._latest = (run.uid, self._ipython.execution_count, view.begun, quiet)
        return run

    def _say_hints(self, typed: Typed) -> None:
        from dalle_nb._prompts import foreign_flags
        from dalle_nb._render import line_bundle

        for hint in foreign_flags(typed.prompt):
            publish(line_bundle(hint))

    def _say_estimate(self, typed: Typed, generator: ImageGenerator, names: Mapping[str, Any]) -> None:
        from dalle_nb._display import mask_bundle
        from dalle_nb._render import estimate_bundle

        plan = generator.plan(typed.prompt, typed.options, namespace=names)
        publish(estimate_bundle(plan))
        if shown := mask_bundle(plan, generator.settings):
            publish(shown)

    @context_matcher(identifier="dalle_nb", priority=1000)  # type: ignore[untyped-decorator]  # IPython's own
    def complete(self, context: CompletionContext) -> SimpleMatcherResult:
        """Offer options and values to Tab, and silence the names of Python inside a prompt."""
        lines = context.full_text.split("\n")
        here = lines[context.cursor_line][: context.cursor_position]
        if "%dalle" not in (here if context.cursor_line == 0 else lines[0] + here):
            return {"completions": [], "suppress": False}
        from dalle_nb._complete import offer

        before = "\n".join([*lines[: context.cursor_line], here])
        catalog = workshop().catalog
        found = offer(before, catalog=catalog, model=_model_meant(), variables=self._ipython.user_ns)
        if found is None:
            return {"completions": [], "suppress": False}
        return {
            "completions": [SimpleCompletion(word, type="option") for word in found.words] or _Nothing(),
            "matched_fragment": found.fragment,
            "ordered": True,
            "suppress": True,
            "do_not_suppress": {"IPCompleter.file_matcher"} if found.paths else set(),
        }


class _Nothing(list[SimpleCompletion]):
    """No completions, counted as one: IPython lets a matcher silence others only if it found something."""

    def __len__(self) -> int:
        return 1


def _displays(shell: InteractiveShell) -> Any:
    """Return IPython's table of display functions by type, which it gives no types."""
    assert shell.display_formatter is not None
    return shell.display_formatter.ipython_display_formatter


def _magics_of(shell: InteractiveShell) -> DalleMagics | None:
    return next((each for each in shell.configurables if isinstance(each, DalleMagics)), None)


def _free_name(shell: InteractiveShell) -> str:
    """Return ``dalle``, or another name where another extension has that one already."""
    owner = shell.magics_manager.magics["cell"].get(NAME) or shell.magics_manager.magics["line"].get(NAME)
    if owner is None or _belongs(owner):
        return NAME
    from dalle_nb._render import line_bundle

    whose = getattr(owner, "__module__", "?")
    words = tr("%%{name} belongs to {whose}: draw with %%{other}.", name=NAME, whose=whose, other=OTHER_NAME)
    publish(line_bundle(words))
    return OTHER_NAME


def _belongs(magic: Any) -> bool:
    # A lazy magic is a promise to load us, made in the user's configuration.
    ours = isinstance(getattr(magic, "__self__", None), DalleMagics | GuideMagics | ManyMagics)
    return ours or str(getattr(magic, "spec", "")).startswith("dalle_nb")


def _model_meant() -> str:
    """Return the model that draws when a cell names none; settings that cannot be read mean the usual one."""
    from dalle_nb._errors import SettingsError
    from dalle_nb.backends import backend_name

    catalog = workshop().catalog
    try:
        settings = workshop().settings
    except SettingsError:
        return catalog.default_model
    offline = backend_name(settings) == "offline"
    return str(settings.options.get("model") or (catalog.offline_model if offline else catalog.default_model))
