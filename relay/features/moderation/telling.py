"""What is told of a decision: who follows an account that is suspended forgets its posts."""

from collections.abc import Sequence

from relay.core.visibility import Audience
from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.features.live import api as live
from relay.wire.events import FeedAuthorRemoved

SUSPENDED = "suspended"


def tell_suspended(db: Connection, events: Sequence[live.Happened]) -> dict[str, live.Addressed]:
    """Unless it is there again. [any thread with a snapshot]"""
    return {
        each.id: live.Addressed(payload=FeedAuthorRemoved(user_id=each.object_id), audience=Audience.OTHERS)
        for each in events
        if accounts.is_suspended(db, each.object_id)
    }
