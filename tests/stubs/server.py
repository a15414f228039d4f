"""A local server that answers as it is told, and as badly as it is told."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

START = dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC)


@dataclass
class Reply:
    """What the server sends; ``cut`` bytes of it never come, ``late`` seconds pass before it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    late: float = 0.0


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"} | headers)


class FakeClock:
    """Time that passes only by waiting, and a hair with every look at it."""

    def __init__(self, start: dt.datetime = START) -> None:
        self.moment, self.slept = start, 0.0

    def now(self) -> dt.datetime:
        self.moment += dt.timedelta(microseconds=10)
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.moment += dt.timedelta(seconds=seconds)


@dataclass
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    params: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes = b""


Answering = Callable[[Asked], Reply]


@dataclass
class Server:
    """A running server: its address, and all that it was asked."""

    address: str
    log: list[Asked]


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(answer: Answering, now: Callable[[], dt.datetime] | None = None) -> Iterator[Server]:
    """Serve on loopback; ``now`` gives the ``Date`` header, None sends none."""
    log: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(self.command, url.path, parse_qsl(url.query), dict(self.headers), body)
            log.append(asked)
            reply = answer(asked)
            time.sleep(reply.late)
            self.send_response_only(reply.status)
            if now is not None:
                self.send_header("Date", email.utils.format_datetime(now(), usegmt=True))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) - reply.cut])
            self.close_connection = bool(reply.cut)

        do_GET = do_POST = _answer  # noqa: N815

        def handle(self) -> None:
            try:
                super().handle()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # a client that was killed or lost patience

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_address[1]}", log)
    finally:
        server.shutdown()
        server.server_close()
