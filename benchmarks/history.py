"""Measure the history at 100,000 Runs, each figure beside a pandas-and-CSV history doing the same in the same run.

`make bench-history` prints the table. The history is made in a temporary folder, by rows inserted in bulk
that are the very rows drawing makes; searches are compared with plain ``in`` over every prompt.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from io import BytesIO
from itertools import chain
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import pandas as pd
import psutil  # type: ignore[import-untyped]  # it publishes no types
from PIL import Image
from sqlalchemy import insert
from table import Row, show

from dalle_nb._generator import ImageGenerator
from dalle_nb._history import History
from dalle_nb._query import Filter, Query
from dalle_nb._records import Call, Estimate, Kind, PictureRecord, Plan, Request, RunRecord, Status, Value
from dalle_nb._store import Store
from dalle_nb._store.rows import picture_row, run_row
from dalle_nb._store.schema import pictures, runs, words
from dalle_nb._store.search import searched

RUNS = int(os.environ.get("RUNS", "100000"))
ROUNDS = 9
PAGE = 50
RARE = 9973
ENGLISH = (
    "a cat fox dragon castle robot teapot sailor in on under above the snow rain moon forest harbour library with "
    "golden soft neon light watercolour oil painting sketch photograph wide angle style mood quiet stormy evening"
).split()
CHINESE = (
    "一只猫咪 小狐狸 机器人 老人 坐在 站在 窗台上 雪山下 月球表面 森林里 看雨景 喝茶 油画风格 水彩画 赛博朋克 "
    "霓虹灯 阳光 傍晚 安静 宇航服 未来城市 背景是地球"
).split()
LONG = ("sapphire teacup", "麒麟踏雪", "watercolour", "猫咪坐在", "GOLDEN", "nothing like it", "森林里看")
SHORT = ("麒", "猫", "雨景", "x", "z", "蓝", "ab")


def prompts() -> Iterator[str]:
    """Give prompts in English and Chinese, of few words and many, the same each time."""
    random = Random(4)  # noqa: S311 - words, not secrets
    for number in range(RUNS):
        if number % 2:
            text = " ".join(random.choices(ENGLISH, k=random.randint(6, 24)))
        else:
            text = "，".join("".join(random.choices(CHINESE, k=3)) for _ in range(random.randint(1, 5)))
        yield text + (" with a sapphire teacup 麒麟踏雪" if number % RARE == 7 else "")


def records(texts: list[str]) -> Iterator[RunRecord]:
    """Give Runs as drawing makes them, the newest with pictures that are there."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number, text in enumerate(texts, 1):
        data = picture(number) if number > len(texts) - PAGE else b"%d" % number
        parameters: dict[str, Value] = {
            "model": "gpt-image-2",
            "prompt": text,
            "n": 1,
            "size": "1024x1024",
            "quality": "medium",
        }
        yield RunRecord(
            id=number, uid=f"{number:032x}", created=start + timedelta(minutes=number), backend="openai",
            request=Request(prompt=text, options={"size": "square"}), model="gpt-image-2", sent=(parameters,),
            status=Status.REFUSED if number % 50 == 0 else Status.DONE, seconds=9.5, cost=number % 7 * 10_000,
            estimate=Estimate(low=10_000, high=80_000), notebook=f"lesson {number % 40}.ipynb",
            pictures=(
                PictureRecord(sha256=sha256(data).hexdigest(), media_type="image/png", width=1024, height=1024,
                              size=len(data), index=1, alt=text[:80]),
            ),
        )  # fmt: skip


def picture(number: int) -> bytes:
    """Return a picture that is not like another."""
    file = BytesIO()
    Image.linear_gradient("L").resize((512, 512)).point(lambda level: (level * number) % 256).save(
        file, "PNG"
    )
    return file.getvalue()


