"""``dalle_nb.batch`` and ``dalle_nb.sweep``: what is said about the whole, and what about each Request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dalle_nb._axes import read_axes
from dalle_nb._batch import Batch, draw_batch
from dalle_nb._generator import ImageGenerator, default_generator, no_dry_run
from dalle_nb._items import read_items
from dalle_nb._jobs import Job, submit
from dalle_nb._options import option
from dalle_nb._seats import outlook, take_seats
from dalle_nb._sweep import CAP, Sweep, draw_sweep

_SETTINGS = ("backend", "retry", "timeout", "retired", "per_minute", "concurrency")
"""Options of a whole batch that are settings for its length."""
_OF_ALL = ("yes", "budget", "reuse", "dry_run", "quiet")
"""Options of a whole batch that are none of any one Request."""

_WAYS = {"openai-batch": submit}
"""How a batch may be drawn elsewhere."""


def batch(
    prompts: Any,
    *,
    via: str | None = None,
    resume: bool = True,
    generator: ImageGenerator | None = None,
    namespace: Mapping[str, Any] | None = None,
    **options: Any,
) -> Batch | Job:
    """Draw many prompts, and return their Runs in order; what fails is among them, and the rest goes on.

    ``prompts`` is a list of prompts or of dicts with options of their own, a column or frame of pandas or
    polars, or the path of a .txt, .csv or .jsonl file. ``options`` hold for all: those of `generate`, and
    ``concurrency`` (Requests at once), ``per_minute`` (pictures, over all notebooks), ``budget`` (dollars for
    all together), ``yes``. The same batch again draws only what is missing, unless ``resume=False``. With
    ``via="openai-batch"`` all is sent off as a Job, at half the price, to be collected later.

    Raises:
        RequestError: rules are broken, and where; nothing was sent.
        MoneyError: a budget or a question stands before it.
        SettingsError, BillingError, AuthenticationError, StoreError: the rest was not begun; what is done is kept.
        Interrupted: the same again draws what is missing.
    """
    workshop, whole, common = _split(generator, options)
    draw = draw_batch if via is None else _WAYS[str(option("via").parse(via))]
    return draw(
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
    namespace: Mapping[str, Any] | None = None,
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
    workshop, whole, given = _split(generator, axes)
    return draw_sweep(
        workshop,
        read_axes(prompt, given, side_by_side=zip),
        cap=cap,
        resume=resume and whole.get("reuse") is not False,
        yes=bool(whole.get("yes")),
        budget=whole.get("budget"),
        namespace=namespace,
    )


def foretell(
    what: Any, options: Mapping[str, Any], *, namespace: Mapping[str, Any] | None = None, sweep: bool = False
) -> str:
    """Return what a batch or sweep would come to: how many pictures, by whom, at what price; nothing is sent.

    Raises:
        RequestError: rules are broken, and where.
    """
    workshop, whole, rest = _split(None, {**options, "dry_run": None})
    side_by_side = bool(rest.pop("zip", False))
    rest = {name: value for name, value in rest.items() if name not in ("cap", "via")}
    items = (
        read_axes(what, rest, side_by_side=side_by_side).items if sweep else read_items(what, options=rest)
    )
    return outlook(take_seats(workshop, items, resume=whole.get("reuse") is not False, namespace=namespace))


def _split(
    generator: ImageGenerator | None, options: Mapping[str, Any]
) -> tuple[ImageGenerator, dict[str, Any], dict[str, Any]]:
    """Return who draws, what was said about the whole, and what is left for each Request."""
    rest = {name: value for name, value in options.items() if value is not None}
    whole = {name: option(name).parse(rest.pop(name)) for name in _OF_ALL if name in rest}
    if whole.get("dry_run"):
        raise no_dry_run()
    settings = {name: rest.pop(name) for name in _SETTINGS if name in rest}
    return (generator or default_generator()).sibling(**settings), whole, rest
