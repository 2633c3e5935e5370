"""A server on loopback that plays every sin of a redirector."""

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

BOMB = gzip.compress(b"\0" * 50_000_000, 1)
TAG = "<script>pintrk('load', '2612345');</script>"
PAGE = f"<html><head>{TAG}</head><body>a shop</body></html>"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        play = getattr(self, f"play_{parts.path.strip('/').split('/')[0]}", None)
        if play is None:
            self.page(PAGE)
        else:
            play(parts.path, parts.query)

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def to(self, location: str, status: int = 302, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Location", location)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def page(self, text: str, status: int = 200) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def play_keep(self, _: str, query: str) -> None:
        self.to(f"/page?{query}")

    def play_drop(self, _: str, __: str) -> None:
        self.to("/page")

    def play_later(self, _: str, query: str) -> None:
        self.to(f"/drop?{query}")

    def play_twice(self, _: str, query: str) -> None:
        self.to(f"/page?{query}&{query}")

    def play_lower(self, _: str, query: str) -> None:
        self.to(f"/page?{query.lower()}")

    def play_recode(self, _: str, query: str) -> None:
        self.to(f"/page?{urlencode(parse_qsl(query))}")

    def play_fragment(self, _: str, query: str) -> None:
        self.to(f"/page#{query}")

    def play_replace(self, _: str, query: str) -> None:
        self.to(f"/page?{query.replace('utm_source=pinterest', 'utm_source=direct')}")

    def play_chain(self, path: str, query: str) -> None:
        left = int(path.rstrip("/").rpartition("/")[2])
        self.to(f"/chain/{left - 1}?{query}" if left > 1 else f"/page?{query}")

    def play_endless(self, path: str, query: str) -> None:
        self.to(f"{path}x?{query}")

    def play_loop(self, _: str, query: str) -> None:
        self.to(f"/back?{query}")

    def play_back(self, _: str, query: str) -> None:
        self.to(f"/loop?{query}")

    def play_forever(self, _: str, query: str) -> None:
        self.to(f"/page?{query}", 301, Set_Cookie="seen=1")

    def play_fresh(self, _: str, query: str) -> None:
        self.to(f"/page?{query}", 301, Cache_Control="no-store")

    def play_refresh(self, _: str, __: str) -> None:
        self.page('<meta http-equiv="Refresh" content="0; URL=\'/page\'">')

    def play_script(self, _: str, __: str) -> None:
        self.page('<script>window.location.href = "/page"</script>')

    def play_canonical(self, _: str, __: str) -> None:
        self.page(f'<link rel="canonical" href="/other">{TAG}')

    def play_bare(self, _: str, __: str) -> None:
        self.page("<p>no tag")

    def play_missing(self, _: str, __: str) -> None:
        self.page("not here", 404)

    def play_nowhere(self, _: str, __: str) -> None:
        self.page("see there", 302)

    def play_inside(self, _: str, query: str) -> None:
        self.to(f"http://169.254.169.254/latest?{query}")

    def play_dead(self, _: str, query: str) -> None:
        self.to(f"http://127.0.0.1:9/?{query}")

    def play_foreign(self, _: str, query: str) -> None:
        agent = self.headers.get("User-Agent", "")
        self.to("/drop" if "Pinterestbot" in agent else f"/page?{query}")

    def play_accent(self, _: str, query: str) -> None:
        self.send_response(302)
        self.wfile.write(b"")
        self._headers_buffer.append(  # raw bytes, as careless servers send them
            f"Location: /caf\u00e9?{query}\r\n".encode()
        )
        self.send_header("Content-Length", "0")
        self.end_headers()

    def play_large(self, _: str, __: str) -> None:
        self.page(PAGE + "x" * 10_000_000)

    def play_bomb(self, _: str, __: str) -> None:
        body = BOMB
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def play_drip(self, _: str, __: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _number in range(200):
            self.wfile.write(b"X-A: 1\r\n")
            time.sleep(0.1)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that had enough."""


@contextmanager
def running() -> Iterator[str]:
    """Serve until the end of the block; gives the address."""
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
