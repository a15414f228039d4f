"""What servers do when they are not well."""

from __future__ import annotations

import random
from collections.abc import Callable

from stubs.server import Answering, Asked, Reply, as_json

FAULTS: dict[str, Callable[[Reply], Reply]] = {
    "429 with Retry-After": lambda good: Reply(429, b"slow down", {"Retry-After": "7"}),
    "429 without": lambda good: Reply(429, b"slow down"),
    "429 until a date": lambda good: Reply(429, b"", {"Retry-After": "Fri, 01 Mar 2024 12:30:00 GMT"}),
    "403 with Retry-After": lambda good: Reply(403, b"", {"Retry-After": "9"}),
    "403 with nothing left": lambda good: Reply(
        403, b"", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "11"}
    ),
    "403 in words": lambda good: Reply(403, b'{"message": "You have exceeded a secondary rate limit"}'),
    "500": lambda good: Reply(500, b"oops"),
    "time-out": lambda good: Reply(200, good.body, late=0.4),
    "cut answer": lambda good: Reply(200, good.body, cut=20),
    "cut JSON": lambda good: Reply(200, good.body[:-20], {"Content-Type": "application/json"}),
    "HTML": lambda good: Reply(200, b"<html><body>Checking your browser</body></html>"),
    "a list": lambda good: as_json([1, 2]),
    "wrong types": lambda good: as_json({"topic_list": {"topics": "many"}, "post_stream": {"posts": 7}}),
    "null": lambda good: as_json(None),
}


AT_ONCE = [name for name in FAULTS if name != "time-out"]
"""Faults that take no time."""


def unreliable(answering: Answering, faults: list[str], most: int, seed: int) -> Answering:
    """A server of which each thing is got only after up to ``most`` faults."""
    rng, left = random.Random(seed), dict[str, list[str]]()

    def answer(asked: Asked) -> Reply:
        good = answering(asked)
        asked_for = repr((asked.path, asked.params, asked.body))
        mine = left.setdefault(asked_for, rng.choices(faults, k=rng.randint(0, most)))
        return FAULTS[mine.pop()](good) if mine else good

    return answer
