"""The public Run and Picture: a record joined to the generator that can draw it again.

Light values: bytes are read from the store when asked for, so that ``Out[]`` pins no megabytes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import ReferenceNotFound
from dalle_nb._language import tr
from dalle_nb._records import Failure, PictureRecord, RunRecord, Status
from dalle_nb._render import status_word

if TYPE_CHECKING:
    from PIL import Image

    from dalle_nb._generator import ImageGenerator
    from dalle_nb._lineage import Lineage
    from dalle_nb._saving import StrPath


class Picture:
    """One image of a Run: its bytes, its pixels, its file."""

    __slots__ = ("_run", "record")

    def __init__(self, record: PictureRecord, run: Run) -> None:
        self.record, self._run = record, run

    @property
    def bytes(self) -> bytes:
        """The bytes exactly as they are kept, read from the store. StoreError if the file is gone."""
        return self._run.generator.store.read(self.record.sha256)

    @property
    def image(self) -> Image.Image:
        """The pixels as a PIL image, at the size that was asked for."""
        from dalle_nb._images import open_image

        image = open_image(self.bytes)
        wanted = self._run.record.deliver_size
        return image.resize(wanted) if wanted and wanted != image.size else image

    @property
    def path(self) -> Path:
        """The file in the store; leave it as it is, and copy it with `save`."""
        return self._run.generator.store.path(self.record.sha256)

    @property
    def reference(self) -> str:
        """How magics and the history name it, such as ``12/3``."""
        return f"{self._run.id}/{self.record.index}"

    @property
    def run(self) -> Run:
        """The Run it belongs to."""
        return self._run

    @property
    def run_uid(self) -> str:
        """The uid of its Run."""
        return self._run.uid

    @property
    def alt(self) -> str:
        """What it shows, in words."""
        return self.record.alt

    @property
    def url(self) -> str:
        """The file in the store as a ``file:`` URL: what a server's URL was good for, without its expiry."""
        return self.path.as_uri()

    @property
    def b64_json(self) -> str:
        """The bytes in base64, as the Images API gives them."""
        return base64.b64encode(self.bytes).decode("ascii")

    @property
    def revised_prompt(self) -> str | None:
        """What the model says it drew instead, where it says so."""
        return self.record.revised_prompt

    def save(self, where: StrPath, *, strip: bool = False, metadata: bool = True) -> Path:
        """Save to a file, folder or pattern, and return the path; see `Run.save`."""
        return self._run.save_pictures(where, (self,), strip=strip, metadata=metadata)[0]

    def _ipython_display_(self) -> None:
        self._run.generator.show(self._run, (self,))

    def __repr__(self) -> str:
        return (
            f"<Picture {self.reference}, {self.record.width}x{self.record.height} {self.record.media_type}>"
        )


