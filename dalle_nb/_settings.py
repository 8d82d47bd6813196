"""Everything a user may set, and the order in which the places where it was said count.

``None`` means nobody said. What belongs to a Request (model, size, quality…) goes along as ``options``;
the rest says where and how pictures are drawn. Must not know backends or the store.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dalle_nb._errors import OptionError, SettingsError
from dalle_nb._language import LANGUAGES, language_of, tr
from dalle_nb._options import OPTIONS, nearest, option

LAYERS = ("flag", "panel", "configure", "login", "config", "environment", "project", "default")
"""Where a setting may be said; the first that says something counts."""

MICROS = 1_000_000
PERIODS = ("day", "month", "total")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How pictures are drawn, kept and shown. Money in millionths of a dollar, time in seconds."""

    backend: str = "auto"
    base_url: str | None = None
    server: str = "auto"
    """Name of the catalogue's profile of the server; ``auto`` knows it by its address."""
    api_key: str | None = field(default=None, repr=False)
    organization: str | None = None
    project: str | None = None
    azure_endpoint: str | None = None
    api_version: str | None = None
    home: Path | None = None
    language: str = "auto"
    record: bool = True
    reuse: bool = True
    budget: int | None = None
    per: str = "total"
    confirm_above: int = MICROS
    retry: str = "safe"
    timeout: float = 300.0
    retired: str = "translate"
    display: str = "thumbnail"
    thumbnail: int = 512
    options: Mapping[str, Any] = field(default_factory=dict)
    """Defaults for Requests, by Option name."""
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Which layer said each value."""

    def tongue(self, text: str = "") -> str:
        """Return the language to answer in: the one set, else that of the user's own words, else English."""
        return self.language if self.language in LANGUAGES else language_of(text) or "en"


def resolve(layers: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Return the Settings that the layers give together, the earliest of `LAYERS` first.

    Raises:
        SettingsError: a name or value that is not known, with the nearest that is.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in LAYERS:
        for name, value in layers.get(layer, {}).items():
            if value is not None and name not in values:
                values[name], origins[name] = parse_setting(name, value), layer
    own = {name: values.pop(name) for name in list(values) if name in _PARSERS}
    return Settings(**own, options=MappingProxyType(values), origins=MappingProxyType(origins))


def parse_setting(name: str, value: Any) -> Any:
    """Return the value of a setting or of a Request option's default, checked.

    Raises:
        SettingsError: the name or the value is not known.
    """
    if name in _PARSERS:
        return _PARSERS[name](name, value)
    if name not in REQUEST_OPTIONS:
        raise SettingsError(
            tr("There is no setting {name}.", name=repr(name)),
            tr("Try: {names}", names=nearest(name, (*_PARSERS, *REQUEST_OPTIONS))),
        )
    try:
        return option(name).parse(value)
    except OptionError as error:
        raise SettingsError(error.what, error.fix) from error


def read_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what the environment sets: the SDK's own variables and ``DALLE_NB_*``."""
    said = {name: environ.get(variable) or None for name, variable in _VARIABLES.items()}
    for name in (*_PARSERS, *REQUEST_OPTIONS):
        said[name] = environ.get(f"DALLE_NB_{name.upper()}") or said.get(name)
    return {name: value for name, value in said.items() if value is not None}


def read_project(folder: Path) -> dict[str, Any]:
    """Return the Request options that ``[tool.dalle_nb]`` sets in the nearest pyproject.toml.

    Only those: a cloned repository must not be able to redirect a key, spend or move the store.

    Raises:
        SettingsError: the table sets anything else, or is no TOML.
    """
    path = next((path for path in _candidates(folder) if path.is_file()), None)
    if path is None:
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("dalle_nb", {})
    except (OSError, ValueError) as error:
        raise SettingsError(
            tr("{path} cannot be read: {reason}", path=path, reason=error), tr("Mend the file, or move it.")
        ) from error
    strangers = [name for name in table if name not in REQUEST_OPTIONS]
    if strangers:
        raise SettingsError(
            tr("A project file may not set {names}.", names=", ".join(strangers)),
            tr(
                "In {path}, keep request options only ({names}).", path=path, names=", ".join(REQUEST_OPTIONS)
            ),
        )
    return dict(table)


def home_folder(settings: Settings) -> Path:
    """Return the folder of the store: the one set, else the platform's data folder."""
    if settings.home is not None:
        return settings.home
    from platformdirs import user_data_path

    return user_data_path("dalle_nb", appauthor=False)


def _candidates(folder: Path) -> list[Path]:
    return [parent / "pyproject.toml" for parent in (folder, *folder.parents)]


def _wrong(name: str, value: Any, legal: str) -> SettingsError:
    return SettingsError(
        tr("{value} is not a value of {name}.", value=repr(value)[:80], name=name),
        tr("Try: {names}", names=legal),
    )


def _text(_: str, value: Any) -> str:
    return str(value).strip()


def _flag(name: str, value: Any) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if isinstance(value, bool):
        return value
    if str(value).lower() not in words:
        raise _wrong(name, value, "true | false")
    return words[str(value).lower()]


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


def _pixels(name: str, value: Any) -> int:
    if not str(value).isdigit() or not 64 <= int(value) <= 2048:
        raise _wrong(name, value, "64 … 2048")
    return int(value)


def _path(_: str, value: Any) -> Path:
    return Path(value).expanduser()


def _choice(*choices: str) -> Callable[[str, Any], str]:
    def choose(name: str, value: Any) -> str:
        if value not in choices:
            raise _wrong(name, value, " | ".join(choices))
        return str(value)

    return choose


_PARSERS: dict[str, Callable[[str, Any], Any]] = {
    "backend": _choice("auto", "openai", "offline"),
    "base_url": _text,
    "server": _text,
    "api_key": _text,
    "organization": _text,
    "project": _text,
    "azure_endpoint": _text,
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
    "display": _choice("thumbnail", "full"),
    "thumbnail": _pixels,
}

_VARIABLES = {
    "api_key": "OPENAI_API_KEY",
    "base_url": "OPENAI_BASE_URL",
    "organization": "OPENAI_ORG_ID",
    "project": "OPENAI_PROJECT_ID",
    "azure_endpoint": "AZURE_OPENAI_ENDPOINT",
    "api_version": "OPENAI_API_VERSION",
}

REQUEST_OPTIONS = ("model", *(row.name for row in OPTIONS if row.scope == "request" and row.name != "model"))
"""Names that may be given a default anywhere, a project file included."""

SETTINGS = tuple(item.name for item in fields(Settings) if item.name in _PARSERS)
"""Names of all settings that are not Request options."""


def environment() -> Mapping[str, str]:
    """Return the process's environment; the one place that touches it."""
    return os.environ
