"""Snippets: a Run as a program asks the server exactly what the Run asked, in all four languages."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from lab import ROOT
from openai_server.handle import Api
from openai_server.words import Call
from PIL import Image
from workshop import KEY

import dalle_nb as dn
from dalle_nb import ImageGenerator, OptionError, Run
from dalle_nb._parse import parse
from dalle_nb._prompts import fill
from dalle_nb._records import Request, RunRecord
from dalle_nb._snippets import Files
from dalle_nb._snippets.magic import write_magic

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

LANGUAGES = ("python", "node", "curl", "magic")


def photo(colour: str = "olive", mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (1024, 1024), colour)


# --- running programs -------------------------------------------------------------------------------------


class Runner:
    """Runs programs as their users would, several in one process where starting one takes long."""

    def __init__(self, folder: Path, shell: InteractiveShell) -> None:
        self.folder, self.shell = folder, shell

    def run(self, language: str, programs: Sequence[str]) -> None:
        """Run programs one after the other, each in a folder of its own."""
        files = []
        for number, program in enumerate(programs):
            folder = self.folder / f"{language}{number}"
            folder.mkdir()
            files.append(folder / f"program.{'mjs' if language == 'node' else 'txt'}")
            files[-1].write_text(program, encoding="utf-8")
        getattr(self, language)(files)

    def python(self, files: list[Path]) -> None:
        start = "import os, runpy, sys\nfor file in sys.argv[1:]:\n    os.chdir(os.path.dirname(file))\n"
        self.start(sys.executable, "-c", f"{start}    runpy.run_path(file)", *map(str, files))

    def node(self, files: list[Path]) -> None:
        sys.path.insert(0, str(ROOT / "scripts"))
        try:
            import install_node_sdk
        finally:
            sys.path.remove(str(ROOT / "scripts"))
        modules = ROOT / "tests" / "node" / "node_modules"
        node = install_node_sdk.find_node()
        assert node, "No Node.js: run `python scripts/install_node_sdk.py`"
        assert modules.exists(), "No SDK for Node.js: run `python scripts/install_node_sdk.py`"
        (self.folder / "node_modules").symlink_to(modules)
        main = self.folder / "main.mjs"
        lines = (f"process.chdir({str(file.parent)!r}); await import({str(file)!r});" for file in files)
        main.write_text("\n".join(lines))
        self.start(node, str(main))

    def curl(self, files: list[Path]) -> None:
        for file in files:
            self.start("sh", "-e", str(file), cwd=file.parent)

    def magic(self, files: list[Path]) -> None:
        dn.configure(reuse=False)
        for file in files:
            assert self.shell.run_cell(file.read_text(encoding="utf-8")).success

    def start(self, *command: str, cwd: Path | None = None) -> None:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr

    def saved(self, language: str, number: int) -> dict[str, str]:
        """Return the pictures that a program saved: the sha256 of each by its name."""
        files = (self.folder / f"{language}{number}").glob("picture-*")
        return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture
def runner(tmp_path: Path, shell: InteractiveShell) -> Runner:
    return Runner(tmp_path, shell)


def received(call: Call, language: str = "") -> dict[str, Any]:
    """Return all that a server could tell two calls apart by, but for who made them."""
    return {
        "place": (call.method, call.path, call.transport),
        "fields": {name: as_sent(value, call, language) for name, value in call.fields.items()},
        "files": [(file.name, file.mimetype, file.data) for file in call.files],
        "key": call.key,
    }


def as_sent(value: Any, call: Call, language: str) -> Any:
    """Return a field as it was meant: in the forms of JavaScript, as of every web page, lines end in CR LF."""
    if language == "node" and call.transport == "multipart" and isinstance(value, str):
        return re.sub("\r\n?", "\n", value)
    return value


# --- every kind of Run ------------------------------------------------------------------------------------

Draw = Callable[[ImageGenerator], Run]
MASK = "box:0,0,512,1024"
CASES: dict[str, dict[str, Draw]] = {
    "openai": {
        "a prompt": lambda it: it.generate("a fox in the snow"),
        "many options": lambda it: it.generate(
            "a fox",
            size="landscape",
            quality="high",
            format="jpeg",
            compression=80,
            moderation="low",
            style="油画",
        ),
        "several": lambda it: it.generate("a fox", n=3, format="webp", background="transparent"),
        "several calls": lambda it: it.generate("a fox", n=12, size="1024x1024", quality="low"),
        "a stream": lambda it: it.generate("a fox", partials=2),
        "several streams": lambda it: it.generate("a fox", n=2, partials=1),
        "new parameters": lambda it: it.generate(
            "a fox",
            model="gpt-image-2.6-flare",
            format="svg",
            svg={"model": "x"},
            safety_identifier="it's 4\"",
        ),
        "a gif": lambda it: it.generate("a fox", model="gpt-image-2.6-flare", format="gif", frame_count=4),
        "a retired model": lambda it: it.generate(
            "a fox", model="dall-e-3", size="1792x1024", quality="hd", style="vivid"
        ),
        "a retired size": lambda it: it.generate("a fox", model="dall-e-2", size="256x256", n=2),
        "an edit": lambda it: it.edit(photo(), "a hat"),
        "an edit inside a mask": lambda it: it.edit(photo(), "a hat", mask=MASK),
        "a loose mask": lambda it: it.edit(photo(), "a hat", mask=MASK, strict_mask=False),
        "an edit with several pictures": lambda it: it.edit(
            photo(), "a hat", ref=[photo("red"), photo("blue")], mask=MASK, n=2, format="jpeg"
        ),
        "an edit with a markup": lambda it: it.edit(photo(), "a hat", markup=photo("#0000", "RGBA")),
        "an edit as a stream": lambda it: it.edit(photo(), "a hat", partials=1),
        "a variation": lambda it: it.vary(photo(), strength="strong", prompt="a fox"),
        "a variation without words": lambda it: it.vary(photo(), n=2),
    },
    "vllm-omni": {
        "extras": lambda it: it.generate(
            "a fox",
            extra={
                "negative_prompt": 'it\'s {{ "bad" }}',
                "guidance_scale": 2.5,
                "deep": {"a": [1, True, None]},
            },
        ),
        "extras of an edit": lambda it: it.edit(
            photo(), "a hat", extra={"num_inference_steps": 4, "tiled": True, "deep": {"a": [1, "b"]}}
        ),
        "a seed": lambda it: it.generate("a fox", seed=7, n=2),
    },
    "unknown": {
        "links": lambda it: it.generate("a fox", model="some-model", size="512x512", n=2),
    },
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("profile", CASES)
def test_a_program_asks_what_the_run_asked(
    workshop: ImageGenerator,
    server: Api,
    runner: Runner,
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
    language: str,
) -> None:
    """Run anywhere, it sends each field and each picture that the Run sent, saves what comes, and holds no key."""
    server.profile(profile, **({"answers": "url"} if profile == "unknown" else {}))
    monkeypatch.setenv("DALLE_NB_SERVER", profile)
    runs = {name: draw(workshop) for name, draw in CASES[profile].items()}
    drawn, bought = [call for call in server.calls if call.place != "download"], server.billed.count
    programs = {name: run.code(language) for name, run in runs.items()}
    server.calls.clear()
    runner.run(language, [*programs.values()])
    asked = [call for call in server.calls if call.place != "download"]
    bill = list(server.billed.sha256[bought:])
    for number, (name, run) in enumerate(runs.items()):
        for _ in run.record.sent:
            meant, came = received(drawn.pop(0), language), received(asked.pop(0), language)
            assert meant == came, f"{name}\n{programs[name]}"
        assert KEY not in programs[name]
        paid = {f"picture-{place}": bill.pop(0) for place in range(1, len(run) + 1)}
        if language in ("python", "node"):
            kind = run.record.request.options.get("format", "png")
            suffix = {"jpeg": "jpg"}.get(str(kind), kind)
            named = {f"{place}.{suffix}": sha256 for place, sha256 in paid.items()}
            assert named == runner.saved(language, number), name
    assert ([], [], []) == (drawn, asked, bill)


# --- every trap of quoting --------------------------------------------------------------------------------

TRAPS = (
    'it\'s "quoted", ‘so’, “so” and `so`',
    "two\nlines, and\n\na third\n",
    "  blanks around  ",
    "C:\\new\\table \\u0041 \\",
    "$HOME ${HOME} $(id) `id` %PATH% !! #hash",
    "{{ braces }} {% block %} {# comment #} {{{ {{ }} }}} {{ '}}' }} f{x}",
    "@/etc/passwd",
    '<file; type=text/html, "a"; filename=b',
    "-n 5 --size 512x512 -- a cat",
    "--size 512x512",
    "name << a cat",
    "%%dalle a cat",
    "%dalle a cat\n!ls\n?help",
    "a cat?",
    ">>> a cat\n... and a dog\nIn [1]: a bird\n   ...: too",
    "separators \u2028 \u2029 \x85 \x0b \x0c \x1c \u200b \u00a0 \u202e end",
    "tabs\tand\rreturns\r\nin a row",
    "👩🏽‍🚀 🏴󠁧󠁢󠁥󠁮󠁧󠁿 一只猫，　画在“月球”上？",
    "</script><!-- */ // \"\"\" ''' ${`",
    "'; DROP TABLE runs; --",
)


@pytest.mark.parametrize("kind", ["generate", "edit"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_any_prompt_survives_its_quotes(
    workshop: ImageGenerator, server: Api, runner: Runner, kind: str, language: str
) -> None:
    """A prompt arrives letter by letter, whatever it means to a shell, a language, a magic or a form."""
    runs = [
        workshop.generate(prompt) if kind == "generate" else workshop.edit(photo(), prompt)
        for prompt in TRAPS
    ]
    server.calls.clear()
    runner.run(language, [run.code(language) for run in runs])
    meant = [as_sent(trap, call, language) for trap, call in zip(TRAPS, server.calls, strict=True)]
    assert meant == [as_sent(call.fields["prompt"], call, language) for call in server.calls]


@given(prompt=st.text(min_size=1), tag=st.text(min_size=1), extra=st.dictionaries(st.text(), st.text()))
def test_any_text_survives_the_magic(prompt: str, tag: str, extra: dict[str, str]) -> None:
    """Whatever a prompt, an option or a parameter holds, the cell that is written reads back as the same."""
    request = Request(prompt=prompt, options={"safety_identifier": tag, "extra": extra})
    now = datetime.now(UTC)
    record = RunRecord(id=1, uid="u", created=now, request=request, backend="openai", model="m")
    line, _, cell = write_magic(record, Files(), False).removesuffix("\n").partition("\n")
    typed = parse(line.removeprefix("%%dalle"), cell, fill=lambda text: fill(text, {}))
    assert (prompt, tag, extra) == (typed.prompt, typed.options["safety_identifier"], typed.options["extra"])


# --- how they look ----------------------------------------------------------------------------------------


def test_the_python_is_what_one_would_write(workshop: ImageGenerator) -> None:
    """It is short, in double quotes, formatted, and its own."""
    assert """from base64 import b64decode
