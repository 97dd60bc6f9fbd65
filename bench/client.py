"""A small load generator: keep-alive connections from one process, over plain sockets.

It must cost far less than the server, or it would measure itself: a request is bytes made
beforehand, and of an answer only the status and the length are read.
"""

from __future__ import annotations

import http.client
import json
import re
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LOCATION = re.compile(rb"\r\nlocation: *([^\r]*)", re.IGNORECASE)


class Unexpected(Exception):
    """An answer with another status than the measure knows; the text begins the answer."""


@dataclass
class Answers:
    """What came of a number of requests."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Connection:
    """One connection and the request that is under way on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self._got = b""

    def ask(self, request: bytes) -> None:
        self._got = b""
        self.began = time.perf_counter()
        self.socket.sendall(request)

    def hear(self) -> bytes | None:
        """The whole answer once it is there."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise Unexpected("the server closed the connection")
        self._got += piece
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = _LENGTH.search(self._got, 0, end + 2)
        if length is None:
            raise Unexpected("an answer without its length: " + repr(self._got[:300]))
        return self._got if len(self._got) - end - 4 >= int(length[1]) else None


def drive(
    port: int,
    requests: Iterable[bytes],
    *,
    status: int,
    connections: int = 1,
    seconds: float = 60.0,
) -> Answers:
    """Send requests for a time or until there are no more; Unexpected on another status."""
    answers = Answers()
    wanted = b"HTTP/1.1 %d" % status
    waiting = iter(requests)
    selector = selectors.DefaultSelector()
    began = time.perf_counter()
    busy = 0
    for _each in range(connections):
        request = next(waiting, None)
        if request is None:
            break
        connection = Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.ask(request)
        busy += 1
    while busy:
        for key, _events in selector.select(60):
            connection = key.data
            answer = connection.hear()
            if answer is None:
                continue
            now = time.perf_counter()
            if not answer.startswith(wanted):
                raise Unexpected(answer[:3000].decode("utf-8", "replace"))
            answers.latencies.append(now - connection.began)
            if status == 302:
                place = _LOCATION.search(answer)
                answers.locations.append(place[1].decode() if place else "")
            request = next(waiting, None) if now - began < seconds else None
            if request is None:
                selector.unregister(connection.socket)
                connection.socket.close()
                busy -= 1
            else:
                connection.ask(request)
    answers.seconds = time.perf_counter() - began
    selector.close()
    return answers


@dataclass
class Caller:
    """Somebody who asks: signed in with a session, or a machine with a token."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> bytes:
        return self._request("GET", path, b"", "")

    def post(self, path: str, **inputs: str) -> bytes:
        return self._request(
            "POST", path, urlencode(inputs).encode(), "application/x-www-form-urlencoded"
        )

    def send(self, path: str, content: bytes) -> bytes:
        return self._request("POST", path, content, "application/json")

    def _request(self, method: str, path: str, content: bytes, kind: str) -> bytes:
        headers = {"Host": f"127.0.0.1:{self.port}", **self.headers}
        if method != "GET":
            headers |= {"Content-Type": kind, "Content-Length": str(len(content))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{method} {quote(path, safe='/?=&%')} HTTP/1.1\r\n{lines}\r\n".encode() + content


def signed_in(port: int, username: str, password: str) -> Caller:
    """A person who went through the login page."""
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    server.request("GET", "/login/")
    page = server.getresponse()
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page.read())
    assert token is not None, "the login page has no token"
    cookies = dict(_cookies(page))
    server.request(
        "POST",
        "/login/",
        urlencode(
            {"csrfmiddlewaretoken": token[1].decode(), "username": username, "password": password}
        ),
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        },
    )
    answer = server.getresponse()
    answer.read()
    server.close()
    if answer.status != 302:
        raise Unexpected(f"{username} could not sign in: {answer.status}")
    cookies |= dict(_cookies(answer))
    return Caller(
        port,
        {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "X-CSRFToken": cookies["csrftoken"],
        },
    )


def machine(port: int, client: str, secret: str) -> Caller:
    """A machine that has fetched its token by client credentials."""
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    asked = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    server.request("POST", "/oauth/token", urlencode(asked), kind)
    answer = server.getresponse()
    told = answer.read()
    server.close()
    if answer.status != 200:
        raise Unexpected(f"{client} got no token: {answer.status} {told[:300]!r}")
    return Caller(port, {"Authorization": f"Bearer {json.loads(told)['access_token']}"})


def _cookies(answer: http.client.HTTPResponse) -> Iterator[tuple[str, str]]:
    for line in answer.headers.get_all("Set-Cookie") or ():
        name, _equals, rest = line.partition("=")
        yield name, rest.partition(";")[0]
