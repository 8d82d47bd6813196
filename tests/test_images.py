"""Pictures are proved, not believed: whatever passes can be decoded, whatever is damaged does not pass."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from dalle_nb._images import ImageError, Proof, blob, open_image, prove, sniff

SIZE = (40, 24)
MODES = ("RGB", "RGBA", "L", "LA", "P", "1", "I;16")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="24px"><rect width="9" height="9"/></svg>'


@cache
def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    """Return a small picture with something in it."""
    noise = np.random.default_rng(7).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    image = (
        Image.fromarray(noise).convert("L").convert("I").convert("I;16")
        if mode == "I;16"
        else Image.fromarray(noise).convert(mode)
    )
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@cache
def moving(kind: str) -> bytes:
    """Return a picture of three frames."""
    frames = [Image.new("RGB", SIZE, colour) for colour in ("red", "green", "blue")]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:])
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int = 4,
    height: int = 4,
    *,
    rows: bytes | None = None,
    depth: int = 8,
    colour: int = 2,
    lace: int = 0,
) -> bytes:
    """Return a PNG whose check sums are right, whatever it claims."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, lace)
    pixels = zlib.compress(bytes(height * (1 + 3 * width)) if rows is None else rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("mode", MODES)
def test_every_kind_of_png_passes(mode: str) -> None:
    """PNGs of every colour type and depth are proved with their size."""
    assert Proof(media_type="image/png", width=40, height=24) == prove(encoded("PNG", mode))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
def test_other_pictures_pass(kind: str) -> None:
    """JPEG, WebP and GIF are proved with their size, whatever they are called elsewhere."""
    assert Proof(media_type=f"image/{kind.lower()}", width=40, height=24) == prove(encoded(kind))


def test_a_written_picture_passes() -> None:
    """An SVG is proved with the size that it names."""
    assert Proof(media_type="image/svg+xml", width=40, height=24) == prove(SVG)
    assert Proof(media_type="image/svg+xml", width=0, height=0) == prove(b"<svg viewBox='0 0 8 8'/>")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_no_cut_passes(kind: str) -> None:
    """A picture cut short anywhere before its last bytes does not pass."""
    data = encoded(kind)
    # A JPEG may lose its end mark without losing a pixel.
    for end in range(0, len(data) - 4, 3):
        with pytest.raises(ImageError):
            prove(data[:end])


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_each_frame_is_read(kind: str) -> None:
    """A moving picture whose later frames are missing does not pass."""
    data = moving(kind)
    assert SIZE == (prove(data).width, prove(data).height)
    with pytest.raises(ImageError):
        prove(data[: len(data) * 3 // 4])


def test_a_flipped_bit_in_a_png_is_seen() -> None:
    """No single changed byte of a PNG goes unnoticed, but for those after its end."""
    data = encoded("PNG")
    for at in range(len(data)):
        with pytest.raises(ImageError):
            prove(data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :])
    assert prove(data + b"trailing")


BAD = {
    "nothing": b"",
    "text": b"This is not a picture.",
    "a page": b"<!doctype html><html><body>Welcome</body></html>",
    "only a signature": b"\x89PNG\r\n\x1a\n",
    "a bomb": png(50_000, 50_000, rows=b""),
    "no width": png(0, 4),
    "too few rows": png(rows=bytes(3 * 13)),
    "too many rows": png(rows=bytes(5 * 13)),
    "far too many rows": png(rows=bytes(1_000_000)),
    "an unknown colour type": png(colour=5),
    "an unknown depth": png(depth=3),
    "an impossible depth": png(depth=1),
    "an unknown filter": png(rows=(b"\x09" + bytes(12)) * 4),
    "an unknown interlacing": png(lace=2),
    "pixels that are no zlib": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b"abc") + chunk(b"IEND", b""),
    "no pixels": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)) + chunk(b"IEND", b""),
    "a script": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "a handler": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a program for a link": b'<svg xmlns:x="http://www.w3.org/1999/xlink"><a x:href=" java&#10;script:alert(1)"/></svg>',
    "a page within": b'<svg><foreignObject><iframe src="x"/></foreignObject></svg>',
    "laughter": b'<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>',
    "an SVG cut short": SVG[:-4],
    "other XML": b"<note><svg/></note>",
}  # fmt: skip


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_what_is_no_picture_does_not_pass(data: bytes) -> None:
    """Damaged, hostile and foreign bytes are refused with a reason."""
    with pytest.raises(ImageError, match=r"\w"):
        prove(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_size_is_bounded_before_decoding(kind: str) -> None:
    """A picture larger than allowed is refused by what its head claims."""
    with pytest.raises(ImageError, match="40x24"):
        prove(encoded(kind), max_pixels=SIZE[0] * SIZE[1] - 1)


@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]), st.data())
def test_what_passes_can_be_decoded(kind: str, data: st.DataObject) -> None:
    """However a picture is mangled, either it is refused by our own error or Pillow can read all of it."""
    whole = bytearray(
        data.draw(
            st.sampled_from([encoded(kind), moving(kind) if kind in ("GIF", "WEBP") else encoded(kind)])
        )
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    try:
        proof = prove(bytes(whole))
    except ImageError:
        return
    if proof.media_type != "image/svg+xml":
        assert (proof.width, proof.height) == open_image(bytes(whole)).size


@given(
    st.integers(0, 20), st.integers(0, 20), st.sampled_from([1, 2, 4, 8, 16, 3]), st.integers(0, 7),
    st.integers(0, 2), st.binary(max_size=600), st.binary(max_size=40),
)  # fmt: skip
def test_a_well_formed_lie_is_no_picture(
    width: int, height: int, depth: int, colour: int, lace: int, rows: bytes, more: bytes
) -> None:
    """A PNG whose check sums are right passes only if Pillow can read all of it."""
    lie = png(width, height, rows=rows, depth=depth, colour=colour, lace=lace)
    lie = lie[:33] + chunk(b"PLTE", more) + lie[33:] if more else lie
    try:
        prove(lie)
    except ImageError:
        return
    open_image(lie)


@given(st.binary(max_size=200))
@example(b"<svg" + b"<g>" * 20_000)
@example(b"GIF89a" + bytes(50))
@example(b"RIFF\x10\0\0\0WEBPVP8 " + bytes(40))
def test_random_bytes_are_refused_by_our_own_error(data: bytes) -> None:
    """Bytes from anywhere raise nothing but ImageError."""
    for start in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"<svg "):
        try:
            prove(start + data)
        except ImageError:
            assert True


