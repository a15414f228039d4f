"""Disclosure control: no printed count of fewer people than the study's minimum cell."""

from __future__ import annotations

from collections.abc import Sequence


def cell(n: int, minimum: int) -> str:
    """A count as it may be printed: '<10' where it is small but not nothing."""
    return f"<{minimum}" if 0 < n < minimum else f"{n:,}".replace(",", " ")


def linked_cells(counts: Sequence[int], minimum: int) -> list[str]:
    """Counts that differ by one another: all rounded to the minimum if any is small.

    Otherwise the small one could be had by subtraction.
    """
    if not any(0 < n < minimum for n in counts):
        return [cell(n, minimum) for n in counts]
    return [cell(n if n < minimum else minimum * round(n / minimum), minimum) for n in counts]
