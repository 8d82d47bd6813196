"""The light of a picture: hour, weather and season turned into colours.

Scenes ask it what colour the sky, the air and the leaves have; the painter asks it how things are lit.
Knows nothing of pixels or of any one scene.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dalle_nb.backends.offline.colour import Colour, hexed, mix, times
from dalle_nb.backends.offline.pen import Point
from dalle_nb.backends.offline.sketch import Sketch

NIGHTLY = frozenset({
    "stars", "aurora", "full-moon", "fireflies", "fireworks", "neon", "earth", "crescent-moon", "milky-way",
    "meteors", "blood-moon",
})  # fmt: skip
"""Effects that make it night when nobody said another hour."""

_PAPER, _INK = hexed("#f3ecdc"), hexed("#23282b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """The colours of an hour, a weather and a season."""

    time: str = "day"
    weather: str = "clear"
    season: str = "summer"
    zenith: Colour
    middle: Colour
    horizon: Colour
    key: Colour
    """What lit surfaces are multiplied by."""
    cloud: Colour
    cloud_shade: Colour
    sun: Point
    """x in the picture, and y as a share of the sky's height."""
    sun_colour: Colour
    shadow: float
    grass: Colour = (0.45, 0.69, 0.26)
    leaves: tuple[Colour, ...] = ()
    """Colours of foliage, dark to light; empty where trees are bare."""
    ink: bool = False
    """Whether all is to be painted in ink on paper."""
    storm: bool = False
    """Whether the clouds are black and the waves high."""
    dyes: tuple[tuple[str, str], ...] = ()
    """Colours asked of the place, by the names of its words."""

    @property
    def night(self) -> bool:
        """Return whether stars may be seen and lamps are lit."""
        return self.time == "night"

    @property
    def snowy(self) -> bool:
        """Return whether snow lies on the ground."""
        return self.season == "winter"

    @property
    def haze(self) -> Colour:
        """Return the colour that distance fades into."""
        return mix(self.horizon, self.middle, 0.35)

    @property
    def tint(self) -> Colour:
        """Return what things that stand in this light are multiplied by: a red car is red by night too."""
        return mix((1.0, 1.0, 1.0), self.key, 0.55)

    @property
    def moon(self) -> float:
        """Return the x of a large moon: at the side, where nobody stands before it."""
        return 0.82 if self.sun[0] > 0.5 else 0.18

    @property
    def clear(self) -> bool:
        """Return whether sun, moon and stars are to be seen."""
        return self.weather == "clear"

    def moved(self, share: float) -> Light:
        """Return the same light with its sun or moon nearer to the middle or to the edge."""
        x, y = self.sun
        return replace(self, sun=(x + (share - 0.7) * (0.22 if x > 0.5 else -0.22), y))

    def dyed(self, own: Colour, *names: str) -> Colour:
        """Return the colour that was asked of any of these parts of the place, else its own."""
        return next((hexed(code) for name, code in self.dyes if name in names), own)

    def cast(self, colour: Colour) -> Colour:
        """Return a surface of this colour as it looks in this light."""
        if self.ink:
            tone = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
            return mix(mix(_INK, _PAPER, tone * 0.8), colour, 0.12)
        return times(colour, self.key)

    def far(self, colour: Colour, distance: float) -> Colour:
        """Return a surface as it looks through ``distance`` (0 to 1) of air."""
        return mix(self.cast(colour), self.haze, distance)


_HOURS = {
    "dawn": Light(
        time="dawn",
        zenith=hexed("#7ea3d8"),
        middle=hexed("#e7bfc6"),
        horizon=hexed("#ffe3b4"),
        key=(1.0, 0.87, 0.82),
        cloud=hexed("#fff0e4"),
        cloud_shade=hexed("#c69ab4"),
        sun=(0.24, 0.9),
        sun_colour=hexed("#fff0c4"),
        shadow=0.32,
    ),
    "day": Light(
        zenith=hexed("#2f86d8"),
        middle=hexed("#79bdee"),
        horizon=hexed("#dff1f6"),
        key=(1.0, 0.985, 0.94),
        cloud=hexed("#ffffff"),
        cloud_shade=hexed("#a9c3dd"),
        sun=(0.8, 0.24),
        sun_colour=hexed("#fff6d2"),
        shadow=0.42,
    ),
    "dusk": Light(
        time="dusk",
        zenith=hexed("#39407f"),
        middle=hexed("#d0708a"),
        horizon=hexed("#ffbd6e"),
        key=(0.98, 0.76, 0.64),
        cloud=hexed("#ffc58e"),
        cloud_shade=hexed("#8a5a8c"),
        sun=(0.72, 0.9),
        sun_colour=hexed("#ffe3a0"),
        shadow=0.42,
    ),
    "night": Light(
        time="night",
        zenith=hexed("#050a20"),
        middle=hexed("#10234e"),
        horizon=hexed("#36568a"),
        key=(0.4, 0.49, 0.73),
        cloud=hexed("#4c639a"),
        cloud_shade=hexed("#16244a"),
        sun=(0.78, 0.3),
        sun_colour=hexed("#f6f1dc"),
        shadow=0.5,
    ),
}

_SEASONS: dict[str, tuple[Colour, tuple[Colour, ...]]] = {
    "spring": (hexed("#8fc850"), (hexed("#5f9a3e"), hexed("#8cc24f"), hexed("#bfe07a"))),
    "summer": (hexed("#72b043"), (hexed("#2f6b35"), hexed("#4c9440"), hexed("#86bd55"))),
    "autumn": (hexed("#c2a24a"), (hexed("#9c3a22"), hexed("#d5702a"), hexed("#f0b23e"))),
    "winter": (hexed("#eef4fb"), ()),
}

