"""The catalogue: facts on models and servers, told in one place."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from lab import ROOT

from dalle_nb._catalog import Model, load_catalog

CATALOG = load_catalog()
MODELS = list(CATALOG)
SOURCES = sorted((ROOT / "dalle_nb").rglob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_model_names_are_data(source):
    """No module names a model: a model's end or birth changes the catalogue and no code."""
    text = source.read_text(encoding="utf-8")
    names = {name for model in MODELS for name in (model.name, *model.aliases)}
    assert {name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)} == set()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_model_says_where_its_facts_come_from(model):
    """Each entry has a date, a source, sizes, a longest prompt, and draws at least one picture."""
    assert model.as_of
    assert model.source
    assert model.title
    assert model.sizes
    assert model.max_prompt
    assert model.max_n >= 1


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_fact_fits_the_others(model):
    """Defaults and prices name values that the model takes, and only a parameter it takes has values."""
    assert model.default_quality in model.qualities
    assert set(model.price.pictures) <= set(model.qualities)
    assert set(model.token_formula.get("steps", ())) <= set(model.qualities)
    for parameter, values in (
        ("style", model.styles),
        ("background", model.backgrounds),
        ("output_format", model.formats),
        ("moderation", model.moderations),
        ("input_fidelity", model.fidelities),
        ("complexity", model.complexities),
        ("response_format", model.response_formats),
    ):
        assert bool(values) == (parameter in model.parameters), parameter
    assert model.seed == ("seed" in model.parameters)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_model_that_ends_has_a_living_successor(model):
    """Whoever asks for a model that is gone can be drawn for by another one."""
    if model.shutdown is None:
        assert model.successor is None
        return
    heir = CATALOG.model(model.successor)
    assert heir.catalogued
    assert not heir.retired(model.shutdown + timedelta(days=365))


def test_names_and_snapshots_are_told_apart():
    """No name or alias means two models."""
    names = [name for model in MODELS for name in (model.name, *model.aliases)]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(
    ("name", "day", "gone"),
    [
        ("dall-e-2", date(2026, 5, 11), False),
        ("dall-e-2", date(2026, 5, 12), True),
        ("dall-e-3", date(2026, 5, 12), True),
        ("gpt-image-1", date(2026, 10, 23), True),
        ("gpt-image-1-mini", date(2026, 11, 30), False),
        ("gpt-image-1-mini", date(2026, 12, 1), True),
        ("gpt-image-1.5-2025-12-16", date(2026, 12, 1), True),
        ("chatgpt-image-latest", date(2026, 12, 1), True),
        ("gpt-image-2", date(2027, 12, 1), False),
    ],
)
def test_models_end_on_their_day(name, day, gone):
    """A model lives until the day before its shutdown, whatever name it is asked by."""
    assert CATALOG.model(name).retired(day) is gone


def test_the_default_draws_now():
    """The default model is alive on the day of the catalogue and takes an explicit quality."""
    model = CATALOG.model(CATALOG.default_model)
    assert not model.retired(CATALOG.as_of)
    assert model.default_quality == "medium"


def test_an_unknown_model_is_no_error():
    """A name we have no facts on is a Model all the same, marked as such."""
    model = CATALOG.model("brand-new-model")
    assert (model.name, model.catalogued) == ("brand-new-model", False)


@pytest.mark.parametrize(
    ("address", "server"),
    [
        (None, "openai"),
        ("https://api.openai.com/v1", "openai"),
        ("https://eu.api.openai.com/v1/", "openai"),
        ("https://api.openai.com.evil.example/v1", "unknown"),
        ("https://evil-api.openai.com.example", "unknown"),
        ("https://mine.openai.azure.com/openai/v1/", "azure"),
        ("http://127.0.0.1:1234/v1", "stable-diffusion-cpp"),
        ("http://localhost:8080/v1", "localai"),
        ("http://pictures.example:8080/v1", "unknown"),
        ("http://127.0.0.1:53211/v1", "unknown"),
        ("https://api.x.ai/v1", "xai"),
        ("localai", "localai"),
        ("http://localhost:99999999/v1", "unknown"),
        ("http://[::1", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_server_is_known_by_its_address(address, server):
    """A profile is found by host, by port on this machine, or by its name; everything else is treated with care."""
    assert CATALOG.server(address).name == server


def test_facts_cannot_be_changed():
    """What the catalogue holds is read-only, down to its tables."""
    with pytest.raises(TypeError):
        CATALOG.model("gpt-image-2").price.pictures["low"]["1024x1024"] = 0  # type: ignore[index]
    with pytest.raises(AttributeError):
        CATALOG.default_model = "other"  # type: ignore[misc]


def test_model_takes_nothing_unless_said():
    """A Model without facts takes no option at all."""
    assert Model(name="x").parameters == ()
