"""The magics that explain and set: models, styles, words, settings, findings, options, each as a table.

Loaded with every ``%load_ext``, so that what makes a table is imported by what shows one. Must not draw.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from dalle_nb._language import speaking, spoken, tr
from dalle_nb._options import OPTIONS

if TYPE_CHECKING:
    from dalle_nb._doctor import Finding
    from dalle_nb._generator import ImageGenerator
    from dalle_nb._history import History
    from dalle_nb._jobs import Job, Jobs
    from dalle_nb._render import Bundle
    from dalle_nb._settings import Settings
    from dalle_nb.backends.offline.lexicon import Meaning
    from dalle_nb.widgets.panel import Panel


@magics_class
class GuideMagics(Magics):
    """What a user asks before and between drawings."""

    @line_magic
    def dalle_models(self, line: str) -> None:
        """List every model: what it takes, what it costs, when it retires."""
        from dalle_nb._render import models_bundle

        with spoken_as(line):
            publish(models_bundle(workshop().catalog))

    @line_magic
    def dalle_styles(self, line: str) -> None:
        """List the words that ``--style`` takes, in Chinese and English."""
        with spoken_as(line):
            publish(styles_bundle())

    @line_magic
    @no_var_expand
    def dalle_words(self, line: str) -> None:
        """List the words that the offline painter can draw: all, or those like ``%dalle_words cat``."""
        with spoken_as(line):
            publish(words_bundle(line.strip()))

    @line_magic
    @no_var_expand
    def dalle_history(self, line: str) -> History:
        """Show earlier Runs: ``%dalle_history fox --status done --since 2026-11-01 --sort -cost --page 2``."""
        from dalle_nb._history import History
        from dalle_nb._narrowing import parse_narrowing

        with spoken_as(line):
            return History(workshop()).narrowed(parse_narrowing(line))

    @line_magic
    def dalle_jobs(self, line: str) -> Jobs | Job:
        """Show the jobs sent off: ``%dalle_jobs [status | collect N | cancel N | forget N | adopt ID]``."""
        from dalle_nb._jobs import manage

        with spoken_as(line):
            return manage(workshop(), line.split())

    @line_magic
    def dalle_cost(self, line: str) -> None:
        """Show what was spent, by day; ``%dalle_cost model`` or ``notebook`` by those."""
        from dalle_nb._costs import costs_bundle

        with spoken_as(line):
            by = line.strip() or "day"
            publish(costs_bundle(workshop().ledger(by), by))

    @line_magic
    @no_var_expand
    def dalle_config(self, line: str) -> None:
        """Show what is set and by whom, or set it: ``%dalle_config size=landscape quality=high``."""
        from dalle_nb._parse import parse_settings

        with spoken_as(line):
            workshop().configure(**parse_settings(line))
            publish(settings_bundle(workshop().settings))

    @line_magic
    def dalle_check(self, line: str) -> None:
        """Tell who would draw, whether pictures would be kept, and whether the server answers; draws nothing."""
        from dalle_nb._doctor import examine

        with spoken_as(line):
            publish(findings_bundle(examine(workshop(), ask=True)))

    @line_magic
    @no_var_expand
    def dalle_login(self, line: str) -> None:
        """Ask for an API key, hidden: ``%dalle_login [--remember] [--base-url URL]``; tests it, draws nothing."""
        from dalle_nb._login import login
        from dalle_nb._parse import parse_login
        from dalle_nb._render import line_bundle

        with spoken_as(""):
            base_url, remember = parse_login(line)
            for answer in login(base_url=base_url, remember=remember):
                publish(line_bundle(answer))

    @line_magic
    def dalle_panel(self, line: str) -> Panel:
        """Open the panel, to click in: all that ``%%dalle`` can do, and the history; ``%dalle_panel zh`` in Chinese."""
        from dalle_nb.widgets.panel import panel

        return panel(language=line.strip() or None)

    @line_magic
    def dalle_help(self, line: str) -> None:
        """Explain the options that matter; ``--all`` all of them."""
        with spoken_as(line):
            publish(options_bundle(every="all" in line))


def workshop() -> ImageGenerator:
    """Return what draws for this kernel, opened when it is first asked for."""
    from dalle_nb._generator import default_generator

    return default_generator()


def spoken_as(text: str) -> AbstractContextManager[None]:
    """Speak the language that is set, else that of the text."""
    return speaking(workshop().settings.tongue(text))


def publish(bundle: Bundle) -> None:
    """Show a bundle under the cell."""
    from dalle_nb._display import publish as show

    show(bundle)


def short_help() -> str:
    """Return what ``%%dalle?`` shows: the options that matter."""
    rows = [f"    {row.usage:<24}{row.help}" for row in OPTIONS if row.short]
    uses = ["    %%dalle [NAME <<] [options]      the cell is the prompt", "    %dalle [options] prompt"]
    tail = "%dalle_help --all lists all options, %dalle_styles and %dalle_models their words."
    return "\n".join(["Draw a picture.", "", *uses, "", *rows, "", tail])


def options_bundle(*, every: bool) -> Bundle:
    """Return the options that matter, or every one, and what to know of prompts."""
    from dalle_nb._render import table_bundle

    rows = [(row.usage, tr(row.help)) for row in OPTIONS if every or row.short]
    notes = [
        tr("After the first word that is no option all is prompt; -- ends the options."),
        tr("Many at once: %%dalle_batch draws a prompt a line, %%dalle_sweep every combination."),
        tr("A line that ends in ? asks IPython for help: put such a prompt into a %%dalle cell."),
    ]
    more = [] if every else [tr("%dalle_help --all lists all options.")]
    return table_bundle([tr("option"), tr("what it does")], rows, [*notes, *more])


def styles_bundle() -> Bundle:
    """Return the words that ``--style`` takes, by category, in both languages."""
    from dalle_nb._render import table_bundle
    from dalle_nb._styles import styles

    rows = [(title, ", ".join(f"{style.zh} {style.en}" for style in styles[title])) for title in styles]
    return table_bundle([tr("kind"), tr("words for --style")], rows)


def words_bundle(like: str = "") -> Bundle:
    """Return the words that the offline painter can draw, by kind, in the language being spoken.

    With ``like``, only those that hold it, in either language, with all their spellings.
    """
    from dalle_nb._render import table_bundle
    from dalle_nb.backends.offline.lexicon import load_lexicon
    from dalle_nb.backends.offline.repertoire import load_repertoire

    can = load_repertoire()
    posed = {f"pose/{pose}" for poses in can.poses.values() for pose in poses}
    able = {*can.poses, *can.scenes, *can.effects, *can.styles}
    known = [
        meaning
        for meaning in load_lexicon().meanings
        if meaning.words.get(spoken())
        and not meaning.facts.get("undrawn")
        and (meaning.name in able or meaning.kind in _TELLING or f"{meaning.kind}/{meaning.name}" in posed)
    ]
    found: dict[str, list[str]] = {}
    for meaning in _like(known, like) if like else known:
        every = [word for spellings in meaning.words.values() for word in spellings]
        found.setdefault(meaning.kind, []).append(" = ".join(every) if like else meaning.words[spoken()][0])
    rows = [(title, ", ".join(found[kind])) for kind, title in _kinds().items() if kind in found]
    nothing = [tr("The offline painter knows no word like {word}.", word=like)] if not rows else []
    return table_bundle([tr("kind"), tr("the offline painter draws")], rows, nothing)


def settings_bundle(settings: Settings) -> Bundle:
    """Return every setting that has a value, and who said it; of a key only that there is one."""
    from dalle_nb._money import dollars
    from dalle_nb._render import table_bundle
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
    from dalle_nb._render import table_bundle

    marks = {True: "✓", False: "✗", None: ""}
    rows = [(marks[each.good], each.name, each.value) for each in findings]
    return table_bundle(["", tr("what"), tr("found")], rows)


_TELLING = (
    "time", "weather", "season", "colour", "pattern", "part", "count", "size", "place", "relation", "camera"
)  # fmt: skip
"""Kinds of words that change a picture and are not drawn themselves."""


def _like(known: Sequence[Meaning], like: str) -> Sequence[Meaning]:
    """Return the meanings with a whole word like the one asked for; where there is none, with a part like it."""
    whole = re.compile(rf"(?<![a-z]){re.escape(like.lower())}(?![a-z])")

    def holding(test: Callable[[str], object]) -> list[Meaning]:
        return [
            each
            for each in known
            if any(test(word.lower()) for spellings in each.words.values() for word in spellings)
        ]

    return holding(whole.search) or holding(lambda word: like.lower() in word)


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
        "colour": tr("colours"),
        "pattern": tr("patterns"),
        "part": tr("parts that take a colour"),
        "count": tr("how many"),
        "size": tr("how large"),
        "pose": tr("poses"),
        "place": tr("where in the picture"),
        "relation": tr("what joins two things"),
        "camera": tr("how near"),
    }
