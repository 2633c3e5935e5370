"""Ad reporting: the sync analytics, the asynchronous reports and the templates."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import orjson
from flask import Blueprint, Response, request

from forwarder.sandbox.box import Box
from forwarder.sandbox.queries import (
    ASYNC,
    SYNC,
    Args,
    BadQuery,
    Reach,
    check_words,
    listed,
    need,
    period,
    report_call,
    today,
)
from forwarder.sandbox.replies import Reply, error, json_reply
from forwarder.sandbox.tallies import (
    API,
    TAG,
    Tally,
    by_source,
    metric,
    periods,
    tallies,
)

REPORT_LIFE_S = 3_600
URL_LIFE_S = 300
_LEVELS = (
    *("ADVERTISER", "CAMPAIGN", "AD_GROUP", "PIN_PROMOTION", "KEYWORD"),
    *("PRODUCT_GROUP", "PRODUCT_ITEM"),
)
_COLUMNS = (
    *("TOTAL_CONVERSIONS", "TOTAL_CHECKOUT", "TOTAL_CHECKOUT_VALUE_IN_MICRO_DOLLAR"),
    *("TOTAL_WEB_CHECKOUT", "TOTAL_WEB_CHECKOUT_VALUE_IN_MICRO_DOLLAR"),
    *("TOTAL_OFFLINE_CHECKOUT", "TOTAL_SIGNUP", "TOTAL_LEAD"),
)
# What a person would make by hand in Ads Manager: one filtered report per source,
# and one that names the source in a column.
_TEMPLATES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "7000000000001": ("Conversions by tag", (TAG,)),
    "7000000000002": ("Conversions by API", (API,)),
    "7000000000003": ("Conversions by source", ()),
}


@dataclass(slots=True)
class _Report:
    ad_account_id: str
    asked_at_s: float
    data: bytes
    content_type: str
    n_polls: int = 0
    url_until_s: float = 0.0


def reporting_routes(box: Box) -> Blueprint:
    """Return the routes that the attribution gap report reads."""
    routes = Blueprint("reporting", __name__)
    desk = _Desk(box)

    def route(method: str, path: str, answer: Callable[..., Reply]) -> None:
        def view(ad_account_id: str, **more: str) -> Response:
            return report_call(
                box, ad_account_id, lambda: answer(ad_account_id, **more)
            )

        rule = f"/v5/ad_accounts/<ad_account_id>{path}"
        routes.add_url_rule(rule, f"{method}{path}", view, methods=[method])

    route("GET", "/analytics", desk.analytics)
    route("GET", "/templates", desk.templates)
    route("POST", "/templates/<template_id>/reports", desk.order_template)
    route("POST", "/reports", desk.order)
    route("GET", "/reports", desk.poll)
    routes.get("/_sandbox/reports/<token>")(desk.download)
    return routes


class _Desk:
    """Answers with numbers from the ledger and the tag log."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._reports: dict[str, _Report] = {}

    def analytics(self, ad_account_id: str) -> Reply:
        args = request.args
        try:
            need(args, "start_date", "end_date", "columns", "granularity")
            rows = self._rows(ad_account_id, args, SYNC, sources=())
        except BadQuery:
            return error(400, 400, "Invalid ad account analytics parameters.")
        return json_reply([_without_zeros(row) for row in rows])

    def templates(self, ad_account_id: str) -> Reply:
        items = [_template(ad_account_id, key) for key in _TEMPLATES]
        size, start = (request.args.get("page_size", 25), request.args.get("bookmark"))
        try:
            first, n_items = int(start or 0), int(size)
        except ValueError:
            return error(400, 400, "Invalid ad account template parameters")
        more = first + n_items < len(items)
        bookmark = str(first + n_items) if more else None
        return json_reply(
            {"items": items[first : first + n_items], "bookmark": bookmark}
        )

    def order_template(self, ad_account_id: str, template_id: str) -> Reply:
        if template_id not in _TEMPLATES:
            return error(404, 2, "Template not found.")
        sources = _TEMPLATES[template_id][1]
        args = {**_DEFAULTS, **request.args}
        args["columns"] = ",".join(_COLUMNS)
        try:
            rows = self._rows(ad_account_id, args, ASYNC, sources=sources or (TAG, API))
        except BadQuery as bad:
            return error(400, 2, f"Invalid report parameters: {bad}.")
        if sources:
            rows = [_without(row, "INGESTION_SOURCE") for row in rows]
        return self._ordered(ad_account_id, rows, "JSON", template_id=template_id)

    def order(self, ad_account_id: str) -> Reply:
        try:
            args = _report_args(request.get_data())
            need(args, "start_date", "end_date", "granularity", "level", "columns")
            rows = self._rows(ad_account_id, args, ASYNC, sources=())
        except BadQuery:
            return error(400, 400, "Invalid ad account ads analytics parameters.")
        shape = args.get("report_format", "JSON")
        return self._ordered(ad_account_id, rows, shape, message=None)

    def poll(self, ad_account_id: str) -> Reply:
        token, now_s = request.args.get("token", ""), self._box.clock()
        report = self._reports.get(token)
        if report is None or report.ad_account_id != ad_account_id:
            return _status("DOES_NOT_EXIST")
        if now_s - report.asked_at_s > REPORT_LIFE_S:
            return _status("EXPIRED")
        report.n_polls += 1
        if report.n_polls <= self._box.options.report_polls:
            return _status("IN_PROGRESS")
        report.url_until_s = now_s + URL_LIFE_S
        url = f"{request.host_url}_sandbox/reports/{token}"
        return _status("FINISHED", url=url, size=len(report.data))

    def download(self, token: str) -> Response:
        """Return the finished report; its address needs no token, but ages fast."""
        report = self._reports.get(token)
        if report is None or self._box.clock() > report.url_until_s:
            return Response("Request has expired", status=403)
        return Response(report.data, content_type=report.content_type)

    def _rows(
        self, ad_account_id: str, args: Args, reach: Reach, sources: Sequence[str]
    ) -> list[dict[str, object]]:
        """Return one row per period and source; no sources gives one total."""
        check_words(args)
        start, end = period(args, reach, today(self._box))
        found = tallies(self._box, ad_account_id, start, end)
        columns = listed(args, "columns")
        rows = []
        for source in sources or (None,):
            mine = found
            if source is not None:
                mine = by_source(found, source, self._box.options.sum_mode)
            rows += _source_rows(ad_account_id, mine, source, columns, args)
        return rows

    def _ordered(
        self,
        ad_account_id: str,
        rows: Sequence[Mapping[str, object]],
        shape: str,
        **more: object,
    ) -> Reply:
        token = f"{self._box.request_id()}-{ad_account_id}"
        is_csv = shape == "CSV"
        data = _as_csv(rows) if is_csv else _as_json(ad_account_id, rows)
        self._reports[token] = _Report(
            ad_account_id,
            self._box.clock(),
            data,
            "text/csv" if is_csv else "application/json",
        )
        return json_reply({"report_status": "IN_PROGRESS", "token": token, **more})


