"""What every page of the console is made of: words, links, times, the style sheet."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import zip_longest
from typing import Any, Final
from urllib.parse import urlencode

from flask import g, url_for
from markupsafe import Markup

from forwarder.web import session, words
from forwarder.web.console_story import stamp
from forwarder.web.shapes import moment, value_text

STYLE: Final = "console.css"
ICON: Final = "icon.svg"


def furniture() -> dict[str, Any]:
    """Return the words and the small things that templates may use."""
    return {
        "user": g.get("user"),
        "token": session.form_token,
        "style_url": url_for("console.static", filename=STYLE, v=version()),
        "icon_url": url_for("console.static", filename=ICON, v=version()),
        "list_url": list_url,
        "coded": coded,
        "reason_label": words.reason_label,
        "dropped_label": words.dropped_label,
        "statuses": words.STATUSES,
        "outcomes": words.OUTCOMES,
        "modes": words.MODES,
        "moment": moment,
        "stamp": stamp,
        "value_text": value_text,
    }


@cache
def version() -> str:
    """Return a word that changes with the style sheet and the icon."""
    folder = files("forwarder.web").joinpath("static")
    content = [folder.joinpath(name).read_bytes() for name in (STYLE, ICON)]
    return sha256(b"".join(content)).hexdigest()[:12]


def list_url(query: Mapping[str, str] | None = None) -> str:
    """Return the address of the delivery list with these filters."""
    address = url_for("console.deliveries")
    return f"{address}?{urlencode(query)}" if query else address


def coded(text: str) -> Markup:
    """Return a sentence, escaped, with what stands in backticks as code."""
    parts = text.split("`")
    inside = [Markup("<code>{}</code>").format(part) for part in parts[1::2]]
    pairs = zip_longest(parts[::2], inside, fillvalue="")
    return Markup("").join(part for pair in pairs for part in pair)
