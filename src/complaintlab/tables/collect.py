"""Tables of the stage ``collect``: what was posted, what was seen when, what did not fit."""

from __future__ import annotations

import dataframely as dy

from complaintlab.labels import ACTS, ROLES, STANCES
from complaintlab.tables.columns import at, count, flag, id_, number, one_of, string, texts


class Posts(dy.Schema):
    """One row per public post, as its source gave it, people and posts under keyed ids."""

    post_id = id_("the post", key=True)
    native_id = string("the source's own id; it never leaves this table", nullable=True)
    source = string("where it is from")
    crawl_id = string("the crawl or file export that brought it")
    author_id = id_("who wrote it; null where the source does not say", nullable=True)
    parent_id = id_("the post it answers, present here or not; null for a root", nullable=True)
    root_hint = id_("the thread's root where the source names it", nullable=True)
    created_at = at("when it was posted")
    edited_at = at("last edit", nullable=True)
    text = string("the text, handles of people replaced")
    repaired = flag("mojibake was found and mended in the text")
    company = string("set where the author is an official account of this company", nullable=True)
    addressed = texts("companies that it mentions, or on whose page it stands")
    place = string("page, community or forum section", nullable=True)
    is_host = flag("its author may delete or hide posts here")


class Sightings(dy.Schema):
    """One row per look at a post; the only evidence of a deletion."""

    post_id = id_("the post, perhaps never seen as a post", key=True)
    seen_at = at("when somebody looked", key=True)
    crawl_id = string("in which crawl", key=True)
    status = one_of(("present", "hidden", "absent", "unreachable"), "what was seen")
    complete = flag("the answer covered the whole thread: only then is absence evidence")
    evidence = string("what the source said, in its own word", nullable=True)
    actor = one_of(("author", "host", "platform", "unknown"), "who removed it, where known", nullable=True)
    happened_at = at("exact time of the removal, where it was logged", nullable=True)
    text_hash = id_("hash of the text as seen", nullable=True)
    likes = dy.Int64(nullable=True, description="likes at seen_at")
    reposts = dy.Int64(nullable=True, description="reposts at seen_at")
    followers = dy.Int64(nullable=True, description="the author's followers at seen_at")


class Quarantine(dy.Schema):
    """One row per input row that did not fit: nothing is dropped in silence."""

    file = string("name of the file", key=True)
    row = dy.UInt64(primary_key=True, description="row in the file, the first below the header is 1")
    column = string("the column at fault", nullable=True)
    reason = string("one sentence")


class Source(dy.Schema):
    """One row: what the source at hand is and what it can carry."""

    source = string("name of the source", key=True)
    crawl_id = string("the crawl or export")
    as_of = at("when every thread was last looked at, unless marked cut")
    first_at = at("first post", nullable=True)
    last_at = at("last post", nullable=True)
    simulated = flag("made by the embedded world")
    selected_on_reply = flag("only threads that the company answered are in it")
    threads_complete = flag("threads hold every public post")
    prospective = flag("posts were first seen soon after they were posted")
    deletions_attributed = flag("it tells who deleted or hid a post")
    engagement_timestamped = flag("likes and reposts carry the time of counting")
    rows_read = dy.UInt64(description="rows in the input")
    rows_quarantined = dy.UInt64(description="rows that did not fit")
    rows_repaired = dy.UInt64(description="texts with mended mojibake")
    fingerprint = string("fingerprint of the key of its ids")


class Latent(dy.Schema):
    """The world's own truth about each of its posts (empty for real sources): for judging measures."""

    post_id = id_("the post", key=True)
    role = one_of(ROLES, "who wrote it")
    stance = one_of(STANCES, "what a critic's or bystander's turn means", nullable=True)
    complaint = flag("it states a grievance", nullable=True)
    nonsense = flag("spam, off-topic or bare abuse", nullable=True)
    sarcastic = flag("it says the opposite of what it means", nullable=True)
    hostility = number("0 calm, 1 annoyed, 2 angry, 3 abusive")
    severity = number("0 nuisance, 1 loss of time, 2 loss of money, 3 harm")
    topic = string("what it is about", nullable=True)
    acts = dy.List(dy.Enum(list(ACTS)), description="what a company's reply does")
    agent = string("who of the company wrote it", nullable=True)


class Truth(dy.Schema):
    """The world's true value of each claim's own estimand (empty for real sources)."""

    claim = string("claim of claims.yaml", key=True)
    contrast = string("the two arms", key=True)
    outcome = string("the outcome", key=True)
    time_days = dy.Float64(primary_key=True, description="horizon in days")
    scale = one_of(("rd", "log_rr", "share"), "scale of the contrast")
    truth = number("the contrast over the eligible episodes, both arms simulated", nullable=False)
    arm_value = number("risk or mean (of D2: effect) in the first arm", nullable=False)
    reference_value = number("risk or mean in the second arm", nullable=False)
    mc_se = number("Monte-Carlo standard error of the contrast", nullable=False)
    sesoi = number("smallest effect of interest, for comparison with mc_se", nullable=False)
    episodes = count("episodes simulated under both arms")
    world = string("hash of the world's settings, size and code version that this is the truth of")
