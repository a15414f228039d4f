"""What becomes an episode, when it is followed, and what it came to."""

from __future__ import annotations

import datetime as dt
import itertools

import polars as pl
import pytest
from spells_case import ANALYSIS, DAY, Case, Thread, Turn, episode_of, ident, moment

from complaintlab.companies import Companies, Company, Hours
from complaintlab.tables import TABLES

LATE = 40 * DAY  # after the washout


def openers(case: Case) -> set[str]:
    return set(case.run().episodes["opener_id"])


def test_an_orphaned_thread_has_no_time_zero_and_no_episode() -> None:
    outputs = Case([Thread("ann", LATE, [Turn("ann", 60)], root_seen=False)]).run()
    assert outputs.episodes.is_empty()
    assert outputs.flow.filter(pl.col("name") == "orphaned")["n"].item() == 1


def test_openers_in_the_washout_count_as_history_only() -> None:
    case = Case([Thread("bob", 0), Thread("ann", 29 * DAY), Thread("ann", 70 * DAY)])
    assert openers(case) == {ident("2.0")}
    assert episode_of(case.run(), 2)["earlier_complaints"] == 1


def test_stray_posts_from_years_before_are_no_observation() -> None:
    strays = [Thread("old", 0), Thread("older", 25 * DAY)]
    season = [Thread(f"p{day}", day * DAY) for day in range(900, 960, 10)]
    assert openers(Case(strays + season, busy=False)) == {ident(f"{n}.0") for n in (5, 6, 7)}


def test_a_long_silence_late_in_a_source_discards_nothing() -> None:
    season = [Thread(f"p{day}", day * DAY) for day in range(0, 60, 10)]
    after = [Thread("late", 120 * DAY), Thread("later", 130 * DAY)]
    assert openers(Case(season + after, busy=False)) == {ident(f"{n}.0") for n in (3, 4, 5, 6, 7)}


def test_a_recurrence_within_the_gap_is_no_episode_and_is_counted() -> None:
    case = Case([Thread("ann", LATE), Thread("ann", LATE + 30 * DAY), Thread("ann", LATE + 61 * DAY)])
    outputs = case.run()
    assert set(outputs.episodes["opener_id"]) == {ident("0.0"), ident("2.0")}
    assert episode_of(outputs, 0)["recurrences"] == 1
    assert episode_of(outputs, 2)["earlier_complaints"] == 2


def test_the_same_words_again_are_no_distinct_complaint() -> None:
    outputs = Case([Thread("ann", LATE, text="broken"), Thread("ann", LATE + DAY, text="broken")]).run()
    assert episode_of(outputs)["recurrences"] == 0


def test_the_gap_is_per_author_and_company() -> None:
    case = Case([Thread("ann", LATE), Thread("ann", LATE + DAY, company="zeta"), Thread("bob", LATE + DAY)])
    assert len(openers(case)) == 3


def test_an_opener_that_concerns_two_companies_opens_two_episodes_of_one_author() -> None:
    tables = Case([Thread("ann", LATE)]).tables()
    twice = {
        name: pl.concat([table, table.with_columns(company=pl.lit("zeta"))])
        if "company" in table.columns
        else table
        for name, table in tables.items()
    }
    from complaintlab import spells

    episodes = spells.run(**twice, analysis=ANALYSIS, companies=Companies(companies=())).episodes
    assert episodes["company"].sort().to_list() == ["acme", "zeta"]
    assert episodes["author_id"].n_unique() == 1
    assert episodes["episode_id"].n_unique() == 2


def test_nonsense_is_an_episode_of_its_own_whatever_it_says_besides() -> None:
    case = Case([Thread("a", LATE, nonsense=0.6), Thread("b", LATE, nonsense=0.4)])
    outputs = case.run()
    kinds = dict(outputs.episodes.select("opener_id", pl.col("kind").cast(pl.String)).iter_rows())
    assert kinds == {ident("0.0"): "nonsense", ident("1.0"): "complaint"}
    apart = dict(
        outputs.flow.filter(pl.col("reason") == "set apart, not lost").select("name", "n").iter_rows()
    )
    assert (apart["nonsense"], apart["praise"]) == (1, 0)


