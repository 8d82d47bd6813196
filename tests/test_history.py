"""The history: everything ever made, looked through like a dataframe and taken up again."""

from __future__ import annotations

import csv
import hashlib
import importlib
import io
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from openai_server.handle import Api
from PIL import Image

import dalle_nb as dn
from dalle_nb._generator import default_generator
from dalle_nb._history import History
from dalle_nb._query import COLUMNS
from dalle_nb._records import Estimate, Failure, PictureRecord, Request, RunRecord, Status

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

SMALL = {"backend": "offline", "size": "256x256"}
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture
def three() -> list[dn.Run]:
    """Draw three small Runs offline."""
    return [dn.generate(word, n=number, **SMALL) for number, word in enumerate(("cat", "dog", "fox"), 1)]


@pytest.fixture
def many() -> list[RunRecord]:
    """Take 120 Runs of others into the history, oldest first, each different in every column."""
    return keep([record(number) for number in range(1, 121)])


def record(number: int, **facts: Any) -> RunRecord:
    """Return a Run that somebody else has made: a coloured square."""
    refused = number % 7 == 0
    name = hashlib.sha256(square(number)).hexdigest()
    picture = PictureRecord(
        sha256=name, media_type="image/png", width=8, height=8, size=len(square(number)), index=1
    )
    told = RunRecord(
        id=0,
        uid=f"{number:032x}",
        created=NOON + timedelta(hours=number),
        request=Request(prompt=f"{'猫' if number % 2 else 'fox'} number {number}", model=f"m{number % 3}"),
        backend="offline",
        model=f"sent{number % 4}",
        sent=({"size": f"{number % 5 + 1}x8", "quality": f"q{number % 6}", "n": number % 8 + 1},),
        status=Status.REFUSED if refused else Status.DONE,
        pictures=() if number % 12 else (picture,),
        estimate=Estimate(low=0, high=number),
        cost=None if refused else number * 1000,
        seconds=number / 4,
        parent=f"{number - 1:032x}" if number % 9 == 0 else None,
        recipe="rerun" if number % 9 == 0 else "",
        failure=Failure(error=f"Error{number % 2}", what="no") if refused else None,
        notebook=f"lesson{number % 3}.ipynb",
        tags=(f"t{number % 4}", "all"),
        starred=number % 10 == 0,
    )
    return replace(told, **facts)


def square(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (number, 128, 255 - number)).save(file, "PNG")
    return file.getvalue()


def keep(told: list[RunRecord]) -> list[RunRecord]:
    """Take Runs into the history, and return them as it holds them."""
    bytes_of = {hashlib.sha256(square(number)).hexdigest(): square(number) for number in range(200)}
    store = default_generator().store
    store.adopt(told, bytes_of.__getitem__)
    return [store.run(each.uid) for each in told]


def run_cell(shell: InteractiveShell, source: str) -> tuple[Any, str]:
    """Run a cell as a user does; return its result, and what it shows and prints as plain text."""
    with capture_output() as captured:
        result = shell.run_cell(source, store_history=True)
    shown = [output.data.get("text/plain", "") for output in captured.outputs]
    return result, "\n".join([*shown, captured.stdout])


# --- like a dataframe -------------------------------------------------------------------------------------


def test_it_is_read_like_a_mapping(three: list[dn.Run]) -> None:
    """Length, order, ids, the newest, and a picture of a Run."""
    assert 3 == len(dn.history)
    assert ["fox", "dog", "cat"] == [run.prompt for run in dn.history]
    assert "dog" == dn.history[2].prompt
    assert ("fox", "cat") == (dn.history[-1].prompt, dn.history[-3].prompt)
    assert three[2].pictures[1].bytes == dn.history["3/2"].bytes == dn.history["-1/2"].bytes
    assert three[0].record == dn.history[three[0].uid].record == dn.history["#1"].record
    assert [True, True, False, False] == [each in dn.history for each in (1, three[2], 4, "nobody")]


@pytest.mark.parametrize("reference", [4, 0, -4, "3/9", "nobody", "1/x", 10**30, None, "-0", "--1"], ids=repr)
def test_what_is_not_there_is_a_key_error(three: list[dn.Run], reference: object) -> None:
    """An id that names nothing is a KeyError in our words."""
    with pytest.raises(KeyError) as caught:
        dn.history[reference]
    assert isinstance(caught.value, dn.ReferenceNotFound)


def test_ids_are_no_places(three: list[dn.Run]) -> None:
    """A slice of ids would mislead, and is refused."""
    with pytest.raises(TypeError):
        dn.history[0:2]


