"""The JSON of links and their audits: alike in the API and the console."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.clicks.audit_told import changes
from forwarder.clicks.keeping import Keeper
from forwarder.clicks.making import TEXT_MAX_CHARS
from forwarder.clicks.targets import SLUG, URL_MAX_CHARS
from forwarder.clicks.told import address, as_data
from forwarder.core.links import ClickClass, Link
from forwarder.store import link_audits, links
from forwarder.store.engine import Store
from forwarder.store.link_audits import LinkAudit
from forwarder.web.desk import WebDesk
from forwarder.web.filters import storable
from forwarder.web.shapes import moment

ARM_CHARS: Final = len("1000=")
FUNNEL_DAYS: Final = 28


def _text(most: int) -> fields.String:
    # None and empty both mean that there is none.
    return fields.String(
        allow_none=True, validate=[validate.Length(max=most), storable]
    )


class _LinkFields(Schema):
    slug = _text(64)
    to = _text(URL_MAX_CHARS)
    campaign = _text(TEXT_MAX_CHARS)
    pin_id = _text(TEXT_MAX_CHARS)
    utm_policy = _text(TEXT_MAX_CHARS)
    expires = _text(TEXT_MAX_CHARS)
    fallback = _text(URL_MAX_CHARS)
    code = _text(TEXT_MAX_CHARS)


class LinkSchema(_LinkFields):
    """What makes a link; what is absent stays as it is. `making` judges the rest."""

    arms = fields.List(
        fields.String(
            validate=[validate.Length(max=URL_MAX_CHARS + ARM_CHARS), storable]
        )
    )


class LinkForm(_LinkFields):
    """The same as a page's form sends it: one arm a line, and the form's token."""

    class Meta:
        """The token is checked elsewhere."""

        unknown = EXCLUDE

    arms = fields.String(load_default="", validate=storable)


def find_link(store: Store, slug: str) -> Link | None:
    """Return the link of that name; None also for what can be no name."""
    return links.find(store, slug) if SLUG.fullmatch(slug) else None


def ask_audit(desk: WebDesk, given: Mapping[str, Any], who: str) -> int | None:
    """Let an audit of a link, or of an address, wait; None where none is named."""
    slug, url = given.get("slug"), given.get("url")
    if slug:
        link = find_link(desk.store, slug) if isinstance(slug, str) else None
        url = None if link is None else address(link.slug, desk.public_url)
    if not isinstance(url, str) or not 1 <= len(url) <= URL_MAX_CHARS:
        return None
    if not url.isprintable():
        return None
    return link_audits.ask(desk.store, url, slug or None, who, desk.clock())


def keeper(desk: WebDesk, who: str) -> Keeper:
    """Return who changes links now."""
    return Keeper(
        store=desk.store, allowed_hosts=desk.link_hosts, who=who, now=desk.clock()
    )


def link_json(
    desk: WebDesk, link: Link, counts: Mapping[str, Mapping[ClickClass, int]]
) -> dict[str, Any]:
    """Return a link with its clicks as every door shows it."""
    return as_data(link, desk.public_url, counts.get(link.slug, {}))


def audit_json(one: LinkAudit) -> dict[str, Any]:
    """Return an audit in a line."""
    return {
        "id": one.id,
        "slug": one.slug,
        "url": one.url,
        "who": one.who,
        "asked_at": moment(one.asked_at),
        "finished_at": moment(one.finished_at),
        "verdict": one.verdict,
        "fault": one.fault,
    }


def audit_whole(store: Store, one: LinkAudit) -> dict[str, Any]:
    """Return an audit with all that it found, and what changed since the one before."""
    found = audit_json(one) | {"found": one.told, "changes": []}
    before = None if one.told is None else link_audits.before(store, one)
    if one.told is not None and before is not None and before.told is not None:
        found["changes"] = list(changes(dict(before.told), dict(one.told)))
    return found
