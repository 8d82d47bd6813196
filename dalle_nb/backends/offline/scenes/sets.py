"""Places that are drawn as a stage is set: an SVG of our own before a sky or a wall, in the light of the hour.

`sets/facts.toml` says of each place what is behind it, what it stands on, and where things go; `sets/NAME.svg` is
1000 units high with x = 0 in the middle, and so wide that a picture of 3:1 is full. In it

- ``#rrggbb`` is a colour by day, seen in the light of the hour; ``~rrggbb`` shines by itself and stays;
- ``{{wall}}``, ``url(#wall)``… are slots and their shades as in the art of subjects: the place's own ``colours``,
  and ``pane``, ``lamp``, ``glow``, ``haze``, ``sky``, ``grass``, ``leaf`` (light), ``bough`` (dark) and ``top``
  (roofs and ledges that snow lies on);
- ``<repeat at="from to step">`` draws what is in it again at each x; ``<recede at="x y factor first count">`` ever
  farther, towards that vanishing point; ``<both>`` on both sides;
- ``<art name="sofa.front" at="x y height" colour="#…"/>`` stands for a subject's art, which is left out where the
  picture has such a thing anyway, as is what stands in ``<unless at="bed cradle">``;
- the classes ``lit`` and ``dark``, ``snow`` and ``bare`` hold what only some hours and seasons show;
- what comes after ``<!--front-->`` stands before the ground, the rest behind it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Set
from functools import cache, partial
from importlib.resources import files
from typing import Any

import numpy as np

from dalle_nb.backends.offline import subjects
from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, hexed, mix, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.scenes.floors import lay_floor, paper_wall
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.land import SNOW, mirror_above, paint_water
from dalle_nb.backends.offline.scenes.lanes import paint_lane
from dalle_nb.backends.offline.scenes.room import light_room, paint_around
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.scenes.street import hang_signs
from dalle_nb.backends.offline.sketch import Sketch
from dalle_nb.backends.offline.subjects import drawing, shades

_FOLDER = files(__package__) / "sets"
_ART = files(subjects.__name__) / "art"
_LAMP, _LANTERN = "#ffd98a", "#e0302a"
"""What shines by itself where lamps are lit."""
_HEX, _OWN_LIGHT = re.compile(r"#([0-9a-fA-F]{6})\b"), re.compile(r"~([0-9a-fA-F]{6})\b")
_OPENING = re.compile(r"<(?:repeat|recede|both)\b")
_GROUP = re.compile(r'<(repeat|recede|both)(?: at="([^"]*)")?>(.*?)</\1>', re.DOTALL)
_UNLESS = re.compile(r'<unless at="([^"]*)">(.*?)</unless>', re.DOTALL)
_PIECE = re.compile(r'<art name="([\w-]+)\.([\w-]+)" at="([^"]+)"(?: colour="([^"]+)")?/>')
_GLOW = (
    '<defs><radialGradient id="halo"><stop offset="0" stop-color="~fff3cf" stop-opacity=".95"/><stop offset=".25" '
    'stop-color="~ffd98a" stop-opacity=".45"/><stop offset="1" stop-color="~ffc060" stop-opacity="0"/></radialGradient>'
    '<radialGradient id="ember"><stop offset="0" stop-color="~ffc070" stop-opacity=".6"/><stop offset=".4" '
    'stop-color="~ff9a50" stop-opacity=".28"/><stop offset="1" stop-color="~ff8040" stop-opacity="0"/></radialGradient></defs>'
)
_FRAME = '<svg viewBox="-1500 0 3000 1000">{}</svg>'
_SPOTS = [[0.5, 0.93, 0.62], [0.77, 0.91, 0.52], [0.24, 0.91, 0.5]]
_HARD = frozenset({"cobbles", "slabs", "asphalt", "tiles", "checks", "concrete", "planks"})


@cache
def _facts() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads((_FOLDER / "facts.toml").read_text("utf-8"))


def sets() -> dict[str, tuple[Callable[[Canvas, Sketch, Light], Stage], str]]:
    """Return by name what paints each place, and the hour it looks best in."""
    return {name: (partial(paint, name), facts.get("hour", "day")) for name, facts in _facts().items()}


def indoors() -> frozenset[str]:
    """Return the places that have a roof."""
    return frozenset(name for name, facts in _facts().items() if facts.get("indoors"))


def dyed() -> frozenset[str]:
    """Return the places that are drawn in the colour asked of them."""
    return frozenset(name for name, facts in _facts().items() if facts.get("dyed"))


def paint(name: str, canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint one of the places: sky or wall, ground, and what is drawn of it."""
    facts = _facts()[name]
    indoors = facts.get("indoors", False)
    lit = light.time in ("dusk", "night") or light.weather == "rain"
    tint = light_room(light) if indoors else light.tint
    own = {slot: hexed(code) for slot, code in facts.get("colours", {}).items()}
    own.update(_asked_for(sketch, own))
    top, eye = facts.get("top", 0.7), facts.get("eye", 0.5)
    _paint_behind(canvas, sketch, light, facts, tint, own)
    named = {name for thing in sketch.things for name in (thing.name, thing.seat, thing.on)}
    there = named.difference(facts.get("painted", ()))
    draw = partial(_draw, canvas, there, light, lit=lit, tint=tint if indoors else None, own=own)
    behind, mark, front = _drawing(facts.get("set", name)).partition("<!--front-->")
    if mark:
        draw(behind)
    if facts.get("floor") == "water":
        paint_water(canvas, light, top, colour=own.get("floor", hexed("#3f7f95")), clear=0.55, calm=0.7)
    elif "floor" in facts and "window" not in facts:
        white = light.snowy and not indoors
        colour = times(SNOW, 0.95) if white else own.get("floor", hexed("#b5afa6"))
        lay_floor(canvas, light, facts["floor"], times(colour, tint if indoors else light.key), top, eye)
    if "lane" in facts:
        _wall_lane(canvas, sketch, light, facts, own, lit)
    draw(front if mark else behind)
    wet = light.weather == "rain" and not indoors and facts.get("floor") in _HARD
    if wet:
        _wet(canvas, light, facts.get("ground", top), eye, facts.get("lane", {}).get("half", 9.0))
    return _stage(facts, light, tint, lit, wet)


