"""A small public place of every live source, where a company is complained to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import NamedTuple

from complaintlab.sources.contract import Query
from stubs.archive import Archive
from stubs.forum import Forum, made_topic
from stubs.hacker import Hacker
from stubs.hub import TOKEN, Hub
from stubs.lemmings import Lemmings
from stubs.server import START, Answering
from stubs.sky import PASSWORD, Sky
from stubs.toots import Toots


class Place(NamedTuple):
    """A server, what to look for there, and the login that it wants."""

    answer: Answering
    query: Query
    environment: Mapping[str, str] = {}


def discourse() -> Place:
    topics = [made_topic(n, 3 + n, START - dt.timedelta(days=n)) for n in (1, 2, 25)]
    return Place(Forum(topics).answer, Query())


def reddit() -> Place:
    return Place(Archive().answer, Query(communities=("acme",)))


def bluesky() -> Place:
    sky = Sky()
    root = sky.say("bo", "My phone from acme broke")
    answer = sky.say("acme", "Sorry! We replace it.", root)
    sky.say("bo", "Thank you acme", answer)
    sky.say("cy", "They never answer me", root)
    for who in ("di", "ed", "fi"):
        sky.say(who, f"acme broke mine, says {who}")
    login = {"COMPLAINTLAB_BLUESKY_HANDLE": "ann.example.com", "COMPLAINTLAB_BLUESKY_PASSWORD": PASSWORD}
    return Place(sky.answer, Query(words=("acme",)), login)


def mastodon() -> Place:
    toots = Toots()
    for who in ("bo", "cy@elsewhere.example", "di", "ed"):
        root = toots.say(who, "<p>My phone broke, #acme</p>")
        toots.say(who, "<p>Anybody?</p>", toots.say("acme", "<p>Sorry!</p>", root))
    return Place(toots.answer, Query(tags=("acme",)))


def github() -> Place:
    hub = Hub()
    for kind in ("issue", "discussion", "issue", "issue", "issue"):
        key = hub.open(kind, "bo", "It broke")
        for who in ("staff1", "bo", "cy", "di"):
            hub.comment(key, who, f"{who} speaks")
    return Place(hub.answer, Query(communities=("acme/widget",)), {"COMPLAINTLAB_GITHUB_TOKEN": TOKEN})


def hacker_news() -> Place:
    site = Hacker()
    for who in ("bo", "cy", "di"):
        root = site.say(who, "It broke.", title="Ask HN: who knows acme?")
        site.say(who, "Anybody?", site.say("acme_help", "<p>Sorry!", root))
    return Place(site.answer, Query(words=("acme",)))


def lemmy() -> Place:
    site = Lemmings()
    for number, who in enumerate(("bo", "cy", "di"), start=1):
        site.post(who, "It broke", "Who helps?")
        site.comment(who, "Anybody?", number, site.comment("acme", "Sorry!", number))
    return Place(site.answer, Query(communities=("acmehelp",)))


PLACES: dict[str, Callable[[], Place]] = {
    "discourse": discourse,
    "reddit": reddit,
    "bluesky": bluesky,
    "mastodon": mastodon,
    "github": github,
    "hacker_news": hacker_news,
    "lemmy": lemmy,
}
