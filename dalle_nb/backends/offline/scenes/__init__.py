"""The places a picture may show, by name, and which of them a Sketch asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from dalle_nb.backends.offline import subjects
from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.light import Light, light_of
from dalle_nb.backends.offline.scenes import (
    abstract,
    afar,
    beach,
    city,
    depths,
    desert,
    fields,
    forest,
    garden,
    heights,
    ice,
    interior,
    landmarks,
    meadow,
    moon,
    mountain,
    room,
    sea,
    sets,
    sky,
    street,
    table,
    waters,
    wonders,
    woods,
)  # fmt: skip
from dalle_nb.backends.offline.scenes.seasons import dress_ground, lay_fog, lay_footprints, lay_path
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch, Thing

__all__ = ["DYED", "EFFECTS", "INDOORS", "Spot", "Stage", "choose_scene", "names", "paint_scene"]

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
    "lake": (waters.paint_lake, "day"),
    "river": (waters.paint_river, "day"),
    "pond": (waters.paint_pond, "day"),
    "swamp": (waters.paint_swamp, "day"),
    "hot-spring": (waters.paint_hot_spring, "day"),
    "bamboo-forest": (woods.paint_bamboo, "day"),
    "birch-forest": (woods.paint_birches, "day"),
    "pine-forest": (woods.paint_pinewood, "day"),
    "jungle": (woods.paint_jungle, "day"),
    "cherry-grove": (woods.paint_cherries, "day"),
    "peak": (heights.paint_peak, "day"),
    "valley": (heights.paint_valley, "day"),
    "hills": (heights.paint_rolling, "day"),
    "cliff": (heights.paint_cliff, "day"),
    "canyon": (depths.paint_canyon, "day"),
    "volcano": (depths.paint_volcano, "dusk"),
    "cave": (depths.paint_cave, "day"),
    "polar": (ice.paint_polar, "day"),
    "ski-slope": (ice.paint_snowfield, "day"),
    "savanna": (afar.paint_savanna, "day"),
    "mars": (afar.paint_mars, "day"),
    "planet": (afar.paint_planet, "dusk"),
    "karst": (wonders.paint_karst, "day"),
    "huangshan": (wonders.paint_huangshan, "day"),
    "magic-forest": (wonders.paint_enchanted, "dusk"),
    "spooky-forest": (wonders.paint_spooky, "night"),
    "wasteland": (wonders.paint_wasteland, "day"),
    "zen-garden": (wonders.paint_zen, "day"),
    "country-road": (wonders.paint_country_road, "day"),
    "galaxy": (moon.paint_galaxy, "night"),
    "solar-system": (moon.paint_solar_system, "night"),
    "black-hole": (moon.paint_black_hole, "night"),
    "oasis": (desert.paint_oasis, "day"),
    "flower-garden": (fields.paint_garden, "day"),
    "coast": (beach.paint_coast, "day"),
    "terraces": (fields.paint_terraces, "day"),
    "tea-field": (fields.paint_tea, "day"),
    "orchard": (fields.paint_orchard, "day"),
    **{name: (painter, "day") for name, painter in fields.PAINTERS.items()},
    **sets.sets(),
}
"""By name: what paints it, and the hour it looks best in."""

EFFECTS = frozenset({
    "blossom", "petals", "neon", "steam", "stars", "aurora", "earth", "full-moon", "sun", "flying-cars",
    "rainbow", "sunlight", "fireflies", "maple-leaves", "yellow-leaves", "fireworks",
    "stream", "storm", "lightning", "wind", "overcast", "puddles", "hail", "footprints", "great-wave", "path", "tornado", "sandstorm", "blood-moon", "eclipse", "icicles", "frozen", "crescent-moon", "milky-way", "meteors",
})  # fmt: skip
"""What scenes and air can show besides things."""

DYED = frozenset({
    "sky", "clouds", "grass", "meadow", "hills", "valley", "park", "farmland", "savanna", "trees", "forest",
    "maple-leaves", "pine-forest", "birch-forest", "bamboo-forest", "jungle", "cherry-grove", "lake",
    "river", "pond", "swamp", "hot-spring", "water", "sea", "beach", "sand", "desert", "canyon", "cliff", "peak",
    "mountain", "cave", "polar", "mars", "planet", "coast", "full-moon", "crescent-moon", "sun", "aurora",
    "terraces", "tea-field", "orchard", "karst", "magic-forest", "spooky-forest", "wasteland", "zen-garden", "country-road", "flowers", "fields", "rocks", *fields.PAINTERS, "room", "kitchen", *sets.dyed(),
})  # fmt: skip
"""Names of scenes, features and effects that are drawn in the colour asked of them (``Sketch.dyes``)."""

INDOORS = frozenset({
    "room", "table", "kitchen-table", "library", "kitchen", "cafe", "classroom", "hall", *sets.indoors(),
})  # fmt: skip
"""Places that have a roof: no building stands in them."""

_LEAFY = frozenset({
    "park", "street", "station", "city", "meadow", "farmland", "forest", "ink-garden", "mountain", "rooftop",
    *fields.PAINTERS,
})  # fmt: skip
"""Scenes whose stages do not say so themselves, but where autumn's leaves lie and a branch may hang."""
_PATHLESS = frozenset({
    "meadow", "farmland", "hills", "valley", "canyon", "orchard", "rose-garden", *fields.PAINTERS, "mountain", "river",
    "volcano",
})  # fmt: skip
"""Scenes that have a path only when one is asked for."""
_GROUNDS = {
    "park": 0.66, "street": 0.62, "station": 0.74, "meadow": 0.64, "farmland": 0.66, "forest": 0.7,
    "mountain": 0.86, "rooftop": 0.72,
}  # fmt: skip
"""Heights below which all is ground, of scenes whose stages do not say so themselves."""

