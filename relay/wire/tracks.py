"""What the WebSocket at `/` says, as a stem service's specification names it: one JSON object a text message, `type` first.

A client says for which of its own tracks it wants to be told (`trackId`: any creation of one's own, as in `/api/analyze`); it is told of each job of
them: `analysis:job:*` of /api/analyze (and of its notes), `processing:job:*` of /api/process, `download:job:*` of /api/download. On subscribing it is told how the newest
job of each stands, so that nothing is missed in between.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import Sentence, Word
from relay.wire.jobs import Fraction
from relay.wire.listening import TrackId
from relay.wire.playground import DashedId

TRACKS_PATH = "/"
MAX_TRACKS = 100
"""Of one connection."""
MAX_SAID_BYTES = 1024
FAMILIES = {"analyse": "analysis", "notes": "analysis", "separate": "processing", "fetch": "download"}
"""What a type begins with, by kinds of jobs."""
STEPS = {
    "ready": "queued",
    "running": "progress",
    "done": "completed",
    "failed": "failed",
    "quarantined": "failed",
    "cancelled": "cancelled",
}
"""What a type ends in, by states of jobs."""
JobType = Annotated[
    str,
    Meta(
        pattern=rf"^(?:download|processing|analysis):job:(?:{'|'.join(sorted(set(STEPS.values())))})\Z",
        max_length=32,
    ),
]


class SubscribeTrack(
    Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="subscribe:track"
):
    """Of the client."""

    track_id: TrackId


class UnsubscribeTrack(
    Struct, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="unsubscribe:track"
):
    """Of the client."""

    track_id: TrackId


class TrackAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of the relay, to either."""

    type: Literal["subscribed:track", "unsubscribed:track"]
    track_id: DashedId


class TrackRefused(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of the relay: what was asked for is not so. code: as of a refusal of the REST interface."""

    type: Literal["error"] = "error"
    track_id: DashedId
    code: Word
    message: Sentence


class TrackJobTold(Struct, frozen=True, kw_only=True, rename="camel"):
    """Of the relay: how a job of a track stands; the other fields are those of TrackJob."""

    type: JobType
    job_id: DashedId
    track_id: DashedId
    status: Word
    stage: Word
    progress: Fraction
    error: Sentence | None
