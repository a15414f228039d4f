"""Live sources: one file each, found by name."""

from __future__ import annotations

from complaintlab.sources.bluesky import Bluesky
from complaintlab.sources.contract import Source
from complaintlab.sources.discourse import Discourse
from complaintlab.sources.github import GitHub
from complaintlab.sources.hacker_news import HackerNews
from complaintlab.sources.lemmy import Lemmy
from complaintlab.sources.mastodon import Mastodon
from complaintlab.sources.reddit import Reddit

SOURCES: dict[str, type[Source]] = {
    "discourse": Discourse,
    "reddit": Reddit,
    "bluesky": Bluesky,
    "mastodon": Mastodon,
    "github": GitHub,
    "hacker_news": HackerNews,
    "lemmy": Lemmy,
}
"""A new source is one file and one entry here."""


def source_named(name: str) -> Source:
    """The source of that name."""
    return SOURCES[name]()
