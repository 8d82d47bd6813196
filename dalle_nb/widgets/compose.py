"""The form: what is to be drawn, what it may cost, and the cell that does the same.

What the page sends is read as anybody's. Everything that takes time (plans, uploads) is done by one worker in
the order in which it was asked, so that the page is answered at once. Draws nothing: that is the Studio's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import ConfirmationNeeded, DalleError, RequestError
from dalle_nb._images import ImageError, blob
from dalle_nb._language import tr
from dalle_nb._money import confirm, dollars, is_paid, period_start, price_range
from dalle_nb._prompts import Prompt, foreign_flags, lint
from dalle_nb._records import Kind
from dalle_nb._references import find_source
from dalle_nb._session import Shelf
from dalle_nb._styles import find_style, restyle
from dalle_nb._thumbnails import thumbnail
from dalle_nb.widgets.fixes import fixes
from dalle_nb.widgets.form import FIELDS, MOST_TEXT, Form, Input, read_form, write_cell
from dalle_nb.widgets.front import Front, page
from dalle_nb.widgets.offer import offer, shelf
from dalle_nb.widgets.studio import Ended, Studio, StudioEvent, Wished
from dalle_nb.widgets.wording import form_words, more_words

if TYPE_CHECKING:
    from dalle_nb._generator import ImageGenerator
    from dalle_nb._records import Blob, Estimate

MOST_INPUTS = 16
THUMBNAIL = 256


class Composer(Front):
    """The form of a panel. ``on_…`` are the messages of its page, `set_mask` is the mask painter's."""

    _esm = page("compose")
    _css = page("compose", suffix="css")

    def __init__(self, studio: Studio, **state: Any) -> None:
        self.studio = studio
        self.form = Form()
        self.want_mask: Callable[[Blob | None, Any], None] = lambda *_: None
        """Opens a mask painter on a picture with a mask, or puts it away; the panel knows one."""
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="dalle-nb form")
        self._looks = 0
        super().__init__(studio, **state)

    def heard(self, event: StudioEvent) -> None:
        """Fill in what is wished for; a drawing that ended has changed what is left of a budget."""
        if isinstance(event, Wished):
            self._soon(self._fill_in, event.prompt, dict(event.options))
        elif isinstance(event, Ended):
            self._soon(self._change)

    def set_mask(self, mask: Callable[[], bytes | None] | None) -> None:
        """Take the mask for the first picture from there, as it is when it is needed; None takes it away."""
        self._soon(self._change_pictures, mask=mask)

    def on_look(self, _: Mapping[str, Any], __: Sequence[bytes]) -> None:
        """Tell a page that was just opened everything."""
        self._soon(self._tell_form, self.form.prompt)
        self._soon(self._change_pictures)

    def on_shelf(self, _: Mapping[str, Any], __: Sequence[bytes]) -> None:
        """Tell what there is to write into a prompt, in the language of now."""
        self.tell("shelf", **shelf())

    def on_form(self, content: Mapping[str, Any], _: Sequence[bytes]) -> None:
        """Take what was typed, and say what it would be."""
        self._soon(self._change, **read_form(content))

    def on_generate(self, content: Mapping[str, Any], _: Sequence[bytes]) -> None:
        """Queue what is filled in, once it is legal and agreed to."""
        self._soon(self._change, **read_form(content))
        self._soon(self._queue, agreed=content.get("yes") is True)

    def on_upload(self, content: Mapping[str, Any], buffers: Sequence[bytes]) -> None:
        """Take pictures that were chosen, dropped or pasted."""
        names = content.get("names") if isinstance(content.get("names"), list) else []
        for data, name in zip_longest(buffers, (names or [])[: len(buffers)], fillvalue=""):
            self._soon(self._add, data, str(name)[:200])

    def on_remove(self, content: Mapping[str, Any], _: Sequence[bytes]) -> None:
        """Take a picture out again, and with the first one its mask."""
        self._soon(self._remove, content.get("place"))

    def on_mask(self, content: Mapping[str, Any], _: Sequence[bytes]) -> None:
        """Open the mask painter on the first picture, or put it and its mask away."""
        first = self.form.inputs[0] if self.form.inputs and not content.get("clear") else None
        self._soon(self._open_painter, first)

    def on_parts(self, content: Mapping[str, Any], _: Sequence[bytes]) -> None:
        """Join the five parts of a prompt."""
        parts = {name: str(content.get(name) or "")[:MOST_TEXT] for name in Prompt.__dataclass_fields__}
        self.tell("parts", text=str(Prompt(**parts)))

    def on_style(self, content: Mapping[str, Any], _: Sequence[bytes]) -> None:
        """Write a style into the prompt, in the prompt's own language."""
        prompt = str(content.get("prompt") or "")[:MOST_TEXT]
        if style := find_style(str(content.get("style"))[:200]):
            self.tell("styled", before=prompt, prompt=restyle(prompt, style).lstrip(",， "))

    @property
    def _generator(self) -> ImageGenerator:
        return self.studio.generator

    def _soon(self, act: Callable[..., None], *given: Any, **named: Any) -> None:
        """Let the worker do it: nothing else changes the form, so that nothing typed is lost."""
        self._worker.submit(self.attempt, partial(act, **named) if named else act, *given)

    def _change(self, **changes: Any) -> None:
        """Change the form, and say what it would be."""
        self.form = replace(self.form, **changes)
        self._looks += 1
        self._soon(self._say_verdict, self._looks)

    def _change_pictures(self, **changes: Any) -> None:
        """Change the form, and show the pictures that are in it now; what is being typed stays as it is."""
        self._change(**changes)
        inputs = self.form.inputs
        told = [
            {"name": each.blob.name, "size": f"{each.blob.width} × {each.blob.height}"} for each in inputs
        ]
        masked = self.form.mask is not None
        self.tell("inputs", inputs=told, masked=masked, buffers=[each.small for each in inputs])

    def _say_verdict(self, number: int) -> None:
        """Say what the form would be and cost, unless there is a newer one to look at."""
        if number != self._looks:
            return
        form, generator = self.form, self._generator
        self.tell("offer", **offer(generator, form.model, form.kind, masked=form.mask is not None))
        self.tell("verdict", **self._verdict(form, generator))

    def _verdict(self, form: Form, generator: ImageGenerator) -> dict[str, Any]:
        said: dict[str, Any] = {"budget": _budget_left(generator)}
        if not form.prompt.strip() and form.kind is not Kind.VARIATION:
            return {**said, "lint": [], "notes": []}
        said["lint"] = list(lint(form.prompt)) if form.kind is Kind.GENERATE else []
        try:
            plan = generator.plan(form.prompt, form.asked)
        except DalleError as error:
            return {**said, "notes": [], "trouble": _trouble(error)}
        said["price"] = _price(plan.estimate)
        said["notes"] = [*foreign_flags(form.prompt), *plan.notices]
        said["cell"] = write_cell(plan, form)
        return said

    def _queue(self, *, agreed: bool) -> None:
        prompt, generator = self.form.prompt, self._generator
        asked = {name: value for name, value in self.form.asked.items() if value is not None}
        try:
            plan = generator.plan(prompt, asked)
            confirm(plan, above=generator.settings.confirm_above, yes=agreed)
        except ConfirmationNeeded as error:
            price = dollars(plan.estimate.high) if plan.estimate else "?"
            self.tell("confirm", what=error.what, label=tr("Draw for {price}", price=price))
            return
        except RequestError as error:
            self.tell("stopped", **_trouble(error))
            return
        task = self.studio.submit(prompt, {**asked, "yes": True} if agreed else asked)
        self.tell("queued", number=task.number, waiting=len(self.studio.tasks) - 1)

    def _add(self, value: Any, name: str = "") -> None:
        """Add a picture: the bytes of one, or what a REF may be."""
        if len(self.form.inputs) >= MOST_INPUTS:
            what = tr("There are {count} pictures already.", count=MOST_INPUTS)
            raise RequestError(what, tr("Remove one first."))
        self._change_pictures(inputs=(*self.form.inputs, self._input(value, name)))

    def _input(self, value: Any, name: str) -> Input:
        if isinstance(value, bytes):
            try:
                given, reference = blob(value, name), ""
            except ImageError as error:
                what = tr("{name} is no picture: {reason}.", name=name or tr("What was given"), reason=error)
                fix = tr("Open it in a picture program and save it as PNG or JPEG.")
                raise RequestError(what, fix) from error
        else:
            source = find_source(value, Shelf(self._generator.store, self._generator.session))
            given, reference = source.blob, source.blob.name if source.run else ""
        return Input(blob=given, reference=reference, small=thumbnail(given.data or b"", THUMBNAIL).data)

    def _remove(self, place: object) -> None:
        inputs = list(self.form.inputs)
        if isinstance(place, int) and 0 <= place < len(inputs):
            del inputs[place]
            if place == 0:
                self._open_painter(None)
            self._change_pictures(inputs=tuple(inputs))

    def _open_painter(self, picture: Input | None, mask: Any = None) -> None:
        if picture is None:
            self._change_pictures(mask=None)
        self.want_mask(picture.blob if picture else None, mask)

    def _fill_in(self, prompt: str | None, options: dict[str, Any]) -> None:
        """Put a wish into the form: its pictures take the place of those there, its options are added."""
        sources = {
            name: options.pop(name) for name in ("edit", "vary", "ref") if options.get(name) is not None
        }
        mask, strength = options.pop("mask", None), str(options.pop("strength", None) or "subtle")
        if sources:
            given = [each if isinstance(each, list) else [each] for each in sources.values()]
            inputs = tuple(self._input(each, "") for source in given for each in source)
            self._change_pictures(inputs=inputs, verb=strength if "vary" in sources else "edit")
            self._open_painter(inputs[0] if mask is not None else None, mask)
        model = str(options.pop("model", self.form.model) or "")
        merged = {**self.form.options, **{name: value for name, value in options.items() if name in FIELDS}}
        kept = {name: value for name, value in merged.items() if value is not None}
        self._change(prompt=self.form.prompt if prompt is None else prompt, model=model, options=kept)
        self._tell_form(prompt, focus=True)

    def _tell_form(self, prompt: str | None, *, focus: bool = False) -> None:
        """Fill in the page; a prompt of None leaves the words that stand there, which may be newer."""
        form = self.form
        options = dict(form.options)
        self.tell("form", prompt=prompt, model=form.model, options=options, verb=form.verb, focus=focus)

    def labels(self) -> dict[str, str]:
        """Return what stands in the form."""
        return form_words() | more_words()


def _trouble(error: DalleError) -> dict[str, Any]:
    """Return an error in two lines, with what may be pressed to mend it."""
    at_fault = error.options if isinstance(error, RequestError) else ()
    offered = [{"label": fix.label, "options": fix.options} for fix in fixes(error.fix, at_fault)]
    return {"what": error.what, "fix": error.fix, "fixes": offered}


def _price(estimate: Estimate | None) -> str:
    """Return what it may cost, at a glance."""
    return price_range(estimate) if is_paid(estimate) else tr("free")


def _budget_left(generator: ImageGenerator) -> str:
    settings = generator.settings
    if settings.budget is None:
        return ""
    spent = generator.store.spent(period_start(settings.per, datetime.now().astimezone()))
    left, budget = dollars(max(0, settings.budget - spent)), dollars(settings.budget)
    return tr("{left} of {budget} left", left=left, budget=budget)
