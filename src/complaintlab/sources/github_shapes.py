"""What GitHub's GraphQL API is asked, and objects of its REST API under the same names."""

from __future__ import annotations

from typing import Any, Final

_SAID: Final = """__typename id author { login } authorAssociation createdAt lastEditedAt body
  isMinimized minimizedReason likes: reactions(content: THUMBS_UP) { totalCount }"""
_OPENER: Final = """__typename id number title author { login } authorAssociation createdAt lastEditedAt
  body locked likes: reactions(content: THUMBS_UP) { totalCount }"""
_PAGED: Final = "pageInfo { hasNextPage endCursor }"
_REPLIES: Final = f"nodes {{ {_SAID} deletedAt replyTo {{ id author {{ login }} }} }} {_PAGED}"
_DELETED: Final = "__typename id createdAt actor { login } deletedCommentAuthor { login }"
_HIT: Final = "{ number createdAt repository { nameWithOwner } }"
_THREAD: Final = """query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { nameWithOwner owner { login } thread: %s } }"""
_ISSUE: Final = f"""issue(number: $number) {{ {_OPENER}
  items: timelineItems(first: 100, after: $after,
      itemTypes: [ISSUE_COMMENT, COMMENT_DELETED_EVENT, LOCKED_EVENT]) {{ {_PAGED} nodes {{
    ... on IssueComment {{ {_SAID} }}
    ... on CommentDeletedEvent {{ {_DELETED} }}
    ... on LockedEvent {{ __typename createdAt }} }} }} }}"""
_DISCUSSION: Final = f"""discussion(number: $number) {{ {_OPENER}
  items: comments(first: 50, after: $after) {{ {_PAGED} nodes {{ {_SAID} deletedAt
    replies(first: 50) {{ {_REPLIES} }} }} }} }}"""

QUESTIONS: Final = {
    "search": f"""query($q: String!, $type: SearchType!, $after: String) {{
  search(query: $q, type: $type, first: 100, after: $after) {{ issueCount discussionCount {_PAGED}
    nodes {{ ... on Issue {_HIT} ... on Discussion {_HIT} }} }} }}""",
    "issues": _THREAD % _ISSUE,
    "discussions": _THREAD % _DISCUSSION,
    "replies": f"""query($id: ID!, $after: String) {{ node(id: $id) {{ ... on DiscussionComment {{
  replies(first: 50, after: $after) {{ {_REPLIES} }} }} }} }}""",
    "nodes": "query($ids: [ID!]!) { nodes(ids: $ids) { id } }",
}
"""By their names, which are the first of a request's params; the others are the variables."""


def as_asked(item: Any, action: str | None) -> dict[str, Any]:
    """An issue, discussion or comment of a webhook's payload as the GraphQL API would give it."""
    titled = {"title": item["title"]} if "title" in item else {}
    return titled | {
        "id": item["node_id"],
        "author": item["user"],
        "authorAssociation": item["author_association"],
        "createdAt": item["created_at"],
        "lastEditedAt": item["updated_at"] if action == "edited" else None,
        "body": item["body"],
        "likes": {"totalCount": item["reactions"]["+1"] if "reactions" in item else None},
    }
