"""Instruments and sound libraries of a beat machine's interface (`/api/instruments`, `/api/sound-libraries`), in its envelope: those of the
kit, and those that admins of the relay made of samples.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from relay.wire.bounds import PRINTABLE, Count, Timestamp, Url
from relay.wire.playground import DashedId
from relay.wire.scores import Description, Sound

MAX_INSTRUMENTS = 200
"""Made of samples, of one relay."""
MAX_SERVED = 300
"""With those of the kit."""
MAX_INSTRUMENT_MS = 5_000
"""Of the sample that one is made of."""
MAX_LIBRARIES = 50
MAX_IN_LIBRARY = 200
InstrumentTitle = Annotated[str, Meta(min_length=1, max_length=60, pattern=PRINTABLE)]
MidiNote = Annotated[int, Meta(ge=0, le=127)]


class Instrument(Struct, frozen=True, kw_only=True, rename="camel"):
    """id: what a row of a pattern, or a step of a loop, names. isPitched: whether notes change it; note: at which it sounds as it is (of
    MIDI). soundUrl: one stroke of it (FLAC), another note in place of the number at its end; null: its sample is gone, and it is silent.
    """

    id: Sound
    title: InstrumentTitle
    source: Literal["kit", "sample"]
    is_pitched: bool
    note: MidiNote
    sound_url: Url | None


class InstrumentList(Struct, frozen=True, kw_only=True):
    """GET /api/instruments: the kit's in its order, then the relay's own by title."""

    instruments: Annotated[list[Instrument], Meta(max_length=MAX_SERVED)]


class InstrumentGiven(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """POST /api/instruments. sampleId: of a sample of one's own, at most 5 s long; who plays the instrument hears it."""

    title: InstrumentTitle
    sample_id: DashedId
    is_pitched: bool = False


class InstrumentEdit(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """PUT /api/instruments/{id}: what is left out, or null, stays as it is."""

    title: InstrumentTitle | None = None
    sample_id: DashedId | None = None
    is_pitched: bool | None = None


class LibrarySummary(Struct, frozen=True, kw_only=True, rename="camel"):
    """A sound library on the list."""

    id: DashedId
    title: InstrumentTitle
    description: Description
    instrument_count: Count
    created_at: Timestamp
    updated_at: Timestamp


class Library(LibrarySummary, frozen=True, kw_only=True, rename="camel"):
    """GET /api/sound-libraries/{id}: in its own order."""

    instruments: Annotated[list[Instrument], Meta(max_length=MAX_IN_LIBRARY)]


class LibraryList(Struct, frozen=True, kw_only=True):
    """GET /api/sound-libraries, by title."""

    libraries: Annotated[list[LibrarySummary], Meta(max_length=MAX_LIBRARIES)]


InLibrary = Annotated[list[Sound], Meta(max_length=MAX_IN_LIBRARY)]


class LibraryGiven(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /api/sound-libraries. instruments: their ids, each once."""

    title: InstrumentTitle
    description: Description = ""
    instruments: InLibrary = []


class LibraryEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """PUT /api/sound-libraries/{id}: what is left out, or null, stays as it is."""

    title: InstrumentTitle | None = None
    description: Description | None = None
    instruments: InLibrary | None = None
