"""What a prompt asks the painter for, once read: the value between the words and the brush.

The reader makes a Sketch out of text; scenes, subjects and styles are painted from it. Nothing here
knows a word of any language or a pixel of any picture.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One subject (or several alike) to stand in the scene."""

    name: str
    """Name of the subject's art, such as ``cat``."""
    count: int = 1
    colour: str | None = None
    """Main colour as ``#rrggbb``, or a pattern: ``rainbow``, ``stripes#rrggbb#rrggbb``; None takes the art's own."""
    parts: tuple[tuple[str, str], ...] = ()
    """Colours of parts, such as ``("hair", "#c3c8ce")``: each a colour slot of its art."""
    pose: str | None = None
    wears: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    seat: str | None = None
    """Name of the subject it sits or lies on, such as ``deckchair``."""
    seat_colour: str | None = None
    """Colour or pattern of the seat; None takes the art's own."""
    place: str | None = None
    """``left``, ``right``, ``centre``, ``back``, ``front``, ``sky`` or None for where it looks best."""
    on: str | None = None
    """Name of the thing it stands on top of."""
    under: str | None = None
    """Name of the thing, such as a tree, that it stands under."""
    size: str | None = None
    """``small``, ``large`` or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A whole picture before it is painted."""

    scene: str | None = None
    """Name of the scene; None leaves the choice to the things (or to an abstract when there are none)."""
    things: tuple[Thing, ...] = ()
    time: str | None = None
    """``dawn``, ``day``, ``dusk`` or ``night``."""
    weather: str | None = None
    """``clear``, ``rain``, ``snow`` or ``fog``."""
    season: str | None = None
    """``spring``, ``summer``, ``autumn`` or ``winter``."""
    effects: tuple[str, ...] = ()
    """Such as ``blossom``, ``neon``, ``steam``, ``stars``, ``aurora``, ``earth``, ``flying-cars``."""
    styles: tuple[str, ...] = ()
    """Names of style passes, strongest first."""
    palette: str | None = None
    ground: str | None = None
    """Colour of the table that things stand on, as ``#rrggbb``; None leaves it wood."""
    dyes: tuple[tuple[str, str], ...] = ()
    """Colours asked of the place, as ``(word's name, #rrggbb)``: ``("sky", "#8040a0")``, ``("lake", "#30c0c0")``."""
    seed: int = 0
    """0 to 2**63-1; the same Sketch at any size shows the same composition."""
    drawn: tuple[str, ...] = ()
    """Words of the prompt that are in the picture, as the user wrote them."""
    undrawn: tuple[str, ...] = ()
    """Words that were understood but that this painter cannot draw (or not together)."""
    unknown: tuple[str, ...] = ()
    """Words that were not understood."""

    @property
    def place_colour(self) -> str | None:
        """Return the colour that was asked of the scene itself, as ``#rrggbb``."""
        return next((code for name, code in self.dyes if name == self.scene), None)
