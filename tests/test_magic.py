"""The magics as their users meet them: in a shell, in a kernel, drawing through a real (loopback) server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from conftest import Kernel
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.utils.capture import RichOutput, capture_output
from nbclient.exceptions import CellExecutionError
from openai_server.handle import Api

from dalle_nb._errors import DalleError, OptionError, PromptError, SettingsError
from dalle_nb._options import OPTIONS

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

    from dalle_nb._generator import ImageGenerator

pytest_plugins = ["openai_server.fixtures"]

KEY = "sk-test-0123456789abcdef"
HEAVY = ("openai", "numpy", "PIL", "ipywidgets", "jinja2", "sqlalchemy")


@pytest.fixture
def server(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Draw through the loopback server, as a user does who has a key."""
    monkeypatch.setenv("OPENAI_BASE_URL", api.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return api


@pytest.fixture(autouse=True)
def own_generator() -> Iterator[None]:
    """Give each test the default generator of a fresh process, and close what it opened."""
    from dalle_nb._generator import default_generator

    default_generator.cache_clear()
    yield
    forget(default_generator())
    default_generator.cache_clear()


def forget(generator: ImageGenerator) -> None:
    """Close the connections that a generator leaves open for the next call."""
    for backend in generator._shared.backends.values():
        if backend.name == "openai":
            backend._wire.client().close()


def run(shell: InteractiveShell, source: str) -> tuple[ExecutionResult, list[RichOutput], str]:
    """Run a cell as a user does; return its result, its displays and what it printed."""
    with capture_output() as captured:
        result = shell.run_cell(source, store_history=True)
    return result, captured.outputs, captured.stdout


def plain(outputs: list[RichOutput]) -> str:
    return "\n".join(output.data.get("text/plain", "") for output in outputs)


# --- loading ----------------------------------------------------------------------------------------------


def test_loading_imports_nothing_heavy() -> None:
    """``%load_ext dalle_nb`` leaves out what draws, stores and shows, for it is in every kernel's start."""
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell as Shell\n"
        "Shell.instance().run_line_magic('load_ext', 'dalle_nb')\n"
        f"print(*[name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_reloading_changes_nothing(shell: InteractiveShell) -> None:
    """``%reload_ext`` leaves one magic, one completer, and what ``%config`` set."""
    shell.run_cell('%config DalleMagics.size = "landscape"')
    before = (len(shell.configurables), len(shell.Completer.custom_matchers))
    for _ in range(3):
        shell.run_line_magic("reload_ext", "dalle_nb")
    assert before == (len(shell.configurables), len(shell.Completer.custom_matchers))
    assert shell.find_line_magic("dalle").__self__.size == "landscape"


def test_unloading_takes_everything_away(shell: InteractiveShell) -> None:
    """``%unload_ext`` leaves no magic and no completer of ours."""
    shell.run_line_magic("unload_ext", "dalle_nb")
    names = [
        name for table in shell.magics_manager.magics.values() for name in table if name.startswith("dalle")
    ]
    assert names == []
    assert shell.Completer.custom_matchers == []


@magics_class
class Stranger(Magics):
    """Somebody else's magic of our name."""

    @cell_magic
    def dalle(self, line: str, cell: str) -> str:
        """Return what another extension would."""
        return f"theirs: {cell}"


def test_a_name_that_is_taken_is_left_alone(bare_shell: InteractiveShell, server: Api) -> None:
    """Where another extension owns ``%%dalle``, ours is called ``%%dalle_nb``, and says so."""
    bare_shell.register_magics(Stranger)
    _, outputs, _ = run(bare_shell, "%load_ext dalle_nb")
    assert "%%dalle_nb" in plain(outputs)
    assert run(bare_shell, "%%dalle\ncat")[0].result == "theirs: cat\n"
    assert run(bare_shell, "%%dalle_nb\ncat")[0].result.prompt == "cat"


def test_the_extension_can_be_promised(bare_shell: InteractiveShell, server: Api) -> None:
    """IPython's ``lazy_magics`` loads us at the first use, under our own name."""
    bare_shell.magics_manager.lazy_magics = {"dalle": "dalle_nb"}
    assert run(bare_shell, "%dalle a cat")[0].result.prompt == "a cat"


# --- drawing ----------------------------------------------------------------------------------------------


def test_a_cell_shows_a_picture_and_its_caption(shell: InteractiveShell, server: Api) -> None:
    """``%%dalle`` shows two outputs, and its Run is the cell's result."""
    result, outputs, _ = run(shell, "%%dalle\n一只猫\n")
    picture, caption = [output for output in outputs if "may cost" not in plain([output])][-2:]
    assert "image/jpeg" in picture.data
    assert "#1" in caption.data["text/plain"]
    assert "一只猫" in picture.metadata["alt"]
    assert result.result is shell.user_ns["_"]
    assert result.result.prompt == "一只猫"


def test_a_run_shown_again_shows_everything(shell: InteractiveShell, server: Api) -> None:
    """A Run in a later cell shows picture and caption, whatever its own cell left out."""
    run(shell, "%dalle --quiet a cat")
    _, outputs, _ = run(shell, "_")
    assert ["image/jpeg", "text/html"] == [next(iter(output.data)) for output in outputs]


def test_quiet_leaves_the_caption_out(shell: InteractiveShell, server: Api) -> None:
    """``--quiet``, or ``%config DalleMagics.quiet``, shows the picture alone."""
    for source in ("%dalle --quiet a cat", "%config DalleMagics.quiet = True\n%dalle a dog"):
        _, outputs, _ = run(shell, source)
        assert "#" not in plain(outputs)
        assert any("image/jpeg" in output.data for output in outputs)


def test_a_name_takes_the_run_silently(shell: InteractiveShell, server: Api) -> None:
    """``NAME <<`` puts the Run into a variable and shows nothing."""
    result, outputs, printed = run(shell, "%%dalle fox << -n 2\na fox")
    assert (None, [], "") == (result.result, outputs, printed)
    assert len(shell.user_ns["fox"]) == 2


def test_several_pictures_are_one_sheet(shell: InteractiveShell, server: Api) -> None:
    """Four pictures are one output, whose text names each with its fingerprint."""
    _, outputs, _ = run(shell, "%dalle -n 4 a cat")
    pictures = [output for output in outputs if "image/jpeg" in output.data]
    assert len(pictures) == 1
    assert pictures[0].data["text/plain"].count("fingerprint") == 4


def test_a_dry_run_asks_nothing(shell: InteractiveShell, server: Api) -> None:
    """``--dry-run`` shows what would be sent, and neither sends nor keeps anything."""
    result, outputs, _ = run(shell, "%dalle --dry-run -q high --enhance cinematic a cat")
    assert "quality=high" in plain(outputs)
    assert "a cat, cinematic lighting" in plain(outputs)
    assert result.result is None
    assert server.calls == []
    assert run(shell, "import dalle_nb\nlen(dalle_nb.history)")[0].result == 0


def test_only_expressions_are_expanded(shell: InteractiveShell, server: Api) -> None:
    """``{{x}}`` is filled in; IPython's own ``$x`` and ``{x}`` are words of the prompt."""
    shell.user_ns.update(x="zebra", n=2)
    drawn = run(shell, "%dalle -n {{n}} a {{x.upper()}}, {x} $x {% if %} {# no #}")[0].result
    assert (2, "a ZEBRA, {x} $x {% if %} {# no #}") == (len(drawn), drawn.prompt)


def test_a_function_s_own_variables_count(shell: InteractiveShell, server: Api) -> None:
    """Inside a function ``{{x}}`` and REFs mean its local variables first."""
    source = (
        "x = 'global'\ndef draw():\n    x = 'local'\n    return get_ipython().run_line_magic('dalle', 'a {{x}}')\n"
        "draw().prompt"
    )
    assert run(shell, source)[0].result == "a local"


def test_a_variable_can_be_edited(shell: InteractiveShell, server: Api) -> None:
    """``--edit NAME`` takes a Run or an array out of the user's variables."""
    run(shell, "%%dalle fox <<\na fox")
    edited = run(shell, "%dalle --edit fox a red scarf")[0].result
    assert (edited.record.parent, edited.prompt) == (shell.user_ns["fox"].uid, "a red scarf")
    run(shell, "import numpy\npixels = numpy.zeros((1024, 1024, 3), 'uint8')")
    assert run(shell, "%dalle --edit pixels a red scarf")[0].success


@pytest.mark.parametrize("line", ["--vary -1", "--rerun 1 -q high"])
def test_verbs_need_no_prompt(shell: InteractiveShell, server: Api, line: str) -> None:
    """A variation and a rerun are asked for on one line, without words."""
    first = run(shell, "%dalle a cat")[0].result
    assert run(shell, f"%dalle {line}")[0].result.record.parent == first.uid


def test_run_all_again_is_free(bare_shell: InteractiveShell, server: Api) -> None:
    """In a new kernel the first execution of a paid cell is answered from the history; the second draws."""
    from dalle_nb._generator import default_generator

    cell = "%%dalle\na cat"
    run(bare_shell, "%load_ext dalle_nb")
    run(bare_shell, cell)
    forget(default_generator())
    default_generator.cache_clear()  # what a restart forgets
    _, outputs, _ = run(bare_shell, cell)
    assert "reused, $0; --fresh draws anew" in plain(outputs)
    assert server.billed.count == 1
    run(bare_shell, cell)
    assert server.billed.count == 2


def test_the_first_paid_drawing_tells_its_price(shell: InteractiveShell, server: Api) -> None:
    """Before the first paid call of a kernel its price is told, in the place where the picture will stand."""
    _, outputs, _ = run(shell, "%dalle a cat")
    told, picture = outputs[:2]
    assert "not known beforehand" in plain([told])
    assert (told.transient, picture.update) == (picture.transient, True)
    _, outputs, _ = run(shell, "%dalle a dog")
    assert "not known beforehand" not in plain(outputs)


# --- errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("%dalle", PromptError, "empty"),
        ("%%dalle\n \n", PromptError, "empty"),
        ("%dalle --sise 1 -n x a", OptionError, "--sise"),
        ("%dalle {{nobody}}", PromptError, "nobody"),
        ("%dalle_config size=huge", SettingsError, "huge"),
        ("%dalle_config api_key=sk-1", SettingsError, "%dalle_login"),
        ("%dalle_login sk-proj-SECRET", SettingsError, "clear the cell"),
    ],
)
def test_an_error_is_two_plain_lines(
    shell: InteractiveShell, server: Api, source: str, error: type[DalleError], words: str
) -> None:
    """What is wrong and what to do, without a traceback, and nothing was sent."""
    result, _, printed = run(shell, source)
    assert isinstance(result.error_in_exec, error)
    assert words in printed
    assert "Traceback" not in printed
    assert "SECRET" not in printed.replace(source, "")
    assert len(printed.strip().splitlines()) <= 4
    assert server.calls == []


