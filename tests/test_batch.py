"""Batches: every prompt its own picture or a reason, none paid twice, whatever fails, stops or dies in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from batch_child import prompts
from conftest import Kernel
from nbclient.exceptions import CellExecutionError
from openai_server import pictures
from openai_server.handle import Api
from workshop import command

import dalle_nb as dn
from dalle_nb import ImageGenerator

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

CHILD = Path(__file__).with_name("batch_child.py")
LOW = {"quality": "low", "yes": True}


def cats(count: int) -> list[str]:
    return [f"cat number {number}" for number in range(count)]


# --- what comes back --------------------------------------------------------------------------------------


def test_runs_come_in_order_with_failures_among_them(shell: object) -> None:
    """A Batch is its Runs in order; a refusal is one of them, with its reason, and the rest went on."""
    batch = dn.batch(["a fox", "a cat [simulate:refusal]", {"prompt": "a hen", "n": 2}], size="256x256")
    assert ["a fox", "a cat [simulate:refusal]", "a hen"] == [run.prompt for run in batch]
    assert ["done", "refused", "done"] == [run.status for run in batch]
    assert [batch[1]] == list(batch.failed)
    assert batch[1].failure.what
    assert 2 == len(batch[2])
    assert 0 == batch.cost
    assert ["done", "refused", "done"] == list(batch.to_pandas()["status"])
    assert 3 == str(batch).count("offline-painter")
    data, _ = batch._repr_mimebundle_()
    assert 3 == data["text/html"].count("<img")


def test_equal_prompts_are_different_drawings() -> None:
    """The second fox of a batch is another picture than the first, and each is found again as itself."""
    first = dn.batch(["a fox", "a fox"], size="256x256")
    assert 2 == len({run.pictures[0].record.sha256 for run in first})
    again = dn.batch(["a fox", "a fox", "a fox"], size="256x256")
    assert [run.id for run in first] == [run.id for run in again][:2]
    assert [True, True, False] == [run.reused for run in again]


def test_the_same_again_draws_only_what_is_missing(capfd: pytest.CaptureFixture[str]) -> None:
    """What was done is there already, and told so; a refusal stands; ``resume=False`` draws all anew."""
    table = pd.DataFrame({"prompt": ["a fox", "a cat [simulate:refusal]"], "size": ["256x256"] * 2})
    first = dn.batch(table)
    longer = pd.concat([table, pd.DataFrame({"prompt": ["a hen"], "size": ["256x256"]})])
    again = dn.batch(longer)
    assert [True, True, False] == [run.reused for run in again]
    assert "2 of 3 are there already; 1 to draw" in capfd.readouterr().err
    anew = dn.batch(table, resume=False)
    assert {run.id for run in anew}.isdisjoint(run.id for run in first)


def test_failures_are_asked_again(workshop: ImageGenerator, server: Api) -> None:
    """``retry_failed`` draws what failed, in its old place, and what was refused only when asked to."""
    server.fail("500", times=1)
    server.fail("400_policy", times=1)
    batch = dn.batch(cats(3), generator=workshop, concurrency=1, **LOW)
    assert ["failed", "refused", "done"] == [run.status for run in batch]
    mended = batch.retry_failed(yes=True)
    assert ["done", "refused", "done"] == [run.status for run in mended]
    assert 4 == len(server.calls)
    assert not mended.retry_failed(refused=True, yes=True).failed
    assert batch[2].id == mended[2].id


def test_a_variable_is_still_known_when_a_batch_is_asked_again() -> None:
    """``retry_failed`` reads the same variables as the batch did."""
    photo = dn.generate("a cat", size="256x256")
    asked = [{"prompt": "a hat", "edit": "photo"}, {"prompt": "[simulate:timeout] a hat", "edit": "photo"}]
    batch = dn.batch(asked, size="256x256", retry="never", namespace={"photo": photo})
    assert ["done", "failed"] == [run.status for run in batch]
    assert ["done", "failed"] == [run.status for run in batch.retry_failed()]


def test_what_another_kernel_draws_is_agreed_to_as_well(workshop: ImageGenerator, server: Api) -> None:
    """A prompt that is being drawn elsewhere counts for the price, for it is drawn here if that comes to nothing."""
    server.latency = 3
    other = threading.Thread(target=workshop.generate, args=("cat number 0",), kwargs=LOW)
    other.start()
    while not server.calls_to("generations"):
        time.sleep(0.01)
    with pytest.raises(dn.BudgetError):
        dn.batch(cats(1), generator=workshop, budget=0.0001, **LOW)
    other.join()
    assert 1 == len(server.calls_to("generations"))


def test_pictures_are_saved_and_shown_on_one_sheet(tmp_path: Path) -> None:
    """All pictures go into a folder, and on one numbered sheet."""
    batch = dn.batch(["a fox", "a hen [simulate:refusal]", "a dog"], size="256x256")
    assert 2 == len(batch.save(tmp_path / "{prompt}.png")) == len(list(tmp_path.glob("*.png")))
    sheet = batch.grid(columns=2)
    assert (sheet.width, sheet.height) == sheet.image.size
    assert sheet.width < sheet.height * 1.2


def test_what_a_job_draws_is_not_drawn_again() -> None:
    """Prompts that were sent off as a job are neither waited for nor drawn a second time."""
    with dn.serve() as url:
        shop = dn.ImageGenerator(backend="openai", base_url=f"{url}/v1", server="unknown")
        dn.batch(["a fox"], generator=shop, via="openai-batch", yes=True)
        batch = dn.batch(["a fox", "a hen"], generator=shop, yes=True)
    assert [("asked", True), ("done", False)] == [(run.status, run.reused) for run in batch]


# --- money ------------------------------------------------------------------------------------------------


def test_the_whole_is_priced_and_agreed_first(workshop: ImageGenerator, server: Api) -> None:
    """What all may cost together is asked before anything is sent, and a budget caps it."""
    with pytest.raises(dn.ConfirmationNeeded, match=r"\$"):
        dn.batch(cats(200), generator=workshop)
    with pytest.raises(dn.BudgetError):
        dn.batch(cats(20), generator=workshop, budget=0.01, yes=True)
    assert [] == server.calls


def test_broken_rules_are_told_with_their_places(workshop: ImageGenerator, server: Api) -> None:
    """Every number that breaks a rule is named, each rule once, before anything is sent."""
    with pytest.raises(dn.OptionError, match=r"Number 2, 3: .*1x1"):
        dn.batch(["a", {"prompt": "b", "size": "1x1"}, {"prompt": "c", "size": "1x1"}], generator=workshop)
    assert [] == server.calls


@pytest.mark.parametrize(
    ("fault", "error"), [("429_quota", dn.BillingError), ("401", dn.AuthenticationError)]
)
def test_an_empty_account_or_a_wrong_key_ends_it(
    workshop: ImageGenerator, server: Api, fault: str, error: type[dn.DalleError]
) -> None:
    """What all others would meet too is raised, nothing more is sent, and what is done stays done."""
    server.fail(fault, after=3)
    with pytest.raises(error, match="3 of 20 are done and kept"):
        dn.batch(cats(20), generator=workshop, concurrency=1, **LOW)
    assert 4 == len(server.calls)
    assert 20 == len(dn.batch(cats(20), generator=workshop, **LOW))
    assert 21 == len(server.calls)


def test_a_budget_of_the_store_holds(workshop: ImageGenerator, server: Api) -> None:
    """A budget that is used up in mid-batch stops it, and no more than it was spent."""
    workshop.configure(budget=0.03)
    with pytest.raises(dn.BudgetError, match="are done and kept"):
        dn.batch(cats(20), generator=workshop, **LOW)
    assert 0 < workshop.store.spent() <= 30_000


# --- pace -------------------------------------------------------------------------------------------------


def test_a_server_s_limit_is_learned(workshop: ImageGenerator, server: Api) -> None:
    """With at most four at once allowed all come all the same, and few calls are refused on the way."""
    server.latency, server.max_in_flight = 0.1, 4
    batch = dn.batch(cats(40), generator=workshop, concurrency=16, **LOW)
    assert () == batch.failed
    assert 40 <= len(server.calls) <= 40 + 12 + 10
    assert 4 == server.peak_in_flight


def test_pictures_a_minute_are_counted_over_all(
    workshop: ImageGenerator, later: ImageGenerator, server: Api
) -> None:
    """Two workshops together ask for no more pictures a minute than was set for both."""
    made = dn.batch(cats(3), generator=workshop, per_minute=3, **LOW)
    assert () == made.failed
    threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(dn.Interrupted):
        dn.batch(["one more"], generator=later, per_minute=3, **LOW)
    assert 3 == len(server.calls)


# --- the proof --------------------------------------------------------------------------------------------

KINDS = ("429_after_ms:20", "503_after:0", "400_policy", "400_moderation", "500", "502_html",
         "close_mid", "trunc_json", "bad_b64", "trunc_png")  # fmt: skip
RETRIED = {"429_after_ms", "503_after"}


def test_every_prompt_ends_as_its_own_picture_or_a_reason(workshop: ImageGenerator, server: Api) -> None:
    """With a tenth of all calls failing in ten ways, each prompt has its own picture or says why not; none is paid twice."""
    count, random = 100, Random(7)  # `make bench-batch` does it with 600
    kinds = random.sample(KINDS, count // 10)
    for kind in kinds:
        server.fail(kind, after=random.randrange(0, 8))
    batch = dn.batch(cats(count), generator=workshop, concurrency=16, **LOW)
    assert cats(count) == [run.prompt for run in batch]
    for run in batch:
        assert run.failure.what if not run else pictures.shows(run.pictures[0].bytes, run.prompt)
    retried = sum(kind.partition(":")[0] in RETRIED for kind in kinds)
    assert count // 10 - retried == len(batch.failed)
    asked = Counter(call.fields["prompt"] for call in server.calls)
    assert count + retried == asked.total()
    paid = [server.calls[int(name.partition(".")[0]) - 1].fields["prompt"] for name in server.billed.ids]
    assert max(Counter(paid).values()) == 1


def test_a_killed_batch_goes_on_where_it_was(server: Api) -> None:
    """Killed in mid-batch again and again, every finished picture is there, and none is drawn a second time."""
    count, at_once, random = 30, 4, Random(3)
    server.latency = 0.05
    for _ in range(3):
        child = subprocess.Popen([sys.executable, CHILD, str(count), str(at_once)], stderr=subprocess.DEVNULL)
        before, most = len(server.calls), random.randrange(4, 9)
        while len(server.calls) < before + most and child.poll() is None:
            time.sleep(0.005)
        child.kill()
        child.wait()
    done = subprocess.run(
        [sys.executable, CHILD, str(count), str(at_once)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert f"{count} 0" == done.stdout.strip()
    good = dn.history.where(status="done")
    assert Counter(prompts(count)) == Counter(good["prompt"])
    assert all(pictures.shows(run.pictures[0].bytes, run.prompt) for run in good)
    assert len(server.calls) <= count + 3 * at_once
    assert [] == dn.history.where(status="asked")["id"]


def test_an_interrupt_keeps_what_is_done_and_what_still_comes(server: Api, kernel: Kernel) -> None:
    """In a kernel the first Interrupt ends the cell soon, begins nothing more, and loses no answer; the rest is drawn later."""
    kernel.run("%load_ext dalle_nb\nimport os, dalle_nb as dn\nfoxes = [f'fox {n}' for n in range(30)]")
    server.latency = 3
    pid = int(kernel.run("print(os.getpid())")[0].text)

    def interrupt() -> None:
        while len(server.calls) < 5:
            time.sleep(0.05)
        os.kill(pid, signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(CellExecutionError, match=r"Interrupted: \d+ of 30 are done"):
        kernel.run("%dalle_batch -q low --concurrency 4 --yes foxes")
    assert len(server.calls) <= 8
    server.latency = 0
    # At once, while answers are still under way: they are waited for, not asked for again.
    outputs = kernel.run(
        "%dalle_batch all << -q low --concurrency 4 --yes foxes\nprint(len(all), len(all.failed))"
    )
    assert "30 0\n" == outputs[-1].text
    assert 30 == len(server.calls)


# --- in a cell and in a shell -----------------------------------------------------------------------------


def test_a_cell_s_lines_are_a_batch(kernel: Kernel) -> None:
    """One prompt a line, options at its end; what it comes to is told first, and the end of it is kept in the notebook."""
    kernel.run("%load_ext dalle_nb\nsize = '256x256'")
    outputs = kernel.run("%%dalle_batch -s {{size}}\na fox\n\na hen, watercolour -n 2\n")
    assert "pictures to draw: 3" in outputs[0].data["text/plain"]
    assert outputs[1].data["text/plain"].startswith("2 of 2 · ")
    assert ["1", "2"] == [line[0] for line in outputs[2].data["text/plain"].splitlines()[1:3]]
    told = kernel.run("%%dalle_batch --dry-run -s {{size}}\na fox\na dog")
    assert "1 of 2 are there already; 1 to draw" in told[0].data["text/plain"]


def test_a_file_is_drawn_in_a_shell(tmp_path: Path) -> None:
    """``dalle-nb batch`` draws a file's prompts, saves them, and its status says whether all came."""
    file = tmp_path / "prompts.csv"
    file.write_text("prompt,size\na fox,256x256\na hen [simulate:refusal],256x256\n")
    done = command("batch", file, "-o", f"{tmp_path}/out/", DALLE_NB_BACKEND="offline")
    assert 1 == done.returncode, done.stderr
    assert "a fox" in done.stdout
    assert 1 == len(list((tmp_path / "out").iterdir()))
