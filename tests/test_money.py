"""Money: nothing is paid by surprise, budgets hold over kernels, and the ledger tells it all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest
from openai_server.handle import Api
from workshop import start

import dalle_nb as dn
from dalle_nb import BudgetError, ConfirmationNeeded, ImageGenerator
from dalle_nb._costs import costs_bundle
from dalle_nb._money import dollars, period_start, price_range
from dalle_nb._records import Estimate

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

CHEAP = {"model": "gpt-image-2", "quality": "low"}
"""What costs $0.006 a picture and a little for its prompt."""


# --- words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("micros", "words"),
    [
        (None, "?"),
        (0, "$0"),
        (1, "<$0.0001"),
        (6_000, "$0.006"),
        (53_000, "$0.053"),
        (500_000, "$0.50"),
        (12_000_000, "$12"),
    ],
)
def test_amounts_read_as_people_write_them(micros: int | None, words: str) -> None:
    """Cents have two digits or more, nothing has none, and what nobody knows is no zero."""
    assert words == dollars(micros)


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (None, "unknown price"),
        (Estimate(low=0, high=0), "$0"),
        (Estimate(low=53_000, high=53_000), "$0.053"),
        (Estimate(low=53_001, high=53_002, about=True), "about $0.053"),
        (Estimate(low=5_000, high=53_000), "$0.005 to $0.053"),
        (Estimate(low=52_700, high=52_800, about=True), "about $0.0528"),
        (Estimate(low=52_700, high=52_800), "$0.0527 to $0.0528"),
    ],
)
def test_prices_say_how_sure_they_are(estimate: Estimate | None, words: str) -> None:
    """A range is a range, a formula that is not official is about, and equal words are said once."""
    assert words == price_range(estimate)


@pytest.mark.parametrize(
    ("per", "start"),
    [("day", "2026-11-22T00:00+08:00"), ("month", "2026-11-01T00:00+08:00"), ("total", None)],
)
def test_a_period_begins_where_the_user_lives(per: str, start: str | None) -> None:
    """A day of the budget is the user's day, not one of a meridian elsewhere."""
    now = datetime(2026, 11, 22, 1, 30, tzinfo=timezone(timedelta(hours=8)))
    assert (start and datetime.fromisoformat(start)) == period_start(per, now)


# --- before a call ----------------------------------------------------------------------------------------


def test_a_dry_run_tells_the_price(workshop: ImageGenerator, server: Api) -> None:
    """A plan knows its price, and nothing was sent or kept for it."""
    estimate = workshop.plan("a cat", {**CHEAP, "n": 3}).estimate
    assert 18_000 <= estimate.low <= estimate.high < 18_200
    assert ([], 0) == (server.calls, workshop.store.count())


@pytest.mark.parametrize("verb", ["generate", "batch", "job", "sweep"])
def test_a_dry_run_in_python_draws_nothing(workshop: ImageGenerator, server: Api, verb: str) -> None:
    """Whoever asks Python for a dry run is told who tells the price, and pays for no picture."""
    draw: Callable[..., object] = {
        "generate": workshop.generate,
        "batch": partial(dn.batch, generator=workshop),
        "job": partial(dn.batch, generator=workshop, via="openai-batch"),
        "sweep": partial(dn.sweep, generator=workshop),
    }[verb]
    with pytest.raises(dn.OptionError, match="plan"):
        draw("a {red|blue} cat", dry_run=True, **CHEAP)
    assert ([], 0) == (server.calls, workshop.store.count())


def test_dear_calls_ask_first(workshop: ImageGenerator, server: Api) -> None:
    """Above the threshold nothing is sent until the user agrees; at it nobody is asked."""
    with pytest.raises(ConfirmationNeeded, match="yes=True"):
        workshop.generate("a cat", model="gpt-image-2", quality="high", n=5)
    assert ([], 0) == (server.calls, workshop.store.count())
    assert 5 == len(workshop.generate("a cat", model="gpt-image-2", quality="high", n=5, yes=True))
    workshop.configure(confirm_above=0)
    with pytest.raises(ConfirmationNeeded):
        workshop.generate("a cat", **CHEAP)


