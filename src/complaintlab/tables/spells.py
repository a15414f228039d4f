"""Tables of the stage ``spells``: episodes and their start-stop rows."""

from __future__ import annotations

import dataframely as dy

from complaintlab.labels import ENDS, EPISODE_KINDS, QUALITIES, STANCES
from complaintlab.tables.columns import at, count, flag, id_, number, one_of, probability, seconds, string


class Episodes(dy.Schema):
    """One row per first complaint (or praise, or nonsense) of one author to one company in 30 days."""

    episode_id = id_("the episode", key=True)
    kind = one_of(EPISODE_KINDS, "what opened it")
    author_id = id_("the critic")
    thread_id = id_("its thread")
    opener_id = id_("the post that opened it")
    company = string("the company complained about")
    started_at = at("time zero Z0: the complaint is posted")
    entry_s = seconds("first sighting; follow-up counts from here on (delayed entry)")
    end_s = seconds("end of follow-up, not of the episode's events")
    end = one_of(ENDS, "why follow-up ends")
    turned_s = seconds("first turn with stance resolved or advocates", nullable=True)
    advocate_s = seconds("first turn with stance advocates, or later unprompted praise", nullable=True)
    escalated_s = seconds("first turn with stance escalates", nullable=True)
    first_reply_s = seconds("the company's first reply ZR", nullable=True)
    first_reply_id = id_("that reply", nullable=True)
    second_reply_s = seconds("the company's second reply", nullable=True)
    private_s = seconds("first invitation to, or report of, a private channel", nullable=True)
    any_later_turn = flag("the critic was heard again before the end")
    stance_7d = dy.Enum(
        [*STANCES, "silent"],
        nullable=True,
        description="last stance within 7 days, silent if none; null if followed for less",
    )
    spread_before = count("other authors with a negative turn in the thread before time zero")
    spread_7d = count("other authors with a negative turn within 7 days", nullable=True)
    praise_later = count("unprompted praise openers of this author to this company within 30 days")
    recurrences = count("distinct later openers against this company within 30 days")
    later_followed_days = number("days, of these 30, that were followed", nullable=False)
    bystanders_before = count("bystander turns before the first reply, or before half the follow-up if none")
    bystanders_before_negative = probability("their negative share; null without any")
    bystanders_after = count("bystander turns after it")
    bystanders_after_negative = probability("their negative share; null without any")
    hostility = number("of the opener", nullable=False)
    severity = number("of the opener", nullable=False)
    p_complaint = probability("that the opener is a complaint", nullable=False)
    p_nonsense = probability("that the opener is nonsense", nullable=False)
    topic = string("of the opener", nullable=True)
    earlier_complaints = count("complaint openers of this author to this company before")
    load = count("open complaints to the company in the hour before")
    burst = number("complaints to the company in the last 24 h over its usual number", nullable=False)
    hour_of_week = dy.UInt8(max=167, description="hour of week in the company's time zone, Monday 0:00 is 0")
    business_hours = flag("opened in the company's opening hours", nullable=True)
    minutes_to_closing = number("minutes from opening to the company's closing; null out of hours")
    answered_share_before = probability(
        "share of the company's earlier complaints, in the 28 days before, that were answered in 24 h"
    )
    first_reply_quality = one_of(QUALITIES, "quality of the first reply", nullable=True)
    pi = probability("chance of being drawn into gold; null where there is none")


class Spells(dy.Schema):
    """Start-stop rows (start_s, stop_s]; every covariate is the value known at start_s."""

    episode_id = id_("the episode", key=True)
    start_s = seconds("start of the row, open", key=True)
    stop_s = seconds("end of the row, closed")
    author_id = id_("cluster")
    company = string("cluster")
    turned = flag("first such event is at stop_s")
    advocate = flag("first such event is at stop_s")
    escalated = flag("first such event is at stop_s")
    spread_passed = flag("spread passes 3 at stop_s")
    recurred = flag("first recurrence is at stop_s")
    competing = flag("a competing end (author's deletion, account gone, lock) is at stop_s")
    answered = flag("the company has replied by start_s")
    first_acts = string("acts of the first reply, joined by |; null before it", nullable=True)
    first_quality = one_of(QUALITIES, "quality of the first reply; null before it", nullable=True)
    latest_acts = string("acts of the latest reply, joined by |", nullable=True)
    n_replies = dy.UInt16(description="company replies by start_s")
    asked_first = flag("the first reply asked; null before it", nullable=True)
    agent_id = id_("agent of the latest reply", nullable=True)
    agents_so_far = dy.UInt16(description="distinct agents by start_s")
    hostility_last = number("hostility of the critic's latest turn")
    company_hostility_last = number("probability that the latest reply defends, mocks or attacks")
    critic_deleted = flag("a host has deleted or hidden the critic's post by start_s")
    critic_deleted_nonsense = flag("and the post was nonsense")
    own_reply_deleted = flag("the company has deleted a reply of its own by start_s")
    own_reply_edited = flag("the company has edited a reply of its own by start_s")
    deletion_lower_s = seconds("the host's deletion happened after this", nullable=True)
    deletion_upper_s = seconds("and not after this", nullable=True)
    against_so_far = count("other authors with a negative turn by start_s")
    replies_so_far = count("turns of anybody in the thread by start_s")
    load = count("open complaints to the company in the hour before start_s")
    likes_so_far = dy.Int64(nullable=True, description="likes of the opener at the last sighting by start_s")
    hour_of_week = dy.UInt8(max=167, description="hour of week at start_s in the company's time zone")
    business_hours = flag("opening hours at start_s", nullable=True)


class Flow(dy.Schema):
    """One row per step from posts to episodes: what went in, what was lost and why."""

    step = dy.UInt16(primary_key=True, description="order")
    unit = string("what is counted")
    name = string("the step")
    n = dy.Int64(min=0, description="how many remain or are set apart")
    lost = dy.Int64(min=0, description="how many were lost at this step")
    reason = string("why", nullable=True)
