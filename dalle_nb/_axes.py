"""What a sweep varies: alternatives in its prompt, values of its options; and every combination of them.

Only in a sweep does ``{red|blue}`` mean anything; all other braces are plain text. Values in, Items out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from dalle_nb._errors import OptionError
from dalle_nb._items import OWN, Item
from dalle_nb._language import tr
from dalle_nb._options import option

MOST_VALUES = 1_000
"""Values of one axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """A prompt with names in braces, options that hold for all, and the values of each axis by its name."""

    prompt: str
    options: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    side_by_side: bool = False
    """Whether the first values go together, the second ones, and so on; else every value with every other."""

    @property
    def places(self) -> list[dict[str, Any]]:
        """The value on each axis of every place, the last axis changing fastest."""
        combined = (
            zip(*self.values.values(), strict=True) if self.side_by_side else product(*self.values.values())
        )
        return [dict(zip(self.values, place, strict=True)) for place in combined]

    @property
    def items(self) -> list[Item]:
        """What is asked at every place."""
        return [self._item(place) for place in self.places]

    @property
    def in_prompt(self) -> frozenset[str]:
        """Names of the axes that stand in the prompt."""
        return frozenset(_NAME.findall(self.prompt)) & self.values.keys()

    def label(self, name: str, value: Any) -> str:
        """Return how a value is named at the edge of a grid."""
        return str(value) if name in self.in_prompt else f"{name} {value}"

    def extended(self, more: Mapping[str, Any]) -> Axes:
        """Return these axes with more values, or with further axes. OptionError as for `read_axes`."""
        values = dict(self.values)
        for said, value in more.items():
            name = said if said in values else _own(said)
            before = values.get(name, ())
            values[name] = (
                *before,
                *(each for each in _several(name, value) or (_plain(value),) if each not in before),
            )
        options = {name: value for name, value in self.options.items() if name not in values}
        axes = replace(self, options=options, values=values)
        _check(axes)
        return axes

    def _item(self, place: Mapping[str, Any]) -> Item:
        prompt = _NAME.sub(lambda found: str(place.get(found[1], found[0])), self.prompt)
        said = {name: value for name, value in place.items() if name not in self.in_prompt}
        return Item(prompt=prompt, options={**self.options, **said})


def read_axes(prompt: str, given: Mapping[str, Any], *, side_by_side: bool = False) -> Axes:
    """Return the axes of a prompt and options: whatever is a list, a range or a column is one.

    ``{red|blue}`` in the prompt is an axis called ``choice`` (then ``choice2`` …), ``{colour=red|blue}`` one called
    ``colour``, and ``{colour}`` takes the values of ``colour=[…]``.

    Raises:
        OptionError: there is nothing to vary, a name is no option, or axes side by side differ in length.
    """
    values: dict[str, tuple[Any, ...]] = {}

    def take(found: re.Match[str]) -> str:
        name = found[1] or f"choice{len(values) + 1 if values else ''}"
        words = found[2].split("|")
        # Beside an empty alternative a blank belongs to the other one: {| in snow}.
        values[name] = tuple(words if "" in words else [word.strip() for word in words])
        return f"{{{name}}}"

    template = _ALTERNATIVES.sub(take, prompt)
    named = set(_NAME.findall(template))
    options: dict[str, Any] = {}
    for said, value in given.items():
        name = said if said in named else _own(said)
        several = _several(name, value)
        if several is None:
            options[name] = _plain(value)
        else:
            values[name] = several
    axes = Axes(prompt=template, options=options, values=values, side_by_side=side_by_side)
    _check(axes)
    return axes


def _own(said: str) -> str:
    name = option(said).name
    if name not in OWN:
        raise OptionError(tr("{name} is nothing that a sweep can have.", name=name), tr("Leave it out."))
    return name


def _check(axes: Axes) -> None:
    lengths = {len(values) for values in axes.values.values()}
    if not lengths or 0 in lengths:
        raise OptionError(
            tr("There is nothing to vary."), tr("Write {spelling}.", spelling="{red|blue}, size=[…]")
        )
    if axes.side_by_side and len(lengths) > 1:
        told = ", ".join(f"{name} {len(values)}" for name, values in axes.values.items())
        raise OptionError(
            tr("Side by side every axis has as many values: {told}.", told=told),
            tr("Make them equally long."),
        )


def _several(name: str, value: Any) -> tuple[Any, ...] | None:
    """Return the values of an axis; None for what is one value."""
    pair = name == "size" and isinstance(value, tuple) and all(isinstance(each, int) for each in value)
    if pair or isinstance(value, str | bytes | Mapping) or not _is_column(value):
        return None
    values = tuple(_plain(each) for each in value)
    if len(values) > MOST_VALUES:
        raise OptionError(
            tr("{name} has more than {most} values.", name=name, most=MOST_VALUES), tr("Sweep over fewer.")
        )
    return values


def _is_column(value: Any) -> bool:
    """Return whether a value is a row of values: a column has a length and a list of itself, a picture has not."""
    if isinstance(value, list | tuple | range | set | frozenset):
        return True
    return isinstance(value, Iterable) and (hasattr(value, "to_list") or getattr(value, "ndim", 0) == 1)


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it: a Run or Picture by its REF, a number of numpy as a number."""
    if hasattr(value, "record"):
        return getattr(value, "reference", None) or value.id
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return value.item() if type(value).__module__ == "numpy" and hasattr(value, "item") else value


# Not inside double braces, which were expressions before the prompt came here.
_ALTERNATIVES = re.compile(r"(?<!\{)\{(?:([^\W\d]\w*)=)?([^{}|]*(?:\|[^{}|]*)+)\}(?!\})")
_NAME = re.compile(r"(?<!\{)\{([^\W\d]\w*)\}(?!\})")
