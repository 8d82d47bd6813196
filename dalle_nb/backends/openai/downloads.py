"""Fetches pictures that a server answered with a URL: at once, for such URLs expire, and boundedly.

A download is tried again as a download; nothing here ever draws again.
"""

from __future__ import annotations

import ipaddress
import time
from typing import Any
from urllib.parse import urlsplit

from dalle_nb._backend import Arrival, Terms
from dalle_nb._errors import BadAnswer, ConnectionFailed, DrawError, DrawTimeout
from dalle_nb._language import tr
from dalle_nb._records import Billed
from dalle_nb.backends.openai.answers import MOST_BYTES_A_PICTURE, Judge, Unusable
from dalle_nb.backends.openai.guard import (
    Guard,
    OutOfTime,
    Stopped,
    TooLarge,
    guarded,
    guarded_http,
    http_library,
)

TRIES = 4
PAUSE_SECONDS = 0.2
SECONDS = 120.0
"""For all tries; one takes at most half of what is left of them, but for the last."""


class Downloads:
    """Fetches what one server points at."""

    def __init__(self, server_url: str) -> None:
        self._host = _host(server_url)
        self._http: Any = None

    def fetch(self, url: str, judge: Judge, terms: Terms) -> Arrival:
        """Return the picture at the URL.

        Raises:
            Unusable: what lies there is no picture.
            BadAnswer: the URL may not be fetched, or gives too much.
            ConnectionFailed, DrawTimeout: it could not be fetched, after several tries.
        """
        self._refuse_strange(url)
        before, end = None, time.monotonic() + min(SECONDS, terms.timeout)
        for tries in range(1, TRIES + 1):
            left = end - time.monotonic()
            guard = Guard(
                deadline=end - left / 2 if tries < TRIES else end,
                most_bytes=MOST_BYTES_A_PICTURE,
                cancel=terms.cancel,
            )
            try:
                return judge(self._get(url, guard))
            except Unusable as error:
                # The same bytes again: not the way spoilt them, they lie there so.
                if error.data == before or not self._again(tries, terms):
                    raise
                before = error.data
            except (ConnectionFailed, DrawTimeout):
                if not self._again(tries, terms):
                    raise
        raise AssertionError("the last try returns or raises")

    def _again(self, tries: int, terms: Terms) -> bool:
        """Wait a moment and say so, where another try is left."""
        if tries == TRIES or terms.cancel.wait(PAUSE_SECONDS * 2 ** (tries - 1)):
            return False
        terms.tell(tr("The download broke off; it is tried again. Nothing is drawn or paid twice."))
        return True

    def _get(self, url: str, guard: Guard) -> bytes:
        httpx = http_library()
        if self._http is None:
            # A client of its own: the API's key must not travel to wherever pictures lie.
            self._http = guarded_http(follow_redirects=False)
        try:
            with guarded(guard):
                response = self._http.get(url)
        except TooLarge:
            raise _failed(BadAnswer, tr("the file there is too large")) from None
        except (OutOfTime, Stopped, httpx.TimeoutException):
            raise _failed(DrawTimeout, tr("it took too long")) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _failed(ConnectionFailed, type(error).__name__) from None
        if response.is_redirect:
            raise _failed(BadAnswer, tr("its address points elsewhere"))
        if response.status_code != 200:
            # A file that is "not found" may not have reached every server of its store yet.
            raise _failed(ConnectionFailed, f"HTTP {response.status_code}")
        return bytes(response.content)

    def _refuse_strange(self, url: str) -> None:
        """Fetch only from the web, and from this machine or its network only what a server there points at."""
        host = _host(url)
        if not url.lower().startswith(("http://", "https://")) or not host:
            raise _failed(BadAnswer, tr("its address is none of the web"))
        if _is_private(host) and not _is_private(self._host):
            raise _failed(BadAnswer, tr("its address is inside your own network"))


def _failed(error: type[DrawError], reason: str) -> DrawError:
    return error(
        tr("The picture was drawn, but could not be downloaded: {reason}.", reason=reason),
        tr("It was probably billed. Its address is kept in the store's quarantine folder; it expires soon."),
        billed=Billed.YES,
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
