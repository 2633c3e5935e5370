import pytest

from forwarder.core.event import Kind
from forwarder.core.mirror import Device, device_of, kind_of_tag

WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36",
            Device.DESKTOP_CHROME,
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0) {CHROME} Safari/537.36 Edg/142.0",
            Device.DESKTOP_OTHER,
        ),
        (
            (
                f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) {WEBKIT} Version/26.0 "
                "Safari/605.1.15"
            ),
            Device.DESKTOP_SAFARI,
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            Device.DESKTOP_OTHER,
        ),
        (
            (
                f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) {WEBKIT} "
                "Version/19.0 Mobile/15E148 Safari/604.1"
            ),
            Device.IOS_SAFARI,
        ),
        (
            (
                f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) {WEBKIT} "
                "CriOS/142.0 Mobile/15E148 Safari/604.1"
            ),
            Device.IOS_OTHER,
        ),
        (
            (
                f"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) {WEBKIT} "
                "Mobile/15E148 [Pinterest/iOS]"
            ),
            Device.IN_APP,
        ),
        (
            f"Mozilla/5.0 (Linux; Android 16; Pixel 10; wv) {CHROME} Mobile",
            Device.IN_APP,
        ),
        (f"Mozilla/5.0 (Linux; Android 16; K) {CHROME} Mobile", Device.ANDROID),
        ("curl/8.5.0", Device.UNKNOWN),
        ("", Device.UNKNOWN),
    ],
)
def test_a_browser_is_known_by_its_class(agent: str, device: Device) -> None:
    assert device == device_of(agent)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("checkout", Kind.CHECKOUT),
        ("Checkout", Kind.CHECKOUT),
        ("AddToCart", Kind.ADD_TO_CART),
        ("addtocart", Kind.ADD_TO_CART),
        ("page_visit", Kind.PAGE_VISIT),
        ("purchase", Kind.CHECKOUT),
        ("dance", None),
        (7, None),
        (None, None),
    ],
)
def test_the_tags_names_are_our_kinds(name: object, kind: Kind | None) -> None:
    assert kind == kind_of_tag(name)
