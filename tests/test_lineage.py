"""What came from what: the tree around a Run, true, bounded and readable."""

from __future__ import annotations

import pytest
from test_history import SMALL, keep, record

import dalle_nb as dn
from dalle_nb._language import chinese
from dalle_nb._lineage import MOST


@pytest.fixture
def family() -> list[dn.Run]:
    """Draw a fox, run it again, vary that, edit the second of the two, edit the edit; and run the first again."""
    fox = dn.generate("a fox", **SMALL)
    wide = fox.rerun(style="watercolor")
    pair = wide.vary(n=2, strength="strong")
    scarf = dn.edit(pair.pictures[1], "a red scarf", size="256x256")
    night = scarf.edit("at night", size="256x256")
    return [fox, wide, pair, scarf, night, fox.rerun()]


def lines(reference: object) -> list[str]:
    return [line.partition(" (")[0] for line in repr(dn.history.lineage(reference)).splitlines()]


def test_the_tree_says_how_each_run_came_to_be(family: list[dn.Run]) -> None:
    """Reruns, variations and edits are told apart, an edit of an edit too, with the picture that was taken."""
    assert [
        "#1 a fox",
        "├─ #2 again: style watercolor",
        "│  └─ #3 variation of 2/1, strong",
        "│     └─ #4 edit of 3/2: a red scarf",
        "│        └─ #5 edit of 4/1: at night",
        "└─ #6 again",
    ] == lines(4)


@pytest.mark.parametrize(("reference", "asked"), [(1, 1), ("3/2", 3), (-1, 6), ("#5", 5)])
def test_any_of_the_family_leads_to_all_of_it(family: list[dn.Run], reference: int | str, asked: int) -> None:
    """From whichever Run one asks, the tree is the same, and that Run is marked."""
    tree = dn.history.lineage(reference)
    assert [1, 2, 3, 4, 5, 6] == sorted(run.id for run in tree)
    (marked,) = [line for line in repr(tree).splitlines() if line.endswith(" ←")]
    assert repr(family[0].lineage()).replace(" ←", "") == repr(tree).replace(" ←", "")
    assert f"#{asked} " in marked


def test_the_tree_has_thumbnails(family: list[dn.Run]) -> None:
    """In a notebook each Run of the tree shows its pictures, and the tree is a nested list."""
    data, _ = dn.history[4].lineage()._repr_mimebundle_()
    assert 7 == data["text/html"].count("data:image/jpeg;base64,")
    assert data["text/html"].count("<ul") == data["text/html"].count("</ul>") == 5
    assert repr(dn.history[4].lineage()) == data["text/plain"]


def test_the_tree_speaks_chinese(family: list[dn.Run]) -> None:
    """Where Chinese is set, the tree says in Chinese how each Run came to be."""
    dn.configure(language="zh")
    tree = repr(dn.history.lineage(1))
    assert chinese()["again"] in tree
    assert "2/1 的变体，大改" in tree
    assert tree == repr(dn.history[1].lineage())


def test_the_trash_is_in_the_tree_where_it_leads_on(family: list[dn.Run]) -> None:
    """A deleted Run stays in the tree as long as something came of it, and says where it is."""
    dn.history[3].delete()
    dn.history[6].delete()
    tree = repr(dn.history.lineage(5))
    assert "#3 variation of 2/1, strong (in the trash" in tree
    assert "#6" not in tree
    assert "#6 again (in the trash" in repr(dn.history.lineage(6))


def test_a_purged_parent_cuts_the_tree(family: list[dn.Run]) -> None:
    """What came of a Run that is gone for good has its tree from there on."""
    dn.history[2].purge()
    assert ["#3 a fox", "└─ #4 edit of 3/2: a red scarf", "   └─ #5 edit of 4/1: at night"] == lines(5)
    assert ["#1 a fox", "└─ #6 again"] == lines(1)


def test_a_large_family_is_shown_in_part() -> None:
    """However many Runs there are, the tree has an end, holds the Run asked for, and says that it is not all."""
    star = [
        record(1),
        *(record(number, uid=f"{number:032x}", parent=f"{1:032x}") for number in range(2, 190)),
    ]
    chain = [
        record(number % 190, uid=f"c{number:031x}", parent=f"c{number - 1:031x}" if number else None)
        for number in range(150)
    ]
    keep([*star, *chain])
    dn.configure(language="en")
    for reference in (f"{189:032x}", f"{1:032x}", f"c{149:031x}", f"c{75:031x}"):
        tree = dn.history.lineage(reference)
        assert MOST // 2 <= len([*tree]) <= MOST
        assert reference in [run.uid for run in tree]
        assert "The family is larger than this." in repr(tree)
        assert len(tree._repr_mimebundle_()[0]["text/html"].encode()) < 200_000


def test_a_circle_has_an_end() -> None:
    """Runs that name one another as parents, from a damaged import, make a tree all the same."""
    keep([record(1, parent=f"{2:032x}"), record(2, parent=f"{1:032x}"), record(3, parent=f"{3:032x}")])
    assert {1, 2} == {run.id for run in dn.history.lineage(1)}
    assert [3] == [run.id for run in dn.history.lineage(3)]
