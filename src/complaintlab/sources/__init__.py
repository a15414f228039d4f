"""Live sources: one file each, found by name."""

from __future__ import annotations

from complaintlab.sources.bluesky import Bluesky
from complaintlab.sources.contract import Source
from complaintlab.sources.discourse import Discourse
from complaintlab.sources.reddit import Reddit

SOURCES: dict[str, type[Source]] = {"discourse": Discourse, "reddit": Reddit, "bluesky": Bluesky}
"""A new source is one file and one entry here."""


def source_named(name: str) -> Source:
    """The source of that name."""
    return SOURCES[name]()
