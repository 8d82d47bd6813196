"""Jobs: sent off, asked after, collected, against a Batch API that goes wrong late and in every way."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from IPython.utils.capture import capture_output
from openai_server import pictures
from openai_server.handle import Api
from openai_server.rules import BLOCKED
from PIL import Image, ImageDraw
from workshop import environment, forget, start

import dalle_nb as dn
from dalle_nb import ImageGenerator
from dalle_nb._catalog import load_catalog
from dalle_nb._cli import main
from dalle_nb._complete import offer
from dalle_nb._generator import default_generator
from dalle_nb._items import Item
from dalle_nb._jobs import VERBS, Job, Jobs, submit
from dalle_nb._records import Billed, Status

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

SIDE = 1024


def items(count: int, **options: Any) -> list[Item]:
    return [
        Item(prompt=f"fox number {number}", options={"quality": "low", **options}) for number in range(count)
    ]


def send(workshop: ImageGenerator, count: int = 4, **options: Any) -> Job:
    return submit(workshop, items(count, **options))


def ended(job: Job) -> Job:
    """Ask after a job until it has ended: the server goes on one step each time."""
    while not job.refresh().ended:
        pass
    return job


def aged(job: Job, workshop: ImageGenerator) -> Job:
    """Return a job as if it had been sent an hour earlier."""
    created = job.record.created - timedelta(hours=1)
    return Job(workshop.store.save_job(replace(job.record, created=created)), workshop)


def failures(job: Job) -> dict[str, int]:
    """Return how many Runs have each reason for having no picture."""
    found = [run.failure.code or run.failure.error for run in job.runs if run.failure]
    return {reason: found.count(reason) for reason in found}


def whole(job: Job) -> bool:
    """Tell whether each Run has the one picture that its own prompt asked for."""
    return all(
        run.status is Status.DONE and pictures.shows(run.pictures[0].bytes, run.prompt) for run in job.runs
    )


# Sending.


def test_a_job_is_rows_files_and_a_batch(workshop: ImageGenerator, server: Api) -> None:
    """Each Item is a Run that waits, and the server has one line for it under the Run's own name."""
    job = send(workshop, 3)
    [batch] = server.jobs.batches.values()
    lines = server.jobs.requests(batch)
    assert [f"{run.uid}-1" for run in job.runs] == [line["custom_id"] for line in lines]
    assert [run.prompt for run in job.runs] == [line["body"]["prompt"] for line in lines]
    assert {Status.ASKED} == {run.status for run in job.runs}
    assert (job.uid, "1") == (batch["metadata"]["dalle_nb"], batch["metadata"]["part"])
    assert [] == server.calls_to("generations")


def test_pictures_go_up_once_and_by_name(workshop: ImageGenerator, server: Api) -> None:
    """Edits of one picture share its file, masks too, and what is repainted is the mask's inside only."""
    Image.new("RGB", (SIDE, SIDE), "white").save("in.png")
    mask = Image.new("L", (SIDE, SIDE), 0)
    ImageDraw.Draw(mask).rectangle((256, 256, 511, 511), fill=255)
    mask.save("mask.png")
    job = send(workshop, 3, edit="in.png", mask="mask.png")
    assert ["batch", "vision", "vision"] == sorted(file.purpose for file in server.jobs.files.values())
    ended(job).collect()
    assert {Status.DONE} == {run.status for run in job.runs}
    image = job.runs[0].image.convert("RGB")
    assert (255, 255, 255) == image.getpixel((800, 800))
    assert (255, 255, 255) != image.getpixel((384, 384))


