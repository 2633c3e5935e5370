"""One event as it leaves for Pinterest: encoded once, the same bytes ever after."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from forwarder.core.delivery import Dropped, Encoded, Refused, Skipped
from forwarder.core.event import Event, Kind, Person
from forwarder.core.source import EVENT_ID_MAX_CHARS
from forwarder.destinations.pinterest import device, page
from forwarder.destinations.pinterest.goods import Goods
from forwarder.destinations.pinterest.identity import Hashed, Identity
from forwarder.destinations.pinterest.settings import PinterestSettings
from forwarder.destinations.pinterest.texts import Drop

# Source: https://developers.pinterest.com/docs/api-features/conversion-overview/
# (read 2026-11-21). The schema has no enum: a word outside counts as "unknown".
EVENT_NAMES: Final = {
    kind: kind.value
    for kind in (
        Kind.ADD_PAYMENT_INFO,
        Kind.ADD_TO_CART,
        Kind.ADD_TO_WISHLIST,
        Kind.APP_INSTALL,
        Kind.APP_OPEN,
        Kind.CHECKOUT,
        Kind.CONTACT,
        Kind.CUSTOM,
        Kind.CUSTOMIZE_PRODUCT,
        Kind.FIND_LOCATION,
        Kind.INITIATE_CHECKOUT,
        Kind.LEAD,
        Kind.PAGE_VISIT,
        Kind.SCHEDULE,
        Kind.SEARCH,
        Kind.SIGNUP,
        Kind.START_TRIAL,
        Kind.SUBMIT_APPLICATION,
        Kind.SUBSCRIBE,
        Kind.VIEW_CATEGORY,
        Kind.VIEW_CONTENT,
        Kind.WATCH_VIDEO,
    )
}
_PLAUSIBLE_TIMES_S: Final = range(946_684_800, 4_102_444_800)  # the years 2000 to 2099

_IP: Final = b'"client_ip_address":'
_AGENT: Final = b'"client_user_agent":'
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MASK: Final = "***"
_IP_MASKED: Final = _IP + b'"***"}}'
_AGENT_MASKED: Final = _AGENT + b'"***"}}'
_BOTH_MASKED: Final = _IP + b'"***",' + _AGENT_MASKED

_TELLING: Final = ("em", "ph", "external_id")  # who somebody is asked for by

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")
_ESCAPE: Final = b"\\"
_ESCAPED_CONTROL: Final = b"\\u00"


class Encoder:
    """Writes events for one ad account. Safe to use from several threads."""

    def __init__(self, settings: PinterestSettings) -> None:
        """Bind the settings once; the loop has no decisions left."""
        self._identity = Identity(settings.rules)
        self._action_source = settings.action_source
        self._partner_name = settings.partner_name
        self._is_live = not settings.test_mode
        self._max_bytes = settings.max_body_bytes - len(b'{"data":[]}')

    def encode(self, event: Event) -> Encoded | Refused | Skipped:
        """Return the event as it leaves; same event, same bytes. Never raises."""
        reason = self._reason_to_skip(event)
        if reason is not None:
            return Skipped(reason)
        event_id = event.event_id
        if not (0 < len(event_id) <= EVENT_ID_MAX_CHARS and event_id.isprintable()):
            return Refused("event_id", "event_id must be 1 to 256 printable characters")
        event_time_s = _seconds(event.occurred_at)
        if event_time_s not in _PLAUSIBLE_TIMES_S:
            return Refused("event_time", "occurred_at is no time between 2000 and 2099")
        person = self._identity.hash_person(
            event.person, event.region, event.occurred_at
        )
        if not person.identifies:
            return _without_identity(person)
        return self._written(self._head(event, event_time_s), event, person)

    def identify(self, person: Person, region: str | None) -> frozenset[str]:
        """Return the traces of a person, as `identified` reads them in a payload."""
        known = Person(
            email=person.email,
            phone=person.phone,
            country=person.country,
            external_id=person.external_id,
        )
        lists = self._identity.hash_person(known, region, _EPOCH.date()).lists
        return _traces(lists)

    def _reason_to_skip(self, event: Event) -> str | None:
        if event.kind not in EVENT_NAMES:
            return "not_mapped"
        if event.consent.denied:
            return "consent"
        if event.is_test and self._is_live:
            return "test_order"
        return event.skip

    def _head(self, event: Event, event_time_s: int) -> dict[str, Any]:
        head: dict[str, Any] = {
            "event_name": EVENT_NAMES[event.kind],
            "action_source": self._action_source,
            "event_time": event_time_s,
            "event_id": event.event_id,
        }
        if event.consent.opt_out:
            head["opt_out"] = True
        if self._partner_name:
            head["partner_name"] = self._partner_name
        return head

    def _written(
        self, document: dict[str, Any], event: Event, person: Hashed
    ) -> Encoded | Refused:
        _add_page(document, event, person)
        goods = Goods(person.dropped, person.warnings)
        goods.add(event, person.lists)
        if goods.data:
            document["custom_data"] = goods.data
        document["user_data"] = _user_data(person)  # last: `unmask` relies on it
        shown = _dumped(document, person.warnings)
        body = _with_clear(shown, person.ip, person.user_agent)
        if len(body) > self._max_bytes:
            return Refused("too_large", f"{len(body)} bytes")
        return Encoded(
            body=body,
            shown=shown,
            dropped=tuple(person.dropped),
            warnings=(*event.warnings, *person.warnings),
        )


def identified(shown: bytes) -> frozenset[str]:
    """Return the traces of e-mail, phone and customer id in a kept payload."""
    try:
        user_data = orjson.loads(shown)["user_data"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return frozenset()
    return _traces(user_data)


def _traces(lists: Mapping[str, Sequence[str]]) -> frozenset[str]:
    return frozenset(
        f"{key}:{value}" for key in _TELLING for value in lists.get(key, ())
    )


def unmask(shown: bytes, ip: str | None, user_agent: str | None) -> bytes:
    """Return `Encoded.body`, byte for byte, from `shown` and the two masked values.

    The values may be the person's own or what became of them. Raises: ValueError when
    a value that was sent is not there any more.
    """
    address = None if ip is None else device.ip(ip, drop_reserved=False)
    browser = None if user_agent is None else device.user_agent(user_agent)
    return _with_clear(
        shown,
        address if isinstance(address, str) else None,
        browser if isinstance(browser, str) else None,
    )


def _with_clear(shown: bytes, ip: str | None, user_agent: str | None) -> bytes:
    if shown.endswith(_BOTH_MASKED):
        head = shown[: -len(_BOTH_MASKED)]
        return b"".join(
            (head, _IP, _quoted(ip), b",", _AGENT, _quoted(user_agent), b"}}")
        )
    if shown.endswith(_AGENT_MASKED):
        head = shown[: -len(_AGENT_MASKED)]
        return b"".join((head, _AGENT, _quoted(user_agent), b"}}"))
    if shown.endswith(_IP_MASKED):
        return b"".join((shown[: -len(_IP_MASKED)], _IP, _quoted(ip), b"}}"))
    return shown


def _quoted(value: str | None) -> bytes:
    if value is None:
        raise ValueError("a masked value was cleared: the event cannot be rebuilt")
    return orjson.dumps(value)


def _seconds(at: datetime) -> int:
    """Return whole seconds since 1970; -1 for a time that names no zone."""
    return -1 if at.tzinfo is None else int((at - _EPOCH).total_seconds())


def _without_identity(person: Hashed) -> Refused:
    left_out = ", ".join(f"{one.field} ({one.reason})" for one in person.dropped)
    message = "needs an e-mail, a device id, or both IP address and user agent"
    return Refused("no_identity", f"{message}; left out: {left_out or 'nothing'}")


def _add_page(document: dict[str, Any], event: Event, person: Hashed) -> None:
    if event.page_url:
        address, taken = page.page_url(event.page_url)
        if isinstance(address, Drop):
            person.dropped.append(Dropped(field="page_url", reason=address.reason))
        else:
            document["event_source_url"] = address
        for part in taken:
            person.dropped.append(Dropped(field=part, reason="personal_data"))
    if event.language:
        language = page.language(event.language)
        if isinstance(language, Drop):
            person.dropped.append(Dropped(field="language", reason=language.reason))
        else:
            document["language"] = language


def _user_data(person: Hashed) -> dict[str, Any]:
    user_data: dict[str, Any] = person.lists
    if person.click_id is not None:
        user_data["click_id"] = person.click_id
    if person.ip is not None:
        user_data["client_ip_address"] = _MASK
    if person.user_agent is not None:
        user_data["client_user_agent"] = _MASK
    return user_data


def _dumped(document: dict[str, Any], warnings: list[str]) -> bytes:
    """Return the JSON; text that no JSON or table can hold is mended first."""
    try:
        written = orjson.dumps(document)
    except orjson.JSONEncodeError:
        written = _ESCAPED_CONTROL
    # The second search takes longer than writing; most payloads are spared it.
    if _ESCAPE not in written or _ESCAPED_CONTROL not in written:
        return _trimmed(written)
    mended = orjson.dumps(_mended(document))
    if mended != written:
        warnings.append("control characters were taken out of texts")
    return _trimmed(mended)


def _trimmed(written: bytes) -> bytes:
    """Return a copy: what orjson gives keeps the 8 to 16 KB it was written into."""
    return bytes(memoryview(written))


def _mended(value: Any) -> Any:  # noqa: ANN401 - any JSON value in, the same out
    if isinstance(value, str):
        return _UNFIT.sub("", value)
    if isinstance(value, dict):
        return {key: _mended(one) for key, one in value.items()}
    return [_mended(one) for one in value] if isinstance(value, list) else value
