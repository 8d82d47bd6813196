"""What the offline painter understands of a prompt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_nb.backends.offline.lexicon import load_lexicon, normalise
from dalle_nb.backends.offline.reader import MAX_READ, read
from dalle_nb.backends.offline.repertoire import Repertoire
from dalle_nb.backends.offline.sketch import Sketch

_BEINGS = ("cat", "dog", "fox", "rabbit", "panda", "person", "child", "girl", "robot", "snowman")
_OTHERS = "bird fish horse boat car house tree cup book lamp sofa windowsill deckchair balloon coconut umbrella pavilion"
_ADDED = (
    "rose",
    "tulip",
    "bowl",
    "apple",
    "branch",
    "bench",
    "newspaper",
    "owl",
    "windmill",
    "castle",
    "coat",
    "plain-cat",
    "retriever",
    "teacup",
    "mug",
)
_HOMES = {"cup": "table", "sofa": "room", "windowsill": "room", "deckchair": "beach", "boat": "sea"}
_WORN = ("spacesuit", "sunglasses", "scarf", "hat")
_NAMES = (*_BEINGS, *_OTHERS.split(), "bridge", "cherry-tree", "mountain-cabin", *_ADDED, *_WORN)
CAN = Repertoire(
    poses=dict.fromkeys(_NAMES, ("stand", "sit"))
    | {"cat": ("sit", "stand", "sleep"), "bird": ("stand", "fly")}
    | {"vase": ("flower", "rose", "tulip"), "flowerpot": ("rose",)},
    bearers=frozenset({"boat", "horse", "house", "bowl"}),
    vessels=frozenset({"boat", "bowl"}),
    colours={"rose": "#d8324a", "tulip": "#e0506a"},
    slots={
        "cat": frozenset({"body", "iris"}),
        "house": frozenset({"body", "roof"}),
        "girl": frozenset({"body", "hair"}),
        "boat": frozenset({"body", "accent"}),
    },
    shelters=frozenset({"tree", "cherry-tree"}),
    homes={name: _HOMES.get(name, "meadow") for name in _NAMES},
    scenes=frozenset(
        [
            "moon",
            "ink-garden",
            "city",
            "table",
            "beach",
            "meadow",
            "forest",
            "mountain",
            "sea",
            "sky",
            "room",
            "living-room",
            "future-city",
            "bedroom",
            "abstract",
        ]
    ),
    indoors=frozenset({"room", "table", "bedroom", "living-room"}),
    effects=frozenset(
        [
            "blossom",
            "petals",
            "neon",
            "steam",
            "stars",
            "aurora",
            "earth",
            "sunlight",
            "flying-cars",
            "maple-leaves",
        ]
    ),
    styles=frozenset(
        [
            "oil",
            "impressionist",
            "ink-wash",
            "photo",
            "cartoon",
            "cinematic",
            "cyberpunk",
            "line-art",
            "watercolour",
        ]
    ),
    dyes=frozenset({"sky", "forest"}),
    garments=frozenset({"coat"}),
    fits=lambda wearer, item: wearer in _BEINGS and item != "book",
)
"""A painter that can do some things and not others, so that these tests do not depend on its art."""


def _read(prompt: str) -> Sketch:
    return read(prompt, seed=1, can=CAN)


def _things(prompt: str) -> list[str]:
    """Say each thing in a line: count, colour, name, and all that is known of it."""
    lines = []
    for thing in _read(prompt).things:
        parts = [
            f"{thing.count}x" if thing.count > 1 else "",
            thing.colour or "",
            thing.name,
            thing.pose or "",
        ]
        parts += [f"{part}={colour}" for part, colour in thing.parts]
        parts += [f"wears {item}" for item in thing.wears] + [f"holds {item}" for item in thing.holds]
        parts += [f"atop {thing.on}" if thing.on else "", f"under {thing.under}" if thing.under else ""]
        parts += [
            f"on {thing.seat}{thing.seat_colour or ''}" if thing.seat else "",
            f"at {thing.place}" if thing.place else "",
        ]
        lines.append(" ".join(part for part in (*parts, thing.size or "") if part))
    return lines


_SUITED = ["cat stand wears spacesuit"]
_HOLIDAY = ["dog sit wears sunglasses holds coconut on deckchair"]
TUTORIAL = [
    (
        "一只穿着宇航服的猫咪,站在月球表面,背景是蓝色的地球升起,科幻电影风格,高细节,电影级光影",
        "moon",
        ["cat stand wears spacesuit"],
    ),
    ("古老的中国园林,亭台楼阁,小桥流水,樱花飘落,水墨画风格,意境悠远", "ink-garden", ["pavilion", "bridge"]),
    ("未来城市的天际线,霓虹灯闪烁,飞行汽车穿梭,赛博朋克风格,夜景,高对比度", "future-city", []),
    (
        "一杯冒着热气的咖啡,放在木质桌面上,旁边有一本书,阳光从窗户照进来,温馨氛围,产品摄影",
        "table",
        ["cup", "book"],
    ),
    (
        "一只可爱的柴犬,戴着墨镜,坐在沙滩椅上,喝着椰子汁,卡通风格,明亮色彩",
        "beach",
        ["dog sit wears sunglasses holds coconut on deckchair"],
    ),
    ("一只可爱的猫咪,坐在窗台上看外面的雨景,油画风格", "room", ["cat sit on windowsill"]),
    ("一只可爱的猫咪", None, ["cat"]),
    (
        "一只橙色的猫 蜷缩在沙发上睡觉 温暖的客厅,阳光透过窗户 油画风格,印象派",
        "living-room",
        ["#ee8a30 cat sleep on sofa"],
    ),
    ("春天的樱花", "meadow", ["cherry-tree"]),
    ("夏天的海滩", "beach", []),
    ("秋天的枫叶", "forest", []),
    ("冬天的雪景", "meadow", []),
    ("一只白色的猫坐在那里", None, ["#f3f1ec cat sit"]),
    ("一只穿着宇航服的猫,站在月球上,背景是地球", "moon", _SUITED),
    ("一只猫", None, ["cat"]),
]


@pytest.mark.parametrize(
    ("prompt", "scene", "things"), TUTORIAL, ids=[prompt[:12] for prompt, *_ in TUTORIAL]
)
def test_the_tutorials_prompts_are_understood_whole(
    prompt: str, scene: str | None, things: list[str]
) -> None:
    """Every example prompt of the source tutorial is read without a word left over."""
    sketch = _read(prompt)
    assert scene == sketch.scene
    assert things == _things(prompt)
    assert (sketch.undrawn, sketch.unknown) == ((), ())


def test_the_tutorials_good_prompt_is_drawn_to_its_eyes() -> None:
    """Eyes take the colour told of them; the street is behind the window."""
    prompt = "一只毛茸茸的橙色猫咪,有着明亮的绿色眼睛,坐在窗台上,窗外是下雨的城市街道,柔和的室内光线,温馨的氛围,写实风格"
    sketch = _read(prompt)
    assert _things(prompt) == ["#ee8a30 cat sit iris=#4c9a4a on windowsill"]
    assert (sketch.scene, sketch.weather, sketch.palette) == ("room", "rain", "warm")
    assert (sketch.undrawn, sketch.unknown) == ((), ())


BINDINGS = {
    "a red boat and a blue house": ["#d0342c boat", "#3d78c8 house"],
    "红色的船和蓝色的房子": ["#d0342c boat", "#3d78c8 house"],
    "the cat is orange": ["#ee8a30 cat"],
    "a dark green car": ["#2d6140 car"],
    "two black cats and a white dog": ["2x #36343c plain-cat", "#f3f0ea dog"],
    "三只小鸟": ["3x bird"],
    "cats": ["3x cat"],
    "a cat to the left of a dog": ["cat at left", "dog at right"],
    "猫在狗的右边": ["cat at right", "dog at left"],
    "左边是狐狸,右边是兔子": ["fox at left", "rabbit at right"],
    "房子前面有一只狗": ["house at back", "dog at front"],
    "一辆汽车停在房子前面": ["car stand at front", "house at back"],
    "a fox under a tree": ["fox under tree", "tree"],
    "树下有一只狐狸": ["tree", "fox under tree"],
    "a bird on a house": ["bird atop house", "house"],
    "一只猫在船上": ["cat atop boat", "boat"],
    "一个女孩骑着马": ["girl atop horse", "horse"],
    "a fox under a car": ["fox", "car"],
    "a cat and a dog on a sofa": ["cat on sofa", "dog on sofa"],
    "两只猫在雪地里堆雪人": ["2x cat", "snowman"],
    "a teacup on a sofa": ["teacup", "sofa"],
    "沙发上有一只猫": ["cat on sofa"],
    "a girl holding a red balloon": ["girl holds balloon#d0342c"],
    "戴着红色围巾的雪人": ["snowman wears scarf#d0342c"],
    "a sleeping cat and a dog": ["cat sleep", "dog"],
    "a big dog behind a tiny rabbit": ["dog at back large", "rabbit at front small"],
    "a girl with a red umbrella": ["girl holds umbrella#d0342c"],
    "a white astronaut dog": ["#f3f1ec dog wears spacesuit"],
    "宇航员小狗": ["dog wears spacesuit"],
    "a girl in a yellow coat": ["girl wears coat#f2c635"],
    "穿红色裙子的女孩": ["#d0342c girl"],
    "a lavender car": ["#b8a2e0 car"],
    "children building a snowman": ["3x child", "snowman"],
    "杯子放在窗台上": ["mug on windowsill"],
    "two golden retriever puppies": ["2x retriever"],
    "three little orange tabby kittens": ["3x #e8892e cat small"],
    "a red car before an old stone castle": ["#d0342c car at front", "castle at back"],
    "an old wooden windmill in a field of red tulips": ["windmill", "8x #d0342c tulip"],
    "a bowl of green apples": ["bowl", "5x #86b93f apple atop bowl"],
    "一碗苹果": ["bowl", "5x apple atop bowl"],
    "yellow tulips in a glass vase": ["#f2c635 vase tulip"],
    "一束粉色的玫瑰花插在花瓶里": ["#f09bb4 vase rose"],
    "窗台上的一朵玫瑰花": ["#d8324a flowerpot rose on windowsill"],
    "一只猫头鹰站在月光下的树枝上": ["owl stand on branch"],
    "女孩坐在公园长椅上看报纸": ["girl sit holds newspaper on bench"],
    "一只穿着红色外套的猫": ["cat wears coat#d0342c"],
    "an astronaut in a red suit": ["person wears spacesuit#d0342c"],
    "a rainbow striped balloon": ["rainbow balloon"],
    "not a dog but a cat": ["cat"],
    "a house with a red roof": ["house roof=#d0342c"],
    "红色屋顶的白色房子": ["#f3f1ec house roof=#d0342c"],
    "a girl with long silver hair": ["girl hair=#a9b1ba"],
    "白发女孩": ["girl hair=#ece9e4"],
    "a blonde girl": ["girl hair=#e8c25a"],
    "a red and white boat": ["#d0342c boat accent=#f3f1ec"],
    "a blue and yellow umbrella": ["stripes#3d78c8#f2c635 umbrella"],
    "红白相间的汽车": ["stripes#d0342c#f3f1ec car"],
    "a striped red sofa in a room": ["stripes#d0342c#f3f1ec sofa"],
    "a checkered red car": ["checks#d0342c#f3f1ec car"],
    "a balloon with orange and purple stripes": ["stripes#ee8a30#7d52b0 balloon"],
    "a pink cup with a matching lamp": ["#f09bb4 cup", "#f09bb4 lamp"],
    "a snowman with a rose nose": ["snowman"],
    "a castle lamp": ["lamp"],
    "a cat astronaut": ["cat wears spacesuit"],
    "a girl with a purple zorgle under a tree": ["girl under tree", "tree"],
    "a red zorgly house": ["#d0342c house"],
    "an orange zorgle beside a house": ["house"],
    "a bowl full of apples": ["bowl", "5x apple atop bowl"],
    "a bowl with red apples": ["bowl", "5x #d0342c apple atop bowl"],
    "a bowl of zorgles beside an apple": ["bowl", "apple"],
    "a fox crossing a boat": ["fox atop boat", "boat"],
    "a cat sleeping on a red sofa": ["cat sleep on sofa#d0342c"],
    "一张灰色沙发,上面趴着一只狗": ["dog on sofa#8d9197"],
    "骑着白马的女孩": ["#f1eee8 horse", "girl atop horse"],
    "a rabbit family in a forest": ["3x rabbit"],
    "a cat in a striped scarf": ["cat wears scarf"],
    "a vintage lamp in the rain": ["lamp"],
    "盛开的粉色玫瑰": ["#f09bb4 rose"],
    "an umbrella on a sofa": ["umbrella", "sofa"],
    "sunglasses on a dog": ["dog wears sunglasses"],
    "a straw hat on a sofa": ["hat", "sofa"],
    "a cat outside a house": ["cat", "house"],
    "花瓶里插着郁金香": ["#e0506a vase tulip"],
    "a fox and her cub": ["fox", "fox small"],
    "a fox and a lovely chick": ["fox"],
    "a cat in a rainbow scarf": ["cat wears scarf"],
    "no cats and dogs": [],
    "a house with no people and a red boat": ["house", "#d0342c boat"],
}


@pytest.mark.parametrize(("prompt", "things"), BINDINGS.items(), ids=BINDINGS)
def test_what_is_said_of_a_thing_goes_to_that_thing(prompt: str, things: list[str]) -> None:
    """Colours, counts, places, poses and clothes belong to their own noun, in both languages."""
    assert things == _things(prompt)


PLACES = {
    "an old wooden windmill in a field of red tulips": "meadow",
    "a castle seen through a window": None,
    "a cabin beside a lake": "lake",
    "a cake on a kitchen table": "kitchen-table",
    "一头鲸鱼在海里游泳": "underwater",
    "a whale in the sea": "sea",
    "a red cup on a pink background": "studio",
    "一只猫,背景是蓝色的": "studio",
    "背景是蓝色的地球,一只猫": "moon",
    "老胡同的屋顶上有一只猫": "tiled-roofs",
    "a cat on a snowy night in the village": "village",
    "a car parked outside a gas station": None,
}


@pytest.mark.parametrize(("prompt", "scene"), PLACES.items(), ids=PLACES)
def test_a_prompt_has_the_place_it_tells_of(prompt: str, scene: str | None) -> None:
    """A field is outdoors, no building is on a table, and what swims in the sea is under water."""
    assert read(prompt, seed=1).scene == scene


@pytest.mark.parametrize(
    ("prompt", "dyes", "undrawn"),
    [
        ("a cat under a purple sky", (("sky", "#7d52b0"),), ()),
        ("紫色的天空下有一只猫", (("sky", "#7d52b0"),), ()),
        ("a fox in a green forest", (), ()),
        ("a cat on a purple beach", (), ("purple beach",)),
    ],
)
def test_a_place_takes_the_colour_told_of_it(
    prompt: str, dyes: tuple[tuple[str, str], ...], undrawn: tuple[str, ...]
) -> None:
    """A purple sky is purple where that can be painted, and else is told; a green forest is green anyway."""
    sketch = _read(prompt)
    assert (sketch.dyes, sketch.undrawn) == (dyes, undrawn)


def test_a_table_takes_the_colour_told_of_it() -> None:
    """A white table is white, and its colour is no other thing's."""
    sketch = read("一盘红色的草莓放在白色桌子上", seed=1)
    assert (sketch.ground, sketch.undrawn, sketch.unknown) == ("#f3f1ec", (), ())


