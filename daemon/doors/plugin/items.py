"""Posts as rows of a plugin's window."""

import base64
from datetime import datetime

from daemon.core.items import place
from plugin_protocol.message_base import OUTLINE_COLUMNS, REACTIONS
from plugin_protocol.messages import Item
from relay.wire.rest import AudioPost, FeedPost


def item(post: AudioPost, account: str | None) -> Item:
    """A Post as a row of a window. [any]"""
    counts = b"".join(
        min(post.reactions.get(emoji, 0), 2**32 - 1).to_bytes(4, "little") for emoji in REACTIONS
    )
    return Item(
        post_id=post.id,
        author=post.username,
        title=post.title,
        page_url=post.page_url,
        created_us=_unix_us(place(post)),
        duration_ms=post.duration_ms,
        bars=post.duration_bars,
        bpm=post.bpm,
        key=post.key,
        mine=post.username == account,
        liked=post.liked,
        like_count=min(post.like_count, 2**32 - 1),
        reaction_counts=counts,
        reacted=sum(1 << n for n, emoji in enumerate(REACTIONS) if emoji in post.reacted),
        outline=outline(post.outline),
        shown_by=_shown_by(post),
    )


def _shown_by(post: AudioPost) -> str:
    """Who shows it to this account, and their word in one line; "": it stands there for its author."""
    if not isinstance(post, FeedPost) or post.reposted_by is None:
        return ""
    word = " ".join(post.repost_text.split())
    return f"{post.reposted_by}: “{word}”" if word else post.reposted_by


def outline(text: str) -> bytes:
    """The columns of a waveform in short; none when the relay sent what is no outline. [any]"""
    try:
        columns = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return columns[:OUTLINE_COLUMNS]


def _unix_us(at: str) -> int:
    """Of a time that a relay told; 0 for a day that no calendar has, such as 30 February, and for all before 1970."""
    try:
        return max(0, round(datetime.fromisoformat(at).timestamp() * 1e6))
    except ValueError:
        return 0
