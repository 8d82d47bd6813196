"""Pictures, captions and tables as a notebook keeps them: small, true, and harmless."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from dalle_nb import _render
from dalle_nb._language import speaking
from dalle_nb._records import Estimate, Failure, PictureRecord, Request, RunRecord, Status
from dalle_nb._thumbnails import UNLIKE, contact_sheet, fingerprint, fingerprint_distance, thumbnail

OURS = {"div", "span", "details", "summary", "table", "thead", "tbody", "tr", "th", "td"}


class Tree(HTMLParser):
    """Every element and attribute that a browser would find."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.depth = 0
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        self.depth -= 1


def painted(size: tuple[int, int] = (640, 480), hue: str = "orange", *, clear: bool = False) -> Image.Image:
    """Return a house on a hill, or the house alone where the rest is transparent."""
    picture = Image.new("RGBA", size, (0, 0, 0, 0) if clear else "skyblue")
    pen = ImageDraw.Draw(picture)
    wide, high = size
    pen.ellipse((-wide // 2, high * 2 // 3, wide * 3 // 2, high * 2), fill="green")
    pen.rectangle((wide * 2 // 5, high // 2, wide * 3 // 5, high * 3 // 4), fill=hue)
    return picture if clear else picture.convert("RGB")


def encoded(picture: Image.Image, form: str = "PNG", **how: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **how)
    return file.getvalue()


def run_of(prompt: str = "a house on a hill", count: int = 1, **facts: object) -> RunRecord:
    pictures = tuple(
        PictureRecord(
            sha256="0" * 64,
            media_type="image/png",
            width=640,
            height=480,
            size=1,
            index=index,
            alt=_render.alt_text(prompt),
        )
        for index in range(1, count + 1)
    )
    record = RunRecord(
        id=12,
        uid="u",
        created=datetime(2026, 11, 22, tzinfo=UTC),
        request=Request(prompt=prompt),
        backend="offline",
        model="offline-painter",
        status=Status.DONE,
        pictures=pictures,
        sent=({"prompt": prompt, "size": "640x480"},),
        cost=0,
        seconds=0.84,
    )
    return replace(record, **facts)  # type: ignore[arg-type]  # a table of fields, checked by dataclasses


# --- pictures ---------------------------------------------------------------------------------------------


def test_a_large_picture_becomes_a_small_jpeg() -> None:
    """A thumbnail is at most 512 pixels long, keeps its shape, and is a tenth of what came."""
    noise = Image.effect_noise((1536, 1024), 80).convert("RGB")
    data = encoded(noise)
    small = thumbnail(data)
    assert (small.media_type, small.width, small.height) == ("image/jpeg", 512, 341)
    assert len(small.data) < len(data) / 10


def test_a_small_picture_is_not_blown_up() -> None:
    """A picture shorter than the thumbnail's edge keeps its own size."""
    assert thumbnail(encoded(painted((120, 80)))).width == 120


def test_a_transparent_picture_stays_transparent() -> None:
    """Where a picture is transparent its thumbnail and its contact sheet are PNGs that are too."""
    data = encoded(painted(clear=True))
    for small in (thumbnail(data), contact_sheet([("1/1", data), ("1/2", data)])):
        assert small.media_type == "image/png"
        assert Image.open(io.BytesIO(small.data)).convert("RGBA").getpixel((2, 2))[3] == 0


def test_a_picture_with_a_useless_alpha_channel_becomes_a_jpeg() -> None:
    """An alpha channel that hides nothing does not make the notebook four times larger."""
    assert thumbnail(encoded(painted().convert("RGBA"))).media_type == "image/jpeg"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_format_is_shown_as_one_that_all_front_ends_show(form: str) -> None:
    """WebP and GIF, which GitHub and nbconvert leave out, are shown as JPEG or PNG."""
    bundle, _ = _render.picture_bundle(run_of(), [encoded(painted(), form)])
    assert {"image/jpeg", "text/plain"} == set(bundle)


def test_an_svg_is_drawn_and_never_shown_alive() -> None:
    """An SVG, which may carry script, reaches the notebook as pixels only."""
    svg = (
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">'
        b'<script>alert(1)</script><rect width="40" height="20" fill="#c00"/></svg>'
    )
    small = thumbnail(svg)
    assert (small.media_type, small.width, small.height) == ("image/jpeg", 512, 256)
    red, green, blue = Image.open(io.BytesIO(small.data)).getpixel((256, 128))
    assert red > 180
    assert green + blue < 40


@pytest.mark.parametrize("count", [2, 3, 4, 5, 10])
def test_a_contact_sheet_shows_every_picture_with_its_reference(count: int) -> None:
    """Each picture of a Run is on the sheet, in order, and the strip under it is written on."""
    hues = ["red", "orange", "yellow", "lime", "cyan", "blue", "purple", "pink", "white", "gray"][:count]
    tiles = [(f"12/{place}", encoded(Image.new("RGB", (300, 300), hue))) for place, hue in enumerate(hues, 1)]
    sheet = contact_sheet(tiles)
    picture = Image.open(io.BytesIO(sheet.data)).convert("RGB")
    assert sheet.width < 1024
    colours = {Image.new("RGB", (1, 1), hue).getpixel((0, 0)) for hue in hues}
    seen = {picture.getpixel((x, y)) for x in range(0, picture.width, 8) for y in range(0, picture.height, 8)}
    near = {
        want
        for want in colours
        if any(sum(abs(a - b) for a, b in zip(want, got, strict=True)) < 24 for got in seen)
    }
    assert colours == near


def test_the_references_on_a_sheet_can_be_told_apart() -> None:
    """The strip under a picture differs from one reference to another, so a person can read which it is."""
    data = encoded(painted((300, 300)))
    first, second = (contact_sheet([(label, data), ("1/1", data)]).data for label in ("12/3", "12/8"))
    assert first != second


def test_the_whole_picture_goes_into_the_notebook_when_asked() -> None:
    """``display="full"`` keeps the bytes exactly as they came."""
    data = encoded(painted())
    bundle, metadata = _render.picture_bundle(run_of(), [data], full=True)
    assert data == base64.b64decode(bundle["image/png"])
    assert metadata["image/png"]["width"] == 640


def test_alt_text_stands_where_readers_look_for_it() -> None:
    """nbconvert reads alt beside the mime type, the proposal for front ends beside the bundle."""
    _, metadata = _render.picture_bundle(run_of("a red house"), [encoded(painted())])
    assert metadata["alt"] == metadata["image/jpeg"]["alt"] == "a red house"


# --- fingerprints -----------------------------------------------------------------------------------------


def shifted(picture: Image.Image, levels: int) -> Image.Image:
    return picture.point(lambda level: max(0, min(255, level + levels)))


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(encoded(painted(), "JPEG", quality=60), id="another encoder"),
        pytest.param(encoded(painted(), "WEBP", quality=80), id="another format"),
        pytest.param(encoded(painted(), compress_level=1), id="the same pixels packed otherwise"),
        pytest.param(encoded(shifted(painted(), 2)), id="two levels lighter"),
        pytest.param(thumbnail(encoded(painted()), 320).data, id="its own thumbnail"),
    ],
)
def test_the_same_picture_has_nearly_the_same_fingerprint(same: bytes) -> None:
    """Another encoder, or a difference of two levels, stays within 4."""
    assert fingerprint_distance(fingerprint(encoded(painted())), fingerprint(same)) <= 4


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(painted(hue="teal"), id="the house in another colour"),
        pytest.param(painted().transpose(Image.Transpose.FLIP_TOP_BOTTOM), id="upside down"),
        pytest.param(Image.merge("RGB", painted().split()[::-1]), id="red and blue exchanged"),
        pytest.param(painted().convert("L"), id="grey"),
        pytest.param(shifted(painted(), 12), id="plainly lighter"),
        pytest.param(painted(clear=True), id="the sky transparent"),
    ],
)
def test_another_picture_has_another_fingerprint(other: Image.Image) -> None:
    """A different or wrongly coloured picture is further away than any encoder could bring it."""
    assert fingerprint_distance(fingerprint(encoded(painted())), fingerprint(encoded(other))) > 8