_DEFAULTS: Args = {"granularity": "DAY"}


def _template(ad_account_id: str, template_id: str) -> dict[str, object]:
    name, sources = _TEMPLATES[template_id]
    columns = [*_COLUMNS] if sources else [*_COLUMNS, "INGESTION_SOURCE"]
    return {
        "id": template_id,
        "name": name,
        "ad_account_id": ad_account_id,
        "ad_account_ids": [ad_account_id],
        "columns": columns,
        "ingestion_sources": list(sources) or None,
        "granularity": "DAY",
        "click_window_days": 30,
        "engagement_window_days": 30,
        "view_window_days": 1,
        "conversion_report_time_type": "TIME_OF_CONVERSION",
        "creation_source": "ADS_MANAGER_REPORT_BUILDER",
        "type": "TABLE",
    }


def _source_rows(
    ad_account_id: str,
    found: Sequence[Tally],
    source: str | None,
    columns: Sequence[str],
    args: Args,
) -> list[dict[str, object]]:
    rows = []
    for on, group in periods(found, args["granularity"]).items():
        numbers = {column: metric(column, group) for column in columns}
        known = {
            column: value for column, value in numbers.items() if value is not None
        }
        if not any(known.values()):
            continue  # rows of nothing but zeros are left out of every format
        row: dict[str, object] = {} if on is None else {"DATE": on.isoformat()}
        row["AD_ACCOUNT_ID"] = ad_account_id
        if source is not None:
            row["INGESTION_SOURCE"] = source
        rows.append({**row, **known})
    return rows


def _without(row: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in row.items() if key != name}


def _without_zeros(row: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in row.items() if value != 0}


def _as_json(ad_account_id: str, rows: Sequence[Mapping[str, object]]) -> bytes:
    return orjson.dumps({ad_account_id: [_without_zeros(row) for row in rows]})


def _as_csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    text = StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names, restval="0")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _status(word: str, **more: object) -> Reply:
    return json_reply({"report_status": word, "url": None, "size": None, **more})


def _report_args(body: bytes) -> Args:
    """Return the body of a report order as flat texts. Raises: BadQuery."""
    try:
        asked: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadQuery("the body is not valid JSON") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("columns"), list):
        raise BadQuery("columns must be a list")
    level = str(asked.get("level")).removesuffix("_TARGETING")
    if level not in _LEVELS or asked.get("report_format", "JSON") not in (
        "JSON",
        "CSV",
    ):
        raise BadQuery("level or report_format is unknown")
    flat = {key: str(value) for key, value in asked.items() if key != "columns"}
    return {**flat, "columns": ",".join(map(str, asked["columns"]))}
