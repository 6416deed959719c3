"""Lines of the feed: what others posted, heard with one click, and who is producing now."""

from collections.abc import Iterator

from bridge.control import ItemInfo, Status
from tray.links import may_open
from tray.menu.takes import can_play
from tray.menu.words import named, one_line
from tray.model import FeedSeen, Item, LikePost, OpenUrl, PlayPreview
from tray.view import View

MAX_FEED = 8


def friends(status: Status) -> Iterator[Item]:
    """Who of those followed is producing; by number where a daemon says no names."""
    if not status.friends_producing:
        return
    count = status.friends_producing
    who = (
        named(status.friends) if len(status.friends) == count else f"{count} friend{'s' if count > 1 else ''}"
    )
    label = one_line(f"{who} {'is' if count == 1 else 'are'} producing")
    yield Item(id="friends", label=label, enabled=False)


def feed(view: View, status: Status) -> Iterator[Item]:
    """What is new is counted until the submenu is opened."""
    if status.account is None:
        return
    shown = view.feed[:MAX_FEED]
    if not shown:
        yield Item(id="feed", label="Feed (nothing yet)", enabled=False)
        return
    new = len(view.new_posts)
    yield Item(
        id="feed",
        label=f"Feed ({new} new)" if new else "Feed",
        submenu=tuple(_post(item, status) for item in shown),
        opened=FeedSeen(),
    )


def _post(item: ItemInfo, status: Status) -> Item:
    parts = [f"{item.author}: {item.title or 'untitled'}"]
    if item.reposted_by is not None:
        word = f": “{item.repost_text}”" if item.repost_text else ""
        parts.append(f"shown by {item.reposted_by}{word}")
    if item.bpm is not None:
        parts.append(f"{round(item.bpm, 1):g} BPM")
    if item.key is not None:
        parts.append(item.key)
    return Item(
        id=f"feed:{item.post_id}",
        label=one_line(" · ".join(parts)),
        submenu=tuple(_deeds(item, status)),
    )


def _deeds(item: ItemInfo, status: Status) -> Iterator[Item]:
    item_id = f"feed:{item.post_id}"
    listen = can_play(status)
    yield Item(
        id=f"{item_id}:play",
        label="Play" if listen else "Play (needs a plugin in your DAW; or on its page)",
        enabled=listen,
        action=PlayPreview(item.post_id),
    )
    yield Item(
        id=f"{item_id}:like",
        label="Like",
        checked=item.liked,
        action=LikePost(item.post_id, not item.liked),
    )
    can_open = may_open(item.url, status.relay_url)
    yield Item(id=f"{item_id}:open", label="Open its page", enabled=can_open, action=OpenUrl(item.url))
