"""Turns a Request into what will be asked of one model at one server: its successor, its words, its prompt.

Translates and says so; whether the result keeps the rules is `_rules`' business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dalle_nb._catalog import Catalog, Model, Price, Server
from dalle_nb._errors import OptionError, RequestError
from dalle_nb._language import tr
from dalle_nb._options import nearest, option
from dalle_nb._records import Kind, Request, Value
from dalle_nb._styles import Style, enhance, find_style, nearest_style, restyle, variation_words

WARNING = timedelta(days=30)
"""How long before its end a model's end is announced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One rule that a Request breaks: the option, what is wrong, what would be right."""

    option: str
    what: str
    fix: str
    error: type[RequestError] = OptionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A Request as it will be asked, before sizes are chosen and parameters written."""

    request: Request
    """As asked, its options in canonical form."""
    catalog: Catalog
    server: Server
    asked: Model
    model: Model
    """As sent: the one asked or, where that is gone, its successor; priced as this server prices it."""
    kind: Kind
    options: Mapping[str, Value]
    """In the words that this model knows, none of them None; style and enhancement are in the prompt."""
    prompt: str
    notices: tuple[str, ...] = ()

    @property
    def binds(self) -> bool:
        """Whether the catalogue's limits hold for this model here."""
        return self.model.catalogued and not self.server.own_models

    @property
    def frames(self) -> int:
        """How many pictures a file holds: 9 in a gif when nobody said (SDK), else 1."""
        return int(str(self.options.get("frame_count", 9))) if self.options.get("format") == "gif" else 1

    def takes(self, parameter: str) -> bool:
        """Return whether a parameter of the Images API may be sent."""
        if parameter not in self.catalog.kinds[self.kind]:
            return False
        if self.server.sends is not None and parameter not in self.server.sends:
            return False
        if parameter == "quality" and self.server.own_models:
            return self.model.catalogued
        return parameter in self.model.parameters if self.binds else True


def read_options(
    options: Mapping[str, object], scopes: tuple[str, ...] = ("request",)
) -> tuple[dict[str, Value], tuple[Broken, ...]]:
    """Return options by name in canonical form, without None, and those that cannot be read.

    Only those of the scopes have a meaning; the model is a field of its own.
    """
    read: dict[str, Value] = {}
    broken: list[Broken] = []
    for name, value in options.items():
        if value is None:
            continue
        try:
            row = option(name)
            if row.scope not in scopes or row.name == "model":
                what = tr("{name} is no option of a request.", name=name)
                raise OptionError(what, tr("Say it beside the request, not in it."))
            read[row.name] = row.parse(value)
        except OptionError as error:
            broken.append(Broken(option=name, what=error.what, fix=error.fix))
    return read, tuple(broken)


def told_together(broken: tuple[Broken, ...]) -> RequestError:
    """Return one error for all that is broken; of their own class where they share one."""
    kinds = {each.error for each in broken}
    error = kinds.pop() if len(kinds) == 1 else RequestError
    if len(broken) == 1:
        told = error(broken[0].what, broken[0].fix)
    else:
        whats = " ".join(f"({place}) {each.what}" for place, each in enumerate(broken, 1))
        told = error(whats, " ".join(f"({place}) {each.fix}" for place, each in enumerate(broken, 1)))
    told.options = tuple(dict.fromkeys(each.option for each in broken))
    return told


def settle(
    request: Request, catalog: Catalog, server: Server, *, today: date, retired: str
) -> tuple[Ask, tuple[Broken, ...]]:
    """Return what will be asked, and what of the request has no meaning at all.

    ``retired`` is ``translate`` or ``error``: whether a model that is gone may become its successor.
    """
    options, broken = read_options(request.options)
    asked = _asked(request.model, catalog, server)
    model = _living(asked, catalog, today) if server.official else asked
    ask = Ask(
        request=replace(request, options=options),
        catalog=catalog,
        server=server,
        asked=asked,
        model=model,
        kind=_kind(request.kind, model, server),
        options=options,
        prompt=request.prompt,
        notices=_model_notices(request, asked, model, catalog, server, today),
    )
    if model is not asked and retired == "error":
        broken += (_gone(asked, model),)
    for step in (_enhanced, _styled, _varied, _in_its_words, _without_stream, _in_any_format):
        ask, more = step(ask)
        broken += more
    return ask, broken


Step = tuple[Ask, tuple[Broken, ...]]


def _asked(name: str | None, catalog: Catalog, server: Server) -> Model:
    """Return the model asked for, or the server's default, as this server serves it."""
    own = catalog.offline_model if server.offline else catalog.default_model
    name = name or server.default_model or own
    model = catalog.model(name)
    if server.offline and not model.catalogued:
        model = catalog.models[catalog.offline_model]
    price = Price() if server.own_models else model.price
    return replace(model, name=name, free=model.free or server.free, price=price)


def _living(model: Model, catalog: Catalog, today: date) -> Model:
    """Return the model, or the first of its successors that is not retired."""
    while model.retired(today) and model.successor:
        model = catalog.model(model.successor)
    return model


