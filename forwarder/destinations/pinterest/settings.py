"""The settings of one Pinterest ad account, checked once when it is built."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from forwarder.core.event import Secret
from forwarder.destinations.pinterest.fields import Rules

MAX_BATCH: Final = 1000  # events in one request, by Pinterest's schema
TEST_MAX_BATCH: Final = 20  # Pinterest looks at no more of a test request
TEST_RATE_PER_MINUTE: Final = 600  # 10 a second
LATE_AFTER: Final = timedelta(hours=1)  # from then on a web event counts as offline

_ACCOUNT = re.compile(r"\d{1,18}", re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]+")
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PinterestSettings:
    """What an operator may choose about one ad account.

    Units: `_h` hours, `_s` seconds, `_bytes` of one request's body. Raises: ValueError
    naming the setting, never its value.
    """

    ad_account_id: str
    token: Secret = field(repr=False)
    base_url: str = "https://api.pinterest.com/v5"
    test_mode: bool = False
    action_source: Literal["web", "offline"] = "web"
    identifier_candidates: Literal["strict", "wide"] = "strict"
    external_id_case: Literal["lower", "keep"] = "lower"
    prehashed: Literal["auto", "always", "never"] = "auto"
    drop_reserved_domains: bool = True  # has no effect in test mode
    max_event_age_h: int = 168
    late_policy: Literal["send", "skip"] = "send"
    age_margin_s: int = 600
    partner_name: str = ""
    max_batch: int = MAX_BATCH
    max_body_bytes: int = 2_000_000
    connect_timeout_s: float = 3.0
    read_timeout_s: float = 20.0
    rate_per_minute: int = 5000
    retry_messages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could never be sent."""
        if _ACCOUNT.fullmatch(self.ad_account_id) is None:
            raise ValueError("ad_account_id must be 1 to 18 digits")
        if _TOKEN.fullmatch(self.token) is None:
            raise ValueError("token must be printable ASCII without spaces")
        if not _is_safe(self.base_url):
            raise ValueError("base_url must be https, or http on this machine")
        if not 1 <= self.max_batch <= MAX_BATCH:
            raise ValueError(f"max_batch must be 1 to {MAX_BATCH}")
        if self.rate_per_minute < 1 or self.max_event_age_h < 1:
            raise ValueError("rate_per_minute and max_event_age_h must be 1 or more")

    @property
    def rules(self) -> Rules:
        """Return the rules for identifiers that follow from the settings."""
        return Rules(
            candidates=self.identifier_candidates,
            external_id_case=self.external_id_case,
            drop_reserved=self.drop_reserved_domains and not self.test_mode,
            prehashed=self.prehashed,
        )

    @property
    def max_age(self) -> timedelta:
        """Return how old an event may be when it is sent.

        After an hour it would count as offline; with `late_policy` skip it stays here.
        """
        if self.late_policy == "skip":
            return LATE_AFTER
        return timedelta(hours=self.max_event_age_h, seconds=-self.age_margin_s)

    @property
    def events_per_request(self) -> int:
        """Return how many events one request may hold in the mode chosen."""
        return min(self.max_batch, TEST_MAX_BATCH) if self.test_mode else self.max_batch

    @property
    def requests_per_minute(self) -> int:
        """Return how many requests a minute may hold in the mode chosen."""
        most = TEST_RATE_PER_MINUTE if self.test_mode else self.rate_per_minute
        return min(self.rate_per_minute, most)

    def events_url(self, *, is_test: bool) -> str:
        """Return where events go; `is_test` has them looked at and not counted."""
        base = self.base_url.rstrip("/")
        query = "?test=true" if is_test else ""
        return f"{base}/ad_accounts/{self.ad_account_id}/events{query}"

    @property
    def fingerprint(self) -> str:
        """Return what changes with the token, the account or the address."""
        told = f"{self.base_url}\n{self.ad_account_id}\n{self.token}"
        return sha256(told.encode()).hexdigest()[:16]


def read_settings(told: Mapping[str, Any]) -> PinterestSettings:
    """Return the settings among what was told; others' words are left alone."""
    known = {one.name for one in fields(PinterestSettings)}
    chosen = {name: value for name, value in told.items() if name in known}
    if "token" in chosen:
        chosen["token"] = Secret(chosen["token"])
    return PinterestSettings(**chosen)


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.query or parts.fragment or parts.username is not None:
        return False
    is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or is_local)
