"""From a Call of a Plan to the SDK's method: which one, with which arguments, and how pictures travel."""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from dalle_nb._catalog import Server
from dalle_nb._images import SUFFIXES
from dalle_nb._masks import for_server
from dalle_nb._records import Blob, Call, Kind, Plan

if TYPE_CHECKING:
    from openai import OpenAI

Send = Callable[[], AbstractContextManager[Any]]
"""Makes the call and gives the SDK's answer, its body not yet read."""


def sender(client: OpenAI, plan: Plan, call: Call, server: Server) -> Send:
    """Return what makes the call, ready to be made any number of times."""
    parameters = {name: _plain(value) for name, value in call.parameters.items()}
    if plan.kind is Kind.GENERATE:
        return _method(client.images, "generate", parameters)
    if plan.kind is Kind.VARIATION:
        parameters.pop("prompt", None)
        return _method(
            client.images, "create_variation", {**parameters, "image": _part(plan.request.inputs[0])}
        )
    mask = for_server(plan.request.mask, server.mask) if plan.request.mask else None
    if server.edits == "multipart":
        parts = _parts(plan.request.inputs, mask=mask, markup=plan.request.markup)
        return _method(client.images, "edit", parameters | parts)
    if server.edits == "json":
        return _posted(client, "/images/edits", parameters | _references(plan.request.inputs, mask))
    return _inpainting(client, parameters, plan.request.inputs[0], mask)


def write_line(name: str, path: str, plan: Plan, call: Call, uploaded: Mapping[str, str]) -> bytes:
    """Return the call as a line of a job, under a name of ours; pictures by the server's names for their files."""
    body = {key: _plain(value) for key, value in call.parameters.items()}
    request = plan.request
    if request.inputs:
        body["images"] = [{"file_id": uploaded[blob.sha256]} for blob in request.inputs]
    for key, blob in (("mask", request.mask), ("markup", request.markup)):
        if blob:
            body[key] = {"file_id": uploaded[blob.sha256]}
    return json.dumps({"custom_id": name, "method": "POST", "url": path, "body": body}).encode() + b"\n"


def _method(images: Any, name: str, parameters: dict[str, Any]) -> Send:
    method = getattr(images.with_streaming_response, name)
    known = inspect.signature(getattr(images, name)).parameters
    # What the installed SDK has no name for yet travels all the same, in the body.
    extra = {key: parameters.pop(key) for key in list(parameters) if key not in known}
    return lambda: method(**parameters, **({"extra_body": extra} if extra else {}))


def _parts(inputs: tuple[Blob, ...], **overlays: Blob | None) -> dict[str, Any]:
    pictures = [_part(blob, f"-{number}") for number, blob in enumerate(inputs, start=1)]
    parts: dict[str, Any] = {"image": pictures[0] if len(pictures) == 1 else pictures}
    return parts | {name: _part(blob, f"-{name}") for name, blob in overlays.items() if blob}


def _part(blob: Blob, label: str = "") -> tuple[str, bytes, str]:
    # Without a name and a type the API answers unsupported_file_mimetype. The user's own name stays here.
    return f"picture{label}.{SUFFIXES[blob.media_type]}", _bytes(blob), blob.media_type


def _references(inputs: tuple[Blob, ...], mask: Blob | None) -> dict[str, Any]:
    body: dict[str, Any] = {"images": [{"image_url": _data_url(blob)} for blob in inputs]}
    return body | ({"mask": {"image_url": _data_url(mask)}} if mask else {})


def _data_url(blob: Blob) -> str:
    return f"data:{blob.media_type};base64,{base64.b64encode(_bytes(blob)).decode('ascii')}"


def _inpainting(client: OpenAI, parameters: dict[str, Any], picture: Blob, mask: Blob | None) -> Send:
    files = {"image": _part(picture), **({"mask": _part(mask, "-mask")} if mask else {})}
    return _posted(client, "/images/inpainting", parameters, files)


def _posted(client: OpenAI, path: str, body: dict[str, Any], files: Mapping[str, Any] | None = None) -> Send:
    """Return what posts to a path that the SDK has no method for."""
    from openai._response import to_streamed_response_wrapper

    form = {"Content-Type": "multipart/form-data"} if files else {}

    def post(*, extra_headers: Mapping[str, str] = form) -> Any:
        options: Any = {"headers": {**form, **extra_headers}}
        return client.post(path, body=body, files=files, options=options, cast_to=object)

    return to_streamed_response_wrapper(post)


def _bytes(blob: Blob) -> bytes:
    assert blob.data is not None, "the generator gives a backend its inputs with their bytes"
    return blob.data


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
