"""The workshop: reuse, private mode, threads and forks, the tutorial's class, and every public name."""

from __future__ import annotations

import importlib
import os
import pickle
import pkgutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from openai_server.handle import Api
from PIL import Image
from workshop import KEY, start

import dalle_nb as dn
from dalle_nb import ImageGenerator
from dalle_nb._generator import default_generator

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]


def first(generator: ImageGenerator, prompt: str = "a cat", **options: object) -> dn.Run:
    """Ask as a magic cell does."""
    return generator.ask(prompt, options, first=True)


# --- reuse ------------------------------------------------------------------------------------------------


def test_restart_and_run_all_is_free(workshop: ImageGenerator, later: ImageGenerator, server: Api) -> None:
    """After a restart the first execution of a paid cell is answered from the history, the second draws."""
    before = first(workshop)
    again, anew = first(later), first(later)
    assert (before.id, True) == (again.id, again.reused)
    assert (2, False) == (anew.id, anew.reused)
    assert 2 == server.billed.count


@pytest.mark.parametrize(
    ("ask", "reused"),
    [
        (lambda later: first(later, reuse=False), False),
        (lambda later: first(later, quality="high"), False),
        (lambda later: first(later, "a cat "), False),
        (lambda later: first(later, size="1024x1024"), False),
        (lambda later: first(later, model="gpt-image-2"), False),
        (lambda later: first(later, tag=["new"]), True),
        (lambda later: first(later, budget=1), True),
        (lambda later: later.generate("a cat"), False),
        (lambda later: later.generate("a cat", reuse=True), True),
        (lambda later: later.generate("a cat", reuse=True, quality="low"), False),
    ],
    ids=[
        "fresh",
        "quality",
        "space",
        "size said",
        "model",
        "tag",
        "budget",
        "python",
        "reuse",
        "reuse, other",
    ],
)
def test_reuse_is_exact(workshop: ImageGenerator, later: ImageGenerator, ask: object, reused: bool) -> None:
    """Only an identical Request is answered from the history, where a notebook runs again or it is wished."""
    first(workshop)
    run = ask(later)
    assert (reused, 1 if reused else 2) == (run.reused, run.id)


def test_reuse_can_be_turned_off(workshop: ImageGenerator, later: ImageGenerator) -> None:
    """``configure(reuse=False)`` draws every time."""
    first(workshop)
    later.configure(reuse=False)
    assert not first(later).reused


def test_free_pictures_are_drawn_again(workshop: ImageGenerator, later: ImageGenerator) -> None:
    """The offline painter costs nothing: a first execution draws, unless reuse is wished."""
    first(workshop, backend="offline")
    assert not first(later, backend="offline").reused
    assert later.generate("a cat", backend="offline", reuse=True).reused


def test_failures_are_not_reused(workshop: ImageGenerator, later: ImageGenerator, server: Api) -> None:
    """What failed, or came in part only, is asked again."""
    server.fail("500")
    with pytest.raises(dn.ServerError):
        first(workshop)
    assert not first(later).reused


def test_a_lost_file_is_drawn_again(workshop: ImageGenerator, later: ImageGenerator) -> None:
    """A Run whose picture is gone from the disk answers nothing."""
    first(workshop).pictures[0].path.unlink()
    assert not first(later).reused


NOTEBOOK = (
    "%load_ext dalle_nb",
    "%dalle a cat",
    "for _ in range(3):\n    %dalle a dog",
    "%dalle --vary -1",
    "%dalle --rerun -1",
    "%dalle --rerun -1 -q high",
    "%dalle fox << a fox\nfox.id",
)
RUN_ALL = """
import sys
from IPython.core.interactiveshell import InteractiveShell
import dalle_nb as dn
shell = InteractiveShell.instance()
ids = []
for cell in {cells!r}:
    assert shell.run_cell(cell, store_history=True).success
    ids.append(dn.last and dn.last.id)
print(ids)
"""


def test_a_whole_notebook_is_free(server: Api) -> None:
    """Loops, variations of the newest and reruns of reruns are taken from the history too, in a new process."""
    said = [start(RUN_ALL.format(cells=NOTEBOOK)).communicate(timeout=100)[0] for _ in range(2)]
    ids = [each.strip().splitlines()[-1] for each in said]
    billed = server.billed.count
    assert 8 == billed
    assert ids[0] == "[None, 1, 4, 5, 6, 7, 8]"
    assert ids[1].startswith("[None, 1, ")
    assert ids[1].endswith("5, 6, 7, 8]")


# --- anywhere ---------------------------------------------------------------------------------------------


