"""`python -m bench.pages`: the server's time for every page, filter by filter.

Asks Flask itself, so that neither a browser nor the network is in the figures. Prints
JSON: the times of each address, in milliseconds, the first one left out.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient

from forwarder.app import create_app
from forwarder.core.delivery import Status
from forwarder.core.links import mark_of
from forwarder.store import live
from forwarder.store.access import User, add_user
from forwarder.store.join_marks import PERSON
from forwarder.store.sessions import begin
from forwarder.web.console_list import choices
from forwarder.web.desk import EXTENSION, WebDesk
from forwarder.web.rules import ANYONE, RULE

N_TIMES: Final = 7
MARK: Final = mark_of(b"bench", PERSON, "ada@example.com")
LISTS: Final = ("/console/deliveries.json", "/console/deliveries")
FILES: Final = (".csv", ".ndjson", ".svg", ".png")  # as long as they are
MS: Final = 1e3
OK: Final = 200


def queries(desk: WebDesk, n_rows: int) -> list[Mapping[str, str]]:
    """Return every filter that the page offers, alone, and some together."""
    now = desk.clock()
    day, week = (_text(now - timedelta(days=n)) for n in (1, 7))
    offered = [
        {name: value}
        for name, values in choices(desk, {}).items()
        for value, _ in values
    ]
    return [
        {},
        {"cursor": str(max(1, n_rows - 10_000))},
        {"cursor": str(n_rows // 2)},
        {"cursor": "100"},
        *offered,
        {"endpoint": "rare-shop"},
        {"endpoint": "no-such-shop"},
        {"source": "stripe"},
        {"since": day},
        {"since": week},
        {"until": week},
        {"since": _text(now - timedelta(days=20)), "until": week},
        {"order": str(1_000_000 + n_rows // 3)},
        {"event_id": f"bench:{n_rows // 3}"},
        {"order": "no-such-order"},
        {"http": "404"},
        {"http": "503"},
        {"http": "429", "cursor": str(n_rows // 2)},
        {"http": "4xx", "endpoint": "rare-shop"},
        {"http": "none", "since": day},
        {"http": "429", "status": Status.REFUSED.value},
        {"batch": str(n_rows // 2_000)},
        {"request_id": f"rid-{n_rows // 2_000}"},
        {"person": MARK},
        {"ids": ",".join(str(1 + one * n_rows // 50) for one in range(50))},
        {"status": Status.REFUSED.value, "kind": "checkout"},
        {"status": Status.REFUSED.value, "since": week},
        {"status": Status.SKIPPED.value, "source": "stripe"},
        {"kind": "refund", "endpoint": "my-list", "until": week},
        {"kind": "lead", "cursor": str(n_rows // 3)},
        {"reason": "too_old", "endpoint": "rare-shop"},
    ]


def _text(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()


def logged_in(app: Flask, desk: WebDesk) -> FlaskClient:
    """Return a client whose session is that of an administrator."""
    now = desk.clock()
    user = User(name="bench", role="admin", created_at=now)
    add_user(desk.store, user, "bench-bench-bench")
    client = app.test_client()
    with client.session_transaction() as session:
        session["id"] = begin(desk.store, user, now)
    return client


def other_pages(app: Flask, n_rows: int) -> Iterator[str]:
    """Give the address of every other page and its data, read from the routes."""
    parts = {"delivery_id": n_rows // 2, "what": "replay", "form": "csv"}
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        who = getattr(app.view_functions[rule.endpoint], RULE, ANYONE)
        is_open = who == ANYONE or "path:" in rule.rule or rule.rule.endswith(FILES)
        is_page = rule.rule.startswith("/console/") and "GET" in (rule.methods or ())
        if is_open or not is_page or rule.rule in LISTS:
            continue
        values = {name: parts.get(name, 1) for name in rule.arguments}
        address = adapter.build(rule.endpoint, values, "GET")
        if "/jobs/new/" in address:  # counts what its filter finds
            address += "?" + urlencode({"status": Status.REFUSED.value})
        if address.endswith("/live.json"):
            address += "?" + urlencode({"after": max(0, n_rows - 50), "shown": "1,2,3"})
        yield address


def times_ms(client: FlaskClient, address: str) -> list[float]:
    """Return the times of one address; empty where there is no such thing to show."""
    taken = []
    for _ in range(N_TIMES + 1):
        started_s = time.perf_counter()
        answer = client.get(address)
        taken.append(round((time.perf_counter() - started_s) * MS, 1))
        if answer.status_code != OK:
            print(f"left out: {address} {answer.status_code}", file=sys.stderr)
            return []
    return taken[1:]


def main() -> None:
    app = create_app()
    desk: WebDesk = app.extensions[EXTENSION]
    client = logged_in(app, desk)
    n_rows = live.newest_id(desk.store)
    asked = [
        f"{page}?{urlencode(query)}"
        for page in LISTS
        for query in queries(desk, n_rows)
    ]
    found = {
        address: times_ms(client, address)
        for address in [*asked, *other_pages(app, n_rows)]
    }
    print(json.dumps({address: taken for address, taken in found.items() if taken}))
    desk.store.close()


if __name__ == "__main__":
    main()
