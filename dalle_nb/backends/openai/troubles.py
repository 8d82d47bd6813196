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
from dalle_nb.backends.openai.wire import Guard, OutOfTime, Stopped, TooLarge

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
"""Statuses that certainly cost nothing; after others the server may have drawn (api-facts, section 3)."""

_KEYS = re.compile(r"\b(?:sk|pk|key|Bearer)[-_ ][\w\-.*…•]{4,}", re.IGNORECASE)


def redact(text: str, key: str | None) -> str:
    """Return a stranger's text, bounded, without the key or any six characters of it."""
    clean = _KEYS.sub("[key]", text[: 4 * LONGEST])
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


def explain(error: Exception, guard: Guard, key: str | None) -> DrawError:
    """Return the DrawError that an exception of the SDK or of the guard means."""
    import openai

    for found in _chain(error):
        if isinstance(found, Stopped | OutOfTime):
            return _timed_out(guard)
        if isinstance(found, TooLarge):
            return _too_large(guard)
    if isinstance(error, openai.APIStatusError):
        return from_status(error.status_code, error.body, error.response.headers, key)
    if isinstance(error, openai.APITimeoutError) or "Timeout" in type(error).__name__:
        return _timed_out(guard) if _was_sent(error) else _unreached(error)
    if isinstance(error, openai.APIConnectionError) or type(error).__module__.startswith(
        ("httpx", "httpcore")
    ):
        return _lost(error, guard) if _was_sent(error) else _unreached(error)
    if isinstance(error, openai.APIError):
        # An error event inside a stream carries a code and no status.
        return from_status(0, error.body, {}, key)
    return _unreadable(error, key)


def from_status(status: int, body: Any, headers: Mapping[str, str], key: str | None) -> DrawError:
    """Return the DrawError that a status and a body mean, whatever shape the server gives its errors."""
    inner = body.get("error", body) if isinstance(body, Mapping) else body
    inner = inner if isinstance(inner, Mapping) else {"message": inner}
    code = next((str(inner[name]) for name in ("code", "type") if isinstance(inner.get(name), str)), None)
    message = redact(_message(inner), key)
    kind, what, fix = _judged(status, code, str(inner.get("type")), message)
    error = kind(
        what,
        fix,
        code=code,
        request_id=headers.get("x-request-id"),
        billed=Billed.NO if status in UNSERVED or status == 503 else Billed.UNKNOWN,
        retry_after=read_retry_after(headers),
        status_code=status or None,
    )
    if isinstance(error, RefusedError):
        _tell_moderation(error, inner)
    return error


def _judged(status: int, code: str | None, kind: str, message: str) -> tuple[type[DrawError], str, str]:
    lower = message.lower()
    if code in REFUSED or "content_policy" in lower:
        what = tr("Refused by moderation: {message}", message=message)
        return (
            RefusedError,
            what,
            tr("Change the words or the pictures; asking the same again is refused again."),
        )
    if code in OUT_OF_MONEY or "billing_limit" in kind or (status == 402):
        what = tr("The account has no money or quota left: {message}", message=message)
        return (
            BillingError,
            what,
            tr("Add credit or raise the limit at your provider; retrying does not help."),
        )
    if status == 401:
        return (
            AuthenticationError,
            tr("The key was not accepted: {message}", message=message),
            tr("Run %dalle_login."),
        )
    if "must be verified" in lower:
        link = "platform.openai.com/settings/organization/general"
        what = tr("Your organization must be verified for this model.")
        return AuthenticationError, what, tr("Verify it at {link}, then wait up to 15 minutes.", link=link)
    if status == 403:
        what = tr("Not allowed: {message}", message=message)
        return AuthenticationError, what, tr("Check the key's project, the model's access, and your region.")
    if status == 404 or code in ("model_not_found", "model_retired"):
        return (
            ModelNotFound,
            tr("Not found: {message}", message=message),
            tr("%dalle_models lists what is alive."),
        )
    if status == 429:
        what = tr("Too many requests: {message}", message=message)
        return RateLimitError, what, tr("Wait a moment, or ask for fewer at once.")
    if status == 408:
        return DrawTimeout, tr("The server timed out: {message}", message=message), _maybe_billed()
    if status >= 500 or status in (0, 409):
        return (
            ServerError,
            tr("The server failed ({status}): {message}", status=status, message=message),
            _maybe_billed(),
        )
    what = tr("The server refused the request ({status}): {message}", status=status, message=message)
    return DrawError, what, tr("Change what it names; %dalle_models shows what each model takes.")


def _message(inner: Mapping[str, Any]) -> str:
    found = next((inner[name] for name in ("message", "detail", "error") if inner.get(name)), "")
    return str(found).strip() or tr("no reason given")


def _tell_moderation(error: RefusedError, inner: Mapping[str, Any]) -> None:
    details = inner.get("moderation_details")
    if not isinstance(details, Mapping):
        return
    stage, categories = details.get("moderation_stage"), details.get("categories")
    error.stage = str(stage)[:40] if stage else None
    if isinstance(categories, list):
        error.categories = tuple(str(each)[:40] for each in categories[:20])
    told = ", ".join(filter(None, (error.stage, *error.categories)))
    error.what = f"{error.what} ({told})" if told else error.what


def _maybe_billed() -> str:
    return tr("It may have been billed. Try again later, or say --retry always.")


def _timed_out(guard: Guard) -> DrawTimeout:
    billed = Billed.UNKNOWN if guard.status_code is None else Billed.YES
    what = tr("No complete answer within the time allowed.")
    fix = tr("It may have been billed. Allow more with --timeout, or ask for a lower quality.")
    return DrawTimeout(what, fix, billed=billed)


def _too_large(guard: Guard) -> BadAnswer:
    what = tr("The answer was larger than {size} MB and was refused.", size=guard.most_bytes >> 20)
    return BadAnswer(what, tr("No picture is as large; check the server's address."), billed=Billed.UNKNOWN)


def _lost(error: Exception, guard: Guard) -> ConnectionFailed:
    billed = Billed.YES if guard.status_code == 200 else Billed.UNKNOWN
    what = tr("The connection broke before the answer was complete ({name}).", name=_name(error))
    return ConnectionFailed(what, _maybe_billed(), billed=billed)


def _unreached(error: Exception) -> ConnectionFailed:
    what = tr("The server could not be reached ({name}).", name=_name(error))
    fix = tr("Nothing was billed. Check the network and the address; --backend offline needs neither.")
    return ConnectionFailed(what, fix, billed=Billed.NO)


def _unreadable(error: Exception, key: str | None) -> BadAnswer:
    reason = redact(f"{type(error).__name__}: {error}", key)
    what = tr("The server's answer cannot be read: {reason}", reason=reason)
    return BadAnswer(what, _maybe_billed(), billed=Billed.UNKNOWN)


def _was_sent(error: Exception) -> bool:
    """Whether the request may have reached the server: not when connecting itself failed."""
    unsent = ("ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError")
    return not any(type(found).__name__ in unsent for found in _chain(error))


def _name(error: Exception) -> str:
    return type(list(_chain(error))[-1]).__name__


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
