"""Settings: which layer counts, what each may set, and that a key is never seen."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from workshop import KEY, start

import dalle_nb as dn
from dalle_nb._errors import SettingsError
from dalle_nb._generator import default_generator
from dalle_nb._setting_values import Secret
from dalle_nb._settings import LAYERS, Settings, parse_setting, read_environment, read_project, resolve

pytest_plugins = ["openai_server.fixtures", "workshop_fixtures"]

PROJECT = "pyproject.toml"


def write_project(text: str, folder: Path | None = None) -> Path:
    path = (folder or Path.cwd()) / PROJECT
    path.write_text(text, encoding="utf-8")
    return path


# --- layers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(len(LAYERS) - 1), ids=LAYERS[:-1])
def test_the_earlier_layer_counts(place: int) -> None:
    """A layer is stronger than all that come after it, and the settings say which one spoke."""
    said = {layer: {"size": f"{1024 + 16 * number}x1024"} for number, layer in enumerate(LAYERS[place:])}
    settings = resolve(said)
    assert "1024x1024" == settings.options["size"]
    assert LAYERS[place] == settings.origins["size"]


def test_none_means_nobody_said() -> None:
    """A None hides no layer below it."""
    assert (
        resolve({"configure": {"quality": None}, "environment": {"quality": "low"}}).options["quality"]
        == "low"
    )


def test_a_default_is_taken_back_with_none() -> None:
    """``configure(size=None)`` forgets what was configured before."""
    dn.configure(size="landscape")
    dn.configure(size=None)
    assert "size" not in default_generator().settings.options


def test_a_wrong_default_sets_nothing() -> None:
    """Where one value is wrong none of them counts."""
    with pytest.raises(SettingsError):
        dn.configure(quality="low", retry="perhaps")
    assert "quality" not in default_generator().settings.options


def test_a_sibling_follows_later_settings() -> None:
    """What is configured later also holds for a Run that one call's options have drawn."""
    run = dn.generate("a cat", backend="offline", timeout=60)
    dn.configure(budget=1)
    assert (1_000_000, 60.0) == (run.generator.settings.budget, run.generator.settings.timeout)


def test_the_api_s_names_are_understood() -> None:
    """An option may go by the name that the Images API has for it, and still be one setting."""
    settings = resolve({"configure": {"output_format": "webp"}, "environment": {"format": "png"}})
    assert {"format": "webp"} == dict(settings.options)


# --- values -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said", "meant"),
    [
        ("budget", "$0.50", 500_000),
        ("budget", 2, 2_000_000),
        ("confirm_above", "0", 0),
        ("reuse", "off", False),
        ("record", True, True),
        ("timeout", "90", 90.0),
        ("thumbnail", "256", 256),
        ("size", "1024×1536", "1024x1536"),
        ("server", "localai", "localai"),
        ("home", "pictures", Path("pictures").absolute()),
    ],
)
def test_a_value_is_read(name: str, said: object, meant: object) -> None:
    """Text from a variable or a form becomes the one form that the rest of the house knows."""
    if name == "home":
        meant = Path.cwd() / "pictures"
    assert meant == parse_setting(name, said)


@pytest.mark.parametrize(
    ("name", "said", "right"),
    [
        ("qualty", "low", "quality"),
        ("bakend", "offline", "backend"),
        ("retry", "alway", "always"),
        ("per", "daily", "day"),
        ("backend", "offlin", "offline"),
        ("server", "local-ai", "localai"),
        ("size", "huge", "1024x1024"),
        ("budget", "much", "0.50"),
        ("budget", float("nan"), "0.50"),
        ("timeout", 0, "300"),
        ("reuse", "perhaps", "true"),
        ("thumbnail", 10**9, "64"),
        ("base_url", "api.example.com", "https://"),
        ("home", "~nobody-of-that-name/x", "~/pictures"),
        ("home", 7, "~/pictures"),
    ],
)
def test_a_wrong_value_names_the_nearest(name: str, said: object, right: str) -> None:
    """What is wrong is repeated, and the first thing to try is what was most likely meant."""
    with pytest.raises(SettingsError) as caught:
        parse_setting(name, said)
    assert right in caught.value.fix.split("|")[0]
    assert "\n" in str(caught.value)


