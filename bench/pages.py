"""`python -m bench.pages`: the server's time for the log page, filter by filter.

Asks Flask itself, so that neither a browser nor the network is in the figures. Prints
JSON: the shorter of two times of each query, in milliseconds.
"""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
from flask import Flask
from flask.testing import FlaskClient

from forwarder.app import create_app
from forwarder.core.delivery import Status
from forwarder.store.access import User, add_user
from forwarder.web.console_list import choices
from forwarder.web.desk import EXTENSION, WebDesk

N_TIMES: Final = 2
PAGES: Final = ("/console/deliveries.json", "/console/deliveries")
MS: Final = 1e3


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
        {"cursor": str(n_rows // 2)},
        {"cursor": "100"},
        *offered,
        {"endpoint": "rare-shop"},
        {"source": "stripe"},
        {"since": day},
        {"since": week},
        {"until": week},
        {"since": _text(now - timedelta(days=20)), "until": week},
        {"order": str(1_000_000 + n_rows // 3)},
        {"event_id": f"bench:{n_rows // 3}"},
        {"order": "no-such-order"},
        {"status": Status.REFUSED.value, "kind": "checkout"},
        {"status": Status.REFUSED.value, "since": week},
        {"status": Status.SKIPPED.value, "source": "stripe"},
        {"kind": "refund", "endpoint": "my-list", "until": week},
        {"reason": "too_old", "endpoint": "rare-shop"},
    ]


def _text(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()


def logged_in(app: Flask, desk: WebDesk) -> FlaskClient:
    """Return a client whose session is that of an operator."""
    now = desk.clock()
    user = User(name="bench", role="operator", created_at=now)
    add_user(desk.store, user, "bench-bench-bench")
    client = app.test_client()
    with client.session_transaction() as session:
        session["user"] = user.name
        session["made"] = user.created_at.isoformat()
        session["at_s"] = int(now.timestamp())
    return client


def time_ms(client: FlaskClient, page: str, query: Mapping[str, str]) -> float:
    taken = []
    for _ in range(N_TIMES):
        started_s = time.perf_counter()
        answer = client.get(page, query_string=dict(query))
        taken.append(time.perf_counter() - started_s)
        if answer.status_code != 200:  # noqa: PLR2004
            raise RuntimeError(f"{page} {query}: {answer.status_code}")
    return min(taken) * MS


def main() -> None:
    app = create_app()
    desk: WebDesk = app.extensions[EXTENSION]
    client = logged_in(app, desk)
    newest = orjson.loads(client.get(PAGES[0]).data)["items"]
    asked: Sequence[Mapping[str, str]] = queries(desk, len(newest) and _n_rows(desk))
    found = {
        f"{page}?{'&'.join(f'{k}={v}' for k, v in query.items())}": round(
            time_ms(client, page, query), 1
        )
        for page in PAGES
        for query in asked
    }
    print(json.dumps(found))
    desk.store.close()


def _n_rows(desk: WebDesk) -> int:
    from forwarder.store.log import Filter, list_deliveries  # noqa: PLC0415

    return list_deliveries(desk.store, Filter(), 1).lines[0].id


if __name__ == "__main__":
    main()
