"""What servers say about how fast they may be asked, and keeping to it."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from collections import deque
from collections.abc import Mapping
from typing import Final

from complaintlab.sources.contract import Window

_EPOCH_FROM: Final = 1_000_000_000
"""A reset above this is a moment (seconds since 1970), below it a number of seconds from now."""

_PREFIXES: Final = ("ratelimit", "x-ratelimit")


class Pacer:
    """Keeps requests within a source's own windows and away from what the server has closed."""

    def __init__(self, windows: tuple[Window, ...]) -> None:
        self._windows = windows
        self._sent: deque[float] = deque(maxlen=max(window.requests for window in windows))
        self._closed_until = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next request may be sent."""
        until = self._closed_until
        for window in self._windows:
            if len(self._sent) >= window.requests:
                until = max(until, self._sent[-window.requests] + window.seconds)
        return max(0.0, until - now)

    def sent(self, now: float) -> None:
        self._sent.append(now)

    def heed(self, headers: Mapping[str, str], now: float) -> None:
        """Close until the server's reset where it says that nothing is left."""
        self._closed_until = max(self._closed_until, now + exhausted_for(headers))


def served_at(headers: Mapping[str, str]) -> dt.datetime | None:
    """The server's ``Date``, which posts' times are comparable with; None where it gives none."""
    try:
        moment = email.utils.parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``Retry-After`` asks for (RFC 9110, 10.2.3); a date is read by the server's own clock."""
    written = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", written):
        return float(written)
    try:
        until = email.utils.parsedate_to_datetime(written)
    except (ValueError, TypeError):
        return None
    now = served_at(headers) or dt.datetime.now(dt.UTC)
    until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return max(0.0, (until - now).total_seconds())


def exhausted_for(headers: Mapping[str, str]) -> float:
    """Seconds until the reset where a limit header says that nothing remains, else 0.

    Understood are ``X-RateLimit-Remaining`` and ``-Reset``, the same without ``X-``, and the combined
    ``RateLimit: remaining=0, reset=5``; a reset is seconds, a moment in seconds since 1970 or in ISO 8601.
    """
    combined = dict(re.findall(r"\b(remaining|reset)=(\d+)", headers.get("ratelimit", "")))
    if combined:
        return _until_reset(combined.get("remaining"), combined.get("reset"), headers)
    waits = [
        _until_reset(headers.get(f"{prefix}-remaining"), headers.get(f"{prefix}-reset"), headers)
        for prefix in _PREFIXES
    ]
    return max(waits)


def _until_reset(remaining: str | None, reset: str | None, headers: Mapping[str, str]) -> float:
    try:
        if remaining is None or reset is None or float(remaining) >= 1:
            return 0.0
        now = (served_at(headers) or dt.datetime.now(dt.UTC)).timestamp()
        if re.fullmatch(r"\d+(\.\d+)?", reset):
            seconds = float(reset) - (now if float(reset) > _EPOCH_FROM else 0.0)
        else:
            seconds = dt.datetime.fromisoformat(reset).timestamp() - now
    except ValueError:
        return 0.0
    return max(0.0, seconds)
