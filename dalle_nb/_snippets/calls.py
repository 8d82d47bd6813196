"""What a program has to say, whatever its language: the calls that a Run made, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dalle_nb._images import MEDIA_TYPES, SUFFIXES
from dalle_nb._records import Kind, RunRecord

File = tuple[str, str]
"""Path and media type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where the pictures of a Request lie: its inputs in order, and what is laid over the first."""

    inputs: tuple[File, ...] = ()
    mask: File | None = None
    markup: File | None = None

    @property
    def layers(self) -> Mapping[str, File]:
        """Mask and markup by the names of their parameters."""
        named = {"mask": self.mask, "markup": self.markup}
        return {name: file for name, file in named.items() if file}


def kind_sent(run: RunRecord) -> Kind:
    """Return what was sent: a variation becomes an edit where no server has variations."""
    return Kind.EDIT if run.recipe.startswith("edit") else run.request.kind


def calls_of(run: RunRecord) -> list[tuple[Mapping[str, Any], int]]:
    """Return the parameters of each call, and how many times in a row it is made."""
    without = {"prompt"} if kind_sent(run) is Kind.VARIATION else set()
    sent = [{name: value for name, value in call.items() if name not in without} for call in run.sent]
    return [(parameters, len([*same])) for parameters, same in groupby(sent)]


def suffix_of(run: RunRecord) -> str:
    """Return the ending of the files that the answer's pictures become."""
    said = [MEDIA_TYPES.get(str(call.get("output_format")), "") for call in run.sent]
    came = [picture.media_type for picture in sorted(run.pictures, key=lambda picture: picture.index)]
    return SUFFIXES[next(filter(None, [*said, *came]), "image/png")]


def one_or_all(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"
