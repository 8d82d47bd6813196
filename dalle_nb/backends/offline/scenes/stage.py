"""What a painted scene tells the painter: where things may stand in it, and in what light.

Knows nothing of pixels, nor of what will stand there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dalle_nb.backends.offline.colour import Colour
from dalle_nb.backends.offline.sketch import Thing

if TYPE_CHECKING:
    from numpy.random import Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place for one thing."""

    x: float
    """0 to 1 of the width: the thing's middle."""
    y: float
    """0 to 1 of the height: its feet (its middle, for a spot in the sky)."""
    scale: float
    """Height, in heights of the picture, of a thing as tall as a person that stands here."""
    widest: float = 0.8
    """Width, in widths of the picture, that a thing may take at most."""
    least: float = 0.0
    """Height, in heights of the picture, that a thing has at least, however small it is in nature."""
    turned: bool = False
    """Whether the thing looks the other way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where things go in a scene, and how its light falls on them."""

    spots: tuple[Spot, ...]
    """For things on the ground, the best place first."""
    back: tuple[Spot, ...] = ()
    """Farther off, for what is large: houses, trees, boats."""
    water: tuple[Spot, ...] = ()
    """On the water, for what swims, where the rest stands on land."""
    sky: tuple[Spot, ...] = (Spot(x=0.7, y=0.2, scale=0.2), Spot(x=0.25, y=0.28, scale=0.16))
    """For what flies or floats."""
    horizon: float = 0.6
    """Height of the horizon, 0 at the top."""
    tint: Colour = (1.0, 1.0, 1.0)
    """Things are multiplied by it."""
    haze: Colour = (0.8, 0.86, 0.9)
    """Colour that distance fades into."""
    rim: Colour = (0.0, 0.0, 0.0)
    """Light on the edge of things, from the side of the key light."""
    from_right: bool = False
    """Whether the key light comes from the right."""
    shadow: float = 0.4
    """Darkness of the shadow under a thing, 0 to 1."""
    mirror: float = 0.0
    """How much the ground reflects what stands on it, 0 to 1: water, ice, wet streets."""
    floats: bool = False
    """Whether the ground is water or air: boats swim, the rest gets no shadow."""
    props: tuple[Thing, ...] = ()
    """What makes the scene less empty when no thing is asked for."""
    painted: frozenset[str] = frozenset()
    """Names of subjects that the scene has already painted itself."""
    lit: bool = False
    """Whether windows are lit."""
    indoors: bool = False
    """Whether rain and snow stay out."""
    ground: float | None = None
    """Height below which all is ground that leaves and rain fall on; None where there is none."""
    leafy: bool = False
    """Whether a branch may reach into the picture here: trees grow near by."""
    snowy: bool = False
    """Whether snow lies on what stands here."""

    def turned(self) -> Stage:
        """Return the same stage seen in a mirror."""
        spots, back, water, sky = (
            tuple(replace(spot, x=1 - spot.x) for spot in layer)
            for layer in (self.spots, self.back, self.water, self.sky)
        )
        other = {"left": "right", "right": "left"}
        props = tuple(replace(prop, place=other.get(prop.place or "", prop.place)) for prop in self.props)
        return replace(
            self, spots=spots, back=back, water=water, sky=sky, props=props, from_right=not self.from_right
        )

    def jittered(self, chance: Generator) -> Stage:
        """Return a stage whose spots on the ground lie a little elsewhere and farther or nearer."""
        spots = []
        for spot in self.spots:
            aside, near = chance.random(2) - 0.5
            spots.append(replace(spot, x=spot.x + 0.09 * aside, scale=spot.scale * (1 + 0.14 * near)))
        return replace(self, spots=tuple(spots))

    @classmethod
    def bare(cls, tint: Colour) -> Stage:
        """Return an empty stage, for things without a scene."""
        places = (
            Spot(x=0.5, y=0.92, scale=1.1),
            Spot(x=0.78, y=0.92, scale=0.8),
            Spot(x=0.22, y=0.92, scale=0.8),
        )
        return cls(spots=places, sky=(Spot(x=0.5, y=0.5, scale=1.0),), tint=tint, horizon=0.0, shadow=0.0)
