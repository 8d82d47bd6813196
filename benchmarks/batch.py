"""Measure batches at a server with latency, limits and faults, beside a tutorial's loop and the bare async SDK.

`make bench-batch` prints the table. The server lives in this process, what is measured in processes of its own, in
the same run; pictures are PNGs of 2 MB. Ours verifies, records and syncs them; the others only write files.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

from table import Row, show

ROOT = Path(__file__).parents[1]
PROMPTS, AT_ONCE, LATENCY = 60, 16, 0.3
LOOP = 6
"""Prompts of the tutorial's loop; its time is multiplied, for all sixty take more than a minute."""
KILLS = 20

LOOP_PROGRAM = """
import base64, sys, time, openai
client = openai.OpenAI()
client.models.list()
start = time.perf_counter()
for number in range({count}):
    answer = client.images.generate(model="gpt-image-2", prompt=f"cat number {{number}}", quality="low", size="1024x1024")
    open(f"{{number}}.png", "wb").write(base64.b64decode(answer.data[0].b64_json))
    time.sleep(1)
print(time.perf_counter() - start)
"""
SDK_PROGRAM = """
import asyncio, base64, time, openai
async def main():
    client, turn = openai.AsyncOpenAI(max_retries=0), asyncio.Semaphore({at_once})
    await client.models.list()
    async def one(number):
        async with turn:
            answer = await client.images.generate(model="gpt-image-2", prompt=f"cat number {{number}}", quality="low", size="1024x1024")
        open(f"{{number}}.png", "wb").write(base64.b64decode(answer.data[0].b64_json))
    start = time.perf_counter()
    await asyncio.gather(*map(one, range({count})))
    print(time.perf_counter() - start)
asyncio.run(main())
"""
OURS_PROGRAM = """
import resource, sys, time
import dalle_nb as dn
workshop = dn.ImageGenerator(model="gpt-image-2")
workshop.backend.check(), workshop.store, dn.batch
import numpy, tqdm, PIL.PngImagePlugin
start = time.perf_counter()
made = dn.batch([f"cat number {{n % 60}}" for n in range({count})], generator=workshop, concurrency={at_once}, quality="low",
                size="1024x1024", yes=True)
took = time.perf_counter() - start
assert not made.failed, made.failed
print(took)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""
PROOF_PROGRAM = """
import sys
import dalle_nb as dn
made = dn.batch([f"tabby number {{n}}" for n in range({count})], concurrency={at_once}, quality="low", yes=True)
print(len(made.failed), sum(bool(run.failure and run.failure.what) for run in made.failed))
"""
LOOK_PROGRAM = """
import time
import dalle_nb as dn
board = dn.ImageGenerator().store.gates
board.look("x")
start = time.perf_counter()
for _ in range(500):
    board.look("x")
