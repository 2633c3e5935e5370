"""Make a link of what a person typed, or say what is wrong with it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from forwarder.clicks.targets import SLUG, Hostile, checked
from forwarder.core.links import Arm, Link, UtmPolicy

ARMS_MAX: Final = 10
WEIGHT_MAX: Final = 1000
TEXT_MAX_CHARS: Final = 200


class Flawed(ValueError):
    """What was typed makes no link; the text names the field and the mend."""


def made(given: Mapping[str, Any], allowed_hosts: Sequence[str]) -> Link:
    """Return the link. Absent fields may be None or empty. Raises: Flawed."""
    slug = given.get("slug") or ""
    if not SLUG.fullmatch(slug):
        raise Flawed(
            "slug: 1 to 64 letters, digits, - and _, and no - or _ at the beginning"
        )
    fallback = given.get("fallback") or ""
    return Link(
        slug=slug,
        to=_address("to", given.get("to") or "", allowed_hosts),
        campaign=_text("campaign", given),
        pin_id=_text("pin_id", given),
        utm_policy=_policy(given.get("utm_policy")),
        expires_at=_time(given.get("expires")),
        fallback=fallback and _address("fallback", fallback, allowed_hosts),
        arms=tuple(_arms(given.get("arms") or (), allowed_hosts)),
        code=_text("code", given),
    )


def _address(name: str, url: str, allowed_hosts: Sequence[str]) -> str:
    if not allowed_hosts:
        raise Flawed(
            f"{name}: [clicks] allowed_hosts is empty, so no link may lead anywhere: "
            'name your shop there, such as allowed_hosts = ["shop.example.com"]'
        )
    try:
        return checked(url, allowed_hosts)
    except Hostile as hostile:
        raise Flawed(f"{name}: {hostile}") from None


def _text(name: str, given: Mapping[str, Any]) -> str:
    text = str(given.get(name) or "").strip()
    if len(text) > TEXT_MAX_CHARS or not text.isprintable():
        raise Flawed(f"{name}: at most {TEXT_MAX_CHARS} characters that can be seen")
    return text


def _policy(given: str | None) -> UtmPolicy | None:
    try:
        return UtmPolicy(given) if given else None
    except ValueError:
        known = ", ".join(one.value for one in UtmPolicy)
        raise Flawed(f"utm_policy: one of {known}") from None


def _time(given: str | None) -> datetime | None:
    if not given:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Flawed(
            "expires: a time such as 2026-12-31 or 2026-12-31T18:00Z"
        ) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _arms(given: Sequence[str], allowed_hosts: Sequence[str]) -> list[Arm]:
    if len(given) == 1 or len(given) > ARMS_MAX:
        raise Flawed(f"arm: 2 to {ARMS_MAX} of them, or none")
    found = [_arm(one, allowed_hosts) for one in given]
    if len({_utm_fields(arm.to) for arm in found}) > 1:
        raise Flawed(
            "arm: all need the same UTM fields, written alike: else analytics counts "
            "them as two campaigns"
        )
    return found


def _utm_fields(url: str) -> tuple[str, ...]:
    segments = urlsplit(url).query.split("&")
    return tuple(one for one in segments if one.startswith("utm_"))


def _arm(given: str, allowed_hosts: Sequence[str]) -> Arm:
    weight, equals, url = given.partition("=")
    if not equals or not weight.isdigit() or not 1 <= int(weight[:6]) <= WEIGHT_MAX:
        raise Flawed(f"arm: a weight from 1 to {WEIGHT_MAX}, = and an address")
    return Arm(to=_address("arm", url, allowed_hosts), weight=int(weight[:6]))
