"""Puts pictures where the user wants them: a file, a folder or a pattern; never over something else.

Must not know Runs or the store: bytes and names come in, paths go out.
"""

from __future__ import annotations

import io
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

from dalle_nb._errors import OptionError, StoreUnwritable
from dalle_nb._images import MEDIA_TYPES, SUFFIXES, open_image
from dalle_nb._language import tr

if TYPE_CHECKING:
    from PIL import Image

StrPath = str | os.PathLike[str]

Finish = Callable[[int, bytes], tuple[bytes, str | None]]
"""Makes the bytes that are written of a picture's number and its bytes, and a text to lie beside them, or none."""

FIELDS = ("id", "uid", "prompt", "model", "date", "n")
"""What a pattern may name."""

_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]+')
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def save_pictures(
    pictures: Sequence[tuple[bytes, str]],
    where: StrPath,
    fields: Mapping[str, object],
    finish: Finish = lambda _, data: (data, None),
) -> list[Path]:
    """Write pictures, given as (bytes, media type) and finished, and return their paths.

    ``where`` is a file (``fox.png``; several become ``fox-1.png``, ``fox-2.png``), a folder (an existing
    one, or a name that ends in ``/``), or a pattern with any of the ``fields`` and ``{n}``
    (``{date}/{prompt}-{n}.png``). A file ending other than the picture's own converts it. What is there
    already is never overwritten: the next free number is taken. A text that lies beside ``fox.png`` is called
    ``fox.png.json``.

    Raises:
        OptionError: the pattern names an unknown field, or the ending no format.
        StoreUnwritable: the place cannot be written.
    """
    template = _template(str(where), several=len(pictures) > 1)
    paths = []
    for number, (data, media_type) in enumerate(pictures, start=1):
        wanted = Path(_filled(template, {**fields, "n": number}))
        path = wanted if wanted.suffix else wanted.with_name(f"{wanted.name}.{SUFFIXES[media_type]}")
        paths.append(_write(path, *finish(number, _converted(data, media_type, path.suffix.lower()))))
    return paths


def check_pattern(where: StrPath) -> None:
    """Let pass what `save_pictures` can save to, as far as that can be told before there is a picture.

    Raises:
        OptionError: the pattern names an unknown field, or the ending no format.
    """
    path = Path(_filled(_template(str(where), several=False), dict.fromkeys(FIELDS, 1)))
    if path.suffix and path.suffix.lower() not in (*_FORMATS, *(f".{each}" for each in SUFFIXES.values())):
        raise _no_format(path.suffix, tuple(_FORMATS))


def name_from(text: str, longest: int = 40) -> str:
    """Return a file name made of the text, safe on every system: letters and digits of any script."""
    plain = _FORBIDDEN.sub(" ", unicodedata.normalize("NFC", text))
    words = re.sub(r"[^\w]+", "-", plain).strip("-_.")
    return words[:longest].rstrip("-") or "picture"


def _template(where: str, *, several: bool) -> str:
    # Unlike `Path`'s own, these two leave alone what is no user and no name, for `_write` to refuse.
    where = os.path.expanduser(where)  # noqa: PTH111
    if where.endswith(("/", os.sep)) or os.path.isdir(where):  # noqa: PTH112
        return str(Path(where) / ("{id}-{prompt}-{n}" if several else "{id}-{prompt}"))
    if not several or "{n" in where:
        return where
    path = Path(where)
    return str(path.with_name(f"{path.stem}-{{n}}{path.suffix}"))


def _filled(template: str, fields: Mapping[str, object]) -> str:
    # Values become single path parts: a prompt with slashes or dots must not leave its folder.
    safe = {
        name: value if isinstance(value, int) else name_from(str(value)) for name, value in fields.items()
    }
    try:
        # Attribute and index access in a pattern is refused, not looked up.
        for _, field, _, _ in Formatter().parse(template):
            if field is not None and field not in safe:
                raise KeyError(field)
        return template.format_map(safe)
    except (KeyError, ValueError, IndexError) as error:
        raise OptionError(
            tr("The pattern {pattern} cannot be filled: {reason}.", pattern=repr(template), reason=error),
            tr("Fields are {fields}.", fields=", ".join(f"{{{name}}}" for name in safe)),
        ) from error


def _converted(data: bytes, media_type: str, suffix: str) -> bytes:
    own = {f".{SUFFIXES[media_type]}", *([".jpeg"] if media_type == MEDIA_TYPES["jpeg"] else [])}
    if suffix in own:
        return data
    if suffix not in _FORMATS or media_type == MEDIA_TYPES["svg"]:
        raise _no_format(
            suffix, tuple(sorted(own if media_type == MEDIA_TYPES["svg"] else own | set(_FORMATS)))
        )
    image, buffer = open_image(data), io.BytesIO()
    if _FORMATS[suffix] == "JPEG" and image.mode not in ("RGB", "L"):
        image = _on_white(image.convert("RGBA"))
    image.save(buffer, _FORMATS[suffix], quality=95)
    return buffer.getvalue()


def _no_format(suffix: str, right: tuple[str, ...]) -> OptionError:
    return OptionError(
        tr("The picture cannot be saved as {suffix}.", suffix=suffix),
        tr("Try: a name that ends in {suffixes}", suffixes=", ".join(right)),
    )


def _on_white(image: Image.Image) -> Image.Image:
    from PIL import Image

    ground: Image.Image = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image).convert("RGB")


def _write(path: Path, data: bytes, text: str | None = None) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for free in _names(path):
            beside = free.with_name(f"{free.name}.json")
            if text is not None and beside.exists():
                continue
            try:
                file = free.open("xb")
            except FileExistsError:
                continue
            with _whole(free), file:
                file.write(data)
            if text is not None:
                with _whole(beside), beside.open("x", encoding="utf-8") as companion:
                    companion.write(text)
            return free
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreUnwritable(
            tr("{path} cannot be written: {reason}.", path=path, reason=reason),
            tr("Choose another folder; the picture is safe in the history."),
        ) from error
    raise AssertionError("names never end")


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Leave no half a file where the disk was full."""
    try:
        yield
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _names(path: Path) -> Iterator[Path]:
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
