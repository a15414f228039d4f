"""The one client of all sources: one host, one request at a time, polite, patient, and silent on secrets."""

from __future__ import annotations

import datetime as dt
import json
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import httpx

from complaintlab import __version__
from complaintlab.crawl.limits import Pacer, exhausted_for, retry_after, served_at
from complaintlab.crawl.retry import Patience, TransientError, persist
from complaintlab.errors import UserError
from complaintlab.sources.contract import MISFIT, Answer, Request, Source

_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
_REDIRECTS: Final = 5
_MAX_BYTES: Final = 256 * 2**20
_SKEW_S: Final = 2.0
"""The ``Date`` header has whole seconds and the way takes time: less than this is no difference of clocks."""


class Clock(NamedTuple):
    """Time and waiting, so that tests need neither."""

    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    sleep: Callable[[float], None] = time.sleep


class Received(NamedTuple):
    """An answer, and what it took to get it."""

    answer: Answer
    attempts: int
    skew_s: float
    """The server's clock minus ours; 0 where they agree or it does not say."""


class Reply(NamedTuple):
    """One exchange over HTTP, read to its end."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: httpx.URL

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status < 400 and "location" in self.headers


class Client:
    """Asks one server what a source wants to know."""

    def __init__(
        self,
        source: Source,
        address: str,
        contact: str,
        environment: Mapping[str, str],
        clock: Clock = Clock(),
        patience: Patience = Patience(),
        rng: random.Random | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        self._source, self._clock, self._patience = source, clock, patience
        self._rng = rng or random.Random()
        self._pacer = Pacer(source.pace)
        agent = f"complaintlab/{__version__} (research; contact: {contact})"
        self._http = httpx.Client(
            base_url=address, timeout=timeout_s, trust_env=False,
            headers={"User-Agent": agent, "Accept": "application/json"},
        )  # fmt: skip
        self._environment = environment
        self._secrets: tuple[str, ...] = ()
        self._authorised = False

    @property
    def place(self) -> str:
        return self._http.base_url.host

    def get(self, request: Request) -> Received:
        """Ask until there is an answer of the source's shape; 4xx other than 429 are answers.

        Raises:
            ExhaustedError, ComeBackLaterError: see ``retry.persist``.
            UserError: the server wants a login that the environment does not give, or refuses it.
        """
        received, attempts = persist(
            lambda: self._attempt(request), self._patience, self._clock.sleep, self._rng
        )
        return received._replace(attempts=attempts)

    def close(self) -> None:
        self._http.close()

    def _attempt(self, request: Request) -> Received:
        self._authorise()
        body = self._source.body(request)
        content = {"params": list(request.params)} if body is None else {"json": dict(body)}
        reply = self._sent("GET" if body is None else "POST", request.path, **content)
        answer, skew = self._dated(request, reply)
        if self._source.expired(answer):
            self._authorised = False
            raise TransientError("the session has expired")
        if 200 <= reply.status < 300:
            try:
                self._source.follow(answer)
            except MISFIT as error:
                raise TransientError(
                    f"no answer of the shape of {self._source.name} ({error!r:.200})"
                ) from None
        return Received(answer, 0, skew)

    def _sent(self, method: str, path: str, **content: Any) -> Reply:
        """One exchange, redirects on the host included; ``TransientError`` where a later try may do."""
        target: str | httpx.URL = path
        for _ in range(_REDIRECTS):
            self._pause()
            try:
                reply = self._exchange(method, target, **content)
            except (httpx.TransportError, httpx.DecodingError) as error:
                raise TransientError(type(error).__name__) from None
            self._pacer.heed(reply.headers, self._seconds())
            if not reply.is_redirect:
                break
            target, content = self._same_host(reply), {}
        if reply.status in _AGAIN or reply.is_redirect or _is_limit(reply):
            asked = retry_after(reply.headers)
            wait = asked if asked is not None else exhausted_for(reply.headers) or None
            raise TransientError(f"HTTP {reply.status}", wait)
        if reply.status == 401:
            raise UserError(f"{self.place} wants a login or refuses the one in the environment (HTTP 401).")
        return reply

    def _exchange(self, method: str, target: str | httpx.URL, **content: Any) -> Reply:
        body = bytearray()
        with self._http.stream(method, target, **content) as response:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > _MAX_BYTES:
                    raise httpx.ReadError("the answer does not end")
        return Reply(response.status_code, response.headers, bytes(body), response.url)

    def _same_host(self, reply: Reply) -> httpx.URL:
        """Where a redirect leads within the host; secrets must not follow one elsewhere."""
        target = reply.url.join(reply.headers["location"])
        if (target.scheme, target.netloc) != (reply.url.scheme, reply.url.netloc):
            raise UserError(
                f"{self.place} redirects to {target.host}: set crawl.address to {target.scheme}://{target.host}."
            )
        return target

    def _dated(self, request: Request, reply: Reply) -> tuple[Answer, float]:
        """The answer without our secrets, dated by the server's clock, which dates its posts too."""
        now = self._clock.now()
        served = served_at(reply.headers)
        difference = (served - now).total_seconds() if served else 0.0
        skew = difference if abs(difference) >= _SKEW_S else 0.0
        body = reply.body
        for secret in self._secrets:
            body = body.replace(secret.encode(), b"[secret]")
        return Answer(request, reply.status, body, now + dt.timedelta(seconds=skew)), skew

    def _authorise(self) -> None:
        if self._authorised:
            return

        def send(path: str, value: Mapping[str, str]) -> Any:
            reply = self._sent("POST", path, json=dict(value))
            if reply.status != 200:
                raise UserError(f"{self.place} refuses the login that the environment gives.")
            return json.loads(reply.body)

        def attempt() -> dict[str, str]:
            try:
                return self._source.authorise(self._environment, send)
            except MISFIT as error:
                raise TransientError(f"no answer to a login ({error!r:.200})") from None

        headers, _ = persist(attempt, self._patience, self._clock.sleep, self._rng)
        self._secrets = tuple(value.removeprefix("Bearer ") for value in headers.values() if len(value) >= 8)
        self._http.headers.update(headers)
        self._authorised = True

    def _pause(self) -> None:
        if (wait := self._pacer.wait(self._seconds())) > 0:
            self._clock.sleep(wait)
        self._pacer.sent(self._seconds())

    def _seconds(self) -> float:
        return self._clock.now().timestamp()


def _is_limit(reply: Reply) -> bool:
    """Whether a closed door is one that opens again: GitHub says 403 where others say 429."""
    if reply.status != 403:
        return False
    told = retry_after(reply.headers) is not None or exhausted_for(reply.headers) > 0
    return told or b"rate limit" in reply.body.lower()
