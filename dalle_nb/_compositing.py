"""Strict masks: an answer with the original put back outside its mask.

GPT Image models take a mask as guidance and change a little everywhere. Bytes in, bytes out; must not know
models, stores or who asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dalle_nb._images import ImageError, encode_png, open_image
from dalle_nb._language import tr
from dalle_nb._masks import repaint_of
from dalle_nb._records import Blob

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Levels = NDArray[np.uint8]

FEATHER = 1 / 96
"""Width of the soft edge in which the original goes over into the answer, as a share of the long edge."""

MOST_FEATHER = 16
"""The same in pixels, at most."""

SAME = 2
"""Levels of 255 that a pixel may differ and still be the same: another decoder's rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """An answer with the original put back outside the mask, as PNG bytes, and how much had changed there.

    ``before`` and ``after`` are the shares of the pixels outside the mask that differ from the original, in
    the answer as it came and in the composite.
    """

    data: bytes
    width: int
    height: int
    before: float
    after: float


def composite(original: bytes, answer: bytes, mask: Blob) -> Composite:
    """Return the answer inside the mask, the original outside, with a soft edge between them inside the mask.

    An answer of another size is resized to the original, whose size the mask has.

    Raises:
        ImageError: one of them cannot be read, or the answer has another shape than the original.
    """
    import numpy as np
    from PIL import Image

    before, drawn = (open_image(data).convert("RGBA") for data in (original, answer))
    if abs(drawn.width * before.height - drawn.height * before.width) > 0.02 * before.width * drawn.height:
        came, asked = f"{drawn.width}x{drawn.height}", f"{before.width}x{before.height}"
        raise ImageError(tr("the answer is {came}, the picture {asked}", came=came, asked=asked))
    kept = np.asarray(before)
    new = np.asarray(drawn if drawn.size == before.size else drawn.resize(before.size))
    repaint = repaint_of(mask)
    # Only the mask's own corner of a large picture is worked on.
    part = _bounds(repaint)
    weight = _weight(repaint[part], min(MOST_FEATHER, round(FEATHER * max(repaint.shape))))
    mixed = kept.copy()
    mixed[part] = _mixed(kept[part], new[part], weight)
    image: Image.Image = Image.fromarray(mixed)
    return Composite(
        data=encode_png(image.convert("RGB") if mixed[..., 3].min() == 255 else image),
        width=image.width,
        height=image.height,
        before=_changed(kept, new, ~repaint),
        after=_changed(kept, mixed, ~repaint),
    )


def _bounds(repaint: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the rows and columns that hold the whole mask, and one more around it where there is one."""
    import numpy as np

    rows, columns = (np.flatnonzero(repaint.any(axis=axis)) for axis in (1, 0))
    top, left = max(0, rows[0] - 1), max(0, columns[0] - 1)
    return slice(top, rows[-1] + 2), slice(left, columns[-1] + 2)


def _weight(repaint: NDArray[np.bool_], feather: int) -> NDArray[np.float32]:
    """Return the answer's weight: 0 outside the mask, rising to 1 inside it over so many pixels.

    Where the mask is thinner than two feathers it rises to 1 in the middle all the same.
    """
    import numpy as np

    depth, outside = np.zeros(repaint.shape, np.uint8), (~repaint).view(np.uint8)
    for _ in range(feather + 1):
        depth += 1 - outside
        outside = _spread(outside)
    deepest = depth
    for _ in range(feather):
        deepest = _spread(deepest)
    weight: NDArray[np.float32] = np.divide(depth, np.maximum(deepest, 1), dtype=np.float32)
    return weight


def _spread(levels: Levels) -> Levels:
    """Return for each pixel the highest level among it and its eight neighbours."""
    import numpy as np

    tall = levels.copy()
    np.maximum(tall[1:], levels[:-1], out=tall[1:])
    np.maximum(tall[:-1], levels[1:], out=tall[:-1])
    wide = tall.copy()
    np.maximum(wide[:, 1:], tall[:, :-1], out=wide[:, 1:])
    np.maximum(wide[:, :-1], tall[:, 1:], out=wide[:, :-1])
    return wide


def _mixed(kept: Levels, came: Levels, weight: NDArray[np.float32]) -> Levels:
    """Return both pictures in one, RGBA; colours count by their alpha, so that no dark rim shows."""
    import numpy as np

    weight = weight[..., None]
    if kept[..., 3].min() == came[..., 3].min() == 255:
        mixed = kept + (came.astype(np.float32) - kept) * weight
    else:
        shares = kept[..., 3:] * (1 - weight), came[..., 3:] * weight
        alpha = shares[0] + shares[1]
        colour = (kept[..., :3] * shares[0] + came[..., :3] * shares[1]) / np.maximum(alpha, 1e-6)
        mixed = np.concatenate([colour, alpha], axis=2)
    return np.where(weight > 0, mixed + 0.5, kept).astype(np.uint8)


def _changed(a: Levels, b: Levels, where: NDArray[np.bool_]) -> float:
    """Return the share of those pixels that differ in colour or alpha."""
    import numpy as np

    differs = np.maximum(a, b) - np.minimum(a, b) > SAME
    # Four flags in a row, read as one number: several times as quick as looking along the last axis.
    changed = (differs.view(np.uint32)[..., 0] != 0) & where
    return int(np.count_nonzero(changed)) / max(1, int(np.count_nonzero(where)))
