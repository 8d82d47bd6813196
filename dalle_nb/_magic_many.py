"""``%%dalle_batch`` and ``%%dalle_sweep``: many prompts, or one that varies, as they are typed in a cell.

Reads what was typed and hands it to `dalle_nb._many`. Loaded with every ``%load_ext``, so that each method
imports what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from IPython.core.magic import Magics, line_cell_magic, magics_class, needs_local_scope, no_var_expand

from dalle_nb._guide import publish, workshop
from dalle_nb._language import speaking, tr

if TYPE_CHECKING:
    from dalle_nb._batch import Batch
    from dalle_nb._jobs import Job
    from dalle_nb._parse import Typed
    from dalle_nb._sweep import Sweep

Made = TypeVar("Made")


@magics_class
class ManyMagics(Magics):
    """What draws more than one Request."""

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def dalle_batch(
        self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
    ) -> Batch | Job | None:
        """Draw many prompts, one a line, each of which may end in options of its own.

            %%dalle_batch [NAME <<] [options for all]
            a red fox
            a hen, watercolour -s 3:2 -n 2

        ``%dalle_batch [NAME <<] [options] WHAT`` takes them from a variable (a list, a column, a frame) or a .txt,
        .csv or .jsonl file. The same again draws only what is missing; ``--fresh`` draws all anew.
        ``--dry-run`` only tells the price; ``--via openai-batch`` sends all off as a job at half the price.
        """
        from dalle_nb._items import read_lines
        from dalle_nb._many import batch, foretell
        from dalle_nb._parse import parse
        from dalle_nb._prompts import fill

        names = {**self._shell.user_ns, **(local_ns or {})}
        with speaking(workshop().settings.tongue(f"{line}\n{cell or ''}")):
            typed = parse(line, fill=lambda text: fill(text, names))
            options: dict[str, Any] = dict(typed.options)
            if cell is None:
                source = names.get(typed.prompt, Path(typed.prompt))
            else:
                source = [*read_lines(typed.prompt), *read_lines(cell, lambda text: fill(text, names))]
            if options.get("dry_run"):
                _foretold(foretell(source, options, namespace=names))
                return None
            return self._given(typed, batch(source, namespace=names, **options))

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    def dalle_sweep(
        self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None
    ) -> Sweep | None:
        """Draw a prompt for every combination of what it varies, as a labelled grid.

            %%dalle_sweep [NAME <<] [options]
            a {red|blue} fox in {a forest|a desert}

        An option may have several values too: ``--quality low|high --seed 1|2|3``. ``--zip`` takes them side by
        side, ``--cap N`` allows more than a hundred pictures, ``--dry-run`` only tells the price.
        """
        from dalle_nb._many import foretell, sweep
        from dalle_nb._parse import parse
        from dalle_nb._prompts import fill

        names = {**self._shell.user_ns, **(local_ns or {})}
        with speaking(workshop().settings.tongue(f"{line}\n{cell or ''}")):
            typed = parse(line, cell, fill=lambda text: fill(text, names), several=True)
            options: dict[str, Any] = dict(typed.options)
            if options.get("dry_run"):
                _foretold(foretell(typed.prompt, options, namespace=names, sweep=True))
                return None
            return self._given(typed, sweep(typed.prompt, namespace=names, **options))

    @property
    def _shell(self) -> Any:
        assert self.shell is not None
        return self.shell

    def _given(self, typed: Typed, made: Made) -> Made | None:
        """Return what was made, or put it where the line says and return nothing."""
        if typed.name is None:
            return made
        self._shell.user_ns[typed.name] = made
        return None


def _foretold(facts: str) -> None:
    from dalle_nb._render import line_bundle

    publish(line_bundle(tr("Not sent: {facts}", facts=facts)))
