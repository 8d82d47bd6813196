"""Makes nbval look at pictures, and leave alone what no two drawings share.

    pytest -p dalle_nb._nbval --nbval lessons/

nbval by itself never compares ``image/png`` or ``image/jpeg``. With this plugin a picture that is missing,
different or wrongly coloured fails its cell; another encoder, or a difference of two levels, passes. Ids,
seconds and costs are taken out of the comparison, a display that is updated counts as it ends, and a code
cell that was never executed fails instead of passing unseen. Each notebook draws into a store that is thrown
away, by the offline painter unless the notebook itself asks for another. Must not know how a caption is made
beyond the words it carries.
"""

from __future__ import annotations

import base64
import copy
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbCell, IPyNbFile
from PIL import Image, ImageChops, ImageStat

from dalle_nb._thumbnails import fingerprint_distance

BLOCK = 16
"""Edge in pixels of the blocks whose mean colours are compared: what encoders change, they change within one."""
BLOCK_LEVELS = 6
"""Most levels of 255 that a block may differ by. Measured: encoders and qualities 70 to 92 reach 3, and 5 with
two levels of true difference on top; a missing dot of 12 pixels or a shift by one pixel begins at 13."""
PICTURE_LEVELS = 3
"""Most levels that the mean colour of a whole picture may differ by: a cast too weak for any one block."""
BEHIND = (255, 0, 255, 255)
"""The colour transparent pictures are laid on, one that they seldom have themselves."""

PICTURES = ("image/png", "image/jpeg")
UNSTABLE = {
    r"#\d+(/\d+)?": "#…",
    r"\b\d+(\.\d+)? ?(s|秒)\b": "… s",
    r"\$\d[\d,.]*(–\$\d[\d,.]*)?": "$…",
    r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b": "…",
    r"data:image/(png|jpeg);base64,[\w+/=]+": "data:…",
}
"""What differs each time a cell is run, and what is compared in its place: ids, seconds, costs, times.

Pictures inside HTML are taken out of its text, and looked at as pictures.
"""
INLINE = re.compile(r"data:image/(?:png|jpeg);base64,([\w+/=]+)")
FINGERPRINT = re.compile(r"(?<=fingerprint )[0-9a-f]+")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Hang our comparison into one cell's test."""
    if isinstance(item, IPyNbCell):
        item.parent.sanitize_patterns.update(UNSTABLE)
        item.compare_outputs = _looking_at_pictures(item, item.compare_outputs)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Make a notebook's kernel ready before it starts, and refuse a cell that was never executed."""
    if not isinstance(item, IPyNbCell):
        return
    if item.parent.kernel is None:
        _give_home(item.config)
        item.parent.get_kernel_message = _with_updates(item.parent)
    if item.options["check"] and item.cell.source.strip() and item.cell.execution_count is None:
        pytest.fail(f"Cell {item.cell_num} was never executed: run the notebook and save it.", pytrace=False)


def compare_pictures(stored: str, drawn: str, labels: Iterable[Sequence[int]] = ()) -> str:
    """Return how two pictures, in base64, differ to the eye, or nothing where they do not.

    ``labels`` are boxes to look away from: left, top, right, bottom in pixels.
    """
    boxes = [(left, top, right, bottom) for left, top, right, bottom in labels]
    try:
        left, right = _seen(stored, boxes), _seen(drawn, boxes)
    except (ValueError, OSError) as error:
        return f"a picture cannot be read: {error}"
    if left.size != right.size:
        return f"{_by(left)} pixels were stored, {_by(right)} drawn"
    block = _most_levels(left.reduce(BLOCK), right.reduce(BLOCK))
    means = zip(ImageStat.Stat(left).mean, ImageStat.Stat(right).mean, strict=True)
    cast = max(abs(one - other) for one, other in means)
    if block > BLOCK_LEVELS or cast > PICTURE_LEVELS:
        return (
            f"colours differ by up to {block} levels in a block of {BLOCK} pixels ({BLOCK_LEVELS} allowed) "
            f"and by {cast:.1f} over the whole ({PICTURE_LEVELS} allowed)"
        )
    return ""


