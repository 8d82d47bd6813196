"""Programs for processes of their own: they draw into a store while they die, fork, race or run out of disk.

Run as ``python store_child.py PROGRAM HOME [argument]``. Each forks its processes after all imports are
done, so that a test starts one interpreter and not dozens.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from threading import Event, Thread

from sqlalchemy.engine.default import DefaultDialect

from dalle_nb._errors import BudgetError, DalleError
from dalle_nb._records import Attempt, Billed, Call, Estimate, Kind, Plan, Request, Status
from dalle_nb._store import Budget, Store

KILLED = 137


def plan(prompt: str = "a fox", *, high: int | None = 0, **request: object) -> Plan:
    """Return a plan that may cost up to ``high`` millionths of a dollar."""
    return Plan(
        request=Request(prompt=prompt, **request),
        backend="offline",
        kind=Kind.GENERATE,
        model="painter",
        calls=(Call(parameters={"prompt": prompt, "n": 1}),),
        estimate=None if high is None else Estimate(low=0, high=high),
    )


def keep(store: Store, run, data: bytes, index: int = 1):
    """Keep some bytes as if they were a picture; what they show is none of the store's business."""
    return store.keep(run, index=index, data=data, media_type="image/png", width=8, height=8)


def draw(store: Store, prompt: str = "a fox", *pictures: bytes, cost: int | None = 0):
    """Draw a Run from asking to finishing."""
    run = store.begin(plan(prompt))
    for index, data in enumerate(pictures, 1):
        keep(store, run, data, index)
    return store.finish(run.uid, status=Status.DONE, seconds=0.1, cost=cost)


def crash_everywhere(root: Path, _: int) -> None:
    """Draw in one home after the other, dying at the first, second, third ... step, until one lives."""
    number = 1
    while _in_child(partial(_draw_and_die, root / str(number), number)) == KILLED:
        number += 1


def _draw_and_die(home: Path, number: int) -> None:
    # The steps of a migration and of a drawing: syncing, renaming, before and after a commit.
    steps = iter(range(number - 1, -1, -1))

    def fatal(work: Callable) -> Callable:
        def step(*arguments, **options):
            if next(steps) == 0:
                os._exit(KILLED)
            answer = work(*arguments, **options)
            if work is commit and next(steps) == 0:
                os._exit(KILLED)
            return answer

        return step

    commit = DefaultDialect.do_commit
    os.fsync, os.replace, DefaultDialect.do_commit = fatal(os.fsync), fatal(os.replace), fatal(commit)
    store = Store.open(home)
    run = store.begin(plan())
    _acknowledge(home, "begun", run.uid)
    for index, data in enumerate((b"first", b"second", b"first"), 1):
        _acknowledge(home, "kept", keep(store, run, data, index).sha256)
        store.note_attempt(run, Attempt(number=index, seconds=0.1, billed=Billed.NO))
    store.finish(run.uid, status=Status.DONE, seconds=1, cost=0)
    _acknowledge(home, "finished", run.uid)


def _acknowledge(home: Path, *words: str) -> None:
    """Write down, where the test will read it, what the store has promised."""
    with home.with_suffix(".promised").open("a") as log:
        log.write(" ".join(words) + "\n")


def kill_at_random(home: Path, times: int) -> None:
    """Draw without end in one home, and be killed there, again and again."""
    random = Random(times)
    for number in range(times):
        child = os.fork()
        if not child:
            _draw_without_end(home, number)
        time.sleep(random.uniform(0.01, 0.4))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _draw_without_end(home: Path, number: int) -> None:
    store = Store.open(home)
    for serial in range(10_000):
        run = store.begin(plan())
        data = f"{number} {serial}".encode() * 10_000
        _acknowledge(home, "kept", keep(store, run, data).sha256)
        store.finish(run.uid, status=Status.DONE, seconds=0.1, cost=0)
        _acknowledge(home, "finished", run.uid)


def race(home: Path, times: int) -> None:
    """Make the store and draw in it from eight processes at once."""

    def work() -> None:
        store = Store.open(home)
        for serial in range(times):
            run = store.begin(plan(f"{os.getpid()} {serial}"))
            store.finish(run.uid, status=Status.DONE, seconds=0.1, cost=0)

    _tell(_at_once(work))


