"""Which Runs a Query means: every filter, any word, any order, as plain Python would find them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_child import draw, keep, plan

from dalle_nb._errors import OptionError
from dalle_nb._query import COLUMNS, Filter, Query
from dalle_nb._records import Call, Failure, RunRecord, Status
from dalle_nb._store import Store, search

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
WORDS = ["fox", "Füchse", "STRASSE", "straße", "猫咪", "猫", "水彩画", "🦊", "👩‍🚀", "100%", "a_b", 'say "hi"', "\\", "*"]  # fmt: skip


@pytest.fixture
def store(home: Path) -> Store:
    """Open a store in the test's own home."""
    return Store.open(home)


@pytest.fixture
def runs(store: Store) -> list[RunRecord]:
    """Keep four Runs that differ in every column."""
    record = draw(store, "seed")
    store.purge([record.id])
    times = [
        NOON - timedelta(days=1),
        NOON,
        NOON + timedelta(hours=11, minutes=59),
        NOON + timedelta(hours=12),
    ]
    told = [
        replace(
            record, uid=f"{number:032x}", created=moment, cost=cost, status=status, tags=tags, starred=number == 1,
            request=replace(record.request, prompt=f"picture {number}", model=model),
            sent=({"size": size, "quality": "low", "n": number},), recipe="", parent=parent, notebook=notebook,
            failure=Failure(error="RefusedError", what="no") if status is Status.REFUSED else None,
        )
        for number, moment, cost, status, tags, model, size, parent, notebook in zip(
            range(1, 5), times, (None, 0, 40_000, 2**60), (Status.DONE, Status.REFUSED, Status.DONE, Status.FAILED),
            ((), ("red",), ("red", "blue"), ("reddish",)), (None, "m", "m", "gpt"), ("1x1", "2x2", "2x2", "3x1"),
            (None, "f" * 32, None, "1" * 32), ("a.ipynb", None, "b.ipynb", "A.ipynb"), strict=True,
        )
    ]  # fmt: skip
    store.adopt(told, {}.__getitem__)
    return store.select(Query(descending=False))


@pytest.mark.parametrize(
    ("column", "operator", "value", "expected"),
    [
        ("id", "from", 4, [4, 5]),
        ("id", "is", "3", [3]),
        ("status", "is", Status.DONE, [2, 4]),
        ("status", "not", "done", [3, 5]),
        ("status", "in", ("refused", "failed"), [3, 5]),
        ("cost", "is", None, [2]),
        ("cost", "not", None, [3, 4, 5]),
        ("cost", "not", 0, [2, 4, 5]),
        ("cost", "in", (None, 0), [2, 3]),
        ("cost", "in", (), []),
        ("cost", "before", 40_000, [3]),
        ("cost", "upto", 40_000, [3, 4]),
        ("cost", "after", 39_999.5, [4, 5]),
        ("cost", "before", 10**30, [3, 4, 5]),
        ("created", "is", "2026-11-01", [3, 4]),
        ("created", "is", date(2026, 11, 1), [3, 4]),
        ("created", "not", "2026-11-01", [2, 5]),
        ("created", "upto", "2026-11-01", [2, 3, 4]),
        ("created", "after", "2026-11-01", [5]),
        ("created", "from", "2026-11-01T12:00", [3, 4, 5]),
        ("created", "after", NOON, [4, 5]),
        ("created", "is", datetime(2026, 11, 1, 12), [3]),  # noqa: DTZ001 - without a zone it is UTC
        ("created", "is", datetime(2026, 11, 1, 20, tzinfo=timezone(timedelta(hours=8))), [3]),
        ("created", "in", ("2026-10-31", "2026-11-02"), [2, 5]),
        ("tags", "has", "red", [3, 4]),
        ("tags", "is", "blue", [4]),
        ("tags", "not", "red", [2, 5]),
        ("tags", "in", ("blue", "reddish"), [4, 5]),
        ("starred", "is", True, [2]),
        ("starred", "not", 1, [3, 4, 5]),
        ("prompt", "has", "ture 3", [4]),
        ("prompt", "has", "%", []),
        ("notebook", "has", "a", [2]),
        ("notebook", "not", "a.ipynb", [3, 4, 5]),
        ("size", "is", "2x2", [3, 4]),
        ("quality", "is", "low", [2, 3, 4, 5]),
        ("n", "from", 3, [4, 5]),
        ("pictures", "is", 0, [2, 3, 4, 5]),
        ("error", "is", "RefusedError", [3]),
        ("asked_model", "is", "m", [3, 4]),
        ("parent", "is", "f" * 32, [3]),
    ],
)
@pytest.mark.usefixtures("runs")
def test_a_filter_finds_its_runs(
    store: Store, column: str, operator: Any, value: Any, expected: list[int]
) -> None:
    """Each operator means what it says, days are whole days, and what is not there is neither more nor less."""
    query = Query(filters=(Filter(column=column, operator=operator, value=value),), descending=False)

    assert expected == store.ids(query)
    assert len(expected) == store.count(query)


