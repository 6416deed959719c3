"""Items of the feed: posts of those one follows, and what these show of others; and what events change of them. Values only.

What somebody shows is a FeedPost with `reposted_by`; all else is an AudioPost, as everybody is told of it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

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

REASON = "repost"
_OF_ITEM = tuple(name for name in FeedPost.__struct_fields__ if name not in AudioPost.__struct_fields__)


class Mention(NamedTuple):
    """Of which posts, and of whose, events speak."""

    post_ids: list[str]
    user_ids: list[str]


class FeedChanges(Struct, frozen=True, kw_only=True):
    """new: items that come in, or stand otherwise. changed: the same item, with other words. removed: ids."""

    new: dict[str, AudioPost]
    changed: dict[str, AudioPost]
    removed: dict[str, None]


def place(item: AudioPost) -> str:
    """Since when it stands in the feed, by which items are ordered. [any]"""
    shown_since = item.reposted_at if isinstance(item, FeedPost) else None
    return shown_since or item.created_at


def as_item(post: AudioPost) -> AudioPost:
    """A post of a page of the timeline. [any]"""
    if isinstance(post, FeedPost) and post.reposted_by is not None:
        return replace(post, reason=REASON)
    return _plain(post)


def _plain(post: AudioPost) -> AudioPost:
    return msgspec.convert(post, AudioPost, from_attributes=True)


def as_it_stands(item: AudioPost, post: AudioPost) -> AudioPost:
    """A post as it is now, where the item stands that it is. [any]"""
    if not isinstance(item, FeedPost):
        return _plain(post)
    now = asdict(post) | {name: getattr(item, name) for name in _OF_ITEM}
    return FeedPost(**{name: now[name] for name in FeedPost.__struct_fields__})


def mentions(payloads: Iterable[Payload]) -> Mention:
    """The stored items that `fold` has to know. [any]"""
    found = Mention([], [])
    for payload in payloads:
        match payload:
            case FeedPostChanged(post=post) | FeedReposted(post=post):
                found.post_ids.append(post.id)
            case FeedRepostRemoved(post_id=post_id):
                found.post_ids.append(post_id)
            case FeedAuthorRemoved(user_id=user_id):
                found.user_ids.append(user_id)
    return found


def fold(payloads: Iterable[Payload], stored: Mapping[str, AudioPost]) -> FeedChanges:
    """What events come to: the last word on each post counts. stored: the items that they mention, by id. [any]"""
    items = dict(stored)
    changes = FeedChanges(new={}, changed={}, removed={})
    for payload in payloads:
        match payload:
            case FeedNewPost(post=post):
                _put(items, changes, post, is_new=True)
            case FeedPostChanged(post=post):
                now = as_it_stands(items[post.id], post) if post.id in items else post
                _put(items, changes, now, is_new=False)
            case FeedReposted(post=post):
                _show(items, changes, post)
            case FeedPostRemoved(post_id=post_id):
                _remove(items, changes, post_id)
            case FeedRepostRemoved(post_id=post_id, user_id=user_id):
                if is_shown_by(items.get(post_id), user_id):
                    _remove(items, changes, post_id)
            case FeedAuthorRemoved(user_id=user_id):
                theirs = (
                    id_
                    for id_, each in items.items()
                    if each.user_id == user_id or is_shown_by(each, user_id)
                )
                for post_id in list(theirs):
                    _remove(items, changes, post_id)
    return changes


def is_shown_by(item: AudioPost | None, user_id: str) -> bool:
    """Whether it stands there because of this person. [any]"""
    return isinstance(item, FeedPost) and item.reposted_by_id == user_id


def _show(items: dict[str, AudioPost], changes: FeedChanges, post: FeedPost) -> None:
    """Of several who show it, it stays with whom it stands."""
    item = items.get(post.id)
    if item is None:
        _put(items, changes, as_item(post), is_new=True)
    elif post.reposted_by_id is not None and is_shown_by(item, post.reposted_by_id):
        _put(items, changes, as_item(post), is_new=False)
    else:
        _put(items, changes, as_it_stands(item, post), is_new=False)


def _put(items: dict[str, AudioPost], changes: FeedChanges, post: AudioPost, *, is_new: bool) -> None:
    items[post.id] = post
    changes.removed.pop(post.id, None)
    if is_new or post.id in changes.new:
        changes.changed.pop(post.id, None)
        changes.new[post.id] = post
    else:
        changes.changed[post.id] = post


def _remove(items: dict[str, AudioPost], changes: FeedChanges, post_id: str) -> None:
    for each in (items, changes.new, changes.changed):
        each.pop(post_id, None)
    changes.removed[post_id] = None
