"""What hangs above every open scene: sky, clouds, sun, moon, stars, and what a Sketch wants to see there.

Paints onto a Canvas in a Light; knows nothing of what lies below the horizon.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Colour, Plane, hexed, mix, ramp
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen, Point
from dalle_nb.backends.offline.sketch import Sketch

_NO_SUN = frozenset({"aurora", "earth", "neon", "full-moon", "crescent-moon", "blood-moon", "eclipse"})
"""What is never seen together with the sun."""


def paint_sky(canvas: Canvas, sketch: Sketch, light: Light, horizon: float, *, clouds: float = 0.5) -> None:
    """Fill the sheet with sky down to the horizon, and below it with the horizon's colour."""
    stops = [(0.0, light.zenith), (horizon * 0.55, light.middle), (horizon, light.horizon)]
    canvas.fill(canvas.gradient(stops))
    _hang_lights(canvas, sketch, light, horizon)
    clouds += 0.3 * any(name == "clouds" for name, _ in light.dyes)
    cover = clouds if light.clear else 1.0 if light.storm else min(1.0, clouds + 0.4)
    if cover > 0 and not light.ink:
        spread_clouds(canvas, light, horizon, cover)
    _hang_wonders(canvas, sketch, light, horizon)


def _hang_lights(canvas: Canvas, sketch: Sketch, light: Light, horizon: float) -> None:
    """Hang what clouds may pass before: stars, northern lights, sun and Earth."""
    wanted = set(sketch.effects)
    if not light.ink and {"stars", "milky-way"} & wanted:
        _veil_galaxy(canvas, horizon, 1.7 if "milky-way" in wanted else 1.0)
        scatter_stars(canvas, horizon, 1100 if "milky-way" in wanted else 700)
    elif light.night and light.clear and not light.ink:
        scatter_stars(canvas, horizon, 260)
    if "aurora" in wanted:
        hang_aurora(canvas, horizon, light)
    if "meteors" in wanted:
        _let_meteors_fall(canvas, horizon)
    hidden = _NO_SUN & wanted
    if "sun" in wanted or (light.clear and not hidden):
        hang_sun(canvas, light, horizon)
    if "earth" in wanted:
        hang_earth(canvas, 0.7, 0.27, 0.17)


def _hang_wonders(canvas: Canvas, sketch: Sketch, light: Light, horizon: float) -> None:
    """Hang what no cloud may hide: who asks for the moon wants to see it."""
    wanted = set(sketch.effects)
    hidden = _NO_SUN & wanted
    if light.time in ("dawn", "dusk") and light.clear and not hidden and not light.ink:
        _hang_low_sun(canvas, light, light.sun[0], light.sun[1] * horizon - 0.07)
    if "eclipse" in wanted:
        hang_eclipse(canvas, light.sun[0], max(0.17, 0.36 * horizon))
    if "blood-moon" in wanted:
        red = replace(light, dyes=(*light.dyes, ("full-moon", "#d0482e")))
        hang_moon(canvas, light.moon, max(0.2, 0.36 * horizon), 0.15, red)
    if "tornado" in wanted:
        spin_tornado(canvas, light, horizon)
    for name, hang in (("full-moon", hang_moon), ("crescent-moon", hang_crescent)):
        if name in wanted:
            hang(canvas, light.moon, max(0.19, 0.34 * horizon), 0.125, light)
    if "lightning" in wanted and not light.ink:
        strike_lightning(canvas, horizon)
    if "rainbow" in wanted:
        hang_rainbow(canvas, horizon)
    if "fireworks" in wanted:
        burst_fireworks(canvas, horizon)


def spread_clouds(canvas: Canvas, light: Light, horizon: float, cover: float) -> None:
    """Lay clouds, lit from the sun's side and smaller towards the horizon, over the sky."""
    sky = canvas.band(0, horizon)
    if not sky.rgb.size:
        return
    wide = sky.ground_noise("clouds", horizon, 0.55, flat=1.5, steep=0.16)
    billow = sky.noise("billow", 0.16, flat=1.5, octaves=5)
    body = wide * 0.72 + billow * 0.38 - 0.05
    low = 0.78 - 0.42 * cover
    density = ramp(low, low + 0.26, body)
    # The side towards the light is bright: compare with the cloud a little higher and nearer the sun.
    above = sky.shifted(body, 0.016 if light.sun[0] < 0.5 else -0.016, 0.016)
    lit = ramp(-0.16, 0.12, body - above)
    density *= 0.35 + 0.6 * ramp(horizon, horizon * 0.72, sky.y)
    sky.over(light.cloud_shade, density)
    sky.over(light.cloud, density * lit)


