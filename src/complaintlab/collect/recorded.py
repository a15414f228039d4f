"""Raw answers read back, with or without a ledger, as looks at threads; never needs the network."""

from __future__ import annotations

import datetime as dt
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from complaintlab.crawl.raw import LEDGER, PARAMS, Event, Place, read_answers, read_events
from complaintlab.crawl.settings import Plan
from complaintlab.errors import InputError
from complaintlab.sources.contract import MISFIT, Answer, Look, Query, Source, request_of


class Recorded(NamedTuple):
    """One look as it was recorded, and where."""

    crawl_id: str
    look: Look
    failed: tuple[str, ...] = ()
    """Why requests of the look were not answered."""


class Unread(NamedTuple):
    """A file that the source cannot read, or a request outside all looks that failed."""

    reason: str


def read_recorded(
    path: Path, source: Source, query: Query, place: str | None, plan: Plan | None = None
) -> Iterator[Recorded | Unread]:
    """All looks below ``path``, those of earlier crawls first.

    Args:
        path: a crawl's folder, a folder of crawls, or a folder, tar or file of raw answers.
        source: whose answers they are.
        query: what an archive is filtered by (``communities``).
        place: host name of the server that imported answers are from.
        plan: read only this crawl and earlier ones of its query; None reads all.

    Raises:
        InputError: there is nothing at ``path``, or what is there is damaged.
    """
    if not path.exists():
        raise InputError(f"There is nothing at {path}: crawl first, or give a folder or tar of raw answers.")
    crawls = sorted({ledger.parent for ledger in path.rglob(LEDGER)}, key=lambda folder: folder.name)
    for folder in crawls:
        if plan is None or plan.covers(folder):
            yield from _crawled(folder, source)
    for name, file in _files(path, crawls):
        try:
            for look in source.imported(name, file, query):
                yield Recorded(path.name, look._replace(place=place))
        except MISFIT as error:
            yield Unread(f"{name} is no raw answer of {source.name} ({error!r:.120}).")


def _files(path: Path, crawls: list[Path]) -> Iterator[tuple[str, Any]]:
    """Names and contents of the files of a folder (in the order of their names) or tar outside crawls."""
    if path.is_dir():
        inside = (file for file in sorted(path.rglob("*")) if not set(file.parents) & set(crawls))
        for file in inside:
            if file.is_file():
                with file.open("rb") as opened:
                    yield file.name, opened
    elif tarfile.is_tarfile(path):
        with tarfile.open(path, "r|*") as tar:  # in its own order: a packed tar can only be read onwards
            for member in tar:
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None:
                    yield Path(member.name).name, io.BytesIO(content.read())
    else:
        with path.open("rb") as opened:
            yield path.name, opened


def _crawled(folder: Path, source: Source) -> Iterator[Recorded | Unread]:
    """The looks of one crawl in the order in which they began."""
    looks: dict[tuple[str, int], list[Event]] = {}
    closed: set[tuple[str, int]] = set()
    count: dict[str, int] = {}
    for event in read_events(folder):
        if event["event"] == "look":
            count[event["thread"]] = count.get(event["thread"], 0) + 1
            looks[event["thread"], count[event["thread"]]] = []
        elif event["event"] == "looked":
            closed.add((event["thread"], count[event["thread"]]))
        elif event["event"] in ("answer", "failed"):
            thread = request_of(event["request"]).thread
            if thread:
                looks[thread, event["look"]].append(event)
            elif event["event"] == "failed":
                yield Unread(f"{folder.name}: a page of discovery was not answered ({event['reason']}).")
    place = _host(folder)
    for (thread, number), events in looks.items():
        if events:  # a crawl killed before the first answer of a look has seen nothing in it
            yield _look(folder, thread, events, (thread, number) in closed, place)


def _look(folder: Path, thread: str, events: list[Event], closed: bool, place: str | None) -> Recorded:
    answered = [event for event in events if event["event"] == "answer"]
    failed = tuple(str(event["reason"]) for event in events if event["event"] == "failed")
    places = [Place(event["offset"], event["length"], event["sha256"]) for event in answered]
    answers = tuple(
        Answer(request_of(event["request"]), event["status"], body, _moment(event["at"]))
        for event, body in zip(answered, read_answers(folder, places), strict=True)
    )
    at = answers[0].at if answers else _moment(events[0]["at"])
    return Recorded(folder.name, Look(thread, at, answers, closed and not failed, place), failed)


def _moment(written: str) -> dt.datetime:
    return dt.datetime.fromisoformat(written)


def _host(folder: Path) -> str | None:
    address: str = json.loads((folder / PARAMS).read_text(encoding="utf-8"))["address"]
    return urlsplit(address).hostname
