"""What the magics that explain things show: options, styles, words, settings, findings, as tables.

Reads facts and settings; must not draw, set or open anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dalle_nb._language import spoken, tr
from dalle_nb._options import OPTIONS
from dalle_nb._render import Bundle, table_bundle

if TYPE_CHECKING:
    from dalle_nb._doctor import Finding
    from dalle_nb._settings import Settings


def options_bundle(*, every: bool) -> Bundle:
    """Return the options that matter, or every one, and what to know of prompts."""
    rows = [(row.usage, tr(row.help)) for row in OPTIONS if every or row.short]
    notes = [
        tr("After the first word that is no option all is prompt; -- ends the options."),
        tr("A line that ends in ? asks IPython for help: put such a prompt into a %%dalle cell."),
    ]
    more = [] if every else [tr("%dalle_help --all lists all options.")]
    return table_bundle([tr("option"), tr("what it does")], rows, [*notes, *more])


def styles_bundle() -> Bundle:
    """Return the words that ``--style`` takes, by category, in both languages."""
    from dalle_nb._styles import styles

    rows = [(title, ", ".join(f"{style.zh} {style.en}" for style in styles[title])) for title in styles]
    return table_bundle([tr("kind"), tr("words for --style")], rows)


def words_bundle() -> Bundle:
    """Return the words that the offline painter can draw, by kind, in the language being spoken."""
    from dalle_nb.backends.offline.lexicon import load_lexicon
    from dalle_nb.backends.offline.repertoire import load_repertoire

    can = load_repertoire()
    able = {*can.poses, *can.scenes, *can.effects, *can.styles}
    found: dict[str, list[str]] = {}
    for meaning in load_lexicon().meanings:
        if (meaning.name in able or meaning.kind in _LIGHT) and (words := meaning.words.get(spoken())):
            found.setdefault(meaning.kind, []).append(words[0])
    rows = [(title, ", ".join(found[kind])) for kind, title in _kinds().items() if kind in found]
    return table_bundle([tr("kind"), tr("the offline painter draws")], rows)


def settings_bundle(settings: Settings) -> Bundle:
    """Return every setting that has a value, and who said it; of a key only that there is one."""
    from dalle_nb._money import dollars
    from dalle_nb._settings import SETTINGS

    shown = {"api_key": lambda _: "…", "budget": dollars, "confirm_above": dollars}
    values = {name: getattr(settings, name) for name in SETTINGS} | dict(settings.options)
    rows = [
        (name, shown.get(name, str)(value), settings.origins.get(name, "default"))
        for name, value in values.items()
        if value is not None
    ]
    return table_bundle([tr("setting"), tr("value"), tr("said by")], rows)


def findings_bundle(findings: Iterable[Finding]) -> Bundle:
    """Return what was examined, and whether each is well."""
    marks = {True: "✓", False: "✗", None: ""}
    rows = [(marks[each.good], each.name, each.value) for each in findings]
    return table_bundle(["", tr("what"), tr("found")], rows)


_LIGHT = ("time", "weather", "season")
"""Kinds of words that change a picture and are not drawn themselves."""


def _kinds() -> dict[str, str]:
    return {
        "animal": tr("animals"),
        "person": tr("people"),
        "creature": tr("creatures"),
        "vehicle": tr("vehicles"),
        "building": tr("buildings"),
        "plant": tr("plants"),
        "food": tr("food and drink"),
        "thing": tr("things"),
        "worn": tr("clothes"),
        "scene": tr("places"),
        "effect": tr("sky and light"),
        "time": tr("time of day"),
        "weather": tr("weather"),
        "season": tr("seasons"),
        "style": tr("styles"),
        "palette": tr("moods of colour"),
    }
