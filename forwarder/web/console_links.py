"""`/console/links…`: links of our own, what they led to, and how to change them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, g, redirect, request, url_for
from flask import render_template as rendered
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from forwarder.alerts.conditions import number
from forwarder.clicks import funnel
from forwarder.clicks.funnel import Funnel
from forwarder.clicks.keeping import Keeper
from forwarder.clicks.making import Flawed
from forwarder.clicks.repeats import Repeats, of_year
from forwarder.clicks.told import address, as_csv, as_row, qr_address, qr_svg, read_csv
from forwarder.core.links import Link, UtmPolicy
from forwarder.store import clicks, link_audits, links
from forwarder.web import session
from forwarder.web.console_query import read
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer
from forwarder.web.shapes_links import (
    FUNNEL_DAYS,
    LinkForm,
    audit_json,
    find_link,
    keeper,
    link_json,
)

POLICIES: Final = {
    UtmPolicy.INCOMING_WINS: "of each field the visitor's",
    UtmPolicy.LINK_WINS: "of each field the link's",
    UtmPolicy.FILL_MISSING: "all of the visitor's, or all of the link's",
}
CSV_MAX_CHARS: Final = 1_000_000
FAULTS_SHOWN: Final = 20

pages = Blueprint("links", __name__)


@pages.get("/links")
@session.needs("viewer")
def show_all() -> str:
    """Show all links with their clicks and what those led to."""
    desk = web_desk()
    known = links.every(desk.store)
    of_links = _funnels()
    return rendered(
        "console/links.html",
        found=known,
        counts=clicks.counts(desk.store),
        funnels={one.name: one for one in of_links},
        campaigns=_campaigns(of_links, known),
        days=FUNNEL_DAYS,
        now=desk.clock(),
        has_hosts=bool(desk.link_hosts),
        hosts=desk.link_hosts,
        bios=links.bios(desk.store),
        public_url=desk.public_url,
    )


def _funnels() -> list[Funnel]:
    desk = web_desk()
    by_first = desk.counts_first_click
    return list(funnel.of_links(desk.store, *_days(), by_first=by_first))


def _campaigns(of_links: list[Funnel], known: Sequence[Link]) -> list[Funnel]:
    return list(funnel.of_campaigns(web_desk().store, of_links, known, *_days()))


def _repeats(link: Link) -> Repeats:
    """Return what people ordered who first clicked this link, of a year until now."""
    desk = web_desk()
    return of_year(desk.store, [link], desk.clock().date()).links[link.slug]


def _days() -> tuple[date, date]:
    last = web_desk().clock().date()
    return last - timedelta(days=FUNNEL_DAYS - 1), last


@pages.get("/links.json")
@session.needs("viewer")
def show_all_json() -> ResponseReturnValue:
    """Return the links with their clicks, and the funnels, as data."""
    desk = web_desk()
    counts, of_links = clicks.counts(desk.store), _funnels()
    known = links.every(desk.store)
    return answer(
        200,
        {
            "items": [link_json(desk, one, counts) for one in known],
            "funnels": [one.as_json() for one in of_links],
            "campaigns": [one.as_json() for one in _campaigns(of_links, known)],
        },
    )


@pages.get("/links.csv")
@session.needs("viewer")
def export() -> Response:
    """Return all links as CSV, for another installation or a table."""
    told = as_csv(links.every(web_desk().store))
    kept = {"Content-Disposition": 'attachment; filename="links.csv"'}
    return Response(told, mimetype="text/csv", headers=kept)


@pages.get("/links/new")
@session.needs("operator")
def show_new() -> str:
    """Show the empty form of a link."""
    return _form({}, None, "")


@pages.post("/links/new")
@session.needs("operator")
def post_new() -> ResponseReturnValue:
    """Make a link, or show the form again with what is wrong."""
    given = _given()
    try:
        link = _keeper().add(given)
    except Flawed as flawed:
        return _form(given, None, str(flawed)), 422
    flash("It is made, and every web process knows it within three seconds.")
    return _to(link)


@pages.get("/link/<slug>")
@session.needs("viewer")
def show(slug: str) -> str:
    """Show one link: what it led to, its QR code, its audits, and the form."""
    desk, link = web_desk(), _link(slug)
    drawn = qr_svg(slug, desk.public_url, is_inline=True)
    return rendered(
        "console/link.html",
        link=link,
        url=address(slug, desk.public_url),
        qr=Markup(drawn),  # noqa: S704  drawn by ourselves, of our own address
        qr_url=qr_address(slug, desk.public_url),
        told=link_json(desk, link, clicks.counts(desk.store)),
        funnel=next((one for one in _funnels() if one.name == slug), None),
        repeats=_repeats(link),
        days=FUNNEL_DAYS,
        now=desk.clock(),
        policies=POLICIES,
        audits=link_audits.recent(desk.store, slug)[:10],
    )


@pages.get("/link/<slug>.json")
@session.needs("viewer")
def show_json(slug: str) -> ResponseReturnValue:
    """Return one link with its funnel and audits as data."""
    desk, link = web_desk(), _link(slug)
    found = [one.as_json() for one in _funnels() if one.name == slug]
    return answer(
        200,
        {
            **link_json(desk, link, clicks.counts(desk.store)),
            "funnel": found[0] if found else None,
            "first_clicks": _repeats(link).as_json(),
            "audits": [audit_json(one) for one in link_audits.recent(desk.store, slug)],
        },
    )


@pages.get("/link/<slug>/qr.svg")
@session.needs("viewer")
def qr(slug: str) -> Response:
    """Return the QR code as a file."""
    _link(slug)
    drawn = qr_svg(slug, web_desk().public_url)
    kept = {"Content-Disposition": f'attachment; filename="{slug}.svg"'}
    return Response(drawn, mimetype="image/svg+xml", headers=kept)


@pages.get("/link/<slug>/edit")
@session.needs("operator")
def show_edit(slug: str) -> str:
    """Show the form of a link that is there."""
    link = _link(slug)
    return _form(as_row(link), link, "")


@pages.post("/link/<slug>/edit")
@session.needs("operator")
def post_edit(slug: str) -> ResponseReturnValue:
    """Change a link, or show the form again with what is wrong."""
    link, given = _link(slug), _given()
    try:
        _keeper().edit(link, given)
    except Flawed as flawed:
        return _form({**given, "slug": slug}, link, str(flawed)), 422
    flash("It is changed, in every web process within three seconds.")
    return _to(link)


@pages.post("/link/<slug>/pause")
@session.needs("operator")
def post_pause(slug: str) -> ResponseReturnValue:
    """Let a link lead to its fallback."""
    return _changed(slug, Keeper.pause, "It is paused.")


@pages.post("/link/<slug>/resume")
@session.needs("operator")
def post_resume(slug: str) -> ResponseReturnValue:
    """Let a paused link lead where it was made for."""
    return _changed(slug, Keeper.resume, "It is open again.")


@pages.post("/link/<slug>/end")
@session.needs("operator")
def post_end(slug: str) -> ResponseReturnValue:
    """End a link now; with another time in its form it goes on."""
    return _changed(slug, Keeper.expire, "It has ended: it leads to its fallback now.")


@pages.post("/links/import")
@session.needs("operator")
def post_import() -> ResponseReturnValue:
    """Keep the links of a CSV text; nothing is kept while one row is wrong."""
    text = request.form.get("csv", "")
    if not 0 < len(text) <= CSV_MAX_CHARS:
        abort(422, "Paste the rows of a CSV file, the first with the names of columns.")
    found = list(read_csv(text, web_desk().link_hosts))
    faults = [one for one in found if isinstance(one, str)]
    if faults:
        abort(422, f"Nothing was kept. {'; '.join(faults[:FAULTS_SHOWN])}")
    good = [one for one in found if isinstance(one, Link)]
    _keeper().take(good, "console")
    flash(f"{number(len(good), 'link is', 'links are')} kept.")
    return redirect(url_for("console.links.show_all"), 303)


def _form(given: Mapping[str, Any], link: Link | None, fault: str) -> str:
    arms = given.get("arms") or ()
    shown = {**given, "arms": arms if isinstance(arms, str) else "\n".join(arms)}
    return rendered(
        "console/link_form.html",
        given=shown,
        link=link,
        fault=fault,
        policies=POLICIES,
        hosts=web_desk().link_hosts,
    )


def _given() -> dict[str, Any]:
    """Return the form; an empty box means none."""
    names = LinkForm().fields
    empty = {name: None for name in names if name in request.form}
    given = empty | read(LinkForm(), request.form)
    lines = (given["arms"] or "").splitlines()
    return {**given, "arms": [line.strip() for line in lines if line.strip()]}


def _changed(
    slug: str, change: Callable[[Keeper, Link], Link], done: str
) -> ResponseReturnValue:
    link = _link(slug)
    change(_keeper(), link)
    flash(done)
    return _to(link)


def _keeper() -> Keeper:
    return keeper(web_desk(), g.user.name)


def _link(slug: str) -> Link:
    found = find_link(web_desk().store, slug)
    if found is None:
        abort(404, "There is no link of this name: see the list of links.")
    return found


def _to(link: Link) -> ResponseReturnValue:
    return redirect(url_for("console.links.show", slug=link.slug), 303)