from pathlib import Path

from openai import OpenAI

client = OpenAI()  # reads OPENAI_API_KEY
pictures = client.images.generate(
    model="gpt-image-2.5-flare",
    prompt="a fox's \\"den\\"",
    n=1,
    size="1024x1024",
    quality="medium",
).data
for number, picture in enumerate(pictures, start=1):
    Path(f"picture-{number}.png").write_bytes(b64decode(picture.b64_json))
""" == workshop.generate('a fox\'s "den"').code("python")


def test_lines_and_calls_are_not_repeated(workshop: ImageGenerator) -> None:
    """A prompt of several lines is written as several, and equal calls as a loop."""
    run = workshop.generate("a fox\nin the snow", n=2, partials=1)
    assert """    prompt=(
            "a fox\\n"
            "in the snow"
        ),""" in run.code("python")
    assert 1 == run.code("python").count("images.generate") == run.code("node").count("images.generate")
    assert "for i in $(seq 2); do" in run.code("curl")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_offline_run_asks_a_server_for_the_like(
    workshop: ImageGenerator, server: Api, runner: Runner, language: str
) -> None:
    """What was drawn offline becomes a program that a server understands: its model, its parameters."""
    run = workshop.sibling(backend="offline").generate("a fox", size="landscape")
    assert server.calls == []
    runner.run(language, [run.code(language)])
    [call] = server.calls
    assert ("a fox", "1536x1024", 1) == (call.fields["prompt"], call.fields["size"], server.billed.count)


def test_the_file_is_named_for_what_came(workshop: ImageGenerator, server: Api) -> None:
    """Where no format was asked for, the program saves by the name of the one that came."""
    server.profile("sd-cpp", formats=("webp",))
    workshop.configure(server="stable-diffusion-cpp")
    assert "picture-{number}.webp" in workshop.generate("a fox").code("python")


def test_another_language_is_refused(workshop: ImageGenerator) -> None:
    """Whoever asks for another language hears which one comes next to it."""
    with pytest.raises(OptionError, match="Try: python"):
        workshop.generate("a fox").code("pyhton")
