"""What is filled in: read from a page that anyone may have written, and turned into what is asked for.

Values in, values out; must not know widgets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dalle_nb._options import OPTIONS
from dalle_nb._records import Blob, Kind, Plan, RunRecord
from dalle_nb._snippets import Files, write_snippet

MOST_TEXT = 200_000
"""Characters that any text from the page may have; far above what a model takes."""
VERBS = ("edit", "subtle", "strong")
"""What may be done with a picture: change it as the prompt says, or vary it so much."""
FIELDS = frozenset(row.name for row in OPTIONS if row.scope != "source") - {"yes", "dry_run", "backend"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A picture to go by: its bytes, and how the history names it where it comes from there."""

    blob: Blob
    reference: str = ""
    small: bytes = field(repr=False)

    @property
    def source(self) -> str | Blob:
        """What an Option takes for it."""
        return self.reference or self.blob


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What is filled in."""

    prompt: str = ""
    model: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Request and call options by name, as typed; those left alone are not there."""
    verb: str = "edit"
    inputs: tuple[Input, ...] = ()
    mask: Callable[[], bytes | None] | None = None
    """Gives the mask as it is now; a queued drawing has it as it was then."""

    @property
    def kind(self) -> Kind:
        """What kind of request it makes."""
        if not self.inputs:
            return Kind.GENERATE
        return Kind.EDIT if self._edits else Kind.VARIATION

    @property
    def asked(self) -> dict[str, Any]:
        """The options by name, as `ImageGenerator.ask` takes them."""
        asked = {**self.options, "model": self.model or None}
        sources = [each.source for each in self.inputs]
        if sources and self._edits:
            asked |= {"edit": sources[0], "ref": sources[1:] or None, "mask": self.mask and self.mask()}
        elif sources:
            asked |= {"vary": sources[0], "strength": self.verb}
        return asked

    @property
    def _edits(self) -> bool:
        return self.verb == "edit" or len(self.inputs) > 1


def read_form(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a Form that a page says were typed in, as far as they can have been."""
    options = content.get("options")
    verb = content.get("verb")
    return {
        "prompt": str(content.get("prompt") or "")[:MOST_TEXT],
        "model": str(content.get("model") or "")[:200],
        "verb": verb if verb in VERBS else "edit",
        "options": {
            name: value[:MOST_TEXT] if isinstance(value, str) else value
            for name, value in (options.items() if isinstance(options, dict) else ())
            if name in FIELDS and isinstance(value, str | int | float | bool) and value != ""
        },
    }


def write_cell(plan: Plan, form: Form) -> str:
    """Return the cell that asks for the same; a picture that was uploaded goes by its file's name there."""
    inputs = tuple(
        (each.reference or each.blob.name or "picture.png", each.blob.media_type) for each in form.inputs
    )
    files = Files(inputs=inputs, mask=("mask.png", "image/png") if form.mask else None)
    request = plan.request
    record = RunRecord(
        id=0, uid="", created=datetime.now(UTC), request=request, backend=plan.backend, model=plan.model
    )
    said = [
        row.spelled(form.options[row.name])
        for row in OPTIONS
        if row.scope == "call" and row.name in form.options
    ]
    magic = write_snippet("magic", record, files)
    start = magic.index("dalle") + len("dalle")
    return "".join((magic[:start], *(f" {words}" for words in said), magic[start:]))
