"""Folding what the link delivers."""

from daemon.core.inbox import MAX_ITEMS, Inbox, fold, friends_producing, with_presence
from relay.wire.events import FeedNewPost, PresenceUpdate, SocialNewFollow
from relay.wire.rest import AudioPost, Producer


def post(n: int, title: str = "") -> AudioPost:
    return AudioPost(
        id=f"{n:032x}", user_id="a" * 32, username="ana", title=title, audio_url="a", waveform_svg="w", page_url="p",
        bpm=None, key=None, genre=[], daw=None, duration_bars=None, duration_ms=1, frames=1, sample_rate_hz=48_000,
        lufs=None, dbtp=None, loudness_reason="silent", play_count=0, like_count=0,
        created_at=f"2026-01-01T00:{n // 60:02d}:{n % 60:02d}Z",
    )  # fmt: skip


def presence(user: str, status: str) -> PresenceUpdate:
    return PresenceUpdate(user_id=user * 32, username=user * 3, status=status, since="2026-01-01T00:00:00Z")


def test_items_are_newest_first_in_whatever_order_they_come_and_each_is_one() -> None:
    inbox = Inbox()
    for n in (2, 1, 3, 2, 3):
        inbox = fold(inbox, FeedNewPost(post=post(n)))
    assert [item.id for item in inbox.items] == [post(n).id for n in (3, 2, 1)]


def test_a_post_delivered_again_is_the_later_one() -> None:
    inbox = fold(fold(Inbox(), FeedNewPost(post=post(1, "old"))), FeedNewPost(post=post(1, "new")))
    assert [item.title for item in inbox.items] == ["new"]


def test_the_oldest_items_are_dropped_beyond_the_limit() -> None:
    inbox = Inbox()
    for n in range(MAX_ITEMS + 2):
        inbox = fold(inbox, FeedNewPost(post=post(n)))
    assert len(inbox.items) == MAX_ITEMS and inbox.items[-1].id == post(2).id


def test_friends_producing_counts_who_makes_music_now() -> None:
    inbox = with_presence(
        Inbox(), [presence("a", "producing"), presence("b", "idle"), presence("c", "recording")]
    )
    assert friends_producing(inbox) == 2
    inbox = fold(inbox, presence("b", "producing"))
    inbox = fold(inbox, presence("a", "offline"))
    assert friends_producing(inbox) == 2 and set(inbox.presence) == {"b" * 32, "c" * 32}
    assert friends_producing(with_presence(inbox, [])) == 0


def test_a_follow_changes_nothing_that_is_kept() -> None:
    inbox = fold(Inbox(), FeedNewPost(post=post(1)))
    follower = Producer(id="b" * 32, username="ben", display_name="Ben")
    assert fold(inbox, SocialNewFollow(follower=follower)) == inbox
