"""Source ``github``: issues and discussions of repositories, by the GraphQL API, and payloads of webhooks.

A ``CommentDeletedEvent`` in an issue's timeline says who deleted a comment, when, and whose it was, but not
which. A comment is therefore known by its id and a digest of id and author, by which an event finds the
comment that a look misses; where several events fit, what they agree on is said and no more. A comment that
was gone before the first look stands under its event's id. Discussions only say when (``deletedAt``). What is
minimised is hidden by whoever may write to the repository. A token is needed to ask at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from complaintlab.collect.contract import Capabilities
from complaintlab.sources.contract import (
    MISFIT,
    UNKNOWN_TIME,
    Answer,
    Found,
    Look,
    Observation,
    Observed,
    Policy,
    Query,
    Request,
    Send,
    Source,
    Window,
    moment,
    numbered,
    text_or_none,
)  # fmt: skip
from complaintlab.sources.github_deletions import deleted, login_of, marked, node_id
from complaintlab.sources.github_shapes import QUESTIONS, as_asked

_PATH: Final = "/graphql"
_OFFICIAL: Final = ("MEMBER", "OWNER", "COLLABORATOR")
_SEARCH_HITS: Final = 1000
_BATCH: Final = 50


class GitHub(Source):
    name = "github"
    address = "https://api.github.com"
    capabilities = Capabilities(
        selected_on_reply=False,
        threads_complete=True,
        prospective=False,
        deletions_attributed=True,
        engagement_timestamped=True,
    )
    policy = Policy(keep_text=True, record_deletions=True, honour_deletions=True)
    pace = (Window(1, 1.0), Window(4_500, 3600.0))

    def discover(self, query: Query) -> list[Request]:
        """Issues and discussions of each place (``owner`` or ``owner/name``), with each word or label in it.

        Without places, of all; and wherever an official account is mentioned.
        """
        places = [f"{'repo' if '/' in name else 'user'}:{name}" for name in query.communities]
        words = [*query.words, *(f'label:"{tag}"' for tag in query.tags)]
        asked = [f"{place} {word}" for place in places or [""] for word in words] or places
        asked += [f"mentions:{name}" for name in query.accounts if "/" not in name]
        since = f"{query.since:%Y-%m-%dT%H:%M:%SZ}" if query.since else "2008-01-01"
        until = f"{query.until:%Y-%m-%dT%H:%M:%SZ}" if query.until else "*"
        bounds = f"created:{since}..{until} sort:created-desc"
        return numbered(
            [_asked("", "search", q=f"{what} {only} {bounds}".strip(), type=kind)
             for what in asked for only, kind in (("is:issue", "ISSUE"), ("", "DISCUSSION"))]
        )  # fmt: skip

    def ask(self, thread: str) -> list[Request]:
        owner, name, kind, number = [*thread.split("/"), "", "", "", ""][:4]
        return [_asked(thread, kind or "issues", owner=owner, name=name, number=number)]

    def body(self, request: Request) -> Mapping[str, Any]:
        """What is posted to ask it."""
        (_, question), *params = request.params
        variables: dict[str, Any] = dict(params)
        if "number" in variables:
            variables["number"] = int(variables["number"])
        if "ids" in variables:
            variables["ids"] = [node_id(native) for native in variables["ids"].split(",")]
        return {"query": QUESTIONS[question], "variables": variables}

    def follow(self, answer: Answer) -> Found:
        request, data = answer.request, _data(answer)
        question = request.params[0][1]
        if question == "search":
            return _found(request, data["search"])
        if question == "nodes":
            return Found((), {}, tuple(_standing(answer)))
        thread = data["node"] if question == "replies" else (data["repository"] or {}).get("thread")
        if thread is None:
            return Found()
        comments = list(_comments(thread))
        ends = [(one["id"], (one.get("replies") or {}).get("pageInfo") or {}) for one in comments]
        asked = [
            _asked(request.thread, "replies", id=node, after=end["endCursor"])
            for node, end in ends
            if end.get("hasNextPage")
        ]
        page = (thread.get("items") or thread["replies"])["pageInfo"]
        asked += [_after(request, page["endCursor"])] if page["hasNextPage"] else []
        root = () if question == "replies" else (request.thread,)
        return Found(tuple(asked), {}, (*root, *(_native(comment) for comment in comments)))

    def verify(self, thread: str, missing: list[str]) -> list[Request]:
        """Whether comments that the thread no longer shows are anywhere at all."""
        comments = [native for native in missing if native != thread]
        batches = (comments[start : start + _BATCH] for start in range(0, len(comments), _BATCH))
        return [_asked(thread, "nodes", ids=",".join(batch)) for batch in batches]

    def observe(self, look: Look) -> Observed:
        if look.answers[0].request.path != _PATH:
            return _delivered(look)
        if any(answer.status != 200 for answer in look.answers):
            return Observed((), complete=False, cut="private")
        by_question: dict[str, list[Any]] = {question: [] for question in QUESTIONS}
        for answer in look.answers:
            by_question[answer.request.params[0][1]].append(_data(answer))
        pages = [data["repository"] for data in by_question["issues"] + by_question["discussions"]]
        if any(page is None for page in pages):
            return Observed((), complete=False, cut="private")
        gone = [
            Observation(native, "absent", evidence="not found") for native in sorted(_asked_in_vain(look))
        ]
        threads = [page["thread"] for page in pages]
        if threads[0] is None:
            return Observed(tuple(gone), look.whole, gone="NOT_FOUND")
        owner = str(pages[0]["owner"]["login"])
        said = [comment for thread in [*threads, *(data["node"] for data in by_question["replies"])]
                if thread is not None for comment in _comments(thread)]  # fmt: skip
        seen, faults = _read(look.thread, threads[0], said, owner)
        events = [item for thread in threads if thread for item in thread["items"]["nodes"]]
        there = {native for answer in look.answers for native in _standing(answer)}
        seen += [Observation(native, "unreachable", evidence="not in its thread") for native in sorted(there)]
        seen += deleted([one.post_id for one in gone], events)
        whole, locked_at = look.whole and not faults and None not in threads, _locked(threads[0], events)
        return Observed(tuple(seen), whole, None if whole else "page_limit", None, locked_at, tuple(faults))

    def imported(self, name: str, file: BinaryIO, query: Query) -> Iterator[Look]:
        """A JSON file with the answer about one thread, or with the payload of one webhook."""
        if not name.endswith(".json"):
            return
        body = file.read()
        said = json.loads(body)
        request = Request(name)
        thread = ""
        if "action" in said:
            kind = "issues" if "issue" in said else "discussions"
            thread = f"{said['repository']['full_name']}/{kind}/{said[kind.removesuffix('s')]['number']}"
        else:
            repository = said["data"]["repository"]
            kind = f"{repository['thread']['__typename'].lower()}s"
            thread = f"{repository['nameWithOwner']}/{kind}/{repository['thread']['number']}"
            request = self.ask(thread)[0]
        yield Look(thread, UNKNOWN_TIME, (Answer(request, 200, body, UNKNOWN_TIME),))

    def authorise(self, environment: Mapping[str, str], send: Send) -> dict[str, str]:
        token = environment.get("COMPLAINTLAB_GITHUB_TOKEN") or environment.get("GITHUB_TOKEN")
        return {"Authorization": f"Bearer {token}"} if token else {}


def _asked(thread: str, question: str, **variables: str) -> Request:
    return Request(_PATH, (("ask", question), *variables.items()), thread)


def _after(request: Request, cursor: str) -> Request:
    kept = (pair for pair in request.params if pair[0] != "after")
    return request._replace(params=(*kept, ("after", cursor)))


def _data(answer: Answer) -> Any:
    """What was asked for; an error other than that something is not there is no answer."""
    said = answer.json
    others = [error.get("type") for error in said.get("errors", []) if error.get("type") != "NOT_FOUND"]
    if others:
        raise ValueError(f"GraphQL errors {others}")
    return said["data"]


def _found(request: Request, search: Any) -> Found:
    """Threads of a page's hits and the next page; behind the last of 1,000 hits, what is older than they."""
    kind = "issues" if dict(request.params)["type"] == "ISSUE" else "discussions"
    opened = {
        f"{hit['repository']['nameWithOwner']}/{kind}/{hit['number']}": moment(hit["createdAt"])
        for hit in search["nodes"] if hit
    }  # fmt: skip
    asked: tuple[Request, ...] = ()
    if search["pageInfo"]["hasNextPage"]:
        asked = (_after(request, search["pageInfo"]["endCursor"]),)
    elif opened and (search["issueCount"] or search["discussionCount"] or 0) > _SEARCH_HITS:
        params = {name: value for name, value in request.params if name != "after"}
        until = f"..{min(opened.values()):%Y-%m-%dT%H:%M:%SZ}"
        params["q"] = re.sub(r"(created:\S+?)\.\.\S+", lambda found: found[1] + until, params["q"])
        asked = (request._replace(params=tuple(params.items())),)
    return Found(asked, opened, tuple(opened))


