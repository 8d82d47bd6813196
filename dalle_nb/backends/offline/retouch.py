"""Changes pictures of any origin by their pixels: fills holes, sets things into them, regrades, reframes.

Pictures are float32 (h, w, 3) from 0 to 1. Knows no words; what is to be added comes as a Sketch.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from dalle_nb.backends.offline import styles
from dalle_nb.backends.offline.air import paint_air
from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Plane
from dalle_nb.backends.offline.light import light_of
from dalle_nb.backends.offline.painter import paint
from dalle_nb.backends.offline.sketch import Sketch, Thing
from dalle_nb.backends.offline.styles.sheet import Sheet, from_image, lay, resized, saturate
from dalle_nb.backends.offline.subjects import subject

_HOURS = {"dawn": ("soft",), "dusk": ("warm",), "night": ("moody", "cool")}
"""Palettes that bring a picture nearer to an hour; a photograph cannot be relit."""
_FEATHER = 0.012  # heights: the soft edge of a repainted part, all of it inside the mask
_SEARCH = 96  # rows of the small picture in which a fitting place is looked for
_NOTHING = Thing(name="")
"""Keeps a scene from furnishing itself."""
Where = npt.NDArray[np.bool_]


def repaint(picture: Plane, where: Where, sketch: Sketch, empty: Plane | None = None) -> Plane:
    """Return the picture with the part ``where`` (h, w) painted anew; all other pixels are as they were.

    ``empty`` is the same picture without its things, where somebody knows it; else the hole is filled from
    its surroundings.
    """
    height, width = picture.shape[:2]
    if sketch.scene:
        fresh = from_image(paint(replace(sketch, things=(_NOTHING,)), width, height))
    elif sketch.things or not sketch.styles:
        fresh = filled(picture, where) if empty is None else empty
    else:
        fresh = styles.restyle(picture.copy(), sketch.styles, sketch.seed)
    if sketch.things:
        fresh = set_things(fresh, _box(where), sketch, picture, where)
    return let_in(picture, fresh, where, sketch.seed)


def let_in(picture: Plane, fresh: Plane, where: Where, seed: int) -> Plane:
    """Return the picture with a fresh one of its size in the part ``where``; all other pixels are as they were."""
    mixed = picture.copy()
    lay(mixed, fresh, _soft(where, seed))
    result: Plane = np.where(where[..., None], mixed, picture)
    return result


def restyle(picture: Plane, sketch: Sketch) -> Plane:
    """Return the whole picture with the things, weather, hour and styles of the Sketch."""
    height, width = picture.shape[:2]
    whole = picture.copy()
    if sketch.things:
        # The lower middle, where most pictures have room.
        box = (round(width * 0.12), round(height * 0.38), round(width * 0.88), round(height * 0.97))
        whole = set_things(whole, box, sketch, picture, np.ones((height, width), bool))
    if sketch.time in _HOURS:
        whole = styles.restyle(whole, _HOURS[sketch.time][:1], sketch.seed)
        whole = styles.restyle(whole, _HOURS[sketch.time][1:], sketch.seed)
    canvas = Canvas(width, height, sketch.seed)
    canvas.rgb[...] = whole
    paint_air(canvas, sketch, light_of(sketch))
    return styles.restyle(np.clip(canvas.rgb, 0, 1), sketch.styles, sketch.seed)


def filled(picture: Plane, where: Where) -> Plane:
    """Return the picture with a hole filled from elsewhere in it.

    What surrounds a place like the hole is copied into it and its colours bent to meet the hole's rim;
    colours from around grow over what is still missing.
    """
    known = 1 - where.astype(np.float32)
    down, across = _best_shift(picture, where)
    copied, there = _moved(picture, down, across), _moved(known, down, across)
    # Only a rim counts: farther off, the copy and the picture have nothing to do with one another.
    canvas = Canvas(where.shape[1], where.shape[0])
    rim = known * there * (canvas.blur(where.astype(np.float32), 0.02) > 0.02)
    bent = copied + _grown((picture - copied) * rim[..., None], rim)
    covered = np.clip(canvas.blur(there, 0.03) * 2 - 1, 0, 1)[..., None] * there[..., None]
    near = _grown(picture * known[..., None], known)
    whole: Plane = np.where(where[..., None], np.clip(near + (bent - near) * covered, 0, 1), picture)
    return whole


def _best_shift(picture: Plane, where: Where) -> tuple[int, int]:
    """Return how many rows and columns to move the picture so that it fits best in and around the hole."""
    height, width = where.shape
    small = resized(picture, max(8, round(_SEARCH * width / height)), _SEARCH)
    hole = resized(where.astype(np.float32), small.shape[1], _SEARCH) > 0.02
    inner = np.nonzero(hole)
    spread = resized(hole.astype(np.float32), max(2, small.shape[1] // 6), _SEARCH // 6)
    rim = np.nonzero((resized(spread, small.shape[1], _SEARCH) > 0.05) & ~hole)
    best, shift = np.inf, (0, 0)
    for down in range(-_SEARCH // 4, _SEARCH // 4 + 1, 6):
        for across in range(-small.shape[1], small.shape[1] + 1, 4):
            missing = 1 - _free(hole, inner, down, across).mean()
            fits = _free(hole, rim, down, across)
            if missing > 0.6 or fits.mean() < 0.3:
                continue
            here = rim[0][fits], rim[1][fits]
            off = np.abs(small[here] - small[here[0] - down, here[1] - across]).mean(dtype=np.float64)
            # Up and down a picture changes more than sideways, and what is missing has to be made up.
            off += abs(down) * 0.003 + missing * 0.25
            if off < best:
                best, shift = off, (down, across)
    return round(shift[0] * height / _SEARCH), round(shift[1] * width / small.shape[1])


def _free(hole: Where, at: tuple[npt.NDArray[np.intp], ...], down: int, across: int) -> Where:
    """Return which of these pixels would come from inside the picture and outside its hole."""
    rows, columns = at[0] - down, at[1] - across
    inside: Where = (rows >= 0) & (columns >= 0) & (rows < hole.shape[0]) & (columns < hole.shape[1])
    inside[inside] = ~hole[rows[inside], columns[inside]]
    return inside


def _moved(plane: Plane, down: int, across: int) -> Plane:
    """Return a plane or picture moved down and to the right, with nothing where it came from nowhere."""
    moved = np.zeros_like(plane)
    height, width = plane.shape[:2]
    rows = slice(max(0, down), min(height, height + down))
    columns = slice(max(0, across), min(width, width + across))
    source = plane[max(0, -down) : height - max(0, down), max(0, -across) : width - max(0, across)]
    moved[rows, columns] = source
    return moved


def _grown(picture: Plane, known: Plane) -> Plane:
    """Return known colours spread into the unknown: averaged ever more coarsely until nothing is missing."""
    height, width = known.shape
    even: Plane = picture / np.maximum(known, np.float32(1e-4))[..., None]
    if min(height, width) <= 2 or known.min() > 0:
        return even
    half = (max(1, width // 2), max(1, height // 2))
    small = (resized(plane, *half, Image.Resampling.BOX) for plane in (picture, known))
    below = resized(_grown(*small), width, height)
    share = np.clip(known * 4, 0, 1)[..., None]
    whole: Plane = even * share + below * (1 - share)
    return whole


def emptied(sketch: Sketch, width: int, height: int) -> Image.Image:
    """Return the scene of a Sketch without the things in it."""
    home = subject(sketch.things[0].name).scene if sketch.things else None
    return paint(replace(sketch, scene=sketch.scene or home, things=(_NOTHING,)), width, height)


def set_things(
    ground: Plane, box: tuple[int, int, int, int], sketch: Sketch, original: Plane, where: Where
) -> Plane:
    """Return the ground with the Sketch's things standing in a box (left, top, right, bottom), in its light."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    cut = np.asarray(paint(sketch, max(width, 8), max(height, 8), transparent=True), np.float32) / np.float32(
        255
    )
    cut = resized(cut, width, height)
    cover, things = cut[..., 3], _lit(cut[..., :3], original, where)
    picture = ground.copy()
    part = picture[top:bottom, left:right]
    sheet = Canvas(width, height, sketch.seed)
    fallen = np.roll(sheet.blur(cover, 0.035), max(1, height // 40), axis=0)
    part *= (1 - fallen * (1 - cover) * np.float32(0.3))[..., None]
    lay(part, things, cover)
    return picture


def _lit(things: Plane, original: Plane, where: Where) -> Plane:
    """Return the things in the light of the picture: a part of its colour, and no brighter than its lights."""
    outside = original[~where] if (~where).any() else original.reshape(-1, 3)
    mean = outside.mean(0, dtype=np.float64)
    tint = mean / max(float(mean.mean()), 0.05)
    bright = min(1.0, 0.55 + float(np.percentile(outside.mean(1), 90)) * 0.6)
    lit: Plane = things * (1 + (tint - 1) * 0.35).astype(np.float32) * np.float32(bright)
    return lit


def _box(where: Where) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what is repainted."""
    columns, rows = np.flatnonzero(where.any(0)), np.flatnonzero(where.any(1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _soft(where: Where, seed: int) -> Plane:
    """Return the cover of a repainted part: 0 outside, rising to 1 inside."""
    canvas = Canvas(where.shape[1], where.shape[0], seed)
    inner = canvas.blur(where.astype(np.float32), _FEATHER)
    soft: Plane = np.clip(inner * 2 - 1, 0, 1) * where
    # A hole too thin for a soft edge is repainted all the same.
    return soft if soft.max() > 0.5 else where.astype(np.float32)


def vary_subtly(picture: Plane, seed: int) -> Plane:
    """Return the same picture in another light: hue, warmth, brightness and where the light comes from."""
    chance = Sheet(picture, seed).chance("subtle")
    varied = Sheet(picture.copy(), seed)
    saturate(varied.rgb, 0.85 + 0.4 * chance.random())
    warmth = (chance.random() - 0.5) * 0.2
    varied.rgb *= np.array([1 + warmth, 1 + (chance.random() - 0.5) * 0.06, 1 - warmth], np.float32)
    gamma = np.float32(0.82 + 0.4 * chance.random())
    np.power(np.clip(varied.rgb, 0, 1), gamma, out=varied.rgb)
    turn = chance.random() * 2 * np.pi
    lean = np.float32(np.cos(turn)) * varied.canvas.u + np.float32(np.sin(turn)) * (
        varied.canvas.y - np.float32(0.5)
    )
    varied.rgb *= (1 + lean * np.float32(0.3))[..., None]
    return np.clip(_nudged(varied, 0.008), 0, 1)


def vary_strongly(picture: Plane, seed: int) -> Plane:
    """Return another picture from the same pixels: mirrored or not, nearer, painted again in another hand."""
    height, width = picture.shape[:2]
    chance = Sheet(picture, seed).chance("strong")
    share = 0.68 + 0.2 * chance.random()
    rows, columns = max(1, round(height * share)), max(1, round(width * share))
    top, left = int(chance.integers(height - rows + 1)), int(chance.integers(width - columns + 1))
    near = picture[top : top + rows, left : left + columns]
    if chance.random() < 0.6:
        near = near[:, ::-1]
    framed = resized(np.ascontiguousarray(near), width, height)
    hand = ("digital", "impressionist", "watercolour", "oil", "vivid")[int(chance.integers(5))]
    palette = ("warm", "cool", "soft", "bright")[int(chance.integers(4))]
    return styles.restyle(vary_subtly(framed, seed), (hand, palette), seed)


def _nudged(sheet: Sheet, reach: float) -> Plane:
    """Return the picture with its forms moved a little here and there."""
    small = sheet.smaller(256)
    shift = np.float32(reach * sheet.height * 2)
    across = resized(small.noise("nudge/x", 0.3, octaves=2), sheet.width, sheet.height) * shift
    down = resized(small.noise("nudge/y", 0.3, octaves=2), sheet.width, sheet.height) * shift
    columns = np.clip(np.arange(sheet.width)[None] + across, 0, sheet.width - 1).astype(np.int32)
    rows = np.clip(np.arange(sheet.height)[:, None] + down, 0, sheet.height - 1).astype(np.int32)
    moved: Plane = sheet.rgb[rows, columns]
    return moved
