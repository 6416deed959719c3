"""Messages of the control socket about the feed, and what one does with what is in it. Sent and received like those of control.py, which
holds the unions."""

from typing import Annotated, ClassVar

from msgspec import Meta

from bridge.control_base import ControlMessage, Limit
from bridge.control_values import ItemInfo
from plugin_protocol.message_base import Short


class Feed(ControlMessage, frozen=True, kw_only=True, tag="feed_is"):
    items: list[ItemInfo]
    offline: bool  # True: from the cache, the relay was not asked


class GetFeed(ControlMessage, frozen=True, kw_only=True, tag="feed"):
    """stored: what lies here, at once; the relay is not asked."""

    Reply: ClassVar = Feed

    limit: Limit = 20
    stored: bool = False


class DeedDone(ControlMessage, frozen=True, kw_only=True, tag="deed_done"):
    """waits: not done yet; it is when the relay can be reached, also after a restart."""

    waits: bool = False


class FollowUser(ControlMessage, frozen=True, kw_only=True, tag="follow"):
    Reply: ClassVar = DeedDone

    username: Short
    follow: bool = True


class LikePost(ControlMessage, frozen=True, kw_only=True, tag="like"):
    """Like, or take that back. `post_id` may be the start of an id in the feed, or the post's address; so in ReactPost."""

    Reply: ClassVar = DeedDone

    post_id: Annotated[str, Meta(max_length=1024)]
    like: bool = True


class ReactPost(ControlMessage, frozen=True, kw_only=True, tag="react"):
    """React with an emoji of those the relay has, or take that back."""

    Reply: ClassVar = DeedDone

    post_id: Annotated[str, Meta(max_length=1024)]
    emoji: Annotated[str, Meta(min_length=1, max_length=16)]
    react: bool = True


class ItemArrived(ControlMessage, frozen=True, kw_only=True, tag="item_arrived"):
    item: ItemInfo
