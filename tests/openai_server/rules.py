"""OpenAI's own limits on 2026-11-22: which model takes what, and what a picture costs in tokens.

Written from the SDK's docstrings, the API's specification and its deprecations page, as gathered in the project's
API facts; where those say "not found", the stricter reading is taken, so that our client is caught sending a guess.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from PIL import Image, UnidentifiedImageError

from .words import Call, Order, Refused, Upload

BLOCKED = "blocked-by-moderation"
"""A prompt with this word is refused before drawing; with BLOCKED_OUTPUT, after it."""
BLOCKED_OUTPUT = "blocked-at-output"

PARAMS = frozenset(
    "model prompt n size quality user background output_format output_compression stream partial_images"
    " safety_identifier".split()
)
CLASSIC = ("1024x1024", "1536x1024", "1024x1536", "auto")
USUAL = ("low", "medium", "high", "auto")
FINE = ("low", "medium", "high", "xhigh", "max", "auto")
RASTER = ("png", "jpeg", "webp")
MIMETYPES = ("image/jpeg", "image/png", "image/webp")
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    sizes: tuple[str, ...] | None = None
    """The only sizes; None where any size within the rule will do."""
    qualities: tuple[str, ...] = USUAL
    formats: tuple[str, ...] = RASTER
    prompt_max: int = 32_000
    n_max: int = 10
    generate: frozenset[str] = PARAMS | {"moderation"}
    edit: frozenset[str] = PARAMS | {"mask", "image"}
    shutdown: date | None = None
    factors: Mapping[str, int] | None = None
    """The token formula's factor by quality; None where a fixed table holds."""
    legacy: bool = False
    """DALL·E: may answer with a URL, reports no tokens."""


_FIRST = Model(sizes=CLASSIC, edit=PARAMS | {"mask", "image", "input_fidelity"}, shutdown=date(2026, 12, 1))
_TWO = Model(factors={"low": 16, "medium": 48, "high": 96})
_MARKED = PARAMS | {"mask", "image", "markup"}
_FACTORS = {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96}
_25 = Model(qualities=FINE, edit=_MARKED, factors=_FACTORS)
_NEW = frozenset({"complexity", "frame_count", "frame_duration_ms", "svg"})
_26 = Model(
    qualities=FINE,
    formats=(*RASTER, "gif", "svg"),
    generate=PARAMS | _NEW | {"moderation"},
    edit=_MARKED | _NEW,
    factors=_FACTORS
    | {"low": 29, "medium": 45},  # "3 to 4 times the tokens of 2.5", the formula being unknown
)
_OLD = frozenset("model prompt n size quality response_format user".split())
MODELS: dict[str, Model] = {
    "dall-e-2": Model(
        sizes=("256x256", "512x512", "1024x1024"),
        qualities=("standard",),
        prompt_max=1000,
        generate=_OLD,
        edit=_OLD - {"quality"} | {"image", "mask"},
        shutdown=date(2026, 5, 12),
        legacy=True,
    ),
    "dall-e-3": Model(
        sizes=("1024x1024", "1792x1024", "1024x1792"),
        qualities=("standard", "hd"),
        prompt_max=4000,
        n_max=1,
        generate=_OLD | {"style"},
        edit=frozenset(),
        shutdown=date(2026, 5, 12),
        legacy=True,
    ),
    "gpt-image-1": Model(sizes=CLASSIC, edit=_FIRST.edit, shutdown=date(2026, 10, 23)),
    "gpt-image-1-mini": _FIRST,
    "gpt-image-1.5": _FIRST,
    "gpt-image-1.5-2025-12-16": _FIRST,
    "chatgpt-image-latest": _FIRST,
    "gpt-image-2": _TWO,
    "gpt-image-2-2026-04-21": _TWO,
    "gpt-image-2.5-sunburst": _25,
    "gpt-image-2.5-flare": _25,
    "gpt-image-2.5-sunburst-2026-09-08": _25,
    "gpt-image-2.5-flare-2026-09-08": _25,
    "gpt-image-2.6-sunburst": _26,
    "gpt-image-2.6-flare": _26,
}


