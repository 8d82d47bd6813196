"""Texts in picture files: written beside the pixels, read back from any bytes, and taken out without a trace."""

from __future__ import annotations

import base64
import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Browser

from dalle_nb._images import ImageError, prove
from dalle_nb._provenance import (
    MAX_TEXT,
    Found,
    Parameters,
    find_texts,
    originals,
    read_a1111,
    read_ours,
    strip,
    write_parameters,
    write_texts,
)
from dalle_nb._provenance.a1111 import parse_parameters

OURS = '{"dalle_nb": 1, "run": "a fox in the snow"}'
LINE = "a fox\nSeed: 7, Size: 40x30, Model: painter"
TOLD = Parameters(prompt="a fox", size=(40, 30), seed=7, model="painter")
SECRET = b"NOBODYS-BUSINESS"


def drawing(mode: str = "RGB") -> Image.Image:
    picture = Image.linear_gradient("L").resize((40, 30)).rotate(30)
    if mode.endswith("A"):
        return Image.merge("RGBA", (picture, picture.transpose(Image.Transpose.ROTATE_180), picture, picture))
    return picture.convert(mode)


def encoded(form: str, mode: str = "RGB", **how: object) -> bytes:
    file = io.BytesIO()
    drawing(mode).save(file, form, **how)
    return file.getvalue()


def moving(form: str) -> bytes:
    file = io.BytesIO()
    frames = [drawing().rotate(90 * turn) for turn in range(3)]
    frames[0].save(file, form, save_all=True, append_images=frames[1:], duration=100)
    return file.getvalue()


FILES = {
    "png": encoded("PNG"),
    "png alpha": encoded("PNG", "RGBA"),
    "png palette": encoded("PNG", "P", transparency=3),
    "png 16 bit": encoded("PNG", "I;16"),
    "png moving": moving("PNG"),
    "jpeg": encoded("JPEG"),
    "jpeg progressive": encoded("JPEG", progressive=True, restart_marker_rows=1),
    "jpeg grey": encoded("JPEG", "L"),
    "jpeg cmyk": encoded("JPEG", "CMYK"),
    "webp": encoded("WEBP"),
    "webp lossless": encoded("WEBP", lossless=True),
    "webp alpha": encoded("WEBP", "RGBA"),
    "webp lossless alpha": encoded("WEBP", "RGBA", lossless=True),
    "webp moving": moving("WEBP"),
}
every_file = pytest.mark.parametrize("data", FILES.values(), ids=FILES)
every_format = pytest.mark.parametrize("data", [FILES[name] for name in ("png", "jpeg", "webp")])


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(kind: bytes, body: bytes) -> bytes:
    return FILES["png"][:33] + chunk(kind, body) + FILES["png"][33:]


def with_segment(kind: int, body: bytes) -> bytes:
    return FILES["jpeg"][:20] + struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body + FILES["jpeg"][20:]


def with_riff(kind: bytes, body: bytes) -> bytes:
    whole = FILES["webp"][8:] + kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(whole)) + whole


