"""What this painter has art for: asked by the reader, so that it promises nothing that will not be there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Repertoire:
    """Names of all that can be painted."""

    poses: Mapping[str, tuple[str, ...]]
    """By subject, its poses, the usual one first."""
    colours: Mapping[str, str]
    """By subject, its own main colour."""
    garments: frozenset[str]
    """What is worn on the whole body."""
    slots: Mapping[str, frozenset[str]]
    """By subject, the parts of it that take a colour of their own."""
    scenes: frozenset[str]
    indoors: frozenset[str]
    """Those that have a roof."""
    effects: frozenset[str]
    styles: frozenset[str]
    dyes: frozenset[str]
    """Scenes, features and effects that take a colour asked of them."""
    homes: Mapping[str, str]
    """By subject, the scene it looks best in."""
    bearers: frozenset[str]
    """Subjects that others may stand on top of."""
    vessels: frozenset[str]
    """Subjects that others may be in."""
    shelters: frozenset[str]
    """Subjects that others may stand under."""
    fits: Callable[[str, str], bool]
    """Whether the first subject can wear or hold the second, which may carry a colour (``scarf#c02030``)."""

    def draws(self, subject: str) -> bool:
        """Return whether there is art for a subject, or for a thing to wear or hold."""
        return subject in self.poses


@cache
def load_repertoire() -> Repertoire:
    """Return what there is, asked of the rooms that paint it."""
    from dalle_nb.backends.offline import scenes, styles, subjects

    all_subjects = {name: subjects.subject(name) for name in subjects.names()}
    return Repertoire(
        poses={name: subject.poses for name, subject in all_subjects.items()},
        colours={name: next(iter(subject.slots.values()), "") for name, subject in all_subjects.items()},
        garments=subjects.garments(),
        slots={name: frozenset(subject.slots) for name, subject in all_subjects.items()},
        homes={name: subject.scene for name, subject in all_subjects.items()},
        scenes=frozenset(scenes.names()),
        indoors=scenes.INDOORS,
        effects=frozenset(scenes.EFFECTS),
        styles=frozenset(styles.names()),
        dyes=scenes.DYED,
        bearers=frozenset(name for name, subject in all_subjects.items() if subject.bears),
        vessels=frozenset(name for name, subject in all_subjects.items() if "deck" in subject.anchors),
        shelters=frozenset(name for name, subject in all_subjects.items() if subject.shelters),
        fits=lambda wearer, item: all_subjects[wearer].fits(item),
    )