def test_a_refusal_ends_run_all(shell: InteractiveShell, server: Api) -> None:
    """An error of the server goes through the magic, so that Run All stops, and the Run is kept."""
    server.fail("400_policy")
    result, outputs, _ = run(shell, "%dalle a cat")
    assert result.error_in_exec.run.status == "refused"
    assert plain(outputs[-1:]) == "No picture."
    assert run(shell, "dalle_nb_last = __import__('dalle_nb').last.status")[0].success
    assert shell.user_ns["dalle_nb_last"] == "refused"


def test_a_foreign_flag_gets_a_hint(shell: InteractiveShell, server: Api) -> None:
    """``--ar 3:2`` pasted into a prompt stays there, and the cell says what would be meant here."""
    result, outputs, _ = run(shell, "%dalle a cat --ar 3:2")
    assert "--size 3:2" in plain(outputs)
    assert result.result.prompt == "a cat --ar 3:2"


def test_a_wrong_default_is_not_taken(shell: InteractiveShell) -> None:
    """``%config`` refuses a value that no model takes, and keeps the one before."""
    run(shell, "%config DalleMagics.size = 'square'")
    run(shell, "%config DalleMagics.size = 'squarish'")
    assert shell.find_line_magic("dalle").__self__.size == "square"


def test_a_default_counts_until_a_cell_says_otherwise(shell: InteractiveShell, server: Api) -> None:
    """What ``%config DalleMagics`` sets holds for the magic and for Python, and a flag is stronger."""
    run(shell, "%config DalleMagics.size = 'landscape'")
    source = "import dalle_nb\ndalle_nb.generate('a cat').pictures[0].record.width"
    assert run(shell, source)[0].result == 1536
    assert run(shell, "%dalle -s square a cat")[0].result.pictures[0].record.width == 1024


