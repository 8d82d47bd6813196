"""What the form offers: models with their price and end, the options that one takes, styles, examples.

Facts by way of plain values that JSON can hold, in the language being spoken. Knows no widget; what is legal
in the end is `_rules`' business.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from dalle_nb._asking import Ask
from dalle_nb._language import spoken, tr
from dalle_nb._money import price_range
from dalle_nb._options import OPTIONS, Option
from dalle_nb._prices import estimate
from dalle_nb._records import Kind, Request
from dalle_nb._styles import styles
from dalle_nb.widgets.wording import field_titles

if TYPE_CHECKING:
    from dalle_nb._catalog import Catalog, Model, Server
    from dalle_nb._generator import ImageGenerator

_ELSEWHERE = ("model", "style", "strength")
"""Options that the form has another place for: the picker, the chips, what to do with a picture."""
_COMMON = ("n", "size", "quality", "background", "format", "strict_mask", "input_fidelity", "seed", "tag")
"""Options that are not folded away; the rest is seldom needed."""
_OF_A_CALL = ("tag", "save", "budget")
"""Options about one call that a form is the place for."""


def offer(generator: ImageGenerator, model: str, kind: Kind, *, masked: bool) -> dict[str, Any]:
    """Return what may be chosen while this model is (``""`` is the usual one) for a request of this kind."""
    settings, catalog, server = generator.settings, generator.catalog, generator.backend.server
    usual = str(settings.options.get("model") or "") or _usual(catalog, server)
    chosen = living(catalog.model(model or usual), catalog, server)
    ask = Ask(
        request=Request(),
        catalog=catalog,
        server=server,
        asked=chosen,
        model=chosen,
        kind=kind,
        options={},
        prompt="",
    )
    rows = [row for row in OPTIONS if _is_for(row, ask, masked=masked)]
    return {
        "offline": server.offline,
        "usual": usual,
        "free_text": server.own_models,
        "models": [_model(each, catalog, server) for each in catalog],
        "note": _note(catalog.model(model or usual), catalog, server),
        "fields": [_field(row, chosen, settings.options) for row in rows],
    }


def living(model: Model, catalog: Catalog, server: Server) -> Model:
    """Return the model that will draw when this one is asked for: where it is gone, its successor."""
    while server.official and model.retired(_today()) and model.successor:
        model = catalog.model(model.successor)
    return model


def shelf() -> dict[str, Any]:
    """Return what there is to write into a prompt: styles by category, whole prompts."""
    chinese = spoken() == "zh"
    kinds = [
        {
            "title": title,
            "styles": [{"label": str(style), "words": [style.zh, style.en]} for style in styles[title]],
        }
        for title in styles
    ]
    return {"styles": kinds, "examples": [row["zh" if chinese else "en"] for row in _examples()]}


def _usual(catalog: Catalog, server: Server) -> str:
    return catalog.offline_model if server.offline else server.default_model or catalog.default_model


def _today() -> date:
    return datetime.now(UTC).date()


def _model(model: Model, catalog: Catalog, server: Server) -> dict[str, Any]:
    retired = not server.own_models and model.retired(_today())
    return {
        "name": model.name,
        "title": model.title or model.name,
        "price": _price(living(model, catalog, server), server),
        "retired": retired,
        "until": str(model.shutdown) if model.shutdown and not retired and server.official else "",
    }


def _price(model: Model, server: Server) -> str:
    """Return what a square of its default quality costs."""
    if model.free or server.free:
        return tr("free")
    parameters = {"size": "1024x1024", "quality": model.default_quality or "auto"}
    return price_range(None if server.own_models else estimate(parameters, model))


def _note(model: Model, catalog: Catalog, server: Server) -> str:
    """Return what is to be known of a model's end."""
    if model.shutdown is None:
        return ""
    if not model.retired(_today()):
        return tr("Will be shut down on {date}.", date=model.shutdown)
    other = living(model, catalog, server)
    if other is model:
        return tr("Was shut down on {date}.", date=model.shutdown)
    return tr(
        "{model} was shut down on {date}: drawn with {other}",
        model=model.name,
        date=model.shutdown,
        other=other.name,
    )


def _is_for(row: Option, ask: Ask, *, masked: bool) -> bool:
    """Whether the model takes the option at all, for such a request."""
    if row.name in _ELSEWHERE or row.scope == "source":
        return False
    if row.scope == "call":
        return row.name in _OF_A_CALL
    if row.name == "strict_mask":
        return masked
    if row.name == "partials":
        return ask.server.streams and ask.model.max_partials > 0
    if row.choices and ask.binds and not row.choices(ask.model):
        return False
    return not row.parameter or ask.takes(row.parameter)


def _field(row: Option, model: Model, defaults: Mapping[str, Any]) -> dict[str, Any]:
    default = defaults.get(row.name)
    if default is None and row.name == "quality":
        default = model.default_quality
    titles = field_titles()
    return {
        "name": row.name,
        "title": titles.get(row.name, row.name),
        "help": tr(row.help),
        "common": row.name in _COMMON,
        "type": row.type,
        "choices": list(row.values(model)),
        "default": "" if default is None else str(default),
        "least": row.least,
        "most": model.max_partials if row.name == "partials" else row.most,
    }


@cache
def _examples() -> list[dict[str, str]]:
    text = files(__package__).joinpath("examples.toml").read_text(encoding="utf-8")
    rows: list[dict[str, str]] = tomllib.loads(text)["examples"]
    return rows
