"""What Tab offers inside ``%dalle`` and ``%%dalle``: options and their values, and nothing inside a prompt.

Text, catalogue and variables in, an Offer out; must not know a shell. Nothing is opened, imported or asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dalle_nb._catalog import Catalog
from dalle_nb._options import OPTIONS, Option, normalise_options
from dalle_nb._parse import DASHES, Given, scan
from dalle_nb._styles import style_words, styles


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Words that may take the place of the fragment before the cursor; none inside a prompt."""

    fragment: str = ""
    words: tuple[str, ...] = ()
    paths: bool = False
    """Whether names of files fit here too."""


SILENCE = Offer()

JOB_VERBS = ("status", "collect", "cancel", "forget", "adopt")
"""What ``%dalle_jobs`` takes (`dalle_nb._jobs.VERBS`)."""

_SEVERAL = re.compile(r"\s*%{1,2}dalle_(?:batch|sweep)\b")


def offer(before: str, *, catalog: Catalog, model: str, variables: Mapping[str, Any]) -> Offer | None:
    """Return what fits at the end of a cell's text up to the cursor; None where it is not ours.

    ``model`` draws unless the line names another one; ``variables`` are the user's, of which those that
    hold a picture may be edited.
    """
    if about_jobs := re.fullmatch(r"\s*%dalle_jobs\s+(\w*)", before.rpartition("\n")[2]):
        begun = about_jobs[1]
        return Offer(fragment=begun, words=tuple(verb for verb in JOB_VERBS if verb.startswith(begun)))
    typed = _options_text(before)
    if typed is None:
        return None
    several = _SEVERAL.match(before) is not None
    given, _ = scan(typed)
    rest = typed[given[-1].end :] if given else typed
    if rest.strip():
        # A prompt has begun, unless this is a lone dash that may become an option.
        return (
            _flags(rest.lstrip(), given, several) if re.fullmatch(rf"\s*[{DASHES}]{{1,2}}", rest) else SILENCE
        )
    last = given[-1] if given else None
    if last is None or (rest and (last.row is None or last.value is not None or last.row.type == "flag")):
        return _flags("", given, several)
    if not rest and last.value is None and typed[-1] not in "=＝:：":
        return _flags(typed[last.start :], given[:-1], several)
    if last.row is None:
        return SILENCE
    fragment = "" if rest else typed[last.value_start :]
    named = next(
        (str(each.value) for each in given if each.row and each.row.name == "model" and each.value), model
    )
    return _values(last.row, fragment, catalog, named, variables)


def _options_text(before: str) -> str | None:
    """Return what stands after the magic's name on the line of the cursor; "-- " in the body of its cell."""
    *above, line = before.split("\n")
    cell = re.match(r"\s*%%dalle(?:_nb|_batch|_sweep)?(?=\s|$)", before)
    if cell and above:
        return "-- x"
    found = re.match(r"(?:\s*[\w.\[\], ]+=)?\s*%{1,2}dalle(?:_nb|_batch|_sweep)?\s", line)
    if found is None:
        return None
    typed = line[found.end() :]
    name = re.match(r"\s*\w+\s*<<\s", typed)
    return typed[name.end() :] if name else typed


def _flags(fragment: str, given: Iterable[Given], several: bool) -> Offer:
    """Return the flags that begin as typed, without those that are there already; for ``several`` Requests, or one."""
    there = {each.row.name for each in given if each.row and not each.row.repeatable}
    rows = [row for row in OPTIONS if row.name not in there and (several or not row.many)]
    flags = [flag for row in rows for flag in (row.flags[-1], *row.off, *row.flags[:-1])]
    letters = fragment.lstrip(DASHES)
    dashes = fragment.removesuffix(letters)
    begun = normalise_options(letters).lower()
    # A keyboard that makes one long dash of two means a long option; a lone hyphen may mean either.
    least = 2 if len(dashes) > 1 or dashes in ("—", "―") else 1
    words = tuple(
        flag
        for flag in flags
        if flag.lstrip("-").startswith(begun) and len(flag) - len(flag.lstrip("-")) >= least
    )
    return Offer(fragment=fragment, words=words)


def _values(row: Option, fragment: str, catalog: Catalog, model: str, variables: Mapping[str, Any]) -> Offer:
    begun = fragment.lstrip("\"'“”‘’").lower()
    if row.type == "reference":
        words: Iterable[str] = (name for name, value in variables.items() if _holds_picture(name, value))
    elif row.name == "model":
        words = catalog.models
    elif row.name == "style":
        words = style_words() if not begun else (word for style in _every_style() for word in style.spellings)
    else:
        words = row.values(catalog.model(model))
    fitting = [word for word in dict.fromkeys(words) if word.lower().startswith(begun)]
    spelled = tuple(f'"{word}"' if " " in word else word for word in fitting)
    return Offer(fragment=fragment, words=spelled, paths=row.type == "reference" or row.name == "save")


def _every_style() -> Iterable[Any]:
    return (style for title in styles for style in styles[title])


def _holds_picture(name: str, value: Any) -> bool:
    """Return whether a variable may be a REF, told by the name of its class so that nothing is imported."""
    kind = type(value)
    module = kind.__module__.partition(".")[0]
    ours = module == "dalle_nb" and kind.__name__ in ("Run", "Picture")
    theirs = module == "PIL" or (module == "numpy" and kind.__name__ == "ndarray") or kind is bytes
    return not name.startswith("_") and (ours or theirs)
