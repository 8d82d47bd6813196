"""``dalle_nb.batch`` and ``dalle_nb.sweep``: what is said about the whole, and what about each Request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dalle_nb._axes import read_axes
from dalle_nb._batch import Batch, draw_batch
from dalle_nb._generator import ImageGenerator, default_generator
from dalle_nb._items import read_items
from dalle_nb._options import option
from dalle_nb._sweep import CAP, Sweep, draw_sweep

_SETTINGS = ("backend", "retry", "timeout", "retired", "per_minute", "concurrency")
"""Options of a whole batch that are settings for its length."""
_OF_ALL = ("yes", "budget", "reuse", "dry_run", "quiet", "via", "zip", "cap")
"""Options of a whole batch that are none of any one Request."""


def batch(
    prompts: Any,
    *,
    resume: bool = True,
    generator: ImageGenerator | None = None,
    namespace: Mapping[str, Any] | None = None,
    **options: Any,
) -> Batch:
    """Draw many prompts, and return their Runs in order; what fails is among them, and the rest goes on.

    ``prompts`` is a list of prompts or of dicts with options of their own, a column or frame of pandas or
    polars, or the path of a .txt, .csv or .jsonl file. ``options`` hold for all: those of `generate`, and
    ``concurrency`` (Requests at once), ``per_minute`` (pictures, over all notebooks), ``budget`` (dollars for
    all together), ``yes``. The same batch again draws only what is missing, unless ``resume=False``.

    Raises:
        RequestError: rules are broken, and where; nothing was sent.
        MoneyError: a budget or a question stands before it.
        SettingsError, BillingError, AuthenticationError, StoreError: the rest was not begun; what is done is kept.
        Interrupted: the same again draws what is missing.
    """
    workshop, whole, common = split(generator, options)
    return draw_batch(
        workshop,
        read_items(prompts, options=common),
        resume=resume and whole.get("reuse") is not False,
        yes=bool(whole.get("yes")),
        budget=whole.get("budget"),
        namespace=namespace,
    )


def sweep(
    prompt: str,
    *,
    zip: bool = False,  # noqa: A002 - what Python calls it too
    cap: int = CAP,
    resume: bool = True,
    generator: ImageGenerator | None = None,
    **axes: Any,
) -> Sweep:
    """Draw a prompt for every combination of what is varied, and return the grid.

    ``{red|blue}`` in the prompt is varied, and every option that is given a list, a range or a column of a frame;
    ``{colour}`` in the prompt takes the values of ``colour=[…]``. With ``zip`` the first values go together,
    then the second ones. Options with one value hold for all, as for `batch`. No more than ``cap`` pictures.

    Raises:
        OptionError: there is nothing to vary, or a name is no option.
        ConfirmationNeeded: there are more than ``cap``, or they are dear.
        DalleError: as for `batch`.
    """
    workshop, whole, given = split(generator, axes)
    return draw_sweep(
        workshop,
        read_axes(prompt, given, side_by_side=zip),
        cap=cap,
        resume=resume and whole.get("reuse") is not False,
        yes=bool(whole.get("yes")),
        budget=whole.get("budget"),
    )


def split(
    generator: ImageGenerator | None, options: Mapping[str, Any]
) -> tuple[ImageGenerator, dict[str, Any], dict[str, Any]]:
    """Return who draws, what was said about the whole, and what is left for each Request."""
    rest = {name: value for name, value in options.items() if value is not None}
    whole = {name: option(name).parse(rest.pop(name)) for name in _OF_ALL if name in rest}
    settings = {name: rest.pop(name) for name in _SETTINGS if name in rest}
    return (generator or default_generator()).sibling(**settings), whole, rest