SIGNED = {
    "png": with_chunk(b"caBX", b"\0\0\0\x10jumbc2pa" + SECRET),
    "jpeg": with_segment(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x10jumbc2pa" + SECRET),
    "webp": with_riff(b"C2PA", b"\0\0\0\x10jumbc2pa" + SECRET),
}


def pixels(data: bytes) -> list[tuple[str, bytes]]:
    """Return every frame as a program would show it, the right way up."""
    image, frames = Image.open(io.BytesIO(data)), []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        frames.append((image.mode, ImageOps.exif_transpose(image).tobytes()))
    return frames


# --- Written and read -----------------------------------------------------------------------------------------


@every_file
def test_what_is_written_is_read(data: bytes) -> None:
    """Both texts come back, and the pixels are what they were, whatever the format."""
    told = write_texts(data, OURS, LINE)
    assert Found(ours=OURS, parameters=LINE) == find_texts(told)
    assert TOLD == read_a1111(told)
    assert pixels(data) == pixels(told)
    assert prove(data) == prove(told)


@every_file
def test_what_was_written_can_be_taken_back(data: bytes) -> None:
    """The bytes from before are among the originals, so that a copy proves itself by its sha256."""
    assert data in list(originals(write_texts(data, OURS, LINE)))


@every_file
def test_writing_again_replaces(data: bytes) -> None:
    """A copy of a copy tells the last Run only, and does not grow."""
    told = write_texts(data, OURS, LINE)
    assert told == write_texts(write_texts(data, "another", LINE), OURS, LINE)


@every_format
@settings(max_examples=50, deadline=None)
@given(ours=st.text(min_size=1).map(lambda text: text.encode("utf-8", "replace").decode()))
def test_any_text_survives(data: bytes, ours: str) -> None:
    """Chinese, emoji and marks of direction come back exactly; a NUL, which ends a text in PNG, is U+FFFD there."""
    read = read_ours(write_texts(data, ours, LINE))
    assert read in (ours, ours.replace("\0", "\ufffd"))


@every_format
def test_a_long_text_survives(data: bytes) -> None:
    """JPEG's segments hold 64 KB; a text of ten times that goes into several and comes back whole."""
    ours = "狐狸 fox " * 60_000
    assert ours == read_ours(write_texts(data, ours, ours))


def test_pillow_reads_what_a1111_would() -> None:
    """Under the names and in the encoding of A1111: PNG's ``parameters``, EXIF's comment in JPEG and WebP."""
    line = "a 狐狸\nSize: 40x30, Model: x, Version: y"
    told = {form: Image.open(io.BytesIO(write_texts(FILES[form], OURS, line))) for form in SIGNED}
    assert line == told["png"].info["parameters"]
    for form in ("jpeg", "webp"):
        comment = told[form].getexif().get_ifd(0x8769)[0x9286]
        assert line == comment.removeprefix(b"UNICODE\0").decode("utf-16-be")


@pytest.mark.parametrize(
    "name", ["png alpha", "jpeg progressive", "jpeg cmyk", "webp", "webp lossless alpha"]
)
def test_chromium_shows_the_same(browser: Browser, name: str) -> None:
    """Another decoder than Pillow's finds the same pixels in a copy, with texts and without any."""
    data = FILES[name]
    copies = [base64.b64encode(each).decode() for each in (data, write_texts(data, OURS, LINE), strip(data))]
    page = browser.new_page()
    shown = page.evaluate(
        """async (copies) => Promise.all(copies.map(async (copy) => {
             const bytes = Uint8Array.from(atob(copy), letter => letter.charCodeAt(0));
             const image = await createImageBitmap(new Blob([bytes]));
             const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
             canvas.drawImage(image, 0, 0);
             return canvas.getImageData(0, 0, image.width, image.height).data.join();
           }))""",
        copies,
    )
    page.close()
    assert len(shown[0]) > 40 * 30 * 4
    assert 1 == len(set(shown))


# --- Others' texts and signatures -----------------------------------------------------------------------------


def foreign(form: str) -> bytes:
    text = "a cat\nSteps: 20, Sampler: Euler, Seed: 3"
    if form == "png":
        info = PngInfo()
        info.add_text("parameters", text)
        return encoded("PNG", pnginfo=info)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-le")
    return encoded(form, exif=exif)


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_others_texts_stay(form: str) -> None:
    """What another program said of its picture is not written over; ours stands beside it."""
    told = write_texts(foreign(form), OURS, LINE)
    read = read_a1111(told)
    assert OURS == read_ours(told)
    assert read is not None
    assert ("a cat", 3) == (read.prompt, read.seed)
    assert pixels(foreign(form)) == pixels(told)
    assert foreign(form) in list(originals(told))


@pytest.mark.parametrize("form", SIGNED)
def test_signatures_are_seen(form: str) -> None:
    """Content Credentials are found in each format, and in no file without."""
    assert find_texts(SIGNED[form]).signed
    assert not find_texts(FILES[form]).signed


@pytest.mark.parametrize(
    "data", [encoded("GIF", "P"), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"", b"no picture"]
)
def test_a_format_without_texts_says_so(data: bytes) -> None:
    """Nothing is found in it, and writing or stripping is refused."""
    assert Found() == find_texts(data)
    assert [] == list(originals(data))
    for change in (lambda: write_texts(data, OURS, LINE), lambda: strip(data)):
        with pytest.raises(ImageError):
            change()


# --- Stripped -------------------------------------------------------------------------------------------------


def loaded(form: str) -> bytes:
    """Return a file with a secret in every place that one can hide in."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, SECRET.decode()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    how = {"exif": exif, "icc_profile": profile}
    if form == "png":
        info = PngInfo()
        info.add_text("Comment", SECRET.decode())
        info.add_itxt("XML:com.adobe.xmp", SECRET.decode())
        data = encoded("PNG", pnginfo=info, **how)
        hidden = [(b"caBX", SECRET), (b"tIME", bytes(7)), (b"prVt", SECRET)]
        data = data[:33] + b"".join(chunk(*each) for each in hidden) + data[33:]
    elif form == "jpeg":
        data = encoded("JPEG", comment=SECRET, **how)
        for kind in (0xE2, 0xED, 0xEB, 0xFE):
            data = data[:20] + struct.pack(">BBH", 0xFF, kind, len(SECRET) + 2) + SECRET + data[20:]
    else:
        data = encoded("WEBP", xmp=SECRET, **how)
        body = data[8:] + b"C2PA" + struct.pack("<I", len(SECRET)) + SECRET
        data = b"RIFF" + struct.pack("<I", len(body)) + body
    return write_texts(data, SECRET.decode(), SECRET.decode()) + SECRET


LOADED = [loaded(form) for form in SIGNED]


@pytest.mark.parametrize("data", LOADED, ids=SIGNED)
def test_strip_leaves_nothing_but_the_picture(data: bytes) -> None:
    """No text, EXIF, XMP, signature or tail stays; pixels, colour profile and which way up it is do."""
    bare = strip(data)
    assert data.count(SECRET) >= 5
    assert SECRET not in bare
    assert pixels(data) == pixels(bare)
    before, after = (Image.open(io.BytesIO(each)) for each in (data, bare))
    assert before.info["icc_profile"] == after.info["icc_profile"]
    assert {0x0112: 6} == dict(after.getexif())


@every_file
def test_strip_keeps_every_frame(data: bytes) -> None:
    """All that is shown stays, moving pictures among it; and what is bare already stays as good as it is."""
    assert pixels(data) == pixels(strip(write_texts(data, OURS, LINE)))
    assert strip(data) == strip(strip(data))


# --- A1111's text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        pytest.param(
            "a cat, (fluffy:1.2)\nNegative prompt: ugly, blurry\n"
            "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965400086, Size: 512x768, Model hash: 45dee52b,"
            " Model: sd_xl",
            Parameters(
                prompt="a cat, (fluffy:1.2)", negative="ugly, blurry", size=(512, 768), seed=965400086,
                model="sd_xl",
                extras={"Steps": "20", "Sampler": "Euler a", "CFG scale": "7", "Model hash": "45dee52b"},
            ),
            id="all",
        ),
        pytest.param(
            "one\r\ntwo\r\nNegative prompt: three\r\nfour\r\nSteps: 1, Seed: -1, Size: big",
            Parameters(
                prompt="one\ntwo", negative="three\nfour", extras={"Steps": "1", "Seed": "-1"}
            ),
            id="lines",
        ),
        pytest.param("just words", Parameters(prompt="just words"), id="no settings"),
        pytest.param(
            "a sign: yes, and: no", Parameters(prompt="a sign: yes, and: no"), id="two pairs are words"
        ),
        pytest.param(
            'x\nSteps: 2, Lora: "a: b, \\"c\\"", Model: "d, e"',
            Parameters(prompt="x", model="d, e", extras={"Steps": "2", "Lora": 'a: b, "c"'}),
            id="quoted",
        ),
        pytest.param(
            "Steps: 2, Size: 0x9, Seed: 12345678901234567890",
            Parameters(prompt="", extras={"Steps": "2", "Seed": "12345678901234567890"}),
            id="beyond belief",
        ),
        pytest.param(
            "a\0b\u202ec\ud800d\x1b[31m\te", Parameters(prompt="abcd[31m\te"), id="no text in it"
        ),
        pytest.param("\0 \n\u202e", None, id="nothing"),
    ],
)  # fmt: skip
def test_parameters_are_understood(text: str, parameters: Parameters | None) -> None:
    """Prompt, what to avoid and settings are told apart as A1111 does; what is no text is taken out."""
    assert parameters == parse_parameters(text)


words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@given(
    prompt=words,
    negative=words | st.just(""),
    size=st.none() | st.tuples(st.integers(1, 99999), st.integers(1, 99999)),
    seed=st.integers(0, 10**18 - 1),
    model=words,
)
def test_parameters_read_back(
    prompt: str, negative: str, size: tuple[int, int] | None, seed: int, model: str
) -> None:
    """What we write for other programs means to them what it means to us."""
    told = Parameters(
        prompt=prompt, negative=negative, size=size, seed=seed, model=model, extras={"Version": "y"}
    )
    assert told == parse_parameters(write_parameters(told))


@pytest.mark.parametrize(
    "evil",
    ['aa:"' * 4000, 'aa:"x,' * 2600, "a " * 8000, 'aa:"' + '\\"' * 8000, "a:1," * 4000, "a" * 60_000],
)
def test_no_text_takes_long(evil: str) -> None:
    """A line made to send a pattern astray is done with in a moment."""
    start = time.process_time()
    parse_parameters(f"x\n{evil}")
    assert time.process_time() - start < 5  # a pattern gone astray takes minutes


# --- Hostile files --------------------------------------------------------------------------------------------

BOMB = zlib.compress(bytes(64 << 20))


@pytest.mark.parametrize(
    "data",
    [
        with_chunk(b"zTXt", b"parameters\0\0" + BOMB),
        with_chunk(b"iTXt", b"dalle_nb\0\1\0\0\0" + BOMB),
        with_chunk(b"iTXt", b"dalle_nb\0\0\0\0\0" + bytes(MAX_TEXT + 1)),
        with_riff(b"DLNB", bytes(MAX_TEXT + 1)),
    ],
    ids=["zTXt", "iTXt", "long", "webp"],
)
def test_a_bomb_does_not_go_off(data: bytes) -> None:
    """A text that inflates without end, or is too long, is none, and never held in memory whole."""
    tracemalloc.start()
    assert Found() == find_texts(data)
    assert tracemalloc.get_traced_memory()[1] < 8 * MAX_TEXT
    tracemalloc.stop()


@pytest.mark.parametrize(
    "data",
    [
        with_chunk(b"iTXt", b"dalle_nb"),
        with_chunk(b"iTXt", b"dalle_nb\0\1\0"),
        with_chunk(b"iTXt", b"dalle_nb\0\1\0\0\0not deflated"),
        with_chunk(b"zTXt", b"parameters\0"),
        with_chunk(b"tEXt", b"dalle_nb" * 100),
        with_segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff"),
        with_segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x69\x87\4\0\1\0\0\0\x08\0\0\0"),
        with_segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x1a\0\1" + b"\x92\x86\0\7" * 9),
        with_riff(b"EXIF", b"MM"),
        with_riff(b"VP8X", b""),
        FILES["png"][:40] + b"\xff\xff\xff\xff" + FILES["png"][44:],
        FILES["jpeg"][:4] + b"\0\0" + FILES["jpeg"][6:],
        FILES["webp"][:16] + b"\xff\xff\xff\xff" + FILES["webp"][20:],
        b"\xff\xd8" + b"\xff" * 100,
    ],
)  # fmt: skip
def test_lying_lengths_are_survived(data: bytes) -> None:
    """A text that is cut off, points nowhere or at itself, is none."""
    assert Found() == find_texts(data)


Change = Callable[[bytes], bytes]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = draw(st.sampled_from([*FILES.values(), *SIGNED.values(), *LOADED]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, min(len(data), 400)) | st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 1, 2, 4, 40]))
        data = data[:start] + draw(st.binary(max_size=6)) + data[start + length :]
    return data


@settings(max_examples=600, deadline=None)
@given(
    data=mutated() | st.binary() | st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF0000WEBP"])
)
def test_any_bytes_are_read(data: bytes) -> None:
    """Whatever happened to a file, reading it gives a value, and changing it one or an ImageError."""
    assert isinstance(find_texts(data), Found)
    read = read_a1111(data)
    assert read is None or isinstance(read, Parameters)
    assert all(isinstance(each, bytes) for each in originals(data))
    for change in (strip, lambda each: write_texts(each, OURS, LINE)):
        try:
            assert isinstance(change(data), bytes)
        except ImageError:
            continue
