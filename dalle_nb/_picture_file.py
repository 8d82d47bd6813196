"""A picture file that somebody gives: read within bounds, and proved to be a picture before it counts as one."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dalle_nb._errors import ReferenceNotFound, RequestError
from dalle_nb._images import ImageError, blob, prove, sniff
from dalle_nb._language import tr
from dalle_nb._provenance import MAX_TEXT
from dalle_nb._records import Blob
from dalle_nb._references import MAX_INPUT_BYTES

if TYPE_CHECKING:
    from dalle_nb._saving import StrPath


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFile:
    """What was read: a picture's bytes, and the text that lies beside them, if there is one."""

    path: Path
    data: bytes
    beside: bytes = b""


def read_picture_file(path: StrPath) -> PictureFile:
    """Return what a file holds, and the text beside it (``fox.png.json``) where there is one that can be read.

    Raises:
        ReferenceNotFound: there is no such file.
        RequestError: a symbolic link, a folder, or more than 50 MB.
    """
    path = Path(path).expanduser()
    data = _read_plain(path, MAX_INPUT_BYTES)
    try:
        beside = _read_plain(path.with_name(f"{path.name}.json"), MAX_TEXT)
    except (ReferenceNotFound, RequestError):
        return PictureFile(path=path, data=data)
    return PictureFile(path=path, data=data, beside=beside)


def prove_picture(file: PictureFile, *, upright: bool = True) -> Blob:
    """Return the picture of a file, proved to be one, and turned upright where a camera left that to others.

    Raises:
        RequestError: it is none.
    """
    try:
        if upright and sniff(file.data) in ("image/jpeg", "image/webp"):
            return blob(file.data, file.path.stem)
        proof = prove(file.data)
    except ImageError as error:
        raise RequestError(
            tr("{name} is no picture: {reason}.", name=file.path, reason=error),
            tr("Open it in a picture program and save it as PNG or JPEG."),
        ) from error
    return Blob(
        sha256=hashlib.sha256(file.data).hexdigest(),
        media_type=proof.media_type,
        width=proof.width,
        height=proof.height,
        name=file.path.stem,
        data=file.data,
    )


def _read_plain(path: Path, most: int) -> bytes:
    """Return the bytes of a plain file: no link, no folder, no device or pipe that never ends."""
    try:
        with open(path, "rb", opener=_open_plain) as file:
            data = file.read(most + 1) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ReferenceNotFound(tr("There is no file {path}.", path=path), tr("Check the path.")) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RequestError(
            tr("{path} cannot be read: {reason}.", path=path, reason=reason),
            tr("Give the path of the picture's own file, not of a link or folder."),
        ) from error
    if data is None:
        raise RequestError(
            tr("{path} is no file.", path=path),
            tr("Give the path of the picture's own file, not of a link or folder."),
        )
    if len(data) > most:
        raise RequestError(
            tr("{path} has more than {size} MB, the most an input may have.", path=path, size=most >> 20),
            tr("Save it smaller, as JPEG for example."),
        )
    return data


def _open_plain(path: str, flags: int) -> int:
    # Not to follow a link, nor to wait for a pipe; Windows has neither flag, and its links need a right.
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