def _comments(thread: Any) -> Iterator[Any]:
    """Comments and their replies in a page of a thread."""
    for item in (thread.get("items") or thread.get("replies") or {"nodes": []})["nodes"]:
        if item.get("__typename") in ("IssueComment", "DiscussionComment"):
            yield item
            yield from (item.get("replies") or {"nodes": []})["nodes"]


def _native(comment: Any) -> str:
    return marked(str(comment["id"]), login_of(comment["author"]))


def _standing(answer: Answer) -> list[str]:
    """Comments that were asked for by themselves and are somewhere."""
    params = dict(answer.request.params)
    if params["ask"] != "nodes":
        return []
    there = {node["id"] for node in _data(answer)["nodes"] if node}
    return [native for native in params["ids"].split(",") if node_id(native) in there]


def _asked_in_vain(look: Look) -> set[str]:
    asks = [dict(answer.request.params) for answer in look.answers]
    asked = {native for params in asks if params["ask"] == "nodes" for native in params["ids"].split(",")}
    return asked - {native for answer in look.answers for native in _standing(answer)}


def _read(thread: str, root: Any, said: list[Any], owner: str) -> tuple[list[Observation], list[str]]:
    """The opener and all comments, and a sentence for each that has not its shape."""
    seen, faults = [], []
    for item in [root, *said]:
        try:
            seen.append(_observation(thread, item, owner))
        except MISFIT as error:
            faults.append(f"A comment of {thread} does not have its shape ({error!r:.120}).")
    return seen, faults


