"""Takes a key without showing it: asked with hidden input, kept for this kernel, tested without drawing.

A key is never returned, printed or written, except to the system's key ring when that is asked for.
"""

from __future__ import annotations

from getpass import getpass
from typing import TYPE_CHECKING

from dalle_nb._errors import SettingsError
from dalle_nb._language import tr

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

    from dalle_nb._generator import ImageGenerator

_SERVICE = "dalle-nb"
_NAME = "OPENAI_API_KEY"


def login(
    *, base_url: str | None = None, remember: bool = False, generator: ImageGenerator | None = None
) -> tuple[str, ...]:
    """Ask for a key, hidden, keep it for this process, and return what the server says about it.

    Colab's secrets and the system's key ring are looked into first. ``remember`` puts the key into the key
    ring. A server that needs no key is logged in to with ``base_url`` and an empty answer.

    Raises:
        SettingsError: nothing was typed, or there is no key ring to remember it in.
        DrawError: the server does not take the key; it is not kept.
    """
    from dalle_nb._generator import default_generator

    workshop = generator or default_generator()
    key = _colab_secret() or (None if remember else _remembered()) or getpass(f"{_NAME}: ").strip()
    if not key and not base_url:
        raise SettingsError(tr("No key was typed."), tr("Run it again and paste your key; nothing is shown."))
    workshop.configure(layer="login", api_key=key or "none", base_url=base_url, backend=None)
    try:
        answer = workshop.backend.check()
    except BaseException:
        workshop.configure(layer="login", api_key=None, base_url=None)
        raise
    if remember:
        _remember(key)
    return answer


def _colab_secret() -> str | None:
    try:
        from google.colab import userdata  # type: ignore[import-not-found]  # only on Colab
    except ImportError:
        return None
    try:
        return str(userdata.get(_NAME))
    except (userdata.SecretNotFoundError, userdata.NotebookAccessError):
        return None


def _remembered() -> str | None:
    ring = _key_ring()
    return ring.get_password(_SERVICE, _NAME) if ring else None


def _remember(key: str) -> None:
    ring = _key_ring()
    if ring is None:
        raise SettingsError(
            tr("This machine has no key ring to remember the key in; it is kept for this kernel."),
            tr("On Linux: pip install keyring, with a desktop's key ring running."),
        )
    ring.set_password(_SERVICE, _NAME, key)


def _key_ring() -> KeyringBackend | None:
    """Return the system's key ring, or None where there is none to speak of."""
    try:
        import keyring
        from keyring.backends.fail import Keyring as NoKeyring
    except ImportError:
        return None
    ring = keyring.get_keyring()
    return None if isinstance(ring, NoKeyring) else ring