def open_at_once(root: Path, times: int) -> None:
    """Make one store after the other, each from eight processes at once."""
    _tell([end for number in range(times) for end in _at_once(partial(Store.open, root / str(number)))])


def leave_a_zombie(home: Path, _: int) -> None:
    """Begin in a child that dies and is not yet buried, and tell what an opening store makes of its Run."""
    store = Store.open(home)
    child = _fork(lambda: store.begin(plan()))
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    _tell(Store.open(home).newest(1)[0].status)


def spend(home: Path, limit: int) -> None:
    """Ask for a picture of a dollar from 2 processes with 16 threads each, under one budget."""

    def work() -> None:
        store = Store.open(home)

        def ask() -> None:
            try:
                store.begin(plan(high=1_000_000), budget=Budget(limit=limit))
            except BudgetError:
                _acknowledge(home, "refused")

        _join([Thread(target=ask) for _ in range(16)])

    Store.open(home)
    _tell(_at_once(work, processes=2))


def fork_while_drawing(home: Path, times: int) -> None:
    """Fork again and again while threads draw; each child draws, too."""
    store, done = Store.open(home), Event()

    def work() -> None:
        while not done.wait(0.002):
            draw(store, "parent")
            store.newest(5)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    ends = [_in_child(lambda: draw(store, "child", b"child")) for _ in range(times)]
    done.set()
    for thread in threads:
        thread.join()
    draw(store, "parent")
    _tell(ends)


def outlive_the_parent(home: Path, _: int) -> None:
    """Draw in a forked child, let the parent end in good order, draw on in the child and let it just die."""
    store, parent = Store.open(home), os.getpid()
    draw(store, "parent")
    hear, tell = os.pipe()
    if os.fork():
        os.read(hear, 1)
        return
    draw(store, "child", b"with its parent")
    os.write(tell, b"!")
    while os.getppid() == parent:
        time.sleep(0.01)
    draw(store, "child", b"alone")
    os._exit(0)


def fill_the_disk(home: Path, limit: int) -> None:
    """Draw where no file may be longer than ``limit``, as on a full disk; print what is said."""
    store = Store.open(home)
    draw(store, "kept before", b"small")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    run = store.begin(plan())
    _say(lambda: keep(store, run, b"x" * 2 * limit))
    _say(lambda: [draw(store, "word " * 1000) for _ in range(1000)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    keep(store, run, b"x" * 2 * limit)
    store.finish(run.uid, status=Status.DONE, seconds=1, cost=0)


def without_permission(home: Path, _: int) -> None:
    """Draw in a home that may be read and not written; root gives its powers away first."""
    store = Store.open(home)
    run = store.begin(plan())
    store.close()
    home.chmod(0o777)
    for path in (home, *home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    if os.geteuid() == 0:
        os.setresuid(65534, 65534, 65534)
    _say(lambda: Store.open(home / "new"))
    _say(lambda: store.begin(plan()))
    _say(lambda: keep(store, run, b"late"))
    _say(store.probe)


def be_private(_: Path, __: int) -> None:
    """Print where a private store is, have a forked child end, and say whether the store is still there."""
    store = Store.private()
    draw(store, "secret", b"secret")
    if not os.fork():
        sys.exit()
    os.wait()
    _tell([str(store.home), store.count()])


def _say(work: Callable[[], object]) -> None:
    try:
        work()
        _tell(["nothing", "", ""])
    except DalleError as error:
        _tell([type(error).__name__, error.what, error.fix])


def _at_once(work: Callable[[], object], processes: int = 8) -> list[int]:
    """Do the work in several processes that begin at the same moment; return how they end."""
    start = time.time() + 0.03

    def wait_and_work() -> None:
        time.sleep(max(0, start - time.time()))
        work()

    children = [_fork(wait_and_work) for _ in range(processes)]
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def _in_child(work: Callable[[], object]) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(_fork(work), 0)[1])


def _fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - told to the parent, whose own end it must not become
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(1)
    os._exit(0)


def _join(threads: list[Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _tell(fact: object) -> None:
    sys.stdout.write(json.dumps(fact) + "\n")


if __name__ == "__main__":
    program, home, *rest = sys.argv[1:]
    globals()[program](Path(home), *map(int, rest))
