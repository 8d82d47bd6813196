"""Programs that repeat a Run elsewhere: Python, Node.js, cURL, and the magic itself.

Values in, text out. Every value of the Run is quoted by the rules of the language it lands in, and no key
is ever written: the programs read ``OPENAI_API_KEY`` themselves.

    quoting    text in the quotes of a language
    calls      what a program has to say, whatever its language
    python     node     curl     magic
"""

from __future__ import annotations

from collections.abc import Callable

from dalle_nb._errors import OptionError
from dalle_nb._language import tr
from dalle_nb._options import nearest
from dalle_nb._records import RunRecord
from dalle_nb._snippets.calls import Files
from dalle_nb._snippets.curl import write_curl
from dalle_nb._snippets.magic import write_magic
from dalle_nb._snippets.node import write_node
from dalle_nb._snippets.python import write_python

__all__ = ["Files", "write_snippet"]

_WRITERS: dict[str, Callable[[RunRecord, Files, bool], str]] = {
    "python": write_python,
    "node": write_node,
    "curl": write_curl,
    "magic": write_magic,
}


def write_snippet(language: str, run: RunRecord, files: Files, *, links: bool = False) -> str:
    """Return a program in ``python``, ``node``, ``curl`` or ``magic`` that repeats the Run.

    ``links`` says that answers may hold URLs in the place of pictures.

    Raises:
        OptionError: another language.
    """
    if language not in _WRITERS:
        raise OptionError(
            tr("There is no code in {language}.", language=repr(language)),
            tr("Try: {spelling}", spelling=nearest(language, tuple(_WRITERS))),
        )
    return _WRITERS[language](run, files, links)