print((time.perf_counter() - start) / 500)
"""
KINDS = ("429_after_ms:20", "503_after:0", "400_policy", "400_moderation", "500", "502_html",
         "close_mid", "trunc_json", "bad_b64", "trunc_png")  # fmt: skip


def serve() -> Any:
    """Start the server, its pictures kept once drawn, so that drawing them is not what is measured."""
    sys.path.insert(0, str(ROOT / "tests"))
    pictures = import_module("openai_server.pictures")
    for name in ("draw", "to_base64", "to_sha256"):
        setattr(pictures, name, functools.lru_cache(None)(getattr(pictures, name).__wrapped__))
    server = import_module("openai_server.server").Loopback()
    server.start()
    os.environ |= {
        "OPENAI_API_KEY": "sk-bench",
        "OPENAI_BASE_URL": server.api.url,
        "DALLE_NB_SERVER": "openai",
        "DALLE_NB_HOME": tempfile.mkdtemp(),
    }
    return server


def measure_speed(server: Any) -> Iterator[Row]:
    """Draw sixty prompts by the loop, by the bare SDK and by us, turn about, and again with four at once allowed."""
    api = server.forget()
    api.noise = 5
    run(SDK_PROGRAM)  # the server draws what all will be given
    api.latency = LATENCY
    sdk, ours = (min(run(program)[0] for _ in range(2)) for program in (SDK_PROGRAM, OURS_PROGRAM))
    loop = run(LOOP_PROGRAM, count=LOOP)[0] * PROMPTS / LOOP
    yield Row(what="the tutorial's loop / ours", value=f"{loop / ours:.0f}  ({loop:.0f} s of {ours:.2f} s)",
              goal="> 25", good=loop / ours > 25)  # fmt: skip
    yield Row(what="ours, kept / the bare async SDK", value=f"{ours / sdk:.2f}  ({sdk:.2f} s)", goal="< 1.2",
              good=ours / sdk < 1.2)  # fmt: skip
    limit = ceil(PROMPTS / AT_ONCE) * LATENCY
    yield Row(
        what="ours / what latency allows", value=f"{ours / limit:.2f}  ({limit:.1f} s)", goal="", good=True
    )
    api.max_in_flight, before = 4, len(api.calls)
    crowded, limit = run(OURS_PROGRAM)[0], PROMPTS / 4 * LATENCY
    refused = len(api.calls_to("generations")) - before - PROMPTS
    yield Row(what="with 4 at once allowed / that limit", value=f"{crowded / limit:.2f}  ({crowded:.2f} s, {refused} refused)",
              goal="< 1.3", good=crowded / limit < 1.3)  # fmt: skip


def measure_memory(server: Any) -> Iterator[Row]:
    """Take the peak memory of sixty and of six hundred prompts."""
    api = server.api
    api.latency, api.max_in_flight = 0, None
    few, many = (run(OURS_PROGRAM, count=count)[1] / 1e6 for count in (PROMPTS, 10 * PROMPTS))
    yield Row(what="peak memory of 600 prompts", value=f"{many:.0f} MB", goal="< 200 MB", good=many < 200)
    yield Row(
        what="that / the peak of 60",
        value=f"{many / few:.2f}  ({few:.0f} MB)",
        goal="< 1.15",
        good=many / few < 1.15,
    )
    idle = 1000 * run(LOOK_PROGRAM)[0]
    yield Row(what="a look at the shared gate", value=f"{idle:.2f} ms", goal="< 1 ms", good=idle < 1)


def measure_first(server: Any) -> Iterator[Row]:
    """Time in a real kernel how long it takes until a picture is on the screen: of a batch, and of one call."""
    from jupyter_client.manager import start_new_kernel

    server.api.latency = LATENCY
    manager, client = start_new_kernel()
    try:
        shown(client, "%load_ext dalle_nb\nimport dalle_nb, numpy, PIL.PngImagePlugin", "idle")
        shown(client, "%dalle -q low warm", "image/")
        one = min(shown(client, f"%dalle -q low one {number}", "image/") for number in range(3))
        cell = "%%dalle_batch -q low --fresh --concurrency 16 --yes\n" + "\n".join(
            f"cat number {n}" for n in range(60)
        )
        many = min(shown(client, cell, "<img") for _ in range(3))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    yield Row(what="first picture of a batch / of a single call", value=f"{many / one:.2f}  ({many:.2f} of {one:.2f} s)",
              goal="< 1.2", good=many / one < 1.2)  # fmt: skip


def prove(server: Any) -> Iterator[Row]:
    """Draw 600 prompts with every tenth call failing, and 200 while being killed twenty times."""
    api, random = server.forget(), Random(7)  # noqa: S311 - no secret
    kinds = random.sample(KINDS * 6, 60)
    for kind in kinds:
        api.fail(kind, after=random.randrange(0, 17))
    failed, told = run(PROOF_PROGRAM, count=600)
    again = sum(kind.startswith(("429", "503")) for kind in kinds)
    paid = Counter(api.calls[int(name.partition(".")[0]) - 1].fields["prompt"] for name in api.billed.ids)
    good = (failed, told, len(api.calls), max(paid.values())) == (60 - again, 60 - again, 600 + again, 1)
    value = f"{failed:.0f} with a reason, {len(api.calls)} calls, {max(paid.values())} paid for each at most"
    yield Row(
        what="600 prompts with 60 faults of ten kinds",
        value=value,
        goal=f"{60 - again}, {600 + again}, 1",
        good=good,
    )
    yield from killed(server, random)


def killed(server: Any, random: Random) -> Iterator[Row]:
    """Kill a batch of 200 twenty times, finish it, and count what was lost and what was drawn twice."""
    api, count = server.forget(), 200
    api.latency = 0.02
    with tempfile.TemporaryDirectory() as home:
        for _ in range(KILLS):
            seen, most = len(api.calls), random.randrange(1, 17)
            child = start(PROOF_PROGRAM, home, count=count, at_once=8)
            while len(api.calls) < seen + most and child.poll() is None:
                time.sleep(0.002)
            child.kill()
            child.wait()
        failed, _ = run(PROOF_PROGRAM, home, count=count, at_once=8)
        look = "import dalle_nb as dn; good = dn.history.where(status='done')['prompt']; print(len(good)); print(len(set(good)))"
        rows, prompts = run(look, home)
    extra = len(api.calls) - count
    value = f"{prompts:.0f} prompts, {rows - prompts:.0f} drawn twice, {extra} calls more"
    good = (failed, rows, prompts) == (0, count, count) and extra <= 8 * KILLS
    yield Row(what=f"{count} prompts, killed {KILLS} times", value=value, goal=f"{count}, 0", good=good)


def shown(client: Any, code: str, sign: str) -> float:
    """Run a cell, and return after how many seconds something with that sign in it was shown."""
    begun = time.perf_counter()
    found: list[float] = []

    def hear(message: dict[str, Any]) -> None:
        content = message["content"]
        text = str(content.get("data", content.get("execution_state", "")))
        if sign in text:
            found.append(time.perf_counter() - begun)

    reply = client.execute_interactive(code, timeout=120, output_hook=hear)
    assert reply["content"]["status"] == "ok", reply["content"]
    return found[0]


def run(program: str, home: str | None = None, **values: int) -> list[float]:
    """Return the numbers that a program prints, run in a process and folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        done = start(program, home or folder, **values)
        said, complaint = done.communicate(timeout=600)
    assert done.returncode == 0, complaint
    return [float(number) for number in said.split()]


def start(program: str, home: str, **values: int) -> subprocess.Popen[str]:
    """Start a program in a process, its history and working folder in ``home``."""
    code = program.format(**{"count": PROMPTS, "at_once": AT_ONCE} | values) if "{" in program else program
    environ = os.environ | {"DALLE_NB_HOME": home}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", code], text=True, env=environ, cwd=home, **pipes)  # type: ignore[call-overload,no-any-return]  # pipes by name


def main() -> int:
    """Print the table; return 1 where a goal is missed."""
    server, missed = serve(), 0
    wanted = sys.argv[1:]
    for part in (measure_speed, measure_memory, measure_first, prove):
        if wanted and not any(word in part.__name__ for word in wanted):
            continue
        missed += show(part(server))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
