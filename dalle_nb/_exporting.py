"""What a copy of a picture tells of its Run, so that another history, or another program, can take it up.

Bytes in, bytes out: `_saving` writes them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from dalle_nb._errors import OptionError
from dalle_nb._images import ImageError, sniff
from dalle_nb._language import tr
from dalle_nb._provenance import Parameters, can_hold, find_texts, strip, write_parameters, write_texts
from dalle_nb._records import Blob, PictureRecord, RunRecord
from dalle_nb._store.forms import run_bytes

_PERSONAL = "safety_identifier"
"""Names a person to the server, and is nothing for a file that goes from hand to hand."""


def with_provenance(data: bytes, run: RunRecord, picture: PictureRecord) -> tuple[bytes, str | None]:
    """Return the bytes of a picture, converted or as they are, with what is known of them; and a text to lie beside.

    A signed picture (C2PA) and one of a format that takes no texts are left as they are: then the text tells
    it all, and is None otherwise.
    """
    told = _told(run, _as_written(data, picture))
    if not can_hold(data) or find_texts(data).signed:
        return data, told
    return write_texts(data, told, write_parameters(_parameters(run, picture))), None


def stripped(data: bytes) -> bytes:
    """Return the bytes of a picture without a word about where it comes from.

    Raises:
        OptionError: nothing can be taken out of such a file.
    """
    try:
        return strip(data)
    except ImageError as error:
        raise OptionError(
            tr("Nothing can be taken out of a picture of this format."),
            tr("Try: {spelling}", spelling='save("picture.png", strip=True)'),
        ) from error


def _as_written(data: bytes, picture: PictureRecord) -> PictureRecord:
    """Return the record of a copy: its own where it was converted, for only that can be proved by it."""
    media_type = sniff(data)
    if media_type is None or media_type == picture.media_type:
        return picture
    name = hashlib.sha256(data).hexdigest()
    return replace(picture, sha256=name, media_type=media_type, size=len(data))


def _told(run: RunRecord, picture: PictureRecord) -> str:
    """Return a Run as JSON with one of its pictures: what is needed to run it again, and nothing of its owner's."""
    request = replace(
        run.request,
        inputs=tuple(map(_nameless, run.request.inputs)),
        mask=run.request.mask and _nameless(run.request.mask),
        markup=run.request.markup and _nameless(run.request.markup),
        options={name: value for name, value in run.request.options.items() if name != _PERSONAL},
    )
    sent = tuple({name: value for name, value in call.items() if name != _PERSONAL} for call in run.sent)
    bare = RunRecord(
        id=0,
        uid=run.uid,
        created=run.created,
        request=request,
        backend=run.backend,
        model=run.model,
        sent=sent,
        status=run.status,
        pictures=(picture,),
        usage=run.usage,
        cost=run.cost,
        seconds=run.seconds,
        parent=run.parent,
        recipe=run.recipe,
        deliver_size=run.deliver_size,
    )
    return run_bytes(bare, generator=_generator()).decode()


def _nameless(blob: Blob) -> Blob:
    return replace(blob, name="", data=None)


def _parameters(run: RunRecord, picture: PictureRecord) -> Parameters:
    sent = {name: value for call in run.sent[:1] for name, value in call.items()}
    seed = sent.get("seed")
    quality = {"Quality": str(sent["quality"])} if sent.get("quality") else {}
    return Parameters(
        prompt=run.request.prompt,
        size=(picture.width, picture.height),
        seed=seed if isinstance(seed, int) else None,
        model=run.model,
        extras={**quality, "Version": _generator()},
    )


@cache
def _generator() -> str:
    """Return who drew it: our name and version."""
    try:
        return f"dalle-nb {version('dalle-nb')}"
    except PackageNotFoundError:
        return "dalle-nb"