def _gone(asked: Model, model: Model) -> Broken:
    return Broken(
        option="model",
        what=tr("{model} was shut down on {date}.", model=asked.name, date=asked.shutdown),
        fix=tr("Try: {spelling}", spelling=f"-m {model.name}"),
    )


def _kind(kind: Kind, model: Model, server: Server) -> Kind:
    if kind is Kind.VARIATION and not (server.variations and Kind.VARIATION in model.kinds):
        return Kind.EDIT
    return kind


def _model_notices(
    request: Request, asked: Model, model: Model, catalog: Catalog, server: Server, today: date
) -> tuple[str, ...]:
    if model is not asked:
        return (
            tr(
                "{model} was shut down on {date}: drawn with {other}",
                model=asked.name,
                date=asked.shutdown,
                other=model.name,
            ),
        )
    if server.offline:
        if request.model in (None, catalog.offline_model):
            return ()
        return (tr("asked for {model}, drawn offline", model=asked.name),)
    if server.own_models and request.model is None and server.default_model is None:
        return (tr("no model named: {server} is asked for {model}", server=server.title, model=model.name),)
    if not model.catalogued and not server.own_models:
        right = nearest(model.name, tuple(catalog.models))
        return (
            tr(
                "{model} is not in the catalogue (did you mean {right}?): sent as it is",
                model=model.name,
                right=right,
            ),
        )
    if server.official and model.shutdown and model.successor and model.shutdown - today <= WARNING:
        return (
            tr(
                "{model} will be shut down on {date}; its successor is {other}",
                model=model.name,
                date=model.shutdown,
                other=model.successor,
            ),
        )
    return ()


def _noticing(ask: Ask, *notices: str) -> Ask:
    return replace(ask, notices=(*ask.notices, *notices))


def _without(options: Mapping[str, Value], *names: str) -> dict[str, Value]:
    return {name: value for name, value in options.items() if name not in names}


def _enhanced(ask: Ask) -> Step:
    name = ask.options.get("enhance")
    if name is None:
        return ask, ()
    return replace(ask, prompt=enhance(ask.prompt, str(name)), options=_without(ask.options, "enhance")), ()


def _styled(ask: Ask) -> Step:
    """Write styles into the prompt, but for one that the model has a parameter for."""
    words = [
        word for word in re.split(r"\s*[,，、;；]\s*", str(ask.options.get("style", "")).strip()) if word
    ]
    own = [word for word in words if ask.takes("style") and word.lower() in ask.model.styles]
    found = {word: find_style(word) for word in words if word not in own[:1]}
    known = [style for style in found.values() if style]
    options = _without(ask.options, "style") | ({"style": own[0].lower()} if own else {})
    ask = replace(ask, options=options)
    for style in known:
        ask = _with_style(ask, style)
    return ask, tuple(_no_style(word) for word, style in found.items() if not style)


def _with_style(ask: Ask, style: Style) -> Ask:
    prompt = restyle(ask.prompt, style)
    ask = _noticing(ask, tr("added to the prompt: {words}", words=prompt[len(ask.prompt) :].lstrip(",， ")))
    if style.artist and not ask.server.offline:
        ask = _noticing(ask, tr("{style} names an artist: a moderation may refuse it", style=style))
    return replace(ask, prompt=prompt)


def _no_style(word: str) -> Broken:
    right = option("style").spelled(nearest_style(word))
    return Broken(
        option="style",
        what=tr("There is no style {word}.", word=repr(word[:60])),
        fix=tr("Try: {spelling} (%dalle_styles lists all).", spelling=right),
    )


def _varied(ask: Ask) -> Step:
    """Word a variation as an edit where the server has no variations of its own."""
    if ask.request.kind is not Kind.VARIATION or ask.kind is Kind.VARIATION:
        return ask, ()
    return replace(ask, prompt=variation_words(ask.prompt, str(ask.options.get("strength", "subtle")))), ()


def _in_its_words(ask: Ask) -> Step:
    """Give the quality the name that the model has for it."""
    said = str(ask.options.get("quality", ""))
    other = ask.catalog.synonyms.quality.get(said, "")
    if said in ask.model.qualities or other not in ask.model.qualities:
        return ask, ()
    ask = _noticing(
        ask, tr("quality {said} is called {other} by {model}", said=said, other=other, model=ask.model.name)
    )
    return replace(ask, options={**ask.options, "quality": other}), ()


def _without_stream(ask: Ask) -> Step:
    """Leave partial pictures out where there is nobody to send them: they are a comfort, not the picture."""
    if not ask.options.get("partials"):
        return replace(ask, options=_without(ask.options, "partials")), ()
    if ask.server.streams:
        return ask, ()
    ask = _noticing(ask, tr("{server} sends no unfinished pictures", server=ask.server.title))
    return replace(ask, options=_without(ask.options, "partials")), ()


def _in_any_format(ask: Ask) -> Step:
    """Let ``response_format`` mean something where it is not sent: the picture is kept either way."""
    said = ask.options.get("response_format")
    if said is None or ask.takes("response_format"):
        return ask, ()
    if said == "url":
        ask = _noticing(
            ask,
            tr(
                "{model} gives no URL: the picture is kept here, and run.data[0].url names its file",
                model=ask.model.name,
            ),
        )
    return replace(ask, options=_without(ask.options, "response_format")), ()
