"""What Pinterest checks in each event by itself, beyond its schema.

A fault here fails one event and leaves its neighbours alone. Fifteen faults pass the
published schema; in strict mode each of them fails its event, otherwise those that
Pinterest is not known to refuse are only warned about.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple

from forwarder.sandbox.options import SandboxOptions
from forwarder.sandbox.shapes import HASHED_KEYS, USER_DATA

EVENT_NAMES_OF_5_23 = frozenset(
    {
        *("add_payment_info", "add_to_cart", "add_to_wishlist", "app_install"),
        *("checkout", "custom", "initiate_checkout", "lead", "page_visit", "search"),
        *("signup", "subscribe", "view_category", "view_content", "watch_video"),
    }
)
EVENT_NAMES = EVENT_NAMES_OF_5_23 | {
    *("app_open", "contact", "customize_product", "find_location", "schedule"),
    *("start_trial", "submit_application"),
}
ACTION_SOURCES = frozenset({"web", "offline", "app_android", "app_ios"})
EVENT_ID_MAX_CHARS = 256
_HASH_CHARS = 64
_HASHED = frozenset(HASHED_KEYS)

_HASH = re.compile(r"[0-9a-f]{64}")
_HASH_ANY_CASE = re.compile(r"[0-9A-Fa-f]{64}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_WEB_URL = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)
_APP_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)

_NO_EXTERNAL_ID = "external_id is missing. We highly recommend this on all events."
_UNKNOWN_NAME = (
    "This event has a non-standard name and is currently being labeled as an"
    " 'Unknown' event."
)


class Verdict(NamedTuple):
    """What becomes of one event. `error` None means processed."""

    error: str | None
    warning: str | None


class Judge:
    """Applies the value rules of one set of options, the same way every time."""

    def __init__(self, options: SandboxOptions) -> None:
        """Read the options once; judging is the hot path."""
        self._options = options
        is_current = options.spec == "current"
        self._names = EVENT_NAMES if is_current else EVENT_NAMES_OF_5_23
        fails = options.unknown_event == "failed"
        self._unknown_fails = fails or (
            options.unknown_event is None and options.is_strict
        )
        takes_any_case = options.uppercase_hex == "processed"
        self._hash = _HASH_ANY_CASE if takes_any_case else _HASH

    def judge(self, event: Mapping[str, Any], now_s: float) -> Verdict:
        """Return the verdict on an event that passed the schema.

        Shape: several complaints are joined with " ; ". Units: epoch seconds.
        """
        errors: list[str] = []
        gaps: list[str] = []
        warnings: list[str] = []
        user = event["user_data"]
        self._check_name(event["event_name"], errors, gaps, warnings)
        self._check_time(event["event_time"], now_s, errors)
        self._check_user(user, errors, gaps, warnings)
        _check_origin(event, gaps, warnings)
        custom = event.get("custom_data")
        if custom:
            _check_custom(custom, user, gaps, warnings)
        (errors if self._options.is_strict else warnings).extend(gaps)
        _recommend(user, warnings)
        return Verdict(
            " ; ".join(errors) if errors else None,
            " ; ".join(warnings) if warnings else None,
        )

    def _check_name(
        self, name: str, errors: list[str], gaps: list[str], warnings: list[str]
    ) -> None:
        if name in self._names:
            return
        if not name:
            gaps.append("event_name is empty")
        elif self._unknown_fails:
            errors.append(
                f"Invalid event_name: {name}. Use a supported conversion event_name"
                " (for example subscribe, checkout)."
            )
        else:
            warnings.append(_UNKNOWN_NAME)

    def _check_time(self, at_s: float, now_s: float, errors: list[str]) -> None:
        oldest_s = self._options.max_event_age_s
        if oldest_s is not None and now_s - at_s > oldest_s:
            errors.append(_bad_time("past", now_s, at_s))
        elif at_s - now_s > self._options.future_tolerance_s:
            errors.append(_bad_time("future", now_s, at_s))
        elif at_s < 0 and self._options.is_strict:
            errors.append(_bad_time("past", now_s, at_s))

    def _check_user(
        self,
        user: Mapping[str, Any],
        errors: list[str],
        gaps: list[str],
        warnings: list[str],
    ) -> None:
        hashes: list[str] = []
        for key, value in user.items():
            if key in _HASHED:
                if not value:
                    (gaps if key == "em" else warnings).append(f"{key} is empty")
                hashes += value
            elif key not in USER_DATA:
                self._check_open_key(key, value, errors, warnings)
        if hashes and not _are_lower_hashes(hashes):
            errors.extend(
                f"{key} is not a SHA-256 hash in lower-case hex"
                for key in HASHED_KEYS
                if not all(map(self._hash.fullmatch, user.get(key, ())))
            )
        ip = user.get("client_ip_address")
        if ip is not None and not _is_usable_ip(ip):
            gaps.append("client_ip_address is not an IP address")

    def _check_open_key(
        self, key: str, value: object, errors: list[str], warnings: list[str]
    ) -> None:
        """Judge a key that the schema does not know and yet lets pass."""
        if key != "customer_type" or self._options.spec != "current":
            warnings.append(f"user_data.{key} is not a known parameter")
        elif value not in ("new", "returning"):
            errors.append("customer_type must be new or returning")


def _are_lower_hashes(hashes: Sequence[str]) -> bool:
    """Return whether all are 64 lower-case hex digits: one C call instead of many."""
    is_hex = not "".join(hashes).encode().translate(None, b"0123456789abcdef")
    return is_hex and set(map(len, hashes)) == {_HASH_CHARS}


def _bad_time(side: str, now_s: float, at_s: float) -> str:
    return (
        f"Invalid event_timestamp parameter. Given timestamp is in the {side}."
        f" Current timestamp: {int(now_s)}, Given event_timestamp: {int(at_s)}"
    )


def _check_origin(
    event: Mapping[str, Any], gaps: list[str], warnings: list[str]
) -> None:
    source = event["action_source"]
    if source not in ACTION_SOURCES:
        gaps.append("action_source must be one of web, offline, app_android, app_ios")
    event_id = event["event_id"]
    if not event_id:
        gaps.append("event_id is empty")
    elif len(event_id) > EVENT_ID_MAX_CHARS:
        warnings.append("event_id is longer than 256 characters")
    url = event.get("event_source_url")
    pattern = _APP_URL if source in ("app_android", "app_ios") else _WEB_URL
    if url is not None and pattern.fullmatch(url) is None:
        gaps.append("event_source_url is not a URL")
    language = event.get("language")
    if language is not None and len(language) != 2:  # noqa: PLR2004 - ISO 639-1
        warnings.append("language is not a two-letter code")


@lru_cache(maxsize=65_536)
def _is_usable_ip(text: str) -> bool:
    try:
        return not ip_address(text).is_unspecified
    except ValueError:
        return False


@lru_cache(maxsize=65_536)
def _is_number(text: str | None) -> bool:
    return text is None or _NUMBER.fullmatch(text) is not None


def _check_custom(
    custom: Mapping[str, Any],
    user: Mapping[str, Any],
    gaps: list[str],
    warnings: list[str],
) -> None:
    if not _is_number(custom.get("value")):
        gaps.append("value is not a number")
    if not _is_number(custom.get("predicted_ltv")):
        gaps.append("predicted_ltv is not a number")
    for item in custom.get("contents", ()):
        if not _is_number(item.get("item_price")):
            gaps.append("item_price is not a number")
            break
    currency = custom.get("currency")
    if currency is None:
        if custom.get("value") is not None:
            warnings.append("currency is missing, the account's own is assumed")
    elif _CURRENCY.fullmatch(currency) is None:
        gaps.append("currency is not an ISO-4217 code")
    flags = custom.get("opt_out_type")
    if flags and "LDP" in flags and not (user.get("st") and user.get("country")):
        warnings.append("opt_out_type LDP needs st and country")


def _recommend(user: Mapping[str, Any], warnings: list[str]) -> None:
    if not user.get("external_id"):
        warnings.append(_NO_EXTERNAL_ID)
    if not user.get("click_id"):
        warnings.append("click_id is missing")
