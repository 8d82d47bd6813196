"""Where in a notebook the code that runs now stands: which notebook, which cell, which execution of it.

Asks the running shell, and knows nothing of pictures.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dalle_nb._settings import environment, notebook_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One execution of one cell. Outside a notebook there is one cell only, which ends with the process."""

    cell: str = ""
    """The front end's own name for it; empty where it gives none."""
    execution: int = 0


def place_of_now() -> Place:
    """Return where the code that runs now stands."""
    shell = _shell()
    if shell is None:
        return Place()
    header = shell.get_parent() if hasattr(shell, "get_parent") else {}
    cell = (header or {}).get("metadata", {}).get("cellId") or ""
    return Place(cell=str(cell), execution=shell.execution_count)


def notebook_of_now() -> str | None:
    """Return the file name of the notebook that runs here, where Jupyter or VS Code tells it."""
    shell = _shell()
    path = shell.user_ns.get("__vsc_ipynb_file__") if shell else None
    return Path(path).name if isinstance(path, str) else notebook_name(environment())


def stay_under_cell() -> None:
    """Let what this thread shows from now on appear under the cell that runs now.

    A kernel sends output to the cell of the thread's context. A plain thread has none, so that its picture
    would appear under whatever cell runs when it comes at last.
    """
    shell = _shell()
    if not hasattr(shell, "set_thread_parent") or threading.current_thread() is threading.main_thread():
        return
    if (pinned := _pinned.get()) is not None:
        # A thread of a pool, back from another cell. A context copied from a pinned one keeps its cell.
        with suppress(ValueError):
            shell.reset_thread_parent(pinned)
    if not any(variable.name == "parent_header" for variable in copy_context()):
        _pinned.set(shell.set_thread_parent(shell.get_parent()))


def _shell() -> Any:
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


_pinned: ContextVar[Any] = ContextVar("dalle_nb_pinned", default=None)
