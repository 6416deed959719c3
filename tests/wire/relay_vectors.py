"""The golden frames of the relay's WebSocket: `python -m tests.wire.relay_vectors` writes them anew into relay_vectors/.

Each message once with everything it can say and once with the least; in JSON and in msgpack. A deployed end reads these
bytes: a change that breaks one of them breaks daemons that nobody updates.
"""

from pathlib import Path

import msgspec
from msgspec import Raw

from relay.wire import events
from relay.wire.comments import Comment
from relay.wire.notifications import Notification
from relay.wire.owning import ForkedFrom
from relay.wire.rest import AudioPost, FeedPost, Producer, Reaction, Repost

FOLDER = Path(__file__).with_name("relay_vectors")
ID, OTHER, AT = "0" * 31 + "1", "0" * 31 + "2", "2026-11-21T03:52:07.123456Z"
CURSOR = "3f9c1b7a2d4e6f80.41.0"
POST = AudioPost(
    id=ID, user_id=OTHER, username="night-owl", title="Kellerlicht ♪", audio_url="https://r.example/api/v1/audio/1/mp3",
    waveform_svg="https://r.example/api/v1/audio/1/waveform", page_url="https://r.example/p/1", bpm=92.5, key="F# minor",
    genre=["dub", "夜"], daw="Ardour", duration_bars=8, duration_ms=20_757, frames=996_324, sample_rate_hz=48_000,
    lufs=-14.0, dbtp=-1.0, loudness_reason="reached", play_count=0, like_count=3, liked=True, created_at=AT,
    reactions={"🔥": 2}, reacted=["🔥"], liked_with={"🚀": 1}, outline="AAB/", bpm_source="transport", bpm_confidence=1.0, key_source="audio",
    key_confidence=0.75, lra_lu=4.5, seam_score=0.98, visibility="followers", comment_count=2,
)  # fmt: skip
BARE_POST = AudioPost(
    id=ID, user_id=OTHER, username="owl", title="", audio_url="/a", waveform_svg="/w", page_url="/p", bpm=None, key=None,
    genre=[], daw=None, duration_bars=None, duration_ms=0, frames=0, sample_rate_hz=0, lufs=None, dbtp=None,
    loudness_reason="silent", play_count=0, like_count=0, created_at=AT,
)  # fmt: skip
SHOWN = FeedPost(
    **msgspec.structs.asdict(POST),
    reason="repost",
    reposted_by="lark",
    reposted_by_id=OTHER,
    repost_text="that bass",
    reposted_at=AT,
)
ANSWER = Comment(
    id=OTHER,
    post_id=ID,
    root_id=ID,
    parent_id=ID,
    user_id=ID,
    username="owl",
    text="re",
    created_at=AT,
)
COMMENT = Comment(
    id=ID,
    post_id=OTHER,
    root_id=ID,
    user_id=OTHER,
    username="night-owl",
    text="that bass, @owl\nagain",
    position_ms=3200,
    mentions=["owl"],
    created_at=AT,
    edited_at=AT,
    reply_count=1,
    replies=[ANSWER],
)
GONE = Comment(id=ID, post_id=OTHER, root_id=ID, created_at=AT, deleted=True)
PRESENCE = events.PresenceUpdate(
    user_id=OTHER, username="night-owl", status="producing", daw="Ardour", bpm=174.25, since=AT
)
PAYLOADS: dict[str, events.Payload] = {
    "feed.new_post": events.FeedNewPost(post=POST),
    "feed.new_post least": events.FeedNewPost(post=BARE_POST),
    "feed.post_changed": events.FeedPostChanged(post=POST),
    "feed.post_removed": events.FeedPostRemoved(post_id=ID),
    "feed.reposted": events.FeedReposted(post=SHOWN),
    "feed.repost_removed": events.FeedRepostRemoved(post_id=ID, user_id=OTHER),
    "presence.update": PRESENCE,
    "presence.update least": events.PresenceUpdate(user_id=OTHER, username="owl", status="offline", since=AT),
    "social.new_follow": events.SocialNewFollow(
        follower=Producer(
            id=OTHER, username="night-owl", display_name="Night Owl", bio="two\nlines", follower_count=3,
            following_count=2, post_count=1, is_live=True, last_active=AT, daw_preference="Ardour",
        )
    ),
    "social.new_follow least": events.SocialNewFollow(
        follower=Producer(id=OTHER, username="owl", display_name="o")
    ),
    "feed.author_removed": events.FeedAuthorRemoved(user_id=OTHER),
    "social.follow_request": events.SocialFollowRequest(
        requester=Producer(id=OTHER, username="owl", display_name="o", is_private=True, links=["https://o.example"])
    ),
    "social.follow_accepted": events.SocialFollowAccepted(
        user=Producer(id=OTHER, username="owl", display_name="o", avatar=f"/avatars/{ID}")
    ),
    "social.new_reaction": events.SocialNewReaction(
        reaction=Reaction(
            id=ID, user_id=OTHER, post_id=ID, type="react", emoji="🔥",
            custom_data={"colour": "red", "count": 3, "loud": True}, created_at=AT,
        ),
        username="night-owl",
    ),
    "social.new_repost": events.SocialNewRepost(
        repost=Repost(
            id=ID,
            post_id=ID,
            user=Producer(id=OTHER, username="owl", display_name="o"),
            text="two\nlines",
            created_at=AT,
        )
    ),
    "social.new_remix": events.SocialNewRemix(
        post_id=ID, user_id=OTHER, remix=ForkedFrom(id=OTHER, title="Kellerlicht ♪", username="night-owl")
    ),
    "social.new_remix least": events.SocialNewRemix(
        post_id=ID, user_id=OTHER, remix=ForkedFrom(id=OTHER, title="", username="owl")
    ),
    "social.new_reaction least": events.SocialNewReaction(
        reaction=Reaction(id=ID, user_id=OTHER, post_id=ID, type="like", emoji="❤️", created_at=AT), username="owl"
    ),
    "comment.added": events.CommentAdded(comment=COMMENT, why="mention"),
    "comment.added least": events.CommentAdded(comment=GONE, why="watched"),
    "comment.edited": events.CommentEdited(comment=COMMENT),
    "comment.deleted": events.CommentRemoved(post_id=OTHER, comment_id=ID),
    "notifications.changed": events.NotificationsTold(
        unread=2,
        unseen=1,
        new=Notification(
            id=ID,
            kind="comment",
            at=AT,
            seen=False,
            read=False,
            sentence="night-owl commented on “Kellerlicht”",
            people=["night-owl"],
            count=1,
            post_id=OTHER,
            comment_id=ID,
            text="that bass",
            url="https://r.example/c/1",
            ids=[ID],
        ),
    ),
    "notifications.changed remix": events.NotificationsTold(
        unread=1,
        unseen=1,
        new=Notification(
            id=ID,
            kind="remix",
            at=AT,
            seen=False,
            read=False,
            sentence="night-owl made “Tageslicht” from “Kellerlicht”",
            people=["night-owl"],
            count=1,
            post_id=OTHER,
            url="https://r.example/p/2",
            ids=[ID],
        ),
    ),
    "notifications.changed least": events.NotificationsTold(unread=0, unseen=0),
    "job.progress": events.JobProgress(job_id=ID, kind="post", state="running", stage="encode", fraction=0.25),
    "job.progress least": events.JobProgress(job_id=ID, kind="post", state="cancelled"),
}  # fmt: skip
FROM_CLIENT: dict[str, events.FromClient] = {
    "connect": events.Connect(cursor=CURSOR, global_feed=True),
    "connect least": events.Connect(),
    "presence": events.Presence(status="recording", daw="Ardour", bpm=92.5),
    "presence least": events.Presence(status="idle"),
    "watch": events.Watch(post_id=ID),
    "watch least": events.Watch(),
    "refresh": events.Refresh(access_token="aA0._-" * 8),
    "ping": events.Ping(r=2_147_483_647),
    "ping least": events.Ping(),
}


