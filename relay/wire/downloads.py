"""Sound by a link, as a stem service's specification writes it: `/api/spotify` for what a link is called, `/api/download` for a sound of it.

A link to Spotify or YouTube is a name and never a source: the sound is a file of whoever asks, something of theirs that is here already, or a file at an
https address to which they say that they have the rights.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import PRINTABLE, Count, Sentence, Url, Word
from relay.wire.ids import Id
from relay.wire.jobs import Fraction
from relay.wire.listening import TrackId
from relay.wire.playground import DashedId
from relay.wire.rest import Sha256, Title

Source = Literal["upload", "library", "address"]
LinkTitle = Annotated[str, Meta(min_length=1, max_length=300, pattern=PRINTABLE)]

Artists = Annotated[list[LinkTitle], Meta(max_length=20)]


class LinkGiven(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of POST /api/spotify/fetch: the address of a track, an album or a playlist."""

    url: Url


class ListedTrack(Struct, frozen=True, kw_only=True, rename="camel"):
    """A track of a list. id: to be `trackId` of /api/download; id and url null: it has no address."""

    id: DashedId | None
    url: Url | None
    name: LinkTitle
    artists: Artists
    duration_ms: Count


class LinkDetails(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the service says of it. id: to be `trackId` of /api/download, the same for the same link. imageUrl null: none, or one that is not https.

    artists, durationMs of a track, tracks (the first hundred) and total of a list: by the operator's key; without one they are empty or null, and says says so.
    """

    id: DashedId
    type: Literal["track", "album", "playlist"]
    url: Url
    name: LinkTitle
    image_url: Url | None
    artists: Artists = []
    duration_ms: Count | None = None
    tracks: Annotated[list[ListedTrack], Meta(max_length=100)] = []
    total: Count | None = None
    says: Sentence = ""


class DownloadGiven(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of POST /api/download/track. trackId: the caller's own word for it. spotifyUrl: what it is called there; nothing is fetched from it.

    The sound is that of uploadId (bytes that have arrived by tus; sha256 is theirs), else of sourceUrl (https; rightsDeclared: whoever asks says that they may have
    it), else of the newest thing of one's own that is called `title`.
    """

    track_id: TrackId
    spotify_url: Url | None = None
    title: Title = ""
    upload_id: Id | None = None
    sha256: Sha256 = ""
    source_url: Url | None = None
    rights_declared: bool = False


class DownloadJob(Struct, frozen=True, kw_only=True, rename="camel"):
    """status: as of Job.state. creationId: the private post that came of it, which is what /api/analyze and /api/process take for `trackId`."""

    job_id: DashedId
    track_id: DashedId
    source: Source
    status: Word
    stage: Word
    progress: Fraction
    error: Sentence | None
    creation_id: DashedId | None
