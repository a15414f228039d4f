"""Who complies with a reply strategy for how long, and with which weight: by hand and by law."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaintlab.models.causal.logistic import Features
from complaintlab.models.strategies import Strategy
from complaintlab.models.trials.clones import Clones, clone
from complaintlab.models.trials.course import COMPETING, EVENT, FOLLOWED, LOST, Course, course
from complaintlab.models.trials.outcomes import Growth, Outcome
from complaintlab.models.trials.processes import Nature, fit_processes
from complaintlab.models.trials.risks import at_risk, final, grown, growth_weights, mean_count, risk
from complaintlab.models.trials.segments import Staying, Waiting, segments
from complaintlab.models.trials.weights import Weights, of_quality, weigh

ENDS = np.array([10, 20, 30, 40])
NEVER = Strategy("never", 40, np.inf)
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


def test_a_reply_of_another_quality_is_a_departure() -> None:
    bad = Strategy("bad by 20", 0, 20, "bad")
    clones = clone(made((5, INF, FOLLOWED), (5, INF, FOLLOWED)), bad, np.array(["proper", "bad"]))
    assert clones.exposure.tolist() == [[0.5, 0, 0, 0], [1, 1, 1, 1]]
    assert clones.complete.tolist() == [False, True]


def test_after_a_wait_without_reply_care_is_as_usual() -> None:
    wait = Strategy("none by 20", 20, np.inf)
    clones = clone(made((25, INF, FOLLOWED), (INF, INF, FOLLOWED), (15, INF, FOLLOWED)), wait)
    assert clones.complete.tolist() == [True, True, False]
    assert clones.exposure.tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [1, 0.5, 0, 0]]


def test_nobody_is_at_risk_before_being_sighted() -> None:
    clones = clone(made((INF, 35, EVENT), (INF, 5, EVENT), entry=12), NEVER)
    assert clones.exposure.tolist() == [[0, 0.5, 1, 1], [0, 0, 0, 0]]
    assert clones.complete.tolist() == [True, False]


def nature(lived: Course, hazard: list[float], history: float = 0.0) -> Nature:
    """The same hazards for everybody; ``history`` is added to the predictor from the third interval on."""
    later = np.tile([0.0, 0.0, history, history], (lived.n, 1))
    calendar = np.tile(np.log(np.array(hazard) / (1 - np.array(hazard))), (lived.n, 1))
    waits_until = np.minimum(np.minimum(lived.reply_at, lived.stop_at), 3)
    cut = segments(later[None].astype(np.float32), waits_until)
    return Nature(Waiting.foreseen(cut, calendar, later[cut.who, cut.since]), None)


def weights_at_the_end(lived: Course, strategy: Strategy, natural: Nature) -> np.ndarray:
    return final(clone(lived, strategy), weighed(lived, strategy, natural), natural.loss)


def weighed(lived: Course, strategy: Strategy, natural: Nature) -> Weights:
    return of_quality(weigh(lived, strategy, natural), strategy, natural)


def test_weights_are_inverse_probabilities_of_the_strategy() -> None:
    lived = made((INF, INF, FOLLOWED), (25, INF, FOLLOWED), (15, INF, FOLLOWED), (25, 28, EVENT))
    of = nature(lived, [0.1, 0.2, 0.3, 0.4])
    assert weights_at_the_end(lived, NEVER, of)[0] == pytest.approx(1 / (0.9 * 0.8 * 0.7 * 0.6))
    answered_in_window = 0.9 * (1 - 0.8 * 0.7)
    ends = weights_at_the_end(lived, FROM_10_BY_30, of)
    assert ends == pytest.approx([0, *[1 / answered_in_window] * 3])
    waits = (1 - 0.7) / (1 - 0.8 * 0.7)
    during = weigh(lived, FROM_10_BY_30, of).waiting
    assert during[1] == pytest.approx([0.9**-0.5, 1 / 0.9, 1 / 0.9 * waits])


def test_an_event_before_the_reply_has_the_weight_of_who_still_waits() -> None:
    lived = made((INF, 25, EVENT), (INF, 15, EVENT))
    ends = weights_at_the_end(lived, FROM_10_BY_30, nature(lived, [0.1, 0.2, 0.3, 0.4]))
    assert ends == pytest.approx([1 / 0.9 * (1 - 0.7) / (1 - 0.8 * 0.7), 1 / 0.9])


def test_the_strategy_looks_ahead_from_the_history_of_the_moment() -> None:
    """By hand: foreseen with hazards (.2, .3), then seen with .3 changed by the history to .5."""
    shift = float(np.log(0.5 / 0.5) - np.log(0.3 / 0.7))
    lived = made((25, INF, FOLLOWED))
    ends = weights_at_the_end(lived, FROM_10_BY_30, nature(lived, [0.1, 0.2, 0.3, 0.4], shift))
    wait = (1 - 0.7) / (1 - 0.8 * 0.7)
    assert ends == pytest.approx([1 / 0.9 * wait * 1 / 0.5])


hazards = st.lists(st.floats(0.05, 0.9), min_size=4, max_size=4)


@given(hazards, st.floats(-2, 2))
def test_the_weights_of_what_may_happen_to_a_complaint_add_up_to_it(
    hazard: list[float], history: float
) -> None:
    """Whatever the hazards and the history: natural chances times weights sum to 1 (a martingale)."""
    lived = made(*[(reply, INF, FOLLOWED) for reply in (5, 15, 25, 35, INF)])
    of = nature(lived, hazard, history)
    for strategy in (NEVER, BY_20, FROM_10_BY_30):
        ends = weights_at_the_end(lived, strategy, of)
        assert natural_chances(of) @ ends == pytest.approx(1.0)


@given(hazards, st.floats(-2, 2), st.floats(0.01, 0.99))
def test_so_do_those_of_a_strategy_with_a_quality(hazard: list[float], history: float, bad: float) -> None:
    """Each moment of a reply twice: a bad one and a proper one."""
    replies = [5, 5, 15, 15, 25, 25, 35, 35, INF]
    lived = made(*[(reply, INF, FOLLOWED) for reply in replies])
    of = Nature(
        nature(lived, hazard, history).waiting,
        None,
        {"bad": np.full(9, bad), "proper": np.full(9, 1 - bad)},
    )
    quality = np.array(["bad", "proper"] * 4 + ["other"])
    chance = np.repeat(natural_chances(of), [2] * 4 + [1]) * np.array([bad, 1 - bad] * 4 + [1.0])
    for name in ("bad", "proper"):
        strategy = Strategy(f"{name} from 10 by 30", 10, 30, name)
        clones = clone(lived, strategy, quality)
        assert chance @ final(clones, weighed(lived, strategy, of), None) == pytest.approx(1.0)


def natural_chances(of: Nature) -> np.ndarray:
    """Of a reply in each interval, and of none; the last complaint is never answered."""
    none_by = np.concatenate([[1.0], 1 / of.waiting.so_far.end[-1]])
    return np.append(none_by[:-1] - none_by[1:], none_by[-1])


def test_loss_multiplies_the_weights() -> None:
    lived = made((INF, INF, FOLLOWED))
    of = nature(lived, [0.1] * 4)
    both = Nature(of.waiting, Staying.of(np.ones((1, 4))))
    assert weights_at_the_end(lived, NEVER, both) / weights_at_the_end(lived, NEVER, of) == pytest.approx(
        [16]
    )


@pytest.mark.filterwarnings("error")
def test_weights_stay_finite_where_nobody_could_have_complied() -> None:
    sure = Staying.of(np.full((1, 30), np.exp(40.0)))
    assert np.isfinite(sure.end).all()
    assert np.isfinite(sure.middle).all()


def unweighted(clones: Clones) -> Weights:
    n = len(clones.last)
    return Weights(np.ones_like(clones.waiting), np.ones(n))


def test_risk_without_censoring_is_the_share_with_the_event() -> None:
    lived = made((INF, 5, EVENT), (INF, 35, EVENT), (INF, 15, COMPETING), (INF, INF, FOLLOWED))
    clones, one = clone(lived, NEVER), np.ones(4)
    risked = at_risk(clones, unweighted(clones).waiting, clones.settled, unweighted(clones), one)
    assert risked.tolist() == [4, 3, 2, 2]
    assert risk(clones, one, risked, one) == pytest.approx([0.25, 0.25, 0.25, 0.5])


def test_mean_count_without_censoring_is_the_mean() -> None:
    """Four complaints; the second has a competing end at 15, which its count does not outlive."""
    lived = made((5, INF, FOLLOWED), (5, 15, COMPETING), (5, INF, FOLLOWED), (5, INF, FOLLOWED))
    growth = Growth(np.array([0, 0, 1, 3]), np.array([3.0, 35, 12, 22]))
    clones, one = clone(lived, BY_20), np.ones(4)
    found = grown(Outcome("spread", lived, growth), clones)
    assert found.waiting.tolist() == [True, False, False, False]
    weights = unweighted(clones)
    risked = at_risk(clones, weights.waiting, clones.settled, weights, one)
    grows = growth_weights(found, weights, None)
    mean = mean_count(clones, found, one, risked, one, grows)
    assert mean == pytest.approx([1 / 4, 2 / 4, 3 / 4, 4 / 4])


def test_growth_counts_in_every_clone_that_complies_and_in_no_other() -> None:
    lived = made((15, INF, FOLLOWED))
    growth = Growth(np.array([0, 0]), np.array([12.0, 25.0]))
    outcome = Outcome("spread", lived, growth)
    seen = {s.name: len(grown(outcome, clone(lived, s)).who) for s in (NEVER, BY_20, FROM_10_BY_30)}
    assert seen == {"never": 1, "by 20": 2, "from 10 by 30": 2}


def test_a_window_in_which_nobody_is_answered_cannot_be_weighted() -> None:
    assert not clone(made((5, INF, FOLLOWED), (INF, INF, FOLLOWED)), FROM_10_BY_30).weighable()
    assert clone(made((15, INF, FOLLOWED), (INF, INF, FOLLOWED)), FROM_10_BY_30).weighable()


def test_weights_of_the_compliant_add_up_to_everybody() -> None:
    """With reply hazards by interval alone, each arm's complete clones weigh as much as all complaints."""
    reply = np.random.default_rng(1).choice([5.0, 15.0, 25.0, 35.0, INF], 2000)
    lived = Course(ENDS, np.zeros(2000), reply, np.full(2000, INF), np.zeros(2000, dtype=np.int8))
    features = Features(np.empty((2000, 0)), np.eye(4), np.empty((0, 2000, 4), np.float32), np.zeros(4))
    quality = pl.Series(np.random.default_rng(2).choice(["proper", "bad", "other"], 2000, p=[0.5, 0.2, 0.3]))
    of = fit_processes(lived, features, features, quality).at()
    bad = Strategy("bad by 30", 0, 30, "bad")
    for strategy in (NEVER, BY_20, FROM_10_BY_30, bad):
        clones = clone(lived, strategy, quality.to_numpy())
        weights = final(clones, weighed(lived, strategy, of), None)
        assert weights.sum() == pytest.approx(2000, rel=0.03)
