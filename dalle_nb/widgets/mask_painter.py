"""A picture to paint on, and the mask that comes of it: what is painted is repainted, all else stays.

The page paints and sends the mask as one bit a pixel, in the picture's true size; kept is it here, so that a
page opened again shows it. Must not know who draws: a MaskPainter goes wherever a mask is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from traitlets import Float

from dalle_nb._composing import Said, compose
from dalle_nb._errors import MaskError
from dalle_nb._generator import default_generator
from dalle_nb._images import ImageError, blob, encode_png
from dalle_nb._language import spoken, tr
from dalle_nb._masks import Mask, alpha_picture, fit_mask, repaint_of
from dalle_nb._records import Blob, Kind, Request
from dalle_nb._references import find_run
from dalle_nb._run import Run
from dalle_nb._session import Shelf
from dalle_nb._thumbnails import Thumbnail, thumbnail
from dalle_nb.widgets.front import Front, page

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from dalle_nb._generator import ImageGenerator
    from dalle_nb._masks import Repaint
    from dalle_nb.widgets.studio import Studio

LONG_EDGE = 1600
"""Of the copy that is painted on, in pixels; the mask has the picture's own size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """What is painted on, and what was painted: bits from the upper left, 1 where it is repainted."""

    number: int
    """Counts the pictures shown, so that a stroke that comes late is not taken for one on the next."""
    picture: Blob
    shown: Thumbnail
    bits: bytes
    ghost: bytes | None
    """The mask of the picture before, which is offered and not applied."""

    def repaint(self) -> Repaint:
        return _unpacked(self.bits, self.picture)

    def earlier(self) -> Blob | None:
        """Return the mask to offer for the next picture."""
        bits = self.bits if any(self.bits) else self.ghost
        return blob(encode_png(alpha_picture(_unpacked(bits, self.picture)))) if bits else None