def read_order(call: Call, today: date) -> Order:
    """Return what the call asks OpenAI for; raise Refused for anything the model does not take."""
    model = find_model(call.fields.get("model"), call.place, today)
    refuse_unknown(call, model)
    if call.place != "generations":
        check_images(call)
    fmt = choose(call, "output_format", model.formats, "png")
    vector = fmt in {"gif", "svg"}
    stream = read_flag(call, "stream")
    partials = read_number(call, "partial_images", 0, 3, 0)
    check_together(call, fmt, partials, stream=stream)
    size = read_size(call, model, fmt)
    return Order(
        model=call.fields["model"],
        prompt=read_prompt(call, model),
        n=read_number(call, "n", 1, 1 if stream or fmt == "svg" else model.n_max, 1),
        size=size,
        quality=resolve_quality(
            choose(call, "quality", model.qualities, "standard" if model.legacy else "auto")
        ),
        format=fmt,
        compression=100 if vector else read_number(call, "output_compression", 0, 100, 100),
        background=read_background(call, fmt),
        stream=stream,
        partials=partials,
        frames=read_number(call, "frame_count", 2, 16, 9),
        frame_ms=read_number(call, "frame_duration_ms", 20, 10_000, 200),
        answers=choose(call, "response_format", ("url", "b64_json"), "url") if model.legacy else "b64_json",
    )


def find_model(name: Any, place: str, today: date) -> Model:
    if not name:
        raise Refused(
            message="You must provide a model parameter.", code="missing_required_parameter", param="model"
        )
    model = MODELS.get(name) if isinstance(name, str) else None
    if model is None:
        message = f"The model `{name}` does not exist or you do not have access to it."
        raise Refused(status=404, message=message, code="model_not_found", param="model")
    if model.shutdown and model.shutdown <= today:
        message = f"The model `{name}` has been deprecated and is no longer available."
        raise Refused(message=message, code="model_not_found", param="model")
    if place == "variations" and name != "dall-e-2" or place == "edits" and not model.edit:
        raise Refused(message=f"Value must be 'dall-e-2', not '{name}'.", code="invalid_value", param="model")
    return model


def refuse_unknown(call: Call, model: Model) -> None:
    known = model.generate if call.place == "generations" else model.edit
    if call.place == "variations":
        known = known - {"prompt", "mask"}
    if call.transport == "json" and call.place == "edits":
        known = known | {"images", "moderation"}
    names = [*call.fields, *(file.field for file in call.files)]
    for name in (name.split("[")[0] for name in names):
        if name not in known:
            raise Refused(message=f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name)


def check_together(call: Call, fmt: str, partials: int, *, stream: bool) -> None:
    """Refuse parameters that exclude one another."""
    if partials and not stream:
        raise invalid("partial_images", "partial_images requires stream to be true.")
    if fmt in {"gif", "svg"} and (stream or partials or "output_compression" in call.fields):
        raise invalid("output_format", f"{fmt} does not support streaming, partial images or compression.")
    if fmt == "png" and "output_compression" in call.fields:
        raise invalid("output_compression", "Compression is supported for jpeg and webp only.")
    if fmt == "gif" and call.file("mask"):
        raise invalid("mask", "Masks are not supported with gif output.")
    if fmt != "gif" and {"frame_count", "frame_duration_ms"} & set(call.fields):
        raise invalid("frame_count", "Frames are supported with gif output only.")
    if fmt != "svg" and any(name.startswith("svg") for name in call.fields):
        raise invalid("svg", "svg is supported with svg output only.")
    choose(call, "moderation", ("low", "auto"), "auto")
    choose(call, "complexity", ("low", "medium", "high"), "high")
    fidelities = ("low",) if call.fields.get("model") == "gpt-image-1-mini" else ("high", "low")
    choose(call, "input_fidelity", fidelities, "low")
    choose(call, "style", ("vivid", "natural"), "vivid")