def from_relay(encoding: str) -> dict[str, events.FromRelay]:
    """Events carry a document of the frame's own encoding."""

    def event(name: str, cursor: str | None) -> events.Event:
        return events.Event(id=ID, ts=AT, cursor=cursor, d=Raw(encode(encoding, PAYLOADS[name])))

    return {
        "hello": events.Hello(session=ID, server="sidechain-relay/2", ping_interval_ms=20_000),
        "connected": events.Connected(
            cursor=CURSOR,
            recovered=True,
            events=[event("feed.new_post", CURSOR)],
            presence=[Raw(encode(encoding, PRESENCE))],
        ),
        "connected fetch": events.Connected(
            cursor=CURSOR, recovered=False, fetch=["/api/v1/feed/timeline", "/api/v1/inbox"]
        ),
        "refreshed": events.Refreshed(expires_at=AT),
        "pong": events.Pong(r=7, cursor=CURSOR),
        "pong least": events.Pong(),
        "error": events.Error(code="unknown_type", message="This message is not known here."),
        "disconnect": events.Disconnect(code=3001, reason="The relay restarts.", retry_after_ms=537),
        "disconnect least": events.Disconnect(code=3502, reason=""),
        **{f"event {name}": event(name, CURSOR) for name in PAYLOADS},
        "event live only": event("presence.update", None),
    }


def encode(encoding: str, value: object) -> bytes:
    return msgspec.json.encode(value) if encoding == "json" else msgspec.msgpack.encode(value)


def files() -> dict[str, bytes]:
    """Every vector by its file's name: a frame of one message, as it goes over the line."""
    found: dict[str, bytes] = {}
    for encoding in ("json", "msgpack"):
        for name, message in FROM_CLIENT.items():
            found[f"client {name}.{encoding}"] = encode(encoding, [message])
        for name, said in from_relay(encoding).items():
            found[f"relay {name}.{encoding}"] = encode(encoding, [41, said])
    return {name.replace(" ", "-"): data for name, data in found.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, data in files().items():
        (FOLDER / name).write_bytes(data)
