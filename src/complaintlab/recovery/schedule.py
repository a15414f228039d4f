"""How many worlds each part of the suite asks for, and how long that takes."""

from __future__ import annotations

from typing import Literal

from complaintlab.recovery.contract import AnyCell, Resolution

Part = Literal["quick", "hour", "night"]
WORLDS: dict[Part, dict[Resolution, int]] = {
    "quick": {"closed form": 20, "closed form, slow": 1, "resampled": 1, "whole pipeline": 0},
    "hour": {"closed form": 2000, "closed form, slow": 100, "resampled": 10, "whole pipeline": 1},
    "night": {"closed form": 2000, "closed form, slow": 2000, "resampled": 200, "whole pipeline": 30},
}
"""The night is the whole suite, by the numbers of the analysis plan."""


def worlds(part: Part, cell: AnyCell) -> int:
    """Worlds of a cell in a part."""
    return WORLDS[part][cell.resolution]
