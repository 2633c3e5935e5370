"""The way of a link as a real browser goes it: scripts that lead on are hops, too."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from forwarder.clicks.audit import Audit, Walked, judged
from forwarder.clicks.chromium import Chromium, chromium
from forwarder.clicks.guard_proxy import guarded_proxy
from forwarder.clicks.page import Page
from forwarder.clicks.probe import marked, sentinels
from forwarder.clicks.walk import Hop, Way

BROWSE_S: Final = 25.0
QUIET_S: Final = 2.5  # then the page has come, and leads nowhere else
PROFILE: Final = "Chromium, scripts and all"
TAG: Final = "https://s.pinimg.com/ct/"
MS: Final = 1000


def browse(
    url: str,
    nonce: str,
    own_mark: str,
    allowed_hosts: Sequence[str] = (),
    *,
    allow_private: bool = False,
) -> Audit:
    """Return what happens to a link on its way through a browser. Raises: NoBrowser.

    Limits: 25 s; only public addresses, unless `allow_private`.
    """
    marks = sentinels(nonce)
    until_s = time.monotonic() + BROWSE_S
    with (
        guarded_proxy(allow_private=allow_private) as proxy,
        chromium(proxy, until_s) as browser,
    ):
        way = _way(browser, marked(url, marks, own_mark))
    walked: Walked = judged(PROFILE, way, marks, allowed_hosts)
    return Audit(walks=[walked])


def _way(browser: Chromium, url: str) -> Way:
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    told = browser.call("Target.attachToTarget", targetId=target, flatten=True)
    session: str = told["sessionId"]
    browser.call("Network.enable", session)
    frame = browser.call("Page.navigate", session, url=url).get("frameId", "")
    notes = _Notes(frame)
    for event in browser.events(QUIET_S):
        notes.take(event.get("method", ""), event.get("params", {}))
    return notes.way(url)


class _Notes:
    """What the network did, made into hops of the page itself."""

    def __init__(self, frame: str) -> None:
        self._frame = frame
        self._hops: list[Hop] = []
        self._has_tag = False
        self._began_s = 0.0

    def take(self, method: str, params: dict[str, Any]) -> None:
        """Note one event; most are none of the page's own requests."""
        is_ours = params.get("frameId") == self._frame
        is_page = is_ours and params.get("type") == "Document"
        if method == "Network.requestWillBeSent":
            self._has_tag |= params["request"]["url"].startswith(TAG)
            if is_page:
                self._asked(params)
        elif method == "Network.responseReceived" and is_page:
            self._ends(params["response"]["status"], params["timestamp"])

    def _asked(self, params: dict[str, Any]) -> None:
        request, redirect = params["request"], params.get("redirectResponse")
        url = request["url"] + request.get("urlFragment", "")
        if redirect is not None:
            self._ends(redirect["status"], params["timestamp"])
        if self._hops:
            last = self._hops[-1]
            self._hops[-1] = replace(last, location=url, is_refresh=redirect is None)
        n = len(self._hops) + 1
        self._hops.append(Hop(n=n, url=url, status=None, location=None, ms=0))
        self._began_s = params["timestamp"]

    def _ends(self, status: int, at_s: float) -> None:
        if self._hops and self._hops[-1].status is None:
            ms = round((at_s - self._began_s) * MS)
            self._hops[-1] = replace(self._hops[-1], status=status, ms=ms)

    def way(self, url: str) -> Way:
        """Return the way; a page that never answered has no status."""
        silent = Hop(n=1, url=url, status=None, location=None, ms=0)
        hops = self._hops or [silent]
        if hops[-1].status is None:
            hops = [*hops[:-1], replace(hops[-1], why="no answer came")]
            return Way(hops=hops, page=None)
        page = Page(
            has_tag=self._has_tag, refresh=None, canonical=None, may_lead_on=False
        )
        return Way(hops=hops, page=page, is_loop=_is_loop(hop.url for hop in hops))


def _is_loop(urls: Iterable[str]) -> bool:
    listed = list(urls)
    return len(set(listed)) < len(listed)