@dataclass(frozen=True, slots=True)
class Run:
    """One Request and what came of it. Its verbs draw with the generator it came from."""

    record: RunRecord
    generator: ImageGenerator
    reused: bool = False
    """Whether it was answered from the history."""

    @property
    def id(self) -> int:
        """Its number in this history."""
        return self.record.id

    @property
    def uid(self) -> str:
        """Its permanent name, in every history."""
        return self.record.uid

    @property
    def prompt(self) -> str:
        """The prompt as asked."""
        return self.record.request.prompt

    @property
    def status(self) -> Status:
        """What became of it."""
        return self.record.status

    @property
    def failure(self) -> Failure | None:
        """Why it failed or was refused."""
        return self.record.failure

    @property
    def cost(self) -> int | None:
        """Millionths of a dollar; None where nobody knows."""
        return self.record.cost

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return self.record.seconds

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """What came, in order; under a strict mask, with the original put back outside it."""
        return tuple(Picture(record, self) for record in self.record.pictures if record.index > 0)

    def picture(self, index: int) -> Picture:
        """Return one picture by its place, counted from 1. ReferenceNotFound where there is none."""
        found = next((each for each in self.pictures if each.record.index == index), None)
        if found is None:
            raise ReferenceNotFound(
                tr("Run {id} has no picture {index}.", id=self.id, index=index),
                tr("It has {count}; write {id}/1 for its first.", count=len(self), id=self.id),
            )
        return found

    @property
    def raw(self) -> tuple[Picture, ...]:
        """The answers exactly as they came, where a strict mask made the pictures of them."""
        came = sorted(self.record.pictures, key=lambda record: -record.index)
        return tuple(Picture(record, self) for record in came if record.index < 0)

    @property
    def image(self) -> Image.Image:
        """The first picture as a PIL image. ReferenceNotFound where nothing came."""
        return self._first().image

    @property
    def created(self) -> int:
        """When it was asked, in seconds since 1970, as the Images API says it."""
        return int(self.record.created.timestamp())

    @property
    def when(self) -> datetime:
        """When it was asked, in UTC."""
        return self.record.created

    @property
    def data(self) -> tuple[Picture, ...]:
        """The pictures, under the name that the Images API gives them."""
        return self.pictures

    def __getitem__(self, key: str) -> Any:
        """Return ``run["url"]`` or ``run["revised_prompt"]``, as tutorials read their answers."""
        if key not in ("url", "b64_json", "revised_prompt"):
            raise KeyError(key)
        return getattr(self._first(), key)

    def __iter__(self) -> Iterator[Picture]:
        return iter(self.pictures)

    def __len__(self) -> int:
        return len(self.pictures)

    def __bool__(self) -> bool:
        return self.status is Status.DONE

    def rerun(self, **changes: Any) -> Run:
        """Ask the same again, changed as said (``quality="high"``); it gives another picture."""
        return self.generator.rerun(self, **changes)

    def vary(self, n: int = 1, strength: str = "subtle", **options: Any) -> Run:
        """Draw ``n`` variations of the first picture, ``subtle`` or ``strong``."""
        return self.generator.vary(self, n=n, strength=strength, **options)

    def edit(self, prompt: str, mask: Any = None, **options: Any) -> Run:
        """Draw the first picture anew as the prompt says, inside the mask where there is one."""
        return self.generator.edit(self, prompt, mask=mask, **options)

    def code(self, language: str = "python") -> str:
        """Return a program that repeats this Run: ``python``, ``node``, ``curl`` or ``magic``; without any key."""
        return self.generator.code(self.record, language)

    def use(self) -> None:
        """Make its model and options the defaults from here on."""
        request = self.record.request
        options: dict[str, Any] = {"model": request.model, **request.options}
        self.generator.configure(**options)

    def tag(self, *tags: str) -> Run:
        """Give it tags to find it by, and return it with them."""
        self.generator.store.tag([self.id], *tags)
        return self._anew()

    def untag(self, *tags: str) -> Run:
        """Take tags away again, and return it without them."""
        self.generator.store.untag([self.id], *tags)
        return self._anew()

    def star(self, on: bool = True) -> Run:
        """Star it, or take the star away, and return it so."""
        self.generator.store.star([self.id], on=on)
        return self._anew()

    def delete(self) -> None:
        """Put it into the trash, from where `restore` takes it back."""
        self.generator.store.delete([self.id])

    def restore(self) -> Run:
        """Take it out of the trash, and return it."""
        self.generator.store.restore([self.id])
        return self._anew()

    def purge(self) -> None:
        """Delete it for good: its row, its pictures, its inputs, and what was put into quarantine."""
        self.generator.store.purge([self.id])

    def lineage(self) -> Lineage:
        """Return the tree of what came from what, with this Run in it."""
        from dalle_nb._lineage import lineage_of

        return lineage_of(self.record, self.generator.store, self.generator.settings.tongue(self.prompt))

    def save(self, where: StrPath, *, strip: bool = False, metadata: bool = True) -> list[Path]:
        """Save all pictures to a file, folder or pattern, and return the paths; nothing is overwritten.

        The copies tell prompt, model and options to `import_file` and to other programs. One that is signed
        (C2PA) stays as it came, and the telling lies beside it. With ``metadata=False`` all stay as they
        came; with ``strip`` they tell nothing at all, signatures and camera data included.
        """
        return self.save_pictures(where, self.pictures, strip=strip, metadata=metadata)

    def save_pictures(
        self, where: StrPath, pictures: tuple[Picture, ...], *, strip: bool = False, metadata: bool = True
    ) -> list[Path]:
        """Save some of its pictures. ReferenceNotFound where nothing came."""
        from dalle_nb._exporting import stripped, with_provenance
        from dalle_nb._saving import save_pictures

        def finish(number: int, data: bytes) -> tuple[bytes, str | None]:
            if strip:
                return stripped(data), None
            if not metadata:
                return data, None
            return with_provenance(data, self.record, pictures[number - 1].record)

        self._first()
        fields = {
            "id": self.id,
            "uid": self.uid,
            "prompt": self.prompt,
            "model": self.record.model,
            "date": self.record.created.strftime("%Y-%m-%d"),
        }
        given = [(each.bytes, each.record.media_type) for each in pictures]
        return save_pictures(given, where, fields, finish)

    def _anew(self) -> Run:
        return replace(self, record=self.generator.store.run(self.uid))

    def _first(self) -> Picture:
        if not self.pictures:
            raise ReferenceNotFound(
                tr("Run {id} has no picture.", id=self.id),
                tr("It is {status}; run it again.", status=status_word(self.status)),
            )
        return self.pictures[0]

    def _ipython_display_(self) -> None:
        self.generator.show(self)

    def __reduce__(self) -> tuple[Any, ...]:
        # A generator holds a key and connections; the Run finds the default one again where it is unpickled.
        return type(self.generator).revive, (self.record,)

    def __repr__(self) -> str:
        return f"<Run {self.id}: {self.status.value}, {len(self)} pictures, {self.prompt[:40]!r}>"
