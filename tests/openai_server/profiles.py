"""How servers that speak the Images API differ from OpenAI, as data: routes, parameters, masks, errors, answers.

Section 6 of the API facts, row by row. A profile that is not OpenAI's own ignores what it does not know, as those
servers do, unless its row says it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from .models import MODELS
from .rules import MALFORMED, choose, missing, open_upload, read_number, read_order, read_prompt, split_size
from .words import Call, Order, Refused, refuse_first

EVERYWHERE = frozenset({"generations", "edits"})
URL_OR_B64 = {"url": "url", "b64_json": "b64_json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    name: str
    official: bool = False
    """OpenAI's own rules judge every parameter."""
    places: frozenset[str] = EVERYWHERE
    known: frozenset[str] | None = None
    """The only parameters; None: the unknown are ignored."""
    models: tuple[str, ...] = ()
    model_required: bool = False
    needs_key: bool = False
    size_by: str = "size"
    """`size`, `width_height` or `aspect`."""
    default_size: tuple[int, int] = (1024, 1024)
    fixed_edit_size: bool = False
    formats: tuple[str, ...] = ("png",)
    answers: str = "b64_json"
    """What an answer holds unless response_format says otherwise: `b64_json`, `url`, `data` (a data URL)."""
    response_formats: Mapping[str, str] | None = None
    """What response_format may say, and what it gives; None: it is ignored."""
    mask: str | None = "alpha"
    """What a mask repaints: `alpha` (the clear), `white`; None: masks are refused."""
    edit_transport: str | None = None
    """`multipart` or `json` where only that is read."""
    streams: bool = False
    seed_in_prompt: bool = False
    one_at_a_time: bool = False
    zero_usage: bool = False
    """Answers with a usage of all zeros."""
    hosted: bool = False
    """Knows its own models only."""
    stands_still: date | None = None
    """The day it lives in for ever."""
    errors: str = "openai"
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Members an answer has beside `created` and `data`."""


_OFFICIAL = Profile(
    name="openai",
    official=True,
    needs_key=True,
    model_required=True,
    formats=("png", "jpeg", "webp", "gif", "svg"),
    streams=True,
)
_ROWS = (
    _OFFICIAL,
    # OpenAI on its last day with DALL·E: answers are URLs, variations have their endpoint.
    replace(_OFFICIAL, name="legacy", places=EVERYWHERE | {"variations"}, stands_still=date(2026, 5, 11)),
    Profile(
        name="sd-cpp",
        models=("sd-cpp-local",),
        default_size=(512, 512),
        formats=("png", "jpeg", "webp"),
        mask="white",
        edit_transport="multipart",
        seed_in_prompt=True,
        one_at_a_time=True,
        errors="text",
        extra={"output_format": "png"},
    ),
    Profile(
        name="localai",
        models=("stablediffusion",),
        places=frozenset({"generations", "inpainting"}),
        model_required=True,
        default_size=(512, 512),
        fixed_edit_size=True,
        answers="url",
        response_formats=URL_OR_B64,
        mask="white",
        edit_transport="multipart",
        zero_usage=True,
        errors="localai",
    ),
    Profile(
        name="vllm-omni",
        models=("Qwen/Qwen-Image",),
        response_formats={"b64_json": "b64_json"},
        mask=None,  # "not found" in its documents
        edit_transport="multipart",
        errors="detail",
    ),
    Profile(
        name="sglang",
        models=("black-forest-labs/FLUX.1-dev",),
        response_formats=URL_OR_B64,
        mask=None,
        errors="detail",
    ),
    # Its streams of images are broken (issue 19569): asked to stream, it answers plain JSON here.
    replace(_OFFICIAL, name="litellm", streams=False, errors="litellm"),
    Profile(
        name="xai",
        models=("grok-imagine-image-2.0",),
        known=frozenset(
            {
                "model",
                "prompt",
                "n",
                "aspect_ratio",
                "resolution",
                "response_format",
                "image",
                "images",
                "user",
            }
        ),
        needs_key=True,
        model_required=True,
        hosted=True,
        size_by="aspect",
        formats=("jpeg",),
        answers="url",
        response_formats=URL_OR_B64,
        mask=None,
        edit_transport="json",
    ),
    Profile(
        name="together",
        models=("black-forest-labs/FLUX.1-schnell",),
        places=frozenset({"generations"}),
        needs_key=True,
        model_required=True,
        hosted=True,
        size_by="width_height",
        formats=("jpeg", "png"),
        answers="url",
        response_formats={"url": "url", "base64": "b64_json", "b64_json": "b64_json"},
    ),
    replace(_OFFICIAL, name="azure", errors="azure"),
    # A server nobody knows takes the least: what it was not promised, it refuses.
    Profile(
        name="unknown",
        models=("some-model",),
        known=frozenset({"model", "prompt", "n", "size", "quality", "image", "mask"}),
    ),
)
PROFILES = {profile.name: profile for profile in _ROWS}


def take_order(call: Call, profile: Profile, today: date) -> Order:
    """Return what the call asks this server for, or raise Refused as this server would."""
    undated = "/deployments/" in call.path and "api-version" not in call.query
    if call.place not in profile.places or undated:
        raise Refused(status=404, message=f"Invalid URL ({call.method} {call.path})")
    if call.place != "generations" and profile.edit_transport not in {None, call.transport}:
        raise Refused(status=415, message=f"Expected a {profile.edit_transport} body.")
    if call.transport == "json" and not isinstance(call.json, dict):
        raise Refused(message=MALFORMED)
    if profile.official:
        return read_order(call, min(today, profile.stands_still or today))
    return read_loosely(call, profile)


def read_loosely(call: Call, profile: Profile) -> Order:
    """Return the order of a server that reads what it knows and mostly ignores the rest."""
    refuse_foreign(call, profile)
    prompt, seed = read_prompt(call), call.fields.get("seed")
    if profile.seed_in_prompt and (
        found := re.search(r"<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>", prompt)
    ):
        prompt = prompt.replace(found[0], "")
        seed = (re.search(r'"seed":\s*(-?\d+)', found[1]) or [None, None])[1]
    answers = profile.answers
    if profile.response_formats is not None:
        told = choose(call, "response_format", tuple(profile.response_formats), "")
        answers = profile.response_formats.get(told, answers)
    fmt = call.fields.get("output_format")
    return Order(
        model=str(call.fields.get("model", "")),
        prompt=prompt,
        n=read_number(call, "n", 1, 10, 1),
        size=read_loose_size(call, profile),
        format=fmt if fmt in profile.formats else profile.formats[0],
        answers=answers,
        seed=None if seed is None else str(seed),
    )


def refuse_foreign(call: Call, profile: Profile) -> None:
    """Refuse what is outside a closed list, what is missing, and pictures that cannot be read."""
    for name in sorted(call.names - profile.known if profile.known else ()):
        raise Refused(message=f"Unknown parameter: {name!r}.", code="unknown_parameter", param=name)
    model = call.fields.get("model")
    if profile.model_required and not model:
        raise missing("model")
    if profile.hosted and model not in profile.models:
        raise Refused(
            status=404, message=f"The model {model} does not exist.", code="model_not_found", param="model"
        )
    if call.place != "generations" and not call.images:
        raise missing("image")
    refuse_first("mask", (profile.mask is None and call.file("mask"), "mask is not supported"))
    for upload in call.files:
        open_upload(upload)


def read_loose_size(call: Call, profile: Profile) -> tuple[int, int]:
    if profile.size_by == "aspect":
        width, height = split_size(str(call.fields.get("aspect_ratio", "1:1")).replace(":", "x"))
        longest = 2048 if call.fields.get("resolution") == "2k" else 1024
        return longest * width // max(width, height), longest * height // max(width, height)
    if profile.size_by == "width_height":
        return read_number(call, "width", 64, 2048, 1024), read_number(call, "height", 64, 2048, 1024)
    size = str(call.fields.get("size"))
    if "x" not in size or (profile.fixed_edit_size and call.place != "generations"):
        return profile.default_size
    refuse_first("size", (max(split_size(size)) > 4096, f"size {size} is too large"))
    return split_size(size)


def word_error(refused: Refused, profile: Profile) -> Any:
    """Return the body with which this server says no."""
    message, status = refused.message, refused.status
    told = {
        "message": message,
        "type": refused.type,
        "param": refused.param,
        "code": refused.code,
        **refused.more,
    }
    if profile.errors == "azure" and refused.code == "moderation_blocked":
        told |= {"code": "content_policy_violation", "inner_error": {"code": "ResponsibleAIPolicyViolation"}}
    bodies: dict[str, Any] = {
        "text": {"error": message},
        "detail": {"detail": message},
        "localai": {"error": {"code": status, "message": message, "type": ""}},
        "litellm": {"error": told | {"message": f"litellm.APIError: {message}", "code": str(status)}},
    }
    return bodies.get(profile.errors, {"error": told})


def list_models(profile: Profile, today: date) -> Any:
    """Return the body of /v1/models; only OpenAI tells the day on which a model ends."""
    if profile.name == "sglang":
        return {"models": [{"name": name} for name in profile.models]}
    about: dict[str, Any] = {"object": "model", "created": 1_700_000_000, "owned_by": "system"}
    if not profile.official:
        return {"object": "list", "data": [about | {"id": name} for name in profile.models]}
    day = min(today, profile.stands_still or today)
    live = {
        name: model.shutdown for name, model in MODELS.items() if not model.shutdown or model.shutdown > day
    }
    data = [about | {"id": name, "shutdown_date": end and end.isoformat()} for name, end in live.items()]
    return {"object": "list", "data": data}
