"""Turns a painting into the bytes of a file, with its recipe inside, and reads the recipe back.

The recipe (prompt and seed) lets a variation or edit of our own picture begin from what it shows. It is
read as a stranger's data: bounded, checked, and worth no more than a prompt that somebody typed.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dalle_nb._images import MEDIA_TYPES

_KEY = "dalle_nb_recipe"
_MOST = 8000  # characters of a recipe
_EXIF_COMMENT = 0x9286
_OPAQUE = "jpeg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a picture of this painter was painted from."""

    prompt: str
    seed: int


def encode(
    image: Image.Image, form: str, compression: int | None, recipe: Recipe | None
) -> tuple[bytes, str]:
    """Return the picture as a ``png``, ``jpeg`` or ``webp`` file, and its media type.

    ``compression`` is the API's: 0 to 100, of jpeg and webp the quality. No date goes in, so that the same
    picture is the same bytes on one machine.
    """
    buffer = io.BytesIO()
    note = json.dumps({_KEY: {"prompt": recipe.prompt, "seed": recipe.seed}}) if recipe else ""
    if form == "png":
        info = PngInfo()
        if note:
            info.add_text(_KEY, note)
        image.save(buffer, "PNG", compress_level=3, pnginfo=info)
        return buffer.getvalue(), MEDIA_TYPES[form]
    exif = Image.Exif()
    if note:
        exif.get_ifd(0x8769)[_EXIF_COMMENT] = b"ASCII\0\0\0" + note.encode()
    quality = 92 if compression is None else compression
    picture = image.convert("RGB") if form == _OPAQUE else image
    picture.save(buffer, form.upper(), quality=quality, exif=exif.tobytes())
    return buffer.getvalue(), MEDIA_TYPES[form]


def read_recipe(data: bytes) -> Recipe | None:
    """Return the recipe in a picture file, or None where there is none or it is no sound one."""
    image = Image.open(io.BytesIO(data))
    if image.format == "PNG":
        # A text chunk may stand behind the pixels.
        image.load()
        note = getattr(image, "text", {}).get(_KEY, "")
    else:
        comment = image.getexif().get_ifd(0x8769).get(_EXIF_COMMENT, b"")
        note = comment[8:].decode("ascii", "replace") if isinstance(comment, bytes) else ""
    if not 0 < len(note) <= _MOST:
        return None
    try:
        found = json.loads(note)[_KEY]
        prompt, seed = found["prompt"], found["seed"]
    except (ValueError, KeyError, TypeError):
        return None
    sound = isinstance(prompt, str) and isinstance(seed, int) and 0 <= seed < 2**63
    return Recipe(prompt=prompt, seed=seed) if sound else None
