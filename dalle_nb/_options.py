"""Every option, told once: magic, completions, panel, CLI, HTTP app and README read this table.

Must not import the catalogue: an Option's choices receive the Model when asked. Whether a model takes a
value is `_rules`' business; here a value is only read and put into its one canonical form.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Literal

from dalle_nb._errors import OptionError
from dalle_nb._language import tr

if TYPE_CHECKING:
    from dalle_nb._catalog import Model
    from dalle_nb._records import Value

Type = Literal["text", "integer", "number", "flag", "size", "json", "reference"]
Scope = Literal["request", "source", "call"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing a user may set.

    ``scope`` says where it goes: ``request`` into `Request.options` (``model`` into `Request.model`),
    ``source`` names pictures, ``call`` is about this one call and no part of the Request.
    """

    name: str
    flags: tuple[str, ...]
    help: str
    type: Type = "text"
    scope: Scope = "request"
    off: tuple[str, ...] = ()
    """Flags that say no."""
    metavar: str = ""
    short: bool = False
    """Whether it is one of the eight that ``%%dalle?`` shows."""
    repeatable: bool = False
    many: bool = False
    """Whether it is about a batch or sweep, and means nothing for one drawing."""
    words: tuple[str, ...] = ()
    """The only values it takes, whatever the model."""
    choices: Callable[[Model], tuple[str, ...]] | None = None
    """The values that a model takes, where that depends on the model."""
    parameter: str = ""
    """What the Images API calls it, where it knows it."""
    least: float | None = None
    most: float | None = None

    @property
    def usage(self) -> str:
        """How it is written, for a list of options: ``-s, --size WxH``."""
        return " ".join(filter(None, (", ".join((*self.flags, *self.off)), self.metavar)))

    def values(self, model: Model | None = None) -> tuple[str, ...]:
        """Return the values to offer for a model; nothing where any value may do."""
        if self.choices and model:
            return self.choices(model)
        return self.words

    def parse(self, value: object) -> Value:
        """Return the canonical value for what was typed in a cell, a form or Python.

        Raises OptionError for what this option can mean on no model, naming the nearest value that it can.
        """
        read = _READERS[self.type](self, value)
        if self.words and read not in self.words:
            raise self.unreadable(value, nearest(str(read), self.words))
        if isinstance(read, int | float) and not isinstance(read, bool):
            self._measure(read)
        return read

    def spelled(self, value: object) -> str:
        """Return how the option with that value is written in a magic: ``--size 1024x1024``."""
        if value is True or value is False:
            return (self.flags if value else self.off or self.flags)[-1]
        words = json.dumps(value) if isinstance(value, Mapping) else str(value)
        quoted = f"'{words}'" if re.search(r"[\s{]", words) else words
        return f"{self.flags[-1]} {quoted}"

    def unreadable(self, value: object, right: object) -> OptionError:
        """Return the error for a value that it does not take, with one that it does."""
        what = tr("{flag} does not take {value}.", flag=self.flags[-1], value=repr(value)[:80])
        return OptionError(what, tr("Try: {spelling}", spelling=self.spelled(right)))

    def _measure(self, number: float) -> None:
        if self.least is not None and number < self.least:
            raise self.unreadable(number, self.least)
        if self.most is not None and number > self.most:
            raise self.unreadable(number, self.most)


def option(name: str) -> Option:
    """Return the Option of that name, flag or API parameter; OptionError names the nearest one there is."""
    found = _BY_NAME.get(name) or _BY_NAME.get(name.replace("-", "_"))
    if found is None:
        right = nearest(name, tuple(_BY_NAME))
        what = tr("There is no option {name}.", name=name)
        raise OptionError(what, tr("Did you mean {right}? %dalle_help --all lists all.", right=right))
    return found


def nearest(word: str, words: tuple[str, ...]) -> str:
    """Return the one of the words that is most like the one given; the first where none is."""
    alike = get_close_matches(word.lower(), words, n=1, cutoff=0.3)
    return alike[0] if alike else words[0]


def normalise_options(text: str) -> str:
    """Return option text as typed with a Chinese keyboard or smart dashes in plain ASCII spelling.

    Full-width letters, digits, punctuation and spaces, curly quotes, and dashes that begin a word. Give it
    options only: a prompt is never touched.
    """
    plain = "".join(unicodedata.normalize("NFKC", c) if "\uff01" <= c <= "\uff5e" else c for c in text)
    plain = plain.replace("\u3000", " ").translate(_QUOTES)
    return re.sub(r"(?<!\S)[-‐‑‒–—―−]+(?=\w)(\w*)", _dashes, plain)


_QUOTES = str.maketrans("“”‘’", "\"\"''")


def _dashes(found: re.Match[str]) -> str:
    word = found[1]
    typed = found[0].removesuffix(word)
    if typed.isascii():
        return found[0]
    return ("-" if len(word) == 1 or word.isdigit() else "--") + word


