"""Messages of the control socket about what everybody has posted: lists of it, and what is found in it by words."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, field

from bridge.control_base import ControlMessage as _Control
from bridge.control_base import Limit
from bridge.control_values import ItemInfo
from plugin_protocol.message_base import U63, Short, Title

Bpm = Annotated[float, Meta(gt=0.0, le=1000.0)]
DiscoveredList = Literal["hot", "latest", "trending", "tag", "person", "for_you"]
Cursor = Annotated[str, Meta(max_length=128)]
"""The relay's own."""
Length = Annotated[float, Meta(ge=0.0, le=86_400.0)]


class Wanted(Struct, frozen=True, kw_only=True):
    """Of which posts; None: it does not matter. mixes: also keys that mix with `key`."""

    bpm_min: Bpm | None = None
    bpm_max: Bpm | None = None
    key: Short | None = None
    mixes: bool = False
    tag: Short | None = None
    daw: Short | None = None
    seconds_min: Length | None = None
    seconds_max: Length | None = None


class Discovered(_Control, frozen=True, kw_only=True, tag="discovered"):
    """cursor: of what comes next; None: that was all."""

    items: list[ItemInfo]
    cursor: Cursor | None


class Discover(_Control, frozen=True, kw_only=True, tag="discover"):
    """A page of posts as the relay lists them: everybody's, or those of `person`."""

    Reply: ClassVar = Discovered

    list: DiscoveredList
    person: Short | None = None
    wanted: Wanted = Wanted()
    cursor: Cursor | None = None
    limit: Limit = 20


class PersonInfo(Struct, frozen=True, kw_only=True):
    """Somebody with an account."""

    username: Short
    display_name: Title
    follower_count: U63


class FoundComment(Struct, frozen=True, kw_only=True):
    """A comment that was found, and on which post it is."""

    comment_id: Short
    post_id: Short
    author: Short
    text: Annotated[str, Meta(max_length=4096)]


class FoundIs(_Control, frozen=True, kw_only=True, tag="found_is"):
    """What a search found of each kind, the best first."""

    posts: list[ItemInfo]
    people: list[PersonInfo]
    tags: list[Short]
    comments: list[FoundComment] = field(default_factory=list)


class SearchRelay(_Control, frozen=True, kw_only=True, tag="search_relay"):
    """Posts, people, tags and comments by words."""

    Reply: ClassVar = FoundIs

    words: Annotated[str, Meta(min_length=1, max_length=200)]
    limit: Limit = 10
