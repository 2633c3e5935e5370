"""What a shop hands along from the browser in names reserved for us.

No webhook brings Pinterest's click id, the buyer's IP, user agent or page. A shop puts
them where its platform keeps free fields: note attributes, order meta, metadata, custom
or hidden fields. The names are the same everywhere and are compared in lower case
without `_`, `-` and spaces: `pin_event_id pin_ip pin_ua pin_url pin_opt_out pin_consent
epik pcid utm_*`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from forwarder.core.event import Consent
from forwarder.core.reading import is_yes, query, text
from forwarder.core.source import EVENT_ID_MAX_CHARS

CLICK_ID_MAX_CHARS: Final = 1024
_ONTO_THE_PAGE: Final = {
    "utmsource": "utm_source",
    "utmmedium": "utm_medium",
    "utmcampaign": "utm_campaign",
    "utmcontent": "utm_content",
    "utmterm": "utm_term",
    "utmid": "utm_id",
    "pcid": "pcid",
}
_TOKEN: Final = re.compile(r"pc[A-Za-z0-9_-]{28}")
_IN_QUERY: Final = re.compile(r"[?&][\w-]+=(pc[A-Za-z0-9_-]{28})(?=[&#]|$)", re.ASCII)
_DROPPED: Final = str.maketrans("", "", "_- ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The reserved fields of one notice, read."""

    event_id: str | None = None
    click_id: str | None = field(default=None, repr=False)
    click_token: str | None = field(default=None, repr=False)
    ip: str | None = field(default=None, repr=False)
    user_agent: str | None = field(default=None, repr=False)
    page_url: str | None = field(default=None, repr=False)
    consent: Consent = field(default_factory=Consent)
    warnings: tuple[str, ...] = ()


def carried(*fields: Mapping[str, object], landing_url: str | None = None) -> Carried:
    """Return what the shop handed along; the first value of each name wins.

    `landing_url` is the page the visit began on: its query holds the click id if no
    field does, and it is the page if none is named.
    """
    known = _known(fields)
    has_click = landing_url is not None and "epik" in landing_url.lower()
    landing = query(landing_url) if has_click else {}
    warnings: list[str] = []
    click_id = known.get("epik") or landing.get("epik") or landing.get("_epik")
    if click_id is not None and len(click_id) > CLICK_ID_MAX_CHARS:
        warnings.append("the click id is longer than 1024 characters: left out")
        click_id = None
    event_id = known.get("pineventid")
    if event_id is not None and len(event_id) > EVENT_ID_MAX_CHARS:
        warnings.append("pin_event_id is longer than 256 characters: not used")
        event_id = None
    return Carried(
        event_id=event_id,
        click_id=click_id,
        click_token=_token(known.get("pcid")) or token_in(landing_url),
        ip=known.get("pinip"),
        user_agent=known.get("pinua"),
        page_url=_page(known.get("pinurl") or landing_url, known),
        consent=Consent(
            opt_out=is_yes(known.get("pinoptout")),
            denied=known.get("pinconsent", "").lower() == "denied",
        ),
        warnings=tuple(warnings),
    )


def token_in(url: str | None) -> str | None:
    """Return the token of our own links in the query of an address, None if none.

    The parameter's name is a setting, so it is found by its form alone.
    """
    found = None if url is None else _IN_QUERY.search(url)
    return None if found is None else found[1]


def _token(given: str | None) -> str | None:
    return given if given is not None and _TOKEN.fullmatch(given) else None


def _known(fields: Iterable[Mapping[str, object]]) -> dict[str, str]:
    """Return the texts by their plain names. Names not reserved do no harm."""
    known: dict[str, str] = {}
    for names in fields:
        for name, value in names.items():
            found = text("true" if value is True else value)
            if found is not None:
                known.setdefault(str(name).lower().translate(_DROPPED), found)
    return known


def _page(url: str | None, known: Mapping[str, str]) -> str | None:
    """Return the page with the campaign fields in its query that are not there yet."""
    if url is None or not url.lower().startswith(("https://", "http://")):
        return None
    told = {
        name: known[plain] for plain, name in _ONTO_THE_PAGE.items() if plain in known
    }
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    there = query(url) if told else {}
    missing = {name: value for name, value in told.items() if name not in there}
    if not missing:
        return url
    joined = "&".join(filter(None, (parts.query, urlencode(missing))))
    return urlunsplit(parts._replace(query=joined))