def _give_home(config: pytest.Config) -> None:
    """Give the next kernel a store of its own: a check neither spends nor writes into anybody's history."""
    home = tempfile.TemporaryDirectory(prefix="dalle-nb-check-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    os.environ["DALLE_NB_HOME"] = home.name
    os.environ.setdefault("DALLE_NB_BACKEND", "offline")


def _looking_at_pictures(item: Any, compare: Callable[..., bool]) -> Callable[..., bool]:
    def compare_all(drawn: list[NotebookNode], stored: list[NotebookNode]) -> bool:
        agree = compare(_with_stored_fingerprints(drawn, stored), stored)
        ours, theirs = _pictures(stored), _pictures(drawn)
        if len(ours) != len(theirs):
            differences = [f"{len(ours)} pictures were stored, {len(theirs)} drawn"]
        else:
            pairs = zip(ours, theirs, strict=True)
            differences = [compare_pictures(old, new, labels) for (old, labels), (new, _) in pairs]
        item.comparison_traceback += [
            f"picture {n}: {words}" for n, words in enumerate(differences, 1) if words
        ]
        return agree and not any(differences)

    return compare_all


def _with_stored_fingerprints(drawn: list[NotebookNode], stored: list[NotebookNode]) -> list[NotebookNode]:
    """Return the drawn outputs, each fingerprint that is like the stored one in its place replaced by that."""
    known = iter(FINGERPRINT.findall("\n".join(map(_plain, stored))))

    def settle(found: re.Match[str]) -> str:
        before = next(known, "")
        return before if fingerprint_distance(before, found[0]) <= BLOCK_LEVELS else found[0]

    settled = copy.deepcopy(drawn)
    for output in settled:
        if _plain(output):
            output["data"]["text/plain"] = FINGERPRINT.sub(settle, _plain(output))
    return settled


def _with_updates(collector: IPyNbFile) -> Callable[..., Any]:
    """Return a reader of kernel messages that carries out display updates, as every front end does."""
    read = collector.get_kernel_message
    displays: dict[str, dict[str, Any]] = {}

    def read_next(*arguments: Any, **options: Any) -> Any:
        while True:
            message = read(*arguments, **options)
            content = message["content"]
            shown_as = content.get("transient", {}).get("display_id")
            if message["msg_type"] == "update_display_data":
                if shown := displays.get(shown_as):
                    shown.clear()
                    shown.update(content["data"])
            else:
                if shown_as:
                    # nbval keeps a NotebookNode as it is, so that a later update reaches the output it holds.
                    content["data"] = displays[shown_as] = nbformat.from_dict(content["data"])
                return message

    return read_next


def _pictures(outputs: list[NotebookNode]) -> list[tuple[str, list[list[int]]]]:
    """Return each output's picture, in base64, with the boxes of its labels; then those inside HTML."""
    kinds = [(output, kind) for output in outputs for kind in PICTURES if kind in output.get("data", {})]
    shown = [
        (output["data"][kind], output["metadata"].get(kind, {}).get("labels", [])) for output, kind in kinds
    ]
    pages = "\n".join(str(output.get("data", {}).get("text/html", "")) for output in outputs)
    return shown + [(data, []) for data in INLINE.findall(pages)]


def _plain(output: NotebookNode) -> str:
    return str(output.get("data", {}).get("text/plain", ""))


def _seen(picture: str, labels: Iterable[tuple[int, int, int, int]]) -> Image.Image:
    with Image.open(io.BytesIO(base64.b64decode(picture))) as file:
        image = file.convert("RGBA")
    for box in labels:
        image.paste(BEHIND, box)
    return Image.alpha_composite(Image.new("RGBA", image.size, BEHIND), image).convert("RGB")


def _most_levels(one: Image.Image, other: Image.Image) -> int:
    difference = ImageChops.difference(one, other).tobytes()
    return max(difference)


def _by(image: Image.Image) -> str:
    return f"{image.width}x{image.height}"
