"""What the file system under the store is like: can SQLite's WAL live there, and does it last."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

_MOUNTS = Path("/proc/self/mounts")

# WAL needs memory shared by all who have the database open, which no network can give (sqlite.org/wal.html).
_NETWORKED = ("nfs", "cifs", "smb", "9p", "fuse", "lustre", "ceph", "glusterfs", "afs", "gpfs", "beegfs")
_IN_MEMORY = ("tmpfs", "ramfs")

# Machines that are thrown away after the session, known by what they set.
_FORGETFUL = ("COLAB_RELEASE_TAG", "BINDER_SERVICE_HOST", "BINDER_REPO_URL", "KAGGLE_KERNEL_RUN_TYPE")


def carries_wal(folder: Path) -> bool:
    """Return whether all who open a database in the folder share one memory."""
    return not file_system(folder).startswith(_NETWORKED)


def is_lasting(folder: Path, environ: Mapping[str, str]) -> bool:
    """Return whether what is kept in the folder will be there in the next session, as far as can be told."""
    kind = file_system(folder)
    if kind.startswith(_IN_MEMORY) or folder.resolve().is_relative_to(Path(tempfile.gettempdir()).resolve()):
        return False
    # A drive mounted from elsewhere outlives even a machine that forgets.
    return kind.startswith(_NETWORKED) or not any(name in environ for name in _FORGETFUL)


def file_system(folder: Path) -> str:
    """Return the kind of file system that holds the folder, as Linux names it; empty where it does not tell."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    target = os.path.realpath(folder)
    mounts = [(words[1].replace("\\040", " "), words[2]) for words in map(str.split, lines)]
    above = [(len(point), kind) for point, kind in mounts if Path(target).is_relative_to(point)]
    # Of two mounts on the same point the later one is seen.
    return max(reversed(above), key=lambda mount: mount[0])[1] if above else ""
