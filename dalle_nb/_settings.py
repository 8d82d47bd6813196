"""Everything a user may set, and the order in which the places where it was said count.

``None`` means nobody said. What belongs to a Request (model, size, quality…) goes along as ``options``;
the rest says where and how pictures are drawn. Must not know backends or the store.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dalle_nb._errors import OptionError, SettingsError
from dalle_nb._language import LANGUAGES, language_of, tr
from dalle_nb._options import OPTIONS, nearest, option
from dalle_nb._setting_values import MICROS, READERS, Secret

LAYERS = ("flag", "panel", "configure", "login", "config", "environment", "project", "default")
"""Where a setting may be said; the first that says something counts."""

KEY_LAYERS = ("login", "environment")
"""The only places a key may come from: what is typed into a cell stays in the notebook."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How pictures are drawn, kept and shown. Money in millionths of a dollar, time in seconds."""

    backend: str = "auto"
    base_url: str | None = None
    server: str = "auto"
    """Name of the catalogue's profile of the server; ``auto`` knows it by its address."""
    api_key: Secret | None = field(default=None, repr=False)
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
    concurrency: int | None = None
    """Requests of one batch that are drawn at once."""
    per_minute: int | None = None
    """Pictures that all processes together may ask of one server and key in a minute."""
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
        for said, value in layers.get(layer, {}).items():
            name = setting_name(said)
            if name == "api_key" and value is not None and layer not in KEY_LAYERS:
                raise _typed_key()
            if value is not None and name not in values:
                values[name], origins[name] = parse_setting(name, value), layer
    own = {name: values.pop(name) for name in list(values) if name in READERS}
    return Settings(**own, options=MappingProxyType(values), origins=MappingProxyType(origins))


def parse_setting(name: str, value: Any) -> Any:
    """Return the value of a setting or of a Request option's default, checked.

    Raises:
        SettingsError: the name or the value is not known.
    """
    name = setting_name(name)
    if name in READERS:
        return READERS[name](name, value)
    try:
        return option(name).parse(value)
    except OptionError as error:
        raise SettingsError(error.what, error.fix) from error


def setting_name(said: str) -> str:
    """Return the one name of a setting or Request option, which may also go by the API's name for it.

    Raises:
        SettingsError: there is none, with the nearest that there is.
    """
    if said in READERS or said in REQUEST_OPTIONS:
        return said
    alias = next((row.name for row in OPTIONS if said == row.parameter and row.name in REQUEST_OPTIONS), None)
    if alias is None:
        raise SettingsError(
            tr("There is no setting {name}.", name=repr(said)[:80]),
            tr("Try: {names}", names=nearest(said, (*READERS, *REQUEST_OPTIONS))),
        )
    return alias


def read_environment(environ: Mapping[str, str], *, azure: bool = False) -> dict[str, Any]:
    """Return what the environment sets: the SDK's own variables and ``DALLE_NB_*``.

    With ``azure``, or an Azure endpoint in the environment, Azure's own key goes before OpenAI's.
    """
    environ = dict(environ)  # what the system gives decodes a name at each look
    said = {name: environ.get(variable) or None for name, variable in _VARIABLES.items()}
    for name in (*READERS, *REQUEST_OPTIONS):
        said[name] = environ.get(f"DALLE_NB_{name.upper()}") or said.get(name)
    if azure or said["azure_endpoint"]:
        said["api_key"] = environ.get("AZURE_OPENAI_API_KEY") or said["api_key"]
    if said["api_key"] is not None:
        said["api_key"] = Secret(said["api_key"])
    return {name: value for name, value in said.items() if value is not None}


def notebook_name(environ: Mapping[str, str]) -> str | None:
    """Return the file name of the notebook that runs here, where Jupyter tells it."""
    return Path(environ.get("JPY_SESSION_NAME", "")).name or None


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
        table = _project_table(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        raise SettingsError(
            tr("{path} cannot be read: {reason}.", path=path, reason=error), tr("Mend the file, or move it.")
        ) from error
    strangers = [name for name in table if setting_name(name) in READERS]
    if strangers:
        raise SettingsError(
            tr("A project file may not set {names}.", names=", ".join(strangers)),
            tr(
                "In {path}, keep request options only ({names}).", path=path, names=", ".join(REQUEST_OPTIONS)
            ),
        )
    return dict(table)


@lru_cache(maxsize=8)
def _project_table(path: Path, _changed: int) -> Mapping[str, Any]:
    """Return the file's table of ours; read once for each state of the file, as settings are looked at often."""
    table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("dalle_nb", {})
    if not isinstance(table, dict):
        raise ValueError("tool.dalle_nb is no table")
    return MappingProxyType(table)


def home_folder(settings: Settings) -> Path:
    """Return the folder of the store: the one set, else the platform's data folder."""
    if settings.home is not None:
        return settings.home
    from platformdirs import user_data_path

    return user_data_path("dalle_nb", appauthor=False)


def _candidates(folder: Path) -> list[Path]:
    return [parent / "pyproject.toml" for parent in (folder, *folder.parents)]


def _typed_key() -> SettingsError:
    return SettingsError(
        tr("A key is never written into code, a cell or a project file."),
        tr("Run dn.login() or %dalle_login, which ask for it unseen, or set OPENAI_API_KEY."),
    )


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

SETTINGS = tuple(item.name for item in fields(Settings) if item.name in READERS)
"""Names of all settings that are not Request options."""


def environment() -> Mapping[str, str]:
    """Return the process's environment; the one place that touches it."""
    return os.environ
