"""Pictures in a notebook: ``%%dalle``, a history to run again, a panel, and a painter that needs no key.

Importing this imports nothing heavy: each name is fetched from its room when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import (
    AuthenticationError,
    BadAnswer,
    BillingError,
    BudgetError,
    ConfirmationNeeded,
    ConnectionFailed,
    DalleError,
    DrawError,
    DrawTimeout,
    Interrupted,
    MaskError,
    ModelNotFound,
    MoneyError,
    OptionError,
    PromptError,
    RateLimitError,
    ReferenceNotFound,
    RefusedError,
    RequestError,
    ServerError,
    SettingsError,
    StoreDamaged,
    StoreError,
    StoreUnwritable,
)

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from dalle_nb._generator import ImageGenerator
    from dalle_nb._history import History
    from dalle_nb._importing import identify, import_file
    from dalle_nb._jobs import Jobs
    from dalle_nb._login import login
    from dalle_nb._many import batch, sweep
    from dalle_nb._prompts import Prompt
    from dalle_nb._run import Picture, Run
    from dalle_nb._serve import serve
    from dalle_nb._styles import styles
    from dalle_nb._sweep import Sweeps
    from dalle_nb._verbs import configure, edit, generate, rerun, vary
    from dalle_nb.widgets.mask_painter import MaskPainter
    from dalle_nb.widgets.panel import panel

    history: History
    jobs: Jobs
    sweeps: Sweeps
    last: Run | None

__version__ = "0.1.0.dev0"

_ROOMS = {
    "ImageGenerator": "_generator",
    "configure": "_verbs",
    "edit": "_verbs",
    "generate": "_verbs",
    "rerun": "_verbs",
    "vary": "_verbs",
    "identify": "_importing",
    "import_file": "_importing",
    "login": "_login",
    "batch": "_many",
    "sweep": "_many",
    "Prompt": "_prompts",
    "Picture": "_run",
    "Run": "_run",
    "panel": "widgets.panel",
    "serve": "_serve",
    "styles": "_styles",
    "MaskPainter": "widgets.mask_painter",
}


def __getattr__(name: str) -> Any:
    """Fetch a public name. ``history``, ``jobs``, ``sweeps``, ``last`` belong to the default generator of the moment."""
    if name in _ROOMS:
        return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    if name == "history":
        return import_module(f"{__name__}._history").History(_default_generator())
    if name == "sweeps":
        return import_module(f"{__name__}._sweep").Sweeps(_default_generator())
    if name == "jobs":
        return import_module(f"{__name__}._jobs").Jobs(_default_generator())
    if name == "last":
        return _default_generator().last
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics: ``%load_ext dalle_nb``."""
    from dalle_nb._magic import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics away again."""
    from dalle_nb._magic import unload

    unload(shell)


def _default_generator() -> ImageGenerator:
    from dalle_nb._generator import default_generator

    return default_generator()


__all__ = [
    "AuthenticationError",
    "BadAnswer",
    "BillingError",
    "BudgetError",
    "ConfirmationNeeded",
    "ConnectionFailed",
    "DalleError",
    "DrawError",
    "DrawTimeout",
    "ImageGenerator",
    "Interrupted",
    "MaskError",
    "MaskPainter",
    "ModelNotFound",
    "MoneyError",
    "OptionError",
    "Picture",
    "Prompt",
    "PromptError",
    "RateLimitError",
    "ReferenceNotFound",
    "RefusedError",
    "RequestError",
    "Run",
    "ServerError",
    "SettingsError",
    "StoreDamaged",
    "StoreError",
    "StoreUnwritable",
    "batch",
    "configure",
    "edit",
    "generate",
    "history",
    "identify",
    "import_file",
    "jobs",
    "last",
    "login",
    "panel",
    "rerun",
    "serve",
    "styles",
    "sweep",
    "sweeps",
    "vary",
]
