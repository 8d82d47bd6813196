"""What one call of a Plan asks the painter for: which pictures, from which words or pixels, how large.

The seed of each picture comes from what is asked, never from a clock: the same cell is the same picture, at
any size and in any format. Knows no files beyond its inputs and no words beyond the reader's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from PIL import Image

from dalle_nb._images import open_image
from dalle_nb._masks import repaint_of
from dalle_nb._records import Blob, Call, Kind, Plan
from dalle_nb._sizes import PLAIN, read_size
from dalle_nb.backends.offline import retouch, subjects
from dalle_nb.backends.offline.colour import Plane
from dalle_nb.backends.offline.encode import Recipe, read_recipe
from dalle_nb.backends.offline.painter import Progress, paint
from dalle_nb.backends.offline.reader import read
from dalle_nb.backends.offline.sketch import Sketch
from dalle_nb.backends.offline.styles.sheet import from_image, resized, to_image
from dalle_nb.backends.offline.triggers import without_triggers

_MOST_PIXELS = 16_777_216
# Words that the reader knows: other light on the same composition.
_PALETTES = ("warm colours", "cool colours", "dreamy", "bright colours", "pastel colours", "muted colours")
_HOURS = ("dawn", "noon", "dusk", "evening")


@dataclass(frozen=True)
class Commission:
    """One call of a plan; its pictures are numbered from ``first``, counting through the whole Run."""

    plan: Plan
    call: Call
    first: int

    @property
    def count(self) -> int:
        """Return how many pictures are asked for."""
        return int(str(self.call.parameters.get("n", 1)))

    @property
    def prompt(self) -> str:
        """Return the words as sent, style words included, without those that ask for trouble."""
        return without_triggers(self.sent)

    @property
    def sent(self) -> str:
        """Return the prompt as sent."""
        return str(self.call.parameters.get("prompt", ""))

    @cached_property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels; where nobody said, those of the picture to be changed."""
        size = read_size(str(self.call.parameters.get("size", ""))) or self._natural_size()
        shrink = min(1.0, (_MOST_PIXELS / (size[0] * size[1])) ** 0.5)
        return max(1, int(size[0] * shrink)), max(1, int(size[1] * shrink))

    @cached_property
    def sketch(self) -> Sketch:
        """Return what is to be painted, as read from the prompt."""
        return read(self.words, seed=0)

    @cached_property
    def recipe(self) -> Recipe | None:
        """Return what the picture to be changed was painted from, if it is ours."""
        source = self._source()
        return read_recipe(source.data) if source is not None and source.data else None

    def seed(self, index: int) -> int:
        """Return the seed of picture ``index``: another for each sample, index and ``--seed``."""
        request = self.plan.request
        wished = request.options.get("seed")
        # Each call carries its own wished seed, counted on by the pictures before it.
        wish = (
            "" if wished is None else int(str(self.call.parameters.get("seed", wished))) + index - self.first
        )
        place = index if wished is None else 0
        inputs = [blob.sha256 for blob in (*request.inputs, *([request.mask] if request.mask else []))]
        parts = (request.kind.value, request.prompt, *inputs, str(request.sample), str(place), str(wish))
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") >> 1

    def recipe_of(self, index: int) -> Recipe | None:
        """Return what picture ``index`` can be painted from again; None where pixels went into it."""
        request = self.plan.request
        if request.kind is Kind.GENERATE:
            return Recipe(prompt=self.words, seed=self.seed(index))
        if self.recipe is None or request.mask is not None:
            return None
        if request.kind is Kind.EDIT:
            return Recipe(prompt=self.words, seed=self.recipe.seed)
        if self._strong:
            return Recipe(prompt=self.words, seed=self.seed(index))
        return Recipe(prompt=self._relit(index), seed=self.recipe.seed)

    def previews(self, index: int, wanted: int) -> Iterator[Image.Image]:
        """Yield so many unfinished stages of picture ``index``: the whole of it, ever finer."""
        width, height = self.size
        for stage in range(wanted):
            share = 0.5 ** (wanted - stage)
            small = replace_size(self, (max(1, round(width * share)), max(1, round(height * share))))
            yield small.draw(index).resize(self.size, Image.Resampling.BICUBIC)

    def draw(self, index: int, progress: Progress | None = None) -> Image.Image:
        """Return picture ``index``."""
        request, recipe = self.plan.request, self.recipe_of(index)
        if recipe is not None:
            sketch = self.sketch if recipe.prompt == self.words else read(recipe.prompt, seed=0)
            width, height = self.size
            sketch = replace(sketch, seed=recipe.seed)
            if self.transparent:
                return paint(sketch, width, height, transparent=True)
            return paint(_composed(sketch), width, height, progress=progress)
        if request.kind is Kind.VARIATION:
            change = retouch.vary_strongly if self._strong else retouch.vary_subtly
            return to_image(change(self._sized(self._picture()), self.seed(index)))
        sketch = replace(self.sketch, seed=self.seed(index))
        if request.mask is None:
            return to_image(retouch.restyle(self._sized(self._picture()), sketch))
        return self._repaint(request.mask, sketch)

    @cached_property
    def words(self) -> str:
        """Return what is read: for a change of our own picture, with the words it was painted from."""
        request, own = self.plan.request, self.recipe
        if self.dressed is not None and own is not None:
            return f"{own.prompt}, {self.prompt}"
        if own is None or request.mask is not None:
            return self.prompt
        # What is asked now comes first, and so counts where the two disagree.
        return f"{self.prompt}, {own.prompt}" if request.kind is Kind.EDIT else own.prompt

    @cached_property
    def dressed(self) -> Sketch | None:
        """Return our own picture with what is asked worn or held in it, where nothing else is asked of the part."""
        own = self.recipe
        if own is None or self.plan.request.mask is None:
            return None
        asked = read(self.prompt, seed=0)
        worn = all(subjects.subject(thing.name).category == "worn" for thing in asked.things)
        if not worn or asked.scene or asked.styles or not (asked.things or asked.undrawn):
            return None
        was, now = (read(words, seed=own.seed) for words in (own.prompt, f"{own.prompt}, {self.prompt}"))
        put_on = [(thing.wears, thing.holds) for thing in was.things]
        return now if put_on != [(thing.wears, thing.holds) for thing in now.things] else None

    @property
    def transparent(self) -> bool:
        """Return whether the things alone are asked for, and there are any."""
        return self.call.parameters.get("background") == "transparent" and bool(self.sketch.things)

    @property
    def _strong(self) -> bool:
        return self.plan.request.options.get("strength") == "strong"

    def _relit(self, index: int) -> str:
        """Return our own picture's words with another light and colours: a variation of the same composition."""
        seed = self.seed(index)
        light = [_PALETTES[seed % len(_PALETTES)]]
        if self.sketch.time is None and not self.sketch.effects:
            light.append(_HOURS[seed // 8 % len(_HOURS)])
        return ", ".join((*light, self.words))

    def _repaint(self, mask: Blob, sketch: Sketch) -> Image.Image:
        """Return the picture with what is inside the mask painted anew, and what is transparent kept so."""
        picture = self._picture()
        where = _fitted(mask, picture.shape[1], picture.shape[0])
        height, width = where.shape
        if self.dressed is not None:
            fresh = from_image(paint(_composed(self.dressed), width, height))
            changed = retouch.let_in(picture, fresh, where, sketch.seed)
        else:
            changed = retouch.repaint(picture, where, sketch, self._empty(width, height))
        image = to_image(self._sized(changed))
        alpha = self._alpha()
        if alpha is None or image.size != alpha.size:
            return image
        image.putalpha(Image.fromarray(np.where(where, np.uint8(255), np.asarray(alpha))))
        return image

    def _empty(self, width: int, height: int) -> Plane | None:
        """Return our own picture painted again without its things, or None for a stranger's."""
        if self.recipe is None:
            return None
        was = read(self.recipe.prompt, seed=self.recipe.seed)
        return from_image(retouch.emptied(was, width, height))

    def _source(self) -> Blob | None:
        return self.plan.request.inputs[0] if self.plan.request.inputs else None

    def _natural_size(self) -> tuple[int, int]:
        source = self._source()
        return (source.width, source.height) if source and source.width and source.height else PLAIN

    def _picture(self) -> Plane:
        """Return the picture to be changed, without its transparency."""
        return from_image(self._opened().convert("RGB"))

    def _alpha(self) -> Image.Image | None:
        """Return the transparency of the picture to be changed, or None where there is none."""
        alpha = self._opened().convert("RGBA").getchannel("A")
        return alpha if alpha.getextrema() != (255, 255) else None

    def _opened(self) -> Image.Image:
        source = self._source()
        assert source is not None
        assert source.data is not None
        return open_image(source.data)

    def _sized(self, picture: Plane) -> Plane:
        """Return a picture of the size asked for, cut at the edges where its shape is another."""
        width, height = self.size
        rows, columns = picture.shape[:2]
        if (columns, rows) == (width, height):
            return picture
        wide = min(columns, max(1, round(rows * width / height)))
        high = min(rows, max(1, round(columns * height / width)))
        top, left = (rows - high) // 2, (columns - wide) // 2
        return np.clip(resized(picture[top : top + high, left : left + wide], width, height), 0, 1)


def _composed(sketch: Sketch) -> Sketch:
    """Return the Sketch with its first thing where the seed puts it, when nobody said where."""
    if not sketch.things or any(thing.place or thing.seat for thing in sketch.things):
        return sketch
    first, *others = sketch.things
    place = (None, None, "left", "right", "centre")[sketch.seed % 5]
    return replace(sketch, things=(replace(first, place=place), *others))


def replace_size(commission: Commission, size: tuple[int, int]) -> Commission:
    """Return the same commission at another size."""
    call = Call(parameters={**commission.call.parameters, "size": f"{size[0]}x{size[1]}"})
    return replace(commission, call=call)


def _fitted(mask: Blob, width: int, height: int) -> retouch.Where:
    """Return where the mask repaints, in the picture's own size."""
    where = repaint_of(mask)
    if where.shape == (height, width):
        return where
    return np.asarray(Image.fromarray(where).resize((width, height), Image.Resampling.NEAREST))