def _read_text(option: Option, value: object) -> Value:
    # Only a closed list of words is folded: a tag, a path or an identifier means what it says.
    return str(value).strip().lower() if option.words or option.choices else str(value)


def _read_integer(option: Option, value: object) -> Value:
    try:
        number = int(str(value).strip().replace("_", "")) if not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None:
        raise option.unreadable(value, int(option.least or 1))
    return number


def _read_number(option: Option, value: object) -> Value:
    try:
        number = float(str(value).strip().lstrip("$").removesuffix("s"))
    except ValueError:
        raise option.unreadable(value, option.least or 1) from None
    if not isfinite(number):
        raise option.unreadable(value, option.least or 1)
    return number


def _read_flag(option: Option, value: object) -> Value:
    said = {"true": True, "on": True, "yes": True, "1": True, "": True, "是": True}
    said |= {"false": False, "off": False, "no": False, "0": False, "否": False}
    word = str(value).strip().lower()
    if word not in said:
        raise option.unreadable(value, True)
    return said[word]


_SHAPES = {"正方形": "square", "方形": "square", "横向": "landscape", "橫向": "landscape", "纵向": "portrait"}
_SHAPES |= {"縱向": "portrait", "竖向": "portrait", "自动": "auto"}


def _read_size(option: Option, value: object) -> Value:
    typed = "x".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    word = re.sub(r"[×✕╳*]", "x", normalise_options(typed).lower().replace(" ", ""))
    word = _SHAPES.get(word, word)
    if word in ("auto", "square", "landscape", "portrait"):
        return word
    numbers = re.fullmatch(r"0*([1-9]\d{0,4})([x:/])0*([1-9]\d{0,4})", word, re.ASCII)
    if not numbers:
        raise option.unreadable(value, "1024x1024")
    width, between, height = numbers.groups()
    return f"{width}x{height}" if between == "x" else f"{width}:{height}"


def _read_json(option: Option, value: object) -> Value:
    try:
        found = json.loads(value) if isinstance(value, str) else json.loads(json.dumps(value))
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise option.unreadable(value, {"name": "value"})
    return found


_READERS: dict[Type, Callable[[Option, object], Value]] = {
    "text": _read_text,
    "integer": _read_integer,
    "number": _read_number,
    "flag": _read_flag,
    "size": _read_size,
    "json": _read_json,
    "reference": _read_text,
}

