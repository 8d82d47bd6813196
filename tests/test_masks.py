"""Masks: whatever people have becomes exactly the area they mean, at every server, and nothing else changes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from openai_server.handle import Api
from openai_server.profiles import PROFILES
from PIL import Image

from dalle_nb import ImageGenerator, MaskError, Run
from dalle_nb._compositing import MOST_FEATHER, composite
from dalle_nb._images import blob, encode_png
from dalle_nb._masks import fit_mask, overlay, repaint_of, shape_mask
from dalle_nb._records import Origin, Status

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

SIZE = 1024
BOX = (256, 128, 640, 896)
"""Left, upper, right, lower of what every mask here means."""
WORDS = "box:256,128,640,896"


def inside(size: tuple[int, int] = (SIZE, SIZE), box: tuple[int, ...] = BOX) -> np.ndarray:
    """Return where the box is, (height, width) of bool."""
    meant = np.zeros(size[::-1], bool)
    left, upper, right, lower = box
    meant[upper:lower, left:right] = True
    return meant


def photo(size: tuple[int, int] = (SIZE, SIZE)) -> Image.Image:
    """Return a picture of many small tiles."""
    tiles = np.random.default_rng(3).integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
    return Image.fromarray(tiles).resize(size, Image.Resampling.NEAREST)


def plain() -> Image.Image:
    """Return a picture that is quickly sent."""
    return Image.new("RGB", (SIZE, SIZE), "olive")


def white(meant: np.ndarray | None = None) -> Image.Image:
    """Return a white-on-black mask."""
    return Image.fromarray(inside() if meant is None else meant).convert("L")


def clear(meant: np.ndarray | None = None) -> Image.Image:
    """Return an alpha mask: a picture, transparent where it is to be repainted."""
    image = photo().convert("RGBA")
    image.putalpha(Image.fromarray(~(inside() if meant is None else meant)).convert("L"))
    return image


def saved(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def sent(api: Api) -> np.ndarray:
    """Return what the mask of the latest call repaints, as OpenAI reads it."""
    upload = api.calls[-1].file("mask")
    assert upload is not None
    return np.asarray(Image.open(io.BytesIO(upload.data)).getchannel("A")) == 0


# --- what a mask may be -----------------------------------------------------------------------------------

FORMS: dict[str, Callable[[], Any]] = {
    "PIL white on black": white,
    "PIL of one bit": lambda: white().convert("1"),
    "PIL of a palette": lambda: white().convert("P"),
    "PIL in colour": lambda: white().convert("RGB"),
    "PIL with alpha": clear,
    "PIL, opaque alpha": lambda: white().convert("RGBA"),
    "numpy bool": inside,
    "numpy bool with a channel": lambda: inside()[..., None],
    "numpy uint8": lambda: inside().astype(np.uint8) * 255,
    "numpy labels 0 and 1": lambda: inside().astype(np.uint8),
    "numpy integers 0 and 1": lambda: inside().astype(np.int64),
    "numpy float": lambda: inside().astype(float),
    "numpy float, unsure": lambda: inside() * 0.6 + 0.2,
    "numpy float to 255": lambda: inside() * 255.0,
    "numpy RGBA": lambda: np.asarray(clear()),
    "bytes": lambda: saved(white()),
    "bytes of 16 bits": lambda: saved(Image.fromarray(inside().astype(np.uint16) * 60_000 + 400)),
    "bytes of a GIF": lambda: saved(white(), "GIF"),
    "bytes of a JPEG": lambda: saved(white(), "JPEG", quality=60),
    "bytes of a WebP": lambda: saved(clear(), "WEBP", lossless=True),
    "of half the size": lambda: white().resize((512, 512), Image.Resampling.NEAREST),
    "of twice the size": lambda: clear().resize((2048, 2048), Image.Resampling.NEAREST),
    "box in pixels": lambda: WORDS,
    "box in percent": lambda: "box:25%,12.5%,62.5%,87.5%",
    "box as typed in Chinese": lambda: "box：256，128，640，896",
}


@pytest.mark.parametrize("form", FORMS)
def test_any_mask_means_its_area(workshop: ImageGenerator, server: Api, form: str) -> None:
    """Whatever a mask comes as, the server is told exactly the area that is meant."""
    workshop.edit(plain(), "a hat", mask=FORMS[form]())
    assert np.array_equal(inside(), sent(server))


def test_a_mask_from_a_file(workshop: ImageGenerator, server: Api, tmp_path: Path) -> None:
    """A path is a mask, as a text and as a Path."""
    path = tmp_path / "mask with spaces.png"
    path.write_bytes(saved(white()))
    for mask in (path, str(path)):
        workshop.edit(plain(), "a hat", mask=mask)
        assert np.array_equal(inside(), sent(server))


def test_a_mask_from_the_history(workshop: ImageGenerator, server: Api) -> None:
    """A Run stands for its mask, and for its picture where it had none; a Picture stands for itself."""
    first = workshop.edit(plain(), "a hat", mask=WORDS)
    bare = workshop.edit(first, "a stencil", size="1024x1024")
    shown = pixels(bare.pictures[0].bytes) @ (299, 587, 114) >= 127_500
    for mask, meant in (
        (first, inside()),
        (str(first.id), inside()),
        (bare, shown),
        (bare.pictures[0], shown),
        (f"{bare.id}/1", shown),
    ):
        workshop.edit(plain(), "a scarf", mask=mask)
        assert 0.99 < (meant == sent(server)).mean()
    of_the_picture = workshop.edit(plain(), "a scarf", mask=first.pictures[0])
    assert not np.array_equal(inside(), sent(server))
    assert of_the_picture.status is Status.DONE


@pytest.mark.parametrize(
    "shape",
    [
        {"box": BOX},
        {"box": np.array(BOX)},
        {"box": "25%,12.5%,62.5%,87.5%"},
        {"box": (256.0, "12.5%", 640, 896)},
    ],
)
def test_a_box_as_an_argument(workshop: ImageGenerator, server: Api, shape: dict[str, Any]) -> None:
    """`box=` takes corners in pixels or in percent, from the generator and from a Run."""
    run = workshop.edit(plain(), "a hat", **shape)
    assert np.array_equal(inside(), sent(server))
    run.edit("a scarf", **shape)
    assert np.array_equal(inside(), sent(server))


def test_an_ellipse_as_an_argument(workshop: ImageGenerator, server: Api) -> None:
    """`ellipse=` is the one that fills the box: its middle, not its corners, and pi quarters of its area."""
    workshop.edit(plain(), "a hat", ellipse=BOX)
    meant = sent(server)
    assert (True, False) == (meant[512, 448], meant[130, 258])
    assert np.pi / 4 == pytest.approx(meant.sum() / inside().sum(), abs=1e-3)
    assert np.array_equal(meant & inside(), meant)


def test_one_mask_only(workshop: ImageGenerator, server: Api) -> None:
    """A mask and a box at once are refused, before anything is sent."""
    for both in ({"mask": white(), "box": BOX}, {"box": BOX, "ellipse": BOX}):
        with pytest.raises(MaskError, match="one mask"):
            workshop.edit(plain(), "a hat", **both)
    assert server.calls == []


def test_a_photograph_turned_by_its_exif(workshop: ImageGenerator, server: Api) -> None:
    """What a camera marked as turned is put upright, picture and mask alike; a mask read on its side is told so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    lying, upright = (1024, 768), (768, 1024)
    meant = np.rot90(inside(lying, (0, 0, 300, 400)), -1)
    for form in ("JPEG", "PNG", "WEBP"):
        picture = saved(photo(lying), form, exif=exif)
        workshop.edit(picture, "a hat", mask=saved(white(inside(lying, (0, 0, 300, 400))), "PNG", exif=exif))
        assert upright == Image.open(io.BytesIO(server.calls[-1].images[0].data)).size
        assert np.array_equal(meant, sent(server))
        workshop.edit(Image.open(io.BytesIO(picture)), "a hat", mask=meant)
        assert np.array_equal(meant, sent(server))
    with pytest.raises(MaskError, match="exif_transpose"):
        workshop.edit(picture, "a hat", mask=inside(lying))