def hang_sun(canvas: Canvas, light: Light, horizon: float) -> None:
    """Hang the sun, or at night the moon, where the Light says."""
    x, y = light.sun[0], light.sun[1] * horizon
    if light.ink:
        disc = canvas.around(x, y, 0.08)
        disc.over(light.sun_colour, disc.edge(0.05 - disc.distance(x, y)) * 0.8)
        return
    if light.night:
        hang_moon(canvas, x, y, 0.062, light)
        return
    if light.time in ("dawn", "dusk"):
        _hang_low_glow(canvas, light, x, y - 0.07)
        return
    for radius, strength in ((0.2, 0.75), (0.07, 0.95)):
        part = canvas.around(x, y, radius * 3)
        light_left = np.clip(1 - part.distance(x, y) / (radius * 3), 0, 1) ** 2.5
        part.over(light.sun_colour, light_left * strength)
    rays = canvas.around(x, y, 0.3)
    far = rays.distance(x, y)
    turn = np.arctan2(rays.y - y, rays.u - (x - 0.5) * canvas.aspect)
    spokes = np.clip(np.cos(turn * 7) * np.cos(turn * 3 + 1) + 0.35, 0, 1)
    rays.glaze(light.sun_colour, spokes * np.exp(-((far / 0.1) ** 1.4)) * 0.3)
    disc = canvas.around(x, y, 0.08)
    core = ramp(0.047, 0.02, disc.distance(x, y))
    warm = mix(light.sun_colour, hexed("#ffb347"), 0.2)
    disc.over(warm, ramp(0.047, 0.043, disc.distance(x, y)))
    disc.over((1.0, 0.995, 0.95), core)


def _hang_low_glow(canvas: Canvas, light: Light, x: float, y: float) -> None:
    """Let the sky of morning and evening burn around its sun."""
    # The morning is pale, the evening burns.
    codes = ("#ffd9b0", "#fff3cf") if light.time == "dawn" else ("#ff8a3c", "#ffc45e")
    for reach, strength, code in zip((0.75, 0.34), (0.5, 0.55), codes, strict=True):
        part = canvas.around(x, y, reach)
        near = np.clip(1 - part.distance(x, y, flat=1.3) / reach, 0, 1) ** 1.6
        part.over(mix(light.sun_colour, hexed(code), 0.7), near * strength)


def _hang_low_sun(canvas: Canvas, light: Light, x: float, y: float) -> None:
    """Hang the large red sun of the evening, or the small pale one of the morning."""
    morning = light.time == "dawn"
    radius, codes = (0.05, ("#fffbe6", "#ffe7a6")) if morning else (0.08, ("#ffe98a", "#ff5a2a"))
    disc = canvas.around(x, y, radius * 1.25)
    face = disc.gradient([(y - radius, hexed(codes[0])), (y + radius, hexed(codes[1]))])
    own = np.asarray(light.dyed((1.0, 1.0, 1.0), "sun"), np.float32)
    disc.over(face * own, disc.edge(radius - disc.distance(x, y)))


def hang_moon(canvas: Canvas, x: float, y: float, radius: float, light: Light) -> None:
    """Hang a full moon with its seas and a halo."""
    colour = light.dyed(hexed("#fbf5e2"), "full-moon")
    canvas.glow(x, y, radius * 3.2, mix(hexed("#8fa8dc"), colour, 0.25), 0.42)
    disc = canvas.around(x, y, radius * 1.2)
    far = disc.distance(x, y)
    seas = ramp(0.5, 0.75, disc.noise("seas", radius * 0.9, octaves=4))
    face = np.asarray(colour, np.float32) * (1 - 0.17 * seas - 0.2 * (far / radius) ** 4)[..., None]
    disc.over(face, disc.edge(radius - far))


def hang_crescent(canvas: Canvas, x: float, y: float, radius: float, light: Light) -> None:
    """Hang a waxing moon: what another disc leaves of it."""
    colour = light.dyed(hexed("#fdf3cf"), "crescent-moon", "full-moon")
    canvas.glow(x, y, radius * 2.4, hexed("#8fa8dc"), 0.3)
    disc = canvas.around(x, y, radius * 1.2)
    bite = disc.distance(x + 0.5 * radius / canvas.aspect, y - 0.24 * radius)
    disc.over(colour, disc.edge(np.minimum(radius - disc.distance(x, y), bite - 0.86 * radius)))


