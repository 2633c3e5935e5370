"""Audits that a worker runs: those people asked for, and each link once a week."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests
import structlog

from forwarder import outside
from forwarder.clicks import own_mark
from forwarder.clicks.audit import audit
from forwarder.clicks.audit_told import as_data
from forwarder.core.links import AUDITS
from forwarder.store import link_audits, links
from forwarder.store.engine import Store
from forwarder.store.link_audits import SCHEDULE, LinkAudit
from forwarder.store.seal import Sealer

NONCE_BYTES = 5
NO_ADDRESS = "the address is none of the web: write https://host/path"
NO_ANSWER = "the address does not answer: check it in a browser, then try again"
FAILED = "the audit itself failed: the worker's log says why"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where links are, and where their ways may end."""

    store: Store
    session: requests.Session
    public_url: str
    allowed_hosts: Sequence[str]
    is_public: bool  # our own address is one that audits may call


def plan_weekly(place: Place, every: timedelta, now: datetime) -> int:
    """Ask for an audit of each open link that had none for so long; return how many."""
    due = link_audits.overdue(place.store, now - every, now)
    for slug in due:
        link_audits.ask(place.store, address_of(place, slug), slug, SCHEDULE, now)
    return len(due)


def address_of(place: Place, slug: str) -> str:
    """Return what is audited of a link: itself, or its end where we are not public."""
    link = links.find(place.store, slug)
    if place.is_public or link is None:
        return f"{place.public_url}/go/{slug}"
    return link.to


def run_next(place: Place, now: datetime) -> bool:
    """Run one audit that waits; False if none does."""
    one = link_audits.claim(place.store, now)
    if one is None:
        return False
    told = _told(place, one, now)
    link_audits.finish(place.store, one.id, told, now)
    log.info("link audited", audit=one.id, has_answer=not isinstance(told, str))
    return True


def _told(place: Place, one: LinkAudit, now: datetime) -> dict[str, object] | str:
    nonce = secrets.token_hex(NONCE_BYTES)
    hosts = place.allowed_hosts if one.slug is not None else ()
    own = mark(place.store.sealer, now)
    try:
        found = audit(place.session, one.url, nonce, own, hosts)
    except outside.Unsafe as unsafe:
        return str(unsafe)
    except ValueError:  # `requests` calls an address without a scheme that, too
        return NO_ADDRESS
    except requests.RequestException:
        return NO_ANSWER
    except Exception as fault:  # it must not wait for ever and be tried again
        log.exception("audit failed", audit=one.id, fault=type(fault).__name__)
        return FAILED
    return as_data(found)


def mark(sealer: Sealer, now: datetime) -> str:
    """Return the mark by which our redirector knows that nobody clicked."""
    key = sealer.secrets(AUDITS)[0][1]
    return own_mark.made(key, secrets.token_hex(NONCE_BYTES), now)
