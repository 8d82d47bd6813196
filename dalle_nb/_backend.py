"""What it takes to be a Backend: draw a Plan and tell what happens, event by event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event as Flag
from typing import TYPE_CHECKING, Protocol

from dalle_nb._catalog import Server
from dalle_nb._records import Attempt, Plan

if TYPE_CHECKING:
    from dalle_nb._pace import Board


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A partial picture while it is being drawn; shown, never kept."""

    index: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A finished picture: the bytes exactly as they came, already proved readable."""

    index: int
    """Place in the Run, from 1."""
    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    revised_prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call ended, well or not: its bill."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A sentence for the caption, such as which words were drawn."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """What came instead of a picture, to be kept beside the Run: paid for, or evidence."""

    data: bytes = field(repr=False)
    reason: str


DrawEvent = Preview | Arrival | Called | Remark | Quarantined


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How one drawing is made, as against what is drawn: seconds in all, retries, and a way to stop it."""

    timeout: float = 300.0
    retry: str = "safe"
    cancel: Flag = field(default_factory=Flag)
    """Once set no further call is begun, and what is under way is given up."""
    stop: Flag = field(default_factory=Flag)
    """Once set no further call is begun; what is under way goes on."""
    board: Board | None = None
    """Where processes that share a server tell one another what it said."""
    per_minute: int | None = None
    """Pictures that all of them together may ask for in a minute."""
    tell: Callable[[str], None] = lambda _: None
    """Says something to the user while the drawing goes on."""


class Backend(Protocol):
    """Something that can draw. One object may serve several threads at once."""

    @property
    def name(self) -> str:
        """``openai`` or ``offline``."""

    @property
    def server(self) -> Server:
        """What the place it draws at takes, from the catalogue."""

    def draw(self, plan: Plan, terms: Terms) -> Iterator[DrawEvent]:
        """Draw the plan, yielding what happens as it happens.

        Inputs and mask of ``plan.request`` carry their bytes. Pictures already yielded count, even
        when a DrawError ends the drawing.
        """

    def check(self) -> tuple[str, ...]:
        """Ask the place whether it would draw, without drawing; return what it says, a line each.

        Raises:
            DrawError: it would not, and why.
        """
