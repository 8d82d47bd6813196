"""`dalle-nb serve` in a process of its own, as a user starts it, and clients for it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import requests
from conftest import FOREIGN, own_environment
from PIL import Image

TOKEN = "any-key-will-do"
OPENED: list[openai.OpenAI] = []


@dataclass
class Server:
    """One server's home, and the process that serves it."""

    folder: Path
    words: tuple[str, ...] = ()
    """Further words of its command line."""
    process: subprocess.Popen[str] = field(init=False)
    root: str = field(init=False)
    """`http://127.0.0.1:port`."""

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to know to draw here: the source tutorial's, with another host and key."""
        return {**own(self.folder), "OPENAI_BASE_URL": f"{self.root}/v1", "OPENAI_API_KEY": TOKEN}

    def start(self) -> None:
        """Serve; returns when calls are taken."""
        command = [sys.executable, "-m", "dalle_nb", "serve", "--port", "0", *self.words]
        environment = {**own(self.folder), "DALLE_NB_BACKEND": "offline"}
        with (self.folder / "serve.log").open("a") as log:
            self.process = subprocess.Popen(
                command, text=True, env=environment, stdout=subprocess.PIPE, stderr=log
            )
        assert self.process.stdout
        for line in self.process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.root = found[0]
                return
        raise AssertionError((self.folder / "serve.log").read_text())

    def stop(self, *, kill: bool = False) -> int:
        """End it as Ctrl-C does, or as a power cut does; return the exit status."""
        (self.process.kill if kill else self.process.terminate)()
        status = self.process.wait(60)
        assert self.process.stdout
        self.process.stdout.close()
        return status

    def client(self, token: str = TOKEN) -> openai.OpenAI:
        """Return the newest SDK's client; what fails is not asked again."""
        return connect(self.root, token)


def connect(root: str, token: str = TOKEN) -> openai.OpenAI:
    """Return the newest SDK's client, which asks once; it is closed when the test ends."""
    client = openai.OpenAI(base_url=f"{root}/v1", api_key=token, max_retries=0)
    OPENED.append(client)
    return client


def hang_up() -> None:
    """Close the clients of a test: a socket left to the garbage collector warns in whatever test comes then."""
    while OPENED:
        OPENED.pop().close()


def own(folder: Path) -> dict[str, str]:
    """Return the environment with a home in that folder, and no key in it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**clean, **own_environment(folder)}


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[Server]:
    """Serve a home of its own while the block runs."""
    server = Server(folder, words)
    server.start()
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def wait_for(truth: Callable[[], bool], seconds: float = 150) -> None:
    """Return when it has become true; fail where it does not."""
    end = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < end, "It did not become true."
        time.sleep(0.02)


@dataclass(frozen=True)
class Seen:
    """What a painted file shows and tells: its size, and the words that it was painted from."""

    size: tuple[int, int]
    prompt: str


def look(data: bytes) -> Seen:
    image = Image.open(io.BytesIO(data))
    image.load()
    recipe = json.loads(image.info.get("dalle_nb_recipe", "{}")).get("dalle_nb_recipe", {})
    return Seen(image.size, recipe.get("prompt", ""))


def fetch(link: str) -> Seen:
    """Return what a link leads to."""
    answer = requests.get(link, timeout=60)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    return look(answer.content)


def line(ident: str, prompt: str, **body: Any) -> dict[str, Any]:
    """Return a batch's request for a small picture."""
    wanted = {"model": "dall-e-2", "size": "256x256", "response_format": "b64_json", "prompt": prompt, **body}
    return {"custom_id": ident, "method": "POST", "url": "/v1/images/generations", "body": wanted}
