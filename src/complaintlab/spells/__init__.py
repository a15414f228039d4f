"""Stage ``spells``: decides what is a complaint, follows it, and cuts its follow-up into start–stop rows.

``openers`` find episodes, ``before`` what was known before time zero, ``followup`` from when until when they
are followed, ``seen`` and ``outcomes`` what they came to, ``changes`` and ``history`` covariates over time,
``rows`` the counting process, ``flow`` what was lost on the way.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from complaintlab.companies import Companies
from complaintlab.params import Analysis
from complaintlab.spells.before import add_before
from complaintlab.spells.changes import all_histories
from complaintlab.spells.flow import count_flow
from complaintlab.spells.followup import add_follow_up
from complaintlab.spells.openers import find_openers, mark_first, open_episodes
from complaintlab.spells.outcomes import add_outcomes, first_at, recurrences
from complaintlab.spells.rows import start_stop_rows
from complaintlab.spells.seen import critic_turns, label_turns, thread_turns
from complaintlab.store import conform


class Outputs(NamedTuple):
    """Tables that the stage writes."""

    episodes: pl.DataFrame
    spells: pl.DataFrame
    flow: pl.DataFrame


def run(
    turns: pl.DataFrame,
    threads: pl.DataFrame,
    deletions: pl.DataFrame,
    measures: pl.DataFrame,
    sightings: pl.DataFrame,
    source: pl.DataFrame,
    analysis: Analysis,
    companies: Companies,
) -> Outputs:
    """Make episodes, their start–stop rows, and the account of what was lost.

    An episode is the first complaint (or, apart, praise or nonsense) of one author to one company with none
    in the ``gap_days`` before, after the source's washout; a post that concerns k companies opens k episodes.
    Events are looked for in the critic's turns toward that company anywhere in the source. Silence is no
    event. ``pi`` is null until gold labels exist. Of private channels only the company's invitation is seen.
    """
    openers = find_openers(turns, threads, measures, analysis)
    marked = mark_first(openers, source, analysis)
    complaints = marked.filter(pl.col("kind") == "complaint").select(
        "company", "author_id", "opened_at", "first_reply_at"
    )
    episodes = add_before(open_episodes(marked), complaints, companies)
    episodes = add_follow_up(episodes, turns, deletions, sightings, source, analysis)
    labelled = label_turns(turns, measures, analysis)
    thread = thread_turns(episodes, labelled)
    critic = critic_turns(episodes, labelled, marked)
    episodes = add_outcomes(episodes, thread, critic, analysis)
    episodes = episodes.join(first_at(recurrences(critic), "recurred_s"), on="episode_id", how="left")
    histories = all_histories(episodes, thread, critic, deletions, sightings, analysis)
    spells = start_stop_rows(episodes, histories, complaints, companies)
    return Outputs(
        episodes=conform("episodes", episodes).sort("episode_id"),
        spells=conform("spells", spells).sort("episode_id", "start_s"),
        flow=conform("flow", count_flow(source, turns, threads, openers, marked, episodes)),
    )
