"""High in the air, among and above banks of cloud."""

from __future__ import annotations

import numpy as np

from dalle_nb.backends.offline.canvas import Canvas
from dalle_nb.backends.offline.colour import mix, ramp, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen
from dalle_nb.backends.offline.scenes.heaven import paint_sky
from dalle_nb.backends.offline.scenes.stage import Spot, Stage
from dalle_nb.backends.offline.sketch import Sketch


def paint(canvas: Canvas, sketch: Sketch, light: Light) -> Stage:
    """Paint the sky and five banks of cloud, the near ones lowest and largest."""
    paint_sky(canvas, sketch, light, 0.95, clouds=0.32)
    for step in range(5):
        _bank_clouds(canvas, light, step)
    return Stage(
        spots=(
            Spot(x=0.5, y=0.68, scale=0.7),
            Spot(x=0.76, y=0.5, scale=0.45),
            Spot(x=0.24, y=0.46, scale=0.4),
        ),
        back=(Spot(x=0.74, y=0.62, scale=0.3), Spot(x=0.26, y=0.66, scale=0.3)),
        sky=(
            Spot(x=0.5, y=0.4, scale=0.6),
            Spot(x=0.75, y=0.24, scale=0.36),
            Spot(x=0.24, y=0.24, scale=0.3),
        ),
        horizon=0.75,
        tint=light.tint,
        haze=light.haze,
        rim=times(light.sun_colour, 0.4 if light.clear else 0.1),
        from_right=light.sun[0] > 0.5,
        floats=True,
    )


def _bank_clouds(canvas: Canvas, light: Light, step: int) -> None:
    """Heap one bank of round clouds: bright on top, shaded below, dissolving at its foot."""
    near = step / 4
    base, size = 0.68 + 0.085 * step, 0.03 + 0.062 * near
    chance = canvas.chance(f"bank-{step}")
    heaps = chance.random((round(16 - 6 * near), 3)).tolist()
    puffs: list[tuple[float, float, float]] = []
    for along, tall, wide in heaps:
        middle, width, height = (along - 0.5) * 3.2, size * (1.6 + 3.4 * wide), size * (0.8 + 2.2 * tall)
        for offset, radius, lift in chance.random((34, 3)).tolist():
            part = offset * 2 - 1
            puffs.append(
                (
                    middle + part * width,
                    base - height * (1 - part * part) * lift,
                    size * (0.22 + 0.62 * radius),
                )
            )

    def draw(pen: Pen) -> None:
        pen.polygon([(-0.1, base + size * 0.2), (1.1, base + size * 0.2), (1.1, 1.2), (-0.1, 1.2)])
        for u, y, radius in puffs:
            pen.disc(0.5 + u / canvas.aspect, y, radius)

    part = canvas.band(base - size * 5.5, 1)
    cover = part.blur(part.shape(draw), 0.003)
    inside = part.blur(part.blur(cover, size * 0.5), size * 0.5)
    side = -1 if light.sun[0] < 0.5 else 1
    lit = ramp(-0.12, 0.42, inside - part.shifted(inside, -side * size * 0.5, size * 0.5))
    billow = part.noise(f"billow-{step}", size * 2.2, flat=1.3, octaves=5) - 0.5
    bright, shade = (
        mix(colour, light.horizon, 0.55 * (1 - near)) for colour in (light.cloud, light.cloud_shade)
    )
    part.over(shade, cover * 0.97)
    part.over(bright, cover * np.clip(0.28 + 0.72 * lit + 0.4 * billow, 0, 1))