def test_private_mode_leaves_nothing(workshop: ImageGenerator, home: Path) -> None:
    """``record=False`` keeps pictures for this process only, outside the history."""
    workshop.configure(record=False)
    run = workshop.generate("a secret")
    assert (1024, 1024) == run.image.size
    assert home not in run.pictures[0].path.parents
    workshop.configure(record=True)
    assert 0 == workshop.store.count()


def test_private_pictures_go_with_the_process(server: Api) -> None:
    """The folder of private mode is deleted when its process ends."""
    program = (
        "import dalle_nb as dn\ndn.configure(record=False)\nprint(dn.generate('a secret').pictures[0].path)"
    )
    path = Path(start(program).communicate(timeout=60)[0].strip())
    assert path.suffix == ".png"
    assert not path.parents[2].exists()


def test_sixteen_threads_draw(workshop: ImageGenerator, server: Api) -> None:
    """Any thread may draw, the first of them all at once, and each has its own picture."""
    server.latency = 0.2
    with ThreadPoolExecutor(16) as pool:
        runs = list(pool.map(lambda number: workshop.generate(f"cat {number}"), range(16)))
    assert [f"cat {number}" for number in range(16)] == [run.prompt for run in runs]
    assert 16 == len({run.id for run in runs}) == len({run.pictures[0].record.sha256 for run in runs})
    assert all(run.image for run in runs)


def test_a_forked_child_draws(workshop: ImageGenerator) -> None:
    """A child forked while threads draw has a working workshop, and so has its parent after it."""
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(workshop.generate, f"cat {number}") for number in range(4)]
        child = os.fork()
        if not child:
            try:
                os._exit(0 if workshop.generate("a dog").image else 1)
            finally:
                os._exit(2)
        assert (child, 0) == os.waitpid(child, 0)
        assert all(each.result().image for each in waiting)
    assert workshop.generate("a cow").image
    assert 6 == workshop.store.count()


def test_a_run_pickles(workshop: ImageGenerator, server: Api) -> None:
    """A Run is a light value: it travels without bytes, key or connection, and its verbs work where it arrives."""
    run = workshop.generate("a cat")
    data = pickle.dumps(run)
    assert len(data) < 10_000
    assert KEY[8:14].encode() not in data
    back = pickle.loads(data)
    assert (run.record, run.pictures[0].bytes) == (back.record, back.pictures[0].bytes)
    assert run.uid == back.rerun().record.parent


# --- the tutorial's class ---------------------------------------------------------------------------------


def test_the_tutorial_s_generator(server: Api) -> None:
    """``ImageGenerator`` does what the tutorial's class of that name does, with its very words."""
    generator = ImageGenerator(model="dall-e-3")
    result = generator.generate("一只可爱的猫咪", size="1024x1024", quality="standard", style="vivid")
    assert Path(result["url"].removeprefix("file://")).is_file()
    assert result["revised_prompt"] is None
    saved = generator.generate_and_save("一只可爱的猫咪", "images/cat.png", quality="hd")
    assert "images/cat.png" == saved
    with Image.open(saved) as picture:
        assert (1024, 1024) == picture.size
    first_call, second_call = server.calls_to("generations")
    assert ("medium", "high") == (first_call.fields["quality"], second_call.fields["quality"])
    assert "dall-e-3" not in (first_call.fields["model"], second_call.fields["model"])
    assert generator.enhance_prompt("a cat", "cinematic") == (
        "a cat, cinematic lighting, dramatic atmosphere, movie scene"
    )
    assert generator.enhance_prompt("a cat", style="no such") == generator.enhance_prompt("a cat") == "a cat"


# --- the door ---------------------------------------------------------------------------------------------


def test_every_public_name_keeps_its_type() -> None:
    """No submodule replaces a public name once everything has been imported."""
    before = {name: type(getattr(dn, name)) for name in dn.__all__}
    for module in pkgutil.walk_packages(dn.__path__, "dalle_nb."):
        if not module.name.endswith(("__main__", "_nbval")):
            importlib.import_module(module.name)
    assert before == {name: type(getattr(dn, name)) for name in dn.__all__}
    assert set(dn.__all__) <= set(dir(dn))


def test_looking_opens_nothing(home: Path) -> None:
    """Neither an import nor a name looked at creates a history."""
    for name in dn.__all__:
        getattr(dn, name)
    assert list(home.iterdir()) == []


def test_last_is_this_process_s_newest(workshop: ImageGenerator) -> None:
    """``dn.last`` is what this kernel drew last, and None before that, whatever the history holds."""
    workshop.generate("a cat")
    assert dn.last is None
    run = dn.generate("a dog")
    assert dn.last is run is default_generator().last