def _let_meteors_fall(canvas: Canvas, horizon: float) -> None:
    """Let a few shooting stars fall, the first one large: a head, and a tail that thins out behind it."""
    chance = canvas.chance("meteors")
    for number in range(5):
        across, high, size = chance.random(3).tolist()
        x = 0.38 if number == 0 else 0.1 + 0.85 * across
        y = horizon * (0.42 if number == 0 else 0.12 + 0.6 * high)
        long = 0.34 if number == 0 else 0.08 + 0.12 * size
        for k in range(24):
            share = k / 23
            canvas.glow(
                x + long * 0.86 * share / canvas.aspect, y - long * 0.5 * share,
                (0.011 if number == 0 else 0.006) * (1 - share) + 0.002, (0.95, 0.97, 1.0), 0.9 * (1 - share) ** 1.5,
            )  # fmt: skip


def hang_eclipse(canvas: Canvas, x: float, y: float) -> None:
    """Hang the sun behind the moon: a black disc in its corona."""
    part = canvas.around(x, y, 0.42)
    far = part.distance(x, y)
    turn = np.arctan2(part.y - y, part.u - (x - 0.5) * canvas.aspect)
    rays = 0.75 + 0.25 * np.cos(turn * 6 + 0.7) * np.cos(turn * 9)
    part.glaze(hexed("#ffe9c0"), np.clip(np.exp(-np.clip(far - 0.09, 0, 9) / (0.05 * rays)), 0, 1))
    part.over((0.02, 0.02, 0.05), part.edge(0.09 - far))


def spin_tornado(canvas: Canvas, light: Light, horizon: float) -> None:
    """Let a tornado hang from the clouds: a turning funnel, dust flying at its foot."""
    part = canvas.band(0, min(1.0, horizon + 0.16))
    foot = horizon - 0.05
    up = np.clip((foot - part.y) / foot, 0, 1)
    middle = 0.08 + 0.05 * np.sin(up * 7 + 0.5) + 0.1 * up
    half = 0.018 + 0.3 * up**2.3
    across = (part.u - middle) / half
    swirl = part.noise("swirl", 0.1, flat=2.6, octaves=5)
    bands = 0.5 + 0.5 * np.sin(up * 60 + across * 2.4 + 3 * swirl)
    cover = ramp(1.12, 0.85, np.abs(across) + 0.25 * (swirl - 0.5)) * (part.y < foot)
    part.over(light.cast(hexed("#5d6069")), cover * 0.95, tone=0.6 + 0.45 * bands + 0.3 * across)
    dust = part.distance(0.5 + 0.13 / canvas.aspect, foot, flat=2.4)
    part.over(light.cast(hexed("#8a7a66")), ramp(0.17, 0.03, dust + 0.1 * (swirl - 0.5)) * 0.85)


def strike_lightning(canvas: Canvas, horizon: float) -> None:
    """Let forked lightning strike from the clouds to the horizon, and light the sky around it."""
    chance = canvas.chance("lightning")
    for x, bottom in ((0.66, horizon), (0.27, horizon * 0.86)):
        forks: list[list[Point]] = []

        def fork(at: float, y: float, to: float, left: int, forks: list[list[Point]] = forks) -> None:
            path = [(at, y)]
            while y < to:
                y += 0.022 + 0.03 * chance.random()
                at += (chance.random() - 0.5) * 0.09 / canvas.aspect
                path.append((at, y))
                if left and chance.random() < 0.16:
                    fork(at, y, min(to, y + 0.16), left - 1)
            forks.append(path)

        fork(x, -0.02, bottom, 2)
        cover = canvas.shape(_draw_bolts, forks, bottom)
        canvas.glow(x, horizon * 0.4, 0.3, hexed("#8f9cff"), 0.22)
        canvas.glaze(hexed("#b9b4ff"), np.clip(canvas.blur(cover, 0.014) * 2.6, 0, 1))
        canvas.over((1.0, 1.0, 1.0), cover)