def test_a_small_thing_that_goes_missing_is_noticed() -> None:
    """A bird in the sky, a two-hundredth of its field, changes the fingerprint by its contrast."""
    bird = painted((1024, 1024))
    ImageDraw.Draw(bird).rectangle((100, 100, 120, 116), fill="black")
    gone = fingerprint(encoded(painted((1024, 1024))))
    assert fingerprint_distance(fingerprint(encoded(bird)), gone) > 8


@pytest.mark.parametrize("broken", ["", "zz", "00" * 63], ids=["nothing", "no hex", "cut short"])
def test_what_is_no_fingerprint_is_unlike_every_picture(broken: str) -> None:
    """A missing or damaged fingerprint never passes for a match."""
    assert fingerprint_distance(broken, fingerprint(encoded(painted()))) == UNLIKE


def test_the_plain_text_of_a_picture_is_the_same_in_every_history() -> None:
    """Ids, costs and seconds stay out of it, so that a notebook run again elsewhere compares equal."""
    data = [encoded(painted())]
    here, _ = _render.picture_bundle(run_of(), data)
    there, _ = _render.picture_bundle(replace(run_of(), id=977, uid="other", seconds=9.0, cost=5), data)
    assert here["text/plain"] == there["text/plain"]
    assert fingerprint(data[0]) in here["text/plain"]


# --- captions and tables ----------------------------------------------------------------------------------


def test_a_caption_says_what_it_is_and_what_it_cost() -> None:
    """Id, model, size, seconds and cost are in words, in HTML and in plain text."""
    bundle, _ = _render.caption_bundle(run_of(notices=("dall-e-3 was retired.",)))
    for text in bundle.values():
        for fact in (
            "#12",
            "offline-painter",
            "640×480",
            "0.8 s",
            "$0",
            "Offline sketch",
            "dall-e-3 was retired.",
        ):
            assert fact in text


