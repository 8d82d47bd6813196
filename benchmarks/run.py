"""Measure what a user waits for and carries, each beside what it is to be compared with in the same run.

`make bench` prints the table. Every figure comes from fresh processes, through the front door: a real IPython,
a real kernel, the offline painter, a history of its own that is thrown away.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import nbformat
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from table import Row, show

ROUNDS = 5
HEAVY = ("openai", "numpy", "PIL", "ipywidgets", "jinja2", "sqlalchemy")
# The example prompts of the tutorial that the product teaches.
PROMPTS = (
    "一只可爱的猫咪,坐在窗台上看外面的雨景,油画风格",
    "一只穿着宇航服的猫咪,站在月球表面,背景是地球,科幻电影风格",
    "未来城市的夜景,霓虹灯闪烁,赛博朋克风格",
    "一片宁静的森林,阳光透过树叶,水彩画风格",
    "a fox in a snowy forest at sunset",
)
SHELL = """
import json, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
start = time.perf_counter()
shell.run_cell({cell!r})
seconds = time.perf_counter() - start
print(json.dumps([seconds, [name for name in {heavy!r} if name in sys.modules]]))
"""
# The painter by itself: history, thumbnail and caption have their part in the wait for the first picture.
PAINT = """
import json, resource, sys, time
import numpy, PIL.Image, PIL.PngImagePlugin
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
from dalle_nb import ImageGenerator
from dalle_nb._backend import Terms
from dalle_nb.backends.offline import OfflineBackend
plan = ImageGenerator(backend="offline").plan({prompt!r}, {{"size": "1024x1024"}})
bare = peak()
def paint():
    start = time.perf_counter()
    list(OfflineBackend().draw(plan, Terms()))
    return time.perf_counter() - start
paint()
print(json.dumps([min(paint() for _ in range(3)), peak() - bare]))
"""


def measure_start() -> Iterator[Row]:
    """Compare `%load_ext dalle_nb` with `import openai`, turn about, in shells that are already running."""
    ours, theirs = [], []
    loaded: set[str] = set()
    for _ in range(ROUNDS):
        seconds, heavy = _python(SHELL.format(cell="%load_ext dalle_nb", heavy=HEAVY))
        ours.append(seconds)
        loaded.update(heavy)
        theirs.append(_python(SHELL.format(cell="import openai", heavy=HEAVY))[0])
    ratio = median(ours) / median(theirs)
    times = f"{ratio:.1%}  ({median(ours) * 1000:.0f} of {median(theirs) * 1000:.0f} ms)"
    yield Row(what="%load_ext dalle_nb / import openai", value=times, goal="< 8%", good=ratio < 0.08)
    names = ", ".join(sorted(loaded)) or "none"
    yield Row(what="heavy packages loaded by it", value=names, goal="none", good=not loaded)


def measure_first_picture() -> Iterator[Row]:
    """Time a cold kernel from `%load_ext` sent to the first picture received."""
    waits = []
    for _ in range(3):
        manager, client = start_new_kernel()
        try:
            start = time.perf_counter()
            client.execute("%load_ext dalle_nb")
            client.execute(f"%%dalle\n{PROMPTS[1]}")
            while not _is_picture(client.get_iopub_msg(timeout=60)):
                pass
            waits.append(time.perf_counter() - start)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    wait = median(waits)
    yield Row(what="cold kernel to first picture", value=f"{wait:.2f} s", goal="< 2.5 s", good=wait < 2.5)


def measure_painter() -> Iterator[Row]:
    """Time the painter, warm, and take its peak memory over an interpreter that has numpy, Pillow and a plan."""
    figures = [_python(PAINT.format(prompt=prompt)) for prompt in PROMPTS]
    seconds = median(seconds for seconds, _ in figures)
    memory = max(memory for _, memory in figures) / 1e6
    yield Row(what="painter, 1024x1024, median", value=f"{seconds:.2f} s", goal="< 1 s", good=seconds < 1)
    yield Row(what="painter, peak memory", value=f"{memory:.0f} MB", goal="< 120 MB", good=memory < 120)


def measure_notebook(home: Path) -> Iterator[Row]:
    """Compare a notebook that shows 20 pictures with one that holds the same pictures as inline PNG."""
    cells = [f"%%dalle --size 1024x1024\n{prompt}, {n}" for prompt in PROMPTS for n in range(4)]
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in ("%load_ext dalle_nb", *cells)]
    )
    os.environ["DALLE_NB_HOME"] = str(home)
    NotebookClient(book, timeout=120).execute()
    pictures = list(home.rglob("*.png"))
    assert len(pictures) == len(cells), f"{len(pictures)} pictures in the history instead of {len(cells)}"
    inline = nbformat.v4.new_notebook(cells=[_inline(path) for path in pictures])
    ours, theirs = (len(nbformat.writes(each)) for each in (book, inline))
    value = f"{ours / theirs:.1%}  ({ours / 1e6:.2f} of {theirs / 1e6:.1f} MB)"
    yield Row(
        what="notebook of 20 pictures / as inline PNG", value=value, goal="< 3%", good=ours / theirs < 0.03
    )


def _python(code: str) -> Any:
    """Return what a fresh interpreter says last, as JSON."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _is_picture(message: dict[str, Any]) -> bool:
    assert message["msg_type"] != "error", message["content"]
    return bool({"image/jpeg", "image/png"} & {*message["content"].get("data", {})})


def _inline(path: Path) -> nbformat.NotebookNode:
    data = {"image/png": base64.b64encode(path.read_bytes()).decode(), "text/plain": "<Image>"}
    outputs = [nbformat.v4.new_output("display_data", data)]
    cell: nbformat.NotebookNode = nbformat.v4.new_code_cell("display(image)", outputs=outputs)
    return cell


def main() -> int:
    """Print the table; return 1 where a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        os.environ |= {
            "DALLE_NB_HOME": folder,
            "DALLE_NB_BACKEND": "offline",
            "IPYTHONDIR": f"{folder}/ipython",
        }
        rows = chain(
            measure_start(), measure_first_picture(), measure_painter(), measure_notebook(home / "notebook")
        )
        return 1 if show(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
