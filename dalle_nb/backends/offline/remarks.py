"""What the painter says of its own work, in the language being spoken: what it drew, and what it did not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dalle_nb._language import language_of, spoken, tr
from dalle_nb._records import Kind, Request
from dalle_nb.backends.offline.sketch import Sketch

_MOST = 3


def remarks(request: Request, sketch: Sketch, *, ours: bool) -> Iterator[str]:
    """Yield what is to be said of a drawing; ``ours`` where the picture it changes is this painter's own."""
    if request.kind is Kind.VARIATION and not ours:
        yield tr("Offline sketch: varied by rules from the picture's own pixels, not by an AI model.")
        return
    if sketch.drawn:
        words = _listed(sketch.drawn, 12)
        yield tr(
            "Offline sketch: drawn by rules from words it recognised ({words}), not an AI model.", words=words
        )
    elif request.kind is Kind.EDIT:
        yield tr("Offline sketch: no word was recognised, so the part was filled from its surroundings.")
    else:
        yield tr(
            "Offline sketch: no word was recognised, so this is an abstract painting; %dalle_words lists what is."
        )
    if sketch.undrawn:
        yield tr("Could not draw: {words}.", words=_listed(sketch.undrawn, _MOST))
    if sketch.unknown:
        yield tr("Not understood: {words}.", words=_listed(sketch.unknown, _MOST))
    if len(request.inputs) > 1:
        yield tr("Only the first picture was used.")


def revise(prompt: str) -> str:
    """Return a prompt as a model that rewrites prompts might, plainly marked as no model's work."""
    if language_of(prompt) == "zh":
        return f"[模拟] {prompt}，构图讲究，光线柔和，细节丰富"
    return f"[simulated] {prompt}, carefully composed, in soft light, with fine detail"


def _listed(words: Sequence[str], most: int) -> str:
    """Return words in a list, the first few and how many more."""
    comma = "、" if spoken() == "zh" else ", "
    shown = comma.join(_short(word) for word in words[:most])
    return shown + (f" +{len(words) - most}" if len(words) > most else "")


def _short(word: str) -> str:
    return word if len(word) <= 40 else word[:39] + "…"
