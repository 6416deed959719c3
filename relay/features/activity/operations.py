"""/api/feed: the activity of whom one follows, as a beat machine's interface says it."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.engine.clock import now_us
from relay.engine.database import Database
from relay.features.activity import store
from relay.wire.beat_people import ActivityPage
from relay.wire.beat_people_operations import ACTIVITY
from relay.wire.beats import NumberedQuery, Success, pages_of
from relay.wire.operation import Nothing

REACH_US = 30 * 86_400_000_000


def rows(db: Database) -> list[AnyRow]:
    async def activity(call: Call[Nothing, NumberedQuery]) -> Success[ActivityPage]:
        query, me, since_us = call.query, call.account_id, now_us() - REACH_US
        first = (query.page - 1) * query.limit
        found, total = await db.read(lambda reader: store.page(reader, me, since_us, first, query.limit))
        return Success(
            data=ActivityPage(activities=found, pagination=pages_of(query.page, query.limit, total))
        )

    return [Row(ACTIVITY, Action.TIMELINE_READ, activity)]
