"""What is configured, who would draw, and whether pictures would be kept: facts, and never a key."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from dalle_nb._errors import DalleError, StoreError
from dalle_nb._language import tr
from dalle_nb.backends import backend_name

if TYPE_CHECKING:
    from dalle_nb._generator import ImageGenerator
    from dalle_nb._settings import Settings

_CONNECTION = ("base_url", "azure_endpoint", "organization", "project")
_PACKAGES = ("dalle-nb", "openai", "ipython", "ipywidgets", "pillow", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact, and whether it is well (None where it is neither)."""

    name: str
    value: str
    good: bool | None = None


def examine(generator: ImageGenerator, *, ask: bool = False) -> list[Finding]:
    """Return what was found, in the order of interest.

    With ``ask`` the backend is asked too whether it would draw: for a server that is a call over the
    network, which draws and costs nothing.
    """
    found = [*_backend(generator.settings), *_store(generator), *_versions()]
    return [*found, *_answers(generator)] if ask else found


def _backend(settings: Settings) -> list[Finding]:
    name = backend_name(settings)
    why = tr("as set") if settings.backend != "auto" else tr("chosen: a key or a server is set")
    if name == "offline" and settings.backend == "auto":
        why = tr("chosen: no key and no server is set")
    found = [Finding(name=tr("draws"), value=f"{name} ({why})", good=True)]
    if settings.api_key:
        found.append(
            Finding(name=tr("key"), value=tr("set, by {layer}", layer=settings.origins["api_key"]), good=True)
        )
    else:
        found.append(Finding(name=tr("key"), value=tr("none; %dalle_login asks for one")))
    return [*found, *(_said(settings, name) for name in _CONNECTION if getattr(settings, name))]


def _said(settings: Settings, name: str) -> Finding:
    # An address may carry a password.
    value = re.sub(r"//[^/@]*@", "//…@", str(getattr(settings, name)))
    return Finding(name=name, value=f"{value} ({settings.origins[name]})")


def _store(generator: ImageGenerator) -> list[Finding]:
    try:
        facts = generator.store.probe()
    except StoreError as error:
        return [Finding(name=tr("store"), value=f"{error.what} {error.fix}", good=False)]
    # A place that forgets is worth knowing and no fault: a lesson on Binder works.
    lasting = tr("lasts") if facts.lasting else tr("gone when this machine is: save what you want to keep")
    room = tr("{runs} Runs, {free} GB free", runs=facts.runs, free=round(facts.free / 1e9, 1))
    return [
        Finding(name=tr("store"), value=str(facts.home), good=True),
        Finding(name=tr("room"), value=room, good=True),
        Finding(name=tr("keeps"), value=lasting, good=facts.lasting or None),
        *(Finding(name=tr("database"), value=complaint, good=False) for complaint in facts.complaints),
    ]


def _versions() -> list[Finding]:
    packages = [f"{name} {found}" for name in _PACKAGES if (found := _version(name))]
    return [Finding(name=tr("versions"), value=", ".join([f"Python {platform.python_version()}", *packages]))]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _answers(generator: ImageGenerator) -> list[Finding]:
    try:
        return [Finding(name=tr("answer"), value=line, good=True) for line in generator.backend.check()]
    except DalleError as error:
        return [Finding(name=tr("answer"), value=f"{error.what} {error.fix}", good=False)]
