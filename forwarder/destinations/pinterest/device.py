"""The buyer's IP address, user agent and click id: they leave in clear."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from forwarder.destinations.pinterest.texts import (
    EMPTY,
    JUNK,
    JUNK_EVERYWHERE,
    TOO_LONG,
    UNFIT,
    Drop,
)

IP_BAD: Final = Drop("not_an_ip_address")
IP_NOT_PUBLIC: Final = Drop("ip_not_public")
IP_RESERVED: Final = Drop("ip_for_documentation")
NOT_A_BROWSER: Final = Drop("not_a_browser")

MAX_CLICK_ID_CHARS: Final = 1024
MAX_USER_AGENT_CHARS: Final = 2048

_MAX_LIST_CHARS: Final = 1024

_QUAD = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
# The first number decides for all but these; they are looked up properly.
_PLAIN_IPV4 = re.compile(
    rf"(?!(?:0|10|100|127|169|172|192|198|203|22[4-9]|23\d|24\d|25\d)\.)"
    rf"{_QUAD}(?:\.{_QUAD}){{3}}",
    re.ASCII,
)
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|([\d.]+):\d+", re.ASCII)
_DOCUMENTATION: Final = tuple(
    map(
        ip_network,
        (
            "192.0.2.0/24",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "2001:db8::/32",
            "3fff::/20",
        ),
    )
)
# "Cubot" is a maker of phones.
_NO_BROWSER = re.compile(
    r"(?<!cu)bot\b|bot[/;_-]|crawl|spider|slurp|facebookexternalhit|pinterest/0\.|"
    r"headless|phantomjs|lighthouse|puppeteer|playwright|selenium|pingdom|uptime|"
    r"^(?:curl|wget|python|java|go-http|okhttp|axios|node|php|ruby|guzzle|postman|"
    r"apache-httpclient|libwww|insomnia|woocommerce|wordpress|shopify|stripe|zapier|"
    r"undici|httpx|aiohttp|reactornetty)\b"
)
_NOT_SAYING: Final = JUNK_EVERYWHERE | {
    "other",
    "null",
    "none",
    "nan",
    "unknown",
    "na",
    "test",
    "mozilla",
    "mozilla/5.0",
}
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def ip(text: str, *, drop_reserved: bool) -> str | Drop:
    """Return the first public address of a list, without port, in its short form.

    An address for documentation counts as public here and is then dropped for that,
    so that what is chosen never depends on a setting.
    """
    if _PLAIN_IPV4.fullmatch(text) is not None:
        return text
    if len(text) > _MAX_LIST_CHARS:
        return TOO_LONG
    verdict = EMPTY
    for part in text.split(","):
        address = _address(part.strip())
        if address is None:
            verdict = IP_BAD if part.strip() else verdict
        elif _is_documentation(address):
            return IP_RESERVED if drop_reserved else str(address)
        elif address.is_global and not address.is_multicast:
            return str(address)
        else:
            verdict = IP_NOT_PUBLIC
    return verdict


def _address(part: str) -> IPv4Address | IPv6Address | None:
    bare = _WITH_PORT.fullmatch(part)
    if "%" in part:
        return None  # a zone names a link, never the internet
    try:
        found = ip_address(part if bare is None else bare[1] or bare[2])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return found if mapped is None else mapped


def _is_documentation(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in _DOCUMENTATION)


@lru_cache(maxsize=4096)  # a few hundred browsers make most of the visits
def user_agent(text: str) -> str | Drop:
    """Return the browser's own words, or why no browser speaks here."""
    if len(text) > MAX_USER_AGENT_CHARS:
        return TOO_LONG
    bare = text.strip()
    lower = bare.lower()
    if lower in _NOT_SAYING:
        return JUNK if lower else EMPTY
    if _CONTROL.search(bare) is not None:
        return UNFIT
    return NOT_A_BROWSER if _NO_BROWSER.search(lower) else bare


def click_id(text: str) -> str | Drop:
    """Return the value of `epik` as the click carried it."""
    bare = text.strip()
    if len(bare) > MAX_CLICK_ID_CHARS:
        return TOO_LONG
    if bare.lower() in JUNK_EVERYWHERE:
        return JUNK if bare else EMPTY
    return UNFIT if _CONTROL.search(bare) else bare
