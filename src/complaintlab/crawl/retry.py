"""Trying again: growing waits with full jitter (Brooker 2015), and never sooner than the server allows."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")


class Patience(NamedTuple):
    """How often and how long to try."""

    attempts: int = 6
    first_wait_s: float = 2.0
    longest_wait_s: float = 120.0
    longest_order_s: float = 3600.0
    """A server that asks for more than this is left alone until the next run."""


class TransientError(Exception):
    """It may go well next time; ``wait_s`` is what the server asked for."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class ExhaustedError(Exception):
    """All attempts were in vain; says why the last one was."""

    def __init__(self, reason: str, attempts: int) -> None:
        super().__init__(f"{reason}, {attempts} attempts")
        self.attempts = attempts


class ComeBackLaterError(Exception):
    """The server asks for a longer pause than we wait for."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"the server asks to be left alone for {wait_s / 60:.0f} minutes")
        self.wait_s = wait_s


def persist(
    attempt: Callable[[], Result], patience: Patience, sleep: Callable[[float], None], rng: random.Random
) -> tuple[Result, int]:
    """Call ``attempt`` until it raises no ``TransientError``: its result, and how often it was called.

    Raises:
        ExhaustedError: the last of ``patience.attempts`` failed too.
        ComeBackLaterError: the server asked for more than ``patience.longest_order_s``.
    """
    for number in range(1, patience.attempts + 1):
        try:
            return attempt(), number
        except TransientError as error:
            if error.wait_s is not None and error.wait_s > patience.longest_order_s:
                raise ComeBackLaterError(error.wait_s) from None
            if number == patience.attempts:
                raise ExhaustedError(str(error), number) from None
            ceiling = min(patience.longest_wait_s, patience.first_wait_s * 2 ** (number - 1))
            sleep(max(error.wait_s or 0.0, rng.uniform(ceiling / 2, ceiling)))
    raise AssertionError("patience has no attempts")
