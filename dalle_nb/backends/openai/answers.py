"""From what a server answered to proved pictures, or to the reason why there are none.

Everything in an answer is a stranger's: its shape is checked before it is used, its size is bounded,
and bytes count as a picture only when all of them have been read as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from dalle_nb._backend import Arrival, Quarantined
from dalle_nb._errors import BadAnswer, DrawError
from dalle_nb._images import ImageError, prove
from dalle_nb._language import tr
from dalle_nb._records import Billed, Usage

MOST_BYTES_A_PICTURE = 48 * 1024 * 1024
"""A PNG of 3840x2160 in base64 is under 40 MB."""

MOST_PICTURES = 16
MAX_PIXELS = 3840 * 3840
MOST_LETTERS = 32_000
"""Of a revised prompt, as of any prompt."""

Judge = Callable[[bytes], Arrival]
"""Proves bytes to be a picture. Raises Unusable."""

Fetch = Callable[[str, Judge], Arrival]
"""Downloads a picture from a URL, again where the bytes that came do not pass the Judge."""


class Unusable(ImageError):
    """Bytes that came are no readable picture; ``data`` holds them."""

    def __init__(self, reason: str, data: bytes) -> None:
        super().__init__(reason)
        self.data = data


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of ``data``: a picture in base64, or the URL where it is."""

    text: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


def read_body(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object that was answered.

    Raises:
        BadAnswer: it is none.
    """
    import jiter

    try:
        answer = jiter.from_json(body, cache_mode="none")
    except ValueError:
        raise _bad(tr("The server answered with something that is no JSON."), Billed.UNKNOWN) from None
    if not isinstance(answer, dict):
        raise _bad(tr("The server answered with JSON that is no object."), Billed.UNKNOWN)
    return answer


def read_items(answer: Mapping[str, Any]) -> Iterator[Item]:
    """Yield what ``data`` holds.

    Raises:
        BadAnswer: it is missing, empty, or holds nothing that could be a picture.
    """
    data = answer.get("data")
    if not isinstance(data, list) or not data:
        raise _bad(tr("The server answered without any picture."), Billed.UNKNOWN)
    for entry in data[:MOST_PICTURES]:
        yield _item(entry if isinstance(entry, dict) else {})


def read_usage(answer: Mapping[str, Any]) -> Usage | None:
    """Return the tokens that the answer counts, or None where it counts none."""
    usage = _object(answer, "usage")
    into, out = _object(usage, "input_tokens_details"), _object(usage, "output_tokens_details")
    # Older GPT Image answers do not split their output: all of it is picture.
    picture = _count(out, "image_tokens") if out else _count(usage, "output_tokens")
    found = Usage(
        input_text=_count(into, "text_tokens"),
        input_image=_count(into, "image_tokens"),
        input_cached=_count(into, "cached_tokens"),
        output_image=picture,
        output_text=_count(out, "text_tokens"),
    )
    return found if found != Usage() else None


def arrivals(items: Iterator[Item], first: int, fetch: Fetch) -> Iterator[Arrival | Quarantined]:
    """Yield each item as a proved picture, numbered from ``first``; bytes that are none go into quarantine.

    Raises:
        DrawError: one or more were no pictures; said after all others have been yielded.
    """
    troubles: list[DrawError] = []
    for index, item in enumerate(items, start=first):
        try:
            yield _arrival(item, index, fetch)
        except ImageError as error:
            if isinstance(error, Unusable):
                yield Quarantined(data=error.data, reason=str(error))
            what = tr("Picture {index} is unusable: {reason}.", index=index, reason=error)
            troubles.append(_bad(what, Billed.YES))
        except DrawError as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]


def decode(text: str) -> bytes:
    """Return the bytes of base64 text.

    Raises:
        ImageError: it is none.
    """
    # Eight times as fast as the standard library's, on the way of every picture (benchmarks/calls.py).
    import pybase64

    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError as error:
        raise ImageError(tr("its base64 is damaged ({reason})", reason=error)) from None


def _item(entry: Mapping[str, Any]) -> Item:
    url, text, revised = entry.get("url"), entry.get("b64_json"), entry.get("revised_prompt")
    return Item(
        text=text if isinstance(text, str) else None,
        url=url if isinstance(url, str) else None,
        revised_prompt=revised[:MOST_LETTERS] if isinstance(revised, str) and revised else None,
    )


def _arrival(item: Item, index: int, fetch: Fetch) -> Arrival:
    def judge(data: bytes) -> Arrival:
        try:
            proof = prove(data, max_pixels=MAX_PIXELS)
        except ImageError as error:
            raise Unusable(str(error), data) from None
        return Arrival(
            index=index,
            data=data,
            media_type=proof.media_type,
            width=proof.width,
            height=proof.height,
            revised_prompt=item.revised_prompt,
        )

    if len(item.text or item.url or "") > MOST_BYTES_A_PICTURE:
        raise ImageError(tr("it is too large"))
    if item.text:
        return judge(decode(item.text))
    if not item.url:
        raise ImageError(tr("there are neither bytes nor a URL"))
    return judge(_from_data_url(item.url)) if item.url.startswith("data:") else fetch(item.url, judge)


def _from_data_url(url: str) -> bytes:
    head, _, rest = url.partition(",")
    return decode(rest) if head.endswith(";base64") else unquote_to_bytes(rest)


def _bad(what: str, billed: Billed) -> BadAnswer:
    fix = tr("It may have been billed. Ask again, or look at the server's address and log.")
    return BadAnswer(what, fix, billed=billed)


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _count(holder: Mapping[str, Any], name: str) -> int:
    value = holder.get(name)
    return value if isinstance(value, int) and 0 <= value < 10**9 else 0