_TABLES = frozenset({"table", "kitchen-table"})
_WETTED = frozenset({"sea", "underwater", "lake", "river", "pond", "polar", "space", "moon"})
_TALLEST = 1.3
_SMALL = 0.45
"""Natural height of beings that come indoors, and of those that sit on a table; an adult is 1."""
_WARM = frozenset({"sea", "beach", "desert", "underwater", "table", "kitchen-table"})
"""Homes that are left when it is to snow."""

_EFFECT_SCENES = {
    "earth": "space", "neon": "city", "flying-cars": "city", "fireworks": "city", "aurora": "mountain",
    "steam": "table", "sun": "sky", "rainbow": "meadow", "blossom": "meadow", "petals": "meadow",
    "maple-leaves": "forest", "yellow-leaves": "forest", "fireflies": "forest", "sunlight": "forest", "stars": "mountain", "full-moon": "mountain",
    "stream": "meadow", "storm": "sea", "lightning": "meadow", "wind": "meadow", "hail": "meadow", "footprints": "beach", "great-wave": "sea", "path": "meadow", "puddles": "street", "tornado": "meadow", "sandstorm": "desert", "blood-moon": "sky", "eclipse": "sky", "icicles": "meadow", "overcast": "meadow", "frozen": "lake",
    "crescent-moon": "sky", "milky-way": "meadow", "meteors": "meadow",
}  # fmt: skip
"""Where an effect is at home, when nothing else says where we are."""


def names() -> tuple[str, ...]:
    """Return the names of all scenes."""
    return tuple(_SCENES)


def choose_scene(sketch: Sketch) -> str:
    """Return the scene that is asked for, else the first thing's home, else one that suits the effects."""
    dark = sketch.time == "night" or "neon" in sketch.effects or "cyberpunk" in sketch.styles
    if sketch.scene == "future-city" and dark:
        return "city"  # at night the skyline of neon is the future
    if sketch.scene is not None:
        return sketch.scene
    known = [thing for thing in sketch.things if thing.name in subjects.names()]
    if known:
        home = _indoors_with(known) or _home(known[0])
        if home == "sea" and any(_is_on_land(thing) for thing in known[1:]):
            home = "coast"  # a boat and a house: there is a shore for the house
        return "meadow" if sketch.weather == "snow" and home in _WARM else home
    fitting = (scene for effect, scene in _EFFECT_SCENES.items() if effect in sketch.effects)
    landscape = "meadow" if sketch.time or sketch.weather or sketch.season else "abstract"
    return next(fitting, landscape)


def _is_on_land(thing: Thing) -> bool:
    """Whether it stands on the ground of its own."""
    art = subjects.subject(thing.name)
    return art.category in ("building", "plant", "person") and art.scene not in _WETTED and not thing.on


def _home(thing: Thing) -> str:
    """Return where a thing is at home, or what carries or shelters it; a rock is everywhere."""
    carrier = thing.on or thing.under
    base = subjects.subject(carrier) if carrier in subjects.names() else None
    home = base.scene if base and base.category != "thing" else subjects.subject(thing.name).scene
    return "coast" if base and home == "underwater" else home  # a mermaid on a rock


def _indoors_with(things: Sequence[Thing]) -> str | None:
    """Return the room of what stands beside a being that is at home anywhere: a grandmother by the fireplace."""
    first, *others = (subjects.subject(thing.on or thing.name) for thing in things)
    if first.category not in ("animal", "person") or first.scene in _WETTED or first.height > _TALLEST:
        return None
    rooms = [other.scene for other in others if other.category in ("thing", "seat", "food")]
    room = next((room for room in rooms if room in INDOORS), None)
    if room in _TABLES and first.category == "person":
        return "kitchen"
    return None if room in _TABLES and first.height > _SMALL else room


def paint_scene(canvas: Canvas, sketch: Sketch) -> tuple[Stage, Light]:
    """Paint the scene of a Sketch and return its stage and light."""
    paint, hour = _SCENES.get(choose_scene(sketch), _SCENES["abstract"])
    light = light_of(sketch, "night" if "cyberpunk" in sketch.styles else hour)
    light = light.moved(canvas.chance("sun").random())
    stage = paint(canvas, sketch, light).jittered(canvas.chance("spots"))
    return _in_season(canvas, sketch, light, stage), light


def _in_season(canvas: Canvas, sketch: Sketch, light: Light, stage: Stage) -> Stage:
    """Lay on the ground what season and weather leave there; return the stage that knows of it."""
    scene = choose_scene(sketch)
    ground = _GROUNDS.get(scene) if stage.ground is None else stage.ground
    drawn = scene in sets.sets()
    open_air = not (stage.indoors or stage.floats)
    leafy = (open_air and (stage.leafy or drawn)) or scene in _LEAFY
    if drawn and ground is None:
        ground = 0.8
    if ground is not None and open_air and "path" in sketch.effects and scene in _PATHLESS:
        lay_path(canvas, light, ground)
    if ground is not None and open_air:
        dress_ground(
            canvas,
            light,
            ground,
            leafy=leafy,
            wet=not drawn,
            pools="puddles" in sketch.effects,
            petals="petals" in sketch.effects,
        )
    if "footprints" in sketch.effects and open_air:
        lay_footprints(canvas, 0.76 if ground is None else max(ground, 0.66))
    if light.weather == "fog" and not stage.indoors and not light.ink:
        lay_fog(canvas, light, stage.horizon)
    snowy = stage.snowy or (light.snowy and open_air)
    return replace(
        stage,
        lit=stage.lit or light.storm or light.time in ("dusk", "night"),
        leafy=leafy,
        snowy=snowy,
        ground=ground,
    )
