"""Runs in one file, to take elsewhere: a zip of ``runs.jsonl``, one Run a line, and ``files/`` by their sha256.

A bundle may come from anyone. All of it is read and proved before anything of it is kept, nothing is ever
unpacked by the name it bears, and no entry is read further than it may be long.
"""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from dalle_nb._errors import StoreError
from dalle_nb._images import Proof, prove
from dalle_nb._language import tr
from dalle_nb._query import Filter, Query
from dalle_nb._records import RunRecord, blobs_of
from dalle_nb._store import Store, read_run, run_bytes

MOST_ENTRIES = 500_000
MOST_BYTES = 64 << 30
"""Of all files of a bundle together, unpacked."""
MOST_FILE_BYTES = 64 << 20
MOST_LINE_BYTES = 8 << 20
MOST_RATIO = 200
"""How many times smaller an entry may be packed; what is larger than this is made to burst."""

_RUNS = "runs.jsonl"
_NAME = re.compile(r"files/(?P<sha256>[0-9a-f]{64})\.[a-z]{3,4}")
_PAGE = 100
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


def export_bundle(store: Store, meant: Query | Sequence[int], path: Path) -> int:
    """Write the Runs of a query or of some ids into a new file, the trash left out; return how many.

    A picture whose file is gone is left out, its Run is not.

    Raises:
        StoreError: there is something at that path already, or it cannot be written.
    """
    draft = path.with_name(f"{path.name}.part")
    try:
        if path.exists():
            raise FileExistsError(tr("it exists already"))
        with ZipFile(draft, "w", ZIP_STORED) as bundle:
            count = _write(bundle, store, sorted(store.ids(meant) if isinstance(meant, Query) else meant))
        draft.rename(path)
    except OSError as error:
        raise StoreError(
            tr("The bundle {path} cannot be written: {reason}.", path=path, reason=error.strerror or error),
            tr("Choose another name or another folder."),
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return count


def import_bundle(store: Store, path: Path) -> list[int]:
    """Take in the Runs of a bundle under their own uids; return the new ids of those that were not here.

    Raises:
        StoreError: it is no bundle, or not as we write them, or there is no room; nothing was imported.
    """
    try:
        with ZipFile(path) as bundle:
            entries = _proved_entries(bundle)
            proofs = {name: _prove(_read(bundle, entry), name) for name, entry in entries.items()}
            told = list(_proved_runs(bundle, proofs))
            return store.adopt(told, lambda name: _read(bundle, entries[name]))
    except _BROKEN as error:
        raise StoreError(
            tr("The bundle {path} cannot be imported: {reason}.", path=path, reason=error),
            tr("Nothing was imported. Ask for the bundle again, exported with dalle-nb history export."),
        ) from error


def _write(bundle: ZipFile, store: Store, ids: Sequence[int]) -> int:
    files: dict[str, Path] = {}
    count = 0
    packed = ZipInfo(_RUNS)
    packed.compress_type = ZIP_DEFLATED
    with bundle.open(packed, "w") as lines:
        for start in range(0, len(ids), _PAGE):
            some = Filter(column="id", operator="in", value=tuple(ids[start : start + _PAGE]))
            for run in store.select(Query(filters=(some,), descending=False)):
                lines.write(run_bytes(_with_files(store, run, files)) + b"\n")
                count += 1
    for name, file in files.items():
        bundle.write(file, f"files/{name}{file.suffix}")
    return count


def _with_files(store: Store, run: RunRecord, files: dict[str, Path]) -> RunRecord:
    """Return the Run with those pictures whose files are there, and note all its files."""
    names = [picture.sha256 for picture in run.pictures] + [blob.sha256 for blob in blobs_of(run.request)]
    for name in dict.fromkeys(names):
        with suppress(StoreError):
            files[name] = store.path(name)
    return replace(run, pictures=tuple(picture for picture in run.pictures if picture.sha256 in files))


def _proved_entries(bundle: ZipFile) -> dict[str, ZipInfo]:
    """Return the entries of files by the sha256 they are named by; ValueError where the list is not as we write it."""
    entries = {entry.filename: entry for entry in bundle.infolist()}
    if len(entries) < len(bundle.infolist()) or _RUNS not in entries:
        raise ValueError(tr("entries are missing, or there twice"))
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries.values()) > MOST_BYTES:
        raise ValueError(tr("it is too large"))
    for entry in entries.values():
        if not (entry.filename == _RUNS or _NAME.fullmatch(entry.filename)) or _is_link(entry):
            raise ValueError(tr("{name} does not belong there", name=ascii(entry.filename)[:80]))
        if entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
            raise ValueError(tr("it is too large"))
    return {match["sha256"]: entry for name, entry in entries.items() if (match := _NAME.fullmatch(name))}


def _is_link(entry: ZipInfo) -> bool:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return kind not in (0, stat.S_IFREG)


def _read(bundle: ZipFile, entry: ZipInfo) -> bytes:
    """Return the bytes of an entry, which may be longer than it says."""
    with bundle.open(entry) as file:
        data = file.read(MOST_FILE_BYTES + 1)
    if len(data) > MOST_FILE_BYTES:
        raise ValueError(tr("it is too large"))
    return data


def _prove(data: bytes, name: str) -> Proof:
    if hashlib.sha256(data).hexdigest() != name:
        raise ValueError(tr("the bytes of {name} are others", name=name))
    return prove(data)


def _proved_runs(bundle: ZipFile, proofs: Mapping[str, Proof]) -> Iterator[RunRecord]:
    """Give the Runs; ValueError where one is not as we write it, or a picture is not what it says."""
    seen: set[str] = set()
    with bundle.open(_RUNS) as lines:
        while line := lines.readline(MOST_LINE_BYTES + 1):
            if len(line) > MOST_LINE_BYTES:
                raise ValueError(tr("it is too large"))
            run = read_run(line)
            for picture in run.pictures:
                told = Proof(media_type=picture.media_type, width=picture.width, height=picture.height)
                if proofs.get(picture.sha256) != told:
                    raise ValueError(tr("the picture {name} is not what it says", name=picture.sha256))
            if run.uid in seen:
                raise ValueError(tr("a Run is there twice"))
            seen.add(run.uid)
            yield run
