"""What the page of the delivery list shows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from flask import g

from forwarder.core.delivery import NoticeStatus
from forwarder.pipeline.progress import progress
from forwarder.store import live, notice_log, views
from forwarder.store.log import Filter
from forwarder.web import console_list, telling
from forwarder.web.desk import WebDesk
from forwarder.web.filters import BadFilter, read_filter

QUARANTINED_MAX: Final = 100  # shown as "100 or more"
PAGING: Final = frozenset({"cursor", "limit"})


def shown(
    desk: WebDesk, given: Mapping[str, str], now: datetime
) -> tuple[dict[str, Any], int]:
    """Return what the template takes, and the status of the answer."""
    page: dict[str, Any] = {
        "given": given,
        "chips": console_list.chips(given),
        "choices": console_list.choices(desk, given),
        "views": views.list_views(desk.store, g.user.name),
        "whole": {name: text for name, text in given.items() if name not in PAGING},
        "errors": [],
        "unfound": telling.unfound(desk.found_for_days),
    }
    try:
        wanted, n_max = read_filter(given)
    except BadFilter as bad:
        return {**page, "errors": console_list.error_texts(bad.errors)}, 422
    return {**page, **_found(desk, given, wanted, n_max, now)}, 200


def _found(
    desk: WebDesk, given: Mapping[str, str], wanted: Filter, n_max: int, now: datetime
) -> dict[str, Any]:
    newest_id = live.newest_id(desk.store)  # before the list: nothing falls between
    found = console_list.listing(desk, given, wanted, n_max, now)
    is_open = wanted.before_id is None and wanted.until is None and wanted.ids is None
    return {
        "listing": found,
        "live_after": newest_id if is_open else None,
        "moments": console_list.moments(wanted),
        "troubles": progress(desk.store, now).problems,
        "n_quarantined": _count_quarantined(desk),
        "quarantined_max": QUARANTINED_MAX,
        "hooks": [] if found.page.lines else console_list.hooks(desk),
    }


def _count_quarantined(desk: WebDesk) -> int:
    held = notice_log.list_notices(
        desk.store, NoticeStatus.QUARANTINED, QUARANTINED_MAX
    )
    return len(held)
