"""How each platform's API is reached with an endpoint's key: address and headers."""

import base64
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import requests

from forwarder.asking import Api, Caller, NoAnswer
from forwarder.core import failpoints
from forwarder.core.source import Options

USER_AGENT: Final = "pin-forwarder"  # Squarespace turns calls without one away
SHOPIFY_VERSION: Final = "2026-07"
GHOST_PASS_S: Final = 300

_DATACENTER = re.compile(r".+-([a-z]{2}[0-9]{1,3})")


def _bearer(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _basic(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}"}


def _ghost(key: str) -> Mapping[str, str]:
    """Return a pass made with an Admin API key, `id:secret`; it holds five minutes.

    Source: https://docs.ghost.org/admin-api/#token-authentication (read 2026-11-22)
    """
    key_id, _, secret = key.partition(":")
    at_s = int(failpoints.now().timestamp())
    head = {"alg": "HS256", "kid": key_id, "typ": "JWT"}
    claims = {"aud": "/admin/", "exp": at_s + GHOST_PASS_S, "iat": at_s}
    told = f"{_url_safe(json.dumps(head))}.{_url_safe(json.dumps(claims))}"
    try:
        seal = hmac.digest(bytes.fromhex(secret), told.encode(), "sha256")
    except ValueError:
        raise NoAnswer("the api_key is no Admin API key of Ghost: id:secret") from None
    return {"Authorization": f"Ghost {told}.{_url_safe(seal)}"}


def _url_safe(data: str | bytes) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one API answers. `base_url` is empty where the shop's own host does.

    `path` follows whichever address it is.
    """

    base_url: str = ""
    headers: Callable[[str], Mapping[str, str]] = _bearer
    path: str = ""


_PLACES: Final[Mapping[str, _Place]] = MappingProxyType(
    {
        "bigcommerce": _Place(
            headers=lambda key: {"X-Auth-Token": key, "Accept": "application/json"}
        ),
        "ghost": _Place(headers=_ghost, path="/ghost/api/admin"),
        "gumroad": _Place("https://api.gumroad.com"),
        "hubspot": _Place("https://api.hubapi.com"),
        "kit": _Place("https://api.kit.com", lambda key: {"X-Kit-Api-Key": key}),
        "mailchimp": _Place(headers=lambda key: _basic(f"any:{key}")),
        "mailerlite": _Place("https://connect.mailerlite.com"),
        "paddle": _Place("https://api.paddle.com"),
        "shopify": _Place(
            headers=lambda key: {"X-Shopify-Access-Token": key},
            path=f"/admin/api/{SHOPIFY_VERSION}",
        ),
        "squarespace": _Place("https://api.squarespace.com"),
        "stripe": _Place("https://api.stripe.com"),
        "woocommerce": _Place(headers=_basic, path="/wp-json/wc/v3"),
    }
)
# Keys of the sandbox hold `_sdbx_`; older ones do not tell and are taken for live.
_PADDLE_SANDBOX: Final = "https://sandbox-api.paddle.com"


def caller(
    source: str, api: Api, options: Options, session: requests.Session
) -> Caller:
    """Return who asks a platform with the endpoint's key.

    Raises: NoAnswer where the settings do not tell the address.
    """
    place = _PLACES[source]
    base_url = options.api_url or place.base_url or _by_key(source, options.api_key)
    if not base_url:
        raise NoAnswer(f"{api.lacking}: set api_url of the endpoint to its address")
    if source == "paddle" and "_sdbx_" in options.api_key and not options.api_url:
        base_url = _PADDLE_SANDBOX
    return Caller(
        api=api,
        session=session,
        base_url=f"{base_url}{place.path}",
        headers={"User-Agent": USER_AGENT, **place.headers(options.api_key)},
    )


def _by_key(source: str, key: str) -> str:
    """Return the address that a key names: Mailchimp's end in the data centre."""
    found = _DATACENTER.fullmatch(key) if source == "mailchimp" else None
    return "" if found is None else f"https://{found[1]}.api.mailchimp.com"
