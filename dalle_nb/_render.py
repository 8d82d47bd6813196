"""What the user reads and sees in a notebook: pictures, captions and tables as mime bundles.

Records and bytes in, bundles out; must not know a store, a path or a shell. All HTML of the package is
made here, by `tag`, which escapes every plain string: a prompt is a stranger's text, and nbconvert passes
HTML through as it is.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dalle_nb._language import tr
from dalle_nb._money import dollars, price_range
from dalle_nb._records import RunRecord, Status

if TYPE_CHECKING:
    from dalle_nb._catalog import Catalog
    from dalle_nb._records import Plan, Value

Bundle = tuple[dict[str, Any], dict[str, Any]]
"""Data and metadata, as `IPython.display.publish_display_data` takes them."""

LONGEST = 4_000
"""Characters of one text that go into a notebook; all of it stays in the history."""

# Only what reads on white and on black alike: no colour is set, so that JupyterLab's own shows through.
_CAPTION = "margin:.3em 0 .6em;max-width:60em;line-height:1.55"
_FACTS = "font-size:.87em;opacity:.72;margin:.15em 0"
_BADGE = "border:1px solid;border-radius:1em;padding:0 .6em;margin-right:.5em;white-space:nowrap"
_SAID = "font-size:.87em;opacity:.85"
_VERBATIM = "white-space:pre-wrap;overflow-wrap:anywhere;margin:.3em 0 .3em 1.1em"
_TABLE = "margin:.3em 0;border-collapse:collapse;color:inherit;font-size:.93em"
_INLINE = "display:inline-block;vertical-align:middle;margin:1px 3px 1px 0;border-radius:3px;max-width:96px"
_CELL = "text-align:left;vertical-align:top;padding:.2em .9em .2em 0"


class Markup(str):
    """HTML that `tag` has made: the only strings it does not escape."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: str) -> Markup:
    """Return an element; every child that is no `Markup`, and every attribute, is cleaned and escaped."""
    said = "".join(f' {key}="{html.escape(clean(value))}"' for key, value in attributes.items() if value)
    return Markup(f"<{name}{said}>{''.join(map(_escaped, children))}</{name}>")


def inline_picture(data: bytes, media_type: str, alt: str) -> Markup:
    """Return a small picture of our own making as an element, its bytes inside."""
    source = f"data:{media_type};base64,{b64encode(data).decode()}"
    return Markup(f'<img src="{source}" alt="{html.escape(clean(alt))}" style="{_INLINE}">')


def clean(text: str, most: int = LONGEST) -> str:
    """Return a stranger's text fit to show: what hides or turns letters round is named, the rest is bounded."""
    shown = _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text[:most])
    more = len(text) - most
    return shown + tr(" … ({more} more characters)", more=more) if more > 0 else shown


