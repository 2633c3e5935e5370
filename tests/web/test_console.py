import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from forwarder.core.delivery import Deferred, Delivered, NoticeStatus, Refused
from forwarder.core.event import Kind, Notice
from forwarder.store import erase, log, retention
from forwarder.store.arrival import Arrival
from forwarder.store.inbox import accept
from forwarder.store.log import Filter
from forwarder.store.retention import Retention
from forwarder.store.story import show
from forwarder.web import console_list
from forwarder.web.console_frame import coded
from forwarder.web.words import GONE
from tests.web.console_desk import NOW, Desktop, event_of, token_in

LogIn = Callable[[str], FlaskClient]
LIST = "/console/deliveries"


def ids_in(page: str) -> list[int]:
    """Return the numbers of the deliveries that a list page links to."""
    parts = page.split('<td role="cell" class="c-event"><a href="/console/deliveries/')
    return [int(part.partition('"')[0]) for part in parts[1:]]


def tallies_in(page: str) -> dict[str, str]:
    found = {}
    for part in page.partition('class="tallies"')[2].split("</svg>")[1:6]:
        word, _, rest = part.partition("</span>")
        found[word] = rest.partition("<b>")[2].partition("</b>")[0]
    return found


def post(client: FlaskClient, path: str, **form: str) -> object:
    token = token_in(client.get(LIST).text)
    return client.post(path, data={**form, "token": token})


@pytest.mark.usefixtures("full")
def test_the_list_shows_newest_first_and_counts_by_status(log_in: LogIn) -> None:
    page = log_in("viewer").get(LIST).text

    assert [9, 8, 7, 6, 5, 4, 3, 2, 1] == ids_in(page)
    assert {
        "delivered": "2",
        "pending": "1",
        "blocked": "0",
        "refused": "2",
        "skipped": "4",
    } == tallies_in(page)


@pytest.mark.usefixtures("blocked")
def test_what_waits_behind_a_block_reads_blocked_and_the_page_says_why(
    log_in: LogIn,
) -> None:
    client = log_in("viewer")
    page = client.get(f"{LIST}?status=blocked").text

    assert [10, 9] == ids_in(page)
    assert "Needs you:" in page
    story = client.get(f"{LIST}/10").text
    assert "destination main is blocked: Pinterest does not accept the token" in story
    assert "Make a new conversion access token" in story


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=refused", [4, 3]),
        ("status=skipped&reason=consent", [5]),
        ("kind=signup", [5]),
        ("endpoint=my-shop&status=delivered", [2, 1]),
        ("endpoint=other", []),
        ("source=shopify&kind=refund", [7]),
        ("destination=other", []),
        ("order=1004", [4]),
        ("event_id=shopify:my-shop:4:checkout", [4]),
        ("test=yes", [6]),
        ("test=no&status=skipped&attempts=", [8, 7, 5]),
        ("attempts=1&status=refused", [4, 3]),
        ("attempts=2", []),
        ("since=2026-11-21T12:00:01", []),
        ("until=2026-11-21T12:00:01&status=pending", [9]),
        ("since=2026-11-21&until=2026-11-22&kind=refund", [7]),
        ("status=&kind=&since=&order=1001", [1]),
    ],
)
def test_every_filter_stands_in_the_address(
    log_in: LogIn, query: str, expected: list[int]
) -> None:
    client = log_in("viewer")
    page = client.get(f"{LIST}?{query}")
    twin = client.get(f"{LIST}.json?{query}").get_json()

    assert 200 == page.status_code
    assert expected == ids_in(page.text)
    assert expected == [item["id"] for item in twin["items"]]


@pytest.mark.usefixtures("full")
def test_the_form_and_the_chips_show_the_filter_in_force(log_in: LogIn) -> None:
    query = "reason=no_identity&kind=checkout&since=2026-11-20T10:30"
    query = f"{query}&attempts=1&test=no"
    page = log_in("viewer").get(f"{LIST}?{query}").text

    assert '<option value="no_identity" selected>' in page
    assert '<option value="checkout" selected>checkout</option>' in page
    assert 'type="datetime-local" value="2026-11-20T10:30:00"' in page
    assert '<option value="no" selected>without them</option>' in page
    assert 'name="attempts" type="number" value="1"' in page
    assert "Drop the filter" in page
    drop_kind = "/console/deliveries?reason=no_identity&amp;since=2026-11-20T10%3A30"
    assert f'href="{drop_kind}&amp;attempts=1&amp;test=no"' in page


