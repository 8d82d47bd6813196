"""The places a picture may show, by name, and which of them a Sketch asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from dalle_nb.backends.offline import subjects
from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.light import Light, light_of
from dalle_nb.backends.offline.scenes import (
    abstract,
    beach,
    city,
    desert,
    forest,
    garden,
    interior,
    landmarks,
    meadow,
    moon,
    mountain,
    room,
    sea,
    sky,
    street,
    table,
)  # fmt: skip
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch

__all__ = ["EFFECTS", "Spot", "Stage", "choose_scene", "names", "paint_scene"]

Scene: TypeAlias = Callable[[Canvas, Sketch, Light], Stage]

_SCENES: dict[str, tuple[Scene, str]] = {
    "moon": (moon.paint, "night"),
    "space": (moon.paint_space, "night"),
    "ink-garden": (garden.paint, "day"),
    "city": (city.paint, "day"),
    "kitchen-table": (table.paint_kitchen, "day"),
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
    "library": (interior.paint_library, "day"),
    "kitchen": (interior.paint_kitchen, "day"),
    "cafe": (interior.paint_cafe, "day"),
    "classroom": (interior.paint_classroom, "day"),
    "hall": (interior.paint_hall, "day"),
    "park": (landmarks.paint_park, "day"),
    "island": (landmarks.paint_island, "day"),
    "waterfall": (landmarks.paint_waterfall, "day"),
    "rooftop": (landmarks.paint_rooftop, "dusk"),
    "abstract": (abstract.paint, "day"),
}
"""By name: what paints it, and the hour it looks best in."""

EFFECTS = frozenset({
    "blossom", "petals", "neon", "steam", "stars", "aurora", "earth", "full-moon", "sun", "flying-cars",
    "rainbow", "sunlight", "fireflies", "maple-leaves", "yellow-leaves", "fireworks",
    "stream",
})  # fmt: skip
"""What scenes and air can show besides things."""

_WARM = frozenset({"sea", "beach", "desert", "underwater", "table", "kitchen-table"})
"""Homes that are left when it is to snow."""

_EFFECT_SCENES = {
    "earth": "space", "neon": "city", "flying-cars": "city", "fireworks": "city", "aurora": "mountain",
    "steam": "table", "sun": "sky", "rainbow": "meadow", "blossom": "meadow", "petals": "meadow",
    "maple-leaves": "forest", "yellow-leaves": "forest", "fireflies": "forest", "sunlight": "forest", "stars": "mountain", "full-moon": "mountain",
    "stream": "meadow",
}  # fmt: skip
"""Where an effect is at home, when nothing else says where we are."""


def names() -> tuple[str, ...]:
    """Return the names of all scenes."""
    return tuple(_SCENES)


def choose_scene(sketch: Sketch) -> str:
    """Return the scene that is asked for, else the first thing's home, else one that suits the effects."""
    if sketch.scene is not None:
        return sketch.scene
    for thing in sketch.things:
        if thing.name in subjects.names():
            home = subjects.subject(thing.on or thing.name).scene
            return "meadow" if sketch.weather == "snow" and home in _WARM else home
    fitting = (scene for effect, scene in _EFFECT_SCENES.items() if effect in sketch.effects)
    landscape = "meadow" if sketch.time or sketch.weather or sketch.season else "abstract"
    return next(fitting, landscape)


def paint_scene(canvas: Canvas, sketch: Sketch) -> tuple[Stage, Light]:
    """Paint the scene of a Sketch and return its stage and light."""
    paint, hour = _SCENES.get(choose_scene(sketch), _SCENES["abstract"])
    light = light_of(sketch, "night" if "cyberpunk" in sketch.styles else hour)
    light = light.moved(canvas.chance("sun").random())
    stage = paint(canvas, sketch, light).jittered(canvas.chance("spots"))
    return replace(stage, lit=light.time in ("dusk", "night")), light