TRAPS = {
    "a cat under a house": "koala",
    "线稿": "thread",
    "a fire hydrant": "fire",
    "一个热狗": "dog",
    "一匹斑马": "horse",
    "上海的夜景": "sea",
    "熊猫": "cat",
    "马克杯": "horse",
    "一台大提琴": "piano",
    "underwear": "underwater",
    "a string of pearls": "pearl",
    "caring for others": "car",
}


@pytest.mark.parametrize(("prompt", "wrong"), TRAPS.items(), ids=TRAPS)
def test_a_word_inside_another_word_is_not_drawn(prompt: str, wrong: str) -> None:
    """Neither part of a longer word nor a word that looks alike puts a wrong subject in the picture."""
    assert wrong not in {thing.name for thing in _read(prompt).things}


def test_unknown_words_are_named_and_never_replaced() -> None:
    """What nobody knows is told, in the user's own spelling, and nothing takes its place."""
    sketch = _read("A Jabberwock beside 量子纠缠的装置")
    assert (sketch.things, sketch.unknown) == ((), ("Jabberwock", "量子纠缠", "装置"))


def test_a_subject_without_art_is_named_as_not_drawn() -> None:
    """What is understood but has no art is told as such, with what belongs to it."""
    sketch = _read("an elephant with a green scarf")
    assert (sketch.things, sketch.undrawn, sketch.unknown) == ((), ("elephant", "green scarf"), ())


