"""From what went wrong to the one typed DrawError that says what happened, what to do, and what it may cost.

The SDK's exceptions hold the request with its key: they are read here and not passed on, and a server's
words are cleaned of anything like a key before anybody reads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dalle_nb._errors import (
    AuthenticationError,
    BadAnswer,
    BillingError,
    ConnectionFailed,
    DrawError,
    DrawTimeout,
    ModelNotFound,
    RateLimitError,
    RefusedError,
    ServerError,
)
from dalle_nb._language import tr
from dalle_nb._pace import read_retry_after
from dalle_nb._records import Billed
from dalle_nb.backends.openai.guard import Guard, OutOfTime, Stopped, TooLarge

LONGEST = 400
"""Characters of a server's message that are shown."""

REFUSED = frozenset({"moderation_blocked", "content_policy_violation", "contentFilter", "content_filter"})
OUT_OF_MONEY = frozenset(
    {
        "billing_hard_limit_reached",
        "credit_balance_exhausted",
        "insufficient_quota",
        "organization_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "project_spend_limit_exceeded",
    }
)
UNSERVED = frozenset({400, 401, 403, 404, 405, 413, 415, 422, 429})
"""Statuses that certainly cost nothing; after others the server may have drawn."""

_UNSENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError"})
"""Exceptions of the HTTP library that mean that no request left this machine."""

MOST_READ = 20_000
"""Characters of a server's message that are looked at."""

_TAGS = re.compile(r"<[^<>]*>")
_KEYS = re.compile(r"\b(?:(?:sk|pk|key)[-_]|Bearer )[\w\-.*…•]{4,}", re.IGNORECASE)


def redact(text: str, key: str | None) -> str:
    """Return a stranger's text, bounded, without the key or any six characters of it."""
    clean = _KEYS.sub("[key]", text[:MOST_READ])
    if key and len(key) >= 6:
        pieces = {key[at : at + 6] for at in range(len(key) - 5)}
        hidden = {
            place
            for at in range(len(clean) - 5)
            if clean[at : at + 6] in pieces
            for place in range(at, at + 6)
        }
        clean = "".join("•" if place in hidden else letter for place, letter in enumerate(clean))
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"


def without_key(data: bytes, key: str | None) -> bytes:
    """Return what came without the key, should a careless proxy have repeated it."""
    return data.replace(key.encode(), b"[key]") if key and len(key) >= 6 else data


def explain(error: Exception, guard: Guard, key: str | None) -> DrawError:
    """Return the DrawError that an exception of the SDK or of the guard means."""
    import openai

    chain = _chain(error)
    if any(isinstance(found, Stopped) for found in chain):
        return _stopped(guard)
    if any(isinstance(found, OutOfTime) for found in chain):
        return _timed_out(guard)
    if any(isinstance(found, TooLarge) for found in chain):
        return _too_large(guard)
    if isinstance(error, openai.APIStatusError):
        return from_status(error.status_code, error.body, error.response.headers, key)
    if isinstance(error, openai.APIError) and not isinstance(error, openai.APIConnectionError):
        # An error event inside a stream carries a code and no status.
        return from_status(200, error.body, {}, key)
    if any(type(found).__name__ in _UNSENT for found in chain):
        return _unreached(chain)
    if any("Timeout" in type(found).__name__ for found in chain):
        return _timed_out(guard)
    if any(type(found).__module__.startswith(("httpx", "httpcore")) for found in chain):
        return _lost(chain)
    return _unreadable(error, key) if guard.sent else _unwritten(error, key)


def from_status(status: int, body: Any, headers: Mapping[str, str], key: str | None) -> DrawError:
    """Return the DrawError that a status and a body mean, whatever shape the server gives its errors.

    Status 200 stands for an error told where a picture should be.
    """
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    inner = inner if isinstance(inner, Mapping) else {"message": inner}
    code = next(
        (redact(inner[name], key) for name in ("code", "type") if isinstance(inner.get(name), str)), None
    )
    message = redact(_message(inner), key)
    retry_after = read_retry_after(headers)
    unserved = status in UNSERVED or (status == 503 and retry_after is not None)
    kind = _kind(status, code, str(inner.get("type")), message.lower())
    error = kind(
        *_words(kind, status, message),
        code=code,
        request_id=redact(headers["x-request-id"], key) if "x-request-id" in headers else None,
        billed=Billed.NO if unserved else Billed.UNKNOWN,
        retry_after=retry_after,
        status_code=status,
    )
    if isinstance(error, RefusedError):
        _tell_moderation(error, inner, key)
    return error


def _kind(status: int, code: str | None, kind: str, message: str) -> type[DrawError]:
    if code in REFUSED or "content_policy" in message:
        return RefusedError
    if code in OUT_OF_MONEY or "billing_limit" in kind or status == 402:
        return BillingError
    if status in (401, 403):
        return AuthenticationError
    if status == 404 or code == "model_not_found":
        return ModelNotFound
    if status == 429:
        return RateLimitError
    if status == 408:
        return DrawTimeout
    return ServerError if status >= 500 or status in (200, 409) else DrawError


