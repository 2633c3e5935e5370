"""Calls to addresses that an operator or a payload chose: to the public web alone.

What is checked is the very address a connection goes to, after the name was looked up,
so that a name that leads elsewhere a second later gains nothing.
"""

import socket
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from io import BufferedReader, RawIOBase
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, ClassVar, Final

import requests
from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest, Response
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.util import parse_url
from urllib3.util.connection import create_connection

PORTS: Final = {"http": 80, "https": 443}
TIMEOUT_S: Final = (5.0, 10.0)  # to connect; for each piece of the answer
WHOLE_ANSWER_S: Final = 30.0  # from the question to the last byte, its head included
PIECE_BYTES: Final = 64 * 1024

_INNER_NAMES: Final = (".localhost", ".local", ".internal", ".home.arpa")
_PUBLIC_V6: Final = ip_network("2000::/3")
# `is_global` of Python 3.11 lets these through; each leads or may lead inside.
_NOT_PUBLIC: Final = tuple(
    ip_network(net)
    for net in (
        "192.88.99.0/24",  # 6to4 relays
        "2001::/32",  # Teredo: an IPv4 address inside
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",  # documentation
    )
)
_PRIVATE: Final = tuple(
    ip_network(net)
    for net in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
    )
)


class Unsafe(requests.ConnectionError):
    """The address is none we call: its sentence says why. Nothing was sent to it."""


class _Refused(Exception):
    """Raised inside urllib3, which would wrap an `Unsafe` as a broken connection."""


def session(*, allow_private: bool = False, any_port: bool = False) -> requests.Session:
    """Return a session that calls the public web alone.

    Limits: http on port 80 and https on 443, unless `any_port`; public unicast
    addresses, with `allow_private` loopback and private networks too, but never
    link-local ones, where clouds keep their credentials. It follows no redirect: the
    caller asks again, and the next address is checked as well. No proxy, no cookie,
    nothing from the environment; a call without a time-out gets 5 s to connect and
    10 s for each piece, and every answer 30 s as a whole. Raises: `Unsafe` from each
    call.
    """
    made = _Session()
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    made.headers["Accept-Encoding"] = "identity"  # no bomb to unpack
    made.adapters.clear()
    made.mount("", _Guard(allow_private=allow_private, any_port=any_port))
    return made


def connection(
    host: str, port: int, within_s: float, *, allow_private: bool = False
) -> socket.socket:
    """Return a connection to a checked address, for bytes that others speak.

    Limits: ports 80 and 443, with `allow_private` any. Raises: Unsafe, OSError.
    """
    if port not in PORTS.values() and not allow_private:
        raise Unsafe("the address names a port other than 80 and 443: leave it out")
    try:
        addresses = list(_resolved(host, port, allow_private=allow_private))
    except (_Refused, UnicodeError) as refused:
        raise Unsafe(str(refused)) from None
    return create_connection((addresses[0], port), within_s)


def body(reply: Response, max_bytes: int) -> bytes | None:
    """Return the answer's body, or None when it is over `max_bytes`.

    For calls with `stream=True`: reading ends at the limit. Raises: ReadTimeout when
    the answer comes too slowly, ConnectionError when it breaks off.
    """
    pieces: list[bytes] = []
    n_bytes = 0
    try:
        while piece := reply.raw.read1(PIECE_BYTES, decode_content=True):
            pieces.append(piece)
            n_bytes += len(piece)
            if n_bytes > max_bytes:
                return None
    except ReadTimeoutError as slow:
        raise requests.ReadTimeout("the answer came too slowly") from slow
    except (HTTPError, OSError) as fault:
        raise requests.ConnectionError(type(fault).__name__) from fault
    return b"".join(pieces)


class _Session(requests.Session):
    def get_redirect_target(self, resp: Response) -> None:
        """Follow nothing, not even when asked to."""
        del resp


class _Guard(HTTPAdapter):
    def __init__(self, *, allow_private: bool, any_port: bool) -> None:
        self._any_port = any_port
        self._allow_private = allow_private
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = (
            _LOCAL_POOLS if self._allow_private else _POOLS
        )

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002
        timeout: Any = None,  # noqa: ANN401
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: Any = None,  # noqa: ANN401
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        if proxies:
            raise Unsafe("calls to addresses of others go through no proxy")
        _check_url(request.url, allow_any_port=self._any_port)
        limit_s = TIMEOUT_S if timeout is None else timeout
        try:
            return super().send(request, stream, limit_s, verify, cert)
        except _Refused as refused:
            raise Unsafe(str(refused)) from None


