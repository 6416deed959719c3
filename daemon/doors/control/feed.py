"""The feed, and what is done with posts and people, as tray and command line ask for it."""

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.features.feed.discovering import Discovering, query_of
from daemon.features.feed.feed import Feed
from daemon.features.feed.social import Social
from relay.wire.rest import AudioPost, FeedPost


class FeedAnswers:
    """All methods are [loop]."""

    def __init__(self, feed: Feed, social: Social, discovering: Discovering) -> None:
        self._feed = feed
        self._social = social
        self._discovering = discovering
        self.answers: Answers = {
            c.GetFeed: self._page,
            c.Discover: self._discover,
            c.SearchRelay: self._search,
            c.FollowUser: self._follow,
            c.LikePost: self._like,
            c.ReactPost: self._react,
        }

    async def _page(self, request: c.GetFeed) -> c.Reply:
        if request.stored:
            posts, offline = await self._feed.stored(request.limit), False
        else:
            posts, offline = await self._feed.posts(request.limit)
        return c.Feed(items=[item_info(post) for post in posts], offline=offline)

    async def _discover(self, request: c.Discover) -> c.Reply:
        wanted = request.wanted
        query = query_of(
            {
                "bpm_min": wanted.bpm_min,
                "bpm_max": wanted.bpm_max,
                "key": wanted.key,
                "key_match": "compatible" if wanted.mixes else "exact",
                "genre": wanted.tag,
                "daw": wanted.daw,
                "seconds_min": wanted.seconds_min,
                "seconds_max": wanted.seconds_max,
                "cursor": request.cursor,
                "limit": request.limit,
            }
        )
        posts, cursor = await self._discovering.page(request.list, request.person or "", query)
        return c.Discovered(items=[item_info(post) for post in posts], cursor=cursor)

    async def _search(self, request: c.SearchRelay) -> c.Reply:
        found = await self._discovering.search(request.words, request.limit)
        people = [
            c.PersonInfo(
                username=each.username, display_name=each.display_name, follower_count=each.follower_count
            )
            for each in found.people
        ]
        posts = [item_info(post) for post in found.posts]
        said = [
            c.FoundComment(
                comment_id=each.id, post_id=each.post_id, author=each.username or "", text=each.text
            )
            for each in found.comments
        ]
        return c.FoundIs(posts=posts, people=people, tags=[each.tag for each in found.tags], comments=said)

    async def _follow(self, request: c.FollowUser) -> c.Reply:
        done = await self._social.follow(request.username, request.follow)
        return c.DeedDone(waits=done.waits)

    async def _like(self, request: c.LikePost) -> c.Reply:
        done = await self._social.like(request.post_id, request.like)
        return c.DeedDone(waits=done.waits)

    async def _react(self, request: c.ReactPost) -> c.Reply:
        done = await self._social.react(request.post_id, request.emoji, request.react)
        return c.DeedDone(waits=done.waits)


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
        reason=post.reason if isinstance(post, FeedPost) else "",
        why=post.why if isinstance(post, FeedPost) else "",
        reposted_by=post.reposted_by if isinstance(post, FeedPost) else None,
        repost_text=post.repost_text if isinstance(post, FeedPost) else "",
    )
