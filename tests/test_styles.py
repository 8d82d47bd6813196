"""Styles: the tutorial's 29 words and ours, in Chinese and English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_nb._language import speaking
from dalle_nb._styles import enhance, enhancements, find_style, nearest_style, restyle, style_words, styles

TUTORIAL = {
    "绘画风格": ["油画", "水彩画", "素描", "国画", "丙烯画", "印象派", "超现实主义", "波普艺术", "极简主义"],
    "数字艺术": ["数字绘画", "概念艺术", "赛博朋克", "像素艺术", "3D渲染", "矢量图", "扁平化设计"],
    "摄影风格": ["专业摄影", "人像摄影", "风景摄影", "微距摄影", "黑白摄影", "复古摄影", "电影感"],
    "艺术流派": ["梵高风格", "莫奈风格", "毕加索风格", "宫崎骏风格", "新海诚风格", "吉卜力风格"],
}


@pytest.mark.parametrize("category", TUTORIAL)
def test_the_tutorials_categories_come_first_and_whole(category):
    """The tutorial's four categories hold its own words in its own order."""
    with speaking("zh"):
        assert list(styles)[:4] == list(TUTORIAL)
        assert [str(style) for style in styles[category]] == TUTORIAL[category]


@pytest.mark.parametrize("word", [word for words in TUTORIAL.values() for word in words])
def test_every_tutorial_word_is_a_style(word):
    """Each of the 29 words is found, and means the same in English."""
    style = find_style(word)
    assert style is not None
    assert style.zh == word
    assert find_style(style.en) is style
    assert not any("\u3400" <= letter <= "\u9fff" for letter in style.en)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("油画风格", "油画"),
        ("Oil-Painting", "油画"),
        ("oil_painting style", "油画"),
        ("水彩", "水彩画"),
        ("watercolor", "水彩画"),
        ("梵高", "梵高风格"),
        ("Van Gogh style", "梵高风格"),
        ("赛博朋克风", "赛博朋克"),
        ("PIXEL ART", "像素艺术"),
        ("电影感", "电影感"),
    ],
)
def test_a_style_has_many_spellings(said, meant):
    """Case, hyphens, language and the word "style" make no other style of it."""
    style = find_style(said)
    assert style is not None
    assert style.zh == meant


def test_no_spelling_means_two_styles():
    """Each spelling belongs to one style only."""
    spellings = [
        (spelling, style) for words in styles.values() for style in words for spelling in set(style.spellings)
    ]
    assert len({spelling for spelling, _ in spellings}) == len(spellings)


def test_words_are_added_in_the_prompts_language():
    """A Chinese prompt gets Chinese words after a Chinese comma, an English one English words."""
    style = nearest_style("油画")
    assert restyle("一只猫", style) == "一只猫，油画"
    assert restyle("a cat", style) == "a cat, oil painting"


def test_both_titles_open_a_category():
    """A category is found by its Chinese and its English title, and listed by that of the language spoken."""
    assert styles["绘画风格"] is styles["Painting"]
    assert "Painting" in list(styles)
    with pytest.raises(KeyError):
        styles["no such title"]
    with speaking("zh"):
        assert "油画" in repr(styles)
        assert "油画" in style_words()


def test_enhancements_are_the_tutorials_to_the_letter():
    """The four enhancements add the tutorial's own words; an unknown one returns the prompt."""
    assert enhance("cat", "realistic") == "cat, photorealistic, highly detailed, professional photography"
    assert enhance("cat", "artistic") == "cat, artistic, creative, expressive brushstrokes"
    assert enhance("cat", "cinematic") == "cat, cinematic lighting, dramatic atmosphere, movie scene"
    assert enhance("cat", "minimalist") == "cat, minimalist, clean lines, simple composition"
    assert enhance("cat", "unheard-of") == enhance("cat") == "cat"
    assert len(enhancements()) == 4


@given(st.text())
def test_any_word_has_a_nearest_style(word):
    """Whatever is typed, there is a style to offer instead, and looking for it never fails."""
    assert find_style(str(nearest_style(word))) is not None
    assert find_style(word) is None or word.strip()
