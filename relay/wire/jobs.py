"""Slow work of the relay, as the person for whom it is done sees it."""

from typing import Annotated

from msgspec import Meta, Struct

from relay.wire.bounds import Count, Sentence, Timestamp, Word
from relay.wire.ids import Id
from relay.wire.rest import MAX_PAGE, PageCursor

Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]


class Job(Struct, frozen=True, kw_only=True):
    """state: ready, running, done, failed, cancelled, quarantined (set aside after faults of ours), or a later version's.

    stage, fraction: how far it is, 0..1, a few seconds old at most. error_code, error: why nothing came of it.
    key: the Idempotency-Key of the request that asked for it, so that who asked knows it from others of theirs.
    """

    id: Id
    kind: Word
    state: Word
    attempts: Count
    stage: Word
    fraction: Fraction
    error_code: Word | None
    error: Sentence | None
    created_at: Timestamp
    ended_at: Timestamp | None
    key: Word | None = None


class JobPage(Struct, frozen=True, kw_only=True):
    """GET /jobs?cursor=&limit= : newest first; those that ended are known for a week."""

    jobs: Annotated[list[Job], Meta(max_length=MAX_PAGE)]
    next: PageCursor | None
