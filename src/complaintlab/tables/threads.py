"""Tables of the stage ``threads``: who answered whom, when, in which role."""

from __future__ import annotations

import dataframely as dy

from complaintlab.labels import DELETION_KINDS, ROLES
from complaintlab.tables.columns import at, count, flag, id_, number, one_of, probability, string


class Turns(dy.Schema):
    """One row per post and company that its thread concerns; split replies are joined into the first part."""

    post_id = id_("the post", key=True)
    company = string("the company that this row looks at", key=True)
    thread_id = id_("the thread: the id of its root, seen or not")
    author_id = id_("who wrote it", nullable=True)
    role = one_of(ROLES, "critic is the opener's author")
    created_at = at("when it was posted")
    position = count("place in the thread by time, the root or first seen post is 0")
    depth = count("steps from the root, or from the topmost seen post")
    parent_status = one_of(
        ("root", "present", "unseen", "deleted"), "a missing parent is unseen unless there is evidence"
    )
    answers_id = id_("the post it answers", nullable=True)
    joined_into = id_("the first part, for the later parts of a split reply", nullable=True)
    agent_id = id_("keyed signature of the person who answered for the company", nullable=True)
    delay_minutes = number("minutes from the post it answers to this one, where both are here")
    business_hours = flag(
        "posted in the company's opening hours; null where these are unknown", nullable=True
    )
    text = string("the text: split parts joined, signature stripped")
    text_hash = id_("hash of the normalised text, the key of its vector")
    before_hash = id_("hash of the text before it in the thread", nullable=True)


class Threads(dy.Schema):
    """One row per thread and company that it concerns."""

    thread_id = id_("the thread", key=True)
    company = string("the company", key=True)
    opener_id = id_("first seen post; the root where root_seen")
    critic_id = id_("author of the root; null where the root is unseen or itself official", nullable=True)
    opened_at = at("time of the opener")
    root_seen = flag("the root is here: without it there is no time zero")
    n_turns = count("posts in the thread")
    n_people = count("distinct authors that are not official accounts")
    n_company_turns = count("replies of this company")
    first_reply_at = at("first reply of this company", nullable=True)
    first_reply_delay_minutes = number("minutes from the opener to it; null where the root is unseen")
    followed_until = at("last moment at which the thread was seen")
    locked_at = at("when it was locked", nullable=True)
    cut = one_of(("no", "page_limit", "sampled", "private"), "why posts may be missing")


class Deletions(dy.Schema):
    """One row per disappearance of a post, with its evidence and the interval in which it happened."""

    post_id = id_("the post", key=True)
    ordinal = dy.UInt16(primary_key=True, description="1 for the first disappearance of this post")
    thread_id = id_("the thread", nullable=True)
    role = one_of(ROLES, "whose post it was")
    kind = one_of(DELETION_KINDS, "what happened")
    actor = one_of(("author", "host", "platform", "unknown"), "who did it")
    evidence = string("the source's own word")
    confidence = probability("how sure the kind is", nullable=False)
    last_present_at = at("last time seen present", nullable=True)
    first_absent_at = at("first time seen absent or hidden")
    exact_at = at("exact time, where it was logged", nullable=True)
    restored_at = at("seen again", nullable=True)
