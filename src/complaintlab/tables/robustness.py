"""Tables of the stage ``robustness``, beside its estimates."""

from __future__ import annotations

import dataframely as dy

from complaintlab.tables.columns import count, flag, number, probability, string


class Specifications(dy.Schema):
    """One row per claim and way through the choices that were open; place 0 has the primary one."""

    claim = string("the claim", key=True)
    place = dy.UInt32(primary_key=True, description="0 for the primary specification")
    contrast = string("first arm against second")
    outcome = string("the outcome")
    ties = string("stance of a turn: the most probable, or of nearly tied ones the negative or positive")
    turn = string("whether the first turn of a kind decides, or the last within the horizon")
    praise = string("whether praise that is not attributed to the handling turns a critic as well")
    complaint_threshold = probability("an opener is a complaint from here on", nullable=False)
    act_threshold = probability("a reply does an act from here on", nullable=False)
    weights = string("whole, or cut: truncated, or small propensities left out")
    window = string("the reply's window: as asked, narrower or wider")
    time_days = number("horizon", nullable=False)
    scale = string("scale of the estimate")
    estimate = number("the estimate; null where there is none")
    se = number("its standard error")
    lower = number("95% interval")
    upper = number("95% interval")
    n = count("episodes used")
    events = count("events in both arms")
    primary = flag("the primary specification")
    reason = string("why there is no estimate", nullable=True)


class ConfounderStrengths(dy.Schema):
    """One row per claim and measured confounder: how strongly it is tied to exposure and outcome."""

    claim = string("the claim", key=True)
    confounder = string("the confounder, or a level of it", key=True)
    n = count("episodes")
    rr_exposure = number("ratio of having it between the arms, at least 1", nullable=False)
    rr_outcome = number("ratio of the outcome by it, within arms, at least 1", nullable=False)
    bounding = number("bounding factor: by how much it can move a risk ratio at most", nullable=False)
    e_value = number("E-value of that factor", nullable=False)


class TippingPoints(dy.Schema):
    """One row per claim: what the silent critics would have to be like to overturn its interval."""

    claim = string("the claim", key=True)
    contrast = string("first arm against second")
    silent_first = probability("weighted share of the first arm that was not heard again", nullable=False)
    silent_second = probability("and of the second", nullable=False)
    arm = string(
        "whose silent would have to have had the event; null: the interval holds zero", nullable=True
    )
    share = number("what share of them; above 1: no share is large enough")
    worst_lower = number("estimate if all silent of the second arm had the event, none of the first")
    worst_upper = number("estimate if all silent of the first arm had the event, none of the second")