def test_questions_and_unsupported_languages_are_out_and_counted() -> None:
    case = Case(
        [
            Thread("a", LATE, nonsense=0.6, complaint=0.1),
            Thread("b", LATE, complaint=0.4),
            Thread("c", LATE, supported=False),
            Thread("d", LATE, complaint=0.5),
            Thread("e", LATE, complaint=0.1, praise=0.8),
        ]
    )
    outputs = case.run()
    kinds = dict(outputs.episodes.select("opener_id", pl.col("kind").cast(pl.String)).iter_rows())
    assert kinds == {ident("0.0"): "nonsense", ident("3.0"): "complaint", ident("4.0"): "praise"}
    lost = dict(outputs.flow.select("name", "lost").iter_rows())
    passers_by = 2  # on days 0 and 20, unmeasured
    assert (lost["language supported"], lost["complaints"]) == (1 + passers_by, 3)


def test_the_flow_accounts_for_every_opener() -> None:
    case = Case([Thread("ann", day * DAY, root_seen=day % 3 > 0) for day in range(0, 120, 7)])
    outputs = case.run()
    steps = outputs.flow.filter(pl.col("reason").fill_null("") != "set apart, not lost")[3:]
    remaining = steps["n"].to_list()
    assert steps["lost"].to_list()[1:] == [a - b for a, b in itertools.pairwise(remaining)]
    assert remaining[-1] == outputs.episodes.height


def test_events_are_first_turns_of_the_critic_anywhere_and_silence_is_none() -> None:
    outputs = Case(
        [
            Thread(
                "ann",
                LATE,
                [Turn("ann", 60, "persists"), Turn("eve", 90, "escalates"), Turn("ann", 900, "resolved")],
            ),
            Thread("carl", LATE + DAY, [Turn("ann", 500, "escalates")]),
            Thread("ann", LATE + 5 * DAY, complaint=0.1, praise=0.9),
        ]
    ).run()
    ann, carl = episode_of(outputs, 0), episode_of(outputs, 1)
    assert (ann["turned_s"], ann["escalated_s"], ann["advocate_s"]) == (900, DAY + 500, 5 * DAY)
    assert ann["stance_7d"] == "persists"  # the praise opener's own most probable stance
    assert ann["praise_later"] == 1
    assert (carl["turned_s"], carl["escalated_s"], carl["stance_7d"]) == (None, None, "silent")
    assert not carl["any_later_turn"]


def test_replies_spread_and_quality() -> None:
    outputs = Case(
        [
            Thread(
                "ann",
                LATE,
                [
                    Turn("bob", 100, "persists"),
                    Turn("company", 300, acts=("apology", "contact")),
                    Turn("bob", 350, "persists"),
                    Turn("eve", 400, "advocates"),
                    Turn("dan", 450, "neutral", against=0.7),
                    Turn("company", 500, acts=("defend",)),
                ],
            )
        ]
    ).run()
    episode = episode_of(outputs)
    assert (episode["first_reply_s"], episode["second_reply_s"], episode["private_s"]) == (300, 500, 300)
    assert episode["first_reply_quality"] == "proper"
    assert episode["spread_7d"] == 2
    assert (episode["bystanders_before"], episode["bystanders_after"]) == (1, 3)
    assert episode["bystanders_after_negative"] == pytest.approx(2 / 3)


