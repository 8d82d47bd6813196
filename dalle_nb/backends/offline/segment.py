"""Cuts a prompt into the words the lexicon knows and the runs between them that nobody knows.

English is cut at its spaces and the longest phrase wins. Chinese has no spaces: the cut with the fewest
unknown characters wins, then the one with the fewest words. Style words are preferred before all others.
What the words mean together is `reader.py`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from dalle_nb.backends.offline.lexicon import THINGS, Lexicon, Meaning, normalise

_UNKNOWN = Meaning(kind="unknown", name="")
_BREAK = Meaning(kind="break", name="")
_NUMBER = re.compile(r"\d{1,4}(?![\d.:/a-z])")
_WORD = re.compile(r"[^\W\u3400-\u9fff]+(?:'[a-z]+)?")
_JOINS = "、/&+"
_SKIPPED = frozenset(" '\"“”‘’「」『』()()[]{}*#~《》<>")
# What a cut costs: an unknown character or word dearly, a known one cheaply, a style word less.
_COST_UNKNOWN, _COST_WORD, _COST_STYLE, _COST_CHARACTER = 40, 10, 6, 13
# Words of one character that are no part of a longer unknown word as a rule.
_LOOSE = frozenset({"relation", "stop", "negation", "count", "measure", "plural"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One word of the prompt: where it stands, as it was written, and what it means."""

    start: int
    end: int
    text: str
    meaning: Meaning
    plural: bool = False

    @property
    def kind(self) -> str:
        """Return the kind of its meaning; ``unknown`` and ``break`` beside those of the lexicon."""
        return self.meaning.kind

    @property
    def name(self) -> str:
        """Return the name of its meaning."""
        return self.meaning.name

    @property
    def is_thing(self) -> bool:
        """Return whether it names a subject."""
        return self.kind in THINGS


def segment(prompt: str, lexicon: Lexicon) -> tuple[Token, ...]:
    """Return the words of a prompt in their order; its length should be bounded by the caller."""
    plain = normalise(prompt)
    tokens = list(_cheapest_cut(plain, lexicon))
    whole = [replace(token, text=prompt[token.start : token.end].strip()) for token in tokens]
    return tuple(_joined(_doubted(whole, lexicon), prompt))


def _cheapest_cut(text: str, lexicon: Lexicon) -> Iterator[Token]:
    best: list[tuple[int, Token | None]] = [(0, None)] * (len(text) + 1)
    for start in range(len(text) - 1, -1, -1):
        # Sorted longest first, and min() keeps the first of equals: the longest match wins a tie.
        options = _options(text, start, lexicon)
        best[start] = min(
            ((cost + best[token.end][0], token) for cost, token in options), key=lambda option: option[0]
        )
    at = 0
    while at < len(text):
        token = best[at][1]
        assert token is not None
        if token.meaning is not _SPACE:
            yield token
        at = token.end


_SPACE = Meaning(kind="space", name="")


def _options(text: str, start: int, lexicon: Lexicon) -> Iterator[tuple[int, Token]]:
    """Yield every token that could begin here, with its cost, the longest first."""
    letter = text[start]
    inside = start > 0 and _latin(letter) and _latin(text[start - 1])
    for length in () if inside else lexicon.lengths.get(letter, ()):
        end = start + length
        form = lexicon.forms.get(text[start:end])
        if form and end <= len(text) and not (_latin(text[end - 1]) and _latin(text[end : end + 1])):
            yield _cost(form.meaning, length, letter), _token(start, end, form.meaning, form.plural)
    yield from _unlisted(text, start, letter)


def _unlisted(text: str, start: int, letter: str) -> Iterator[tuple[int, Token]]:
    if letter in _SKIPPED:
        yield 0, _token(start, start + 1, _SPACE)
    elif letter in _JOINS:
        yield 0, _token(start, start + 1, Meaning(kind="relation", name="and"))
    elif number := _NUMBER.match(text, start):
        yield _COST_WORD, _token(start, number.end(), Meaning(kind="count", name=number.group()))
    elif not letter.isalnum():
        yield 0, _token(start, start + 1, _BREAK)
    elif _han(letter):
        yield _COST_UNKNOWN, _token(start, start + 1, _UNKNOWN)
    else:
        word = _WORD.match(text, start)
        end = word.end() if word else start + 1
        yield _COST_UNKNOWN, _token(start, end, _UNKNOWN)


def _cost(meaning: Meaning, length: int, letter: str) -> int:
    if meaning.kind == "style":
        return _COST_STYLE
    return _COST_CHARACTER if length == 1 and _han(letter) else _COST_WORD


def _token(start: int, end: int, meaning: Meaning, plural: bool = False) -> Token:
    return Token(start=start, end=end, text="", meaning=meaning, plural=plural)


def _doubted(tokens: list[Token], lexicon: Lexicon) -> list[Token]:
    """Return the tokens with single Chinese characters beside unknown ones made unknown as well.

    克杯 after 马 shows that 马 was no horse; a wrong guess would be drawn.
    """
    doubted = list(tokens)
    for _ in range(2):
        for at, token in enumerate(doubted):
            if (
                len(token.text) == 1
                and _han(token.text)
                and token.name != "of"
                and token.text not in lexicon.firm
            ):
                before, after = _touching(doubted, at, -1), _touching(doubted, at, 1)
                if (before and after) if token.kind in _LOOSE else (before or after):
                    doubted[at] = replace(token, meaning=_UNKNOWN)
    return doubted


def _touching(tokens: list[Token], at: int, step: int) -> bool:
    """Return whether an unknown Chinese character stands directly before or after."""
    other = at + step
    if not 0 <= other < len(tokens):
        return False
    near = tokens[other]
    joined = near.start == tokens[at].end if step > 0 else near.end == tokens[at].start
    return joined and near.kind == "unknown" and _han(near.text[0])


def _joined(tokens: list[Token], prompt: str) -> Iterator[Token]:
    """Yield the tokens with neighbouring unknown Chinese characters made one run."""
    run: Token | None = None
    for token in tokens:
        if (
            run
            and run.kind == token.kind == "unknown"
            and token.start == run.end
            and _han(token.text[0] + run.text[-1])
        ):
            run = replace(run, end=token.end, text=prompt[run.start : token.end])
            continue
        if run:
            yield run
        run = token
    if run:
        yield run


def _latin(letter: str) -> bool:
    return letter.isalnum() and not _han(letter)


def _han(letters: str) -> bool:
    return all("\u3400" <= letter <= "\u9fff" for letter in letters)
