"""Reads what is typed after ``%dalle`` and ``%%dalle``: a name, options, and then the prompt, verbatim.

    [NAME <<] [--option value ...] [--] prompt

Only text to values: must not know a shell, a variable or a history. What a REF names is found out later.
"""

from __future__ import annotations

import json
import keyword
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dalle_nb._errors import OptionError, SettingsError
from dalle_nb._language import tr
from dalle_nb._options import OPTIONS, Option, nearest, normalise_options
from dalle_nb._records import Value

DASHES = "-‐‑‒–—―−－"
"""What may be typed for a dash: Chinese keyboards and smart punctuation have their own."""

Fill = Callable[[str], str]
"""Puts values into ``{{expressions}}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A line or cell, read: where the Run goes, the options by name, and the prompt."""

    name: str | None = None
    options: Mapping[str, Value | list[Value]] = field(default_factory=dict)
    """A repeatable option has a list."""
    prompt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One option as it was typed; places are offsets into the text."""

    flag: str
    """As we spell it, such as ``--sise``."""
    row: Option | None
    """None where there is no such option."""
    value: str | None
    """None where none was given; without the quotes it was put in."""
    start: int
    end: int
    says_no: bool = False
    value_start: int = 0
    unclosed: bool = False
    """Whether a quote was opened and never closed."""


def parse(line: str, cell: str | None = None, *, fill: Fill = str, several: bool = False) -> Typed:
    """Return what a magic's line, and its cell if it has one, ask for.

    Options stand before the first word that is none; from there on all is prompt, as it is, and the cell
    follows it. ``--`` ends the options, for a prompt that begins with a dash. With ``several``, an option may
    have several values, as a list: ``--quality low|high``.

    Raises:
        OptionError: names every option that cannot be read, and what would be right.
    """
    name, start = _read_name(line)
    given, rest = scan(line, start)
    options = _read_values(given, fill, several=several)
    prompt = "\n".join(filter(None, (line[rest:].strip(), (cell or "").strip())))
    return Typed(name=name, options=options, prompt=fill(prompt))


def parse_line(line: str, *, fill: Fill = str) -> Typed:
    """Return what one line of many asks for: a prompt, which may end in options.

    What looks like options and is none that we know, such as another program's flags, is prompt.

    Raises:
        OptionError: names every option that cannot be read.
    """
    # No options are longer than that, and a stranger's file must not keep us busy.
    for found in _WORD_START.finditer(line, max(0, len(line) - 4000)):
        given, rest = scan(line, found.start())
        if given and not line[rest:].strip() and all(each.row for each in given):
            return Typed(options=_read_values(given, fill), prompt=fill(line[: found.start()].strip()))
    return Typed(prompt=fill(line.strip()))


def parse_settings(line: str) -> dict[str, Any]:
    """Return the settings that ``name=value`` pairs give; nothing after the sign takes one back.

    Raises:
        SettingsError: a word is no pair, or it is a key, which belongs into no cell.
    """
    said: dict[str, Any] = {}
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise SettingsError(
            tr("A quote is never closed."), tr("Try: %dalle_config size=landscape")
        ) from error
    for word in words:
        name, sign, value = word.partition("=")
        if name == "api_key":
            fix = tr("%dalle_login asks for it and shows nothing.")
            raise SettingsError(tr("A key is never typed in a cell."), fix)
        if not sign:
            what = tr("{word} sets nothing.", word=repr(word))
            raise SettingsError(what, tr("Try: %dalle_config size=landscape"))
        said[name] = value or None
    return said


def parse_login(line: str) -> tuple[str | None, bool]:
    """Return the base URL that a login line names, and whether the key is to be remembered.

    Raises:
        SettingsError: for any other word, which is not repeated, for it may be a key.
    """
    found = re.fullmatch(r"(--remember)?\s*(?:--base-url[ =]+(\S+))?\s*(--remember)?", line.strip())
    if found is None:
        raise SettingsError(
            tr("%dalle_login knows --remember and --base-url URL, and takes no key."),
            tr("Run it alone: it asks, and shows nothing. If that was a key, clear the cell and revoke it."),
        )
    return found[2], bool(found[1] or found[3])


def scan(line: str, start: int = 0) -> tuple[list[Given], int]:
    """Return the options that a line gives, and where its prompt begins."""
    given: list[Given] = []
    at = _skip_space(line, start)
    while found := _FLAG.match(line, at):
        given.append(_read_given(line, found))
        at = _skip_space(line, given[-1].end)
    ended = _END.match(line, at)
    return given, ended.end() if ended else at


def _read_name(line: str) -> tuple[str | None, int]:
    found = _NAME.match(line)
    if not found:
        return None, 0
    if not found[1].isidentifier() or keyword.iskeyword(found[1]):
        what = tr("{name} cannot be the name of a variable.", name=repr(found[1]))
        raise OptionError(what, tr("Try: picture << …, or put -- before a prompt that looks like this."))
    return found[1], found.end()


def _read_given(line: str, found: re.Match[str]) -> Given:
    word, end = _word(found), found.end("name")
    if word not in _BY_FLAG and (glued := re.match(r"([a-z])\d", word)) and glued[1] in _BY_FLAG:
        end = found.start("name") + 1
        return _with_value(line, found.start(), end, end, glued[1])
    if found["equals"]:
        return _with_value(line, found.start(), end, end + 1, word)
    at = _skip_space(line, end)
    if _row(word).type == "flag" or at == len(line) or _is_flag(line, at):
        return _given(word, found.start(), end)
    return _with_value(line, found.start(), end, at, word)


def _word(found: re.Match[str]) -> str:
    return normalise_options(found["name"]).lower().replace("_", "-")


def unknown_flag(flag: str) -> OptionError:
    """Return the error for a flag that there is not, with the one that it is most like."""
    right = _row(flag.lstrip("-")).flags[-1]
    return OptionError(
        tr("There is no option {name}.", name=flag),
        tr("Did you mean {right}? Put -- before a prompt that begins with a dash.", right=right),
    )


def _row(word: str) -> Option:
    """Return the Option of a flag, or the one it is most like, to know whether a value follows."""
    return (_BY_FLAG.get(word) or _BY_FLAG[_nearest(word)])[0]


def _is_flag(line: str, at: int) -> bool:
    """Return whether an option stands there where a value could: ``--save --yes`` lacks a path."""
    found = _FLAG.match(line, at)
    return found is not None and _word(found) in _BY_FLAG


def _with_value(line: str, start: int, flag_end: int, at: int, word: str) -> Given:
    opened = line[at : at + 1]
    if opened in _CLOSING:
        closed = min(
            (place for mark in _CLOSING[opened] if (place := line.find(mark, at + 1)) > 0), default=-1
        )
        if closed < 0:
            return _given(word, start, len(line), value=line[at + 1 :], value_start=at, unclosed=True)
        return _given(word, start, closed + 1, value=line[at + 1 : closed], value_start=at)
    if _row(word).type == "json" and opened == "{" and (end := _json_end(line, at)):
        return _given(word, start, end, value=line[at:end], value_start=at)
    found = _WORD.match(line, at)
    if not found:
        return _given(word, start, max(flag_end, min(at, len(line))), value_start=at)
    return _given(word, start, found.end(), value=found[0], value_start=at)


def _given(
    word: str, start: int, end: int, *, value: str | None = None, value_start: int = 0, unclosed: bool = False
) -> Given:
    row, says_no = _BY_FLAG.get(word, (None, False))
    flag = f"-{word}" if len(word) == 1 else f"--{word}"
    return Given(
        flag=flag,
        row=row,
        value=value,
        start=start,
        end=end,
        says_no=says_no,
        value_start=value_start or end,
        unclosed=unclosed,
    )


def _json_end(line: str, at: int) -> int | None:
    try:
        return json.JSONDecoder().raw_decode(line, at)[1]
    except (ValueError, RecursionError):
        return None


def _read_values(given: list[Given], fill: Fill, *, several: bool = False) -> dict[str, Value | list[Value]]:
    options: dict[str, Value | list[Value]] = {}
    wrong: list[OptionError] = []
    for each in given:
        try:
            values = each.value.split("|") if several and each.value else []
            if len(values) > 1:
                read = [_read_value(replace(each, value=one), fill) for one in values]
                options[read[0][0].name] = [value for _, value in read]
                continue
            row, value = _read_value(each, fill)
        except OptionError as error:
            wrong.append(error)
            continue
        if row.repeatable:
            options[row.name] = [*_list(options.get(row.name)), value]
        else:
            options[row.name] = value
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        whats = " ".join(f"({place}) {error.what}" for place, error in enumerate(wrong, 1))
        fixes = " ".join(f"({place}) {error.fix}" for place, error in enumerate(wrong, 1))
        raise OptionError(whats, fixes)
    return options


def _list(value: Value | list[Value]) -> list[Value]:
    return value if isinstance(value, list) else []


def _read_value(given: Given, fill: Fill) -> tuple[Option, Value]:
    row = given.row
    if row is None:
        raise unknown_flag(given.flag)
    if given.unclosed:
        raise OptionError(
            tr("The quote after {flag} is never closed.", flag=given.flag),
            tr("Close it before the prompt begins."),
        )
    if given.value is None and row.type == "flag":
        return row, not given.says_no
    if given.value is None:
        metavar = row.metavar or "VALUE"
        what = tr("{flag} needs a value.", flag=given.flag)
        raise OptionError(what, tr("Try: {spelling}", spelling=f"{given.flag} {metavar}"))
    value = row.parse(_plain(row, fill(given.value)))
    return row, not value if given.says_no else value


def _plain(row: Option, value: str) -> str:
    """Return the value in ASCII spelling where its letters cannot be the user's own, as a path's are."""
    plain = normalise_options(value)
    if row.type == "reference":
        return plain if re.fullmatch(r"-?\d+(/\d+)?", plain) else value
    if row.type == "json" or (row.type == "text" and not row.words and not row.choices):
        return value
    return plain


def _nearest(word: str) -> str:
    return nearest(word, tuple(name for name in _BY_FLAG if len(name) > 1))


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


_BY_FLAG = {
    flag.lstrip("-"): (row, flag in row.off)
    for row in OPTIONS
    for flag in (*filter(None, (row.parameter.replace("_", "-"),)), *row.flags, *row.off)
}
_NAME = re.compile(r"\s*([^\W\d]\w*)\s*<<(?=\s|$)")
_FLAG = re.compile(rf"[{DASHES}]{{1,4}}(?P<name>[A-Za-zＡ-Ｚａ-ｚ][^\s=＝:：\"“「『]*)(?P<equals>[=＝:：])?")
_END = re.compile(rf"[{DASHES}]{{2,4}}(?=\s|$)")
# An expression may hold spaces: ``-n {{ count + 1 }}``.
_WORD_START = re.compile(r"(?<!\S)(?=\S)")
_WORD = re.compile(r"(?:\{\{.*?\}\}|\S)+")
_CLOSING = {'"': '"”“', "'": "'’‘", "“": '”"', "‘": "’'", "「": "」", "『": "』"}
