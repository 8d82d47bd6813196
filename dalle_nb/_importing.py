"""Pictures from files into the history: our own exports, A1111's, and any other; and whose picture a file is.

What a file says is a stranger's word: it is read within bounds, its pixels are proved, and what it says it
cost counts against no budget here. Others' formats get a function beside `_from_a1111` each.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from dalle_nb._errors import ReferenceNotFound
from dalle_nb._generator import default_generator
from dalle_nb._language import language_of, speaking, tr
from dalle_nb._money import dollars
from dalle_nb._picture_file import PictureFile, prove_picture, read_picture_file
from dalle_nb._provenance import Parameters, originals, read_a1111, read_ours
from dalle_nb._records import Blob, Origin, PictureRecord, Request, RunRecord, Status, Value, blobs_of
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
        record = _take_in(read_picture_file(path), store, generator.catalog)
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
        file = read_picture_file(path)
    if found := store.identify(file.data):
        return Identity(Picture(found[1], Run(found[0], generator)), "bytes")
    before = list(originals(file.data))
    if (told := _told(file)) and (there := _run_there(told.uid, store)):
        for picture in there.pictures:
            if picture.index == told.pictures[0].index:
                same = any(_is(data, picture) for data in before)
                return Identity(Picture(picture, Run(there, generator)), "copy" if same else "name")
    found = next(filter(None, map(store.identify, before)), None)
    return Identity(Picture(found[1], Run(found[0], generator)), "copy") if found else None


def _take_in(file: PictureFile, store: Store, catalog: Catalog) -> RunRecord:
    """Keep a picture, where it is not here yet, and return its Run."""
    told, versions = _told(file), [file.data, *originals(file.data)]
    original = next((data for data in versions if told and _is(data, told.pictures[0])), None)
    if told and original is not None:
        return _as_it_was(told, original, file, store)
    if found := next(filter(None, map(store.identify, versions)), None):
        return found[0]
    picture = prove_picture(file)
    if told:
        run = _bare(file, told.request, parent=told.uid, model=told.model)
    elif parameters := read_a1111(file.data):
        run = _from_a1111(file, parameters, catalog)
    else:
        run = _bare(file, Request())
    return _adopt(run, picture, store)


def _as_it_was(told: RunRecord, original: bytes, file: PictureFile, store: Store) -> RunRecord:
    """Take in a Run of ours, or one more picture of one that is here."""
    picture = prove_picture(replace(file, data=original), upright=False)
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


def _from_a1111(file: PictureFile, told: Parameters, catalog: Catalog) -> RunRecord:
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


def _bare(file: PictureFile, request: Request, *, parent: str | None = None, model: str = "") -> RunRecord:
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


def _told(file: PictureFile) -> RunRecord | None:
    """Return the Run that a file, or the text beside it, says it belongs to; its owner's marks left out."""
    inside = read_ours(file.data)
    found = _read_told((inside or "").encode(), file.path.name)
    if found is None and file.beside:
        found = _read_told(file.beside, file.path.name)
        # A text beside a picture may have been left behind by another one.
        found = found if found and _is(file.data, found.pictures[0]) else None
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
    if blobs_of(run.request):
        notes.append(tr("The pictures it was drawn from did not come along."))
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


def _is(data: bytes, picture: PictureRecord) -> bool:
    return hashlib.sha256(data).hexdigest() == picture.sha256


def _run_there(uid: str, store: Store) -> RunRecord | None:
    try:
        return store.run(uid)
    except ReferenceNotFound:
        return None