@pytest.mark.usefixtures("full")
def test_a_filter_that_nobody_offers_stays_in_the_form(log_in: LogIn) -> None:
    page = log_in("viewer").get(f"{LIST}?source=elsewhere&reason=brand_new").text

    assert '<option value="elsewhere" selected>elsewhere</option>' in page
    assert '<option value="brand_new" selected>brand_new</option>' in page
    assert "Nothing matches" in page


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=yesterday", "received since: a date or time"),
        ("status=lost", "status: Must be one of"),
        ("colour=red", "colour: Unknown field"),
        ("attempts=often", "attempts, at least: a whole number is needed"),
        ("test=perhaps", "test orders: yes or no is needed"),
        ("cursor=x", "cursor: a whole number is needed"),
    ],
)
def test_a_filter_that_cannot_be_used_is_named(
    log_in: LogIn, query: str, sentence: str
) -> None:
    client = log_in("viewer")
    page = client.get(f"{LIST}?{query}")
    twin = client.get(f"{LIST}.json?{query}")

    assert (422, 422) == (page.status_code, twin.status_code)
    assert sentence in page.text
    assert query.partition("=")[0] in twin.get_json()["errors"]


@pytest.mark.usefixtures("full")
def test_pages_lead_to_older_ones_and_back_to_the_newest(log_in: LogIn) -> None:
    client = log_in("viewer")
    first = client.get(f"{LIST}?limit=4&endpoint=my-shop").text
    older = first.partition('<nav class="pages"')[2].partition('href="')[2]
    second = client.get(older.partition('"')[0].replace("&amp;", "&")).text

    assert [9, 8, 7, 6] == ids_in(first)
    assert [5, 4, 3, 2] == ids_in(second)
    assert 'rel="first">Newest' not in first
    assert (
        'href="/console/deliveries?limit=4&amp;endpoint=my-shop" rel="first"' in second
    )


def test_a_number_links_to_exactly_what_it_counts(full: Desktop, log_in: LogIn) -> None:
    full.clock.now = NOW + timedelta(hours=30)
    full.take(event_of(20))
    full.drain(Refused("rejected", "no"))
    client = log_in("viewer")
    page = client.get(f"{LIST}?limit=2").text
    link = page.partition("It will not be sent again by itself.")[2]
    link = link.partition('href="')[2].partition('"')[0].replace("&amp;", "&")

    assert "received in the last 24 hours" in page
    assert "1" == tallies_in(page)["refused"]
    assert [10] == ids_in(client.get(link).text)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("query", "skipped"),
    [("limit=2", "2"), ("since=2026-11-21&limit=2", "2"), ("order=1007", "1")],
)
def test_counting_reads_only_the_latest_where_there_are_many(
    log_in: LogIn, monkeypatch: pytest.MonkeyPatch, query: str, skipped: str
) -> None:
    monkeypatch.setattr(console_list, "COUNTED_MAX", 3)  # 7, 8 and 9
    page = log_in("viewer").get(f"{LIST}?{query}").text

    assert skipped == tallies_in(page)["skipped"]
    assert ("order" not in query) == ("among the latest 3" in page)