# --- what explains ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("%dalle_models", "gpt-image-2.5-flare"),
        ("%dalle_styles", "油画 oil painting"),
        ("%dalle_words", "cat"),
        ("%dalle_config", "confirm_above"),
        ("%dalle_config quality=high", "high"),
        ("%dalle_check", "openai"),
        ("%dalle_help", "--size WxH"),
        ("%dalle_help --all", "--frame-count N"),
    ],
)
def test_what_explains_shows_a_table(shell: InteractiveShell, server: Api, source: str, words: str) -> None:
    """Each of the magics that explain shows one table, as HTML and as text, and draws nothing."""
    result, outputs, _ = run(shell, source)
    assert result.success
    assert [{"text/html", "text/plain"}] == [set(output.data) for output in outputs]
    assert words in plain(outputs)
    assert "<table" in outputs[0].data["text/html"]
    assert [call for call in server.calls if call.place == "generations"] == []


def test_no_table_shows_the_key(shell: InteractiveShell, server: Api) -> None:
    """Settings and findings say that there is a key, and no part of it."""
    for source in ("%dalle_config", "%dalle_check"):
        _, outputs, printed = run(shell, source)
        assert KEY[3:9] not in repr([output.data for output in outputs]) + printed


def test_the_help_shows_the_options_that_matter(shell: InteractiveShell) -> None:
    """``%%dalle?`` explains the eight options that matter, each as the table of options tells it."""
    text = shell.inspector.info(shell.find_line_magic("dalle"))["docstring"]
    short = [row for row in OPTIONS if row.short]
    assert len(short) == 8
    for row in short:
        assert row.usage in text
        assert row.help in text


