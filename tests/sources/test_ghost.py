"""Traps of Ghost that its samples do not show."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from forwarder.core.event import Forged, Kind, Notice, Reading
from forwarder.core.source import Options
from forwarder.samples import SIGNED_AT, TEST_SECRETS, load
from forwarder.sources import ghost

PLAIN = Options(shop="s")
SECRET = TEST_SECRETS["ghost"]


def reading_of(body: object) -> Reading:
    notice = Notice(headers={}, body=json.dumps(body).encode(), received_at=SIGNED_AT)
    return ghost.parse(notice, PLAIN)


@pytest.mark.parametrize("between", [", ", ",", " , "])
def test_a_space_after_the_comma_does_no_harm(between: str) -> None:
    notice = load("ghost", "member-added")
    header = notice.headers["x-ghost-signature"].replace(", ", between)

    ghost.verify(
        replace(notice, headers={"x-ghost-signature": header}),
        SECRET,
        SIGNED_AT + timedelta(seconds=299),
        PLAIN,
    )


def test_the_header_is_written_as_ghost_writes_it() -> None:
    header = load("ghost", "member-added").headers["x-ghost-signature"]

    assert header.startswith("sha256=")
    assert header.endswith(f", t={int(SIGNED_AT.timestamp())}000")


def test_a_signature_without_the_time_is_forged() -> None:
    notice = load("ghost", "member-added")
    signature, _, _ = notice.headers["x-ghost-signature"].partition(",")

    with pytest.raises(Forged):
        ghost.verify(
            replace(notice, headers={"x-ghost-signature": signature}),
            SECRET,
            SIGNED_AT,
            PLAIN,
        )


@pytest.mark.parametrize(
    ("status", "kind"),
    [("free", Kind.SIGNUP), ("comped", Kind.SIGNUP), ("paid", Kind.SUBSCRIBE)],
)
def test_only_who_pays_subscribes(status: str, kind: Kind) -> None:
    current = {"id": "m1", "status": status}
    (found,) = reading_of({"member": {"current": current, "previous": {}}}).events

    assert kind == found.kind


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"event": "member.edited", "member": {}}, "topic ignored: member.edited"),
        ({"site": {}}, "topic ignored: site"),
        ({}, "topic ignored: (none)"),
        ({"member": {"current": {}, "previous": {}}}, "topic ignored: member.deleted"),
    ],
)
def test_everything_else_is_ignored(body: object, why: str) -> None:
    assert why == reading_of(body).ignored