def fill(store: Store, texts: list[str]) -> None:
    """Put the Runs in, a thousand rows at once."""
    told = list(records(texts))
    for start in range(0, len(told), 1000):
        some = told[start : start + 1000]
        with store._database.writing(lasting=False) as connection:
            connection.execute(insert(runs), [run_row(run) | {"id": run.id} for run in some])
            connection.execute(insert(words), [{"run": run.id, "text": searched(run)} for run in some])
            connection.execute(insert(pictures), [picture_row(run.pictures[0], run.id) for run in some])
    for number in range(len(told) - PAGE + 1, len(told) + 1):
        data = picture(number)
        store._files.keep(data, sha256(data).hexdigest(), "image/png")


def write_csv(path: Path, texts: list[str]) -> None:
    """Write the same history as people write it by hand."""
    table = [
        (run.id, run.created, run.request.prompt, run.model, "1024x1024", run.status.value, run.cost, run.seconds,
         run.notebook, f"pictures/{run.pictures[0].sha256}.png")
        for run in records(texts)
    ]  # fmt: skip
    columns = ["id", "created", "prompt", "model", "size", "status", "cost", "seconds", "notebook", "file"]
    pd.DataFrame(table, columns=columns).to_csv(path, index=False)


def measure_open(home: Path, csv: Path) -> Iterator[Row]:
    """Open, and take the newest page."""
    ours = timed(lambda: Store.open(home).newest(PAGE))
    theirs = timed(lambda: pd.read_csv(csv).tail(PAGE), rounds=3)
    yield row("open + newest 50", ours, theirs, "< 10 ms, 20x", ours < 0.010 and theirs / ours > 20)


def measure_search(store: Store, csv: Path, texts: list[str]) -> Iterator[Row]:
    """Search a page, and count all there are; what is found equals plain ``in``."""
    table = pd.read_csv(csv)
    folded = [text.casefold() for text in texts]
    for name, sought, limit in (("3 letters and more", LONG, 0.010), ("1 or 2 letters", SHORT, 0.100)):
        ours, counting, theirs = [], [], []
        for word in sought:
            query = Query(words=(word,))
            expected = [number for number, text in enumerate(folded, 1) if word.casefold() in text][::-1]
            assert store.ids(query) == expected, word
            ours.append(timed(partial(store.select, query, PAGE), rounds=5))
            counting.append(timed(partial(store.count, query), rounds=5))
            theirs.append(timed(partial(_contains, table, word), rounds=3))
        good = max(ours) < limit
        yield row(f"search, {name}, page (slowest)", max(ours), max(theirs), f"< {limit * 1000:.0f} ms", good)
        yield row(
            f"search, {name}, count (slowest)", max(counting), max(theirs), "< 100 ms", max(counting) < 0.1
        )


def _contains(table: pd.DataFrame, word: str) -> Any:
    return table[table["prompt"].str.contains(word, case=False, regex=False)].tail(PAGE)


def measure_filters(store: Store, csv: Path) -> Iterator[Row]:
    """Filter and sort as people do."""
    table = pd.read_csv(csv, parse_dates=["created"])
    day = Filter(column="created", operator="is", value="2026-02-02")
    refused = Filter(column="status", operator="is", value="refused")
    dear = timed(lambda: store.select(Query(order="cost"), PAGE), rounds=5)
    theirs = timed(lambda: table.sort_values("cost", ascending=False).head(PAGE), rounds=3)
    yield row("dearest 50", dear, theirs, "< 100 ms", dear < 0.1)
    ours = timed(lambda: store.select(Query(filters=(day, refused)), PAGE), rounds=5)
    theirs = timed(
        lambda: table[(table["created"].dt.date == day.value) & (table["status"] == "refused")], rounds=3
    )
    yield row("refused on a day", ours, theirs, "< 100 ms", ours < 0.1)


def measure_keep(store: Store, csv: Path) -> Iterator[Row]:
    """Keep a Run of a 2 MB picture, from begun to finished, beside writing and syncing its file by hand."""
    data, bare, hashing, ours = os.urandom(2_000_000), [], [], []
    folder = store.home / "bare"
    folder.mkdir()
    for number in range(41):
        bytes_ = number.to_bytes(4, "big") + data
        bare.append(timed(partial(_write, folder, f"{number}.png", bytes_), rounds=1))
        hashing.append(timed(partial(sha256, bytes_), rounds=1))
        ours.append(timed(partial(_draw, store, bytes_ + b"!"), rounds=1))
    over = median(ours) - median(bare)
    what = f"keep a Run of 2 MB: {median(ours) * 1000:.1f} ms, file alone {median(bare) * 1000:.1f}, over it"
    rewriting = timed(lambda: _append(csv), rounds=3)
    yield row(what, over, rewriting, "< 2 ms, 100x", over < 0.002 and rewriting / over > 100)
    yield row("  of it naming the file by its sha256", median(hashing), None, "", True)


