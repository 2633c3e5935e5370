"""Go the way of a link hop by hop, as a browser would, and note each step."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, Queue
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from forwarder.clicks.page import Page, look_at
from forwarder.outside import Unsafe

MAX_HOPS: Final = 10
HOP_S: Final = 5.0
PAGE_BYTES: Final = 512 * 1024
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
FOREVER: Final = frozenset({301, 308})  # browsers keep those unless told not to
_RAW_SAFE: Final = "!#$%&'()*+,/:;=?@[]~|\\^`{}<>\""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One request. `status` is None where no answer came; `why` says so in words."""

    n: int
    url: str
    status: int | None
    location: str | None
    ms: int
    is_kept: bool = False
    is_refresh: bool = False
    cookie_names: Sequence[str] = ()
    referrer_policy: str = ""
    has_hsts: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """All hops; `page` is what the last one shows, None if it is no page."""

    hops: Sequence[Hop]
    page: Page | None
    is_loop: bool = False
    is_endless: bool = False


def walk(session: requests.Session, url: str, user_agent: str, until_s: float) -> Way:
    """Return the way from `url` to its end, at most ten hops.

    `until_s` is when to give up, on the monotonic clock. Raises: Unsafe for the first
    address, ConnectionError or Timeout where not even that one answers.
    """
    hops: list[Hop] = []
    seen: set[str] = set()
    while len(hops) < MAX_HOPS:
        seen.add(url)
        started_s = time.monotonic()
        try:
            hop, page = _step(session, len(hops) + 1, url, user_agent, until_s)
        except requests.RequestException as fault:
            if not hops:
                raise
            hops.append(_silent(len(hops) + 1, url, _ms_since(started_s), fault))
            return Way(hops=hops, page=None)
        hops.append(hop)
        if hop.location is None:
            return Way(hops=hops, page=page)
        url = hop.location
        if url in seen:
            return Way(hops=hops, page=None, is_loop=True)
    return Way(hops=hops, page=None, is_endless=True)


def _silent(n: int, url: str, ms: int, fault: requests.RequestException) -> Hop:
    why = str(fault) if isinstance(fault, Unsafe) else "no answer came"
    return Hop(n=n, url=url, status=None, location=None, ms=ms, why=why)


def _ms_since(started_s: float) -> int:
    return round((time.monotonic() - started_s) * 1000)


def _step(
    session: requests.Session, n: int, url: str, user_agent: str, until_s: float
) -> tuple[Hop, Page | None]:
    started_s = time.monotonic()
    left_s = min(HOP_S, until_s - started_s)
    if left_s <= 0:
        raise requests.Timeout("the audit took too long")
    request = requests.Request("GET", url, headers=_headers(user_agent)).prepare()
    request.url = _ascii(url)  # `requests` would write some signs otherwise
    with _within(left_s, partial(_send, session, request, left_s)) as reply:
        page = _page(reply, url, started_s + left_s)
        return _noted(n, url, reply, page, _ms_since(started_s)), page


def _send(
    session: requests.Session, request: requests.PreparedRequest, left_s: float
) -> requests.Response:
    return session.send(request, stream=True, timeout=(left_s, left_s))


def _within(left_s: float, call: Callable[[], requests.Response]) -> requests.Response:
    """Return what the call returns, or raise Timeout.

    A server that sends its header lines drop by drop never trips a socket's time-out.
    It keeps a thread until it ends; nobody waits for that.
    """
    answers: Queue[requests.Response | BaseException] = Queue()

    def run() -> None:
        try:
            answers.put(call())
        except BaseException as fault:  # noqa: BLE001  raised again by who waits
            answers.put(fault)

    threading.Thread(target=run, daemon=True).start()
    try:
        answer = answers.get(timeout=left_s)
    except Empty:
        raise requests.Timeout("no whole answer came in time") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _headers(user_agent: str) -> dict[str, str]:
    return {
        "User-Agent": user_agent,
        "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
        "Accept-Language": "en-GB,en;q=0.9",
        "Accept-Encoding": "identity",
    }


def _noted(
    n: int, url: str, reply: requests.Response, page: Page | None, ms: int
) -> Hop:
    headers = reply.headers
    told = headers.get("Location") if reply.status_code in REDIRECTS else None
    is_refresh = told is None and page is not None and page.refresh is not None
    kept = headers.get("Cache-Control", "").lower()
    return Hop(
        n=n,
        url=url,
        status=reply.status_code,
        location=page.refresh
        if is_refresh and page is not None
        else _target(url, told),
        ms=ms,
        is_kept=reply.status_code in FOREVER
        and not any(word in kept for word in ("no-store", "no-cache", "max-age=0")),
        is_refresh=is_refresh,
        cookie_names=sorted(reply.cookies.keys()),
        referrer_policy=headers.get("Referrer-Policy", ""),
        has_hsts="Strict-Transport-Security" in headers,
    )


def _target(url: str, told: str | None) -> str | None:
    """Return the address a redirect leads to, with its own bytes where they can be."""
    if told is None:
        return None
    try:
        joined = urljoin(url, _ascii(told.strip()))
        fragment = urlsplit(url).fragment
    except ValueError:
        return None
    return f"{joined}#{fragment}" if fragment and "#" not in joined else joined


def _ascii(url: str) -> str:
    """Return the address with bytes beyond ASCII written as `%XX`."""
    try:
        raw = url.encode("latin-1")  # how the header's bytes came
    except UnicodeEncodeError:
        raw = url.encode()
    return quote(raw, safe=_RAW_SAFE)


def _page(reply: requests.Response, url: str, until_s: float) -> Page | None:
    """Return the signs of an HTML page; the first half megabyte is enough."""
    is_html = "html" in reply.headers.get("Content-Type", "").lower()
    if reply.status_code in REDIRECTS or not is_html:
        return None
    pieces = bytearray()
    while len(pieces) < PAGE_BYTES and time.monotonic() < until_s:
        try:
            piece = reply.raw.read1(PAGE_BYTES - len(pieces), decode_content=True)
        except (HTTPError, OSError):
            break  # what came until then is looked at
        if not piece:
            break
        pieces += piece
    return look_at(url, bytes(pieces[:PAGE_BYTES]).decode("utf-8", errors="replace"))
