"""Logging in: names, passwords, and how often one may try."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from forwarder.store import Store, access, audit, throttle
from forwarder.store.access import User

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody does not get in: a status and a sentence."""

    status: int
    text: str


WRONG = Refusal(401, "Name or password is wrong.")
THROTTLED = Refusal(
    429, "Too many wrong log-ins came from your address. Try again in 15 minutes."
)
CROWDED = Refusal(429, "Others are logging in right now. Try again in a moment.")


class _LogIn(Schema):
    class Meta:
        unknown = EXCLUDE  # the token is checked elsewhere

    name = fields.String(required=True, validate=validate.Length(max=200))
    password = fields.String(required=True, validate=validate.Length(max=1_000))


def log_in(
    store: Store, form: Mapping[str, str], address: str, now: datetime
) -> User | Refusal:
    """Return who this is, or why not; both are written down. Raises: StoreDown.

    A wrong password, an unknown name and a locked one sound alike. What was typed is
    written nowhere: people type passwords into the wrong box.
    """
    if throttle.is_throttled(store, address, now):
        return _refused(THROTTLED)
    try:
        given = _LogIn().load(form)
        user = access.log_in(store, given["name"], given["password"], now)
    except ValidationError:
        user = None
    except access.Crowded:
        return _refused(CROWDED)
    if user is None:
        throttle.note_failure(store, address, now)
        audit.note(store, "console", "log-in refused", "", now)
        return _refused(WRONG)
    audit.note(store, user.name, "logged in", "console", now)
    log.info("logged in", user=user.name, role=user.role)
    return user


def _refused(refusal: Refusal) -> Refusal:
    log.warning("log-in refused", status=refusal.status)
    return refusal
