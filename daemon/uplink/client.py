"""What this device asks of its relay: registering, uploads, feed pages, sounds. How it is carried is the business of http.py and
calls.py, and where the tokens come from daemon.identity's; what is asked of scores is in creations.py.
"""

from collections.abc import AsyncGenerator, Callable
from typing import Literal

import msgspec

from daemon.core.items import as_item
from daemon.errors import RelayRefused
from daemon.uplink.creations import CreationCalls
from daemon.uplink.http import UNAUTHORIZED, path_of
from relay.wire import (
    delivery_operations,
    moderation,
    operations,
    people,
    recommending_operations,
    rest,
    social_operations,
)
from relay.wire.comments import Comment, CommentEdit, CommentPage, NewComment
from relay.wire.deliveries import DeliveryPreferences, DeliveryPreferencesEdit
from relay.wire.identity import (
    ClaimedDevices,
    Device,
    DeviceFarewell,
    DeviceRegister,
    Sessions,
    SessionsEnded,
)
from relay.wire.jobs import Job
from relay.wire.notifications import (
    NotificationCounts,
    NotificationPage,
    NotificationPreferences,
    NotificationsRead,
    PreferencesEdit,
)
from relay.wire.owning import PostDetails, PostEdit, SoundVersion
from relay.wire.recommending import Shortlist
from relay.wire.search import Found, SearchQuery

PROCESS_LIMIT_S = 120.0  # the relay decodes and encodes meanwhile, and says nothing


class PostPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of posts, as they are whichever list they stand in."""

    posts: list[rest.AudioPost]
    next: str | None


OWN_LISTS = {
    "requests": social_operations.FOLLOW_REQUESTS,
    "blocked": social_operations.BLOCKED_PEOPLE,
    "muted": social_operations.MUTED_PEOPLE,
}


class RelayClient(CreationCalls):
    """One relay, one device. All methods are [loop]. Raises Offline, RelayRefused, NotClaimed."""

    # what needs no account --------------------------------------------------------------------------------------

    async def register(self, device: DeviceRegister) -> Device:
        """Make the device known, by its key."""
        return await self.http.do(operations.REGISTER_DEVICE, device)

    async def farewell(self, given: DeviceFarewell) -> None:
        """The relay ends all that a device has, which has signed this; its tokens and its key may be gone."""
        await self.http.do(operations.SAY_FAREWELL, given)

    # what an account does ---------------------------------------------------------------------------------------

    async def process(
        self,
        entry_id: str,
        upload_id: str,
        meta: rest.UploadMeta,
        allowed: Callable[[], bool],
        replaces: str | None = None,
    ) -> rest.AudioPost:
        """The Post of an upload that has arrived, a new one or `replaces` with this sound; `allowed` as for `call`."""
        body = rest.AudioProcess(upload_id=upload_id, meta=meta)
        headers = {"Idempotency-Key": entry_id}
        if replaces is None:
            return await self._do(
                operations.PROCESS_AUDIO, body, headers=headers, limit_s=PROCESS_LIMIT_S, allowed=allowed
            )
        return await self._do(
            operations.REPLACE_SOUND,
            body,
            headers=headers,
            limit_s=PROCESS_LIMIT_S,
            allowed=allowed,
            post_id=replaces,
        )

    async def process_again(self, post_id: str) -> rest.AudioPost:
        """A post of this account's, whose MP3 the relay has made anew."""
        return await self._do(operations.PROCESS_AGAIN, limit_s=PROCESS_LIMIT_S, post_id=post_id)

    async def versions(self, post_id: str) -> list[SoundVersion]:
        """The sounds that a post of this account's has had, the newest first."""
        return (await self._do(operations.LIST_VERSIONS, post_id=post_id)).versions

    async def forget_version(self, post_id: str, n: int) -> list[SoundVersion]:
        """One that was replaced goes; the others."""
        return (await self._do(operations.FORGET_VERSION, post_id=post_id, n=str(n))).versions

    async def timeline(self, limit: int, cursor: str | None = None) -> PostPage:
        """Items: posts of those one follows, and what they show of others; cursor: `next` of the page before."""
        page = await self._do(operations.TIMELINE, query=operations.Paging(limit=limit, cursor=cursor))
        return PostPage(posts=[as_item(post) for post in page.posts], next=page.next)

    async def discover(
        self, which: Literal["hot", "latest", "trending"], query: operations.FeedQuery
    ) -> rest.FeedPage:
        """A page of everybody's posts."""
        lists = {
            "hot": operations.GLOBAL_FEED,
            "latest": operations.LATEST_FEED,
            "trending": operations.TRENDING_FEED,
        }
        return await self._do(lists[which], query=query)

    async def tagged(self, tag: str, query: operations.FeedQuery) -> rest.FeedPage:
        return await self._do(operations.TAG_FEED, query=query, tag=tag)

    async def for_you(self, limit: int) -> rest.FeedPage:
        """What the relay recommends, each with why."""
        return await self._do(recommending_operations.FOR_YOU, query=Shortlist(limit=limit))

    async def search(self, query: SearchQuery) -> Found:
        return await self._do(operations.SEARCH, query=query)

    async def follow(self, username: str, follow: bool) -> rest.Followed:
        operation = social_operations.FOLLOW if follow else social_operations.UNFOLLOW
        return await self._do(operation, rest.FollowRequest(username=username))

    async def like(self, post_id: str, like: bool = True) -> rest.AudioPost:
        """The post as it is then."""
        operation = social_operations.LIKE if like else social_operations.UNLIKE
        return await self._do(operation, rest.LikeRequest(post_id=post_id))

    async def react(self, post_id: str, emoji: str, react: bool = True) -> rest.AudioPost:
        """The post as it is then."""
        body = rest.ReactRequest(post_id=post_id, emoji=emoji)
        if react:
            return (await self._do(social_operations.REACT, body)).post
        return await self._do(social_operations.UNREACT, body)

    async def posts_of(self, username: str, limit: int, cursor: str | None = None) -> PostPage:
        """A page of one person's posts."""
        query = operations.Paging(limit=limit, cursor=cursor)
        return _posts(await self._do(operations.USER_FEED, query=query, name=username))

    async def archived(self, limit: int) -> PostPage:
        """The newest posts of this account that it has archived."""
        return _posts(await self._do(operations.LIST_ARCHIVED, query=operations.Paging(limit=limit)))

    async def edit_post(self, post_id: str, edit: PostEdit) -> PostDetails:
        """A post of this account's, as it is then."""
        return await self._do(operations.EDIT_POST, edit, post_id=post_id)

    async def delete_post(self, post_id: str) -> None:
        """A post of this account's."""
        await self._do(operations.DELETE_POST, post_id=post_id)

    async def play(self, post_id: str) -> rest.Played:
        """It is heard here."""
        return await self._do(social_operations.PLAY, post_id=post_id)

    async def save(self, post_id: str, on: bool) -> rest.AudioPost:
        """The post as it is then."""
        operation = social_operations.SAVE if on else social_operations.UNSAVE
        return await self._do(operation, rest.PostNamed(post_id=post_id))

    async def saved(self, limit: int, cursor: str | None = None) -> PostPage:
        """A page of what this account has saved."""
        query = operations.Paging(limit=limit, cursor=cursor)
        return _posts(await self._do(social_operations.SAVED, query=query))

    async def remixes_of(self, post_id: str, limit: int, cursor: str | None = None) -> PostPage:
        """A page of what was made from a post."""
        query = operations.Paging(limit=limit, cursor=cursor)
        return _posts(await self._do(operations.REMIXES, query=query, post_id=post_id))

    async def repost(self, post_id: str, text: str) -> rest.Repost:
        body = rest.RepostRequest(post_id=post_id, text=text)
        return (await self._do(social_operations.REPOST, body)).repost

    async def unrepost(self, post_id: str) -> rest.AudioPost:
        """The post as it is then."""
        return await self._do(social_operations.UNREPOST, rest.PostNamed(post_id=post_id))

    async def reactions_to(
        self, post_id: str, which: Literal["likes", "reactions"], limit: int
    ) -> list[rest.ReactionBy]:
        """Who likes a post, or reacted to it, newest first."""
        if which == "likes":
            likes = operations.ManyPaging(limit=limit)
            return (await self._do(social_operations.LIKES, query=likes, post_id=post_id)).reactions
        query = operations.ReactionPaging(limit=limit)
        return (await self._do(social_operations.POST_REACTIONS, query=query, post_id=post_id)).reactions

    async def reposts_of(self, post_id: str, limit: int) -> list[rest.Repost]:
        """Who shows a post to others, newest first."""
        query = operations.ManyPaging(limit=limit)
        return (await self._do(social_operations.REPOSTS, query=query, post_id=post_id)).reposts

    async def comments(self, post_id: str, limit: int, cursor: str | None = None) -> CommentPage:
        """A page of what people say to a post."""
        query = operations.Paging(limit=limit, cursor=cursor)
        return await self._do(social_operations.LIST_COMMENTS, query=query, post_id=post_id)

    async def comment(self, post_id: str, new: NewComment) -> Comment:
        return await self._do(social_operations.WRITE_COMMENT, new, post_id=post_id)

    async def edit_comment(self, comment_id: str, text: str) -> Comment:
        body = CommentEdit(text=text)
        return await self._do(social_operations.EDIT_COMMENT, body, comment_id=comment_id)

    async def delete_comment(self, comment_id: str) -> None:
        await self._do(social_operations.DELETE_COMMENT, comment_id=comment_id)

    async def notifications(self, limit: int, cursor: str | None = None) -> NotificationPage:
        """A page of what others did that concerns this account."""
        query = operations.Paging(limit=limit, cursor=cursor)
        return await self._do(social_operations.NOTIFICATIONS, query=query)

    async def notification_counts(self) -> NotificationCounts:
        return await self._do(social_operations.NOTIFICATION_COUNTS)

    async def read_notifications(self) -> NotificationCounts:
        """All of them are read; the counts then."""
        return await self._do(social_operations.NOTIFICATIONS_READ, NotificationsRead())

    async def preferences(self) -> NotificationPreferences:
        """Of what this account is told."""
        return await self._do(social_operations.NOTIFICATION_PREFERENCES)

    async def prefer(self, edit: PreferencesEdit) -> NotificationPreferences:
        """Of what it is told then."""
        return await self._do(social_operations.PREFER_NOTIFICATIONS, edit)

    async def channels(self) -> DeliveryPreferences:
        """By which ways this account is told."""
        return await self._do(delivery_operations.CHANNELS)

    async def choose_channels(self, edit: DeliveryPreferencesEdit) -> DeliveryPreferences:
        """By which it is told then."""
        return await self._do(delivery_operations.CHOOSE_CHANNELS, edit)

    async def sessions(self) -> Sessions:
        """Where this account is signed in."""
        return await self._do(operations.LIST_SESSIONS)

    async def end_sessions(self) -> SessionsEnded:
        """Everywhere but here."""
        return await self._do(operations.END_SESSIONS)

    async def devices(self) -> ClaimedDevices:
        """Of this account."""
        return await self._do(operations.LIST_DEVICES)

    async def revoke_device(self, device_id: str) -> None:
        await self._do(operations.REVOKE_DEVICE, device_id=device_id)

    async def audio(self, post_id: str, limit_bytes: int) -> AsyncGenerator[tuple[bytes, int], None]:
        """The post's MP3, as RelayHttp.sound gives it."""
        async for piece in self._file(
            path_of(operations.GET_MP3, post_id=post_id), "audio/mpeg", limit_bytes
        ):
            yield piece

    async def export_archive(self, limit_bytes: int) -> AsyncGenerator[tuple[bytes, int], None]:
        """The archive of this account that was made last, as RelayHttp.sound gives it."""
        async for piece in self._file(
            path_of(social_operations.EXPORT_ARCHIVE), "application/zip", limit_bytes
        ):
            yield piece

    async def _file(
        self, path: str, accept: str, limit_bytes: int
    ) -> AsyncGenerator[tuple[bytes, int], None]:
        token = None
        for last in (False, True):
            token = await self.tokens.access(refused=token)
            headers = {"Authorization": f"Bearer {token}", "Accept": accept}
            try:
                async for piece in self.http.sound(path, headers, limit_bytes):
                    yield piece
                return
            except RelayRefused as error:  # said before the first piece
                if error.status != UNAUTHORIZED or last:
                    raise

    async def me(self) -> people.Me:
        return await self._do(social_operations.ME)

    async def user(self, username: str) -> rest.Producer:
        """Somebody's profile."""
        return await self._do(social_operations.USER, name=username)

    async def edit_profile(self, edit: people.ProfileEdit) -> people.Me:
        """This account's profile, as it is then."""
        return await self._do(social_operations.EDIT_ME, edit)

    async def set_avatar(self, data: bytes) -> people.Me:
        """data: a picture, in whichever format the relay reads."""
        answer = await self.call(
            "PUT", path_of(social_operations.SET_AVATAR), {}, data, limit_s=PROCESS_LIMIT_S
        )
        return self.http.decoded(answer, people.Me)

    async def remove_avatar(self) -> people.Me:
        return await self._do(social_operations.REMOVE_AVATAR)

    async def people_around(self, which: str, username: str, limit: int) -> rest.People:
        """which: followers, or following."""
        operation = social_operations.FOLLOWERS if which == "followers" else social_operations.FOLLOWING
        return await self._do(operation, query=operations.ManyPaging(limit=limit), name=username)

    async def own_people(self, which: str, limit: int) -> rest.People:
        """which: requests, blocked, or muted."""
        return await self._do(OWN_LISTS[which], query=operations.ManyPaging(limit=limit))

    async def change_person(self, username: str, change: str) -> None:
        """change: accept, decline, block, unblock, mute, unmute, or remove_follower."""
        if change in ("accept", "decline"):
            answered = (
                social_operations.ACCEPT_REQUEST if change == "accept" else social_operations.DECLINE_REQUEST
            )
            await self._do(answered, name=username)
            return
        whom = rest.FollowRequest(username=username)
        match change:
            case "block" | "unblock":
                await self._do(
                    social_operations.BLOCK if change == "block" else social_operations.UNBLOCK, whom
                )
            case "mute" | "unmute":
                await self._do(social_operations.MUTE if change == "mute" else social_operations.UNMUTE, whom)
            case _:
                await self._do(social_operations.REMOVE_FOLLOWER, whom)

    async def begin_export(self) -> Job:
        """The job that makes the archive of this account."""
        return await self._do(social_operations.EXPORT_ME)

    async def job(self, job_id: str) -> Job:
        """A job of this account, as it stands."""
        return await self._do(operations.GET_JOB, job_id=job_id)

    async def delete_account(self, username: str) -> None:
        await self._do(social_operations.DELETE_ME, people.DeleteAccount(username=username))

    async def report(self, given: moderation.NewReport) -> None:
        """To the relay's moderators."""
        await self._do(social_operations.REPORT, given)


def _posts(page: rest.FeedPage) -> PostPage:
    return PostPage(posts=[as_post(post) for post in page.posts], next=page.next)


def as_post(post: rest.AudioPost) -> rest.AudioPost:
    """What everybody is told of it, without what a list or its owner knows besides. [any]"""
    return msgspec.convert(post, rest.AudioPost, from_attributes=True)
