"""Likes and plays of patterns, as a beat machine's interface says them."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.dashed_ids import bare
from relay.core.limits import Kind
from relay.features.reactions.plays import Plays, hearer_of
from relay.features.reactions.service import Reactions
from relay.wire import beat_operations as wire
from relay.wire.beats import Liked, PlayCounted, Success
from relay.wire.operation import Nothing
from relay.wire.rest import AudioPost, LikeRequest

Bare = Call[Nothing, Nothing]


def rows(reactions: Reactions, plays: Plays) -> list[AnyRow]:
    async def like(call: Bare) -> Success[Liked]:
        return _liked(await reactions.like(call.account_id, _named(call)))

    async def unlike(call: Bare) -> Success[Liked]:
        return _liked(await reactions.unlike(call.account_id, _named(call)))

    async def play(call: Bare) -> Success[PlayCounted]:
        played = await plays.play(hearer_of(call), bare(call.path["creation_id"]))
        return Success(data=PlayCounted(play_count=played.play_count))

    return [
        Row(wire.LIKE_PATTERN, Action.POST_LIKE, like),
        Row(wire.UNLIKE_PATTERN, Action.POST_LIKE, unlike),
        Row(wire.PLAY_PATTERN, Action.POST_READ, play, limit=Kind.MEDIA),
    ]


def _named(call: Bare) -> LikeRequest:
    return LikeRequest(post_id=bare(call.path["creation_id"]))


def _liked(post: AudioPost) -> Success[Liked]:
    return Success(data=Liked(liked=post.liked, like_count=post.like_count))
