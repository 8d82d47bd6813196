"""The history: newest first, by id, a mapping whose keys are names."""

from __future__ import annotations

import pytest

import dalle_nb as dn


@pytest.fixture
def three() -> list[dn.Run]:
    """Draw three small Runs offline."""
    return [
        dn.generate(word, backend="offline", size="256x256", n=number)
        for number, word in enumerate(("cat", "dog", "fox"), 1)
    ]


def test_it_is_read_like_a_mapping(three: list[dn.Run]) -> None:
    """Length, order, ids, the newest, and a picture of a Run."""
    assert 3 == len(dn.history)
    assert ["fox", "dog", "cat"] == [run.prompt for run in dn.history]
    assert "dog" == dn.history[2].prompt
    assert ("fox", "cat") == (dn.history[-1].prompt, dn.history[-3].prompt)
    assert three[2].pictures[1].bytes == dn.history["3/2"].bytes == dn.history["-1/2"].bytes
    assert three[0].record == dn.history[three[0].uid].record


@pytest.mark.parametrize("reference", [4, 0, -4, "3/9", "nobody", "1/x", 10**30, None], ids=repr)
def test_what_is_not_there_is_a_key_error(three: list[dn.Run], reference: object) -> None:
    """An id that names nothing is a KeyError in our words."""
    with pytest.raises(KeyError) as caught:
        dn.history[reference]
    assert isinstance(caught.value, dn.ReferenceNotFound)


def test_ids_are_no_places(three: list[dn.Run]) -> None:
    """A slice of ids would mislead, and is refused."""
    with pytest.raises(TypeError):
        dn.history[0:2]


def test_a_run_of_the_history_goes_on(three: list[dn.Run]) -> None:
    """What is taken out of the history can be drawn again."""
    assert three[0].uid == dn.history[1].rerun().record.parent