def _check_url(url: str | None, *, allow_any_port: bool) -> None:
    """Return if the address may be tried at all. Raises: Unsafe."""
    try:
        parts = parse_url("" if url is None else url)
    except LocationParseError as error:
        raise Unsafe("the address can not be read: write https://host/path") from error
    if parts.scheme not in PORTS or not parts.host:
        raise Unsafe("the address is none of the web: write https://host/path")
    if parts.auth is not None:
        raise Unsafe("the address holds a user name: leave out what is before the @")
    port = PORTS[parts.scheme] if parts.port is None else parts.port
    if port not in PORTS.values() and not allow_any_port:
        raise Unsafe("the address names a port other than 80 and 443: leave it out")


def _resolved(host: str, port: int, *, allow_private: bool) -> Iterator[str]:
    """Give the addresses behind a name that may be called. Raises: _Refused."""
    plain = host.strip("[]").rstrip(".").lower()
    if f".{plain}".endswith(_INNER_NAMES) and not allow_private:
        raise _Refused("the address is a name of an inner network: none is called")
    found = socket.getaddrinfo(plain, port, type=socket.SOCK_STREAM)
    addresses = [str(address[4][0]) for address in found]
    good = [one for one in addresses if _may_call(one, allow_private=allow_private)]
    if not good:
        raise _Refused("the address leads to an inner network: none is called")
    yield from good


def _may_call(address: str, *, allow_private: bool) -> bool:
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if any(ip in net for net in _PRIVATE):
        return allow_private
    if any(ip in net for net in _NOT_PUBLIC):
        return False
    is_unicast = ip.is_global and not ip.is_multicast and not ip.is_reserved
    return is_unicast and (ip.version == 4 or ip in _PUBLIC_V6)  # noqa: PLR2004


def _connect(one: HTTPConnection, *, allow_private: bool) -> socket.socket:
    """Return a connection to a checked address, as urllib3 would make it."""
    host, port = one.host, one.port or PORTS["http"]
    failed: OSError | None = None
    until_s = time.monotonic() + WHOLE_ANSWER_S  # for all addresses of a name
    try:
        for address in _resolved(host, port, allow_private=allow_private):
            if failed is not None and time.monotonic() > until_s:
                break
            try:
                return create_connection(
                    (address, port), one.timeout, socket_options=one.socket_options
                )
            except OSError as fault:
                failed = fault
    except socket.gaierror as fault:
        raise NameResolutionError(host, one, fault) from fault
    except UnicodeError as fault:
        raise _Refused("the address holds an impossible host name") from fault
    if isinstance(failed, TimeoutError):
        raise ConnectTimeoutError(one, "no answer in time") from failed
    raise NewConnectionError(one, f"not connected: {type(failed).__name__}")


class _InTime(RawIOBase):
    """What a connection brings, until the whole has taken too long.

    A socket's own time-out is for each piece, and a piece can be one letter.
    """

    def __init__(self, brings: RawIOBase) -> None:
        self.brings = brings
        self._until_s = time.monotonic() + WHOLE_ANSWER_S

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401  a buffer
        if time.monotonic() > self._until_s:
            raise TimeoutError("the answer came too slowly")
        return self.brings.readinto(buffer)

    def close(self) -> None:
        self.brings.close()
        super().close()


class _Answer(HTTPResponse):
    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self.fp = BufferedReader(_InTime(self.fp.detach()))


class _Plain(HTTPConnection):
    allow_private: ClassVar[bool] = False
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return _connect(self, allow_private=self.allow_private)


class _Tls(HTTPSConnection):
    allow_private: ClassVar[bool] = False
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return _connect(self, allow_private=self.allow_private)


class _LocalPlain(_Plain):
    allow_private = True


class _LocalTls(_Tls):
    allow_private = True


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


class _LocalPlainPool(HTTPConnectionPool):
    ConnectionCls = _LocalPlain


class _LocalTlsPool(HTTPSConnectionPool):
    ConnectionCls = _LocalTls


_POOLS: Final = {"http": _PlainPool, "https": _TlsPool}
_LOCAL_POOLS: Final = {"http": _LocalPlainPool, "https": _LocalTlsPool}