def test_a_part_of_the_history_holds_its_own_runs_only(many: list[RunRecord]) -> None:
    """In a narrower History an id that does not belong to it is a KeyError, and -1 is the newest in it."""
    foxes = dn.history.search("fox")
    assert (120, 118) == (foxes[-1].id, foxes[-2].id)
    assert 2 in foxes
    assert 1 not in foxes
    with pytest.raises(dn.ReferenceNotFound, match="not in this part"):
        foxes[1]
    assert 5 == dn.history.tail(5)[-1].id
    assert 3 == dn.history.tail(5).sort("cost")[-3].id


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_is_read_filtered_and_sorted(many: list[RunRecord], name: str) -> None:
    """``history[name]`` is the column; `where` finds what plain Python finds; `sort` puts empty values last."""
    history = dn.history
    assert history.columns == COLUMNS
    values = history[name]
    assert 120 == len(values)
    value = values[20]
    expected = [id_ for id_, each in zip(history["id"], values, strict=True) if each == value]
    if name == "tags":
        value, expected = "t1", [id_ for id_, each in zip(history["id"], values, strict=True) if "t1" in each]
    assert expected == history.where(**{name: value})["id"]
    known = [each for each in values if each is not None]
    assert sorted(known) == history.sort(name)[name][: len(known)]
    assert sorted(known, reverse=True) == history.sort(f"-{name}")[name][: len(known)]


@pytest.mark.parametrize(
    ("conditions", "meant"),
    [
        pytest.param({"cost": (5000, 9000)}, lambda run: run.cost and 5000 <= run.cost <= 9000, id="range"),
        pytest.param({"seconds": (29, None)}, lambda run: run.seconds >= 29, id="from"),
        pytest.param({"id": (None, 3)}, lambda run: run.id <= 3, id="up to"),
        pytest.param({"cost": None}, lambda run: run.cost is None, id="unknown"),
        pytest.param({"status": ["refused", "failed"]}, lambda run: run.status == "refused", id="any of"),
        pytest.param({"tag": "t2"}, lambda run: "t2" in run.tags, id="tag"),
        pytest.param({"tag": ["t2", "t3"]}, lambda run: {"t2", "t3"} & {*run.tags}, id="any of the tags"),
        pytest.param({"starred": True}, lambda run: run.starred, id="starred"),
        pytest.param({"since": "2026-11-05"}, lambda run: run.created.day >= 5, id="since"),
        pytest.param({"until": date(2026, 11, 2)}, lambda run: run.created.day <= 2, id="until a day"),
        pytest.param({"until": NOON + timedelta(hours=2)}, lambda run: run.id <= 2, id="until a moment"),
        pytest.param({"created": ("2026-11-03", "2026-11-03")}, lambda run: run.created.day == 3, id="day"),
        pytest.param(
            {"backend": "offline", "model": "sent2", "kind": "generate"},
            lambda run: run.id % 4 == 2,
            id="all",
        ),
    ],
)
def test_where_finds_what_plain_python_finds(
    many: list[RunRecord], conditions: dict[str, Any], meant: Callable[[RunRecord], object]
) -> None:
    """Values, lists of values, ranges and dates are understood on every column, all conditions together."""
    expected = [run.id for run in reversed(many) if meant(run)]
    assert expected
    assert expected == dn.history.where(**conditions)["id"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda history: history.where(promt="fox"),
        lambda history: history.sort("promt"),
        lambda history: history.column("promt"),
        lambda history: history.where(cost="cheap"),
        lambda history: history.where(since="yesterday"),
        lambda history: history.where(since=2026),
        lambda history: history.where(created=("2026-13-01", None)),
    ],
    ids=["where", "sort", "column", "number", "word for a date", "number for a date", "date"],
)
def test_a_column_or_value_that_is_none_is_told_at_once(ask: Callable[[History], object]) -> None:
    """A misspelt column or a useless value is an OptionError where it is said, not where it is looked at."""
    with pytest.raises(dn.OptionError):
        ask(dn.history)


@pytest.mark.parametrize(
    ("text", "count"), [("猫", 60), ("FOX", 60), ("猫 NUMBER", 60), ("number　11", 11), ("sent3 T3 all", 30), ("", 120)]
)  # fmt: skip
def test_search_finds_any_word(many: list[RunRecord], text: str, count: int) -> None:
    """Every word must occur, in prompt, tags or model, in any language, one character too, whatever its case."""
    assert count == len(dn.history.search(text))


