"""POST /api/migrate: what a browser has kept by itself becomes an account's, as a music playground's specification writes it."""

from typing import Annotated

from msgspec import Meta, Raw, Struct

from relay.wire.bounds import Count, Sentence
from relay.wire.playground import DashedId, LoopGiven, SongGiven
from relay.wire.scores import Local, Score

MAX_LOOPS, MAX_SONGS, MAX_CREATIONS = 1_000, 100, 1_000
MAX_MIGRATION_BYTES = 12 << 20
"""A thousand loops of some 10 KB each."""


class LocalLoop(LoopGiven, frozen=True, kw_only=True, rename="camel"):
    """A loop as a browser keeps it. id: the browser's own."""

    id: Local


class LocalSong(SongGiven, frozen=True, kw_only=True, rename="camel"):
    """A song as a browser keeps it. Its blocks name loops by the browser's ids."""

    id: Local


class LocalCreation(Struct, frozen=True, kw_only=True, rename="camel"):
    """One that this relay's own studio keeps in a browser, whole. id: the key under which it is also made by itself, or the browser's own."""

    id: Local
    score: Score


class Migration(Struct, frozen=True, kw_only=True, rename="camel"):
    """loops: of LocalLoop, songs: of LocalSong, creations: of LocalCreation; each is looked at by itself, so one that does not fit keeps none
    of the others. A song names loops by their ids here, or there.
    """

    loops: Annotated[list[Raw], Meta(max_length=MAX_LOOPS)] = []
    songs: Annotated[list[Raw], Meta(max_length=MAX_SONGS)] = []
    creations: Annotated[list[Raw], Meta(max_length=MAX_CREATIONS)] = []


class Brought(Struct, frozen=True, kw_only=True, rename="camel"):
    """created: those that are here now, also from an earlier time. failed: those that are not, and why stands in `errors`."""

    created: Count
    failed: Count


class IdMapping(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The browser's id: the id here."""

    loops: dict[Local, DashedId]
    songs: dict[Local, DashedId]
    creations: dict[Local, DashedId] = {}


class MigrationErrors(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The browser's id, or the place in the list (#3) where it has none that fits: what is wrong with it."""

    loops: dict[Local, Sentence]
    songs: dict[Local, Sentence]
    creations: dict[Local, Sentence] = {}


class Migrated(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Answer to POST /api/migrate. Sent again, it is the same answer, and nothing is made twice. creations: where some were sent."""

    loops: Brought
    songs: Brought
    id_mapping: IdMapping
    errors: MigrationErrors
    creations: Brought | None = None