def test_a_file_is_split_at_the_servers_limits(
    workshop: ImageGenerator, server: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More requests than one file may hold, other models and other kinds become batches of one job."""
    limits = workshop.catalog.batch
    monkeypatch.setattr(type(workshop), "catalog", _with_limit(workshop.catalog, limits, 2))
    others = [Item(prompt="a hare", options={"model": "gpt-image-2"})]
    job = submit(workshop, items(5) + others, yes=True)
    assert [2, 2, 1, 1] == [part.requests for part in job.parts]
    assert whole(ended(job).collect())
    assert 6 == server.billed.count


def _with_limit(catalog: Any, limits: Any, most: int) -> Any:
    return replace(catalog, batch=replace(limits, max_requests=most))


def test_half_the_price_is_reserved_and_paid(workshop: ImageGenerator, server: Api) -> None:
    """A job's estimate, budget and bill are half of what the same calls cost at once."""
    at_once = workshop.plan("fox number 0", {"model": "gpt-image-2", "size": "1024x1024"}).estimate
    job = send(workshop, 2, model="gpt-image-2", quality="medium")
    run = job.runs[0]
    assert at_once is not None
    assert run.record.estimate is not None
    assert -(-at_once.high // 2) == run.record.estimate.high
    full = workshop.generate("fox number 0", model="gpt-image-2", quality="medium").cost
    assert full is not None
    ended(job).collect()
    assert [-(-full // 2)] * 2 == [run.cost for run in job.runs]


@pytest.mark.parametrize(
    ("settings", "call"),
    [({"budget": "0.005"}, {}), ({}, {"budget": 0.005}), ({"confirm_above": "0.005"}, {})],
    ids=["store", "call", "confirm"],
)
def test_money_stands_before_a_job(
    workshop: ImageGenerator, server: Api, settings: dict[str, Any], call: dict[str, Any]
) -> None:
    """What is too dear together is refused whole: no batch, no Run that waits."""
    workshop.configure(**settings)
    with pytest.raises(dn.MoneyError):
        submit(workshop, items(4), **call)
    assert ({}, 0, 0) == (server.jobs.batches, len(Jobs(workshop)), workshop.store.count())


def test_all_broken_items_are_told_and_nothing_is_sent(workshop: ImageGenerator, server: Api) -> None:
    """A job is checked before anything leaves: each Item that breaks a rule is named by its place."""
    broken = [Item(prompt="a cat", options={"n": 101}), Item(prompt="", options={})]
    with pytest.raises(dn.RequestError, match=r"(?s)Number 2.*Number 3"):
        submit(workshop, [*items(1), *broken])
    assert ([], 0) == (server.calls_to("files"), workshop.store.count())


@pytest.mark.parametrize("options", [{"partials": 2}, {"save": "here.png"}], ids=["partials", "save"])
def test_what_needs_somebody_waiting_goes_into_no_job(
    workshop: ImageGenerator, server: Api, options: dict[str, Any]
) -> None:
    """Previews and copies to save mean nothing to a job, and are refused before anything is sent."""
    with pytest.raises(dn.OptionError, match="cannot go into a job"):
        send(workshop, 2, **options)
    assert ([], 0) == (server.calls_to("files"), workshop.store.count())


def test_the_same_again_sends_only_what_is_missing(workshop: ImageGenerator, server: Api) -> None:
    """What is under way or drawn is not sent, or paid, a second time; equal prompts are several pictures."""
    job = send(workshop, 2)
    twice = submit(workshop, items(3) + items(3))
    assert (2, 4) == (len(job), len(twice))
    assert 6 == len({run.record.request.identity for run in (*job.runs, *twice.runs)})
    ended(job).collect()
    with pytest.raises(dn.RequestError, match="resume=False"):
        send(workshop, 2)
    assert 2 == len(submit(workshop, items(2), resume=False))


@pytest.mark.parametrize("backend", ["offline", "openai"])
def test_who_takes_no_jobs_says_what_to_do(workshop: ImageGenerator, server: Api, backend: str) -> None:
    """The painter, and a server without files, send one to who takes jobs; no Run is left behind."""
    server.jobs.plant("no_batches")
    with pytest.raises(dn.RequestError, match="dalle-nb serve"):
        submit(workshop.sibling(backend=backend), items(2))
    assert 0 == workshop.store.count()


# Collecting.


def test_answers_find_their_runs_in_any_order(workshop: ImageGenerator, server: Api) -> None:
    """Results come last first; each picture is under the prompt it was drawn for, and paid once."""
    job = send(workshop, 5, n=2)
    assert whole(ended(job).collect())
    assert (True, 10) == (job.collected, server.billed.count)
    assert pictures.shows(job.runs[3].pictures[1].bytes, "fox number 3", 1)


def test_a_run_of_several_calls_comes_together(workshop: ImageGenerator, server: Api) -> None:
    """Twelve pictures are two lines of a job and one Run."""
    job = ended(send(workshop, 2, n=12)).collect()
    assert [12, 12] == [len(run.pictures) for run in job.runs]
    assert all(pictures.shows(run.pictures[10].bytes, run.prompt, 0) for run in job.runs)
    assert [2, 2] == [len(run.record.attempts) for run in job.runs]


def test_collecting_twice_adds_nothing(workshop: ImageGenerator, later: ImageGenerator, server: Api) -> None:
    """A second collecting, also in another kernel that knows the job as it was before, changes no row."""
    job = ended(send(workshop, 3))
    stale = Jobs(later)[job.id]
    job.collect()
    before = [run.record for run in job.runs]
    assert before == [run.record for run in job.collect().runs]
    assert before == [run.record for run in stale.collect().runs]


REASONS = {
    "invalid": ("failed", {"batch_failed": 4}, Billed.NO, 0),
    "expired": ("expired", {"batch_expired": 2}, Billed.NO, 2),
    "partial": ("completed", {"BadAnswer": 2}, Billed.UNKNOWN, 2),
    "error_lines": ("completed", {"server_error": 4}, Billed.UNKNOWN, 0),
    "junk": ("completed", {"BadAnswer": 4}, Billed.YES, 0),
    "garbage": ("completed", {"BadAnswer": 1}, Billed.UNKNOWN, 3),
    "twice": ("completed", {}, None, 4),
    "stranger": ("completed", {}, None, 4),
}


@pytest.mark.parametrize("fault", REASONS)
def test_each_run_has_a_picture_or_a_reason(workshop: ImageGenerator, server: Api, fault: str) -> None:
    """Whatever becomes of a job, no Run is left waiting, none is lost, and none is billed that was not drawn."""
    status, reasons, billed, good = REASONS[fault]
    server.jobs.plant(fault)
    job = ended(send(workshop, 4))
    assert status == job.status
    job.collect()
    assert reasons == failures(job)
    done = [run for run in job.runs if run.status is Status.DONE]
    assert good == len(done)
    assert all(pictures.shows(run.pictures[0].bytes, run.prompt) for run in done)
    assert {billed} - {None} == {run.failure.billed for run in job.runs if run.failure}
    free = billed is Billed.NO
    assert all((run.cost == 0) is free for run in job.runs if run.failure and billed is not Billed.YES)
    assert [] == workshop.store.members(job.id, waiting=True)


def test_a_late_refusal_is_told_plainly(workshop: ImageGenerator, server: Api) -> None:
    """Validation that fails after the job was taken is in its table, and in each Run's reason."""
    server.jobs.plant("invalid")
    job = ended(send(workshop, 2))
    assert "2: The body is not valid." in repr(Jobs(workshop))
    run = job.collect().runs[0]
    assert run.failure is not None
    assert "The body is not valid." in run.failure.what
    assert "Nothing was drawn or billed" in run.failure.fix


def test_what_moderation_refuses_is_a_refused_run(workshop: ImageGenerator, server: Api) -> None:
    """One refusal, told in the error file, is that Run's own; the others have their pictures."""
    bad = Item(prompt=f"a fox, {BLOCKED}", options={"quality": "low"})
    job = ended(submit(workshop, [*items(2), bad])).collect()
    assert [Status.DONE, Status.DONE, Status.REFUSED] == [run.status for run in job.runs]
    assert 0 == job.runs[2].cost


def test_a_cancelled_job_keeps_what_is_drawn(workshop: ImageGenerator, server: Api) -> None:
    """After a cancel what was drawn is collected, and the rest is interrupted and free."""
    server.jobs.plant("slow")
    job = send(workshop, 4).refresh().refresh()
    assert "cancelling" == job.cancel().status
    ended(job).collect()
    statuses = [run.status for run in job.runs]
    assert [Status.DONE] * 2 + [Status.INTERRUPTED] * 2 == statuses
    assert [0, 0] == [run.cost for run in job.runs if run.status is Status.INTERRUPTED]


@pytest.mark.parametrize("fault", ["torn", "cut", "short"])
def test_results_that_break_off_are_collected_again(
    workshop: ImageGenerator, server: Api, fault: str
) -> None:
    """A download that ends early, however politely, fails no Run: collected again, all are there, paid once."""
    job = ended(send(workshop, 6))
    server.jobs.plant(fault)
    with pytest.raises(dn.ConnectionFailed):
        job.collect()
    assert all(run.failure is None for run in job.runs)
    assert whole(job.collect())
    assert (2, 6) == (server.jobs.downloads, server.billed.count)


def test_the_answer_to_create_may_be_lost(workshop: ImageGenerator, server: Api) -> None:
    """A batch that was made though nobody heard of it is found by the job's own name, and not made again."""
    server.jobs.plant("lost")
    job = send(workshop, 2)
    assert ("sending", ()) == (job.status, job.remote_ids)
    assert whole(ended(job).collect())
    assert 1 == len(server.jobs.batches)


def test_a_batch_that_comes_to_light_late_is_not_given_up(workshop: ImageGenerator, server: Api) -> None:
    """What a server does not list yet may still be made: nobody is told to send it again, and pay twice."""
    server.jobs.plant("lost")
    job = send(workshop, 2)
    unlisted, server.jobs.batches = server.jobs.batches, {}
    assert "sending" == job.refresh().status
    with pytest.raises(dn.RequestError, match="under way"):
        send(workshop, 2)
    server.jobs.batches = unlisted
    assert whole(ended(job).collect())
    assert 1 == len(server.jobs.batches)


# Elsewhere.


def test_a_history_from_before_jobs_takes_them(workshop: ImageGenerator, server: Api, home: Path) -> None:
    """A store of the first version gets the tables of jobs, and keeps its Runs."""
    workshop.generate("a dog", backend="offline", size="256x256")
    workshop.store.close()
    with contextlib.closing(sqlite3.connect(home / "history.db")) as old:
        old.executescript("DROP TABLE job_runs; DROP TABLE jobs; PRAGMA user_version = 1")
    assert whole(ended(send(ImageGenerator(), 2)).collect())
    assert 3 == ImageGenerator().store.count()


COLLECTOR = """
import os, signal, sys
from dalle_nb import ImageGenerator
from dalle_nb._jobs import Jobs
from dalle_nb._store import Store

job = Jobs(ImageGenerator())[int(sys.argv[1])]
point, left = sys.argv[2], int(sys.argv[3])
real = getattr(Store, point)

def last(*arguments, **options):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **options)

setattr(Store, point, last)
job.collect()
"""


SENDER = """
import os, signal, sys
from dalle_nb import ImageGenerator
from dalle_nb._items import Item
from dalle_nb._jobs import submit
from dalle_nb._store import Store
from dalle_nb.backends.openai.jobs import Batches

owner = {"create": Batches, "save_job": Store}[sys.argv[1]]
setattr(owner, sys.argv[1], lambda *_: os.kill(os.getpid(), signal.SIGKILL))
submit(ImageGenerator(), [Item(prompt=f"fox number {n}", options={"quality": "low"}) for n in range(2)])
"""


@pytest.mark.parametrize(
    ("point", "made", "reasons"),
    [("create", 0, {"unsent": 2}), ("save_job", 1, {})],
    ids=["before", "after"],
)
def test_a_killed_sending_pays_for_nothing_unknown(
    workshop: ImageGenerator, server: Api, point: str, made: int, reasons: dict[str, int]
) -> None:
    """Killed before the batch is made, its Runs failed and are free; killed after, it is found and collected."""
    process = start(SENDER, point, env={**os.environ, **environment(server)})
    assert -signal.SIGKILL == process.wait(120)
    process.communicate()
    assert made == len(server.jobs.batches)
    job = ended(aged(Jobs(workshop)[-1], workshop)).collect()
    assert reasons == failures(job)
    assert whole(job) is (not reasons)
    assert [not reasons] * 2 == [bool(run.cost) for run in job.runs]


@pytest.mark.parametrize("point", ["keep", "note_attempt", "finish"])
def test_a_killed_collecting_goes_on(workshop: ImageGenerator, server: Api, point: str) -> None:
    """After kill -9 between any two steps another process collects the rest: nothing lost, nothing twice."""
    job = ended(send(workshop, 4))
    process = start(COLLECTOR, str(job.id), point, "2", env={**os.environ, **environment(server)})
    assert -signal.SIGKILL == process.wait(120)
    process.communicate()
    assert whole(job.collect())
    assert [(1, 1)] * 4 == [(len(run.record.attempts), len(run.pictures)) for run in job.runs]
    half = {run.cost for run in job.runs}
    assert 1 == len(half)
    assert None not in half


def test_another_machine_adopts_a_job(workshop: ImageGenerator, server: Api, tmp_path: Path) -> None:
    """With the server's name for a batch alone, a machine that knows nothing has all Runs and pictures of the job."""
    Image.new("RGB", (SIDE, SIDE), "white").save("in.png")
    edits = [Item(prompt="a red scarf", options={"edit": "in.png", "size": "1024x1024"})]
    job = submit(workshop, items(3) + edits)
    other = ImageGenerator(home=tmp_path / "elsewhere")
    jobs = Jobs(other)
    adopted = jobs.adopt(job.remote_ids[0])
    assert [run.uid for run in job.runs] == [run.uid for run in adopted.runs]
    assert adopted.uid == jobs.adopt(job.remote_ids[1]).uid == job.uid
    ended(adopted).collect()
    assert [run.prompt for run in job.runs] == [run.prompt for run in adopted.runs]
    assert {Status.DONE} == {run.status for run in adopted.runs}
    assert job.runs[3].record.request.inputs == adopted.runs[3].record.request.inputs
    assert 0 == other.store.spent()
    assert whole(ended(Jobs(workshop).adopt(job.remote_ids[0])).collect()) or len(job.runs) == 4


def test_a_job_of_another_program_can_be_adopted(workshop: ImageGenerator, server: Api) -> None:
    """A batch whose lines bear names of others is collected all the same, each line that asks for pictures a Run."""
    body = {"model": "gpt-image-2", "prompt": "a heron", "size": "1024x1024", "quality": "low"}
    lines = [
        {"custom_id": f"r-{number}", "method": "POST", "url": "/v1/images/generations", "body": body}
        for number in range(2)
    ]
    lines.append({**lines[0], "custom_id": "r-9", "body": body | {"n": "two"}})
    data = "\n".join(map(json.dumps, lines)).encode()
    client = workshop.backend._wire.client()  # type: ignore[attr-defined]
    file = client.files.create(file=("mine.jsonl", data), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/images/generations", completion_window="24h"
    )
    job = ended(Jobs(workshop).adopt(batch.id)).collect()
    assert (True, 2) == (whole(job), len(job))
    assert 1 == len(Jobs(workshop))


def test_the_magic_and_the_command_do_the_same(
    server: Api, shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """``%dalle_jobs`` and ``dalle-nb jobs`` list, ask after and collect; a word they do not know is told."""
    send(default_generator(), 2)
    assert "validating" in repr(shell.run_line_magic("dalle_jobs", ""))
    assert 0 == main(["jobs", "status"])
    assert "in_progress" in capsys.readouterr().out
    assert "completed" in repr(shell.run_line_magic("dalle_jobs", "status"))
    assert 0 == main(["jobs", "collect", "1"])
    assert "collected" in capsys.readouterr().out
    assert whole(dn.jobs[-1])
    with pytest.raises(dn.OptionError, match="collect N"):
        shell.run_line_magic("dalle_jobs", "sing")
    assert 1 == main(["jobs", "collect", "9"])


def test_a_batch_with_one_word_more_is_a_job(server: Api, shell: Any) -> None:
    """``dn.batch`` and ``%%dalle_batch`` send the same prompts off as a Job, and count and price them first."""
    job = dn.batch(["a cat", "a dog"], quality="low", via="openai-batch")
    assert isinstance(job, Job)
    with capture_output() as said:
        again = shell.run_cell_magic("dalle_batch", "-q low --via openai-batch", "a cat\na hen")
    assert [run.prompt for run in again.runs] == ["a hen"]
    assert "pictures to draw: 1" in said.outputs[0].data["text/plain"]
    assert whole(ended(job).collect())


def test_tab_offers_what_can_be_done_with_jobs() -> None:
    """Completion knows the same verbs as the magic, and only those that begin as typed."""
    known = {"catalog": load_catalog(), "model": "any", "variables": {}}
    assert re.findall("[a-z]+", VERBS) == list(offer("x = 1\n%dalle_jobs ", **known).words)
    assert ("co", ("collect",)) == ((found := offer("%dalle_jobs co", **known)).fragment, found.words)


def test_a_lost_job_can_be_forgotten(workshop: ImageGenerator, server: Api) -> None:
    """Where the server knows a job no more, its Runs need not wait for ever; they count as maybe billed."""
    job = send(workshop, 2)
    server.jobs.batches.clear()
    with pytest.raises(dn.ModelNotFound):
        job.refresh()
    job.forget()
    assert [(Status.INTERRUPTED, None)] * 2 == [(run.status, run.cost) for run in job.runs]
    assert job.collect().collected


def test_a_job_stays_with_the_server_it_was_sent_to(workshop: ImageGenerator, server: Api) -> None:
    """Another server is not asked after it, and the error says where it is."""
    job = send(workshop, 1)
    elsewhere = workshop.sibling(base_url=server.url.replace("127.0.0.1", "localhost"))
    with pytest.raises(dn.OptionError, match=r"was sent to http://127\.0\.0\.1"):
        Jobs(elsewhere)[job.id].collect()
    assert "validating" in repr(Jobs(elsewhere).refresh())
    forget(elsewhere)


def test_no_line_is_longer_than_its_pictures_may_be(workshop: ImageGenerator, server: Api) -> None:
    """Of a line without end only the beginning is held, and the lines after it are whole."""
    data = b"\n".join([b"{}", b'{"custom_id": "x", "' + b"a" * 5_000_000, b"[]", b'{"a": 7}'])
    file = server.jobs.keep("results.jsonl", "batch_output", data)
    lines = list(workshop.backend.batches.lines(file.id, 1_000))  # type: ignore[attr-defined]
    assert [b"{}", b"[]", b'{"a": 7}'] == [lines[0], *lines[2:]]
    assert 1_000 < len(lines[1]) < 5_000
    endless = server.jobs.keep("results.jsonl", "batch_output", b"a" * 5_000_000)
    assert 1 == len(list(workshop.backend.batches.lines(endless.id, 1_000)))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "told",
    [
        {"request_counts": {"total": "many", "completed": None}},
        {"created_at": "yesterday"},
        {"errors": "all"},
        {"status": ["x"] * 9_999},
        {"metadata": [1]},
    ],
    ids=["counts", "time", "errors", "status", "metadata"],
)
def test_a_strange_answer_is_no_crash(workshop: ImageGenerator, server: Api, told: dict[str, Any]) -> None:
    """A batch that is told in another shape is an error of ours or is read with care; the job is as before."""
    job = send(workshop, 1)
    [batch] = server.jobs.batches.values()
    before = dict(batch)
    batch |= {"status": "in_progress", **told}
    server.jobs.plant("slow")
    with contextlib.suppress(dn.DalleError):
        job.refresh()
    assert len(repr(Jobs(workshop))) < 2_000
    batch |= before
    server.jobs.hurry()
    assert whole(ended(Jobs(workshop)[job.id]).collect())


def test_memory_stays_flat_however_much_comes(workshop: ImageGenerator, server: Api) -> None:
    """Collecting holds a line at a time: thirty megabytes of results take less than a half of that."""
    server.noise = 5
    job = ended(send(workshop, 12))
    size = sum(len(file.data) for file in server.jobs.files.values() if file.purpose == "batch_output")
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        job.collect()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert size > 30_000_000
    assert peak < size / 2


def test_a_job_at_our_own_server(tmp_path: Path) -> None:
    """`dalle-nb serve` takes the same job: drawn by the painter, edits by file, refusals as told, collected here."""
    Image.new("RGB", (SIDE, SIDE), "white").save("in.png")
    with dn.serve(backend="offline") as url:
        home = tmp_path / "mine"
        workshop = ImageGenerator(base_url=f"{url}/v1", server="unknown", home=home, language="en")
        asked = [Item(prompt="a red fox"), Item(prompt="a fox [simulate:refusal]")]
        asked.append(Item(prompt="a black cat", options={"edit": "in.png", "mask": "box:20%,20%,60%,60%"}))
        job = submit(workshop, asked, yes=True).wait(timeout=300, every=0.2)
        forget(workshop)
    assert job.collected
    assert [Status.DONE, Status.REFUSED, Status.DONE] == [run.status for run in job.runs]
    cat = job.runs[2].image.convert("RGB")
    assert (255, 255, 255) == cat.getpixel((900, 900))
    assert 1 < len(cat.crop((204, 204, 614, 614)).getcolors(SIDE * SIDE))
