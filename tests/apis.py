"""Stand-ins for the platforms' APIs on the loopback, strict about keys and paging."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Reply = tuple[int, dict[str, str], Any]
NO_KEY: Reply = (401, {}, {"error": "who are you?"})
NOTHING: Reply = (404, {}, {"error": "no such thing"})
WRONG: Reply = (400, {}, {"error": "not like that"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in; header names in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def one(self, name: str, default: str = "") -> str:
        return self.query.get(name, [default])[0]

    def number(self, name: str, default: int) -> int:
        return int(self.one(name, str(default)))


@dataclass
class FakeApi:
    """Answers by its own rules, before them with whatever `trouble` holds."""

    key: str = "example-key"
    url: str = ""
    trouble: list[Reply] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def reply(self, asked: Asked) -> Reply:
        if self.trouble:
            return self.trouble.pop(0)
        return self.answer(asked) if self.knows(asked) else NO_KEY

    def knows(self, asked: Asked) -> bool:
        return asked.headers.get("authorization") == f"Bearer {self.key}"

    def answer(self, asked: Asked) -> Reply:
        del asked
        return NOTHING


class Quiet(ThreadingHTTPServer):
    """Says nothing of callers who hang up."""

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address


@contextmanager
def running(api: FakeApi) -> Iterator[FakeApi]:
    """Run a stand-in on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            query: dict[str, list[str]] = {}
            for name, value in parse_qsl(parts.query, keep_blank_values=True):
                query.setdefault(name, []).append(value)
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(
                self.command,
                parts.path,
                query,
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
            )
            api.asked.append(asked)
            status, headers, data = api.reply(asked)
            body = data if isinstance(data, bytes) else json.dumps(data).encode()
            body = b"" if data is None else body
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = Quiet(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class FakeShopify(FakeApi):
    """Pages by a cursor in the Link header, which goes with `limit` alone."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    page: int = 250

    def knows(self, asked: Asked) -> bool:
        return asked.headers.get("x-shopify-access-token") == self.key

    def answer(self, asked: Asked) -> Reply:
        root = "/admin/api/2026-07/"
        name = asked.path.removeprefix(root).removesuffix(".json")
        if not asked.path.startswith(root):
            return NOTHING
        if name.startswith("webhooks"):
            return self.webhooks(asked, name)
        return self.listing(asked, name)

    def listing(self, asked: Asked, name: str) -> Reply:
        cursor = asked.one("page_info")
        if name not in self.rows or asked.number("limit", 50) > 250:
            return WRONG
        if cursor and set(asked.query) - {"page_info", "limit"}:
            return WRONG
        if not cursor and name == "orders" and asked.one("status") != "any":
            return (200, {}, {name: []})  # only open ones are told by default
        start = int(cursor.partition("-")[2]) if cursor else 0
        found = self.rows[name][start : start + self.page]
        headers = {}
        if start + self.page < len(self.rows[name]):
            there = f"{self.url}{asked.path}?limit=250&page_info=c-{start + self.page}"
            headers["Link"] = f'<{there}>; rel="next"'
        return (200, headers, {name: found})

    def webhooks(self, asked: Asked, name: str) -> Reply:
        if asked.method == "GET":
            return (200, {}, {"webhooks": list(self.hooks.values())})
        if asked.method == "DELETE":
            gone = self.hooks.pop(name.removeprefix("webhooks/"), None)
            return NOTHING if gone is None else (200, {}, {})
        wanted = json.loads(asked.body)["webhook"]
        if wanted["format"] != "json" or not wanted["address"].startswith("https://"):
            return (422, {}, {"errors": {"address": ["is invalid"]}})
        made = {"id": 1000 + len(self.hooks), **wanted}
        self.hooks[str(made["id"])] = made
        return (201, {}, {"webhook": made})


@dataclass
class FakeWoo(FakeApi):
    """Pages by number; asks for Basic."""

    key: str = "ck_example:cs_example"
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def knows(self, asked: Asked) -> bool:
        pair = base64.b64encode(self.key.encode()).decode()
        return asked.headers.get("authorization") == f"Basic {pair}"

    def answer(self, asked: Asked) -> Reply:
        name = asked.path.removeprefix("/wp-json/wc/v3/")
        if name.startswith("webhooks") and asked.method != "GET":
            return self.webhooks(asked, name)
        rows = [*self.hooks.values()] if name == "webhooks" else self.rows.get(name)
        size, page = asked.number("per_page", 10), asked.number("page", 1)
        if rows is None or size > 100:
            return WRONG
        if asked.one("orderby") == "registered_date":
            rows = sorted(rows, key=lambda r: r["date_created_gmt"], reverse=True)
        found = rows[(page - 1) * size : page * size]
        return (200, {"X-WP-Total": str(len(rows))}, found)

    def webhooks(self, asked: Asked, name: str) -> Reply:
        if asked.method == "DELETE":
            if asked.one("force") != "true":
                return (501, {}, {"code": "woocommerce_rest_trash_not_supported"})
            gone = self.hooks.pop(name.removeprefix("webhooks/"), None)
            return NOTHING if gone is None else (200, {}, gone)
        made = {"id": 70 + len(self.hooks), **json.loads(asked.body)}
        self.hooks[str(made["id"])] = made
        return (201, {}, {k: v for k, v in made.items() if k != "secret"})


@dataclass
class FakeStripe(FakeApi):
    """Pages by the last id; takes forms only."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/v1/events":
            topics = asked.query.get("types[]", [])
            first, last = (
                asked.number("created[gte]", 0),
                asked.number("created[lt]", 0),
            )
            rows = [
                row
                for row in self.rows
                if row["type"] in topics and first <= row["created"] < last
            ]
            return self.paged(asked, rows)
        if asked.path.endswith("/line_items"):
            return self.paged(asked, self.lines)
        return self.webhooks(asked)

    def paged(self, asked: Asked, rows: list[dict[str, Any]]) -> Reply:
        size, after = asked.number("limit", 10), asked.one("starting_after")
        ids = [row["id"] for row in rows]
        if size > 100 or (after and after not in ids):
            return WRONG
        start = ids.index(after) + 1 if after else 0
        has_more = start + size < len(rows)
        data = {"object": "list", "data": rows[start : start + size]}
        return (200, {}, {**data, "has_more": has_more})

    def webhooks(self, asked: Asked) -> Reply:
        name = asked.path.removeprefix("/v1/webhook_endpoints").strip("/")
        if asked.method == "GET":
            return (200, {}, {"data": list(self.hooks.values()), "has_more": False})
        if asked.method == "DELETE":
            gone = self.hooks.pop(name, None)
            return NOTHING if gone is None else (200, {}, {"deleted": True})
        pairs = parse_qsl(asked.body.decode())
        if asked.headers["content-type"] != "application/x-www-form-urlencoded":
            return WRONG
        made = {
            "id": f"we_{len(self.hooks)}",
            "url": dict(pairs)["url"],
            "enabled_events": [v for k, v in pairs if k == "enabled_events[]"],
        }
        self.hooks[made["id"]] = made
        return (200, {}, {**made, "secret": "whsec_told_once"})


@dataclass
class FakeBigCommerce(FakeApi):
    """The older half answers in lists and 204, the newer one in `data` and `meta`."""

    things: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)

    def knows(self, asked: Asked) -> bool:
        return asked.headers.get("x-auth-token") == self.key

    def answer(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix("/stores/example1")
        if asked.headers.get("accept") != "application/json":
            return (406, {}, b"<xml/>")
        if path.startswith("/v3/hooks"):
            return self.webhooks(asked, path)
        if path in self.rows:
            size, page = asked.number("limit", 50), asked.number("page", 1)
            rows = self.rows[path]
            found = rows[(page - 1) * size : page * size]
            if path.startswith("/v2/"):
                return (200, {}, found) if found else (204, {}, None)
            n_pages = -(-len(rows) // size)
            paging = {"current_page": page, "total_pages": n_pages}
            return (200, {}, {"data": found, "meta": {"pagination": paging}})
        return (200, {}, self.things[path]) if path in self.things else NOTHING

    def webhooks(self, asked: Asked, path: str) -> Reply:
        if asked.method == "GET":
            return (200, {}, {"data": list(self.hooks.values())})
        if asked.method == "DELETE":
            gone = self.hooks.pop(path.rpartition("/")[2], None)
            return NOTHING if gone is None else (200, {}, {"data": gone})
        made = {"id": 500 + len(self.hooks), **json.loads(asked.body)}
        self.hooks[str(made["id"])] = made
        return (200, {}, {"data": made})


@dataclass
class FakeSquarespace(FakeApi):
    """Asks for a user agent; its cursor goes with no other parameter."""

    orders: list[dict[str, Any]] = field(default_factory=list)
    page: int = 50

    def answer(self, asked: Asked) -> Reply:
        if not asked.headers.get("user-agent", "").startswith("pin-forwarder"):
            return (403, {}, {"message": "say who you are"})
        name = asked.path.removeprefix("/1.0/commerce/orders").strip("/")
        if name:
            found = [order for order in self.orders if order["id"] == name]
            return (200, {}, found[0]) if found else NOTHING
        cursor = asked.one("cursor")
        if cursor and len(asked.query) > 1:
            return WRONG
        start = int(cursor or 0)
        more = start + self.page < len(self.orders)
        paging = {
            "hasNextPage": more,
            "nextPageCursor": str(start + self.page) if more else None,
        }
        found = self.orders[start : start + self.page]
        return (200, {}, {"result": found, "pagination": paging})


@dataclass
class FakePaddle(FakeApi):
    """Pages by the last id, thirty transactions at most; knows filters by name."""

    transactions: list[dict[str, Any]] = field(default_factory=list)
    customers: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, asked: Asked) -> Reply:
        rows = {"/transactions": self.transactions, "/customers": self.customers}
        most = {"/transactions": 30, "/customers": 200}.get(asked.path, 0)
        known = {"status", "billed_at[GTE]", "billed_at[LT]", "per_page", "after"}
        size = asked.number("per_page", 50)
        if asked.path not in rows or size > most or set(asked.query) - known:
            return WRONG
        found = rows[asked.path]
        if asked.path == "/transactions":
            found = [row for row in found if row["status"] == asked.one("status")]
        ids, after = [row["id"] for row in found], asked.one("after")
        if after and after not in ids:
            return WRONG
        start = ids.index(after) + 1 if after else 0
        paging = {"per_page": size, "has_more": start + size < len(found)}
        data = found[start : start + size]
        return (200, {}, {"data": data, "meta": {"pagination": paging}})


@dataclass
class FakeGumroad(FakeApi):
    """Ten sales a page, by a key that goes with the same days."""

    sales: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, asked: Asked) -> Reply:
        days = [asked.one("after"), asked.one("before")]
        if asked.path != "/v2/sales" or any(
            len(day) != len("2026-11-01") for day in days
        ):
            return WRONG
        start = int(asked.one("page_key", "0").partition("-")[0])
        told: dict[str, Any] = {
            "success": True,
            "sales": self.sales[start : start + 10],
        }
        if start + 10 < len(self.sales):
            told["next_page_key"] = f"{start + 10}-k"
        return (200, {}, told)