def _write(folder: Path, name: str, data: bytes) -> None:
    with (folder / "draft").open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    (folder / "draft").rename(folder / name)
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def _draw(store: Store, data: bytes) -> None:
    call = Call(parameters={"prompt": "a fox", "n": 1, "size": "1024x1024"})
    plan = Plan(request=Request(prompt="a fox"), backend="offline", kind=Kind.GENERATE, model="painter",
                calls=(call,), estimate=Estimate(low=0, high=0))  # fmt: skip
    run = store.begin(plan)
    store.keep(run, index=1, data=data, media_type="image/png", width=1024, height=1024)
    store.finish(run.uid, status=Status.DONE, seconds=1, cost=0)


def _append(csv: Path) -> None:
    table = pd.read_csv(csv)
    pd.concat([table, table.tail(1)]).to_csv(csv, index=False)


def measure_page(home: Path) -> Iterator[Row]:
    """Show a page of 50 with its thumbnails, after the first time."""
    os.environ["DALLE_NB_HOME"] = str(home)
    history = History(ImageGenerator(backend="offline"))
    page: Callable[[], str] = lambda: history._repr_mimebundle_()[0]["text/html"]  # noqa: E731 - timed below
    first = timed(page, rounds=1)
    again, size = timed(page), len(page().encode())
    yield row("page of 50 with thumbnails, first time", first, None, "", True)
    yield row("page of 50 with thumbnails, again", again, None, "< 15 ms", again < 0.015)
    yield Row(what="  its HTML", value=f"{size / 1000:.0f} KB", goal="< 200 KB", good=size < 200_000)


def measure_memory(store: Store, csv: Path) -> Iterator[Row]:
    """Page through a tenth of the history, search and count, and see what this process has grown by."""
    process = psutil.Process()
    store.select(Query(), PAGE)
    before = process.memory_info().rss
    for offset in range(0, RUNS // 10, PAGE):
        store.select(Query(), PAGE, offset)
    for word in (*LONG, *SHORT):
        store.count(Query(words=(word,)))
    ours = process.memory_info().rss - before
    before = process.memory_info().rss
    table = pd.read_csv(csv)
    theirs = process.memory_info().rss - before
    assert len(table)
    yield Row(what="memory grown by", value=f"{ours / 1e6:.0f} MB", beside=f"{theirs / 1e6:.0f} MB",
              goal="< 20 MB", good=ours < 20e6)  # fmt: skip


def timed(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Return how many seconds it takes at best, for others use the machine too."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def row(what: str, ours: float, theirs: float | None, goal: str, good: bool) -> Row:
    """Return a line with both times, and how many times faster ours is."""
    beside = f"CSV {theirs * 1000:8.1f} ms  {theirs / ours:6.0f}x" if theirs is not None else ""
    return Row(what=what, value=f"{ours * 1000:8.2f} ms", beside=beside, goal=goal, good=good)


def main() -> int:
    """Print the table; return 1 where a goal is missed."""
    with tempfile.TemporaryDirectory() as folder:
        home, csv, texts = Path(folder) / "home", Path(folder) / "history.csv", list(prompts())
        store = Store.open(home)
        fill(store, texts)
        write_csv(csv, texts)
        print(
            f"{RUNS:,} Runs, {(home / 'history.db').stat().st_size / 1e6:.0f} MB; CSV {csv.stat().st_size / 1e6:.0f} MB"
        )
        rows = chain(
            measure_memory(store, csv),
            measure_open(home, csv),
            measure_search(store, csv, texts),
            measure_filters(store, csv),
            measure_page(home),
            measure_keep(store, csv),
        )
        missed = show(rows, width=64)
        store.close()
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
