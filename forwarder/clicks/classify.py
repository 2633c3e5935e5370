"""Tell people from machines by what a request says of itself.

The in-app browsers of Pinterest are people: `[Pinterest/iOS]`. Its crawlers call
themselves `Pinterestbot/1.0` and `Pinterest/0.2`. Browsers without a window
(HeadlessChrome) count as people as well: they click and keep cookies, and a bot that
means to be counted would call itself something else anyway.
"""

import re
from functools import lru_cache
from typing import Final

from forwarder.core.links import ClickClass

_PREVIEW: Final = re.compile(
    r"facebookexternalhit|facebookcatalog|facebot|whatsapp/|twitterbot|telegrambot|"
    r"slackbot|slack-imgproxy|discordbot|linkedinbot|skypeuripreview|redditbot|"
    r"embedly|iframely|viberbot|vkshare|bitlybot|snapchat ads|mastodon|pleroma|"
    r"misskey|bluesky cardyb|google-pagerenderer|chrome-lighthouse|applebot-extended",
    re.IGNORECASE,
)
_BOT: Final = re.compile(
    # "cubot" is a phone; "+http" and mail addresses are how crawlers introduce
    # themselves
    r"(?<!cu)bot(?![a-z])|bot/|crawl|spider|slurp|scrap|archiver|monitor|uptime|"
    r"pinterest/0|\(\+?https?://|\+https?://|mediapartners|feedfetcher|"
    r"google-read-aloud|google-inspectiontool|googleother|bingpreview|yandex\w+/|"
    r"duckduckgo-favicons|baiduspider|ia_archiver|preview|validator|linkchecker|"
    r"^(curl|wget|python|go-http|java|ruby|perl|php|node|axios|okhttp|httpie|"
    r"libwww|apache-httpclient|guzzlehttp|undici|deno|bun|scrapy|aiohttp|httpx|"
    r"postmanruntime|insomnia|http_request|lua-resty|dart|reqwest|faraday|winhttp|"
    r"wrk|hey|ab|k6|vegeta|masscan|nmap|zgrab)\b|python-requests|phantomjs",
    re.IGNORECASE,
)


def is_prefetch(headers: tuple[str, ...]) -> bool:
    """Say whether a browser asks ahead of a click.

    Shape: the values of Sec-Purpose, Purpose, X-Moz and X-Purpose. They may hold more
    than the one word, such as `prefetch;prerender`.
    """
    return any(
        word in value.lower()
        for value in headers
        if value
        for word in ("prefetch", "preview", "prerender")
    )


@lru_cache(maxsize=4096)
def class_of_agent(user_agent: str) -> ClickClass:
    """Return what a user agent calls itself; a person unless it says otherwise."""
    agent = user_agent.strip()
    if not agent:
        return ClickClass.EMPTY_UA
    if _PREVIEW.search(agent):
        return ClickClass.PREVIEW
    return ClickClass.BOT_UA if _BOT.search(agent) else ClickClass.HUMAN
