"""Pictures whose pixels prove what they were drawn for, and pictures that hurt those who trust them.

A picture is a grid of 8 by 8 tiles coloured by a hash of prompt, index and seed, so a test can tell from the pixels
alone that the right answer was kept under the right prompt. The same order gives the same bytes.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import struct
import zlib
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .words import Order, Upload

GRID = 8
MEDIA = {fmt: f"image/{fmt}" for fmt in ("png", "jpeg", "webp", "gif")} | {"svg": "image/svg+xml"}


def picture_key(prompt: str, index: int, seed: str | None) -> str:
    """Return what the pixels of a picture are made from."""
    return f"{prompt}\0{index}\0{seed or ''}"


def tiles(key: str, size: tuple[int, int]) -> Image.Image:
    """Return the tiles of a key, RGB, at this size."""
    digest = hashlib.shake_256(key.encode("utf-8", "surrogatepass")).digest(3 * GRID * GRID)
    return Image.frombytes("RGB", (GRID, GRID), digest).resize(size, Image.Resampling.NEAREST)


def expected(
    prompt: str, index: int = 0, size: tuple[int, int] = (1024, 1024), seed: str | None = None
) -> Image.Image:
    """Return the picture a test should find for this prompt (before transparency, noise and compression)."""
    return tiles(picture_key(prompt, index, seed), size)


def shows(data: bytes, prompt: str, index: int = 0, seed: str | None = None) -> bool:
    """Tell whether these bytes are the finished picture at this index of this prompt."""
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    image = Image.alpha_composite(expected(prompt, index, image.size, seed).convert("RGBA"), image).convert(
        "RGB"
    )
    small = (4 * GRID, 4 * GRID)
    ours = np.asarray(expected(prompt, index, small, seed), dtype=int)
    theirs = np.asarray(image.resize(small, Image.Resampling.BOX), dtype=int)
    return bool(np.abs(ours - theirs).mean() < 12)


@functools.lru_cache(maxsize=32)
def draw(order: Order, index: int = 0, noise: int = 0) -> bytes:
    """Return the picture at this index of an order; `noise` bits a channel make it as heavy as a photograph."""
    if order.format == "svg":
        return draw_svg(order, index)
    image = tiles(picture_key(order.prompt, index, order.seed), order.size)
    if noise:
        image = roughen(image, noise)
    if order.background == "transparent":
        image.putalpha(clear_border(order.size))
    return encode(image, order)


@functools.lru_cache(maxsize=32)
def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@functools.lru_cache(maxsize=32)
def to_sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def draw_partial(order: Order, step: int) -> bytes:
    """Return an early state: the tiles under a grey veil, so that no test takes it for the finished picture."""
    grey = Image.new("RGB", order.size, "grey")
    return encode(
        Image.blend(
            grey,
            tiles(picture_key(order.prompt, 0, order.seed), order.size),
            (step + 1) / (order.partials + 2),
        ),
        order,
    )


def repaint(order: Order, index: int, first: Upload, mask: Upload | None, convention: str) -> bytes:
    """Return the first picture with the masked part replaced by the order's tiles, or all of it without a mask.

    `alpha`: what is clear is repainted, and some pixels elsewhere change too, as GPT Image's soft masks do.
    `white`: what is white is repainted, nothing else.
    """
    new = tiles(picture_key(order.prompt, index, order.seed), order.size)
    if mask is None:
        return encode(new, order)
    old = Image.open(io.BytesIO(first.data)).convert("RGB").resize(order.size)
    if convention == "alpha":
        old = disturb(old)
    return encode(Image.composite(new, old, find_region(mask, convention, order.size)), order)


def find_region(mask: Upload, convention: str, size: tuple[int, int]) -> Image.Image:
    """Return where to paint: L, 255 inside."""
    image = Image.open(io.BytesIO(mask.data))
    if convention == "alpha":
        region = image.convert("RGBA").getchannel("A").point(lambda alpha: 255 * (alpha == 0))
    else:
        region = image.convert("RGB").convert("L").point(lambda light: 255 * (light >= 128))
    return region.resize(size, Image.Resampling.NEAREST)


def disturb(image: Image.Image) -> Image.Image:
    pixels = np.array(image)
    pixels[::7, ::5] = 255 - pixels[::7, ::5]
    return Image.fromarray(pixels)


def roughen(image: Image.Image, bits: int) -> Image.Image:
    return Image.fromarray(np.asarray(image) ^ make_noise((image.height, image.width, 3), bits))


@functools.lru_cache(maxsize=4)
def make_noise(shape: tuple[int, ...], bits: int) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 1 << bits, shape, dtype=np.uint8)


def clear_border(size: tuple[int, int]) -> Image.Image:
    alpha = Image.new("L", size, 0)
    edge = min(size) // 16
    alpha.paste(255, (edge, edge, size[0] - edge, size[1] - edge))
    return alpha


def encode(image: Image.Image, order: Order) -> bytes:
    file = io.BytesIO()
    told = order.prompt.encode("utf-8", "replace")
    if order.format == "png":
        text = PngInfo()
        text.add_itxt("prompt", told.decode())
        image.save(file, "PNG", pnginfo=text, compress_level=1, compress_type=zlib.Z_RLE)
    elif order.format == "jpeg":
        image.convert("RGB").save(file, "JPEG", quality=max(order.compression, 1), comment=told[:60_000])
    elif order.format == "gif":
        frames = [image.convert("RGB").rotate(90 * turn) for turn in range(order.frames)]
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=order.frame_ms, loop=0)
    else:
        image.save(file, "WEBP", quality=order.compression, method=0)
    return file.getvalue()


def draw_svg(order: Order, index: int) -> bytes:
    width, height = order.size
    small = tiles(picture_key(order.prompt, index, order.seed), (GRID, GRID))
    squares = "".join(
        f'<rect x="{x}" y="{y}" width="1" height="1" fill="#{bytes(small.getpixel((x, y))).hex()}"/>'  # type: ignore[arg-type] # an RGB pixel is a tuple
        for y in range(GRID)
        for x in range(GRID)
    )
    told = "".join(letter if letter.isprintable() else " " for letter in order.prompt)
    box = f'width="{width}" height="{height}" viewBox="0 0 {GRID} {GRID}" preserveAspectRatio="none"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {box}><desc>{escape(told)}</desc>{squares}</svg>'
    return svg.encode("utf-8", "replace")


def hostile_svg() -> bytes:
    """Return an SVG that runs a script in three ways when it is put into a page."""
    return (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64" onload="window.dalle_nb_pwned=1">'
        b"<script>window.dalle_nb_pwned=2</script><foreignObject><img src='x' onerror='window.dalle_nb_pwned=3'/>"
        b"</foreignObject></svg>"
    )


@functools.cache
def bomb(side: int = 50_000) -> bytes:
    """Return a valid PNG of side x side white or black pixels: 0.3 MB that unpack to 2.5 GB of RGB."""
    raw = side * (1 + (side + 7) // 8)
    piece = 1 << 20
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(piece)) + packer.flush(zlib.Z_FULL_FLUSH)
    rest = zlib.compressobj(9, zlib.DEFLATED, -15)
    # After a full flush blocks may be repeated; and the checksum of n zeros needs no counting.
    tail = rest.compress(bytes(raw % piece)) + rest.flush()
    data = b"\x78\xda" + block * (raw // piece) + tail + struct.pack(">HH", raw % 65521, 1)
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(chunk, (b"IHDR", b"IDAT", b"IEND"), (head, data, b"")))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