def _words(kind: type[DrawError], status: int, message: str) -> tuple[str, str]:
    """Return what happened, and what to do."""
    if kind is RefusedError:
        what = tr("Refused by moderation: {message}", message=message)
        return what, tr("Change the words or the pictures; asking the same again is refused again.")
    if kind is BillingError:
        what = tr("The account has no money or quota left: {message}", message=message)
        return what, tr("Add credit or raise the limit at your provider; retrying does not help.")
    if kind is AuthenticationError:
        return _no_entrance(status, message)
    if kind is ModelNotFound:
        return tr("Not found: {message}", message=message), tr("%dalle_models lists what is alive.")
    if kind is RateLimitError:
        what = tr("Too many requests: {message}", message=message)
        return what, tr("Wait a moment, or ask for fewer at once.")
    if kind is DrawError:
        what = tr("The server refused the request ({status}): {message}", status=status, message=message)
        return what, tr("Change what it names; %dalle_models shows what each model takes.")
    return tr("The server failed ({status}): {message}", status=status, message=message), _maybe_billed()


def _no_entrance(status: int, message: str) -> tuple[str, str]:
    if status == 401:
        return tr("The key was not accepted: {message}", message=message), tr("Run %dalle_login.")
    if "must be verified" in message.lower():
        link = "platform.openai.com/settings/organization/general"
        what = tr("Your organization must be verified for this model.")
        return what, tr("Verify it at {link}, then wait up to 15 minutes.", link=link)
    what = tr("Not allowed: {message}", message=message)
    return what, tr("Check the key's project, the model's access, and your region.")


def _message(inner: Mapping[str, Any]) -> str:
    found = next((inner[name] for name in ("message", "detail", "error") if inner.get(name)), "")
    if isinstance(found, list):
        # FastAPI's way: one entry for each field that is wrong.
        found = "; ".join(str(each.get("msg", each) if isinstance(each, Mapping) else each) for each in found)
    words = " ".join(_TAGS.sub(" ", str(found)[:MOST_READ]).split())
    return words or tr("no reason given")


def _tell_moderation(error: RefusedError, inner: Mapping[str, Any], key: str | None) -> None:
    details = inner.get("moderation_details")
    if not isinstance(details, Mapping):
        return
    stage, categories = details.get("moderation_stage"), details.get("categories")
    error.stage = redact(str(stage), key)[:40] if stage else None
    if isinstance(categories, list):
        error.categories = tuple(redact(str(each), key)[:40] for each in categories[:20])
    told = ", ".join(filter(None, (error.stage, *error.categories)))
    error.what = f"{error.what} ({told})" if told else error.what


def _maybe_billed() -> str:
    return tr("It may have been billed. Try again later, or say --retry always.")


def _stopped(guard: Guard) -> DrawTimeout:
    what = tr("Given up before the answer came.")
    if not guard.sent:
        return DrawTimeout(what, tr("Nothing was sent."), billed=Billed.NO)
    return DrawTimeout(what, tr("It may have been billed."), billed=Billed.UNKNOWN)


def _timed_out(guard: Guard) -> DrawTimeout:
    if not guard.sent:
        what = tr("The time allowed was over before anything was sent.")
        return DrawTimeout(what, tr("Nothing was billed. Allow more with --timeout."), billed=Billed.NO)
    what = tr("No complete answer within the time allowed.")
    fix = tr("It may have been billed. Allow more with --timeout, or ask for a lower quality.")
    return DrawTimeout(what, fix, billed=Billed.UNKNOWN)


def _too_large(guard: Guard) -> BadAnswer:
    what = tr("The answer was larger than {size} MB and was refused.", size=guard.most_bytes >> 20)
    return BadAnswer(what, tr("No picture is as large; check the server's address."), billed=Billed.UNKNOWN)


def _lost(chain: list[BaseException]) -> ConnectionFailed:
    what = tr("The connection broke before the answer was complete ({name}).", name=type(chain[-1]).__name__)
    return ConnectionFailed(what, _maybe_billed(), billed=Billed.UNKNOWN)


def _unreached(chain: list[BaseException]) -> ConnectionFailed:
    what = tr("The server could not be reached ({name}).", name=type(chain[-1]).__name__)
    fix = tr("Nothing was billed. Check the network and the address; --backend offline needs neither.")
    return ConnectionFailed(what, fix, billed=Billed.NO)


def _unwritten(error: Exception, key: str | None) -> DrawError:
    what = tr(
        "The request could not be sent: {reason}", reason=redact(f"{type(error).__name__}: {error}", key)
    )
    return DrawError(what, tr("Nothing was sent."), billed=Billed.NO)


def _unreadable(error: Exception, key: str | None) -> BadAnswer:
    reason = redact(f"{type(error).__name__}: {error}", key)
    what = tr("The server's answer cannot be read: {reason}", reason=reason)
    return BadAnswer(what, _maybe_billed(), billed=Billed.UNKNOWN)


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
