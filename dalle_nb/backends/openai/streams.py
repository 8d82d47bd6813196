"""From a stream of events to previews and the one picture that counts: the *completed* one.

A partial picture is never taken for a final one (others saved such), and a stream that ends early,
says an error or was no stream at all never ends in silence.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from dalle_nb._backend import Preview
from dalle_nb._errors import ConnectionFailed
from dalle_nb._images import ImageError
from dalle_nb._language import tr
from dalle_nb._records import Billed
from dalle_nb.backends.openai.answers import decode


def is_stream(headers: Mapping[str, str]) -> bool:
    """Return whether the server streams at all; some ignore the wish and answer at once."""
    return headers.get("content-type", "").startswith("text/event-stream")


def read_events(stream: Any, index: int) -> Generator[Preview, None, dict[str, Any]]:
    """Yield previews of picture ``index``, and return an answer in the form of an unstreamed one.

    Raises:
        ConnectionFailed: the stream ended before the picture was complete.
    """
    for event in stream:
        kind, text = str(getattr(event, "type", "")), getattr(event, "b64_json", None)
        if kind.endswith(".completed"):
            usage = getattr(event, "usage", None)
            return {"data": [{"b64_json": text}], "usage": usage.to_dict() if usage else None}
        if kind.endswith(".partial_image") and isinstance(text, str):
            yield from _preview(text, index)
    raise ConnectionFailed(
        tr("The stream ended before the picture was complete."),
        tr("It may have been billed. Draw again without --partials if it happens again."),
        billed=Billed.UNKNOWN,
    )


def _preview(text: str, index: int) -> Iterator[Preview]:
    try:
        yield Preview(index=index, data=decode(text))
    except ImageError:
        # A damaged preview is worth no trouble: the completed picture is what counts.
        return