def _wall_lane(
    canvas: Canvas,
    sketch: Sketch,
    light: Light,
    facts: Mapping[str, Any],
    own: Mapping[str, Colour],
    lit: bool,
) -> None:
    """Paint the two walls of a lane, and neon signs on them where there are to be any."""
    indoors = facts.get("indoors", False)
    cast = _caster(light, light_room(light) if indoors else None)
    codes = {slot: cast(_code(colour)) for slot, colour in own.items()} | _hour_slots(light, cast, lit)
    paint_lane(
        canvas, light, facts["lane"], lambda code: hexed(codes.get(code) or cast(code)), closed=indoors
    )
    if not indoors and {"neon", "cyberpunk"}.intersection((*sketch.effects, *sketch.styles)):
        hang_signs(canvas, 0.8 * facts["lane"]["half"], 0.6)


def _asked_for(sketch: Sketch, own: Mapping[str, Colour]) -> dict[str, Colour]:
    """Return the colour that was told of the place, for its first slot."""
    code = sketch.place_colour
    return {next(iter(own)): hexed(code)} if code and own else {}


def _paint_behind(
    canvas: Canvas,
    sketch: Sketch,
    light: Light,
    facts: Mapping[str, Any],
    tint: Colour,
    own: Mapping[str, Colour],
) -> None:
    """Paint the sky, or the wall of a room, around its window where it has one."""
    if "window" in facts:
        x, half = facts["window"]
        dyes = {slot: own[slot] for slot in ("wall", "floor", "curtain") if slot in own}
        place = (0.5 + x / canvas.aspect, half)
        paint_around(canvas, sketch, light, place, rug=facts.get("rug", False), dyes=dyes)
    elif facts.get("indoors") and "wall" in own:
        paper_wall(canvas, times(own["wall"], tint), facts.get("pattern", "plain"))
    elif facts.get("indoors") and not facts.get("outlook"):
        canvas.fill(tint)
    else:
        paint_sky(canvas, sketch, light, facts.get("sky", facts.get("top", 0.6)), clouds=0.45)


