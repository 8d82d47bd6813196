"""Style passes: the last step, which turns a painted picture into oil, ink, pixels or film.

    restyle(rgb, ("oil", "cinematic"), seed=7)      # float32 (h, w, 3) from 0 to 1, in and out

A pass knows the picture only, not what is in it, so that a picture of any origin can be restyled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dalle_nb.backends.offline.colour import Plane
from dalle_nb.backends.offline.styles import brush, film, graphic, paper
from dalle_nb.backends.offline.styles.sheet import Sheet, resized

_Pass = Callable[[Sheet], Plane]
_MOST_WORKED = 3_000_000  # pixels that a medium is worked out on

_MEDIA: dict[str, _Pass] = {
    "oil": brush.oil,
    "acrylic": brush.acrylic,
    "impressionist": brush.impressionist,
    "van-gogh": brush.van_gogh,
    "monet": brush.monet,
    "concept": brush.concept,
    "watercolour": paper.watercolour,
    "sketch": paper.sketch,
    "ink-wash": paper.ink_wash,
    "line-art": paper.line_art,
    "hand-drawn-anime": paper.hand_drawn_anime,
    "luminous-anime": film.luminous_anime,
    "storybook-anime": paper.storybook_anime,
    "pop-art": graphic.pop_art,
    "minimal": graphic.minimal,
    "flat": graphic.flat,
    "vector": graphic.vector,
    "pixel": graphic.pixel,
    "cartoon": graphic.cartoon,
    "picasso": graphic.picasso,
    "3d": graphic.three_d,
    "surreal": film.surreal,
    "digital": film.digital,
}
"""What a picture is made of: one to a picture, for oil over pixels is neither."""

_CAMERAS: dict[str, _Pass] = {
    "photo": film.photo,
    "portrait": film.portrait,
    "landscape": film.landscape,
    "macro": film.macro,
    "black-and-white": film.black_and_white,
    "vintage": film.vintage,
    "cinematic": film.cinematic,
    "cyberpunk": film.cyberpunk,
    "vivid": film.vivid,
    "natural": film.natural,
}
"""How it was taken and graded: laid over a medium, two of them at most."""

_PALETTES: dict[str, _Pass] = {
    "warm": film.warm,
    "cool": film.cool,
    "pastel": film.pastel,
    "bright": film.bright,
    "muted": film.muted,
    "contrast": film.high_contrast,
    "moody": film.moody,
    "soft": film.soft,
}


def names() -> tuple[str, ...]:
    """Return the names of all styles and palettes."""
    return (*_MEDIA, *_CAMERAS, *_PALETTES)


def restyle(rgb: Plane, styles: Sequence[str], seed: int) -> Plane:
    """Return the picture in these styles (the strongest first) and palettes, by name.

    ``rgb`` is float32 (h, w, 3) from 0 to 1 and is used up. Unknown names are passed over; of several
    media the first counts, of several camera styles the first two.
    """
    for one in _chosen(styles):
        rgb = _passed(one, rgb, seed)
        np.clip(rgb, 0, 1, out=rgb)
    return rgb


def _passed(one: _Pass, rgb: Plane, seed: int) -> Plane:
    height, width = rgb.shape[:2]
    if height * width <= _MOST_WORKED or one not in _MEDIA.values():
        return one(Sheet(rgb, seed))
    # Paint and paper have no detail finer than this, and planes of that size a good deal of memory.
    share = (_MOST_WORKED / (height * width)) ** 0.5
    worked = one(Sheet(resized(rgb, round(width * share), round(height * share)), seed))
    return resized(worked, width, height)


def _chosen(styles: Sequence[str]) -> list[_Pass]:
    palettes = [_PALETTES[name] for name in styles if name in _PALETTES]
    media = [_MEDIA[name] for name in styles if name in _MEDIA]
    cameras = [_CAMERAS[name] for name in styles if name in _CAMERAS]
    return palettes[:1] + media[:1] + cameras[:2]
