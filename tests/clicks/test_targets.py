import pytest

from forwarder.clicks.targets import Hostile, checked, is_lookalike

ALLOWED = ("shop.example", "*.brand.example")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        " https://shop.example/",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "ftp://shop.example/",
        "blob:https://shop.example/1",
        "//shop.example/",
        "//evil.example/",
        "/\\evil.example/",
        "https:\\\\evil.example/",
        "https:/shop.example/",
        "https:shop.example",
        "https:///evil.example/",
        "https://",
        "https://evil.example/",
        "https://evil.example/?https://shop.example/",
        "https://evil.example#@shop.example/",
        "https://shop.example@evil.example/",
        "https://user:pass@shop.example/",
        "https://shop.example:80@evil.example/",
        "https://shop.example\\@evil.example/",
        "https://shop.example.evil.example/",
        "https://evilshop.example/",
        "https://shop.example%2eevil.example/",
        "https://shop.example%00.evil.example/",
        "https://shop.example\r\nSet-Cookie: a=b/",
        "https://sh\u200bop.example/",
        "https://sh\u043ep.example/",
        "https://brand.example/",
        "https://.brand.example/",
        "https://notbrand.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://shop.example:99999/",
        "https://shop.example:port/",
        "https://shop.example\x7f/",
        "https://shop.example/" + "a" * 2000,
    ],
)
def test_a_hostile_address_is_refused_with_a_reason(url: str) -> None:
    with pytest.raises(Hostile, match=r"\w{3}"):
        checked(url, ALLOWED)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example/A?b=%20C#d", "https://shop.example/A?b=%20C#d"),
        ("https://de.brand.example:8443/x", "https://de.brand.example:8443/x"),
        (
            "http://shop.example/caf\xe9?a=\xe9",
            "http://shop.example/caf%C3%A9?a=%C3%A9",
        ),
    ],
)
def test_an_address_is_kept_in_ascii(url: str, kept: str) -> None:
    assert kept == checked(url, ALLOWED)


def test_a_host_with_foreign_letters_is_kept_as_punycode_with_a_doubt() -> None:
    kept = checked("https://b\xfccher.example/", ["xn--bcher-kva.example"])

    assert "https://xn--bcher-kva.example/" == kept
    assert is_lookalike(kept)
    assert not is_lookalike("https://shop.example/")
