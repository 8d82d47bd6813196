"""Which process something belongs to, and whether it still lives.

A row or temporary file of a living kernel is never touched, so a process must not be mistaken for
another one that had its number before: it is named by number, start and machine.
"""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

FOREIGN_PATIENCE = timedelta(days=1)
"""How long what belongs to another machine is left alone; no drawing takes longer."""

SERVER = "server"
"""Owner of the Runs of a Job: they are drawn elsewhere, whichever process sent them off."""

_PROC = Path("/proc")


def owner() -> str:
    """Return the name of this process: its number, when it began, its machine."""
    return _name_of(os.getpid())


def alive(name: str, since: datetime) -> bool:
    """Return whether the process of that name may still be at work on what it began at ``since``."""
    if name == SERVER:
        return True
    number, began, machine = name.split(".", 2)
    if machine != platform.node():
        return datetime.now(UTC) - since < FOREIGN_PATIENCE
    return _began(int(number)) == began


@cache
def _name_of(number: int) -> str:
    return f"{number}.{_began(number)}.{platform.node()}"


def _began(number: int) -> str | None:
    """Return when a process of this machine began, in the system's own count; None if there is none."""
    if (_PROC / "self" / "stat").exists():
        try:
            words = (_PROC / str(number) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        # After the program's name come the state (Z and X are dead) and, as the 20th word, the start:
        # ticks since the machine's own start, so that setting the clock does not change it.
        return None if words[0] in "ZX" else words[19]
    import psutil  # type: ignore[import-untyped]  # it publishes no types

    try:
        return str(int(psutil.Process(number).create_time()))
    except psutil.Error:
        return None
