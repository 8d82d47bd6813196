"""Fetches pictures that a server answered with a URL: at once, for such URLs expire, and boundedly.

A download is tried again as a download; nothing here ever draws again.
"""

from __future__ import annotations

import ipaddress
import time
from typing import Any
from urllib.parse import urlsplit

from dalle_nb._backend import Terms
from dalle_nb._errors import BadAnswer, ConnectionFailed, DrawError, DrawTimeout
from dalle_nb._language import tr
from dalle_nb._records import Billed
from dalle_nb.backends.openai.answers import MOST_BYTES_A_PICTURE
from dalle_nb.backends.openai.wire import (
    Guard,
    OutOfTime,
    Stopped,
    TooLarge,
    guarded,
    guarded_http,
    http_library,
)

TRIES = 4
PAUSE_SECONDS = 0.4
SECONDS = 60.0


class Downloads:
    """Fetches what one server points at."""

    def __init__(self, server_url: str) -> None:
        self._host = urlsplit(server_url).hostname or ""
        self._http: Any = None

    def fetch(self, url: str, terms: Terms) -> bytes:
        """Return the bytes at the URL.

        Raises:
            BadAnswer: the URL may not be fetched, is gone, or gives too much.
            ConnectionFailed, DrawTimeout: it could not be fetched, after several tries.
        """
        self._refuse_strange(url)
        guard = Guard(
            deadline=time.monotonic() + min(SECONDS, terms.timeout),
            most_bytes=MOST_BYTES_A_PICTURE,
            cancel=terms.cancel,
        )
        for attempt in range(1, TRIES + 1):
            try:
                return self._get(url, guard)
            except (ConnectionFailed, DrawTimeout):
                if attempt == TRIES or terms.cancel.wait(PAUSE_SECONDS * 2 ** (attempt - 1)):
                    raise
                terms.tell(tr("The download broke off; it is tried again. Nothing is drawn or paid twice."))
        raise AssertionError("the last try returns or raises")

    def _get(self, url: str, guard: Guard) -> bytes:
        httpx = http_library()
        if self._http is None:
            # A client of its own: the API's key must not travel to wherever pictures lie.
            self._http = guarded_http(follow_redirects=False)
        guard.came = 0
        try:
            with guarded(guard):
                response = self._http.get(url)
        except TooLarge:
            raise _failed(BadAnswer, tr("the file there is too large")) from None
        except (OutOfTime, Stopped, httpx.TimeoutException):
            raise _failed(DrawTimeout, tr("it took too long")) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _failed(ConnectionFailed, type(error).__name__) from None
        if response.status_code >= 500 or response.status_code in (408, 425, 429):
            raise _failed(ConnectionFailed, f"HTTP {response.status_code}")
        if response.status_code != 200:
            raise _failed(BadAnswer, f"HTTP {response.status_code}")
        return bytes(response.content)

    def _refuse_strange(self, url: str) -> None:
        """Fetch only from the web, and from this machine or its network only what a server there points at."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _failed(BadAnswer, tr("its address is none of the web"))
        if _is_private(parts.hostname) and not _is_private(self._host):
            raise _failed(BadAnswer, tr("its address is inside your own network"))


def _failed(error: type[DrawError], reason: str) -> DrawError:
    return error(
        tr("The picture was drawn, but could not be downloaded: {reason}.", reason=reason),
        tr("It was probably billed. Its address is kept in the store's quarantine folder; it expires soon."),
        billed=Billed.YES,
    )


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
