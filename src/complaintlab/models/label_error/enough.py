"""Whether there are coded events enough to correct by, and that no signed sum turned negative."""

from __future__ import annotations

from complaintlab.params import LabelErrors

NO_GOLD = "no episode was coded"
NOT_CODED = {
    "N8": "coders code the first reply only, and its arms rest on later ones",
    "S4": "coders code no later posts of praise",
    "S7": "its matched turns of bystanders are not corrected",
    "T6": "coders code no further complaints",
    "T7": "coders code no openers with praise",
    **dict.fromkeys(("D1", "D2", "D3", "D4"), "imputed times of deletion are not corrected"),
    "P1": "coders code to 7 days after the first reply, and it follows those after the second",
    "P2": "an exact share of so rare an event is not corrected",
}
"""Claims whose arms or outcome lie outside of what coders are asked, and why they are not corrected."""
NEGATIVE = "too few were coded: a signed risk set is not positive"
UNSETTLED = "too few were coded: a model of the corrected labels did not converge"


def too_thin(first: int, second: int, names: tuple[str, str], rule: LabelErrors) -> str | None:
    """Why coded events in the first and second arm do not suffice, in one phrase; null where they do."""
    if first + second < rule.events:
        return f"fewer than {rule.events} coded events"
    for events, name in ((first, names[0]), (second, names[1])):
        if events < rule.events_per_arm:
            return f"fewer than {rule.events_per_arm} coded events in the arm '{name}'"
    return None


def too_uneven(ess: float, least: int) -> str | None:
    """Why signed weights leave too few in an arm: the plan's minimum holds for the corrected too."""
    return f"effective sample size of an arm below {least} with the codes" if ess < least else None


WIDE = "too few were coded: the corrected interval is wider than 100 points"


def too_wide(lower: float, upper: float, scale: object) -> bool:
    """Whether an interval of a risk difference says nothing."""
    return scale == "rd" and upper - lower > 1
