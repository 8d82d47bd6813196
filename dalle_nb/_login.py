"""Takes a key without showing it: asked with hidden input, kept for this kernel, tested without drawing.

A key is never returned, printed or written, except to the system's key ring when that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from getpass import getpass
from typing import TYPE_CHECKING

from dalle_nb._errors import AuthenticationError, SettingsError
from dalle_nb._language import tr
from dalle_nb._setting_values import Secret

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

    from dalle_nb._generator import ImageGenerator

_SERVICE = "dalle-nb"
_NAME = "OPENAI_API_KEY"


def login(
    *, base_url: str | None = None, remember: bool = False, generator: ImageGenerator | None = None
) -> tuple[str, ...]:
    """Ask for a key, hidden, keep it for this process, and return what the server says about it.

    Colab's secrets and the system's key ring are looked into first. ``remember`` asks, and puts the key into
    the key ring. A server that needs no key is logged in to with ``base_url`` and an empty answer.

    Raises:
        SettingsError: nothing was typed, or nobody can be asked, or there is no key ring to remember it in.
        DrawError: the server does not take the key; what was set before stays.
    """
    from dalle_nb._generator import default_generator

    workshop = generator or default_generator()
    if remember and _key_ring() is None:
        raise SettingsError(
            tr("This machine has no key ring to remember the key in."),
            tr("On Linux: pip install keyring, with a desktop's key ring running. Or leave out --remember."),
        )
    refusal: AuthenticationError | None = None
    for key in _kept_keys() if not remember else ():
        try:
            return _try(workshop, key, base_url)
        except AuthenticationError as error:
            refusal = error  # an old one: the user may type another
    key = _typed_key(refusal, required=not base_url)
    answer = _try(workshop, key, base_url)
    if remember:
        _remember(key)
    return answer


def _try(workshop: ImageGenerator, key: Secret, base_url: str | None) -> tuple[str, ...]:
    """Ask the server about a key, and use it from now on if it is taken."""
    said = {"api_key": key or Secret("none"), "base_url": base_url}
    answer = workshop.sibling("login", **said).sibling(backend="openai").backend.check()
    workshop.configure(layer="login", **said)
    return answer


def _typed_key(refusal: AuthenticationError | None, *, required: bool) -> Secret:
    try:
        key = Secret(getpass(f"{_NAME}: ").strip())
    except (EOFError, NotImplementedError):
        # Jupyter's own word where no front end listens: StdinNotImplementedError.
        raise refusal or SettingsError(
            tr("Nobody can be asked for a key here."), tr("Set {name} before the kernel starts.", name=_NAME)
        ) from None
    if required and not key:
        raise SettingsError(tr("No key was typed."), tr("Run it again and paste your key; nothing is shown."))
    return key


def _kept_keys() -> Iterator[Secret]:
    """Give the keys that Colab's secrets and the key ring hold."""
    if secret := _colab_secret():
        yield Secret(secret)
    if (ring := _key_ring()) and (kept := ring.get_password(_SERVICE, _NAME)):
        yield Secret(kept)


def _colab_secret() -> str | None:
    try:
        from google.colab import userdata  # type: ignore[import-not-found]  # only on Colab
    except ImportError:
        return None
    try:
        return str(userdata.get(_NAME))
    except (userdata.SecretNotFoundError, userdata.NotebookAccessError):
        return None


def _remember(key: Secret) -> None:
    ring = _key_ring()
    assert ring is not None
    ring.set_password(_SERVICE, _NAME, str(key))


def _key_ring() -> KeyringBackend | None:
    """Return the system's key ring, or None where there is none to speak of."""
    try:
        import keyring
        from keyring.backends.fail import Keyring as NoKeyring
    except ImportError:
        return None
    ring = keyring.get_keyring()
    return None if isinstance(ring, NoKeyring) else ring