class MaskPainter(Front):
    """Paint over what is to change: ``dn.edit(picture, "a red scarf", mask=painter)``.

    ``image`` is a Run, a Picture, a history id, a PIL image, an array, bytes or a path; the first input of an
    edit's Run comes with that Run's mask, so that the same place is painted under another prompt. ``mask`` is
    whatever an edit takes as one.

    Raises:
        RequestError: the image is none, or is not found; as MaskError, the mask does not fit it.
    """

    _esm = page("mask_bits", "mask_stage", "mask_hands", "mask_painter")
    _css = page("mask_painter", suffix="css")

    share = Float(0.0)
    """Part of the picture that is repainted, 0 to 1; may be observed."""

    def __init__(self, image: Any, mask: Any = None, *, studio: Studio | None = None, **state: Any) -> None:
        self._generator: ImageGenerator = studio.generator if studio else default_generator()
        if studio is None:
            state.setdefault("tongue", self._generator.settings.tongue("") or spoken())
        self._sheet: _Sheet | None = None
        super().__init__(studio, **state)
        self.show(image, mask)

    @property
    def mask(self) -> Image.Image:
        """The mask as an RGBA picture of the picture's size, transparent where it is repainted."""
        return alpha_picture(self._open.repaint())

    @mask.setter
    def mask(self, mask: Any) -> None:
        fitted = self._asked(self._open.picture, mask).mask
        self._load(np.zeros(1, bool) if fitted is None else repaint_of(fitted))

    @property
    def picture(self) -> Blob:
        """The picture that is painted on."""
        return self._open.picture

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.uint8]:
        # By this a painter is taken wherever a picture is taken for a mask.
        return np.asarray(self.mask, dtype)

    def show(self, image: Any, mask: Any = None) -> None:
        """Show another picture. What was painted on the one before is offered there, never applied unseen."""
        asked, before = self._asked(image, mask), self._sheet
        picture, given = asked.inputs[0], asked.mask
        if before and picture.sha256 == before.picture.sha256:
            return None if given is None else self._load(repaint_of(given))
        earlier = before.earlier() if before and given is None else None
        self._sheet = _Sheet(
            number=before.number + 1 if before else 1,
            picture=picture,
            shown=_shown(picture),
            bits=_packed(repaint_of(given)) if given else bytes(-(-picture.width * picture.height // 8)),
            ghost=_packed(repaint_of(fitted.blob)) if (fitted := _fitted(earlier, picture)) else None,
        )
        self._count()
        return self.on_open() if before else None

    def labels(self) -> dict[str, str]:
        return _tools() | _table() | _keys()

    def on_open(self, *_: object) -> None:
        """Give a page that opens the picture, the mask, and the mask that is offered."""
        sheet = self._open
        self.tell(
            "open",
            number=sheet.number,
            width=sheet.picture.width,
            height=sheet.picture.height,
            media=sheet.shown.media_type,
            buffers=[sheet.shown.data, sheet.bits, *([sheet.ghost] if sheet.ghost else [])],
        )

    def on_paint(self, content: dict[str, Any], buffers: Sequence[bytes]) -> None:
        """Keep what was painted."""
        sheet, (bits,) = self._open, buffers
        if content.get("number") != sheet.number:
            return
        if len(bits) != len(sheet.bits):
            raise ValueError(f"{len(bits)} bytes instead of {len(sheet.bits)}")
        self._sheet = replace(sheet, bits=bits, ghost=None if content.get("settled") else sheet.ghost)
        self._count()
        self.tell("kept", stroke=content.get("stroke"), view=content.get("view"))

    def on_load(self, _: dict[str, Any], buffers: Sequence[bytes]) -> None:
        """Take a mask from a file, in either convention, and say how it was understood."""
        try:
            given = blob(buffers[0], "mask")
        except ImageError as error:
            what = tr("The mask cannot be read: {reason}.", reason=error)
            raise MaskError(what, tr("Save it as a PNG.")) from error
        fitted = fit_mask(given, self._open.picture)
        self._load(repaint_of(fitted.blob), fitted.said())

    @property
    def _open(self) -> _Sheet:
        assert self._sheet is not None, "a painter is made with its picture"
        return self._sheet

    def _asked(self, image: Any, mask: Any) -> Request:
        """Return the edit that is meant: its first input is painted on, its mask loaded."""
        shelf = Shelf(self._generator.store, self._generator.session)
        sources = {"edit": image} if mask is None else {"edit": image, "mask": mask}
        if mask is None and isinstance(image, int | Run):
            run = find_run(image, shelf)
            sources = {"rerun": run.uid} if run.request.kind is Kind.EDIT and run.request.mask else sources
        return compose("", Said(sources=sources), shelf=lambda: shelf, defaults={}).request

    def _load(self, repaint: Repaint, said: str = "") -> None:
        sheet = self._open
        shape = (sheet.picture.height, sheet.picture.width)
        self._sheet = replace(sheet, bits=_packed(np.broadcast_to(repaint, shape)))
        self._count()
        self.tell("mask", said=said, buffers=[self._open.bits])

    def _count(self) -> None:
        self.share = float(self._open.repaint().mean())


def _packed(repaint: Repaint) -> bytes:
    return np.packbits(repaint).tobytes()


def _unpacked(bits: bytes, picture: Blob) -> Repaint:
    pixels = np.unpackbits(np.frombuffer(bits, np.uint8), count=picture.width * picture.height)
    return pixels.reshape(picture.height, picture.width).astype(bool)


def _shown(picture: Blob) -> Thumbnail:
    """Return the copy to paint on."""
    if picture.media_type == "image/svg+xml":
        raise MaskError(tr("A drawing of lines has no pixels to mask."), tr("Save the picture as PNG."))
    assert picture.data is not None, "an input is composed with its bytes"
    return thumbnail(picture.data, LONG_EDGE)


def _fitted(mask: Blob | None, picture: Blob) -> Mask | None:
    """Return the mask made to fit another picture, or None where it cannot be: one of another shape."""
    try:
        return fit_mask(mask, picture) if mask else None
    except MaskError:
        return None


def _tools() -> dict[str, str]:
    return {
        "title": tr("Mask painter"),
        "canvas": tr("The picture: paint over what is to change. Arrow keys move a cursor, Space paints."),
        "hint": tr("Paint over what is to change"),
        "tools": tr("Tools"),
        "brush": tr("Brush"),
        "brush_why": tr("Paint over what is to change (B)"),
        "eraser": tr("Eraser"),
        "eraser_why": tr("Take paint away (E)"),
        "box": tr("Rectangle"),
        "box_why": tr("Paint a rectangle (R)"),
        "fill": tr("Fill"),
        "fill_why": tr("Fill similar colours, up to what is painted (G)"),
        "size": tr("Brush size"),
        "tolerance": tr("Tolerance"),
        "undo": tr("Undo (Ctrl+Z)"),
        "redo": tr("Redo (Ctrl+Shift+Z)"),
        "invert": tr("Invert (I)"),
        "clear": tr("Clear (Delete)"),
        "zoom_in": tr("Zoom in (+)"),
        "zoom_out": tr("Zoom out (-)"),
        "fit": tr("Fit (0)"),
    }


def _table() -> dict[str, str]:
    return {
        "opacity": tr("Overlay"),
        "colour": tr("Colour of the overlay"),
        "red": tr("red"),
        "green": tr("green"),
        "blue": tr("blue"),
        "yellow": tr("yellow"),
        "soft": tr("Soft edge"),
        "soft_why": tr("Show the soft edge with which new goes over into old (F)"),
        "save": tr("Save mask"),
        "load": tr("Load mask"),
        "share": tr("Repaints {percent}"),
        "nothing": tr("Nothing painted yet"),
        "everything": tr("Repaints everything: leave something"),
        "ghost": tr("Use the mask of the last picture?"),
        "use": tr("Use it"),
        "drop": tr("Start anew"),
        "large": tr("The file has {size} MB; it may have 10."),
        "lost": tr("The kernel does not answer: what you paint waits in this page."),
        "lost_fix": tr("Save the mask as a file to keep it."),
    }


def _keys() -> dict[str, str]:
    return {
        "help": tr("Keys (?)"),
        "pen_down": tr("Pen down"),
        "key_paint": tr("paint at the cursor"),
        "key_pen": tr("pen down, pen up"),
        "key_move": tr("move the cursor; with Shift by one pixel"),
        "key_size": tr("smaller, larger"),
        "key_erase": tr("with the brush or the rectangle: erase"),
        "key_zoom": tr("zoom in, zoom out, fit"),
        "key_pan": tr("move the picture; or two fingers"),
        "key_wheel": tr("zoom; without Ctrl once the picture is clicked"),
        "key_drag": tr("drag"),
        "key_wheel_name": tr("wheel"),
        "key_arrows": tr("arrows"),
        "key_space": tr("Space"),
    }
