"""How plants of a field are drawn: each as a few layers of one colour, at many places at once.

Knows places and a pen; no canvas, no scene.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

from dalle_nb.backends.offline.colour import Colour, hexed, mix, times
from dalle_nb.backends.offline.light import Light
from dalle_nb.backends.offline.pen import Pen

Place: TypeAlias = tuple[float, float, float, float]
"""x, foot, height, and a number 0 to 1 that makes each its own (plus twice the row)."""
Draw: TypeAlias = Callable[[Pen, Sequence[Place]], None]
Layer: TypeAlias = tuple[Colour, Draw]
_GREEN, _DARK = hexed("#5f9a3e"), hexed("#3c7a34")


def _stems(width: float, reach: float = 1.0) -> Draw:
    def draw(pen: Pen, places: Sequence[Place]) -> None:
        for x, y, tall, turn in places:
            lean = ((turn % 1) - 0.5) * 0.24 * tall / pen.aspect
            pen.line(
                [(x, y), (x + 0.4 * lean, y - 0.5 * tall * reach), (x + lean, y - tall * reach)], tall * width
            )

    return draw


def _blades(count: int, long: float) -> Draw:
    def draw(pen: Pen, places: Sequence[Place]) -> None:
        for x, y, tall, turn in places:
            for k in range(count):
                side = (k % 2) * 2 - 1
                foot = y - tall * (0.06 + 0.5 * k / count * (count > 2))
                tip = (x + side * tall * long * (0.7 + 0.4 * (turn % 1)) / pen.aspect, foot - tall * 0.34)
                bow = (x + side * tall * long * 0.5 / pen.aspect, foot - tall * 0.3)
                pen.polygon([(x, foot), bow, tip, (bow[0], bow[1] + tall * 0.11)])

    return draw


def _top(place: Place, aspect: float) -> tuple[float, float, float]:
    x, y, tall, turn = place
    return x + ((turn % 1) - 0.5) * 0.24 * tall / aspect, y - tall, tall


def _heads(
    radius: float, petals: int = 0, only: Callable[[Place], bool] | None = None, flat: float = 1.0
) -> Draw:
    """Return what draws the head of a flower: a disc, or a ring of petals."""

    def draw(pen: Pen, places: Sequence[Place]) -> None:
        for place in places:
            if only is not None and not only(place):
                continue
            x, y, tall = _top(place, pen.aspect)
            if not petals:
                pen.disc(x, y, tall * radius, flat=flat)
            for k in range(petals):
                angle = (k + place[3]) * 2 * math.pi / petals
                reach = tall * radius
                pen.disc(
                    x + math.cos(angle) * reach * 0.66 / pen.aspect, y + math.sin(angle) * reach * 0.66 / flat,
                    reach * (0.5 if petals < 8 else 0.3), flat=flat,
                )  # fmt: skip

    return draw


def _spikes(wide: float, high: float, dots: int) -> Draw:
    """Return what draws an ear: beads one over the other, thinner to the tip."""

    def draw(pen: Pen, places: Sequence[Place]) -> None:
        for place in places:
            x, y, tall = _top(place, pen.aspect)
            for k in range(dots):
                share = k / max(1, dots - 1)
                side = (k % 2 - 0.5) * wide * tall
                pen.disc(
                    x + side / pen.aspect,
                    y + (0.06 + high * (0.5 - share)) * tall,
                    wide * tall * (1.15 - 0.6 * share),
                    flat=0.62,
                )

    return draw


def wheat(light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return stalks and bearded ears of gold, or green in spring."""
    gold = asked or hexed("#e9b93f" if light.season != "spring" else "#9cc04a")
    return (
        (times(gold, 0.72), _stems(0.016)), (times(gold, 0.8), _spikes(0.034, 0.4, 9)),
        (mix(gold, (1.0, 0.97, 0.75), 0.45), _spikes(0.02, 0.4, 9)),
    )  # fmt: skip


