"""Every error a user may meet, and what it tells them.

DalleError                     root: what happened, and what to do
├── RequestError               the request breaks a rule; nothing was sent
│   ├── PromptError            the prompt is empty, too long, or names an unknown variable
│   ├── OptionError            an option or its value is not known, or the model does not take it
│   ├── MaskError              the mask is empty, full, or does not fit
│   └── ReferenceNotFound      no such Run, picture, variable or file
├── SettingsError              a setting is missing or wrong; nothing was sent
├── MoneyError                 nothing was sent, to spare the user's money
│   ├── BudgetError            the budget would be crossed
│   └── ConfirmationNeeded     dear enough that ``--yes`` is asked
├── StoreError                 pictures cannot be kept or read
│   ├── StoreUnwritable        read-only folder, full disk
│   └── StoreDamaged           corrupt database, or one of a newer version
└── DrawError                  the backend was asked and did not draw
    ├── RefusedError           moderation refused the prompt or a picture
    ├── AuthenticationError    the key is missing, wrong, or not allowed
    ├── BillingError           the account has no money or quota left
    ├── ModelNotFound          the server does not know the model (any more)
    ├── RateLimitError         asked too fast
    ├── ServerError            the server failed
    ├── ConnectionFailed       the server could not be reached, or the answer was lost
    ├── DrawTimeout            no answer in time
    └── BadAnswer              an answer came that is no picture

Interrupted                    a KeyboardInterrupt while drawing, so that ``except Exception`` lets it pass
"""

from __future__ import annotations

import linecache
import re
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dalle_nb._records import Billed

__all__ = [
    "AuthenticationError",
    "BadAnswer",
    "BillingError",
    "BudgetError",
    "ConfirmationNeeded",
    "ConnectionFailed",
    "DalleError",
    "DrawError",
    "DrawTimeout",
    "Interrupted",
    "MaskError",
    "ModelNotFound",
    "MoneyError",
    "OptionError",
    "PromptError",
    "RateLimitError",
    "ReferenceNotFound",
    "RefusedError",
    "RequestError",
    "ServerError",
    "SettingsError",
    "StoreDamaged",
    "StoreError",
    "StoreUnwritable",
]


class _Told(BaseException):
    """What happened, in one line, and what to do about it, in another."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(what, fix)
        self.what, self.fix = what, fix
        self.run: Any = None
        self._shown = False

    def __str__(self) -> str:
        return f"{self.what}\n→ {self.fix}" if self.fix else self.what

    def _render_traceback_(self) -> list[str]:
        """Two plain lines the first time IPython shows the error; all of it for ``%tb`` after that."""
        if self._shown:
            return _full_traceback(self)
        self._shown = True
        line = _users_line(self.__traceback__)
        where = f"  [{line}]" if line else ""
        return [f"{type(self).__name__}: {self.what}", f"→ {self.fix}{where}  (%tb)"]


class DalleError(_Told, Exception):
    """The root: what happened (``what``), and what to do (``fix``).

    ``run`` is the Run in the history that records the failure, when there is one: its pictures
    keep whatever had already come.
    """


class RequestError(DalleError):
    """The request breaks one or more rules; nothing was sent. ``options`` names those at fault, where known."""

    options: tuple[str, ...] = ()


class PromptError(RequestError):
    """The prompt is empty, too long, or names an unknown variable."""


class OptionError(RequestError):
    """An option or its value is not known, or the model does not take it."""


class MaskError(RequestError):
    """The mask is empty, full, or does not fit its picture."""


class ReferenceNotFound(RequestError, KeyError):
    """No such Run, picture, variable or file."""

    __str__ = _Told.__str__  # a KeyError would show its arguments' repr


class SettingsError(DalleError):
    """A setting is missing or wrong; nothing was sent."""


class MoneyError(DalleError):
    """Nothing was sent, to spare the user's money."""


class BudgetError(MoneyError):
    """The call could cross the budget."""


class ConfirmationNeeded(MoneyError):
    """The call is dear enough that the user is asked first."""


class StoreError(DalleError):
    """Pictures cannot be kept or read."""


class StoreUnwritable(StoreError):
    """The store's folder cannot be written: read-only, or the disk is full."""


class StoreDamaged(StoreError):
    """The database is corrupt, or was written by a newer version."""


class DrawError(DalleError):
    """The backend was asked and did not draw.

    ``code`` is the server's own word for it, ``request_id`` the server's name for the call,
    ``billed`` whether it may cost money, ``retry_after`` the seconds the server asked to wait,
    ``status_code`` its HTTP status.
    """

    def __init__(
        self,
        what: str,
        fix: str = "",
        *,
        code: str | None = None,
        request_id: str | None = None,
        billed: Billed | None = None,
        retry_after: float | None = None,
        status_code: int | None = None,
    ) -> None:
        super().__init__(what, fix)
        self.code, self.request_id, self.billed = code, request_id, billed
        self.retry_after, self.status_code = retry_after, status_code


class RefusedError(DrawError):
    """Moderation refused the prompt or a picture; ``stage`` and ``categories`` say more where known."""

    stage: str | None = None
    categories: tuple[str, ...] = ()


class AuthenticationError(DrawError):
    """The key is missing, wrong, or not allowed to do this."""


class BillingError(DrawError):
    """The account has no money or quota left; asking again does not help."""


class ModelNotFound(DrawError):
    """The server does not know the model, or not any more."""


class RateLimitError(DrawError):
    """Asked too fast; nothing was drawn."""


class ServerError(DrawError):
    """The server failed."""


class ConnectionFailed(DrawError):
    """The server could not be reached, or its answer was lost."""


class DrawTimeout(DrawError):
    """No answer in time."""


class BadAnswer(DrawError):
    """An answer came that is no usable picture; what came is kept in quarantine."""


class Interrupted(_Told, KeyboardInterrupt):
    """The user interrupted a drawing; ``run`` keeps what had come."""


# A key that somebody typed into a cell is bad enough there; no error repeats it.
_KEY = re.compile(r"\b(?:sk|pk)-[\w-]{6,}")


def _users_line(trace: TracebackType | None) -> str:
    """Return the line of the user's own cell or script that led here, or nothing."""
    while trace is not None:
        code = trace.tb_frame.f_code
        # IPython compiles a cell under a name that linecache knows; our own frames are in this package.
        if code.co_name == "<module>" and not trace.tb_frame.f_globals.get("__name__", "").startswith(
            "dalle_nb"
        ):
            line = _KEY.sub("…", linecache.getline(code.co_filename, trace.tb_lineno).strip())
            if line and not line.startswith("get_ipython()"):
                return line if len(line) <= 80 else line[:79] + "…"
        trace = trace.tb_next
    return ""


def _full_traceback(error: BaseException) -> list[str]:
    shell = sys.modules["IPython"].get_ipython()
    rows: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__)
    return rows