def _observation(thread: str, item: Any, owner: str) -> Observation:
    is_root = "title" in item
    native = thread if is_root else _native(item)
    answered = item.get("replyTo")
    words = f"{item['title']}\n\n{item['body'] or ''}".strip() if is_root else str(item["body"])
    content = {
        "author": login_of(item["author"]) or None,
        "created_at": str(item["createdAt"]),
        "edited_at": text_or_none(item.get("lastEditedAt")),
        "text": words,
        "parent": None if is_root else _native(answered) if answered else thread,
        "place": owner,
        "is_host": text_or_none(item["authorAssociation"] in _OFFICIAL),
        "likes": text_or_none(item["likes"]["totalCount"]),
    }
    if item.get("deletedAt"):
        without = content | {"text": None, "author": None}
        return Observation(native, "absent", without, "deletedAt", None, str(item["deletedAt"]))
    if item.get("isMinimized"):
        reason = str(item.get("minimizedReason") or "minimized")
        return Observation(native, "hidden", content, f"minimized: {reason}", "host")
    return Observation(native, "present", content)


def _locked(root: Any, events: list[Any]) -> str | None:
    if not root.get("locked"):
        return None
    at = [str(event["createdAt"]) for event in events if event.get("__typename") == "LockedEvent"]
    return max(at, key=moment, default="")


def _delivered(look: Look) -> Observed:
    """What a webhook told: of one comment or opener, by whom; its payload does not say when."""
    told = look.answers[0].json
    owner, is_comment = str(told["repository"]["owner"]["login"]), "comment" in told
    opener = told.get("issue") or told["discussion"]
    items = [as_asked(opener, None), *([as_asked(told["comment"], told["action"])] if is_comment else [])]
    if not is_comment:
        items[0] = as_asked(opener, told["action"])
    seen = [_observation(look.thread, item, owner) for item in items]
    if told["action"] == "deleted":
        by_author = login_of(told["sender"]) == login_of(items[-1]["author"])
        content = {**(seen[-1].content or {}), "text": None}
        seen[-1] = seen[-1]._replace(
            status="absent", content=content, evidence="webhook", actor="author" if by_author else "host"
        )
    return Observed(tuple(seen), complete=False)