def test_parts_and_conditions_go_on_from_one_another(many: list[RunRecord]) -> None:
    """`head`, `tail` and `page` are histories too: what is asked of them next stays within them."""
    history = dn.history
    assert [120, 119] == history.head(2)["id"]
    assert [2, 1] == history.tail(2)["id"]
    assert ([70, 21], 50, 20) == (history.page(2)["id"][::49], len(history.page(2)), len(history.page(3)))
    assert [] == [*history.page(4)] == [*history.head(0)] == [*history.head(-3)]
    assert [118, 116] == history.head(5).search("fox")["id"][1:]
    assert [116, 117, 118] == history.head(5).sort("id").head(3)["id"]
    assert [9, 8] == history.tail(10).page(1).head(3).tail(2)["id"]
    assert [118] == history.where(tag="t2").search("fox").sort("-cost").head(1)["id"]


def test_a_history_is_a_question_not_an_answer(home: Path) -> None:
    """Narrowing, sorting and completing open nothing; the answer is as new as the look at it."""
    asked = dn.history.where(kind="generate", since="2026-01-01").search("fox").sort("-cost").page(2)
    assert [*COLUMNS] == asked._ipython_key_completions_()
    assert [] == [*home.iterdir()]
    foxes = dn.history.search("fox")
    dn.generate("fox", **SMALL)
    assert 1 == len(foxes)


def test_a_loop_is_not_disturbed_by_what_it_does(many: list[RunRecord]) -> None:
    """A loop over more than a page that deletes, tags or takes in Runs meets each of its own once."""
    seen = []
    for run in dn.history.where(tag="all"):
        run.delete()
        keep([replace(run.record, uid=f"f{run.uid[1:]}")])
        seen.append(run.uid)
    assert [f"{number:032x}" for number in range(120, 0, -1)] == seen
    assert (120, 120) == (len(dn.history), len(dn.history.trash))


def test_it_stays_a_history_when_every_room_is_imported() -> None:
    """No submodule takes the name of the history away."""
    for module in pkgutil.walk_packages(dn.__path__, "dalle_nb."):
        if module.name != "dalle_nb.__main__":
            importlib.import_module(module.name)
    assert isinstance(dn.history, History)


# --- elsewhere --------------------------------------------------------------------------------------------


def test_pandas_gets_all_columns(many: list[RunRecord]) -> None:
    """Costs stay whole numbers where some are unknown, times have their zone, and no Run is no trouble."""
    frame = dn.history.to_pandas()
    assert [*COLUMNS[1:]] == [*frame.columns]
    assert (120, "id", "Int64") == (len(frame), frame.index.name, str(frame.cost.dtype))
    assert 3000 == frame.cost[3]
    assert "UTC" == str(frame.created.dt.tz)
    assert frame.dtypes.cost == dn.history.head(0).to_pandas().dtypes.cost


def test_csv_can_be_read_again(many: list[RunRecord], tmp_path: Path) -> None:
    """CSV, as text or as a file that spreadsheets read as UTF-8, holds a line for every Run here."""
    text = dn.history.search("猫").to_csv()
    rows = [*csv.DictReader(io.StringIO(text))]
    assert (60, "猫 number 119", "t3, all") == (len(rows), rows[0]["prompt"], rows[0]["tags"])
    assert dn.history.search("猫").to_csv(tmp_path / "cats.csv") is None
    assert text.encode() == (tmp_path / "cats.csv").read_bytes().removeprefix(b"\xef\xbb\xbf")
    with pytest.raises(dn.StoreUnwritable, match="cannot be written"):
        dn.history.to_csv(tmp_path / "nowhere" / "cats.csv")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"], ids=repr)
def test_csv_holds_no_formulas(start: str) -> None:
    """What a spreadsheet would run is text there, in prompts and in tags."""
    hostile = f'{start}HYPERLINK("http://x","y")'
    keep([record(1, request=Request(prompt=hostile), tags=(hostile,))])
    row = next(csv.DictReader(io.StringIO(dn.history.to_csv(), newline="")))
    assert (f"'{hostile}", f"'{hostile}") == (row["prompt"], row["tags"])


def test_a_terminal_shows_a_plain_table(many: list[RunRecord]) -> None:
    """In a terminal the history is aligned text."""
    source = "import dalle_nb as dn; dn.history.where(tag='t0').head(2)"
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--simple-prompt", "-i"],
        input=f"{source}\nexit\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "fox number 120" in done.stdout
    assert "1 to 2 of 30" in done.stdout
    assert "<table" not in done.stdout


def test_another_process_sees_the_same_history(three: list[dn.Run]) -> None:
    """After a restart everything is still there, pictures too."""
    program = "import dalle_nb as dn; print(dn.history.search('dog')[-1].pictures[1].record.sha256)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert three[1].pictures[1].record.sha256 == done.stdout.strip()


