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

# Plain words: to look for them as one pattern takes ten times as long.
_PREVIEWS: Final = (
    "facebookexternalhit", "facebookcatalog", "facebot", "whatsapp/", "twitterbot",
    "telegrambot", "slackbot", "slack-imgproxy", "discordbot", "linkedinbot",
    "skypeuripreview", "redditbot", "embedly", "iframely", "viberbot", "vkshare",
    "bitlybot", "snapchat ads", "mastodon", "pleroma", "misskey", "bluesky cardyb",
    "google-pagerenderer", "chrome-lighthouse", "applebot-extended",
)  # fmt: skip
_BOTS: Final = (  # "+http" is how crawlers introduce themselves
    "bot/", "crawl", "spider", "slurp", "scrap", "archiver", "monitor", "uptime",
    "pinterest/0", "(http://", "(https://", "+http://", "+https://", "mediapartners",
    "feedfetcher", "google-read-aloud", "google-inspectiontool", "googleother",
    "duckduckgo-favicons", "preview", "validator", "linkchecker", "python-requests",
    "phantomjs",
)  # fmt: skip
_NAMED_BOT: Final = re.compile(r"(?<!cu)bot(?![a-z])|yandex\w+/")  # "cubot" is a phone
_PROGRAM: Final = re.compile(
    r"(curl|wget|python|go-http|java|ruby|perl|php|node|axios|okhttp|httpie|"
    r"libwww|apache-httpclient|guzzlehttp|undici|deno|bun|scrapy|aiohttp|httpx|"
    r"postmanruntime|insomnia|http_request|lua-resty|dart|reqwest|faraday|winhttp|"
    r"wrk|hey|ab|k6|vegeta|masscan|nmap|zgrab)\b"
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
    agent = user_agent.strip().lower()
    if not agent:
        return ClickClass.EMPTY_UA
    if any(map(agent.__contains__, _PREVIEWS)):
        return ClickClass.PREVIEW
    is_bot = (
        any(map(agent.__contains__, _BOTS))
        or _PROGRAM.match(agent)
        or _NAMED_BOT.search(agent)
    )
    return ClickClass.BOT_UA if is_bot else ClickClass.HUMAN
