"""The size that was wished for, made into one that the model draws; or refused, with the nearest that it does.

Must not know what else is asked: one Ask in, one size out.
"""

from __future__ import annotations

from dataclasses import dataclass

from dalle_nb._asking import Ask, Broken
from dalle_nb._language import tr
from dalle_nb._options import option
from dalle_nb._sizes import (
    PLAIN,
    Size,
    covering_size,
    is_legal,
    nearest_size,
    ratio_size,
    read_size,
    shaped_size,
    spell_size,
)

EDIT_PIXELS = 2560 * 1440
"""Largest picture that an edit is drawn at unasked; above it sizes are experimental (SDK)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The size as sent, and what is to be said and done about it."""

    size: str
    """As sent; nothing where the server shall choose."""
    deliver: Size | None = None
    notice: str = ""


def choose_size(ask: Ask) -> Chosen | Broken:
    """Return the size to draw at; or, where what was wished for cannot be drawn, what could."""
    wish = ask.options.get("size")
    if wish is None:
        return _default_size(ask)
    if wish == "auto":
        return _automatic_size(ask)
    exact = read_size(str(wish))
    if exact is None:
        return _shaped(ask, str(wish))
    if not ask.binds or is_legal(exact, ask.model, ask.frames):
        return Chosen(size=str(wish))
    if wish in ask.catalog.synonyms.sizes and ask.frames == 1:
        return _translated_size(ask, exact)
    return _illegal(ask, str(wish), exact)


def _default_size(ask: Ask) -> Chosen:
    """Return the size of the picture to be changed, as near as may be, or a plain square."""
    first = next((blob for blob in ask.request.inputs if blob.width > 0 and blob.height > 0), None)
    own = (first.width, first.height) if first else PLAIN
    if not ask.binds or is_legal(own, ask.model, ask.frames):
        return Chosen(size=spell_size(own))
    shrink = min(1.0, (EDIT_PIXELS / (own[0] * own[1])) ** 0.5)
    target = max(1, round(own[0] * shrink)), max(1, round(own[1] * shrink))
    size = spell_size(nearest_size(target, ask.model, ask.frames))
    notice = tr("drawn at {size}, the picture has {own}", size=size, own=spell_size(own)) if first else ""
    return Chosen(size=size, notice=notice)


def _automatic_size(ask: Ask) -> Chosen | Broken:
    if ask.server.own_models:
        return Chosen(size="")
    if "auto" in ask.model.sizes:
        return Chosen(size="auto")
    return _illegal(ask, "auto", PLAIN)


_SHAPES = {"square": PLAIN, "landscape": (1536, 1024), "portrait": (1024, 1536)}


def _shaped(ask: Ask, wish: str) -> Chosen | Broken:
    if wish in _SHAPES:
        size, like = shaped_size(wish, ask.model), _SHAPES[wish]
    else:
        width, _, height = wish.partition(":")
        like = int(width), int(height)
        size = ratio_size(like, ask.model)
    if size is None:
        return _illegal(ask, wish, like)
    if ask.binds and not is_legal(size, ask.model, ask.frames):
        size = nearest_size(size, ask.model, ask.frames)
    return Chosen(size=spell_size(size))


def _translated_size(ask: Ask, asked: Size) -> Chosen:
    """Return the size for one of an older tutorial: larger and made smaller after, or the nearest of its shape."""
    drawn = covering_size(asked, ask.model)
    size, wish = drawn or nearest_size(asked, ask.model), spell_size(asked)
    notice = tr("{wish} is drawn at {size} and made smaller", wish=wish, size=spell_size(size))
    if drawn is None:
        notice = tr("{wish} is drawn at {size}", wish=wish, size=spell_size(size))
    return Chosen(size=spell_size(size), deliver=asked if drawn else None, notice=notice)


def _illegal(ask: Ask, wish: str, like: Size) -> Broken:
    right = option("size").spelled(spell_size(nearest_size(_scaled(like), ask.model, ask.frames)))
    what = tr("{model} does not draw {size}: {law}.", model=ask.model.name, size=wish, law=_law(ask))
    return Broken(option="size", what=what, fix=tr("Try: {spelling}", spelling=right))


def _scaled(like: Size) -> Size:
    """Return a ratio's two small numbers as a size of its shape; a size as it is."""
    scale = (PLAIN[0] * PLAIN[1] / (like[0] * like[1])) ** 0.5
    return like if max(like) > 64 else (max(1, round(like[0] * scale)), max(1, round(like[1] * scale)))


def _law(ask: Ask) -> str:
    rule = ask.model.size_rule
    if rule is None:
        return tr("only {sizes}", sizes=", ".join(ask.model.sizes))
    if ask.frames > 1:
        return tr("the {count} frames must fit one sheet", count=ask.frames)
    return tr(
        "edges are multiples of {multiple} up to {edge}, {low} to {high} pixels in all, at most {ratio:g}:1",
        multiple=rule.multiple,
        edge=rule.max_edge,
        low=f"{rule.min_pixels:,}",
        high=f"{rule.max_pixels:,}",
        ratio=rule.max_ratio,
    )