def read_prompt(call: Call, model: Model) -> str:
    if call.place == "variations":
        return "variation"
    prompt = call.fields.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise Refused(
            message="Missing required parameter: 'prompt'.", code="missing_required_parameter", param="prompt"
        )
    if len(prompt) > model.prompt_max:
        limit = f"maximum length {model.prompt_max}, but got a string with length {len(prompt)}"
        message = f"Invalid 'prompt': string too long. Expected a string with {limit} instead."
        raise Refused(message=message, code="string_above_max_length", param="prompt")
    refuse_blocked(prompt)
    return prompt


def refuse_blocked(prompt: str) -> None:
    stage = "input" if BLOCKED in prompt else "output" if BLOCKED_OUTPUT in prompt else None
    if stage:
        raise Refused(
            message="Your request was rejected by the safety system. safety_violations=[violence].",
            type="image_generation_user_error",
            code="moderation_blocked",
            more={"moderation_details": {"moderation_stage": stage, "categories": ["violence"]}},
        )


def read_size(call: Call, model: Model, fmt: str) -> tuple[int, int]:
    size = call.fields.get("size", "auto" if model.sizes is None or "auto" in model.sizes else "1024x1024")
    if size == "auto":
        return (512, 512) if fmt == "gif" else (1024, 1024)
    if model.sizes:
        choose(call, "size", model.sizes, "1024x1024")
    width, height = split_size(size)
    if model.sizes:
        return width, height
    if width % 16 or height % 16:
        raise bad_size(size, "Width and height must both be divisible by 16.")
    columns, rows = lay_frames(read_number(call, "frame_count", 2, 16, 9)) if fmt == "gif" else (1, 1)
    check_area(size, width * columns, height * rows)
    return width, height


def check_area(size: str, width: int, height: int) -> None:
    if max(width, height) > 3 * min(width, height):
        raise bad_size(size, "The aspect ratio must be between 1:3 and 3:1.")
    if max(width, height) > 3840:
        raise bad_size(size, "Width and height must be at most 3840.")
    if not 655_360 <= width * height <= 8_294_400:
        raise bad_size(size, "The total number of pixels must be between 655360 and 8294400.")


def lay_frames(count: int) -> tuple[int, int]:
    """Return columns and rows of the sheet on which a GIF's frames are drawn (inferred from measured limits)."""
    return next(
        grid for most, grid in ((8, (4, 2)), (9, (3, 3)), (12, (4, 3)), (16, (4, 4))) if count <= most
    )


def split_size(size: Any) -> tuple[int, int]:
    width, _, height = str(size).partition("x")
    if not (width.isascii() and width.isdigit() and height.isascii() and height.isdigit()):
        raise bad_size(size, "Expected WIDTHxHEIGHT or auto.")
    if not (0 < int(width) <= 100_000 and 0 < int(height) <= 100_000):
        raise bad_size(size, "Width and height are out of range.")
    return int(width), int(height)


def read_background(call: Call, fmt: str) -> str:
    background = choose(call, "background", ("transparent", "opaque", "auto"), "auto")
    if background == "transparent" and fmt == "jpeg":
        raise invalid("background", "Transparent background is not supported for JPEG.")
    return "opaque" if background == "auto" else background


def check_images(call: Call) -> None:
    """Refuse uploads the API cannot read, and masks and markups that do not fit the first picture."""
    if not 1 <= len(call.images) <= 16:
        raise Refused(message="Expected 1 to 16 images.", code="missing_required_parameter", param="image")
    for upload in call.files:
        check_upload(upload)
    for name in ("mask", "markup"):
        if layer := call.file(name):
            check_layer(layer, call.images[0])
    if call.file("mask") and call.file("markup"):
        raise invalid("markup", "markup cannot be combined with mask.")


def check_upload(upload: Upload) -> None:
    if upload.mimetype not in MIMETYPES:
        message = (
            f"Invalid file '{upload.field}': unsupported mimetype ('{upload.mimetype}'). Supported file formats"
            " are 'image/jpeg', 'image/png', and 'image/webp'."
        )
        raise Refused(message=message, code="unsupported_file_mimetype", param=upload.field)
    if len(upload.data) >= 50 * MEGABYTE:
        raise invalid(upload.field, "Image files must be smaller than 50 MB.")
    open_upload(upload)