def test_specks_and_grey_are_cleaned() -> None:
    """Single pixels of scanners and lossy formats go, on both sides; a thin line and sharp corners stay."""
    meant = inside()
    meant[950, 100:900] = True
    dirty = meant.copy()
    dirty[40, 40] = dirty[1000, 77:79] = True
    dirty[300, 300] = dirty[400, 401] = dirty[401, 400] = False
    picture = blob(photo())
    assert np.array_equal(meant, repaint_of(fit_mask(blob(dirty), picture).blob))
    greyish = Image.fromarray((dirty * 140 + 50).astype(np.uint8))
    assert np.array_equal(meant, repaint_of(fit_mask(blob(greyish), picture).blob))


def test_a_coarse_map_keeps_its_single_cells() -> None:
    """A mask of a few cells, such as an attention map, is no dirty one: each cell counts."""
    coarse = np.zeros((8, 8))
    coarse[3, 5] = 1
    share = fit_mask(blob(coarse), blob(photo())).share
    assert 1 / 64 == pytest.approx(share, rel=0.3)


# --- what is no mask --------------------------------------------------------------------------------------

NO_MASKS: dict[str, tuple[Callable[[], Any], str]] = {
    "black": (lambda: Image.new("L", (SIZE, SIZE)), "repaints nothing"),
    "specks only": (lambda: np.eye(SIZE, dtype=bool) & (np.arange(SIZE) % 64 == 9), "repaints nothing"),
    "white": (lambda: np.ones((SIZE, SIZE)), "whole picture"),
    "all clear": (lambda: Image.new("RGBA", (SIZE, SIZE)), "whole picture"),
    "of another shape": (lambda: np.eye(512, 768), "512x512|768x512"),
    "no picture": (lambda: b"not a picture", "no picture"),
    "cut short": (lambda: saved(white())[:-200], "no picture"),
    "too heavy": (lambda: saved(white()) + bytes(51 << 20), "50 ?MB|may have 50"),
    "a drawing of lines": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "cannot be read"),
    "a box outside": (lambda: "box:2000,0,3000,9", "outside the picture"),
    "a box inside out": (lambda: "box:500,500,100,100", "outside the picture"),
    "a box of three": (lambda: "box:1,2,3", "is no shape"),
    "a box of words": (lambda: "ellipse:left,0,9,9", "is no shape"),
    "a box between pixels": (lambda: "box:0.1,0.1,0.2,0.2", "repaints nothing"),
    "a box over all": (lambda: "box:-5,-5,100%,2000", "whole picture"),
}


