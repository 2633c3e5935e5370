"""`POST /v5/ad_accounts/<id>/events`: the Conversions API itself."""

from dataclasses import dataclass, field

from flask import Blueprint, Request, Response, request

from forwarder.sandbox.body import Batch, Unacceptable, read_batch
from forwarder.sandbox.box import Box, bearer
from forwarder.sandbox.faults import Fault
from forwarder.sandbox.limits import Rule
from forwarder.sandbox.mischief import bend, suffer
from forwarder.sandbox.replies import (
    Reply,
    invalid,
    plain_error,
    results_body,
    results_reply,
    results_status,
)
from forwarder.sandbox.shapes import REQUEST_SHAPES
from forwarder.sandbox.values import Judge, Verdict

TEST_MAX_EVENTS = 20
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    ad_account_id: str
    token: str = field(repr=False)
    test: str  # the query parameter as it came, in lower case
    body: bytes | None = field(repr=False)  # None: larger than allowed
    fault: Fault | None

    @property
    def is_test(self) -> bool:
        return self.test == "true"


def events_routes(box: Box) -> Blueprint:
    """Return the route that takes conversions."""
    routes = Blueprint("events", __name__)
    desk = _Desk(box)

    @routes.post("/v5/ad_accounts/<ad_account_id>/events")
    def post_events(ad_account_id: str) -> Response:
        call = _Call(
            ad_account_id=ad_account_id,
            token=bearer(request),
            test=request.args.get("test", "false").lower(),
            body=desk.body(request),
            fault=box.faults.take("events"),
        )
        return suffer(
            call.fault,
            box,
            lambda: desk.answer(call),
            lambda status: box.ledger.count_request(status, is_test=call.is_test),
        )

    return routes


class _Desk:
    """Takes one call through Pinterest's checks, in Pinterest's order."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._judge = Judge(box.options)
        self._check = REQUEST_SHAPES[box.options.spec]
        self._account_rule = Rule(
            name="ads_conversions_ad_account_id",
            limit=box.options.rate_per_minute,
            window_s=60,
        )
        self._test_rule = Rule(
            name="ads_conversions_test",
            limit=box.options.test_rate_per_s,
            window_s=1,
        )

    def body(self, incoming: Request) -> bytes | None:
        """Return the body, or None when it is too big.

        A body that says so itself is read and forgotten: a client that is still
        sending would otherwise see a reset instead of the 413.
        """
        most = self._box.options.max_body_bytes
        if most is not None and (incoming.content_length or 0) > most:
            while incoming.stream.read(_CHUNK_BYTES):
                pass
            return None
        body = incoming.get_data(cache=False)
        return body if most is None or len(body) <= most else None

    def answer(self, call: _Call) -> Reply:
        """Return what Pinterest answers; accepted events are in the ledger then."""
        now_s = self._box.clock()
        account = self._box.limits.take(self._account_rule, call.ad_account_id, now_s)
        reply = self._refusal(call)
        if reply is None and account.is_exceeded:
            reply = self._box.too_many(account, now_s)
        if reply is None and call.is_test:
            test = self._box.limits.take(self._test_rule, call.token, now_s)
            reply = self._box.too_many(test, now_s) if test.is_exceeded else None
        if reply is None:
            reply = self._read(call, now_s)
        return reply.with_headers(account.headers())

    def _refusal(self, call: _Call) -> Reply | None:
        return (
            self._box.refusal_of_account(call.ad_account_id)
            or self._box.refusal_of_token(call.token, is_report=False)
            or self._box.refusal_of_access(call.ad_account_id)
        )

    def _read(self, call: _Call, now_s: float) -> Reply:
        if call.test not in ("true", "false"):
            return invalid(self._box.options, "'test' is not of type 'boolean'")
        if call.body is None:
            return plain_error(413)
        try:
            batch = read_batch(call.body, self._check)
        except Unacceptable as unacceptable:
            return invalid(self._box.options, str(unacceptable))
        return self._settle(call, batch, now_s)

    def _settle(self, call: _Call, batch: Batch, now_s: float) -> Reply:
        options = self._box.options
        events = batch.events[:TEST_MAX_EVENTS] if call.is_test else batch.events
        verdicts = [self._judge.judge(event, now_s) for event in events]
        verdicts = self._fail_some(call.fault, verdicts)
        if not call.is_test:
            verdicts = self._record(call, batch, verdicts, now_s)
        status = results_status(verdicts, options.partial_status)
        body = results_body(verdicts, len(batch.events), options.empty_message)
        if call.fault is not None:
            if call.fault.kind == "fail_events":
                status = call.fault.args["status"] or status
            body = bend(call.fault, body)
        return results_reply(body, status)

    def _fail_some(self, fault: Fault | None, verdicts: list[Verdict]) -> list[Verdict]:
        if fault is None or fault.kind != "fail_events":
            return verdicts
        failing = self._box.faults.pick(fault, len(verdicts))
        error = fault.args["message"]
        return [
            Verdict(error, verdict.warning) if index in failing else verdict
            for index, verdict in enumerate(verdicts)
        ]

    def _record(
        self, call: _Call, batch: Batch, verdicts: list[Verdict], now_s: float
    ) -> list[Verdict]:
        """Write the good events down; return the verdicts with duplicates named."""
        good = [index for index, verdict in enumerate(verdicts) if not verdict.error]
        flags = self._box.ledger.record(
            call.ad_account_id,
            [(batch.events[index], batch.raws[index]) for index in good],
            now_s,
        )
        self._box.ledger.count_batch(len(verdicts), len(verdicts) - len(good))
        if self._box.options.flag_duplicates:
            for index, is_duplicate in zip(good, flags, strict=True):
                if is_duplicate:
                    verdicts[index] = _flagged(verdicts[index])
        return verdicts


def _flagged(verdict: Verdict) -> Verdict:
    texts = ("This event is a duplicate.", verdict.warning)
    return Verdict(None, " ; ".join(text for text in texts if text))