def check_layer(layer: Upload, first: Upload) -> None:
    """Refuse a mask or markup: PNG with an alpha channel, some of it clear, as large as the first picture."""
    image = open_upload(layer)
    if layer.mimetype != "image/png" or image.format != "PNG" or "A" not in image.getbands():
        raise invalid(
            layer.field, f"Invalid {layer.field} image format - {layer.field} must have an alpha channel."
        )
    if image.size != open_upload(first).size:
        raise invalid(layer.field, f"Invalid {layer.field} image - size does not match image.")
    if len(layer.data) >= 4 * MEGABYTE:
        raise invalid(layer.field, f"Uploaded {layer.field} must be a PNG and less than 4 MB.")
    if image.getchannel("A").getextrema()[0] != 0:
        raise invalid(layer.field, f"The {layer.field} has no transparent pixels.")


def open_upload(upload: Upload) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(upload.data))
        image.load()
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        message = "The image data you provided does not represent a valid image."
        raise Refused(message=message, code="invalid_image_file", param=upload.field) from error
    return image


def choose(call: Call, name: str, choices: tuple[str, ...], default: str) -> str:
    value = call.fields.get(name)
    if value is None:
        return default
    if value not in choices:
        listed = ", ".join(f"'{choice}'" for choice in choices)
        message = f"Invalid value: '{value}'. Supported values are: {listed}."
        raise Refused(message=message, code="invalid_value", param=name)
    return str(value)


def read_number(call: Call, name: str, least: int, most: int, default: int) -> int:
    value = call.fields.get(name)
    if value is None:
        return default
    if call.transport == "multipart" and isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if type(value) is not int:
        kind = type(value).__name__
        raise Refused(
            message=f"Invalid type for '{name}': expected an integer, got {kind}.",
            code="invalid_type",
            param=name,
        )
    if not least <= value <= most:
        code = "integer_above_max_value" if value > most else "integer_below_min_value"
        message = f"Invalid '{name}': expected a value between {least} and {most}, but got {value} instead."
        raise Refused(message=message, code=code, param=name)
    return value


def read_flag(call: Call, name: str) -> bool:
    value = call.fields.get(name)
    if value in (None, False, "false"):
        return False
    if value is True or (value == "true" and call.transport == "multipart"):
        return True
    raise Refused(message=f"Invalid type for '{name}': expected a boolean.", code="invalid_type", param=name)


def invalid(param: str, message: str) -> Refused:
    return Refused(message=message, type="image_generation_user_error", code="invalid_value", param=param)


def bad_size(size: Any, reason: str) -> Refused:
    return invalid("size", f"Invalid size '{size}'. {reason}")


def resolve_quality(quality: str) -> str:
    return "high" if quality == "auto" else quality


def count_usage(order: Order, call: Call) -> dict[str, Any] | None:
    """Return the tokens of an answer: the community's formula for the output, about right for the input."""
    model = MODELS.get(order.model, _TWO)
    if model.legacy:
        return None
    text = len(order.prompt.split()) + 6
    images = sum(count_input(*open_upload(image).size) for image in call.images)
    output = order.n * (count_output(model, order.quality, *order.size) + 100 * order.partials)
    return {
        "input_tokens": text + images,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens": output,
        "output_tokens_details": {"text_tokens": 0, "image_tokens": output},
        "total_tokens": text + images + output,
    }


def count_output(model: Model, quality: str, width: int, height: int) -> int:
    if model.factors is None:
        table = {"low": (272, 408, 400), "medium": (1056, 1584, 1568), "high": (4160, 6240, 6208)}[quality]
        return table[0 if width == height else 1 if width < height else 2]
    factor, long, short = model.factors[quality], max(width, height), min(width, height)
    narrow = (2 * factor * short + long) // (2 * long)
    return math.ceil(factor * narrow * (2_000_000 + width * height) / 4_000_000)


def count_input(width: int, height: int) -> int:
    return min(1536, math.ceil(width / 32) * math.ceil(height / 32))