@pytest.mark.parametrize("form", NO_MASKS)
def test_a_useless_mask_is_refused(workshop: ImageGenerator, server: Api, form: str) -> None:
    """What repaints nothing or everything, does not fit or cannot be read is refused before anything is sent."""
    make, words = NO_MASKS[form]
    with pytest.raises(Exception, match=words) as caught:
        workshop.edit(plain(), "a hat", mask=make())
    assert hasattr(caught.value, "fix"), "one of our own errors, which says what to do"
    assert server.calls == []


@pytest.mark.parametrize("huge", ["box:0,0,999999999,512", "ellipse:-999999999,-9,999999999,512"])
def test_a_huge_shape_is_cut_off(huge: str) -> None:
    """A shape far larger than the picture costs no more than the picture."""
    mask = shape_mask(huge, blob(plain()))
    assert mask
    assert 0.45 < mask.share < 0.51


# --- what is understood is told ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "words"),
    [(clear(), "transparent part is repainted"), (white(), "white part is repainted"), (WORDS, "repaints")],
    ids=["alpha", "white", "box"],
)
def test_what_was_understood_is_told(workshop: ImageGenerator, mask: Any, words: str) -> None:
    """A Run says which convention its mask was read by, and how much of the picture that is."""
    run = workshop.edit(plain(), "a hat", mask=mask)
    assert any(words in notice and "28%" in notice for notice in run.record.notices)


def test_the_overlay_shows_the_area() -> None:
    """The preview is small, red inside the mask, and the picture itself outside it."""
    grey = encode_png(Image.new("RGB", (SIZE, SIZE), (90, 90, 90)))
    mask = fit_mask(blob(inside()), blob(grey)).blob
    shown = pixels(overlay(grey, mask))
    assert (512, 512, 3) == shown.shape
    red = shown[..., 0] - shown[..., 1] > 40
    small = inside()[::2, ::2]
    assert 0.99 < (red == small).mean()
    assert np.abs(shown[450:, :100] - 90).max() < 6


def test_a_dry_run_shows_the_area(shell: InteractiveShell, server: Api) -> None:
    """`--dry-run` shows what would be repainted, as a picture and in words, and sends nothing."""
    shell.user_ns |= {"photo": plain(), "mask": white()}
    with capture_output() as captured:
        shell.run_cell("%dalle --edit photo --mask mask --dry-run a hat")
    data = [output.data for output in captured.outputs]
    assert any("image/jpeg" in each for each in data)
    assert any("repainted: 28%" in each.get("text/plain", "") for each in data)
    assert server.calls == []