def test_counting_a_period_that_is_over_keeps_to_it(
    full: Desktop, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = full.clock.now + timedelta(minutes=1)
    full.clock.now += timedelta(hours=2)
    for number in range(50, 54):
        full.take(event_of(number), skip="unpaid")
    monkeypatch.setattr(console_list, "COUNTED_MAX", 3)
    query = f"until={until:%Y-%m-%dT%H:%M}&limit=2"
    page = log_in("viewer").get(f"{LIST}?{query}").text

    assert "2" == tallies_in(page)["skipped"]
    assert "among the latest 3" in page


@pytest.mark.usefixtures("full")
def test_counting_keeps_to_the_filter(log_in: LogIn) -> None:
    query = "status=refused&since=2026-11-21&kind=checkout"
    page = log_in("viewer").get(f"{LIST}?{query}").text

    assert {
        "delivered": "2",
        "pending": "1",
        "blocked": "0",
        "refused": "2",
        "skipped": "2",
    } == tallies_in(page)
    assert "deliveries with this filter" in page


@pytest.mark.usefixtures("desktop")
def test_an_empty_console_says_what_to_do_next(log_in: LogIn) -> None:
    page = log_in("viewer").get(LIST).text

    assert "No delivery yet" in page
    assert "https://events.example.com/hooks/my-shop" in page
    assert "forwarder trigger shopify CASE --to" in page
    assert "start serve, or the worker" in page


def test_quarantined_webhooks_are_told(desktop: Desktop, log_in: LogIn) -> None:
    notice = Notice(headers={}, body=b"?")
    accept(
        desktop.store,
        Arrival(
            endpoint="my-shop",
            source="shopify",
            destination="main",
            delivery_key="q",
            notice=notice,
            received_at=NOW,
            status=NoticeStatus.QUARANTINED,
            reason="the body tells no time",
        ),
    )

    assert "1 genuine webhook could not be read" in log_in("viewer").get(LIST).text


@pytest.mark.usefixtures("full")
def test_a_delivered_event_tells_its_whole_story(log_in: LogIn) -> None:
    page = log_in("viewer").get(f"{LIST}/2").text

    for text in (
        "It came in at 2026-11-21 12:00:00 UTC from my-shop, as webhook 2.",
        "The sender sent the webhook 1 more time; that changed nothing.",
        "Delivered at 2026-11-21 12:00:00 UTC, attempt 1.",
        "21.90 EUR",
        "rid-0001",
        "132 ms",
        "2 events",
        "&#34;client_ip_address&#34;: &#34;***&#34;",
        "a national number, and the country is unknown: set <code>country</code>",
        "line items not fetched: no API key",
        "kept, sealed",
    ):
        assert text in page, text


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("number", "sentences"),
    [
        (3, ["Refused", "Nobody in it that Pinterest could know", "Nothing was sent."]),
        (3, ["before anything was sent:", "Detail: nobody in it"]),
        (4, ["after 1 attempt: Pinterest found a fault in it.", "Mend it in the shop"]),
        (5, ["Left out on purpose", "No consent", "the visitor did not allow it"]),
        (6, ["Test order", "<code>test_mode = true</code>"]),
        (8, ["Older than Pinterest takes"]),
        (9, ["It was not tried yet: Pinterest asked for a pause. Next attempt at"]),
    ],
)
def test_each_status_is_told_in_words_with_what_to_do(
    log_in: LogIn, number: int, sentences: list[str]
) -> None:
    page = log_in("viewer").get(f"{LIST}/{number}").text

    for sentence in sentences:
        assert sentence in page, sentence


def test_a_waiting_event_tells_its_attempts_and_when_the_next_is(
    desktop: Desktop, log_in: LogIn
) -> None:
    desktop.take(event_of(1))
    desktop.drain(Deferred("server_error", "HTTP 503", 600.0))
    page = log_in("viewer").get(f"{LIST}/1").text

    assert "1 attempt so far: Pinterest had a fault. Next attempt at" in page
    assert "in 10 minutes." in page
    assert "Send again" not in page


@pytest.mark.usefixtures("full")
def test_what_the_platform_said_is_escaped(log_in: LogIn) -> None:
    client = log_in("viewer")

    assert "<img src=x" not in client.get(f"{LIST}/4").text
    assert "&lt;img src=x onerror=alert(1)&gt;" in client.get(f"{LIST}/4").text


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("field", ["order", "event_id", "reason", "endpoint"])
def test_what_stands_in_the_address_is_escaped(log_in: LogIn, field: str) -> None:
    page = log_in("viewer").get(f'{LIST}?{field}="><script>alert(1)</script>').text

    assert "<script>" not in page
    assert "&#34;&gt;&lt;script&gt;" in page


def test_code_in_a_sentence_is_escaped() -> None:
    assert "a &lt;b&gt; <code>&lt;c&gt;</code> d" == coded("a <b> `<c>` d")
    assert "plain" == coded("plain")


def test_a_page_of_a_forgotten_webhook_says_so(full: Desktop, log_in: LogIn) -> None:
    names = ("payload", "history", "log", "repeats", "jobs")
    rest = dict.fromkeys(names, timedelta(days=90))
    keep = Retention(person=timedelta(0), notice=timedelta(0), **rest)
    retention.sweep(full.store, keep, NOW + timedelta(seconds=1))
    page = log_in("operator").get(f"{LIST}/4").text

    assert 2 == page.count(f"<dd>{GONE}</dd>")  # the person and the request
    assert "The person&#39;s data was cleared: it cannot be sent again." in page
    assert '<button class="main">Send again' not in page


