"""Put one SVG document together from a figure's art, its head, and what it wears and holds.

An art file is an SVG with three conventions:

- ``{{body}}``, ``{{body-dark}}``… stand for a colour slot and its shades (see `shades`);
- ``url(#body)``, ``url(#body-round)`` and ``url(#body-limb)`` paint a slot lit from the upper left, as a plane,
  as a ball, or as a limb that grows out of what is above it, and ``url(#blur4)`` is a soft edge of that many
  units: these are made here, once for all art, so that every drawing stands in the same light;
- the classes ``awake`` and ``asleep``, ``free`` and ``holding`` hold states of a face or an arm, of which one is
  shown;
- ``<g data-part="head"/>`` and ``<g data-part="held"/>`` mark the depth where those parts are drawn.

Knows no subject by name.
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import resvg_py
from PIL import Image

from dalle_nb.backends.offline.subjects.shades import SHADES, shade

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_SLOT = re.compile(r"\{\{([a-z0-9]+)(?:-([a-z]+))?\}\}")
_PAINT = re.compile(r"url\(#([a-z0-9]+)(?:-(round|limb))?\)")
_ID = re.compile(r'(?<=\bid=")[^"]+(?=")|(?<=url\(#)[^)]+(?=\))|(?<=href="#)[^"]+(?=")')
_FRAME = re.compile(r'<svg[^>]*viewBox="([^"]+)"')

_PLANE = (
    '<linearGradient id="{slot}" x1="0.15" y1="0" x2="0.75" y2="1"><stop offset="0" stop-color="{light}"/>'
    '<stop offset="0.45" stop-color="{base}"/><stop offset="1" stop-color="{dark}"/></linearGradient>'
)
_BALL = (
    '<radialGradient id="{slot}-round" cx="0.36" cy="0.3" r="0.75"><stop offset="0" stop-color="{light}"/>'
    '<stop offset="0.5" stop-color="{base}"/><stop offset="1" stop-color="{dark}"/></radialGradient>'
)
_LIMB = (
    '<linearGradient id="{slot}-limb" x1="0" y1="0" x2="0.25" y2="1"><stop offset="0" stop-color="{base}" '
    'stop-opacity="0"/><stop offset="0.4" stop-color="{base}"/><stop offset="1" stop-color="{dark}"/></linearGradient>'
)
_FORMS = MappingProxyType({"": _PLANE, "round": _BALL, "limb": _LIMB})
_BLUR = (
    '<filter id="blur{size}" x="-0.35" y="-0.35" width="1.7" height="1.7" color-interpolation-filters="sRGB">'
    '<feGaussianBlur stdDeviation="{size}"/></filter>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in drawing units, y downwards."""

    left: float
    top: float
    width: float
    height: float

    def union(self, other: Box) -> Box:
        left, top = min(self.left, other.left), min(self.top, other.top)
        right = max(self.left + self.width, other.left + other.width)
        bottom = max(self.top + self.height, other.top + other.height)
        return Box(left=left, top=top, width=right - left, height=bottom - top)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place to attach to: a point, how wide the thing is there (or its scale), and its turn in degrees."""

    x: float
    y: float
    size: float = 1.0
    angle: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """A coloured piece of SVG and the box it fills."""

    markup: str
    box: Box


@dataclass(frozen=True, slots=True)
class Placement:
    """How a fragment is moved into another drawing: scaled and turned about its own `pivot`, put at `target`."""

    pivot: tuple[float, float]
    target: tuple[float, float]
    scale: float
    angle: float

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the fragment comes to lie."""
        cos, sin = (f(math.radians(self.angle)) * self.scale for f in (math.cos, math.sin))
        dx, dy = x - self.pivot[0], y - self.pivot[1]
        return self.target[0] + dx * cos - dy * sin, self.target[1] + dx * sin + dy * cos

    def anchor(self, anchor: Anchor) -> Anchor:
        """Where an anchor of the fragment comes to lie."""
        return Anchor(*self.point(anchor.x, anchor.y), anchor.size * self.scale, anchor.angle + self.angle)

    def apply(self, fragment: Fragment) -> Fragment:
        """The fragment as it looks in the other drawing."""
        move = (
            f"translate({self.target[0]:.3f} {self.target[1]:.3f}) rotate({self.angle:.3f}) "
            f"scale({self.scale:.5f}) translate({-self.pivot[0]:.3f} {-self.pivot[1]:.3f})"
        )
        box = fragment.box
        right, bottom = box.left + box.width, box.top + box.height
        corners = [self.point(x, y) for x in (box.left, right) for y in (box.top, bottom)]
        left, top = (min(c[i] for c in corners) for i in (0, 1))
        width, height = max(c[0] for c in corners) - left, max(c[1] for c in corners) - top
        return Fragment(
            markup=f'<g transform="{move}">{fragment.markup}</g>',
            box=Box(left=left, top=top, width=width, height=height),
        )


def measure_art(art: str) -> Box:
    """The box of an art file."""
    frame = _FRAME.search(art)
    if frame is None:
        raise ValueError("An art file needs one <svg viewBox=…> element.")
    left, top, width, height = map(float, frame[1].split())
    return Box(left=left, top=top, width=width, height=height)


def colour_art(art: str, slots: Mapping[str, str], prefix: str) -> Fragment:
    """An art file with its slots filled, lit, and its ids made its own by `prefix`."""
    inside = art[art.index(">", art.index("<svg")) + 1 : art.rindex("</svg>")]
    markup = f"<defs>{_light(inside, slots)}</defs>{inside}"
    markup = _SLOT.sub(lambda slot: shade(slots[slot[1]], slot[2] or ""), markup)
    markup = _ID.sub(lambda name: f"{prefix}-{name[0]}", markup)
    return Fragment(markup=markup, box=measure_art(art))


def insert(host: Fragment, part: str, pieces: list[Fragment], *, grow: bool = True) -> Fragment:
    """The host with pieces drawn at the mark of `part`, or on top where the host has no such mark."""
    mark = f'<g data-part="{part}"/>'
    inside = "".join(piece.markup for piece in pieces)
    found = mark in host.markup
    box = host.box
    for piece in pieces if grow else ():
        box = box.union(piece.box)
    return Fragment(markup=host.markup.replace(mark, inside) if found else host.markup + inside, box=box)


def rasterise(fragment: Fragment, scale: float, hidden: tuple[str, ...] = ()) -> NDArray[np.uint8]:
    """The fragment as read-only (height, width, 4) RGBA with straight alpha, `scale` pixels to a unit.

    `hidden` names the classes of the states that are not shown.
    """
    box = fragment.box
    width, height = (max(1, round(length * scale)) for length in (box.width, box.height))
    style = "<style>" + "".join(f".{name}{{display:none}}" for name in hidden) + "</style>"
    document = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" preserveAspectRatio="none" '
        f'viewBox="{box.left:.3f} {box.top:.3f} {box.width:.3f} {box.height:.3f}">{style}{fragment.markup}</svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=document, skip_system_fonts=True)
    pixels = np.array(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))
    pixels.setflags(write=False)
    return pixels


def _light(markup: str, slots: Mapping[str, str]) -> str:
    """Definitions of the shared light and blurs that the markup asks for."""
    pieces = []
    for name, form in sorted(set(_PAINT.findall(markup))):
        if name in slots:
            tones = {tone: shade(slots[name], tone) for tone in SHADES if tone}
            pieces.append(_FORMS[form].format(slot=name, base=slots[name], **tones))
        elif name.startswith("blur"):
            pieces.append(_BLUR.format(size=name.removeprefix("blur")))
    return "".join(pieces)