def _draw(
    canvas: Canvas,
    there: Set[str | None],
    light: Light,
    art: str,
    *,
    lit: bool,
    tint: Colour | None,
    own: Mapping[str, Colour],
) -> None:
    """Lay a drawing over the sheet, in the light of the hour."""
    cast = _caster(light, tint)
    art = _UNLESS.sub(lambda found: "" if there & set(found[1].split()) else found[2], art)
    art = _PIECE.sub(partial(_stand_art, there, lit, light), _unfold(art))
    shining = (_LAMP, _LANTERN) if lit else (_LAMP,)
    art = _HEX.sub(lambda found: found[0] if found[0] in shining else cast(found[0]), art)
    slots = {
        slot: code if (code := _code(colour)) in shining else cast(code) for slot, colour in own.items()
    } | _hour_slots(light, cast, lit)
    figure = drawing.colour_art(_OWN_LIGHT.sub(r"#\1", _FRAME.format(_GLOW + art)), slots, "set")
    wide = 1000 * canvas.aspect
    sheet = drawing.Fragment(
        markup=figure.markup, box=drawing.Box(left=-wide / 2, top=0, width=wide, height=1000)
    )
    hidden = ("dark" if lit else "lit", "bare" if light.snowy else "snow")
    pixels = drawing.rasterise(sheet, canvas.whole[1] / 1000, hidden)
    part = np.asarray(pixels, np.float32) * (1 / 255)
    grain = 0.955 + 0.09 * canvas.noise("set", 0.12, octaves=5)
    canvas.over(part[..., :3], part[..., 3], tone=grain)


def _drawing(name: str) -> str:
    """Return what is inside the drawing of a place; a place may do without one."""
    file = _FOLDER / f"{name}.svg"
    if not file.is_file():
        return ""
    art = file.read_text("utf-8")
    return art[art.index(">", art.index("<svg")) + 1 : art.rindex("</svg>")]


def _caster(light: Light, tint: Colour | None) -> Callable[[str], str]:
    """Return what puts a colour into the light: of the hour, or of a room's lamps."""

    def cast(code: str) -> str:
        colour = hexed(code)
        return _code(times(colour, tint) if tint and not light.ink else light.cast(colour))

    return cast


def _code(colour: Colour) -> str:
    return "#" + "".join(f"{round(255 * min(max(part, 0.0), 1.0)):02x}" for part in colour)


def _hour_slots(light: Light, cast: Callable[[str], str], lit: bool) -> dict[str, str]:
    """Return the colours that the hour and the season give to every place."""
    leaves = [_code(leaf) for leaf in light.leaves[:2]] or [_code(times(SNOW, 0.93)), "#d3dae2"]
    return {
        "pane": _LAMP if lit else cast("#8fb2c4"),
        "lamp": _LAMP if lit else cast("#f6ecd0"),
        "haze": _code(light.haze),
        "sky": _code(light.horizon),
        "grass": cast(_code(light.grass)),
        "bough": cast(leaves[0]),
        "leaf": cast(leaves[1]),
        "top": cast(_code(SNOW)),
    }


def _unfold(art: str) -> str:
    """Draw again what is to be repeated, the innermost first: what opens last holds no other."""
    while openings := list(_OPENING.finditer(art)):
        found = _GROUP.match(art, openings[-1].start())
        assert found is not None
        copies = _copies(found[1], found[2] or "", found[3])
        art = art[: found.start()] + copies + art[found.end() :]
    return art


