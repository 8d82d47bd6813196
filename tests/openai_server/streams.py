"""Server-sent events, as the SDK's types describe them."""

from __future__ import annotations

import base64
import json
from typing import Any

from .pictures import draw_partial
from .words import Order


def write_events(order: Order, place: str, document: dict[str, Any]) -> list[bytes]:
    """Return the events of a drawing: its partial pictures, then the finished one with its usage."""
    kind = "image_generation" if place == "generations" else "image_edit"
    about = {name: document[name] for name in ("background", "output_format", "quality", "size")}
    about["created_at"] = document["created"]
    events = [
        write_event(
            f"{kind}.partial_image",
            about
            | {"partial_image_index": step, "b64_json": base64.b64encode(draw_partial(order, step)).decode()},
        )
        for step in range(order.partials)
    ]
    end = about | {"b64_json": document["data"][0]["b64_json"], "usage": document["usage"]}
    return [*events, write_event(f"{kind}.completed", end)]


def write_event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name} | data)}\n\n".encode()