# Laid out by hand: a table is read by its rows.
# fmt: off
OPTIONS: tuple[Option, ...] = (
    Option(name="model", flags=("-m", "--model"), metavar="NAME", short=True, help="which model draws"),
    Option(name="n", flags=("-n",), type="integer", metavar="N", short=True, parameter="n", least=1, most=100,
           help="how many pictures"),
    Option(name="size", flags=("-s", "--size"), type="size", metavar="WxH", short=True, parameter="size",
           choices=lambda model: (*model.sizes, "square", "landscape", "portrait"),
           help="WxH in pixels, square, landscape, portrait, auto, or a ratio such as 3:2"),
    Option(name="quality", flags=("-q", "--quality"), metavar="WORD", short=True, parameter="quality",
           choices=lambda model: model.qualities,
           help="how much work goes into the picture, and money with it"),
    Option(name="style", flags=("--style",), metavar="WORD", short=True, parameter="style",
           help="vivid, natural, or a word of %dalle_styles; added to the prompt"),
    Option(name="background", flags=("--background",), metavar="WORD", parameter="background",
           choices=lambda model: model.backgrounds,
           help="transparent, opaque or auto"),
    Option(name="format", flags=("-f", "--format"), metavar="WORD", parameter="output_format",
           choices=lambda model: model.formats,
           help="file format of the picture"),
    Option(name="compression", flags=("--compression",), type="integer", metavar="0-100",
           parameter="output_compression", least=0, most=100,
           help="quality of a jpeg or webp, 100 is best"),
    Option(name="response_format", flags=("--response-format",), metavar="WORD", parameter="response_format",
           words=("url", "b64_json"),
           help="how the server hands the picture over; we keep it either way"),
    Option(name="edit", flags=("--edit",), type="reference", scope="source", metavar="REF", short=True,
           help="change this picture"),
    Option(name="ref", flags=("--ref",), type="reference", scope="source", metavar="REF", repeatable=True,
           help="one more picture to go by; may be given again"),
    Option(name="mask", flags=("--mask",), type="reference", scope="source", metavar="REF", short=True,
           help="where an edit may paint: white, or transparent where there is alpha"),
    Option(name="markup", flags=("--markup",), type="reference", scope="source", metavar="REF",
           help="a transparent PNG of hints, laid over the picture to change"),
    Option(name="strict_mask", flags=("--strict-mask",), off=("--loose-mask",), type="flag",
           help="put the original back outside the mask"),
    Option(name="input_fidelity", flags=("--input-fidelity",), metavar="WORD", parameter="input_fidelity",
           choices=lambda model: model.fidelities,
           help="how closely an edit keeps to its pictures"),
    Option(name="vary", flags=("--vary",), type="reference", scope="source", metavar="REF", short=True,
           help="draw variations of this picture"),
    Option(name="strength", flags=("--strength",), metavar="WORD", words=("subtle", "strong"),
           help="how far a variation may go"),
    Option(name="rerun", flags=("--rerun",), type="reference", scope="source", metavar="REF",
           help="ask the same again, changed as said"),
    Option(name="enhance", flags=("--enhance",), metavar="NAME",
           words=("realistic", "artistic", "cinematic", "minimalist"),
           help="add words that make the prompt richer"),
    Option(name="moderation", flags=("--moderation",), metavar="WORD", parameter="moderation",
           choices=lambda model: model.moderations,
           help="how strictly the server filters"),
    Option(name="partials", flags=("--partials",), type="integer", metavar="N", parameter="partial_images",
           least=0, most=3,
           help="unfinished pictures to show while drawing"),
    Option(name="seed", flags=("--seed",), type="integer", metavar="N", parameter="seed", least=0,
           most=2**63 - 1,
           help="another picture of the same prompt, the same for the same seed"),
    Option(name="complexity", flags=("--complexity",), metavar="WORD", parameter="complexity",
           choices=lambda model: model.complexities,
           help="how intricate the picture is"),
    Option(name="frame_count", flags=("--frame-count",), type="integer", metavar="N", parameter="frame_count",
           least=2, most=16,
           help="pictures in an animated gif"),
    Option(name="frame_duration_ms", flags=("--frame-duration-ms",), type="integer", metavar="MS",
           parameter="frame_duration_ms", least=10, most=60_000,
           help="how long each picture of a gif stays, in milliseconds"),
    Option(name="svg", flags=("--svg",), type="json", metavar="JSON", parameter="svg",
           help="settings of the model that writes an svg"),
    Option(name="safety_identifier", flags=("--safety-identifier",), metavar="TEXT",
           parameter="safety_identifier",
           help="a name for the end user, hashed by you, for the server's abuse checks"),
    Option(name="extra", flags=("--extra",), type="json", metavar="JSON",
           help="more parameters, sent as they are"),
    Option(name="save", flags=("--save",), scope="call", metavar="PATH",
           help="also save to a file, folder or pattern; never overwrites"),
    Option(name="tag", flags=("--tag",), scope="call", metavar="T", repeatable=True,
           help="a word to find it by in the history"),
    Option(name="reuse", flags=("--reuse",), off=("--fresh",), type="flag", scope="call",
           help="take the same request's picture from the history; --fresh draws anew"),
    Option(name="budget", flags=("--budget",), type="number", scope="call", metavar="USD", least=0,
           help="most that this cell may cost, in dollars"),
    Option(name="yes", flags=("--yes",), type="flag", scope="call", help="go ahead without asking"),
    Option(name="dry_run", flags=("--dry-run",), type="flag", scope="call",
           help="only say what would be sent and cost"),
    Option(name="retry", flags=("--retry",), scope="call", metavar="WORD", words=("safe", "always", "never"),
           help="whether to ask again when a call fails"),
    Option(name="timeout", flags=("--timeout",), type="number", scope="call", metavar="S", least=1,
           most=86_400,
           help="seconds to wait in all"),
    Option(name="retired", flags=("--retired",), scope="call", metavar="WORD", words=("translate", "error"),
           help="what to do when the model is retired"),
    Option(name="per_minute", flags=("--per-minute",), type="integer", scope="call", metavar="N", least=1,
           most=100_000,
           help="most pictures to ask for in a minute, in all your notebooks together"),
    Option(name="backend", flags=("--backend",), scope="call", metavar="NAME",
           words=("auto", "openai", "offline"),
           help="who draws"),
    Option(name="quiet", flags=("--quiet",), type="flag", scope="call", help="no caption under the picture"),
    Option(name="concurrency", flags=("--concurrency",), type="integer", scope="call", many=True, metavar="N", least=1,
           most=256,
           help="how many of a batch or sweep to draw at once"),
    Option(name="via", flags=("--via",), scope="call", many=True, metavar="WORD", words=("openai-batch",),
           help="send a batch off as a job, at half the price, and collect it later"),
    Option(name="zip", flags=("--zip",), type="flag", scope="call", many=True,
           help="go through the values of a sweep side by side, not in every combination"),
    Option(name="cap", flags=("--cap",), type="integer", scope="call", many=True, metavar="N", least=1, most=100_000,
           help="most pictures that a sweep may have"),
)
# fmt: on

_BY_NAME: dict[str, Option] = {
    key: each for each in OPTIONS for key in (each.parameter, *each.flags, *each.off, each.name) if key
}
