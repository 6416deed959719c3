"""What is told of who follows whom, as the rows are when it is told: what was taken back is told to nobody."""

from collections.abc import Callable, Sequence

from relay.core.visibility import Audience
from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.features.graph.requests import ACCEPTED, NEW_REQUEST, is_asked
from relay.features.graph.store import NEW_FOLLOW, PARTED, follows
from relay.features.live import api as live
from relay.wire.events import (
    FeedAuthorRemoved,
    Payload,
    SocialFollowAccepted,
    SocialFollowRequest,
    SocialNewFollow,
)
from relay.wire.rest import Producer

Happened = Sequence[live.Happened]
Told = dict[str, live.Addressed]


def _tell(
    db: Connection,
    events: Happened,
    holds: Callable[[live.Happened], bool],
    payload: Callable[[Producer], Payload],
) -> Told:
    """Of the actors of events that still hold, but of nobody who is suspended."""
    found = accounts.present(db, sorted({each.actor_id for each in events}))
    return {
        each.id: live.Addressed(payload=payload(found[each.actor_id]), audience=Audience.EVERYBODY)
        for each in events
        if each.actor_id in found and holds(each)
    }


def tell_follows(db: Connection, events: Happened) -> Told:
    """[any thread with a snapshot]"""
    return _tell(
        db,
        events,
        lambda each: follows(db, each.actor_id, each.object_id),
        lambda person: SocialNewFollow(follower=person),
    )


def tell_requests(db: Connection, events: Happened) -> Told:
    """[any thread with a snapshot]"""
    return _tell(
        db,
        events,
        lambda each: is_asked(db, each.actor_id, each.object_id),
        lambda person: SocialFollowRequest(requester=person),
    )


def tell_accepted(db: Connection, events: Happened) -> Told:
    """[any thread with a snapshot]"""
    return _tell(
        db,
        events,
        lambda each: follows(db, each.object_id, each.actor_id),
        lambda person: SocialFollowAccepted(user=person),
    )


def tell_parted(db: Connection, events: Happened) -> Told:
    """Unless they follow again. [any thread with a snapshot]"""
    return {
        each.id: live.Addressed(payload=FeedAuthorRemoved(user_id=each.object_id), audience=Audience.OWNER)
        for each in events
        if not follows(db, each.actor_id, each.object_id)
    }


TELLERS: dict[str, live.Teller] = {
    NEW_FOLLOW: tell_follows,
    NEW_REQUEST: tell_requests,
    ACCEPTED: tell_accepted,
    PARTED: tell_parted,
}
"""Of each kind of event that this feature tells."""
