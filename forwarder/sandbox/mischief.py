"""What an ordered fault does to a call: instead of, around or inside the answer."""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

import orjson
from flask import Response, request

from forwarder.sandbox.box import Box, to_response
from forwarder.sandbox.faults import Fault
from forwarder.sandbox.replies import ERRORS, UNEXPECTED, Reply

DRIPS = 10
_LINGER_NOT = struct.pack("ii", 1, 0)  # closing the socket then sends a reset


def suffer(
    fault: Fault | None,
    box: Box,
    answer: Callable[[], Reply],
    note: Callable[[str], None],
) -> Response:
    """Answer the call as the fault orders; `note` learns how it ended."""
    if fault is not None and _is_early(fault):
        return _early(fault, box, note)
    reply = answer()
    if fault is not None:
        reply = _spoilt(fault, reply)
    note(str(reply.status))
    return _late(fault, box, reply)


def _is_early(fault: Fault) -> bool:
    if fault.kind == "hang_before_accept":
        return True
    default = "before" if fault.kind == "redirect" else "after"
    return bool(fault.args.get("when", default) == "before")


def _early(fault: Fault, box: Box, note: Callable[[str], None]) -> Response:
    """Answer without looking at the call: nothing is accepted."""
    if fault.kind in _SUBSTITUTES:
        reply = _SUBSTITUTES[fault.kind](fault.args)
        note(str(reply.status))
        return to_response(reply, box)
    if fault.kind == "hang_before_accept":
        fault.wait(fault.args["seconds"])
    note("dropped")
    return _cut(Response(_broken(b"")))


def _spoilt(fault: Fault, reply: Reply) -> Reply:
    if fault.kind in _SUBSTITUTES:
        return _SUBSTITUTES[fault.kind](fault.args)
    if fault.kind == "content_type":
        return replace(reply, content_type=fault.args["value"])
    return reply


def _late(fault: Fault | None, box: Box, reply: Reply) -> Response:
    """Deliver the finished answer late, slowly, half or not at all."""
    response = to_response(reply, box)
    match fault:
        case Fault(kind="hang_after_accept") | Fault(kind="slow", args={"drip": False}):
            fault.wait(fault.args["seconds"])
        case Fault(kind="slow"):
            response.response = _dripping(reply.body, fault)
            response.content_length = len(reply.body)
        case Fault(kind="drop_connection", args={"when": "mid_body"}):
            response.response = _broken(reply.body[: len(reply.body) // 2])
            response.content_length = len(reply.body)
            return _cut(response)
        case Fault(kind="drop_connection"):
            return _cut(Response(_broken(b"")))
    return response


def _broken(head: bytes) -> Iterator[bytes]:
    if head:
        yield head
    raise ConnectionResetError("a fault orders that the connection breaks here")


def _dripping(body: bytes, fault: Fault) -> Iterator[bytes]:
    step = max(1, -(-len(body) // DRIPS))
    for start in range(0, len(body), step):
        fault.wait(fault.args["seconds"] / DRIPS)
        yield body[start : start + step]


def _cut(response: Response) -> Response:
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(SOL_SOCKET, SO_LINGER, _LINGER_NOT)
    return response


def _http(args: Mapping[str, Any]) -> Reply:
    status, body = args["status"], args["body"]
    headers: Mapping[str, str] = args["headers"]
    if body is None:
        code, message = ERRORS.get(status, UNEXPECTED)
        body = {"code": code, "message": message}
        if args["failure_status"]:
            body["status"] = "failure"
    data = body.encode() if isinstance(body, str) else orjson.dumps(body)
    return Reply(status, data, headers)


def _html(args: Mapping[str, Any]) -> Reply:
    title = f"{args['status']} {HTTPStatus(args['status']).phrase}"
    page = f"<html><head><title>{title}</title></head><body>{title}</body></html>"
    return Reply(args["status"], page.encode(), {}, "text/html; charset=utf-8")


def _redirect(args: Mapping[str, Any]) -> Reply:
    return Reply(args["status"], b"", {"Location": args["location"]}, "text/html")


_SUBSTITUTES: Mapping[str, Callable[[Mapping[str, Any]], Reply]] = {
    "http": _http,
    "html": _html,
    "redirect": _redirect,
}


def bend(fault: Fault, body: dict[str, Any]) -> dict[str, Any]:
    """Return the results with the lie that the fault orders."""
    lie = _LIES.get(fault.kind)
    if lie is None:
        return body
    bent = {**body, **lie(fault.args, body["events"])}
    return {key: value for key, value in bent.items() if value is not None}


def _hushed(result: Mapping[str, Any], value: str | None) -> dict[str, Any]:
    kept = {"status": result["status"]}
    if value == "absent":
        return kept
    return {**kept, "error_message": value, "warning_message": value}


_Lie = Callable[[Mapping[str, Any], list[dict[str, Any]]], dict[str, Any]]
_LIES: Mapping[str, _Lie] = {
    "truncate_events": lambda args, results: {"events": results[: -args["n"]]},
    "extra_events": lambda args, results: {
        "events": results + [{"status": "processed"}] * args["n"]
    },
    "empty_events": lambda _, __: {"events": []},
    "no_events": lambda _, __: {"events": None},
    "wrong_counts": lambda _, results: {"num_events_processed": len(results) + 1},
    "messages": lambda args, results: {
        "events": [_hushed(result, args["value"]) for result in results]
    },
}
