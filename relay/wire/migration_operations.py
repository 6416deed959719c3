"""Bringing what was kept elsewhere; migration.py has its shapes."""

from relay.wire.migration import MAX_MIGRATION_BYTES, Migrated, Migration
from relay.wire.operation import Nothing, Operation

MIGRATE = Operation(
    method="POST",
    path="/api/migrate",
    tag="playground",
    body=Migration,
    query=Nothing,
    reply=Migrated,
    max_body_bytes=MAX_MIGRATION_BYTES,
    text="Bring the loops and songs that a browser has kept by itself: each becomes yours once, however often it is sent.",
)
