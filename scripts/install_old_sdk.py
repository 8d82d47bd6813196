"""Install an SDK of the source tutorial's days for the tests that run its programs, and print its folder.

It goes into a folder of its own beside this Python's packages, whose SDK is new: who wants the old one puts
that folder on PYTHONPATH. Nothing is fetched where it is installed already.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# The SDK of December 2023, and the newest httpx that it can still open.
WANTED = ("openai==1.6.1", "httpx==0.27.2")
FOLDER = Path(sys.prefix) / "old-sdk"


def install() -> Path:
    """Return the folder that holds what is wanted, installed if need be."""
    done = FOLDER / "installed.txt"
    if not done.exists() or done.read_text() != "\n".join(WANTED):
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--no-warn-conflicts"]
        subprocess.run([*pip, "--target", str(FOLDER), *WANTED], stdout=sys.stderr, check=True)
        # Written last: it says that everything before it went well.
        done.write_text("\n".join(WANTED))
    return FOLDER


if __name__ == "__main__":
    print(install())