def test_conditions_hold_together(store: Store, runs: list[RunRecord]) -> None:
    """Filters, words, trash and page narrow one another."""
    tagged = Query().narrowed(Filter(column="tags", operator="has", value="red"))
    store.delete([runs[1].id])

    assert store.ids(replace(tagged, words=("picture",))) == [runs[2].id]
    assert store.ids(replace(tagged, deleted=True)) == [runs[1].id]
    assert (store.count(), store.count(Query(deleted=True))) == (3, 1)
    assert store.select(Query(), 1, 1) == [runs[2]]


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_is_sorted_by_with_the_empty_ones_last(
    store: Store, runs: list[RunRecord], name: str
) -> None:
    """Both ways, and equal ones by id, so that pages never overlap."""
    for descending in (False, True):
        query = Query(order=name, descending=descending)
        values, ids = store.column(query, name), store.ids(query)
        known = [value for value in values if value is not None]
        assert known == sorted(known, reverse=descending)
        assert values[: len(known)] == known
        assert sorted(ids) == [run.id for run in runs]
        assert [store.select(query, 1, place)[0].id for place in range(4)] == ids


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        pytest.param(lambda store: store.column(Query(), "promt"), "mean prompt", id="column"),
        pytest.param(lambda store: store.ids(Query(order="date")), "created", id="order"),
        pytest.param(lambda store: store.ids(_where("sarred", "is", 1)), "mean starred", id="filter"),
        pytest.param(lambda store: store.ids(_where("cost", "from", "much")), "number", id="number"),
        pytest.param(
            lambda store: store.ids(_where("created", "from", "2026-13-01")), "2026-11-01", id="date"
        ),
        pytest.param(lambda store: store.ids(_where("created", "from", 5)), "2026-11-01", id="no date"),
    ],
)
def test_what_the_history_does_not_have_is_told(store: Store, ask: Callable[[Store], Any], said: str) -> None:
    """An unknown column names the nearest, and a value of another kind what is taken."""
    with pytest.raises(OptionError, match=said):
        ask(store)


def _where(column: str, operator: Any, value: Any) -> Query:
    return Query(filters=(Filter(column=column, operator=operator, value=value),))


