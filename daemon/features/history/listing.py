"""What is in reach, as one list: of plugins that are loaded, of those that were closed, and of those that went down."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from daemon.core.heard import levels, ties, wall_at
from daemon.features.history.recovery import Recovered, recovered_in
from daemon.features.history.repeats import told_once
from daemon.rings.journal_files import read_mark
from daemon.rings.journal_folder import JournalFolder, generation_of

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


class EarlierRing(Struct, frozen=True, kw_only=True):
    """What is left of a Ring that is gone, from its first sound to its last."""

    generation: int
    host_name: str
    track_name: str
    sample_rate_hz: float
    first_frame: int
    end_frame: int
    sounded_us: int


def heard_in(journal: JournalFolder, gone: Iterable[Recovered]) -> list[Stretch]:
    """All stretches on the disk, the newest first. gone: those of plugins that are gone, as they are offered.

    What a plugin played in the last half second is not there yet. [worker]
    """
    offered = list(gone)
    folders = {one.folder for one in offered}
    live = [
        one
        for folder in (sorted(journal.folder.iterdir()) if journal.folder.exists() else [])
        if folder.is_dir() and folder not in folders and read_mark(folder) is None
        for one in _live(journal, folder)
    ]
    found = [each for one in told_once([*live, *offered]) if (each := _heard(journal, one))]
    return sorted(found, key=lambda one: -one.to_us)


def earlier_rings(
    journal: JournalFolder, gone: Iterable[Recovered], own: Iterable[Path]
) -> list[EarlierRing]:
    """What Rings that are gone have left, those that sounded last first. gone: as for heard_in; own: the folders of earlier Rings of
    a plugin that is loaded. [worker]"""
    offered = list(gone)
    known = {one.folder for one in offered}
    offered += [one for folder in own if folder not in known for one in _live(journal, folder)]
    rings: dict[Path, list[Recovered]] = {}
    for one in offered:
        rings.setdefault(one.folder, []).append(one)
    found = [_ring(folder, parts) for folder, parts in rings.items()]
    return sorted(found, key=lambda ring: -ring.sounded_us)


def _ring(folder: Path, parts: list[Recovered]) -> EarlierRing:
    return EarlierRing(
        generation=generation_of(folder),
        host_name=parts[0].host_name,
        track_name=parts[0].track_name,
        sample_rate_hz=parts[0].sample_rate_hz,
        first_frame=min(one.stretch.first_frame for one in parts),
        end_frame=max(one.stretch.end_frame for one in parts),
        sounded_us=max(one.stretch.sounded_us for one in parts),
    )


def _live(journal: JournalFolder, folder: Path) -> tuple[Recovered, ...]:
    try:
        return recovered_in(folder, journal.segments(folder), LIVE)
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
