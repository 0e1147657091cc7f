"""API responses: the posts that one JSON object holds, with what stands beside them joined in."""

from __future__ import annotations

from typing import Any

from rootcause.dumps.rows import Cell

# Where responses keep their rows, and what a row that needs no unwrapping holds.
_LISTS = (
    "data", "statuses", "tweets", "posts", "feed", "results", "mentions", "tickets", "items",
    "reviews", "comments", "messages", "records", "rows", "documents", "hits", "response",
)  # fmt: skip
_ROW_KEYS = frozenset(("text", "full_text", "content", "description", "body", "message", "record"))
_AUTHOR_KEY = "author_username"
_PARENT_KEY = "replied_to_id"


def unwrap(value: dict[str, Any]) -> list[Any]:
    """Return the rows that a JSON object holds: itself, or the posts of an API response.

    X API v2: the posts of `data` with the author's username (`author_username`) joined from
    `includes.users` and the parent (`replied_to_id`) from `referenced_tweets`; an `inbound` key
    beside `data` goes to each post. Bluesky feeds: the `post` of each item.
    """
    if not _ROW_KEYS.isdisjoint(value) or "id_str" in value:
        return [_reply(value) if "referenced_tweets" in value else value]
    for key in ("post", "_source"):
        if isinstance(inner := value.get(key), dict):
            return [inner]
    for key in _LISTS:
        inner = value.get(key)
        if isinstance(inner, dict) and inner:
            if key in ("hits", "response", "data") and _ROW_KEYS.isdisjoint(inner):
                return unwrap(inner)
            inner = [inner]
        elif not (isinstance(inner, list) and (not inner or isinstance(inner[0], dict))):
            continue
        if key == "data":
            return _posts(value, inner)
        return [row for item in inner for row in _unwrap_item(item)]
    return [value]


def _unwrap_item(item: Cell) -> list[Any]:
    if isinstance(item, dict) and ("post" in item or "_source" in item):
        return unwrap(item)
    return [item]


def _posts(value: dict[str, Any], posts: list[Any]) -> list[Any]:
    includes = value.get("includes")
    users = includes.get("users") if isinstance(includes, dict) else None
    names = {
        str(user.get("id")): user.get("username") or user.get("name")
        for user in (users if isinstance(users, list) else ())
        if isinstance(user, dict)
    }
    for post in posts:
        if not isinstance(post, dict):
            continue
        author = post.get("author_id")
        if author is not None:
            post[_AUTHOR_KEY] = names.get(str(author)) or str(author)
        if "inbound" in value:
            post.setdefault("inbound", value["inbound"])
        _reply(post)
    return posts


def _reply(post: dict[str, Any]) -> dict[str, Any]:
    references = post.get("referenced_tweets")
    for reference in references if isinstance(references, list) else ():
        if isinstance(reference, dict) and reference.get("type") == "replied_to":
            post[_PARENT_KEY] = reference.get("id")
    return post
