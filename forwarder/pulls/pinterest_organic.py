"""Pinterest's organic analytics: account and Pins by day, and what the Pins are.

Counts only: rates are computed anew. Dates are UTC. The platform shows 90 days, and a
day too far back fails the whole question, so one day less is asked for.

Source: https://developers.pinterest.com/docs/api/v5/user_account-analytics/
(read 2026-11-22)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlsplit

from forwarder.asking import Answer, Api, Caller, NoAnswer
from forwarder.core import reading as read
from forwarder.core.kpi import Board, Counts, DeviceDay, KpiDay, PinFacts
from forwarder.core.money import amount
from forwarder.pulls.pinterest_account import Nap, Row, patiently

BACK_DAYS: Final = 89
TOP_PINS: Final = "50"  # Pinterest lists no more
FRESH_DAYS: Final = "30"
PINS_AT_ONCE: Final = 100
PAGES_MAX: Final = 400
SORTS: Final = ("OUTBOUND_CLICK", "PIN_CLICK", "SAVE", "IMPRESSION", "ENGAGEMENT")
METRICS: Final = "IMPRESSION,PIN_CLICK,OUTBOUND_CLICK,SAVE"
DEVICES: Final = ("MOBILE", "TABLET", "WEB")
FINAL: Final = "READY"
# No data, which is not nought.
NO_DATA: Final = ("BEFORE_", "_SMALLER_THAN_THRESHOLD")
GONE: Final = "the Pin is gone"

_SCOPES: Final = (
    "the token may not read: set kpi_token to one with the scopes user_accounts:read, "
    "pins:read and boards:read"
)
ORGANIC: Final = Api(
    name="Pinterest",
    lacking="no counts",
    never={
        400: "Pinterest does not take the question",
        401: _SCOPES,
        403: _SCOPES,
        404: GONE,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organic:
    """The account that a token belongs to. Every method raises NoAnswer."""

    caller: Caller
    nap: Nap

    def account(self, first_on: date, last_on: date) -> list[KpiDay]:
        """Return the days of the account: all its content, paid and organic."""
        asked = {**_span(first_on, last_on), "metric_types": METRICS}
        group = _only(self._get("/user_account/analytics", asked))
        return [replace(day, pin_id="") for day in _days(group, "")]

    def devices(self, first_on: date, last_on: date) -> list[DeviceDay]:
        """Return the same by the kind of app that people used."""
        found = []
        for device in DEVICES:
            asked = {
                **_span(first_on, last_on),
                "metric_types": METRICS,
                "app_types": device,
            }
            group = _only(self._get("/user_account/analytics", asked))
            found += [
                DeviceDay(
                    on=day.on,
                    device=device,
                    counts=day.counts,
                    is_final=day.is_final,
                )
                for day in _days(group, "")
            ]
        return found

    def top_pins(self, first_on: date, last_on: date) -> list[str]:
        """Return the Pins that lead by any of five counts, of all and of fresh ones."""
        found: dict[str, None] = {}
        for sort in SORTS:
            for more in ({}, {"created_in_last_n_days": FRESH_DAYS}):
                asked = {
                    **_span(first_on, last_on),
                    "sort_by": sort,
                    "num_of_pins": TOP_PINS,
                    **more,
                }
                told = self._get("/user_account/analytics/top_pins", asked).record
                ids = (row.get("pin_id") for row in read.records(told.get("pins")))
                found |= dict.fromkeys(pin for pin in ids if isinstance(pin, str))
        return list(found)

    def pins(
        self, pin_ids: Sequence[str], first_on: date, last_on: date
    ) -> Iterator[tuple[str, list[KpiDay] | None]]:
        """Give each Pin with its days; None for one that is gone.

        Many at once where the app may ask so (it is a beta), else one by one.
        """
        for start in range(0, len(pin_ids), PINS_AT_ONCE):
            part = pin_ids[start : start + PINS_AT_ONCE]
            many = self._many(part, first_on, last_on)
            if many is not None:
                yield from many.items()
                continue
            for pin in part:
                yield pin, self._one(pin, first_on, last_on)

    def _many(
        self, pin_ids: Sequence[str], first_on: date, last_on: date
    ) -> dict[str, list[KpiDay]] | None:
        asked = {
            **_span(first_on, last_on),
            "pin_ids": ",".join(pin_ids),
            "metric_types": METRICS,
        }
        try:
            told = self._get("/pins/analytics", asked).record
        except NoAnswer as none:
            if isinstance(none.outcome, str):  # not for this app, or one is gone
                return None
            raise
        groups = {pin: _first(read.record(told.get(pin))) for pin in pin_ids}
        return {pin: _days(group, pin) for pin, group in groups.items()}

    def _one(self, pin: str, first_on: date, last_on: date) -> list[KpiDay] | None:
        asked = {**_span(first_on, last_on), "metric_types": METRICS}
        try:
            return _days(_only(self._get(f"/pins/{pin}/analytics", asked)), pin)
        except NoAnswer as none:
            if none.outcome == f"{ORGANIC.lacking}: {GONE}":
                return None
            raise

    def facts(self) -> Iterator[PinFacts]:
        """Give every Pin of the account with what it is."""
        for row in self._pages("/pins"):
            at = read.moment(row.get("created_at"))
            pin = row.get("id")
            if isinstance(pin, str) and pin:
                yield PinFacts(
                    pin_id=pin,
                    title=_text(row, "title"),
                    created_on=None if at is None else at.date(),
                    pin_format=_text(row, "creative_type"),
                    board_id=_text(row, "board_id"),
                    page=_page(_text(row, "link")),
                )

    def boards(self) -> Iterator[Board]:
        """Give every board of the account."""
        for row in self._pages("/boards"):
            board, n_pins = row.get("id"), amount(row.get("pin_count"))
            if isinstance(board, str) and board:
                yield Board(
                    board_id=board, name=_text(row, "name"), n_pins=int(n_pins or 0)
                )

    def _pages(self, path: str) -> Iterator[Row]:
        asked = {"page_size": "250"}
        for _ in range(PAGES_MAX):
            page = self._get(path, asked).record
            yield from read.records(page.get("items"))
            bookmark = page.get("bookmark")
            if not isinstance(bookmark, str) or not bookmark:
                return
            asked["bookmark"] = bookmark

    def _get(self, path: str, asked: Mapping[str, str]) -> Answer:
        return patiently(lambda: self.caller.get(path, asked), self.nap)


def _span(first_on: date, last_on: date) -> dict[str, str]:
    return {"start_date": f"{first_on}", "end_date": f"{last_on}"}


def reach(today: date) -> date:
    """Return the first day that may be asked for."""
    return today - timedelta(days=BACK_DAYS)


def _only(answer: Answer) -> Row:
    return _first(answer.record)


def _first(groups: Row) -> Row:
    """Return the one group of an answer, whatever its key: `all` is only customary."""
    return next((read.record(group) for group in groups.values()), {})


def _days(group: Row, pin: str) -> list[KpiDay]:
    found = (_day(row, pin) for row in read.records(group.get("daily_metrics")))
    return [day for day in found if day is not None]


def _day(row: Row, pin: str) -> KpiDay | None:
    status, metrics = _text(row, "data_status"), read.record(row.get("metrics"))
    at = read.moment(row.get("date"))
    is_told = metrics and not any(word in status for word in NO_DATA)
    if at is None or not is_told:
        return None
    return KpiDay(
        on=at.date(),
        counts=Counts(*(_count(metrics, name) for name in METRICS.split(","))),
        pin_id=pin,
        is_final=status == FINAL,
    )


def _count(metrics: Row, name: str) -> int:
    found = amount(metrics.get(name))
    return max(int(found), 0) if found is not None else 0


def _text(row: Row, name: str) -> str:
    found = row.get(name)
    return found if isinstance(found, str) else ""


def _page(link: str) -> str:
    """Return where a link leads, without query and fragment: they may name people."""
    try:
        parts = urlsplit(link)
    except ValueError:  # such as half a bracket: no page that anybody reaches
        return ""
    if not parts.netloc:
        return ""
    return f"{parts.scheme}://{parts.hostname}{parts.path.rstrip('/')}"
