"""The last resort for a picture that is paid for and that the store cannot take: a file elsewhere."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from dalle_nb._store.files import SUFFIXES


def rescue(data: bytes, media_type: str, uid: str) -> Path | None:
    """Write a picture into the system's temporary folder or else the current one, for the user's eyes only.

    Return its file, or None where nothing can be written anywhere.
    """
    for folder in (Path(tempfile.gettempdir()), Path.cwd()):
        try:
            return _write(folder, data, f"dalle-nb-{uid}-", SUFFIXES.get(media_type, ".bin"))
        except OSError:
            continue  # the next folder may be on another disk
    return None


def _write(folder: Path, data: bytes, prefix: str, suffix: str) -> Path:
    number, name = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=folder)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
    return Path(name)