@pytest.mark.parametrize(
    "prompt", ["a fox under a car", "a rabbit in a house", "a cat between two dogs", "狗在两辆车之间"]
)
def test_a_place_that_cannot_be_painted_is_told(prompt: str) -> None:
    """Where two things cannot stand to one another as asked, the words for it are named."""
    words = ("under a car", "in a house", "between", "之间")
    assert any(word in told for told in _read(prompt).undrawn for word in words)


def test_no_more_things_than_make_a_picture() -> None:
    """From the fifth subject on they are named instead of drawn."""
    sketch = _read("a cat, a dog, a fox, a rabbit, a house, a car")
    assert (len(sketch.things), sketch.undrawn) == (4, ("house", "car"))


def test_a_long_prompt_says_how_much_was_not_read() -> None:
    """A prompt beyond what is read still paints, and tells how many characters were left."""
    assert _read("一只猫,".ljust(MAX_READ) + "一只大猫咪").unknown == ("… +5",)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_lexicon_is_large_in_both_languages(language: str) -> None:
    """Each language has at least the 600 entries that were promised."""
    words = {word for meaning in load_lexicon().meanings for word in meaning.words[language]}
    assert len(words) >= 600


def test_no_word_is_listed_where_it_cannot_be_found() -> None:
    """A spelling belongs to one meaning: what a second lists of it would never be read."""
    owners: dict[str, list[str]] = {}
    for meaning in load_lexicon().meanings:
        if meaning.kind not in ("firm", "measure", "count"):
            for word in (*meaning.words["en"], *meaning.words["zh"]):
                owners.setdefault(normalise(word), []).append(f"{meaning.kind}/{meaning.name}")
    assert {word: places for word, places in owners.items() if len(places) > 1} == {}


@given(st.text(max_size=300))
def test_any_text_is_read(prompt: str) -> None:
    """Whatever the text, it becomes a legal Sketch, and the same one again."""
    sketch = _read(prompt)
    assert sketch == _read(prompt)
    assert all(thing.name in CAN.poses and 1 <= thing.count <= 12 for thing in sketch.things)


@given(st.lists(st.sampled_from(sorted(load_lexicon().forms)), max_size=25))
def test_any_words_of_the_lexicon_are_read(words: list[str]) -> None:
    """Known words in any order become a Sketch in which nothing is called unknown."""
    sketch = _read(" , ".join(words))
    assert tuple(word for word in sketch.unknown if not word.isdigit()) == ()