@pytest.mark.parametrize(
    ("array", "pixel"),
    [
        (np.full((4, 6), 0.5), (128,)),
        (np.full((4, 6, 3), 1.7), (255, 255, 255)),
        (np.full((4, 6, 4), 9, np.uint8), (9, 9, 9, 9)),
        (np.full((4, 6), True), (255,)),
        (np.full((4, 6, 3), 300, np.int64), (255, 255, 255)),
        (np.full((4, 6), np.nan), (0,)),
    ],
    ids=["grey", "float", "rgba", "bool", "int", "nan"],
)
def test_arrays_become_pictures(array: np.ndarray, pixel: tuple[int, ...]) -> None:
    """Arrays of every usual type become the picture that they show."""
    made = blob(array)
    assert (6, 4) == (made.width, made.height)
    got = open_image(made.data).getpixel((0, 0))
    assert pixel == (got if isinstance(got, tuple) else (got,))


@pytest.mark.parametrize(
    "value",
    [np.zeros((2, 2, 2)), np.zeros(4), np.zeros((0, 4)), object(), "fox.png", None],
    ids=["two channels", "a line", "no rows", "an object", "a name", "nothing"],
)
def test_other_things_are_no_pictures(value: object) -> None:
    """What cannot be a picture is refused with its kind or shape."""
    with pytest.raises(ImageError, match="is no picture"):
        blob(value)


def test_a_picture_on_its_side_is_put_upright() -> None:
    """A camera's turned picture is sent as it is seen, for servers read pixels and not EXIF."""
    image = Image.new("RGB", (8, 4), "red")
    exif = image.getexif()
    exif[0x0112] = 6
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    made = blob(file.getvalue())
    assert ("image/png", 4, 8) == (made.media_type, made.width, made.height)


def test_the_first_bytes_tell_the_type() -> None:
    """Types are told by content; what is none of them is None."""
    kinds = {kind: sniff(encoded(kind)) for kind in ("PNG", "JPEG", "WEBP", "GIF")}
    assert {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"} == kinds
    assert sniff(b"BM") is None