def scatter_stars(canvas: Canvas, bottom: float, count: int, colour: Colour = (0.9, 0.94, 1.0)) -> None:
    """Scatter stars of several sizes down to a height, more of them the wider the picture."""
    chance = canvas.chance("stars")
    for _ in range(count):
        u, y, size, light = chance.random(4)
        x = canvas.spread(u)
        if not 0 <= x <= 1:
            continue
        radius = 0.0007 + 0.0022 * size**9
        strength = (0.25 + 0.75 * light) * min(1.0, 2.2 - 2.2 * y)
        star = canvas.around(x, y * bottom, radius * 9)
        if star.rgb.size:
            reach = max(radius, canvas.pixel * 0.6)
            star.glaze(colour, np.exp(-((star.distance(x, y * bottom) / reach) ** 1.2)) * strength)


def _draw_bolts(pen: Pen, forks: list[list[Point]], bottom: float) -> None:
    for path in forks:
        pen.line(path, 0.0065 if path[-1][1] >= bottom else 0.003)


def _veil_galaxy(canvas: Canvas, horizon: float, strength: float = 1.0) -> None:
    """Draw the pale band of the galaxy across the sky, with its dark lanes."""
    sky = canvas.band(0, horizon)
    across = sky.u * 0.8 + sky.y * 0.6 - (0.6 * horizon * 0.5)
    dust = sky.noise("galaxy", 0.3, octaves=6)
    band = np.exp(-((across / 0.13) ** 2)) * ramp(0.25, 0.8, dust) * ramp(horizon, horizon * 0.5, sky.y)
    sky.glaze(hexed("#a9b4ee"), np.clip(band * 0.5 * strength, 0, 0.8))
    sky.glaze(hexed("#ffc9e0"), np.clip(band * ramp(0.6, 0.9, dust) * 0.35 * strength, 0, 0.8))


def hang_aurora(canvas: Canvas, horizon: float, light: Light) -> None:
    """Hang curtains of northern light: bright at a wavy lower hem, fading upwards."""
    sky = canvas.band(0, horizon)
    curtains = (
        ("aurora-1", 0.62, 0.42, hexed("#36f5a0"), 0.75),
        ("aurora-2", 0.42, 0.34, hexed("#52e0c8"), 0.5),
        ("aurora-3", 0.8, 0.3, hexed("#9a6bff"), 0.45),
    )
    for name, hem, rise, colour, strength in curtains:
        line = (horizon * hem) + (sky.line(name, 0.5, octaves=3) - 0.5) * 0.34
        above = line - sky.y
        folds = 0.35 + 0.9 * ramp(0.3, 0.75, sky.line(f"{name}-folds", 0.05, octaves=3))
        curtain = np.exp(-above / (rise * horizon)) * ramp(-0.025, 0.03, above) * folds
        sky.glaze(light.dyed(colour, "aurora"), curtain * strength)
        sky.glaze(hexed("#ff7ad0"), np.exp(-np.abs(above - (rise * 0.5)) * 14) * folds * 0.08)


def hang_rainbow(canvas: Canvas, horizon: float) -> None:
    """Bend a rainbow over the land."""
    sky = canvas.band(0, horizon)
    far = sky.distance(0.42, horizon + 0.12)
    for step, code in enumerate(("#ff5a4f", "#ff9c3f", "#ffe44f", "#5fd36a", "#4fa8ff", "#8a62e0")):
        ring = np.exp(-(((far - (0.6 - 0.013 * step)) / 0.009) ** 2))
        sky.over(hexed(code), ring * 0.42 * ramp(horizon, horizon - 0.12, sky.y))


def hang_earth(canvas: Canvas, x: float, y: float, radius: float) -> None:
    """Hang the Earth, lit from one side, with its seas, lands, clouds, and thin blue air."""
    part = canvas.around(x, y, radius * 2.2)
    if not part.rgb.size:
        return
    far = part.distance(x, y) / radius
    across = (part.u - ((x - 0.5) * canvas.aspect)) / radius
    down = (part.y - y) / radius
    height = np.sqrt(np.clip(1 - far * far, 0, 1))
    lit = np.clip(0.62 * height - 0.62 * across - 0.42 * down, 0, 1)
    face = _earth_face(part, radius) * (lit * 1.25 + 0.012)[..., None]
    air = (1 - height) ** 2 * lit
    face += air[..., None] * np.asarray(hexed("#7cc4ff"), np.float32)
    side = np.clip(0.55 - 0.5 * across - 0.35 * down, 0.03, 1)
    part.glaze(hexed("#4ea4ff"), np.exp(-np.clip(far - 1, 0, 9) * 7) * side * 0.75 * (far > 0.98))
    part.over(np.clip(face, 0, 1), part.edge((1 - far) * radius))


