"""Golden pictures: what the painter painted when it was found good, to within two levels.

`PAINTER_GOLDEN=write pytest tests/test_painter_golden.py` paints the references anew, after a change that is meant.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dalle_nb.backends.offline import scenes, styles
from dalle_nb.backends.offline.painter import paint
from dalle_nb.backends.offline.reader import read

FOLDER = Path(__file__).parent / "golden"
LEVELS = 2
# A brush sets its strokes by thresholds: a rounding may move one of thousands.
STRAY = 0.002
SIZE = (128, 96)
PROMPTS = {
    "moon": "一只穿着宇航服的猫咪,站在月球表面,背景是蓝色的地球,电影感",
    "ink": "古老的中国园林,小桥流水,樱花飘落,水墨画",
    "city": "未来城市的天际线,霓虹灯闪烁,飞行汽车,赛博朋克",
    "table": "a cup of hot coffee and a book on a wooden table, sunlight, product photo",
    "beach": "一只柴犬,戴着墨镜,坐在沙滩椅上,卡通风格",
    "room": "a cat and a dog sleeping on a sofa, oil painting",
    "forest": "a fox under a tree in an autumn forest, watercolor",
    "mountain": "雪山上的小木屋,夜晚,北极光",
    "meadow": "a red house and a blue car in spring, a rainbow",
    "station": "雨中的火车站台,黑白照片",
    "underwater": "a whale with five fish under water, pixel art",
    "sky": "a hot air balloon above the clouds at dawn, Makoto Shinkai",
    "abstract": "zxqv",
}


@pytest.mark.parametrize("name", PROMPTS)
def test_a_picture_is_still_the_same(name: str) -> None:
    """Any Python, numpy, Pillow and processor paints the picture that was found good, within two levels."""
    picture = paint(read(PROMPTS[name], seed=11), *SIZE)
    file = FOLDER / f"{name}.png"
    if os.environ.get("PAINTER_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        picture.save(file, optimize=True)
    golden = np.asarray(Image.open(file).convert("RGB"), int)
    off = np.abs(np.asarray(picture, int) - golden).max(axis=2)
    assert (off > LEVELS).mean() <= STRAY, (
        f"{name}: up to {off.max()} levels, {(off > LEVELS).mean():.2%} beyond {LEVELS}"
    )


def test_the_golden_pictures_are_few_and_light() -> None:
    """One reference to a prompt, none forgotten, all together under 300 kB."""
    files = {file.stem: file.stat().st_size for file in FOLDER.glob("*.png")}
    assert set(files) == set(PROMPTS)
    assert sum(files.values()) < 300_000


def test_the_golden_pictures_cover_the_scenes_and_media() -> None:
    """The references show most scenes, and every family of styles: brush, paper, print and film."""
    sketches = [read(prompt, seed=11) for prompt in PROMPTS.values()]
    assert len({scenes.choose_scene(sketch) for sketch in sketches}) >= 12
    used = {name for sketch in sketches for name in sketch.styles}
    assert {"oil", "watercolour", "ink-wash", "cartoon", "pixel", "cinematic", "black-and-white"} <= used
    assert used <= set(styles.names())