@dataclass
class FakeGhost(FakeApi):
    """Looks into the pass: who made it, for what, and for how long."""

    key: str = "6489f0c1:00ff00ff00ff00ff"
    members: list[dict[str, Any]] = field(default_factory=list)

    def knows(self, asked: Asked) -> bool:
        scheme, _, told = asked.headers.get("authorization", "").partition(" ")
        head, claims, seal = (_unpacked(one) for one in told.split("."))
        key_id, _, secret = self.key.partition(":")
        signed = told.rpartition(".")[0].encode()
        ours = hmac.digest(bytes.fromhex(secret), signed, "sha256")
        said = json.loads(claims)
        is_short = 0 < said["exp"] - said["iat"] <= 300
        is_ours = json.loads(head)["kid"] == key_id and hmac.compare_digest(seal, ours)
        return scheme == "Ghost" and said["aud"] == "/admin/" and is_short and is_ours

    def answer(self, asked: Asked) -> Reply:
        if asked.path != "/ghost/api/admin/members/" or asked.number("limit", 15) > 100:
            return WRONG
        if "created_at:>=" not in asked.one("filter"):
            return WRONG
        size, page = asked.number("limit", 15), asked.number("page", 1)
        found = self.members[(page - 1) * size : page * size]
        more = page * size < len(self.members)
        paging = {"page": page, "next": page + 1 if more else None}
        return (200, {}, {"members": found, "meta": {"pagination": paging}})


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class FakeHubSpot(FakeApi):
    """Tells only the properties that were asked for by name."""

    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    contacts_of: dict[str, list[str]] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        name = asked.path.removeprefix("/crm/v3/objects/")
        if name not in self.things:
            return NOTHING
        wanted = asked.one("properties").split(",")
        known = {k: v for k, v in self.things[name].items() if k in wanted}
        answer: dict[str, Any] = {"id": name.rpartition("/")[2], "properties": known}
        if asked.one("associations") == "contacts" and name in self.contacts_of:
            ids = [{"id": one} for one in self.contacts_of[name]]
            answer["associations"] = {"contacts": {"results": ids}}
        return (200, {}, answer)


