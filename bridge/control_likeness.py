"""Messages of the control socket about takes that sound alike. Sent and received like those of control.py, which holds the unions."""

from typing import Annotated, ClassVar

from msgspec import Meta

from bridge.control_base import Called, ControlMessage
from bridge.control_values import AlikeInfo

MAX_FINGERPRINT_BYTES = 4000  # of a request: a minute and a half says which sound it is


class SimilarTakes(ControlMessage, frozen=True, kw_only=True, tag="similar_are"):
    found: list[AlikeInfo]  # the same sound first, then what is like it


class FindSimilar(ControlMessage, frozen=True, kw_only=True, tag="similar"):
    """Have I made this before? By a Take, or by what was heard in a file (daemon.core.analysis.TakeAnalysis)."""

    Reply: ClassVar = SimilarTakes

    take_id: Called | None = None
    fingerprint: Annotated[bytes, Meta(max_length=MAX_FINGERPRINT_BYTES)] = b""
    embedding: Annotated[bytes, Meta(max_length=256)] = b""
    limit: Annotated[int, Meta(ge=1, le=50)] = 10
