"""The ``dalle-nb`` command: the same options as the magic's, in a shell."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dalle_nb._batch import Batch
from dalle_nb._display import PriceLine
from dalle_nb._doctor import examine
from dalle_nb._errors import DalleError, Interrupted, OptionError
from dalle_nb._generator import default_generator
from dalle_nb._history_cli import add_history
from dalle_nb._jobs import VERBS, manage
from dalle_nb._language import speaking, tr
from dalle_nb._many import batch, foretell
from dalle_nb._options import OPTIONS, Option
from dalle_nb._parse import unknown_flag
from dalle_nb._render import caption_bundle, estimate_bundle, models_bundle
from dalle_nb._run import Run
from dalle_nb._saving import check_pattern
from dalle_nb._serve_cli import add_serve
from dalle_nb._tutorials import copy_lessons

_VERBS = {
    "draw": "draw a prompt",
    "edit": "draw a picture anew as a prompt says: dalle-nb edit cat.png 'a red scarf'",
    "vary": "draw variations of a picture: dalle-nb vary 12/3 -n 4",
    "rerun": "ask what a Run asked again: dalle-nb rerun 12 -q high",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, 1 after an error in two lines, 130 when interrupted."""
    parser = _parser()
    said, rest = parser.parse_known_args(arguments)
    try:
        with speaking(default_generator().settings.tongue(" ".join([*getattr(said, "prompt", ()), *rest]))):
            if said.command is not _draw:
                _nothing_more(rest)
            return int(said.command(said, rest))
    except Interrupted as interrupted:
        return _complain(interrupted, 130)
    except DalleError as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return 130


def _complain(error: DalleError | Interrupted, status: int) -> int:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    return status


def _draw(said: argparse.Namespace, rest: list[str]) -> int:
    options = {row.name: getattr(said, row.name, None) for row in OPTIONS}
    # argparse takes a prompt for ended at the first option; here its words may go on after it.
    prompt = " ".join([*said.prompt, *_words(rest)])
    if said.verb != "draw":
        options[said.verb] = said.reference
    generator = default_generator()
    if options.pop("dry_run", None):
        print(estimate_bundle(generator.plan(prompt, options))[0]["text/plain"])
        return 0
    if said.output:
        check_pattern(said.output)
    run = generator.ask(prompt, options, watch=PriceLine(generator.session))
    if not said.quiet:
        print(caption_bundle(run.record, reused=run.reused)[0]["text/plain"])
    for path in _saved(run, said.output):
        print(path)
    return 0


def _words(rest: list[str]) -> list[str]:
    """Return what argparse left over, if it is words. OptionError names the option nearest to one that is none."""
    flags = [word.partition("=")[0] for word in rest if word.startswith("-")]
    if flags:
        raise unknown_flag(flags[0])
    return rest


def _saved(run: Run, output: str | None) -> list[Path]:
    return run.save(output) if output else [picture.path for picture in run.pictures]


def _models(_: argparse.Namespace, __: list[str]) -> int:
    print(models_bundle(default_generator().catalog)[0]["text/plain"])
    return 0


def _tutorials(said: argparse.Namespace, _: list[str]) -> int:
    folder = Path(said.folder)
    copied = copy_lessons(folder, said.lang or default_generator().settings.tongue(""))
    for path in copied:
        print(path)
    told = tr("{count} lessons were put into {folder}.", count=len(copied), folder=folder)
    print(told if copied else tr("The lessons are in {folder} already.", folder=folder))
    print(tr("Begin with: jupyter lab {folder}", folder=folder))
    return 0


def _batch(said: argparse.Namespace, _: list[str]) -> int:
    """Draw the prompts of a file; 1 where any was refused or failed."""
    options: dict[str, Any] = {row.name: getattr(said, row.name, None) for row in OPTIONS}
    options["save"] = said.output or options["save"]
    if options.pop("dry_run", None):
        print(tr("Not sent: {facts}", facts=foretell(Path(said.file), options)))
        return 0
    made = batch(Path(said.file), **options)
    print(made)
    return 1 if isinstance(made, Batch) and made.failed else 0


