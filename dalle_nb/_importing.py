"""Pictures from files into the history: our own exports, A1111's, and any other; and whose picture a file is.

What a file says is a stranger's word: it is read within bounds, its pixels are proved, and what it says it
cost counts against no budget here. Others' formats get a function beside `_from_a1111` each.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dalle_nb._errors import ReferenceNotFound, RequestError
from dalle_nb._generator import default_generator
from dalle_nb._images import ImageError, blob, prove, sniff
from dalle_nb._language import language_of, speaking, tr
from dalle_nb._money import dollars
from dalle_nb._provenance import MAX_TEXT, Parameters, originals, read_a1111, read_ours
from dalle_nb._records import Blob, Origin, PictureRecord, Request, RunRecord, Status, Value
from dalle_nb._references import MAX_INPUT_BYTES
from dalle_nb._run import Picture, Run
from dalle_nb._sizes import nearest_size, spell_size

if TYPE_CHECKING:
    from dalle_nb._catalog import Catalog
    from dalle_nb._generator import ImageGenerator
    from dalle_nb._saving import StrPath
    from dalle_nb._store import Store

IMPORT = "import"
"""Backend and recipe of Runs that were not asked here."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose picture a file is, and how that is known.

    ``bytes``: they are those in the store; ``copy``: they are, but for what saving wrote into the copy;
    ``name``: the file names the Run, but the picture was converted, or changed since.
    """

    picture: Picture
    by: Literal["bytes", "copy", "name"]

    @property
    def run(self) -> Run:
        """The Run that drew it."""
        return self.picture.run

    def __repr__(self) -> str:
        return f"<Picture {self.picture.reference}, known by its {self.by}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What was read: a picture's bytes, and the text that lies beside them, if there is one."""

    path: Path
    data: bytes
    beside: bytes = b""


def import_file(path: StrPath, generator: ImageGenerator | None = None) -> Run:
    """Take a picture into the history, and return its Run; one that is there already is returned as it is.

    A file that `save` wrote becomes the Run it was, under its uid, and so do further pictures of that Run.
    A copy that was changed since becomes a Run of its own, the other one its parent. From A1111's pictures
    prompt and size are taken, to be run again; any other picture can be edited and varied.

    Raises:
        ReferenceNotFound: there is no such file.
        RequestError: a symbolic link, no readable picture, or more than 50 MB.
        StoreError: it cannot be kept.
    """
    generator = generator or default_generator()
    store = generator.store
    with speaking(generator.settings.tongue()):
        file = _read(Path(path).expanduser())
        found = _find(file, store)
        told = None if found else _told(file)
        record = found[0] if found else _take_in(file, told, store, generator.catalog)
    if record.deleted:
        store.restore([record.id])
    return Run(store.run(record.uid), generator)


def identify(path: StrPath, generator: ImageGenerator | None = None) -> Identity | None:
    """Return whose picture a file is, of converted and changed copies too; None for one that is not ours.

    Raises:
        ReferenceNotFound: there is no such file.
        RequestError: a symbolic link, or more than 50 MB.
    """
    generator = generator or default_generator()
    store = generator.store
    with speaking(generator.settings.tongue()):
        file = _read(Path(path).expanduser())
    if found := _find(file, store):
        run, picture, by = found
        return Identity(Picture(picture, Run(run, generator)), by)
    told = _told(file)
    there = _run_there(told.uid, store) if told else None
    if told is None or there is None:
        return None
    named = next((each for each in there.pictures if each.index == told.pictures[0].index), None)
    return Identity(Picture(named, Run(there, generator)), "name") if named else None


def _find(file: _File, store: Store) -> tuple[RunRecord, PictureRecord, Literal["bytes", "copy"]] | None:
    """Return whose picture is in the store with these bytes, or with those the file had before it was saved."""
    if found := store.identify(file.data):
        return *found, "bytes"
    for data in originals(file.data):
        if found := store.identify(data):
            return *found, "copy"
    return None


def _take_in(file: _File, told: RunRecord | None, store: Store, catalog: Catalog) -> RunRecord:
    """Keep a picture that is not here yet, and return its Run."""
    if told is not None:
        original = next((data for data in (file.data, *originals(file.data)) if _is(data, told)), None)
        if original is not None:
            return _as_it_was(told, original, file, store)
    picture = _proved(file)
    if told is not None:
        run = _bare(file, told.request, parent=told.uid, model=told.model)
    elif parameters := read_a1111(file.data):
        run = _from_a1111(file, parameters, catalog)
    else:
        run = _bare(file, Request())
    return _adopt(run, picture, store)


