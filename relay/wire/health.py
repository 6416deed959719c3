"""What a relay says of itself to whoever watches it: bodies of `/health`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import Sentence, Word
from relay.wire.rest import Name


class Health(Struct, frozen=True, kw_only=True):
    """GET /health/live: the process answers."""

    status: Literal["live"]


class Heartbeat(Struct, frozen=True, kw_only=True):
    """GET /health: ready in one word, with 503 beside `unavailable`."""

    status: Literal["ok", "unavailable"]


class Check(Struct, frozen=True, kw_only=True):
    """One thing that the relay stands on. detail: a sentence, empty when it is well."""

    name: Name
    ok: bool
    detail: Sentence = ""


class Ready(Struct, frozen=True, kw_only=True):
    """decoder: what stands around the processes that decode uploads: limits, privileges, calls, files."""

    status: Literal["ready", "not ready"]
    decoder: Annotated[list[Word], Meta(max_length=8)]
    checks: Annotated[list[Check], Meta(max_length=64)] = []