def shorten(text: str, most: int = 140) -> str:
    """Return one line of at most ``most`` characters, cut between words or after a stop where there is one."""
    line = " ".join(clean(text).split())
    if len(line) <= most:
        return line
    head = line[: most - 1]
    cut = max(head.rfind(" "), *(head.rfind(stop) + 1 for stop in ",;.，、。；"))
    return head[: cut if cut > most // 2 else None].rstrip(" ,;，、；") + "…"


def alt_text(prompt: str, notes: Sequence[str] = ()) -> str:
    """Return what a picture shows, in words: its prompt in short, and what its painter says that it drew."""
    said = (shorten(prompt), *(shorten(note) for note in notes[:1]))
    return " — ".join(filter(None, said)) or tr("a picture")


def picture_bundle(
    run: RunRecord, data: Sequence[bytes], long_edge: int = 512, *, full: bool = False
) -> Bundle:
    """Return the pictures of a Run, whose bytes are ``data``: a thumbnail, or a contact sheet of several.

    ``full`` shows a single picture as it came. The plain text is the same on every machine and in every
    history: size, fingerprint and alt text, no id.
    """
    from dalle_nb._thumbnails import contact_sheet, fingerprint, thumbnail, whole

    if len(data) == 1:
        picture = whole(data[0]) if full else thumbnail(data[0], long_edge)
    else:
        labels = [f"{run.id}/{picture.index}" for picture in run.pictures]
        picture = contact_sheet(list(zip(labels, data, strict=True)), long_edge)
    alts = list(dict.fromkeys(picture.alt for picture in run.pictures))
    alt = shorten(" | ".join(alts), 400)
    if len(data) > 1:
        alt = tr("{count} pictures: {alt}", count=len(data), alt=alt)
    plain = [
        f"<Picture {record.width}x{record.height} fingerprint {fingerprint(each)}: {shorten(record.alt)}>"
        for record, each in zip(run.pictures, data, strict=True)
    ]
    shown = {picture.media_type: b64encode(picture.data).decode(), "text/plain": "\n".join(plain)}
    about: dict[str, Any] = {"alt": alt, "width": picture.width, "height": picture.height}
    if picture.labels:
        # Labels carry the id of the Run; whoever compares pictures (`_nbval`) learns where to look away.
        about["labels"] = [list(box) for box in picture.labels]
    return shown, {picture.media_type: about, "alt": alt}


def preview_bundle(previews: Mapping[int, bytes], long_edge: int = 512, words: str = "") -> Bundle:
    """Return pictures that are not finished yet, by their place in the Run, to be shown for a moment.

    ``words`` say what they are instead.
    """
    from dalle_nb._thumbnails import contact_sheet, thumbnail

    tiles = [(str(index), data) for index, data in sorted(previews.items())]
    picture = thumbnail(tiles[0][1], long_edge) if len(tiles) == 1 else contact_sheet(tiles, long_edge)
    words = words or tr("not finished yet")
    shown = {picture.media_type: b64encode(picture.data).decode(), "text/plain": words}
    return shown, {picture.media_type: {"alt": words, "width": picture.width, "height": picture.height}}


def line_bundle(text: str) -> Bundle:
    """Return one quiet line, such as what a drawing may cost."""
    return div_bundle([text], [clean(text)], style=_FACTS)


def caption_bundle(run: RunRecord, *, reused: bool = False, introduce: bool = False) -> Bundle:
    """Return what belongs under the pictures of a Run: what it is, what it cost, what was really sent.

    ``reused`` says that nothing was drawn or paid this time; ``introduce`` who the offline painter is.
    """
    facts = facts_of(run)
    if reused:
        facts[-1] = tr("reused, $0; --fresh draws anew")
    alts = list(dict.fromkeys(shorten(picture.alt, 400) for picture in run.pictures if picture.alt))
    new = [note for note in run.notes if shorten(note) not in " ".join(alts)]
    said = [*run.notices, *new, *_failure_lines(run)]
    if introduce:
        said.append(
            tr(
                "This is the offline painter: free, without a network, and no AI model. "
                "For pictures by one give it a key: %dalle_login."
            )
        )
    badge = [tr("Offline sketch")] if run.backend == "offline" else []
    body = [tag("div", alt) for alt in alts]
    body += [
        tag("div", *(tag("span", word, style=_BADGE) for word in badge), " · ".join(facts), style=_FACTS)
    ]
    body += [tag("div", line, style=_SAID) for line in said]
    body += [_folded(run)]
    plain = [*alts, " · ".join([*badge, *facts]), *(clean(line) for line in said)]
    return div_bundle(body, plain)


def facts_of(run: RunRecord) -> list[str]:
    """Return the short facts on a Run, in the order of interest: id, model, size, seconds, cost."""
    asked = run.request.model
    model = f"{asked} → {run.model}" if asked and asked != run.model else run.model
    sizes = dict.fromkeys(f"{picture.width}×{picture.height}" for picture in run.pictures)
    count = [f"{len(run.pictures)} ×"] if len(run.pictures) > 1 else []
    status = [] if run.status in (Status.DONE, Status.ASKED) else [status_word(run.status)]
    seconds = [] if run.seconds is None else [tr("{seconds} s", seconds=f"{run.seconds:.1f}")]
    drawn = [" ".join([*count, ", ".join(sizes)])] if sizes else []
    return [f"#{run.id}", *status, clean(model, 120), *drawn, *seconds, cost_of(run)]


def status_word(status: Status) -> str:
    """Return what became of a Run, in a word."""
    words = {
        Status.ASKED: tr("being drawn"),
        Status.DONE: tr("done"),
        Status.PARTIAL: tr("partial"),
        Status.REFUSED: tr("refused"),
        Status.FAILED: tr("failed"),
        Status.INTERRUPTED: tr("interrupted"),
    }
    return words[status]


def cost_of(run: RunRecord) -> str:
    """Return what a Run cost, in words: exactly, about, or that nobody knows."""
    if run.cost is not None:
        return dollars(run.cost)
    return price_range(run.estimate)


def estimate_bundle(plan: Plan) -> Bundle:
    """Return what a Plan would send and cost, for ``--dry-run``."""
    facts = [plan.model, tr("calls: {count}", count=len(plan.calls)), price_range(plan.estimate)]
    head = tr("Not sent: {facts}", facts=" · ".join(facts))
    sent = [_parameters(call.parameters) for call in plan.calls]
    prompts = [clean(str(call.parameters.get("prompt", ""))) for call in plan.calls]
    rows = [*plan.notices, *dict.fromkeys(sent), *dict.fromkeys(prompts)]
    body = [tag("div", head), *(tag("div", row, style=f"{_SAID};{_VERBATIM}") for row in rows if row)]
    return div_bundle(body, [head, *rows])


def table_bundle(headings: Sequence[str], rows: Iterable[Sequence[str]], notes: Sequence[str] = ()) -> Bundle:
    """Return a table, with lines under it, as HTML and as aligned plain text."""
    cells = [[clean(cell) for cell in row] for row in rows]
    # The first column names its row: it is never broken.
    styles = [f"{_CELL};white-space:nowrap", *([_CELL] * (len(headings) - 1))]
    head = tag("tr", *(tag("th", cell, style=_CELL) for cell in headings))
    body = [
        tag("tr", *(tag("td", cell, style=style) for cell, style in zip(row, styles, strict=True)))
        for row in cells
    ]
    table = tag("table", tag("thead", head), tag("tbody", *body), style=_TABLE)
    lines = [tag("div", note, style=_SAID) for note in notes]
    return div_bundle([table, *lines], [*aligned([headings, *cells]), *map(clean, notes)])


def models_bundle(catalog: Catalog) -> Bundle:
    """Return every model of the catalogue: what it takes, what it costs, when it retires."""
    headings = [
        tr("model"),
        tr("sizes"),
        tr("qualities"),
        tr("formats"),
        tr("one picture"),
        tr("retires"),
        tr("then"),
    ]
    rows = [
        [
            model.name,
            ", ".join(model.sizes) + (" …" if model.size_rule else ""),
            ", ".join(model.qualities),
            ", ".join(model.formats),
            tr("free") if model.free else _price_range(model.price.pictures),
            str(model.shutdown or ""),
            model.successor or "",
        ]
        for model in catalog
    ]
    note = tr("As of {date}; … any size within the model's rule.", date=catalog.as_of)
    return table_bundle(headings, rows, [note])


def _price_range(pictures: Mapping[str, Mapping[str, int]]) -> str:
    prices = [price for sizes in pictures.values() for price in sizes.values()]
    if not prices:
        return tr("by tokens")
    return dollars(prices[0]) if len(set(prices)) == 1 else f"{dollars(min(prices))}–{dollars(max(prices))}"


def _failure_lines(run: RunRecord) -> list[str]:
    return [line for line in (run.failure.what, run.failure.fix) if line] if run.failure else []


def _folded(run: RunRecord) -> Markup:
    """Return what is folded away: the prompt in full, the rewritten prompts, the parameters as they were sent."""
    asked = run.request.prompt
    texts = [(tr("Prompt"), asked)]
    texts += [
        (tr("Prompt as sent"), str(sent["prompt"])) for sent in run.sent if sent.get("prompt", asked) != asked
    ]
    texts += [(tr("Rewritten by the model"), picture.revised_prompt or "") for picture in run.pictures]
    texts += [(tr("Parameters"), _parameters(sent)) for sent in run.sent]
    texts = [(name, text) for name, text in dict.fromkeys(texts) if text]
    blocks = [
        tag("div", tag("div", name, style=_FACTS), tag("div", text, style=_VERBATIM)) for name, text in texts
    ]
    return tag(
        "details", tag("summary", tr("What was really sent"), style="cursor:pointer"), *blocks, style=_SAID
    )


def _parameters(sent: Mapping[str, Value]) -> str:
    shown = {name: value for name, value in sent.items() if value is not None and name != "prompt"}
    return ", ".join(f"{name}={_plain(value)}" for name, value in shown.items())


def _plain(value: Value) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=dict)
    return shorten(text, 400)


def _escaped(child: str) -> str:
    return child if isinstance(child, Markup) else html.escape(clean(child))


def div_bundle(parts: Iterable[str], plain: Iterable[str], style: str = _CAPTION) -> Bundle:
    """Return elements in one block, and the same in plain lines."""
    # What stands between two dollar signs is seldom mathematics: the classes keep MathJax away.
    markup = tag("div", *parts, style=style, **{"class": "mathjax_ignore tex2jax_ignore"})
    return {"text/html": str(markup), "text/plain": "\n".join(line for line in plain if line)}, {}


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines of plain text, their columns one under the other."""
    widths = [max(map(_columns, column)) for column in zip(*rows, strict=True)]
    padded = (
        [cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)]
        for row in rows
    )
    return ["  ".join(row).rstrip() for row in padded]


def _columns(text: str) -> int:
    """Return how many columns a terminal gives the text; a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


# Control characters but tab and line ends, direction marks and overrides, lone surrogates, other invisibles.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
