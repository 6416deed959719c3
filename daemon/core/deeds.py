"""Likes, reactions and follows as values: each sets one thing to one state, so doing it again changes nothing."""

from enum import StrEnum

import msgspec
from msgspec import Struct

from relay.wire.rest import AudioPost


class DeedKind(StrEnum):
    LIKE = "like"
    REACT = "react"
    FOLLOW = "follow"


class Deed(Struct, frozen=True, kw_only=True):
    """on: like, react, follow; not: take that back. object: a post's id, or a username. emoji: of a reaction, else ""."""

    kind: DeedKind
    object: str
    on: bool
    emoji: str = ""

    def __str__(self) -> str:
        """As the subject of a sentence."""
        if self.kind is DeedKind.FOLLOW:
            return f"{'Following' if self.on else 'No longer following'} {self.object}"
        what = "Liking" if self.kind is DeedKind.LIKE else f"Reacting with {self.emoji} to"
        return f"{what if self.on else f'No longer {what[0].lower()}{what[1:]}'} post {self.object[:12]}"


def as_if_done(post: AudioPost, deed: Deed) -> AudioPost:
    """The post as the relay will show it, as far as that can be known here. [any]"""
    match deed.kind:
        case DeedKind.LIKE:
            change = deed.on - post.liked
            return msgspec.structs.replace(post, liked=deed.on, like_count=max(0, post.like_count + change))
        case DeedKind.REACT:
            mine = [emoji for emoji in post.reacted if emoji != deed.emoji] + [deed.emoji] * deed.on
            count = post.reactions.get(deed.emoji, 0) + deed.on - (deed.emoji in post.reacted)
            others = {emoji: n for emoji, n in post.reactions.items() if emoji != deed.emoji}
            reactions = others | ({deed.emoji: count} if count > 0 else {})
            return msgspec.structs.replace(post, reacted=mine, reactions=reactions)
        case _:
            return post