def _copies(how: str, numbers: str, inside: str) -> str:
    values = [float(number) for number in numbers.split()]
    if how == "both":
        return f'<g>{inside}</g><g transform="scale(-1 1)">{inside}</g>'
    if how == "repeat":
        first, last, step = values
        places = np.arange(first, last + 1, step).tolist()
        return "".join(f'<g transform="translate({x:.1f} 0)">{inside}</g>' for x in places)
    x, y, factor, first, count = values
    steps = range(int(first) + int(count) - 1, int(first) - 1, -1)
    return "".join(
        f'<g transform="translate({x} {y}) scale({factor**step:.4f}) translate({-x} {-y})">{inside}</g>'
        for step in steps
    )


def _stand_art(there: Set[str | None], lit: bool, light: Light, found: re.Match[str]) -> str:
    """Return the markup of a subject's art, its feet at a place."""
    name, pose, at, colour = found.groups()
    if name in there:
        return ""
    art = (_ART / f"{name}.{pose}.svg").read_text("utf-8")
    slots = dict(subjects.subject(name, pose).slots)
    if name in ("tree", "bush") and (light.snowy or light.season == "autumn"):
        colour = colour or _code(light.leaves[1] if light.leaves else SNOW)
    if colour:
        slots[next(iter(slots))] = colour
    if light.snowy and "roof" in slots:
        slots["roof"] = _code(SNOW)
    if lit:
        slots |= dict.fromkeys({"pane", "glow", "lamp"} & slots.keys(), _LAMP)
    for slot, value in slots.items():
        if not shades.is_colour(value):
            base, _, step = value.partition("-")
            slots[slot] = shades.shade(slots[base], step)
    fragment = drawing.colour_art(art, slots, f"{name}{found.start()}")
    x, y, tall = map(float, at.split())
    box = fragment.box
    move = drawing.Placement((box.left + box.width / 2, box.top + box.height), (x, y), tall / box.height, 0)
    markup = move.apply(fragment).markup
    return _HEX.sub(r"~\1", markup) if name == "fire" else markup


def _wet(canvas: Canvas, light: Light, top: float, eye: float, half: float) -> None:
    """Let wet ground, as wide as a lane is, mirror what stands on it."""
    ground = canvas.band(top, 1)
    ripple = ground.ground_noise("puddles", min(eye, top - 0.03), 0.14, flat=2) - 0.5
    image = mirror_above(canvas, ground, ripple * 0.05)
    wet = np.abs(ground.u) < half * (ground.y - eye) / 0.42
    ground.over(image, np.clip(0.42 + 1.2 * ripple, 0, 0.8) * wet)
    ground.over(light.horizon, 0.06 * wet)


def _stage(facts: Mapping[str, Any], light: Light, tint: Colour, lit: bool, wet: bool) -> Stage:
    def spots(key: str, usual: list[list[float]]) -> tuple[Spot, ...]:
        return tuple(
            Spot(x=x, y=y, scale=scale, least=sum(least)) for x, y, scale, *least in facts.get(key, usual)
        )

    indoors = facts.get("indoors", False)
    lamp = times(hexed(_LAMP), 0.9)
    return Stage(
        spots=spots("spots", _SPOTS),
        back=spots("back", [[0.78, facts.get("top", 0.7) + 0.06, 0.34], [0.22, facts.get("top", 0.7) + 0.06, 0.32]]),
        water=spots("water", []),
        sky=spots("air", [[0.7, 0.2, 0.2], [0.25, 0.28, 0.16]]),
        horizon=facts.get("top", 0.6),
        tint=tint if indoors else mix(light.tint, lamp, 0.2 if lit and not facts.get("wild") else 0.0),
        haze=light.haze,
        rim=times(hexed(_LAMP), 0.4) if lit else times(light.sun_colour, 0.25),
        from_right=True,
        shadow=0.4 if indoors else light.shadow,
        mirror=facts.get("mirror", 0.3 if wet else 0.0),
        indoors=indoors,
        painted=frozenset(facts.get("painted", ())),
        ground=None if indoors or "lane" in facts or facts.get("floor", "water") == "water" else facts.get("ground", facts.get("top", 0.7)),
        leafy=facts.get("leafy", False),
        snowy=light.snowy and not indoors,
    )  # fmt: skip