@dataclass
class FakeList(FakeApi):
    """Kit, MailerLite and Mailchimp: subscribers by cursor or by offset."""

    people: list[dict[str, Any]] = field(default_factory=list)
    purchases: list[dict[str, Any]] = field(default_factory=list)
    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    page: int = 100

    def knows(self, asked: Asked) -> bool:
        pair = base64.b64encode(f"any:{self.key}".encode()).decode()
        return asked.headers.get("x-kit-api-key") == self.key or asked.headers.get(
            "authorization"
        ) in {f"Bearer {self.key}", f"Basic {pair}"}

    def answer(self, asked: Asked) -> Reply:
        if "webhook" in asked.path:
            return self.webhooks(asked)
        if asked.path == "/3.0/lists":
            return (200, {}, {"lists": [{"id": "list1"}]})
        if asked.path == "/3.0/lists/list1/members":
            start, size = asked.number("offset", 0), asked.number("count", 10)
            return (200, {}, {"members": self.people[start : start + size]})
        cursor = asked.one("after") or asked.one("cursor")
        start = int(cursor or 0)
        rows = self.purchases if asked.path == "/v4/purchases" else self.people
        found = rows[start : start + self.page]
        more = start + self.page < len(rows)
        end = str(start + self.page) if more else None
        name = asked.path.removeprefix("/v4/")
        is_whole = name == "purchases" or asked.one("status") == "active"
        if asked.path.startswith("/v4/") and is_whole:
            paging = {"has_next_page": more, "end_cursor": end}
            return (200, {}, {name: found, "pagination": paging})
        if asked.path == "/api/subscribers" and asked.one("filter[status]") == "active":
            return (200, {}, {"data": found, "meta": {"next_cursor": end}})
        return WRONG

    def webhooks(self, asked: Asked) -> Reply:
        is_kit = asked.path.startswith("/v4/")
        if asked.method == "GET":
            name = "webhook_endpoints" if is_kit else "data"
            return (200, {}, {name: list(self.hooks.values())})
        if asked.method == "DELETE":
            gone = self.hooks.pop(asked.path.rpartition("/")[2], None)
            return NOTHING if gone is None else (204, {}, None)
        made = {"id": str(30 + len(self.hooks)), **json.loads(asked.body)}
        self.hooks[made["id"]] = made
        told = {**made, "secret": "told-once"}
        return (201, {}, {"webhook_endpoint" if is_kit else "data": told})