# --- verbs ------------------------------------------------------------------------------------------------


def test_a_run_of_the_history_goes_on(three: list[dn.Run]) -> None:
    """Rerun, variation and edit record what they come from, and how, and `diff` what changed."""
    again = dn.history[1].rerun(style="watercolor", prompt="a cat")
    varied = dn.history["3/2"].run.vary(n=2, strength="strong")
    edited = dn.history[1].edit("a red scarf", mask="box:0,0,50%,100%")
    assert [three[0].uid, three[2].uid, three[0].uid] == [
        run.record.parent for run in (again, varied, edited)
    ]
    assert ["rerun", "variation", ""] == dn.history.where(parent=[three[0].uid, three[2].uid]).sort("id")[
        "recipe"
    ]
    assert {"prompt": ("cat", "a cat"), "style": (None, "watercolor")} == dn.history.diff(1, again)
    assert {"kind", "prompt", "inputs", "mask"} <= {*dn.history.diff(1, edited)}


def test_what_goes_on_without_words_speaks_the_language_of_its_parent() -> None:
    """A Chinese picture that is run again or varied is spoken of in Chinese."""
    cat = dn.generate("一只猫", **SMALL)
    for run in (cat, cat.rerun(), cat.vary(size="256x256")):
        assert "离线草图" in run.record.notes[0]


def test_a_selection_goes_on_together(three: list[dn.Run]) -> None:
    """Verbs on a selection answer with a History of the new Runs, in the order of the old ones."""
    again = dn.history.where(id=(2, 3)).rerun(n=1, prompt="a bird")
    assert ["a bird", "a bird"] == again["prompt"]
    assert [three[2].uid, three[1].uid] == again["parent"]
    assert [1, 1] == [len(run) for run in again]
    assert ["variation"] * 2 == again.vary(strength="strong", size="256x256")["kind"]
    assert ["a hat"] == again.head(1).edit("a hat", size="256x256")["prompt"]


def test_one_that_fails_is_among_the_others(three: list[dn.Run]) -> None:
    """A refusal in a selection stops none of the rest, and is a Run like them."""
    with pytest.raises(dn.RefusedError):
        dn.generate("a cat [simulate:refusal]", **SMALL)
    assert ["refused", "done"] == dn.history.head(2).rerun(n=1)["status"]
    assert ["variation"] == dn.history.where(id=(3, 4)).vary()["kind"]


def test_what_a_selection_costs_is_asked_first(server: Api) -> None:
    """Runs that are cheap one by one and dear together are asked for once, before anything is sent."""
    for prompt in ("cat", "dog", "fox"):
        dn.generate(prompt)
    price = max(run.record.estimate.high for run in dn.history)
    dn.configure(confirm_above=price * 2 / 1e6)
    with pytest.raises(dn.ConfirmationNeeded):
        dn.history.rerun()
    assert 3 == server.billed.count
    assert 3 == len(dn.history.rerun(yes=True))


def test_a_retired_model_s_successor_draws_and_says_so(server: Api) -> None:
    """A Run whose model is gone by now is run again through its successor, with its options translated."""
    old = Request(prompt="a fox", model="dall-e-3", options={"quality": "hd", "style": "vivid"})
    sent = {"model": "dall-e-3", "prompt": "a fox", "quality": "hd", "style": "vivid", "n": 1}
    (kept,) = keep([record(1, request=old, model="dall-e-3", backend="openai", sent=(sent,))])
    for again in (dn.history[kept.id].rerun(yes=True), *dn.history.where(id=kept.id).rerun(yes=True)):
        assert any("dall-e-3 was shut down on 2026-05-12" in notice for notice in again.record.notices)
        assert ("dall-e-3", "high") == (again.record.request.model, server.calls[-1].fields["quality"])
        assert server.calls[-1].fields["model"] == again.record.model != "dall-e-3"


def test_marks_are_put_on_and_taken_off(three: list[dn.Run]) -> None:
    """Tags and stars go on a Run and on a selection, are found again, and come off."""
    assert ("a", "b") == dn.history[1].tag("a", "b").record.tags
    assert [3, 2] == dn.history.where(id=(2, 3)).tag("b").star()["id"]
    assert [3, 2, 1] == dn.history.where(tag="b")["id"]
    assert [2] == dn.history.head(2).tail(1).untag("b").star(on=False)["id"]
    assert [3] == dn.history.where(starred=True)["id"]
    assert ("b",) == dn.history[1].untag("a").record.tags
    assert ("cat",) == dn.generate("a cat", tag="cat", **SMALL).record.tags


