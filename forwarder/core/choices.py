"""What an endpoint's options decide about one notice, the same for every shop."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from forwarder.core.carried import Carried, token_in
from forwarder.core.event import LOCAL_KINDS, Consent, Event, Kind, Money, Order, Person
from forwarder.core.source import Options

# What a thank-you page tells, and so what `pin_event_id` can name. A cart carries the
# same note to the order, and a renewal copies the first order's: neither is meant.
NAMED_KINDS: Final = frozenset(
    {Kind.CHECKOUT, Kind.LEAD, Kind.SIGNUP, Kind.START_TRIAL, Kind.SUBSCRIBE}
)

UNPRICED: Final = "the order tells no amount such as 49.90 with a currency such as EUR"
NO_API_KEY: Final = "not looked up, no api_key is set"

_FIELD = re.compile(r"\{(\w+)\}")


def finish(event: Event, options: Options, carried: Carried) -> Event:
    """Return an event with what the shop handed along and what the options decide.

    What is only kept (a refund, say) has its own id and is never marked to be skipped.
    """
    own_id = carried.event_id if event.kind in NAMED_KINDS else None
    is_local = event.kind in LOCAL_KINDS
    order, zero_skip = (event.order, None) if is_local else _priced(event, options)
    skip = None if is_local else event.skip or _mode_skip(event, options) or zero_skip
    return replace(
        event,
        event_id=event.event_id if own_id is None else own_id,
        person=_with_browser(event.person, carried),
        order=order,
        consent=_joined(event.consent, carried.consent),
        page_url=carried.page_url or event.page_url,
        click_token=carried.click_token or token_in(event.page_url),
        region=options.country or None,
        skip=skip,
        warnings=event.warnings + carried.warnings + _doubts(event),
    )


def thin(event: Event, options: Options, step: str, ref: str | None) -> Event:
    """Return an event of which the notice tells only the id, with its look-up."""
    if not options.api_key:
        return replace(event, warnings=(*event.warnings, f"{step}: {NO_API_KEY}"))
    return replace(event, enrich=step, enrich_ref=ref)


def filled(event: Event, options: Options, carried: Carried) -> Event:
    """Return a thin event with what was looked up, decided on as `finish` does.

    The event_id stays: the delivery was written down under it.
    """
    full = finish(replace(event, enrich=None, enrich_ref=None), options, carried)
    return replace(full, event_id=event.event_id)


def renewal_kind(options: Options) -> Kind:
    """Return what a renewed subscription counts as: no ad led to it."""
    return Kind.CUSTOM if options.renewals == "send" else Kind.RENEWAL


def offline_skip(options: Options, *, is_offline: bool) -> str | None:
    """Return why an order that no visitor placed is not sent."""
    return "offline_order" if is_offline and options.offline_orders == "skip" else None


def based(
    options: Options, total: Money | None, subtotal: Money | None, *extras: Money | None
) -> Money | None:
    """Return the amount that the endpoint calls the value of an order.

    Shape: `extras` are tax and shipping, taken off the total for `net`; None is 0.
    """
    if total is None:
        return None
    if options.value_basis == "subtotal" and subtotal is not None:
        return subtotal
    if options.value_basis == "net":
        off = (e.amount for e in extras if e is not None)
        return replace(total, amount=total.amount - sum(off, Decimal(0)))
    return total


def item_id(options: Options, names: Mapping[str, str | None]) -> str | None:
    """Return an order line's id as the Pinterest catalogue writes it.

    A template with a gap in it names nothing: then the first id that is there counts.
    """
    used = _FIELD.findall(options.item_id)
    if used and all(names.get(name) for name in used):
        return _FIELD.sub(lambda match: names[match[1]] or "", options.item_id)
    return next(filter(None, names.values()), None)


def _doubts(event: Event) -> tuple[str, ...]:
    is_priced = event.order is not None and event.order.value is not None
    if event.kind is not Kind.CHECKOUT or is_priced or event.enrich is not None:
        return ()
    return (UNPRICED,)


def _with_browser(person: Person, carried: Carried) -> Person:
    if not (carried.ip or carried.user_agent or carried.click_id):
        return person
    return replace(
        person,
        ip=carried.ip or person.ip,
        user_agent=carried.user_agent or person.user_agent,
        click_id=carried.click_id or person.click_id,
    )


def _joined(one: Consent, other: Consent) -> Consent:
    if other == Consent():
        return one
    return Consent(
        opt_out=one.opt_out or other.opt_out,
        ldp=one.ldp or other.ldp,
        denied=one.denied or other.denied,
    )


def _mode_skip(event: Event, options: Options) -> str | None:
    # An endpoint takes the platform's live mode or its test mode, never both.
    if event.is_test == (not options.live):
        return None
    return "test_order" if event.is_test else "live_order"


def _priced(event: Event, options: Options) -> tuple[Order | None, str | None]:
    """Return the order with an amount of 0 as the endpoint wants it, or why to skip."""
    order = event.order
    if order is None or order.value is None or order.value.amount != 0:
        return order, None
    if options.zero_value == "omit":
        return replace(order, value=None), None
    return order, "zero_value" if options.zero_value == "skip" else None