_GOLDEN = (hexed("#c08a22"), hexed("#e6b52e"), hexed("#f8dc62"))


def light_of(sketch: Sketch, hour: str = "day") -> Light:
    """Return the light a Sketch asks for; ``hour`` is what its scene looks best in when nobody said."""
    wanted = sketch.time or ("night" if NIGHTLY.intersection(sketch.effects) else hour)
    light = _HOURS.get(wanted, _HOURS["day"])
    season = sketch.season or _season_of(sketch)
    grass, leaves = _SEASONS.get(season, _SEASONS["summer"])
    if "yellow-leaves" in sketch.effects:
        leaves = _GOLDEN
    light = replace(light, season=season, grass=grass, leaves=leaves, dyes=sketch.dyes)
    storm = bool(_STORMY.intersection(sketch.effects))
    dull = storm or "overcast" in sketch.effects
    light = _under_weather(replace(light, storm=storm), sketch.weather or ("overcast" if dull else "clear"))
    if "eclipse" in sketch.effects:
        light = _eclipsed(light)
    light = _dye(light)
    return _in_ink(light) if "ink-wash" in sketch.styles else light


def _season_of(sketch: Sketch) -> str:
    if sketch.weather == "snow":
        return "winter"
    if {"maple-leaves", "yellow-leaves"}.intersection(sketch.effects):
        return "autumn"
    return "spring" if {"blossom", "petals"}.intersection(sketch.effects) else "summer"


_STORMY = frozenset({"storm", "lightning", "tornado", "hail"})
_GREYS = {
    "storm": (hexed("#465263"), 0.84, 0.76),
    "overcast": (hexed("#a3aeb9"), 0.8, 0.9),
    "rain": (hexed("#66788c"), 0.72, 0.84),
    "snow": (hexed("#b9c6d6"), 0.62, 0.95),
    "fog": (hexed("#d3dadd"), 0.72, 0.94),
}


def _under_weather(light: Light, weather: str) -> Light:
    """Return the light under clouds: greyer, flatter and with hardly a shadow."""
    if weather not in _GREYS:
        return light
    grey, share, dim = _GREYS["storm" if light.storm else weather]
    grey = times(grey, mix((1.0, 1.0, 1.0), light.key, 0.9 if light.night else 0.5))
    return replace(
        light,
        weather=weather,
        zenith=mix(light.zenith, times(grey, 0.82), share),
        middle=mix(light.middle, grey, share),
        horizon=mix(light.horizon, times(grey, 1.12), share),
        key=times(mix(light.key, times((0.9, 0.95, 1.0), sum(light.key) / 3), 0.6), dim),
        cloud=mix(light.cloud, times(grey, 1.1), share),
        cloud_shade=mix(light.cloud_shade, times(grey, 0.8), share),
        shadow=light.shadow * 0.5,
    )


def _eclipsed(light: Light) -> Light:
    """Return the light of an hour whose sun is hidden: dark above, a glow all round the horizon."""
    return replace(
        light, zenith=times(light.zenith, 0.22), middle=mix(times(light.middle, 0.3), hexed("#2a2350"), 0.4),
        horizon=mix(times(light.horizon, 0.6), hexed("#ff9a5a"), 0.4), key=times(light.key, 0.62),
    )  # fmt: skip


_GRASSY = ("grass", "meadow", "hills", "valley", "fields", "park", "farmland", "ground", "savanna")
_LEAFY = ("trees", "forest", "maple-leaves", "pine-forest", "birch-forest", "jungle", "cherry-grove")


def _dye(light: Light) -> Light:
    """Return the light in which sky, clouds, grass and leaves have the colours that were asked of them."""
    if not light.dyes:
        return light
    hour = mix((1.0, 1.0, 1.0), light.key, 0.6 if light.night else 0.2)
    names = {name for name, _ in light.dyes}
    if "sky" in names:
        sky = times(light.dyed(light.middle, "sky"), hour)
        light = replace(
            light,
            zenith=times(sky, 0.72),
            middle=sky,
            horizon=mix(sky, (1.0, 1.0, 1.0), 0.2 if light.night else 0.5),
        )
    if "clouds" in names:
        cloud = times(light.dyed(light.cloud, "clouds"), hour)
        light = replace(light, cloud=mix(cloud, (1.0, 1.0, 1.0), 0.25), cloud_shade=times(cloud, 0.78))
    if names.intersection(_LEAFY) and light.leaves:
        leaf = light.dyed(light.leaves[1], *_LEAFY)
        light = replace(light, leaves=(times(leaf, 0.68), leaf, mix(leaf, (1.0, 1.0, 0.9), 0.3)))
    return light if light.snowy else replace(light, grass=light.dyed(light.grass, *_GRASSY))


def _in_ink(light: Light) -> Light:
    """Return the light of an ink painting: paper above, no sun but as a red seal of a disc."""
    night = 0.55 if light.night else 0.0
    paper = mix(_PAPER, _INK, night)
    return replace(
        light,
        zenith=mix(paper, _INK, 0.1),
        middle=paper,
        horizon=paper,
        key=(1.0, 1.0, 1.0) if not light.night else (0.6, 0.6, 0.62),
        cloud=paper,
        cloud_shade=mix(paper, _INK, 0.12),
        sun_colour=hexed("#d2483d"),
        shadow=light.shadow * 0.6,
        ink=True,
    )
