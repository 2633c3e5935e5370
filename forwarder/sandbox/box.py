"""What all routes of one sandbox share, and the checks they all begin with."""

import re
from collections.abc import Callable
from itertools import count

from flask import Request, Response

from forwarder.sandbox.books import Books
from forwarder.sandbox.faults import Faults
from forwarder.sandbox.ledger import Ledger
from forwarder.sandbox.limits import Allowance, Limits, retry_after
from forwarder.sandbox.options import SandboxOptions
from forwarder.sandbox.replies import Reply, error, invalid, plain_error

_DIGITS = re.compile(r"[0-9]+")
ACCOUNT_ID_MAX_CHARS = 18


class Box:
    """The state of one sandbox: options, clock, ledger, faults, limits, books."""

    def __init__(self, options: SandboxOptions, clock: Callable[[], float]) -> None:
        """Start empty, or from the ledger file of an earlier run."""
        self.options = options
        self.clock = clock
        self.ledger = Ledger(options)
        self.faults = Faults()
        self.limits = Limits()
        self.books = Books()
        self._request_ids = count(int(clock() * 1_000_000))

    def refusal_of_account(self, ad_account_id: str) -> Reply | None:
        """Return the 400 for an id that cannot be an ad account's."""
        if _DIGITS.fullmatch(ad_account_id) is None:
            return invalid(self.options, f"{ad_account_id!r} does not match '^\\\\d+$'")
        if len(ad_account_id) > ACCOUNT_ID_MAX_CHARS:
            return invalid(self.options, f"{ad_account_id!r} is too long")
        return None

    def refusal_of_token(self, token: str, *, is_report: bool) -> Reply | None:
        """Return the 401 for no token, a wrong one, or one that may only send."""
        tokens = self.options.tokens
        if not token or (tokens is not None and token not in tokens):
            return plain_error(401)
        if is_report and token in self.options.send_only_tokens:
            return error(401, 3, "Authorization failed.")
        return None

    def refusal_of_access(self, ad_account_id: str) -> Reply | None:
        """Return the refusal for an account outside the known ones.

        The schema of 5.23 knows no 404 for the events endpoint, the live one does.
        """
        accounts = self.options.accounts
        if accounts is None or ad_account_id in accounts:
            return None
        return plain_error(404 if self.options.spec == "current" else 403)

    def too_many(self, allowance: Allowance, now_s: float) -> Reply:
        """Return the 429, with Retry-After if the options ask for it."""
        wait = retry_after(self.options, allowance, now_s)
        return plain_error(429).with_headers({**allowance.headers(), **wait})

    def request_id(self) -> str:
        """Return a fresh request id for `x-pinterest-rid`."""
        return str(next(self._request_ids))


def bearer(request: Request) -> str:
    """Return the bearer token of a request, empty when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def to_response(reply: Reply, box: Box) -> Response:
    """Return the answer as Flask sends it, with its request id."""
    response = Response(
        reply.body, status=reply.status, content_type=reply.content_type
    )
    response.headers["x-pinterest-rid"] = box.request_id()
    for name, value in reply.headers.items():
        response.headers[name] = value
    return response