# --- the environment --------------------------------------------------------------------------------------


def test_the_environment_is_the_sdk_s_and_ours() -> None:
    """Variables of the SDK and ``DALLE_NB_*`` are read; ours is stronger, an empty one says nothing."""
    said = read_environment(
        {
            "OPENAI_BASE_URL": "http://sdk/v1",
            "DALLE_NB_BASE_URL": "http://ours/v1",
            "OPENAI_ORG_ID": "",
            "DALLE_NB_MODEL": "gpt-image-2-2026-04-21",
            "DALLE_NB_PER": "day",
        }
    )
    assert said == {"base_url": "http://ours/v1", "model": "gpt-image-2-2026-04-21", "per": "day"}


@pytest.mark.parametrize(
    ("environ", "azure", "key"),
    [
        ({"OPENAI_API_KEY": "sk-o", "AZURE_OPENAI_API_KEY": "az"}, False, "sk-o"),
        ({"AZURE_OPENAI_API_KEY": "az"}, False, None),
        ({"OPENAI_API_KEY": "sk-o", "AZURE_OPENAI_API_KEY": "az"}, True, "az"),
        ({"AZURE_OPENAI_ENDPOINT": "https://x", "AZURE_OPENAI_API_KEY": "az"}, False, "az"),
        ({"AZURE_OPENAI_ENDPOINT": "https://x", "OPENAI_API_KEY": "sk-o"}, False, "sk-o"),
    ],
)
def test_azure_has_a_key_of_its_own(environ: dict[str, str], azure: bool, key: str | None) -> None:
    """Azure's key is used where an Azure endpoint is set, and nowhere else."""
    assert key == read_environment(environ, azure=azure).get("api_key")