def test_a_dearer_translation_asks_first(workshop: ImageGenerator, server: Api) -> None:
    """Where a retired model's successor costs more than the model did, the user agrees first."""
    dear = {"model": "gpt-image-1", "quality": "auto"}
    with pytest.raises(ConfirmationNeeded) as caught:
        workshop.generate("a cat", **dear)
    assert "gpt-image-1 cost" in caught.value.what
    assert server.calls == []
    assert workshop.generate("a cat", **dear, yes=True)


@pytest.mark.parametrize("budget", [0.005, 0])
def test_a_call_s_own_budget(workshop: ImageGenerator, server: Api, budget: float) -> None:
    """A call that may cost more than its budget is not made, and leaves no Run."""
    with pytest.raises(BudgetError, match="budget is"):
        workshop.generate("a cat", **CHEAP, budget=budget)
    assert ([], 0) == (server.calls, workshop.store.count())
    assert workshop.generate("a cat", **CHEAP, budget=0.01)


@pytest.mark.parametrize("say", [{"budget": 1}, None], ids=["of the call", "of the store"])
def test_an_unknown_price_under_a_budget_is_refused(
    workshop: ImageGenerator, server: Api, say: dict[str, object] | None
) -> None:
    """Where nobody knows the price, no budget can promise to hold."""
    if say is None:
        workshop.configure(budget=1)
    with pytest.raises(BudgetError):
        workshop.generate("a cat", model="some-new-model", **(say or {}))
    assert server.calls == []


def test_the_first_paid_call_tells_its_price(
    workshop: ImageGenerator, capsys: pytest.CaptureFixture[str]
) -> None:
    """In Python too the first paid drawing of a process says beforehand what it may cost, once."""
    workshop.generate("a dog", backend="offline")
    assert capsys.readouterr().err == ""
    workshop.generate("a cat", **CHEAP)
    assert "may cost $0.006" in capsys.readouterr().err
    workshop.generate("a cow", **CHEAP)
    assert capsys.readouterr().err == ""


# --- what it cost -----------------------------------------------------------------------------------------