def test_what_is_deleted_comes_back_until_it_is_purged(three: list[dn.Run]) -> None:
    """The trash gives back, by id and as a whole; what is purged is gone, with its files."""
    path = three[2].pictures[0].path
    dn.history[1].delete()
    assert 1 == dn.history.where(id=(2, None)).search("fox").delete()
    assert ([2], [3, 1]) == (dn.history["id"], dn.history.trash["id"])
    assert [3] == dn.history.search("fox").trash["id"]
    assert "cat" == dn.history[1].restore().prompt
    assert path.exists()
    assert 1 == dn.history.trash.purge()
    assert not path.exists()
    assert [2, 1] == dn.history["id"]
    with pytest.raises(dn.ReferenceNotFound):
        dn.history[3]


def test_what_is_not_in_the_trash_is_not_purged_unasked(three: list[dn.Run]) -> None:
    """A slip of the finger cannot take every picture away for good."""
    with pytest.raises(dn.ConfirmationNeeded, match="3 Runs"):
        dn.history.purge()
    assert 3 == len(dn.history)
    assert 1 == dn.history.search("cat").purge(yes=True)


def test_a_selection_is_saved_and_written_as_code(three: list[dn.Run], tmp_path: Path) -> None:
    """All pictures of a selection go into a folder or pattern; its programs come one after the other."""
    keep([record(7)])  # refused: there is nothing to save of it
    paths = dn.history.save(tmp_path / "{prompt}" / "{n}.png")
    assert 6 == len({*paths}) == len([*tmp_path.glob("*/*.png")])
    assert 3 == dn.history.where(id=(1, 3)).code("python").count("client.images.generate(")


def test_options_of_a_run_become_the_defaults() -> None:
    """After `use` the next drawing asks for what that Run asked for."""
    dn.generate("a cat", backend="offline", size="256x256", style="watercolor").use()
    assert ("256x256", "watercolor") == tuple(
        dn.generate("a dog", backend="offline").record.request.options[name] for name in ("size", "style")
    )


@pytest.mark.parametrize("reference", ["1", "1/1", "-1", "-1/1", "#1", "picked"])
@pytest.mark.parametrize("flag", ["--edit", "--vary", "--rerun", "--ref"])
def test_references_work_in_every_magic_option(shell: InteractiveShell, flag: str, reference: str) -> None:
    """An id, a picture of it, the newest and a variable name the same Run wherever a REF is taken."""
    first = dn.generate("cat", **SMALL)
    shell.user_ns["picked"] = dn.history[1]
    words = "" if flag in ("--vary", "--rerun") else "a red scarf"
    drawn, _ = run_cell(shell, f"%dalle --backend offline -s 256x256 {flag} {reference} {words}")
    assert drawn.result is not None, drawn
    assert first.uid == drawn.result.record.parent


# --- the magic --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("fox --id ..6", [6, 4, 2]),
        ("猫 --id ..3", [3, 1]),
        ("猫，", []),
        ("--status refused,failed --sort id --id ..20", [7, 14]),
        ("--cost 0.119..", [120]),
        ("--cost=$0.001..0.003 --sort cost", [1, 2, 3]),
        ("--tag t1 --tag all --id 100..", [117, 113, 109, 105, 101]),
        ("--starred --since 2026-11-05 --until 2026-11-05", [100, 90]),
        ("——prompt “fox number 8”", [8]),
        ("--notebook lesson1.ipynb --page 2", []),
        ("--sort -seconds --page 3 --id ..102", [2, 1]),
    ],
)
def test_the_magic_takes_the_same_filters(
    shell: InteractiveShell, many: list[RunRecord], line: str, ids: list[int]
) -> None:
    """``%dalle_history`` narrows down as `where`, `search`, `sort` and `page` do, in both languages."""
    answered, _ = run_cell(shell, f"%dalle_history {line}")
    assert ids == answered.result["id"]


def test_the_magic_says_which_column_was_meant(shell: InteractiveShell) -> None:
    """A misspelt column or a missing value is told in two lines, with what would be right."""
    assert "Try: --status" in run_cell(shell, "%dalle_history --statsu done")[1]
    assert "--sort needs a value." in run_cell(shell, "%dalle_history --sort")[1]
    assert "2026-11-01" in run_cell(shell, "%dalle_history --since soon")[1]


def test_the_magic_opens_the_trash(shell: InteractiveShell, many: list[RunRecord]) -> None:
    """``--trash`` looks there, with the same filters, and says how to take Runs back."""
    dn.history.search("fox").delete()
    answered, text = run_cell(shell, "%dalle_history --trash --id ..4")
    assert [4, 2] == answered.result["id"]
    assert ".restore() takes them back" in text
