"""Reads a prompt into a Sketch: what is to be painted, what cannot be, and what was not understood.

`segment.py` cuts it into words, `grammar.py` finds what belongs to what; this room settles the rest: one
scene, one time and weather, negations obeyed, and each word's fate told. Nothing is guessed.
"""

from __future__ import annotations

from dalle_nb.backends.offline.clauses import Note
from dalle_nb.backends.offline.grammar import Walk
from dalle_nb.backends.offline.lexicon import load_lexicon
from dalle_nb.backends.offline.repertoire import Repertoire, load_repertoire
from dalle_nb.backends.offline.segment import Token, segment
from dalle_nb.backends.offline.sketch import Sketch, Thing
from dalle_nb.backends.offline.things import MAX_THINGS

_WINDOWED, _DEEP = "room", "underwater"
_TABLES = ("table", "kitchen-table")
_SEAS = ("sea", _DEEP)

MAX_READ = 4000
"""Characters of a prompt that are read; that there was more is told."""


def read(prompt: str, *, seed: int, can: Repertoire | None = None) -> Sketch:
    """Return what the prompt asks for, as far as it can be read and drawn.

    ``seed`` (0 to 2**63-1) is carried into the Sketch; the reading depends on the prompt alone.
    ``can`` is what there is art for, by default all of it.
    """
    lexicon, can = load_lexicon(), can or load_repertoire()
    walk = Walk(lexicon, can)
    walk.go(segment(prompt[:MAX_READ], lexicon))
    _ban(walk)
    scene = _settle_scene(walk, can)
    _judge_scenes(walk, scene or _home(walk, can))
    things = _settle_things(walk, scene, can)
    palette = walk.moods.get("palette")
    drawn, undrawn, unknown = (_told(walk.notes, prompt, fate) for fate in ("drawn", "undrawn", "unknown"))
    if len(prompt) > MAX_READ:
        unknown = (*unknown, f"… +{len(prompt) - MAX_READ}")
    return Sketch(
        scene=scene,
        things=things,
        time=walk.moods.get("time") or walk.carried.get("time"),
        weather=walk.moods.get("weather") or walk.carried.get("weather"),
        season=walk.moods.get("season") or walk.carried.get("season"),
        effects=tuple(effect for effect in walk.effects if effect in can.effects),
        styles=tuple(style for style in (*walk.styles, palette) if style in can.styles),
        palette=palette,
        ground=walk.ground if scene in _TABLES else None,
        dyes=tuple(walk.dyes.items()),
        seed=seed,
        drawn=drawn,
        undrawn=tuple(words for words in undrawn if words not in drawn),
        unknown=unknown,
    )


def _ban(walk: Walk) -> None:
    """Take away what negations name, wherever else in the prompt it stands."""
    for _, noun in walk.banned:
        walk.drafts = [draft for draft in walk.drafts if draft.thing.name != noun.name]
        walk.scenes = [(token, outside) for token, outside in walk.scenes if token.name != noun.name]
        for kept in (walk.effects, walk.styles):
            kept[:] = [name for name in kept if name != noun.name]
        if walk.moods.get(noun.kind) == noun.name:
            del walk.moods[noun.kind]
        if noun.kind == "weather":
            walk.moods.setdefault("weather", "clear")


def _settle_scene(walk: Walk, can: Repertoire) -> str | None:
    """Return the one scene, or None where the things or chance shall choose."""
    asked = [token for token, outside in walk.scenes if not outside and token.name in can.scenes]
    names = {token.name for token in asked}
    whole = [token.name for token in asked if not names & set(_within(token)) - {token.name}]
    hosts = [host for token, _ in walk.scenes if token.kind == "feature" for host in _within(token)]
    if any(draft.token.kind == "building" for draft in walk.drafts[:1]):
        hosts = [host for host in hosts if host not in can.indoors]
    seats = [can.homes.get(draft.thing.seat or "", "") for draft in walk.drafts]
    above = [token.name for token in asked if token.meaning.facts.get("above")]  # the roofs of the old town
    choices = [*above, *whole, *names, *_fitting(hosts, walk, can), *seats, walk.carried.get("scene", "")]
    if not walk.drafts:
        choices.append(walk.carried.get("usual", ""))
    scene = next((name for name in choices if name in can.scenes), None)
    return _DEEP if scene == "sea" and _dives(walk, can) else scene


def _dives(walk: Walk, can: Repertoire) -> bool:
    """Whether the first thing is an animal of the deep, or one of the sea that swims."""
    home, first = _home(walk, can), walk.drafts[0] if walk.drafts else None
    if first is None or first.token.kind != "animal":
        return False
    swims = first.posed is not None and first.posed.name == "swim"
    return home == _DEEP or (home in _SEAS and swims)


def _home(walk: Walk, can: Repertoire) -> str | None:
    """Return where the painter puts the things when nobody named a scene."""
    return can.homes.get(walk.drafts[0].thing.on or walk.drafts[0].thing.name) if walk.drafts else None


def _fitting(hosts: list[str], walk: Walk, can: Repertoire) -> list[str]:
    """Return the scenes that show a named feature, those first in which the subjects are at home."""
    homes = {
        can.homes.get(draft.thing.seat or draft.thing.on or draft.thing.name, "") for draft in walk.drafts
    }
    return sorted(hosts, key=lambda host: host not in homes)


def _within(token: Token) -> tuple[str, ...]:
    return token.meaning.names("within")


def _judge_scenes(walk: Walk, scene: str | None) -> None:
    """Note which of the named scenes and features are in the picture, and which banned ones are too."""
    weather = walk.moods.get("weather", "clear")
    for token, outside in walk.scenes:
        shown = scene is not None and (token.name == scene or scene in _within(token))
        if scene in token.meaning.names("flows"):
            walk.add_effects("stream")
            shown = True
        shown = shown or (outside and scene == _WINDOWED and token.meaning.facts.get("view") == weather)
        walk.note(token, token, "drawn" if shown else "undrawn")
    for no, noun in walk.banned:
        stays = scene is not None and (noun.name == scene or scene in _within(noun))
        walk.note(no, noun, "undrawn" if stays else "drawn")


def _settle_things(walk: Walk, scene: str | None, can: Repertoire) -> tuple[Thing, ...]:
    """Return the subjects; where nobody named one, the one that stands for an effect named alone."""
    things = tuple(draft.thing for draft in walk.drafts)
    if walk.frame and things and things[0].size is None:
        first, *others = walk.drafts
        first.set(size=walk.frame)
        things = (first.thing, *(draft.thing for draft in others))
    elsewhere = [token for token, _ in walk.scenes if token.name != scene]
    brought = [name for token in elsewhere for name in token.meaning.names("brings")]
    if things and len(things) < MAX_THINGS and not {thing.name for thing in things} & set(brought):
        things += tuple(
            Thing(name=name, count=3, size="small") for name in dict.fromkeys(brought)
        )  # lotus, in a lotus pond; tulips on a hill above a field of them
    named = any(token.kind == "scene" for token, _ in walk.scenes)
    if not things and not named and scene and walk.alone and can.draws(walk.alone):
        return (Thing(name=walk.alone),)
    return things


def _told(notes: list[Note], prompt: str, fate: str) -> tuple[str, ...]:
    """Return the words of one fate as they were written, in their order, each once."""
    words: dict[str, None] = {}
    for note in sorted((note for note in notes if note.fate == fate), key=lambda note: note.start):
        words[" ".join(prompt[note.start : note.end].split()).strip("的在着是 ")] = None
    words.pop("", None)
    return tuple(words)
