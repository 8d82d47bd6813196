"""OpenAI's judgement of a call: every parameter a model does not take is refused, as the API does, or more strictly."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from PIL import Image, UnidentifiedImageError

from .models import MODELS, Model
from .words import Call, Order, Refused, Upload, refuse_first

BLOCKED = "blocked-by-moderation"
"""A prompt with this word is refused at the input stage; one with BLOCKED_OUTPUT at the output stage."""
BLOCKED_OUTPUT = "blocked-at-output"
MALFORMED = "We could not parse the JSON body of your request."
MEGABYTE = 1_000_000


def read_order(call: Call, today: date) -> Order:
    """Return what the call asks OpenAI for; raise Refused for anything the model does not take."""
    model = find_model(call, today)
    refuse_unknown(call, model)
    if call.place != "generations":
        check_images(call)
    fmt = choose(call, "output_format", model.formats, "png")
    stream = read_flag(call, "stream")
    check_together(call, fmt, stream=stream)
    quality = choose(call, "quality", model.qualities, model.qualities[0] if model.legacy else "auto")
    return Order(
        model=call.fields["model"],
        prompt="a variation" if call.place == "variations" else read_prompt(call, model.prompt_max),
        n=read_number(call, "n", 1, 1 if stream or fmt == "svg" else model.n_max, 1),
        size=read_size(call, model, fmt),
        quality="high" if quality == "auto" else quality,
        format=fmt,
        compression=read_number(call, "output_compression", 0, 100, 100),
        background=choose(call, "background", ("opaque", "transparent", "auto"), "auto").replace(
            "auto", "opaque"
        ),
        stream=stream,
        partials=read_number(call, "partial_images", 0, 3, 0),
        frames=read_number(call, "frame_count", 2, 16, 9),
        frame_ms=read_number(call, "frame_duration_ms", 20, 10_000, 200),
        answers=choose(call, "response_format", ("url", "b64_json"), "url") if model.legacy else "b64_json",
    )


def find_model(call: Call, today: date) -> Model:
    name = call.fields.get("model")
    if not isinstance(name, str) or not name:
        raise missing("model")
    model = MODELS.get(name)
    if model is None:
        message = f"The model `{name}` does not exist or you do not have access to it."
        raise Refused(status=404, message=message, code="model_not_found", param="model")
    if model.shutdown and model.shutdown <= today:
        message = f"The model `{name}` has been deprecated and is no longer available."
        raise Refused(message=message, code="model_not_found", param="model")
    wrong_place = (
        name != "dall-e-2" if call.place == "variations" else call.place == "edits" and not model.edit
    )
    refuse_first("model", (wrong_place, f"Value must be 'dall-e-2', not '{name}'."))
    return model


def refuse_unknown(call: Call, model: Model) -> None:
    known = model.generate if call.place == "generations" else model.edit
    if call.place == "variations":
        known -= {"prompt", "mask"}
    if call.place == "edits" and call.transport == "json":
        known |= {"images", "moderation"}
    for name in sorted(call.names - known):
        raise Refused(message=f"Unknown parameter: {name!r}.", code="unknown_parameter", param=name)


def check_together(call: Call, fmt: str, *, stream: bool) -> None:
    """Refuse parameters that exclude one another, and values of those that leave no trace in the Order."""
    moving, names = fmt in {"gif", "svg"}, call.names
    packed, framed = "output_compression" in names, names & {"frame_count", "frame_duration_ms"}
    partial = call.fields.get("partial_images") not in (None, 0, "0")
    refuse_first("partial_images", (partial and not stream, "partial_images requires stream to be true."))
    refuse_first(
        "output_format",
        (
            moving and (stream or partial or packed),
            f"{fmt} takes no streaming, partial images or compression.",
        ),
        (fmt == "gif" and "mask" in names, "gif does not support masks."),
        (fmt == "jpeg" and call.fields.get("background") == "transparent", "jpeg cannot be transparent."),
        (fmt == "png" and packed, "output_compression is supported for jpeg and webp only."),
        (fmt != "gif" and framed, "Frames are supported for gif only."),
        (fmt != "svg" and "svg" in names, "svg is supported with output_format svg only."),
    )
    choose(call, "moderation", ("low", "auto"), "auto")
    choose(call, "complexity", ("low", "medium", "high"), "high")
    choose(call, "style", ("vivid", "natural"), "vivid")
    mini = call.fields["model"] == "gpt-image-1-mini"
    choose(call, "input_fidelity", ("low",) if mini else ("high", "low"), "low")


def read_prompt(call: Call, longest: int = 32_000) -> str:
    prompt = call.fields.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise missing("prompt")
    if any("\ud800" <= letter <= "\udfff" for letter in prompt):
        raise Refused(message=MALFORMED)
    if len(prompt) > longest:
        message = (
            f"Invalid 'prompt': string too long. Expected at most {longest} characters, got {len(prompt)}."
        )
        raise Refused(message=message, code="string_above_max_length", param="prompt")
    stage = "input" if BLOCKED in prompt else "output" if BLOCKED_OUTPUT in prompt else None
    if stage:
        raise Refused(
            message="Your request was rejected by the safety system. safety_violations=[violence].",
            type="image_generation_user_error",
            code="moderation_blocked",
            more={"moderation_details": {"moderation_stage": stage, "categories": ["violence"]}},
        )
    return prompt


def read_size(call: Call, model: Model, fmt: str) -> tuple[int, int]:
    """Return width and height; `auto` is resolved as a server might."""
    if model.sizes:
        size = choose(call, "size", model.sizes, "1024x1024")
        return split_size("1024x1024" if size == "auto" else size)
    size = call.fields.get("size") or "auto"
    if size == "auto":
        return (512, 512) if fmt == "gif" else (1024, 1024)
    width, height = split_size(size)
    columns, rows = lay_frames(read_number(call, "frame_count", 2, 16, 9)) if fmt == "gif" else (1, 1)
    # A GIF's frames are drawn on one sheet, which must obey the rule (inferred from measured limits).
    across, down = width * columns, height * rows
    refuse_first(
        "size",
        (width % 16 or height % 16, f"Invalid size '{size}'. Width and height must both be divisible by 16."),
        (max(across, down) > 3840, f"Invalid size '{size}'. Width and height must be at most 3840."),
        (
            max(across, down) > 3 * min(across, down),
            f"Invalid size '{size}'. The ratio must be within 1:3 and 3:1.",
        ),
        (
            not 655_360 <= across * down <= 8_294_400,
            f"Invalid size '{size}'. Pixels must be 655360 to 8294400.",
        ),
    )
    return width, height


def lay_frames(count: int) -> tuple[int, int]:
    return next(
        grid for most, grid in ((8, (4, 2)), (9, (3, 3)), (12, (4, 3)), (16, (4, 4))) if count <= most
    )


def split_size(size: Any) -> tuple[int, int]:
    numbers = str(size).split("x")
    wrong = len(numbers) != 2 or not all(
        n.isascii() and n.isdigit() and len(n) < 6 and int(n) for n in numbers
    )
    refuse_first("size", (wrong, f"Invalid size {size!r}. Expected WIDTHxHEIGHT or auto."))
    return int(numbers[0]), int(numbers[1])


def check_images(call: Call) -> None:
    """Refuse uploads the API cannot read, and masks and markups that do not fit the first picture."""
    if not call.images:
        raise missing("image")
    refuse_first("image", (len(call.images) > 16, "Too many images: at most 16."))
    sizes = {file.name: open_upload(file).size for file in reversed(call.files)}
    refuse_first("markup", ({"mask", "markup"} <= set(sizes), "markup cannot be combined with mask."))
    for layer in (file for file in call.files if file.name in {"mask", "markup"}):
        image = open_upload(layer)
        clear = "A" in image.getbands() and image.getchannel("A").getextrema()[0] == 0
        refuse_first(
            layer.name,
            (image.format != "PNG", f"Invalid {layer.name} image format - it must be a PNG."),
            (
                "A" not in image.getbands(),
                f"Invalid {layer.name} image format - it must have an alpha channel.",
            ),
            (
                image.size != sizes[call.images[0].name],
                f"Invalid {layer.name} image - size does not match image.",
            ),
            (len(layer.data) >= 4 * MEGABYTE, f"Uploaded {layer.name} must be less than 4 MB."),
            (not clear, f"The {layer.name} has no transparent pixels."),
        )


def open_upload(upload: Upload) -> Image.Image:
    """Return the picture, or refuse what is none, is too large, or was not said to be PNG, JPEG or WebP."""
    supported = ("image/jpeg", "image/png", "image/webp")
    if upload.mimetype not in supported:
        message = f"Invalid file '{upload.name}': unsupported mimetype ('{upload.mimetype}'). Supported: {supported}."
        raise Refused(message=message, code="unsupported_file_mimetype", param=upload.name)
    refuse_first(upload.name, (len(upload.data) >= 50 * MEGABYTE, "Image files must be smaller than 50 MB."))
    try:
        image = Image.open(io.BytesIO(upload.data))
        image.load()
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        message = "The image data you provided does not represent a valid image."
        raise Refused(message=message, code="invalid_image_file", param=upload.name) from error
    return image


def choose(call: Call, name: str, choices: tuple[str, ...], default: str) -> str:
    value = call.fields.get(name)
    if value is None:
        return default
    if value not in choices:
        message = f"Invalid value: {value!r}. Supported values are: {', '.join(map(repr, choices))}."
        raise Refused(message=message, code="invalid_value", param=name)
    return str(value)


def read_number(call: Call, name: str, least: int, most: int, default: int) -> int:
    value = call.fields.get(name)
    if value is None:
        return default
    if call.transport == "multipart" and str(value).isascii() and str(value).isdigit() and len(value) < 10:
        value = int(value)
    if type(value) is not int:
        raise Refused(
            message=f"Invalid type for '{name}': expected an integer.", code="invalid_type", param=name
        )
    if not least <= value <= most:
        code = "integer_above_max_value" if value > most else "integer_below_min_value"
        message = f"Invalid '{name}': expected a value between {least} and {most}, but got {value} instead."
        raise Refused(message=message, code=code, param=name)
    return value


def read_flag(call: Call, name: str) -> bool:
    value = call.fields.get(name) or False
    if call.transport == "multipart":
        value = {"true": True, "false": False}.get(str(value), value)
    if not isinstance(value, bool):
        raise Refused(
            message=f"Invalid type for '{name}': expected a boolean.", code="invalid_type", param=name
        )
    return value


def missing(name: str) -> Refused:
    return Refused(
        message=f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name
    )
