"""What a search answers."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import PRINTABLE, Count
from relay.wire.comments import Comment
from relay.wire.rest import DEFAULT_PAGE, MAX_PAGE, FeedPost, PageCursor, Producer

MAX_QUERY = 200
SearchText = Annotated[str, Meta(min_length=1, max_length=MAX_QUERY, pattern=PRINTABLE)]
MaybeSearchText = Annotated[str, Meta(max_length=MAX_QUERY, pattern=PRINTABLE)]
FoldedTag = Annotated[str, Meta(min_length=1, max_length=64, pattern=PRINTABLE)]


class SearchQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a search. q: words that all have to be there, "a phrase", the beginning of a word*. kind: of creations."""

    q: SearchText
    kind: Literal["post", "loop", "song", "pattern", "machine"] = "post"
    cursor: PageCursor | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE


class TagCount(Struct, frozen=True, kw_only=True):
    """A tag as it is looked for, and how many posts for everybody have it (of those that were looked at)."""

    tag: FoldedTag
    posts: Count


class Found(Struct, frozen=True, kw_only=True):
    """GET /search: the best of each kind."""

    posts: Annotated[list[FeedPost], Meta(max_length=MAX_PAGE)]
    people: Annotated[list[Producer], Meta(max_length=MAX_PAGE)]
    tags: Annotated[list[TagCount], Meta(max_length=MAX_PAGE)]
    comments: Annotated[list[Comment], Meta(max_length=MAX_PAGE)] = []


class FoundComments(Struct, frozen=True, kw_only=True):
    """GET /search/comments: a page, the best first; each without the answers to it."""

    comments: Annotated[list[Comment], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None


class FoundPosts(Struct, frozen=True, kw_only=True):
    """GET /search/posts: a page, the best first."""

    posts: Annotated[list[FeedPost], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None


class FoundPeople(Struct, frozen=True, kw_only=True):
    """GET /search/people: a page, the best first."""

    users: Annotated[list[Producer], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None


class Explored(Struct, frozen=True, kw_only=True):
    """GET /explore: whom to follow, and tags that most people used lately."""

    people: Annotated[list[Producer], Meta(max_length=MAX_PAGE)]
    tags: Annotated[list[TagCount], Meta(max_length=MAX_PAGE)]