def hang_ball(canvas: Canvas, x: float, y: float, radius: float, colour: Colour) -> None:
    """Hang a moon or planet, lit from one side, faint bands on it."""
    part = canvas.around(x, y, radius * 1.2)
    if not part.rgb.size:
        return
    far = part.distance(x, y) / radius
    across, down = (part.u - (x - 0.5) * canvas.aspect) / radius, (part.y - y) / radius
    lit = np.clip(0.75 * np.sqrt(np.clip(1 - far * far, 0, 1)) - 0.45 * across - 0.35 * down, 0.08, 1.15)
    bands = 0.86 + 0.14 * np.sin((down + 0.3 * across) * 9 + 2 * part.noise(f"bands{x}", radius, flat=4))
    part.over(colour, part.edge((1 - far) * radius), tone=lit * bands)


def hang_ringed(canvas: Canvas, x: float, y: float, radius: float, colour: Colour) -> None:
    """Hang a planet with a ring round it."""
    hang_ball(canvas, x, y, radius, colour)
    part = canvas.around(x, y, radius * 2.4)
    across, down = (part.u - (x - 0.5) * canvas.aspect) / radius, (part.y - y) / radius
    turned, tilted = across * 0.94 + down * 0.34, down * 0.94 - across * 0.34
    ring = np.hypot(turned, tilted * 4)
    seen = ramp(1.3, 1.34, ring) * ramp(2.05, 1.98, ring) * ((np.hypot(across, down) > 1) | (tilted > 0))
    part.over(mix(colour, (1.0, 0.95, 0.85), 0.5), seen * (0.45 + 0.4 * np.sin(ring * 30)))


def _earth_face(part: Canvas, radius: float) -> Plane:
    """Return the Earth's colours (h, w, 3) in full light: always about half sea and a third cloud."""
    land = part.noise("lands", radius * 0.95, octaves=6)
    clouds = part.noise("weather", radius * 0.8, flat=2.4, octaves=6)
    face = np.empty((*land.shape, 3), np.float32)
    face[...] = np.asarray(hexed("#0f4fae"), np.float32)
    sheet = Canvas.sheet(face)
    sheet.over(hexed("#2f8fe0"), ramp(0.3, 0.6, land) * 0.6)
    coast = float(np.quantile(land, 0.6))
    sheet.over(hexed("#3f8a45"), ramp(coast, coast + 0.025, land))
    sheet.over(hexed("#c0a466"), ramp(coast + 0.1, coast + 0.22, land))
    thick = float(np.quantile(clouds, 0.62))
    sheet.over((1.0, 1.0, 1.0), ramp(thick, thick + 0.22, clouds) * 0.92)
    return face


def burst_fireworks(canvas: Canvas, horizon: float) -> None:
    """Let fireworks burst over the horizon."""
    chance = canvas.chance("fireworks")
    for number, code in enumerate(("#ffd24a", "#ff5f7a", "#6fd8ff", "#b78bff", "#7dff9a")):
        x, y = 0.12 + 0.19 * number + 0.06 * chance.random(), (0.14 + 0.42 * chance.random()) * horizon
        size, colour = 0.1 + 0.1 * chance.random(), hexed(code)
        canvas.glow(x, y, size * 0.7, colour, 0.35)
        part = canvas.around(x, y, size * 1.5)
        sparks = part.shape(_draw_sparks, x, y, size, chance.random((38, 2)).tolist())
        part.over(mix(colour, (1.0, 1.0, 1.0), 0.45), sparks)
        part.glaze(colour, np.clip(part.blur(sparks, 0.008) * 2.5, 0, 1))


def _draw_sparks(pen: Pen, x: float, y: float, size: float, sparks: list[list[float]]) -> None:
    """Draw trails that fly apart, sink, and are brightest at their ends."""
    for number, (turn, far) in enumerate(sparks):
        angle = (number + turn) * 2 * math.pi / len(sparks)
        for k in range(5, 17):
            along = size * (0.75 + 0.3 * far) * k / 16
            at_x = x + math.cos(angle) * along / pen.aspect
            pen.disc(
                at_x,
                y + math.sin(angle) * along + 0.1 * along * along / size,
                0.0011 + 0.0017 * (k / 16) ** 3,
                0.25 + 0.045 * k,
            )