def test_a_caption_speaks_chinese() -> None:
    """A person spoken to in Chinese reads a Chinese caption."""
    with speaking("zh"):
        bundle, _ = _render.caption_bundle(run_of("一只猫"))
    assert "离线草图" in bundle["text/html"]
    assert "实际发送的内容" in bundle["text/html"]


def test_what_the_painter_said_is_said_once() -> None:
    """A note that is already part of the alt text is not repeated under it."""
    run = run_of(notes=("Drawn: house, hill.", "Not understood: zeitgeist."))
    alt = _render.alt_text(run.request.prompt, run.notes)
    bundle, _ = _render.caption_bundle(replace(run, pictures=(replace(run.pictures[0], alt=alt),)))
    assert bundle["text/plain"].count("Drawn: house, hill.") == 1
    assert "Not understood: zeitgeist." in bundle["text/plain"]


def test_a_refused_run_says_why_and_what_to_do() -> None:
    """A Run without pictures still has a caption: its status and its error's two lines."""
    failure = Failure(error="RefusedError", what="Moderation refused it.", fix="Say it otherwise.")
    run = run_of(count=0, status=Status.REFUSED, failure=failure, cost=None)
    text = _render.caption_bundle(run)[0]["text/plain"]
    for word in ("refused", "Moderation refused it.", "Say it otherwise.", "unknown price"):
        assert word in text


@pytest.mark.parametrize(
    ("estimate", "words"),
    [
        (Estimate(low=10_000, high=42_000, about=True), "about $0.01 to $0.042"),
        (Estimate(low=40_000, high=40_000), "$0.04"),
        (Estimate(low=7, high=7), "<$0.0001"),
        (None, "unknown price"),
    ],
    ids=["a range, not official", "official", "tiny", "unknown"],
)
def test_an_estimate_says_how_sure_it_is(estimate: Estimate | None, words: str) -> None:
    """Without a bill the caption says the estimate; what is tiny or unknown is never free."""
    facts = _render.caption_bundle(run_of(cost=None, estimate=estimate))[0]["text/plain"]
    assert words in facts
    assert "$0 " not in facts


def test_a_reused_run_says_so() -> None:
    """An answer from the history costs nothing this time, whatever it cost then."""
    text = _render.caption_bundle(run_of(cost=42_100), reused=True)[0]["text/plain"]
    assert "reused, $0; --fresh draws anew" in text
    assert "$0.0421" not in text


def test_a_table_lines_up_in_a_terminal() -> None:
    """Chinese characters count as two columns, so that the columns of plain text stand under each other."""
    bundle, _ = _render.table_bundle(["word", "means"], [["油画", "oil"], ["ink", "墨"]])
    assert bundle["text/plain"].splitlines() == ["word  means", "油画  oil", "ink   墨"]


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</div></details><style>*{display:none}</style>",
    "<!--",
    "&lt;b&gt;",
    "]]><svg onload=alert(1)>",
    "\x00\u202egnp.exe\ud800",
    '\'-->"onmouseover=alert(1) x="',
]


def every_markup(text: str) -> list[str]:
    failure = Failure(error="X", what=text, fix=text)
    run = run_of(text, notices=(text,), notes=(text,), failure=failure, model=text, status=Status.PARTIAL)
    run = replace(
        run,
        pictures=(replace(run.pictures[0], alt=text, revised_prompt=text + "!"),),
        sent=({"prompt": text, "extra": {text: text}},),
    )
    table, _ = _render.table_bundle([text], [[text]], [text])
    return [_render.caption_bundle(run)[0]["text/html"], table["text/html"]]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words(text: str) -> None:
    """Whatever stands in a prompt, an answer or an error, only our own elements come to life."""
    for markup in every_markup(text):
        tree = Tree(markup)
        assert tree.tags <= OURS
        assert tree.attributes <= {"style", "class"}
        assert tree.depth == 0
        assert markup.encode()


@given(st.text(st.characters()))
def test_no_prompt_becomes_markup(text: str) -> None:
    """Any text at all, lone surrogates too, gives HTML whose tree holds only what we put there."""
    for markup in every_markup(text):
        tree = Tree(markup)
        assert tree.tags <= OURS
        assert tree.attributes <= {"style", "class"}
        assert tree.depth == 0
        assert markup.encode()


def test_what_turns_letters_round_is_named() -> None:
    """A bidirectional override or a NUL is shown as what it is, so that no caption lies."""
    assert _render.clean("a\u202eb\x00c") == "a[U+202E]b[U+0000]c"


def test_an_endless_prompt_does_not_fill_the_notebook() -> None:
    """What is longer than a page is cut, and says by how much."""
    bundle, _ = _render.caption_bundle(run_of("ab " * 10_000))
    assert len(bundle["text/html"]) < 10_000
    assert "(26000 more characters)" in bundle["text/html"]


def test_an_alt_text_is_one_sensible_line() -> None:
    """A long prompt is cut between words, and line ends become spaces."""
    alt = _render.alt_text("a fox\nin the snow, " + "and more " * 40, ["Drawn: fox."])
    assert alt.startswith("a fox in the snow, and more")
    assert alt.endswith("and more… — Drawn: fox.")
    assert len(alt) < 170
