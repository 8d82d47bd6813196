"""Picture files by the sha256 of their bytes, written so that a crash leaves the whole file or none.

    pictures/ab/<sha256>.png                   the bytes exactly as they came
    pictures/ab/<sha256>.<uid>-<index>.json    the Run that they belong to
    runs/ab/<uid>.json                         a Run without pictures
    quarantine/<uid>-<n>.bin, .txt             what came instead of a picture, and why it is none
    tmp/                                       files on their way

Must not know the database.
"""

from __future__ import annotations

import os
import re
import secrets
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain, count
from pathlib import Path

from dalle_nb._images import SUFFIXES as MEDIA_SUFFIXES
from dalle_nb._store.owners import alive, owner

SUFFIXES = {media: f".{suffix}" for media, suffix in MEDIA_SUFFIXES.items()}
_UNKNOWN = ".bin"
_NAME = re.compile("[0-9a-f]{64}")
_SIDECAR = re.compile(r"([0-9a-f]{64}\.)?(?P<uid>[0-9a-f]{32})(--?\d+)?\.json")


class Files:
    """The folders of one store. Raises plain OSErrors; the Store explains them."""

    def __init__(self, home: Path) -> None:
        self.pictures = home / "pictures"
        self.runs = home / "runs"
        self.quarantine = home / "quarantine"
        self.tmp = home / "tmp"
        # What a person draws is nobody else's business: the folder is closed to other users of the machine.
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = not self.pictures.exists()
        for folder in (self.pictures, self.runs, self.quarantine, self.tmp):
            folder.mkdir(exist_ok=True)
        if fresh:
            # Made once, so that no picture has to wait for the folder of its folder.
            for number in range(256):
                (self.pictures / f"{number:02x}").mkdir(exist_ok=True)
            sync(self.pictures)

    def keep(self, data: bytes, name: str, media_type: str) -> Path:
        """Return the file that holds the bytes, whose sha256 is ``name``; identical bytes are kept once."""
        path = self.path(name, media_type)
        if not (path.exists() and sha256(path.read_bytes()).hexdigest() == name):
            self.write(path, data)
        return path

    def write(self, path: Path, data: bytes, *, lasting: bool = True) -> None:
        """Write a file under a temporary name, sync it, and give it its own name. `sync` makes that last."""
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            if lasting:
                sync(path.parent.parent)
        draft = self.tmp / f"{secrets.token_hex(8)}.{owner()}"
        self.tmp.mkdir(exist_ok=True)
        try:
            with draft.open("xb") as file:
                file.write(data)
                file.flush()
                if lasting:
                    os.fsync(file.fileno())
            os.replace(draft, path)  # noqa: PTH105 - beside os.fsync, both are what a crash test stops at
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def path(self, name: str, media_type: str) -> Path:
        """Return where a picture of that sha256 and type is kept."""
        return self.pictures / name[:2] / f"{name}{SUFFIXES.get(media_type, _UNKNOWN)}"

    def sidecar(self, name: str, uid: str, index: int) -> Path:
        """Return where it is written down which Run the picture belongs to."""
        return self.pictures / name[:2] / f"{name}.{uid}-{index}.json"

    def find(self, name: str) -> Path | None:
        """Return the file that holds the bytes of that sha256, of whatever type they are."""
        if not _NAME.fullmatch(name):
            return None
        paths = (self.pictures / name[:2] / f"{name}{suffix}" for suffix in (*SUFFIXES.values(), _UNKNOWN))
        return next((path for path in paths if path.is_file()), None)

    def run_sidecar(self, uid: str) -> Path:
        """Return where a Run without pictures is written down."""
        return self.runs / uid[-2:] / f"{uid}.json"

    def sidecars(self, uids: Container[str] | None = None) -> dict[str, list[Path]]:
        """Return the sidecars of the Runs of those uids, or of all Runs, by uid, in the order they were asked."""
        found = defaultdict(list)
        for path in chain(self.pictures.glob("??/*.json"), self.runs.glob("??/*.json")):
            match = _SIDECAR.fullmatch(path.name)
            if match and (uids is None or match["uid"] in uids):
                found[match["uid"]].append(path)
        return dict(sorted(found.items()))

    def drop_lone_sidecars(self, paths: Iterable[Path]) -> None:
        """Delete those of the sidecars that lie beside no picture."""
        for path in paths:
            if path.is_relative_to(self.pictures) and not self.find(path.name[:64]):
                path.unlink(missing_ok=True)

    def kept(self) -> Iterator[Path]:
        """Give every file that holds a picture or input, whoever it belongs to."""
        return (path for path in self.pictures.glob("??/*") if _NAME.fullmatch(path.stem))

    def quarantined(self, uids: Container[str]) -> Iterator[Path]:
        """Give what was set aside for the Runs of those uids."""
        return (path for path in self.quarantine.iterdir() if path.name.partition("-")[0] in uids)

    def drafts(self) -> Iterator[Path]:
        """Give the temporary files of processes that are dead."""
        for path in self.tmp.iterdir():
            name = path.name.partition(".")[2]
            if name.count(".") >= 2 and not alive(name, changed(path)):
                yield path

    def set_aside(self, uid: str, data: bytes, reason: str) -> Path:
        """Keep bytes that are no picture, and in words why they are none."""
        path = next(path for n in count(1) if not (path := self.quarantine / f"{uid}-{n}.bin").exists())
        self.write(path.with_suffix(".txt"), reason.encode("utf-8", "backslashreplace"))
        self.write(path, data)
        sync(self.quarantine)
        return path

    def sweep(self) -> None:
        """Delete the temporary files of processes that are dead."""
        for path in self.drafts():
            path.unlink(missing_ok=True)


def sync(folder: Path) -> None:
    """Make the names in a folder last, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def changed(path: Path) -> datetime:
    """Return when a file was last written."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return datetime.now(UTC)
