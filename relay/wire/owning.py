"""What the owner of a post says of it after it is out, and what everybody is told of that."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from relay.wire.bounds import Count, Timestamp, Url, Word
from relay.wire.ids import Id
from relay.wire.rest import MAX_VERSIONS, AudioPost, Bpm, Genre, Key, ShownTo, Title, Username

Licence = Literal["all-rights-reserved", "cc-by", "cc-by-nc", "cc0"]
ALL_RIGHTS_RESERVED: Licence = "all-rights-reserved"
LICENCE_URLS: dict[str, str] = {
    "cc-by": "https://creativecommons.org/licenses/by/4.0/",
    "cc-by-nc": "https://creativecommons.org/licenses/by-nc/4.0/",
    "cc0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
MAX_PINNED = 3
MAX_REMIXES = 12
MAX_REMIXES_COUNTED = 1000
"""There may be more: nobody counts them all for a page."""


RemixOf = Annotated[str, Meta(max_length=32, pattern=r"^([0-9a-f]{32})?\Z")]


class ForkedFrom(Struct, frozen=True, kw_only=True):
    """What a creation was made from, or what was made of it, where whoever asks may find that."""

    id: Id
    title: Title
    username: Username


class PostEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """PATCH /audio/{post_id}: what is left out, or null, stays as it is. A title "" is no title.

    downloads: others get the lossless sound. pinned: it stands first on its owner's page; at most MAX_PINNED do. archived: only
    its owner has it, apart from their other posts, until that is taken back.
    remix_of: the post that it was made from, which is theirs or has a download; "": of none.
    """

    title: Title | None = None
    genre: Genre | None = None
    visibility: ShownTo | None = None
    licence: Licence | None = None
    downloads: bool | None = None
    pinned: bool | None = None
    archived: bool | None = None
    remix_of: RemixOf | None = None


class PostDetails(AudioPost, frozen=True, kw_only=True):
    """A post, and under which terms it is there."""

    licence: Word = ALL_RIGHTS_RESERVED
    """A Licence, or one that later versions know."""
    licence_url: Url | None = None
    download_url: Url | None = None
    """Of the lossless sound, where its owner gives it to everybody who sees the post."""
    pinned: bool = False
    archived: bool = False
    version: Count = 1
    """How often the sound was replaced, and one."""
    remix_of: ForkedFrom | None = None
    remixes: Annotated[list[ForkedFrom], Meta(max_length=MAX_REMIXES)] = field(default_factory=list)
    """The newest of what others made of it; GET /audio/{post_id}/remixes has all of it."""
    remix_count: Annotated[int, Meta(ge=0, le=MAX_REMIXES_COUNTED)] = 0
    """All of it, of which no more than MAX_REMIXES_COUNTED are counted."""


class SoundVersion(Struct, frozen=True, kw_only=True):
    """One sound of a post. n: from 1. current: what everybody hears. audio_url null: it was forgotten, at its owner's wish.

    size_bytes: of all that is kept of it, which counts as its owner's.
    """

    n: Count
    created_at: Timestamp
    current: bool
    duration_ms: Count
    bpm: Bpm | None = None
    key: Key | None = None
    size_bytes: Count = 0
    audio_url: Url | None = None


class SoundVersions(Struct, frozen=True, kw_only=True):
    """GET /audio/{post_id}/versions: for its owner, the newest first."""

    versions: Annotated[list[SoundVersion], Meta(max_length=MAX_VERSIONS)]