def _as_it_was(told: RunRecord, original: bytes, file: _File, store: Store) -> RunRecord:
    """Take in a Run of ours, or one more picture of one that is here."""
    picture = _proved(replace(file, data=original), upright=False)
    claimed, there = told.pictures[0], _run_there(told.uid, store)
    if there is None:
        return _adopt(replace(told, pictures=(claimed,)), picture, store)
    taken = any(each.index == claimed.index for each in there.pictures)
    if not taken and there.request.identity == told.request.identity:
        store.keep(
            there, index=claimed.index, data=original, media_type=picture.media_type,
            width=picture.width, height=picture.height, origin=Origin.IMPORTED,
            alt=claimed.alt, revised_prompt=claimed.revised_prompt,
        )  # fmt: skip
    return there


def _adopt(run: RunRecord, picture: Blob, store: Store) -> RunRecord:
    """Put a Run into the store with its one picture; what was told of that counts only where it is proved."""
    data = picture.data or b""
    told = run.pictures[0] if run.pictures else PictureRecord(
        sha256="", media_type="", width=0, height=0, size=0, index=1, alt=picture.name
    )  # fmt: skip
    record = replace(
        told,
        sha256=picture.sha256,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        size=len(data),
        origin=Origin.IMPORTED,
    )
    store.adopt([replace(run, pictures=(record,))], {picture.sha256: data}.__getitem__)
    return store.run(run.uid)


def _from_a1111(file: _File, told: Parameters, catalog: Catalog) -> RunRecord:
    """Return the Run of a picture that A1111 drew. What it was told not to draw is said in words."""
    with speaking(language_of(told.prompt) or "en"):
        avoid = tr("Avoid: {what}", what=told.negative) if told.negative else ""
    size = spell_size(told.size) if told.size else None
    if told.size and size not in catalog.synonyms.sizes:
        size = spell_size(nearest_size(told.size, catalog.model(catalog.default_model)))
    sent: dict[str, Value] = {
        "prompt": told.prompt,
        "negative_prompt": told.negative,
        "size": told.size and spell_size(told.size),
        "seed": told.seed,
        **told.extras,
    }
    request = Request(
        prompt="\n".join(filter(None, (told.prompt, avoid))), options={"size": size} if size else {}
    )
    return replace(
        _bare(file, request, model=told.model or ""),
        sent=({name: value for name, value in sent.items() if value not in (None, "")},),
    )


def _bare(file: _File, request: Request, *, parent: str | None = None, model: str = "") -> RunRecord:
    """Return the Run of a picture that came from elsewhere; its uid is told by its bytes, the same everywhere."""
    return RunRecord(
        id=0,
        uid=hashlib.sha256(file.data).hexdigest()[:32],
        created=datetime.now(UTC),
        request=request,
        backend=IMPORT,
        model=model or tr("unknown model"),
        status=Status.DONE,
        parent=parent,
        recipe=IMPORT,
        notes=(tr("Imported from {name}.", name=file.path.name),),
    )


def _told(file: _File) -> RunRecord | None:
    """Return the Run that a file, or the text beside it, says it belongs to; its owner's marks left out."""
    inside = read_ours(file.data)
    found = _read_told((inside or "").encode(), file.path.name)
    if found is None and file.beside:
        found = _read_told(file.beside, file.path.name)
        # A text beside a picture may have been left behind by another one.
        found = found if found and _is(file.data, found) else None
    return found


def _read_told(text: bytes, name: str) -> RunRecord | None:
    from dalle_nb._store.forms import read_run

    try:
        run = read_run(text)
        created = run.created.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if len(run.pictures) != 1 or run.pictures[0].index < 1:
        return None
    notes = [tr("Imported from {name}.", name=name)]
    if run.cost:
        notes.append(tr("It cost {cost} where it was drawn.", cost=dollars(run.cost)))
    return replace(
        run,
        created=min(created, datetime.now(UTC)),
        status=run.status if run.status in (Status.DONE, Status.PARTIAL) else Status.DONE,
        attempts=(),
        estimate=None,
        cost=None if run.cost else run.cost,
        notices=(),
        notes=tuple(notes),
        failure=None,
        notebook=None,
        tags=(),
        starred=False,
        deleted=None,
    )


def _is(data: bytes, told: RunRecord) -> bool:
    return hashlib.sha256(data).hexdigest() == told.pictures[0].sha256


def _run_there(uid: str, store: Store) -> RunRecord | None:
    try:
        return store.run(uid)
    except ReferenceNotFound:
        return None


def _proved(file: _File, *, upright: bool = True) -> Blob:
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


def _read(path: Path) -> _File:
    data = _read_plain(path, MAX_INPUT_BYTES)
    try:
        beside = _read_plain(path.with_name(f"{path.name}.json"), MAX_TEXT)
    except (ReferenceNotFound, RequestError):
        return _File(path=path, data=data)
    return _File(path=path, data=data, beside=beside)


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
