"""Samples, as a music playground's specification writes them: sound of one's own for one's music."""

from typing import Annotated

from msgspec import Meta, Struct

from relay.wire.bounds import Count, Sentence, Timestamp, Url, Word
from relay.wire.playground import DashedId
from relay.wire.rest import Title

MAX_SAMPLE_BYTES = 5 << 20
QUOTA_BYTES = 100 << 20
"""Of one account."""
WARN_BYTES = 80 << 20
MAX_SAMPLES = 1_000
"""Of one account, however small they are."""
SAMPLE_TYPES = ("audio/wav", "audio/mpeg", "audio/mp3", "audio/x-wav", "audio/wave", "audio/vnd.wave")
"""Those of the specification, and as which browsers send WAV."""
SampleSeconds = Annotated[float, Meta(ge=0, le=86_400)]


class SampleForm(Struct, frozen=True, kw_only=True):
    """Stands for a multipart/form-data body with the part `file`, of at most 5 MB: WAV or MP3."""

    file: bytes


class Sample(Struct, frozen=True, kw_only=True, rename="camel"):
    """fileUrl: with the access token, the sound as it was sent, encoded without loss; fileSize: its bytes; duration: in seconds."""

    id: DashedId
    name: Title
    file_url: Url
    file_size: Count
    mime_type: Word
    duration: SampleSeconds
    created_at: Timestamp


class UploadedSample(Sample, frozen=True, kw_only=True, rename="camel"):
    """Answer to POST /api/samples/upload. quotaWarning: when little room is left; null: there is enough."""

    quota_warning: Sentence | None = None


class SamplePage(Struct, frozen=True, kw_only=True, rename="camel"):
    """GET /api/samples: all of them, the newest first. totalSize and quota: in bytes."""

    samples: Annotated[list[Sample], Meta(max_length=MAX_SAMPLES)]
    total_size: Count
    quota: Count
    quota_warning: Sentence | None = None
