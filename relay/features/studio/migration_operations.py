"""/api/migrate."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.features.studio.migrating import Migrating
from relay.wire.migration import Migrated, Migration
from relay.wire.migration_operations import MIGRATE
from relay.wire.operation import Nothing


def rows(migrating: Migrating) -> list[AnyRow]:
    async def bring(call: Call[Migration, Nothing]) -> Migrated:
        return await migrating.bring(call.actor, call.body)

    return [Row(MIGRATE, Action.SCORE_CREATE, bring)]
