"""The places a picture may show, by name, and which of them a Sketch asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.light import Light, light_of
from dalle_nb.backends.offline.scenes import (
    abstract, beach, city, desert, forest, garden, meadow, moon, mountain, room, sea, sky, street, table,
)  # fmt: skip
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch

__all__ = ["EFFECTS", "Spot", "Stage", "names", "paint_scene"]

Scene: TypeAlias = Callable[[Canvas, Sketch, Light], Stage]

_SCENES: dict[str, tuple[Scene, str]] = {
    "moon": (moon.paint, "night"),
    "space": (moon.paint_space, "night"),
    "ink-garden": (garden.paint, "day"),
    "city": (city.paint, "day"),
    "table": (table.paint, "day"),
    "beach": (beach.paint, "day"),
    "meadow": (meadow.paint, "day"),
    "farmland": (meadow.paint_farmland, "day"),
    "forest": (forest.paint, "day"),
    "mountain": (mountain.paint, "day"),
    "sea": (sea.paint, "day"),
    "underwater": (sea.paint_underwater, "day"),
    "sky": (sky.paint, "day"),
    "desert": (desert.paint, "day"),
    "room": (room.paint, "day"),
    "street": (street.paint, "day"),
    "station": (street.paint_station, "day"),
    "abstract": (abstract.paint, "day"),
}
"""By name: what paints it, and the hour it looks best in."""

EFFECTS = frozenset({
    "blossom", "petals", "neon", "steam", "stars", "aurora", "earth", "full-moon", "sun", "flying-cars",
    "rainbow", "sunlight", "fireflies", "maple-leaves", "fireworks",
})  # fmt: skip
"""What scenes and air can show besides things."""


def names() -> tuple[str, ...]:
    """Return the names of all scenes."""
    return tuple(_SCENES)


def paint_scene(canvas: Canvas, sketch: Sketch) -> tuple[Stage, Light]:
    """Paint the scene of a Sketch (an unknown or missing one: the abstract) and return its stage and light."""
    paint, hour = _SCENES.get(sketch.scene or "abstract", _SCENES["abstract"])
    light = light_of(sketch, "night" if "cyberpunk" in sketch.styles else hour)
    return paint(canvas, sketch, light), light