def test_chinese_is_answered_in_chinese(shell: InteractiveShell, server: Api) -> None:
    """Without a setting the language is that of the user's own words."""
    _, outputs, _ = run(shell, "%dalle 一只猫")
    assert "秒" in plain(outputs)
    result, _, _ = run(shell, "%dalle --sise 1 一只猫")
    assert "没有 --sise 这个选项" in result.error_in_exec.what


# --- in a real kernel -------------------------------------------------------------------------------------


def ask_and_answer(
    kernel: Kernel, source: str, typed: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Run a cell whose user types something when asked; return the questions and the outputs."""
    from jupyter_core.utils import run_sync

    client = kernel.client.kc
    questions: list[dict[str, Any]] = []
    outputs: list[dict[str, Any]] = []

    def answer(message: dict[str, Any]) -> None:
        questions.append(message["content"])
        client.input(typed)

    async def execute() -> None:
        await client._async_execute_interactive(
            source,
            allow_stdin=True,
            stdin_hook=answer,
            output_hook=lambda message: outputs.append(message["content"]),
            timeout=60,
        )

    run_sync(execute)()
    return questions, outputs


def test_a_key_is_typed_unseen(server: Api, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """``%dalle_login`` asks with hidden input, tries the key without drawing, and repeats it nowhere."""
    kernel.run("import os\ndel os.environ['OPENAI_API_KEY']\n%load_ext dalle_nb")
    server.key = "sk-typed-9876543210"
    questions, outputs = ask_and_answer(kernel, "%dalle_login", server.key)
    assert [True] == [question["password"] for question in questions]
    assert "9876543210" not in repr(outputs)
    assert server.calls_to("generations") == []
    assert any("image/jpeg" in output.get("data", {}) for output in kernel.run("%dalle a cat"))


def test_an_interrupt_is_two_lines(server: Api, kernel: Kernel) -> None:
    """Interrupt stops a cell soon and plainly, and the history says what became of the Run."""
    kernel.run("%load_ext dalle_nb")
    server.latency = 30
    pid = int(kernel.run("import os\nprint(os.getpid())")[0].text)
    threading.Timer(4, os.kill, (pid, signal.SIGINT)).start()
    started = time.monotonic()
    with pytest.raises(CellExecutionError) as caught:
        kernel.run("%%dalle\na slow cat")
    assert time.monotonic() - started < 12
    lines = [line for line in str(caught.value).splitlines() if line.startswith(("Interrupted:", "→"))]
    assert len(lines) == 2
    assert "Traceback" not in str(caught.value)


def test_a_thread_s_picture_stands_under_its_own_cell(server: Api, kernel: Kernel) -> None:
    """What a thread draws appears under the cell that asked for it, though another runs when it comes."""
    kernel.run("import dalle_nb, threading, time\nwarm = dalle_nb.generate('warm')")
    source = "t = threading.Thread(target=lambda: display(dalle_nb.generate('late'), time.sleep(2)))\nt.start()\ntime.sleep(.3)"
    server.latency = 1.0
    early = kernel.run(source)
    late = kernel.run("t.join()\nprint('second')")
    assert ["second\n"] == [output.get("text") for output in late]
    assert early == []


def test_a_picture_sharpens_in_place(kernel: Kernel) -> None:
    """Without a key the offline painter draws, and of its partial pictures nothing stays in the notebook."""
    kernel.run("%load_ext dalle_nb")
    outputs = kernel.run("%dalle --partials 2 a fox in the snow")
    assert [output.output_type for output in outputs] == ["display_data", "display_data"]
    picture, caption = outputs
    assert "fingerprint" in picture.data["text/plain"]
    assert "a fox in the snow" in picture.metadata["image/jpeg"]["alt"]
    assert "Offline sketch" in caption.data["text/html"]


def test_the_painter_introduces_itself_once(kernel: Kernel) -> None:
    """The first offline picture of a kernel comes with who drew it and how to have another draw; no later one."""
    kernel.run("%load_ext dalle_nb")
    captions = [kernel.run("%dalle -s 256x256 a fox")[1].data["text/plain"] for _ in range(2)]
    assert [True, False] == ["%dalle_login" in caption for caption in captions]
    assert all("not an AI model" in caption for caption in captions)


def test_hostile_prompts_reach_no_notebook(server: Api, kernel: Kernel) -> None:
    """A prompt of script and control characters is drawn, shown and saved as words."""
    kernel.run("%load_ext dalle_nb")
    outputs = kernel.run("%%dalle\n<script>alert(1)</script><img src=x onerror=alert(2)> \u202e gpj")
    html = "".join(output.get("data", {}).get("text/html", "") for output in outputs)
    assert "<script" not in html
    assert "<img" not in html
    assert "[U+202E]" in html


def test_a_broken_preview_is_left_out(bare_shell: InteractiveShell) -> None:
    """What a server streams as a partial picture and is none neither shows nor stops the drawing."""
    from dalle_nb._live import LiveView
    from dalle_nb._settings import Settings

    view = LiveView(Settings(), price=False)
    with capture_output() as captured:
        view.preview(1, b"\x89PNG\r\n\x1a\nno picture")
    assert captured.outputs == []
    assert not view.begun