def test_what_was_erased_is_not_told_to_have_never_left(
    full: Desktop, log_in: LogIn
) -> None:
    erase.erase_deliveries(full.store, range(1, 9), NOW)
    client = log_in("viewer")
    page = client.get(f"{LIST}/1").text

    assert f"What was sent is {GONE}." in page
    assert "delivered" in page
    assert "Nothing was sent" not in page
    assert "by retention" not in page
    quality = client.get("/console/quality").text
    assert f"What was sent is {GONE}. " in quality
    assert "status=delivered" in quality
    found = client.get("/console/quality.json").get_json()["matches"]
    assert 0 < sum(one["no_longer_kept"] for one in found)


@pytest.mark.usefixtures("full")
def test_a_story_has_a_twin_in_json(log_in: LogIn) -> None:
    twin = log_in("viewer").get(f"{LIST}/4.json").get_json()

    assert "refused" == twin["status"]
    assert ["refused"] == [entry["outcome"] for entry in twin["history"]]
    assert {"notice", "payload", "dropped", "warnings"} <= twin.keys()


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("page", [f"{LIST}/999", "/console/nowhere"])
def test_a_page_that_is_not_there_says_where_to_go(log_in: LogIn, page: str) -> None:
    client = log_in("viewer")
    answer = client.get(page)

    assert 404 == answer.status_code
    assert "To the deliveries" in answer.text
    assert "Find an event id" in answer.text  # the frame
    posted = post(client, page)
    assert (404, True) == (posted.status_code, "To the deliveries" in posted.text)
    twin = client.get(f"{page}.json")
    assert (404, True) == (twin.status_code, "error" in twin.get_json())


def test_an_operator_sends_a_refused_event_again(full: Desktop, log_in: LogIn) -> None:
    client = log_in("operator")
    answer = post(client, f"{LIST}/4/replay")
    page = client.get(f"{LIST}/4").text

    assert f"{LIST}/4" == answer.headers["Location"]
    assert ["main"] == full.nudged
    assert "It was set back to pending and is being sent again." in page
    full.clock.now += timedelta(minutes=2)  # the platform asked for a pause
    full.drain(Delivered())
    story = show(full.store, 4)
    assert story is not None
    assert ["refused", "delivered"] == [entry.outcome for entry in story.history]
    assert ["auto", "manual"] == [entry.mode for entry in story.history]
    assert "set back to pending" not in client.get(f"{LIST}/4").text


def test_only_the_delivery_of_the_page_is_sent_again(
    full: Desktop, log_in: LogIn
) -> None:
    post(log_in("admin"), f"{LIST}/1/replay")
    pending = log.list_deliveries(full.store, Filter()).lines

    assert [9, 1] == [line.id for line in pending if line.status == "pending"]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (5, "left out on purpose"),
        (8, "left out on purpose"),
        (9, "it is sent by itself"),
    ],
)
def test_what_cannot_be_sent_again_is_refused_with_the_reason(
    full: Desktop, log_in: LogIn, number: int, why: str
) -> None:
    answer = post(log_in("operator"), f"{LIST}/{number}/replay")

    assert 409 == answer.status_code
    assert why in answer.text
    assert [] == full.nudged


def test_an_event_past_the_platforms_age_cannot_be_sent_again(
    full: Desktop, log_in: LogIn
) -> None:
    full.clock.now = NOW + timedelta(hours=11)
    full.destination.max_age = timedelta(hours=10)
    client = log_in("operator")

    assert "older than the destination takes" in client.get(f"{LIST}/4").text


def test_a_delivery_of_a_destination_that_is_gone_cannot_be_sent_again(
    full: Desktop, log_in: LogIn
) -> None:
    full.destination.name = "other"

    assert (
        "Destination main is not in the settings any more."
        in log_in("operator").get(f"{LIST}/4").text
    )