def rice(light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return tufts of rice: blades, and in autumn hanging golden ears."""
    ripe = light.season == "autumn"
    green = asked or hexed("#d8b13a" if ripe else "#86b53c")
    return (
        (times(green, 0.72), _blades(6, 0.5)),
        (green, _blades(4, 0.34)),
        (mix(green, hexed("#f2d660"), 0.5), _spikes(0.02, 0.3, 6)),
    )


def corn(light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return tall stalks with bowed leaves, a yellow cob and a tassel."""
    green = asked or hexed("#c2a24a" if light.season == "autumn" else "#4f9438")

    def cobs(pen: Pen, places: Sequence[Place]) -> None:
        for x, y, tall, turn in places:
            side = 1 if turn % 1 > 0.5 else -1
            for k in range(6):
                pen.disc(
                    x + (0.03 + 0.007 * k) * side * tall / pen.aspect,
                    y - (0.5 + 0.032 * k) * tall,
                    (0.036 - 0.0035 * k) * tall,
                )

    return (
        (times(green, 0.7), _stems(0.03)), (times(green, 0.85), _blades(8, 0.34)), (mix(green, (1.0, 1.0, 0.6), 0.25), _blades(5, 0.22)),
        (hexed("#f5c93a"), cobs), (hexed("#e0c27a"), _spikes(0.012, 0.14, 5)),
    )  # fmt: skip


def lavender(_light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return bushes of grey-green stems, each with a violet spike."""
    violet = asked or hexed("#8a5fd0")

    def fan(draw: Draw) -> Draw:
        def drawn(pen: Pen, places: Sequence[Place]) -> None:
            draw(pen, [
                (x + lean * tall * 0.3 / pen.aspect, y, tall * (1 - 0.25 * abs(lean)), 0.5 + lean * 0.9)
                for x, y, tall, _ in places for lean in (-0.9, -0.55, -0.2, 0.15, 0.5, 0.85)
            ])  # fmt: skip

        return drawn

    return (
        (hexed("#7f9a62"), fan(_stems(0.02))), (times(violet, 0.72), fan(_spikes(0.034, 0.42, 8))),
        (mix(violet, (1.0, 0.9, 1.0), 0.3), fan(_spikes(0.021, 0.42, 8))),
    )  # fmt: skip


def tulips(_light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return tulips, a colour to a row: a cup with three points over long leaves."""

    def cups(row: int | None, size: float, lift: float) -> Draw:
        def draw(pen: Pen, places: Sequence[Place]) -> None:
            for place in places:
                if row is not None and int(place[3] // 2) % 4 != row:
                    continue
                x, y, tall = _top(place, pen.aspect)
                wide, high = 0.17 * tall * size / pen.aspect, 0.36 * tall * size
                y += lift * tall
                pen.polygon([
                    (x - wide, y - 0.5 * high), (x - 0.45 * wide, y - 0.2 * high), (x, y - 0.62 * high), (x + 0.45 * wide, y - 0.2 * high),
                    (x + wide, y - 0.5 * high), (x + 0.85 * wide, y + 0.3 * high), (x, y + 0.55 * high), (x - 0.85 * wide, y + 0.3 * high),
                ])  # fmt: skip

        return draw

    colours = [asked] * 4 if asked else [hexed(code) for code in ("#dd2f3c", "#f6c22f", "#ee6fa6", "#fbf3ea")]
    layers: list[Layer] = [(_DARK, _stems(0.03)), (_GREEN, _blades(2, 0.3))]
    for row, colour in enumerate(colours):
        layers += [
            (times(colour, 0.86), cups(row, 1.0, 0.0)),
            (mix(colour, (1.0, 1.0, 1.0), 0.22), cups(row, 0.6, 0.0)),
        ]
    return tuple(layers)


def sunflowers(_light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return sunflowers: large leaves, a crown of golden petals, a brown heart."""
    gold = asked or hexed("#f7b718")
    return (
        (hexed("#4d8230"), _stems(0.035)), (hexed("#5c9438"), _blades(4, 0.32)), (times(gold, 0.86), _heads(0.23, 13)),
        (mix(gold, (1.0, 1.0, 0.4), 0.3), _heads(0.18, 11)), (hexed("#4f2f16"), _heads(0.105)), (hexed("#7a4c22"), _heads(0.06)),
    )  # fmt: skip


def rapeseed(_light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return rape in bloom: thin stems under clouds of yellow."""
    yellow = asked or hexed("#f7d21c")
    return (
        (hexed("#6c9a35"), _stems(0.018)), (hexed("#6c9a35"), _blades(2, 0.18)), (times(yellow, 0.85), _spikes(0.075, 0.34, 7)),
        (mix(yellow, (1.0, 1.0, 0.6), 0.35), _spikes(0.045, 0.36, 8)),
    )  # fmt: skip


def wildflowers(_light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return a sea of flowers of many colours, or of the one that was asked for."""
    codes = ("#ff5f6d", "#ffffff", "#ffd23f", "#9a6bff", "#ff8fc0")

    def share(number: int) -> Callable[[Place], bool]:
        return lambda place: int(place[3] * 5) == number

    layers: list[Layer] = [(_DARK, _stems(0.022)), (_GREEN, _blades(2, 0.22))]
    for number, code in enumerate(codes):
        colour = mix(asked, (1.0, 1.0, 1.0), 0.08 * number) if asked else hexed(code)
        layers.append((colour, _heads(0.21, 6, share(number), 1.3)))
    return (*layers, (hexed("#f0a52a"), _heads(0.06, flat=1.3)))


def poppies(_light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return poppies: four broad red petals round a black heart."""
    red = asked or hexed("#e0301e")
    return (
        (_DARK, _stems(0.02)),
        (_GREEN, _blades(2, 0.2)),
        (times(red, 0.86), _heads(0.25, 4, flat=1.3)),
        (red, _heads(0.17, 5, flat=1.3)),
        (hexed("#2a1c1c"), _heads(0.055)),
    )


def roses(_light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return rose bushes: dark leaves, round blooms with a spiral in them."""
    first, second = (
        (asked, mix(asked, (1.0, 1.0, 1.0), 0.25)) if asked else (hexed("#d4213d"), hexed("#f27a9c"))
    )

    def bush(draw: Draw, offsets: Sequence[tuple[float, float]]) -> Draw:
        def drawn(pen: Pen, places: Sequence[Place]) -> None:
            draw(
                pen,
                [
                    (x + a * tall / pen.aspect, y + b * tall, tall, 0.5)
                    for x, y, tall, _ in places
                    for a, b in offsets
                ],
            )

        return drawn

    crown = ((-0.34, 0.4), (0, 0.25), (0.34, 0.4), (-0.2, 0.62), (0.2, 0.62))
    left, right = ((-0.3, 0.34), (0.14, 0.55)), ((0.05, 0.12), (0.36, 0.4), (-0.16, 0.62))
    return (
        (hexed("#2f6a35"), bush(_heads(0.34), crown)), (hexed("#468a42"), bush(_heads(0.27, 7), crown)),
        (first, bush(_heads(0.15), left)), (second, bush(_heads(0.15), right)),
        (times(first, 0.72), bush(_heads(0.1), left)), (times(second, 0.78), bush(_heads(0.1), right)),
        (mix(first, (1.0, 1.0, 1.0), 0.12), bush(_heads(0.085, 3), left)), (mix(second, (1.0, 1.0, 1.0), 0.2), bush(_heads(0.085, 3), right)),
        (times(first, 0.6), bush(_heads(0.028), (*left, *right))),
    )  # fmt: skip


def _row(number: int, of: int) -> Callable[[Place], bool]:
    return lambda place: int(place[3] // 2) % of == number


def _near_ground(draw: Draw, lift: float, only: Callable[[Place], bool]) -> Draw:
    """Return what draws heads at a share of a plant's height, in some rows only."""

    def drawn(pen: Pen, places: Sequence[Place]) -> None:
        draw(pen, [(x, y + (1 - lift) * tall, tall, 0.5) for x, y, tall, _ in filter(only, [*places])
                   for tall in (tall,)])  # fmt: skip

    return drawn


def vegetables(_light: Light, _asked: Colour | None) -> tuple[Layer, ...]:
    """Return a kitchen garden: rows of cabbages, carrots, tomatoes on sticks, lettuce."""
    cabbage, carrot, tomato, lettuce = (_row(number, 4) for number in range(4))

    def fruits(pen: Pen, places: Sequence[Place]) -> None:
        for x, y, tall, _ in filter(tomato, places):
            for a, b in ((-0.16, 0.4), (0.14, 0.6), (-0.05, 0.8), (0.18, 0.28)):
                pen.disc(x + a * tall / pen.aspect, y - b * tall, 0.11 * tall)

    def roots(pen: Pen, places: Sequence[Place]) -> None:
        for x, y, tall, _ in filter(carrot, places):
            pen.polygon(
                [
                    (x - 0.13 * tall / pen.aspect, y - 0.16 * tall),
                    (x + 0.13 * tall / pen.aspect, y - 0.16 * tall),
                    (x, y + 0.14 * tall),
                ]
            )

    return (
        (hexed("#4f8f3a"), _near_ground(_heads(0.5, 7, flat=1.5), 0.25, cabbage)), (hexed("#a9d07a"), _near_ground(_heads(0.3, flat=1.25), 0.3, cabbage)),
        (hexed("#d5ecaa"), _near_ground(_heads(0.15, flat=1.25), 0.34, cabbage)), (hexed("#f0802a"), roots),
        (hexed("#58a03c"), lambda pen, places: _blades(8, 0.34)(pen, [*filter(carrot, places)])),
        (hexed("#8a6a42"), lambda pen, places: _stems(0.05)(pen, [*filter(tomato, places)])),
        (hexed("#3f8038"), lambda pen, places: _blades(9, 0.32)(pen, [*filter(tomato, places)])), (hexed("#e0352a"), fruits),
        (hexed("#7cc04a"), _near_ground(_heads(0.42, 9, flat=1.4), 0.24, lettuce)), (hexed("#b7e07a"), _near_ground(_heads(0.24, 6, flat=1.3), 0.28, lettuce)),
    )  # fmt: skip


def pumpkins(_light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return pumpkins among their leaves: ribbed, flat, with a stalk."""
    orange = asked or hexed("#ee7f1c")

    def ribs(wide: float, every: int) -> Draw:
        def draw(pen: Pen, places: Sequence[Place]) -> None:
            for x, y, tall, turn in places:
                size = tall * (0.34 + 0.2 * (turn % 1))
                for k in range(-2, 3)[::every]:
                    pen.disc(
                        x + 0.42 * k * size / pen.aspect,
                        y - 0.62 * size,
                        wide * size,
                        flat=0.62 * (wide + 0.5),
                    )

        return draw

    def stalks(pen: Pen, places: Sequence[Place]) -> None:
        for x, y, tall, turn in places:
            size = tall * (0.34 + 0.2 * (turn % 1))
            pen.line([(x, y - 1.2 * size), (x + 0.12 * size / pen.aspect, y - 1.55 * size)], 0.17 * size)

    return (
        (hexed("#3f7a34"), _blades(4, 0.7)), (hexed("#55923f"), _blades(2, 0.5)), (hexed("#4f6a2a"), stalks), (times(orange, 0.8), ribs(0.52, 1)),
        (orange, ribs(0.42, 2)), (mix(orange, (1.0, 0.9, 0.5), 0.35), ribs(0.16, 2)),
    )  # fmt: skip


def cotton(_light: Light, _asked: Colour | None) -> tuple[Layer, ...]:
    """Return cotton: brown twigs with white balls."""

    def balls(radius: float) -> Draw:
        def draw(pen: Pen, places: Sequence[Place]) -> None:
            for x, y, tall, turn in places:
                for k, (a, b) in enumerate(
                    ((-0.24, 0.5), (0.2, 0.66), (0.0, 0.95), (-0.1, 0.72), (0.28, 0.36))
                ):
                    pen.disc(
                        x + a * tall / pen.aspect, y - (b + 0.06 * ((turn + k) % 1)) * tall, radius * tall
                    )

        return draw

    return (
        (hexed("#6f4f34"), _stems(0.03)),
        (hexed("#5f8a40"), _blades(5, 0.3)),
        (hexed("#d9d6cc"), balls(0.13)),
        (hexed("#ffffff"), balls(0.1)),
    )


def vines(light: Light, asked: Colour | None) -> tuple[Layer, ...]:
    """Return vines on posts: a wall of leaves with bunches of grapes below."""
    grape = asked or hexed("#5b2a78")
    leaf = light.leaves[1] if light.leaves else hexed("#5f9a3e")

    def crown(radius: float, lift: float) -> Draw:
        def draw(pen: Pen, places: Sequence[Place]) -> None:
            for x, y, tall, turn in places:
                for k in range(7):
                    a, b = math.cos(k * 2.4 + turn) * 0.24, math.sin(k * 2.4 + turn) * 0.17
                    pen.disc(x + a * tall / pen.aspect, y - (0.72 + b + lift) * tall, radius * tall)

        return draw

    def bunches(pen: Pen, places: Sequence[Place]) -> None:
        for x, y, tall, _ in places:
            for a in (-0.22, 0.12):
                for k, (b, c) in enumerate(((-1, 0), (0, 0), (1, 0), (-0.5, 1), (0.5, 1), (0, 2))):
                    pen.disc(
                        x + (a + 0.048 * b) * tall / pen.aspect,
                        y - (0.5 - 0.06 * c + 0.08 * (a > 0)) * tall,
                        (0.042 - 0.001 * k) * tall,
                    )

    return (
        (hexed("#6b4a30"), _stems(0.06)),
        (times(leaf, 0.75), crown(0.17, 0.0)),
        (mix(leaf, (1.0, 1.0, 0.6), 0.12), crown(0.1, 0.05)),
        (grape, bunches),
    )
