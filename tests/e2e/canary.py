"""Somebody who must be seen nowhere, and a search that knows many ways to write."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

from forwarder.core.event import Notice
from forwarder.samples import TEST_SECRETS, fresh

NAME = "Zilpzalp"  # stands in the e-mail address too
LAST_NAME = "Kanarienvogel"
STREET = "Federbuschgasse 77"
IP = "203.0.113.242"
AGENT = "NestBrowser/7.0"
EXTRA = f"{STREET}, {IP}"
# What becomes of the sample's person, by source: each kind of value in each webhook,
# in a field the source does not know where it has none of its own.
CASES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "shopify": (
        "orders-paid",
        {
            "mara.": "zilpzalp.",
            "Mara": NAME,
            "Lindqvist": LAST_NAME,
            "Probeweg 7": STREET,
            "030 23125 417": "030 23125 993",
            "203.0.113.41": IP,
            "Mozilla/5.0 (iPhone": f"{AGENT} (iPhone",
            "utm_medium=paid": "email=zilpzalp.1%40buyers.example.com",
        },
    ),
    "woocommerce": (
        "order-created",
        {
            "tomos.": "zilpzalp.",
            "Tomos": NAME,
            "Pryce": LAST_NAME,
            "1 Example Quay": STREET,
            "07700 900123": "07700 900993",
            "198.51.100.23": IP,
            "Mozilla/5.0 (Macintosh": f"{AGENT} (Macintosh",
        },
    ),
    "stripe": (
        "checkout-session-completed",
        {
            "ines.": "zilpzalp.",
            "Inès Marchand": f"{NAME} {LAST_NAME}",
            "2 rue Exemple": STREET,
            "+33199000017": "+33199000993",
            '"metadata": {}': f'"metadata": {{"note": "{EXTRA}"}}',
        },
    ),
    "kit": (
        "subscriber-activated",
        {
            "oona.": "zilpzalp.",
            "sami.": "zilpzalp.2.",
            "Oona": NAME,
            "Sami": NAME,
            "Virtanen": LAST_NAME,
            '"company": ""': f'"company": "{EXTRA}, +12025550193"',
        },
    ),
    "mailerlite": (
        "subscriber-active",
        {
            "yuki.": "zilpzalp.",
            "Yuki": NAME,
            "Aranda": LAST_NAME,
            "webform": f"{EXTRA}, +12025550193",
        },
    ),
    "mailchimp": (
        "subscribe-address",
        {
            "luca.": "zilpzalp.",
            "Luca": NAME,
            "Ferri": LAST_NAME,
            "Via+Esempio+3": quote_plus(STREET),
            "390555000017": "390555000993",
            "192.0.2.14": IP,
        },
    ),
    "standard_webhooks": (
        "checkout",
        {
            "kaya.": "zilpzalp.",
            "Kaya": NAME,
            "Okafor": LAST_NAME,
            "+12025550147": "+12025550193",
            "203.0.113.9": IP,
            "Mozilla/5.0 (Windows": f"{AGENT} (Windows",
            "com/thanks": "com/thanks?email=zilpzalp.3@buyers.example.com",
            '"test": false': f'"test": false, "note": "{EXTRA}"',
        },
    ),
}
PHONES = (
    "030 23125 993",
    "3023125993",
    "07700 900993",
    "7700900993",
    "33199000993",
    "390555000993",
    "12025550193",
)
OPEN_TO_PINTEREST = (IP, AGENT)  # Pinterest wants these two in clear
WORDS = (NAME, LAST_NAME, STREET, *PHONES, *OPEN_TO_PINTEREST)


def notices(serial: int) -> Iterator[tuple[str, Notice]]:
    """Give one webhook of every source, all about the same person."""
    now = datetime.now(UTC)  # noqa: TID251 - a shop signs by its own clock
    for source, (case, swaps) in CASES.items():
        secret, pairs = TEST_SECRETS[source], tuple(swaps.items())
        notice = fresh(source, case, secret, now, serial, swaps=pairs)
        for old, new in pairs:
            assert new.encode() in notice.body, f"{source} has no {old}"
        yield source, notice


def seen(data: bytes, words: Iterable[str] = WORDS) -> set[str]:
    """Return which words stand in the data, in whatever way they are written."""
    small = data.lower()
    return {
        word
        for word in words
        if any(form.lower() in small for form in _plain(word))
        or any(form in data for form in _encoded(word))
    }


def _plain(word: str) -> Iterator[bytes]:
    """Give the ways to write a word in which large letters may stand for small."""
    yield word.encode()
    yield quote(word).encode()
    yield quote(word, safe="").encode()
    yield quote_plus(word).encode()
    yield json.dumps(word)[1:-1].encode()
    yield word.encode("utf-16-le")
    yield word.encode("utf-16-be")
    yield word.encode().hex().encode()


def _encoded(word: str) -> Iterator[bytes]:
    """Give the word in base64, wherever it begins in what was encoded."""
    for form in {word, word.lower(), word.upper()}:
        for offset in range(3):
            padded = b"\0" * offset + form.encode()
            whole = base64.b64encode(padded[: len(padded) // 3 * 3])
            cut = whole[-(-offset * 8 // 6) :]
            yield cut
            yield cut.replace(b"+", b"-").replace(b"/", b"_")
