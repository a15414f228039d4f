"""Who complies with a reply strategy for how long, and with which weight: by hand and by law."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab.models.causal.logistic import Features, fit_hazard, softplus
from complaintlab.models.strategies import Strategy
from complaintlab.models.trials.clones import clone, risk
from complaintlab.models.trials.course import COMPETING, EVENT, FOLLOWED, LOST, Course, course
from complaintlab.models.trials.weights import Replying, log_weights, replying

ENDS = np.array([10, 20, 30, 40])
NEVER = Strategy("never", 0, np.inf)
BY_20 = Strategy("by 20", 0, 20)
FROM_10_BY_30 = Strategy("from 10 by 30", 10, 30)
INF = np.inf


def made(*rows: tuple[float, float, int], entry: float = 0.0) -> Course:
    """Rows of (reply, stop, cause)."""
    reply, stop, cause = (np.array(column) for column in zip(*rows, strict=True))
    return Course(
        ENDS, np.full(len(rows), entry), reply.astype(float), stop.astype(float), cause.astype(np.int8)
    )


def test_course_reads_the_first_of_event_and_end() -> None:
    frame = pl.DataFrame(
        {
            "entry_s": [0, 0, 0, 0, 5],
            "first_reply_s": [3, None, 50, 7, None],
            "end_s": [100, 25, 15, 40, 35],
            "end": ["horizon", "author_deleted", "last_seen", "last_seen", "locked"],
            "turned_s": [12, None, None, None, 35],
        }
    )
    lived = course(frame, "turned", ENDS)
    assert lived.cause.tolist() == [EVENT, COMPETING, LOST, FOLLOWED, EVENT]
    assert lived.stop_s.tolist() == [12, 25, 15, INF, 35]
    assert lived.replied.tolist() == [True, False, False, True, False]


def test_reply_at_the_second_of_the_event_is_too_late() -> None:
    assert made((12, 12, EVENT)).replied.tolist() == [False]


@pytest.mark.parametrize(
    ("row", "strategy", "exposure", "complete"),
    [
        ((INF, INF, FOLLOWED), NEVER, [1, 1, 1, 1], True),
        ((15, INF, FOLLOWED), NEVER, [1, 0.5, 0, 0], False),
        ((25, 15, EVENT), NEVER, [1, 1, 0, 0], True),
        ((5, INF, FOLLOWED), BY_20, [1, 1, 1, 1], True),
        ((15, 25, LOST), BY_20, [1, 1, 0.5, 0], False),
        ((25, INF, FOLLOWED), BY_20, [1, 1, 0, 0], False),
        ((INF, 12, EVENT), BY_20, [1, 1, 0, 0], True),
        ((INF, 12, COMPETING), BY_20, [1, 1, 0, 0], True),
        ((5, INF, FOLLOWED), FROM_10_BY_30, [0.5, 0, 0, 0], False),
        ((10, INF, FOLLOWED), FROM_10_BY_30, [0.5, 0, 0, 0], False),
        ((11, INF, FOLLOWED), FROM_10_BY_30, [1, 1, 1, 1], True),
        ((30, 35, EVENT), FROM_10_BY_30, [1, 1, 1, 1], True),
    ],
)
def test_a_clone_is_followed_as_long_as_it_complies(
    row: tuple[float, float, int], strategy: Strategy, exposure: list[float], complete: bool
) -> None:
    clones = clone(made(row), strategy)
    assert clones.exposure[0].tolist() == exposure
    assert clones.complete.tolist() == [complete]


def test_nobody_is_at_risk_before_being_sighted() -> None:
    clones = clone(made((INF, 35, EVENT), (INF, 5, EVENT), entry=12), NEVER)
    assert clones.exposure.tolist() == [[0, 0.5, 1, 1], [0, 0, 0, 0]]
    assert clones.complete.tolist() == [True, False]


def replies(n: int, hazard: list[float], history: float = 0.0) -> Replying:
    """The same hazards for everybody; ``history`` is added to the predictor from the third interval on."""
    later = np.tile([0.0, 0.0, history, history], (n, 1))
    calendar = np.tile(np.log(np.array(hazard) / (1 - np.array(hazard))), (n, 1))
    return Replying(softplus(calendar + later), calendar, later)


def test_weights_are_inverse_probabilities_of_the_strategy() -> None:
    lived = made((INF, INF, FOLLOWED), (25, INF, FOLLOWED), (15, INF, FOLLOWED), (25, 28, EVENT))
    of = replies(4, [0.1, 0.2, 0.3, 0.4])
    never = np.exp(log_weights(clone(lived, NEVER), of, None, 3).final)
    assert never[0] == pytest.approx(1 / (0.9 * 0.8 * 0.7 * 0.6))
    window = log_weights(clone(lived, FROM_10_BY_30), of, None, 3)
    answered_in_window = 0.9 * (1 - 0.8 * 0.7)
    assert np.exp(window.final)[1:] == pytest.approx([1 / answered_in_window] * 3)
    waits = (1 - 0.7) / (1 - 0.8 * 0.7)
    assert np.exp(window.during)[1] == pytest.approx(
        [0.9**-0.5, 1 / 0.9, 1 / 0.9 * waits, 1 / answered_in_window]
    )


def test_an_event_before_the_reply_has_the_weight_of_who_still_waits() -> None:
    lived = made((INF, 25, EVENT), (INF, 15, EVENT))
    final = np.exp(log_weights(clone(lived, FROM_10_BY_30), replies(2, [0.1, 0.2, 0.3, 0.4]), None, 3).final)
    assert final == pytest.approx([1 / 0.9 * (1 - 0.7) / (1 - 0.8 * 0.7), 1 / 0.9])


def test_the_strategy_looks_ahead_from_the_history_of_the_moment() -> None:
    """By hand: foreseen with hazards (.2, .3), then seen with .3 changed by the history to .5."""
    shift = float(np.log(0.5 / 0.5) - np.log(0.3 / 0.7))
    of = replies(1, [0.1, 0.2, 0.3, 0.4], shift)
    final = np.exp(log_weights(clone(made((25, INF, FOLLOWED)), FROM_10_BY_30), of, None, 3).final)
    wait = (1 - 0.7) / (1 - 0.8 * 0.7)
    assert final == pytest.approx([1 / 0.9 * wait * 1 / 0.5])


@given(st.lists(st.floats(0.05, 0.9), min_size=4, max_size=4), st.floats(-2, 2))
def test_the_weights_of_what_may_happen_to_a_complaint_add_up_to_it(
    hazard: list[float], history: float
) -> None:
    """Whatever the hazards and the history: natural chances times weights sum to 1 (a martingale)."""
    lived = made(*[(reply, INF, FOLLOWED) for reply in (5, 15, 25, 35, INF)])
    of = replies(5, hazard, history)
    natural = -np.expm1(-of.stay[0])
    waits = np.concatenate([[1.0], np.cumprod(1 - natural)])
    chances = waits * np.append(natural, 1.0)
    for strategy in (NEVER, BY_20, FROM_10_BY_30):
        clones = clone(lived, strategy)
        weights = np.where(clones.complete, np.exp(log_weights(clones, of, None, 3).final), 0.0)
        assert chances @ weights == pytest.approx(1.0)


def test_loss_multiplies_the_weights() -> None:
    lived = made((INF, INF, FOLLOWED))
    of = replies(1, [0.1] * 4)
    loss = replies(1, [0.5] * 4).staying()
    alone, both = (np.exp(log_weights(clone(lived, NEVER), of, x, 3).final) for x in (None, loss))
    assert both / alone == pytest.approx([16])


def test_risk_without_censoring_is_the_share_with_the_event() -> None:
    lived = made((INF, 5, EVENT), (INF, 35, EVENT), (INF, 15, COMPETING), (INF, INF, FOLLOWED))
    clones = clone(lived, NEVER)
    value, at_risk = risk(clones, np.ones((4, 4)), np.ones(4), np.ones(4))
    assert value == pytest.approx([0.25, 0.25, 0.25, 0.5])
    assert at_risk.tolist() == [4, 3, 2, 2]


def test_a_window_in_which_nobody_is_answered_cannot_be_weighted() -> None:
    assert not clone(made((5, INF, FOLLOWED), (INF, INF, FOLLOWED)), FROM_10_BY_30).weighable()
    assert clone(made((15, INF, FOLLOWED), (INF, INF, FOLLOWED)), FROM_10_BY_30).weighable()


def test_weights_of_the_compliant_add_up_to_everybody() -> None:
    """With reply hazards by interval alone, each arm's complete clones weigh as much as all complaints."""
    reply = np.random.default_rng(1).choice([5.0, 15.0, 25.0, 35.0, INF], 2000)
    lived = Course(ENDS, np.zeros(2000), reply, np.full(2000, INF), np.zeros(2000, dtype=np.int8))
    features = Features(np.empty((2000, 0)), np.eye(4), np.empty((0, 2000, 4), np.float32), np.zeros(4))
    of = replying(fit_hazard(features, *lived.awaiting_reply()))
    for strategy in (NEVER, BY_20, FROM_10_BY_30):
        clones = clone(lived, strategy)
        weights = np.exp(log_weights(clones, of, None, 3).final)[clones.complete]
        assert weights.sum() == pytest.approx(2000, rel=0.01)
