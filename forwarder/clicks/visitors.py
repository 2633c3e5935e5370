"""What a visitor asks, and who was here just now: in memory, by keyed hashes."""

import hmac
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

REPEAT_WITHIN: Final = timedelta(minutes=30)
RECENT_MAX: Final = 50_000  # visitors remembered; about 15 MB
PER_MINUTE_MAX: Final = 30  # clicks of one visitor, before it is called a machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. `ahead` holds what a browser says of fetching before a click."""

    slug: str
    query: str = field(default="", repr=False)
    is_head: bool = False
    is_landing: bool = False  # told by a page of the shop itself
    user_agent: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    ahead: tuple[str, ...] = ()
    has_gpc: bool = False
    has_dnt: bool = False
    has_consent: bool = False
    country: str = ""
    token: str = field(default="", repr=False)  # of the cookie
    seed: str = field(default="", repr=False)  # likewise: which arms it was shown


class Visitors:
    """Knows for half an hour who was here, by keyed hashes; nothing is written down.

    The key is made anew each day, so that no hash can be traced back to an address.
    """

    def __init__(self, random: Callable[[int], bytes]) -> None:
        """Start with nobody."""
        self._random = random
        self._lock = threading.Lock()
        self._key, self._day = random(32), date.min
        self._minute, self._counts = 0, dict[bytes, int]()
        self._recent: OrderedDict[tuple[str, str], tuple[str, str, datetime]] = (
            OrderedDict()
        )

    def name_of(self, asked: Asked, now: datetime) -> str:
        """Return what the visitor is called today."""
        day = now.date()
        with self._lock:
            if day != self._day:
                self._key, self._day = self._random(32), day
            key = self._key
        told = f"{asked.address}\0{asked.user_agent}".encode("utf-8", "replace")
        return hmac.digest(key, told, "sha256").hex()

    def is_too_fast(self, name: str, now: datetime) -> bool:
        """Count one click; True when it is more than a person makes in a minute."""
        who = bytes.fromhex(name[:32])
        minute = int(now.timestamp()) // 60
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            n = self._counts.get(who, 0) + 1
            if n > 1 or len(self._counts) < RECENT_MAX:
                self._counts[who] = n
        return n > PER_MINUTE_MAX

    def token_of(self, who: str, slug: str, epik: str, now: datetime) -> str:
        """Return the token this visitor has for the link and the same click id.

        `who` is the token of the cookie, or else what the visitor is called today.
        """
        with self._lock:
            token, known_epik, at = self._recent.get((who, slug), ("", "", now))
        return token if known_epik == epik and now - at < REPEAT_WITHIN else ""

    def remember(
        self, name: str, slug: str, token: str, epik: str, now: datetime
    ) -> None:
        """Note whose token this is, whether the cookie comes back or not."""
        with self._lock:
            told = token, epik, now
            for who in (token, name):
                known = self._recent.setdefault((who, slug), told)
                if known[0] != token:
                    self._recent[who, slug] = told
            while len(self._recent) > 2 * RECENT_MAX:
                self._recent.popitem(last=False)
