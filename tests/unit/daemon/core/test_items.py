"""What events come to in the feed: the last word on each post counts, and what somebody shows stands by whoever did first."""

import msgspec
import pytest
from msgspec.structs import replace

from daemon.core.items import FeedChanges, as_it_stands, as_item, fold, mentions, place
from relay.wire.events import (
    FeedAuthorRemoved,
    FeedNewPost,
    FeedPostChanged,
    FeedPostRemoved,
    FeedReposted,
    FeedRepostRemoved,
    Payload,
)
from relay.wire.rest import AudioPost, FeedPost
from tests.support.posts import post

BEN, CARL = "b" * 32, "c" * 32


def shown(number: int, by: str = BEN, *, minute: int = 5, **more: str) -> FeedPost:
    return FeedPost(
        **(msgspec.structs.asdict(post(number)) | more),
        reason="repost",
        reposted_by="ben" if by == BEN else "carl",
        reposted_by_id=by,
        repost_text="that bass",
        reposted_at=f"2026-12-01T00:0{minute}:00.000000Z",
    )


FIRST, LATER = shown(1), shown(1, CARL, minute=6)
RETITLED = replace(post(1), title="now")


@pytest.mark.parametrize(
    ("stored", "payloads", "new", "changed", "removed"),
    [
        ((), [FeedReposted(post=FIRST)], [FIRST], [], []),
        ((FIRST,), [FeedReposted(post=LATER)], [], [FIRST], []),  # by whoever did first
        ((FIRST,), [FeedReposted(post=shown(1, title="x"))], [], [shown(1, title="x")], []),
        ((post(1),), [FeedReposted(post=LATER)], [], [post(1)], []),  # its author is followed
        ((FIRST,), [FeedPostChanged(post=RETITLED)], [], [shown(1, title="now")], []),
        ((FIRST,), [FeedNewPost(post=post(1))], [post(1)], [], []),
        ((FIRST,), [FeedRepostRemoved(post_id=FIRST.id, user_id=CARL)], [], [], []),
        ((FIRST,), [FeedRepostRemoved(post_id=FIRST.id, user_id=BEN)], [], [], [FIRST.id]),
        ((post(1),), [FeedRepostRemoved(post_id=FIRST.id, user_id=BEN)], [], [], []),
        ((FIRST, post(2)), [FeedAuthorRemoved(user_id=BEN)], [], [], [FIRST.id]),
        ((FIRST,), [FeedAuthorRemoved(user_id=FIRST.user_id)], [], [], [FIRST.id]),
        (
            (),
            [FeedReposted(post=FIRST), FeedRepostRemoved(post_id=FIRST.id, user_id=BEN)],
            [],
            [],
            [FIRST.id],
        ),
        (
            (FIRST,),
            [FeedRepostRemoved(post_id=FIRST.id, user_id=BEN), FeedReposted(post=LATER)],
            [LATER],
            [],
            [],
        ),
        ((), [FeedNewPost(post=post(1)), FeedPostChanged(post=RETITLED)], [RETITLED], [], []),
        ((), [FeedPostRemoved(post_id=post(1).id)], [], [], [post(1).id]),
    ],
)
def test_what_events_come_to(
    stored: tuple[AudioPost, ...],
    payloads: list[Payload],
    new: list[AudioPost],
    changed: list[AudioPost],
    removed: list[str],
) -> None:
    wanted = FeedChanges(
        new={each.id: each for each in new},
        changed={each.id: each for each in changed},
        removed=dict.fromkeys(removed),
    )
    assert fold(payloads, {each.id: each for each in stored}) == wanted


def test_what_has_to_be_known_of_the_store() -> None:
    said = [FeedReposted(post=FIRST), FeedNewPost(post=post(2)), FeedAuthorRemoved(user_id=BEN)]
    assert mentions(said) == ([FIRST.id], [BEN])


def test_an_item_stands_since_it_is_shown_and_keeps_who_does() -> None:
    assert (place(post(1)), place(FIRST)) == (post(1).created_at, FIRST.reposted_at)
    liked = replace(post(1), liked=True)
    now = as_it_stands(FIRST, liked)
    assert isinstance(now, FeedPost) and now.liked and now.reposted_by_id == BEN
    assert as_it_stands(post(1), liked) == liked
    page = FeedPost(**msgspec.structs.asdict(post(2)), reason="followed")
    assert as_item(page) == post(2), "why a list has it is the list's to say"
