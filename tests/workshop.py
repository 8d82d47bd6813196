"""Workshops at the loopback server: the key, the environment, and processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from openai_server.handle import Api

from dalle_nb import ImageGenerator

KEY = "sk-proj-tR7uVq2LxZ9wKc4Yb8Nd"


def environment(api: Api) -> dict[str, str]:
    """Return what makes the loopback server OpenAI itself."""
    return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": api.url, "DALLE_NB_SERVER": "openai"}


def forget(generator: ImageGenerator) -> None:
    """Close the connections that a generator leaves open for the next call."""
    for backend in generator._shared.backends.values():
        if backend.name == "openai":
            backend._wire.client().close()


def start(program: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start a Python program of these lines in a process of its own."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen([sys.executable, "-c", program, *arguments], text=True, **pipes)


def command(*words: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command line, and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "dalle_nb", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environ},
    )
