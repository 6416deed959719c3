"""Messages of the control socket about the posts of this account that are out. Sent and received like those of control.py,
which holds the unions."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from bridge.control_base import Called, ControlMessage, Done, Limit
from bridge.control_values import Few, Url
from plugin_protocol.message_base import Short, Title

ShownTo = Literal["public", "followers", "unlisted", "private"]


Licence = Literal["all-rights-reserved", "cc-by", "cc-by-nc", "cc0"]


class PostTerms(Struct, frozen=True, kw_only=True):
    """licence: a Licence, or one that later relays know. version: how often its sound was replaced, and one.

    remix_of: the address of what it was made from.
    """

    licence: Short
    download_url: Url | None
    pinned: bool
    archived: bool
    version: int
    remix_of: Url | None = None


class PostInfo(Struct, frozen=True, kw_only=True):
    """A Post of this account's. visibility: a ShownTo, or one that later relays know."""

    post_id: Short
    title: Title
    tags: list[Short]
    visibility: Short
    created_at: Short  # RFC 3339
    url: Url
    bpm: float | None = None
    key: Short | None = None
    duration_ms: int = 0
    like_count: int = 0
    play_count: int = 0
    terms: PostTerms | None = None  # where they were asked for


class PostList(ControlMessage, frozen=True, kw_only=True, tag="posts_are"):
    posts: list[PostInfo]


class OnePost(ControlMessage, frozen=True, kw_only=True, tag="post_is"):
    post: PostInfo


class ListPosts(ControlMessage, frozen=True, kw_only=True, tag="posts"):
    """The newest first, as the relay has them now. archived: those that are archived, in place of the others."""

    Reply: ClassVar = PostList

    limit: Limit = 20
    archived: bool = False


class EditPost(ControlMessage, frozen=True, kw_only=True, tag="edit_post"):
    """`post_id` may be any unique prefix, or the post's address. What is null stays as it is. Not queued: an error when offline."""

    Reply: ClassVar = OnePost

    post_id: Annotated[str, Meta(max_length=1024)]
    title: Title | None = None
    tags: Few[Short] | None = None
    visibility: ShownTo | None = None
    licence: Licence | None = None
    downloads: bool | None = None
    pinned: bool | None = None
    archived: bool | None = None
    remix_of: Annotated[str, Meta(max_length=1024)] | None = None
    """What it was made from: an id, the start of one in the feed, an address or a title; "": nothing."""


class DeletePost(ControlMessage, frozen=True, kw_only=True, tag="delete_post"):
    """The Post, its sound and all that was said to it; the Take stays. `post_id` as for EditPost. Not queued."""

    Reply: ClassVar = Done

    post_id: Annotated[str, Meta(max_length=1024)]


class ReplaceSound(ControlMessage, frozen=True, kw_only=True, tag="replace_sound"):
    """Another Take as the sound of a Post; what was said to it stays. `post_id` as for EditPost, `take_id` any unique prefix, or
    "last". Not queued.
    """

    Reply: ClassVar = OnePost

    post_id: Annotated[str, Meta(max_length=1024)]
    take_id: Called


class ProcessAgain(ControlMessage, frozen=True, kw_only=True, tag="process_again"):
    """The relay makes its files of the Post's lossless sound anew. Not queued."""

    Reply: ClassVar = OnePost

    post_id: Annotated[str, Meta(max_length=1024)]


class VersionInfo(Struct, frozen=True, kw_only=True):
    """A sound of a Post. url: of its MP3, for this account; None: it was forgotten. current: what everybody hears."""

    n: int
    created_at: Short  # RFC 3339
    current: bool
    duration_ms: int
    bpm: float | None
    key: Short | None
    size_bytes: int
    url: Url | None


class VersionList(ControlMessage, frozen=True, kw_only=True, tag="versions_are"):
    versions: list[VersionInfo]


class ListVersions(ControlMessage, frozen=True, kw_only=True, tag="versions"):
    """The sounds that a Post has had, the newest first. `post_id` as for EditPost."""

    Reply: ClassVar = VersionList

    post_id: Annotated[str, Meta(max_length=1024)]


class ForgetVersion(ControlMessage, frozen=True, kw_only=True, tag="forget_version"):
    """A sound that was replaced goes from the relay, for good. Not queued."""

    Reply: ClassVar = VersionList

    post_id: Annotated[str, Meta(max_length=1024)]
    n: Annotated[int, Meta(ge=1)]