def test_the_cost_is_counted_from_usage(workshop: ImageGenerator) -> None:
    """What a Run cost is its tokens by the model's prices, to the millionth."""
    run = workshop.generate("a cat", **CHEAP, n=2)
    usage, price = run.record.usage, workshop.catalog.model("gpt-image-2").price
    tokens = usage.input_text * price.input_text + usage.output_image * price.output_image
    assert -(-tokens // 1_000_000) == run.cost
    assert run.cost == workshop.store.spent()


@pytest.mark.parametrize(
    ("fault", "cost"),
    [("400_policy", 0), ("429_quota", 0), ("500", None), ("html_200", None), ("trunc_json", None)],
)
def test_a_failure_costs_what_is_known(
    workshop: ImageGenerator, server: Api, fault: str, cost: int | None
) -> None:
    """What was surely not served cost nothing; what may have been is unknown, and no zero."""
    server.fail(fault)
    with pytest.raises(dn.DrawError) as caught:
        workshop.generate("a cat", **CHEAP)
    assert cost == caught.value.run.cost


# --- the store's budget -----------------------------------------------------------------------------------

MANY = """
import sys
from concurrent.futures import ThreadPoolExecutor
import dalle_nb as dn
dn.configure(budget=sys.argv[1], per="total")
def draw(number):
    try:
        dn.generate(f"cat {number}", model="gpt-image-2", quality="low")
        return "drawn"
    except dn.BudgetError:
        return "refused"
sys.stdin.readline()
with ThreadPoolExecutor(16) as pool:
    print(*pool.map(draw, range(16)))
"""


def test_a_budget_holds_over_kernels(workshop: ImageGenerator, server: Api) -> None:
    """Of 32 calls at once from two processes exactly as many reach the server as the budget pays for."""
    high = workshop.plan("cat 10", CHEAP).estimate.high
    server.latency = 6  # longer than all need to ask, so that only reservations can hold
    kernels = [start(MANY, f"{(7 * high + high // 2) / 1e6:.6f}") for _ in range(2)]
    for kernel in kernels:
        kernel.stdin.write("go\n")
        kernel.stdin.flush()
    said = " ".join(kernel.communicate(timeout=100)[0] for kernel in kernels).split()
    assert {"drawn": 7, "refused": 25} == {word: said.count(word) for word in set(said)}
    assert 7 == len(server.calls_to("generations"))
    assert workshop.store.spent() <= 7 * high


def test_an_exact_cost_takes_the_place_of_what_was_reserved(workshop: ImageGenerator) -> None:
    """Once the bill is known, the budget has the rest back; an unknown one keeps it all."""
    high = workshop.plan("a cat", CHEAP).estimate.high
    first = workshop.generate("a cat", **CHEAP)
    workshop.configure(budget=(first.cost + high) / 1e6)
    assert workshop.generate("a cat", **CHEAP)
    with pytest.raises(BudgetError, match="left"):
        workshop.generate("a cat", **CHEAP)


def test_what_may_have_been_billed_counts(workshop: ImageGenerator, server: Api) -> None:
    """An answer that was lost weighs on the budget as if it had been paid."""
    workshop.configure(budget=0.01)
    server.fail("html_200")
    with pytest.raises(dn.BadAnswer):
        workshop.generate("a cat", **CHEAP)
    with pytest.raises(BudgetError):
        workshop.generate("a cat", **CHEAP)


def test_yesterday_is_another_day(workshop: ImageGenerator) -> None:
    """A budget per day does not count what was spent before, one in total does."""
    from sqlalchemy import update

    from dalle_nb._store.schema import runs

    workshop.generate("a cat", **CHEAP)
    with workshop.store._database.writing() as connection:
        connection.execute(update(runs).values(created=datetime.now(UTC) - timedelta(days=1)))
    workshop.configure(budget=0.007, per="total")
    with pytest.raises(BudgetError):
        workshop.generate("a cat", **CHEAP)
    workshop.configure(per="day")
    assert workshop.generate("a cat", **CHEAP)


# --- the ledger -------------------------------------------------------------------------------------------


def test_the_ledger_tells_what_is_known_apart(
    workshop: ImageGenerator, server: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spent, free, simulated and maybe billed are counted apart, by day, model and notebook."""
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/me/lesson 1.ipynb")
    paid = workshop.generate("a cat", **CHEAP).cost
    server.fail("400_policy")
    server.fail("500")
    for _ in range(2):
        with pytest.raises(dn.DrawError):
            workshop.generate("a dog", **CHEAP)
    monkeypatch.delenv("JPY_SESSION_NAME")
    workshop.generate("a cow", backend="offline")
    (day,) = workshop.ledger()
    high = workshop.plan("a dog", CHEAP).estimate.high
    counted = (day.runs, day.spent, day.free, day.simulated, day.unknown, day.at_most)
    assert (datetime.now().astimezone().date().isoformat(), (4, paid, 1, 1, 1, high)) == (day.name, counted)
    assert ["gpt-image-2", "offline-painter"] == [each.name for each in workshop.ledger("model")]
    assert {"lesson 1.ipynb": 3, "": 1} == {each.name: each.runs for each in workshop.ledger("notebook")}
    with pytest.raises(dn.OptionError, match="mood"):
        workshop.ledger("mood")


def test_the_ledger_is_a_table(workshop: ImageGenerator) -> None:
    """The table has a line for each model and their sum, as HTML and as text."""
    run = workshop.generate("a cat", **CHEAP)
    workshop.generate("a cow", backend="offline")
    bundle, _ = costs_bundle(workshop.ledger("model"), "model")
    rows = bundle["text/plain"].splitlines()
    assert rows[1].split() == ["gpt-image-2", "1", dollars(run.cost), "0", "0", "0"]
    assert rows[3].split() == ["in", "all", "2", dollars(run.cost), "0", "1", "0"]
    assert "<table" in bundle["text/html"]
    assert json.dumps(bundle)


def test_a_purged_ledger_is_empty(workshop: ImageGenerator) -> None:
    """With no Run there is nothing to tell, and the table says so without failing."""
    assert () == workshop.ledger()
    assert costs_bundle((), "day")[0]["text/plain"]
