import pytest

from forwarder.clicks.classify import class_of_agent, is_prefetch
from forwarder.core.links import ClickClass

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
ANDROID = "Mozilla/5.0 (Linux; Android 16; {}) AppleWebKit/537.36 Chrome/142.0.0.0"
CASES = {
    f"{IPHONE} [Pinterest/iOS]": ClickClass.HUMAN,
    f"{ANDROID.format('Pixel 9')} Mobile [Pinterest/Android]": ClickClass.HUMAN,
    f"{ANDROID.format('CUBOT_X50')} Mobile Safari/537.36": ClickClass.HUMAN,
    f"{IPHONE} [FBAN/FBIOS;FBAV/500.0]": ClickClass.HUMAN,
    f"{IPHONE} GSA/340.0 Mobile": ClickClass.HUMAN,
    f"{IPHONE} Instagram 350.0.0": ClickClass.HUMAN,
    "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/142.0.0.0": ClickClass.HUMAN,
    "Mozilla/5.0 (compatible; Pinterestbot/1.0; +https://www.pinterest.com/bot.html)":
        ClickClass.BOT_UA,
    "Pinterest/0.2 (+https://www.pinterest.com/bot.html)": ClickClass.BOT_UA,
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":
        ClickClass.BOT_UA,
    "curl/8.5.0": ClickClass.BOT_UA,
    "python-requests/2.32": ClickClass.BOT_UA,
    "WhatsApp/2.23.20.0 A": ClickClass.PREVIEW,
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)":
        ClickClass.PREVIEW,
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)": ClickClass.PREVIEW,
    "": ClickClass.EMPTY_UA,
    "  ": ClickClass.EMPTY_UA,
}  # fmt: skip


@pytest.mark.parametrize("agent", CASES)
def test_people_and_machines_are_told_apart(agent: str) -> None:
    assert CASES[agent] == class_of_agent(agent)


@pytest.mark.parametrize(
    "value", ["prefetch", "prefetch;prerender", "Prefetch", "preview", "prerender"]
)
def test_a_browser_that_asks_ahead_is_recognised(value: str) -> None:
    assert is_prefetch(("", value))
    assert not is_prefetch(("", ""))