texts = st.text(st.characters(exclude_categories=()), max_size=8)
sentences = st.lists(st.sampled_from(WORDS) | texts, max_size=5).map("".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(prompts=st.lists(sentences, min_size=1, max_size=6), tag=texts, data=st.data())
def test_a_search_finds_what_plain_python_finds(
    store: Store, prompts: list[str], tag: str, data: st.DataObject
) -> None:
    """Any words in any script, of any length, equal ``in`` over all that is searched of all Runs."""
    for prompt in prompts:
        run = store.begin(plan(prompt, model="Model-Ä"), tags=(tag,) if tag else ())
        keep(store, run, prompt.encode("utf-8", "replace"))
    source = st.sampled_from(prompts).flatmap(_part_of)
    for words in data.draw(st.lists(st.lists(source | sentences, max_size=3).map(tuple), max_size=5)):
        expected = [run.id for run in store.select(Query()) if _holds(run, words)]
        assert expected == store.ids(Query(words=words))
        assert len(expected) == store.count(Query(words=words))


def _part_of(text: str) -> st.SearchStrategy[str]:
    places = st.integers(0, len(text))
    return st.tuples(places, places).map(lambda ends: text[min(ends) : max(ends)].swapcase())


def _holds(run: RunRecord, words: tuple[str, ...]) -> bool:
    """Return whether each word is in the prompt, a tag, a revised prompt or a model's name, whatever its case."""
    said = [run.request.prompt, *run.tags, run.request.model or "", run.model]
    said += [picture.revised_prompt or "" for picture in run.pictures]
    return all(any(search.fold(word) in search.fold(text) for text in said) for word in words)


@pytest.fixture(params=["with FTS5", "without FTS5", "FTS5 came later", "FTS5 went"])
def searchable(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    """Keep Runs where SQLite has FTS5, where it has none, and where that changed in between."""
    ways = {"with FTS5": (True, True), "without FTS5": (False, False), "FTS5 came later": (False, True)}
    for number, has in enumerate(ways.get(request.param, (True, False))):
        monkeypatch.setattr(search, "_can_index", lambda _, has=has: has)
        store = Store.open(home)
        run = store.begin(plan(f"a red fox, number {number}", model="dall-e-3"))
        store.keep(run, index=1, data=b"%d" % number, media_type="image/png", width=1, height=1,
                   revised_prompt="Une ÉTOILE filante")  # fmt: skip
        store.finish(run.uid, status=Status.DONE, seconds=1)
        store.close()
    return store


@pytest.mark.parametrize("word", ["fox", "FOX, n", "étoile", "x", "dall-e-3", "zebra", "oiseau"])
def test_words_are_found_whatever_sqlite_was_built_with(searchable: Store, word: str) -> None:
    """Without trigrams, and with an index made later or left behind, the answers are the same."""
    searchable.tag([1], "Zebra")
    searchable.tag([1, 2], "oiseau")
    searchable.untag([2], "oiseau")
    searchable.untag([1], "nothing")
    found = {"zebra": [1], "oiseau": [1]}.get(word, [2, 1])

    assert found == searchable.ids(Query(words=(word,)))


def test_the_index_stays_in_step(store: Store, home: Path) -> None:
    """After drawing, tagging and purging FTS5 itself finds its index and the texts to be the same."""
    for number in range(20):
        draw(store, f"a fox {number}", b"%d" % number)
    store.tag(store.ids(Query())[:10], "蓝")
    store.purge(store.ids(Query())[5:15])
    store.close()

    with sqlite3.connect(home / "history.db") as database:
        database.execute("INSERT INTO words_index (words_index, rank) VALUES ('integrity-check', 1)")
    database.close()
    assert store.count(Query(words=("fox",))) == 10


def test_what_was_sent_can_be_filtered_by(store: Store) -> None:
    """Size, quality and count are those that were sent, over all calls; some servers are told width and height."""
    calls = tuple(Call(parameters={"width": 8, "height": 6, "quality": "high", "n": n}) for n in (2, 1))
    run = store.begin(replace(plan(options={"size": "4:3", "n": 3}), calls=calls))
    asked = store.begin(replace(plan(options={"size": "square", "n": 2}), calls=()))
    keep(store, run, b"one")
    keep(store, run, b"raw", -1)

    columns = {name: store.column(Query(), name) for name in ("size", "quality", "n", "pictures")}
    assert columns == {"size": ["square", "8x6"], "quality": [None, "high"], "n": [2, 3], "pictures": [0, 1]}
    assert asked.id == store.ids(_where("size", "is", "square"))[0]