def test_the_authors_deletion_ends_follow_up_and_the_hosts_does_not() -> None:
    thread = Thread("ann", LATE, [Turn("ann", 2 * DAY, "escalates")])
    by_author = Case([thread], deletions=[{"post": "0.0", "kind": "author_deleted", "by": LATE + DAY}])
    by_host = Case([thread], deletions=[{"post": "0.0", "kind": "host_removed", "by": LATE + DAY}])
    ended = episode_of(by_author.run())
    assert (ended["end"], ended["end_s"], ended["escalated_s"]) == ("author_deleted", DAY // 2, None)
    left = episode_of(by_host.run())
    assert (left["end"], left["end_s"], left["escalated_s"]) == ("horizon", 30 * DAY, 2 * DAY)


@pytest.mark.parametrize(
    ("case", "end", "end_s"),
    [
        (Case([Thread("ann", LATE, until=5 * DAY)]), "last_seen", 5 * DAY),
        (Case([Thread("ann", LATE, locked=3600)]), "locked", 3600),
        (
            Case(
                [Thread("ann", LATE, [Turn("ann", 60)])],
                deletions=[{"post": "0.1", "kind": "account_gone", "by": LATE + 900, "exact": LATE + 800}],
            ),
            "account_gone",
            800,
        ),
        (
            Case(
                [Thread("ann", LATE, [Turn("ann", 60)])],
                deletions=[{"post": "0.1", "kind": "author_deleted", "by": LATE + 900}],
            ),
            "horizon",
            30 * DAY,
        ),
    ],
    ids=["last seen", "locked", "account gone", "a later post deleted is no end"],
)
def test_ends(case: Case, end: str, end_s: int) -> None:
    episode = episode_of(case.run())
    assert (episode["end"], episode["end_s"]) == (end, end_s)


def test_followed_for_less_than_the_horizon_leaves_seven_day_outcomes_unknown() -> None:
    episode = episode_of(Case([Thread("ann", LATE, until=5 * DAY)]).run())
    assert (episode["stance_7d"], episode["spread_7d"]) == (None, None)


def test_a_single_look_at_the_end_does_not_tell_when_posts_were_first_seen() -> None:
    looks = [{"post": "0.0", "at": LATE + 60 * DAY}]
    case = Case([Thread("ann", LATE)], sightings=looks, prospective=True)
    assert episode_of(case.run())["entry_s"] == 0


@pytest.mark.parametrize(("prospective", "entry_s"), [(True, 3600), (False, 0)])
def test_entry_is_the_first_sighting_where_the_source_looked_along(prospective: bool, entry_s: int) -> None:
    looks = [{"post": "0.0", "at": LATE + 3600}, {"post": "0.0", "at": LATE + 7200}]
    case = Case([Thread("ann", LATE)], sightings=looks, prospective=prospective)
    assert episode_of(case.run())["entry_s"] == entry_s


def test_load_counts_unanswered_complaints_of_the_hour_before() -> None:
    case = Case(
        [
            Thread("a", LATE - 3700),
            Thread("b", LATE - 1800, [Turn("company", 600)]),
            Thread("c", LATE - 1700, [Turn("company", 2600)]),
            Thread("d", LATE - 60),
            Thread("e", LATE),
            Thread("f", LATE - 30, company="zeta"),
        ]
    )
    assert episode_of(case.run(), 4)["load"] == 2


def test_burst_is_the_last_day_over_the_usual_day() -> None:
    quiet = [Thread(f"q{day}", day * DAY + 1) for day in range(40)]
    busy = [Thread(f"b{i}", LATE + 1800 + i) for i in range(5)]
    case = Case([*quiet, *busy, Thread("ann", LATE + 3600)])
    expected = (1 + 5) / (45 / ((LATE + 3599) / DAY))
    assert episode_of(case.run(), 45)["burst"] == pytest.approx(5 / 6 * expected, rel=1e-6)


def test_the_habit_of_answering_uses_only_complaints_that_are_a_day_old() -> None:
    case = Case(
        [
            Thread("a", LATE - 29 * DAY, [Turn("company", 60)]),
            Thread("b", LATE - 3 * DAY, [Turn("company", 60)]),
            Thread("c", LATE - 2 * DAY, [Turn("company", DAY + 60)]),
            Thread("d", LATE - 3600, [Turn("company", 60)]),
            Thread("e", LATE),
        ]
    )
    assert episode_of(case.run(), 4)["answered_share_before"] == 0.5
    assert episode_of(Case([Thread("e", LATE)]).run())["answered_share_before"] is None


def test_hours_are_the_companys_own() -> None:
    hours = {day: Hours(opens=dt.time(9), closes=dt.time(17)) for day in range(5)}
    berlin = Companies(companies=(Company(name="acme", time_zone="Europe/Berlin", hours=hours),))
    at = (dt.datetime(2024, 7, 1, 7, 30, tzinfo=dt.UTC) - moment(0)).total_seconds()  # Monday 9:30
    episode = episode_of(Case([Thread("ann", at)]).run(companies=berlin))
    assert (episode["hour_of_week"], episode["business_hours"]) == (9, True)
    assert episode["minutes_to_closing"] == 450
    assert episode_of(Case([Thread("ann", at)]).run())["business_hours"] is None


def test_nothing_in_nothing_out() -> None:
    outputs = Case([]).run()
    assert outputs.episodes.is_empty()
    assert outputs.spells.is_empty()
    for name in ("episodes", "spells", "flow"):
        TABLES[name].validate(getattr(outputs, name))