def test_a_paid_edit_shows_the_area_while_it_waits(shell: InteractiveShell, server: Api) -> None:
    """Before a paid edit the cell shows what will be repainted, and afterwards the picture stands in its place."""
    shell.user_ns |= {"photo": plain(), "mask": white()}
    with capture_output() as captured:
        shell.run_cell("%dalle --edit photo --mask mask a hat")
    shown = [output for output in captured.outputs if "image/jpeg" in output.data]
    alts = [output.metadata["image/jpeg"]["alt"] for output in shown]
    assert ["what will be repainted is red", "a hat"] == alts


# --- every server repaints exactly that -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["white", "alpha"])
@pytest.mark.parametrize(
    ("profile", "ours", "size"),
    [
        ("openai", "openai", 1024),
        ("azure", "azure", 1024),
        ("litellm", "litellm", 1024),
        ("sd-cpp", "stable-diffusion-cpp", 1024),
        ("localai", "localai", 512),
    ],
)
def test_each_server_repaints_exactly_the_mask(
    server: Api, workshop: ImageGenerator, profile: str, ours: str, size: int, kind: str
) -> None:
    """Whichever way round a mask and a server read, inside the mask everything is new, outside what was there."""
    assert profile in PROFILES
    server.profile(profile)
    workshop.configure(server=ours)
    size_of_picture = (size, size)
    meant = inside(size_of_picture, tuple(edge * size // 1024 for edge in BOX))
    picture = photo(size_of_picture)
    mask = (
        white(meant) if kind == "white" else clear(inside()).resize(size_of_picture, Image.Resampling.NEAREST)
    )
    run = workshop.edit(picture, "a hat", mask=mask, strict_mask=False)
    changed = (pixels(run.pictures[0].bytes) != np.asarray(picture)).any(axis=2)
    assert 0.95 < changed[meant].mean()
    # GPT Image's masks are soft: the server of the tests changes one pixel in 35 elsewhere, as they do.
    assert changed[~meant].mean() == pytest.approx(0 if server.active.mask == "white" else 1 / 35, abs=0.002)


# --- strict masks -----------------------------------------------------------------------------------------


def test_a_strict_mask_puts_the_original_back(workshop: ImageGenerator, server: Api) -> None:
    """For GPT Image by default: outside not a pixel differs, inside the answer, and the raw answer is kept."""
    picture = photo()
    run = workshop.edit(picture, "a hat", mask=white())
    [made], [raw] = run.pictures, run.raw
    original, shown, came = np.asarray(picture).astype(int), pixels(made.bytes), pixels(raw.bytes)
    assert np.array_equal(original[~inside()], shown[~inside()])
    assert not np.array_equal(original[~inside()], came[~inside()])
    deep = inside(box=(256 + 20, 128 + 20, 640 - 20, 896 - 20))
    assert np.array_equal(came[deep], shown[deep])
    assert (Origin.COMPOSITED, Origin.RECEIVED) == (made.record.origin, raw.record.origin)
    before, after = made.record.outside or (0.0, 1.0)
    assert (pytest.approx(1 / 35, abs=0.002), 0.0) == (before, after)
    assert server.billed.sha256 == (raw.record.sha256,)
    assert any("put back" in note for note in run.record.notes)


def test_a_loose_mask_leaves_the_answer(workshop: ImageGenerator) -> None:
    """`--loose-mask` keeps the answer as it came, and makes nothing of it."""
    run = workshop.edit(photo(), "a hat", mask=white(), strict_mask=False)
    assert ((), Origin.RECEIVED) == (run.raw, run.pictures[0].record.origin)


def test_servers_with_hard_masks_are_left_alone(workshop: ImageGenerator, server: Api) -> None:
    """Where a mask is obeyed, nothing is composited unless it is asked for."""
    server.profile("sd-cpp")
    workshop.configure(server="stable-diffusion-cpp")
    assert workshop.edit(photo(), "a hat", mask=white()).raw == ()
    assert len(workshop.edit(photo(), "a hat", mask=white(), strict_mask=True).raw) == 1


def test_the_mask_is_about_the_first_of_several_pictures(workshop: ImageGenerator, server: Api) -> None:
    """With several pictures going along, mask and strictness are about the first; of several answers each is kept."""
    first, second = photo(), Image.new("RGB", (512, 768), "blue")
    run = workshop.edit(first, "a hat", mask=white(), ref=[second], n=2)
    assert (2, 2, 2) == (len(run.pictures), len(run.raw), len(server.calls[-1].images))
    assert [1, 2] == [-raw.record.index for raw in run.raw]
    for made in run.pictures:
        assert np.array_equal(np.asarray(first)[~inside()], pixels(made.bytes)[~inside()])


def test_an_answer_of_another_size_is_fitted(workshop: ImageGenerator) -> None:
    """A large picture is drawn smaller and put back into the large one, none of whose pixels outside is lost."""
    picture = photo((3000, 2000))
    run = workshop.edit(picture, "a hat", mask="box:0,0,50%,50%")
    [made], [raw] = run.pictures, run.raw
    assert ((3000, 2000), True) == ((made.record.width, made.record.height), 3000 > raw.record.width)
    outside = ~inside((3000, 2000), (0, 0, 1500, 1000))
    assert np.array_equal(np.asarray(picture)[outside], pixels(made.bytes)[outside])


def test_what_cannot_be_composited_is_kept_as_it_came(workshop: ImageGenerator) -> None:
    """An answer of another shape is a finished picture, with a word on why it is loose."""
    run = workshop.edit(photo(), "a hat", mask=white(), size="landscape")
    assert (Status.DONE, 1) == (run.status, len(run.pictures))
    assert run.pictures[0].record.origin is Origin.RECEIVED
    assert any("could not be put back" in note for note in run.record.notes)


def test_transparency_is_mixed_without_a_rim() -> None:
    """Where a clear original meets an opaque answer the soft edge has the answer's colour, not the hidden black."""
    original = Image.new("RGBA", (256, 256))
    answer = Image.new("RGBA", (256, 256), (250, 200, 40, 255))
    mask = fit_mask(blob(inside((256, 256), (64, 64, 192, 192))), blob(original)).blob
    made = np.asarray(Image.open(io.BytesIO(composite(encode_png(original), encode_png(answer), mask).data)))
    seen = made[made[..., 3] > 20]
    assert np.abs(seen[:, :3].astype(int) - (250, 200, 40)).max() <= 2
    assert made[~inside((256, 256), (64, 64, 192, 192))].max() == 0


def test_a_thin_mask_is_painted_all_the_same() -> None:
    """A line thinner than the soft edge is the answer's in its middle; an area has its soft edge inside."""
    thin = np.zeros((1024, 1024), bool)
    thin[500, 100:900] = thin[700:703, 100:900] = True
    thin[:400, :400] = True
    black, white_ = (encode_png(Image.new("RGB", (1024, 1024), colour)) for colour in ("black", "white"))
    made = pixels(composite(black, white_, fit_mask(blob(thin), blob(black)).blob).data)[..., 0]
    assert (255, 255) == (made[500, 500], made[701, 500])
    assert (255, 255) == (made[0, 0], made[200, 200])
    edge = made[200, 400 - MOST_FEATHER : 400]
    assert 0 < edge[-1] < edge[-4] < 255


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_nothing_changes_outside_any_mask(data: st.DataObject) -> None:
    """For every original, mask and answer, of whatever size and alpha, each pixel outside the mask is the original's."""
    height, width = data.draw(st.tuples(st.integers(2, 40), st.integers(2, 40)))
    modes = st.sampled_from(["L", "RGB", "RGBA"])

    def draw_image(size: tuple[int, int]) -> Image.Image:
        noise = data.draw(arrays.arrays(np.uint8, (*size, 4)))
        return Image.fromarray(noise).convert(data.draw(modes))

    original = draw_image((height, width))
    scale = data.draw(st.sampled_from([1, 2, 3]))
    answer = draw_image((height * scale, width * scale))
    meant = data.draw(arrays.arrays(bool, (height, width)).filter(lambda mask: mask.any() and not mask.all()))
    mask = fit_mask(blob(meant), blob(original)).blob
    made = composite(encode_png(original), encode_png(answer), mask)
    shown = np.asarray(Image.open(io.BytesIO(made.data)).convert("RGBA"))
    assert np.array_equal(np.asarray(original.convert("RGBA"))[~meant], shown[~meant])
    assert (width, height, 0.0) == (made.width, made.height, made.after)
    assert 0 <= made.before <= 1


def test_strictness_is_refused_nowhere(workshop: ImageGenerator) -> None:
    """Without a mask `--strict-mask` asks for nothing, and the picture is the answer."""
    run: Run = workshop.edit(photo(), "a hat", strict_mask=True)
    assert (1, ()) == (len(run.pictures), run.raw)
