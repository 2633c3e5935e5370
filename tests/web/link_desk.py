"""Links and audits for the pages that show them."""

from datetime import timedelta

from forwarder.clicks.join import join
from forwarder.core.links import Bio
from forwarder.store import clicks, link_audits, links
from tests.clicks.following import TO, a_link
from tests.clicks.test_spool import a_click
from tests.web.console_desk import NOW, Desktop, event_of

FOUND = {
    "verdict": "red", "first_bad_hop": 1, "profile": "Chrome on a desk",
    "hops": [{"n": 1, "url": f"{TO}?a=<b>", "status": 302, "location": TO, "ms": 7}],
    "parameters": [{"name": "epik", "fate": "dropped", "hop": 1}],
    "advice": ["hop 1: epik is lost"], "has_pinterest_tag": None,
    "profiles": [{"profile": "Chrome on a desk", "verdict": "red"}],
}  # fmt: skip


def fill_links(desktop: Desktop) -> int:
    """Add links with clicks, and audits in each state; return the finished one's.

    One order names the campaign of a link, and nothing ties it to a click.
    """
    store = desktop.store
    made = a_link(campaign="autumn", pin_id="4711", code="ADA10")
    for link in (made, a_link("still", is_paused=True), a_link("over", expires_at=NOW)):
        links.add(store, link, NOW)
    bio = Bio(name="me", title="Ada", entries=(("spring", "Spring"),))
    links.keep_bio(store, bio, NOW)
    clicks.keep(store, [a_click(n, at=NOW) for n in range(1, 4)])
    desktop.take(event_of(9_077, page_url=f"{TO}?utm_campaign=autumn"))
    join(store, timedelta(days=30), desktop.clock() + timedelta(minutes=1))
    for verdict in ("green", "red"):
        done = link_audits.ask(store, TO, "spring", "anna", NOW)
        link_audits.finish(store, done, {**FOUND, "verdict": verdict}, NOW)
    failed = link_audits.ask(store, "https://x.example/", None, "anna", NOW)
    link_audits.finish(store, failed, "the address does not answer", NOW)
    link_audits.ask(store, TO, "spring", "schedule", NOW)
    return done
