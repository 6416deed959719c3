"""What is in reach, as one list: of plugins that are loaded, of those that were closed, and of those that went down."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from daemon.core.heard import levels, ties, wall_at
from daemon.features.history.recovery import Recovered, recovered_in
from daemon.features.history.repeats import told_once
from daemon.rings.journal_folder import JournalFolder

LIVE = "live"
COLUMNS = 48


class Stretch(Struct, frozen=True, kw_only=True):
    """One stretch, when it was heard, and how loud it was (daemon.core.heard.levels)."""

    found: Recovered
    instance: str  # 32 hex digits
    generation: int
    from_us: int
    to_us: int
    picture: bytes


def heard_in(journal: JournalFolder, gone: Iterable[Recovered]) -> list[Stretch]:
    """All stretches on the disk, the newest first. gone: those of plugins that are gone, as they are offered.

    What a plugin played in the last half second is not there yet. [worker]
    """
    offered = list(gone)
    folders = {one.folder for one in offered}
    live = [
        one
        for folder in (sorted(journal.folder.iterdir()) if journal.folder.exists() else [])
        if folder.is_dir() and folder not in folders
        for one in _live(folder)
    ]
    found = [each for one in told_once([*live, *offered]) if (each := _heard(journal, one))]
    return sorted(found, key=lambda one: -one.to_us)


def _live(folder: Path) -> tuple[Recovered, ...]:
    try:
        return recovered_in(folder, why=LIVE)
    except OSError:
        return ()


def _heard(journal: JournalFolder, one: Recovered) -> Stretch | None:
    segments = journal.segments(one.folder)
    heads = [chunk.head for segment in segments for chunk in segment.chunks]
    tied = ties(heads, None)
    if not tied:
        return None  # it has just gone
    origin, span = segments[-1].origin, one.stretch
    return Stretch(
        found=one,
        instance=origin.instance,
        generation=origin.generation,
        from_us=wall_at(tied, span.first_frame, one.sample_rate_hz),
        to_us=wall_at(tied, span.end_frame, one.sample_rate_hz),
        picture=levels(heads, span.first_frame, span.end_frame, COLUMNS),
    )
