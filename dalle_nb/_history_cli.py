"""``dalle-nb history``: find, move, back up and mend what was made, in a shell."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dalle_nb._bundle import export_bundle, import_bundle
from dalle_nb._errors import ReferenceNotFound
from dalle_nb._generator import default_generator
from dalle_nb._history import History
from dalle_nb._importing import identify, import_file
from dalle_nb._language import tr
from dalle_nb._narrowing import WORDS, parse_narrowing
from dalle_nb._render import caption_bundle
from dalle_nb._settings import home_folder

Command = Callable[[argparse.Namespace, list[str]], int]


def add_history(parser: argparse.ArgumentParser) -> None:
    """Give the parser of ``dalle-nb history`` its commands."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="find Runs by words and filters")
    listing.set_defaults(command=_list)
    _add_filters(listing)
    _add(commands, "show", _show, "REF", "one Run in full")
    _add_filters(_add(commands, "export", _export, "FILE", "put Runs and their pictures into a zip"))
    _add(commands, "import", _import, "FILE", "take in a zip of Runs, or a picture")
    _add(commands, "identify", _identify, "FILE", "tell whose picture a file is")
    _add(commands, "backup", _backup, "FOLDER", "copy everything, as of now, into a folder")
    commands.add_parser("path", help="tell where it all is").set_defaults(command=_path)
    check = commands.add_parser("check", help="read all of it and tell what is wrong")
    check.add_argument("--repair", action="store_true", help="put right what can be; nothing is thrown away")
    check.set_defaults(command=_check)


def _add(commands: Any, name: str, run: Command, metavar: str, help_text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_text)
    parser.add_argument("what", metavar=metavar)
    parser.set_defaults(command=run)
    return parser


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="WORD", help="words that the prompt, tags or model hold")
    for name in WORDS:
        if name in ("starred", "trash"):
            parser.add_argument(f"--{name}", dest=f"filter_{name}", action="store_const", const="true")
        else:
            parser.add_argument(f"--{name.replace('_', '-')}", dest=f"filter_{name}", metavar="VALUE")


def _list(said: argparse.Namespace, _: list[str]) -> int:
    print(repr(_meant(said)))
    return 0


def _show(said: argparse.Namespace, _: list[str]) -> int:
    run = History(default_generator())[said.what]
    print(caption_bundle(run.record)[0]["text/plain"])
    for picture in run.pictures:
        print(picture.path)
    return 0


def _export(said: argparse.Namespace, _: list[str]) -> int:
    count = export_bundle(default_generator().store, _meant(said)["id"], Path(said.what))
    print(tr("{count} Runs are in {path}.", count=count, path=said.what))
    return 0


def _import(said: argparse.Namespace, _: list[str]) -> int:
    if Path(said.what).suffix == ".zip":
        new = import_bundle(default_generator().store, Path(said.what))
        print(tr("{count} Runs were taken in.", count=len(new)))
        return 0
    print(tr("It is Run {id} now.", id=import_file(said.what).id))
    return 0


def _identify(said: argparse.Namespace, _: list[str]) -> int:
    found = identify(said.what)
    if found is None:
        raise ReferenceNotFound(
            tr("{path} is none of the pictures in this history.", path=said.what),
            tr("Take it in: dalle-nb history import {path}", path=shlex.quote(said.what)),
        )
    print(found.picture.reference, found.run.prompt)
    return 0


def _backup(said: argparse.Namespace, _: list[str]) -> int:
    default_generator().store.backup(Path(said.what))
    print(tr("Everything is copied into {path}.", path=said.what))
    return 0


def _path(_: argparse.Namespace, __: list[str]) -> int:
    print(home_folder(default_generator().settings))
    return 0


def _check(said: argparse.Namespace, _: list[str]) -> int:
    # Not through the generator: a damaged history cannot be opened, and must not be to be mended.
    from dalle_nb._store import check, repair

    home = home_folder(default_generator().settings)
    for sentence in repair(home) if said.repair else ():
        print(sentence)
    wrong = check(home).sentences()
    print("\n".join(wrong) if wrong else tr("All is well."))
    return 1 if wrong else 0


def _meant(said: argparse.Namespace) -> History:
    filters = {name: getattr(said, f"filter_{name}") for name in WORDS}
    typed = [f"--{name}={value}" for name, value in filters.items() if value is not None]
    return History(default_generator()).narrowed(parse_narrowing(shlex.join([*typed, *said.words])))