def _jobs(said: argparse.Namespace, _: list[str]) -> int:
    print(manage(default_generator(), said.words).bundle()[0]["text/plain"])
    return 0


def _doctor(said: argparse.Namespace, _: list[str]) -> int:
    marks = {True: "✓", False: "✗", None: " "}
    findings = examine(default_generator(), ask=said.ask)
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{marks[finding.good]} {finding.name:<{width}}  {finding.value}")
    return 1 if any(finding.good is False for finding in findings) else 0


def _nothing_more(rest: list[str]) -> None:
    if rest:
        raise OptionError(
            tr("{words} means nothing here.", words=" ".join(rest)[:80]),
            tr("Try: {spelling}", spelling="--help"),
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dalle-nb", description="Pictures in a shell: all that the magics do in a notebook."
    )
    parser.add_argument("--version", action="version", version=f"dalle-nb {version('dalle-nb')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for verb, help_text in _VERBS.items():
        _add_verb(commands.add_parser(verb, help=help_text, description=help_text), verb)
    many = commands.add_parser(
        "batch", help="draw the prompts of a .txt, .csv or .jsonl file, as far as missing"
    )
    many.add_argument("file", metavar="FILE", help="a prompt a line or row, with options of its own")
    _add_options(many, [row for row in OPTIONS if row.name not in (*_VERBS, "zip", "cap")])
    many.set_defaults(command=_batch)
    models = commands.add_parser("models", help="list the models, their prices and when they retire")
    models.set_defaults(command=_models)
    tutorials = commands.add_parser("tutorials", help="put the lessons into a folder")
    tutorials.add_argument(
        "folder", nargs="?", default="dalle-lessons", metavar="FOLDER", help="created if need be"
    )
    tutorials.add_argument("--lang", metavar="en|zh", help="the language of the lessons")
    tutorials.set_defaults(command=_tutorials)
    history = commands.add_parser("history", help="find, move, back up and mend what was made")
    add_history(history)
    serving = commands.add_parser("serve", help="answer every program that speaks OpenAI's Images API")
    add_serve(serving)
    jobs = commands.add_parser("jobs", help="ask after what was sent off as a job, collect or cancel it")
    jobs.add_argument("words", nargs="*", metavar="WORD", help=VERBS)
    jobs.set_defaults(command=_jobs)
    doctor = commands.add_parser(
        "doctor", help="tell what is configured, who would draw, and if it would be kept"
    )
    doctor.add_argument("--ask", action="store_true", help="also ask the backend; draws and costs nothing")
    doctor.set_defaults(command=_doctor)
    return parser


def _add_verb(parser: argparse.ArgumentParser, verb: str) -> None:
    if verb != "draw":
        parser.add_argument(
            "reference", metavar="REF", help="a history id (12, 12/3, -1) or the path of a picture"
        )
    words = "*" if verb in ("vary", "rerun") else "+"
    parser.add_argument("prompt", nargs=words, default=[], metavar="PROMPT", help="what to see")
    _add_options(parser, [row for row in OPTIONS if row.name not in _VERBS and not row.many])
    parser.set_defaults(command=_draw, verb=verb)


def _add_options(parser: argparse.ArgumentParser, rows: Sequence[Option]) -> None:
    parser.add_argument("-o", "--output", metavar="PATH", help="file, folder or pattern; never overwrites")
    for row in rows:
        _add_option(parser, row)


def _add_option(parser: argparse.ArgumentParser, row: Option) -> None:
    # A "%" in a help text is argparse's own.
    help_text = row.help.replace("%", "%%")
    if row.type == "flag":
        parser.add_argument(*row.flags, dest=row.name, action="store_true", default=None, help=help_text)
        for flag in row.off:
            parser.add_argument(
                flag, dest=row.name, action="store_false", default=None, help=argparse.SUPPRESS
            )
        return
    action = "append" if row.repeatable else "store"
    parser.add_argument(*row.flags, dest=row.name, action=action, metavar=row.metavar or None, help=help_text)
