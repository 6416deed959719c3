"""/api/analytics: simple counts of what is for everybody."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.features.usage.service import Usage
from relay.wire import beat_people_operations as wire
from relay.wire.beat_people import (
    InstrumentsUsed,
    KeysUsed,
    PopularPatterns,
    RangeQuery,
    TempoDistribution,
    UsageQuery,
)
from relay.wire.beats import Success
from relay.wire.operation import Nothing

Counted = Call[Nothing, UsageQuery]
Ranged = Call[Nothing, RangeQuery]


def rows(usage: Usage) -> list[AnyRow]:
    async def instruments(call: Counted) -> Success[InstrumentsUsed]:
        counted = await usage.counted(call.query.time_range)
        return Success(data=InstrumentsUsed(instruments=counted.instruments[: call.query.limit]))

    async def patterns(call: Counted) -> Success[PopularPatterns]:
        found = await usage.popular(call.actor.user_id, call.query.time_range, call.query.limit)
        return Success(data=PopularPatterns(patterns=found))

    async def tempi(call: Ranged) -> Success[TempoDistribution]:
        counted = await usage.counted(call.query.time_range)
        return Success(data=TempoDistribution(distribution=counted.tempi))

    async def keys(call: Ranged) -> Success[KeysUsed]:
        return Success(data=KeysUsed(keys=(await usage.counted(call.query.time_range)).keys))

    return [
        Row(wire.INSTRUMENTS_USED, Action.FEED_READ, instruments),
        Row(wire.POPULAR_PATTERNS, Action.FEED_READ, patterns),
        Row(wire.TEMPO_DISTRIBUTION, Action.FEED_READ, tempi),
        Row(wire.KEYS_USED, Action.FEED_READ, keys),
    ]
