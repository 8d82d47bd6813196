"""Turn one colour into the family of shades that a drawing needs.

Shades are made in OKLab, where equal steps look equal: lights lean towards the sun's yellow, shadows
towards the sky's violet, as an illustrator mixes them. Knows nothing of drawings.
"""

from __future__ import annotations

import re
from types import MappingProxyType

# Per shade: how far lightness goes towards white (+) or black (-), chroma factor, and the pull in OKLab (a, b)
# towards the light's warmth or the shadow's coolness.
_STEPS = MappingProxyType(
    {
        "pale": (0.72, 0.55, 0.000, 0.008),
        "light": (0.36, 0.92, 0.000, 0.010),
        "dark": (-0.16, 1.02, 0.004, -0.004),
        "deep": (-0.36, 0.88, 0.008, -0.010),
        "ink": (-0.62, 0.80, 0.010, -0.020),
    }
)

SHADES = ("", *_STEPS)


def is_colour(text: str) -> bool:
    """Whether `text` is a colour as ``#rrggbb``."""
    return re.fullmatch(r"#[0-9a-fA-F]{6}", text) is not None


def is_dark(colour: str) -> bool:
    """Whether ``#rrggbb`` is nearly black: a tiger's stripes, a bee's."""
    return _to_oklab(colour)[0] < 0.42


def shade(colour: str, step: str = "") -> str:
    """One shade of ``#rrggbb``: ``pale``, ``light``, ``dark``, ``deep``, ``ink``, or '' for itself."""
    if not step:
        return colour
    lightness, a, b = _to_oklab(colour)
    towards, chroma, warm_a, warm_b = _STEPS[step]
    lightness += towards * ((1.0 - lightness) if towards > 0 else lightness)
    return _fit_gamut(lightness, a * chroma + warm_a, b * chroma + warm_b)


def drawable(colour: str) -> str:
    """The nearest colour that still leaves room for a light and a shade, so that form stays visible."""
    lightness, a, b = _to_oklab(colour)
    return _fit_gamut(min(max(lightness, 0.30), 0.965), a, b)


def _fit_gamut(lightness: float, a: float, b: float) -> str:
    """The colour, paled as far as a screen needs: cutting channels off instead would change lightness and hue."""
    keep = 1.0
    while keep > 0 and not all(-0.002 <= c <= 1.002 for c in _from_oklab(lightness, a * keep, b * keep)):
        keep -= 0.05
    channels = _from_oklab(lightness, a * keep, b * keep)
    return "#" + "".join(f"{round(255 * _from_linear(min(max(c, 0.0), 1.0))):02x}" for c in channels)


def _to_oklab(colour: str) -> tuple[float, float, float]:
    red, green, blue = (_to_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _from_oklab(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _to_linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _from_linear(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else float(1.055 * value ** (1 / 2.4) - 0.055)
