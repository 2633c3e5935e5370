"""`GET /go/<slug>`: past Flask, so that an address leaves byte for byte as it was made.

Werkzeug writes some characters of a Location anew, and a redirect needs none of what it
offers otherwise.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from html import escape
from typing import Any, Final

import orjson

from forwarder.clicks.follow import Follow, Led
from forwarder.clicks.visitors import Asked
from forwarder.core.links import Bio
from forwarder.core.tally import tally
from forwarder.web.bio import bio_page
from forwarder.web.bodies import CutOff, read_body
from forwarder.web.headers import HEADERS

PREFIX: Final = "/go/"
BIO: Final = "/b/"
LANDING: Final = "/c"
BODY_MAX_BYTES: Final = 8 * 1024
COOKIE: Final = "_pcid"
SEED_COOKIE: Final = "_pcid_arm"
DAY_S: Final = 86_400
YES: Final = frozenset({"granted", "yes", "1", "true"})
_SEED: Final = re.compile(r"[0-9a-f]{16}")
_STATUSES: Final = {
    200: "200 OK",
    302: "302 Found",
    400: "400 Bad Request",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    429: "429 Too Many Requests",
    503: "503 Service Unavailable",
}
_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-Robots-Tag", "noindex"),
    ("X-Content-Type-Options", "nosniff"),
)
_BODIES: Final = {
    404: b"No such link. Go back and try another one.\n",
    405: b"Only GET and HEAD.\n",
    503: b"Not before the click.\n",
}


StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How links are followed here.

    `target` tells where one leads, for whoever asks, and `bio` gives a page of them.
    """

    follow: Follow
    target: Callable[[str], str | None]
    bio: Callable[[str], Bio | None]
    cookie_days: int
    landing_origins: frozenset[str]
    consent_cookie: str
    country_header: str


class Going:
    """A WSGI application that follows links itself and gives all else to the next."""

    def __init__(self, rest: Wsgi, way: Way) -> None:
        """Stand in front of `rest`."""
        self._rest = rest
        self._way = way
        told = way.country_header.upper().replace("-", "_")
        self._country = f"HTTP_{told}" if told else ""

    def __call__(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer `/go/<slug>` and `POST /c`."""
        path: str = environ["PATH_INFO"]
        if path == LANDING and environ["REQUEST_METHOD"] == "POST":
            return self._landed(environ, start_response)
        if path.startswith(BIO) and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            bio = self._way.bio(path[len(BIO) :])
            return bio_page(bio, start_response)
        if not path.startswith(PREFIX):
            return self._rest(environ, start_response)
        slug = path[len(PREFIX) :]
        method = environ["REQUEST_METHOD"]
        if method not in {"GET", "HEAD"}:
            return _answered(Led(status=405), [], start_response)
        if slug.endswith("+"):
            return self._told(slug[:-1], start_response)
        led = self._way.follow(self._asked(environ, slug, is_head=method == "HEAD"))
        tally.add("forwarder_links_followed_total", (str(led.status),))
        return _answered(led, list(self._cookies(led)), start_response)

    def _landed(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Take what a page of the shop tells of the visit that began there."""
        origin = environ.get("HTTP_ORIGIN", "").rstrip("/").lower()
        if origin not in self._way.landing_origins:
            return _said(
                403, {"error": "not among landing_origins"}, [], start_response
            )
        told = _told_by_page(environ)
        headers = [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", "true"),
            ("Vary", "Origin"),
        ]
        if told is None:
            error = {"error": 'send {"slug": "...", "query": "..."}, 8 KB at most'}
            return _said(400, error, headers, start_response)
        slug, query = told
        asked = self._asked({**environ, "QUERY_STRING": query}, slug, is_head=False)
        led = self._way.follow.land(replace(asked, is_landing=True))
        headers += self._cookies(led)
        return _said(led.status, {"token": led.token or None}, headers, start_response)

    def _asked(self, environ: dict[str, Any], slug: str, *, is_head: bool) -> Asked:
        cookies = _cookies_of(environ.get("HTTP_COOKIE", ""))
        seed = cookies.get(SEED_COOKIE, "")
        return Asked(
            slug=slug,
            query=environ.get("QUERY_STRING", ""),
            is_head=is_head,
            user_agent=environ.get("HTTP_USER_AGENT", ""),
            address=environ.get("REMOTE_ADDR") or "",
            ahead=(
                environ.get("HTTP_SEC_PURPOSE", ""),
                environ.get("HTTP_PURPOSE", ""),
                environ.get("HTTP_X_MOZ", ""),
                environ.get("HTTP_X_PURPOSE", ""),
            ),
            has_gpc=environ.get("HTTP_SEC_GPC", "").strip() == "1",
            has_dnt=environ.get("HTTP_DNT", "").strip() == "1",
            has_consent=cookies.get(self._way.consent_cookie, "").lower() in YES,
            country=environ.get(self._country, "").strip().upper(),
            token=cookies.get(COOKIE, ""),
            seed=seed if _SEED.fullmatch(seed) else "",
        )

    def _cookies(self, led: Led) -> Iterable[tuple[str, str]]:
        max_age_s = self._way.cookie_days * DAY_S
        for name, value in ((COOKIE, led.token), (SEED_COOKIE, led.seed)):
            if value:
                told = f"{name}={value}; Path=/; Max-Age={max_age_s}"
                yield "Set-Cookie", f"{told}; Secure; HttpOnly; SameSite=Lax"

    def _told(self, slug: str, start_response: StartResponse) -> Iterable[bytes]:
        """Show where a link leads, without going there and without counting it."""
        to = self._way.target(slug)
        if to is None:
            return _answered(Led(status=404), [], start_response)
        page = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Link</title>'
            f"<p>This link leads to</p><p><code>{escape(to)}</code></p></html>\n"
        )
        headers = [*HEADERS.items(), ("X-Robots-Tag", "noindex")]
        start_response("200 OK", [*headers, ("Content-Type", "text/html")])
        return [page.encode()]


def _answered(
    led: Led, cookies: list[tuple[str, str]], start_response: StartResponse
) -> Iterable[bytes]:
    body = _BODIES.get(led.status, b"")
    headers = [*_HEADERS, ("Content-Length", str(len(body))), *cookies]
    if led.location:
        headers.append(("Location", led.location))
    if body:
        headers.append(("Content-Type", "text/plain"))
    start_response(_STATUSES[led.status], headers)
    return [body]


def _told_by_page(environ: dict[str, Any]) -> tuple[str, str] | None:
    """Return link and query that a page tells; None where it tells neither."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdigit() or int(length) > BODY_MAX_BYTES:
        return None
    try:
        told = orjson.loads(read_body(environ))
    except (CutOff, orjson.JSONDecodeError):
        return None
    slug = told.get("slug") if isinstance(told, dict) else None
    query = told.get("query", "") if isinstance(told, dict) else None
    if not isinstance(slug, str) or not isinstance(query, str):
        return None
    return slug, query.removeprefix("?")


def _said(
    status: int,
    told: dict[str, Any],
    headers: list[tuple[str, str]],
    start_response: StartResponse,
) -> Iterable[bytes]:
    body = orjson.dumps(told)
    kind = ("Content-Type", "application/json")
    length = ("Content-Length", str(len(body)))
    start_response(_STATUSES[status], [*_HEADERS, kind, length, *headers])
    return [body]


def _cookies_of(header: str) -> dict[str, str]:
    """Return the cookies of a request, by name."""
    pairs = (one.partition("=") for one in header.split(";"))
    return {name.strip(): value.strip(' "') for name, _, value in pairs}
