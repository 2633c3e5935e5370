"""`/_sandbox/...`: what a test, a demo or a person asks of the sandbox itself."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import orjson
from flask import Blueprint, Response, request

from forwarder.sandbox.books import BadEntry
from forwarder.sandbox.box import Box
from forwarder.sandbox.faults import BadFault, parse_faults


def control_routes(box: Box) -> Blueprint:
    """Return the routes that Pinterest does not have."""
    routes = Blueprint("control", __name__, url_prefix="/_sandbox")
    routes.add_url_rule("/health", "health", lambda: _answer({"status": "ok"}))
    routes.add_url_rule("/schema", "schema", _schema)
    _add_ledger(routes, box)
    _add_faults(routes, box)
    _add_books(routes, box)
    return routes


def _answer(body: object, status: int = 200) -> Response:
    data = orjson.dumps(body)
    return Response(data, status=status, content_type="application/json")


def _schema() -> Response:
    text = (files("forwarder.sandbox") / "schema.json").read_bytes()
    return Response(text, content_type="application/json")


def _add_ledger(routes: Blueprint, box: Box) -> None:
    @routes.get("/ledger")
    def show_ledger() -> Response:
        limit, offset = request.args.get("limit"), request.args.get("offset", "0")
        if request.args.get("events") == "0":
            return _answer(box.ledger.counts())
        if not (limit or "0").isdecimal() or not offset.isdecimal():
            return _complaint("'limit' and 'offset' must be whole numbers.")
        return _answer(box.ledger.page(int(limit) if limit else None, int(offset)))

    @routes.delete("/ledger")
    def clear_ledger() -> Response:
        box.ledger.clear()
        return _answer(box.ledger.counts())


def _add_faults(routes: Blueprint, box: Box) -> None:
    @routes.get("/faults")
    def show_faults() -> Response:
        return _answer({"pending": box.faults.pending()})

    @routes.post("/faults")
    def order_faults() -> Response:
        try:
            box.faults.add(parse_faults(_sent_json()))
        except BadFault as bad:
            return _complaint(str(bad))
        return _answer({"pending": box.faults.pending()})

    @routes.delete("/faults")
    def clear_faults() -> Response:
        box.faults.clear()
        return _answer({"pending": []})


def _add_books(routes: Blueprint, box: Box) -> None:
    def book(path: str, add: Callable[[Any], int], clear: Callable[[], None]) -> None:
        def post() -> Response:
            try:
                return _answer({"accepted": add(_sent_json())})
            except BadEntry as bad:
                return _complaint(str(bad))

        def delete() -> Response:
            clear()
            return _answer({"accepted": 0})

        routes.add_url_rule(path, f"post{path}", post, methods=["POST"])
        routes.add_url_rule(path, f"delete{path}", delete, methods=["DELETE"])

    book("/tag-log", box.books.add_tag_days, box.books.clear_tag_days)
    book("/organic-pins", box.books.add_listed, box.books.clear_listed)
    book("/organic", box.books.add_organic_days, box.books.clear_organic_days)


def _sent_json() -> object:
    """Return the JSON that was sent, or None, which no order accepts."""
    try:
        return orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        return None


def _complaint(sentence: str) -> Response:
    return _answer({"error": sentence}, 400)
