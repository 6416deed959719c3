"""The feed, and what is done with posts and people, as tray and command line ask for it."""

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.features.feed.feed import Feed
from daemon.features.feed.social import Social
from relay.wire.rest import AudioPost


class FeedAnswers:
    """All methods are [loop]."""

    def __init__(self, feed: Feed, social: Social) -> None:
        self._feed = feed
        self._social = social
        self.answers: Answers = {
            c.GetFeed: self._page,
            c.FollowUser: self._follow,
            c.LikePost: self._like,
            c.ReactPost: self._react,
        }

    async def _page(self, request: c.GetFeed) -> c.Reply:
        posts, offline = await self._feed.posts(request.limit)
        return c.Feed(items=[item_info(post) for post in posts], offline=offline)

    async def _follow(self, request: c.FollowUser) -> c.Reply:
        await self._social.follow(request.username, request.follow)
        return c.Done()

    async def _like(self, request: c.LikePost) -> c.Reply:
        await self._social.like(request.post_id, True)
        return c.Done()

    async def _react(self, request: c.ReactPost) -> c.Reply:
        await self._social.react(request.post_id, request.emoji, request.react)
        return c.Done()


def item_info(post: AudioPost) -> c.ItemInfo:
    """A Post as an Item of the feed."""
    return c.ItemInfo(
        post_id=post.id,
        author=post.username,
        title=post.title,
        bpm=post.bpm,
        key=post.key,
        duration_ms=post.duration_ms,
        created_at=post.created_at,
        url=post.page_url,
        liked=post.liked,
    )