def test_a_configured_endpoint_brings_azure_s_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not matter whether the endpoint was set by the environment or in Python."""
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "az-1234567890")
    dn.configure(azure_endpoint="https://mine.example.com")
    assert default_generator().settings.api_key == "az-1234567890"


# --- the project file -------------------------------------------------------------------------------------


def test_a_project_sets_request_options() -> None:
    """``[tool.dalle_nb]`` of the nearest pyproject.toml gives defaults to every notebook below it."""
    write_project('[tool.dalle_nb]\nquality = "low"\noutput_format = "webp"\n')
    below = Path("notebooks/deep")
    below.mkdir(parents=True)
    assert read_project(below.absolute())["quality"] == "low"
    assert default_generator().settings.options["format"] == "webp"


@pytest.mark.parametrize(
    "line",
    [
        'base_url = "http://evil.example.com/v1"',
        'azure_endpoint = "http://evil.example.com"',
        'api_key = "sk-x"',
        'home = "/tmp/elsewhere"',
        'backend = "openai"',
        "budget = 1000000",
        "confirm_above = 1000000",
        'server = "openai"',
        'retry = "always"',
        "record = false",
    ],
)
def test_a_project_may_not_redirect_or_spend(line: str) -> None:
    """A cloned repository cannot send a key elsewhere, move the history, or lift what guards money."""
    path = write_project(f"[tool.dalle_nb]\n{line}\n")
    with pytest.raises(SettingsError, match="project file may not set") as caught:
        dn.generate("a cat")
    assert str(path) in caught.value.fix
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["[tool.dalle_nb", "[tool]\ndalle_nb = 3\n", '[tool.dalle_nb]\nsise = "x"\n']
)
def test_a_broken_project_file_is_told(text: str) -> None:
    """A file that cannot be read, or sets what there is not, is named plainly; mended it counts at once."""
    path = write_project(text)
    with pytest.raises(SettingsError):
        default_generator().settings  # noqa: B018 - looking is what fails
    path.write_text('[tool.dalle_nb]\nquality = "high"\n', encoding="utf-8")
    assert default_generator().settings.options["quality"] == "high"


# --- the key ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "say",
    [
        lambda: dn.configure(api_key=KEY),
        lambda: dn.ImageGenerator(api_key=KEY),
        lambda: dn.ImageGenerator("gpt-image-2", None, api_key=KEY, base_url="http://x"),
        lambda: default_generator().configure(layer="config", api_key=KEY),
        lambda: default_generator().configure(layer="panel", api_key=KEY),
    ],
    ids=["configure", "ImageGenerator", "with others", "%config", "panel"],
)
def test_a_key_is_not_taken_from_code(say: object) -> None:
    """A key in a cell would stay in the notebook: it is refused, and the error names the way that is safe."""
    with pytest.raises(SettingsError) as caught:
        say()
    assert "dn.login()" in caught.value.fix
    assert KEY not in str(caught.value)
    assert default_generator().settings.api_key is None


@pytest.mark.parametrize("bad", ["sk-\u201cquoted\u201d", "two words", "line\nbreak", "caf\u00e9-0123"])
def test_a_broken_key_is_refused_unseen(monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    """A key that no HTTP header can carry is refused before anything is sent, and not repeated."""
    monkeypatch.setenv("OPENAI_API_KEY", bad)
    with pytest.raises(SettingsError) as caught:
        default_generator().settings  # noqa: B018 - looking is what fails
    assert bad not in str(caught.value)


def test_a_secret_hides_itself() -> None:
    """A key shows in no repr, alone or inside anything, and travels in no pickle and no copy of one."""
    settings = resolve({"environment": read_environment({"OPENAI_API_KEY": KEY})})
    assert KEY == settings.api_key
    for holder in (settings, settings.api_key, {"key": settings.api_key}, (settings.api_key,), Settings()):
        assert KEY[8:14] not in repr(holder)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(Secret(KEY), protocol)
    with pytest.raises(TypeError):
        copy.deepcopy(settings)


PROGRAM = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "dalle_nb")
shell.run_line_magic("xmode", "Verbose")
for cell in {cells!r}:
    shell.run_cell(cell, store_history=True)
    shell.run_line_magic("tb", "")
"""
CELLS = (
    "import dalle_nb as dn\nrun = dn.generate('a cat')",
    "dn.configure(retry='perhaps')",
    "%dalle_check",
    "%dalle_login",
    "dn.generate('a cat', base_url='http://x')",
    "import os\nos.environ['OPENAI_BASE_URL'] = 'nowhere'\ndn.generate('a dog')",
    "dn.default_generator",
    "from dalle_nb._generator import default_generator as d\nd().settings, vars(d()), d()._shared",
)


@pytest.mark.parametrize("fault", ["401_echo", "500", "html_200", "reset_mid"])
def test_no_traceback_shows_a_key(server: object, fault: str) -> None:
    """``%xmode Verbose`` shows all variables of all frames, and no six characters of the key among them."""
    server.fail(fault, times=20)
    done = start(PROGRAM.format(cells=CELLS))
    said = "".join(done.communicate("sk-typed-Jq8Wm3Zr5Tn7\n", timeout=120))
    assert "Traceback" in said
    pieces = {
        secret[at : at + 6] for secret in (KEY, "sk-typed-Jq8Wm3Zr5Tn7") for at in range(9, len(secret) - 5)
    }
    assert {piece for piece in pieces if piece in said} == set()


def test_an_error_does_not_repeat_a_typed_key(bare_shell: InteractiveShell) -> None:
    """The two lines quote the user's own line, but for the key that stands in it."""
    with capture_output() as captured:
        bare_shell.run_cell(f"import dalle_nb as dn\ndn.configure(api_key='{KEY}')", store_history=True)
    assert "dn.configure(api_key='…')" in captured.stdout
    assert KEY[8:14] not in captured.stdout
