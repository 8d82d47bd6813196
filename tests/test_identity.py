"""The identity of a Request: exact, the same on any machine and in any version, and worth resting on."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_child import draw, plan

from dalle_nb._query import Query
from dalle_nb._records import CANONICAL_VERSION, Blob, Kind, Request, RunRecord
from dalle_nb._store import Store, read_run, run_bytes

BLOB = Blob(sha256="a" * 64, media_type="image/png", width=8, height=6, name="cat.png")
OTHER = replace(BLOB, sha256="b" * 64)
FULL = Request(
    kind=Kind.EDIT, prompt="一只猫 \ud800\0", model="gpt-image-2", inputs=(BLOB, OTHER), mask=OTHER, markup=BLOB,
    options={"size": "1024x1024", "n": 2, "extra": {"深": [1.5, None, True]}}, sample=3,
)  # fmt: skip

GOLDEN = {
    "least": (Request(), "12ec17c6f7181a8317ee86fca8d65a76b080c7f0432bad6b333012185a05c41c"),
    "words": (Request(prompt="a fox"), "d26ed25c3a0a2aaf1a887f54f6fbb983a4b5d4002447fefd58913fc90457f52c"),
    "full": (FULL, "b51b3eb7b8577c004e55160930af841d88f6413e2fd606d9eda7ce2e5b0ab60b"),
}
"""Written once. One that changes means that every history forgets what it has drawn: see `CANONICAL_VERSION`."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
requests = st.builds(
    Request,
    kind=st.sampled_from(Kind),
    prompt=st.text(st.characters(exclude_categories=()), max_size=9),
    model=st.none() | st.text(max_size=3),
    inputs=st.lists(st.sampled_from([BLOB, OTHER]), max_size=2).map(tuple),
    mask=st.sampled_from([None, BLOB, OTHER]),
    options=st.dictionaries(st.text(max_size=3), json_values, max_size=3),
    sample=st.integers(0, 3),
)


@pytest.mark.parametrize(("request_", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_an_identity_never_changes(request_: Request, expected: str) -> None:
    """These were written down when version 1 was made; reuse, resume and bundles rest on them."""
    assert (CANONICAL_VERSION, expected) == (1, request_.identity)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": Kind.VARIATION},
        {"prompt": FULL.prompt + " "},
        {"model": None},
        {"inputs": (OTHER, BLOB)},
        {"inputs": (BLOB,)},
        {"mask": None},
        {"mask": BLOB},
        {"markup": None},
        {"options": {**FULL.options, "n": 1}},
        {"options": {**FULL.options, "seed": 0}},
        {"options": {**FULL.options, "n": "2"}},
        {"options": {**FULL.options, "n": True}},
        {"sample": 4},
    ],
    ids=str,
)
def test_every_field_counts(change: Mapping[str, Any]) -> None:
    """A Request that differs in anything that is asked is another one."""
    other = replace(FULL, **change)
    assert FULL.identity != other.identity
    assert other != FULL


def test_no_field_is_forgotten() -> None:
    """A field that is added to Request must be put into its canonical form, and into the tests above."""
    changed = {"kind", "prompt", "model", "inputs", "mask", "markup", "options", "sample"}
    assert {field.name for field in fields(Request)} == changed


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(replace(FULL, options=dict(reversed(FULL.options.items()))), id="order of options"),
        pytest.param(replace(FULL, options={**FULL.options, "quality": None}), id="an option left at None"),
        pytest.param(replace(FULL, mask=replace(OTHER, name="mask.png", data=b"bytes")), id="names and bytes of files"),
        pytest.param(replace(FULL, mask=replace(OTHER, media_type="image/webp", width=1)), id="what is told of a file"),
        pytest.param(pickle.loads(pickle.dumps(FULL)), id="pickled"),
        pytest.param(deepcopy(FULL), id="copied"),
    ],
)  # fmt: skip
def test_what_is_not_asked_does_not_count(same: Request) -> None:
    """Files are their bytes; how the same was said makes no difference."""
    assert FULL.identity == same.identity


@given(one=requests, two=requests)
def test_equal_requests_and_only_they_have_equal_forms(one: Request, two: Request) -> None:
    """The form is exact: two Requests that differ in any value never share one."""
    assert (_asked(one) == _asked(two)) is (one.canonical() == two.canonical())
    assert one.canonical().isascii()


def _asked(request: Request) -> str:
    options = {name: value for name, value in request.options.items() if value is not None}
    files = ([blob.sha256 for blob in request.inputs], request.mask and request.mask.sha256)
    return repr((request.kind, request.prompt, request.model, files, _sorted(options), request.sample))


def _sorted(value: object) -> object:
    return sorted((name, _sorted(each)) for name, each in value.items()) if isinstance(value, dict) else value


def test_an_identity_is_the_same_in_another_process() -> None:
    """It depends neither on hash seeds nor on anything that was imported before."""
    code = "from test_identity import FULL; print(FULL.identity)"
    for seed in "12":
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parent)}
        said = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
        )
        assert said.stdout.strip() == FULL.identity


@given(request_=requests)
def test_an_identity_outlives_being_written_down(request_: Request) -> None:
    """As a row, beside a picture or in a bundle: what is read back is the same Request."""
    run = RunRecord(id=1, uid="f" * 32, created=datetime.now(UTC), request=request_, backend="b", model="m")
    told = read_run(run_bytes(run))
    assert (request_.identity, request_.canonical()) == (told.request.identity, told.request.canonical())


def test_a_history_can_be_taken_to_a_new_version(home: Path) -> None:
    """Each row holds its whole Request, so that a migration can give all of them the identity of a later form."""
    store = Store.open(home)
    blob = Blob(sha256="", media_type="image/png", width=8, height=6, data=b"bytes")
    for number in range(3):
        draw(store, f"fox {number}")
    store.begin(plan("edit \ud800", inputs=(blob,), options={"extra": {"深": 1.5}}))

    with store._database.reading() as connection:
        stored = list(connection.exec_driver_sql("SELECT identity FROM runs ORDER BY id DESC").scalars())
    assert stored == [run.request.identity for run in store.select(Query())]
