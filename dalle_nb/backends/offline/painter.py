"""Paints a Sketch: the scene, the things in it, the air before them, and the style as the last pass.

The only room that sees the whole picture; every part of it is painted elsewhere. Knows no word of a prompt.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from dalle_nb.backends.offline import air
from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import Plane, ramp
from dalle_nb.backends.offline.figures import Placement
from dalle_nb.backends.offline.light import Light, light_of
from dalle_nb.backends.offline.placing import arrange
from dalle_nb.backends.offline.scenes import Stage, paint_scene
from dalle_nb.backends.offline.scenes.seasons import in_season
from dalle_nb.backends.offline.sketch import Sketch
from dalle_nb.backends.offline.standing import paint_placement

_LAMP = (1.0, 0.8, 0.45)
_OPENINGS = {"chimney": 0.13, "funnel": 0.07}
"""Where smoke comes out, and how broad for the width of the thing."""
Progress = Callable[[Image.Image], None]
"""Is handed the unfinished picture, RGB, after the scene and after the things."""


def paint(
    sketch: Sketch, width: int, height: int, *, transparent: bool = False, progress: Progress | None = None
) -> Image.Image:
    """Return a Sketch as a picture of ``width`` x ``height`` pixels.

    RGB; or, when ``transparent``, RGBA with the things alone. The same Sketch gives the same picture, and
    at another size the same composition. Whatever ``progress`` raises stops the painting.
    """
    if transparent:
        return cut_out(sketch, width, height)
    canvas = Canvas(width, height, sketch.seed)
    # Half of all pictures are seen from the other side: all but the things, whose left and right are meant.
    turned = canvas.chance("side").random() < 0.5
    scenery = canvas.turned() if turned else canvas
    stage, light = paint_scene(scenery, sketch)
    if "flying-cars" in sketch.effects:
        air.fly_cars(scenery, light)
    _report(canvas, progress)
    air.hang_branch(scenery, sketch, light, indoors=stage.indoors, leafy=stage.leafy)
    paint_things(canvas, in_season(sketch, light), stage.turned() if turned else stage)
    air.paint_air(scenery, sketch, light, indoors=stage.indoors, leafy=stage.leafy)
    _report(canvas, progress)
    finish(canvas, light)
    return to_image(_restyle(canvas.rgb, sketch))


def cut_out(sketch: Sketch, width: int, height: int) -> Image.Image:
    """Return the things alone, RGBA: painted once on black and once on white, which tells their cover."""
    stage = Stage.bare(light_of(sketch).tint)
    sheets = []
    for ground in (0.0, 1.0):
        canvas = Canvas(width, height, sketch.seed)
        canvas.fill((ground, ground, ground))
        paint_things(canvas, sketch, stage)
        sheets.append(np.clip(canvas.rgb, 0, 1))
    cover = 1 - np.clip((sheets[1] - sheets[0]).mean(2), 0, 1)
    colour = sheets[0] / np.maximum(cover, 1 / 255)[..., None]
    picture = to_image(_restyle(colour, sketch))
    picture.putalpha(Image.fromarray((cover * 255 + 0.5).astype(np.uint8)))
    return picture


def paint_things(canvas: Canvas, sketch: Sketch, stage: Stage) -> None:
    """Place and paint all things, the farthest first, and the steam over what is hot."""
    for placement in arrange(canvas, sketch, stage):
        paint_placement(canvas, placement, stage)
        if stage.lit:
            _shine(canvas, placement)
        if "steam" in sketch.effects:
            _steam(canvas, stage, placement)


def _shine(canvas: Canvas, placement: Placement) -> None:
    """Let a lamp, a lantern or a fire light the dark around it."""
    lamp = placement.anchor("light", canvas)
    if lamp is not None:
        reach = placement.sprite.baseline / canvas.whole[1]
        canvas.glow(*lamp, 0.1 + 0.1 * reach, _LAMP, 0.6)
        canvas.glow(*lamp, 0.05 * reach, (1.0, 0.97, 0.85), 0.9)


def _steam(canvas: Canvas, stage: Stage, placement: Placement) -> None:
    """Let steam rise from the rim of what is hot, smoke from a chimney or a funnel."""
    wide = placement.sprite.pixels.shape[1] / canvas.whole[1]
    rim = placement.anchor("rim", canvas)
    if rim is not None:
        air.raise_steam(canvas, *rim, wide * 0.5)
    for opening, share in _OPENINGS.items():
        mouth = placement.anchor(opening, canvas)
        if mouth is not None:
            air.raise_smoke(canvas, stage.tint, *mouth, wide * share)


def finish(canvas: Canvas, light: Light) -> None:
    """Give the picture what a lens gives: bright parts bleed a little, corners are darker, and a grain of paper."""
    bright = ramp(0.72, 1.0, canvas.rgb.max(2))
    halo = canvas.blur(bright, 0.03)
    canvas.glaze(light.sun_colour, halo * (0.1 if not light.ink else 0.0))
    corner = ((canvas.x - 0.5) ** 2 + (canvas.y - 0.5) ** 2) * 0.3
    grain = canvas.noise("paper", 0.003, octaves=2) - 0.5
    canvas.darken(1.015 - corner + grain * 0.018)


def _restyle(rgb: Plane, sketch: Sketch) -> Plane:
    if not sketch.styles:
        return rgb
    from dalle_nb.backends.offline import styles

    restyled: Plane = styles.restyle(np.clip(rgb, 0, 1, out=rgb), sketch.styles, sketch.seed)
    return restyled


def _report(canvas: Canvas, progress: Progress | None) -> None:
    if progress is not None:
        progress(to_image(canvas.rgb))


def to_image(rgb: Plane) -> Image.Image:
    """Return a float picture (h, w, 3) as an RGB image."""
    return Image.fromarray((np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8))
