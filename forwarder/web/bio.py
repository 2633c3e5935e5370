"""`GET /b/<page>`: a page of links for a profile. No script, no picture, no cookie."""

from base64 import b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from html import escape
from typing import Any, Final

from forwarder.core.links import Bio

_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{margin:0 auto;max-width:32rem;padding:8vh 20px;"
    "font:17px/1.5 system-ui,sans-serif;text-align:center}"
    "h1{font-size:1.4rem;overflow-wrap:anywhere}"
    "ul{list-style:none;margin:24px 0;padding:0}"
    "a{display:block;margin:0 0 12px;padding:14px 16px;border:1px solid;"
    "border-radius:10px;color:inherit;text-decoration:none;overflow-wrap:anywhere}"
    "a:hover,a:focus-visible{outline:2px solid;outline-offset:2px}"
)
_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = (
    ("Content-Type", "text/html; charset=utf-8"),
    (
        "Content-Security-Policy",
        (
            f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        ),
    ),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-Content-Type-Options", "nosniff"),
)
_PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>{title}</title><style>{style}</style></head>"
    "<body><main><h1>{title}</h1><ul>{items}</ul></main></body></html>\n"
)


def bio_page(bio: Bio | None, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with the page, each link through its own hop, or 404."""
    if bio is None:
        body = b"No such page.\n"
        length = ("Content-Length", str(len(body)))
        start_response("404 Not Found", [("Content-Type", "text/plain"), length])
        return [body]
    items = "".join(
        f'<li><a href="/go/{escape(slug)}?src=bio" rel="nofollow">{escape(label)}</a>'
        for slug, label in bio.entries
    )
    told = _PAGE.format(title=escape(bio.title), style=_STYLE, items=items)
    page = told.encode()
    start_response("200 OK", [*_HEADERS, ("Content-Length", str(len(page)))])
    return [page]
