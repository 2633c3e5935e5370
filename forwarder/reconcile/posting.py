"""Send finished reports: as an e-mail with the page, and as a signed webhook.

A report leaves once through each channel. What surely did not leave is tried again for
a day. Where a worker ended in the middle nobody knows, and it is left to a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Final

import orjson
import structlog

from forwarder.alerts.channels import Email, NotSent, Webhook
from forwarder.store import Store, audit, report_posts, report_versions
from forwarder.store.report_posts import ReportPost
from forwarder.store.report_versions import Head, Version

RETRIES: Final = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720)
)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbag:
    """How finished reports leave; `public_url` is where the console is found."""

    channels: Sequence[Email | Webhook] = ()
    public_url: str = ""
    sends_provisional: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The words of the channels."""
        return tuple(channel.name for channel in self.channels)

    def names_for(self, stamp: str) -> tuple[str, ...]:
        """Return the channels that a report of this stamp is sent through."""
        is_wanted = self.sends_provisional or stamp != "provisional"
        return self.names if is_wanted else ()


def send_due(store: Store, bag: Mailbag, now: datetime) -> int:
    """Send what is due; return how many have left. Raises: StoreDown."""
    by_name: Mapping[str, Email | Webhook] = {one.name: one for one in bag.channels}
    n_sent = 0
    for post in report_posts.claim_posts(store, now):
        fault = _sent(store, bag, by_name.get(post.channel), post)
        if fault:
            due_at = _again_at(post, now)
            report_posts.note_failed(store, post.id, fault, due_at)
            log.warning("report not sent", channel=post.channel, fault=fault)
        else:
            report_posts.note_sent(store, post.id, now)
            n_sent += 1
    return n_sent


def _again_at(post: ReportPost, now: datetime) -> datetime | None:
    if post.attempts > len(RETRIES):
        return None
    return now + RETRIES[post.attempts - 1]


def _sent(
    store: Store, bag: Mailbag, channel: Email | Webhook | None, post: ReportPost
) -> str:
    """Send one report; return why it did not leave, or nothing."""
    found = report_versions.find_version(store, post.version_id)
    if channel is None or found is None:
        return f"the channel {post.channel} is not in the settings any more"
    head, version = found
    try:
        if isinstance(channel, Email):
            told = report_versions.form_of(store, head.id, "letter")
            channel.mail(letter(head, version, told or "", bag.public_url, channel))
        else:
            content = webhook_content(head, version, bag.public_url)
            channel.call(f"report-{head.id}", content, store.now())
    except NotSent as fault:
        return str(fault)
    _note(store, head, channel.name)
    return ""


def _note(store: Store, head: Head, channel: str) -> None:
    subject = f"{head.destination} {head.month}"
    detail = f"{head.stamp} by {channel}"
    audit.note(store, "worker", "report sent", subject, store.now(), detail)


def letter(
    head: Head, version: Version, told: str, public_url: str, channel: Email
) -> EmailMessage:
    """Return a report as an e-mail: the first page as text, the whole as a page."""
    made = EmailMessage()
    made["Subject"] = (
        f"[forwarder] Attribution gap {head.month}, {head.stamp} ({head.destination})"
    )
    made["From"] = channel.sender
    made["To"] = ", ".join(channel.recipients)
    made["Date"] = head.made_at
    made["Message-ID"] = f"<report-{head.id}-{head.inputs[:16]}@forwarder>"
    made["Auto-Submitted"] = "auto-generated"
    url = _url(head, public_url)
    made.set_content(f"{told}\nThe whole report is attached.\n{url}\n")
    made.add_attachment(
        version.page.encode(),
        maintype="text",
        subtype="html",
        filename=f"gap-{head.month}-{head.stamp}.html",
    )
    return made


def webhook_content(head: Head, version: Version, public_url: str) -> bytes:
    """Return a report as the JSON of a webhook; each attempt sends the same bytes."""
    return orjson.dumps(
        {
            "type": f"report.{head.stamp}",
            "timestamp": head.made_at,
            "data": {
                "destination": head.destination,
                "month": head.month,
                "stamp": head.stamp,
                "inputs": head.inputs,
                "url": _url(head, public_url),
                "report": orjson.loads(version.content),
            },
        }
    )


def _url(head: Head, public_url: str) -> str:
    return f"{public_url}/console/reports/{head.id}"
