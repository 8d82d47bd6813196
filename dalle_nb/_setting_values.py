"""The values that settings take: what was typed in a cell, a form or a variable, read into its one form.

Knows one value at a time, and not who said it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from dalle_nb._catalog import load_catalog
from dalle_nb._errors import SettingsError
from dalle_nb._language import LANGUAGES, tr
from dalle_nb._options import nearest

MICROS = 1_000_000
PERIODS = ("day", "month", "total")


class Secret(str):
    """A key. Its repr hides it, so that no traceback, however talkative, shows it; it is never pickled."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


def _wrong(name: str, value: Any, legal: str) -> SettingsError:
    return SettingsError(
        tr("{value} is not a value of {name}.", value=repr(value)[:80], name=name),
        tr("Try: {names}", names=legal),
    )


def _key(_: str, value: Any) -> Secret:
    key = Secret(str(value).strip())
    # HTTP headers carry nothing else; a pasted line break or smart quote would fail much later.
    if not (key.isascii() and key.isprintable() and " " not in key and key):
        raise SettingsError(
            tr("The key has characters that no key has."), tr("Copy it anew, and run dn.login() again.")
        )
    return key


def _text(_: str, value: Any) -> str:
    return str(value).strip()


def _address(name: str, value: Any) -> str:
    address = str(value).strip()
    if not address.lower().startswith(("http://", "https://")):
        raise _wrong(name, value, "https://api.example.com/v1")
    return address


def _server(name: str, value: Any) -> str:
    known = ("auto", *load_catalog().servers)
    return _choice(*known)(name, value)


def _flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _YES + _NO:
        raise _wrong(name, value, "true | false")
    return word in _YES


def _dollars(name: str, value: Any) -> int:
    try:
        dollars = float(str(value).strip().removeprefix("$"))
    except ValueError:
        raise _wrong(name, value, "0.50") from None
    if not 0 <= dollars < 1e9:
        raise _wrong(name, value, "0.50")
    return round(dollars * MICROS)


def _seconds(name: str, value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise _wrong(name, value, "300") from None
    if not 0 < seconds <= 86_400:
        raise _wrong(name, value, "300")
    return seconds


def _count(name: str, value: Any) -> int:
    if not str(value).isdecimal() or not 1 <= int(value) <= 100_000:
        raise _wrong(name, value, "5")
    return int(value)


def _pixels(name: str, value: Any) -> int:
    if not str(value).isdigit() or not 64 <= int(value) <= 2048:
        raise _wrong(name, value, "64 … 2048")
    return int(value)


def _path(name: str, value: Any) -> Path:
    try:
        # Absolute, so that a later change of folder does not open another history.
        return Path(value).expanduser().absolute()
    except (RuntimeError, TypeError, ValueError):
        raise _wrong(name, value, "~/pictures") from None


def _choice(*choices: str) -> Callable[[str, Any], str]:
    def choose(name: str, value: Any) -> str:
        if value not in choices:
            right = nearest(str(value), choices)
            raise _wrong(name, value, " | ".join([right, *(each for each in choices if each != right)]))
        return str(value)

    return choose


_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off")

READERS: dict[str, Callable[[str, Any], Any]] = {
    "backend": _choice("auto", "openai", "offline"),
    "base_url": _address,
    "server": _server,
    "api_key": _key,
    "organization": _text,
    "project": _text,
    "azure_endpoint": _address,
    "api_version": _text,
    "home": _path,
    "language": _choice("auto", *LANGUAGES),
    "record": _flag,
    "reuse": _flag,
    "budget": _dollars,
    "per": _choice(*PERIODS),
    "confirm_above": _dollars,
    "retry": _choice("safe", "always", "never"),
    "timeout": _seconds,
    "retired": _choice("translate", "error"),
    "concurrency": _count,
    "per_minute": _count,
    "display": _choice("thumbnail", "full"),
    "thumbnail": _pixels,
}
"""Reads each setting: its name and what was said in, its value out; SettingsError names the nearest that is legal."""
