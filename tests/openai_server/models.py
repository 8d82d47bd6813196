"""OpenAI's models on 2026-11-22: what each takes, when it ends, and what a picture costs in tokens.

Written from the SDK's docstrings, the API's specification and its deprecations page, as gathered in the project's
API facts; where those say "not found", the stricter reading is taken, so that our client is caught sending a guess.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from .words import Order

PARAMS = frozenset(
    {"model", "prompt", "n", "size", "quality", "user", "background", "output_format", "output_compression"}
    | {"stream", "partial_images", "safety_identifier"}
)
FILES = frozenset({"image", "mask"})
CLASSIC = ("1024x1024", "1536x1024", "1024x1536", "auto")


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    sizes: tuple[str, ...] | None = None
    """The only sizes; None where any size within the rule will do."""
    qualities: tuple[str, ...] = ("low", "medium", "high", "auto")
    formats: tuple[str, ...] = ("png", "jpeg", "webp")
    prompt_max: int = 32_000
    n_max: int = 10
    generate: frozenset[str] = PARAMS | {"moderation"}
    edit: frozenset[str] = PARAMS | FILES
    shutdown: date | None = None
    factors: Mapping[str, int] | None = None
    """The token formula's factor by quality; None where a fixed table holds."""
    words: int = 0
    """Text tokens put out beside the picture, and billed."""
    legacy: bool = False
    """DALL·E: may answer with a URL, reports no tokens."""


_FIRST = Model(sizes=CLASSIC, edit=PARAMS | FILES | {"input_fidelity"}, shutdown=date(2026, 12, 1))
_TWO = Model(factors={"low": 16, "medium": 48, "high": 96})
_25 = Model(
    qualities=("low", "medium", "high", "xhigh", "max", "auto"),
    edit=PARAMS | FILES | {"markup"},
    factors={"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96},
)
_NEW = frozenset({"complexity", "frame_count", "frame_duration_ms", "svg"})
_26 = replace(
    _25,
    formats=("png", "jpeg", "webp", "gif", "svg"),
    generate=_25.generate | _NEW,
    edit=_25.edit | _NEW,
    # Its formula is unknown; measured: low and medium at 3 to 4 times the tokens of 2.5, the others the same.
    factors={"low": 29, "medium": 45, "high": 48, "xhigh": 64, "max": 96},
)
_OLD = frozenset({"model", "prompt", "n", "size", "quality", "response_format", "user"})
_DALLE_2 = Model(
    sizes=("256x256", "512x512", "1024x1024"),
    qualities=("standard",),
    prompt_max=1000,
    generate=_OLD,
    edit=_OLD - {"quality"} | FILES,
    shutdown=date(2026, 5, 12),
    legacy=True,
)
_DALLE_3 = replace(
    _DALLE_2,
    sizes=("1024x1024", "1792x1024", "1024x1792"),
    qualities=("standard", "hd"),
    prompt_max=4000,
    n_max=1,
    generate=_OLD | {"style"},
    edit=frozenset(),
)
MODELS: dict[str, Model] = {
    "dall-e-2": _DALLE_2,
    "dall-e-3": _DALLE_3,
    "gpt-image-1": replace(_FIRST, shutdown=date(2026, 10, 23)),
    "gpt-image-1-mini": _FIRST,
    "gpt-image-1.5": replace(_FIRST, words=30),
    "gpt-image-1.5-2025-12-16": replace(_FIRST, words=30),
    "chatgpt-image-latest": replace(_FIRST, words=30),
    "gpt-image-2": _TWO,
    "gpt-image-2-2026-04-21": _TWO,
    "gpt-image-2.5-sunburst": _25,
    "gpt-image-2.5-flare": _25,
    "gpt-image-2.5-sunburst-2026-09-08": _25,
    "gpt-image-2.5-flare-2026-09-08": _25,
    "gpt-image-2.6-sunburst": _26,
    "gpt-image-2.6-flare": _26,
}


def count_usage(order: Order, inputs: list[tuple[int, int]]) -> dict[str, Any] | None:
    """Return the tokens of an answer, given the sizes of the pictures sent in; about right for the input."""
    model = MODELS[order.model]
    if model.legacy:
        return None
    text = len(order.prompt.split()) + 6
    images = sum(min(1536, math.ceil(width / 32) * math.ceil(height / 32)) for width, height in inputs)
    drawn = order.n * (count_output(model, order.quality, *order.size) + 100 * order.partials)
    written = order.n * model.words
    return {
        "input_tokens": text + images,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens": drawn + written,
        "output_tokens_details": {"text_tokens": written, "image_tokens": drawn},
        "total_tokens": text + images + drawn + written,
    }


def count_output(model: Model, quality: str, width: int, height: int) -> int:
    """Return a picture's output tokens: the older models' table, or the community's formula for the later ones."""
    if model.factors is None:
        table = {"low": (272, 408, 400), "medium": (1056, 1584, 1568), "high": (4160, 6240, 6208)}[quality]
        return table[0 if width == height else 1 if width < height else 2]
    factor, long, short = model.factors[quality], max(width, height), min(width, height)
    narrow = (2 * factor * short + long) // (2 * long)
    return math.ceil(factor * narrow * (2_000_000 + width * height) / 4_000_000)
