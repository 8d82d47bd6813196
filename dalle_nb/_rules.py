"""Whether a Request keeps the rules, and if so the Plan: what will be sent, in which calls, for how much.

Values in, values out: knows the catalogue, and no clock, key, network or store. All broken rules are told
together, each with what would be right.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from datetime import date

from dalle_nb._asked_size import Chosen, choose_size
from dalle_nb._asking import Ask, Broken, settle, told_together
from dalle_nb._calls import extra_of, write_calls
from dalle_nb._catalog import Catalog, Server
from dalle_nb._errors import MaskError, PromptError
from dalle_nb._language import tr
from dalle_nb._options import nearest, option
from dalle_nb._prices import cost, estimate
from dalle_nb._records import Call, Estimate, Kind, Plan, Request
from dalle_nb._sizes import PLAIN, nearest_size, read_size, spell_size

__all__ = ["check", "cost", "estimate"]

OURS = frozenset({"model", "prompt", "n", "size", "image", "mask", "markup", "stream", "partial_images"})
"""Parameters that ``--extra`` may never set: what is drawn and paid must be known."""


def check(
    request: Request,
    catalog: Catalog,
    server: Server,
    *,
    today: date,
    retired: str = "translate",
    optional: Set[str] = frozenset(),
    broken: tuple[Broken, ...] = (),
) -> Plan:
    """Return the Plan of a Request that keeps all rules.

    ``optional`` names options that are only the user's defaults: those that this model does not take are
    left out. ``broken`` is what was found wrong before, to be told along with the rest.

    Raises:
        RequestError: one or more rules are broken; ``what`` tells all of them, ``fix`` what would be right.
            A PromptError, MaskError or OptionError where all are of that one kind.
    """
    ask, unreadable = settle(request, catalog, server, today=today, retired=retired)
    found = unreadable + tuple(each for rule in RULES for each in rule(ask))
    chosen = choose_size(ask)
    if isinstance(chosen, Broken):
        found += (chosen,)
    if unfit := {each.option for each in found} & optional:
        fitting = {name: value for name, value in request.options.items() if name not in unfit}
        request, optional = replace(request, options=fitting), optional - unfit
        return check(request, catalog, server, today=today, retired=retired, optional=optional, broken=broken)
    if broken or found or isinstance(chosen, Broken):
        raise told_together(broken + found)
    calls = tuple(write_calls(ask, chosen.size))
    price = _estimate(ask, calls)
    dearer = _dearer(ask, chosen, price)
    return Plan(
        request=ask.request,
        backend="offline" if server.offline else "openai",
        kind=ask.kind,
        model=ask.model.name,
        calls=calls,
        estimate=price,
        recipe=_recipe(ask),
        deliver_size=chosen.deliver,
        notices=tuple(filter(None, (*ask.notices, chosen.notice, dearer))),
        confirm=dearer,
    )


def _prompt_says_something(ask: Ask) -> Iterator[Broken]:
    if not ask.request.prompt.strip() and ask.request.kind is not Kind.VARIATION:
        fix = tr("Say what to draw, for example: a fox in the snow.")
        yield Broken(option="prompt", what=tr("The prompt is empty."), fix=fix, error=PromptError)


def _prompt_can_be_written(ask: Ask) -> Iterator[Broken]:
    broken = sum("\ud800" <= letter <= "\udfff" for letter in ask.prompt)
    if broken:
        what = tr("The prompt holds {count} broken characters.", count=broken)
        yield Broken(option="prompt", what=what, fix=tr("Type the text anew."), error=PromptError)


def _prompt_is_short_enough(ask: Ask) -> Iterator[Broken]:
    most, long = ask.model.max_prompt, len(ask.prompt)
    if ask.binds and most is not None and long > most:
        what = tr(
            "The prompt has {long} characters, {model} takes {most}.",
            long=f"{long:,}",
            model=ask.model.name,
            most=f"{most:,}",
        )
        yield Broken(
            option="prompt",
            what=what,
            fix=tr("Leave out {count}.", count=f"{long - most:,}"),
            error=PromptError,
        )


def _model_is_at_home(ask: Ask) -> Iterator[Broken]:
    painter = ask.catalog.offline_model
    if ask.model.name == painter and not ask.server.offline:
        what = tr("{model} does not draw at {server}.", model=painter, server=ask.server.title)
        yield Broken(option="model", what=what, fix=tr("Try: {spelling}", spelling="--backend offline"))


def _model_does_this_kind(ask: Ask) -> Iterator[Broken]:
    if ask.kind is Kind.GENERATE:
        return
    if ask.server.edits == "none":
        what = tr("{server} takes no pictures to change.", server=ask.server.title)
        yield Broken(option="edit", what=what, fix=tr("Describe the whole picture, or use another server."))
    elif ask.server.edits == "inpainting" and ask.request.mask is None:
        what = tr("{server} changes a picture only inside a mask.", server=ask.server.title)
        yield Broken(option="mask", what=what, fix=tr("Try: {spelling}", spelling="--mask REF"))
    elif ask.binds and ask.kind not in ask.model.kinds:
        other = ask.catalog.offline_model if ask.server.offline else ask.catalog.default_model
        what = tr("{model} takes no pictures to change.", model=ask.model.name)
        yield Broken(option="model", what=what, fix=tr("Try: {spelling}", spelling=f"-m {other}"))


def _pictures_fit_the_kind(ask: Ask) -> Iterator[Broken]:
    inputs, most = len(ask.request.inputs), ask.model.max_inputs
    if ask.kind is Kind.GENERATE and inputs:
        what = tr("A new picture is drawn from words only.")
        yield Broken(option="ref", what=what, fix=tr("Try: {spelling}", spelling="--edit REF"))
    if ask.kind is not Kind.GENERATE and not inputs:
        what = tr("There is no picture to change.")
        yield Broken(option="edit", what=what, fix=tr("Try: {spelling}", spelling="--edit -1"))
    if ask.kind is not Kind.GENERATE and ask.binds and ask.kind in ask.model.kinds and inputs > most:
        what = tr(
            "{count} pictures given, {model} takes {most}.", count=inputs, model=ask.model.name, most=most
        )
        yield Broken(option="ref", what=what, fix=tr("Leave out {count}.", count=inputs - most))


def _pictures_can_be_read(ask: Ask) -> Iterator[Broken]:
    for blob in ask.request.inputs:
        if ask.binds and ask.kind in ask.model.kinds and blob.media_type not in ask.model.input_types:
            what = tr("{model} cannot read {media_type}.", model=ask.model.name, media_type=blob.media_type)
            yield Broken(option="edit", what=what, fix=tr("Save the picture as PNG, and give that."))


def _mask_is_of_use(ask: Ask) -> Iterator[Broken]:
    if ask.request.mask is None:
        return
    if ask.request.kind is not Kind.EDIT:
        what, fix = tr("A mask says where to edit."), tr("Try: {spelling}", spelling="--edit REF --mask REF")
        yield Broken(option="mask", what=what, fix=fix, error=MaskError)
    elif ask.server.mask == "none" or not ask.model.mask:
        what = tr("{model} at {server} takes no mask.", model=ask.model.name, server=ask.server.title)
        fix = tr("Leave out the mask, and say in words what to change.")
        yield Broken(option="mask", what=what, fix=fix, error=MaskError)
    elif ask.options.get("format") == "gif":
        what, fix = tr("A gif takes no mask."), tr("Try: {spelling}", spelling="--format png")
        yield Broken(option="mask", what=what, fix=fix, error=MaskError)


def _options_are_taken(ask: Ask) -> Iterator[Broken]:
    for name in ask.options:
        row = option(name)
        if row.parameter and not ask.takes(row.parameter):
            yield Broken(option=name, what=_why_not_taken(ask, name), fix=_instead(ask, name))


def _values_are_known(ask: Ask) -> Iterator[Broken]:
    for name, value in ask.options.items():
        row = option(name)
        known = row.values(ask.model) if ask.binds and row.choices and name != "size" else ()
        if known and ask.takes(row.parameter) and value not in known:
            what = tr(
                "{model} has no {option} {value}, only {known}.",
                model=ask.model.name,
                option=name,
                value=value,
                known=", ".join(known),
            )
            right = row.spelled(_nearest_value(ask, str(value), known))
            yield Broken(option=name, what=what, fix=tr("Try: {spelling}", spelling=right))


def _nearest_value(ask: Ask, value: str, known: tuple[str, ...]) -> str:
    """Return the known value next to it on the ladder of qualities, where it is one; else the most alike."""
    ladder = ask.catalog.synonyms.ladder
    rungs = [word for word in known if word in ladder]
    if value not in ladder or not rungs:
        return nearest(value, known)
    return min(rungs, key=lambda word: abs(ladder.index(word) - ladder.index(value)))


def _formats_agree(ask: Ask) -> Iterator[Broken]:
    said = str(ask.options.get("format", "png"))
    for name, formats in _NEEDS_FORMAT.items():
        if name in ask.options and ask.takes(option(name).parameter) and said not in formats:
            what = tr("{option} is not for {format} files.", option=option(name).flags[-1], format=said)
            right = tr("Try: {spelling}", spelling=f"--format {formats[0]}")
            yield Broken(option=name, what=what, fix=right)
    if ask.options.get("background") == "transparent" and said == "jpeg":
        what = tr("A jpeg cannot be transparent.")
        yield Broken(option="format", what=what, fix=tr("Try: {spelling}", spelling="--format png"))
    if said in ("gif", "svg") and "partials" in ask.options:
        what = tr("There are no unfinished pictures of a {format}.", format=said)
        yield Broken(option="partials", what=what, fix=tr("Leave out {option}.", option="--partials"))


def _strength_has_a_meaning(ask: Ask) -> Iterator[Broken]:
    if "strength" in ask.options and ask.request.kind is not Kind.VARIATION:
        what = tr("{option} is for variations.", option="--strength")
        yield Broken(
            option="strength", what=what, fix=tr("Try: {spelling}", spelling="--vary -1 --strength strong")
        )


def _extra_hides_nothing(ask: Ask) -> Iterator[Broken]:
    for name in extra_of(ask):
        if name in OURS or ask.takes(name):
            what = tr("{name} cannot be said in {option}.", name=name, option="--extra")
            fix = tr("Leave it out there; %dalle_help --all names the option for it.")
            yield Broken(option="extra", what=what, fix=fix)


RULES: tuple[Callable[[Ask], Iterator[Broken]], ...] = (
    _prompt_says_something,
    _prompt_can_be_written,
    _prompt_is_short_enough,
    _model_is_at_home,
    _model_does_this_kind,
    _pictures_fit_the_kind,
    _pictures_can_be_read,
    _mask_is_of_use,
    _options_are_taken,
    _values_are_known,
    _formats_agree,
    _strength_has_a_meaning,
    _extra_hides_nothing,
)

_NEEDS_FORMAT = {
    "compression": ("jpeg", "webp"),
    "frame_count": ("gif",),
    "frame_duration_ms": ("gif",),
    "svg": ("svg",),
}


def _why_not_taken(ask: Ask, name: str) -> str:
    row = option(name)
    if name == "seed" and ask.binds:
        return tr("{model} has no seed: it never draws the same picture twice.", model=ask.model.name)
    if row.parameter not in ask.catalog.kinds[ask.kind]:
        words = {Kind.GENERATE: tr("new pictures"), Kind.EDIT: tr("edits"), Kind.VARIATION: tr("variations")}
        return tr("{option} is not for {kind}.", option=row.flags[-1], kind=words[ask.kind])
    who = ask.model.name if ask.binds else ask.server.title
    return tr("{who} takes no {option}.", who=who, option=row.flags[-1])


def _instead(ask: Ask, name: str) -> str:
    row = option(name)
    if name == "seed" and ask.server.offline:
        return tr("Try: {spelling}", spelling=f"-m {ask.catalog.offline_model}")
    if ask.server.own_models and row.parameter in ask.catalog.kinds[ask.kind]:
        words = json.dumps({row.parameter: ask.options[name]}, ensure_ascii=False)
        return tr("If you know that it does: {spelling}", spelling=f"--extra '{words}'")
    taken = [option(each).flags[-1] for each in ask.catalog.kinds[ask.kind] if ask.takes(each)]
    return tr("Leave it out; it takes {options}.", options=", ".join(taken))


def _recipe(ask: Ask) -> str:
    if ask.request.kind is not Kind.VARIATION:
        return "rerun" if ask.request.sample else ""
    return "variation" if ask.kind is Kind.VARIATION else f"edit:{ask.options.get('strength', 'subtle')}"


def _estimate(ask: Ask, calls: tuple[Call, ...]) -> Estimate | None:
    inputs = len(ask.request.inputs) + (ask.request.mask is not None)
    total = Estimate(low=0, high=0)
    for call in calls:
        one = estimate(call.parameters, ask.model, inputs)
        if one is None:
            return None
        total = Estimate(low=total.low + one.low, high=total.high + one.high, about=total.about or one.about)
    return replace(total, about=total.about or not (ask.server.official or ask.server.free))


def _dearer(ask: Ask, chosen: Chosen, price: Estimate | None) -> str:
    """Return the sentence that a successor costs more than the model asked for did; nothing where it does not."""
    asked, said = ask.asked, ask.request.options
    if ask.model is asked or price is None:
        return ""
    quality = said.get("quality") if said.get("quality") in asked.qualities else asked.default_quality
    wish = read_size(str(said.get("size"))) or read_size(chosen.size) or PLAIN
    size = spell_size(nearest_size(wish, asked))
    parameters = {"quality": quality, "size": size, "n": said.get("n", 1), "prompt": ask.request.prompt}
    before = estimate(parameters, asked, len(ask.request.inputs))
    if before is None or price.high <= before.high:
        return ""
    return tr(
        "{model} may cost ${price:.3f}, {asked} cost ${before:.3f}",
        model=ask.model.name,
        price=price.high / 1e6,
        asked=asked.name,
        before=before.high / 1e6,
    )
