"""What an export seems able to answer: each requirement of claims.yaml against what is in the file."""

from __future__ import annotations

from typing import Final, NamedTuple

import polars as pl

from complaintlab.collect.contract import Raw
from complaintlab.collect.normalise import Outputs
from complaintlab.ids import Key
from complaintlab.threads.signatures import sign_off

ENOUGH_COMPANIES: Final = 5
"""With fewer, a verdict is about these companies and no others (params ``verdicts.companies_both_arms``)."""
SELECTED: Final = 0.995
SIGNED: Final = 0.2


class Tally(NamedTuple):
    """Posts by who wrote them and what they answer."""

    rows: int
    posts: int
    repaired: int
    company_posts: int
    other_posts: int
    companies: int
    people: int
    roots: int
    answers: int
    orphans: int
    """Answers to a post that is not in the file."""


class Finding(NamedTuple):
    """Whether a requirement of claims looks met, and why."""

    requirement: str
    met: bool
    reason: str


def tally(outputs: Outputs) -> Tally:
    posts, official = outputs.posts, outputs.posts["company"].is_not_null()
    answers = posts["parent_id"].is_not_null()
    return Tally(
        rows=outputs.source["rows_read"].item(),
        posts=posts.height,
        repaired=int(posts["repaired"].sum()),
        company_posts=int(official.sum()),
        other_posts=posts.height - int(official.sum()),
        companies=posts["company"].drop_nulls().n_unique(),
        people=posts.filter(~official)["author_id"].drop_nulls().n_unique(),
        roots=posts.height - int(answers.sum()),
        answers=int(answers.sum()),
        orphans=posts.filter(answers).join(posts, left_on="parent_id", right_on="post_id", how="anti").height,
    )


def findings(outputs: Outputs, raw: Raw) -> tuple[Finding, ...]:
    """One finding per requirement, ``companies`` first."""
    counted = tally(outputs)
    return (
        _companies(counted),
        _answered_and_not(outputs),
        _roots_seen(counted),
        _declared("threads_complete", "every public post of a thread is in it", raw),
        _declared("prospective", "posts were fetched soon after they were posted", raw),
        _deletions(outputs),
        _engagement(outputs, raw),
        _signatures(outputs),
    )


def _companies(counted: Tally) -> Finding:
    if not counted.companies:
        reason = (
            "No post is by an official account: list the accounts in data/companies.yaml under this source, "
            "or name the column that holds the company of official posts (collect.columns.company)."
        )
    else:
        reason = f"{counted.companies} companies write here; claims across companies want {ENOUGH_COMPANIES}."
    return Finding("companies", counted.companies >= ENOUGH_COMPANIES, reason)


def _answered_and_not(outputs: Outputs) -> Finding:
    """Openers by others than companies that a company answered directly."""
    name, posts, source = "answered_and_not", outputs.posts, outputs.source
    openers = posts.filter(pl.col("company").is_null() & pl.col("parent_id").is_null())
    replies = posts.filter(pl.col("company").is_not_null())
    answered = openers.join(replies, left_on="post_id", right_on="parent_id", how="semi").height
    if source["source"].item() == "twcs":
        return Finding(
            name, False, "The tweet set was drawn from companies' replies: the unanswered are not in it."
        )
    if not openers.height:
        return Finding(name, False, "No post opens a thread, so nothing tells who went unanswered.")
    share = answered / openers.height
    said = f"{answered} of {openers.height} openers ({share:.0%}) have an answer of a company"
    if share >= SELECTED:
        return Finding(name, False, f"{said}: only answered threads seem to be in it.")
    hint = "if it holds all openers, answered or not, say collect.declares.selected_on_reply=false"
    return Finding(name, not source["selected_on_reply"].item(), f"{said}; {hint}.")


def _roots_seen(counted: Tally) -> Finding:
    if not counted.answers:
        return Finding("roots_seen", False, "No post answers another: look at the column of parents.")
    share = counted.orphans / counted.answers
    reason = (
        f"{counted.roots} posts open a thread; {counted.orphans} of {counted.answers} answers ({share:.0%}) "
        "answer a post that is not in it: threads whose opener is missing are left out."
    )
    return Finding("roots_seen", counted.roots > 0, reason)


def _declared(name: str, meaning: str, raw: Raw) -> Finding:
    reason = f"A file cannot show whether {meaning}: if so, say collect.declares.{name}=true."
    return Finding(name, bool(getattr(raw.capabilities, name)), reason)


def _deletions(outputs: Outputs) -> Finding:
    gone = outputs.sightings.filter(pl.col("status") == "absent")
    known = gone.filter(pl.col("actor") != "unknown").height
    if not gone.height:
        reason = "No deletion is logged (collect.columns.deleted_at): what is missing may have many reasons."
    else:
        reason = (
            f"{known} of {gone.height} logged deletions say by whom; if all of them do, say "
            "collect.declares.deletions_attributed=true."
        )
    return Finding("deletions_attributed", False, reason)


def _engagement(outputs: Outputs, raw: Raw) -> Finding:
    counted = outputs.sightings["likes"].drop_nulls().len()
    reason = (
        f"{counted} posts carry likes, counted once, at the end: what they were at a reply's time is unknown."
    )
    if not counted:
        reason = "No post carries likes (collect.columns.likes)."
    return Finding("engagement_timestamped", raw.capabilities.engagement_timestamped, reason)


def _signatures(outputs: Outputs) -> Finding:
    replies = (
        outputs.posts.filter(pl.col("company").is_not_null()).select("company", "text").with_row_index("row")
    )
    if not replies.height:
        return Finding("signatures", False, "No company writes here.")
    signed = sign_off(replies, Key(outputs.source["fingerprint"].item().encode())).height
    share = signed / replies.height
    reason = (
        f"{signed} of {replies.height} company posts ({share:.0%}) are signed by an agent (^AB, /JK, -Ann)."
    )
    return Finding("signatures", share >= SIGNED, reason)