def test_a_viewer_may_not_send_again(full: Desktop, log_in: LogIn) -> None:
    client = log_in("viewer")
    answer = post(client, f"{LIST}/4/replay")
    page = client.get(f"{LIST}/4").text

    assert 403 == answer.status_code
    assert "This needs the role operator" in answer.text
    assert "This needs the role operator." in page
    assert "/replay" not in page
    assert [] == full.nudged


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(
    ("reference", "leads_to"),
    [
        ("shopify:my-shop:4:checkout", f"{LIST}/4"),
        (" 1004 ", f"{LIST}/4"),
        ("4", f"{LIST}/4"),
    ],
)
def test_the_search_jumps_to_what_it_finds(
    log_in: LogIn, reference: str, leads_to: str
) -> None:
    answer = post(log_in("viewer"), "/console/find", reference=reference)

    assert leads_to == answer.headers["Location"]


@pytest.mark.parametrize(("reference", "n_found"), [("1001", 2), ("twin", 2)])
def test_several_hits_are_listed_without_an_address_that_tells_what_was_typed(
    full: Desktop, log_in: LogIn, reference: str, n_found: int
) -> None:
    full.take(event_of(1, Kind.CANCEL), skip="not_mapped")
    full.take(event_of(30, Kind.LEAD, event_id="twin", order=None))
    full.take(event_of(31, Kind.SIGNUP, event_id="twin", order=None))
    answer = post(log_in("viewer"), "/console/find", reference=reference)
    links = re.findall(
        r'<a href="([^"]*)">(?:checkout|lead|signup|cancel)', answer.text
    )

    assert 200 == answer.status_code
    assert n_found == len(links)
    assert all(re.fullmatch(rf"{LIST}/\d+", link) for link in links)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("reference", ["", "ada lovelace", "9" * 400, "<b>"])
def test_a_search_without_result_repeats_nothing_that_was_typed(
    log_in: LogIn, reference: str
) -> None:
    answer = post(log_in("viewer"), "/console/find", reference=reference)

    assert 404 == answer.status_code
    assert "No delivery has this event id, order id or number." in answer.text
    assert not reference or reference not in answer.text


def test_a_fault_of_ours_is_a_page_that_says_what_to_do(
    full: Desktop, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = log_in("viewer")
    full.app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr("forwarder.web.console_deliveries.story_of", lambda *_: 1 / 0)
    page, twin = client.get(f"{LIST}/1"), client.get(f"{LIST}/1.json")

    assert (500, 500) == (page.status_code, twin.status_code)
    assert "run <code>forwarder doctor</code>" in page.text
    assert "forwarder doctor" in twin.get_json()["error"]


def test_only_the_style_sheet_of_this_version_may_be_kept(client: FlaskClient) -> None:
    page = client.get("/console/login").text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    kept, other = client.get(address), client.get("/console/static/console.css?v=0")

    assert "public, max-age=31536000, immutable" == kept.headers["Cache-Control"]
    assert "immutable" not in other.headers["Cache-Control"]
    kept.close()
    other.close()


@pytest.mark.usefixtures("full")
def test_no_page_holds_a_person_in_clear(log_in: LogIn) -> None:
    client = log_in("admin")
    pages = [LIST, f"{LIST}.json"] + [
        f"{LIST}/{n}{suffix}" for n in range(1, 10) for suffix in ("", ".json")
    ]

    for page in pages:
        text = client.get(page).text
        assert "ada@example.com" not in text
        assert "192.0.2.7" not in text


def test_only_what_the_platform_said_is_told_as_its_words(
    desktop: Desktop, log_in: LogIn
) -> None:
    desktop.take(event_of(1))
    desktop.drain(Refused("invalid", "custom_data is wrong"))
    page = log_in("viewer").get(f"{LIST}/1").text

    assert "Pinterest said: custom_data is wrong" in page
    assert "Detail:" not in page


def test_what_was_left_out_of_a_refused_event_is_listed(
    desktop: Desktop, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "needs an e-mail; left out: email (junk), ip (ip_not_public)"
    refused = Refused("no_identity", message)
    monkeypatch.setattr("tests.web.console_desk.StandIn.encode", lambda *_: refused)
    desktop.take(event_of(1))
    desktop.drain(Delivered())
    page = log_in("viewer").get(f"{LIST}/1").text

    assert "<td><code>email</code></td><td>a placeholder, not a value</td>" in page
    assert "<td><code>ip</code></td><td>not a public address</td>" in page
