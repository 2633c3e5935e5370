"""Finished reports leave once through each channel, and say why when they do not."""

import email
import json
import smtplib
from collections.abc import Iterator
from datetime import timedelta
from email import policy

import pytest

from forwarder.core.source import Options
from forwarder.reconcile.posting import RETRIES, Mailbag, send_due
from forwarder.sources import standard_webhooks
from forwarder.store import Store, audit, report_posts
from forwarder.store.audit import Wanted
from forwarder.store.migrate import upgrade
from forwarder.store.report_versions import Version, keep_version
from tests.alerts.test_channels import (
    SECRET,
    PostOffice,
    Taker,
    by_mail,
    by_webhook,
    served,
)
from tests.reconcile.kept import open_new
from tests.servers import free_port
from tests.store.shop import NOW

BOTH = ("email", "webhook")
OCTOBER = Version(
    destination="main",
    month="2026-10",
    stamp="final",
    inputs="a" * 64,
    made_at=NOW,
    content=b'[{"month": "2026-10"}]',
    page="<p>October: 104 purchases</p>",
    forms={"letter": "Attribution gap, 2026-10\n104 purchases\n"},
)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    opened = open_new(sqlite_url)
    upgrade(opened)
    yield opened
    opened.close()


def bag(*channels: object) -> Mailbag:
    return Mailbag(
        channels=channels,  # type: ignore[arg-type]
        public_url="https://events.example.com",
    )


def test_a_report_leaves_once_by_mail_and_once_by_webhook(store: Store) -> None:
    office, taker = PostOffice(), Taker()
    with served(office), served(taker):
        ways = bag(
            by_mail(office.server_address[1]), by_webhook(taker.server_address[1])
        )
        for _ in range(2):
            version_id = keep_version(store, OCTOBER, BOTH)
            send_due(store, ways, NOW)

    assert (1, 1) == (len(office.letters), len(taker.notices))
    letter = email.message_from_string(office.letters[0], policy=policy.default)
    assert "[forwarder] Attribution gap 2026-10, final (main)" == letter["Subject"]
    text = letter.get_body(("plain",))
    assert text is not None
    assert "104 purchases" in text.get_content()
    assert f"https://events.example.com/console/reports/{version_id}" in str(text)
    (page,) = letter.iter_attachments()
    assert "gap-2026-10-final.html" == page.get_filename()
    assert "October: 104 purchases" in page.get_content()
    standard_webhooks.verify(taker.notices[0], SECRET, store.now(), Options(shop="x"))
    told = json.loads(taker.notices[0].body)
    assert "report.final" == told["type"]
    assert [{"month": "2026-10"}] == told["data"]["report"]
    noted = audit.entries(store, Wanted(action="report sent")).entries
    assert ["final by webhook", "final by email"] == [one.detail for one in noted]


def test_what_surely_did_not_leave_is_tried_again_for_a_day(store: Store) -> None:
    version_id = keep_version(store, OCTOBER, ("email",))
    ways, now, waits = bag(by_mail(free_port())), NOW, []
    for _ in range(len(RETRIES) + 3):
        assert 0 == send_due(store, ways, now)
        (post,) = report_posts.posts_of(store, version_id)
        if post.due_at is None:
            break
        waits.append(post.due_at - now)
        now = post.due_at

    assert list(RETRIES) == waits
    assert "the mail server: ConnectionRefusedError" == post.fault
    assert [post] == report_posts.failed_posts(store)
    with_office = PostOffice()
    with served(with_office):
        report_posts.send_again(store, version_id, BOTH, now)
        assert 1 == send_due(store, bag(by_mail(with_office.server_address[1])), now)

    by_channel = {one.channel: one for one in report_posts.posts_of(store, version_id)}
    assert by_channel["email"].sent_at == now
    assert "not in the settings" in by_channel["webhook"].fault


def test_where_a_worker_ended_in_the_middle_nothing_is_sent_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    version_id = keep_version(store, OCTOBER, ("email",))
    office = PostOffice()
    with served(office):
        ways = bag(by_mail(office.server_address[1]))
        with monkeypatch.context() as patch:
            patch.setattr(smtplib.SMTP, "send_message", _end)
            with pytest.raises(KeyboardInterrupt):
                send_due(store, ways, NOW)
        send_due(store, ways, NOW + timedelta(days=2))

    assert [] == office.letters
    (post,) = report_posts.posts_of(store, version_id)
    assert (NOW, None, None) == (post.started_at, post.sent_at, post.due_at)


def _end(*_: object) -> None:
    raise KeyboardInterrupt


def test_the_provisional_report_is_sent_only_where_it_is_wanted() -> None:
    ways = bag(by_mail(25))
    quiet = Mailbag(channels=ways.channels, sends_provisional=False)

    assert ("email",) == ways.names_for("provisional") == quiet.names_for("final")
    assert () == quiet.names_for("provisional")
