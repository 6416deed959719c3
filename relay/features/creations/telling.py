"""What is told of posts: of new ones, of changed ones, and of those that are not for everybody any more. As the rows are now."""

from collections.abc import Sequence
from functools import partial

from msgspec.structs import replace

from relay.core.visibility import Audience, State, audience
from relay.engine.database import Connection
from relay.features.creations import remixes
from relay.features.creations.changes import CHANGED_POST, OTHERS_HEAR, WITHDRAWN_POST
from relay.features.creations.posts import told
from relay.features.creations.reading import shown_of
from relay.features.creations.store import NEW_POST
from relay.features.live import api as live
from relay.wire.events import FeedNewPost, FeedPostChanged, FeedPostRemoved

Happened = Sequence[live.Happened]
Told = dict[str, live.Addressed]


def tellers(base_url: str) -> dict[str, live.Teller]:
    """Of each kind of event that this feature tells. [any]"""
    return {
        NEW_POST: partial(tell_new, base_url),
        CHANGED_POST: partial(tell_changed, base_url),
        WITHDRAWN_POST: tell_withdrawn,
        remixes.NEW_REMIX: remixes.tell,
    }


def tell_new(base_url: str, db: Connection, events: Happened) -> Told:
    """[any thread with a snapshot]"""
    return _tell_posts(base_url, db, events, FeedNewPost)


def tell_changed(base_url: str, db: Connection, events: Happened) -> Told:
    """Of a tombstone, who could see what it was of. [any thread with a snapshot]"""
    shown = shown_of(db, [each.object_id for each in events])
    gone = {
        id_: replace(each, state=State.READY) for id_, each in shown.items() if each.state is State.DELETED
    }
    removed = {
        each.id: live.Addressed(
            payload=FeedPostRemoved(post_id=each.object_id), audience=audience(gone[each.object_id])
        )
        for each in events
        if each.object_id in gone
    }
    return removed | _tell_posts(base_url, db, events, FeedPostChanged)


def tell_withdrawn(db: Connection, events: Happened) -> Told:
    """Unless it came back since. [any thread with a snapshot]"""
    shown = shown_of(db, [each.object_id for each in events])
    return {
        each.id: live.Addressed(payload=FeedPostRemoved(post_id=each.object_id), audience=Audience.OTHERS)
        for each in events
        if each.object_id in shown and audience(shown[each.object_id]) not in OTHERS_HEAR
    }


def _tell_posts(
    base_url: str, db: Connection, events: Happened, payload: type[FeedNewPost | FeedPostChanged]
) -> Told:
    """As nobody in particular sees them."""
    posts = told(db, [each.object_id for each in events], base_url)
    shown = shown_of(db, list(posts))
    return {
        each.id: live.Addressed(
            payload=payload(post=posts[each.object_id]), audience=audience(shown[each.object_id])
        )
        for each in events
        if each.object_id in posts
    }
