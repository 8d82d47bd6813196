"""What drawing costs: foretold from a call's parameters, counted from the usage that came back.

Money is an integer of millionths of a dollar. Must not know servers or settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

from dalle_nb._records import Estimate, Usage
from dalle_nb._sizes import named_sizes, read_size, sheet

if TYPE_CHECKING:
    from dalle_nb._catalog import Model

MILLION = 1_000_000

PARTIAL_TOKENS = 100
"""Output tokens for each partial picture (guides/image-generation, "Partial images cost")."""

INPUT_TOKENS = 1536
"""Most tokens of one input picture (community thread 1382940; OpenAI publishes nothing)."""


def cost(usage: Usage, model: Model) -> int | None:
    """Return what the tokens cost; None where a price is not known."""
    if model.free or usage.simulated:
        return 0
    price = model.price
    cached = price.input_cached_image if usage.input_image else price.input_cached_text
    bill = (
        (usage.input_text, price.input_text),
        (usage.input_image, price.input_image),
        (usage.input_cached, cached),
        (usage.output_image, price.output_image),
        (usage.output_text, price.output_text),
    )
    if not any(tokens for tokens, _ in bill):
        return None
    if any(tokens and rate is None for tokens, rate in bill):
        return None
    return -(-sum(tokens * (rate or 0) for tokens, rate in bill) // MILLION)


def estimate(parameters: Mapping[str, Any], model: Model, inputs: int = 0) -> Estimate | None:
    """Return what one call with these parameters may cost; None where a price is not known.

    Official per picture, where OpenAI lists the quality and size; else from the token formula, ``about``.
    Everything counts once for each picture: the prompt and the ``inputs`` pictures that go along too.
    """
    if model.free:
        return Estimate(low=0, high=0)
    pictures = [_picture(model, quality, size, parameters) for quality, size in _possible(parameters, model)]
    priced = [picture for picture in pictures if picture is not None]
    if not priced or len(priced) < len(pictures):
        return None
    price = model.price
    text_low, text_high = text_tokens(str(parameters.get("prompt", "")))
    partial = PARTIAL_TOKENS * int(parameters.get("partial_images", 0)) * (price.output_image or 0)
    beside_low = text_low * (price.input_text or 0)
    beside_high = (
        text_high * (price.input_text or 0) + inputs * INPUT_TOKENS * (price.input_image or 0) + partial
    )
    n = int(parameters.get("n", 1))
    return Estimate(
        low=int(n * (min(low for low, _, _ in priced) + beside_low / MILLION)),
        high=ceil(n * (max(high for _, high, _ in priced) + beside_high / MILLION)),
        about=inputs > 0 or any(about for _, _, about in priced),
    )


def discounted(estimate: Estimate | None, factor: float, *, about: bool) -> Estimate | None:
    """Return an estimate with a discount, which may itself be only ``about`` so."""
    if estimate is None:
        return None
    low, high = (ceil(amount * factor) for amount in (estimate.low, estimate.high))
    return Estimate(low=low, high=high, about=estimate.about or (about and high > 0))


def text_tokens(text: str) -> tuple[int, int]:
    """Return the fewest and the most tokens that a prompt of this length is likely to be."""
    ascii_letters = sum(letter.isascii() for letter in text)
    others = len(text) - ascii_letters
    # o200k makes a token of about four Latin letters or one Chinese character; the API adds six.
    return ascii_letters // 6 + others // 2, ascii_letters // 2 + 2 * others + 6


def output_tokens(width: int, height: int, steps: int) -> int:
    """Return the tokens of a picture of GPT Image 2 or later (community thread 1382699)."""
    long, short = max(width, height), min(width, height)
    across = (2 * steps * short + long) // (2 * long)
    return -(-steps * across * (2 * MILLION + width * height) // (4 * MILLION))


def _possible(parameters: Mapping[str, Any], model: Model) -> Iterator[tuple[str, str]]:
    """Yield each quality and size that ``auto`` may come to mean."""
    quality, size = str(parameters.get("quality", "auto")), str(parameters.get("size", "auto"))
    qualities = [word for word in model.qualities if word != "auto"] if quality == "auto" else [quality]
    sizes = ["x".join(map(str, each)) for each in named_sizes(model)] if size == "auto" else [size]
    return ((one, other) for one in qualities for other in sizes)


def _picture(
    model: Model, quality: str, size: str, parameters: Mapping[str, Any]
) -> tuple[float, float, bool] | None:
    """Return the least and most that one picture costs, and whether that is only about so."""
    listed = model.price.pictures.get(quality, {}).get(size)
    drawn, frames = read_size(size), int(parameters.get("frame_count", 9))
    gif, svg = (parameters.get("output_format") == word for word in ("gif", "svg"))
    if listed is not None and not gif and not svg:
        return listed, listed, False
    steps, rate = model.token_formula.get("steps", {}).get(quality), model.price.output_image
    # An svg is written by another model, whose tokens come on top: not known.
    if steps is None or rate is None or drawn is None or svg:
        return None
    columns, rows = sheet(frames) if gif else (1, 1)
    price = output_tokens(drawn[0] * columns, drawn[1] * rows, steps) * rate / MILLION
    low, high = model.token_formula.get("factors", {}).get(quality, (1, 1))
    return price * low, price * high, True
