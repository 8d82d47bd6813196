"""Raises on purpose what the real API raises, where a prompt asks for it or ought to be refused.

The table is `triggers.toml`. Knows nothing of painting.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from dalle_nb import _errors
from dalle_nb._catalog import Model
from dalle_nb._errors import DrawError, RefusedError
from dalle_nb._language import tr
from dalle_nb._records import Billed


def trouble(prompt: str, model: Model, tries: int) -> DrawError | None:
    """Return what the call numbered ``tries`` (from 1) for this prompt fails with, or None."""
    lower = prompt.lower()
    for name, facts in _table()["simulate"].items():
        if any(word in lower for word in facts["words"]) and tries <= facts.get("times", tries):
            return _simulated(name, facts, model)
    for category, words in _table()["refused"].items():
        if any(_stands_in(word, lower) for word in words):
            return _refusal(model, category, simulated=False)
    return None


def without_triggers(prompt: str) -> str:
    """Return the prompt without the words in brackets that ask for trouble: they are no part of the picture."""
    words = [word for facts in _table()["simulate"].values() for word in facts["words"]]
    return re.sub("|".join(map(re.escape, words)), "", prompt, flags=re.IGNORECASE).strip()


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("triggers.toml").read_text(encoding="utf-8"))


def _stands_in(word: str, text: str) -> bool:
    if not word.isascii():
        return word in text
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text) is not None


def _simulated(name: str, facts: Mapping[str, Any], model: Model) -> DrawError:
    kind: type[DrawError] = getattr(_errors, facts["error"])
    if kind is RefusedError:
        return _refusal(model, "violence", simulated=True)
    return kind(
        tr("Simulated: {trouble}, as the prompt asked for.", trouble=_said(name)),
        tr("Take {words} out of the prompt to draw.", words=facts["words"][0]),
        code=facts.get("code"),
        billed=Billed(facts["billed"]),
        retry_after=facts.get("retry_after"),
        status_code=facts.get("status"),
    )


def _said(name: str) -> str:
    return {
        "rate-limit": tr("too many requests"),
        "busy": tr("the server is busy"),
        "timeout": tr("no answer in time"),
        "server-error": tr("the server failed"),
        "lost-answer": tr("the answer was lost on the way and may have been billed"),
        "no-quota": tr("the account has no money or quota left"),
        "bad-key": tr("the key was not accepted"),
        "bad-answer": tr("the answer was no picture"),
    }[name]


def _refusal(model: Model, category: str, *, simulated: bool) -> RefusedError:
    """Return the refusal as the asked-for model gives it: models of before tokens have a code of their own."""
    code = "moderation_blocked" if model.backgrounds or model.free else "content_policy_violation"
    what = tr("Refused by moderation, category {category}.", category=category)
    if simulated:
        what = tr("Simulated: {trouble}, as the prompt asked for.", trouble=tr("refused by moderation"))
    fix = tr("Change the words or the pictures; asking the same again is refused again.")
    error = RefusedError(what, fix, code=code, billed=Billed.NO, status_code=400)
    error.stage, error.categories = "input", (category,)
    return error
